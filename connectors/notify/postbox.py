"""Sends emails by GOV.UK Notify so that each reference is accepted once.

Notify takes a reference with each email and keeps it, but takes the same reference again. So it is
asked before each sending, and again before each further try, what it knows of the reference: an
answer that was lost does not matter then. Notify remembers for seven days.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from uuid import UUID

from notifications_python_client.notifications import NotificationsAPIClient

from connectors.notify.answers import EMAIL, Notification, Page, Taken
from connectors.notify.faults import IN_DOUBT, Fault, NotifyLater, trouble
from connectors.notify.line import Line
from connectors.notify.place import NotifyPlace
from connectors.retry import Retry
from schemas.errors import ContractBreach

WORDS = frozenset({"notice_date", "where", "reply_by", "reference", "contact"})
"""What an email may be filled with: nothing of a person is among it."""

FAILED = frozenset({"permanent-failure", "temporary-failure", "technical-failure"})
"""The statuses of emails that did not arrive, which may be sent again."""

CREATED = "created"
REFERENCE = re.compile(r"[!-~]{1,200}")


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What stands at Notify: its id and status. `already` says that it stood before this call."""

    id: str
    status: str
    already: bool


@dataclass(frozen=True, kw_only=True)
class Email:
    """What is to be sent, and to whom."""

    to: str = field(repr=False)
    template_id: str
    reference: str
    words: Mapping[str, str] = field(repr=False)


class Postbox:
    """Sends emails one after the other, over one connection for as long as it is entered."""

    def __init__(self, place: NotifyPlace, *, retry: Retry | None = None) -> None:
        self._line = Line(place, retry=retry or Retry())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._line.close()

    def send(self, *, to: str, template_id: str, reference: str, words: Mapping[str, str]) -> Sent:
        """Send an email once: where one of its reference stands at Notify, nothing is sent.

        Raises NotifyLater or NotifyRefused. Either may leave Notify with the email, which the next
        call finds.
        """
        if not REFERENCE.fullmatch(reference):
            raise ContractBreach("email: its reference is empty, too long or not plain")
        if strangers := words.keys() - WORDS:
            raise ContractBreach(f"email: {len(strangers)} of its words are none of ours")
        email = Email(to=to, template_id=template_id, reference=reference, words=words)
        return _Sending(self._line, email).until_it_stands()


class _Sending:
    """The tries of one email, and what is known between them."""

    def __init__(self, line: Line, email: Email) -> None:
        self.line = line
        self.email = email
        self.failed: set[UUID] = set()
        self.tried = False
        self.in_doubt = False

    def until_it_stands(self) -> Sent:
        """Send, and again where a fault can pass soon."""
        return self.line.again(self._once)

    def _once(self) -> Sent:
        if self.in_doubt:  # what Notify is still taking must be there when we ask
            self.in_doubt = False
            self.line.wait(self.line.place.timeout_seconds)
        standing = self._standing()
        if standing is not None:
            status, already = standing.status, not self.tried
            return Sent(id=str(standing.id), status=status, already=already)
        return Sent(id=str(self._post().id), status=CREATED, already=False)

    def _standing(self) -> Notification | None:
        """Return what stands: what did not fail, or whatever came of a try of ours."""
        failed = set()
        for each in known(self.line, self.email.reference):
            if each.id in self.failed:
                continue
            if self.tried or each.status not in FAILED:
                return each
            failed.add(each.id)
        self.failed |= failed
        return None

    def _post(self) -> Taken:
        self.tried = True
        try:
            return self.line.ask(self._hand_over, Taken)
        except NotifyLater as later:
            self.in_doubt = later.fault in IN_DOUBT
            raise

    def _hand_over(self, client: NotificationsAPIClient) -> object:
        return client.send_email_notification(
            self.email.to,
            self.email.template_id,
            personalisation=dict(self.email.words),
            reference=self.email.reference,
        )


def known(line: Line, reference: str) -> Iterator[Notification]:
    """Yield the emails of a reference that Notify knows, the newest first."""
    page = _page(line, reference, older_than=None)
    seen: set[UUID] = set()
    while page.notifications:
        for each in page.notifications:
            if (each.type, each.reference) == (EMAIL, reference):
                yield each
        last = page.notifications[-1].id
        if page.links.next is None:
            return
        if last in seen:  # it does not turn the page
            raise trouble(Fault.NOT_NOTIFY, line.place)
        seen.add(last)
        page = _page(line, reference, older_than=str(last))


def _page(line: Line, reference: str, *, older_than: str | None) -> Page:
    def asking(client: NotificationsAPIClient) -> object:
        return client.get_all_notifications(
            template_type=EMAIL, reference=reference, older_than=older_than
        )

    return line.ask(asking, Page)
