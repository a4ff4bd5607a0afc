"""The `cpli` command. Nothing heavy is imported before a command is known: help is quick."""

from __future__ import annotations

import getpass
import re
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import click

from cli.endings import Ending
from flows.clock import today
from schemas.accounts import Role, User
from schemas.vocabularies import DiscrepancyType

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
EARLIEST, LATEST = date(2000, 1, 1), date(2099, 12, 31)
DEMO_NIGHT = date(2026, 11, 19)
STATES = (
    "open",
    "in_progress",
    "awaiting_provider",
    "awaiting_council",
    "resolved",
    "accepted",
    "resolved_by_data",
)
"""How a case can stand; to ask `casebook` would take a second."""
PEOPLE = click.IntRange(min=1, max=2_000_000)
"""How many people can be made up; to ask `population` would take a second."""


class Day(click.ParamType[date]):
    """A date written as YYYY-MM-DD."""

    name = "YYYY-MM-DD"

    def convert(
        self, value: str | date, param: click.Parameter | None, ctx: click.Context | None
    ) -> date:
        """Read a date, or say what a date looks like."""
        if isinstance(value, date):
            return value
        try:
            day = date.fromisoformat(value) if DAY.fullmatch(value) else None
        except ValueError:
            day = None
        if day is None or not EARLIEST <= day <= LATEST:
            self.fail(
                f"it must be a date from {EARLIEST} to {LATEST}, such as {DEMO_NIGHT}", param, ctx
            )
        return day


def login_name() -> str:
    """Return who is logged in, nobody where the machine knows no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


FOLDER = click.Path(path_type=Path)
Option = Callable[[Callable[..., Any]], Callable[..., Any]]


def sources_option(*, required: bool) -> Option:
    """Return the option that names the sources."""
    return click.option(
        "--sources",
        type=FOLDER,
        required=required,
        metavar="DIR",
        envvar="CPLI_SOURCES",
        show_envvar=True,
        help="The folder of the sources.",
    )


def config_option(*, required: bool) -> Option:
    """Return the option that names the file of settings."""
    return click.option(
        "--config",
        type=FOLDER,
        required=required,
        metavar="FILE",
        envvar="CPLI_CONFIG",
        show_envvar=True,
        help="The file of settings, which says where the sources are: cpli.toml.",
    )


def as_of_option(
    default: Callable[[], date] | date = today,
    *,
    shown: str = "today in London",
    text: str = "The run date of the night.",
) -> Option:
    """Return the option that names the night."""
    return click.option(
        "--as-of",
        type=Day(),
        default=default,
        show_default=shown,
        help=text,
    )


def out_option(*, required: bool, text: str = "") -> Option:
    """Return the option that names the folder of the results."""
    if required:
        text = "The folder for the results."
    elif not text:
        text = "The folder given to `cpli run`; without it this folder, or ./demo of a demo."
    return click.option(
        "--out",
        type=FOLDER,
        required=required,
        metavar="DIR",
        envvar="CPLI_OUT",
        show_envvar=True,
        help=text,
    )


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done; 1 a fault of ours; 2 wrong usage or settings; 3 done, but a council"
    " was not assessed or something was not delivered; 4 nothing could be assessed.",
)
@click.version_option(package_name="cpli-reconciliation", prog_name="cpli")
def cpli() -> None:
    """Reconcile councils' care package line items with what care providers report."""


@cpli.command(epilog="Example: cpli demo --people 2000 --seed 1")
@click.option(
    "--people",
    type=PEOPLE,
    default=2000,
    show_default=True,
    help="How many people.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Same seed, same bytes.",
)
@as_of_option(DEMO_NIGHT, shown=str(DEMO_NIGHT))
@click.option(
    "--out",
    type=FOLDER,
    default=Path("demo"),
    show_default=True,
    metavar="DIR",
    help="The folder for the results.",
)
def demo(people: int, seed: int, as_of: date, out: Path) -> int:
    """Make a population of three councils and reconcile it over two nights.

    On the second night one council's extract does not come, to show what happens then.
    """
    from cli.demo import show_demo

    return show_demo(people=people, seed=seed, as_of=as_of, out=out)


