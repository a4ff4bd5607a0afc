from datetime import date, timedelta

import pytest
from folders.canonical import AS_OF, LEICESTER, RUTLAND, cpli, entry

from casebook.store import Casebook
from cli.main import main
from flows.steps import conclude, open_source, pull_in_memory
from settings.settings import load_settings


@pytest.fixture
def out(sources, tmp_path, monkeypatch):
    """Return a folder with two nights on record; on the second Rutland's extract did not come."""
    out = tmp_path / "out"
    monkeypatch.setenv("CPLI_OUT", str(out))
    casebook = Casebook.open(f"sqlite:///{out}/casebook.db")
    sources.council(LEICESTER, [*sources.cplis[LEICESTER], cpli(6)])
    sources.council(RUTLAND, [*sources.cplis[RUTLAND], cpli(8)])
    sources.caseload("P9", [entry(cpli(9))])
    _record(casebook, sources, AS_OF)
    sources.council(LEICESTER, [*sources.cplis[LEICESTER], cpli(7)])
    sources.remove(f"council/{RUTLAND}/cpli.csv")
    _record(casebook, sources, AS_OF + timedelta(days=1))
    return out


def _record(casebook, sources, as_of: date) -> None:
    source, known = open_source(sources.root)
    settings = load_settings()
    pulls = pull_in_memory(source, known, as_of=as_of, settings=settings)
    casebook.record(conclude(pulls, as_of=as_of, settings=settings).record)


def words(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_nights_are_listed_with_what_was_missing(out, capsys):
    assert main(["nights"]) == 0
    lines = words(capsys.readouterr().out)
    assert ["2026-11-20", "complete", "-"] in [line[:3] for line in lines]
    assert ["2026-11-21", "incomplete", "Rutland"] in [line[:3] for line in lines]


def test_a_night_is_shown_with_what_is_new_lasting_and_gone(out, capsys):
    assert main(["show", "2026-11-21", "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "Not assessed: Rutland. council/E06000017/cpli.csv did not come." in shown
    assert "P9" not in shown
    assert ["caseload", "?", "caseload/?_2026-11-16", "(3", "of", "3)"] in [
        line[:6] for line in words(shown)
    ]
    assert "provider_not_in_register" in shown
    # One of Leicester's was settled and another is new; Rutland's could not be looked at.
    assert ["support_not_reported", "1", "-", "1", "-", "-", "-", "1", "-", "1"] in words(shown)
    assert all(len(line.rstrip()) <= 100 for line in shown.splitlines())


def test_a_first_night_is_shown_with_its_counts(out, capsys):
    assert main(["show", "2026-11-20"]) == 0
    assert ["support_not_reported", "1", "1", "-", "-", "2"] in words(capsys.readouterr().out)


def test_no_person_is_shown(out, capsys):
    main(["nights"])
    main(["show", "2026-11-21"])
    shown = capsys.readouterr().out
    assert not [value for value in ("Family", "999000", "N6", "C7", "1947") if value in shown]


def test_a_night_that_is_not_on_record_is_wrong_usage(out, capsys):
    assert main(["show", "2026-11-19"]) == 2
    assert "On record: 2026-11-20, 2026-11-21." in capsys.readouterr().err


def test_without_a_record_the_user_is_told_to_run_a_night(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["nights"]) == 2
    assert "Run a night first" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_record_of_a_demo_is_found_without_being_named(out, tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("CPLI_OUT")
    monkeypatch.chdir(tmp_path)
    out.rename(tmp_path / "demo")
    assert main(["nights"]) == 0
    assert "2026-11-21" in capsys.readouterr().out


def test_the_tables_can_be_made_before_the_first_night(tmp_path, capsys):
    assert main(["database", "upgrade", "--out", str(tmp_path)]) == 0
    assert "up to date" in capsys.readouterr().out
    assert main(["nights", "--out", str(tmp_path)]) == 0
