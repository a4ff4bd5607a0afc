import stat

import pandas as pd
import pytest
from folders.canonical import AS_OF, COUNCILS, RUTLAND
from pandas.testing import assert_frame_equal

from flows.stage import (
    clear_up,
    lay_down,
    lay_down_pulls,
    left_behind,
    pick_up,
    pick_up_pulls,
    work_folder,
)
from flows.steps import conclude, open_source, pull_in_memory
from schemas.errors import WrongUsage
from settings.settings import Settings

SETTINGS = Settings(identity_key="a key for tests alone")


def pulls_of(sources):
    source, known = open_source(sources.root)
    return pull_in_memory(source, known, as_of=AS_OF, settings=SETTINGS)


def test_frames_come_back_as_they_were_laid_down(sources, tmp_path):
    pulls = pulls_of(sources.remove(f"council/{RUTLAND}/cpli.csv"))
    laid = lay_down_pulls(pulls, tmp_path)
    assert not any(pull.frames for pull in (laid.register, *laid.councils, laid.caseloads))
    back = pick_up_pulls(laid, tmp_path)
    pairs = zip(
        (pulls.register, *pulls.councils, pulls.caseloads),
        (back.register, *back.councils, back.caseloads),
        strict=True,
    )
    for before, after in pairs:
        assert before.facts == after.facts
        assert set(before.frames) == set(after.frames)
        for name, frame in before.frames.items():
            assert_frame_equal(frame, after.frames[name])


def test_an_account_comes_back_as_it_was_laid_down(sources, tmp_path):
    account = conclude(pulls_of(sources), as_of=AS_OF, settings=SETTINGS)
    back = pick_up(lay_down(account, tmp_path / "account"), tmp_path / "account")
    assert back.record.summary == account.record.summary
    for name, frame in account.frames.items():
        assert_frame_equal(frame, back.frames[name])


def test_what_is_laid_down_cannot_be_entered_by_others_and_vanishes(sources, tmp_path):
    night = tmp_path / "out" / "2026-11-20"
    leftover = tmp_path / "out" / ".2026-11-20.work" / "account"
    leftover.mkdir(parents=True)
    (leftover / "discrepancies.parquet").write_bytes(b"of a run that was killed")
    with work_folder(night) as work:
        lay_down_pulls(pulls_of(sources), work)
        assert sorted(path.name for path in work.iterdir()) == [*COUNCILS, "caseloads", "register"]
        for folder in (work, *work.iterdir()):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert list((tmp_path / "out").iterdir()) == []


def test_the_work_folder_vanishes_when_the_night_fails(tmp_path):
    def failing_night() -> None:
        with work_folder(tmp_path / "2026-11-20") as work:
            (work / "frame.parquet").write_bytes(b"")
            raise KeyError

    with pytest.raises(KeyError):
        failing_night()
    assert list(tmp_path.iterdir()) == []


def test_a_step_that_comes_late_does_not_bring_the_work_folder_back(sources, tmp_path):
    account = conclude(pulls_of(sources), as_of=AS_OF, settings=SETTINGS)
    with work_folder(tmp_path / "2026-11-20") as work:
        pass
    with pytest.raises(WrongUsage):
        lay_down(account, work / "account")
    assert [path.name for path in tmp_path.iterdir()] == ["sources"]


def test_what_killed_runs_left_is_found_and_cleared_up(tmp_path):
    for name in (
        ".2026-11-18.work/account", ".2026-11-19.partial", ".2026-11-20.replaced", "2026-11-17",
        ".2026-13-01.work", ".prefect", ".2026-11-21.notes",
    ):  # fmt: skip
        (tmp_path / name).mkdir(parents=True)
    nights = left_behind(tmp_path)
    assert [str(night) for night in nights] == ["2026-11-18", "2026-11-19", "2026-11-20"]
    for night in nights:
        clear_up(tmp_path / str(night))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".2026-11-21.notes", ".2026-13-01.work", ".prefect", "2026-11-17", "2026-11-20",
    ]  # fmt: skip


def test_the_same_is_found_from_memory_and_from_parquet(sources, tmp_path):
    sources.write("caseload/P1_2026-11-18.csv", b"service_type,cpli_id\nHS,C0\nHS,C99\nXX,C2\n")
    pulls = pulls_of(sources)
    laid = pick_up_pulls(lay_down_pulls(pulls, tmp_path), tmp_path)
    first, second = (conclude(each, as_of=AS_OF, settings=SETTINGS) for each in (pulls, laid))
    assert len(first.frames["discrepancies"]) > 1
    assert isinstance(first.frames["discrepancies"], pd.DataFrame)
    for name, frame in first.frames.items():
        assert_frame_equal(frame, second.frames[name])
    assert first.summary == second.summary
    assert first.sources == second.sources