@cpli.command(epilog="Example: cpli generate sources --people 2000 --seed 1 --as-of 2026-11-19")
@click.argument("directory", type=FOLDER, metavar="DIR")
@click.option("--people", type=PEOPLE, required=True, help="How many people.")
@click.option("--seed", type=click.IntRange(min=0), required=True, help="Same seed, same bytes.")
@click.option("--night", type=click.IntRange(min=0), default=0, help="Nights after the first one.")
@as_of_option()
def generate(directory: Path, people: int, seed: int, night: int, as_of: date) -> int:
    """Write the sources of a made-up population into DIR.

    Every type of discrepancy and every fault of a source is planted, if there are some hundreds of
    people; truth.csv lists them. --as-of is the run date of the first night, and --night K moves
    the population K nights on.
    """
    from cli.population import make_population

    return make_population(directory, people=people, seed=seed, night=night, as_of=as_of)


@cpli.command(epilog="Example: cpli reconcile --sources sources --as-of 2026-11-19 --out results")
@sources_option(required=True)
@as_of_option()
@out_option(required=True)
def reconcile(sources: Path, as_of: date, out: Path) -> int:
    """Apply the rules alone: read, validate, reconcile, write.

    Writes discrepancies.csv, refusals.csv, timeliness.csv and summary.json into --out. Nothing is
    recorded or sent, and Prefect is not needed.
    """
    from cli.night import reconcile_only

    return reconcile_only(sources, as_of=as_of, out=out)


@cpli.command(epilog="Example: cpli run --sources sources --as-of 2026-11-19 --out nights")
@sources_option(required=False)
@config_option(required=False)
@as_of_option()
@out_option(required=True)
@click.option(
    "--council",
    "councils",
    multiple=True,
    metavar="GSS",
    help="Assess this council only (may be given several times); what is on record of the others"
    " for this night stays as it is.",
)
def run(
    sources: Path | None,
    config: Path | None,
    as_of: date,
    out: Path,
    councils: tuple[str, ...],
) -> int:
    """Run one night: pull, validate, reconcile, record, publish, write, deliver.

    The sources are a folder in the canonical layout (--sources), or where a file of settings says
    (--config). The files go to OUT/<as_of>, the record of nights to OUT/casebook.db unless
    CPLI_DATABASE__URL names another place. Running a night again replaces it. With PREFECT_API_URL
    set the run shows in that Prefect server; without it none is needed.
    """
    from cli.night import run_night

    if sources and config:
        raise click.UsageError("Give either --sources or --config, not both.")
    return run_night(sources, config=config, as_of=as_of, out=out, councils=councils)


@cpli.command(
    epilog="Example: cpli release 2026-11-19 --council E06000017"
    ' --reason "The council confirms the transfer" --out nights'
)
@click.argument("night", type=Day(), metavar="NIGHT")
@click.option("--council", metavar="COUNCIL", help="Let out this council: name or code.")
@click.option("--provider", metavar="ID", help="Let out this provider's lists.")
@click.option(
    "--reason",
    required=True,
    metavar="TEXT",
    help="Why it is right; on record for good: name nobody.",
)
@click.option(
    "--who",
    default=login_name,
    show_default="your login name",
    metavar="NAME",
    help="Who lets it out; goes on record.",
)
@out_option(required=False)
@config_option(required=False)
def release(
    night: date,
    council: str | None,
    provider: str | None,
    reason: str,
    who: str,
    out: Path | None,
    config: Path | None,
) -> int:
    """Let out what the gates held of a night, once somebody has looked and it is right.

    The night is run again with what was kept of it, so that what was looked at is what goes out.
    Only these figures of these gates are let out, and only of the latest night.
    """
    from cli.release import release_night

    return release_night(
        night, out, config, council=council, provider=provider, who=who, reason=reason
    )


