"""What our columns, services and councils are called where people read or choose them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

LABELS: Mapping[str, str] = MappingProxyType(
    {
        "provider_id": "Provider ID",
        "caseload_date": "Caseload date",
        "cpli_id": "CPLI reference",
        "local_authority": "Council",
        "person_id": "Council person reference",
        "nhs_number": "NHS number",
        "family_name": "Family name",
        "given_name": "Given name",
        "date_of_birth": "Date of birth",
        "service_type": "Service type",
        "start_date": "Start date",
        "end_date": "End date",
        "weekly_quantity": "Weekly quantity",
        "unit": "Unit",
        "full_name": "Full name",
        "full_name_family_first": "Full name, family name first",
    }
)
COUNCIL_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "E06000016": "Leicester City Council",
        "E10000018": "Leicestershire County Council",
        "E06000017": "Rutland County Council",
    }
)
GUIDANCE_TITLE = "How to fill in the sheet Caseload"
LETTERS = 26


def letter(position: int) -> str:
    """Return a column's letter in a spreadsheet; positions count from 1."""
    letters = ""
    while position:
        position, place = divmod(position - 1, LETTERS)
        letters = chr(ord("A") + place) + letters
    return letters
