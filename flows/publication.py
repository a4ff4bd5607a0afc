"""Publishes a night: what it gives the feed, what that changes at the Care Record, and as files."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

import pandas as pd

from casebook.publication import ExportRow, NewExport, State
from casebook.record import NightRow
from casebook.store import Casebook
from casebook.working_days import london
from flows.account import Account
from flows.clock import LONDON
from flows.files import DISCREPANCIES, SUMMARY
from flows.outcome import FeedFacts, in_words
from flows.progress import LOG
from flows.publisher import publisher_of
from flows.pulls import Pulls
from flows.raised import as_tasks
from flows.steps import NOT_ASKED_FOR
from publishing.csv_text import csv_text
from publishing.feed.exporting import Content, changed_only, files_of, name_of, whole
from publishing.feed.planning import plan
from publishing.feed.preparing import Prepared, beside, evidence, pack, prepare, unpack
from publishing.feed.publishable import Sources, counted
from publishing.feed.resources import instant
from publishing.folder import mend_folder, replace_folder
from reconciliation.days import window_start
from schemas.delivery import KINDS, Export
from schemas.errors import CpliError, PersonNeeded, WrongUsage
from schemas.published import Change, Published, Stand, Turn
from schemas.tables import DISCREPANCY_COLUMNS
from settings.settings import Settings

FEED = "feed"
NOON = time(12)
NOBODYS = "no_council"
"""Stands for the council of discrepancies that are no council's."""

WORDS = {
    "Organization": "organisations",
    "Patient": "people",
    "EpisodeOfCare": "cplis",
    "Task": "discrepancies",
}


@dataclass(frozen=True, kw_only=True)
class Publishing:
    """What publishing came to: the export, and whether it is a new one. No person is in it."""

    export: ExportRow
    new: bool


@dataclass(frozen=True, kw_only=True)
class Draft:
    """An export before it is made."""

    transaction_time: datetime
    changes: tuple[Change, ...]
    counts: Mapping[str, Any]


def prepare_night(
    account: Account, pulls: Pulls, casebook: Casebook, *, settings: Settings
) -> Prepared:
    """Return what a night on record gives the feed: of the councils that were pulled and assessed.

    `pulls` come with their frames.
    """
    as_of, tolerances = account.as_of, settings.tolerances
    publisher = publisher_of(settings, [each.facts.local_authority for each in pulls.councils])
    if not publisher.councils:
        # Until a site has a feed, nobody need act.
        raise (PersonNeeded if settings.feed.place else WrongUsage)(
            "No council of the settings has an ods_code, by which the Care Record knows it. Give"
            " each its ods_code."
        )
    frames = {
        council.facts.local_authority: council.frames
        for council in pulls.councils
        if council.facts.cplis
    }
    assessed = frozenset(frames)
    told = casebook.told(since=window_start(as_of, months=tolerances.window_months))
    of_others = told["local_authority"].notna() & ~told["local_authority"].isin(assessed)
    hidden, births = casebook.publication().look(partial(_elsewhere, assessed=assessed))
    sources = Sources(
        cplis=_together(frames, "cplis"),
        rejected_cplis=_together(frames, "rejected_cplis"),
        providers=pulls.register.frames["providers"],
        discrepancies=as_tasks(told[~of_others].reset_index(drop=True)),
        hidden_elsewhere=hidden,
        births_elsewhere=births,
    )
    prepared = prepare(
        sources,
        publisher,
        as_of=as_of,
        assessed=assessed,
        at=_last_moment(as_of),
        window_months=tolerances.window_months,
    )
    left_out = frozenset(
        council.facts.local_authority
        for council in pulls.councils
        if council.facts.reason == NOT_ASKED_FOR
    )
    earlier = casebook.publication().look(lambda state: state.prepared(as_of)) if left_out else None
    return beside(prepared, unpack(earlier), others=left_out) if earlier else prepared


def publish_or_reason(step: Callable[[], FeedFacts]) -> FeedFacts:
    """Return what was published, or why nothing was; the night itself stands in any case."""
    try:
        return step()
    except WrongUsage as error:
        told = FeedFacts(reason=str(error))
    except CpliError as error:
        told = FeedFacts(reason=str(error), trouble=True)
    LOG.warning("Not published to the Care Record: %s", told.reason)
    return told


def keep(prepared: Prepared, casebook: Casebook) -> None:
    """Keep what a night gives the feed until it is published."""
    packed = pack(prepared)
    casebook.publication().change(lambda state: state.keep_prepared(prepared.as_of, packed))


