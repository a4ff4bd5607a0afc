"""Small words that several messages share."""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number and what it counts, as in "1 discrepancy" and "2,000 people"."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
