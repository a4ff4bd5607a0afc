"""Looks for people where none may be."""

import base64
import re
import sqlite3
from pathlib import Path

from feed.receiving import files_in
from feed.site import NUMBERLESS, RESTRICTED
from folders.marked import MARK

NAMES = (MARK, RESTRICTED, NUMBERLESS)
NUMBER = re.compile(r"999000[0-9]{4}")
BIRTH = re.compile(r"19[4-9][0-9]-02-03")
QUOTED = f"{MARK}family was born on 1941-02-03 and has the number 9990000018"
"""What somebody else says of a person."""

MAY_HOLD_PEOPLE = re.compile(
    r"casebook\.db.*|.*\.ndjson|(.*/)?discrepancies\.csv|.*/withheld\.csv|refused\.csv"
    r"|[0-9-]+/notices/.*|[0-9-]+/report/.*\.xlsx"
)
NEVER_SEEN = (RESTRICTED, NUMBERLESS, "-line-7", "-line-8", "-person-7", "-person-8")


def people_in(text: str) -> set[str]:
    """Return what of people stands in a text."""
    found = {name for name in NAMES if name in text}
    return found | {each.group() for kind in (NUMBER, BIRTH) for each in kind.finditer(text)}


def leaks_below(folder: Path) -> dict[str, set[str]]:
    """Return the files whose name holds people, or whose content does and may not."""
    leaks = {}
    for name, content in files_in(folder).items():
        found = people_in(name)
        if not MAY_HOLD_PEOPLE.fullmatch(name):
            found |= people_in(content.decode(errors="replace"))
        if found:
            leaks[name] = found
    return leaks


def hidden_in(text: str) -> set[str]:
    """Return what stands in a text of those whom the Care Record must not see."""
    return {mark for mark in NEVER_SEEN if mark in text}


def kept_by_prefect(home: Path) -> str:
    """Return all that Prefect has on disk; its database and what it pickles are decoded."""
    contents = [path.read_bytes() for path in home.rglob("*") if path.is_file()]
    contents += [base64.b64decode(path.read_bytes()) for path in home.glob("storage/*")]
    connection = sqlite3.connect(home / "prefect.db")
    contents += [line.encode() for line in connection.iterdump()]
    connection.close()
    return b"\n".join(contents).decode(errors="replace")
