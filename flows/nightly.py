"""The night as a Prefect flow: a branch for each council and one for the caseloads.

Tasks hand on facts without persons, and the folder in which the frames lie as Parquet. Nothing is
cached or persisted, and parameters, results and exceptions, all of which Prefect may keep and show,
hold no row: whatever a step raises that nobody foresaw is replaced before Prefect sees it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar, cast

import pandas as pd
from prefect import flow, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.futures import PrefectFuture
from prefect.runtime import flow_run
from prefect.states import Completed
from prefect.tasks import Task, exponential_backoff

from casebook.record import Recorded
from casebook.store import Casebook
from flows import steps
from flows.account import Account, with_answers
from flows.alerts import conditions_of, tell
from flows.answers import take_answers
from flows.assessing import assess, lay_down_again, let_go, remember
from flows.clock import today
from flows.evidence import keep_evidence
from flows.failing import tell_of_it
from flows.faults import quoting_nobody
from flows.fetching import Fetched, fetch, put_away
from flows.files import render
from flows.handover import carry
from flows.held import bring_back
from flows.holding import hold
from flows.keeping import keep_the_others
from flows.lineage import LINEAGE_FILE, Telling, lineage_file, note_schemas, telling
from flows.notices import (
    IN_PART,
    NOTICES,
    facts_on_record,
    make_notices,
    missing_files,
    notices_or_reason,
)
from flows.origin import Origin, origin_of, origin_of_kept
from flows.outcome import (
    Alerted,
    AnswersTaken,
    Carried,
    Delivery,
    FeedFacts,
    GateFacts,
    NoticeFacts,
    Outcomes,
    Written,
)
from flows.progress import LOG, Stopwatch
from flows.publication import (
    FEED,
    files_on_record,
    keep,
    mend_feed,
    prepare_night,
    publish,
    publish_or_reason,
)
from flows.pulls import (
    RECEIPTS,
    CaseloadFacts,
    CouncilFacts,
    Pull,
    Pulls,
    RegisterFacts,
    council_name,
)
from flows.quality import HELD_FOLDER, QUALITY, facts_of, files_of, held_files, held_of
from flows.reading import unread_council
from flows.ready import ready_to_let_out, ready_to_run
from flows.receiver import deliver_to_receiver
from flows.reports import REPORTS, council_reports
from flows.stage import (
    ACCOUNT,
    CASELOADS,
    REGISTER,
    clear_up,
    lay_down,
    lay_down_pulls,
    left_behind,
    pick_up,
    pick_up_pulls,
    work_folder,
)
from flows.streaming import lay_down_beside
from publishing.folder import files_below, mend_folder, replace_folder
from publishing.quality.markdown import markdown_of
from schemas.errors import CpliError, TryAgainLater, WrongUsage
from schemas.lineage import NotedSchema
from settings.identity import identity_key
from settings.settings import Settings

T = TypeVar("T")


def may_pass_by_itself(_task: Task[..., Any], _run: TaskRun, state: State) -> bool:
    """Say whether trying again can help."""
    return isinstance(state.result(raise_on_failure=False), TryAgainLater)


WITHHELD_FRAME = "withheld.parquet"
ANSWERS, HELD_PART = "answers", "held"
"""The parts of the work folder with what is said of answers, and with what is held."""
LEFT_OUT = "It was not asked for. To assess it, run the night without --council, or for it too."
STEP: dict[str, Any] = {"persist_result": False, "cache_policy": NO_CACHE}
PULL: dict[str, Any] = STEP | {
    "retries": 3,
    "retry_delay_seconds": exponential_backoff(backoff_factor=2),
    "retry_jitter_factor": 0.5,
    "retry_condition_fn": may_pass_by_itself,
}


def run_name() -> str:
    """Name a run for its night."""
    return f"night {flow_run.parameters.get('as_of') or today()}"


@flow(
    name="night",
    flow_run_name=run_name,
    persist_result=False,
    on_failure=[tell_of_it],
    on_crashed=[tell_of_it],
    on_cancellation=[tell_of_it],
)
def nightly(
    sources: Path | None = None,
    config: Path | None = None,
    out: Path | None = None,
    as_of: date | None = None,
    councils: tuple[str, ...] = (),
    kept: bool = False,
) -> State[steps.Done]:
    """Pull, validate, reconcile, record and write one night; by default today's, of all councils.

    The sources lie in the folder `sources`, or are where the file `config` says; `kept` takes what
    was kept of a night of which gates held something. Ends in the state
    `Completed`, or `Incomplete` where a council was not assessed. Raises `NothingAssessed` where
    none could, and whatever keeps the caseloads from being read at all: without them every provider
    would seem to have sent nothing.
    """
    origin = (origin_of_kept if kept else partial(origin_of, sources))(
        out, config=config, as_of=as_of or today()
    )
    with telling(origin, run_id=flow_run.id, parent=flow_run.parent_flow_run_id) as lineage:
        done = tell_lineage(lineage, in_order(origin, councils=councils, kept=kept))
    if not done.missed:
        return Completed(data=done)
    names = ", ".join(council_name(council.local_authority) for council in done.missed)
    return Completed(name="Incomplete", message=f"Not assessed: {names}", data=done)


def run_night(
    sources: Path | None,
    out: Path,
    *,
    config: Path | None = None,
    as_of: date,
    councils: Sequence[str] = (),
    kept: bool = False,
) -> steps.Done:
    """Run the flow and return what it came to; `kept` is as the flow has it."""
    # Called, a flow gives the data of the state that it ends in, which its type does not say.
    done = nightly(
        sources and sources.resolve(),
        config and config.resolve(),
        out.resolve(),
        as_of,
        tuple(councils),
        kept,
    )
    return cast(steps.Done, done)


@quoting_nobody
def in_order(origin: Origin, *, councils: Sequence[str], kept: bool = False) -> steps.Done:
    """Do one step after the other, under the lock of the night."""
    watch = Stopwatch()
    as_of, out, settings = origin.as_of, origin.out, origin.settings
    known, chosen, casebook = (
        ready_to_let_out(origin) if kept else ready_to_run(origin, councils=councils)
    )
    identity_key(settings)
    folder = out / as_of.isoformat()
    sweep(out, casebook)
    with hold(casebook, as_of, settings), work_folder(folder) as work:
        mend_folder(folder)
        mend_feed(folder)
        with watch("read"):
            inboxes = origin.inboxes()
            fetched = fetch_files(origin, casebook) if inboxes else Fetched(origin=origin)
            pulls = (
                pull_what_was_kept(casebook, as_of, work)
                if kept
                else pull(fetched.origin, known, chosen, work=work)
            )
        with watch("reconcile"):
            pulls, account, gates = assess_night(
                pulls, casebook, as_of=as_of, work=work, settings=settings
            )
        asked = account
        if chosen != known:
            account = keep_what_stands(account, casebook, folder=folder, work=work)
        schemas = note_what_came(account, casebook, settings, whole=chosen == known)
        with watch("record"):
            recorded = record_night(account, casebook, work=work)
            keep_lines(account, pulls, casebook, work=work, whole=chosen == known)
        with watch("answers"):
            answers = answers_of_night(fetched.origin, casebook, pulls, work=work)
        with watch("publish"):
            feed = publish_or_reason(
                partial(publish_night, account, pulls, casebook, work=work, settings=settings)
            )
        with watch("notices"):
            notices = notices_or_reason(
                partial(notices_of_night, account, pulls, casebook, work=work, settings=settings)
                if chosen == known
                else partial(facts_on_record, casebook, as_of, reason=IN_PART)
            )
        outcomes = Outcomes(
            answers=answers, feed=feed, gates=gates, notices=notices, schemas=schemas
        )
        written = write_night(
            account,
            pulls,
            outcomes,
            watch.seconds,
            casebook=casebook,
            settings=settings,
            folder=folder,
            work=work,
        )
        put_away(fetched)
    delivery = deliver_exports(casebook, settings)
    carried = carry_notices(casebook, settings, out)
    alerted = tell_alerts(account, asked, casebook, settings)
    let_go(casebook, as_of)
    show(account, written.gates)
    steps.insist_on_something(account, folder=folder)
    return steps.Done(
        as_of=as_of,
        folder=folder,
        files=written.files,
        faults=written.faults,
        councils=account.councils,
        missed=steps.missed(asked, account),
        summary=account.summary,
        recorded=recorded,
        feed=feed,
        delivery=delivery,
        answers=answers,
        notices=notices,
        carried=carried,
        sources=account.sources,
        schemas=schemas,
        gates=gates.results,
        alerted=alerted,
    )


@task(name="fetch files", **STEP)
@quoting_nobody
def fetch_files(origin: Origin, casebook: Casebook) -> Fetched:
    """Fetch what is new on the SFTP servers."""
    return fetch(origin, casebook)


def pull(origin: Origin, known: Sequence[str], chosen: Sequence[str], *, work: Path) -> Pulls:
    """Pull the register, then each chosen council and the caseloads side by side."""
    register = steps.register_or_reason(lambda: pull_register(origin, work))
    if register.facts.message:
        return lay_down_pulls(steps.without_registered(register, known), work)
    # Stopped on the way, a night waits for its branches: they would write where it has cleared up.
    with ExitStack() as branched:

        def branch(step: Task[..., T], *arguments: object) -> PrefectFuture[T]:
            future = step.submit(origin, register.facts, work, *arguments)
            branched.callback(future.wait)
            return future

        branches = {code: branch(pull_council, code) for code in chosen}
        of_providers = branch(pull_caseloads)
        councils = [
            steps.council_or_reason(code, branches[code].result)
            if code in branches
            else unread_council(code, reason=steps.NOT_ASKED_FOR, message=LEFT_OUT)
            for code in known
        ]
        pulls = Pulls(register=register, councils=tuple(councils), caseloads=of_providers.result())
    return lay_down_pulls(pulls, work)


@task(name="read the register", **PULL)
@quoting_nobody
def pull_register(origin: Origin, work: Path) -> Pull[RegisterFacts]:
    """Read the register of providers and lay it down."""
    return lay_down(steps.pull_register(origin.open()[0]), work / REGISTER)


@task(name="read a council", task_run_name="read {local_authority}", **PULL)
@quoting_nobody
def pull_council(
    origin: Origin, register: RegisterFacts, work: Path, local_authority: str
) -> Pull[CouncilFacts]:
    """Read a council's CPLIs and portal extract and lay them down."""
    folder = work / local_authority
    pulled = steps.pull_council(
        origin.open()[0], register, local_authority, origin.as_of, origin.settings, folder=folder
    )
    return (lay_down_beside if pulled.staged else lay_down)(pulled, folder)


