"""What is made of figures: Great Expectations answers with booleans, and with nothing else."""

import ast
import json
import logging
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from house.repository import ROOT, modules, rooms
from house.test_rooms import imported

from quality import judging
from quality.bounds import Bounds, Within, within
from quality.catalogue import CATALOGUE, Held, gates_of
from quality.judging import Bounded, judge, judge_lists, of_all_lists, released, stops, validate
from schemas.errors import ContractBreach
from schemas.gates import (
    Consequence,
    GateOutcome,
    GateSeverity,
    GateSource,
    Unit,
)

AUTUMN = date(2026, 11, 20)
LEICESTER = "E06000016"
CPLI, CASELOAD = GateSource.CPLI, GateSource.CASELOAD
JUST = 0.4711


def like(held: Held, name: str, bounds: Bounds, *, severity: str = "critical") -> Held:
    """Return a gate like another one, but for its name, bounds and severity."""
    gate = replace(held.gate, name=name, severity=GateSeverity(severity), unit=Unit.COUNT)
    return Held(gate=gate, bounds=bounds)


@pytest.fixture
def gates(monkeypatch: pytest.MonkeyPatch) -> list[Held]:
    """Put gates of the tests' own in the place of the catalogue's."""
    sound = CATALOGUE[0]
    held = [
        like(sound, "floored", Bounds(floor=2.0)),
        like(sound, "capped", Bounds(ceiling=3.0), severity="warning"),
        like(sound, "both", Bounds(floor=2.0, ceiling=3.0)),
        like(sound, "usual", Bounds(margin=1.0, lower=0.0, upper=0.0, first_highest=9.0)),
        like(sound, "spring", Bounds(margin=1.0, upper=0.0, first_highest=9.0, spring=True)),
        like(sound, "boundless", Bounds(margin=1.0, upper=0.0)),
    ]

    def of(source: GateSource) -> tuple[Held, ...]:
        return tuple(replace(each, gate=replace(each.gate, source=source)) for each in held)

    monkeypatch.setattr(judging, "gates_of", of)
    judging._places.cache_clear()
    yield held
    judging._places.cache_clear()


def no_nights(source: GateSource, owner: str, gate: str) -> tuple[Sequence[float], bool]:
    return [], False


def outcomes(
    figures: Mapping[str, float | None], *, earlier=no_nights, as_of: date = AUTUMN
) -> dict[str, str]:
    made = judge(CPLI, LEICESTER, figures, earlier=earlier, as_of=as_of)
    return {each.gate: each.outcome.value for each in made}


@pytest.mark.parametrize(
    ("gate", "observed", "outcome"),
    [
        ("floored", 2.0, "passed"),
        ("floored", np.nextafter(2.0, 0), "failed"),
        ("floored", 1e300, "passed"),
        ("capped", 3.0, "passed"),
        ("capped", np.nextafter(3.0, 4), "failed"),
        ("capped", -1.0, "passed"),
        ("both", 2, "passed"),
        ("both", 3, "passed"),
        ("both", 1, "failed"),
        ("both", 4, "failed"),
        ("both", np.float64(4), "failed"),
        ("both", np.int64(4), "failed"),
        ("both", None, "not_judged"),
        ("both", float("nan"), "not_judged"),
        ("usual", 9.0, "passed"),
        ("usual", 9.1, "failed"),
        ("boundless", 9.0, "not_judged"),
    ],
)
def test_a_figure_on_its_bound_passes_and_one_beyond_it_fails(
    gates: list[Held], gate: str, observed: float | None, outcome: str
) -> None:
    assert outcomes({gate: observed}) == {
        held.gate.name: outcome if held.gate.name == gate else "not_judged" for held in gates
    }


def test_every_gate_says_something_in_the_order_of_the_page(gates: list[Held]) -> None:
    figures = {"usual": 5.0, "floored": 1.0, "spring": 5.0}
    made = judge(CPLI, LEICESTER, figures, earlier=no_nights, as_of=AUTUMN)
    assert [each.gate for each in made] == [held.gate.name for held in gates]
    assert {each.owner for each in made} == {LEICESTER}
    assert {type(each.observed) for each in made} == {float, type(None)}
    assert judge(CPLI, LEICESTER, {}, earlier=no_nights, as_of=AUTUMN)[0].observed is None


