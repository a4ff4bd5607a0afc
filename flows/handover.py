"""Takes notices to providers' folders, then has each told by email; what fails waits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import date
from itertools import groupby
from pathlib import Path

from casebook.notices import EmailState, NoticeRow, Notices, NoticeState
from casebook.store import Casebook
from connectors.drop.handing import Hand
from connectors.drop.in_folder import DropFolder
from connectors.notify.faults import OF_ONE_EMAIL, NotifyRefused
from connectors.notify.place import NotifyPlace
from connectors.notify.postbox import Postbox
from connectors.sftp import place as sftp
from flows.faults import quoting_nobody
from flows.notices import FilesOf, at_hand
from flows.origin import sftp_place
from flows.outcome import Carried
from flows.progress import LOG
from flows.words import counted
from publishing.templates import british_date
from schemas.errors import CpliError, PersonNeeded, TryAgainLater
from settings.notices import Email
from settings.settings import Settings
from settings.sources import FolderPlace, SftpPlace

KEEPER = "whoever looks after providers' folders"
WHERE = "your folder for care record checks"
CONTACT = "your usual contact at the council"
NO_SUCH_PLACE = (
    "Notices wait for the place {place}, which is no folder or SFTP server of the settings any"
    " more. Put it back, or change the register of providers and run the night again."
)
NO_PLACE = (
    "Notices wait for providers that have no place now, or one that could be another's as well."
    " Correct the register of providers and run the night again."
)
NO_KEY = (
    "Emails to providers wait, and there is no key of GOV.UK Notify in the settings any more. Put"
    " it back, or take the addresses out of the register of providers and run the night again."
)
Destination = sftp.SftpPlace | DropFolder


def carry(casebook: Casebook, settings: Settings, *, out: Path) -> Carried:
    """Take what waits to the providers, and say by email that it is there.

    Whatever is in the way of one provider is in what is returned, and others are served. Somebody
    else who delivers just now is left to it.
    """
    notices = casebook.notices()
    with ExitStack() as held:
        try:
            held.enter_context(notices.hold(wait_seconds=0))
        except TryAgainLater:
            unfinished = notices.unfinished()
            return _carried(before=unfinished, left=unfinished)
        before = notices.unfinished()
        _deliver(casebook, before, settings, out=out)
        _write(notices, settings)
        done = _carried(before=before, left=notices.unfinished())
    if before:
        LOG.info("Notices: %d delivered, %d emails sent", done.delivered, done.emailed)
    return done


def folders_of(settings: Settings, name: str) -> Destination | None:
    """Return a place of providers' folders as its connector knows it, None if there is none."""
    place = settings.places.get(name)
    match place:
        case SftpPlace():
            return sftp_place(name, place)
        case FolderPlace():
            return DropFolder(name=name, path=place.path, keeper=KEEPER)
        case _:
            return None


def notify_place(email: Email) -> NotifyPlace | None:
    """Return GOV.UK Notify as its connector knows it, None where nobody is written to.

    Raises `WrongUsage` where its key cannot be one.
    """
    if email.api_key is None:
        return None
    return NotifyPlace(
        api_key=email.api_key.get_secret_value(),
        base_url=email.base_url,
        timeout_seconds=email.timeout_seconds,
    )


def _deliver(
    casebook: Casebook, unfinished: Sequence[NoticeRow], settings: Settings, *, out: Path
) -> None:
    """Deliver what waits, place by place; what is in the way is noted."""
    waiting = [row for row in unfinished if _waits(row)]
    for place, rows in groupby(sorted(waiting, key=_by_place), key=_by_place):
        theirs = [*rows]
        try:
            quoting_nobody(_deliver_at)(place, theirs, casebook, settings, out=out)
        except CpliError as error:
            _none_delivered(casebook.notices(), theirs, str(error))


def _by_place(row: NoticeRow) -> str:
    return row.place or ""


