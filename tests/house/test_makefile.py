"""The chores introduce themselves and can be run by whoever has Python, git and make."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from house.repository import ROOT

CHORES = ("setup", "demo", "test", "check", "lock", "bench", "prove", "clean")

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make in the project, without what a make around these tests hands down."""
    return subprocess.run(
        ["env", "-u", "MAKEFLAGS", "-u", "MAKELEVEL", "make", "-C", str(ROOT), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("chore", CHORES)
def test_make_alone_says_in_a_line_what_each_chore_does(chore: str) -> None:
    assert re.search(rf"^  make {chore} +\w.+$", make().stdout, flags=re.MULTILINE)


def test_without_a_suitable_python_setup_says_which_ones_are(tmp_path: Path) -> None:
    refusal = make("bootstrap", "PYTHON=false", f"VENV={tmp_path / 'venv'}")
    assert refusal.returncode != 0
    assert "Python 3.11, 3.12 or 3.13 is needed" in refusal.stderr


def test_ci_runs_the_checks_and_the_tests() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert script[-2:] == ["make check", "make test"]
