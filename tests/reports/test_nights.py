"""Reports of nights that are not like every night."""

from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest
from nights.examples import LEICESTER, LEICESTERSHIRE, RUTLAND
from reports.told import (
    LATER,
    SECOND_NIGHT,
    Told,
    account,
    casebook_of,
    earlier_night,
    measured,
    tell,
    tonight,
    without_any_council,
)

from flows.outcome import FeedFacts
from schemas.errors import WrongUsage
from schemas.raw import refusals
from settings.reports import Reports

STEMS = (LEICESTER, LEICESTERSHIRE, RUTLAND, "LLR")
HERE = "This is the report of an earlier night that was run again."


def test_a_council_that_was_not_assessed_says_so_first_and_shows_what_stands(told: Told):
    page = told.page(RUTLAND)
    warning = "Rutland was not assessed on this night. cpli.csv did not come. Ask the council"
    assert page.text.index(warning) < page.text.index("Contents")
    assert "What was open before is still open, and is in this report." in page.text
    assert [case["Provider"] for case in told.sheet(RUTLAND, "Cases")] == ["Elm Care"]
    lines = told.sheet(RUTLAND, "Not assessed or refused")
    assert (lines[0]["Where"], lines[0]["What became of it"]) == ("Rutland", "not assessed")
    assert "was not assessed on this night" not in told.page(LEICESTER).text
    assert warning in told.page("LLR").text


def test_the_first_night_has_nothing_to_compare_with(tmp_path: Path):
    first = tell(casebook_of(tmp_path, earlier_night()), earlier_night())
    page = first.page(LEICESTER)
    assert "There is no earlier night on record to compare with." in page.text
    assert "This night found 3 discrepancies, and all of them count as new." in page.text
    assert "Discrepancies compared with the night before" not in page.tables


def test_an_older_night_that_is_run_again_says_that_cases_are_those_of_now(tmp_path: Path):
    later = account(LATER, "hours", missing=(RUTLAND,))
    reports = tell(casebook_of(tmp_path, earlier_night(), tonight(), later), tonight())
    page = reports.page(LEICESTER)
    assert HERE in page.text
    assert "after the latest night, 23 November 2026" in page.text
    assert "Report for the night of 20 November 2026" in page.text
    assert [case["What it is"] for case in reports.sheet(LEICESTER, "Cases")] == [
        "The weekly quantity differs"
    ]
    assert [row[1] for row in page.tables["Discrepancies compared with the night before"].rows] == [
        "Number", "0", "2", "1", "0",
    ]  # fmt: skip


def test_the_report_of_the_latest_night_says_nothing_of_that(told: Told):
    assert HERE not in told.page(LEICESTER).text


def test_of_several_nights_of_a_week_the_last_counts(tmp_path: Path):
    monday = {"timeliness": measured((LEICESTER, 50, 9.0, 19.0, 0.1))}
    earlier = account(tonight().as_of - timedelta(days=4), "missing", frames=monday)
    page = tell(casebook_of(tmp_path, earlier, tonight()), tonight()).page(LEICESTER)
    week = page.tables["Timeliness by week"].body["16 November 2026"]
    assert week == ["20 November 2026", "200", "90%", "0", "7"]


@pytest.mark.parametrize(
    ("source", "title", "seen_by"),
    [
        ("answers P1", "Answers of Oak House (P1)", [LEICESTER, LEICESTERSHIRE, "LLR"]),
        ("answers Margaret Hollis", "Answers of an unknown provider", ["LLR"]),
        ("caseload ?", "Caseload of an unknown provider", ["LLR"]),
        ("sources", "Folder of all sources", ["LLR"]),
        ("supplier references", "Supplier references", [*STEMS]),
        ("portal E10000018", "Portal extract of Leicestershire", [LEICESTERSHIRE, "LLR"]),
    ],
)
def test_what_was_refused_is_told_to_those_whom_it_concerns(
    tmp_path: Path, source: str, title: str, seen_by: list[str]
):
    row = (source, "a file", None, None, "unreadable", "rejected", "Ask for another one.")
    night = account(tonight().as_of, *SECOND_NIGHT, frames={"refusals": refusals([row])})
    reports = tell(casebook_of(tmp_path, night), night)
    table = "Files that were not used"
    assert [stem for stem in STEMS if table in reports.page(stem).tables] == seen_by
    assert [*reports.page("LLR").tables[table].body] == [title]
    assert "Hollis" not in reports.page("LLR").source


