"""The councils of the population: what differs between them is data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.errors import WrongUsage


@dataclass(frozen=True, kw_only=True)
class Council:
    """How one council writes things; `share` is its part of the people, in hundredths.

    `portal_every` is the number of days from one portal extract to the next.
    """

    gss_code: str
    name: str
    share: int
    cpli_prefix: str
    person_prefix: str
    instants_in_utc: bool
    portal_every: int
    windows_line_ends: bool
    byte_order_mark: bool
    teams: tuple[str, ...]


LEICESTER = Council(
    gss_code="E06000016",
    name="Leicester",
    share=40,
    cpli_prefix="LCR",
    person_prefix="",
    instants_in_utc=True,
    portal_every=1,
    windows_line_ends=False,
    byte_order_mark=False,
    teams=(
        "Locality East",
        "Locality West",
        "Locality South",
        "Hospital Discharge",
        "Learning Disability",
        "Mental Health",
        "Reviews",
    ),
)
LEICESTERSHIRE = Council(
    gss_code="E10000018",
    name="Leicestershire",
    share=54,
    cpli_prefix="LEI",
    person_prefix="LS-",
    instants_in_utc=False,
    portal_every=2,
    windows_line_ends=True,
    byte_order_mark=False,
    teams=(
        "Charnwood",
        "Harborough and Melton",
        "Hinckley and Bosworth",
        "North West",
        "Blaby",
        "Oadby and Wigston",
        "Hospitals",
        "Working Age Adults",
        "Reviews",
    ),
)
RUTLAND = Council(
    gss_code="E06000017",
    name="Rutland",
    share=6,
    cpli_prefix="RUT",
    person_prefix="R",
    instants_in_utc=True,
    portal_every=4,
    windows_line_ends=False,
    byte_order_mark=True,
    teams=("Community", "Hospital and Reablement", "Reviews"),
)

COUNCILS: tuple[Council, ...] = (LEICESTER, LEICESTERSHIRE, RUTLAND)


def councils_of(gss_codes: Sequence[str]) -> tuple[Council, ...]:
    """Return the councils of these GSS codes, in our order; `WrongUsage` for an unknown one."""
    known = {council.gss_code for council in COUNCILS}
    if not gss_codes or not set(gss_codes) <= known:
        raise WrongUsage(
            f"A population is made for councils among {', '.join(sorted(known))}. "
            "Name one or more of these."
        )
    return tuple(council for council in COUNCILS if council.gss_code in gss_codes)
