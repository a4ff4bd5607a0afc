"""Makes providers' notices from a night, and puts those on record that are due."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pandas as pd

from casebook.notices import Address, NewNotice, NoticeRow
from casebook.record import SourceOutcome
from casebook.reported import Reported
from casebook.store import Casebook
from casebook.working_days import working_days_after
from flows.account import Account
from flows.faults import quoting_nobody
from flows.outcome import NoticeFacts
from flows.progress import LOG
from flows.pulls import CaseloadFacts, Pull, Pulls, council_name
from flows.words import counted
from publishing.notices.content import (
    Sources,
    Telling,
    cases_of,
    notices_of,
    restricted_numbers,
    tonights,
)
from publishing.notices.facts import Notice
from publishing.notices.planning import NO_COUNCIL, Told, Tonight, carried, is_due
from publishing.notices.rendering import Printer, file_names
from publishing.notices.wording import wording_of
from publishing.templates import Templates
from schemas.errors import CpliError, PersonNeeded
from schemas.vocabularies import NoticeFrequency
from settings.identity import identity_key
from settings.notices import WEEKDAYS
from settings.settings import Settings
from settings.sources import FolderPlace, SftpPlace

NOTICES = "notices"
"""The folder of a night with a folder for each provider."""

PLAIN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}(?<!\.)")
"""The references of providers that can name a folder; Windows would drop a full stop at the end."""

PROVIDERS_NAMED = 5
OLDER = "A later night is on record: providers keep what they were told of it."
IN_PART = "Only some councils were run: the next night of all of them tells the providers."


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """How a provider gets its notices; none has a place that could be another's as well."""

    frequency: NoticeFrequency
    place: str | None = None
    email_to: str | None = field(default=None, repr=False)


def make_notices(
    account: Account, pulls: Pulls, casebook: Casebook, *, settings: Settings
) -> NoticeFacts:
    """Put the notices of a night on record that are due; the same night again changes nothing.

    What a notice would say is kept for each registered provider, whether or not one is due.
    `pulls` come with their frames.
    """
    as_of, notices = account.as_of, casebook.notices()
    if max(Reported(casebook).nights(), default=as_of) > as_of:
        return facts_on_record(casebook, as_of, reason=OLDER)
    sources = _sources(account, pulls, casebook, settings)
    if sources is None:
        return facts_on_record(casebook, as_of, reason="No caseloads were looked at.")
    recipients, troubles = recipients_of(pulls.register.frames["providers"], settings)
    notices.readdress(_addresses(recipients))
    sources = _with_hidden(sources, casebook)
    cases, told = cases_of(sources), notices.latest()
    due = _due(tonights(cases, sources), recipients, told, settings=settings)
    names = _names(due, notices.notices(as_of=as_of))
    everybody = dict.fromkeys(sources.provider_names, f"{as_of}")
    said = {
        notice.provider_id: notice
        for notice in notices_of(cases, sources, _telling(as_of, settings), names=everybody)
    }
    drafts = [
        _draft(
            replace(said[provider], name=name),
            due[provider],
            recipients[provider],
            told.get(provider),
            writes=settings.notices.email.api_key is not None,
        )
        for provider, name in names.items()
    ]
    notices.issue(drafts)
    notices.keep_pages(as_of, {provider: notice.as_json() for provider, notice in said.items()})
    return facts_on_record(casebook, as_of, troubles=troubles)


def facts_on_record(
    casebook: Casebook, as_of: date, *, reason: str | None = None, troubles: tuple[str, ...] = ()
) -> NoticeFacts:
    """Return what is on record of a night's notices, or `reason` where there are none."""
    rows = casebook.notices().notices(as_of=as_of)
    return NoticeFacts(
        made=len(rows),
        nothing_to_do=sum(row.nothing_to_do for row in rows),
        cases=sum(row.cases for row in rows),
        reason=None if rows else reason,
        troubles=troubles,
    )


def notices_or_reason(step: Callable[[], NoticeFacts]) -> NoticeFacts:
    """Return what was made, or why nothing was; the night itself stands in any case."""
    try:
        facts = step()
    except CpliError as error:
        facts = NoticeFacts(reason=str(error), trouble=True)
    if facts.reason:
        LOG.warning("No notices were made: %s", facts.reason)
    for trouble in facts.troubles:
        LOG.warning("Notices: %s", trouble)
    return facts