@task(name="read the caseloads", **PULL)
@quoting_nobody
def pull_caseloads(origin: Origin, register: RegisterFacts, work: Path) -> Pull[CaseloadFacts]:
    """Read the providers' caseloads and lay them down."""
    pulled = steps.pull_caseloads(origin.open()[0], register, origin.as_of, origin.settings)
    return lay_down(pulled, work / CASELOADS)


@task(name="bring back", **STEP)
@quoting_nobody
def pull_what_was_kept(casebook: Casebook, as_of: date, work: Path) -> Pulls:
    """Lay down what was kept of a night when something of it was held."""
    return bring_back(casebook, as_of, work)


@task(name="assess", **STEP)
@quoting_nobody
def assess_night(
    pulls: Pulls, casebook: Casebook, *, as_of: date, work: Path, settings: Settings
) -> tuple[Pulls, Account, GateFacts]:
    """Hold what was laid down to the gates, apply the rules, and hold what they found to the gates.

    The rules heed what workers ruled upon earlier nights. Lays down what they found, and the pulls
    again without what the gates left out.
    """
    came = pick_up_pulls(pulls, work)
    assessed = assess(came, casebook, as_of=as_of, settings=settings)
    remember(assessed, pulls, casebook, as_of=as_of, work=work)
    # What stands of councils that this run left alone belongs to the night as well.
    gates = GateFacts(results=casebook.gates().results(as_of), frames=assessed.frames)
    return (
        lay_down_again(assessed, came, work),
        lay_down(assessed.account, work / ACCOUNT),
        lay_down(gates, work / HELD_PART),
    )


