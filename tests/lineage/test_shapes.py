"""Of which columns files and databases are made as they come, and of what type their cells seem."""

from datetime import UTC, date, datetime
from io import BytesIO

import numpy as np
import openpyxl
import pyarrow as pa
import pytest
from council import ASKED, LINES, Council
from folders.canonical import LEICESTER, cpli, csv_bytes, entry
from pydantic import TypeAdapter
from servers import postgres

from casebook.record import SourceOutcome, SourceRecord
from connectors import shapes
from connectors.csv_file import read_csv
from connectors.feed import Feed
from connectors.files import FileTable
from connectors.intake.understanding import understand
from connectors.patterns import FilePattern
from connectors.shapes import MOST_CELLS, looked_at
from connectors.sql.kinds import declared_type
from connectors.sql.rows import read
from connectors.sql.snapshot import snapshot
from connectors.xlsx_file import read_xlsx
from flows.pulls import RegisterFacts
from flows.streaming import stage_cplis
from schemas.errors import SourceRefused
from schemas.lineage import CameColumn, ColumnType
from schemas.raw import FileFacts, whole
from schemas.tables import CASELOAD, CPLI, PROVIDER

NOW = datetime(2026, 11, 20, tzinfo=UTC)
FACTS = FileFacts(file="file", size_bytes=1, sha256="", received_at=NOW)
MARKER = "Zzmarker Person"


def text(*cells: str | None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(cells, pa.large_string())])


def types(columns: tuple[CameColumn, ...] | None) -> dict[str, str]:
    assert columns is not None
    return {each.name: (each.declared or each.looked.judged).value for each in columns}


@pytest.mark.parametrize(
    ("cells", "judged"),
    [
        (["1", "-20", "9990000018"], "integer"),
        (["1", "7.5", "7,25"], "decimal"),
        (["2026-11-20", "1/2/2026", "20.11.26", "3rd Nov 2026", "2026/11/20"], "date"),
        (["2026-11-20T10:00:00Z", "20/11/2026 09:30", "2026-11-20 10:00:00.5+01:00"], "instant"),
        (["true", "No", "Y"], "boolean"),
        (["0123", "0456"], "text"),
        (["9.99E+09", "1,000,000"], "text"),
        ([None, "", "  "], "empty"),
    ],
)
def test_cells_tell_their_type(cells, judged):
    assert looked_at(text(*cells)).judged.value == judged


def test_no_more_cells_are_looked_at_than_tell_and_they_are_spread_over_all():
    half = MOST_CELLS * 3
    looked = looked_at(text(None, *["1"] * half, *["x"] * half))
    assert looked.cells == MOST_CELLS
    assert looked.fit(ColumnType.INTEGER) == pytest.approx(MOST_CELLS / 2, abs=1)


def test_a_column_that_is_seldom_filled_is_judged_by_its_filled_cells():
    looked = looked_at(text(*[None] * 50_000, "2026-11-20"))
    assert (looked.cells, looked.judged) == (1, ColumnType.DATE)


CSV = b"Provider_ID,Name , opened,opened,\nP1,One,2020-01-01,7,\nP2,Two,2021-01-01,8,\n"
AS_THEY_CAME = {
    "Provider_ID": "text", "Name": "text", "opened": "date", "opened (2)": "integer",
}  # fmt: skip


@pytest.mark.parametrize("content", [CSV, CSV + b'P3,"Three\n'])
def test_a_csv_files_columns_are_told_as_they_came_be_it_read_fast_or_with_care(content):
    raw = read_csv(content, table=PROVIDER, source="providers", facts=FACTS)
    assert types(raw.facts.shape) == AS_THEY_CAME
    assert [each.known for each in raw.facts.shape] == [True, True, False, False]


def test_columns_are_told_of_a_file_that_has_no_rows():
    raw = read_csv(b"provider_id,name,zz\n", table=PROVIDER, source="providers", facts=FACTS)
    assert types(raw.facts.shape) == {"provider_id": "empty", "name": "empty", "zz": "empty"}


