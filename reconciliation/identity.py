"""Who an entry says it is about, as a hash that reveals nothing (rules 7 and 11)."""

from __future__ import annotations

from hashlib import blake2b

import pandas as pd

from reconciliation.coded import Coded, strings
from reconciliation.columns import Numbers
from reconciliation.night import Night
from reconciliation.wording import date_text

HASH_BYTES = 16
SEPARATOR = "\x1f"


def keyed_hash(text: str, key: bytes) -> str:
    """Return a hash that nobody without the key can try numbers against (32 hexadecimal digits)."""
    short_key = blake2b(key, digest_size=32).digest()
    return blake2b(text.encode(), key=short_key, digest_size=HASH_BYTES).hexdigest()


def hashed_identities(night: Night, coded: Coded, entry: Numbers) -> pd.Series:
    """Return the hash of the identity that each entry states: decisions name it so (rule 7)."""
    hashed = [keyed_hash(said, night.identity_key) for said in stated_identities(coded, entry)]
    return pd.Series(hashed, dtype="str")


def stated_identities(coded: Coded, entry: Numbers) -> pd.Series:
    """Return the identity that each entry states, as one text. Never to be shown: hash it.

    It holds the council that the entry names, CPLI and person reference, NHS number, normalised
    names and date of birth.
    """
    texts = coded.texts
    entries = coded.entries.take(entry)
    names = pd.Index(texts.names)
    parts = [
        entries["council_text"].reset_index(drop=True),
        strings(texts.cpli_ids, entries["cpli"].to_numpy()),
        strings(texts.person_ids, entries["person_id"].to_numpy()),
        strings(texts.nhs_numbers, entries["nhs"].to_numpy()),
        strings(names, entries["family"].to_numpy()),
        strings(names, entries["given"].to_numpy()),
        date_text(entries["born"].to_numpy()),
    ]
    identity = parts[0].fillna("")
    for part in parts[1:]:
        identity = identity + SEPARATOR + part.fillna("")
    return identity