@task(name="keep what stands", **STEP)
@quoting_nobody
def keep_what_stands(account: Account, casebook: Casebook, *, folder: Path, work: Path) -> Account:
    """Put what is on record of the other councils beside what was found of the chosen ones."""
    earlier = casebook.night(account.as_of)
    if earlier is None:
        return account
    if not account.anything_assessed:
        raise steps.nothing_assessed(
            account,
            "None of the chosen councils could be assessed.",
            f"The night of {account.as_of} stays as it is on record.",
        )
    whole = keep_the_others(
        pick_up(account, work / ACCOUNT),
        earlier=earlier,
        discrepancies=casebook.discrepancies(account.as_of),
        about=casebook.about(account.as_of),
        folder=folder,
    )
    return lay_down(whole, work / ACCOUNT)


@task(name="note schemas", **STEP)
@quoting_nobody
def note_what_came(
    account: Account, casebook: Casebook, settings: Settings, *, whole: bool
) -> tuple[NotedSchema, ...]:
    """Write down of which columns the sources were made, and what has changed in that."""
    return note_schemas(account, casebook, key=identity_key(settings), whole=whole)


@task(name="tell lineage", **STEP)
@quoting_nobody
def tell_lineage(lineage: Telling, done: steps.Done) -> steps.Done:
    """Tell whoever wants to know what the night was made of, and what came of it."""
    lineage.done(done, done.gates)
    return replace(done, lineage_lost=lineage.lost)


