"""Whole nights: other columns on the second one are seen, told, and name nobody."""

import json
import logging
import re
import sqlite3
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from folders.canonical import (
    AS_OF,
    LEICESTER,
    RUTLAND,
    Sources,
    csv_bytes,
    entry,
    shown,
)
from lineage.spec import faults

from casebook.store import Casebook
from flows import lineage
from flows.account import Account
from flows.nightly import run_night
from flows.origin import origin_of
from flows.steps import Done, conclude, open_source, pull_in_memory
from schemas.errors import NothingAssessed, TryAgainLater
from schemas.gates import Consequence, GateOutcome, GateResult, GateSeverity, GateSource
from schemas.lineage import ColumnType, Drift, NotedSchema, Retyped
from schemas.tables import CASELOAD, CPLI
from settings.settings import load_settings

pytestmark = [pytest.mark.server, pytest.mark.xdist_group("prefect")]

NEXT = date(2026, 11, 21)
MARKER = "Zzmarker Person"
CELL = "Zzcell Person"


@pytest.fixture(autouse=True)
def _key(monkeypatch, prefect, tmp_path):
    monkeypatch.setenv("CPLI_IDENTITY_KEY", "a key for tests alone")
    monkeypatch.setenv("CPLI_LINEAGE__FILE", str(tmp_path / "lineage.jsonl"))


def run(sources: Sources, tmp_path: Path, *councils: str, as_of: date = AS_OF) -> Done:
    return run_night(sources.root, tmp_path / "out", as_of=as_of, councils=councils)


