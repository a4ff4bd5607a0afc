"""The second factor: codes of 30 seconds (TOTP), each of which opens once."""

from __future__ import annotations

import base64
import hmac
from datetime import datetime

import pyotp
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from schemas.errors import PersonNeeded, WrongUsage

STEP_SECONDS = 30
EARLY_AND_LATE = (0, -1, 1)
"""How many steps a clock may be wrong by."""
PURPOSE = b"cpli second factor 1"


class Seal:
    """Encrypts what second factors are made from, with a key that the database does not know."""

    def __init__(self, key: bytes) -> None:
        made = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE).derive(key)
        self.fernet = Fernet(base64.urlsafe_b64encode(made))

    def close(self, secret: str) -> str:
        """Return a secret as it is kept."""
        return self.fernet.encrypt(secret.encode()).decode()

    def open(self, kept: str) -> str:
        """Return a secret that is kept. Raises `PersonNeeded` where the key is another one."""
        try:
            return self.fernet.decrypt(kept).decode()
        except InvalidToken:
            pass
        raise PersonNeeded(
            "The second factor was set up under another secret_key. Ask an administrator to reset"
            " the account."
        )


def seal_of(key: bytes | None) -> Seal:
    """Return what encrypts by a key. Raises `WrongUsage` where there is none."""
    if key is None:
        raise WrongUsage("Second factors need a key: set CPLI_WORKLIST__SECRET_KEY.")
    return Seal(key)


def new_secret() -> str:
    """Return what a new second factor is made from, as an authenticator takes it."""
    return pyotp.random_base32()


def step_of(secret: str, code: str, *, now: datetime) -> int | None:
    """Return the step of time whose code this is, None where it is of none near now."""
    typed = "".join(code.split()).encode("utf-8", "surrogatepass")
    maker, at = pyotp.TOTP(secret), int(now.timestamp()) // STEP_SECONDS
    steps = [at + away for away in EARLY_AND_LATE]
    found = [
        step for step in steps if hmac.compare_digest(maker.generate_otp(step).encode(), typed)
    ]
    return found[0] if found else None


def address(secret: str, *, email: str) -> str:
    """Return what an authenticator reads from a picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name="Care package line items")
