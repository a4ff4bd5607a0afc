"""What the tests of the house look at: the project's own files and settings."""

import ast
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"


def pyproject() -> dict[str, Any]:
    """Return pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def rooms() -> list[str]:
    """Return the names of the product's packages, as the wheel lists them."""
    packages: list[str] = pyproject()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    return packages


def modules(*folders: str) -> dict[Path, ast.Module]:
    """Return the parsed Python files under these folders of the project."""
    return {
        path.relative_to(ROOT): ast.parse(path.read_text(encoding="utf-8"))
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
    }


def tracked_text() -> dict[Path, str]:
    """Return what git keeps and can be read as text, by path; skip the test outside a checkout."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: there is no list of the project's files")
    listing = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z"], check=True, capture_output=True
    )
    paths = [Path(name) for name in listing.stdout.decode().split("\0") if name]
    contents = {path: (ROOT / path).read_bytes() for path in paths if (ROOT / path).is_file()}
    return {
        path: content.decode(errors="replace")
        for path, content in contents.items()
        if b"\0" not in content
    }
