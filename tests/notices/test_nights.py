"""Whole nights: who is told when, what of, and that a night done twice tells nobody twice."""

import json
import os
import random
import shutil
import subprocess
import sys
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import pytest
from feed import killing
from feed.leaks import people_in
from feed.site import folder_place, sftp_place
from folders.canonical import LEICESTER, LEICESTERSHIRE, RUTLAND, Row, csv_bytes
from folders.marked import MARK
from notices.site import (
    FRIDAY,
    LISTS_OF,
    MONDAY,
    SATURDAY,
    SUNDAY,
    THURSDAY,
    Files,
    Site,
    below,
    summary_of,
)
from servers import notify as govuk
from servers.notify import NOTHING, WAITING, Notify
from servers.sftp import Keys, openssh

from casebook.actions import Action, Answer, Step
from casebook.desk import Desk
from casebook.worklist import Worklist
from flows.notices import IN_PART, OLDER
from schemas.errors import CpliError, NothingAssessed, WrongUsage
from schemas.tables import CASELOAD

OLD_LIST = "2026-11-09"
ADDRESS = "notices-of-p1@example.org"


def stranger(given: str, family: str) -> Row:
    """Return an entry about somebody whom no council knows."""
    return {
        "family_name": family,
        "given_name": given,
        "date_of_birth": "1950-01-01",
        "service_type": "HS",
        "start_date": "2026-01-05",
    }


def told(site: Site, *providers: str) -> list[list[str]]:
    """Return the nights that providers were told of, as days of November."""
    return [[name.removeprefix("2026-11-") for name in site.names(each)] for each in providers]


def in_folder(site: Site, night: object) -> dict[str, object]:
    """Return all that a night's folder holds, but how long it took."""
    files: dict[str, object] = dict(below(site.out / str(night)))
    summary = json.loads(files["summary.json"])
    del summary["seconds"]
    return files | {"summary.json": summary}


def test_each_provider_is_told_as_often_as_it_wants(site: Site) -> None:
    site.notices += '\nfrequency = "nightly"'
    site.register["P1"] = {"notice_frequency": "weekly"}
    site.join("P3", notice_frequency="never")
    site.join("P4")
    for provider in ("P1", "P2", "P3"):
        site.line(provider, listed=False)
    assert site.night(FRIDAY) == 0
    assert told(site, "P1", "P2", "P3", "P4") == [["20"], ["20"], [], ["20"]]
    assert summary_of(site) == {"made": 3, "nothing_to_do": 1, "cases": 2, "troubles": []}
    assert "YOU DO NOT NEED TO DO ANYTHING" in site.text("P4")
    assert site.night(SATURDAY) == 0
    for provider in ("P1", "P2", "P3"):
        site.line(provider, listed=False)
    assert site.night(SUNDAY) == 0
    assert told(site, "P1", "P2", "P3", "P4") == [["20"], ["20", "22"], [], ["20"]]
    assert site.night(MONDAY) == 0
    assert told(site, "P1", "P2", "P3", "P4") == [["20", "23"], ["20", "22"], [], ["20"]]
    assert below(site.folders).keys() == {
        name for night in (FRIDAY, SUNDAY, MONDAY) for name in site.made(night)
    }
    assert {row.state.value for row in site.rows()} == {"delivered"}


def test_a_night_that_is_run_again_tells_nobody_anything_but_what_is_new(site: Site) -> None:
    site.line("P1", listed=False)
    assert site.night(FRIDAY) == 0
    first, laid = in_folder(site, FRIDAY), below(site.folders)
    names = {path.rpartition("/")[2] for path in laid if path.startswith("P1/")}
    assert names == {
        f"P1_notice_{FRIDAY}.pdf",
        f"P1_notice_{FRIDAY}.txt",
        f"P1_answers_{FRIDAY}.xlsx",
    }
    shutil.rmtree(site.out / str(FRIDAY) / "notices")
    assert site.night(FRIDAY) == 0
    assert in_folder(site, FRIDAY) == first
    assert site.made() == laid
    assert told(site, "P1", "P2") == [["20"], ["20"]]
    site.line("P1", listed=False)
    assert site.night(FRIDAY) == 0
    assert told(site, "P1", "P2") == [["20", "20-2"], ["20"]]
    assert site.rows("P1")[-1].reference == f"P1-{FRIDAY}-2"
    assert site.made().items() > laid.items()
    assert below(site.folders) == site.made()
    assert f"{FRIDAY}-2" in site.text("P1", f"{FRIDAY}-2")
    site.line("P1", listed=False)
    assert site.night(THURSDAY) == 0
    assert summary_of(site, THURSDAY) == {"made": 0, "not_made": OLDER}
    assert site.again(SATURDAY, councils=[LEICESTER]) == 3
    assert summary_of(site, SATURDAY) == {"made": 0, "not_made": IN_PART}
    assert told(site, "P1", "P2") == [["20", "20-2"], ["20"]]