@cpli.command(epilog="Example: cpli rerun 2026-11-19 --config cpli.toml --out nights")
@click.argument("night", type=Day(), metavar="NIGHT")
@sources_option(required=False)
@config_option(required=False)
@out_option(required=False)
@click.option(
    "--council", "councils", multiple=True, metavar="GSS", help="This council only, as in cpli run."
)
@click.option(
    "--kept",
    is_flag=True,
    help="With what was kept of it when gates held something, where a release was stopped midway.",
)
def rerun(
    night: date,
    sources: Path | None,
    config: Path | None,
    out: Path | None,
    councils: tuple[str, ...],
    kept: bool,
) -> int:
    """Run a night on record again, after a source has been mended.

    It is as `cpli run` for that night: what is found now replaces what was found then.
    """
    from cli.release import run_again, run_kept_again

    if kept and (sources or councils):
        raise click.UsageError("With --kept nothing is read: give neither --sources nor --council.")
    if kept:
        return run_kept_again(night, config, out)
    if sources and config:
        raise click.UsageError("Give either --sources or --config, not both.")
    return run_again(night, sources, config, out, councils=councils)


@cpli.command(epilog="Example: cpli check --config cpli.toml")
@config_option(required=True)
@as_of_option()
@out_option(required=False, text="The folder for the results, to see whether it can be written.")
def check(config: Path, as_of: date, out: Path | None) -> int:
    """Try every source and destination of a file of settings; change nothing.

    Reaches each with the credentials given, looks at the columns of each table, reads a few rows
    and validates them. Exit code 3 says that somebody should act.
    """
    from cli.check import check_settings

    return check_settings(config, as_of=as_of, out=out)


@cpli.command(epilog="Example: cpli template caseload.xlsx")
@click.argument("file", type=FOLDER, metavar="FILE")
def template(file: Path) -> int:
    """Write an empty workbook that a provider can fill in as its caseload."""
    from cli.check import write_template

    return write_template(file)


@cpli.command(epilog="Example: cpli receipt list.xlsx --provider P0001 --date 2026-11-16")
@click.argument("file", type=FOLDER, metavar="FILE")
@click.option("--provider", required=True, metavar="ID", help="Whose caseload it is.")
@click.option("--date", "caseload_date", type=Day(), required=True, help="The caseload's date.")
@config_option(required=False)
def receipt(file: Path, provider: str, caseload_date: date, config: Path | None) -> int:
    """Show what a provider would be told of a caseload: what is understood, taken and refused.

    Exit code 3 says that the file or one of its rows was refused.
    """
    from cli.check import show_receipt

    return show_receipt(file, provider_id=provider, caseload_date=caseload_date, config=config)


@cpli.command(epilog="Example: cpli answers P0001_answers_2026-11-20.xlsx --out nights")
@click.argument("file", type=FOLDER, metavar="FILE")
@click.option("--provider", metavar="ID", help="Whose answers they are, if the name is another.")
@out_option(required=False)
@config_option(required=False)
def answers(file: Path, provider: str | None, out: Path | None, config: Path | None) -> int:
    """Take a provider's answers from a workbook that came by hand; a night takes the others.

    Prints what the provider should be told. The same workbook again changes nothing. Exit code 3
    says that a row was refused, 2 that the workbook cannot be used.
    """
    from cli.answers import take_by_hand

    return take_by_hand(file, out, config, provider_id=provider)


@cpli.command(epilog="Example: cpli nights --out nights")
@out_option(required=False)
@config_option(required=False)
def nights(out: Path | None, config: Path | None) -> int:
    """List the nights on record."""
    from cli.record import list_nights

    return list_nights(out, config)


