"""The page says first what needs a person, then all the rest, and lets nothing from outside in."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from nights.examples import LEICESTER, LEICESTERSHIRE, RUTLAND
from quality_page import nights
from quality_page.nights import AS_OF, council, night, result
from reports.told import Page

from publishing.quality.facts import QualityFacts, Release
from publishing.quality.page import page_of
from publishing.templates import Templates
from schemas.gates import Consequence, GateOutcome, GateSource

NOTHING = "\N{EN DASH}"
RELEASE = 'cpli release 2026-11-20 --council {} --reason "why the figures are right"'


def read(facts: QualityFacts) -> Page:
    return Page(page_of(facts, Templates()))


def between(page: Page, start: str, end: str) -> str:
    """Return what can be read from one heading to another, the contents aside."""
    whole = page.text[page.text.index("What the words mean") :]
    return whole[whole.index(start) : whole.index(end)]


def test_a_quiet_night_says_that_every_gate_passed_and_how_many_were_judged():
    page = read(nights.quiet())
    assert "Every gate passed: 17 figures were judged and all lie within the bounds." in page.text
    assert "Nothing is held, and every council was assessed. There is nothing to do." in page.text
    assert "What to do now" not in page.text
    assert "No source changed its columns." in page.text
    assert "cpli re" not in page.text


def test_a_night_without_figures_does_not_say_that_gates_passed():
    page = read(nights.nothing())
    assert "No figure was judged on this night." in page.text
    assert "Every gate passed" not in page.text
    assert "Leicester was not assessed." in page.text
    assert "every council was assessed" not in page.text
    assert "Leicester Not assessed Its file did not come." in page.text
    assert "Rutland Not asked for Not asked for." in page.text
    now = between(page, "What to do now", "All gates")
    assert "Have the source mended, and then run the night again: cpli rerun 2026-11-20" in now
    assert "cpli release" not in now


def test_what_is_held_or_left_out_comes_first_with_the_commands_that_help():
    page = read(nights.bad())
    assert "Leicester is held: nothing is published or told until a person has looked." in page.text
    assert "Rutland was not assessed." in page.text
    assert "2 files were not used." in page.text
    now = between(page, "What to do now", "Warnings A warning")
    leicester, rutland = now.index("Leicester Held"), now.index("Rutland Not assessed")
    assert leicester < now.index(RELEASE.format(LEICESTER)) < rutland
    assert rutland < now.index(RELEASE.format(RUTLAND)) < now.index("Files that were not used")
    assert now.count("cpli rerun 2026-11-20") == 3
    assert "41.2%; we expected at most 8.1% from the last 28 nights, usually 3.4%." in now
    assert (
        "The provider did not list a person on record 1,204 The weekly quantity differs 71" in now
    )
    assert "docs/runbook-gates.md#not_reported_share" in now
    assert "Caseload of Oak House (P0007): People listed whom no council knows" in now
    assert RELEASE.format(LEICESTERSHIRE) not in page.text


def test_what_fails_for_everybody_is_told_once_and_keeps_no_council_from_being_released():
    register = result(
        GateSource.PROVIDERS, "", "providers_rows", 90, consequence=Consequence.NOT_ASSESSED
    )
    councils = [council(code, assessed=False, reason="implausible") for code in nights.NAMES]
    page = read(night([register], councils))
    now = between(page, "What to do now", "All gates")
    assert now.count("90; we expected 190 to 230") == 1
    assert now.index("The register of providers Not assessed") < now.index("Leicester Not assessed")
    assert [RELEASE.format(code) in now for code in nights.NAMES] == [True, True, True]
    assert "Leicester, Leicestershire and Rutland were not assessed." in page.text


def test_warnings_stop_nothing_and_are_apart():
    warning = result(GateSource.CPLI, LEICESTER, "newest_start", 5, consequence=Consequence.SHOWN)
    page = read(night([warning], [council(LEICESTER)]))
    assert "1 figure was judged: 1 gave a warning." in page.text
    assert "Nothing is held, and every council was assessed. Look at the warnings" in page.text
    assert "CPLIs of Leicester: Working days since the newest entry 5 working days;" in between(
        page, "Warnings A warning", "All gates"
    )


def test_it_is_told_who_let_out_what_when_by_londons_clock_and_why():
    released = Release(
        who="k.mistry", at=datetime(2026, 7, 21, 23, 5, tzinfo=UTC), reason="New team."
    )
    failed = result(
        GateSource.CPLI, LEICESTER, "rows", 2011, outcome=GateOutcome.RELEASED, usual=4000
    )
    page = read(night([failed], [council(LEICESTER, released=released)]))
    told = between(page, "Released by a person", "All gates")
    assert "Leicester Who k.mistry When 22 July 2026 at 00:05 Why New team." in told
    assert "2,011; we expected 3,900 to 4,300" in told
    assert "1 failed and was released" in page.text
    assert "Every gate passed" not in page.text


def test_all_gates_are_in_tables_by_source_and_council():
    tables = read(nights.bad()).tables
    assert tables["CPLIs: Rutland"].rows == [
        ["Gate", "Result", "Figure", "Expected", "Recent nights"],
        [
            "Rows in the file rows", "Failed The council was not assessed", "2,011",
            "3,900 to 4,300 usually 4,102, from 28 nights",
            "Failed on 1 of 24 nights; last on 11 November 2026",
        ],
        [
            "CPLIs without an NHS number no_nhs_number_share", "Passed", "3.1%",
            "1.1% to 5.2% usually 3.1%, from 28 nights", "Never failed in 24 nights",
        ],
        [
            "Working days since the newest entry newest_start", "Passed", "1 working day",
            "at most 3 working days usually 1 working day, from 28 nights",
            "Never failed in 24 nights",
        ],
    ]  # fmt: skip
    assert tables["What the night found: Rutland"].rows[1][1:4] == ["Not judged", NOTHING, NOTHING]
    assert [row[0] for row in tables["Caseloads: Each provider's"].rows[1:]] == [
        "Oak House (P0007)", "P0011",
    ]  # fmt: skip
    assert tables["Caseloads: Each provider's"].rows[2][4] == ("at most 25.0% a fixed bound")


def test_councils_keep_their_order_and_what_is_everybodys_comes_before_each_providers():
    captions = [*read(nights.bad()).tables]
    told = [each for each in captions if each.startswith(("CPLIs: ", "Caseloads: "))]
    assert told == [
        "CPLIs: Leicester", "CPLIs: Leicestershire", "CPLIs: Rutland",
        "Caseloads: All caseloads", "Caseloads: Each provider's",
    ]  # fmt: skip


def test_a_run_about_one_council_does_not_speak_for_the_others():
    one = result(GateSource.CPLI, LEICESTER, "rows", 4000)
    others = [council(code, assessed=False, asked_for=False) for code in (LEICESTERSHIRE, RUTLAND)]
    page = read(night([one], [council(LEICESTER), *others]))
    assert "Nothing is held. There is nothing to do." in page.text
    assert "Rutland Not asked for" in page.text
    assert "not assessed." not in page.text


def test_a_council_with_something_to_see_is_unfolded():
    page = read(nights.bad())
    folds = [
        told for tag, told in page.elements if tag == "details" and "app-part" in told["class"]
    ]
    assert ["open" in told for told in folds].count(True) == 6
    assert not any(
        "open" in told for tag, told in read(nights.quiet()).elements if tag == "details"
    )


def test_the_figures_of_the_nights_stand_with_their_chart():
    page = read(nights.bad())
    rows = page.tables["By night, CPLIs of Rutland: Rows in the file"].rows
    assert rows[1] == ["20 November 2026", "2,011"]
    assert len(rows) == 26
    labels = [
        told["aria-label"] for tag, told in page.elements if tag == "svg" and "aria-label" in told
    ]
    assert "25 figures: lowest 2,011, highest 4,225, latest 2,011" in labels


def test_the_latest_figure_is_a_diamond_outside_of_the_bounds_and_a_dot_inside():
    inside, outside = (
        read(night([result(GateSource.CPLI, LEICESTER, "rows", figure)], [council(LEICESTER)]))
        for figure in (4000, 4301)
    )
    assert [tag for tag, _ in inside.elements if tag in ("circle", "path")] == ["circle"]
    assert {tag for tag, _ in outside.elements if tag in ("circle", "path")} == {"path"}


@pytest.mark.parametrize("nights_before", [0, 1])
def test_a_single_figure_makes_no_line(nights_before: int):
    one = result(GateSource.CPLI, LEICESTER, "rows", 4000)
    facts = night([one], [council(LEICESTER)])
    key = (one.source, one.owner, one.gate)
    history = replace(
        facts.history[key],
        judged=nights_before,
        observed=((AS_OF - timedelta(days=1), 4000.0),) * nights_before,
    )
    page = read(replace(facts, history={key: history}))
    assert [tag for tag, _ in page.elements].count("svg") == nights_before
    assert ("No earlier nights" in page.text) is not nights_before


def test_tonights_figure_is_drawn_once_whether_or_not_history_has_it():
    one = result(GateSource.CPLI, LEICESTER, "rows", 4000)
    facts = night([one], [council(LEICESTER)])
    key = (one.source, one.owner, one.gate)
    history = facts.history[key]
    with_tonight = replace(history, observed=(*history.observed, (AS_OF, 4000.0)))
    assert page_of(replace(facts, history={key: with_tonight}), Templates()) == page_of(
        facts, Templates()
    )


def test_changed_columns_are_told_in_sentences():
    table = read(nights.bad()).tables["Sources whose columns changed"]
    source, what, since = table.rows[1]
    assert source == "cpli council/E06000017/cpli.csv"
    assert "worker_email" in what
    assert "weekly_quantity" in what
    assert since == "19 November 2026"


def test_a_runbook_that_has_an_address_is_linked():
    linked = read(replace(nights.bad(), runbook_url="https://wiki.example/gates"))
    assert (
        "a",
        {"class": "govuk-link", "href": "https://wiki.example/gates#rows"},
    ) in linked.elements
    named = read(replace(nights.bad(), runbook_url='javascript:alert(1)//"'))
    links = [told["href"] for tag, told in named.elements if tag == "a"]
    assert all(href.startswith("#") for href in links)


def test_a_gate_that_is_no_longer_known_goes_by_its_name():
    page = read(replace(nights.bad(), gates={}))
    assert page.tables["CPLIs: Rutland"].body["rows rows"][1] == "2,011"


def test_the_page_asks_for_nothing_and_runs_nothing():
    page = read(nights.bad())
    wanted = [
        value
        for _, told in page.elements
        for name in ("src", "href", "data", "action", "poster", "srcset", "style")
        if (value := told.get(name)) is not None
    ]
    assert {each for each in wanted if not each.startswith("#")} == {"data:,"}
    assert "script" not in {tag for tag, _ in page.elements}
    assert not re.search(r"url\(|@import|@font-face|expression\(", page.source)


def test_the_same_facts_in_another_order_give_the_same_bytes():
    facts = nights.bad()
    turned = replace(facts, results=facts.results[::-1])
    assert page_of(turned, Templates()) == page_of(facts, Templates())
