"""No notice tells of anybody else's people, and no email of anybody at all."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from hashlib import blake2b
from pathlib import Path

import pandas as pd
import pytest
from feed.leaks import kept_by_prefect
from feed.plain import without_prefect
from feed.site import folder_place, settings_of, sftp_place
from folders.canonical import LEICESTER, LEICESTERSHIRE, RUTLAND, Row, Sources
from notices.marked_world import AS_OF, HALVES, LISTED, OWNERS, PROVIDERS, SHARED, World
from notices.peeking import Sight, bare, figures_in, seen
from servers.notify import KEY, NOTHING, WAITING, Notify, notify
from servers.places import keys
from servers.sftp import Keys, in_process

from cli.main import main
from cli.reports import say_done
from connectors.retry import Retry
from flows.backend import prefect_backend
from flows.origin import origin_of
from flows.outcome import FeedFacts
from schemas.vocabularies import ServiceType

__all__ = ["keys"]
MONDAY = date(2026, 11, 23)
BY_SFTP, NOT_TOLD_APART = "Q-2", {"P1", "p1"}
PREFERENCES: dict[str, Row] = {
    each: {
        "notice_email": f"box{place}@example.org",
        "notice_frequency": "nightly" if place % 2 else "weekly",
    }
    for place, each in enumerate(PROVIDERS)
}
WEEKLY = {each for each, it in PREFERENCES.items() if it["notice_frequency"] == "weekly"}
PREFERENCES[BY_SFTP]["notice_place"] = "server"
ANYWHERE = ("word", "number", "cpli_id", "person_id")
SHOWN = {each.display for each in ServiceType} - {"Other"}
RUN = re.compile(r"[^\W\d_]+")
PAIR = re.compile(r"(?<![A-Za-z0-9-])(?<![A-Z]{2} )[A-Z]{2}(?![A-Za-z0-9])(?! [A-Z]{2})")
"""Two capitals that are no word of a heading in capitals."""

WHO = re.compile(r"([A-Z])([A-Z]), born \d{4}")
NUMBERED = re.compile(r"^\d+\. ", re.MULTILINE)
SEEDS = [1, pytest.param(3, marks=pytest.mark.slow), pytest.param(4, marks=pytest.mark.slow)]


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A file that somebody got."""

    owner: str
    path: str
    sight: Sight


@dataclass(kw_only=True)
class Home:
    """A site with all that carries notices."""

    root: Path
    notify: Notify
    by_sftp: str
    known: dict[str, bytes] = field(default_factory=dict)

    @property
    def out(self) -> Path:
        return self.root / "out"

    @property
    def config(self) -> Path:
        return self.root / "cpli.toml"

    def prepare(self, world: World) -> None:
        """Have a world's sources come in, and write the settings."""
        sources = self.root / "sources"
        shutil.rmtree(sources, ignore_errors=True)
        world.write(Sources(sources), PREFERENCES)
        parts = (
            settings_of(sources, None),
            f"[places.folders]\n{folder_place(self.root / 'folders')}",
            f"[places.server]\n{self.by_sftp}",
            '[notices]\nplace = "folders"\ncontact = "Care Records, 0116 496 0000"',
            f'[notices.email]\nbase_url = "{self.notify.base_url}"',
            f'template_waiting = "{WAITING}"\ntemplate_nothing_to_do = "{NOTHING}"\n',
        )
        self.config.write_text("\n".join(parts), encoding="utf-8")

    def night(self, world: World, as_of: date = AS_OF) -> list[Sent]:
        """Do a night; return what came of it for anybody."""
        self.prepare(world)
        return self.again(as_of)

    def again(self, as_of: date = AS_OF) -> list[Sent]:
        """Do a night from sources that are there."""
        from flows import nightly

        origin = origin_of(None, self.out, config=self.config, as_of=as_of)
        say_done(nightly.in_order(origin, councils=()))
        return [*self.news()]

    def news(self) -> Iterator[Sent]:
        """Yield what lies anywhere for anybody and was not looked at; copies are alike."""
        looked_at = set()
        for path in self.files():
            name, content = str(path.relative_to(self.root)), path.read_bytes()
            owner = owner_of(path.relative_to(self.root))
            if self.known.get(name) != content and (owner, content) not in looked_at:
                yield Sent(owner=owner, path=name, sight=seen(path.name, content))
            self.known[name] = content
            looked_at.add((owner, content))

    def files(self) -> Iterator[Path]:
        tops = (*self.out.glob("*/notices"), self.root / "folders", self.root / "server")
        for top in tops:
            yield from (path for path in sorted(top.rglob("*")) if path.is_file())

    def discrepancies(self, as_of: date = AS_OF) -> pd.DataFrame:
        return pd.read_csv(self.out / f"{as_of}" / "discrepancies.csv", dtype=str)

    def text_of(self, provider: str, as_of: date = AS_OF) -> str:
        folder = self.out / f"{as_of}" / "notices" / provider
        return (folder / f"{provider}_notice_{as_of}.txt").read_text(encoding="utf-8")


