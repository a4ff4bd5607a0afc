"""What a report says is what was worked out by hand, on the page and in the workbook alike.

The earlier night was Friday, 6 November 2026, ten working days before tonight. It found five
discrepancies; tonight finds three of them again and one more. One of Leicester is gone; Rutland
could not be assessed, so that its own is still open.
"""

from datetime import datetime

import pytest
from nights.examples import LEICESTER, LEICESTERSHIRE, RUTLAND, discrepancy_id
from reports.told import WORKLIST, Told

REGION = "LLR"
NOTHING = "\N{EN DASH}"
CHANGES = "Discrepancies compared with the night before"
SHARE = "On the system by the start date"


def firsts(rows: dict[str, list[str]]) -> dict[str, str]:
    """Return the first number behind each name; what a name means is left out."""
    return {name: numbers[0] for name, numbers in rows.items()}


def test_there_is_a_page_and_a_workbook_for_each_council_and_for_the_region(told: Told):
    assert [*told.files] == [
        f"report/{stem}.{kind}"
        for stem in (LEICESTER, LEICESTERSHIRE, RUTLAND, REGION)
        for kind in ("html", "xlsx")
    ]


@pytest.mark.parametrize(
    ("stem", "numbers"),
    [
        (LEICESTER, ["0", "2", "1", "0"]),
        (LEICESTERSHIRE, ["1", "0", "0", "0"]),
        (RUTLAND, ["0", "0", "0", "1"]),
        (REGION, ["1", "3", "1", "1"]),
    ],
)
def test_what_changed_since_the_night_before(told: Told, stem: str, numbers: list[str]):
    page = told.page(stem)
    assert [row[1] for row in page.tables[CHANGES].rows[1:]] == numbers
    assert [row[0].split()[0] for row in page.tables[CHANGES].rows[1:]] == [
        "New", "Lasting", "Gone", "Not",
    ]  # fmt: skip
    assert "The night before on record is 6 November 2026." in page.text


@pytest.mark.parametrize(
    ("stem", "numbers"),
    [
        (LEICESTER, ["0", "1", "0"]),
        (LEICESTERSHIRE, ["1", "0", "0"]),
        (RUTLAND, ["0", "0", "0"]),
        (REGION, ["1", "1", "0"]),
    ],
)
def test_what_the_night_did_to_cases(told: Told, stem: str, numbers: list[str]):
    table = told.page(stem).tables["What the night did to cases"]
    assert [row[1] for row in table.rows[1:]] == numbers


def test_how_the_councils_stand(told: Told):
    rows = told.page(REGION).tables["Changes and open cases by council"].rows
    assert rows == [
        ["Council", "Assessed", "New", "Gone", "Open cases", "On track", "Due soon", "Breached"],
        ["Leicester", "Yes", "0", "1", "2", "0", "1", "1"],
        ["Leicestershire", "Yes", "1", "0", "1", "1", "0", "0"],
        ["Rutland", "No", "0", "0", "1", "0", "0", "1"],
        ["No council known", "", "0", "0", "1", "0", "0", "1"],
        ["All", "", "1", "1", "5", "1", "1", "3"],
    ]
    assert told.sheet(REGION, "By council")[0] == {
        "Council": "Leicester",
        "Assessed on this night": "Yes",
        "New": 0,
        "Lasting": 2,
        "Gone": 1,
        "Not assessed": 0,
        "Open cases": 2,
        "On track": 0,
        "Due soon": 1,
        "Breached": 1,
    }


@pytest.mark.parametrize(
    ("stem", "types"),
    [
        (
            LEICESTER,
            {
                "The provider did not list a person on record": "1",
                "The weekly quantity differs": "1",
            },
        ),
        (RUTLAND, {"The person's details differ": "1"}),
        (
            REGION,
            {
                "Another provider reports the support": "1",
                "The person's details differ": "1",
                "The provider did not list a person on record": "1",
                "The provider supports a person we hold no CPLI for": "1",
                "The weekly quantity differs": "1",
            },
        ),
    ],
)
def test_open_cases_by_type(told: Told, stem: str, types: dict[str, str]):
    assert firsts(told.page(stem).tables["Open cases by type"].body) == types
    counted = {row["What it is"]: row["Open cases"] for row in told.sheet(stem, "Open by type")}
    assert counted == {kind: int(number) for kind, number in types.items()}


