"""What comes from outside stays text, and nobody is named where nobody may be."""

from __future__ import annotations

import re
from pathlib import Path
from zipfile import ZipFile

import pandas as pd
import pytest
from nights.examples import LEICESTER, LEICESTERSHIRE, MARKERS, RUTLAND
from reports.told import (
    KINDS,
    Page,
    Told,
    account,
    casebook_of,
    earlier_night,
    tell,
    tonight,
    withheld,
)

from publishing.reports.saying import sides

HOSTILE = (
    '=HYPERLINK("https://evil.example","x")',
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "<script>alert(1)</script>",
    "a & b &amp; c",
    "{{ 7*7 }}",
    "{% include 'report.html.j2' %}",
    "</style></title><img src=x onerror=alert(1)>",
    "https://evil.example/",
    "mailto:a@b.example",
    '" onmouseover="alert(1)',
    "&L&G",
)
STEMS = (LEICESTER, LEICESTERSHIRE, RUTLAND, "LLR")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Told]:
    """Tell of nights in which providers, teams and workers are called what they should not be."""
    reports = {}
    for some in (HOSTILE[:8], HOSTILE[8:]):
        ids = [f"P{number}" for number in range(len(some))]
        night = account(
            tonight().as_of,
            *(f"missing {number}" for number in range(len(some))),
            columns={"team": some, "worker": some, "provider_id": ids},
        )
        casebook = casebook_of(tmp_path_factory.mktemp("hostile"), night)
        told = tell(casebook, night, names=dict(zip(ids, some, strict=True)))
        reports |= dict.fromkeys(some, told)
    return reports


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("stem", [LEICESTER, "LLR"])
def test_names_from_outside_are_read_as_they_are_written(
    hostile: dict[str, Told], name: str, stem: str
):
    page = hostile[name].page(stem)
    plain = " ".join(name.split())
    assert plain in page.tables["Open cases by team"].body
    assert plain in page.tables["Providers with the most open cases"].body
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "img", "iframe", "object", "embed"}
    assert not [name for _, told in page.elements for name in told if name.startswith("on")]
    assert "49" not in page.tables["Open cases by team"].body


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("stem", [LEICESTER, "LLR"])
def test_no_cell_becomes_a_formula_or_a_link(
    hostile: dict[str, Told], name: str, stem: str, tmp_path: Path
):
    cases = hostile[name].book(stem)["Cases"]
    headings = [cell.value for cell in cases[1]]
    worker = () if stem == "LLR" else ("Worker",)
    for heading in ("Team", *worker, "Provider"):
        column = [row[headings.index(heading)] for row in cases.iter_rows(min_row=2)]
        assert [cell.data_type for cell in column] == ["s"] * len(column)
        assert not any(cell.hyperlink for cell in column)
        assert name in [cell.value.replace("_x000D_", "\r") for cell in column]
    file = tmp_path / "book.xlsx"
    file.write_bytes(hostile[name].files[f"report/{stem}.xlsx"])
    with ZipFile(file) as parts:
        sheets = [part for part in parts.namelist() if part.startswith("xl/worksheets/sheet")]
        assert not [part for part in sheets if b"<f>" in parts.read(part)]
        assert not [part for part in parts.namelist() if "vba" in part or "external" in part]


@pytest.mark.parametrize("stem", STEMS)
def test_no_page_names_anybody(told: Told, stem: str):
    page = told.page(stem)
    assert not [marker for marker in MARKERS if marker in page.source]
    assert not re.search(r"[0-9a-f]{32}|ZZ", page.source)


def test_the_regions_workbook_names_nobody(told: Told, tmp_path: Path):
    file = tmp_path / "book.xlsx"
    file.write_bytes(told.files["report/LLR.xlsx"])
    with ZipFile(file) as parts:
        whole = b"".join(parts.read(part) for part in parts.namelist()).decode()
    assert not [marker for marker in MARKERS if marker in whole]


