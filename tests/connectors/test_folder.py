"""The canonical sources folder: what is read of it, what is refused, and what is never said."""

import errno
import hashlib
import io
import os
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter

from connectors.folder import CanonicalFolder
from connectors.source import Source
from schemas.errors import CpliError, PersonNeeded, SourceRefused, TryAgainLater, WrongUsage
from schemas.raw import CaseloadFile, PortalFile
from schemas.tables import CPLI, PORTAL, REFUSAL_COLUMNS

MARKER = "Zzyzx"
LEICESTER, RUTLAND = "E06000016", "E06000017"
CASELOAD_TEXT = "service_type,nhs_number\nHS,9990000018\n"


def csv(columns: tuple[str, ...], *rows: dict[str, str]) -> str:
    lines = [columns, *([row.get(name, "") for name in columns] for row in rows)]
    return "".join(",".join(line) + "\n" for line in lines)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A sources folder with a council, two of its portal extracts, and three caseloads."""
    root = tmp_path / "sources"
    for folder in (f"council/{LEICESTER}", f"council/{RUTLAND}", "caseload"):
        (root / folder).mkdir(parents=True)
    for file, text in {
        "providers.csv": "provider_id,name\nP0001,Zzyzx Care\n",
        "truth.csv": "type\n",
        f"council/{LEICESTER}/cpli.csv": csv(CPLI.all, {"cpli_id": "C1"}, {"cpli_id": "C2"}),
        f"council/{LEICESTER}/portal_2026-11-19.csv": csv(PORTAL.all, {"cpli_id": "C2"}),
        f"council/{LEICESTER}/portal_2026-11-17.csv": csv(PORTAL.all),
        f"council/{RUTLAND}/.keep": "",
        "caseload/P0002_2026-11-16.csv": CASELOAD_TEXT,
        "caseload/P_1.a-b_2026-11-16.csv": CASELOAD_TEXT,
        "caseload/P0001_2026-11-16.csv": CASELOAD_TEXT,
    }.items():
        (root / file).write_text(text)
    return root


def caseload(file: str) -> CaseloadFile:
    return CaseloadFile(
        provider_id="P0001",
        caseload_date=date(2026, 11, 16),
        file=file,
        received_at=datetime(2026, 11, 16, tzinfo=UTC),
    )


def told(refusals: pd.DataFrame) -> list[tuple[str, str, str]]:
    assert list(refusals) == list(REFUSAL_COLUMNS)
    assert set(refusals["level"]) <= {"warning"}
    assert refusals["message"].str.contains("Ask whoever fills the sources folder to ").all()
    return list(refusals[["source", "file", "rule"]].itertuples(index=False, name=None))


# What is there


def test_the_layout_is_read_whole(root: Path) -> None:
    source: Source = CanonicalFolder(root)
    source.open()
    assert source.councils() == (LEICESTER, RUTLAND)
    assert source.providers().frame["name"].tolist() == ["Zzyzx Care"]
    assert source.cplis(LEICESTER).frame["cpli_id"].tolist() == ["C1", "C2"]
    extracts = source.portal_files(LEICESTER)
    assert [extract.extract_date.day for extract in extracts] == [17, 19]
    assert source.portal(extracts[-1]).frame["cpli_id"].tolist() == ["C2"]
    caseloads, refusals = source.caseload_files()
    assert [it.provider_id for it in caseloads] == ["P0001", "P0002", "P_1.a-b"]
    assert source.caseload(caseloads[0]).frame["nhs_number"].tolist() == ["9990000018"]
    assert told(refusals) == told(source.stray_files()) == []


def test_each_table_says_where_it_comes_from(root: Path) -> None:
    source = CanonicalFolder(root)
    extract, found = source.portal_files(LEICESTER)[0], source.caseload_files()[0][1]
    tables = [
        source.providers(),
        source.cplis(LEICESTER),
        source.portal(extract),
        source.caseload(found),
    ]
    assert [(table.source, table.facts.file) for table in tables] == [
        ("providers", "providers.csv"),
        (f"cpli {LEICESTER}", f"council/{LEICESTER}/cpli.csv"),
        (f"portal {LEICESTER}", f"council/{LEICESTER}/portal_2026-11-17.csv"),
        ("caseload P0002", "caseload/P0002_2026-11-16.csv"),
    ]


def test_a_file_is_known_by_what_was_received(root: Path) -> None:
    file = root / "caseload/P0001_2026-11-16.csv"
    os.utime(file, (1_795_165_200, 1_795_165_200))
    source = CanonicalFolder(root)
    [found, *_], _ = source.caseload_files()
    facts = source.caseload(found).facts
    assert facts.size_bytes == len(CASELOAD_TEXT)
    assert facts.sha256 == hashlib.sha256(CASELOAD_TEXT.encode()).hexdigest()
    assert facts.received_at == found.received_at == datetime(2026, 11, 20, 9, tzinfo=UTC)


def test_a_caseload_may_be_a_spreadsheet(root: Path) -> None:
    with xlsxwriter.Workbook(root / "caseload/P0003_2026-11-16.XLSX") as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["service_type", "nhs_number"])
        sheet.write_row(1, 0, ["HS", 9990000018])
    source = CanonicalFolder(root)
    found = next(it for it in source.caseload_files()[0] if it.provider_id == "P0003")
    assert source.caseload(found).frame["nhs_number"].tolist() == ["9990000018"]


def test_two_caseloads_of_one_provider_and_date_come_in_the_order_of_receipt(root: Path) -> None:
    file = "caseload/P0001_2026-11-16"
    (root / f"{file}.xlsx").write_bytes(b"")
    for name, received in ((f"{file}.csv", 2_000), (f"{file}.xlsx", 1_000)):
        os.utime(root / name, (received, received))
    caseloads, _ = CanonicalFolder(root).caseload_files()
    assert [it.file for it in caseloads[:2]] == [f"{file}.xlsx", f"{file}.csv"]


def test_hidden_and_lock_files_are_passed_over(root: Path) -> None:
    for folder in ("caseload", "council", f"council/{LEICESTER}"):
        for name in (".DS_Store", "~$lock.xlsx", "Thumbs.db", "desktop.ini", ".P_2026-11-16.csv"):
            (root / folder / name).write_text("")
    source = CanonicalFolder(root)
    assert len(source.caseload_files()[0]) == 3
    assert told(source.caseload_files()[1]) == told(source.stray_files()) == []


def test_links_within_the_sources_are_followed(root: Path, tmp_path: Path) -> None:
    (root / "caseload/P0004_2026-11-16.csv").symlink_to(root / "caseload/P0001_2026-11-16.csv")
    (tmp_path / "link").symlink_to(root)
    source = CanonicalFolder(tmp_path / "link")
    found = next(it for it in source.caseload_files()[0] if it.provider_id == "P0004")
    assert len(source.caseload(found).frame) == 1


# What is not


def test_no_folder_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match=r"There is no folder .*nowhere\. Name"):
        CanonicalFolder(tmp_path / "nowhere").open()


def test_a_file_is_no_folder(root: Path) -> None:
    with pytest.raises(WrongUsage, match="is a file, not a folder"):
        CanonicalFolder(root / "providers.csv").open()


def test_an_empty_folder_is_refused_with_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(SourceRefused, match=r"neither providers\.csv nor a folder council") as it:
        CanonicalFolder(tmp_path).open()
    assert it.value.rule == "not_received"


def test_folders_that_are_not_there_hold_nothing(tmp_path: Path) -> None:
    source = CanonicalFolder(tmp_path)
    assert source.councils() == source.portal_files(LEICESTER) == source.caseload_files()[0] == ()
    assert told(source.stray_files()) == []


def test_a_folder_of_caseloads_that_is_not_there_is_told(root: Path) -> None:
    for file in (root / "caseload").iterdir():
        file.unlink()
    (root / "caseload").rmdir()
    caseloads, refusals = CanonicalFolder(root).caseload_files()
    assert caseloads == ()
    assert told(refusals) == [("caseload", "caseload", "not_received")]
    assert "There is no folder caseload" in refusals["message"].item()
    assert "<provider_id>_<date>.csv or .xlsx" in refusals["message"].item()


def test_caseloads_that_are_no_folder_are_told(root: Path, tmp_path: Path) -> None:
    (root / "caseload").rename(tmp_path / "elsewhere")
    source = CanonicalFolder(root)
    for make in (link_outside_folder, link_to_nothing, lambda path: path.write_text(MARKER)):
        make(root / "caseload")
        caseloads, refusals = source.caseload_files()
        assert caseloads == ()
        assert told(refusals) == [("caseload", "caseload", "not_plain")]
        assert told(source.stray_files()) == []
        (root / "caseload").unlink()


def test_what_lies_beside_the_folders_is_told_by_name_where_the_name_is_ours(root: Path) -> None:
    ours = ["caseloads", "Case loads.zip", "councils", "provider.csv", "cpli.csv"]
    for name in [*ours, f"{MARKER} Mary.docx", f"caseload {MARKER}", "caseload 9990000018"]:
        (root / name).write_text(MARKER)
    strays = CanonicalFolder(root).stray_files()
    assert set(told(strays)) == {("sources", name, "file_name") for name in [*ours, "?"]}
    assert strays["message"].str.contains("not providers.csv, council, caseload or answers").all()
    assert (
        "in the order of names, number 2, 4 and 5 of 12 in the sources folder"
        in strays.set_index("file")["message"]["?"]
    )
    assert MARKER not in strays.to_csv()
    assert "999" not in strays.to_csv()


def test_at_most_twenty_places_are_told(root: Path) -> None:
    for number in range(23):
        (root / f"caseload/{number:02} {MARKER}").write_text("")
    message = CanonicalFolder(root).caseload_files()[1]["message"].item()
    assert "number 1, 2, 3" in message
    assert "19, 20 and 3 more of 26 in caseload, because the name is not <provider_id>" in message


def test_an_extract_that_did_not_come(root: Path) -> None:
    with pytest.raises(SourceRefused) as refusal:
        CanonicalFolder(root).cplis(RUTLAND)
    assert (refusal.value.rule, refusal.value.file) == (
        "not_received",
        f"council/{RUTLAND}/cpli.csv",
    )
    assert str(refusal.value) == (
        f"council/{RUTLAND}/cpli.csv did not come. Ask the council to send it."
    )


def test_a_register_that_did_not_come(root: Path) -> None:
    (root / "providers.csv").unlink()
    source = CanonicalFolder(root)
    source.open()
    with pytest.raises(SourceRefused, match="whoever keeps the register") as refusal:
        source.providers()
    assert refusal.value.rule == "not_received"


# What has another name

MISNAMED_CASELOADS = [
    "Zzyzx Mary.csv",
    "Zzyzx_2026-11-16.pdf",
    "2026-11-16.csv",
    "P 1_2026-11-16.csv",
    "P1_2026-11-16.csv\n",
    "P1_2026-11-1\N{ARABIC-INDIC DIGIT SIX}.csv",
    "_2026-11-16.csv",
    "P" * 65 + "_2026-11-16.csv",
    "Zzyzx\udcff_2026-11-16.csv",
]


def test_caseloads_of_other_names_are_counted_and_never_named(root: Path) -> None:
    for name in MISNAMED_CASELOADS:
        (root / "caseload" / name).write_text(CASELOAD_TEXT)
    caseloads, refusals = CanonicalFolder(root).caseload_files()
    assert len(caseloads) == 3
    assert told(refusals) == [("caseload", "caseload/?", "file_name")]
    assert "of 12 in caseload, because the name is not" in refusals["message"].item()
    assert MARKER not in refusals.to_csv()


def test_a_date_that_no_calendar_has_is_told_without_the_name(root: Path) -> None:
    (root / "caseload/P0009_2026-02-30.csv").write_text(CASELOAD_TEXT)
    (root / f"caseload/{MARKER}_2026-02-30.csv").write_text(CASELOAD_TEXT)
    caseloads, refusals = CanonicalFolder(root).caseload_files()
    assert len(caseloads) == 3
    assert told(refusals) == [("caseload", "caseload/?", "file_name")]
    assert refusals["message"].item() == (
        "Ignored: in the order of names, number 3 and 5 of 5 in caseload, because no calendar has"
        " the date in the name. Ask whoever fills the sources folder to rename it."
    )


def test_what_lies_among_the_councils_files_is_told(root: Path) -> None:
    (root / "council/Zzyzx").mkdir()
    (root / "council/E060000169").mkdir()
    (root / "council/E06000018").write_text("")
    for name in ("portal_2026-02-30.csv", "Zzyzx.docx", "cpli.xlsx", "portal_Zzyzx.csv"):
        (root / f"council/{LEICESTER}/{name}").write_text("")
    (root / f"council/{LEICESTER}/portal_2026-11-18.csv").mkdir()
    source = CanonicalFolder(root)
    strays = source.stray_files()
    assert told(strays) == [
        ("council", "council/?", "file_name"),
        ("council", "council/E06000018", "not_plain"),
        (f"council {LEICESTER}", f"council/{LEICESTER}/?", "file_name"),
        (f"council {LEICESTER}", f"council/{LEICESTER}/cpli.xlsx", "file_name"),
        (f"council {LEICESTER}", f"council/{LEICESTER}/portal_2026-02-30.csv", "file_name"),
        (f"council {LEICESTER}", f"council/{LEICESTER}/portal_2026-11-18.csv", "not_plain"),
    ]
    assert "number 1 and 8 of 8 in council/E06000016, because" in strays["message"].iloc[2]
    assert MARKER not in strays.to_csv()
    assert source.councils() == (LEICESTER, RUTLAND)
    assert len(source.portal_files(LEICESTER)) == 2


# What is no plain file


def folder(path: Path) -> None:
    path.mkdir()


def pipe(path: Path) -> None:
    os.mkfifo(path)


def link_outside(path: Path) -> None:
    outside = next(it for it in path.parents if it.name == "sources").parent / "outside.csv"
    outside.write_text(CASELOAD_TEXT)
    path.symlink_to(outside)


def link_outside_folder(path: Path) -> None:
    path.symlink_to(path.parent.parent / "elsewhere")


def link_to_nothing(path: Path) -> None:
    path.symlink_to("nothing")


def link_to_itself(path: Path) -> None:
    path.symlink_to(path)


Make = Callable[[Path], None]
NOT_PLAIN = [folder, pipe, link_outside, link_to_nothing, link_to_itself]


@pytest.mark.parametrize("make", NOT_PLAIN)
def test_a_caseload_that_is_no_plain_file_did_not_come(
    root: Path, make: Callable[[Path], None]
) -> None:
    make(root / "caseload/P0009_2026-11-16.csv")
    caseloads, refusals = CanonicalFolder(root).caseload_files()
    assert len(caseloads) == 3
    assert told(refusals) == [("caseload", "caseload/?", "not_plain")]


@pytest.mark.parametrize("make", NOT_PLAIN)
def test_an_extract_that_is_no_plain_file_cannot_be_read(
    root: Path, make: Callable[[Path], None]
) -> None:
    make(root / f"council/{RUTLAND}/cpli.csv")
    with pytest.raises(SourceRefused, match="not a file") as refusal:
        CanonicalFolder(root).cplis(RUTLAND)
    assert refusal.value.rule == "unreadable"


def test_a_council_whose_folder_leads_outside_is_none(root: Path, tmp_path: Path) -> None:
    (tmp_path / "E06000018").mkdir()
    (root / "council/E06000018").symlink_to(tmp_path / "E06000018")
    source = CanonicalFolder(root)
    assert source.councils() == (LEICESTER, RUTLAND)
    assert told(source.stray_files()) == [("council", "council/E06000018", "not_plain")]


def test_nothing_is_read_from_outside_by_name(root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text(CASELOAD_TEXT)
    with pytest.raises(SourceRefused, match="leads out of the sources"):
        CanonicalFolder(root).caseload(caseload("../secret.csv"))


def test_a_file_too_large_to_be_a_table(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.folder.MOST_BYTES", 10)
    with pytest.raises(SourceRefused, match="is larger than") as refusal:
        CanonicalFolder(root).cplis(LEICESTER)
    assert refusal.value.rule == "unreadable"


# What the operating system says


@pytest.fixture
def failing_open(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[OSError]]:
    """Let every file fail to open with the error that a test puts here."""
    errors: list[OSError] = []

    def fail(path: Path, mode: str) -> None:
        raise errors[0]

    monkeypatch.setattr(Path, "open", fail)
    return errors


@pytest.mark.parametrize(
    ("code", "family", "word"),
    [
        (errno.EACCES, PersonNeeded, "We may not read caseload/P0001_2026-11-16.csv. Ask whoever"),
        (errno.ENOENT, TryAgainLater, "was there and is gone"),
        (errno.EIO, TryAgainLater, "disk or the network share"),
        (errno.ESTALE, TryAgainLater, "disk or the network share"),
    ],
)
def test_the_operating_systems_faults_become_ours(
    root: Path, failing_open: list[OSError], code: int, family: type[CpliError], word: str
) -> None:
    failing_open.append(OSError(code, MARKER, MARKER))
    with pytest.raises(family, match=word) as fault:
        CanonicalFolder(root).caseload(caseload("caseload/P0001_2026-11-16.csv"))
    assert type(fault.value) is family
    assert fault.value.__cause__ is fault.value.__context__ is None


def test_a_caseload_that_vanished_may_come_again(root: Path) -> None:
    with pytest.raises(TryAgainLater, match="was there and is gone"):
        CanonicalFolder(root).caseload(caseload("caseload/P0077_2026-11-16.csv"))


@pytest.mark.parametrize(
    ("asks", "question"),
    [
        ("iterdir", lambda source: source.caseload_files()),
        ("lstat", lambda source: source.cplis(LEICESTER)),
        ("stat", lambda source: source.cplis(LEICESTER)),
    ],
    ids=["the names in a folder", "whether a file came", "what a file is"],
)
def test_what_we_may_not_look_at_is_not_taken_for_absent(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    asks: str,
    question: Callable[[CanonicalFolder], object],
) -> None:
    def forbidden(path: Path, **_: object) -> None:
        raise PermissionError(errno.EACCES, MARKER, MARKER)

    with monkeypatch.context() as patched:
        patched.setattr(Path, asks, forbidden)
        with pytest.raises(PersonNeeded, match="We may not read") as fault:
            question(CanonicalFolder(root))
    assert type(fault.value) is PersonNeeded


def test_a_caseload_that_we_may_not_look_at_is_not_named(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / f"caseload/{MARKER}_2026-11-16.csv").write_text(CASELOAD_TEXT)
    look = Path.stat

    def forbidden(path: Path, **how: bool) -> os.stat_result:
        if MARKER in path.name:
            raise PermissionError(errno.EACCES, MARKER, MARKER)
        return look(path, **how)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "stat", forbidden)
        with pytest.raises(PersonNeeded, match="We may not read a file in caseload") as fault:
            CanonicalFolder(root).caseload_files()
    assert MARKER not in str(fault.value)


def test_a_file_that_is_still_being_written_is_left_for_later(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Growing(io.FileIO):
        def read(self, size: int = -1) -> bytes:
            content = super().read(size)
            with io.FileIO(self.name, "a") as file:
                file.write(b"C3")
            return content

    def open_growing(path: Path, mode: str) -> io.FileIO:
        return Growing(path, mode)

    monkeypatch.setattr(Path, "open", open_growing)
    with pytest.raises(TryAgainLater, match="still being written"):
        CanonicalFolder(root).cplis(LEICESTER)


def test_every_refusal_of_a_marked_file_keeps_the_marker_to_itself(root: Path) -> None:
    awkward = {
        "no heading": f"{MARKER},{MARKER}\n".encode(),
        "doubled": f"cpli_id,cpli_id\n{MARKER}\n".encode(),
        "NUL": f"{MARKER}\0".encode(),
        "UTF-16": MARKER.encode("utf-16"),
        "no encoding": MARKER.encode() + b"\x81",
        "zip": b"PK\x03\x04" + MARKER.encode(),
    }
    for content in awkward.values():
        (root / f"council/{LEICESTER}/cpli.csv").write_bytes(content)
        with pytest.raises(SourceRefused) as refusal:
            CanonicalFolder(root).cplis(LEICESTER)
        assert MARKER not in str(refusal.value)
        assert refusal.value.__cause__ is refusal.value.__context__ is None


def test_a_portal_extract_with_an_upper_case_suffix_is_one(root: Path) -> None:
    (root / f"council/{RUTLAND}/portal_2026-11-18.CSV").write_text(csv(PORTAL.all))
    [extract] = CanonicalFolder(root).portal_files(RUTLAND)
    assert extract == PortalFile(
        local_authority=RUTLAND,
        extract_date=date(2026, 11, 18),
        file=f"council/{RUTLAND}/portal_2026-11-18.CSV",
    )
