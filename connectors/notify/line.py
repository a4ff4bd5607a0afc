"""One request to GOV.UK Notify by its own client, in our own words where it goes wrong."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from notifications_python_client.errors import APIError
from notifications_python_client.notifications import NotificationsAPIClient
from pydantic import ValidationError

from connectors.notify.answers import Answer, said_in
from connectors.notify.faults import Fault, NotifyTrouble, of_answer, trouble, while_speaking
from connectors.notify.place import NotifyPlace
from connectors.retry import Retry
from connectors.web import LONGEST_PAUSE, seconds_asked

A = TypeVar("A", bound=Answer)
T = TypeVar("T")
Asking = Callable[[NotificationsAPIClient], object]


CLIENT = tuple(f"notifications_python_client.{part}" for part in ("base", "notifications"))
BELOW = tuple(f"urllib3.{part}" for part in ("connection", "connectionpool", "util.retry"))


def _nothing(_record: logging.LogRecord) -> bool:
    return False


# The client logs what Notify says, which can quote an address; what is below it logs each path, and
# headers that it cannot read. A filter holds whatever levels others set later on.
for name in (*CLIENT, *BELOW):
    logging.getLogger(name).addFilter(_nothing)


def _as_it_is(request: Any) -> Any:
    """Leave a request as it is: without this, a login in ~/.netrc would take our key's place."""
    return request


class Line:
    """Speaks to Notify, and never follows where an answer leads elsewhere. Not for two threads."""

    def __init__(self, place: NotifyPlace, *, retry: Retry) -> None:
        self.place = place
        self.retry = retry
        self._client = NotificationsAPIClient(
            place.api_key, base_url=place.base_url, timeout=place.timeout_seconds
        )
        self._client.request_session.max_redirects = 0
        self._client.request_session.auth = _as_it_is
        self._pause = 0.0

    def again(self, step: Callable[[], T]) -> T:
        """Do a step, and again where its fault can pass soon; it must pick up what it left."""
        return self.retry(step)

    def ask(self, asking: Asking, kind: type[A]) -> A:
        """Ask for something, and read the answer. Raises NotifyLater or NotifyRefused."""
        self._keep_the_pause()
        try:
            return kind.model_validate(asking(self._client))
        except APIError as error:
            refusal = self._turned_away(error)
        except (ValidationError, RecursionError):
            refusal = trouble(Fault.NOT_NOTIFY, self.place)
        except OSError:  # the root certificates that the environment names are not there
            refusal = trouble(Fault.TLS_REFUSED, self.place)
        raise refusal

    def wait(self, seconds: float) -> None:
        """Leave Notify in peace for so long."""
        self.retry.sleep(seconds)

    def close(self) -> None:
        """Hang up; the next request connects again."""
        self._client.request_session.close()

    def _turned_away(self, error: APIError) -> NotifyTrouble:
        response = error.response
        if response is None:  # a response of an error counts as false
            return trouble(while_speaking(error), self.place)
        asked = seconds_asked(response.headers)
        soon = asked <= LONGEST_PAUSE
        self._pause = asked if soon else 0.0
        fault = of_answer(response.status_code, said_in(response.content))
        return trouble(fault, self.place, soon=soon)

    def _keep_the_pause(self) -> None:
        """Wait what Notify asked for, beside our own waits."""
        pause, self._pause = self._pause, 0.0
        if pause:
            self.wait(pause)
