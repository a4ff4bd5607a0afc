"""`cpli check` of a feed's destination: sound, out of reach, or only to be read."""

import re
from pathlib import Path

import pytest
from feed.site import NIGHTS, Site, folder_place, rest_place, sftp_place
from servers.fhir import TOKEN, between, sekmet
from servers.sftp import Keys, openssh

pytestmark = pytest.mark.server


def check(site: Site, capfd: pytest.CaptureFixture[str]) -> tuple[int, dict[str, list[str]], str]:
    """Return the code, the lines about the destination (their cells), and what is to be done."""
    site.prepare(2)
    capfd.readouterr()
    code = site.cpli("check", "--as-of", str(NIGHTS[2]))
    shown = capfd.readouterr().out
    rows = {
        cells[0]: cells[1:]
        for line in shown.splitlines()
        if (cells := re.split(r"  +", line.strip()))[0].startswith("care_record") and cells[1:]
    }
    told = [line for line in shown.splitlines() if line.startswith("care_record") and ": " in line]
    return code, rows, "\n".join(told)


def test_a_folder_that_is_sound_gone_or_not_a_folder(
    site: Site, drop: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code, rows, told = check(site, capfd)
    assert (code, told) == (0, "")
    assert rows["care_record (feed)"] == ["folder", "yes", "write", "-"]
    assert list(drop.iterdir()) == []
    drop.rmdir()
    code, rows, told = check(site, capfd)
    assert code == 3
    assert rows["care_record (feed)"] == ["folder", "no", "-", "-"]
    assert "ask the Care Record's team to make it" in told
    drop.write_text("a file")
    code, rows, told = check(site, capfd)
    assert (code, rows["care_record (feed)"]) == (3, ["folder", "no", "-", "-"])


def test_a_server_that_is_sound_down_or_only_to_be_read(
    site: Site, drop: Path, keys: Keys, capfd: pytest.CaptureFixture[str]
) -> None:
    with openssh(drop, keys) as server:
        site.care_record = sftp_place(server, keys, site.home)
        code, rows, told = check(site, capfd)
        assert (code, told) == (0, "")
        assert rows["care_record (feed)"] == ["sftp", "yes", "write", "-"]
        assert list(drop.iterdir()) == []
    code, rows, told = check(site, capfd)
    assert code == 3
    assert rows["care_record (feed)"] == ["sftp", "no", "-", "-"]
    assert "cannot be reached" in told
    with openssh(drop, keys, flags="-R") as server:
        site.care_record = sftp_place(server, keys, site.home)
        code, rows, told = check(site, capfd)
    assert code == 3
    assert rows["care_record (feed)"] == ["sftp", "yes", "-", "-"]
    assert "does not let" in told
    assert list(drop.iterdir()) == []


def test_a_fhir_server_that_is_sound_lets_nobody_in_or_is_down(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "fhir").mkdir()
    with sekmet(tmp_path / "fhir") as server:
        site.care_record = rest_place(server.base_url)
        code, rows, told = check(site, capfd)
        assert (code, rows["care_record"]) == (3, ["rest", "yes", "-", "-"])
        assert "token" in told
        monkeypatch.setenv("CPLI_PLACES__CARE_RECORD__TOKEN", TOKEN)
        code, rows, told = check(site, capfd)
        assert (code, told) == (0, "")
        assert rows["care_record"][:2] == ["rest", "yes"]
    code, rows, told = check(site, capfd)
    assert (code, rows["care_record"]) == (3, ["rest", "no", "-", "-"])
    assert "care_record" in told


def test_a_place_for_files_is_not_said_to_be_read(
    site: Site, drop: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with between() as server:
        site.care_record = rest_place(server.base_url)
        _, rows, _ = check(site, capfd)
        assert len(rows) == 1
    site.care_record = folder_place(drop)
    drop.rmdir()
    _, rows, _ = check(site, capfd)
    assert "yes" not in [cells[1] for cells in rows.values()]
