"""What is written is the canonical layout, with the faults that real sources have."""

import csv
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import oracle
import pytest
from made.populations import (
    RUTLAND,
    as_the_plain_reading_takes_it,
    caseload_paths,
    council_rows,
    dated,
    made,
    rows,
    table,
)
from python_calamine import CalamineWorkbook

from population import generate
from population.spreadsheets import spreadsheet
from schemas.tables import CASELOAD, CPLI, PORTAL, PROVIDER
from schemas.vocabularies import Authorisation, ServiceType

LEICESTER, LEICESTERSHIRE = "E06000016", "E10000018"


@pytest.fixture(scope="module")
def directory() -> Path:
    return made().directory


def header(path: Path) -> list[str]:
    """Return a file's columns."""
    read = table(path)
    assert read
    return list(read[0])


def portals(directory: Path) -> list[Path]:
    """Return the portal extracts."""
    return sorted((directory / "council").glob("*/portal_*.csv"))


def test_the_columns_are_those_of_the_contract(directory: Path) -> None:
    for path in (directory / "council").glob("*/cpli.csv"):
        assert sorted(header(path)) == sorted(CPLI.all)
    for path in portals(directory):
        assert sorted(header(path)) == sorted(PORTAL.all)
    assert header(directory / "providers.csv") == list(PROVIDER.all)
    assert header(directory / "truth.csv") == [
        "type",
        "local_authority",
        "provider_id",
        "person_id",
        "cpli_ids",
        "caseload_rows",
    ]


def test_caseloads_have_the_columns_that_their_provider_keeps(directory: Path) -> None:
    headers = Counter(tuple(read[0]) for path in caseload_paths(directory) if (read := table(path)))
    assert len(headers) >= 4
    assert headers.most_common(1)[0][0] == CASELOAD.all
    unknown = {name for columns in headers for name in columns} - set(CASELOAD.all)
    assert unknown == {"key_worker"}
    assert any("service_type" not in columns for columns in headers)


def test_each_portal_has_a_late_and_an_older_extract(directory: Path) -> None:
    for council in (directory / "council").iterdir():
        ages = sorted((made().run_date - dated(path)[1]).days for path in council.glob("portal_*"))
        assert len(ages) == 2
        assert 0 <= ages[0] <= 3
        assert ages[0] < ages[1] <= 7


