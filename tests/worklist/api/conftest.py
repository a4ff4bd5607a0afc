"""Some cases on record, the site over them, and programs with tokens."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from made_cases import LEICESTER, put_on_record
from signed import BY, Clock, account, site
from werkzeug.test import TestResponse

from casebook.store import Casebook
from casebook.wanted import Wanted
from casebook.worklist import Record, Worklist
from schemas.accounts import Role, User

API = "/api/v1"


@dataclass
class Program:
    """A program that acts for an account."""

    user: User
    token: str
    number: int
    client: FlaskClient = field(repr=False)

    def asks(self, path: str, status: int = 200, **more: Any) -> TestResponse:
        """Get something."""
        return self._sends("GET", path, status, **more)

    def posts(self, path: str, status: int = 200, *, key: str | None = None, **body: Any) -> Any:
        """Send a body, and return what comes back."""
        headers = {"Idempotency-Key": key} if key else {}
        return self._sends("POST", path, status, json=body, headers=headers).json

    def _sends(
        self,
        method: str,
        path: str,
        status: int,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> TestResponse:
        told = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        response = self.client.open(API + path, method=method, headers=told, **more)
        assert response.status_code == status, (response.status_code, response.text)
        kind = "application/json" if status == 200 else "application/problem+json"
        assert response.content_type == kind
        return response


@pytest.fixture(scope="session")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Put sixty cases on record, twenty of each council."""
    file = tmp_path_factory.mktemp("api") / "casebook.db"
    casebook = Casebook.open(f"sqlite:///{file}")
    casebook.clock = lambda: datetime(2026, 11, 23, 5, tzinfo=UTC)
    put_on_record(casebook, 60)
    return file


@pytest.fixture
def clock() -> Clock:
    """Return the clock of the record."""
    return Clock(datetime(2026, 11, 24, 9, 30, tzinfo=UTC))


@pytest.fixture
def casebook(record: Path, clock: Clock, tmp_path: Path) -> Casebook:
    """Return a copy of the record."""
    shutil.copy(record, tmp_path / "casebook.db")
    casebook = Casebook.open(f"sqlite:///{tmp_path / 'casebook.db'}")
    casebook.clock = clock
    return casebook


@pytest.fixture
def app(casebook: Casebook, tmp_path: Path) -> Flask:
    """Return the site."""
    return site(casebook, tmp_path)


@pytest.fixture
def program(app: Flask, casebook: Casebook) -> Callable[..., Program]:
    """Return what makes a program that acts for an account of a role."""

    def of(role: Role = Role.COMMISSIONING_WORKER, **about: Any) -> Program:
        user = account(casebook, role, **{"council": LEICESTER, **about})
        token, secret = casebook.tokens().issue(user.number, name="A system", days=30, by=BY)
        return Program(user=user, token=secret, number=token.number, client=app.test_client())

    return of


@pytest.fixture
def ours(program: Callable[..., Program]) -> Program:
    """Return the case system of Leicester."""
    return program()


@pytest.fixture
def cases(casebook: Casebook) -> Callable[[str], list[Record]]:
    """Return what lists the open cases of a council."""
    return lambda council: Worklist(casebook).page(Wanted(councils=(council,), limit=200)).cases


@pytest.fixture
def case(cases: Callable[[str], list[Record]]) -> Record:
    """Return an open case of Leicester."""
    return cases(LEICESTER)[0]