@task(name="record", **STEP)
@quoting_nobody
def record_night(account: Account, casebook: Casebook, *, work: Path) -> Recorded:
    """Put the night on record, in one transaction."""
    recorded = casebook.record(pick_up(account, work / ACCOUNT).record)
    LOG.info("Recorded: the night of %s, %s", account.as_of, recorded.effect.display)
    return recorded


@task(name="keep evidence", **STEP)
@quoting_nobody
def keep_lines(
    account: Account, pulls: Pulls, casebook: Casebook, *, work: Path, whole: bool
) -> None:
    """Keep the lines behind the cases that the night found."""
    came = pick_up_pulls(pulls, work)
    keep_evidence(pick_up(account, work / ACCOUNT), came, casebook, whole=whole)


def answers_of_night(
    origin: Origin, casebook: Casebook, pulls: Pulls, *, work: Path
) -> AnswersTaken:
    """Take providers' answers where a register says who is one, and the casebook has a night."""
    if pulls.register.facts.message:
        return AnswersTaken()
    return take_what_came(origin, casebook, pulls.register.facts.provider_ids, work=work)


@task(name="take answers", **STEP)
@quoting_nobody
def take_what_came(
    origin: Origin, casebook: Casebook, provider_ids: frozenset[str], *, work: Path
) -> AnswersTaken:
    """Take the answers that providers have sent, and lay down what is said of them."""
    taken = take_answers(origin, casebook, provider_ids=provider_ids)
    facts = AnswersTaken(
        files=taken.files,
        unusable=taken.unusable,
        taken=taken.taken,
        refused=taken.refused,
        frames={"refusals": taken.refusals, RECEIPTS: taken.receipts},
    )
    return lay_down(facts, work / ANSWERS)


@task(name="make notices", **STEP)
@quoting_nobody
def notices_of_night(
    account: Account, pulls: Pulls, casebook: Casebook, *, work: Path, settings: Settings
) -> NoticeFacts:
    """Put the notices on record that are due."""
    return make_notices(
        pick_up(account, work / ACCOUNT), pick_up_pulls(pulls, work), casebook, settings=settings
    )


@task(name="carry notices", **STEP)
@quoting_nobody
def carry_notices(casebook: Casebook, settings: Settings, out: Path) -> Carried:
    """Take what waits to providers."""
    return carry(casebook, settings, out=out)


@task(name="tell alerts", **STEP)
@quoting_nobody
def tell_alerts(
    account: Account, asked: Account, casebook: Casebook, settings: Settings
) -> Alerted:
    """Tell people what is not as it should be, and what is again."""
    now, conditions = casebook.clock(), conditions_of(account, asked)
    return tell(casebook, settings, conditions, as_of=account.as_of, now=now)


@task(name="publish", **STEP)
@quoting_nobody
def publish_night(
    account: Account, pulls: Pulls, casebook: Casebook, *, work: Path, settings: Settings
) -> FeedFacts:
    """Put the night's export for the Care Record into the outbox."""
    if not account.anything_assessed:
        return FeedFacts(reason="No council could be assessed: the Care Record keeps what stands.")
    prepared = prepare_night(account, pick_up_pulls(pulls, work), casebook, settings=settings)
    keep(prepared, casebook)
    prepared.withheld.to_parquet(work / WITHHELD_FRAME, index=False)
    export = publish(casebook, account.as_of, settings=settings).export
    return FeedFacts(export=export.name, counts=export.counts)