@cpli.command(epilog="Example: cpli show 2026-11-19 --out nights")
@click.argument("night", type=Day(), metavar="NIGHT")
@out_option(required=False)
@config_option(required=False)
def show(night: date, out: Path | None, config: Path | None) -> int:
    """Show one night: what came, what was refused, what was found and what has changed."""
    from cli.record import show_night

    return show_night(night, out, config)


@cpli.command(epilog="Example: cpli publish --as-of 2026-11-19 --full --out nights")
@as_of_option()
@click.option("--full", is_flag=True, help="Send all that is published, not only what changed.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent; change nothing.")
@out_option(required=False)
@config_option(required=False)
def publish(as_of: date, full: bool, dry_run: bool, out: Path | None, config: Path | None) -> int:
    """Publish a night to the Care Record, and deliver whatever waits.

    A night is published when it is run; this does it again, where it could not be delivered or the
    receiver has lost something. What is delivered already is not sent twice.
    """
    from cli.feed import publish_night

    return publish_night(as_of, out, config, full=full, dry_run=dry_run)


@cpli.command(epilog="Example: cpli outbox --out nights")
@click.option(
    "--refused",
    type=FOLDER,
    metavar="FILE",
    help="Write what the Care Record refused, in its own words, which may name people, as CSV.",
)
@out_option(required=False)
@config_option(required=False)
def outbox(refused: Path | None, out: Path | None, config: Path | None) -> int:
    """Show the exports to the Care Record: what waits to be delivered, since when, and why.

    Exit code 3 says that something waits.
    """
    from cli.feed import show_outbox

    return show_outbox(out, config, refused=refused)


@cpli.command(epilog="Example: cpli notices --provider P0001 --out nights")
@click.option("--provider", metavar="PROVIDER", help="Notices to this provider only.")
@click.option("--as-of", type=Day(), help="Notices of this night only.")
@click.option("--deliver", is_flag=True, help="First take to providers what waits.")
@out_option(required=False)
@config_option(required=False)
def notices(
    provider: str | None, as_of: date | None, deliver: bool, out: Path | None, config: Path | None
) -> int:
    """Show the notices to providers: what waits to be delivered, and why.

    Each run of a night delivers what waits; --deliver does so without one. Exit code 3 says that
    something waits.
    """
    from cli.notices import show_notices

    return show_notices(out, config, provider=provider, as_of=as_of, deliver=deliver)


@cpli.command(epilog="Example: cpli alerts --check --out nights")
@click.option(
    "--check", is_flag=True, help="First look whether last night's night is late; send what waits."
)
@out_option(required=False)
@config_option(required=False)
def alerts(check: bool, out: Path | None, config: Path | None) -> int:
    """Show what people are alerted to: what is open, what is over, what waits to be sent and why.

    Each night sends what waits, as does --check. Exit code 3 says that something is open or waits.
    """
    from cli.alerts import show_alerts

    return show_alerts(out, config, check=check)


@cpli.command(epilog="Example: cpli cases --council E06000017 --type support_ended --out nights")
@click.option("--council", metavar="COUNCIL", help="Cases of this council only: name or code.")
@click.option(
    "--type",
    "kind",
    type=click.Choice(DiscrepancyType.codes()),
    metavar="TYPE",
    help="Cases of this type only.",
)
@click.option(
    "--state",
    type=click.Choice(["unsettled", "settled", "all", *STATES]),
    default="unsettled",
    show_default=True,
    metavar="STATE",
    help=f"Cases that are unsettled, settled, all, or one of: {', '.join(STATES)}.",
)
@click.option("--team", metavar="TEAM", help="Cases of this team only.")
@click.option("--worker", metavar="WORKER", help="Cases of this worker only.")
@click.option(
    "--standing",
    type=click.Choice(["on_track", "due_soon", "breached"]),
    help="Cases that stand like this with their service level.",
)
@click.option("--limit", type=click.IntRange(min=1), default=200, show_default=True, help="Lines.")
@as_of_option(text="The day on which cases are looked at.")
@out_option(required=False)
@config_option(required=False)
def cases(as_of: date, limit: int, out: Path | None, config: Path | None, **narrowed: Any) -> int:
    """List cases, the longest open first, with their age in working days and when they are due.

    A case is the life of one discrepancy from night to night. Nobody is named: discrepancy_id leads
    to the row of discrepancies.csv.
    """
    from cli.cases import Narrowed, list_cases

    return list_cases(out, config, as_of=as_of, limit=limit, narrowed=Narrowed(**narrowed))


