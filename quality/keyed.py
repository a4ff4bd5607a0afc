"""Keyed hashes: a night is compared with the one before it without either being kept."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

NOTHING = np.uint64(0)
"""Stands for what is not stated."""


def hash_key(secret: bytes) -> str:
    """Return the key of 16 characters that pandas hashes with."""
    return hashlib.blake2b(secret, digest_size=8, person=b"cpli gates").hexdigest()


def check_of(key: str) -> str:
    """Return by what a key is known again: under another one nothing would be alike."""
    return hashlib.blake2b(key.encode(), digest_size=8, person=b"gates check").hexdigest()


def hashes(column: pd.Series, key: str) -> Hashes:
    """Return the hash of each value of a column, `NOTHING` where there is none.

    pandas takes the key for texts alone: the hash of a date would be the same under any.
    """
    found = pd.util.hash_pandas_object(column.astype("str"), index=False, hash_key=key)
    stated = column.notna().to_numpy(dtype=bool)
    return np.where(stated, found.to_numpy(dtype=np.uint64), NOTHING)


def row_hashes(frame: pd.DataFrame, key: str) -> Hashes:
    """Return the hash of each row."""
    found = pd.util.hash_pandas_object(frame, index=False, hash_key=key)
    return np.asarray(found, dtype=np.uint64)


def digest(of_rows: Hashes) -> str:
    """Return a hash of all rows, whatever their order."""
    return hashlib.sha256(np.sort(of_rows).tobytes()).hexdigest()
