import sqlite3

import pytest
from nights.examples import FIRST
from nights.played import Played, day

from casebook.store import Casebook
from cli.main import main


@pytest.fixture
def out(tmp_path, monkeypatch):
    """Return a folder with a case that is done with since day 2, and the folder of a night."""
    out = tmp_path / "out"
    monkeypatch.setenv("CPLI_OUT", str(out))
    play = Played(Casebook.open(f"sqlite:///{out}/casebook.db"))
    play.comes(0, "ended", "rutland")
    play.comes(2, "ended")
    (out / str(FIRST)).mkdir()
    (out / str(FIRST) / "summary.json").write_text("{}")
    return out


def words(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def cells(out) -> list[object]:
    with sqlite3.connect(out / "casebook.db") as connection:
        return connection.execute("SELECT person_id FROM discrepancy_case").fetchall()


def test_by_default_it_is_said_what_would_go_and_nothing_goes(out, capsys):
    before = (out / "casebook.db").read_bytes()
    assert main(["purge", "--as-of", str(day(733))]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("A dry run: nothing is removed yet.")
    assert [line[0] for line in words(shown)[1:5]] == ["1", "2", "0", "1"]
    assert "The nights found 3 discrepancies." in shown
    assert "Add --yes" in shown
    assert (out / str(FIRST)).exists()
    assert (out / "casebook.db").read_bytes() == before


def test_what_has_outlived_its_time_goes(out, capsys):
    assert main(["purge", "--yes", "--as-of", str(day(733))]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("Removed:")
    assert [line[0] for line in words(shown)[1:5]] == ["1", "2", "0", "1"]
    assert not (out / str(FIRST)).exists()
    assert sorted(cells(out), key=str) == [("ZZPERSONended",), (None,)]
    assert main(["purge", "--as-of", str(day(733))]) == 0
    assert [line[0] for line in words(capsys.readouterr().out)[1:5]] == ["0", "0", "0", "0"]
    assert main(["casebook", "verify"]) == 0


def test_how_long_is_set(out, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("CPLI_RETENTION__CLOSED_CASES_DAYS", "5")
    assert main(["purge", "--as-of", str(day(8))]) == 0
    shown = capsys.readouterr().out
    assert [line[0] for line in words(shown)[1:5]] == ["1", "0", "0", "0"]
    assert "(kept for 5 days)" in shown
    assert "The nights found" not in shown


def test_nobody_is_named(out, capsys):
    main(["purge", "--as-of", str(day(733))])
    main(["purge", "--yes", "--as-of", str(day(733))])
    assert "ZZ" not in capsys.readouterr().out


@pytest.mark.parametrize("yes", [[], ["--yes"]])
def test_a_record_that_is_not_there_is_not_made(tmp_path, yes, capsys):
    assert main(["purge", "--out", str(tmp_path / "nowhere"), *yes]) == 2
    assert "Run a night first" in capsys.readouterr().err
    assert not (tmp_path / "nowhere").exists()