def test_open_cases_by_age_team_and_service_level(told: Told):
    tables = told.page(REGION).tables
    assert firsts(tables["Open cases by age"].body) == {
        "0 to 2": "1", "3 to 5": "0", "6 to 10": "4", "11 to 20": "0", "over 20": "0",
    }  # fmt: skip
    assert firsts(tables["Open cases by team"].body) == {
        "North (Leicester)": "1", "North (Leicestershire)": "1", "LLR queue": "1",
        "Rutland queue": "1", "South": "1",
    }  # fmt: skip
    assert firsts(tables["Open cases by service level"].body) == {
        "On track Not due yet": "1",
        "Due soon Due within 1 working day": "1",
        "Breached Overdue": "3",
    }
    assert [
        (row["What it is"], row["0 to 2 working days"], row["6 to 10 working days"])
        for row in told.sheet(LEICESTERSHIRE, "Open by type")
    ] == [("Another provider reports the support", 1, 0)]


def test_providers_with_the_most_open_cases(told: Told):
    page = told.page(REGION)
    assert page.tables["Providers with the most open cases"].rows[1:] == [
        ["Oak House", "P1", "3", "1", "10", "Accepted"],
        ["Elm Care", "P2", "1", "1", "10", "Missing: too many of its rows were rejected"],
        ["Not in the register", "P3", "1", "1", "10",
         "Missing: it is not in the register of providers"],
    ]  # fmt: skip
    assert "3 providers have open cases. Of 3, 1 (33%) had a caseload" in page.text
    assert told.sheet(LEICESTER, "By provider") == [
        {
            "Provider": "Oak House",
            "Provider reference": "P1",
            "Open cases": 2,
            "Breached": 1,
            "Oldest, in working days": 10,
            "Caseload": "Accepted",
        }
    ]


def test_how_soon_cplis_are_on_the_system(told: Told):
    council = told.page(LEICESTER).tables["Timeliness by week"]
    assert len(council.rows) == 14
    assert council.body["2 November 2026"] == ["6 November 2026", "100", "80%", "2", "9.5"]
    assert council.body["9 November 2026"] == [
        "Nothing measured",
        NOTHING,
        NOTHING,
        NOTHING,
        NOTHING,
    ]
    assert council.body["16 November 2026"] == ["20 November 2026", "200", "90%", "0", "7"]
    region = told.page(REGION)
    # 180 of 200 and 50 of 100 are 230 of 300.
    assert region.tables["Timeliness by week"].body["16 November 2026"] == [
        "20 November 2026", "2", "300", "77%",
    ]  # fmt: skip
    assert "In 11 weeks of 13 nothing was measured." in region.text
    latest = region.tables["The last measure of each council"].body
    assert latest == {
        "Leicester": ["20 November 2026", "200", "90%", "0", "7"],
        "Leicestershire": ["20 November 2026", "100", "50%", "-3.5", "12"],
    }
    assert "Nothing was measured in these weeks." in told.page(RUTLAND).text
    assert told.sheet(LEICESTERSHIRE, "Timeliness") == [
        {
            "Week from": datetime.fromisoformat("2026-11-16"),
            "Night": datetime.fromisoformat("2026-11-20"),
            "Council": "Leicestershire",
            "CPLIs": 100,
            SHARE: 0.5,
            "Median, in days": -3.5,
            "90th percentile, in days": 12,
        }
    ]