@cpli.command(epilog="Example: cpli case 0b1f3c7fd6a8a0b2f5a7f4e6d0c9b8a7 --out nights")
@click.argument("discrepancy_id", metavar="CASE")
@as_of_option(text="The day on which the case is looked at.")
@out_option(required=False)
@config_option(required=False)
def case(discrepancy_id: str, as_of: date, out: Path | None, config: Path | None) -> int:
    """Show one case: how it stands, what people did, and its history. Nobody is named."""
    from cli.cases import show_case

    return show_case(discrepancy_id, out, config, as_of=as_of)


@cpli.command(
    epilog="Example: cpli act resolve 0b1f3c7fd6a8a0b2f5a7f4e6d0c9b8a7:41 --who jo.bell"
    " --reason cpli_corrected --out nights"
)
@click.argument("action")
@click.argument("cases", nargs=-1, required=True, metavar="CASE[:VERSION]...")
@click.option("--who", required=True, help="The account of whoever acts.")
@click.option("--team", help="To assign: the team.")
@click.option("--worker", help="To assign: the worker.")
@click.option("--reason", help="To resolve or accept: the reason's code.")
@click.option("--expires-on", type=Day(), help="To accept: the last day.")
@click.option("--ruling", help="To rule: same_person, not_same_person or not_a_duplicate.")
@click.option("--local-authority", metavar="GSS", help="To rule: the council of another person.")
@click.option("--person-id", help="To rule: another person of the council.")
@click.option("--reverses", type=int, metavar="NUMBER", help="To reverse: the ruling's number.")
@click.option("--answer", help="To answer: what the provider says.")
@click.option("--answer-date", type=Day(), help="To answer: since when, or when it ended.")
@click.option("--provider-id", help="To answer: the provider.")
@click.option(
    "--note-file",
    "note",
    type=click.File(encoding="utf-8"),
    metavar="FILE",
    help="A file with the note; - reads it from the input. It may name people, so it is no option.",
)
@click.option("--request", help="A name of this request: the same one again does nothing more.")
@out_option(required=False)
@config_option(required=False)
def act(
    action: str, cases: tuple[str, ...], out: Path | None, config: Path | None, **given: Any
) -> int:
    """Act on cases: all of those named, or none.

    Actions: assign, release, ask_provider, ask_council, resolve, accept, reopen, note, answer,
    rule, reverse, undo. Given a version, a case that has changed since is left alone and you are
    told.
    """
    from cli.cases import act as take_step

    who, request, note = (given.pop(name) for name in ("who", "request", "note"))
    return take_step(action, cases, out, config, who=who, request=request, note=note, given=given)


@cpli.command(epilog="Example: cpli measures --since 2026-11-01 --csv figures --out nights")
@click.option("--council", metavar="COUNCIL", help="Cases of this council only: name or code.")
@click.option("--since", type=Day(), help="Count what opened or was settled from this day on.")
@as_of_option(text="The day up to which is counted.")
@click.option(
    "--csv", type=FOLDER, metavar="DIR", help="A folder into which each table is written as CSV."
)
@out_option(required=False)
@config_option(required=False)
def measures(
    council: str | None,
    since: date | None,
    as_of: date,
    csv: Path | None,
    out: Path | None,
    config: Path | None,
) -> int:
    """Show how the work on cases goes: open, opened, settled, how soon, by whom, on time.

    Nothing in it is about a person. Cases that are open now are counted, as old as they are on
    --as-of.
    """
    from cli.measures import show_measures

    return show_measures(out, config, as_of=as_of, since=since, council=council, csv=csv)