def owner_of(path: Path) -> str:
    """Return whose a file is, by the folder in which it lies."""
    [owner] = {*path.parts} & {*PROVIDERS}
    return owner


@contextmanager
def site(folder: Path, keys: Keys, *, whole: bool = False) -> Iterator[Home]:
    """Have a site with servers that work.

    Its nights do without Prefect and leave out what is not for providers, if they are not `whole`.
    """
    (folder / "folders").mkdir(parents=True)
    (folder / "server").mkdir()
    with (
        pytest.MonkeyPatch.context() as patch,
        in_process(folder / "server", keys) as server,
        notify() as running,
    ):
        patch.setenv("CPLI_IDENTITY_KEY", "a key for tests alone")
        patch.setenv("CPLI_NOTICES__EMAIL__API_KEY", KEY)
        patch.setitem(Retry.__init__.__kwdefaults__, "sleep", lambda _: None)
        if not whole:
            without_prefect(patch.setattr)
            patch.setattr("flows.nightly.publish_night", lambda *_, **__: FeedFacts(reason="none"))
            patch.setattr("flows.nightly.council_reports", lambda *_, **__: iter(()))
        yield Home(root=folder, notify=running, by_sftp=sftp_place(server, keys, folder))


@dataclass(frozen=True, kw_only=True)
class Done:
    """A site's first night, for many to look at: what it came from and what came of it."""

    home: Home
    world: World
    sent: list[Sent]


@pytest.fixture(scope="module", params=SEEDS)
def first(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, keys: Keys
) -> Done:
    """Do a first night once."""
    world = World.drawn(request.param)
    with site(tmp_path_factory.mktemp("first") / "site", keys) as home:
        return Done(home=home, world=world, sent=home.night(world))


@pytest.fixture
def home(tmp_path: Path, keys: Keys) -> Iterator[Home]:
    """A site without a night."""
    with site(tmp_path / "site", keys) as home:
        yield home


@pytest.fixture
def begun(home: Home, first: Done) -> Home:
    """A site whose first night is over."""
    for name in ("out", "folders", "server"):
        shutil.copytree(first.home.root / name, home.root / name, dirs_exist_ok=True)
    home.known.update(first.home.known)
    return home


