"""How soon a case should be settled, by its severity."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from schemas.vocabularies import Severity


@dataclass(frozen=True, kw_only=True)
class ServiceLevels:
    """Working days within which a case should be settled, and what goes with them.

    A case is due soon from `due_soon_days` working days before it is due. A case resolved by
    something that the council does is looked at again after `resolution_days` working days.
    `extra_bank_holidays` are days that are none in the calendar of England's bank holidays.
    """

    target_days_high: int = 2
    target_days_medium: int = 5
    target_days_low: int = 10
    due_soon_days: int = 1
    resolution_days: int = 5
    extra_bank_holidays: tuple[date, ...] = ()

    @property
    def target_days(self) -> dict[str, int]:
        """The working days by severity."""
        return {
            Severity.HIGH.value: self.target_days_high,
            Severity.MEDIUM.value: self.target_days_medium,
            Severity.LOW.value: self.target_days_low,
        }