def publish(
    casebook: Casebook, as_of: date, *, settings: Settings, full: bool = False
) -> Publishing:
    """Put a night's export into the outbox, unless the very same one is there already.

    A full export holds all that is published, and is always made anew; whoever receives for the
    first time gets one too. Raises `WrongUsage` where the night gave nothing, or a later one has
    been published.
    """
    night, discrepancies = _on_record(casebook, as_of), casebook.discrepancies(as_of)

    def step(state: State) -> Publishing:
        packed = _packed(state, as_of)
        prepared = unpack(packed)
        reports = reports_of(night, discrepancies, prepared)
        made_of = evidence(packed, *reports.values())
        before = state.latest()
        new_receiver = _receives_for_the_first_time(settings.feed.place, before)
        everything = full or new_receiver
        if before and (before.as_of, before.evidence) == (as_of, made_of) and not everything:
            return Publishing(export=before, new=False)
        if new_receiver and settings.feed.place:
            state.forget_versions()
            state.set_aside(but_for=settings.feed.place)
        draft = _draft(state, prepared)
        state.put(draft.changes)
        state.put_hidden(prepared.hidden, assessed=prepared.assessed)
        export = NewExport(
            as_of=as_of,
            name=name_of(draft.transaction_time),
            full=everything,
            transaction_time=draft.transaction_time,
            evidence=made_of,
            counts=draft.counts,
            receiver=settings.feed.place,
        )
        content = _content(state, draft.changes, reports, full=everything)
        since = None if everything or not before else before.transaction_time
        request = _request(settings, since=since)
        files = files_of(content, transaction_time=draft.transaction_time, request=request)
        row = state.add_export(export, files)
        state.let_go(before=as_of)
        return Publishing(export=row, new=True)

    publishing = casebook.publication().change(step)
    if publishing.new:
        LOG.info("Published: the night of %s, %s", as_of, in_words(publishing.export.counts))
    return publishing


def _receives_for_the_first_time(place: str | None, before: ExportRow | None) -> bool:
    """Say whether exports went nowhere, or elsewhere, until now: changes alone would hang loose."""
    return place is not None and before is not None and before.receiver != place


def draft_of(casebook: Casebook, as_of: date) -> Draft:
    """Return what publishing a night would do; nothing is changed."""
    _on_record(casebook, as_of)
    return casebook.publication().look(lambda state: _draft(state, unpack(_packed(state, as_of))))


def reports_of(
    night: NightRow, discrepancies: pd.DataFrame, prepared: Prepared
) -> dict[str, bytes]:
    """Return the discrepancy reports that go beside the resources, by their path.

    Of a council that was not assessed only its summary goes, which says so; nothing goes that is
    withheld.
    """
    withheld = prepared.withheld
    hidden = withheld.loc[withheld["resource_type"].eq("Task"), "id"]
    shown = discrepancies[~discrepancies["discrepancy_id"].isin(hidden)]
    files = {}
    councils = cast(Mapping[str, Mapping[str, Any]], night.summary["councils"])
    counts = _withheld(withheld, also=[each.local_authority for each in night.councils])
    for council in night.councils:
        code = council.local_authority
        told = {
            "as_of": night.as_of.isoformat(),
            "local_authority": code,
            "assessed_for_this_export": code in prepared.assessed,
            "not_assessed": {"reason": council.reason} if council.reason else None,
            **councils.get(code, {}),
            "withheld": counts[code],
        }
        files[f"{code}/{SUMMARY}"] = f"{json.dumps(told, indent=2, sort_keys=True)}\n".encode()
        if code in prepared.assessed:
            own = shown[shown["local_authority"].eq(code)]
            files[f"{code}/{DISCREPANCIES}"] = csv_text(own, DISCREPANCY_COLUMNS)
    return files


def files_on_record(casebook: Casebook, as_of: date) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a night's exports by their path in its folder, where they are kept."""
    for export in _kept(casebook, as_of):
        for name, content in _files(export):
            yield f"{FEED}/{export.name}/{name}", content


def write_feed(casebook: Casebook, as_of: date, folder: Path) -> None:
    """Write a night's exports below its folder, where nothing else of the night changes."""
    mend_feed(folder)
    for export in _kept(casebook, as_of):
        replace_folder(folder / FEED / export.name, {}, more=_files(export))


def mend_feed(folder: Path) -> None:
    """Clear away what a killed `write_feed` left in a night's folder, which would stay with it."""
    for left in sorted((folder / FEED).glob(".*")):
        mend_folder(left.with_name(left.stem.removeprefix(".")))


def _kept(casebook: Casebook, as_of: date) -> Iterator[Export]:
    """Yield the exports of a night whose files are kept."""
    outbox = casebook.outbox()
    for row in outbox.exports(as_of=as_of):
        if outbox.is_kept(row.number):
            yield outbox.export(row)


def _files(export: Export) -> Iterator[tuple[str, bytes]]:
    """Yield an export's files, one at a time in memory."""
    for file in export.files:
        yield file.name, export.read(file.name)


