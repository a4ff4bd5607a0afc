import re
import sqlite3
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


def test_a_night_is_shown_with_what_it_did_to_the_cases(out, capsys):
    assert main(["show", "2026-11-21"]) == 0
    shown = capsys.readouterr().out
    assert "Cases: 2 opened, 0 lasting, 2 closed, 0 reopened, 2 open that could not" in shown


def test_open_cases_are_listed_with_their_age(out, capsys):
    assert main(["cases", "--as-of", "2026-11-24"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("4 cases on 2026-11-24; the age is in working days")
    found = ["support_not_reported", "Rutland", "P1", "open"]
    [*_, clock] = [line[-6:-1] for line in words(shown) if line[:4] == found]
    assert clock == ["2026-11-20", "2026-11-20", "2", "2026-11-24", "due_soon"]
    assert not [value for value in ("Family", "999000", "N6", "C7", "1947") if value in shown]


def test_cases_are_narrowed_by_council_type_and_state(out, capsys):
    for arguments, number in (
        (["--council", RUTLAND], 2),
        (["--council", "E10000018"], 0),
        (["--type", "support_ended"], 0),
        (["--type", "support_not_reported"], 2),
        (["--state", "resolved_by_data"], 2),
        (["--state", "settled"], 2),
        (["--state", "all"], 6),
        (["--state", "in_progress"], 0),
        (["--team", "nobody's"], 0),
        (["--standing", "breached", "--as-of", "2026-12-31"], 4),
    ):
        assert main(["cases", *arguments]) == 0
        assert capsys.readouterr().out.startswith(f"{number} case")


def test_of_many_cases_the_first_are_listed_and_the_rest_counted(out, capsys):
    assert main(["cases", "--state", "all", "--limit", "2"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == 5
    assert shown[-1].startswith("... and 4 more")


def first_case(capsys, *arguments):
    assert main(["cases", *arguments]) == 0
    return words(capsys.readouterr().out)[2][-1]


def test_a_case_is_acted_on_and_shown_with_what_was_done(out, capsys, tmp_path):
    case = first_case(capsys)
    note = tmp_path / "note.txt"
    note.write_text("ZZNAME rang\n", encoding="utf-8")
    assert main(["act", "assign", case, "--who", "jo", "--team", "North"]) == 0
    version = re.search(rf"{case} is at version (\d+) now", capsys.readouterr().out)[1]
    resolve = ["act", "resolve", f"{case}:{version}", "--reason", "other", "--note-file", str(note)]
    assert main([*resolve, "--who", "al"]) == 0
    assert main([*resolve, "--who", "cy"]) == 2
    told = capsys.readouterr()
    assert "by al: it is resolved now" in " ".join(told.err.split())
    assert main(["case", case]) == 0
    shown = capsys.readouterr().out
    assert ["State", "resolved"] in words(shown)
    [[_, last]] = [line for line in words(shown) if line[:1] == ["Version"]]
    assert main(["act", "reopen", f"{case}:{last}", "--who", "al"]) == 0
    assert main([*resolve[:2], case, *resolve[3:], "--who", "al"]) == 0
    capsys.readouterr()
    acted = [
        line[3:] for line in words(shown) if line[3:5] in (["jo", "assign"], ["al", "resolve"])
    ]
    assert acted == [
        ["jo", "assign", "-", "-", "in_progress"],
        ["al", "resolve", "other", "-", "resolved"],
    ]
    assert "ZZNAME" not in shown + told.out + told.err
    assert main(["cases", "--state", "resolved", "--team", "North"]) == 0
    assert case in capsys.readouterr().out
    assert main(["casebook", "verify"]) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["settle", "CASE"], "The actions are: assign, release"),
        (["answer", "CASE", "--answer", "no"], "The answers are: still_supported"),
        (["rule", "CASE", "--ruling", "no"], "The rulings are: same_person"),
        (["resolve", "CASE"], "Say why the case is resolved"),
        (["note", "CASE:x"], "the number of the version"),
        (["release", "CASE"], "A case that is open cannot be given “Release”"),
        (["release", "0" * 32], "There is no such case"),
    ],
)
def test_what_cannot_be_done_with_a_case_is_said(out, capsys, arguments, said):
    case = first_case(capsys)
    named = [each.replace("CASE", case) for each in arguments]
    assert main(["act", *named, "--who", "jo"]) == 2
    assert said in " ".join(capsys.readouterr().err.split())


def test_a_note_that_cannot_be_read_is_said_and_not_quoted(out, capsys, tmp_path):
    note = tmp_path / "note.txt"
    note.write_bytes("ZZSiân".encode("cp1252"))
    arguments = ["act", "note", first_case(capsys), "--who", "jo", "--note-file", str(note)]
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert "not written in UTF-8" in told
    assert "ZZ" not in told


def test_acting_on_a_misspelt_folder_makes_no_record_there(out, capsys, tmp_path):
    assert main(["act", "release", "0" * 32, "--who", "jo", "--out", str(tmp_path / "x")]) == 2
    assert "There is no record of nights" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "x").exists()


def test_a_council_is_named_by_its_name_or_its_code_and_must_be_known(out, capsys):
    assert main(["cases", "--council", "rutland"]) == 0
    assert capsys.readouterr().out.startswith("2 case")
    assert main(["cases", "--council", "Rutlnd"]) == 2
    assert "Rutland (E06000017)" in " ".join(capsys.readouterr().err.split())


def test_a_case_that_does_not_exist_is_wrong_usage(out, capsys):
    assert main(["case", "0" * 32]) == 2
    assert "There is no case 0000" in capsys.readouterr().err


def test_a_type_that_does_not_exist_is_wrong_usage(out, capsys):
    assert main(["cases", "--type", "support_endedd"]) == 2
    assert "support_endedd" in capsys.readouterr().err


def test_a_whole_history_is_verified(out, capsys):
    assert main(["casebook", "verify"]) == 0
    assert "The history is whole: " in capsys.readouterr().out


def test_a_history_that_was_changed_is_told_with_its_place_by_exit_code_1(out, capsys):
    connection = sqlite3.connect(out / "casebook.db")
    with connection:
        connection.execute("UPDATE history SET who = 'nobody' WHERE number = 2")
    connection.close()
    assert main(["casebook", "verify"]) == 1
    assert "The history is broken. Entry 2 of the history" in capsys.readouterr().out