def events(tmp_path: Path) -> list[dict[str, Any]]:
    lines = (tmp_path / "lineage.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def told(tmp_path: Path, night: date, file: str) -> Any:
    return json.loads((tmp_path / "out" / night.isoformat() / file).read_text())


@pytest.fixture
def casebook(tmp_path: Path) -> Casebook:
    """Return a casebook without a night."""
    return Casebook.open(f"sqlite:///{tmp_path}/casebook.db")


def account_of(sources: Sources, as_of: date) -> Account:
    settings = load_settings()
    pulls = pull_in_memory(*open_source(sources.root), as_of=as_of, settings=settings)
    return conclude(pulls, as_of=as_of, settings=settings)


def note(
    sources: Sources, casebook: Casebook, as_of: date, *, key: bytes = b"key"
) -> tuple[NotedSchema, ...]:
    return lineage.note_schemas(account_of(sources, as_of), casebook, key=key, whole=True)


def drifts(done: Done) -> Mapping[str, Drift]:
    return {each.source: each for each in lineage.drift_of(done.schemas)}


def spoil(sources: Sources) -> None:
    """Let the next night's sources have other columns: a council's, the portal's, a caseload's."""
    names = [name for name in CPLI.all if name != "commissioning_team"]
    rows = [{**row, "Ward": "7"} for row in sources.cplis[LEICESTER]]
    sources.write(f"council/{LEICESTER}/cpli.csv", csv_bytes(rows, [*names, "Ward"]))
    portal = [{**shown(row), "start_date": "soon"} for row in sources.cplis[RUTLAND]]
    sources.portal(RUTLAND, portal, dated=AS_OF)
    everyone = [row for rows in sources.cplis.values() for row in rows]
    entries = [{**entry(row), MARKER: CELL} for row in everyone if row["provider_id"] == "P1"]
    sources.caseload("P1", entries, dated=AS_OF, columns=[*CASELOAD.all, MARKER])


def was_made_of_what_lies_there(told: list[dict[str, Any]]) -> None:
    began, ended = told
    assert [*faults(began), *faults(ended)] == []
    assert (began["eventType"], ended["eventType"]) == ("START", "COMPLETE")
    assert began["run"]["runId"] == ended["run"]["runId"]
    assert began["inputs"] == began["outputs"] == []
    inputs = {each["name"]: each for each in ended["inputs"]}
    assert [name for name in inputs if LEICESTER in name or "/" not in name] == [
        "providers.csv",
        f"council/{LEICESTER}/cpli.csv",
        f"council/{LEICESTER}/portal_{{date}}.csv",
    ]
    assert {"caseload/P1_{date}.*", "caseload/P2_{date}.*"} <= inputs.keys()
    council = inputs[f"council/{LEICESTER}/cpli.csv"]
    assert council["inputFacets"]["dataQualityMetrics"]["rowCount"] == 2
    assert len(council["facets"]["schema"]["fields"]) == len(CPLI.all)
    assert {each["name"] for each in ended["outputs"]} == {
        "discrepancies.csv", "casebook", "feed", "notices",
    }  # fmt: skip


def nobody_is_named(tmp_path: Path, prefect: Path, *texts: str) -> None:
    """Look for a heading and a cell of a caseload in all that a night says and leaves."""
    looked_at = [*texts, (tmp_path / "lineage.jsonl").read_text()]
    files = [*(tmp_path / "out").rglob("*.*")]
    looked_at += [path.read_text() for path in files if path.suffix in {".json", ".csv", ".html"}]
    for database in (tmp_path / "out" / "casebook.db", prefect):
        connection = sqlite3.connect(database)
        looked_at += connection.iterdump()
        connection.close()
    assert len(looked_at) > 100
    for text in looked_at:
        assert not re.search("zzmarker|zzcell", text, re.IGNORECASE)


def test_other_columns_on_the_second_night_are_seen_and_told_and_nobody_is_named(
    sources, tmp_path, caplog, prefect
):
    first = run(sources, tmp_path)
    assert (drifts(first), first.lineage_lost) == ({}, 0)
    assert told(tmp_path, AS_OF, "summary.json")["drift"] == []
    was_made_of_what_lies_there(events(tmp_path))
    spoil(sources)
    with caplog.at_level(logging.DEBUG):
        second = run(sources, tmp_path, as_of=NEXT)
    found = drifts(second)
    assert [*found] == ["caseload P1", f"cpli {LEICESTER}", f"portal {RUTLAND}"]
    council = found[f"cpli {LEICESTER}"]
    assert (council.owner, council.since) == (LEICESTER, AS_OF)
    assert (council.gone, council.new) == (("commissioning_team",), ("Ward",))
    retyped = Retyped(column="start_date", before=ColumnType.DATE, now=ColumnType.TEXT)
    assert found[f"portal {RUTLAND}"].retyped == (retyped,)
    [unknown] = found["caseload P1"].new
    assert unknown.startswith("unknown ")
    assert len(unknown) == len("unknown ") + lineage.HASH_LENGTH
    assert f"cpli {LEICESTER}: other columns than on 2026-11-20" in caplog.text
    summary = told(tmp_path, NEXT, "summary.json")["drift"]
    assert [each["source"] for each in summary] == [*found]
    assert summary[1]["what"] == [*council.words]

    file = told(tmp_path, NEXT, "quality/lineage.json")
    by_source = {each["source"]: each for each in file["sources"]}
    assert len(by_source) == 1 + 2 * 3 + 2
    change = by_source[f"cpli {LEICESTER}"]["change"]
    assert (change["gone"], change["new"], change["since"]) == (
        ["commissioning_team"],
        ["Ward"],
        "2026-11-20",
    )
    assert by_source["providers"]["change"] is None
    assert {"name": "nhs_number", "type": "integer"} in by_source["caseload P1"]["columns"]
    casebook = Casebook.open(f"sqlite:///{tmp_path}/out/casebook.db", read_only=True)
    assert casebook.lineage().noted(NEXT) == second.schemas
    nobody_is_named(tmp_path, prefect / "prefect.db", caplog.text, repr(second))


def test_a_heading_that_is_a_name_is_known_again(sources, casebook):
    spoil(sources)
    first = note(sources, casebook, NEXT)
    assert lineage.drift_of(note(sources, casebook, date(2026, 11, 22))) == ()
    assert MARKER not in repr(first)


def test_another_key_gives_a_heading_another_name(sources, casebook):
    spoil(sources)
    names = [
        note(sources, casebook, NEXT, key=key)[0].schema.columns[-1].name for key in (b"1", b"2")
    ]
    assert all(name.startswith("unknown ") for name in names)
    assert names[0] != names[1]


def test_a_renamed_column_for_which_a_council_is_refused_is_told_and_the_change_back_too(
    sources, casebook
):
    note(sources, casebook, AS_OF)
    rows = [{**row, "nhs_no": row["nhs_number"]} for row in sources.cplis[LEICESTER]]
    names = ["nhs_no" if name == "nhs_number" else name for name in CPLI.all]
    sources.write(f"council/{LEICESTER}/cpli.csv", csv_bytes(rows, names))
    [drift] = lineage.drift_of(note(sources, casebook, NEXT))
    assert (drift.source, drift.retyped) == (f"cpli {LEICESTER}", ())
    assert drift.renamed == (("nhs_number", "nhs_no"),)
    sources.council(LEICESTER, sources.cplis[LEICESTER])
    [back] = lineage.drift_of(note(sources, casebook, date(2026, 11, 22)))
    assert back.renamed == (("nhs_no", "nhs_number"),)


def test_an_extract_without_a_usable_cpli_is_told_of_all_the_same(sources, casebook):
    note(sources, casebook, AS_OF)
    sources.write(f"council/{LEICESTER}/cpli.csv", csv_bytes([], [*CPLI.all, "Ward"]))
    [drift] = lineage.drift_of(note(sources, casebook, NEXT))
    assert (drift.source, drift.new) == (f"cpli {LEICESTER}", ("Ward",))


def test_columns_that_cannot_be_noted_stop_no_night(sources, casebook, monkeypatch, caplog):
    def busy(self, *args, **kwargs):
        raise TryAgainLater("The record of nights is busy. Run the night again.")

    for failing in (busy, faulty):
        monkeypatch.setattr("casebook.lineage.Lineage.note", failing)
        assert note(sources, casebook, AS_OF) == ()
    assert "could not be noted. The record of nights is busy" in caplog.text
    assert "could not be noted. A fault of ours: KeyError" in caplog.text
    assert CELL not in caplog.text


@pytest.mark.slow
def test_a_run_of_some_councils_keeps_what_came_of_the_others(sources, tmp_path):
    run(sources, tmp_path)
    before = told(tmp_path, AS_OF, "quality/lineage.json")
    run(sources, tmp_path, LEICESTER)
    assert told(tmp_path, AS_OF, "quality/lineage.json") == before
    assert len(events(tmp_path)[-1]["inputs"]) == 1 + 2 + 2


def test_a_night_that_fails_tells_why(sources, tmp_path):
    sources.remove("providers.csv")
    with pytest.raises(NothingAssessed):
        run(sources, tmp_path)
    _, failed = events(tmp_path)
    assert [*faults(failed)] == []
    assert failed["eventType"] == "FAIL"
    assert "providers.csv did not come" in failed["run"]["facets"]["errorMessage"]["message"]
    assert not (tmp_path / "out" / AS_OF.isoformat() / "quality" / "lineage.json").exists()


def telling(sources: Sources, tmp_path: Path, **ids: str) -> lineage.Telling:
    origin = origin_of(sources.root, tmp_path, config=None, as_of=AS_OF)
    return lineage.telling(origin, **{"run_id": None, **ids})


def test_a_fault_of_ours_is_told_without_what_it_says(sources, tmp_path):
    ids = {
        name: f"01234567-0000-4000-8000-00000000000{n}"
        for n, name in enumerate(("run_id", "parent"))
    }
    with pytest.raises(KeyError), telling(sources, tmp_path, **ids):
        raise KeyError(CELL)
    with pytest.raises(KeyboardInterrupt), telling(sources, tmp_path):
        raise KeyboardInterrupt
    _, failed, _, stopped = events(tmp_path)
    facets = failed["run"]["facets"]
    assert facets["errorMessage"]["message"].startswith("A fault of ours: KeyError")
    assert (failed["run"]["runId"], facets["parent"]["run"]["runId"]) == (*ids.values(),)
    assert CELL not in json.dumps(failed)
    assert stopped["eventType"] == "ABORT"


def test_a_receiver_in_trouble_stops_no_night_and_what_was_lost_is_counted(
    sources, tmp_path, monkeypatch, caplog, receiver
):
    monkeypatch.delenv("CPLI_LINEAGE__FILE")
    monkeypatch.setenv("CPLI_LINEAGE__URL", receiver.url)
    monkeypatch.setenv("CPLI_LINEAGE__TOKEN", "hunter2")
    monkeypatch.setenv("CPLI_LINEAGE__NAMESPACE", "llr")
    receiver.answer = 503
    done = run(sources, tmp_path)
    assert (done.exit_code, done.lineage_lost) == (0, 2)
    assert "Lineage: an event (START) was lost. The receiver of lineage" in caplog.text
    assert [each["eventType"] for each in receiver.events] == ["START", "COMPLETE"]
    assert {each["job"]["namespace"] for each in receiver.events} == {"llr"}
    assert set(receiver.tokens) == {"Bearer hunter2"}


def gate(source: GateSource, owner: str) -> GateResult:
    return GateResult(
        source=source,
        owner=owner,
        gate="rows",
        severity=GateSeverity.CRITICAL,
        outcome=GateOutcome.PASSED,
        consequence=Consequence.NONE,
        observed=2,
    )


def faulty(*args: object, **kwargs: object) -> str:
    raise KeyError(CELL)


def test_gates_stand_beside_their_source_and_a_fault_in_telling_stops_nothing(
    sources, casebook, tmp_path, monkeypatch, caplog
):
    account = account_of(sources, AS_OF)
    done = Done(
        as_of=AS_OF,
        folder=tmp_path,
        files=(),
        councils=account.councils,
        missed=(),
        summary=account.summary,
        sources=account.sources,
        schemas=note(sources, casebook, AS_OF),
    )
    gates = [
        gate(GateSource.CPLI, LEICESTER),
        gate(GateSource.CASELOAD, "P1"),
        gate(GateSource.PROVIDERS, ""),
        gate(GateSource.RESULT, LEICESTER),
        gate(GateSource.CASELOAD, ""),
    ]
    telling(sources, tmp_path).done(done, gates)
    [event] = events(tmp_path)
    assert [*faults(event)] == []
    assert [each["name"] for each in event["inputs"] if len(each["inputFacets"]) > 1] == [
        "providers.csv",
        f"council/{LEICESTER}/cpli.csv",
        "caseload/P1_{date}.*",
    ]
    tests = event["run"]["facets"]["test"]["tests"]
    assert [(each["name"], each["type"]) for each in tests] == [
        (f"rows {LEICESTER}", "result"),
        ("rows", "caseload"),
    ]
    assert {each["name"] for each in event["outputs"]} == {"discrepancies.csv", "casebook"}
    monkeypatch.setattr(lineage, "dataset_name", faulty)
    faltering = telling(sources, tmp_path)
    faltering.done(done, gates)
    assert faltering.lost == 1
    assert "an event (COMPLETE) was lost. A fault of ours: KeyError" in caplog.text
    assert CELL not in caplog.text


CONFIGURED = """
[places.top]
connector = "folder"
path = "top"

[places.finance]
connector = "sql"
url = "sqlite:///finance.sqlite"

[providers]
place = "top"
file = "providers.csv"

[supplier_references]
place = "top"
file = "references_{date}.csv"

[councils.leicester]
code = "E06000016"
cpli = {place = "finance", table = "line"}
portal = {place = "finance", query = "SELECT * FROM shown"}

[caseloads]
place = "top"
"""


def test_configured_sources_are_known_by_whose_they_are_and_how_they_are_named(tmp_path):
    config = tmp_path / "cpli.toml"
    config.write_text(CONFIGURED)
    origin = origin_of(None, tmp_path / "out", config=config, as_of=AS_OF)
    sources = (
        "providers", "supplier references", f"cpli {LEICESTER}", f"portal {LEICESTER}",
        "caseload P1", f"cpli {RUTLAND}",
    )  # fmt: skip
    assert [lineage.dataset_name(source, origin) for source in sources] == [
        "providers/top/providers.csv",
        "supplier_references/top/references_{date}.csv",
        f"council/{LEICESTER}/cpli/finance/line",
        f"council/{LEICESTER}/portal/finance/query",
        "caseload/P1/top/P1_{date}.*",
        f"council/{RUTLAND}/cpli",
    ]
