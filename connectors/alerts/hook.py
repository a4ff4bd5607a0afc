"""Posts alerts to a webhook as JSON, each under an Idempotency-Key of its own."""

from __future__ import annotations

import ssl
from datetime import UTC

import httpx

from connectors.alerts.faults import AlertTrouble, Fault, of_status, trouble, while_speaking
from connectors.alerts.place import HookPlace
from connectors.alerts.telling import Telling
from connectors.retry import Retry
from connectors.web import LONGEST_PAUSE, seconds_asked


class Hook:
    """Posts to one webhook, and never follows where it leads elsewhere."""

    def __init__(self, place: HookPlace, *, retry: Retry | None = None) -> None:
        self.place = place
        self._retry = retry or Retry()
        self._pause = 0.0

    def post(self, telling: Telling) -> None:
        """Post a message. Raises AlertLater or AlertRefused.

        The webhook may have taken it even so, and knows it by its key if it comes again.
        """
        self._retry(lambda: self._once(telling))

    def _once(self, telling: Telling) -> None:
        if self._pause:
            self._retry.sleep(self._pause)
        headers = {"Idempotency-Key": telling.id}
        if self.place.token is not None:
            headers["Authorization"] = f"Bearer {self.place.token}"
        context = self._trusted()
        try:
            with (
                httpx.Client(
                    verify=context,
                    timeout=self.place.timeout_seconds,
                    follow_redirects=False,
                    trust_env=self.place.elsewhere,  # a proxy is for other machines alone
                ) as client,
                client.stream("POST", self.place.url, json=_said(telling), headers=headers) as got,
            ):
                answer = got  # what it says is nobody's business, and is not even read
        except httpx.HTTPError as error:
            fault = while_speaking(error)
        else:
            if answer.is_success:
                return
            raise self._turned_away(answer)
        raise trouble(fault, self.place)

    def _turned_away(self, answer: httpx.Response) -> AlertTrouble:
        asked = seconds_asked(answer.headers)
        soon = asked <= LONGEST_PAUSE
        self._pause = asked if soon else 0.0
        return trouble(of_status(answer.status_code), self.place, soon=soon)

    def _trusted(self) -> ssl.SSLContext | bool:
        if self.place.ca_file is None:
            return True
        try:
            return ssl.create_default_context(cafile=self.place.ca_file)
        except OSError:  # a file without certificates is one too
            pass
        raise trouble(Fault.CA_UNREADABLE, self.place)


def _said(telling: Telling) -> dict[str, str]:
    """Return the message as JSON's kind of data: the same whenever it is sent."""
    return {
        "id": telling.id,
        "event": telling.event,
        "kind": telling.kind,
        "owner": telling.owner,
        "night": telling.night.isoformat(),
        "at": telling.at.astimezone(UTC).isoformat(timespec="seconds"),
        "title": telling.title,
        "text": telling.text,
    }
