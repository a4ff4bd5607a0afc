"""`cpli answers`."""

from __future__ import annotations

from pathlib import Path

from cli.check import FOUND_PROBLEMS
from cli.record import casebook_of
from cli.terminal import say
from flows.answers import take_file
from schemas.errors import WrongUsage
from settings.settings import load_settings


def take_by_hand(
    file: Path, out: Path | None, config: Path | None, *, provider_id: str | None
) -> int:
    """Take the answers of one workbook, and print the receipt for its provider."""
    casebook_of(out, config, read_only=True)  # a misspelt folder must not become a new record
    casebook = casebook_of(out, config, read_only=False)
    dealt = take_file(file, casebook, provider_id=provider_id, settings=load_settings(config))
    say(dealt.receipt.rstrip("\n"))
    if not dealt.usable:
        return WrongUsage.exit_code
    return FOUND_PROBLEMS if dealt.refused else 0
