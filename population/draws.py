"""Random draws that give the same numbers on every machine.

Only the raw 64-bit words of PCG64 are used, and whole-number arithmetic on them: no float function
of a C library, no dictionary order, no clock.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Words = NDArray[np.uint64]

_HALF = np.uint64(32)


class Draws:
    """One named stream of a seed; another name gives an independent stream."""

    def __init__(self, seed: int, name: str) -> None:
        entropy = np.random.SeedSequence([seed, zlib.crc32(name.encode())])
        self._bits = np.random.PCG64(entropy)

    def words(self, count: int) -> Words:
        """Return `count` raw 64-bit words."""
        return np.asarray(self._bits.random_raw(count), dtype=np.uint64)

    def below(self, limit: int | Ints, count: int) -> Ints:
        """Return whole numbers from 0 to `limit` - 1; `limit` may differ from one to the next."""
        return _scaled(self.words(count), limit)

    def between(self, low: int, high: int, count: int) -> Ints:
        """Return whole numbers from `low` to `high`, both included."""
        return low + self.below(high - low + 1, count)

    def chance(self, per_mille: int | Ints, count: int) -> Bools:
        """Return True with a probability in thousandths."""
        return np.asarray(self.below(1000, count) < per_mille)

    def pick(self, weights: Sequence[int] | Ints, count: int) -> Ints:
        """Return indices into `weights`, each as often as its weight says."""
        edges = np.cumsum(np.asarray(weights, dtype=np.int64))
        return np.searchsorted(edges, self.below(int(edges[-1]), count), side="right")

    def order(self, count: int) -> Ints:
        """Return the numbers from 0 to `count` - 1, shuffled."""
        return np.argsort(self.words(count), kind="stable")


def hashed(seed: int, *parts: int | Ints) -> Words:
    """Mix whole numbers, element by element, into words that depend on nothing else.

    Used where a value must not depend on what else is drawn, such as a row's place in a file.
    """
    state = np.asarray(seed, dtype=np.int64).astype(np.uint64)
    with np.errstate(over="ignore"):
        for part in parts:
            word = np.asarray(part, dtype=np.int64).astype(np.uint64)
            state = _stirred((state ^ word) + np.uint64(0x9E3779B97F4A7C15))
    return np.atleast_1d(state)


def hashed_below(limit: int, seed: int, *parts: int | Ints) -> Ints:
    """Return whole numbers from 0 to `limit` - 1 that depend on the parts alone."""
    return _scaled(hashed(seed, *parts), limit)


def _stirred(words: Words) -> Words:
    """Return the finaliser of splitmix64."""
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def _scaled(words: Words, limit: int | Ints) -> Ints:
    scale = np.asarray(limit, dtype=np.int64).astype(np.uint64)
    return (((words >> _HALF) * scale) >> _HALF).astype(np.int64)