@task(name="deliver", **STEP)
@quoting_nobody
def deliver_exports(casebook: Casebook, settings: Settings) -> Delivery | None:
    """Take what waits to the Care Record; None where nobody receives."""
    return deliver_to_receiver(casebook, settings)


@task(name="write", **STEP)
@quoting_nobody
def write_night(
    account: Account,
    pulls: Pulls,
    outcomes: Outcomes,
    seconds: Mapping[str, float],
    *,
    casebook: Casebook,
    settings: Settings,
    folder: Path,
    work: Path,
) -> Written:
    """Put the night's folder in the place of the one that stood there."""
    answers = pick_up(outcomes.answers, work / ANSWERS)
    whole = with_answers(pick_up(account, work / ACCOUNT), answers)
    register = pick_up(pulls.register, work / REGISTER).frames["providers"]
    held_back = work / WITHHELD_FRAME
    withheld = pd.read_parquet(held_back) if held_back.exists() else None
    files = render(whole, seconds, withheld=withheld, told=outcomes.summary)
    if outcomes.schemas:
        files = {LINEAGE_FILE: lineage_file(outcomes.schemas), **files}
    faults: list[str] = []
    names = dict(zip(register["provider_id"], register["name"], strict=True))
    reports = council_reports(
        whole,
        casebook,
        settings=settings,
        withheld=withheld,
        feed=outcomes.feed,
        names=names,
    )
    found = pick_up(outcomes.gates, work / HELD_PART).frames
    nothing = whole.frames["discrepancies"].iloc[:0]
    held = held_of(found.get("discrepancies", nothing), account.councils, folder)
    quality = facts_of(
        casebook,
        account.as_of,
        account.councils,
        held=held,
        drift=tuple(each.drift for each in outcomes.schemas if each.drift),
        providers=names,
    )
    replace_folder(
        folder,
        files,
        keep=(FEED, NOTICES),
        more=chain(
            held_files(held),
            up_to_a_fault("The gates' files", files_of(quality, settings), faults),
            files_on_record(casebook, account.as_of),
            up_to_a_fault(
                "The notices",
                missing_files(casebook, account.as_of, settings, out=folder.parent),
                faults,
            ),
            up_to_a_fault("The councils' reports", reports, faults),
        ),
    )
    LOG.info("Written: %s", folder)
    below = files_below(folder, FEED, NOTICES, REPORTS, HELD_FOLDER, QUALITY)
    written = tuple(dict.fromkeys((*files, *below)))
    return Written(files=written, faults=tuple(faults), gates=markdown_of(quality))


def up_to_a_fault(
    what: str, files: Iterator[tuple[str, bytes]], faults: list[str]
) -> Iterator[tuple[str, bytes]]:
    """Yield files up to the first that cannot be made: the rest of the night is written anyhow."""
    following = quoting_nobody(partial(next, files, None))
    try:
        while (made := following()) is not None:
            yield made
    except CpliError as error:
        faults.append(f"{what} of this night are not whole: {error}")
        LOG.warning("%s", faults[-1])


def sweep(out: Path, casebook: Casebook) -> None:
    """Clear up after runs that were killed, of whichever night: what they left holds persons.

    A night whose lock is taken is going on, and is left alone.
    """
    for as_of in left_behind(out):
        try:
            with casebook.hold(as_of, wait_seconds=0):
                clear_up(out / as_of.isoformat())
                LOG.info("Cleared up: what a stopped run of the night of %s had left", as_of)
        except TryAgainLater:
            continue
        except WrongUsage as error:
            LOG.warning("%s It holds personal data of a run that was killed.", error)


def show(account: Account, gates: str) -> None:
    """Show the counts beside the run in Prefect, and what the gates made of the night."""
    create_markdown_artifact(
        key="gates", markdown=gates, description=f"The gates of the night of {account.as_of}"
    )
    counts = [
        {"council": council_name(code), "type": kind, "discrepancies": count}
        for code, facts in account.summary["councils"].items()
        for kind, count in facts["discrepancies"].items()
    ]
    left_out = [
        {
            "council": council_name(council.local_authority),
            "type": "not assessed",
            "discrepancies": None,
        }
        for council in account.not_assessed
    ]
    create_table_artifact(
        key="night", table=[*counts, *left_out], description=f"The night of {account.as_of}"
    )