def test_what_was_refused_and_who_should_act(told: Told):
    page = told.page(LEICESTER)
    rows = page.tables["What is wrong with rows and values"].rows[1:]
    assert rows == [
        [
            "Caseload of Oak House (P1) caseload/P1_2026-11-16.csv",
            "Start date",
            "It is not a date. To be corrected by the provider.",
            "left out",
            "3",
        ],
        [
            "CPLIs of Leicester council/E06000016/cpli.csv",
            "NHS number",
            "It is left out. To be corrected by Leicester's finance team.",
            "kept without the value",
            "2",
        ],
        [
            "Caseload of Oak House (P1) caseload/P1_2026-11-16.csv",
            "",
            "Column 15 was ignored. Ask them.",
            "kept without the value",
            NOTHING,
        ],
    ]
    assert page.tables["Rows with something wrong in them"].body == {
        "Kept without the value": ["2"],
        "Left out": ["3"],
    }
    assert page.tables["Supplier references that lead nowhere"].body == {"SUP-9": ["2"]}
    assert "No caseload is missing." in page.text
    assert ("a", "../refusals.csv") in [(tag, told.get("href")) for tag, told in page.elements]
    lines = told.sheet(LEICESTER, "Not assessed or refused")
    assert [(line["What became of it"], line["Rows or CPLIs"]) for line in lines] == [
        ("left out", 3),
        ("kept without the value", None),
        ("kept without the value", 2),
        ("leads to no provider", 2),
    ]


def test_whose_caseloads_are_missing_and_which_files_were_not_used(told: Told):
    rutland = told.page(RUTLAND).tables
    assert rutland["Providers without an accepted caseload"].rows[1:] == [
        [
            "Elm Care",
            "P2",
            "Too many of its rows were rejected",
            "Not accepted: too many. Ask the provider to send a whole caseload.",
        ]
    ]
    assert [row[0] for row in rutland["Files that were not used"].rows[1:]] == [
        "Portal extract of Rutland"
    ]
    region = told.page(REGION).tables
    assert [*region["Files that were not used"].body] == [
        "Caseload of an unknown provider",
        "Portal extract of Rutland",
    ]
    assert firsts(region["Providers without an accepted caseload, by reason"].body) == {
        "It is not in the register of providers": "1",
        "Too many of its rows were rejected": "1",
    }


def test_what_was_withheld_from_the_care_record(told: Told):
    page = told.page(LEICESTER)
    assert page.tables["Withheld from the Care Record"].rows[1:] == [
        ["CPLIs The person has no valid NHS number", "2"],
        ["Discrepancies The council marks the record as restricted", "1"],
    ]
    assert "The export of this night was made." in page.text
    assert "Nothing was withheld." in told.page(RUTLAND).text
    whole = told.sheet(REGION, "Withheld")
    assert [(row["Council"], row["Number"]) for row in whole] == [
        ("Leicester", 2),
        ("Leicester", 1),
        ("No council known", 1),
    ]


def test_the_sheet_to_work_from_has_the_most_urgent_case_first(told: Told):
    cases = told.sheet(LEICESTER, "Cases")
    assert cases[0] == {
        "Case": discrepancy_id("missing")[:8],
        "What it is": "The provider did not list a person on record",
        "Severity": "High",
        "Urgency": "High",
        "State": "Open",
        "Team": "North",
        "Worker": "Kay",
        "Person (the council's reference)": "ZZPERSONmissing",
        "CPLIs": "ZZLINEmissingA; ZZLINEmissingB",
        "Service": "Home Support",
        "Provider": "Oak House",
        "Provider reference": "P1",
        "The council's record says": "ZZCOUNCILSAYS Siân O'Brien missing",
        "The provider or the portal says": 'ZZPROVIDERSAYS "Łukasz"; missing',
        "Reason": None,
        "Look twice because": None,
        "First seen": datetime.fromisoformat("2026-11-06"),
        "Age in working days": 10,
        "Due on": datetime.fromisoformat("2026-11-10"),
        "Service level": "Breached",
    }
    assert [case["Urgency"] for case in cases] == ["High", "Low"]
    link = told.book(LEICESTER)["Cases"]["A2"].hyperlink
    assert link.target == f"{WORKLIST}cases/{discrepancy_id('missing')}"


def test_the_regions_sheet_has_a_link_for_each_case_and_no_person(told: Told):
    cases = told.sheet(REGION, "Cases")
    assert {case["Council"] for case in cases[:2]} == {"Leicester", "Rutland"}  # due on one day
    assert [case["Council"] for case in cases[2:]] == [
        "No council known", "Leicestershire", "Leicester",
    ]  # fmt: skip
    assert not {"CPLIs", "Person (the council's reference)", "The council's record says"} & {
        *cases[0]
    }
    assert [case["Urgency"] for case in cases] == ["High", "High", "High", "High", "Low"]