def recipients_of(
    providers: pd.DataFrame, settings: Settings
) -> tuple[dict[str, Recipient], tuple[str, ...]]:
    """Return how each registered provider gets its notices, and what is wrong with that.

    A provider whose place could be another's as well has none: its notices stay with the night.
    """
    ids = providers["provider_id"]
    plain = ids.map(lambda each: bool(PLAIN_ID.fullmatch(each))).astype(bool)
    # One folder, where capitals do not count.
    alike = plain & ids.str.casefold().duplicated(keep=False)
    fits = {name for name, place in settings.places.items() if _takes_files(place)}
    own = providers["notice_place"]
    spots = own.map({name: _spot(settings.places[name]) for name in fits})
    usual_spot = _spot(settings.places.get(settings.notices.place or ""))
    shared = spots.notna() & spots.duplicated(keep=False) & spots.ne(usual_spot)
    unknown = own.notna() & ~own.isin(list(fits))
    nowhere = alike | shared | unknown
    usual = NoticeFrequency(settings.notices.frequency)
    places = own.fillna(settings.notices.place or "").mask(nowhere, "")
    columns = (ids[plain], providers["notice_frequency"], places, providers["notice_email"])
    recipients = {
        provider: Recipient(
            frequency=NoticeFrequency(frequency) if pd.notna(frequency) else usual,
            place=place or None,
            email_to=email if pd.notna(email) else None,
        )
        for provider, frequency, place, email in zip(
            *(column[plain] for column in columns), strict=True
        )
    }
    nameless = counted(int((~plain).sum()), "provider")
    return recipients, tuple(
        f"{what} Correct the register of providers."
        for wrong, what in (
            (~plain, f"No notices are made for {nameless} whose reference can name no folder."),
            (alike, _undelivered(ids[alike], "reference is another's but for capitals")),
            (shared, _undelivered(ids[shared], "notice_place is another's as well")),
            (unknown, _undelivered(ids[unknown], "notice_place is no folder or SFTP server")),
        )
        if wrong.any()
    )


def _undelivered(ids: pd.Series, why: str) -> str:
    named = ", ".join(ids[:PROVIDERS_NAMED])
    more = f" and {len(ids) - PROVIDERS_NAMED:,} more" if len(ids) > PROVIDERS_NAMED else ""
    return f"Notices are not delivered to providers whose {why}: {named}{more}."


FilesOf = Callable[[NoticeRow], Mapping[str, bytes]]


@contextmanager
def at_hand(casebook: Casebook, settings: Settings, *, out: Path) -> Iterator[FilesOf]:
    """Give what returns the files of a notice, and raises `CpliError` where they cannot be had.

    Those that a night's folder below `out` has already are taken from it, others are written anew
    from what the record keeps of them.
    """
    key = identity_key(settings)
    with Printer(Templates(settings.reports.templates), key=key) as printer:

        @quoting_nobody
        def files_of(row: NoticeRow) -> Mapping[str, bytes]:
            paths = _paths(row, out)
            if all(path.is_file() for path in paths.values()):
                return {name: path.read_bytes() for name, path in paths.items()}
            return printer.files(Notice.from_json(casebook.notices().content(row.number)))

        yield files_of


def missing_files(
    casebook: Casebook, as_of: date, settings: Settings, *, out: Path
) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a night's notices, by their path in its folder, that are not there yet.

    Where notices cannot be written, the others come first; then raises why.
    """
    missing = [
        row
        for row in casebook.notices().notices(as_of=as_of)
        if not all(path.is_file() for path in _paths(row, out).values())
    ]
    if not missing:
        return
    faults: Counter[str] = Counter()
    with at_hand(casebook, settings, out=out) as files_of:
        for row in missing:
            files, fault = _files_or_fault(files_of, row)
            faults.update([fault] if fault else [])
            for name, content in files.items():
                yield f"{NOTICES}/{row.provider_id}/{name}", content
    if faults:
        raise PersonNeeded(" ".join(_of_notices(*each) for each in faults.items()))


def _files_or_fault(files_of: FilesOf, row: NoticeRow) -> tuple[Mapping[str, bytes], str]:
    try:
        return files_of(row), ""
    except CpliError as error:
        return {}, str(error)


def _of_notices(fault: str, count: int) -> str:
    return f"{counted(count, 'notice')}: {fault}"


def _paths(row: NoticeRow, out: Path) -> dict[str, Path]:
    folder = out / row.as_of.isoformat() / NOTICES / row.provider_id
    names = file_names(row.provider_id, row.name, to_answer=row.cases > 0)
    return {name: folder / name for name in names}


def _takes_files(place: object) -> bool:
    return isinstance(place, FolderPlace | SftpPlace)


def _spot(place: object) -> str:
    """Return where files of a place lie: places of two names can be one."""
    match place:
        case FolderPlace():
            return str(place.path.resolve())
        case SftpPlace():
            return f"{place.username}@{place.host.casefold()}:{place.port}/{place.folder}"
        case _:
            return ""


def _addresses(recipients: Mapping[str, Recipient]) -> dict[str, Address]:
    return {
        provider: Address(place=recipient.place, email_to=recipient.email_to)
        for provider, recipient in recipients.items()
        if recipient.frequency is not NoticeFrequency.NEVER
    }


def _sources(
    account: Account, pulls: Pulls, casebook: Casebook, settings: Settings
) -> Sources | None:
    """Return what concerns providers; None where caseloads were not looked at."""
    if pulls.caseloads is None or not account.anything_assessed:
        return None
    frames = [council.frames for council in pulls.councils if council.facts.cplis]
    caseloads = pulls.caseloads.frames["caseloads"].set_index("caseload")
    accepted, refused = (
        caseloads.loc[caseloads_with(pulls.caseloads, account, outcome)]
        for outcome in (SourceOutcome.USED, SourceOutcome.REFUSED)
    )
    entries, unread = (pulls.caseloads.frames[name] for name in ("entries", "rejected_entries"))
    providers = pulls.register.frames["providers"]
    discrepancies = account.frames["discrepancies"]
    return Sources(
        as_of=account.as_of,
        discrepancies=discrepancies,
        states=casebook.states(),
        entries=entries[entries["caseload"].isin(accepted.index)],
        cplis=pd.concat([each["cplis"] for each in frames], ignore_index=True),
        rejected_cplis=pd.concat([each["rejected_cplis"] for each in frames], ignore_index=True),
        provider_names=dict(zip(providers["provider_id"], providers["name"], strict=True)),
        list_dates=_dates(accepted),
        refused_lists=_later(_dates(refused), than=_dates(accepted)),
        unread_rows={
            provider: sorted(unread.loc[unread["caseload"].eq(number), "caseload_row"])
            for number, provider in accepted.loc[
                accepted["rejected_rows"].gt(0), "provider_id"
            ].items()
        },
        council_names={
            each.local_authority: council_name(each.local_authority) for each in account.councils
        },
        left_out=frozenset(council.local_authority for council in account.not_assessed),
        key=identity_key(settings),
    )


def caseloads_with(
    caseloads: Pull[CaseloadFacts], account: Account, outcome: SourceOutcome
) -> list[int]:
    """Return the numbers of the caseloads of which the rules made this."""
    files = {
        (record.source, record.file) for record in account.sources if record.outcome is outcome
    }
    return [
        number
        for number, record in enumerate(caseloads.facts.sources)
        if (record.source, record.file) in files
    ]


def _dates(caseloads: pd.DataFrame) -> dict[str, date]:
    """Return the latest date of each provider's caseloads."""
    latest = caseloads.groupby("provider_id")["caseload_date"].max()
    return {provider: day.date() for provider, day in latest.items()}


