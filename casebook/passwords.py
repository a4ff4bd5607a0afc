"""Passwords and one-time codes: how they are kept, compared, and refused where easily guessed."""

from __future__ import annotations

import re
import secrets
from functools import cache
from hashlib import sha256
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from schemas.errors import WrongUsage

SHORTEST, LONGEST = 12, 128
SAFE = 4
"""What zxcvbn must think of a password: that 10 000 million guesses are not enough."""
LOCAL = ("cpli", "worklist", "care package", "leicester", "leicestershire", "rutland", "council")
LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
"""What codes are made of: nothing that is taken for something else when it is read aloud."""
CODE_LENGTH, GROUP = 20, 5

HASHER = PasswordHasher()
AT_ONCE = BoundedSemaphore(4)
"""Each comparison takes 64 MB: many strangers at once must not take all there is."""


class WeakPassword(WrongUsage):
    """A password that would be guessed, or is too short or too long."""


def insist_on_strength(password: str, *, email: str, name: str) -> None:
    """Raise `WeakPassword` where a password could be guessed by who knows whose it is."""
    from zxcvbn import zxcvbn

    if not SHORTEST <= len(password) <= LONGEST:
        raise WeakPassword(f"The password must have from {SHORTEST} to {LONGEST} characters.")
    known = [email, *re.split(r"[^\w]+", email), *name.split(), *LOCAL]
    # What lies beyond the 72 characters that it takes makes no password weaker.
    score = zxcvbn(password[:72], user_inputs=[word for word in known if word])["score"]
    if email.casefold() in password.casefold() or score < SAFE:
        raise WeakPassword(
            "That password is easy to guess. Choose three or more words that do not belong"
            " together, or let a password manager make one."
        )


def hashed(password: str) -> str:
    """Return what is kept of a password."""
    with AT_ONCE:
        return HASHER.hash(password)


def fits(kept: str | None, password: str) -> bool:
    """Say whether a password is the one that is kept; it takes as long where none is."""
    with AT_ONCE:
        try:
            HASHER.verify(kept or _nobodys(), password)
        except (VerificationError, InvalidHashError):
            return False
    return kept is not None


def one_time_code() -> str:
    """Return a new code, in groups that can be read out."""
    code = "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))
    return "-".join(code[start : start + GROUP] for start in range(0, CODE_LENGTH, GROUP))


def code_hash(code: str) -> str:
    """Return what is kept of a code, however it was typed."""
    return secret_hash(re.sub(r"[\s-]", "", code).upper())


def secret_hash(secret: str) -> str:
    """Return what is kept of a secret that is too long to be guessed."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


@cache
def _nobodys() -> str:
    """Return the hash of a password that nobody knows, made at the same cost as all."""
    return HASHER.hash(secrets.token_urlsafe())
