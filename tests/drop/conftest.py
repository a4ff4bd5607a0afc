"""Servers with a folder each, and a drop that is a folder."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers.places import either, keys, place_of, root, server, sshd, waits

from connectors.drop.in_folder import DropFolder

__all__ = ["either", "keys", "place_of", "root", "server", "sshd", "waits"]


@pytest.fixture
def folder(root: Path) -> DropFolder:
    """Return a drop that is a folder of this machine."""
    return DropFolder(name="the drop", path=root)


@pytest.fixture
def small_disk(root: Path) -> Iterator[Path]:
    """Mount a disk of a megabyte, or skip where that is not for us to do."""
    options = ["-t", "tmpfs", "-o", "size=1m", "tmpfs", str(root)]
    mounted = shutil.which("mount") and subprocess.run(["mount", *options], check=False)
    if not mounted or mounted.returncode:
        pytest.skip("this account may not mount a small disk")
    yield root
    subprocess.run(["umount", "--lazy", str(root)], check=True)  # sshd may still be in it
