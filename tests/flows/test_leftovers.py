"""Which files of earlier nights have outlived their time, and which are none of our business."""

import os
from datetime import date, timedelta
from pathlib import Path

import pytest
from folders.canonical import COUNCILS

from flows.clock import today
from flows.leftovers import leftovers
from flows.origin import Origin, origin_of
from schemas.errors import WrongUsage

NAMES = {"E06000016": "leicester", "E06000017": "rutland", "E10000018": "leicestershire"}


def fetched_places(tmp_path: Path) -> str:
    """Say that everything comes by SFTP, the caseloads from a place of their own."""
    of_place = (
        f'connector = "sftp"\nhost = "h"\nusername = "u"\nkey_file = "{tmp_path}/key"\n'
        f'known_hosts = "{tmp_path}/known"\n'
    )
    councils = [
        f'[councils.{NAMES[code]}]\ncode = "{code}"\n'
        f'[councils.{NAMES[code]}.cpli]\nplace = "top"\nfile = "{NAMES[code]}_{{date}}.csv"\n'
        for code in COUNCILS
    ]
    return "\n".join(
        [
            f"[places.top]\n{of_place}[places.lists]\n{of_place}",
            '[providers]\nplace = "top"\nfile = "providers.csv"\n[caseloads]\nplace = "lists"\n',
            *councils,
        ]
    )


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Return a folder with what nights leave, and with what others have put there."""
    out = tmp_path / "out"
    for night in ("2024-01-01", "2024-01-02", "2024-01-03", "2024-13-45"):
        (out / night / "receipts").mkdir(parents=True)
        (out / night / "summary.json").write_text("{}")
    for theirs in ("2023-01-01", "2023-01-01 copy", "notes", ".2023-01-01.work", ".prefect"):
        (out / theirs).mkdir()
        (out / theirs / "kept.txt").write_text("")
    (out / "2023-01-02 copy").mkdir()
    (out / "2023-01-02 copy" / "summary.json").write_text("{}")
    (out / "2023-01-03").symlink_to(out / "2024-01-01", target_is_directory=True)
    (out / "2023-01-04").write_text("")
    for place, names in {
        "top": ("providers.csv", "leicester_2026-01-01.csv", "leicester_2026-01-02.csv", "x.txt"),
        "lists": ("P1_2026-01-01.csv", "P1_2026-01-02.csv", ".P2_2026-01-02.csv.part"),
        "former": ("P1_2026-01-01.csv",),
    }.items():
        (out / "received" / place).mkdir(parents=True)
        for name in names:
            (out / "received" / place / name).write_text("")
    return out


def origin(
    tmp_path: Path, out: Path, *, as_of: date, more: str = "", configured: bool = True
) -> Origin:
    config = tmp_path / "cpli.toml"
    config.write_text((fetched_places(tmp_path) if configured else "") + more, encoding="utf-8")
    sources = None if configured else tmp_path
    return origin_of(sources, out, config=config if configured else None, as_of=as_of)


def named(paths: object, out: Path) -> set[str]:
    assert isinstance(paths, list | tuple)
    return {str(path.relative_to(out)) for path in paths}


def test_folders_of_nights_go_after_their_time_and_nothing_else_does(tmp_path, out) -> None:
    retention = "[retention]\nresults_days = 10\n"
    for days, nights in ((10, set()), (11, {"2024-01-01"}), (12, {"2024-01-01", "2024-01-02"})):
        as_of = date(2024, 1, 1) + timedelta(days)
        found = leftovers(origin(tmp_path, out, as_of=as_of, more=retention))
        assert named(found.results, out) == nights
    before = {str(path.relative_to(out)) for path in out.rglob("*")}
    found.remove()
    gone = before - {str(path.relative_to(out)) for path in out.rglob("*")}
    assert gone == {
        f"{night}{rest}"
        for night in ("2024-01-01", "2024-01-02")
        for rest in ("", "/receipts", "/summary.json")
    }


def test_fetched_files_go_after_their_time_but_the_latest_of_each_table_stays(
    tmp_path, out
) -> None:
    kept = origin(tmp_path, out, as_of=today() + timedelta(90))
    assert leftovers(kept).received == []
    found = leftovers(origin(tmp_path, out, as_of=today() + timedelta(91)))
    old = {
        "received/top/leicester_2026-01-01.csv", "received/top/x.txt",
        "received/lists/P1_2026-01-01.csv", "received/lists/P1_2026-01-02.csv",
        "received/former/P1_2026-01-01.csv",
    }  # fmt: skip
    assert named(found.received, out) == old
    found.remove()
    assert not [name for name in old if (out / name).exists()]
    assert (out / "received/top/providers.csv").exists()
    assert (out / "received/top/leicester_2026-01-02.csv").exists()


def test_an_old_file_that_came_today_is_kept(tmp_path, out) -> None:
    file = out / "received" / "lists" / "P1_2026-01-01.csv"
    os.utime(file, (1, 1))
    assert leftovers(origin(tmp_path, out, as_of=today())).received == []


def test_a_caseload_is_kept_while_the_rules_heed_it(tmp_path, out) -> None:
    more = "[retention]\nreceived_days = 1\n[tolerances]\ncaseload_max_age_days = 50\n"
    for days, gone in ((50, False), (51, True)):
        found = leftovers(origin(tmp_path, out, as_of=today() + timedelta(days), more=more))
        assert ("received/lists/P1_2026-01-01.csv" in named(found.received, out)) is gone


def test_without_a_file_of_settings_nothing_fetched_is_touched(tmp_path, out) -> None:
    as_of = today() + timedelta(1000)
    found = leftovers(origin(tmp_path, out, as_of=as_of, configured=False))
    assert found.received == ()
    assert len(found.results) == 3


def test_a_folder_that_is_not_there_has_no_leftovers(tmp_path) -> None:
    found = leftovers(origin(tmp_path, tmp_path / "nowhere", as_of=today() + timedelta(1000)))
    assert (list(found.received), list(found.results)) == ([], [])


def test_what_cannot_be_removed_is_said(tmp_path, out, monkeypatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    found = leftovers(origin(tmp_path, out, as_of=today() + timedelta(1000)))
    monkeypatch.setattr("flows.leftovers.shutil.rmtree", refuse)
    with pytest.raises(WrongUsage, match="Permission denied"):
        found.remove()