def test_a_council_that_is_away_changes_nothing_and_is_told_of_when_it_is_back(site: Site) -> None:
    nightly = {"notice_frequency": "nightly"}
    site.register["P2"] = nightly
    site.join("P3", **nightly)
    for provider in ("P4", "P5"):
        site.join(provider)
    for provider in ("P1", "P2", "P5"):
        site.line(provider, listed=False)
    site.line("P4", RUTLAND, listed=False)
    site.away = {RUTLAND}
    everybody = ("P1", "P2", "P3", "P4", "P5")
    assert site.night(FRIDAY) == 3
    assert told(site, *everybody) == [["20"], ["20"], [], [], ["20"]]
    assert "We could not check the records of Rutland" in site.text("P1")
    site.away = set()
    site.entries["P1"] = [stranger("Anna", "Zed")]
    site.line("P5", RUTLAND, listed=False)
    assert site.night(SATURDAY) == 0
    # P1 lists somebody of no council, who could not be looked for without Rutland's records.
    assert told(site, *everybody) == [["20", "21"], ["20"], ["21"], ["21"], ["20", "21"]]
    assert "We could not check" not in site.text("P1", SATURDAY)
    site.away = {RUTLAND}
    assert site.night(SUNDAY) == 3
    assert told(site, *everybody) == [["20", "21"], ["20"], ["21"], ["21"], ["20", "21"]]


@pytest.mark.slow
def test_where_nothing_is_known_nobody_is_told(site: Site) -> None:
    site.line("P1", listed=False)
    site.away = {LEICESTER, RUTLAND, LEICESTERSHIRE}
    with pytest.raises(NothingAssessed):
        site.night(FRIDAY)
    assert "not_made" in summary_of(site)
    site.away = set()
    site.write().remove("providers.csv")
    with pytest.raises(CpliError):
        site.again(SATURDAY)
    assert site.rows() == []
    assert below(site.folders) == {}
    assert site.night(SUNDAY) == 0
    assert told(site, "P1") == [["22"]]


def test_a_notice_is_about_the_list_that_counts_and_whom_it_may_name(site: Site) -> None:
    refused = [{"service_type": MARK, "given_name": "Bob", "family_name": "Yew"}] * 9
    site.register["P1"] = {}
    hidden = site.line("P2", listed=False, restricted="yes", person_id="ZZHIDDEN")
    site.line("P9", listed=False)
    site.join("a b")
    sources = site.write()
    sources.remove(f"caseload/P1_{LISTS_OF}.csv")
    for file, mark, rows in (
        (f"P1_{OLD_LIST}.csv", 1, [stranger("Anna", "Zed"), *site.listed("P1")]),
        (f"P1_{LISTS_OF}.csv", 2, [stranger("Bob", "Yew"), *refused]),
        (f"P2_{LISTS_OF}.csv", 3, [*site.listed("P2"), stranger("Carl", "Xu")]),
        (f"P2_{LISTS_OF}.CSV", 4, [stranger("Dora", "Wu"), *site.listed("P2")]),
        (f"P9_{LISTS_OF}.csv", 5, [stranger("Emma", "Vox")]),
    ):
        sources.write(f"caseload/{file}", csv_bytes(rows, CASELOAD.all))
        came = datetime.fromisoformat(f"2026-11-17T0{mark}:00:00+00:00").timestamp()
        os.utime(sources.root / "caseload" / file, (came, came))
    assert site.again(FRIDAY) == 0
    assert {name.partition("/")[0] for name in site.made()} == {"P1", "P2"}
    of_p1, of_p2 = site.text("P1"), site.text("P2")
    assert "AZ, born 1950" in of_p1
    assert "row 1" in of_p1.casefold()
    assert "9 November 2026" in of_p1
    assert "DW, born 1950" in of_p2
    for absent in ("BY, born", "CX, born", "EV, born", hidden["person_id"]):
        assert absent not in of_p1 + of_p2
    (row,) = site.rows("P2")
    assert row.cases == 1
    [trouble] = summary_of(site)["troubles"]
    assert trouble.startswith(
        "No notices are made for 1 provider whose reference can name no folder."
    )


