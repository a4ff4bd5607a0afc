"""A report as a page: one file of HTML with all that it needs in it, and nobody named."""

from __future__ import annotations

from typing import Any

import pandas as pd

from publishing.reports import figures
from publishing.reports.charts import Bars, Lines, bars, lines
from publishing.reports.facts import WEEKS, ReportFacts
from publishing.reports.figures import Week
from publishing.styles import styles
from publishing.templates import Templates

TEMPLATE = "report.html.j2"
MOST_PROVIDERS = 10
MOST_TEAMS = 15
MOST_ROWS = 25
EVERY = 4
"""How many weeks lie between two labels of a chart's axis."""
OTHERS = "All other teams"
Records = list[dict[str, Any]]


def page(facts: ReportFacts, templates: Templates) -> bytes:
    """Return the page of a report. Raises `WrongUsage` where a council's own template is broken."""
    told = {
        "facts": facts,
        "css": styles(),
        "weeks_told": WEEKS,
        "cases": len(facts.cases),
        "breached": int(facts.cases["breached"].sum()),
        "changes": (changes := _numbers(facts.changes["change"])),
        "changed": {row["what"]: row["number"] for row in changes},
        "turns": _turns(facts),
        **_open_cases(facts),
        **_providers(facts),
        **_timeliness(facts),
        **_not_used(facts),
        **_withheld(facts),
    }
    return templates.render(TEMPLATE, **told).lstrip().encode()


def _open_cases(facts: ReportFacts) -> dict[str, object]:
    types = figures.by_type(facts.cases)
    ages = figures.by_words(facts.cases, "age_band")
    teams = _first(figures.by_team(facts))
    standings = figures.by_words(facts.cases, "standing")
    return {
        "types": _records(types),
        "type_chart": _bars(types),
        "ages": _records(ages),
        "age_chart": _bars(ages.assign(what=ages["what"].astype("str") + " working days")),
        "teams": _records(teams),
        "team_chart": _bars(teams),
        "standings": _records(standings),
        "standing_chart": _bars(standings),
        "by_council": _records(figures.by_council(facts)) if facts.region else [],
    }


def _providers(facts: ReportFacts) -> dict[str, object]:
    providers = figures.by_provider(facts)
    accepted = providers["caseload"].eq(figures.ACCEPTED)
    return {
        "providers": _records(providers.head(MOST_PROVIDERS)),
        "providers_in_all": len(providers),
        "providers_accepted": int(accepted.sum()),
    }


def _timeliness(facts: ReportFacts) -> dict[str, object]:
    weeks = figures.weeks(facts)
    return {
        "weeks": weeks,
        "measured_weeks": sum(week.night is not None for week in weeks),
        "share_chart": _share_chart(weeks),
        "days_chart": None if facts.region else _days_chart(weeks),
        "latest": _records(figures.latest_by_council(facts)),
    }


def _not_used(facts: ReportFacts) -> dict[str, object]:
    missing = figures.without_caseload(facts)
    reasons = missing.groupby("why").size().rename("providers").reset_index()
    rows = facts.rows.sort_values(
        ["rows", "source", "file", "column", "rule"], ascending=[False, True, True, True, True]
    )
    return {
        "missing_reasons": _records(reasons),
        "missing": _records(missing.head(MOST_ROWS)),
        "missing_in_all": len(missing),
        "files": _records(facts.files.head(MOST_ROWS)),
        "files_in_all": len(facts.files),
        "rows": _records(rows.head(MOST_ROWS)),
        "rows_in_all": len(rows),
        "rows_counted": _records(figures.rows_by_result(facts)),
        "unmapped": _records(facts.unmapped.head(MOST_ROWS)),
        "unmapped_in_all": len(facts.unmapped),
    }


def _withheld(facts: ReportFacts) -> dict[str, object]:
    if facts.withheld is None:
        return {"withheld": [], "withheld_in_all": 0}
    by_reason = facts.withheld.groupby(["what", "reason"])["number"].sum().reset_index()
    return {
        "withheld": _records(by_reason),
        "withheld_in_all": int(by_reason["number"].sum()),
    }


def _numbers(words: pd.Series) -> Records:
    """Count a category, every one of its words in their order: what, number."""
    counts = words.value_counts(sort=False).rename_axis("what").rename("number")
    return _records(counts.reset_index())


def _turns(facts: ReportFacts) -> Records:
    counts = facts.turns.groupby("turn", observed=False)["cases"].sum()
    return _records(counts.rename_axis("what").rename("number").reset_index())


def _first(teams: pd.DataFrame) -> pd.DataFrame:
    """Return the teams with the most cases, and all others as one."""
    first, rest = teams.head(MOST_TEAMS), teams.iloc[MOST_TEAMS:]
    if rest.empty:
        return first
    others = pd.DataFrame({"what": [OTHERS], "cases": [rest["cases"].sum()]})
    return pd.concat([first, others], ignore_index=True)


def _bars(counted: pd.DataFrame) -> Bars:
    return bars(list(zip(counted["what"].astype("str"), counted["cases"].tolist(), strict=True)))


def _share_chart(weeks: list[Week]) -> Lines:
    shares = [None if week.share is None else round(100 * week.share) for week in weeks]
    return lines([shares], labels=_labels(weeks), unit="%", highest=100)


def _days_chart(weeks: list[Week]) -> Lines:
    series = [[week.median_days for week in weeks], [week.p90_days for week in weeks]]
    return lines(series, labels=_labels(weeks), unit="")


def _labels(weeks: list[Week]) -> list[str]:
    """Return a label for every so many weeks, the last one among them."""
    return [
        f"{week.monday.day} {week.monday:%b}" if (len(weeks) - 1 - place) % EVERY == 0 else ""
        for place, week in enumerate(weeks)
    ]


def _records(frame: pd.DataFrame) -> Records:
    """Return the rows of a small frame, None for null."""
    rows: Records = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return rows
