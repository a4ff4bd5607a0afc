"""The steps that `cpli reconcile` and the nightly flow share, and what is said when all is done."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from casebook.record import CouncilRecord, Recorded, SourceRecord
from casebook.rulings import Rulings
from connectors.folder import CanonicalFolder
from connectors.source import Source
from flows import routing
from flows.account import Account, account_of, account_of_nothing, assemble
from flows.caseloads import read_caseloads
from flows.faults import Unforeseen, quoting_nobody
from flows.files import NIGHT_FILES, REFUSALS, render
from flows.outcome import Alerted, AnswersTaken, Carried, Delivery, FeedFacts, NoticeFacts
from flows.progress import Stopwatch, say_caseloads, say_council, say_reconciled, say_register
from flows.pulls import CaseloadFacts, CouncilFacts, Pull, Pulls, RegisterFacts
from flows.reading import (
    read_council,
    read_register,
    unread_council,
    without_council,
    without_register,
)
from publishing.folder import insist_on_room, write_files
from reconciliation import reconcile
from schemas.errors import CpliError, NothingAssessed, WrongUsage
from schemas.gates import GateResult
from schemas.lineage import NotedSchema
from settings.identity import identity_key
from settings.settings import Settings

NOT_ASKED_FOR = "not_asked_for"
"""The reason of a council that a run of chosen councils left out."""

NO_REGISTER, FAULT_OF_OURS, REGISTER = "no_register", "fault_of_ours", "providers"

NIGHT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

NOT_ALL_DONE = 3
"""The exit code of a night that is done, but not for every council, or that was not delivered."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """A night that is done: facts for whoever asked for it, no person among them.

    `councils` and `summary` are those of the night as it stands; `missed` are the councils that it
    says nothing of, and those that this run was asked for and could not assess. `faults` say which
    of its files could not be made. `schemas` are the columns of `sources`; `lineage_lost` events
    could not be told.
    """

    as_of: date
    folder: Path
    files: tuple[str, ...]
    faults: tuple[str, ...] = ()
    councils: tuple[CouncilRecord, ...]
    missed: tuple[CouncilRecord, ...]
    summary: Mapping[str, Any]
    recorded: Recorded | None = None
    feed: FeedFacts | None = None
    delivery: Delivery | None = None
    answers: AnswersTaken | None = None
    notices: NoticeFacts | None = None
    carried: Carried | None = None
    sources: tuple[SourceRecord, ...] = ()
    schemas: tuple[NotedSchema, ...] = ()
    gates: tuple[GateResult, ...] = ()
    lineage_lost: int = 0
    alerted: Alerted | None = None

    @property
    def exit_code(self) -> int:
        """What a command ends with that did this night."""
        sent = (self.delivery, self.carried, self.alerted)
        stuck = any(each is not None and each.stuck for each in sent)
        unmade = any(each is not None and each.trouble for each in (self.feed, self.notices))
        return NOT_ALL_DONE if self.missed or self.faults or stuck or unmade else 0


def reconcile_in_memory(sources: Path, *, as_of: date, out: Path, settings: Settings) -> Done:
    """Read, reconcile and write: the same night without Prefect and without a record of it.

    Raises whatever keeps the caseloads from being read at all: without them every provider would
    seem to have sent nothing.
    """
    watch = Stopwatch()
    insist_apart(sources, out)
    source, known = open_source(sources)
    insist_on_room(out)
    identity_key(settings)
    with watch("read"):
        pulls = pull_in_memory(source, known, as_of=as_of, settings=settings)
    with watch("reconcile"):
        account = conclude(pulls, as_of=as_of, settings=settings)
    files = render(account, watch.seconds)
    write_files(out, files, instead_of=NIGHT_FILES)
    insist_on_something(account, folder=out)
    return Done(
        as_of=as_of,
        folder=out,
        files=tuple(files),
        councils=account.councils,
        missed=account.not_assessed,
        summary=account.summary,
    )


def pull_in_memory(
    source: Source, known: Sequence[str], *, as_of: date, settings: Settings
) -> Pulls:
    """Pull everything, one after the other."""
    register = register_or_reason(partial(pull_register, source))
    if register.facts.message:
        return without_registered(register, known)
    return Pulls(
        register=register,
        councils=tuple(
            council_or_reason(
                code, partial(pull_council, source, register.facts, code, as_of, settings)
            )
            for code in known
        ),
        caseloads=pull_caseloads(source, register.facts, as_of, settings),
    )


def insist_apart(sources: Path, out: Path) -> None:
    """Raise `WrongUsage` where results would lie among sources, or be put in their place."""
    sources, out = sources.resolve(), out.resolve()
    if out.is_relative_to(sources):
        raise WrongUsage(
            f"--out {out} is the folder of the sources or lies in it. Give the results a folder"
            " outside of it."
        )
    if sources.is_relative_to(out) and NIGHT.fullmatch(sources.relative_to(out).parts[0]):
        raise WrongUsage(
            f"--sources {sources} lies where --out {out} keeps a night's results, which are"
            " replaced whole. Move the sources, or give the results another folder."
        )


def open_source(sources: Path) -> tuple[Source, tuple[str, ...]]:
    """Return the sources and the councils in them; raises where there is nothing to assess."""
    source = CanonicalFolder(sources)
    source.open()
    known = source.councils()
    if not known:
        raise NothingAssessed(
            f"{sources} holds no council's folder, so nothing can be assessed. Ask whoever fills"
            " the sources folder to put each council's files into council/<GSS code>."
        )
    return source, known


def pull_register(source: Source) -> Pull[RegisterFacts]:
    """Read the register and say how many providers it holds."""
    pull = quoting_nobody(read_register)(source)
    say_register(pull.facts)
    return pull


def pull_council(
    source: Source,
    register: RegisterFacts,
    local_authority: str,
    as_of: date,
    settings: Settings,
    *,
    folder: Path | None = None,
) -> Pull[CouncilFacts]:
    """Read a council and say how much came; what comes in parts is cleaned into the folder."""
    pull = quoting_nobody(read_council)(
        source,
        local_authority,
        references=register.references.get(local_authority, {}),
        as_of=as_of,
        tolerances=settings.tolerances,
        folder=folder,
    )
    say_council(pull.facts)
    return pull


def pull_caseloads(
    source: Source, register: RegisterFacts, as_of: date, settings: Settings
) -> Pull[CaseloadFacts]:
    """Read the caseloads and say how much came."""
    pull = quoting_nobody(read_caseloads)(
        source, register.provider_ids, as_of=as_of, tolerances=settings.tolerances
    )
    say_caseloads(pull.facts)
    return pull


def register_or_reason(pull: Callable[[], Pull[RegisterFacts]]) -> Pull[RegisterFacts]:
    """Return the register, or why it cannot be used."""
    try:
        return pull()
    except CpliError as error:
        missing = without_register(error)
    say_register(missing.facts)
    return missing


def council_or_reason(
    local_authority: str, pull: Callable[[], Pull[CouncilFacts]]
) -> Pull[CouncilFacts]:
    """Return a council, or why it is left out; the others go on."""
    try:
        return pull()
    except CpliError as error:
        missing = without_council(local_authority, error)
    say_council(missing.facts)
    return missing


def without_registered(register: Pull[RegisterFacts], known: Sequence[str]) -> Pulls:
    """Leave out every council: without a register no caseload can be told from a stray file."""
    message = register.facts.message or ""
    return Pulls(
        register=register,
        councils=tuple(unread_council(code, reason=NO_REGISTER, message=message) for code in known),
        caseloads=None,
    )


def conclude(
    pulls: Pulls, *, as_of: date, settings: Settings, rulings: Rulings | None = None
) -> Account:
    """Apply the rules, and what workers ruled on earlier nights, and give account of the night."""
    caseloads = pulls.caseloads
    if caseloads is None or not pulls.any_council:
        return account_of_nothing(pulls, as_of=as_of)
    night = assemble(
        pulls.councils,
        caseloads,
        as_of=as_of,
        identity_key=identity_key(settings),
        rulings=rulings or Rulings(),
    )
    findings = reconcile(night, settings.tolerances)
    about = routing.about(
        findings.discrepancies,
        identities=findings.identities,
        cplis=night.cplis,
        settings=settings,
    )
    account = account_of(pulls, caseloads, night=night, findings=findings, about=about)
    say_reconciled(account)
    return account


def failed(account: Account) -> tuple[CouncilRecord, ...]:
    """Return the councils that were asked for and could not be assessed."""
    return tuple(council for council in account.not_assessed if council.reason != NOT_ASKED_FOR)


def missed(asked: Account, night: Account) -> tuple[CouncilRecord, ...]:
    """Return the councils that could not be assessed tonight, or of which the night says nothing.

    `asked` is what a run found, `night` the night as it stands after it, with what it keeps.
    """
    councils = {council.local_authority: council for council in night.not_assessed}
    councils |= {council.local_authority: council for council in failed(asked)}
    return tuple(councils[code] for code in sorted(councils))


def insist_on_something(account: Account, *, folder: Path) -> None:
    """Raise why no council could be assessed, if so; `nothing_assessed` says what is raised."""
    if not account.anything_assessed:
        raise nothing_assessed(
            account, "No council could be assessed.", f"{folder / REFUSALS} lists this."
        )


def nothing_assessed(account: Account, what: str, then: str) -> CpliError:
    """Return what to raise, with every reason: `Unforeseen` where all are faults of ours."""
    councils = failed(account)
    reasons = dict.fromkeys(council.message or "" for council in councils)
    register = next((each.reason for each in account.sources if each.source == REGISTER), None)
    ours = all(
        (register if council.reason == NO_REGISTER else council.reason) == FAULT_OF_OURS
        for council in councils
    )
    said = " ".join([what, *reasons, then])
    return Unforeseen(said) if ours else NothingAssessed(said)
