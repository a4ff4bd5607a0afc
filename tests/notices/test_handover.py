"""Notices are carried to each provider once, whatever is in the way of others."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from drop.dying import KilledError
from feed.site import folder_place, sftp_place
from notices.site import FRIDAY, SATURDAY, Site, below, confirmation, draft, notice, printed
from servers.fhir import Deed, Says, between
from servers.notify import KEY, NOTHING, WAITING, Notify
from servers.sftp import Keys, in_process, openssh

from casebook.notices import NoticeRow, Notices
from casebook.purge import Retention
from connectors.drop.handing import Hand
from connectors.drop.in_folder import FolderShelf
from connectors.notify.postbox import Postbox
from flows.notices import Recipient, recipients_of
from flows.outcome import Carried
from publishing.notices import rendering
from publishing.templates import OURS
from schemas.errors import TryAgainLater
from schemas.vocabularies import NoticeFrequency
from settings.settings import Settings

NOTHING_LEFT = Carried()
THREE = [notice("P1"), confirmation("P2"), notice("P3")]
BREAKS = '#if notice.reference.starts-with("P2") { panic("x") }\n'
ADDRESS = "{}@sunny-lodge.example.org"
WORDS = {"notice_date", "where", "reply_by", "reference", "contact"}


def three(site: Site, **changes: object) -> list[NoticeRow]:
    """Put three notices on record, the second of them a confirmation."""
    return site.issue(*(draft(said, **changes) for said in THREE))


def told_by_email(site: Site) -> list[NoticeRow]:
    """Put three notices on record that emails are to tell of."""
    drafts = (draft(said, email_to=ADDRESS.format(said.provider_id)) for said in THREE)
    return site.issue(*drafts)


def whole(*said: object) -> dict[str, bytes]:
    return {name: it for each in said for name, it in printed(each).items()}


def states(site: Site) -> list[str]:
    return [row.state.value for row in site.rows()]


def emails(site: Site) -> list[str]:
    return [row.email_state.value for row in site.rows()]


@contextmanager
def served(way: str, site: Site, keys: Keys, name: str) -> Iterator[Path]:
    """Have a place of the settings that is a folder or a server; yield the folder that it is."""
    root = site.home / name
    root.mkdir(exist_ok=True)
    if way == "folder":
        site.places[name] = folder_place(root)
        yield root
        return
    with (openssh if way == "OpenSSH" else in_process)(root, keys) as server:
        site.places[name] = sftp_place(server, keys, site.home)
        yield root


@pytest.mark.parametrize(
    "way",
    [
        "folder",
        pytest.param("in process", marks=pytest.mark.server),
        pytest.param("OpenSSH", marks=pytest.mark.server),
    ],
)
def test_each_provider_gets_its_files_in_its_folder_once(site: Site, keys: Keys, way: str) -> None:
    with served(way, site, keys, "hands") as root:
        three(site, place="hands")
        assert site.carry() == replace(NOTHING_LEFT, delivered=3)
        assert below(root) == whole(*THREE)
        assert states(site) == ["delivered"] * 3
        before = {path: path.stat() for path in root.rglob("*")}
        assert site.carry() == NOTHING_LEFT
        assert {path: path.stat() for path in root.rglob("*")} == before
    assert [row.attempts for row in site.rows()] == [1, 1, 1]
    assert site.cpli("notices") == 0


@pytest.mark.server
def test_a_place_of_ones_own_that_is_down_keeps_nobody_else_waiting(
    site: Site, keys: Keys, caplog: pytest.LogCaptureFixture
) -> None:
    with served("in process", site, keys, "a_server") as root:
        pass  # it is down by now
    p1, p2, p3 = THREE
    site.issue(draft(p1, place="a_server"), draft(p2), draft(p3, place="a_server"))
    for tries in (1, 2, 3):
        carried = site.carry()
        assert carried.delivered == (tries == 1)
        assert (carried.waiting, carried.unsent) == (2, 0)
        (said,) = carried.troubles
        assert said.startswith("2 providers: A_server (127.0.0.1 ")
        assert "cannot be reached" in said
        assert [row.attempts for row in site.rows()] == [tries, 1, tries]
    assert below(site.folders) == whole(p2)
    assert site.cpli("notices") == 3
    later = notice("P1", name=str(SATURDAY), as_of=SATURDAY)
    site.issue(draft(later, after=1, place="a_server"))
    with in_process(root, keys) as server:
        site.places["a_server"] = sftp_place(server, keys, site.home)
        assert site.carry() == replace(NOTHING_LEFT, delivered=2)
    assert below(root) == whole(later, p3)
    assert states(site) == ["superseded", "delivered", "delivered", "delivered"]


@pytest.mark.parametrize("in_the_way", ["a file", "a link"])
def test_a_folder_that_refuses_keeps_no_other_provider_from_its_notice(
    site: Site, in_the_way: str
) -> None:
    theirs, elsewhere = site.folders / "P2", site.home / "elsewhere"
    elsewhere.mkdir()
    theirs.touch() if in_the_way == "a file" else theirs.symlink_to(elsewhere)
    three(site)
    for tries in (1, 2):
        carried = site.carry()
        assert (carried.delivered, carried.waiting) == (2 if tries == 1 else 0, 1)
        (said,) = carried.troubles
        assert said.startswith("1 provider: ")
        assert "P2" in said
        assert [row.attempts for row in site.rows()] == [1, tries, 1]
    assert {name.partition("/")[0] for name in below(site.folders)} - {"P2"} == {"P1", "P3"}
    assert below(elsewhere) == {}
    theirs.unlink()
    assert site.carry() == replace(NOTHING_LEFT, delivered=1)
    assert below(site.folders) == whole(*THREE)


def test_a_place_that_goes_down_on_the_way_is_one_try_of_each(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    (site.folders / "P2").touch()
    three(site)
    site.issue(*(draft(notice(f"P{number}")) for number in (4, 5)))
    lay, insist, down = Hand.lay, Hand.insist, TryAgainLater("The place is down.")
    laid: list[str] = []

    def one_more(self: Hand, folder: str, files: dict[str, bytes]) -> None:
        laid.append(folder)
        if folder == "P4":
            raise down
        lay(self, folder, files)

    def still_there(self: Hand) -> None:
        if "P4" in laid:
            raise down
        insist(self)

    monkeypatch.setattr(Hand, "lay", one_more)
    monkeypatch.setattr(Hand, "insist", still_there)
    carried = site.carry()
    assert laid == ["P1", "P2", "P3", "P4"]
    assert [row.attempts for row in site.rows()] == [1] * 5
    assert (carried.delivered, carried.waiting) == (2, 3)
    of_p2, of_all = carried.troubles
    assert of_p2.startswith("1 provider: ")
    assert "P2" in of_p2
    assert of_all == "2 providers: The place is down."


def test_a_place_that_is_taken_out_of_the_settings_is_named_and_nothing_lost(site: Site) -> None:
    site.notices = ""
    site.places["apart"] = folder_place(site.home / "apart")
    (site.home / "apart").mkdir()
    p1, p2, p3 = THREE
    site.issue(draft(p1), draft(p2, place="apart"), draft(p3))
    apart = site.places.pop("apart")
    carried = site.carry()
    assert (carried.delivered, carried.waiting) == (2, 1)
    (said,) = carried.troubles
    assert said.startswith("1 provider: Notices wait for the place apart, which is no folder")
    assert site.cpli("notices") == 3
    site.places["apart"] = 'connector = "sql"\nurl = "sqlite:///nowhere.db"\n'
    assert site.carry().troubles == (said,)
    site.places["apart"] = apart
    assert site.carry() == replace(NOTHING_LEFT, delivered=1)
    assert below(site.home / "apart") == whole(p2)


def test_a_template_that_breaks_over_one_notice_keeps_no_other_back(site: Site) -> None:
    own = site.home / "templates"
    own.mkdir()
    ours = (OURS / "notice.typ").read_text(encoding="utf-8")
    (own / "notice.typ").write_text(ours + BREAKS, encoding="utf-8")
    site.more = f'[reports]\ntemplates = "{own}"\n'
    three(site)
    carried = site.carry()
    assert (carried.delivered, carried.waiting) == (2, 1)
    (said,) = carried.troubles
    assert said.startswith("1 provider: The template notice.typ cannot be set")
    assert [row.attempts for row in site.rows()] == [1, 1, 1]
    (own / "notice.typ").unlink()
    assert site.carry() == replace(NOTHING_LEFT, delivered=1)
    assert below(site.folders) == whole(*THREE)


@pytest.mark.parametrize("step", ["written", "laid"])
def test_a_fault_of_ours_over_one_notice_keeps_no_other_back_and_quotes_nobody(
    site: Site, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    owner, name = {"written": (rendering, "layout"), "laid": (FolderShelf, "write")}[step]
    works = getattr(owner, name)

    def fails(*given: object, **more: object) -> object:
        about = [getattr(each, "provider_id", each) for each in given]
        if any(isinstance(each, str) and each.startswith("P2") for each in about):
            raise ZeroDivisionError("Margaret")
        return works(*given, **more)

    monkeypatch.setattr(owner, name, fails)
    three(site)
    carried = site.carry()
    assert (carried.delivered, carried.waiting) == (2, 1)
    (said,) = carried.troubles
    assert said.startswith("1 provider: A fault of ours: ZeroDivisionError at ")
    assert "Margaret" not in repr(site.rows())


def test_what_a_night_has_written_goes_as_it_is_and_only_what_is_gone_is_written_anew(
    site: Site,
) -> None:
    three(site)
    made = site.out / str(FRIDAY) / "notices"
    for name in whole(*THREE):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_bytes(b"as the night wrote it")
    (made / "P2" / f"P2_notice_{FRIDAY}.txt").unlink()
    assert site.carry().delivered == 3
    laid = below(site.folders)
    assert {it for name, it in laid.items() if not name.startswith("P2/")} == {
        b"as the night wrote it"
    }
    assert {name: it for name, it in laid.items() if name.startswith("P2/")} == printed(THREE[1])


def test_what_was_purged_before_it_could_go_keeps_no_other_back(site: Site, there: Notify) -> None:
    told_by_email(site)
    site.casebook.notices().delivered(1)
    retention = Retention(closed_cases_days=1, nights_days=1)
    site.casebook.purge(retention, on=SATURDAY + (SATURDAY - FRIDAY), dry_run=False)
    said = notice("P4", name=str(SATURDAY), as_of=SATURDAY)
    site.issue(draft(said, email_to=ADDRESS.format("P4")))
    carried = site.carry()
    assert (carried.delivered, carried.waiting) == (1, 2)
    assert (carried.emailed, carried.unsent) == (1, 3)
    assert [each.to for each in there.emails] == [ADDRESS.format("P4")]
    assert all("has been purged" in each for each in carried.troubles)
    assert below(site.folders) == printed(said)


def test_somebody_else_who_carries_just_now_is_left_to_it(site: Site) -> None:
    three(site)
    with site.casebook.notices().hold(wait_seconds=0):
        assert site.carry() == replace(NOTHING_LEFT, waiting=3)
        assert below(site.folders) == {}
        assert site.cpli("notices", "--deliver") == 3
    assert site.cpli("notices", "--deliver") == 0
    assert below(site.folders) == whole(*THREE)


def test_what_is_replaced_while_others_are_delivered_is_no_negative_number(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    three(site)
    lay = Hand.lay

    def meanwhile(self: Hand, folder: str, files: dict[str, bytes]) -> None:
        lay(self, folder, files)
        if folder == "P1":
            site.issue(*(draft(notice(f"P{number}")) for number in range(4, 9)))

    monkeypatch.setattr(Hand, "lay", meanwhile)
    assert site.carry() == replace(NOTHING_LEFT, delivered=3, waiting=5)


STEPS: dict[type, tuple[str, ...]] = {
    Notices: ("delivered", "emailed", "content"),
    FolderShelf: ("write", "rename", "make_folder"),
    Postbox: ("send",),
}


class Fate:
    """Ends the process before or after a step; the moments are numbered from 1."""

    def __init__(self) -> None:
        self.moments, self.at = 0, 0

    def set(self, at: int) -> None:
        self.moments, self.at = 0, at

    def moment(self) -> None:
        self.moments += 1
        if self.moments == self.at:
            raise KilledError

    def of(self, step: Callable[..., object]) -> Callable[..., object]:
        def act(*args: object, **more: object) -> object:
            self.moment()
            done = step(*args, **more)
            self.moment()
            return done

        return act


@pytest.fixture
def fate(monkeypatch: pytest.MonkeyPatch) -> Fate:
    """Put every step of carrying into the hands of fate."""
    fate = Fate()
    for owner, names in STEPS.items():
        for name in names:
            monkeypatch.setattr(owner, name, fate.of(getattr(owner, name)))
    return fate


def carried_until(moment: int, site: Site, fate: Fate) -> bool:
    """Carry what waited at first, up to a moment; say whether that was the end of it."""
    for folder in (site.out, site.folders):
        shutil.rmtree(folder)
    shutil.copytree(site.home / "before", site.out)
    site.folders.mkdir()
    fate.set(moment)
    with suppress(KilledError):
        site.carry()
    return fate.moments >= moment


@pytest.mark.parametrize("stride", [4, pytest.param(1, marks=pytest.mark.slow)])
def test_a_death_at_any_moment_of_carrying_changes_nothing(
    site: Site, there: Notify, fate: Fate, stride: int
) -> None:
    written = printed(notice("P1"))
    for name, content in written.items():
        path = site.out / str(FRIDAY) / "notices" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    site.issue(draft(notice("P1"), email_to=ADDRESS.format("P1")))
    shutil.copytree(site.out, site.home / "before")
    assert not carried_until(1_000, site, fate)
    last = fate.moments
    assert last > 20
    for moment in range(1, last + 1, stride):
        there.emails.clear()
        assert carried_until(moment, site, fate)
        fate.set(0)
        site.carry()
        assert below(site.folders) == written
        assert [each.reference for each in there.emails] == [f"P1-{FRIDAY}"]
        assert (states(site), emails(site)) == (["delivered"], ["sent"])


def test_an_email_holds_five_words_and_nobody_and_comes_once_the_notice_lies_there(
    site: Site, there: Notify
) -> None:
    site.notices += '\nwhere = "the folder at files.example.org"\ncontact = "the team, ext. 12"'
    (site.folders / "P3").touch()
    told_by_email(site)
    assert site.carry().emailed == 2
    assert [(each.to, each.reference, each.template_id) for each in there.emails] == [
        (ADDRESS.format("P1"), "P1-2026-11-20", WAITING),
        (ADDRESS.format("P2"), "P2-2026-11-20", NOTHING),
    ]
    assert there.emails[0].personalisation == {
        "notice_date": "20 November 2026",
        "where": "the folder at files.example.org",
        "reply_by": "27 November 2026",
        "reference": "P1-2026-11-20",
        "contact": "the team, ext. 12",
    }
    assert emails(site) == ["sent", "sent", "waiting"]
    (site.folders / "P3").unlink()
    assert site.carry() == replace(NOTHING_LEFT, delivered=1, emailed=1)
    assert [each.reference for each in there.of("P3-2026-11-20")] == ["P3-2026-11-20"]
    site.carry()
    assert len(there.emails) == 3
    assert {*there.emails[2].personalisation} == WORDS


DOWN = [
    Says(status=429),
    Says(status=500),
    Deed.CUT_BEFORE,
    Deed.SLEEP_AFTER,
]


@pytest.mark.server
@pytest.mark.parametrize("deed", DOWN, ids=str)
def test_notify_that_is_down_stops_no_notice_and_is_asked_again_by_the_next_run(
    site: Site, there: Notify, deed: str | Says
) -> None:
    told_by_email(site)
    with between(there) as wall:
        site.writes_by(f"http://127.0.0.1:{wall.server_address[1]}")
        wall.behaves = deed
        carried = site.carry()
        assert carried.delivered == 3
        assert below(site.folders) == whole(*THREE)
        assert carried.unsent + carried.emailed == 3
        assert carried.unsent
        (said,) = carried.troubles
        assert said.startswith(f"{carried.unsent} providers: ")
        assert "GOV.UK Notify" in said
        wall.behaves = Deed.PASS_ON
        assert site.carry().unsent == 0
        asked = len(wall.asked)
        assert site.carry() == NOTHING_LEFT
        assert len(wall.asked) == asked
    assert sorted(each.reference for each in there.emails) == [row.reference for row in site.rows()]
    assert emails(site) == ["sent"] * 3


def test_an_address_that_notify_refuses_keeps_no_other_from_an_email(
    site: Site, there: Notify
) -> None:
    there.team = {ADDRESS.format(provider) for provider in ("P1", "P3")}
    told_by_email(site)
    carried = site.carry()
    assert (carried.delivered, carried.emailed, carried.unsent) == (3, 2, 1)
    (said,) = carried.troubles
    assert said.startswith("1 provider: GOV.UK Notify")
    assert emails(site) == ["sent", "waiting", "sent"]
    there.team = None
    assert site.carry() == replace(NOTHING_LEFT, emailed=1)
    assert len(there.emails) == 3


@pytest.mark.server
def test_a_key_that_is_refused_is_shown_once_a_run(
    site: Site, there: Notify, monkeypatch: pytest.MonkeyPatch
) -> None:
    told_by_email(site)
    monkeypatch.setenv("CPLI_NOTICES__EMAIL__API_KEY", KEY[:-1] + "f")
    with between(there) as wall:
        site.writes_by(f"http://127.0.0.1:{wall.server_address[1]}")
        carried = site.carry()
        assert len(wall.asked) == 1
    (said,) = carried.troubles
    assert said.startswith("3 providers: GOV.UK Notify")
    assert "refused our API key" in said
    assert (carried.delivered, carried.unsent) == (3, 3)


def test_emails_wait_for_a_key_that_was_taken_away(
    site: Site, there: Notify, monkeypatch: pytest.MonkeyPatch
) -> None:
    told_by_email(site)
    monkeypatch.delenv("CPLI_NOTICES__EMAIL__API_KEY")
    email, site.email = site.email, ""
    carried = site.carry()
    assert (carried.delivered, carried.unsent) == (3, 3)
    assert carried.troubles[0].startswith("3 providers: Emails to providers wait, and there is no")
    assert site.cpli("notices") == 3
    monkeypatch.setenv("CPLI_NOTICES__EMAIL__API_KEY", KEY)
    site.email = email
    assert site.carry() == replace(NOTHING_LEFT, emailed=3)


def test_the_command_says_what_waits_and_why_and_names_no_address(
    site: Site, there: Notify, capsys: pytest.CaptureFixture[str]
) -> None:
    there.team = set()
    (site.folders / "P2").touch()
    told_by_email(site)
    site.write_settings()
    assert site.cpli("notices", "--deliver") == 3
    printed_out = capsys.readouterr()
    said = printed_out.out + printed_out.err
    for word in ("P1-2026-11-20", "delivered", "waiting", "2 notices", "see cpli notices"):
        assert word in said
    assert "example.org" not in said
    assert site.cpli("notices", "--provider", "P9") == 0
    assert "There is no such notice on record." in capsys.readouterr().out


def register(*rows: tuple[str, str | None, str | None, str | None]) -> pd.DataFrame:
    columns = ("provider_id", "notice_frequency", "notice_place", "notice_email")
    return pd.DataFrame(rows, columns=list(columns), dtype="str")


WEEKLY, NIGHTLY, NEVER = NoticeFrequency.WEEKLY, NoticeFrequency.NIGHTLY, NoticeFrequency.NEVER
SETTINGS = Settings(
    identity_key="a key for tests alone",
    places={
        "usual": {"connector": "folder", "path": "/usual"},
        "usual_too": {"connector": "folder", "path": "/usual"},
        "own": {"connector": "folder", "path": "/own"},
        "own_too": {"connector": "folder", "path": "/other/../own"},
        "other": {"connector": "folder", "path": "/other"},
        "base": {"connector": "sql", "url": "sqlite:////base.db"},
    },
    notices={"place": "usual", "frequency": "nightly"},
)
RECIPIENTS: dict[str, tuple[pd.DataFrame, list[tuple[object, ...]], list[str]]] = {
    "as the settings say": (
        register(("P1", None, None, None)), [("P1", NIGHTLY, "usual", None)], [],
    ),
    "as the register says": (
        register(("P1", "never", "own", "a@b.example.org"), ("P2", "weekly", None, None)),
        [("P1", NEVER, "own", "a@b.example.org"), ("P2", WEEKLY, "usual", None)],
        [],
    ),
    "two share a place": (
        register(("P1", None, "own", None), ("P2", None, "own", "a@b.example.org")),
        [("P1", NIGHTLY, None, None), ("P2", NIGHTLY, None, "a@b.example.org")],
        ["notice_place is another's as well: P1, P2."],
    ),
    "two share a place under two names": (
        register(("P1", None, "own", None), ("P2", "never", "own_too", None)),
        [("P1", NIGHTLY, None, None), ("P2", NEVER, None, None)],
        ["notice_place is another's as well: P1, P2."],
    ),
    "the usual place is everybody's": (
        register(
            ("P1", None, "usual", None),
            ("P2", None, "usual", None),
            ("P3", None, "usual_too", None),
        ),
        [
            ("P1", NIGHTLY, "usual", None),
            ("P2", NIGHTLY, "usual", None),
            ("P3", NIGHTLY, "usual_too", None),
        ],
        [],
    ),
    "places that nobody knows": (
        register(
            ("P1", None, "nowhere", None), ("P2", None, "nowhere", None), ("P3", None, "base", None)
        ),
        [(f"P{number}", NIGHTLY, None, None) for number in (1, 2, 3)],
        ["notice_place is no folder or SFTP server: P1, P2, P3."],
    ),
    "capitals alone": (
        register(("Pa", None, None, None), ("pA", None, "own", None), ("P3", None, None, None)),
        [("Pa", NIGHTLY, None, None), ("pA", NIGHTLY, None, None), ("P3", NIGHTLY, "usual", None)],
        ["reference is another's but for capitals: Pa, pA."],
    ),
    "names that no folder can have": (
        register(
            *((odd, None, None, None) for odd in (
                "../x", "a b", "a/b", ".hidden", "P1.", "P1..", "-", "", "é1", "P\n", "x" * 65,
                "a\\b", "P1:",
            )),
            ("a.B-1_", None, None, None),
        ),
        [("a.B-1_", NIGHTLY, "usual", None)],
        ["No notices are made for 13 providers"],
    ),
    "nobody": (register(), [], []),
}  # fmt: skip


@pytest.mark.parametrize(("frame", "expected", "troubles"), RECIPIENTS.values(), ids=RECIPIENTS)
def test_how_each_provider_gets_its_notices(
    frame: pd.DataFrame, expected: list[tuple[object, ...]], troubles: list[str]
) -> None:
    recipients, said = recipients_of(frame, SETTINGS)
    assert [
        (provider, each.frequency, each.place, each.email_to)
        for provider, each in recipients.items()
    ] == expected
    assert len(said) == len(troubles)
    for one, says in zip(said, troubles, strict=True):
        assert says in one
        assert one.endswith("Correct the register of providers.")
    assert "@" not in repr(Recipient(frequency=WEEKLY, email_to="a@b.example.org"))


def test_without_a_place_notices_stay_with_the_night() -> None:
    settings = Settings(identity_key="a key for tests alone")
    recipients, troubles = recipients_of(register(("P1", None, None, None)), settings)
    assert (recipients["P1"].place, recipients["P1"].frequency) == (None, WEEKLY)
    assert troubles == ()
