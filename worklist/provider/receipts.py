"""Takes a receipt apart, so that a page can set it as it sets everything else."""

from __future__ import annotations

from dataclasses import dataclass

INDENT = "  "


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a receipt: lines under a title, or a paragraph, which has none."""

    title: str
    lines: tuple[str, ...]


def parts_of(receipt: str) -> list[Part]:
    """Return the parts of a receipt but the first, which says whose it is."""
    return [_part(each.splitlines()) for each in receipt.strip().split("\n\n")[1:]]


def _part(lines: list[str]) -> Part:
    under = [line.removeprefix(INDENT) for line in lines[1:] if line.startswith(INDENT)]
    if under:
        return Part(title=lines[0], lines=tuple(under))
    return Part(title="", lines=(" ".join(lines),))
