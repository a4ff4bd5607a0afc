"""The sources of a real site give what the same sources in the canonical folder give."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.server
@pytest.mark.parametrize("seed", ["3", pytest.param("4", marks=pytest.mark.slow)])
def test_a_database_an_sftp_server_and_messy_workbooks_give_the_same_bytes(
    tmp_path: Path, seed: str
) -> None:
    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "real.demo",
            "--place",
            tmp_path / "x",
            "--people",
            "400",
            "--seed",
            seed,
        ],
        env=os.environ | {"PYTHONPATH": str(ROOT / "tests")},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
    assert "are the same, byte for byte" in ended.stdout
