"""Fixtures: servers with a folder each, and places that know them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from servers.sftp import HOST, Keys, Server, in_process, make_keys, openssh

from connectors.sftp.place import SftpPlace, Timeouts

QUICK = Timeouts(connect=2, banner=2, login=2, channel=2, read=2)
PlaceOf = Callable[..., SftpPlace]


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """Make keys once."""
    return make_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make the folder that a server serves."""
    folder = tmp_path / "drop"
    folder.mkdir()
    return folder


@pytest.fixture
def server(root: Path, keys: Keys) -> Iterator[Server]:
    """Serve the folder from this process."""
    with in_process(root, keys) as listening:
        yield listening


@pytest.fixture
def sshd(root: Path, keys: Keys) -> Iterator[Server]:
    """Serve the folder with OpenSSH."""
    with openssh(root, keys) as listening:
        yield listening


@pytest.fixture(params=["server", "sshd"], ids=["in process", "OpenSSH"])
def either(request: pytest.FixtureRequest) -> Server:
    """Serve the folder, either way in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def place_of(keys: Keys) -> PlaceOf:
    """Return what makes a place of a server."""

    def make(server: Server, **changes: object) -> SftpPlace:
        place = SftpPlace(
            name="the drop",
            host=HOST,
            port=server.port,
            username=server.username,
            private_key=keys.private("user"),
            host_keys=(keys.public("host"),),
            folder=server.folder,
            timeouts=QUICK,
        )
        return replace(place, **changes)

    return make


@pytest.fixture
def waits() -> list[float]:
    """Collect the seconds that somebody would have waited."""
    return []
