"""`cpli measures`."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd

from casebook.measures import AGE_BANDS, Measures, Settled
from cli.record import casebook_of, council_of
from cli.terminal import say, show, table
from flows.pulls import council_name
from publishing.csv_text import csv_text
from publishing.folder import write_files

MOST = 20
"""How many weeks, providers and nights are shown; a CSV file has all."""
NOBODY = "-"
SHARES = ("share", "by_start")

TITLES = {
    "open_cases": "Open cases by age in working days",
    "weeks": "Opened and settled, by week",
    "days_to_settle": "Working days from opening to settlement",
    "settled": "How cases were settled",
    "providers": "Providers by open cases",
    "timeliness": "CPLIs on the system, in days after the start of support",
}


def show_measures(
    out: Path | None,
    config: Path | None,
    *,
    as_of: date,
    since: date | None,
    council: str | None,
    csv: Path | None,
) -> int:
    """Print each measure as a table, and write each as a CSV file where a folder is named."""
    casebook = casebook_of(out, config, read_only=True)
    measures = casebook.measures(
        on=as_of, since=since, local_authority=council_of(casebook, council)
    )
    for name, frame in each(shown(measures)):
        show_measure(TITLES[name], frame)
    if csv is not None:
        files = {f"{name}.csv": csv_text(frame, list(frame)) for name, frame in each(measures)}
        write_files(csv, files, instead_of=())
        say(f"Written to {csv}: {', '.join(files)}")
    return 0


def each(measures: Measures) -> list[tuple[str, pd.DataFrame]]:
    """Return the measures with their names, in their order."""
    return [(name, frame) for name, frame in vars(measures).items()]


def shown(measures: Measures) -> Measures:
    """Return the measures as people read them."""
    return Measures(
        open_cases=_by_band(measures.open_cases),
        weeks=_days(measures.weeks.tail(MOST), "week"),
        days_to_settle=_councils(measures.days_to_settle),
        settled=measures.settled.assign(
            how=[Settled(how).display for how in measures.settled["how"]],
            share=_percent(measures.settled["share"]),
        ),
        providers=measures.providers.head(MOST),
        timeliness=_nights(measures.timeliness),
    )


def show_measure(title: str, frame: pd.DataFrame) -> None:
    """Print a measure, or that there is nothing to it."""
    if frame.empty:
        say(f"{title}: none\n")
        return
    names = [str(name).replace("_", " ").capitalize() for name in frame]
    numbers = [
        name
        for name, column in zip(names, frame, strict=True)
        if pd.api.types.is_numeric_dtype(frame[column]) or column in SHARES
    ]
    say(title)
    made = table("", names, numbers=numbers)
    for row in frame.astype("str").fillna(NOBODY).itertuples(index=False):
        made.add_row(*row)
    show(made)
    say()


def _by_band(open_cases: pd.DataFrame) -> pd.DataFrame:
    """Return a line for each type and council, with the cases of each band and of all."""
    named = _councils(open_cases)
    bands = named.pivot_table(
        index=["type", "council"], columns="age_band", values="cases", aggfunc="sum", fill_value=0
    )
    whole = bands.reindex(columns=list(AGE_BANDS), fill_value=0).astype("int64")
    return whole.assign(all=whole.sum(axis=1)).reset_index()


def _nights(timeliness: pd.DataFrame) -> pd.DataFrame:
    """Return the latest nights."""
    nights = timeliness["as_of"].drop_duplicates().tail(MOST)
    latest = timeliness[timeliness["as_of"].isin(nights)]
    share = _percent(latest["share_on_system_by_start"])
    return _councils(_days(latest.assign(share_on_system_by_start=share), "as_of")).rename(
        columns={"as_of": "night", "share_on_system_by_start": "by_start"}
    )


def _councils(frame: pd.DataFrame) -> pd.DataFrame:
    names = frame["local_authority"].map(council_name, na_action="ignore").astype("str")
    return frame.assign(local_authority=names.fillna(NOBODY)).rename(
        columns={"local_authority": "council"}
    )


def _days(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    return frame.assign(**{name: frame[name].dt.strftime("%Y-%m-%d")})


def _percent(shares: pd.Series) -> pd.Series:
    return (shares * 100).round().astype("int64").astype("str") + " %"