def test_a_workbooks_columns_are_told_as_they_came():
    book = openpyxl.Workbook()
    book.active.append(["provider_id", "name", "opened", "beds"])
    book.active.append(["P1", "One", date(2020, 1, 1), 7.5])
    content = BytesIO()
    book.save(content)
    raw = read_xlsx(content.getvalue(), table=PROVIDER, source="providers", facts=FACTS)
    assert types(raw.facts.shape) == {
        "provider_id": "text", "name": "text", "opened": "date", "beds": "decimal",
    }  # fmt: skip


def test_a_file_with_semicolons_is_told_as_it_was(tmp_path):
    (tmp_path / "providers.csv").write_text("provider_id;name;a,b\nP1;One;7,5\n")
    table = FileTable(
        of=PROVIDER,
        place="top",
        folder=tmp_path,
        pattern=FilePattern("providers.csv"),
        feed=Feed(delimiter=";"),
    )
    raw = table.read(table.found()[0], source="providers")
    assert types(raw.facts.shape) == {"provider_id": "text", "name": "text", "a,b": "decimal"}


def test_the_headings_of_a_file_that_is_refused_for_them_are_told():
    rows = [cpli(1)]
    columns = [name if name != "nhs_number" else "nhs_no" for name in CPLI.required]
    with pytest.raises(SourceRefused) as refused:
        read_csv(csv_bytes(rows, columns), table=CPLI, source="cpli X", facts=FACTS)
    assert [each.name for each in refused.value.shape or ()] == columns


def test_a_line_that_may_be_a_person_is_never_told():
    first = f"cpli_id,person_id,{MARKER},C1,999 000 0018\n".encode()
    with pytest.raises(SourceRefused) as refused:
        read_csv(first, table=CPLI, source="cpli X", facts=FACTS)
    assert refused.value.shape is None


def caseload(*more: str) -> bytes:
    columns = [*CASELOAD.all, *more]
    return csv_bytes([entry(cpli(1)) | dict.fromkeys(more, "7")], columns)


def test_of_a_caseloads_own_headings_nothing_is_kept_but_a_hash():
    canonical = read_csv(caseload(MARKER), table=CASELOAD, source="caseload P1", facts=FACTS)
    typed = understand(
        caseload(MARKER), facts=FACTS, provider_id="P1", caseload_date=date(2026, 11, 16)
    ).raw
    for raw in (canonical, typed):
        *ours, last = raw.facts.shape or ()
        assert [each.name for each in ours] == list(CASELOAD.all)
        assert (last.known, last.looked.judged) == (False, ColumnType.INTEGER)
        assert len(last.name) == 64
        assert "marker" not in repr(raw.facts.shape).lower()


def test_of_a_providers_list_columns_are_what_was_understood_of_them():
    list_of_theirs = (
        "Our residents,,,\nNHS No,Type of care,Date of admission,Zz Room\n"
        "999 000 0018,Home care,1st May 2026,7a\n"
    )
    raw = understand(
        list_of_theirs.encode(), facts=FACTS, provider_id="P1", caseload_date=date(2026, 11, 16)
    ).raw
    told = types(raw.facts.shape)
    assert list(told)[:3] == ["nhs_number", "service_type", "start_date"]
    assert list(told.values()) == ["integer", "text", "date", "text"]


def test_long_headings_and_their_spaces_are_cut(monkeypatch):
    heading = "a" * 150 + " \t b"
    raw = read_csv(
        f"provider_id,name,{heading}\n".encode(), table=PROVIDER, source="providers", facts=FACTS
    )
    assert (raw.facts.shape or ())[2].name == "a" * shapes.LONGEST_NAME


def test_a_shape_is_no_part_of_what_makes_two_files_the_same():
    raw = read_csv(CSV, table=PROVIDER, source="providers", facts=FACTS)
    assert raw.facts == FACTS
    assert "opened" not in repr(raw.facts)


def chunks_of(council: Council, *, at_once: int = 20_000, sql_table=LINES):
    with snapshot(council.place) as opened:
        feed = Feed()
        yield from read(opened, sql_table, feed, source="cpli X", asked=ASKED, rows_at_once=at_once)


def rows_of(many: int) -> list[dict[str, object]]:
    return [
        {**cpli(1), "cpli_id": f"C{n:05}", "zz": "x", "weekly_quantity": n} for n in range(many)
    ]


