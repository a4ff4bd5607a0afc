"""What a person lets out is the night that it would have been, and so is what is mended."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from signal import SIGKILL
from typing import Any

import pytest
from folders.canonical import LEICESTER, LEICESTERSHIRE, RUTLAND, csv_bytes
from gates.site import (
    CASES,
    FRIDAY,
    KEY,
    SATURDAY,
    THURSDAY,
    Rows,
    Site,
    failed,
    of_council,
)

from casebook.gates import GateNight
from schemas.gates import (
    Consequence,
    GateOutcome,
    GateResult,
    GateSeverity,
    GateSource,
)
from schemas.tables import CPLI

pytestmark = pytest.mark.xdist_group("gates let_out")
"""What is played for all of them is played once."""

LATER_EXPORT = r"T12:00:0[0-9]Z|\"versionId\":\"[0-9]+\""
FAULTS = {LEICESTERSHIRE: "halved", RUTLAND: "forgotten"}


@pytest.fixture(scope="module")
def stopped(begun: Site, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Site]:
    """Return what gives a site of which gates have stopped a council; to be copied."""
    made: dict[str, Site] = {}

    def give(council: str) -> Site:
        if council not in made:
            site = begun.copy(tmp_path_factory.mktemp("stopped"))
            getattr(site, FAULTS[council]).add(council)
            assert site.do().exit_code == 3
            made[council] = site
        return made[council]

    return give


@pytest.fixture(scope="module")
def let_out(
    begun: Site, stopped: Callable[[str], Site], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Site]:
    """Return what gives a site that was done with what stopped it let out beforehand."""
    made: dict[str, Site] = {}

    def give(council: str) -> Site:
        if council not in made:
            results = stopped(council).casebook.gates().results(FRIDAY)
            site = begun.copy(tmp_path_factory.mktemp("let-out"))
            getattr(site, FAULTS[council]).add(council)
            site.let_out_beforehand(*failed(results, council))
            assert site.do().exit_code == 0
            made[council] = site
        return made[council]

    return give


@pytest.fixture
def held(stopped: Callable[[str], Site], tmp_path: Path) -> Site:
    """A site of one's own of which Rutland is held."""
    return stopped(RUTLAND).copy(tmp_path / "held")


def as_it_stands(site: Site) -> dict[str, Any]:
    """Return what a night came to, in whichever and however many runs.

    A version says how often a case was written about, an export's name and a notice's number how
    often somebody was told; what is told in the end is compared instead.
    """
    tables = site.tables()
    versions = {"version", "number", "content_hash", "turns_on"}
    for row in tables["feed_resource"]:
        # A later export of a night is a second younger.
        row["content"] = re.sub(
            r"T12:00:0[0-9]Z|\"versionId\":\"[0-9]+\"", "", row["content"] or ""
        )
    tables["feed_resource"].sort(key=lambda row: row["id"])
    stands = {
        name: [{key: it for key, it in row.items() if key not in versions} for row in tables[name]]
        for name in (*CASES, "night_discrepancy", "night_council", "night_source",
                     "night_not_assessed", "night_timeliness", "feed_resource", "case_night")
    }  # fmt: skip
    files = site.folder()
    names = ("discrepancies.csv", "timeliness.csv", "refusals.csv", "withheld.csv")
    stands["files"] = {name: files[name] for name in names}
    stands["held"] = [name for name in files if name.startswith("held/")]
    said = site.summary()
    stands["summary"] = {key: it for key, it in said.items() if key not in ("feed", "notices")}
    stands["published"] = said["feed"]["published"]
    stands["told"] = told(site, tables)
    stands["accepted"] = tables["gate_night"]
    stands["kept"] = tables["held_file"]
    return stands


def told(site: Site, tables: Rows) -> dict[str, object]:
    """Return what each provider was told last, but for what that notice is called."""
    latest = {row["provider_id"]: row["number"] for row in tables["notice"]}
    return {
        provider: {
            key: it
            for key, it in site.casebook.notices().content(number).items()
            if key not in ("name", "reference")
        }
        for provider, number in latest.items()
    }


