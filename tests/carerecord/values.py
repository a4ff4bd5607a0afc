"""Reading JSON of which nothing is known yet, and the values in it: days, instants, NHS numbers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import nhs_number

Breach = tuple[str, str]
"""A rule's name and the path of the element that breaks it; never a value."""

LONDON = ZoneInfo("Europe/London")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
INSTANT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]+)?Z")
UUID5 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
ELEMENT = re.compile(r"_?[A-Za-z][A-Za-z0-9]{0,40}")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a resource is judged by: the sender's own base URL and the time of the export."""

    base: str
    at: datetime

    @property
    def today(self) -> date:
        """The day of the export in the United Kingdom."""
        return self.at.astimezone(LONDON).date()


def part(node: object, *keys: str) -> dict[str, Any]:
    """Return the object under these keys, an empty one where there is none."""
    for key in keys:
        node = node.get(key) if isinstance(node, dict) else None
    return node if isinstance(node, dict) else {}


def parts(node: object, key: str) -> list[dict[str, Any]]:
    """Return the objects of the list under this key."""
    found = node.get(key) if isinstance(node, dict) else None
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def text(node: object, key: str) -> str:
    """Return the string under this key without surrounding blanks, else nothing."""
    found = node.get(key) if isinstance(node, dict) else None
    return found.strip() if isinstance(found, str) else ""


def pair(node: object) -> tuple[str, str]:
    """Return the system and value of an identifier."""
    return text(node, "system"), text(node, "value")


def identifiers(resource: object, system: str) -> list[str]:
    """Return a resource's identifiers of one system."""
    return [
        text(item, "value")
        for item in parts(resource, "identifier")
        if text(item, "system") == system
    ]


def tag_codes(resource: object, system: str) -> list[str]:
    """Return the codes of the tags of one system."""
    return [
        text(tag, "code")
        for tag in parts(part(resource, "meta"), "tag")
        if text(tag, "system") == system
    ]


def whole_day(value: object) -> date | None:
    """Return the day that is written as YYYY-MM-DD, None where it is anything else."""
    if not isinstance(value, str) or not DAY.fullmatch(value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def instant(value: object) -> datetime | None:
    """Return a time in UTC with seconds and Z, None where it is anything else."""
    found = INSTANT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    try:
        second = datetime.fromisoformat(found[1]).replace(tzinfo=UTC)
    except ValueError:
        return None
    return second + timedelta(seconds=float(found[2] or 0))


def uk_day(value: object) -> date | None:
    """Return the day of a day or a time, as it is in the United Kingdom."""
    moment = instant(value)
    return whole_day(value) if moment is None else moment.astimezone(LONDON).date()


def earlier(first: object, second: object) -> bool:
    """Say whether one day or time is before another: to the second if both have one."""
    moments = instant(first), instant(second)
    if moments[0] is not None and moments[1] is not None:
        return moments[0] < moments[1]
    days = uk_day(first), uk_day(second)
    return days[0] is not None and days[1] is not None and days[0] < days[1]


def valid_nhs_number(value: str) -> bool:
    """Say whether these are ten digits of which the last checks the others, modulus 11."""
    if not re.fullmatch(r"[0-9]{10}", value) or not nhs_number.is_valid(value):
        return False
    weighted = sum(
        int(digit) * weight for digit, weight in zip(value, range(10, 1, -1), strict=False)
    )
    return (11 - weighted % 11) % 11 == int(value[9])


def step(path: str, key: str | int) -> str:
    """Return a path one step on; a name that is no element's may say anything and is left out."""
    name = str(key) if isinstance(key, int) or ELEMENT.fullmatch(key) else "?"
    return f"{path}.{name}" if path else name


def walk(node: object, path: str = "", key: str = "") -> Iterator[tuple[str, str, Any]]:
    """Yield everything below a node with its path; an item of a list has its list's name."""
    if isinstance(node, dict):
        for name, value in node.items():
            here = step(path, name)
            yield here, name, value
            yield from walk(value, here, name)
    elif isinstance(node, list):
        for index, value in enumerate(node):
            here = step(path, index)
            yield here, key, value
            yield from walk(value, here, key)