def test_a_night_on_which_nothing_was_assessed_has_reports_too(tmp_path: Path):
    nothing = without_any_council(account(tonight().as_of))
    reports = tell(
        casebook_of(tmp_path, earlier_night(), nothing),
        nothing,
        feed=FeedFacts(reason="No council could be assessed: the Care Record keeps what stands."),
    )
    page = reports.page("LLR")
    assert page.text.count("was not assessed on this night.") == 3
    assert "Caseloads were not looked at on this night" in page.text
    assert "Nothing was sent to the Care Record for this night. No council could" in page.text
    assert {row["Caseload"] for row in reports.sheet("LLR", "By provider")} == {
        "Not looked at on this night"
    }
    assert len(reports.sheet("LLR", "Cases")) == 5


def test_a_night_that_found_nothing_has_reports_too(tmp_path: Path):
    nothing = account(tonight().as_of)
    reports = tell(casebook_of(tmp_path, nothing), nothing, names={})
    for stem in (LEICESTER, "LLR"):
        text = reports.page(stem).text
        for says in (
            "There are no open cases.",
            "No provider has an open case.",
            "No caseload is missing.",
            "All other files could be used.",
            "No row was refused and no value left out.",
            "Every supplier reference leads to a provider.",
            "Nothing was measured in these weeks.",
        ):
            assert says in text
        assert reports.sheet(stem, "Cases") == []
    assert "Every council was assessed." in reports.page("LLR").text


def test_a_long_list_is_cut_on_the_page_and_whole_in_the_workbook(tmp_path: Path):
    names = {f"P{number:03}": f"Provider {number}" for number in range(60)}
    many = account(tonight().as_of, providers_not_assessed=frozenset(names))
    reports = tell(casebook_of(tmp_path, many), many, names=names)
    page = reports.page("LLR")
    assert len(page.tables["Providers without an accepted caseload"].rows) == 26
    assert "These are 25 of 60 providers without an accepted caseload." in page.text
    assert len(reports.sheet("LLR", "Not assessed or refused")) == 60


def test_teams_beyond_the_first_fifteen_are_counted_together(tmp_path: Path):
    names = [f"missing {number}" for number in range(20)]
    teams = [f"Team {number % 18:02}" for number in range(20)]
    night = account(tonight().as_of, *names, columns={"team": teams})
    counted = tell(casebook_of(tmp_path, night), night).page(LEICESTER)
    rows = counted.tables["Open cases by team"].rows[1:]
    assert rows[:3] == [["Team 00", "2"], ["Team 01", "2"], ["Team 02", "1"]]
    assert rows[14:] == [["Team 14", "1"], ["All other teams", "3"]]


def test_a_councils_own_template_is_used_and_a_broken_one_named(tmp_path: Path):
    folder = tmp_path / "ours"
    folder.mkdir()
    casebook = casebook_of(tmp_path, tonight())
    own = folder / "report.html.j2"
    own.write_text("<h1>{{ facts.name }}: {{ cases|thousands }}</h1>\n{{ facts.nothing }}")
    with pytest.raises(WrongUsage, match=r"report\.html\.j2, line 2, uses a name"):
        tell(casebook, tonight(), reports=Reports(templates=folder))
    own.write_text("<h1>{{ facts.name }}: {{ cases|thousands }}</h1>")
    reports = tell(casebook, tonight(), reports=Reports(templates=folder))
    assert reports.files[f"report/{LEICESTER}.html"] == b"<h1>Leicester: 2</h1>"


@pytest.mark.parametrize("stem", [LEICESTER, RUTLAND, "LLR"])
def test_every_sheet_can_be_worked_with_and_printed(told: Told, stem: str):
    book = told.book(stem)
    assert book.properties.title == {
        LEICESTER: "Leicester: report for the night of 20 November 2026",
        RUTLAND: "Rutland: report for the night of 20 November 2026",
        "LLR": "Leicester, Leicestershire and Rutland: report for the night of 20 November 2026",
    }[stem]  # fmt: skip
    assert book.sheetnames[0] == "Cases"
    for sheet in book:
        assert sheet.freeze_panes == "B2"
        assert sheet.auto_filter.ref.startswith("A1:")
        assert sheet.print_title_rows == "$1:$1"
        assert sheet.page_setup.orientation == "landscape"
        assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
        assert all(width.width >= 10 for width in sheet.column_dimensions.values())
    assert isinstance(book, openpyxl.Workbook)


def test_dates_are_dates_and_numbers_are_numbers(told: Told):
    cases = told.book(LEICESTER)["Cases"]
    headings = {cell.value: cell.column for cell in cases[1]}
    due = cases.cell(2, headings["Due on"])
    assert (due.is_date, due.number_format) == (True, "dd mmmm yyyy")
    assert cases.cell(2, headings["Age in working days"]).data_type == "n"
