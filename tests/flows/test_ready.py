import os
from datetime import date
from pathlib import Path

import pytest
from folders.canonical import COUNCILS, LEICESTER

from flows.origin import origin_of
from flows.ready import choose, ready_to_record, ready_to_run
from flows.steps import insist_apart
from schemas.errors import PersonNeeded, WrongUsage
from settings.settings import Settings, load_settings

AS_OF = date(2026, 11, 20)
SETTINGS = Settings(identity_key="a key for tests alone")


@pytest.mark.parametrize(
    ("sources", "out"),
    [
        ("sources", "sources"),
        ("sources", "sources/out"),
        ("sources", "link/out"),
        ("out/2026-11-20", "out"),
        ("out/2026-11-19/sources", "out"),
    ],
)
def test_results_are_not_written_among_the_sources_nor_in_their_place(tmp_path, sources, out):
    (tmp_path / "sources").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "sources")
    with pytest.raises(WrongUsage, match=r"--out .*(outside of it|another folder)\."):
        insist_apart(tmp_path / sources, tmp_path / out)


@pytest.mark.parametrize(
    ("sources", "out"),
    [("sources", "out"), ("sources", "sources-2"), ("out/sources-night-1", "out")],
)
def test_sources_may_lie_beside_the_nights(tmp_path, sources, out):
    insist_apart(tmp_path / sources, tmp_path / out)


def test_a_council_without_a_code_is_no_choice():
    with pytest.raises(WrongUsage, match=f"--council was given without a code.*{LEICESTER}"):
        choose([""], COUNCILS)


def test_what_is_ready_leaves_a_record_and_nothing_else(sources, tmp_path):
    origin = origin_of(sources.root, tmp_path / "out", config=None, as_of=AS_OF)
    known, chosen, _ = ready_to_run(origin, councils=[LEICESTER])
    assert (known, chosen) == (COUNCILS, (LEICESTER,))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["casebook.db"]


@pytest.mark.parametrize("place", ["file", "file/out", "closed", "closed/out"])
def test_a_place_that_cannot_be_written_is_found_before_anything_is_made(
    tmp_path, monkeypatch, place
):
    (tmp_path / "file").touch()
    (tmp_path / "closed").mkdir()
    allowed = os.access
    # The tests may run as root, to whom nothing is closed.
    monkeypatch.setattr(
        os, "access", lambda path, mode: Path(path).name != "closed" and allowed(path, mode)
    )
    with pytest.raises(WrongUsage, match="Nothing can be written"):
        ready_to_record(tmp_path / place, settings=SETTINGS)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["closed", "file"]


@pytest.mark.parametrize("url", ["mysql://db/cpli", "nonsense", "sqlite://", "sqlite:///file/x.db"])
def test_a_record_that_cannot_be_kept_leaves_nothing(tmp_path, monkeypatch, url):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    settings = Settings(identity_key="a key for tests alone", database={"url": url})
    with pytest.raises(PersonNeeded):
        ready_to_record(tmp_path / "out", settings=settings)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_key_that_cannot_be_kept_leaves_nothing(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with pytest.raises(WrongUsage, match="CPLI_IDENTITY_KEY"):
        ready_to_record(tmp_path / "out", settings=load_settings())
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
