"""The key of the hashes in discrepancy ids, which keeps NHS numbers out of them (rule 11)."""

from __future__ import annotations

import hmac
import os
import secrets
import tempfile
from hashlib import sha256
from pathlib import Path

from platformdirs import user_state_path
from pydantic import SecretStr

from publishing.folder import why_not
from schemas.errors import WrongUsage
from settings.settings import IDENTITY_KEY_LENGTH, Settings
from settings.worklist import Worklist

KEY_FILE = "identity.key"
WORKLIST = b"cpli worklist key 1"


def identity_key(settings: Settings, *, state: Path | None = None) -> bytes:
    """Return the key that is set or else the one in the user's state folder, made at first use.

    Another key gives other ids to discrepancies whose person is not known for sure, so that they
    look new. Raises `WrongUsage` where there is no key and none can be kept.
    """
    if settings.identity_key is not None:
        return settings.identity_key.get_secret_value().encode()
    path = _place(state)
    reason = ""
    try:
        key = _kept(path)
    except OSError as error:
        key, reason = b"", error.strerror or type(error).__name__
    if reason:
        raise _not_kept(path, reason)
    if len(key) < IDENTITY_KEY_LENGTH:
        raise WrongUsage(
            f"The key for discrepancy ids in {path} is damaged. Put its copy back, or set"
            " CPLI_IDENTITY_KEY; a new key makes discrepancies of unknown persons look new."
        )
    return key


def worklist_with_key(settings: Settings, *, state: Path | None = None) -> Worklist:
    """Return the settings of the worklist with a key, made from the identity key if none is set.

    Raises as `identity_key`.
    """
    if settings.worklist.secret_key is not None:
        return settings.worklist
    made = hmac.new(identity_key(settings, state=state), WORKLIST, sha256).hexdigest()
    return settings.worklist.model_copy(update={"secret_key": SecretStr(made)})


def insist_on_key(settings: Settings, *, state: Path | None = None) -> None:
    """Raise `WrongUsage` where there is no key and none could be kept; makes none."""
    path = _place(state)
    if settings.identity_key is not None or path.exists():
        identity_key(settings, state=state)
    elif code := why_not(path.parent):
        raise _not_kept(path, os.strerror(code))


def _place(state: Path | None) -> Path:
    return (state or user_state_path("cpli", appauthor=False)) / KEY_FILE


def _not_kept(path: Path, reason: str) -> WrongUsage:
    return WrongUsage(
        f"The key for discrepancy ids cannot be kept in {path}: {reason}. Set CPLI_IDENTITY_KEY to"
        f" a secret of at least {IDENTITY_KEY_LENGTH} characters, the same every night."
    )


def _kept(path: Path) -> bytes:
    """Read the key file, after making it if there is none.

    The key is linked into place when it is whole: of two first runs at once one wins, and both read
    the winner's.
    """
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(32))
                file.flush()
                os.fsync(file.fileno())
            _link_unless_there(name, path)
        finally:
            Path(name).unlink()
    return path.read_bytes().strip()


def _link_unless_there(name: str, path: Path) -> None:
    if not path.exists():
        try:
            path.hardlink_to(name)
        except FileExistsError:
            return
