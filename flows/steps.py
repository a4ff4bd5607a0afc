"""The steps that `cpli reconcile` and the nightly flow share, and what is said when all is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from casebook.record import CouncilRecord, Recorded
from connectors.folder import CanonicalFolder
from connectors.source import Source
from flows.account import Account, account_of, account_of_nothing, assemble
from flows.caseloads import read_caseloads
from flows.faults import quoting_nobody
from flows.files import NIGHT_FILES, REFUSALS, render
from flows.progress import Stopwatch, say_caseloads, say_council, say_reconciled, say_register
from flows.pulls import CaseloadFacts, CouncilFacts, Pull, Pulls, RegisterFacts
from flows.reading import (
    read_council,
    read_register,
    unread_council,
    without_council,
    without_register,
)
from publishing.folder import write_files
from reconciliation import reconcile
from schemas.errors import CpliError, NothingAssessed
from settings.identity import identity_key
from settings.settings import Settings

NOT_ASKED_FOR = "not_asked_for"
"""The reason of a council that a run of chosen councils left out."""

NOT_ALL_ASSESSED = 3
"""The exit code of a night that is done, but not for every council."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """A night that is done: facts for whoever asked for it, no person among them.

    `councils` and `summary` are the night's; `missed` are those that this run should have assessed
    and could not.
    """

    as_of: date
    folder: Path
    files: tuple[str, ...]
    councils: tuple[CouncilRecord, ...]
    missed: tuple[CouncilRecord, ...]
    summary: Mapping[str, Any]
    recorded: Recorded | None = None

    @property
    def exit_code(self) -> int:
        """What a command ends with that did this night."""
        return NOT_ALL_ASSESSED if self.missed else 0


def reconcile_in_memory(sources: Path, *, as_of: date, out: Path, settings: Settings) -> Done:
    """Read, reconcile and write: the same night without Prefect and without a record of it.

    Raises whatever keeps the caseloads from being read at all: without them every provider would
    seem to have sent nothing.
    """
    watch = Stopwatch()
    identity_key(settings)
    source, known = open_source(sources)
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
        missed=missed(account),
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
            council_or_reason(code, partial(pull_council, source, code, as_of, settings))
            for code in known
        ),
        caseloads=pull_caseloads(source, register.facts, as_of, settings),
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
    source: Source, local_authority: str, as_of: date, settings: Settings
) -> Pull[CouncilFacts]:
    """Read a council and say how much came."""
    pull = quoting_nobody(read_council)(
        source, local_authority, as_of=as_of, tolerances=settings.tolerances
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
        councils=tuple(
            unread_council(code, reason="no_register", message=message) for code in known
        ),
        caseloads=None,
    )


def conclude(pulls: Pulls, *, as_of: date, settings: Settings) -> Account:
    """Apply the rules and give account of the night."""
    caseloads = pulls.caseloads
    if caseloads is None or not pulls.any_council:
        return account_of_nothing(pulls, as_of=as_of)
    night = assemble(pulls.councils, caseloads, as_of=as_of, identity_key=identity_key(settings))
    findings = reconcile(night, settings.tolerances)
    account = account_of(pulls, caseloads, night=night, findings=findings)
    say_reconciled(account)
    return account


def missed(account: Account) -> tuple[CouncilRecord, ...]:
    """Return the councils that were asked for and could not be assessed."""
    return tuple(council for council in account.not_assessed if council.reason != NOT_ASKED_FOR)


def insist_on_something(account: Account, *, folder: Path) -> None:
    """Raise `NothingAssessed`, with every reason, where no council could be assessed."""
    if not account.anything_assessed:
        reasons = dict.fromkeys(council.message or "" for council in missed(account))
        raise NothingAssessed(
            f"No council could be assessed. {' '.join(reasons)} {folder / REFUSALS} lists this."
        )
