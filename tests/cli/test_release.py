"""`cpli run`, `cpli release` and `cpli rerun` by Prefect, of a night that gates do not let by."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from feed.leaks import kept_by_prefect, leaks_below, people_in
from feed.plain import without_prefect
from folders.canonical import COUNCILS, LEICESTERSHIRE, RUTLAND
from gates.site import FRIDAY, THURSDAY, Site

from flows.backend import prefect_backend

RELEASED = ("--reason", "Three of them were asked", "--who", "A. Manager")


@pytest.fixture(scope="session")
def prefect() -> Iterator[Path]:
    """Have a Prefect API for the session; it takes ten seconds to come up. Returns its files."""
    home = Path(os.environ["PREFECT_HOME"])
    with prefect_backend(home.parent) as wait_until_up:
        wait_until_up()
        yield home


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site with a good night behind it."""
    site = Site(home=tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        without_prefect(patch.setattr)
        assert site.do(THURSDAY).exit_code == 0
    return site


@pytest.mark.server
@pytest.mark.xdist_group("prefect")
def test_a_night_is_held_let_out_and_run_again(
    site: Site, prefect: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

    site.halved.add(LEICESTERSHIRE)
    site.forgotten.add(RUTLAND)
    site.become(FRIDAY)
    site.write()
    assert site.cpli("run", "--as-of", str(FRIDAY)) == 3
    said = capfd.readouterr()
    assert "Leicestershire" in said.out + said.err
    assert "is not plausible" in said.out + said.err
    assert "What was found of Rutland is held" in said.out + said.err
    with get_client(sync_client=True) as client:
        shown = client.read_artifacts(
            artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=["gates"]))
        )
        told = {(each.name, each.state.message): each.id for each in client.read_flow_runs()}
    night = told[f"night {FRIDAY}", "Not assessed: Rutland, Leicestershire"]
    assert ["Rutland" in str(each.data) for each in shown if each.flow_run_id == night] == [True]

    (site.home / "sources").rename(site.home / "elsewhere")
    assert site.cpli("release", str(FRIDAY), "--council", "Rutland", *RELEASED) == 3
    assert site.cpli("release", str(FRIDAY), "--council", LEICESTERSHIRE, *RELEASED) == 0
    assert len(site.casebook.gates().releases(FRIDAY)) == 2
    assert "Let out: Rutland on the night of 2026-11-20, 2 failed gates." in capfd.readouterr().out
    assert all(council.assessed for council in site.casebook.night(FRIDAY).councils)

    site.halved.clear()
    site.forgotten.clear()
    site.become(FRIDAY)
    site.write()
    assert site.cpli("rerun", str(FRIDAY)) == 0
    found = site.casebook.discrepancies(FRIDAY)["local_authority"].value_counts().to_dict()
    assert found == dict.fromkeys(COUNCILS, 3)

    said = capfd.readouterr()
    assert people_in(said.out + said.err) == set()
    assert people_in(kept_by_prefect(prefect)) == set()
    assert "People whose support should have gone on" in kept_by_prefect(prefect)
    assert leaks_below(site.out) == {}


def test_a_night_that_is_not_on_record_is_not_run_again(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    before = site.tables()
    assert site.cpli("rerun", str(FRIDAY)) == 2
    assert "The night of 2026-11-20 is not on record" in capsys.readouterr().err
    assert site.tables() == before


def test_a_misspelt_folder_does_not_become_a_record_of_its_own(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from cli.main import main

    for command in (["release", str(FRIDAY), "--council", "Rutland", *RELEASED],
                    ["rerun", str(FRIDAY)]):  # fmt: skip
        assert main([*command, "--out", str(tmp_path / "elsewhere")]) == 2
    assert not (tmp_path / "elsewhere").exists()
