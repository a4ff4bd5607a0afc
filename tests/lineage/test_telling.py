"""Events are OpenLineage's, go nowhere else than they should, and keep no night waiting."""

import json
import os
import stat
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from house.repository import ROOT
from lineage.spec import faults

from connectors.lineage import telling
from connectors.lineage.events import PRODUCER, event_of
from connectors.lineage.facts import Input, NightTold, Output, Turn
from connectors.lineage.place import LineagePlace
from schemas.errors import PersonNeeded, TryAgainLater, WrongUsage
from schemas.gates import Consequence, GateOutcome, GateResult, GateSeverity, GateSource
from schemas.lineage import ColumnType, SchemaColumn
from settings.settings import load_settings

SAMPLE = (ROOT / "docs" / "cpli.sample.toml").read_text(encoding="utf-8")
RUN = UUID("01234567-0000-4000-8000-000000000001")
PARENT = UUID("01234567-0000-4000-8000-000000000002")
GATE = GateResult(
    source=GateSource.CPLI,
    owner="E06000016",
    gate="cpli_rows",
    severity=GateSeverity.CRITICAL,
    outcome=GateOutcome.FAILED,
    consequence=Consequence.NOT_ASSESSED,
    observed=50.0,
    lowest=90.0,
    highest=110.5,
)
TOLD = NightTold(
    run_id=RUN,
    turn=Turn.COMPLETED,
    at=datetime(2026, 11, 21, 2, 30, tzinfo=UTC),
    as_of=date(2026, 6, 20),
    namespace="llr",
    inputs=(
        Input(
            name="council/E06000016/cpli.csv",
            columns=(SchemaColumn(name="cpli_id", type=ColumnType.INTEGER),),
            rows=50,
            size_bytes=4_000,
            gates=(GATE, replace(GATE, outcome=GateOutcome.NOT_JUDGED)),
        ),
        Input(name="providers.csv"),
    ),
    outputs=(
        Output(name="discrepancies.csv", columns=("discrepancy_id",), rows=7),
        Output(name="notices", files=3),
        Output(name="feed"),
    ),
    gates=(replace(GATE, source=GateSource.RESULT, severity=GateSeverity.WARNING, highest=None),),
    error="It went wrong.",
    parent=PARENT,
)


def told_by(place: LineagePlace) -> dict:
    telling.tell(place, TOLD)
    [line] = place.file.read_text().splitlines()
    return json.loads(line)


def test_an_event_is_what_openlineage_asks_for(tmp_path):
    event = told_by(LineagePlace(file=tmp_path / "lineage.jsonl"))
    assert [*faults(event)] == []
    assert event["producer"] == PRODUCER == event["inputs"][0]["facets"]["schema"]["_producer"]
    assert (event["eventType"], event["eventTime"]) == ("COMPLETE", "2026-11-21T02:30:00+00:00")
    assert event["run"]["runId"] == str(RUN)
    assert (event["job"]["namespace"], event["job"]["name"]) == ("llr", "night")
    about = event["run"]["facets"]
    assert about["nominalTime"]["nominalStartTime"] == "2026-06-20T00:00:00+01:00"
    assert about["nominalTime"]["nominalEndTime"] == "2026-06-21T00:00:00+01:00"
    assert about["parent"]["run"] == {"facets": {}, "runId": str(PARENT)}
    assert about["errorMessage"]["message"] == "It went wrong."


def test_an_event_tells_counts_columns_and_gates(tmp_path):
    event = told_by(LineagePlace(file=tmp_path / "lineage.jsonl"))
    council, register = event["inputs"]
    [field] = council["facets"]["schema"]["fields"]
    assert (field["name"], field["type"]) == ("cpli_id", "integer")
    metrics = council["inputFacets"]["dataQualityMetrics"]
    assert (metrics["rowCount"], metrics["bytes"], metrics["fileCount"]) == (50, 4_000, 1)
    [assertion] = council["inputFacets"]["dataQualityAssertions"]["assertions"]
    assertion.pop("params")
    assert assertion == {
        "assertion": "cpli_rows", "success": False, "severity": "error",
        "expected": "90 to 110.5", "actual": "50",
    }  # fmt: skip
    assert register["facets"] == {}
    [result] = event["run"]["facets"]["test"]["tests"]
    assert (result["name"], result["status"]) == ("cpli_rows E06000016", "fail")
    assert (result["severity"], result["expected"]) == ("warn", "at least 90")
    found, notices, feed = event["outputs"]
    assert found["outputFacets"]["outputStatistics"]["rowCount"] == 7
    assert notices["outputFacets"]["outputStatistics"]["fileCount"] == 3
    assert feed["outputFacets"] == {}


@pytest.mark.parametrize(
    ("lowest", "highest", "said"), [(None, 3.0, "at most 3"), (None, None, None)]
)
def test_bounds_are_said_as_far_as_there_are_any(lowest, highest, said):
    gate = replace(GATE, lowest=lowest, highest=highest)
    event = event_of(replace(TOLD, gates=(gate,)))
    assert event.run.facets["test"].tests[0].expected == said


def test_events_are_added_to_a_file_that_only_its_owner_can_read(tmp_path):
    place = LineagePlace(file=tmp_path / "lineage.jsonl")
    telling.tell(place, replace(TOLD, turn=Turn.STARTED))
    telling.tell(place, TOLD)
    lines = [json.loads(line) for line in place.file.read_text().splitlines()]
    assert [line["eventType"] for line in lines] == ["START", "COMPLETE"]
    assert stat.S_IMODE(place.file.stat().st_mode) == 0o600


