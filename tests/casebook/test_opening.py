"""Where the record is kept, who may read its file, and which addresses are understood."""

import stat
from pathlib import Path

import pytest
from nights.examples import FIRST, SECOND, discrepancies, night

from casebook.store import Casebook
from schemas.errors import PersonNeeded, WrongUsage


def mode(path: Path) -> str:
    return stat.filemode(path.stat().st_mode)


def test_only_its_owner_may_read_the_file_and_its_journals(sqlite_url: str) -> None:
    casebook = Casebook.open(sqlite_url)
    file = Path(str(casebook.engine.url.database))
    assert mode(file.parent) == "drwx------"
    with casebook.engine.connect() as connection:
        casebook.record(night(FIRST, discrepancies(range(20))))
        journals = sorted(file.parent.glob("nights.sqlite-*"))
        assert [path.name for path in journals] == ["nights.sqlite-shm", "nights.sqlite-wal"]
        assert {mode(path) for path in (file, *journals)} == {"-rw-------"}
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_an_empty_file_that_others_may_read_is_closed_to_them(tmp_path: Path) -> None:
    file = tmp_path / "nights.sqlite"
    file.touch(0o644)
    Casebook.open(f"sqlite:///{file}")
    assert mode(file) == "-rw-------"


def test_reading_only_shows_the_record_and_refuses_to_change_it(url: str) -> None:
    Casebook.open(url).record(night(FIRST, discrepancies(range(20))))
    reader = Casebook.open(url, read_only=True)
    assert len(reader.discrepancies(FIRST)) == 20
    with pytest.raises(PersonNeeded, match="does not let us read or write"):
        reader.record(night(SECOND, discrepancies(range(20))))
    assert [row.as_of for row in reader.nights()] == [FIRST]


def test_reading_only_makes_no_file(sqlite_url: str) -> None:
    with pytest.raises(PersonNeeded, match=r"no record of nights in .* yet"):
        Casebook.open(sqlite_url, read_only=True)
    assert not Path(sqlite_url.removeprefix("sqlite:///")).parent.exists()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nights.sqlite",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:nights?mode=memory&uri=true",
        "mysql://clerk:hunter2@127.0.0.1/nights",
        "sqlite+aiosqlite:///nights.sqlite",
        "postgresql://clerk:hunter2@127.0.0.1:port/nights",
    ],
)
def test_an_address_that_is_none_is_wrong_usage_and_not_quoted(address: str) -> None:
    with pytest.raises(WrongUsage, match="sqlite:///FILE") as raised:
        Casebook.open(address)
    assert "hunter2" not in str(raised.value)


def test_a_folder_that_cannot_be_made_says_who_should_act(tmp_path: Path) -> None:
    (tmp_path / "record").touch()
    with pytest.raises(PersonNeeded, match="Give this account the right to write there"):
        Casebook.open(f"sqlite:///{tmp_path / 'record' / 'nights.sqlite'}")


def test_a_folder_in_place_of_the_file_says_who_should_act(tmp_path: Path) -> None:
    with pytest.raises(PersonNeeded, match=r"does not let us read or write|cannot be kept in"):
        Casebook.open(f"sqlite:///{tmp_path}")


def test_a_postgresql_address_need_not_name_the_driver(postgresql_url: str) -> None:
    casebook = Casebook.open(postgresql_url.replace("postgresql+psycopg://", "postgresql://"))
    assert casebook.nights() == []