class Own:
    """What is a provider's own in a world, and so what is not; nothing is that of nobody."""

    def __init__(self, world: World, provider: str = "") -> None:
        self.world, self.provider = world, provider
        self.rows = world.own(provider) if provider else []
        self.text = "\n".join(cell for row in self.rows for cell in row.values())

    def others(self, kind: str) -> set[str]:
        return {mark for mark in self.world.marks[kind] if mark not in self.text}

    def other_years(self) -> set[str]:
        own = {row.get("date_of_birth", "")[:4] for row in self.rows}
        return {birth[:4] for birth in self.world.marks["birth"]} - own

    def other_initials(self) -> set[str]:
        everybody = [*self.world.lines, *(row for _, row in self.world.reported())]
        return initials_of(everybody) - initials_of(self.rows)

    def other_services_in(self, text: str) -> set[str]:
        own = {ServiceType(row["service_type"]).display for row in self.rows}
        for each in sorted(own, key=len, reverse=True):
            text = text.replace(each, "")
        return {each for each in SHOWN - own if each in text}

    def other_providers_in(self, sight: Sight, name: str) -> set[str]:
        """Return the providers that stand there by reference or name, but for one."""
        return {
            each
            for each in {*OWNERS} - {name}
            if bare(self.world.name_of(each).split()[0]) in sight.bare
            or re.search(rf"(?<![A-Za-z0-9.]){re.escape(each)}(?![A-Za-z0-9])", sight.said)
        }


def initials_of(rows: Iterable[Row]) -> set[str]:
    """Return the initials that people's names have, in either order."""
    found = set()
    for row in rows:
        family, given = (
            {run[0].upper() for run in RUN.findall(row.get(name, ""))}
            for name in ("family_name", "given_name")
        )
        found |= {pair for one in family for two in given for pair in (one + two, two + one)}
    return found


def leaks_in(sight: Sight, own: Own, reader: str, cases: pd.DataFrame) -> set[tuple[str, str]]:
    """Return what a file tells of whom it must not, and what kind of thing it is."""
    marks = own.world.marks
    theirs = cases["provider_id"].ne(own.provider)
    told = {
        "restricted": sight.holds(restricted_in(own.world)),
        "name": sight.holds(marks["word"]),
        "NHS number": sight.holds(marks["number"]),
        "date of birth": sight.days & marks["birth"],
        "CPLI": sight.holds(own.others("cpli_id")),
        "person": sight.holds(own.others("person_id")),
        "day": sight.days & own.others("day"),
        "amount": figures_in(sight, own.others("amount")),
        "year of birth": figures_in(sight, own.other_years()),
        "initials": {*PAIR.findall(sight.said)} & own.other_initials(),
        "service": own.other_services_in(sight.said),
        "provider": own.other_providers_in(sight, reader),
        "case": sight.holds(cases["discrepancy_id"][theirs]),
    }
    return {(kind, each) for kind, found in told.items() for each in found}


def restricted_in(world: World) -> set[str]:
    """Return councils' references for people of whom nothing is told to anybody."""
    hidden = {row["nhs_number"] for row in world.lines if row.get("restricted")}
    return {row["person_id"] for row in world.lines if row["nhs_number"] in hidden}


def insist_on_no_leak(sent: Sequence[Sent], world: World, cases: pd.DataFrame) -> None:
    leaks = {}
    for each in sent:
        if found := leaks_in(each.sight, Own(world, each.owner), each.owner, cases):
            leaks[each.path] = sorted(found)
    assert leaks == {}, json.dumps(leaks, indent=1)


def insist_on_nobody_named(text: str, *worlds: World) -> None:
    """Insist on no name, NHS number, date of birth or reference of anybody in a text."""
    sight = seen("what was shown", text.encode())
    for world in worlds:
        assert [sight.holds(world.marks[kind]) for kind in ANYWHERE] == [set()] * len(ANYWHERE)
        assert sight.days & world.marks["birth"] == set()


TO_PROVIDERS = {
    "cpli_not_found", "support_not_reported", "support_after_end", "provider_differs",
    "identity_differs", "support_ended", "support_before_start", "support_not_started",
    "service_type_differs", "possible_match", "caseload_overdue", "start_date_differs",
    "quantity_differs", "duplicate_entry",
}  # fmt: skip


