"""`cpli user` and `cpli access`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from casebook.accounts import Account, Accounts
from casebook.audit import Actor, AuditEntry, Noted
from casebook.store import Casebook
from cli.record import casebook_of, council_of
from cli.terminal import say, show, table
from flows.pulls import council_name
from flows.words import counted
from publishing.csv_text import csv_text
from publishing.folder import write_files
from schemas.accounts import Role, Seen, User
from schemas.errors import WrongUsage
from settings.settings import load_settings

GSS = re.compile(r"E[0-9]{8}")
NOTHING = "-"
HEADINGS = ("When (UTC)", "Who", "What", "Case", "From")


def add_user(
    out: Path | None,
    config: Path | None,
    user: User,
    *,
    council: str | None,
    by: str,
) -> int:
    """Add an account and print the code for its first password."""
    casebook = _casebook(out, config)
    wanted = replace(user, council=_council(casebook, council))
    added = casebook.accounts().add(wanted, by=_actor(by))
    say(f"The account of {added.email} is added: {added.role.display}, {_organisation(added)}.")
    return _say_code(casebook.accounts(), added, config, by=by)


def list_users(out: Path | None, config: Path | None) -> int:
    """Print one line for each account."""
    casebook = _casebook(out, config)
    made = table(
        "Accounts", ["Email address", "Name", "Role", "Organisation", "Standing", "Last signed in"]
    )
    for account in casebook.accounts().listed():
        user, last = account.user, account.last_sign_in_at
        made.add_row(
            user.email,
            user.name,
            user.role.display,
            _organisation(user),
            _standing(account, casebook),
            f"{last:%Y-%m-%d %H:%M} UTC" if last else NOTHING,
        )
    show(made)
    return 0


def change_user(deed: str, email: str, out: Path | None, config: Path | None, *, by: str) -> int:
    """Disable, enable, unlock, sign out or reset an account."""
    casebook = _casebook(out, config)
    accounts, user = casebook.accounts(), _user(casebook, email)
    if deed == "reset":
        return _say_code(accounts, user, config, by=by)
    deeds: dict[str, tuple[Callable[..., None], str]] = {
        "disable": (accounts.disable, "is disabled, and signed out everywhere"),
        "enable": (accounts.enable, "is enabled"),
        "unlock": (accounts.unlock, "is unlocked"),
        "sign-out": (accounts.sign_out, "is signed out everywhere"),
    }
    do, said = deeds[deed]
    do(user.number, by=_actor(by))
    say(f"The account of {user.email} {said}.")
    return 0


def issue_token(
    email: str, out: Path | None, config: Path | None, *, name: str, days: int, by: str
) -> int:
    """Print a new token of an account, once."""
    casebook = _casebook(out, config)
    user = _user(casebook, email)
    token, secret = casebook.tokens().issue(user.number, name=name, days=days, by=_actor(by))
    say(secret)
    say(
        f"It is token {token.number}, acts for {user.email} until {token.expires_at:%Y-%m-%d}, and"
        " is shown only now."
    )
    return 0


def list_tokens(email: str, out: Path | None, config: Path | None) -> int:
    """Print the tokens of an account, without what opens."""
    casebook = _casebook(out, config)
    made = table("Tokens", ["Token", "Name", "Until", "Revoked", "Last used"], numbers=["Token"])
    for token in casebook.tokens().of_account(_user(casebook, email).number):
        made.add_row(
            str(token.number),
            token.name,
            f"{token.expires_at:%Y-%m-%d}",
            f"{token.revoked_at:%Y-%m-%d}" if token.revoked_at else NOTHING,
            f"{token.last_used_at:%Y-%m-%d}" if token.last_used_at else NOTHING,
        )
    show(made)
    return 0


def revoke_token(number: int, out: Path | None, config: Path | None, *, by: str) -> int:
    """Let a token open nothing any more."""
    _casebook(out, config).tokens().revoke(number, by=_actor(by))
    say(f"Token {number} is revoked.")
    return 0


def show_access(
    out: Path | None,
    config: Path | None,
    *,
    council: str | None,
    person: str | None,
    case: str | None,
    user: str | None,
    csv: Path | None,
    by: str,
) -> int:
    """Print who looked at a person's record or a case, or what the holder of an account did."""
    if [bool(person), bool(case), bool(user)].count(True) != 1 or bool(council) is not bool(person):
        raise WrongUsage("Give --council with --person, or --case, or --user: one of these.")
    casebook = _casebook(out, config)
    audit, about = casebook.audit(), AuditEntry(by=_actor(by), what=Seen.ACCESS_HISTORY)
    if person:
        whose = _council(casebook, council) or ""
        found = audit.history_of_person(whose, person)
        about = replace(about, local_authority=whose, person_id=person)
    elif case:
        found = audit.history_of_case(case)
        about = replace(about, discrepancy_id=case)
    else:
        number = _user(casebook, str(user)).number
        found = audit.history_of_user(number)
        about = replace(about, about=number)
    audit.note(about)
    if csv:
        frame = pd.DataFrame(_rows(found), columns=list(HEADINGS), dtype="str")
        write_files(csv.absolute().parent, {csv.name: csv_text(frame, HEADINGS)}, instead_of=())
        say(f"Written to {csv}: {counted(len(found), 'entry', 'entries')}.")
        return 0
    made = table(counted(len(found), "entry", "entries"), list(HEADINGS))
    for row in _rows(found):
        made.add_row(*(cell or NOTHING for cell in row))
    show(made)
    return 0


def _rows(found: Sequence[Noted]) -> list[tuple[str, ...]]:
    return [
        (
            f"{noted.at:%Y-%m-%d %H:%M:%S}",
            noted.entry.by.who,
            noted.entry.what.display,
            noted.entry.discrepancy_id or "",
            noted.entry.by.place or "",
        )
        for noted in found
    ]


def _casebook(out: Path | None, config: Path | None) -> Casebook:
    """Open the record; a misspelt folder must not become one of its own."""
    casebook_of(out, config, read_only=True)
    return casebook_of(out, config, read_only=False)


def _user(casebook: Casebook, email: str) -> User:
    account = casebook.accounts().of(email)
    if account is None:
        raise WrongUsage("There is no account of that email address. `cpli user list` lists all.")
    return account.user


def _council(casebook: Casebook, named: str | None) -> str | None:
    """Return the code of a council: one that is not on record yet may be named by its code."""
    if named is not None and GSS.fullmatch(named):
        return named
    return council_of(casebook, named)


def _actor(by: str) -> Actor:
    return Actor(who=f"{by or 'somebody'} at the command line")


def _organisation(user: User) -> str:
    if user.role is Role.PROVIDER_USER:
        return f"provider {user.provider_id}"
    return council_name(user.council) if user.council else "all councils"


def _standing(account: Account, casebook: Casebook) -> str:
    if not account.user.active:
        return "disabled"
    if account.locked_until and account.locked_until > casebook.clock():
        return "locked"
    return "active" if account.has_password or account.by_council else "no password yet"


def _say_code(accounts: Accounts, user: User, config: Path | None, *, by: str) -> int:
    code = accounts.reset(user.number, by=_actor(by))
    site = load_settings(config).worklist
    where = site.public_url or f"http://{site.host}:{site.port}"
    say(f"The code {code} sets a password once, until this time tomorrow, at")
    say(f"{where}/sign-in/password")
    return 0
