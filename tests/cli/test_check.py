"""`cpli check`, `cpli template` and `cpli receipt`, as people type them."""

from pathlib import Path

import pytest
from folders.canonical import COUNCILS

from cli.main import main

ROOT = Path(__file__).parents[2]
MARK = "ZZMARKED"


@pytest.fixture
def config(sources, tmp_path: Path) -> Path:
    """The sample's settings, for the sources of these tests."""
    text = (ROOT / "docs" / "cpli.sample.toml").read_text(encoding="utf-8")
    file = tmp_path / "cpli.toml"
    file.write_text(text.replace("demo/sources-night-1", str(sources.root)), encoding="utf-8")
    return file


def test_a_sound_site_is_said_to_be_sound(config, capsys):
    assert main(["check", "--config", str(config), "--as-of", "2026-11-20"]) == 0
    said = capsys.readouterr().out
    for name in ("leicester cpli", "rutland portal", "caseloads", "results", "casebook"):
        assert name in said
    assert "Nothing was changed, and nothing is in the way." in said


def test_what_is_in_the_way_is_said_with_who_should_act_and_no_value(config, sources, capsys):
    file = sources.root / "council" / COUNCILS[0] / "cpli.csv"
    lines = file.read_text(encoding="utf-8").splitlines()
    lines[1] = lines[1].replace("2026-05-01", f"{MARK}1941")
    file.write_text("\n".join(lines), encoding="utf-8")
    assert main(["check", "--config", str(config), "--as-of", "2026-11-20"]) == 3
    said = capsys.readouterr().out
    assert "1 row of the first" in said
    assert "start_date unreadable" in said
    assert "1 thing to act on." in said
    assert MARK not in said


def test_faults_of_the_settings_end_with_two(config, capsys):
    config.write_text(config.read_text().replace('connector = "folder"', 'connector = "ftp"', 1))
    assert main(["check", "--config", str(config)]) == 2
    assert "its connector must be folder, sftp, sql or rest" in capsys.readouterr().err


def test_sources_and_a_file_of_settings_exclude_each_other(config, sources, tmp_path, capsys):
    where = ["--sources", str(sources.root), "--config", str(config)]
    assert main(["run", *where, "--out", str(tmp_path / "out")]) == 2
    assert "not both" in capsys.readouterr().err


def test_a_template_that_is_filled_in_is_taken_whole(tmp_path, capsys):
    file = tmp_path / "caseload.xlsx"
    assert main(["template", str(file)]) == 0
    assert file.stat().st_size > 0
    assert main(["receipt", str(file), "--provider", "P1", "--date", "2026-11-16"]) in (0, 3)
    assert "Receipt for the caseload of provider P1 on 16 November 2026" in capsys.readouterr().out


def test_a_receipt_says_what_was_taken_and_what_was_refused(tmp_path, capsys):
    file = tmp_path / "list.csv"
    file.write_text(
        f"NHS no;Surname;Service;Start\n9990000018;{MARK};Home care;3/4/26\n;{MARK};Home care;\n"
    )
    assert main(["receipt", str(file), "--provider", "P1", "--date", "2026-11-16"]) == 3
    said = capsys.readouterr().out
    assert "1 row taken, 1 refused." in said
    assert MARK not in said
    assert main(["receipt", str(file), "--provider", "P1", "--date", "16/11/2026"]) == 2
    assert main(["receipt", str(tmp_path / "no"), "--provider", "P1", "--date", "2026-11-16"]) == 2
