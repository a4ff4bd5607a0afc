import os
import signal
import stat
import subprocess
import sys
from datetime import date

import pytest
from folders.canonical import LEICESTER, RUTLAND, cpli

from cli.main import cpli as command
from cli.main import main
from cli.terminal import command_line
from flows import steps
from schemas.errors import ContractBreach, TryAgainLater

COMMANDS = [
    *("demo", "generate", "reconcile", "run", "check", "template", "receipt", "nights", "show"),
    *("release", "rerun", "publish", "outbox", "notices", "answers", "alerts"),
    *("cases", "case", "act", "measures", "purge", "casebook verify", "database upgrade"),
    *("user add", "user list", "user disable", "user enable", "user unlock", "user sign-out"),
    *("user reset", "user issue-token", "user tokens", "user revoke-token", "access", "worklist"),
]
HEAVY = ("numpy", "pandas", "pandera", "prefect", "pyarrow", "pydantic", "rich", "sqlalchemy")


@pytest.fixture
def reconcile(sources, tmp_path):
    """Return a function that runs `cpli reconcile` and returns its exit code."""

    def run(*more: str) -> int:
        return main(
            [
                *("reconcile", "--sources", str(sources.root), "--as-of", "2026-11-20"),
                *("--out", str(tmp_path / "out"), *more),
            ]
        )

    return run


def test_every_command_is_among_those_tested_here():
    groups = ("casebook", "database", "user")
    names = {name for name in command.commands if name not in groups}
    grouped = {f"{group} {name}" for group in groups for name in command.commands[group].commands}
    assert names | grouped == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_with_an_example(name, capsys):
    assert main([*name.split(), "--help"]) == 0
    assert f"Example: cpli {name}" in capsys.readouterr().out


def test_help_is_quick_because_nothing_heavy_is_imported():
    script = (
        "import sys; from cli.main import main; code = main(['--help'])\n"
        f"heavy = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "sys.exit(code or heavy or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.returncode == 0
    assert "Exit codes: 0 done" in " ".join(done.stdout.split())


def test_the_rules_alone_need_no_prefect_and_no_database(sources, tmp_path):
    script = (
        "import sys; from cli.main import main\n"
        f"code = main(['reconcile', '--sources', {str(sources.root)!r},"
        f" '--as-of', '2026-11-20', '--out', {str(tmp_path / 'out')!r}])\n"
        "heavy = [name for name in ('prefect', 'sqlalchemy') if name in sys.modules]\n"
        "sys.exit(code or heavy or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr.splitlines()[-1]) == (0, "Reconciled: 0 discrepancies")


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["reconcile"],
        ["reconcile", "--sources", "a", "--out", "b", "--as-of", "20.11.2026"],
        ["reconcile", "--sources", "a", "--out", "b", "--as-of", "2026-02-30"],
        ["reconcile", "--sources", "a", "--out", "b", "--as-of", "20261120"],
        ["reconcile", "--sources", "a", "--out", "b", "--as-of", "1066-10-14"],
        ["reconcile", "--sources", "a", "--out", "b", "--colour", "red"],
        ["generate", "somewhere", "--people", "0", "--seed", "1"],
        ["show"],
    ],
)
def test_wrong_usage_ends_with_two_and_a_hint(arguments, capsys):
    assert main(arguments) == 2
    assert "Error: " in capsys.readouterr().err


def test_a_night_that_is_done_ends_with_nought_and_says_where_its_files_are(
    reconcile, sources, tmp_path, capsys
):
    sources.council(LEICESTER, [cpli(6, provider_id="P1")])
    assert reconcile() == 0
    shown = capsys.readouterr()
    assert f"Written to {tmp_path / 'out'}: refusals.csv, timeliness.csv" in shown.out
    assert "support_not_reported" in shown.out
    assert "Leicester: 1 CPLI read, 0 rejected" in shown.err
    files = sorted((tmp_path / "out").iterdir())
    assert [path.name for path in files] == [
        "discrepancies.csv", "refusals.csv", "summary.json", "timeliness.csv",
    ]  # fmt: skip
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_a_council_that_is_missing_ends_with_three_and_a_sentence(reconcile, sources, capsys):
    sources.remove(f"council/{RUTLAND}/cpli.csv")
    assert reconcile() == 3
    said = "Not assessed: Rutland. council/E06000017/cpli.csv did not come. Ask the council"
    assert said in capsys.readouterr().out


def test_a_night_on_which_nothing_is_assessed_ends_with_four_and_leaves_no_findings(
    reconcile, sources, tmp_path, capsys
):
    assert reconcile() == 0
    sources.remove("providers.csv")
    assert reconcile() == 4
    assert "No council could be assessed. providers.csv did not come." in capsys.readouterr().err
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "refusals.csv", "summary.json",
    ]  # fmt: skip