@cpli.command(epilog="Example: cpli purge --config cpli.toml --out nights --yes")
@click.option("--yes", is_flag=True, help="Remove it; without this, only say what would be.")
@as_of_option(text="The day on which it is asked how old everything is.")
@out_option(required=False)
@config_option(required=False)
def purge(yes: bool, as_of: date, out: Path | None, config: Path | None) -> int:
    """Remove personal data that has outlived its time, by [retention] of the settings.

    Cases done with and old nights lose their personal data; their counts and the history stay.
    Fetched files and the folders of old nights go. Without --yes it is a dry run.
    """
    from cli.purge import purge_all

    return purge_all(out, config, as_of=as_of, yes=yes)


@cpli.group()
def casebook() -> None:
    """Look after the cases and their history."""


@casebook.command(epilog="Example: cpli casebook verify --out nights")
@out_option(required=False)
@config_option(required=False)
def verify(out: Path | None, config: Path | None) -> int:
    """Check that the history is whole and that the cases are what it says.

    Exit code 1 says that something was changed behind its back, and where.
    """
    from cli.cases import verify_history

    return verify_history(out, config)


@cpli.group()
def database() -> None:
    """Look after the database of the record of nights."""


@database.command(epilog="Example: cpli database upgrade --out nights")
@out_option(required=False)
@config_option(required=False)
def upgrade(out: Path | None, config: Path | None) -> int:
    """Bring the tables up to date with this version, making them if there are none."""
    from cli.record import upgrade_database

    return upgrade_database(out, config)


@cpli.command(epilog="Example: cpli worklist --out nights")
@click.option("--host", metavar="ADDRESS", help="The address to listen at, instead of the set one.")
@click.option("--port", type=click.IntRange(1, 65535), help="The port, instead of the set one.")
@click.option("--workers", type=click.IntRange(1, 64), help="How many processes, likewise.")
@click.option(
    "--second-factor/--no-second-factor",
    default=True,
    help="Without it: for a look on this machine alone.",
)
@sources_option(required=False)
@out_option(required=False)
@config_option(required=False)
def worklist(
    host: str | None,
    port: int | None,
    workers: int | None,
    second_factor: bool,
    **rest: Path | None,
) -> int:
    """Serve the pages on which people settle discrepancies, until Ctrl+C or a stop."""
    from cli.worklist import serve_worklist

    return serve_worklist(
        rest["out"],
        rest["config"],
        rest["sources"],
        given={"host": host, "port": port, "workers": workers},
        second_factor=second_factor,
    )


@cpli.group()
def user() -> None:
    """Look after the accounts of the worklist."""


def who_option() -> Option:
    """Return the option that says who looks after accounts."""
    return click.option(
        "--who", default=login_name, show_default="your login name", help="Goes on record."
    )


@user.command(
    epilog="Example: cpli user add jo.bell@example.gov.uk --name 'Jo Bell' --role administrator"
    " --out nights"
)
@click.argument("email")
@click.option("--name", required=True, help="As cases are assigned to.")
@click.option(
    "--role",
    required=True,
    type=click.Choice(Role.codes()),
    metavar="ROLE",
    help=f"One of: {', '.join(Role.codes())}.",
)
@click.option("--council", metavar="COUNCIL", help="Whose cases, by name or code; else all.")
@click.option("--provider", metavar="ID", help="Of a provider_user: the provider.")
@click.option("--team", metavar="TEAM", help="The team.")
@who_option()
@out_option(required=False)
@config_option(required=False)
def add(
    email: str,
    name: str,
    role: str,
    council: str | None,
    provider: str | None,
    team: str | None,
    **rest: Any,
) -> int:
    """Add an account, and print the code by which its holder sets a password."""
    from cli.user import add_user

    wanted = User(
        number=0, email=email, name=name, role=Role(role), team=team, provider_id=provider
    )
    return add_user(rest["out"], rest["config"], wanted, council=council, by=rest["who"])