def _on_record(casebook: Casebook, as_of: date) -> NightRow:
    night = casebook.night(as_of)
    if night is None:
        raise WrongUsage(f"The night of {as_of} is not on record. Run it with `cpli run`.")
    return night


def _packed(state: State, as_of: date) -> bytes:
    """Return what a night gave; raises `WrongUsage` where it may not be published."""
    latest, packed = state.latest(), state.prepared(as_of)
    if latest and latest.as_of > as_of:
        raise WrongUsage(
            f"The night of {latest.as_of} has been published, so the older one of {as_of} is not:"
            " the Care Record would go back to what is not true any more."
        )
    if packed is None:
        raise WrongUsage(
            f"What the night of {as_of} gives the Care Record is not kept. Run that night again."
        )
    return packed


def _draft(state: State, prepared: Prepared) -> Draft:
    elsewhere = state.hidden_but_for(prepared.assessed)
    at = _transaction_time(state, prepared.as_of)
    standing = state.standing()
    changes = plan(
        prepared.tonight(hidden_elsewhere=elsewhere),
        standing,
        state.contents,
        transaction_time=at,
    )
    return Draft(
        transaction_time=at,
        changes=tuple(changes),
        counts={
            **_counts(standing, changes),
            "withheld": _withheld(prepared.withheld, also=prepared.assessed),
        },
    )


def _counts(
    standing: Mapping[str, Published], changes: Sequence[Change]
) -> dict[str, dict[str, Any]]:
    """Return what changes, and what then stands at the receiver, by type."""
    turns = Counter((change.published.kind, change.turn.value) for change in changes)
    rows = {row.id: row for row in standing.values()}
    rows |= {change.published.id: change.published for change in changes}
    there = Counter(row.kind for row in rows.values() if row.stand is not Stand.DELETED)
    return {
        "changes": {
            word: {turn.value: turns[kind, turn.value] for turn in Turn if turns[kind, turn.value]}
            for kind, word in WORDS.items()
        },
        "published": {word: there[kind] for kind, word in WORDS.items()},
    }


def _withheld(
    withheld: pd.DataFrame, *, also: Iterable[str]
) -> dict[str, dict[str, Mapping[str, int]]]:
    """Return how much each council has withheld, by type and reason, and how much nobody has.

    `also` are councils that may have nothing withheld.
    """
    withheld = withheld.fillna({"local_authority": NOBODYS})
    of_kinds = {WORDS[kind]: counted(withheld, kind) for kind in ("EpisodeOfCare", "Task")}
    return {
        code: {word: of_kind.get(code, {}) for word, of_kind in of_kinds.items()}
        for code in sorted({*also, *withheld["local_authority"]})
    }


def _transaction_time(state: State, as_of: date) -> datetime:
    """Return the time of an export: a moment of its night's day, after all exports before it.

    What a status must be is judged on that day, so that a night that is run late is not told as
    though it were today.
    """
    now = state.now.replace(microsecond=0)
    at = now if london(now) == as_of else datetime.combine(as_of, NOON, tzinfo=UTC)
    latest = state.latest()
    return max(at, latest.transaction_time + timedelta(seconds=1)) if latest else at


def _last_moment(day: date) -> datetime:
    """Return the end of a day in London: no export of its night is later than that."""
    return datetime.combine(day, time(23, 59, 59), tzinfo=LONDON).astimezone(UTC)


def _content(
    state: State, changes: Sequence[Change], reports: Mapping[str, bytes], *, full: bool
) -> Content:
    if not full:
        again = [change.published.id for change in changes if change.turn is Turn.AGAIN]
        return changed_only(changes, state.contents(again), reports)
    everything: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for kind, content in state.everything():
        everything[kind].append(content)
    # Whatever its receiver holds besides, from before a backup or from elsewhere, goes.
    return whole(everything, state.deleted(), reports)


def _request(settings: Settings, *, since: datetime | None) -> str:
    """Return the request that the export would be the answer to, if anybody had asked."""
    asked = f"{settings.feed.base_url}$export?_type={','.join(KINDS)}"
    return f"{asked}&_since={instant(since)}" if since else asked


def _elsewhere(
    state: State, *, assessed: frozenset[str]
) -> tuple[dict[str, str], dict[str, tuple[str, str]]]:
    """Return who is hidden, and when people were born, by councils that are not assessed.

    Both as `Sources` has them.
    """
    births = {
        base_id: (council, json.loads(content)["birthDate"])
        for base_id, council, content in state.patients_but_for(assessed)
    }
    return state.hidden_but_for(assessed), births


def _together(frames: Mapping[str, Mapping[str, pd.DataFrame]], name: str) -> pd.DataFrame:
    return pd.concat([of_council[name] for of_council in frames.values()], ignore_index=True)
