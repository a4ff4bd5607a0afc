"""A made-up notice, by which templates are tried out before a night needs them."""

from __future__ import annotations

from datetime import date

from publishing.notices.facts import Group, Item, Notice


def example() -> Notice:
    """Return a notice that has something under every heading."""
    return Notice(
        provider_id="P0000",
        provider_name="Example Home Care",
        name="2026-11-20",
        as_of=date(2026, 11, 20),
        reply_by=date(2026, 11, 27),
        list_date=date(2026, 11, 16),
        list_wanted="We could not open the list that you sent.",
        list_notes=("We could not read row 3 of your list of 16 November 2026.",),
        items=tuple(_item(number, group) for number, group in enumerate(Group, start=1)),
        left_out=("Rutland",),
        contacts={"Leicester": "commissioning, extension 1234"},
    )


def _item(number: int, group: Group) -> Item:
    return Item(
        case=f"{number:032x}",
        group=group,
        council="Leicester",
        person=f"100{number}",
        initials="MH",
        born="1941",
        service="Home Support",
        found="The start date is different",
        record="Your support started on 1 April 2026.",
        said="Row 4 of your list of 16 November 2026: your support started on 1 May 2026.",
        to_do="Check the first day of your support.",
    )