def _deliver_at(
    place: str, rows: Sequence[NoticeRow], casebook: Casebook, settings: Settings, *, out: Path
) -> None:
    """Deliver to the folders of one place; raises where it cannot be reached at all."""
    destination = folders_of(settings, place)
    if destination is None:
        raise PersonNeeded(NO_SUCH_PLACE.format(place=place) if place else NO_PLACE)
    notices = casebook.notices()
    with Hand.at(destination) as hand, at_hand(casebook, settings, out=out) as files_of:
        hand.insist()
        for row in rows:
            trouble = _lay(hand, row, files_of)
            if trouble:
                hand.insist()
                notices.not_delivered(row.number, trouble=trouble)
            else:
                notices.delivered(row.number)


def _lay(hand: Hand, row: NoticeRow, files_of: FilesOf) -> str:
    """Lay a notice into its provider's folder, and return why it cannot be, "" where it can."""
    try:
        quoting_nobody(hand.lay)(row.provider_id, files_of(row))
    except CpliError as error:
        return str(error)
    return ""


def _none_delivered(notices: Notices, rows: Sequence[NoticeRow], trouble: str) -> None:
    """Note that a place as a whole is in the way of all that were not tried on their own."""
    tries = {row.number: row.attempts for row in notices.unfinished() if _waits(row)}
    for row in rows:
        if tries.get(row.number) == row.attempts:
            notices.not_delivered(row.number, trouble=trouble)


def _write(notices: Notices, settings: Settings) -> None:
    """Write to those whose notices lie there; what is in the way is noted."""
    due = [row for row in notices.unfinished() if _is_unsent(row) and not _waits(row)]
    if not due:
        return
    try:
        quoting_nobody(_send)(notices, due, settings)
    except CpliError as error:
        untried = {row.number for row in notices.unfinished() if _is_unsent(row)}
        for number in untried & {row.number for row in due}:
            notices.not_emailed(number, trouble=str(error))


def _send(notices: Notices, rows: Sequence[NoticeRow], settings: Settings) -> None:
    """Send emails, and note why single ones cannot be sent; raises why none can."""
    place = notify_place(settings.notices.email)
    if place is None:
        raise PersonNeeded(NO_KEY)
    with Postbox(place) as postbox:
        for row in rows:
            trouble = _post(postbox, row, notices, settings)
            if trouble:
                notices.not_emailed(row.number, trouble=trouble)
            else:
                notices.emailed(row.number)


def _post(postbox: Postbox, row: NoticeRow, notices: Notices, settings: Settings) -> str:
    """Send one email, and return why it cannot be sent, "" where it can; raises why none can."""
    try:
        words = _words(row, notices, settings)
    except PersonNeeded as purged:
        return str(purged)
    email = settings.notices.email
    template = email.template_nothing_to_do if row.nothing_to_do else email.template_waiting
    try:
        postbox.send(
            to=notices.email_to(row.number) or "",
            template_id=str(template),
            reference=row.reference,
            words=words,
        )
    except NotifyRefused as refused:
        if refused.fault not in OF_ONE_EMAIL:
            raise
        return str(refused)
    return ""


def _words(row: NoticeRow, notices: Notices, settings: Settings) -> dict[str, str]:
    """Return what an email says: nothing of anybody."""
    reply_by = date.fromisoformat(notices.content(row.number)["reply_by"])
    return {
        "notice_date": british_date(row.as_of),
        "where": settings.notices.where or WHERE,
        "reply_by": british_date(reply_by),
        "reference": row.reference,
        "contact": settings.notices.contact or CONTACT,
    }


def _waits(row: NoticeRow) -> bool:
    return row.state is NoticeState.WAITING


def _is_unsent(row: NoticeRow) -> bool:
    return row.email_state is EmailState.WAITING


def _carried(*, before: Sequence[NoticeRow], left: Sequence[NoticeRow]) -> Carried:
    """Say what went and what is left; `before` is what was unfinished."""
    waiting, unsent = ([row.number for row in left if each(row)] for each in (_waits, _is_unsent))
    troubles = Counter(row.trouble for row in left if _waits(row) and row.trouble)
    troubles += Counter(row.email_trouble for row in left if row.email_trouble)
    return Carried(
        delivered=len({row.number for row in before if _waits(row)}.difference(waiting)),
        waiting=len(waiting),
        emailed=len({row.number for row in before if _is_unsent(row)}.difference(unsent)),
        unsent=len(unsent),
        troubles=tuple(f"{counted(n, 'provider')}: {said}" for said, n in troubles.items()),
    )