def test_what_is_not_judged_is_a_plain_number_too(gates: list[Held]) -> None:
    [*_, boundless] = judge(CPLI, LEICESTER, {"boundless": 7}, earlier=no_nights, as_of=AUTUMN)
    assert boundless.outcome is GateOutcome.NOT_JUDGED
    assert type(boundless.observed) is float


def test_a_figure_is_held_to_the_nights_of_its_own_gate_and_owner(gates: list[Held]) -> None:
    asked = []

    def earlier(source: GateSource, owner: str, gate: str) -> tuple[Sequence[float], bool]:
        asked.append((source, owner, gate))
        return ([20.0] * 9, False) if gate == "usual" else ([], False)

    assert outcomes({"usual": 20.5}, earlier=earlier)["usual"] == "passed"
    assert outcomes({"usual": 9.0}, earlier=earlier)["usual"] == "failed"
    assert set(asked) == {(CPLI, LEICESTER, held.gate.name) for held in gates}


def test_one_night_is_enough_where_a_person_let_it_out(gates: list[Held]) -> None:
    def told(anchored: bool) -> dict[str, str]:
        return outcomes({"usual": 20.5}, earlier=lambda *_: ([20.0], anchored))

    assert told(anchored=True)["usual"] == "passed"
    assert told(anchored=False)["usual"] == "failed"


@pytest.mark.parametrize(
    ("as_of", "outcome"),
    [
        (date(2027, 3, 17), "failed"),
        (date(2027, 3, 18), "not_judged"),
        (date(2027, 4, 1), "not_judged"),
        (date(2027, 5, 10), "not_judged"),
        (date(2027, 5, 11), "failed"),
    ],
)
def test_what_april_moves_is_not_judged_in_spring(
    gates: list[Held], as_of: date, outcome: str
) -> None:
    told = outcomes({"spring": 99.0, "usual": 99.0}, as_of=as_of)
    assert (told["spring"], told["usual"]) == (outcome, "failed")


@pytest.mark.parametrize(
    ("source", "consequence"),
    [
        (GateSource.PROVIDERS, Consequence.NOT_ASSESSED),
        (GateSource.CPLI, Consequence.NOT_ASSESSED),
        (GateSource.PORTAL, Consequence.NOT_USED),
        (GateSource.CASELOAD, Consequence.NOT_USED),
        (GateSource.RESULT, Consequence.HELD),
    ],
)
def test_what_fails_leads_to_what_its_source_and_severity_say(
    gates: list[Held], source: GateSource, consequence: Consequence
) -> None:
    figures = {"floored": 1.0, "capped": 9.0, "both": 2.5}
    critical, warning, passed, *_ = judge(
        source, LEICESTER, figures, earlier=no_nights, as_of=AUTUMN
    )
    assert (critical.consequence, stops(critical)) == (consequence, True)
    assert (warning.outcome, warning.consequence) == (GateOutcome.FAILED, Consequence.SHOWN)
    assert (passed.consequence, stops(passed), stops(warning)) == (Consequence.NONE, False, False)
    let_out = released((critical, warning, passed), lambda each: each is critical)
    assert let_out[0] == replace(
        critical, outcome=GateOutcome.RELEASED, consequence=Consequence.SHOWN
    )
    assert let_out[1:] == (warning, passed)
    assert not stops(let_out[0])
    assert released((critical, warning), lambda each: False) == (critical, warning)
    assert released((warning, passed), lambda each: True) == (warning, passed)


def lists_of(**columns: Sequence[float]) -> pd.DataFrame:
    """Return figures of lists, numbered 10, 20, ...; those that are not given are NaN."""
    rows = len(next(iter(columns.values())))
    nothing = {held.gate.name: [float("nan")] * rows for held in gates_of(CASELOAD)}
    index = pd.Index(np.arange(1, rows + 1) * 10, name="caseload")
    return pd.DataFrame(nothing | columns, index=index, dtype=np.float64)


OWNERS = pd.Series(["P1", "p1", "P2", "P1"], index=[10, 20, 30, 40])


def outside(held: Held) -> tuple[float, float]:
    """Return a figure that a gate of caseloads lets pass, and one that it does not."""
    bounds = within(held.bounds, [])
    if bounds.highest is None:
        return float(bounds.lowest), float(bounds.lowest) - 0.01
    return float(bounds.highest), float(bounds.highest) + 0.01


