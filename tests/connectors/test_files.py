"""Tables in files that are named and written in a source's own way."""

from datetime import date
from pathlib import Path

import pytest

from connectors.feed import Feed
from connectors.files import FileTable
from connectors.patterns import FilePattern
from schemas.errors import SourceRefused, TryAgainLater
from schemas.tables import PORTAL, PROVIDER

OWN = Feed(
    columns={"cpli_id": "Line; no", "service_type": "Service", "start_date": "From"},
    codes={"service_type": {"home care": "HS"}},
    date_formats=("%d/%m/%Y",),
    decimal_comma=True,
    encoding="cp1252",
    delimiter=";",
)
HEADING = '"Line; no";provider_id;person_id;Service;From;end_date;weekly_quantity;unit'


def portal(folder: Path, feed: Feed = OWN, pattern: str = "p_{date:%d%m%Y}.csv") -> FileTable:
    return FileTable(
        of=PORTAL, place="portal", folder=folder, pattern=FilePattern(pattern), feed=feed
    )


def test_a_file_in_a_sources_own_way_reads_as_canonical_text(tmp_path: Path) -> None:
    rows = f"{HEADING}\nC1;P1;Zoë, a;Home  Care;01/02/2026;;7,5;hours\nC2;P1;b;Meals;1.2.26;;7;x\n"
    (tmp_path / "p_20112026.csv").write_bytes(rows.encode("cp1252"))
    table = portal(tmp_path)
    (found,) = table.found()
    assert (found.day, found.name) == (date(2026, 11, 20), "portal/p_20112026.csv")
    raw = table.read(found, source="portal E06000016")
    assert raw.frame.loc[0, list(PORTAL.all)].fillna("").tolist() == [
        "C1", "P1", "Zoë, a", "HS", "2026-02-01", "", "7.5", "hours",
    ]  # fmt: skip
    assert (
        raw.frame.loc[1, "service_type"]
        == raw.frame.loc[1, "start_date"]
        == "\N{REPLACEMENT CHARACTER}"
    )
    assert raw.facts.file == "portal/p_20112026.csv"
    assert len(raw.refusals) == 0


def test_a_column_of_ours_that_the_source_calls_otherwise_is_not_taken_by_our_name(
    tmp_path: Path,
) -> None:
    (tmp_path / "r.csv").write_text("provider_id,ref,name\nold,P1,Rose\n")
    table = FileTable(
        of=PROVIDER,
        place="here",
        folder=tmp_path,
        pattern=FilePattern("r.csv"),
        feed=Feed(columns={"provider_id": "ref"}),
    )
    raw = table.read(table.found()[0], source="providers")
    assert raw.frame["provider_id"].tolist() == ["P1"]
    assert "unknown_column" in set(raw.refusals["rule"])


def test_what_is_missing_is_named_as_the_source_names_it(tmp_path: Path) -> None:
    (tmp_path / "p_20112026.csv").write_text(HEADING.replace("Service", "Svc"))
    table = portal(tmp_path)
    with pytest.raises(SourceRefused, match="has no column Service") as refused:
        table.read(table.found()[0], source="portal E06000016")
    assert (refused.value.rule, refused.value.column) == ("missing_columns", "service_type")


def test_text_that_is_not_in_its_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p_20112026.csv").write_bytes(HEADING.encode() + b"\n\x81\x8d")
    table = portal(tmp_path)
    with pytest.raises(SourceRefused, match="is not cp1252 text"):
        table.read(table.found()[0], source="portal E06000016")


def test_files_come_by_date_and_nothing_else_is_taken(tmp_path: Path) -> None:
    for name in (
        "p_02112026.csv",
        "p_20102026.csv",
        "p_31022026.csv",
        "other.csv",
        ".p_01112026.csv",
    ):
        (tmp_path / name).write_text("x")
    (tmp_path / "p_05112026.csv").mkdir()
    (tmp_path / "p_06112026.csv").symlink_to("/etc/passwd")
    assert [found.file for found in portal(tmp_path).found()] == [
        "p_20102026.csv",
        "p_02112026.csv",
    ]


def test_the_text_behind_a_star_is_never_repeated(tmp_path: Path) -> None:
    (tmp_path / "p Mrs Smith 20112026.csv").write_text("x")
    table = portal(tmp_path, pattern="p*{date:%d%m%Y}.csv")
    (found,) = table.found()
    with pytest.raises(SourceRefused) as refused:
        table.read(found, source="portal E06000016")
    assert "p*20112026.csv" in str(refused.value)
    assert "Smith" not in str(refused.value)


def test_a_folder_that_is_gone_is_not_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(TryAgainLater, match="The folder of portal is not there"):
        portal(tmp_path / "unmounted").found()
