"""`cpli rerun --kept`, and commands of ours in processes that nobody waits for."""

import logging
from datetime import date
from pathlib import Path

import pytest
from feed.plain import without_prefect
from folders.canonical import RUTLAND
from gates.site import FRIDAY, KEY, THURSDAY, Site, without_prefect_typed

from cli import worklist
from cli.apart import run_apart
from flows.release import held_of, let_out


@pytest.mark.parametrize("more", [("--sources", "elsewhere"), ("--council", RUTLAND)])
def test_of_a_kept_night_nothing_is_read(
    site_of: Site, more: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert site_of.cpli("rerun", str(FRIDAY), "--kept", *more) == 2
    assert "With --kept nothing is read" in capsys.readouterr().err


@pytest.mark.slow
def test_a_night_is_run_again_with_what_was_kept(
    site_of: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_prefect(monkeypatch.setattr)
    without_prefect_typed(monkeypatch.setattr)
    site_of.do(THURSDAY)
    with monkeypatch.context() as patch:
        patch.delattr("cli.release.run_night")  # which would begin a run that cannot be done
        assert site_of.cpli("rerun", str(THURSDAY), "--kept") == 2
    site_of.forgotten.add(RUTLAND)
    site_of.do(FRIDAY)
    held = held_of(site_of.casebook, FRIDAY, owner=RUTLAND)
    assert [each.gate for each in held] == ["not_reported_share", "paired_share"]
    let_out(site_of.casebook, FRIDAY, owner=RUTLAND, who="A. Manager", reason="It is so")
    assert held_of(site_of.casebook, FRIDAY, owner=RUTLAND) == ()
    assert site_of.cpli("rerun", str(FRIDAY), "--kept") == 0
    assert all(council.assessed for council in site_of.casebook.night(FRIDAY).councils)


def test_a_command_apart_ends_on_its_own_and_says_where_it_failed(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.ERROR, logger="cpli")
    run_apart(["--version"]).join()
    assert caplog.messages == []
    run_apart(["nights", "--out", str(tmp_path / "nowhere")]).join()
    assert caplog.messages == ["`cpli nights` ended with exit code 2. What it said stands above."]


def test_the_worklist_has_a_night_run_again_where_it_is_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    begun: list[list[str]] = []
    monkeypatch.setattr(worklist, "run_apart", begun.append)
    monkeypatch.chdir(tmp_path)
    worklist.run_kept_apart(Path("nights"), Path("cpli.toml"), date(2026, 11, 20))
    worklist.run_kept_apart(Path("nights"), None, date(2026, 11, 20))
    plain = ["rerun", "2026-11-20", "--kept", "--out", str(tmp_path / "nights")]
    assert begun == [[*plain, "--config", str(tmp_path / "cpli.toml")], plain]


@pytest.fixture
def site_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setenv("CPLI_IDENTITY_KEY", KEY)
    return Site(home=tmp_path)