@pytest.mark.parametrize("held", gates_of(CASELOAD), ids=lambda held: held.gate.name)
def test_each_list_is_judged_by_itself_though_all_are_at_once(held: Held) -> None:
    fine, bad = outside(held)
    gates = gates_of(CASELOAD)
    failures = judge_lists(lists_of(**{held.gate.name: [bad, fine, bad, float("nan")]}), OWNERS)
    assert [sorted(each) for each in failures] == [
        [10, 30] if other is held else [] for other in gates
    ]
    mine = failures[gates.index(held)]
    assert {number: each.owner for number, each in mine.items()} == {10: "P1", 30: "P2"}
    assert {each.observed for each in mine.values()} == {bad}
    assert {each.outcome for each in mine.values()} == {GateOutcome.FAILED}
    told = list(of_all_lists(failures, lists=4))
    assert [each.gate for each in told] == [other.gate.name for other in gates if other is not held]
    assert {each.outcome for each in told} == {GateOutcome.PASSED}
    assert {(each.owner, each.observed, each.nights) for each in told} == {("", None, 0)}


def test_of_lists_without_a_figure_nothing_fails_and_without_lists_nothing_is_judged() -> None:
    name = gates_of(CASELOAD)[0].gate.name
    failures = judge_lists(lists_of(**{name: [float("nan")] * 3}), OWNERS)
    assert list(failures) == [{}] * len(gates_of(CASELOAD))
    empty = judge_lists(lists_of(**{name: [float("nan")]}).iloc[:0], OWNERS.iloc[:0])
    assert list(empty) == [{}] * len(gates_of(CASELOAD))
    told = list(of_all_lists(empty, lists=0))
    assert {each.outcome for each in told} == {GateOutcome.NOT_JUDGED}
    assert len(told) == len(gates_of(CASELOAD))


@pytest.mark.parametrize("says", [True, False])
def test_two_ways_of_judging_lists_that_disagree_are_a_fault_of_ours(
    monkeypatch: pytest.MonkeyPatch, says: bool
) -> None:
    held = gates_of(CASELOAD)[0]
    fine, bad = outside(held)
    names = [each.gate.name for each in gates_of(CASELOAD)]
    lists = lists_of(**{held.gate.name: [bad if says else fine]})
    monkeypatch.setattr(
        judging,
        "validate",
        lambda *_: dict.fromkeys(names, True) | {held.gate.name: says},
    )
    with pytest.raises(ContractBreach, match="judged in two ways") as told:
        judge_lists(lists, OWNERS)
    assert str(bad if says else fine) not in str(told.value)


def bounded(name: str, *, lowest: float | None = None, highest: float | None = None) -> Bounded:
    held = like(CATALOGUE[0], name, Bounds())
    return Bounded(held=held, observed=0.0, within=Within(lowest=lowest, highest=highest))


def test_a_column_without_a_value_passes_and_gaps_are_passed_over() -> None:
    frame = pd.DataFrame({"none": [np.nan] * 3, "some": [np.nan, 2.0, 3.0], "bad": [np.nan, 2, 4]})
    asked = [bounded(name, lowest=2.0, highest=3.0) for name in frame]
    assert validate("night", frame, asked) == {"none": True, "some": True, "bad": False}
    assert validate("night", frame, asked[:1]) == {"none": True}
    assert validate("night", pd.DataFrame([{}]), []) == {}
    assert validate("night", frame.iloc[:0], asked) == dict.fromkeys(frame, True)


MARKED = "Zebrowska 9990004711"


