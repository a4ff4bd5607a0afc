"""Names as people write them: normalised, and how alike two of them are (rule 6)."""

from __future__ import annotations

import unicodedata

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import JaroWinkler

from reconciliation.columns import Numbers

_WRITTEN_OUT = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "ß": "ss"})


def normalised(name: str) -> str:
    """Return a name's letters alone, without accents or case (rule 6)."""
    if name.isascii():
        return "".join(filter(str.isalpha, name)).lower()
    plain = unicodedata.normalize("NFKD", name).casefold().translate(_WRITTEN_OUT)
    return "".join(filter(str.isalpha, unicodedata.normalize("NFKD", plain)))


def normalised_texts(names: pd.Index) -> list[str]:
    """Return each of a list of distinct names normalised."""
    return [normalised(name) for name in names]


def similarity(
    *,
    family: Numbers,
    given: Numbers,
    other_family: Numbers,
    other_given: Numbers,
    texts: NDArray[np.object_],
) -> NDArray[np.float64]:
    """Return how alike "given family" is to the other's, as given or exchanged, whichever is more.

    The arrays hold places in `texts`, the normalised names; all must be stated. The measure is the
    Jaro-Winkler similarity of rapidfuzz (prefix weight 0.1), from 0 to 1 (rule 6).
    """
    if not len(family):
        return np.zeros(0)
    other = texts[other_given] + " " + texts[other_family]
    straight = _similarities(texts[given] + " " + texts[family], other)
    exchanged = _similarities(texts[family] + " " + texts[given], other)
    return np.maximum(straight, exchanged)


def _similarities(left: NDArray[np.object_], right: NDArray[np.object_]) -> NDArray[np.float64]:
    scores = process.cpdist(
        left.tolist(), right.tolist(), scorer=JaroWinkler.similarity, dtype=np.float64
    )
    return np.asarray(scores, dtype=np.float64)