def test_a_database_without_types_is_told_by_its_cells_part_by_part(tmp_path):
    council = Council(f"sqlite:///{tmp_path / 'finance.sqlite'}")
    council.fill(rows_of(7))
    parts = [*chunks_of(council, at_once=3)]
    assert [part.facts.shape[0].looked.cells for part in parts] == [3, 6, 7]
    told = types(whole(parts).facts.shape)
    assert list(told) == list(rows_of(1)[0])
    assert (told["start_date"], told["nhs_number"]) == ("date", "integer")
    assert (told["created_at"], told["zz"]) == ("instant", "empty")


def test_a_shape_of_parts_grows_with_its_columns_alone(tmp_path):
    council = Council(f"sqlite:///{tmp_path / 'finance.sqlite'}")
    council.fill(rows_of(60))
    few, *_, last = (len(repr(part.facts.shape)) for part in chunks_of(council, at_once=2))
    assert last < 1.2 * few


def test_cplis_that_are_staged_part_by_part_go_on_with_the_shape_of_the_whole(tmp_path):
    council = Council(f"sqlite:///{tmp_path / 'finance.sqlite'}")
    council.fill(rows_of(7))
    staged = stage_cplis(
        chunks_of(council, at_once=3),
        tmp_path / "staged",
        local_authority=LEICESTER,
        as_of=ASKED.as_of,
    )
    assert staged.record.shape == whole(chunks_of(council)).facts.shape


def test_a_shape_comes_back_from_what_is_kept_while_a_night_is_held():
    raw = read_csv(CSV, table=PROVIDER, source="providers", facts=FACTS)
    record = SourceRecord(source="providers", outcome=SourceOutcome.USED, shape=raw.facts.shape)
    kept = TypeAdapter(RegisterFacts)
    facts = kept.validate_json(kept.dump_json(RegisterFacts(sources=(record,))))
    assert facts.sources[0].shape == raw.facts.shape


def test_a_table_that_lacks_a_column_is_told_with_the_refusal(tmp_path):
    council = Council(f"sqlite:///{tmp_path / 'finance.sqlite'}")
    council.fill([{name: value for name, value in cpli(1).items() if name != "nhs_number"}])
    with pytest.raises(SourceRefused) as refused:
        next(chunks_of(council))
    assert "nhs_number" not in types(refused.value.shape)
    assert "person_id" in types(refused.value.shape)


@pytest.mark.server
def test_a_database_with_types_is_told_by_them(postgresql_server):
    declared = {
        "start_date": "date", "end_date": "date", "weekly_quantity": "numeric(8, 2)",
        "created_at": "timestamptz", "zz": "boolean",
    }  # fmt: skip
    row = {**cpli(1), "end_date": None, "weekly_quantity": 7, "zz": True}
    row |= {"start_date": date(2026, 5, 1), "created_at": NOW}
    with postgres.empty_database(postgresql_server) as url:
        council = Council(url)
        council.fill([row], **declared)
        told = types(next(chunks_of(council)).facts.shape)
    assert {name: told[name] for name in (*declared, "nhs_number", "cpli_id")} == {
        "start_date": "date", "end_date": "date", "weekly_quantity": "decimal",
        "created_at": "instant", "zz": "boolean", "nhs_number": "text", "cpli_id": "text",
    }  # fmt: skip


class OracleType:
    def __init__(self, name: str) -> None:
        self.name = name


@pytest.mark.parametrize(
    ("driver", "code", "declared"),
    [
        ("psycopg", 2950, "text"),
        ("pymysql", 246, "decimal"),
        ("pymysql", 253, "text"),
        ("pymssql", 1, "text"),
        ("pymssql", 3, None),
        ("oracledb", OracleType("DB_TYPE_VARCHAR"), "text"),
        ("oracledb", OracleType("DB_TYPE_NUMBER"), None),
        ("pysqlite", None, None),
        ("another", 20, None),
    ],
)
def test_codes_of_drivers_that_leave_a_type_open_declare_none(driver, code, declared):
    assert declared_type(code, driver) == declared


def test_looking_changes_no_cell():
    cells = text(" 1 ", None, "x")
    looked_at(cells)
    assert cells.to_pylist() == [" 1 ", None, "x"]
    assert np.asarray(cells.is_valid()).tolist() == [True, False, True]