@pytest.mark.parametrize(
    "column",
    [[MARKED, 1.0], [MARKED, MARKED], [{MARKED: 1}, {}], [object(), 1.0]],
    ids=["a text among figures", "texts", "dicts", "objects"],
)
def test_what_great_expectations_cannot_judge_is_a_fault_of_ours_and_not_the_sources(
    column: list[object], caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(ContractBreach) as told:
        validate("night", pd.DataFrame({"figure": column}), [bounded("figure", lowest=0.5)])
    assert str(told.value) == "The gate figure could not be judged: a fault of ours."
    assert told.value.__cause__ is told.value.__context__ is None
    assert MARKED not in caplog.text + "".join(capfd.readouterr())


def test_no_answer_log_or_suite_of_great_expectations_holds_a_figure(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The bounds are in the suite; what was observed is nowhere, whether it passes or fails."""
    suite_of, batches = judging._great_expectations()
    answers = []

    class Watched:
        def get_batch(self, asked):
            batch = batches.get_batch(asked)

            class Batch:
                def validate(self, *suite, **how):
                    answers.append(batch.validate(*suite, **how))
                    return answers[-1]

            return Batch()

    monkeypatch.setattr(judging, "_great_expectations", lambda: (suite_of, Watched()))
    frame = pd.DataFrame({"fine": [JUST, 0.5], "bad": [JUST, 0.9]})
    asked = [bounded("fine", lowest=0.1, highest=0.6), bounded("bad", lowest=0.5, highest=0.6)]
    with caplog.at_level(logging.DEBUG):
        assert validate("cpli E06000016", frame, asked) == {"fine": True, "bad": False}
    [answer] = answers
    told = answer.to_json_dict()
    assert [one["result"] for one in told["results"]] == [{}] * 4
    assert [one["success"] for one in told["results"]] == [True, True, False, False]
    text = json.dumps(told) + repr(answer) + caplog.text + "".join(capfd.readouterr())
    assert str(JUST) not in text
    assert "0.9" not in text


def test_an_expectation_says_why_it_is_there_and_where_the_runbook_is() -> None:
    suite_of, _ = judging._great_expectations()
    held = gates_of(CASELOAD)[0]
    suite = suite_of("caseload", [Bounded(held=held, observed=0, within=Within(lowest=1))])
    [told] = suite.to_json_dict()["expectations"]
    assert (told["severity"], told["description"]) == (held.gate.severity.value, held.gate.title)
    assert told["meta"] == {"reason": held.gate.reason, "runbook": held.gate.name}


@pytest.mark.parametrize("source", GateSource)
def test_every_gate_of_the_catalogue_can_be_judged(source: GateSource) -> None:
    figures = {held.gate.name: 0.5 for held in gates_of(source)}
    made = judge(source, "", figures, earlier=lambda *_: ([0.5] * 28, False), as_of=AUTUMN)
    known = {held.gate.name for held in gates_of(source) if with_bounds(held)}
    assert {each.gate for each in made if each.outcome is GateOutcome.NOT_JUDGED} == set()
    assert {each.gate for each in made} == known


def with_bounds(held: Held) -> bool:
    return held.bounds != Bounds()


def test_great_expectations_is_imported_where_it_judges_and_nowhere_else() -> None:
    found = [
        str(path)
        for path, tree in modules(*rooms()).items()
        if "great_expectations" in imported(tree)
    ]
    assert found == ["quality/judging.py"]
    tree = modules("quality")[Path("quality/judging.py")]
    outside_of_functions = [
        node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert "great_expectations" not in imported(ast.Module(outside_of_functions, []))


ALONE = """
import os, sys
from house import network
network.stay_on_this_machine()
import flows.nightly, cli.main
from quality.bounds import Within
from quality.catalogue import CATALOGUE
from quality.judging import Bounded, validate
assert "great_expectations" not in sys.modules, "imported before anything is judged"
import pandas as pd
one = Bounded(held=CATALOGUE[0], observed=0.0, within=Within(lowest=1.0))
print(validate("night", pd.DataFrame({CATALOGUE[0].gate.name: [0.4711]}), [one]))
assert os.environ["GX_ANALYTICS_ENABLED"] == "false", "whoever sends them may do so"
assert network.refused == [], network.refused
"""


def test_great_expectations_waits_until_it_is_needed_and_tells_nobody(tmp_path: Path) -> None:
    """A process of its own, in which nobody has switched analytics off."""
    run = subprocess.run(
        [sys.executable, "-c", ALONE],
        cwd=tmp_path,
        env={
            "HOME": str(tmp_path),
            "PREFECT_HOME": str(tmp_path / "prefect"),
            "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}",
            "GX_ANALYTICS_ENABLED": "true",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout) == (0, "{'providers': False}\n"), run.stderr
    assert "0.4711" not in run.stderr
    assert [path for path in tmp_path.iterdir() if path.name != "prefect"] == []
