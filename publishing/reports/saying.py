"""What the two sides of a case say, in words that a worker reads; of identities only which differ.

Names, NHS numbers and dates of birth stay out of what is written here: a workbook is easily passed
on, and the worklist shows them to whom it may.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

import pandas as pd

from publishing.templates import british_date
from schemas.vocabularies import (
    Authorisation,
    CaseloadFailure,
    Caveat,
    DiscrepancyType,
    NotFoundReason,
    ServiceType,
)

SIDES = ("council_value", "provider_value")
NOT_HERE = "not shown here"
IDENTITY = {"nhs_number": "NHS number", "date_of_birth": "date of birth", "name": "name"}
ALIKE = f"Name and date of birth: {NOT_HERE}"
DAY = re.compile(r"(?<![\w-])[0-9]{4}-[0-9]{2}-[0-9]{2}(?![\w-])")
SHOWN_COLUMNS = {
    "person_id": "person",
    "provider_id": "provider",
    "service_type": "service",
    "start_date": "start",
    "end_date": "end",
    "weekly_quantity": "weekly quantity",
    "unit": "unit",
}
REASONS = {member.value: member.display for member in (*NotFoundReason, *CaseloadFailure)}
CAVEATS = {member.value: member.display for member in Caveat}
SERVICES = {member.value: member.display for member in ServiceType}
AUTHORISATIONS = {member.value: member.display for member in Authorisation}


def sides(cases: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Return what the council's record (`council_value`) and the provider or the portal say.

    `names` are those of providers by their references.
    """
    kinds = cases["type"]
    said = cases[list(SIDES)].copy()
    for kind, told in (
        (DiscrepancyType.SERVICE_TYPE_DIFFERS, SERVICES),
        (DiscrepancyType.UNAUTHORISED_ON_PORTAL, AUTHORISATIONS),
        (DiscrepancyType.PROVIDER_DIFFERS, {key: f"{name} ({key})" for key, name in names.items()}),
    ):
        of_kind = kinds.eq(kind.value)
        said = said.where(~of_kind, said.replace(told))
    in_words = {name: _with_days(_with_columns(said[name], kinds)) for name in SIDES}
    overdue = kinds.eq(DiscrepancyType.CASELOAD_OVERDUE.value)
    in_words["provider_value"] = in_words["provider_value"].mask(
        overdue, "Latest caseload: " + in_words["provider_value"]
    )
    differing = _differing(cases)
    named = kinds.eq(DiscrepancyType.IDENTITY_DIFFERS.value)
    alike = kinds.eq(DiscrepancyType.POSSIBLE_MATCH.value)
    return pd.DataFrame(
        {name: said.mask(named, differing).mask(alike, ALIKE) for name, said in in_words.items()}
    )


def reasons(cases: pd.DataFrame) -> pd.Series:
    """Return why a case was raised, in words; of the portal, in which columns it differs."""
    return _each(cases["reason"], REASONS | SHOWN_COLUMNS)


def caveats(cases: pd.DataFrame) -> pd.Series:
    """Return why to look twice, in words."""
    return _each(cases["caveat"], CAVEATS)


def services(cases: pd.DataFrame) -> pd.Series:
    """Return services in words."""
    return cases["service_type"].map(SERVICES).astype("str")


def _each(codes: pd.Series, words: Mapping[str, str]) -> pd.Series:
    """Return lists of codes (with ";" between them) in words, each list that there is once."""
    lists = codes.dropna().unique()
    told = {one: "; ".join(words.get(code, code) for code in one.split(";")) for one in lists}
    return codes.map(told).astype("str")


def _with_columns(said: pd.Series, kinds: pd.Series) -> pd.Series:
    """Return what the portal shows differently with words for the columns."""
    of_portal = kinds.eq(DiscrepancyType.PORTAL_DIFFERS.value)
    listed = "|".join(SHOWN_COLUMNS)
    words = said[of_portal].str.replace(
        rf"(^|; )({listed}) ", lambda found: f"{found[1]}{SHOWN_COLUMNS[found[2]]} ", regex=True
    )
    return said.where(~of_portal, words.reindex(said.index))


def _with_days(said: pd.Series) -> pd.Series:
    return said.str.replace(DAY, _british, regex=True)


def _british(found: re.Match[str]) -> str:
    try:
        return british_date(date.fromisoformat(found[0]))
    except ValueError:
        return found[0]


def _differing(cases: pd.DataFrame) -> pd.Series:
    """Return which details differ, of those that either side states."""
    both = cases["council_value"].fillna("") + "; " + cases["provider_value"].fillna("")
    whole = pd.Series("", index=cases.index, dtype="str")
    for code, word in IDENTITY.items():
        stated = both.str.contains(rf"(?:^|; ){code} ", regex=True)
        whole = whole + pd.Series(f"{word}, ", index=cases.index, dtype="str").where(stated, "")
    listed = whole.str.removesuffix(", ")
    return pd.Series("Differs: ", index=cases.index, dtype="str") + listed + f" ({NOT_HERE})"
