"""Fields of forms that more than one area of the site has."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from govuk_frontend_wtf.wtforms_widgets import GovDateInput
from wtforms import DateField

NO_DAY = "Write the date with day, month and year, such as 27 3 2026."


class DayField(DateField):  # type: ignore[misc]
    """A day in three boxes: day, month and year.

    Whatever is sent, three boxes can be shown again; all three empty are no day.
    """

    widget = GovDateInput()
    data: date | None

    def __init__(self, label: str, **about: object) -> None:
        super().__init__(label, format="%d %m %Y", **about)

    @property
    def first(self) -> str:
        """The id of the first box, to which whoever has made a mistake is led."""
        return f"{self.name}-day"

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        """Read the boxes. Raises `ValueError` where they hold no day."""
        self.raw_data = [each.strip() for each in [*valuelist, "", "", ""][:3]]
        self.data = None
        if any(self.raw_data):
            try:
                super().process_formdata(self.raw_data)
            except ValueError:
                raise ValueError(NO_DAY) from None