def case_of(site: Site, line: Row) -> str:
    """Return the case of somebody who is on record and not listed."""
    found = site.casebook.discrepancies(FRIDAY)
    [case] = found.loc[found["cpli_ids"] == line["cpli_id"], "discrepancy_id"]
    return str(case)


def act(site: Site, line: Row, step: Step) -> None:
    case = case_of(site, line)
    who = "provider P1" if step.provider_id else "jo"
    Desk(site.casebook).act(step, {case: None}, who=who, request=f"{case} {step.action}")


def test_who_has_answered_is_not_asked_again_and_what_is_settled_is_not_told(site: Site) -> None:
    site.register["P1"] = {"notice_frequency": "nightly"}
    answered, settled, accepted = (site.line("P1", listed=False) for _ in range(3))
    assert site.night(FRIDAY) == 0
    assert site.rows("P1")[-1].cases == 3
    act(site, answered, Step(action=Action.ANSWER, answer=Answer.NOT_OURS, provider_id="P1"))
    assert site.night(FRIDAY) == 0
    assert told(site, "P1") == [["20"]]
    assert site.night(SATURDAY) == 0
    assert told(site, "P1") == [["20", "21"]]
    assert site.rows("P1")[-1].cases == 2
    text = site.text("P1", SATURDAY)
    being_looked_at = text.index("THE COUNCIL IS LOOKING AT THESE")
    assert text.index(answered["person_id"]) > being_looked_at > text.index(settled["person_id"])
    act(site, settled, Step(action=Action.RESOLVE, reason="cpli_ended", note="x"))
    act(
        site,
        accepted,
        Step(action=Action.ACCEPT, reason="other", note="x", expires_on=MONDAY),
    )
    assert site.night(SUNDAY) == 0
    assert told(site, "P1") == [["20", "21", "22"]]
    text = site.text("P1", SUNDAY)
    assert answered["person_id"] in text
    assert settled["person_id"] not in text
    assert accepted["person_id"] not in text
    assert site.rows("P1")[-1].nothing_to_do
    assert not list((site.folders / "P1").glob(f"*answers_{SUNDAY}*"))
    assert Worklist(site.casebook).case(case_of(site, answered), councils=None)


def own_template(site: Site, name: str, text: str) -> None:
    own = site.home / "templates"
    own.mkdir(exist_ok=True)
    (own / name).write_text(text, encoding="utf-8")
    site.more = f'[reports]\ntemplates = "{own}"\n'


def test_a_broken_template_is_refused_before_the_night_begins(site: Site) -> None:
    own_template(site, "notice.txt.j2", "{{ notice.nonsense }}")
    with pytest.raises(WrongUsage, match=r"notice\.txt\.j2, line 1, uses a name"):
        site.night(FRIDAY)
    assert not (site.out / str(FRIDAY)).exists()