def _later(days: Mapping[str, date], *, than: Mapping[str, date]) -> dict[str, date]:
    return {each: day for each, day in days.items() if each in than and day > than[each]}


def _telling(as_of: date, settings: Settings) -> Telling:
    day, count = pd.Series([pd.Timestamp(as_of)]), pd.Series([settings.notices.reply_days])
    holidays = settings.service_levels.extra_bank_holidays
    contacts = {
        council.code: council.contact for council in settings.councils.values() if council.contact
    }
    if settings.notices.contact:
        contacts[NO_COUNCIL] = settings.notices.contact
    return Telling(
        wording=wording_of(Templates(settings.reports.templates)),
        reply_by=working_days_after(day, count, extra_holidays=holidays)[0].date(),
        contacts=contacts,
    )


def _told(row: NoticeRow | None) -> Told | None:
    if row is None:
        return None
    return Told(as_of=row.as_of, found=row.found, asked=row.asked, left_out=row.left_out)


def _with_hidden(sources: Sources, casebook: Casebook) -> Sources:
    """Keep whom councils restrict, and heed those whom councils restrict that are away."""
    restricted = restricted_numbers(sources)
    assessed = set(sources.council_names) - sources.left_out
    hidden = casebook.notices().hide({code: restricted.get(code, ()) for code in assessed})
    return replace(sources, hidden_elsewhere=hidden)


def _due(
    tonights: Mapping[str, Tonight],
    recipients: Mapping[str, Recipient],
    told: Mapping[str, NoticeRow],
    *,
    settings: Settings,
) -> dict[str, Tonight]:
    """Return what the night has for each provider that gets a notice."""
    return {
        provider: tonight
        for provider, tonight in tonights.items()
        if provider in recipients
        and is_due(
            tonight,
            _told(told.get(provider)),
            frequency=recipients[provider].frequency,
            week_begins=WEEKDAYS.index(settings.notices.weekly_on),
        )
    }


def _names(due: Mapping[str, Tonight], earlier: list[NoticeRow]) -> dict[str, str]:
    """Return the name of each notice: the night, with a number behind it after the first."""
    counts = Counter(row.provider_id for row in earlier)
    return {
        provider: f"{tonight.as_of}-{counts[provider] + 1}"
        if counts[provider]
        else f"{tonight.as_of}"
        for provider, tonight in due.items()
    }


def _draft(
    notice: Notice,
    tonight: Tonight,
    recipient: Recipient,
    before: NoticeRow | None,
    *,
    writes: bool,
) -> NewNotice:
    """Return what goes on record of a notice; `writes` is whether emails are sent at all."""
    return NewNotice(
        provider_id=notice.provider_id,
        as_of=notice.as_of,
        name=notice.name,
        reference=notice.reference,
        nothing_to_do=notice.nothing_to_do,
        cases=len(notice.to_do),
        found=tonight.found,
        asked=carried(tonight, _told(before)),
        left_out=tuple(sorted(tonight.left_out)),
        after=before.number if before else 0,
        content=notice.as_json(),
        place=recipient.place,
        email_to=recipient.email_to if writes else None,
    )
