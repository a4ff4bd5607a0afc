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
