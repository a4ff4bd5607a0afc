"""Who may use the worklist, and what is put on record of their looking at people's records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from schemas.vocabularies import Vocabulary


class Role(Vocabulary):
    """What somebody may do with the worklist; an account has one role."""

    PROVIDER_USER = "provider_user", "Provider"
    COMMISSIONING_WORKER = "commissioning_worker", "Commissioning worker"
    TEAM_LEAD = "team_lead", "Team lead"
    MANAGER = "manager", "Manager"
    DATA_ENGINEER = "data_engineer", "Data engineer"
    ADMINISTRATOR = "administrator", "Administrator"


SEE_CASES = frozenset({Role.PROVIDER_USER, Role.COMMISSIONING_WORKER, Role.TEAM_LEAD, Role.MANAGER})
"""The roles that see records of people; the others look after the nights and the accounts."""


class Seen(Vocabulary):
    """What an entry of the access record says that somebody did."""

    CASE = "case", "looked at a case"
    LIST = "list", "looked at a list of cases"
    SEARCH = "search", "searched for a person"
    EXPORT = "export", "exported cases"
    CHANGE = "change", "changed a case"
    ANSWER = "answer", "answered a case"
    NOTICE = "notice", "downloaded a notice"
    CASELOAD = "caseload", "sent a caseload"
    REFUSALS = "refusals", "downloaded refused rows"
    RELEASE = "release", "let out what the gates held"
    ACCESS_HISTORY = "access_history", "looked at an access history"
    SIGNED_IN = "signed_in", "signed in"
    SIGN_IN_FAILED = "sign_in_failed", "failed to sign in"
    SIGNED_OUT = "signed_out", "signed out"
    PASSWORD_SET = "password_set", "set a password"
    SECOND_FACTOR_SET = "second_factor_set", "set up a second factor"
    ACCOUNT_ADDED = "account_added", "added an account"
    ACCOUNT_CHANGED = "account_changed", "changed an account's role or organisation"
    ACCOUNT_DISABLED = "account_disabled", "disabled an account"
    ACCOUNT_ENABLED = "account_enabled", "enabled an account"
    ACCOUNT_RESET = "account_reset", "reset an account"
    ACCOUNT_UNLOCKED = "account_unlocked", "unlocked an account"
    SESSIONS_ENDED = "sessions_ended", "signed an account out everywhere"
    TOKEN_ISSUED = "token_issued", "issued a token"
    TOKEN_REVOKED = "token_revoked", "revoked a token"


@dataclass(frozen=True, kw_only=True)
class User:
    """Somebody who may use the worklist, or a program that may.

    `email` is the name to sign in by, `name` the one that cases are assigned to. Without a
    `council` it is all councils, and cases of none; `provider_id` is given for a provider alone.
    `seen_before` is when they were last here before they signed in (UTC).
    """

    number: int
    email: str
    name: str
    role: Role
    council: str | None = None
    team: str | None = None
    provider_id: str | None = None
    active: bool = True
    seen_before: datetime | None = None

    def councils_seen(self, councils: Sequence[str]) -> tuple[str | None, ...]:
        """Return which of all councils' cases may be seen; None stands for cases of no council."""
        if self.role not in SEE_CASES:
            return ()
        return (*councils, None) if self.council is None else (self.council,)
