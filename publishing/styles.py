"""What pages look like: one style sheet, which each of them carries in itself."""

from __future__ import annotations

from functools import cache
from pathlib import Path

STYLES = Path(__file__).with_name("static") / "page.css"


@cache
def styles() -> str:
    """Return the style sheet of every page; `static/page.scss` is what it is made from."""
    return STYLES.read_text(encoding="utf-8")
