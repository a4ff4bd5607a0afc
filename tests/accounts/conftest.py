"""An empty record for accounts, of either kind of database, and a clock that goes when told to."""

from collections.abc import Iterator

import pytest
from servers import postgres
from signed import CHEAP, KEY, Clock

from casebook import passwords
from casebook.accounts import Accounts
from casebook.store import Casebook


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare passwords at no cost."""
    monkeypatch.setattr(passwords, "HASHER", CHEAP)
    passwords._nobodys.cache_clear()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """Start a PostgreSQL server, or use the one of TEST_POSTGRESQL_URL; else skip."""
    with postgres.for_tests() as url:
        yield url


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)], scope="module"
)
def opened(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Casebook]:
    """Open an empty record, of either kind in turn, for all tests of a module."""
    if request.param == "sqlite":
        yield Casebook.open(f"sqlite:///{tmp_path_factory.mktemp('accounts') / 'c.db'}")
    else:
        server = request.getfixturevalue("postgresql_server")
        with postgres.empty_database(server) as url:
            yield Casebook.open(url)


@pytest.fixture
def clock() -> Clock:
    """Return a clock."""
    return Clock()


@pytest.fixture
def casebook(opened: Casebook, clock: Clock) -> Casebook:
    """Return the record, by that clock. Each test has accounts of its own in it."""
    opened.clock = clock
    return opened


@pytest.fixture
def accounts(casebook: Casebook) -> Accounts:
    """Return the accounts."""
    return casebook.accounts(key=KEY.encode())
