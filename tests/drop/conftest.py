"""Servers with a folder each, and a drop that is a folder."""

from pathlib import Path

import pytest
from servers.places import either, keys, place_of, root, server, sshd, waits

from connectors.drop.in_folder import DropFolder

__all__ = ["either", "keys", "place_of", "root", "server", "sshd", "waits"]


@pytest.fixture
def folder(root: Path) -> DropFolder:
    """Return a drop that is a folder of this machine."""
    return DropFolder(name="the drop", path=root)