def test_the_sources_disagree_on_how_text_is_written(directory: Path) -> None:
    councils = directory / "council"
    assert (councils / RUTLAND / "cpli.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert b"\r\n" in (councils / LEICESTERSHIRE / "cpli.csv").read_bytes()
    assert b"\r\n" not in (councils / LEICESTER / "cpli.csv").read_bytes()
    caseloads = [path.read_bytes() for path in caseload_paths(directory) if path.suffix == ".csv"]
    assert any(content.startswith(b"\xef\xbb\xbf") for content in caseloads)
    assert any(b"\r\n" in content for content in caseloads)
    assert any(b"\r\n" not in content for content in caseloads)
    assert sum(not _is_utf_8(content) for content in caseloads) >= 1


def _is_utf_8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def test_some_caseloads_are_spreadsheets_and_some_come_both_ways(directory: Path) -> None:
    names = Counter(path.stem for path in caseload_paths(directory))
    assert sum(path.suffix == ".xlsx" for path in caseload_paths(directory)) >= 4
    twice = [name for name, count in names.items() if count > 1]
    assert twice
    for name in twice:
        both = [rows(directory / "caseload" / f"{name}.{suffix}") for suffix in ("csv", "xlsx")]
        assert both[0] == both[1]


def test_a_caseload_of_an_unregistered_provider_lists_only_the_past(directory: Path) -> None:
    registered = {row["provider_id"] for row in rows(directory / "providers.csv")}
    strange = [path for path in caseload_paths(directory) if dated(path)[0] not in registered]
    assert len(strange) == 1
    assert {row["end_date"] for row in rows(strange[0])} == {"2020-01-31"}


def test_caseloads_have_blank_rows_totals_and_rows_about_nobody(directory: Path) -> None:
    entries = list(of_caseloads(directory))
    assert any(not any(row.values()) for row in entries)
    assert any(row["family_name"] == "TOTAL" and not row["service_type"] for row in entries)
    assert any(row["family_name"] == "not known" and not row["given_name"] for row in entries)


def of_caseloads(directory: Path) -> Iterator[dict[str, str]]:
    """Yield every row of every caseload, with every column that there might be."""
    for path in caseload_paths(directory):
        for row in rows(path):
            yield dict.fromkeys(CASELOAD.all, "") | row


def test_providers_keep_what_they_keep(directory: Path) -> None:
    entries = [row for row in of_caseloads(directory) if row["family_name"]]
    share = {
        name: sum(bool(row[name]) for row in entries) / len(entries)
        for name in ("nhs_number", "cpli_id", "person_id", "local_authority", "end_date")
    }
    assert 0.6 < share["nhs_number"] < 0.85
    assert 0.25 < share["cpli_id"] < 0.6
    assert 0.3 < share["person_id"] < 0.65
    assert 0.4 < share["local_authority"] < 0.9
    capitals = sum(row["family_name"].isupper() for row in entries) / len(entries)
    assert 0.1 < capitals < 0.8


def test_every_service_type_and_authorisation_is_bought(directory: Path) -> None:
    known = [row for _, row in council_rows(made(people=12_000, seed=8).directory)]
    assert {row["service_type"] for row in known} >= set(ServiceType.codes())
    assert {row["authorisation"] for row in known} >= set(Authorisation.codes())
    by_type = Counter(row["service_type"] for row in known)
    assert by_type.most_common(1)[0][0] == "HS"


def test_most_lines_are_delivered_for_the_window_and_a_few_beyond(directory: Path) -> None:
    ends = [row["end_date"] for _, row in council_rows(directory) if row["end_date"]]
    within = [end for end in ends if end >= "2025-11-20"]
    beyond = [end for end in ends if end[:4] == "2025" and end < "2025-11-20"]
    assert len(within) > 500
    assert 0 < len(beyond) < 0.1 * len(ends)


def test_april_closes_and_reopens_most_lines(directory: Path) -> None:
    known = [row for _, row in council_rows(directory)]
    closed = {
        (row["person_id"], row["service_type"], row["provider_id"])
        for row in known
        if row["end_date"] == "2026-03-31"
    }
    opened = {
        (row["person_id"], row["service_type"], row["provider_id"])
        for row in known
        if row["start_date"] == "2026-04-01"
    }
    assert len(closed & opened) > 500


@pytest.mark.parametrize(
    "fault",
    [
        ("cpli", "nhs_number", "warning"),
        ("cpli", "date_of_birth", "warning"),
        ("cpli", "weekly_quantity", "warning"),
        ("cpli", "unit", "warning"),
        ("cpli", "service_type", "warning"),
        ("cpli", "created_at", "warning"),
        ("cpli", "updated_at", "warning"),
        ("cpli", "cpli_id", "rejected"),
        ("cpli", "person_id", "rejected"),
        ("cpli", "provider_id", "rejected"),
        ("cpli", "service_type", "rejected"),
        ("cpli", "start_date", "rejected"),
        ("cpli", "end_date", "rejected"),
        ("cpli", "authorisation", "rejected"),
        ("portal", "weekly_quantity", "warning"),
        ("portal", "unit", "warning"),
        ("portal", "service_type", "warning"),
        ("portal", "person_id", "rejected"),
        ("portal", "provider_id", "rejected"),
        ("portal", "start_date", "rejected"),
        ("portal", "end_date", "rejected"),
        ("caseload", "nhs_number", "warning"),
        ("caseload", "date_of_birth", "warning"),
        ("caseload", "weekly_quantity", "warning"),
        ("caseload", "unit", "warning"),
        ("caseload", "service_type", "warning"),
        ("caseload", "local_authority", "warning"),
        ("caseload", "start_date", "rejected"),
        ("caseload", "end_date", "rejected"),
        ("caseload", "service_type", "rejected"),
        ("caseload", "provider_id", "rejected"),
        ("caseload", "caseload_date", "rejected"),
    ],
)
def test_two_thousand_people_have_every_fault(
    noticed: set[tuple[str, str, str]], fault: tuple[str, str, str]
) -> None:
    assert fault in noticed


@pytest.fixture(scope="module")
def noticed() -> set[tuple[str, str, str]]:
    """Return source, column and level of everything that the plain reading refuses."""
    generated = made()
    study = oracle.study(as_the_plain_reading_takes_it(generated), generated.run_date)
    return {
        (notice.source.partition("/")[0], notice.column, notice.level) for notice in study.notices
    }


def test_few_rows_are_rejected(directory: Path) -> None:
    generated = made(people=12_000, seed=8)
    bad = [row for _, row in council_rows(generated.directory) if row["start_date"] == "2026-02-30"]
    assert 0 < len(bad) < 0.001 * generated.cplis


def test_what_is_counted_is_what_is_written(directory: Path) -> None:
    generated = made()
    assert generated.cplis == len(list(council_rows(directory)))
    assert generated.portal_rows == sum(len(rows(path)) for path in portals(directory))
    assert generated.providers == len(rows(directory / "providers.csv"))
    written = caseload_paths(directory)
    assert generated.caseload_files == len(written)
    once = {path.stem: path for path in written}.values()
    assert generated.caseload_rows == sum(len(rows(path)) for path in once)
    assert generated.people == 2_000


def test_councils_can_be_chosen(tmp_path: Path) -> None:
    generate(
        tmp_path / "sources",
        people=300,
        seed=1,
        as_of=made().run_date,
        councils=(RUTLAND, LEICESTER),
    )
    chosen = {path.name for path in (tmp_path / "sources" / "council").iterdir()}
    assert chosen == {RUTLAND, LEICESTER}


def test_a_text_with_a_comma_is_quoted(directory: Path) -> None:
    path = directory / "council" / LEICESTER / "cpli.csv"
    with path.open(encoding="utf-8", newline="") as file:
        said = {row["service_description"] for row in csv.DictReader(file)}
    assert "Home care, four visits a day" in said


@pytest.mark.parametrize("typed", [False, True])
def test_a_spreadsheet_is_stored_so_that_no_compression_shows(tmp_path: Path, typed: bool) -> None:
    header = ("nhs_number", "start_date", "weekly_quantity")
    of_it = [("9990000018", "2026-02-28", "14.5"), (None, "2026-02-30", "two visits")]
    path = tmp_path / "book.xlsx"
    path.write_bytes(spreadsheet(header, of_it, typed=typed))
    with ZipFile(path) as book:
        assert {part.compress_type for part in book.infolist()} == {ZIP_STORED}
    assert rows(path) == [
        dict(zip(header, [cell or "" for cell in row], strict=True)) for row in of_it
    ]


def test_some_spreadsheets_have_real_dates_and_some_have_text(directory: Path) -> None:
    kinds = {
        type(cell)
        for path in caseload_paths(directory)
        if path.suffix == ".xlsx" and table(path)
        for row in CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()[1:]
        for cell in row
        if str(cell).startswith("19")
    }
    assert kinds == {date, str}
