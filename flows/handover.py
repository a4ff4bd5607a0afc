"""Takes notices to providers' folders, then has each told by email; what fails waits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
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
from flows.notices import files_of
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
            return _what_is_left(notices)
        before = _what_is_left(notices)
        troubles = (*_deliver(casebook, settings, out=out), *_write(notices, settings))
        left = _what_is_left(notices)
        done = replace(
            left,
            delivered=before.waiting - left.waiting,
            emailed=before.unsent - left.unsent,
            troubles=troubles,
        )
    if before.stuck:
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


def _deliver(casebook: Casebook, settings: Settings, *, out: Path) -> list[str]:
    """Deliver what waits, place by place, and return what was in the way."""
    waiting = [row for row in casebook.notices().unfinished() if row.state is NoticeState.WAITING]
    troubles = []
    for place, rows in groupby(sorted(waiting, key=_by_place), key=_by_place):
        theirs = [*rows]
        try:
            troubles += quoting_nobody(_deliver_at)(place, theirs, casebook, settings, out=out)
        except CpliError as error:
            troubles.append(_not_delivered(casebook.notices(), theirs, str(error)))
    return troubles


def _by_place(row: NoticeRow) -> str:
    return row.place or ""


def _deliver_at(
    place: str, rows: list[NoticeRow], casebook: Casebook, settings: Settings, *, out: Path
) -> list[str]:
    """Deliver to the folders of one place; raises where it cannot be reached at all."""
    destination = folders_of(settings, place)
    if destination is None:
        raise PersonNeeded(
            f"Notices wait for the place {place}, which is no folder or SFTP server of the settings"
            " any more. Put it back, or change the register of providers."
        )
    notices = casebook.notices()
    in_the_way: Counter[str] = Counter()
    with Hand.at(destination) as hand:
        hand.insist()
        for row, files in files_of(rows, casebook, settings, out=out):
            trouble = _lay(hand, row, files)
            if trouble:
                notices.not_delivered(row.number, trouble=trouble)
                in_the_way[trouble] += 1
                hand.insist()
            else:
                notices.delivered(row.number)
    return [_of_providers(count, trouble) for trouble, count in in_the_way.items()]


def _lay(hand: Hand, row: NoticeRow, files: Mapping[str, bytes]) -> str:
    """Lay a notice into its provider's folder, and return why it cannot be, "" where it can."""
    try:
        quoting_nobody(hand.lay)(row.provider_id, files)
    except CpliError as error:
        return str(error)
    return ""


def _not_delivered(notices: Notices, rows: list[NoticeRow], trouble: str) -> str:
    """Note that a place as a whole is in the way of all that still waits for it."""
    waiting = {row.number for row in notices.unfinished() if row.state is NoticeState.WAITING}
    still = [row for row in rows if row.number in waiting]
    for row in still:
        notices.not_delivered(row.number, trouble=trouble)
    return _of_providers(len(still), trouble)


def _write(notices: Notices, settings: Settings) -> list[str]:
    """Write to those whose notices lie there, and return what was in the way."""
    due = [
        row
        for row in notices.unfinished()
        if row.email_state is EmailState.WAITING and row.state is NoticeState.DELIVERED
    ]
    if not due:
        return []
    in_the_way: Counter[str] = Counter()
    try:
        for trouble in quoting_nobody(_send)(notices, due, settings):
            in_the_way[trouble] += 1
    except CpliError as error:
        unsent = {row.number for row in notices.unfinished()} & {row.number for row in due}
        for number in unsent:
            notices.not_emailed(number, trouble=str(error))
        in_the_way[str(error)] += len(unsent)
    return [_of_providers(count, trouble) for trouble, count in in_the_way.items()]


def _send(notices: Notices, rows: list[NoticeRow], settings: Settings) -> list[str]:
    """Send emails; return why single ones cannot be sent, raise why none can."""
    email, place = settings.notices.email, notify_place(settings.notices.email)
    if place is None:
        raise PersonNeeded(
            "Emails to providers wait, and there is no key of GOV.UK Notify in the settings any"
            " more. Put it back, or take the addresses out of the register of providers."
        )
    troubles = []
    with Postbox(place) as postbox:
        for row in rows:
            try:
                postbox.send(
                    to=notices.email_to(row.number) or "",
                    template_id=str(
                        email.template_nothing_to_do
                        if row.nothing_to_do
                        else email.template_waiting
                    ),
                    reference=row.reference,
                    words=_words(row, notices, settings),
                )
            except NotifyRefused as refused:
                if refused.fault not in OF_ONE_EMAIL:
                    raise
                notices.not_emailed(row.number, trouble=str(refused))
                troubles.append(str(refused))
            else:
                notices.emailed(row.number)
    return troubles


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


def _of_providers(count: int, trouble: str) -> str:
    return f"{counted(count, 'provider')}: {trouble}"


def _what_is_left(notices: Notices) -> Carried:
    unfinished = notices.unfinished()
    return Carried(
        waiting=sum(row.state is NoticeState.WAITING for row in unfinished),
        unsent=sum(row.email_state is EmailState.WAITING for row in unfinished),
    )