def test_settings_that_cannot_be_used_end_with_two(reconcile, monkeypatch, capsys):
    monkeypatch.setenv("CPLI_TOLERANCES__SPELL_GAP_DAYS", "soon")
    assert reconcile() == 2
    assert "CPLI_TOLERANCES__SPELL_GAP_DAYS" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_ends_with_two(sources, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    arguments = ["reconcile", "--sources", str(sources.root), "--as-of", "2026-11-20"]
    assert main([*arguments, "--out", str(tmp_path / "file")]) == 2
    assert "or name another place" in capsys.readouterr().err


def test_results_among_the_sources_end_with_two_and_leave_nothing(sources, capsys):
    before = sorted(sources.root.rglob("*"))
    for name in ("reconcile", "run"):
        arguments = ["--sources", str(sources.root), "--out", str(sources.root / "out")]
        assert main([name, *arguments, "--as-of", "2026-11-20"]) == 2
        assert "Give the results a folder outside of it." in capsys.readouterr().err
    assert sorted(sources.root.rglob("*")) == before


@pytest.mark.parametrize(
    ("name", "value"),
    [("CPLI_DATABASE__URL", "mysql://x"), ("CPLI_SOURCES", "nowhere"), ("CPLI_OUT", "file/out")],
)
def test_a_night_that_cannot_be_run_ends_with_two_before_prefect_is_there(
    sources, tmp_path, monkeypatch, capsys, name, value
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    for each, given in (("CPLI_SOURCES", "sources"), ("CPLI_OUT", "new/out"), (name, value)):
        monkeypatch.setenv(each, given)
    assert main(["run", "--as-of", "2026-11-20"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "sources"]


def test_a_run_that_is_asked_to_end_says_that_it_stopped(reconcile, monkeypatch, capsys):
    before = signal.getsignal(signal.SIGTERM)

    def ended(*args, **kwargs):
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(steps, "reconcile", ended)
    assert reconcile() == 143
    assert capsys.readouterr().err.splitlines()[-1].startswith("Stopped. Run the same command")
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyError("ZZMARKER"), 1, "A fault of ours: KeyError at flows/steps.py:"),
        (ContractBreach("Cpli: nhs_number: 3"), 1, "Cpli: nhs_number: 3 Report this line"),
        (TryAgainLater("It is busy. Run it again."), 1, "It is busy. Run it again.\n"),
        (KeyboardInterrupt(), 130, "Stopped. Run the same command again"),
    ],
)
def test_no_error_shows_a_traceback_or_a_value(reconcile, monkeypatch, capfd, error, code, said):
    def failing(*args, **kwargs):
        raise error

    monkeypatch.setattr(steps, "reconcile", failing)
    assert reconcile() == code
    shown = capfd.readouterr()
    assert said in shown.err
    assert "Traceback" not in shown.out + shown.err
    assert "ZZMARKER" not in shown.out + shown.err


def test_an_exit_that_was_asked_for_is_one(reconcile, monkeypatch):
    def leaving(*args, **kwargs):
        raise SystemExit(143)

    monkeypatch.setattr(steps, "reconcile", leaving)
    with pytest.raises(SystemExit, match="143"):
        reconcile()


def test_a_reader_who_has_seen_enough_is_not_told_of_it(tmp_path):
    script = "import sys; from cli.main import main; sys.exit(main(['demo', '--help']))"
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-c", script], stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