@user.command("list", epilog="Example: cpli user list --out nights")
@out_option(required=False)
@config_option(required=False)
def list_accounts(out: Path | None, config: Path | None) -> int:
    """List the accounts."""
    from cli.user import list_users

    return list_users(out, config)


def _deed(name: str, text: str) -> None:
    """Add a command that does something to an account."""

    @user.command(
        name, help=text, epilog=f"Example: cpli user {name} jo.bell@example.gov.uk --out nights"
    )
    @click.argument("email")
    @who_option()
    @out_option(required=False)
    @config_option(required=False)
    def deed(email: str, who: str, out: Path | None, config: Path | None) -> int:
        from cli.user import change_user

        return change_user(name, email, out, config, by=who)


_deed("disable", "Let nobody in by an account any more, by a session or a token either.")
_deed("enable", "Let the holder of an account in again.")
_deed("unlock", "Let the holder of an account try again at once.")
_deed("sign-out", "End all sessions of an account.")
_deed("reset", "Forget password and second factor; print the code by which a password is set.")


@user.command(
    epilog="Example: cpli user issue-token casesystem@example.gov.uk --name 'Case system'"
    " --out nights"
)
@click.argument("email")
@click.option("--name", required=True, help="What the token is for.")
@click.option(
    "--days", type=click.IntRange(1, 730), default=365, show_default=True, help="How long it opens."
)
@who_option()
@out_option(required=False)
@config_option(required=False)
def issue_token(
    email: str, name: str, days: int, who: str, out: Path | None, config: Path | None
) -> int:
    """Print a token by which a program acts for an account, with all that the account may do."""
    from cli.user import issue_token as issue

    return issue(email, out, config, name=name, days=days, by=who)


@user.command(epilog="Example: cpli user tokens casesystem@example.gov.uk --out nights")
@click.argument("email")
@out_option(required=False)
@config_option(required=False)
def tokens(email: str, out: Path | None, config: Path | None) -> int:
    """List the tokens of an account."""
    from cli.user import list_tokens

    return list_tokens(email, out, config)


@user.command(epilog="Example: cpli user revoke-token 3 --out nights")
@click.argument("number", type=int)
@who_option()
@out_option(required=False)
@config_option(required=False)
def revoke_token(number: int, who: str, out: Path | None, config: Path | None) -> int:
    """Let a token open nothing any more."""
    from cli.user import revoke_token as revoke

    return revoke(number, out, config, by=who)


@cpli.command(epilog="Example: cpli access --council Rutland --person R-104 --out nights")
@click.option("--council", metavar="COUNCIL", help="The person's council: name or code.")
@click.option("--person", metavar="REF", help="The council's reference for the person.")
@click.option("--case", metavar="CASE", help="Instead: a case.")
@click.option("--user", metavar="EMAIL", help="Instead: what the holder of an account did.")
@click.option("--csv", type=FOLDER, metavar="FILE", help="Write it to a file as CSV.")
@who_option()
@out_option(required=False)
@config_option(required=False)
def access(out: Path | None, config: Path | None, who: str, **about: Any) -> int:
    """Show who looked at a person's record in the worklist, or changed it: when, and from where.

    That you asked goes on record too.
    """
    from cli.user import show_access

    return show_access(out, config, by=who, **about)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    ending = Ending()
    with ending:
        ending.exit_code = (
            cpli.main(
                args=None if arguments is None else list(arguments),
                prog_name="cpli",
                standalone_mode=False,
            )
            or 0
        )
    return ending.exit_code
