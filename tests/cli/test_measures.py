import pandas as pd
import pytest
from folders.canonical import AS_OF, LEICESTER, cpli
from nights.played import Played, day

from casebook.store import Casebook
from cli.main import main
from flows.steps import conclude, open_source, pull_in_memory
from settings.settings import load_settings


@pytest.fixture
def out(tmp_path, monkeypatch):
    """Return a folder in which a case was resolved, one went and two are open."""
    out = tmp_path / "out"
    monkeypatch.setenv("CPLI_OUT", str(out))
    play = Played(Casebook.open(f"sqlite:///{out}/casebook.db"))
    play.comes(0, "ended", "rutland", "portal", "nobody's")
    play.resolves(0, "portal")
    play.comes(4, "ended", "portal", "nobody's")
    return out


def words(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_every_measure_is_shown_with_its_council_by_name(out, capsys):
    assert main(["measures", "--as-of", str(day(5))]) == 0
    shown = capsys.readouterr().out
    lines = words(shown)
    assert ["support_ended", "-", "0", "1", "0", "0", "0", "1"] in lines
    assert ["support_ended", "Leicester", "0", "1", "0", "0", "0", "1"] in lines
    assert ["2026-11-16", "4", "1"] in lines
    assert ["2026-11-23", "0", "1"] in lines
    assert ["not_on_portal", "Leicester", "1", "0.0"] in lines
    assert ["P1", "2"] in lines
    assert ["By", "decision:", "resolved", "1", "50", "%"] in lines
    assert "CPLIs on the system, in days after the start of support: none" in shown
    assert "ZZ" not in shown
    assert all(len(line.rstrip()) <= 100 for line in shown.splitlines())


def test_measures_of_one_council_from_a_day_on(out, capsys):
    arguments = ["measures", "--council", "E06000017", "--since", str(day(4))]
    assert main([*arguments, "--as-of", str(day(5))]) == 0
    lines = words(capsys.readouterr().out)
    assert ["2026-11-23", "0", "1"] in lines
    assert not [line for line in lines if "Leicester" in line or "2026-11-16" in line]


def test_each_measure_is_written_as_csv(out, tmp_path, capsys):
    folder = tmp_path / "figures"
    assert main(["measures", "--as-of", str(day(5)), "--csv", str(folder)]) == 0
    assert "open_cases.csv" in capsys.readouterr().out
    assert {path.name: len(pd.read_csv(path)) for path in folder.iterdir()} == {
        "open_cases.csv": 2,
        "weeks.csv": 2,
        "days_to_settle.csv": 2,
        "settled.csv": 5,
        "providers.csv": 1,
        "timeliness.csv": 0,
    }
    assert (folder / "weeks.csv").read_text() == (
        "week,opened,settled\n2026-11-16,4,1\n2026-11-23,0,1\n"
    )
    assert (folder / "open_cases.csv").read_text().splitlines()[0] == (
        "type,local_authority,age_band,cases"
    )


def test_a_record_without_a_night_has_measures(tmp_path, capsys):
    Casebook.open(f"sqlite:///{tmp_path}/casebook.db")
    assert main(["measures", "--out", str(tmp_path)]) == 0
    assert "Open cases by age in working days: none" in capsys.readouterr().out


def test_timeliness_of_a_night_is_shown(sources, tmp_path, capsys):
    sources.council(LEICESTER, [*sources.cplis[LEICESTER], cpli(6)])
    source, known = open_source(sources.root)
    settings = load_settings()
    pulls = pull_in_memory(source, known, as_of=AS_OF, settings=settings)
    casebook = Casebook.open(f"sqlite:///{tmp_path}/casebook.db")
    casebook.record(conclude(pulls, as_of=AS_OF, settings=settings).record)
    assert main(["measures", "--out", str(tmp_path), "--as-of", str(AS_OF)]) == 0
    lines = words(capsys.readouterr().out)
    assert [str(AS_OF), "Leicester"] in [line[:2] for line in lines]
