"""Every resource is checked before it is sent: base R4's structure, then the profiles' rules.

A breach names the element and the rule and never quotes a value. The checker knows nothing of how
resources are made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from publishing.feed import urls
from publishing.feed.profiles import RULES, Moment
from publishing.feed.structure import TYPES, Element

Resource = Mapping[str, Any]


@dataclass(frozen=True, order=True)
class Breach:
    """A rule that a resource breaks: where, and which."""

    path: str
    rule: str


_NONE: Sequence[Breach] = ()
URLS = frozenset({"uri", "canonical"})


def check(resource: Resource, moment: Moment) -> Sequence[Breach]:
    """Return the rules that one resource breaks.

    Profiles' rules rely on the structure, and are asked only where that is sound.
    """
    kind = resource.get("resourceType")
    if not isinstance(kind, str) or kind not in RULES:
        return [Breach("resourceType", "no_such_resource")]
    return _complex(resource, kind) or [
        Breach(path, rule) for path, rule in _broken(kind, resource, moment)
    ]


def _broken(kind: str, resource: Resource, moment: Moment) -> Iterable[tuple[str, str]]:
    for rule in RULES[kind]:
        yield from rule(resource, moment)


def _complex(value: object, kind: str) -> Sequence[Breach]:
    """Check the elements of an object against its type's table."""
    if not isinstance(value, Mapping) or not value:
        return [Breach("", "not_an_object")]
    elements = TYPES[kind]
    found: list[Breach] = []
    for name, content in value.items():
        element = elements.get(name)
        if element is None:
            found.append(Breach(name, "unknown"))
        # Nearly always there is none, and what is not done then makes the check a third faster.
        elif breaches := _repeated(content, element):
            found.extend(Breach(_under(name, each.path), each.rule) for each in breaches)
    if not _REQUIRED[kind] <= value.keys():
        found.extend(Breach(name, "missing") for name in sorted(_REQUIRED[kind] - value.keys()))
    return found


_REQUIRED = {
    kind: frozenset(name for name, element in elements.items() if element.least)
    for kind, elements in TYPES.items()
}


def _under(name: str, path: str) -> str:
    return f"{name}.{path}" if path else name


def _repeated(content: object, element: Element) -> Sequence[Breach]:
    """Check how often an element stands there, then each of its values."""
    if element.most == 0:
        return [Breach("", "forbidden")]
    if not element.listed:
        return _single(content, element)
    if not isinstance(content, list) or not content:
        return [Breach("", "not_a_list")]
    if element.most is not None and len(content) > element.most:
        return [Breach("", "too_many")]
    return [breach for each in content for breach in _single(each, element)]


def _single(content: object, element: Element) -> Sequence[Breach]:
    sound = PRIMITIVES.get(element.kind)
    if sound is None:
        return _complex(content, element.kind)
    if not sound(content):
        return [Breach("", "format")]
    if element.bound is not None and content not in element.bound:
        return [Breach("", "code")]
    if element.kind in URLS and str(content).startswith(urls.OLD):
        return [Breach("", "old_url")]
    return _NONE


def _pattern(pattern: str) -> Callable[[object], bool]:
    fits = re.compile(pattern).fullmatch
    return lambda content: isinstance(content, str) and fits(content) is not None


_YEAR = r"[0-9]{4}"
_DAY = rf"{_YEAR}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_ZONED = rf"{_DAY}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?(Z|[+-][0-9]{{2}}:[0-9]{{2}})"
_is_partial = _pattern(rf"{_YEAR}(-(0[1-9]|1[0-2]))?")
_is_day = _pattern(_DAY)
_is_zoned = _pattern(_ZONED)


def _is_date(content: object) -> bool:
    return _is_partial(content) or (_is_day(content) and _is_real(content, date.fromisoformat))


def _is_instant(content: object) -> bool:
    return _is_zoned(content) and _is_real(content, datetime.fromisoformat)


def _is_real(content: object, read: Callable[[str], date]) -> bool:
    """Say whether the calendar knows such a day."""
    try:
        read(str(content))
    except ValueError:
        return False
    return True


_is_plain = _pattern(r"[ \r\n\t\S]+")
_has_control = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]").search


def _is_string(content: object) -> bool:
    """A string holds something, and no control character but tabs and line ends."""
    return (
        isinstance(content, str)
        and _is_plain(content)
        and bool(content.strip())
        and _has_control(content) is None
    )


PRIMITIVES: Mapping[str, Callable[[object], bool]] = {
    "boolean": lambda content: isinstance(content, bool),
    "canonical": _pattern(r"\S+"),
    "code": _pattern(r"[^\s]+( [^\s]+)*"),
    "date": _is_date,
    "dateTime": lambda content: _is_date(content) or _is_instant(content),
    "id": _pattern(r"[A-Za-z0-9.-]{1,64}"),
    "instant": _is_instant,
    "reference": _pattern(r"[A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64}"),
    "string": _is_string,
    "uri": _pattern(r"\S+"),
}
