"""A death at any step between the record of a night and its delivery changes nothing."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from feed.receiving import complete_in, files_in, standing_after
from feed.site import Site

from casebook.outbox import ExportJournal, Outbox
from casebook.publication import Publication
from connectors.drop.in_folder import FolderShelf

OF_OUTBOX = ("hold", "waiting", "unanswered", "export", "content", "delivered", "tried")
OF_SHELF = ("insist", "has_folder", "size", "sha256", "make_folder", "write", "rename", "remove")
STEPS = {
    Publication: ("change", "look"),
    Outbox: OF_OUTBOX,
    ExportJournal: ("noted", "note"),
    FolderShelf: OF_SHELF,
}


class KilledError(BaseException):
    """The process is gone."""


class Fate:
    """Counts the steps of a command; it does not get beyond the one at number `at`."""

    def __init__(self) -> None:
        self.steps, self.at = 0, 0

    def set(self, at: int) -> None:
        self.steps, self.at = 0, at

    def act(self, step: Callable[[], Any]) -> Any:
        self.steps += 1
        if self.steps == self.at:
            raise KilledError
        return step()


@pytest.fixture
def fate(monkeypatch: pytest.MonkeyPatch) -> Fate:
    """Put every step of publishing and delivering into the hands of fate."""
    fate = Fate()

    def fated(step: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args, **more: fate.act(lambda: step(*args, **more))

    for owner, names in STEPS.items():
        for name in names:
            monkeypatch.setattr(owner, name, fated(getattr(owner, name)))
    return fate


def publish_until(step: int, site: Site, drop: Path, fate: Fate) -> bool:
    """Publish what a night left that found no drop; say whether the step was reached."""
    for folder in (site.out, drop):
        shutil.rmtree(folder)
    shutil.copytree(site.home / "before", site.out)
    drop.mkdir()
    fate.set(step)
    code = site.publish(0)
    met = fate.steps >= step
    fate.at = 0
    assert code == int(met)
    return met


@pytest.mark.parametrize(
    "taken", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["left there", "taken"]
)
@pytest.mark.parametrize("stride", [19, pytest.param(1, marks=pytest.mark.slow)])
def test_a_death_at_any_step_of_a_delivery_changes_nothing(
    site: Site,
    drop: Path,
    fate: Fate,
    stride: int,
    capfd: pytest.CaptureFixture[str],
    *,
    taken: bool,
) -> None:
    drop.rename(drop.with_name("away"))
    assert site.night(0) == 3
    shutil.copytree(site.out, site.home / "before")
    drop.with_name("away").rename(drop)
    assert not publish_until(1_000, site, drop, fate)
    whole = complete_in(drop)
    assert [name for name, _ in whole] == ["2026-11-18T120000Z"]
    standing_after(whole)
    steps = fate.steps
    assert steps > 80
    # The last ones are those around the manifest.
    for step in sorted({*range(1, steps + 1, stride), *range(steps - 15, steps + 1)}):
        assert publish_until(step, site, drop, fate)
        came = complete_in(drop) if taken else []
        for name, _ in came:
            shutil.rmtree(drop / name)
        assert site.publish(0) == 0
        assert [*came, *complete_in(drop)] == whole
        assert list(drop.rglob("*.part")) == []
        assert site.cpli("outbox") == 0
        capfd.readouterr()


@pytest.mark.parametrize(
    "step",
    [
        "publish",
        "deliver_exports",
        *(pytest.param(each, marks=pytest.mark.slow) for each in ("keep", "write_night")),
    ],
)
def test_a_death_between_the_steps_of_a_night_changes_nothing(
    begun: Site, drop: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    begun.prepare(1)

    def killed(*args: object, **more: object) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(f"flows.nightly.{step}", killed)
        with pytest.raises(KilledError):
            begun.again(1)
    assert begun.again(1) == 0
    came = complete_in(drop)
    assert [name for name, _ in came] == ["2026-11-18T120000Z", "2026-11-19T120000Z"]
    standing_after(came)
    night = files_in(begun.out / "2026-11-19")
    assert {name: night[f"feed/{came[1][0]}/{name}"] for name in came[1][1]} == came[1][1]
    assert [path for path in begun.out.rglob(".*") if path.is_dir()] == []


def test_what_a_killed_publication_left_in_a_night_goes_with_the_next_run(
    begun: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(target: Path, files: object, **_more: object) -> None:
        left = target.with_name(f".{target.name}.partial")
        left.mkdir()
        (left / "Patient.ndjson").write_bytes(b"a person")
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr("flows.publication.replace_folder", killed)
        assert begun.publish(0) == 1
    assert len(list(begun.out.rglob(".*.partial"))) == 1
    assert begun.again(0) == 0
    assert list(begun.out.rglob(".*.partial")) == []
    assert len(complete_in(begun.out / "2026-11-18" / "feed")) == 1
