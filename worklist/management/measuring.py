"""The measures as a page shows them: charts, and tables with the very same figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from threading import Lock
from typing import Any

import pandas as pd

from casebook.measures import AGE_BANDS, Measures, Settled
from casebook.store import Casebook
from publishing.reports.charts import Bars, Lines, bars, lines
from schemas.vocabularies import DiscrepancyType

PERIODS = {"28": "4 weeks", "91": "13 weeks", "364": "A year", "all": "All that is on record"}
USUAL_PERIOD = "91"
KEPT_FOR = timedelta(minutes=10)
"""For how long figures are shown before they are counted anew: that reads every case."""

FORGOTTEN = timedelta(days=1)
"""After this nobody has asked for figures of this kind for long."""

MOST_PROVIDERS = 10
LABELS = 4
"""How many labels a time axis has, about."""

KINDS = {kind.value: kind.display for kind in DiscrepancyType}
NO_COUNCIL = ""
BANDS = {band: band.replace("-", " to ") for band in AGE_BANDS}


@dataclass(frozen=True, kw_only=True)
class Counted:
    """The measures as they were counted at an instant (UTC)."""

    measures: Measures
    at: datetime


class Measuring:
    """Counts the measures, once for everybody who asks within some minutes."""

    def __init__(self, casebook: Casebook) -> None:
        self.casebook = casebook
        self.kept: dict[tuple[str | None, date | None], Counted] = {}
        self.one_at_a_time = Lock()

    def of(self, council: str | None, since: date | None) -> Counted:
        """Return the measures of a council, or of all, with what happened from a day on.

        While somebody waits for them to be counted anew, others get those of before.
        """
        key = council, since
        kept = self.kept.get(key)
        if kept is not None and not self._stale(key):
            return kept
        if kept is None:
            self.one_at_a_time.acquire()
        elif not self.one_at_a_time.acquire(blocking=False):
            return kept
        try:
            if self._stale(key):  # nobody has counted them while we waited
                now = self.casebook.clock()
                measured = self.casebook.measures(since=since, local_authority=council)
                recent = {each: it for each, it in self.kept.items() if now - it.at < FORGOTTEN}
                self.kept = {**recent, key: Counted(measures=measured, at=now)}
            return self.kept[key]
        finally:
            self.one_at_a_time.release()

    def _stale(self, key: tuple[str | None, date | None]) -> bool:
        kept = self.kept.get(key)
        return kept is None or self.casebook.clock() - kept.at >= KEPT_FOR


def since_of(period: str, today: date) -> date | None:
    """Return the first day of a period that ends today."""
    return None if period == "all" else today - timedelta(days=int(period) - 1)


def figures(measures: Measures, *, names: Mapping[str, str], alone: bool) -> dict[str, Any]:
    """Return what the page is filled with; `alone` says that the measures are of one council."""
    return {
        "key": _key(measures),
        **_open_cases(measures.open_cases),
        **_weeks(measures.weeks),
        **_days_to_settle(measures.days_to_settle, names=names, alone=alone),
        **_settled(measures.settled),
        "providers": measures.providers.head(MOST_PROVIDERS).to_dict("records"),
        "providers_in_all": len(measures.providers),
        **_timeliness(measures.timeliness, names=names, alone=alone),
    }


def _key(measures: Measures) -> dict[str, Any]:
    settled = measures.settled.set_index("how")
    return {
        "open": int(measures.open_cases["cases"].sum()),
        "oldest": int(
            measures.open_cases.loc[
                measures.open_cases["age_band"].eq(list(AGE_BANDS)[-1]), "cases"
            ].sum()
        ),
        "opened": int(measures.weeks["opened"].sum()),
        "settled": int(measures.weeks["settled"].sum()),
        "reopened": float(settled.loc[Settled.REOPENED.value, "share"]),
    }


def _open_cases(open_cases: pd.DataFrame) -> dict[str, Any]:
    bands = open_cases.groupby("age_band")["cases"].sum().reindex(list(AGE_BANDS), fill_value=0)
    by_type = open_cases.pivot_table(
        index="type", columns="age_band", values="cases", aggfunc="sum", fill_value=0
    ).reindex(columns=list(AGE_BANDS), fill_value=0)
    by_type["all"] = by_type.sum(axis=1)
    ordered = by_type.sort_values("all", ascending=False, kind="stable")
    return {
        "band_heads": [(band, True) for band in BANDS.values()],
        "ages": [(BANDS[band], int(number)) for band, number in bands.items()],
        "age_chart": bars(
            [(f"{BANDS[band]} working days", int(number)) for band, number in bands.items()]
        ),
        "types": [
            {"kind": kind, "what": KINDS.get(kind, kind), "numbers": [int(each) for each in row]}
            for kind, row in zip(ordered.index, ordered.to_numpy(), strict=True)
        ],
    }


def _weeks(weeks: pd.DataFrame) -> dict[str, Any]:
    days = [week.date() for week in weeks["week"]]
    chart = (
        lines([weeks["opened"].tolist(), weeks["settled"].tolist()], labels=_labels(days), unit="")
        if len(days) > 1
        else None
    )
    return {
        "weeks": list(zip(days, weeks["opened"].tolist(), weeks["settled"].tolist(), strict=True))[
            ::-1
        ],
        "week_chart": chart,
    }


def _days_to_settle(days: pd.DataFrame, *, names: Mapping[str, str], alone: bool) -> dict[str, Any]:
    """Return the medians by type, a column for each council; of one council also as a chart."""
    whose = days["local_authority"].fillna(NO_COUNCIL)
    medians = days.assign(whose=whose).set_index(["type", "whose"])
    councils = [
        code for code in [*sorted(names, key=names.__getitem__), NO_COUNCIL] if code in set(whose)
    ]
    kinds = [kind for kind in KINDS if kind in set(days["type"])]
    rows: list[dict[str, Any]] = [
        {
            "what": KINDS[kind],
            "settled": int(medians.loc[[kind], "settled"].sum()),
            "medians": [
                float(medians.loc[(kind, code), "median_days"])
                if (kind, code) in medians.index
                else None
                for code in councils
            ],
        }
        for kind in kinds
    ]
    chart: Bars | None = None
    if alone and rows:
        chart = bars([(row["what"], row["medians"][0]) for row in rows])
    return {
        "settle_rows": rows,
        "settle_heads": [(names.get(code, "No council"), True) for code in councils],
        "settle_chart": chart,
    }


def _settled(settled: pd.DataFrame) -> dict[str, Any]:
    rows: list[dict[str, Any]] = [
        {"what": Settled(how).display, "cases": int(cases), "share": float(share)}
        for how, cases, share in settled.itertuples(index=False)
    ]
    *ways, reopened = rows
    return {
        "ways": ways,
        "way_chart": bars([(way["what"], way["cases"]) for way in ways]),
        "reopened": reopened,
    }


def _timeliness(measured: pd.DataFrame, *, names: Mapping[str, str], alone: bool) -> dict[str, Any]:
    """Return what rule 10 measured last in each week; of several councils over all their CPLIs."""
    on_time = measured["share_on_system_by_start"] * measured["cplis"]
    monday = measured["as_of"] - pd.to_timedelta(measured["as_of"].dt.day_of_week, unit="D")
    last = (
        measured.assign(on_time=on_time, week=monday)
        .sort_values("as_of")
        .drop_duplicates(["week", "local_authority"], keep="last")
    )
    by_week = last.groupby("week").agg(
        night=("as_of", "max"),
        councils=("local_authority", "size"),
        cplis=("cplis", "sum"),
        on_time=("on_time", "sum"),
        median=("median_lag_days", "first"),
        p90=("p90_lag_days", "first"),
    )
    by_week["share"] = by_week["on_time"] / by_week["cplis"].where(by_week["cplis"] > 0)
    if len(by_week):
        mondays = pd.date_range(by_week.index.min(), by_week.index.max(), freq="W-MON")
        by_week = by_week.reindex(mondays)
    days = [week.date() for week in by_week.index]
    whole = by_week.astype(object).where(by_week.notna(), None)
    latest = last.drop_duplicates("local_authority", keep="last").to_dict("records")
    return {
        "on_time": [
            {"monday": day, **row} for day, row in zip(days, whole.to_dict("records"), strict=True)
        ][::-1],
        "share_chart": _line_chart(days, [_percents(whole["share"])], unit="%", highest=100),
        "lag_chart": _line_chart(days, [whole["median"].tolist(), whole["p90"].tolist()])
        if alone
        else None,
        "latest": sorted(latest, key=lambda row: names.get(row["local_authority"], "")),
    }


def _percents(shares: pd.Series) -> list[float | None]:
    return [None if share is None else round(100 * share) for share in shares]


def _line_chart(
    days: list[date],
    series: list[list[float | None]],
    *,
    unit: str = "",
    highest: float | None = None,
) -> Lines | None:
    """Return a chart; None where there are too few weeks for a line."""
    if not days[1:]:
        return None
    return lines(series, labels=_labels(days), unit=unit, highest=highest)


def _labels(days: list[date]) -> list[str]:
    """Return some labels for an axis of weeks, the last one among them."""
    every = max(1, round(len(days) / LABELS))
    return [
        f"{day.day} {day:%b}" if (len(days) - 1 - place) % every == 0 else ""
        for place, day in enumerate(days)
    ]
