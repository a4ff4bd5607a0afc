"""When a provider gets a notice: by how often it wants one, and by what it was told last."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import assert_never

from schemas.vocabularies import NoticeFrequency

NO_COUNCIL = "-"
"""Stands for the council of cases that are no council's."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a provider was told last; hashes by council, as in `Tonight`."""

    as_of: date
    found: Mapping[str, str] = field(default_factory=dict)
    asked: Mapping[str, str] = field(default_factory=dict)
    left_out: Collection[str] = ()


@dataclass(frozen=True, kw_only=True)
class Tonight:
    """What a night has for a provider.

    `found` and `asked` give hashes by council: of what the night found, and of what of it the
    provider is still asked; a council that is not there has nothing. `left_out` are the councils of
    which the night says nothing. `confirms` is whether all is well and the provider may be told.
    """

    as_of: date
    found: Mapping[str, str] = field(default_factory=dict)
    asked: Mapping[str, str] = field(default_factory=dict)
    left_out: Collection[str] = ()
    confirms: bool = False


def is_due(
    tonight: Tonight, told: Told | None, *, frequency: NoticeFrequency, week_begins: int
) -> bool:
    """Say whether a provider gets a notice tonight; `week_begins` is a weekday, Monday 0.

    The night of the last notice, run again, gives another only where it has found something else. A
    council that is away changes nothing; one that is back is told of as soon as it asks something.
    """
    if frequency is NoticeFrequency.NEVER or not (tonight.asked or tonight.confirms):
        return False
    if told is None:
        return True
    if tonight.as_of <= told.as_of:
        return tonight.as_of == told.as_of and _differ(tonight.found, told.found, tonight)
    match frequency:
        case NoticeFrequency.NIGHTLY:
            return _differ(tonight.asked, told.asked, tonight)
        case NoticeFrequency.WEEKLY:
            fresh = _week(tonight.as_of, week_begins) > _week(told.as_of, week_begins)
            return fresh or _is_back(tonight, told)
        case _:
            assert_never(frequency)


def carried(tonight: Tonight, told: Told | None) -> dict[str, str]:
    """Return what the provider is asked from now on: of councils that are away, what it was."""
    before = told.asked if told else {}
    away = {council: said for council, said in before.items() if council in tonight.left_out}
    return {**away, **tonight.asked}


def _differ(new: Mapping[str, str], old: Mapping[str, str], tonight: Tonight) -> bool:
    """Say whether two nights differ in any council that tonight speaks of."""
    councils = {*new, *old} - set(tonight.left_out)
    return any(new.get(each) != old.get(each) for each in councils)


def _is_back(tonight: Tonight, told: Told) -> bool:
    """Say whether a council that the last notice left out asks something new."""
    back = set(told.left_out) - set(tonight.left_out)
    return any(
        each in tonight.asked and tonight.asked[each] != told.asked.get(each) for each in back
    )


def _week(day: date, begins: int) -> date:
    """Return the first day of a day's week."""
    return day - timedelta(days=(day.weekday() - begins) % 7)
