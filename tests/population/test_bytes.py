"""One seed gives the same bytes: in every process, zone and locale, and night after night."""

import hashlib
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from made.populations import FIRST_NIGHT, caseload_paths, dated, files, made

from population import Generated, generate
from schemas.errors import WrongUsage

MAKE = """
import sys
from datetime import date
from pathlib import Path
from population import generate
generate(Path(sys.argv[1]), people=400, seed=11, as_of=date(2026, 11, 20), night=2)
"""
# Of 400 people, seed 11, the second night after 2026-11-20, spreadsheets aside: what they hold is
# also xlsxwriter's. Whoever changes what a seed gives changes this, and says so in CHANGELOG.md.
KNOWN_DIGEST = "204085aec49d74334411b655734a405cc76ac5852cd11454b8832c0803d1e297"


def elsewhere(directory: Path, **surroundings: str) -> dict[str, bytes]:
    """Make a population in another process and return its files."""
    subprocess.run(
        [sys.executable, "-c", MAKE, str(directory)], check=True, env=os.environ | surroundings
    )
    return files(directory)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("here") / "sources"
    generate(directory, people=400, seed=11, as_of=FIRST_NIGHT, night=2)
    return directory


@pytest.mark.parametrize(
    "surroundings",
    [
        {"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo", "LC_ALL": "C"},
        {"PYTHONHASHSEED": "2", "TZ": "America/New_York", "LC_ALL": "C.UTF-8"},
    ],
)
def test_another_process_writes_the_same_bytes(
    here: Path, tmp_path: Path, surroundings: dict[str, str]
) -> None:
    assert elsewhere(tmp_path / "sources", **surroundings) == files(here)


def test_every_machine_and_python_writes_the_bytes_that_are_known_here(here: Path) -> None:
    digest = hashlib.sha256()
    for name, content in files(here).items():
        if not name.endswith(".xlsx"):
            digest.update(name.encode() + content)
    assert digest.hexdigest() == KNOWN_DIGEST


def test_another_seed_gives_other_people(tmp_path: Path, here: Path) -> None:
    generate(tmp_path / "sources", people=400, seed=12, as_of=FIRST_NIGHT, night=2)
    register = "council/E10000018/cpli.csv"
    assert files(tmp_path / "sources")[register] != files(here)[register]


@pytest.mark.parametrize("night", [1, 4])
def test_a_file_that_lies_there_on_two_nights_keeps_its_bytes(night: int) -> None:
    before, after = made(), made(night=night)
    earlier, later = files(before.directory), files(after.directory)
    received = [name for name in earlier.keys() & later.keys() if "_2026-" in name]
    assert len(received) > 50
    assert [name for name in sorted(received) if earlier[name] != later[name]] == []


def test_files_are_for_their_owner_alone(here: Path) -> None:
    for path in [here, *here.rglob("*")]:
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path


def test_a_population_takes_the_place_of_another(tmp_path: Path) -> None:
    directory = tmp_path / "sources"
    generate(directory, people=400, seed=3, as_of=FIRST_NIGHT)
    generate(directory, people=400, seed=11, as_of=FIRST_NIGHT, night=2)
    again = elsewhere(tmp_path / "again")
    assert files(directory) == again


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "accounts.csv"
    other.write_text("kept")
    with pytest.raises(WrongUsage, match="other files"):
        generate(tmp_path, people=50, seed=1, as_of=FIRST_NIGHT)
    assert [path.name for path in tmp_path.iterdir()] == ["accounts.csv"]


def test_real_sources_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "council").mkdir()
    (tmp_path / "providers.csv").write_text("provider_id,name\n")
    with pytest.raises(WrongUsage, match="other files"):
        generate(tmp_path, people=50, seed=1, as_of=FIRST_NIGHT)


def test_caseloads_of_a_night_are_not_younger_than_it() -> None:
    generated: Generated = made(night=4)
    dates = [dated(path)[1] for path in caseload_paths(generated.directory)]
    assert max(dates) <= generated.run_date
