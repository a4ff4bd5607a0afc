"""What whoever is signed in may know of nights, and what is put on record of it."""

from __future__ import annotations

import re
from datetime import date

from flask import abort
from flask_login import current_user

from casebook.audit import AuditEntry
from casebook.record import NightRow
from schemas.accounts import SEE_CASES, Role, Seen, User
from worklist.services import services
from worklist.sessions import actor

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def me() -> User:
    """Return whoever is signed in."""
    user: User = current_user.user
    return user


def council() -> str | None:
    """Return the one council of which something may be told, None where it is all."""
    return me().council


def councils() -> dict[str, str]:
    """Return the names of the councils of which something may be told, by GSS code."""
    own = council()
    every = services().councils
    if own is not None:
        return {own: services().council_name(own)}
    return dict(sorted(every.items(), key=lambda each: each[1]))


def sees(owner: str) -> bool:
    """Say whether something that is a council's, or everybody's where it is empty, may be told."""
    return council() is None or owner in {"", council()}


def sees_people() -> bool:
    """Say whether records of people may be seen, be it of one council."""
    return me().role in SEE_CASES


def may_release(owner: str) -> bool:
    """Say whether somebody may let out what gates hold of a council, or of a provider's lists.

    A manager of one council answers for that council alone.
    """
    if me().role is Role.DATA_ENGINEER:
        return sees(owner)
    return me().role is Role.MANAGER and council() in {None, owner}


def day_or_not_found(text: str) -> date:
    """Return a date of an address; what is none is not found."""
    try:
        return date.fromisoformat(text) if DAY.fullmatch(text) else abort(404)
    except ValueError:
        abort(404)


def night_or_not_found(text: str) -> NightRow:
    """Return a night on record by its date, as an address has it."""
    return services().casebook.night(day_or_not_found(text)) or abort(404)


def note(what: Seen, local_authority: str | None = None) -> None:
    """Put on record that somebody took or did something, of a council or of all."""
    entry = AuditEntry(by=actor(), what=what, local_authority=local_authority)
    services().casebook.audit().note(entry)
