"""A night in words and numbers: counts by type and council, what is missing, who should act."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from casebook.record import Change, CouncilRecord, Recorded
from cli.terminal import say, show, table
from flows.outcome import Alerted, AnswersTaken, Carried, Delivery, NoticeFacts
from flows.outcome import in_words as in_words_of_export
from flows.pulls import council_name
from flows.steps import Done
from flows.words import counted
from schemas.gates import GateOutcome, GateResult
from schemas.vocabularies import DiscrepancyType

NOBODY = "No council"
TOGETHER = "All"
COUNTED = {"cplis": ("CPLI", "CPLIs"), "discrepancies": ("discrepancy", "discrepancies")}
FOLDERS = {"feed": "export", "notices": "provider"}
"""What the folders of a night hold."""

WORDS = {"no_council": "no council"}
HEADINGS = {Change.NEW: "new", Change.LASTING: "last", Change.GONE: "gone"}


def say_done(done: Done) -> None:
    """Say what a night came to: counts, what is missing, and where the files are."""
    say()
    show_counts(f"Discrepancies on {done.as_of}", done.summary)
    say()
    if done.recorded and done.recorded.since:
        say(in_words(done.recorded))
    say_not_assessed(done.missed)
    say_gates(done.gates)
    if done.feed and done.feed.export:
        say(f"Export {done.feed.export} to the Care Record: {in_words_of_export(done.feed.counts)}")
        say_withheld(done.feed.counts)
    elif done.feed:
        say(f"Not published: {done.feed.reason}")
    say_delivery(done.delivery)
    say_answers(done.answers)
    say_notices(done.notices, done.carried)
    say_alerted(done.alerted)
    for fault in done.faults:
        say(fault)
    say(f"Written to {done.folder}: {', '.join(_listed(done.files))}")


def say_gates(results: Sequence[GateResult]) -> None:
    """Say how many figures the gates judged, and how many of them failed."""
    outcomes = Counter(result.outcome for result in results)
    judged = len(results) - outcomes[GateOutcome.NOT_JUDGED]
    if judged:
        failed, let_out = outcomes[GateOutcome.FAILED], outcomes[GateOutcome.RELEASED]
        released = f", {let_out:,} released" if let_out else ""
        say(f"Gates: {counted(judged, 'figure')} judged, {failed:,} failed{released}")


def say_answers(answers: AnswersTaken | None) -> None:
    """Say what became of the answers that providers sent."""
    if answers is None or not answers.files:
        return
    taken = f"{counted(answers.taken, 'answer')} taken, {answers.refused:,} refused"
    say(f"From providers: {counted(answers.files, 'workbook')}, {taken}")


def say_notices(notices: NoticeFacts | None, carried: Carried | None) -> None:
    """Say how many notices were made, and what became of those that are to be delivered."""
    if notices and notices.made:
        asking = notices.made - notices.nothing_to_do
        say(
            f"Notices to providers: {asking:,} about {counted(notices.cases, 'case')},"
            f" {counted(notices.nothing_to_do, 'confirmation')}"
        )
    elif notices:
        say(f"No notices to providers: {notices.reason or 'none is due'}")
    say_carried(carried)


def say_carried(carried: Carried | None) -> None:
    """Say what became of notices on their way."""
    if carried is None:
        return
    if carried.delivered or carried.emailed:
        emails = counted(carried.emailed, "email")
        say(f"Delivered: {counted(carried.delivered, 'notice')}, {emails} sent")
    for trouble in carried.troubles:
        say(f"Notices: {trouble}")
    if carried.waiting or carried.unsent:
        waiting = counted(carried.waiting, "notice")
        say(f"Waiting: {waiting}, {counted(carried.unsent, 'email')}: see cpli notices")


def say_alerted(alerted: Alerted | None) -> None:
    """Say what became of alerts."""
    if alerted is None:
        return
    if alerted.sent:
        say(f"Alerts: {counted(alerted.sent, 'message')} sent")
    for trouble in alerted.troubles:
        say(f"Alerts: {trouble}")
    if alerted.waiting:
        say(f"Waiting: {counted(alerted.waiting, 'alert message')}: see cpli alerts")


def _listed(files: Iterable[str]) -> Iterator[str]:
    """Yield the names of files; those of a folder are counted."""
    folders = Counter(name.partition("/")[0] for name in files if "/" in name)
    yield from (name for name in files if "/" not in name)
    for folder, number in folders.items():
        yield f"{folder}/ ({counted(number, FOLDERS.get(folder, 'file'))})"


def in_words(recorded: Recorded) -> str:
    """Say how a night compares with the one before it."""
    return (
        f"Since {recorded.since}: {recorded.new:,} new, {recorded.lasting:,} lasting,"
        f" {recorded.gone:,} gone, {recorded.not_assessed:,} that could not be looked at again."
    )


def show_counts(title: str, summary: Mapping[str, Any]) -> None:
    """Print how many discrepancies of each type each council has."""
    columns = {
        council_name(code): facts["discrepancies"] for code, facts in summary["councils"].items()
    }
    columns[NOBODY] = summary["all"]["discrepancies_without_council"]
    columns[TOGETHER] = summary["all"]["discrepancies"]
    made = table(title, ["Type", *columns], numbers=list(columns))
    for kind in DiscrepancyType.codes():
        if kind in columns[TOGETHER]:
            made.add_row(kind, *(_number(counts.get(kind, 0)) for counts in columns.values()))
    made.add_row(
        "All", *(_number(sum(counts.values())) for counts in columns.values()), style="bold"
    )
    show(made)


def show_changes(title: str, changes: pd.DataFrame, councils: Sequence[CouncilRecord]) -> None:
    """Print by type and council what is new, lasting and gone; a council not assessed has none."""
    changes = changes[changes["change"].isin([change.value for change in HEADINGS])]
    owner = changes["local_authority"]
    parts = {
        council_name(council.local_authority): changes[owner == council.local_authority]
        for council in councils
        if council.assessed
    }
    if owner.isna().any():
        parts[NOBODY] = changes[owner.isna()]
    counts = {name: _by_type(part) for name, part in (parts | {TOGETHER: changes}).items()}
    made = table(title, ["Type", *(f"{name}\n{_cells(HEADINGS.values())}" for name in counts)])
    for column in made.columns[1:]:
        column.justify, column.no_wrap = "right", True
    for kind in DiscrepancyType.codes():
        if kind in counts[TOGETHER]:
            made.add_row(kind, *(_changed(count[kind]) for count in counts.values()))
    totals = (sum(count.values(), Counter()) for count in counts.values())
    made.add_row("All", *(_changed(total) for total in totals), style="bold")
    show(made)


def say_not_assessed(councils: Iterable[CouncilRecord]) -> None:
    """Say which councils were not assessed, why, and who should act."""
    for council in councils:
        if not council.assessed:
            say(f"Not assessed: {council_name(council.local_authority)}. {council.message}")


def say_withheld(counts: Mapping[str, Any]) -> None:
    """Say how many CPLIs and discrepancies each council has withheld, and why."""
    for code, of_council in counts["withheld"].items():
        for word, reasons in of_council.items():
            if reasons:
                why = ", ".join(f"{reason} {number:,}" for reason, number in reasons.items())
                number = counted(sum(reasons.values()), *COUNTED[word])
                say(f"Withheld of {WORDS.get(code, council_name(code))}: {number} ({why})")


def say_delivery(delivery: Delivery | None) -> None:
    """Say what became of the outbox."""
    if delivery is None:
        return
    if delivery.delivered:
        say(f"Delivered to the Care Record: {', '.join(delivery.delivered)}")
    if delivery.refused:
        say(f"The Care Record refused {counted(delivery.refused, 'resource')}: see cpli outbox")
    for trouble in delivery.troubles:
        say(f"Care Record: {trouble}")
    if delivery.waiting:
        say(f"{counted(delivery.waiting, 'export')} waiting: see cpli outbox")


def _by_type(changes: pd.DataFrame) -> defaultdict[str, Counter[str]]:
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for (kind, change), count in changes[["type", "change"]].value_counts().items():
        counts[kind][change] += int(count)
    return counts


def _changed(count: Mapping[str, int]) -> str:
    return _cells(_number(count.get(change.value, 0)) for change in HEADINGS)


def _cells(texts: Iterable[str]) -> str:
    return "".join(f"{text:>5}" for text in texts)


def _number(count: int) -> str:
    return f"{count:,}" if count else "-"
