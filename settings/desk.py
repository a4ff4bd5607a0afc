"""How cases are worked on: whose they are, how soon they are due, how long anything is kept."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated

from pydantic import AfterValidator, Field

from casebook.levels import ServiceLevels
from schemas.vocabularies import DiscrepancyType, ServiceType
from settings.strict import Strict, Text

LONGEST_DAYS = 250
"""The working days of a year, roughly: no case may take longer."""
HOLIDAYS = "extra_bank_holidays"
TARGETS = ("target_days_high", "target_days_medium", "target_days_low")

DEFAULT_QUEUE = "LLR queue"
"""Who looks at a discrepancy that is no council's, unless it is set otherwise."""


def achievable(levels: ServiceLevels) -> ServiceLevels:
    """Return the service levels, or raise `ValueError` with all that cannot be meant."""
    problems = []
    for name in (field.name for field in fields(levels) if field.name != HOLIDAYS):
        lowest = int(name != "due_soon_days")
        if not lowest <= getattr(levels, name) <= LONGEST_DAYS:
            problems.append(f"{name} must lie between {lowest} and {LONGEST_DAYS}")
    if list(levels.target_days.values()) != sorted(levels.target_days.values()):
        problems.append(f"{', '.join(TARGETS)} must not become fewer in this order")
    if problems:
        raise ValueError("; ".join(problems))
    return levels


def some(values: tuple[str, ...]) -> tuple[str, ...]:
    """Return the values, or raise `ValueError` where there is none: then nothing would match."""
    if not values:
        raise ValueError("it must not be empty: leave it out where all are meant")
    return values


def known_service(code: str) -> str:
    """Return the code of a service type, or raise `ValueError`."""
    if code not in ServiceType.codes():
        raise ValueError("it must be codes of service types")
    return code


def known_type(code: str) -> str:
    """Return a type of discrepancy, or raise `ValueError`."""
    if code not in DiscrepancyType.codes():
        raise ValueError("it must be types of discrepancies")
    return code


Levels = Annotated[ServiceLevels, AfterValidator(achievable)]


class Route(Strict):
    """Who looks at discrepancies of a kind: all lists that are given must match.

    `councils` are names of the file's councils or GSS codes. Without any list it is for all.
    """

    councils: Annotated[tuple[Text, ...], AfterValidator(some)] = ()
    service_types: Annotated[
        tuple[Annotated[str, AfterValidator(known_service)], ...], AfterValidator(some)
    ] = ()
    providers: Annotated[tuple[Text, ...], AfterValidator(some)] = ()
    districts: Annotated[tuple[Text, ...], AfterValidator(some)] = ()
    types: Annotated[
        tuple[Annotated[str, AfterValidator(known_type)], ...], AfterValidator(some)
    ] = ()
    team: Text
    worker: Text | None = None


class Retention(Strict):
    """For how many days `cpli purge` keeps what nobody needs any more."""

    closed_cases_days: int = Field(default=730, ge=1)
    nights_days: int = Field(default=400, ge=1)
    received_days: int = Field(default=90, ge=1)
    results_days: int = Field(default=400, ge=1)
    access_days: int = Field(default=2190, ge=1)