@pytest.mark.parametrize("council", FAULTS, ids=["a source", "a result"])
def test_what_is_let_out_is_the_night_that_it_would_have_been(
    council: str,
    stopped: Callable[[str], Site],
    let_out: Callable[[str], Site],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    site = stopped(council).copy(tmp_path / "site")
    assert as_it_stands(site) != as_it_stands(let_out(council))
    assert site.release(council) == 0
    released, alike = as_it_stands(site), as_it_stands(let_out(council))
    for name in alike:
        assert released[name] == alike[name], name
    assert "Let out:" in capsys.readouterr().out


@pytest.mark.parametrize("now", ["moved away", "changed"])
def test_what_was_looked_at_goes_out_whatever_became_of_the_sources(
    now: str, held: Site, let_out: Callable[[str], Site]
) -> None:
    if now == "changed":
        held.forgotten.clear()
        held.lines = [row for row in held.lines if row["local_authority"] != RUTLAND]
        held.write()
    else:
        (held.home / "sources").rename(held.home / "elsewhere")
    assert held.release("rutland") == 0
    assert as_it_stands(held) == as_it_stands(let_out(RUTLAND))


def test_who_let_it_out_and_why_is_on_record_and_shown_and_twice_is_once(
    held: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    assert held.release(RUTLAND, why="  Asked three of them ") == 0
    assert held.cpli("casebook", "verify") == 0
    tables, files = held.tables(), held.folder()
    [row] = tables["gate_release"]
    assert (row["who"], row["owner"], row["reason"]) == (
        "A. Manager", RUTLAND, "Asked three of them",
    )  # fmt: skip
    [entry] = [it for it in tables["history"] if it["what"] == "released"]
    assert (entry["who"], entry["night"], entry["action_number"]) == (
        "A. Manager", str(FRIDAY), row["number"],
    )  # fmt: skip
    for said in ("A. Manager", "Asked three of them"):
        assert said in files["quality/gates.html"].decode()
    outcomes = {
        it.gate: it.outcome
        for it in held.casebook.gates().results(FRIDAY)
        if (it.owner, it.source) == (RUTLAND, GateSource.RESULT)
    }
    assert outcomes["not_reported_share"] is GateOutcome.RELEASED
    assert GateOutcome.FAILED not in outcomes.values()
    [alert] = tables["alert"]
    assert (alert["kind"], alert["recovered_on"]) == ("held", str(FRIDAY))
    assert tables["held_file"] == []
    capsys.readouterr()
    assert held.release(RUTLAND) == 2
    assert "No gate keeps Rutland" in capsys.readouterr().err
    assert (held.tables(), held.folder()) == (tables, files)


def test_what_may_not_be_let_out_is_refused_in_plain_words_and_nothing_changes(
    held: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    before = held.tables(), held.folder()

    def refused(said: str, *arguments: str, night: date = FRIDAY) -> None:
        assert held.cpli("release", str(night), "--who", "A. Manager", *arguments) == 2
        assert said in capsys.readouterr().err
        assert (held.tables(), held.folder()) == before

    why = ("--reason", "It is so")
    refused("No gate keeps Leicester from", "--council", "Leicester", *why)
    refused("The night of 2026-11-20 is on record, and says more", "--council", RUTLAND, *why,
            night=THURSDAY)  # fmt: skip
    refused("2026-11-21 is not on record", "--council", RUTLAND, *why, night=SATURDAY)
    refused("must not be empty", "--council", RUTLAND, "--reason", "  ")
    refused("must not be empty", "--council", RUTLAND, *why, "--who", " ")
    refused("knows the council E06000099", "--council", "E06000099", *why)
    refused("No gate keeps P1 from", "--provider", "P1", *why)
    refused("No gate keeps P9 from", "--provider", "P9", *why)
    refused("--council COUNCIL or --provider", *why)
    refused("--council COUNCIL or --provider", "--council", RUTLAND, "--provider", "P1", *why)


def test_a_night_of_which_nothing_is_held_or_nothing_came_has_nothing_to_let_out(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.away.add(RUTLAND)
    assert site.do().exit_code == 3
    before = site.tables(), site.folder()
    assert site.release(RUTLAND) == 2
    assert "Nothing that can be used came of Rutland" in capsys.readouterr().err
    assert site.release(LEICESTER) == 2
    assert "No gate keeps Leicester from" in capsys.readouterr().err
    assert (site.tables(), site.folder()) == before
    assert before[0]["held_file"] == []


@pytest.mark.parametrize("whole", [True, False], ids=["the night", "the council alone"])
def test_what_is_mended_is_as_if_it_had_been_right_at_once(
    whole: bool, held: Site, right: Site
) -> None:
    assert "held/E06000017/discrepancies.csv" in held.folder()
    held.forgotten.clear()
    held.become(FRIDAY)
    held.write()
    chosen = () if whole else ("--council", RUTLAND)
    assert held.cpli("rerun", str(FRIDAY), *chosen) == 0
    mended, alike = as_it_stands(held), as_it_stands(right)
    of_the_run = () if whole else ("told", "summary", "night_source", "files")
    for name in alike:
        assert name in of_the_run or mended[name] == alike[name], name
    assert held.folder()["discrepancies.csv"] == right.folder()["discrepancies.csv"]
    [alert] = held.tables()["alert"]
    assert (alert["kind"], alert["recovered_on"]) == ("held", str(FRIDAY))


@pytest.fixture(scope="module")
def right(begun: Site, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site whose third night was right at once."""
    site = begun.copy(tmp_path_factory.mktemp("right"))
    assert site.do().exit_code == 0
    return site


def test_a_run_of_another_council_leaves_held_what_is_held(
    held: Site, let_out: Callable[[str], Site]
) -> None:
    looked_at = held.folder()["held/E06000017/discrepancies.csv"]
    before, failed = of_council(held.tables(), RUTLAND), held.summary()["gates"]["failed"]
    assert held.once_more(FRIDAY, LEICESTER).exit_code == 3
    assert held.summary()["gates"]["failed"] == failed
    assert of_council(held.tables(), RUTLAND) == before
    assert held.folder()["held/E06000017/discrepancies.csv"] == looked_at
    assert "28" in held.folder()["quality/gates.html"].decode()
    assert held.release(RUTLAND) == 0
    stands, alike = as_it_stands(held), as_it_stands(let_out(RUTLAND))
    for name in alike:
        assert stands[name] == alike[name], name


def test_a_run_of_the_council_that_is_held_holds_it_again(held: Site) -> None:
    before = of_council(held.tables(), RUTLAND)
    done = held.once_more(FRIDAY, RUTLAND, LEICESTER)
    assert (done.exit_code, [each.reason for each in done.missed]) == (3, ["held"])
    assert of_council(held.tables(), RUTLAND) == before
    assert len(held.tables()["alert"]) == 1


@pytest.mark.slow
def test_the_night_after_is_judged_from_the_one_that_was_let_out(site: Site) -> None:
    """Nine of 28 are far more than on the nights before, and not so many as are never let be."""
    remembered(site, "not_reported_share", 0.1)
    listed = site.listed
    forgotten = {row["cpli_id"] for row in site.of(RUTLAND)[10:16]}
    site.listed = lambda provider: [
        row for row in listed(provider) if row["cpli_id"] not in forgotten
    ]
    assert [each.reason for each in site.do().missed] == ["held"]
    assert site.release(RUTLAND) == 0
    assert site.do(SATURDAY).exit_code == 0


def remembered(site: Site, gate: str, figure: float) -> None:
    """Have some nights on record on which a figure of Rutland's result was the same."""
    for day in range(11, 18):
        result = GateResult(
            source=GateSource.RESULT,
            owner=RUTLAND,
            gate=gate,
            severity=GateSeverity.CRITICAL,
            outcome=GateOutcome.PASSED,
            consequence=Consequence.NONE,
            observed=figure,
        )
        night = GateNight(source=GateSource.RESULT, owner=RUTLAND, accepted=True)
        site.casebook.gates().keep(
            date(2026, 11, day),
            results=[result],
            nights=[night],
            judged={(GateSource.RESULT, RUTLAND)},
        )


STEPS = ["remember"]
ALL_STEPS = [
    "ready_to_let_out-", "pull_what_was_kept-", "remember-", "record_night", "publish_night-",
    "publish_night", "notices_of_night", "replace_folder-", "write_night", "deliver_exports",
    "tell_alerts", "let_go",
]  # fmt: skip


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.parametrize(
    ("council", "steps"),
    [
        pytest.param(RUTLAND, STEPS, marks=pytest.mark.slow),
        pytest.param(RUTLAND, ALL_STEPS, marks=pytest.mark.slow),
        pytest.param(LEICESTERSHIRE, [*STEPS, *ALL_STEPS], marks=pytest.mark.slow),
    ],
)
def test_wherever_a_release_is_killed_the_same_command_ends_where_it_would_have(
    council: str,
    steps: list[str],
    stopped: Callable[[str], Site],
    let_out: Callable[[str], Site],
    tmp_path: Path,
) -> None:
    sites = {step: stopped(council).copy(tmp_path / step) for step in steps}
    script = Path(__file__).with_name("killing.py")
    done = subprocess.run(
        [sys.executable, str(script), council, str(tmp_path), *steps],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"CPLI_IDENTITY_KEY": KEY, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    killed = [json.loads(line) for line in done.stdout.splitlines()]
    # Where all was done, nothing is left to be let out.
    assert killed == [[step, -SIGKILL, 2 if step == "let_go" else 0] for step in steps]
    alike = as_it_stands(let_out(council))
    for step, site in sites.items():
        stands = as_it_stands(site)
        for name in alike:
            assert stands[name] == alike[name], (step, name)
        tables = site.tables()
        assert len(tables["gate_release"]) == 1
        assert [row["recovered_on"] for row in tables["alert"]] == [str(FRIDAY)], step
        assert site.cpli("casebook", "verify") == 0


@pytest.mark.slow
def test_what_shows_only_now_is_held_until_somebody_has_looked_at_that_too(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    few = csv_bytes(site.of(RUTLAND)[:24], CPLI.known)
    site.forgotten.add(RUTLAND)
    site.spoil = lambda sources: sources.write(f"council/{RUTLAND}/cpli.csv", few)
    assert [council.reason for council in site.do().missed] == ["implausible"]
    with monkeypatch.context() as patch:
        patch.setattr("flows.nightly.record_night", stopped)
        assert site.release(RUTLAND) == 130
    # What the stopped run has found, nobody has seen.
    assert site.release(RUTLAND) == 3
    [release] = site.casebook.gates().releases(FRIDAY)
    assert {name.partition(".")[0] for name in release.figures} == {"cpli"}
    [held] = [it for it in site.casebook.night(FRIDAY).councils if not it.assessed]
    assert (held.local_authority, held.reason) == (RUTLAND, "held")
    assert site.release(RUTLAND) == 0
    assert len(site.casebook.gates().releases(FRIDAY)) == 2
