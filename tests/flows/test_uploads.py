"""Lists that come over the web: what is kept of them for the night, and as what."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path

import pandas as pd
import pytest
from intake.corpus import CASELOAD_DATE, CASES, PROVIDER, Case
from oracle.tables import synthetic_nhs_number

from casebook.store import Casebook
from casebook.uploads import NotTaken, SentAlready, Upload
from connectors.csv_file import read_csv
from connectors.folder import CanonicalFolder
from connectors.intake.habits import Habits
from connectors.patterns import FilePattern
from flows.uploads import Inbox, Lists, as_canonical, inbox_of
from publishing import folder as folders
from reconciliation import Tolerances
from schemas.cleaning import CleanedCaseloads, clean_caseloads
from schemas.errors import PersonNeeded, TryAgainLater, WrongUsage
from schemas.raw import CaseloadFile, FileFacts, RawTable
from schemas.tables import CASELOAD
from settings.settings import load_settings

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
ROWS = ["NHS number,Service type,Start date", "9990000018,HS,01/05/2026"]
READ = {name: case for name, case in CASES.items() if not case.is_refused}
REFUSED = {name: case for name, case in CASES.items() if case.is_refused}
SENDERS = count(100)


def csv(*rows: str) -> bytes:
    return "\n".join([*ROWS, *rows, ""]).encode()


def cleaned_together(raw: Mapping[str, RawTable]) -> CleanedCaseloads:
    """Clean lists as if each were that of a day of its own."""
    return clean_caseloads(
        [
            (
                place,
                CaseloadFile(
                    provider_id=PROVIDER, caseload_date=CASELOAD_DATE, file=name, received_at=NOW
                ),
                each,
            )
            for place, (name, each) in enumerate(raw.items())
        ],
        as_of=NOW.date(),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return where lists are kept."""
    folder = tmp_path / "lists"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Casebook:
    """Open an empty record; each test sends lists of a provider of its own."""
    casebook = Casebook.open(f"sqlite:///{tmp_path_factory.mktemp('uploads') / 'c.db'}")
    casebook.clock = lambda: NOW
    return casebook


@pytest.fixture
def sends(record: Casebook, folder: Path) -> Callable[..., Upload]:
    """Return what sends a list."""
    sender = f"P{next(SENDERS)}"

    def send(content: bytes, day: date = CASELOAD_DATE, **about: object) -> Upload:
        facts = {"provider_id": sender, "who": "jo@example.org", "instead": False, **about}
        inbox = Inbox(
            root=facts.pop("root", folder),
            folder=folder,
            pattern=FilePattern(facts.pop("pattern", "{provider_id}_{date}.*")),
            habits=facts.pop("habits", Habits()),
            tolerances=Tolerances(),
        )
        lists = Lists(casebook=record, inbox=inbox)
        return lists.take(content, caseload_date=day, **facts)

    return send


def test_a_list_is_kept_as_it_came_by_a_name_of_ours_for_its_owner_only(
    sends: Callable[..., Upload], folder: Path, record: Casebook
) -> None:
    sent = sends(csv(), provider_id="P7")
    assert sent.name == f"P7_{CASELOAD_DATE}.csv"
    assert (sent.kept, sent.rows, sent.refused) == (True, 1, 0)
    assert (folder / sent.name).read_bytes() == csv()
    assert (folder / sent.name).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in folder.iterdir()] == [sent.name]
    assert record.uploads().upload("P7", sent.number) == sent
    assert record.uploads().latest("P7") == [sent]
    assert record.uploads().upload("P8", sent.number) is None


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("{provider_id}_{date}.*", "P7_2026-11-16.csv"),
        ("list {date:%d%m%Y} of {provider_id}*.xlsx", "list 16112026 of P7.xlsx"),
        ("{provider_id}_{date}", "P7_2026-11-16"),
    ],
)
def test_a_name_is_made_as_the_pattern_asks_for(pattern: str, name: str) -> None:
    made = FilePattern(pattern).written(provider_id="P7", day=CASELOAD_DATE, ending=".csv")
    assert made == name


@pytest.mark.parametrize("sender", ["../P7", "P7/..", "", ".P7", "P 7", "P7\n", "Ünal", "P" * 65])
def test_no_file_is_made_for_a_provider_whose_reference_can_be_in_no_name(
    sends: Callable[..., Upload], folder: Path, record: Casebook, sender: str
) -> None:
    with pytest.raises(PersonNeeded, match="can bear the provider's reference"):
        sends(csv(), provider_id=sender)
    assert [*folder.iterdir()] == []
    assert record.uploads().latest(sender) == []


@pytest.mark.parametrize(("rows", "kept"), [(4, True), (3, False), (0, False)])
def test_a_list_is_kept_only_where_a_night_could_use_it(
    sends: Callable[..., Upload], folder: Path, rows: int, kept: bool
) -> None:
    """One row of five may be refused, one of four may not, and nobody at all may not be in it."""
    good = [f"{synthetic_nhs_number(place * 10)},HS,01/05/2026" for place in range(rows)]
    sent = sends("\n".join([ROWS[0], *good, ",HS,01/05/2026"]).encode())
    assert (sent.rows, sent.refused) == (rows, 1)
    assert sent.kept is kept
    assert len([*folder.iterdir()]) == kept