def test_no_notice_tells_of_anybody_elses_people(first: Done) -> None:
    assert {*first.home.discrepancies()["type"]} >= TO_PROVIDERS
    for provider in LISTED:
        theirs = [each for each in first.sent if each.owner == provider]
        assert sorted(Path(each.path).suffix for each in theirs) == [".pdf", ".txt", ".xlsx"]
        people = [{*WHO.findall(each.sight.said)} for each in theirs if ".xlsx" not in each.path]
        assert people[0] == people[1] != set()
    insist_on_no_leak(first.sent, first.world, first.home.discrepancies())


def test_what_lies_in_a_providers_folder_is_its_own(first: Done) -> None:
    laid = {
        name: {path.name for path in (first.home.root / name).iterdir()}
        for name in ("folders", "server")
    }
    assert laid == {"folders": {*PROVIDERS} - NOT_TOLD_APART - {BY_SFTP}, "server": {BY_SFTP}}
    for path in first.home.files():
        assert path.name.startswith(f"{owner_of(path.relative_to(first.home.root))}_")


@pytest.mark.parametrize("half", HALVES, ids=["one half", "the other half"])
def test_a_notice_is_the_same_whoever_others_people_are(
    first: Done, home: Home, half: frozenset[str]
) -> None:
    strangers = {*OWNERS} - half - {SHARED}
    world = World.drawn(first.world.seed, salts=dict.fromkeys(strangers, 1))
    home.night(world)
    for provider in half:
        said = unquoted(first.home, provider, first.world, strangers)
        assert unquoted(home, provider, world, strangers) == said


def test_an_email_tells_of_nobody_and_not_how_many(first: Done) -> None:
    emails, cases = first.home.notify.emails, first.home.discrepancies()
    owners = {PREFERENCES[each]["notice_email"]: each for each in PROVIDERS}
    assert {owners[email.to] for email in emails} == {*PROVIDERS} - NOT_TOLD_APART
    said = set()
    for email in emails:
        text = json.dumps([email.reference, email.template_id, email.body, email.personalisation])
        leaks = leaks_in(seen("email", text.encode()), Own(first.world), owners[email.to], cases)
        assert leaks == set()
        said.add(text.replace(str(email.reference), "reference"))
    assert len(said) == 1


