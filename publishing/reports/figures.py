"""The figures of a report, each counted once for the page and the workbook alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd

from publishing.reports.facts import WEEKS, ReportFacts
from schemas.vocabularies import DiscrepancyType, Severity

NO_COUNCIL = "No council known"
NO_TEAM = "No team"
NOT_LOOKED_AT = "Not looked at on this night"
ACCEPTED = "Accepted"
URGENCIES = [severity.value for severity in Severity]
"""The most urgent first."""
KINDS = {kind.value: kind.display for kind in DiscrepancyType}


@dataclass(frozen=True, kw_only=True)
class Week:
    """What was last measured in a week; of several councils, of those that were measured.

    `share` is of CPLIs that were on the system by the start date, from 0 to 1. The days are none
    for several councils together: a median of all cannot be had from medians.
    """

    monday: date
    night: date | None = None
    councils: int = 0
    cplis: int = 0
    share: float | None = None
    median_days: float | None = None
    p90_days: float | None = None


def by_type(cases: pd.DataFrame) -> pd.DataFrame:
    """Return open cases by type: what it is, all of it, then by band of age; the most first."""
    kinds = cases["type"].map(KINDS).rename("what")
    bands = pd.crosstab(kinds, cases["age_band"], dropna=False).astype("int64")
    bands = bands.reindex(columns=cases["age_band"].cat.categories, fill_value=0)
    counted = bands.assign(cases=bands.sum(axis=1))
    counted = counted[counted["cases"] > 0].reset_index(names="what")
    order = ["cases", "what"]
    counted = counted.sort_values(order, ascending=[False, True], ignore_index=True)
    return counted[["what", "cases", *bands.columns]]


def by_words(cases: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return open cases by a category, all of its words in their order: what, cases."""
    return cases[name].value_counts(sort=False).rename_axis("what").rename("cases").reset_index()


def by_team(facts: ReportFacts) -> pd.DataFrame:
    """Return open cases by team, the most first: what, cases."""
    counts = _teams(facts).value_counts().rename("cases")
    frame = counts.rename_axis("what").reset_index()
    return frame.sort_values(["cases", "what"], ascending=[False, True], ignore_index=True)


def _teams(facts: ReportFacts) -> pd.Series:
    """Return teams by name; where councils have teams of one name, with their council's."""
    cases, names = facts.cases, {council.code: council.name for council in facts.councils}
    teams = cases["team"].fillna(NO_TEAM)
    councils = cases["local_authority"].map(names)
    shared = cases.groupby(teams)["local_authority"].transform("nunique").gt(1)
    named = teams + " (" + councils.fillna(NO_COUNCIL) + ")"
    return teams.mask(shared & teams.ne(NO_TEAM), named)


def by_provider(facts: ReportFacts) -> pd.DataFrame:
    """Return providers by their open cases, the most first.

    The columns are provider_id, name, cases, oldest (working days), breached and caseload (words).
    """
    counted = facts.cases.groupby("provider_id").agg(
        cases=("type", "size"), oldest=("age_days", "max"), breached=("breached", "sum")
    )
    caseloads = facts.caseloads.reindex(counted.index)
    whole = counted.assign(name=caseloads["name"], caseload=_caseload(caseloads))
    ordered = whole.reset_index().sort_values(
        ["cases", "oldest", "provider_id"], ascending=[False, False, True], ignore_index=True
    )
    return ordered[["provider_id", "name", "cases", "oldest", "breached", "caseload"]]


def without_caseload(facts: ReportFacts) -> pd.DataFrame:
    """Return the providers of which a caseload is missed: provider_id, name, why and to_do."""
    missing = facts.caseloads[facts.caseloads["accepted"].eq(False).fillna(False).astype(bool)]
    ordered = missing.sort_index().sort_values("why", kind="stable").reset_index()
    return ordered[["provider_id", "name", "why", "to_do"]]


def by_council(facts: ReportFacts) -> pd.DataFrame:
    """Return what each council of the region comes to, and what is no council's.

    The columns are council, assessed (words), new, gone, cases, and one for each word of standings.
    """
    councils = [facts.of(council) for council in facts.councils]
    rows = [_council(each, each.name, each.councils[0].assessed) for each in councils]
    nobodys = facts.cases["local_authority"].isna()
    unknown = facts.changes["local_authority"].isna()
    if nobodys.any() or unknown.any():
        rest = {"cases": facts.cases[nobodys], "changes": facts.changes[unknown]}
        rows.append(_row(NO_COUNCIL, "", **rest))
    return pd.DataFrame(rows)


def rows_by_result(facts: ReportFacts) -> pd.DataFrame:
    """Return how many rows were left out, or kept without a value: result, rows."""
    return facts.rows.groupby("result")["rows"].sum().reset_index()


def weeks(facts: ReportFacts) -> list[Week]:
    """Return the weeks of which timeliness is told, those without a night as gaps."""
    mondays = [facts.first_week + pd.Timedelta(weeks=number) for number in range(WEEKS)]
    measured = dict(tuple(facts.weeks.groupby("week")))
    return [_week(monday, measured.get(monday)) for monday in mondays]


def latest_by_council(facts: ReportFacts) -> pd.DataFrame:
    """Return the last measure of each council: council, as_of, cplis and rule 10's figures."""
    names = {council.code: council.name for council in facts.councils}
    last = facts.weeks.sort_values("as_of").drop_duplicates("local_authority", keep="last")
    named = last.assign(council=last["local_authority"].map(names))
    return named.sort_values("council", ignore_index=True)


def most_urgent_first(cases: pd.DataFrame) -> pd.DataFrame:
    """Return cases in the order in which they are to be worked on."""
    rank = pd.Categorical(cases["urgency"], categories=URGENCIES, ordered=True)
    ranked = cases.assign(rank=rank).rename_axis("id").reset_index()
    return ranked.sort_values(["rank", "due_on", "id"], ignore_index=True).drop(columns="rank")


def _week(monday: pd.Timestamp, measured: pd.DataFrame | None) -> Week:
    if measured is None:
        return Week(monday=monday.date())
    cplis = int(measured["cplis"].sum())
    on_time = (measured["share_on_system_by_start"] * measured["cplis"]).sum()
    alone = measured.iloc[0] if len(measured) == 1 else None
    return Week(
        monday=monday.date(),
        night=measured["as_of"].max().date(),
        councils=len(measured),
        cplis=cplis,
        share=float(on_time / cplis),
        median_days=None if alone is None else float(alone["median_lag_days"]),
        p90_days=None if alone is None else float(alone["p90_lag_days"]),
    )


def _council(facts: ReportFacts, name: str, assessed: bool) -> dict[str, object]:
    return _row(name, "Yes" if assessed else "No", cases=facts.cases, changes=facts.changes)


def _row(
    name: str, assessed: str, *, cases: pd.DataFrame, changes: pd.DataFrame
) -> dict[str, object]:
    return {
        "council": name,
        "assessed": assessed,
        **changes["change"].value_counts(sort=False).to_dict(),
        "cases": len(cases),
        **cases["standing"].value_counts(sort=False).to_dict(),
    }


def _caseload(caseloads: pd.DataFrame) -> pd.Series:
    accepted = caseloads["accepted"]
    words = accepted.map({True: ACCEPTED, False: ""}).astype("str").fillna(NOT_LOOKED_AT)
    return words.where(words.ne(""), "Missing: " + caseloads["why"])