def test_a_file_that_cannot_be_written_needs_a_person(tmp_path):
    with pytest.raises(PersonNeeded, match=r"No such file or directory\. Make its folder"):
        telling.tell(LineagePlace(file=tmp_path / "nowhere" / "lineage.jsonl"), TOLD)


def test_events_are_posted_with_the_token_and_whatever_the_surroundings_say_goes_nowhere(
    receiver, tmp_path, monkeypatch
):
    monkeypatch.setenv("OPENLINEAGE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("OPENLINEAGE_DISABLED", "true")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "console")
    monkeypatch.setenv("OPENLINEAGE__FACETS__ENVIRONMENT_VARIABLES", '["HOME"]')
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    (tmp_path / "openlineage.yml").write_text("transport:\n  type: console\n")
    monkeypatch.chdir(tmp_path)
    telling.tell(LineagePlace(url=receiver.url, token="hunter2"), TOLD)
    [event] = receiver.events
    assert [*faults(event)] == []
    assert (receiver.paths, receiver.tokens) == (["/api/v1/lineage"], ["Bearer hunter2"])


def test_an_address_with_a_path_of_its_own_is_taken_as_it_is(receiver):
    telling.tell(LineagePlace(url=f"{receiver.url}/catalogue/lineage"), TOLD)
    assert (receiver.paths, receiver.tokens) == (["/catalogue/lineage"], [None])


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (401, PersonNeeded, r"The receiver of lineage \(127.0.0.1\) refused us \(401\)"),
        (404, PersonNeeded, r"takes no events at this address \(it answered with 404\)"),
        (302, PersonNeeded, "takes no events at this address"),
        (429, TryAgainLater, "answered with 429"),
        (503, TryAgainLater, "answered with 503"),
    ],
)
def test_what_a_receiver_answers_is_said_in_our_words_and_asked_once(receiver, answer, kind, said):
    receiver.answer = answer
    with pytest.raises(kind, match=said) as trouble:
        telling.tell(LineagePlace(url=receiver.url, token="hunter2"), TOLD)
    assert len(receiver.events) == 1
    assert receiver.url not in str(trouble.value)
    assert "hunter2" not in str(trouble.value)
    assert trouble.value.__context__ is None


def test_a_receiver_that_is_not_there_may_come_back():
    with pytest.raises(TryAgainLater, match="cannot be reached"):
        telling.tell(LineagePlace(url="http://127.0.0.1:9"), TOLD)


def test_a_receiver_that_says_nothing_is_left_in_time(receiver):
    receiver.silent.set()
    began = time.monotonic()
    with pytest.raises(TryAgainLater, match=r"did not answer within 0\.2 seconds|cannot be"):
        telling.tell(LineagePlace(url=receiver.url, timeout_seconds=0.2), TOLD)
    assert time.monotonic() - began < 2


def test_what_hangs_below_the_request_is_left_in_time_too(receiver, monkeypatch):
    class Hanging:
        def emit(self, event):
            time.sleep(1)

        def close(self):
            pass

    monkeypatch.setattr(telling, "_transport", lambda place: Hanging())
    with pytest.raises(TryAgainLater, match=r"did not answer within 0\.1 seconds"):
        telling.tell(LineagePlace(url=receiver.url, timeout_seconds=0.1), TOLD)


@pytest.mark.parametrize(
    "url",
    [
        "", "lineage.example", "ftp://lineage.example", "http://lineage.example",
        "https://me:secret@lineage.example", "https://lineage.example/?a=b", "https://[",
    ],
)  # fmt: skip
def test_an_address_where_anybody_could_listen_is_refused_and_not_quoted(url):
    with pytest.raises(WrongUsage, match="go to a file, or to https") as wrong:
        LineagePlace(url=url)
    assert "secret" not in str(wrong.value)


def test_events_go_one_way(tmp_path):
    with pytest.raises(WrongUsage):
        LineagePlace(url="https://lineage.example", file=tmp_path / "x")


def test_settings_say_where_events_go(tmp_path, monkeypatch):
    config = tmp_path / "cpli.toml"
    config.write_text(SAMPLE + '[lineage]\nfile = "lineage.jsonl"\n')
    assert load_settings(config).lineage.file == tmp_path / "lineage.jsonl"
    config.write_text(SAMPLE + '[lineage]\nurl = "https://lineage.example"\nnamespace = "llr"\n')
    monkeypatch.setenv("CPLI_LINEAGE__TOKEN", "hunter2")
    lineage = load_settings(config).lineage
    assert (lineage.namespace, lineage.token.get_secret_value()) == ("llr", "hunter2")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('file = "a"\nurl = "https://b.example"', "set file or url, not both"),
        ('file = "a"\ntoken = "hunter2"', "secret"),
        ('url = "http://b.example"', "it must be https://HOST/PATH"),
        ('url = "https://b.example"\ntimeout_seconds = 600', "must be at most 30"),
    ],
)
def test_settings_that_cannot_be_meant_are_told(tmp_path, text, said):
    config = tmp_path / "cpli.toml"
    config.write_text(f"{SAMPLE}[lineage]\n{text}\n")
    with pytest.raises(WrongUsage, match=said) as wrong:
        load_settings(config)
    assert "hunter2" not in str(wrong.value)


def test_a_token_without_an_address_is_told(monkeypatch):
    monkeypatch.setenv("CPLI_LINEAGE__TOKEN", "hunter2")
    with pytest.raises(WrongUsage, match="token is for a url"):
        load_settings()


def test_who_tells_nobody_does_not_import_openlineage():
    script = "import sys, flows.lineage, settings.settings; print('openlineage' in sys.modules)"
    said = subprocess.run(
        [sys.executable, "-c", script], env=os.environ, capture_output=True, text=True, check=True
    )
    assert said.stdout == "False\n"
