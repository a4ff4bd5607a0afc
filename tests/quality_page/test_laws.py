"""Whatever the gates made of a night: each result is told once, and outside text stays text."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nights.examples import LEICESTER
from quality_page import nights
from quality_page.nights import AS_OF, GATES, NAMES, council, night
from reports.told import Page

from publishing.quality.data import COLUMNS, csv_of, json_of
from publishing.quality.facts import QualityFacts, Release
from publishing.quality.lines import lines_of
from publishing.quality.markdown import MOST_ROWS, markdown_of
from publishing.quality.page import TITLES, page_of
from publishing.quality.problems import problems_of, stops
from publishing.templates import Templates
from schemas.gates import Consequence, GateOutcome, GateResult, GateSeverity, GateSource

HOSTILE = (
    "<script>alert(1)</script>",
    "</style></title><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "{{ 7*7 }}",
    "a | b",
    "`x` **y** [z](https://evil.example)",
    "&amp;",
)
FIGURE = st.none() | st.floats(-1e6, 1e6) | st.sampled_from([float("inf"), float("nan"), 0.0])
OWNERS = {
    GateSource.PROVIDERS: [""],
    GateSource.CASELOAD: ["", "P0007", "P0011", *HOSTILE],
}


@st.composite
def results(draw: st.DrawFn) -> list[GateResult]:
    """Draw results of any kind, one for a source, an owner and a gate."""
    keys = [
        (source, owner, name)
        for source, name in [*GATES, (GateSource.RESULT, "gone_since")]
        for owner in OWNERS.get(source, ["", *NAMES])
    ]
    return [
        GateResult(
            source=source,
            owner=owner,
            gate=name,
            severity=draw(st.sampled_from(GateSeverity)),
            outcome=draw(st.sampled_from(GateOutcome)),
            consequence=draw(st.sampled_from(Consequence)),
            observed=draw(FIGURE),
            lowest=draw(FIGURE),
            highest=draw(FIGURE),
            usual=draw(FIGURE),
            nights=draw(st.integers(0, 60)),
        )
        for source, owner, name in draw(st.lists(st.sampled_from(keys), unique=True, max_size=12))
    ]


@st.composite
def any_night(draw: st.DrawFn) -> QualityFacts:
    """Draw a night whose councils came out in any way."""
    councils = [
        council(code, assessed=draw(st.booleans()), held=draw(st.booleans()),
                asked_for=draw(st.booleans()))
        for code in NAMES
    ]  # fmt: skip
    return night(draw(results()), councils)


@settings(max_examples=60, deadline=None)
@given(facts=any_night())
def test_every_result_is_told_once_in_the_tables_in_json_and_in_csv(facts: QualityFacts):
    page = Page(page_of(facts, Templates()))
    starts = tuple(f"{title}: " for title in TITLES.values())
    rows = [
        row
        for caption, table in page.tables.items()
        if caption.startswith(starts)
        for row in table.rows[1:]
    ]
    assert len(rows) == len(facts.results)
    keys = sorted((one.source.value, one.owner, one.gate) for one in facts.results)
    whole = json.loads(json_of(facts))
    assert [(one["source"], one["owner"], one["gate"]) for one in whole["results"]] == keys
    assert sum(whole["counts"].values()) == len(keys)
    told = list(csv.DictReader(io.StringIO(csv_of(facts).decode())))
    assert [(one["source"], one["owner"], one["gate"]) for one in told] == keys


@settings(max_examples=60, deadline=None)
@given(facts=any_night())
def test_every_failure_is_told_in_one_place_that_says_what_to_do(facts: QualityFacts):
    lines = lines_of(facts)
    problems = problems_of(facts, lines)
    stopping = sorted(id(line) for line in lines if stops(line))
    assert sorted(id(line) for problem in problems for line in problem.lines) == stopping
    assert len(facts.acted_on) + len(facts.warnings) == facts.count(GateOutcome.FAILED)
    for stopped in (*facts.held, *facts.left_out):
        assert stopped.name in [problem.title for problem in problems]
    assert all(problem.steps for problem in problems)


@settings(max_examples=30, deadline=None)
@given(facts=any_night(), order=st.randoms(use_true_random=False))
def test_data_and_words_are_the_same_in_whatever_order_results_came(facts: QualityFacts, order):
    turned = [*facts.results]
    order.shuffle(turned)
    shuffled = replace(facts, results=tuple(turned))
    for render in (json_of, csv_of, markdown_of):
        assert render(shuffled) == render(facts)


def hostile(text: str) -> QualityFacts:
    """Return the bad night with a text from outside wherever there can be one."""
    facts = nights.bad()
    release = Release(who=text, at=datetime(2026, 11, 21, tzinfo=UTC), reason=text)
    return replace(
        facts,
        councils=tuple(
            replace(one, message=text, released=one.released and release) for one in facts.councils
        ),
        results=tuple(
            replace(one, owner=text) if one.owner == "P0007" else one for one in facts.results
        ),
        gates={
            key: replace(gate, title=text, reason=text, remedy=text) for key, gate in GATES.items()
        },
        drift=tuple(replace(one, gone=(text,), file=text) for one in facts.drift),
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_text_from_outside_stays_text_on_the_page(text: str):
    page = Page(page_of(hostile(text), Templates()))
    assert text in page.text
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "img", "iframe", "object", "embed"}
    assert not [name for _, told in page.elements for name in told if name.startswith("on")]
    owners = [row[0] for row in page.tables["Caseloads: Each provider's"].rows[1:]]
    assert text in owners


@pytest.mark.parametrize("text", HOSTILE)
def test_text_from_outside_stays_text_in_markdown(text: str):
    told = markdown_of(hostile(text))
    assert "<" not in told
    rows = [line for line in told.splitlines() if line.startswith("|")]
    cells = [row.replace("\\|", "").count("|") for row in rows]
    assert set(cells) == {5}
    assert "](" not in told.replace("\\]", "")
    assert "`" not in told.replace("\\`", "")


def test_markdown_names_no_provider_and_nobody_who_released_a_council():
    told = markdown_of(nights.bad())
    assert "P0007" in told
    assert "Oak House" not in told
    assert "mistry" not in told
    assert "NHS numbers are traced" not in told
    assert "- **Leicester is held**" in told
    assert "- **Rutland was not assessed**" in told
    assert "12 passed, 4 failed, 1 warning, 1 released, 1 not judged" in told


def test_markdown_of_a_quiet_night_is_a_line():
    assert markdown_of(nights.quiet()).splitlines() == [
        "# The gates on the night of 20 November 2026",
        "",
        "- 17 passed",
    ]
    assert "- No figure was judged" in markdown_of(nights.nothing())


def test_markdown_stays_short_on_the_worst_night():
    failed = [
        nights.result(
            GateSource.CASELOAD, f"P{number:04}", "strangers_share", 0.9,
            consequence=Consequence.NOT_USED,
        )
        for number in range(300)
    ]  # fmt: skip
    told = markdown_of(night(failed, [council(LEICESTER)]))
    assert told.count("\n| ") == MOST_ROWS + 2
    assert f"There are {300 - MOST_ROWS} more on the page of the gates." in told


def test_the_data_has_the_keys_that_are_documented():
    whole = json.loads(json_of(nights.bad()))
    assert [*whole] == ["as_of", "version", "counts", "councils", "gates", "results", "drift"]
    assert whole["as_of"] == AS_OF.isoformat()
    assert [*whole["councils"][0]] == [
        "local_authority", "name", "asked_for", "assessed", "reason", "message", "held",
        "held_back", "released",
    ]  # fmt: skip
    assert [*whole["gates"][0]] == [
        "source", "gate", "severity", "unit", "title", "reason", "remedy", "runbook",
    ]  # fmt: skip
    assert [*whole["results"][0]] == [*COLUMNS[1:], "says", "history"]
    assert [*whole["results"][0]["history"]] == [
        "judged", "failed", "released", "last_failed", "observed",
    ]  # fmt: skip
    rutland = next(one for one in whole["results"] if one["observed"] == 2011)
    assert rutland["says"].startswith("2,011; we expected 3,900 to 4,300")
    assert rutland["history"]["last_failed"] == "2026-11-11"
    assert rutland["history"]["observed"]["2026-11-19"] == 4102
    assert [*whole["drift"][0]] == [
        "source", "owner", "file", "since", "fingerprint", "before", "says",
    ]  # fmt: skip
    assert csv_of(nights.quiet()).decode().splitlines()[:2] == [
        ",".join(COLUMNS),
        "2026-11-20,caseload,,coverage,critical,passed,none,0.93,0.8,,0.93,28",
    ]


def test_the_data_of_a_night_without_figures_is_whole():
    assert json.loads(json_of(nights.nothing()))["results"] == []
    assert csv_of(nights.nothing()).decode().splitlines() == [",".join(COLUMNS)]