@pytest.mark.parametrize("stem", STEMS)
def test_a_page_asks_for_nothing_from_outside(told: Told, stem: str):
    page = told.page(stem)
    wanted = [
        value
        for _, attributes in page.elements
        for name in ("src", "href", "data", "action", "poster", "srcset", "style")
        if (value := attributes.get(name)) is not None
    ]
    assert {link for link in wanted if not link.startswith("#")} == {"data:,"} | (
        {"../refusals.csv"} & {*wanted}
    )
    assert not re.search(r"url\(|@import|@font-face|expression\(", page.source)
    assert ("html", {"lang": "en-GB", "class": "govuk-template"}) in page.elements


def test_a_council_sees_no_other_councils_cases(told: Told):
    whose = {stem: {row["Case"] for row in told.sheet(stem, "Cases")} for stem in STEMS}
    assert whose[LEICESTER] | whose[LEICESTERSHIRE] | whose[RUTLAND] < whose["LLR"]
    assert not whose[LEICESTER] & whose[RUTLAND]


def cases_of(kind: str, council: str | None, provider: str | None, **more: str) -> pd.DataFrame:
    """Return a case of a type with what both sides say of it."""
    row = {"type": kind, "council_value": council, "provider_value": provider, **more}
    return pd.DataFrame([row], dtype="str")


@pytest.mark.parametrize(
    ("kind", "council", "provider", "says"),
    [
        (
            "identity_differs",
            "nhs_number 9990000107; name Siân O'Brien",
            "nhs_number 9990000506; name Sian; date_of_birth Brien",
            ("Differs: NHS number, date of birth, name (not shown here)",) * 2,
        ),
        (
            "identity_differs",
            "date_of_birth 1965-04-03",
            None,
            ("Differs: date of birth (not shown here)",) * 2,
        ),
        (
            "possible_match",
            "Barbara Green, born 1959-06-25",
            "Barbra Green, born 1959-06-25",
            ("Name and date of birth: not shown here",) * 2,
        ),
        (
            "support_ended",
            "active since 2026-05-01",
            "ended 2024-11-05 to 2026-10-17",
            ("active since 1 May 2026", "ended 5 November 2024 to 17 October 2026"),
        ),
        ("service_type_differs", "HS", "EOL", ("Home Support", "End of Life Care")),
        ("provider_differs", "P2", "P9", ("Elm Care (P2)", "P9")),
        ("unauthorised_on_portal", "cancelled", "shown", ("Cancelled", "shown")),
        ("caseload_overdue", None, "2026-11-16", (None, "Latest caseload: 16 November 2026")),
        (
            "portal_differs",
            "person_id 2026-99-99; weekly_quantity 3",
            "person_id HS; weekly_quantity none",
            ("person 2026-99-99; weekly quantity 3", "person HS; weekly quantity none"),
        ),
        ("cpli_not_found", None, "active no dates", (None, "active no dates")),
    ],
)
def test_what_both_sides_say_is_put_in_words(
    kind: str, council: str | None, provider: str | None, says: tuple[str | None, str | None]
):
    said = sides(cases_of(kind, council, provider), {"P2": "Elm Care"})
    plain = said.astype(object).where(said.notna(), None)
    assert tuple(plain.loc[0, ["council_value", "provider_value"]]) == says


def test_the_details_of_a_person_are_in_no_workbook(tmp_path: Path):
    names = ("details", "missing")
    sensitive = "nhs_number 9990000107; date_of_birth 1938-07-04; name Margaret Hollis"
    columns = {"council_value": sensitive, "provider_value": sensitive}
    types = [KINDS[name][0] for name in names]
    assert types[0] == "identity_differs"
    night = account(
        tonight().as_of, *names, columns={**columns, "type": ["identity_differs", "possible_match"]}
    )
    reports = tell(casebook_of(tmp_path, night), night)
    for content in reports.files.values():
        if content.startswith(b"PK"):
            file = tmp_path / "book.xlsx"
            file.write_bytes(content)
            with ZipFile(file) as parts:
                content = b"".join(parts.read(part) for part in parts.namelist())
        assert not re.search(rb"9990000107|1938|Hollis", content)


def test_the_same_facts_give_the_same_bytes(tmp_path: Path, told: Told):
    casebook = casebook_of(tmp_path, earlier_night(), tonight())
    again = tell(casebook, tonight(), held_back=withheld())
    assert again.files == told.files
    assert isinstance(again.page(LEICESTER), Page)
