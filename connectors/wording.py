"""What a file is refused with: which file, what is wrong with it, and who should do what.

Nothing from inside a file is ever quoted, not even a heading: where the heading line is missing,
the first line is a person.
"""

from __future__ import annotations

from types import MappingProxyType

from schemas.errors import SourceRefused
from schemas.notices import ANSWERS
from schemas.tables import CASELOAD, CPLI, PORTAL, PROVIDER, SUPPLIER_REFERENCE, TableColumns

SENDERS = MappingProxyType(
    {
        CPLI.name: "the council",
        PORTAL.name: "whoever extracts the provider portal",
        CASELOAD.name: "the provider",
        ANSWERS: "the provider",
        PROVIDER.name: "whoever keeps the register of providers",
        SUPPLIER_REFERENCE.name: "whoever keeps the register of providers",
    }
)


def refused(
    table: TableColumns, file: str, *, rule: str, wrong: str, remedy: str, column: str = ""
) -> SourceRefused:
    """Build the refusal of a whole file: what is `wrong` with it, and what its sender should do."""
    message = f"{file} {wrong}. {ask(table, remedy)}"
    return SourceRefused(message, rule=rule, file=file, column=column)


def ask(table: TableColumns, remedy: str) -> str:
    """Say in one sentence who should do what."""
    return f"Ask {SENDERS[table.name]} to {remedy}."


def listed(names: list[str]) -> str:
    """Join names as people do: a, b and c."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
