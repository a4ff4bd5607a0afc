"""Whose cases whoever is signed in may see, and what is put on record of their looking."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NoReturn

from flask import abort
from flask_login import current_user

from casebook.audit import AuditEntry
from casebook.worklist import CaseFile
from schemas.accounts import Seen, User
from worklist.services import services
from worklist.sessions import actor


def me() -> User:
    """Return whoever is signed in."""
    user: User = current_user.user
    return user


def my_councils() -> tuple[str | None, ...]:
    """Return the councils whose cases may be seen, None among them for cases of no council."""
    return me().councils_seen(tuple(services().councils))


def last_here() -> datetime | None:
    """Return when whoever is signed in was here before this session, UTC."""
    return me().seen_before


def case_or_not_found(discrepancy_id: str) -> CaseFile:
    """Return a case; one that may not be seen is not found, as one that does not exist."""
    found = services().cases.case(discrepancy_id, councils=my_councils())
    return found if found is not None else _not_found()


def note(what: Seen, cases: Iterable[Mapping[str, Any]] = ()) -> None:
    """Put on record that somebody saw, or changed, some cases; without any, just what was done."""
    by = actor()
    entries = [
        AuditEntry(
            by=by,
            what=what,
            discrepancy_id=case["discrepancy_id"],
            local_authority=case["local_authority"],
            person_id=case["person_id"],
        )
        for case in cases
    ]
    services().casebook.audit().note(*(entries or [AuditEntry(by=by, what=what)]))


def _not_found() -> NoReturn:
    abort(404)