def test_a_template_that_breaks_over_what_it_is_filled_with_does_not_cost_the_night(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.register["P3"] = {}
    site.join("P3")
    for provider in ("P1", "P2", "P3"):
        site.line(provider, listed=False)
    broken = (
        '{% if notice.provider == "Care P2" %}{{ notice.nonsense }}{% endif %}{{ notice.heading }}'
    )
    own_template(site, "notice.txt.j2", broken)
    assert site.night(FRIDAY) == 3
    assert {name.partition("/")[0] for name in site.made()} == {"P1", "P3"}
    assert below(site.folders) == site.made()
    assert {"discrepancies.csv", "summary.json"} <= below(site.out / str(FRIDAY)).keys()
    assert [row.state.value for row in site.rows()] == ["delivered", "waiting", "delivered"]
    said = capsys.readouterr().out
    assert "notice.txt.j2, line 1, uses a name that does not exist" in said.replace("\n", " ")
    (site.home / "templates" / "notice.txt.j2").unlink()
    assert site.cpli("notices", "--deliver") == 0
    assert {path.name for path in site.folders.iterdir()} == {"P1", "P2", "P3"}


def test_a_template_that_breaks_is_told_of_where_nothing_is_delivered(site: Site) -> None:
    site.notices = ""
    broken = (
        '{% if notice.provider == "Care P2" %}{{ notice.nonsense }}{% endif %}{{ notice.heading }}'
    )
    own_template(site, "notice.txt.j2", broken)
    assert site.night(FRIDAY) == 3
    assert {name.partition("/")[0] for name in site.made()} == {"P1"}
    assert [row.state.value for row in site.rows()] == ["kept", "kept"]


def test_what_waits_follows_the_register_and_nothing_of_anybody_is_said(
    site: Site, there: Notify, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    apart = site.home / "apart"
    site.places["apart"] = folder_place(apart)
    there.team = {ADDRESS}
    site.register["P1"] = {"notice_place": "apart", "notice_email": ADDRESS}
    site.register["P2"] = {"notice_email": "wrong@example.org"}
    for provider in ("P3", "P4"):
        site.join(provider)
        (site.folders / provider).touch()
    site.line("P1", listed=False)
    assert site.night(FRIDAY) == 3
    assert [row.email_state.value for row in site.rows("P1") + site.rows("P2")] == ["waiting"] * 2
    assert [row.state.value for row in site.rows("P3") + site.rows("P4")] == ["waiting"] * 2
    del site.register["P3"]
    site.register["P4"] = {"notice_frequency": "never"}
    apart.mkdir()
    site.register["P2"] = {"notice_place": "apart", "notice_email": ADDRESS}
    assert site.night(SATURDAY) == 3
    assert below(apart) == {}
    assert [row.state.value for row in site.rows("P3") + site.rows("P4")] == ["kept"] * 2
    assert [(each.to, each.reference) for each in there.emails] == [(ADDRESS, f"P2-{FRIDAY}")]
    assert summary_of(site, SATURDAY)["troubles"] == [
        (
            "Notices are not delivered to providers whose notice_place is another's as well:"
            " P1, P2. Correct the register of providers."
        )
    ]
    site.register["P2"] = {}
    assert site.night(SUNDAY) == 0
    assert below(apart).keys() == {name for name in site.made() if name.startswith("P1/")}
    assert [each.template_id for each in there.emails] == [NOTHING, WAITING]
    assert told(site, "P1", "P2") == [["20"], ["20"]]
    printed = capfd.readouterr()
    summaries = [(site.out / str(night) / "summary.json").read_text() for night in (FRIDAY, SUNDAY)]
    said = "\n".join([printed.out, printed.err, caplog.text, *summaries])
    assert people_in(said) == set()
    assert "example.org" not in said


class KilledError(BaseException):
    """The process is gone."""


@pytest.mark.parametrize(
    "step",
    [
        "write_night",
        pytest.param("notices_of_night", marks=pytest.mark.slow),
        pytest.param("carry_notices", marks=pytest.mark.slow),
    ],
)
def test_a_death_between_the_steps_of_a_night_tells_everybody_once(
    site: Site, there: Notify, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    site.register["P1"] = {"notice_email": ADDRESS}
    site.line("P1", listed=False)

    def killed(*_: object, **__: object) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(f"flows.nightly.{step}", killed)
        with pytest.raises(KilledError):
            site.night(FRIDAY)
    assert site.again(FRIDAY) == 0
    assert told(site, "P1", "P2") == [["20"], ["20"]]
    assert below(site.folders) == site.made()
    assert len(site.made()) == 5
    assert [each.reference for each in there.emails] == [f"P1-{FRIDAY}"]
    assert [row.attempts for row in site.rows()] == [1, 1]


def nights_that_are_killed(
    home: Path, place: str, moments: list[tuple[str, str | None, float]]
) -> tuple[list[list[object]], Site]:
    """Do three nights in children that are killed; return what became of each, and the last."""
    sites = []
    for number in range(3):
        site = Site(home=home / f"night-{number}", places={"folders": place})
        site.register["P1"] = {"notice_email": ADDRESS, "notice_frequency": "nightly"}
        for _ in range(number + 1):
            site.line("P1", listed=False)
        site.writes_by(os.environ["NOTIFY_URL"])
        site.write()
        sites.append(site)
    done = subprocess.run(
        [
            sys.executable, killing.__file__, str(home / "out"), json.dumps(moments),
            *(str(site.config) for site in sites),
        ],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert people_in(done.stdout + done.stderr) == set()
    return [json.loads(line) for line in done.stdout.splitlines()], sites[-1]


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.parametrize("way", ["folder", "OpenSSH"])
def test_wherever_a_night_is_killed_each_provider_is_told_once(
    site: Site, there: Notify, keys: Keys, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setenv("NOTIFY_URL", there.base_url)
    draw = random.Random(way)
    moments: list[tuple[str, str | None, float]] = [("run", None, draw.uniform(0.0, 1.0))]
    moments += [("run", "Recorded:", draw.uniform(0.0, 1.0)) for _ in range(3)]
    moments += [("run", "Written:", draw.uniform(0.0, 0.4)) for _ in range(4)]

    def nights(
        name: str, killed: list[tuple[str, str | None, float]]
    ) -> tuple[Files, Files, list[str]]:
        home, root = site.home / name, site.home / name / "hands"
        root.mkdir(parents=True)
        there.emails.clear()
        with ExitStack() as running:
            place = folder_place(root)
            if way == "OpenSSH":
                place = sftp_place(running.enter_context(openssh(root, keys)), keys, home)
            ends, _ = nights_that_are_killed(home, place, killed)
        assert [end[3] for end in ends if end[2] == "code"] == [0, 0, 0]
        if killed:
            assert sum(end[3] is True for end in ends) > len(ends) / 3
        made = {k: v for k, v in below(home / "out").items() if "/notices/" in k}
        return below(root), made, [each.reference or "" for each in there.emails]

    laid, made, emails = nights("killed", moments)
    assert (laid, made) == nights("in-peace", [])[:2]
    assert {name.rpartition("/")[2] for name in laid} == {name.rpartition("/")[2] for name in made}
    assert emails == [f"P1-2026-11-{day}" for day in (18, 19, 20)]


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.xdist_group("commands")
def test_nights_as_they_are_typed_end_with_3_until_everybody_is_told(
    site: Site, there: Notify, capfd: pytest.CaptureFixture[str]
) -> None:
    site.register["P1"] = {"notice_email": ADDRESS}
    site.line("P1", listed=False)
    site.folders.rename(site.home / "away")
    site.write()
    cpli = [sys.executable, "-c", "import sys; from cli.main import main; sys.exit(main())"]
    where = ["--config", str(site.config), "--out", str(site.out)]
    known = {name: it for name, it in os.environ.items() if name != "PREFECT_HOME"}
    ended = []
    for night in (FRIDAY, SATURDAY, SUNDAY):
        typed = [*cpli, "run", "--as-of", str(night), *where]
        ended.append(subprocess.run(typed, capture_output=True, text=True, env=known, check=False))
    assert [each.returncode for each in ended] == [3, 3, 3], ended[0].stderr
    assert "Waiting: 2 notices, 1 email: see cpli notices" in ended[-1].stdout
    assert site.cpli("notices") == 3
    (site.home / "away").rename(site.folders)
    assert site.cpli("notices", "--deliver") == 0
    assert below(site.folders) == site.made(FRIDAY)
    assert [each.reference for each in there.emails] == [f"P1-{FRIDAY}"]
    typed = [*cpli, "run", "--as-of", str(SUNDAY), *where]
    last = subprocess.run(typed, capture_output=True, text=True, env=known, check=False)
    assert last.returncode == 0, last.stderr
    printed = capfd.readouterr()
    said = "".join(each.stdout + each.stderr for each in [*ended, last]) + printed.out + printed.err
    assert people_in(said) == set()
    assert "example.org" not in said
    assert len(there.emails) == 1
    assert govuk.KEY not in said
