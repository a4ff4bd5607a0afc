"""requirements.lock names every package, checks every file and gives no address."""

import re

import pytest
from house.repository import ROOT, pyproject
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
ENTRIES = re.split(r"\n(?=[a-z0-9])", LOCK.strip())
SUPPORTED = ("3.11.0", "3.11.14", "3.12.0", "3.13.0", "3.13.9")


def locked(python: str) -> dict[str, str]:
    """Return the version of each package that a Linux machine with this Python gets."""
    machine = {
        "python_full_version": python,
        "python_version": python.rpartition(".")[0],
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "sys_platform": "linux",
    }
    requirements = [Requirement(entry.splitlines()[0].rstrip(" \\")) for entry in ENTRIES]
    return {
        canonicalize_name(requirement.name): str(requirement.specifier).removeprefix("==")
        for requirement in requirements
        if requirement.marker is None or requirement.marker.evaluate(machine)
    }


def declared() -> list[Requirement]:
    """Return what pyproject.toml asks for, the tools of development included."""
    settings = pyproject()
    lines = settings["project"]["dependencies"] + settings["dependency-groups"]["dev"]
    return [Requirement(line) for line in lines]


def test_the_lock_gives_no_address_and_no_option() -> None:
    assert [line for line in LOCK.splitlines() if "://" in line or line.startswith("-")] == []


def test_every_package_is_pinned_and_every_file_of_it_hashed() -> None:
    loose = [entry.splitlines()[0] for entry in ENTRIES if "--hash=sha256:" not in entry]
    assert loose == []
    assert [entry for entry in ENTRIES if not re.match(r"[a-z0-9.-]+==", entry)] == []


@pytest.mark.parametrize("python", SUPPORTED)
def test_what_pyproject_asks_for_is_locked(python: str) -> None:
    versions = locked(python)
    assert [
        str(requirement)
        for requirement in declared()
        if not requirement.specifier.contains(
            versions.get(canonicalize_name(requirement.name), "0.dev0"), prereleases=True
        )
    ] == []