def test_without_a_date_the_night_is_todays_in_london(sources, tmp_path, monkeypatch):
    from cli import main as module

    option = next(each for each in module.reconcile.params if each.name == "as_of")
    monkeypatch.setattr(option, "default", lambda: date(2026, 11, 20))
    out = str(tmp_path / "out")
    assert main(["reconcile", "--sources", str(sources.root), "--out", out]) == 0
    assert '"as_of": "2026-11-20"' in (tmp_path / "out" / "summary.json").read_text()


def test_sources_and_results_can_be_set_once_for_all(sources, tmp_path, monkeypatch):
    monkeypatch.setenv("CPLI_SOURCES", str(sources.root))
    monkeypatch.setenv("CPLI_OUT", str(tmp_path / "out"))
    assert main(["reconcile", "--as-of", "2026-11-20"]) == 0
    assert (tmp_path / "out" / "discrepancies.csv").exists()


@pytest.mark.parametrize(
    ("directory", "people", "said"),
    [
        ("file", "10", "is a file. Name a new or an empty folder."),
        ("file/inside", "10", "cannot be written to"),
        ("new", "1000000000000", "is not in the range 1<=x<=2000000"),
        ("new", "100000000000000000000", "is not in the range 1<=x<=2000000"),
    ],
)
def test_a_population_that_cannot_be_made_ends_with_two(tmp_path, capsys, directory, people, said):
    (tmp_path / "file").touch()
    assert main(["generate", str(tmp_path / directory), "--people", people, "--seed", "1"]) == 2
    assert said in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_as_many_people_can_be_asked_for_as_can_be_made_up():
    from cli.main import PEOPLE
    from population.generate import MOST_PEOPLE

    assert PEOPLE.max == MOST_PEOPLE


def test_a_population_that_is_too_large_for_this_machine_is_no_fault_of_ours(
    tmp_path, capsys, monkeypatch
):
    from cli import population

    def failing(*args, **kwargs):
        raise MemoryError

    monkeypatch.setattr(population, "generate", failing)
    assert main(["generate", str(tmp_path / "new"), "--people", "9", "--seed", "1"]) == 2
    assert "9 people do not fit" in capsys.readouterr().err


def test_what_cannot_be_planted_among_so_few_people_is_said(tmp_path, capsys):
    arguments = ["generate", str(tmp_path / "few"), "--seed", "1", "--as-of", "2026-11-19"]
    assert main([*arguments, "--people", "3"]) == 0
    shown = capsys.readouterr().out
    assert "Planted: 0 discrepancies" in shown
    assert "Not planted: cpli_not_found, support_not_reported, " in shown
    assert "3 people are too few for every type; make some hundreds." in shown
    assert main([*arguments, "--people", "400"]) == 0
    assert "Not planted" not in capsys.readouterr().out


def test_a_command_to_go_on_with_can_be_pasted(tmp_path, monkeypatch):
    ours, elsewhere = tmp_path / ".venv/bin/cpli", tmp_path / "bin"
    for path in (ours, elsewhere / "other"):
        path.parent.mkdir(parents=True)
        path.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(elsewhere))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [".venv/bin/cpli", "demo"])
    assert command_line("show", "--out", "my nights") == ".venv/bin/cpli show --out 'my nights'"
    monkeypatch.setenv("PATH", str(ours.parent))
    assert command_line("show") == "cpli show"
    monkeypatch.setattr(sys, "argv", ["-c"])
    assert command_line("show") == "cpli show"


def test_the_same_population_is_made_by_the_same_seed(tmp_path, capsys):
    for name in ("one", "two"):
        arguments = ["--people", "40", "--seed", "3", "--as-of", "2026-11-19", "--night", "1"]
        assert main(["generate", str(tmp_path / name), *arguments]) == 0
    shown = capsys.readouterr().out
    assert f"Next: cpli reconcile --sources {tmp_path / 'one'} --as-of 2026-11-20" in shown
    files = [
        {
            path.relative_to(tmp_path / name): path.read_bytes()
            for path in (tmp_path / name).rglob("*.*")
        }
        for name in ("one", "two")
    ]
    assert files[0] == files[1] != {}