def test_another_list_of_a_day_counts_only_where_it_is_said_to(
    sends: Callable[..., Upload], folder: Path
) -> None:
    first = sends(csv())
    with pytest.raises(SentAlready):
        sends(csv("9990000026,HS,01/05/2026"))
    assert (folder / str(first.name)).read_bytes() == csv()
    second = sends(csv("9990000026,HS,01/05/2026"), instead=True)
    assert second.number > first.number
    assert b"9990000026" in (folder / str(second.name)).read_bytes()


def test_a_list_of_a_day_that_came_another_way_is_not_written_over_either(
    sends: Callable[..., Upload], folder: Path, record: Casebook
) -> None:
    other = folder / f"P9_{CASELOAD_DATE}.xlsx"
    other.write_bytes(b"by another way")
    with pytest.raises(SentAlready):
        sends(csv(), provider_id="P9")
    assert record.uploads().latest("P9") == []
    assert sends(csv(), provider_id="P9", instead=True).kept
    assert other.read_bytes() == b"by another way"


def test_the_same_list_sent_twice_is_taken_once(sends: Callable[..., Upload]) -> None:
    assert sends(csv()) == sends(csv())


@pytest.mark.parametrize(
    ("days", "said"), [(-1, "today or earlier"), (0, ""), (35, ""), (36, "last 35 days")]
)
def test_a_list_is_of_a_day_that_a_night_looks_at(
    sends: Callable[..., Upload], folder: Path, days: int, said: str
) -> None:
    day = NOW.date() - timedelta(days)
    if said:
        with pytest.raises(NotTaken, match=said):
            sends(csv(), day)
    else:
        assert sends(csv(), day).kept
    assert len([*folder.iterdir()]) == (not said)


def test_where_the_folder_is_away_nothing_is_taken_and_none_is_made(
    sends: Callable[..., Upload], tmp_path: Path, record: Casebook
) -> None:
    with pytest.raises(TryAgainLater, match="is not there"):
        sends(csv(), provider_id="P10", root=tmp_path / "share")
    assert record.uploads().latest("P10") == []


def test_what_cannot_be_written_is_not_on_record(
    sends: Callable[..., Upload], record: Casebook, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folders, "_write", full)
    with pytest.raises(WrongUsage, match="No space left"):
        sends(csv(), provider_id="P11")
    assert record.uploads().latest("P11") == []
    assert [*folder.iterdir()] == []


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_a_file_that_is_no_list_is_told_of_and_not_kept(
    sends: Callable[..., Upload], folder: Path, case: Case
) -> None:
    sent = sends(case.content)
    assert not sent.kept
    assert "We could not use this file." in sent.receipt
    assert [*folder.iterdir()] == []


def test_lists_in_the_canonical_layout_say_to_the_rules_what_was_understood() -> None:
    understood = {name: case.understood().raw for name, case in READ.items()}
    meant = cleaned_together(understood)
    facts = FileFacts(file="x", size_bytes=0, sha256="", received_at=NOW)
    read = cleaned_together(
        {
            name: read_csv(as_canonical(raw), table=CASELOAD, source="x", facts=facts)
            for name, raw in understood.items()
        }
    )
    pd.testing.assert_frame_equal(read.valid, meant.valid)
    places = ["caseload", "caseload_row"]
    pd.testing.assert_frame_equal(read.rejected[places], meant.rejected[places])
    pd.testing.assert_frame_equal(read.counts, meant.counts)
    assert len(meant.valid) > 40
    assert len(meant.rejected) > 5


def test_a_row_whose_cells_do_not_fit_stays_refused_in_the_canonical_layout(
    sends: Callable[..., Upload], folder: Path, tmp_path: Path
) -> None:
    """Otherwise somebody would seem to have another service or end because cells have moved."""
    more = [f"99900000{place},HS,01/05/2026" for place in ("26", "34", "42", "50", "69")]
    sent = sends(csv(*more, "9990000077,HS,01/05/2026,a,cell,too,many"), habits=None)
    assert (sent.rows, sent.refused) == (6, 1)
    folder.rename(tmp_path / "caseload")
    source = CanonicalFolder(tmp_path)
    (file,), _ = source.caseload_files()
    read = clean_caseloads([(0, file, source.caseload(file))], as_of=NOW.date())
    assert (len(read.valid), len(read.rejected)) == (6, 1)


def test_lists_go_into_the_sources_folder_unless_the_settings_name_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert inbox_of(load_settings()) is None
    monkeypatch.setenv("CPLI_SOURCES", str(tmp_path))
    inbox = inbox_of(load_settings())
    assert inbox is not None
    assert (inbox.root, inbox.folder, inbox.habits) == (tmp_path, tmp_path / "caseload", None)
