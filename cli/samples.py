"""Accounts by which a demo's worklist can be looked at, one for each role."""

from __future__ import annotations

import secrets
from collections import Counter
from typing import Any

from casebook.audit import Actor
from casebook.store import Casebook
from schemas.accounts import Role, User

BY = Actor(who="the demo")
AT = "demo.example"


def sample_accounts(casebook: Casebook, *, council: str) -> tuple[str, dict[str, Role]]:
    """Make an account for each role, and return their password and the roles by email address.

    The worker is one who has cases, and the provider's user is of the one that is asked most.
    """
    open_cases = casebook.cases(local_authority=council)
    holder = open_cases.dropna(subset=["worker", "team"])[["worker", "team"]].value_counts()
    worker, team = holder.index[0] if len(holder) else ("A. Worker", None)
    asked = Counter(casebook.cases()["provider_id"].dropna())
    provider = next((each for each, _ in asked.most_common()), None)
    users: tuple[tuple[str, str, Role, dict[str, Any]], ...] = (
        ("worker", worker, Role.COMMISSIONING_WORKER, {"council": council, "team": team}),
        ("lead", "T. Lead", Role.TEAM_LEAD, {"council": council, "team": team}),
        ("manager", "M. Manager", Role.MANAGER, {"council": council}),
        ("engineer", "D. Engineer", Role.DATA_ENGINEER, {}),
        ("admin", "A. Administrator", Role.ADMINISTRATOR, {}),
        ("provider", "P. Provider", Role.PROVIDER_USER, {"provider_id": provider}),
    )
    password, accounts = secrets.token_urlsafe(12), casebook.accounts()
    made = {}
    for login, name, role, about in users:
        if role is Role.PROVIDER_USER and provider is None:
            continue
        email = f"{login}@{AT}"
        known = accounts.of(email)
        user = (
            known.user
            if known
            else accounts.add(User(number=0, email=email, name=name, role=role, **about), by=BY)
        )
        code = accounts.reset(user.number, by=BY)
        accounts.set_password(email, code=code, password=password, place=None)
        made[email] = role
    return password, made