@pytest.mark.slow
def test_later_corrected_and_rewritten_notices_tell_of_nobody_else(
    begun: Home,
    first: Done,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    others = dict.fromkeys(OWNERS, 1)
    corrected = World.drawn(first.world.seed, salts=others)
    sent = begun.night(corrected)
    assert {each.path for each in sent if f"{AS_OF}-2" in each.path}
    insist_on_no_leak(sent, corrected, begun.discrepancies())
    later = World.drawn(first.world.seed, salts=others, left_out=[LEICESTER])
    sent = begun.night(later, MONDAY)
    assert {each.owner for each in sent} >= WEEKLY
    insist_on_no_leak(sent, later, begun.discrepancies(MONDAY))
    shutil.rmtree(begun.out / f"{MONDAY}" / "notices")
    assert begun.again(MONDAY) == []
    assert (begun.out / f"{MONDAY}" / "notices" / "P1" / f"P1_notice_{MONDAY}.pdf").exists()
    shown = capfd.readouterr()
    for world in (first.world, corrected, later):
        insist_on_nobody_named(shown.out + shown.err + caplog.text, world)
        insist_on_nobody_named(names_below(begun.root), world)


def test_nobody_is_named_when_notices_do_not_get_through(
    home: Home, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    home.notify.team = set()
    (home.root / "folders" / "P10").write_bytes(b"in the way")
    (home.root / "server" / BY_SFTP).write_bytes(b"in the way")
    world = World.drawn(2)
    home.night(world)
    shown = capfd.readouterr()
    assert "Waiting: 2 notices" in shown.out + shown.err
    insist_on_nobody_named(shown.out + shown.err + caplog.text, world)
    insist_on_nobody_named(repr([vars(each) for each in caplog.records]), world)


@pytest.fixture(scope="module")
def prefect() -> Iterator[Path]:
    """Have a Prefect API; it takes ten seconds to come up. Returns where its files are."""
    home = Path(os.environ["PREFECT_HOME"])
    with prefect_backend(home.parent) as wait_until_up:
        wait_until_up()
        yield home


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.xdist_group("prefect")
def test_prefect_keeps_nobody_of_a_night_with_notices(
    tmp_path: Path, keys: Keys, prefect: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    world = World.drawn(2)
    with site(tmp_path / "site", keys, whole=True) as home:
        home.prepare(world)
        where = ["--config", str(home.config), "--out", str(home.out)]
        assert main(["run", "--as-of", f"{AS_OF}", *where]) == 0
        assert main(["notices", *where]) == 0
    kept, shown = kept_by_prefect(prefect), capfd.readouterr()
    assert "make notices" in kept
    insist_on_nobody_named(kept + shown.out + shown.err, world)


def names_below(root: Path) -> str:
    return "\n".join(str(path.relative_to(root)) for path in root.rglob("*"))


def unquoted(home: Home, provider: str, world: World, strangers: set[str]) -> Counter[str]:
    """Return what a notice says, case by case, but for what it quotes of strangers' people."""
    cards = {str(card) for each in strangers for card in world.decks[each].taken}
    letters = "".join(world.decks[each].initials for each in strangers)
    text = NUMBERED.sub("", home.text_of(provider))
    text = WHO.sub(lambda it: "(quoted)" if it[1] in letters else it[0], text)
    text = re.sub(r"\b\w{10}\b", lambda it: "(quoted)" if it[0] in cards else it[0], text)
    return Counter(" ".join(part.split()) for part in text.split("\n\n"))


def test_whoever_a_council_restricts_stays_hidden_while_it_is_away(home: Home) -> None:
    world = World.plain(1)
    row, other = (world.unlisted("P1", local_authority=LEICESTER) for _ in range(2))
    number = {"nhs_number": row["nhs_number"]}
    world.unlisted("P10", local_authority=RUTLAND, restricted="yes", **number)
    home.night(world)
    assert row["person_id"] not in home.text_of("P1")
    world.left_out = [RUTLAND]
    home.night(world, MONDAY)
    assert row["person_id"] not in home.text_of("P1", MONDAY)
    assert other["person_id"] in home.text_of("P1", MONDAY)


@dataclass(frozen=True, kw_only=True)
class Quoted:
    """A night on which P1 quotes an NHS number that is nobody's of its own."""

    home: Home
    stranger: Row
    entry: Row


@pytest.fixture(scope="module")
def quoted(tmp_path_factory: pytest.TempPathFactory, keys: Keys) -> Quoted:
    """Do such a night once."""
    world = World.plain(1)
    stranger = world.unlisted("P10", local_authority=LEICESTERSHIRE)
    entry = world.entry("P1", {"nhs_number": stranger["nhs_number"]})
    with site(tmp_path_factory.mktemp("quoted") / "site", keys) as home:
        home.night(world)
        return Quoted(home=home, stranger=stranger, entry=entry)


def test_whoever_quotes_a_strangers_number_is_not_told_which_council_has_it(
    quoted: Quoted,
) -> None:
    text = quoted.home.text_of("P1")
    assert "There is no care package line" in text
    assert "Leicestershire" not in text


def test_a_case_cannot_be_traced_to_the_stranger_whom_the_rules_found(quoted: Quoted) -> None:
    service, whose = quoted.entry["service_type"], quoted.stranger["person_id"]
    guess = ("cpli_not_found", LEICESTERSHIRE, "P1", whose, service, "", "")
    name = blake2b("\x1f".join(guess).encode(), digest_size=16).hexdigest()
    book = quoted.home.out / f"{AS_OF}" / "notices" / "P1" / f"P1_answers_{AS_OF}.xlsx"
    sight = seen(book.name, book.read_bytes())
    assert len(re.findall(r"[0-9a-f]{32}", sight.said)) >= 2
    assert name not in sight.said
