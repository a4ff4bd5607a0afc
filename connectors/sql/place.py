"""Where a council keeps its tables, and how we log in there."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from schemas.errors import WrongUsage

DRIVERS = MappingProxyType(
    {
        "postgresql": "psycopg",
        "mariadb": "pymysql",
        "mssql": "pymssql",
        "oracle": "oracledb",
        "sqlite": "pysqlite",
    }
)
KINDS = MappingProxyType(
    {
        "postgresql": "PostgreSQL",
        "mariadb": "MariaDB",
        "mssql": "SQL Server",
        "oracle": "Oracle",
        "sqlite": "SQLite",
    }
)
OTHER_NAMES = MappingProxyType({"postgres": "postgresql", "mysql": "mariadb"})


class Tls(StrEnum):
    """How the connection is protected on its way."""

    VERIFIED = "verified"
    """Encrypted, and the server's certificate is checked."""
    ENCRYPTED = "encrypted"
    """Encrypted, whoever the server may be: for a network that is trusted."""
    NONE = "none"
    """As it is: for a server on this machine."""


@dataclass(frozen=True, kw_only=True)
class Timeouts:
    """How many seconds each step may take; `statement` is for one statement or chunk of it."""

    connect: float = 10.0
    statement: float = 600.0
    lock: float = 30.0


@dataclass(frozen=True, kw_only=True)
class SqlPlace:
    """A council's database, and how we log in there.

    `name` is what the configuration calls it: it stands in messages and in the record of a night.
    `url` is SQLAlchemy's address, whose password may stand in `password` instead; neither is ever
    shown. `snapshot_isolation` matters to SQL Server alone: without it, reading locks what it has
    read until the end. `keeper` is whom a message asks to mend the database.
    """

    name: str
    url: str = field(repr=False)
    password: str | None = field(default=None, repr=False)
    tls: Tls = Tls.VERIFIED
    root_certificate: Path | None = None
    snapshot_isolation: bool = True
    keeper: str = "the council's database administrator"
    timeouts: Timeouts = field(default_factory=Timeouts)

    @property
    def described(self) -> str:
        """What messages call the place."""
        return f"{self.name} ({KINDS[self.address.get_backend_name()]})"

    @property
    def address(self) -> URL:
        """The address with the driver that we use. Raises WrongUsage where it is none."""
        address = _parsed(self.url)
        backend = address and address.get_backend_name()
        backend = OTHER_NAMES.get(backend, backend) if backend else None
        known = backend in DRIVERS
        if address is None or backend is None or not known or not _by_our_driver(address, backend):
            raise WrongUsage(
                f"The address of the database {self.name} is not understood. Write it as"
                " KIND://USER@HOST:PORT/DATABASE, where KIND is postgresql, mariadb, mssql or"
                " oracle, or as sqlite:///FILE."
            )
        address = address.set(drivername=f"{backend}+{DRIVERS[backend]}")
        return address if self.password is None else address.set(password=self.password)


def _parsed(url: str) -> URL | None:
    # SQLAlchemy's own message would quote the address, and with it the password.
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        return None


def _by_our_driver(address: URL, backend: str) -> bool:
    driver = address.drivername.partition("+")[2]
    return driver in {"", DRIVERS[backend]}
