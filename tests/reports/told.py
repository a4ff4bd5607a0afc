"""A small casebook of two nights, worked out by hand, and what its reports say of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from string import digits
from typing import Any

import openpyxl
import pandas as pd
from nights.examples import COUNCILS, LEICESTER, LEICESTERSHIRE, RUTLAND, council, discrepancies

from casebook.record import TIMELINESS_TYPES, SourceOutcome, SourceRecord, no_timeliness
from casebook.store import Casebook
from flows.account import Account
from flows.outcome import FeedFacts
from flows.pulls import UNMAPPED, UNMAPPED_COLUMNS
from flows.reports import council_reports
from publishing.feed.publishable import WITHHELD_COLUMNS
from schemas.raw import refusals
from settings.reports import Reports
from settings.settings import Settings

EARLIER, TONIGHT, LATER = date(2026, 11, 6), date(2026, 11, 20), date(2026, 11, 23)
NAMES = {"P1": "Oak House", "P2": "Elm Care", "P4": "Deals with nobody"}
EXPORT = FeedFacts(export="2026-11-20T120000Z")
WORKLIST = "https://worklist.example/cpli/"
EVERYONE = ("type", "severity", "local_authority", "provider_id", "team", "worker")

# What each discrepancy is: of the columns of EVERYONE, then what differs from the others.
KINDS: Mapping[str, tuple[str | None, ...]] = {
    "missing": ("support_not_reported", "high", LEICESTER, "P1", "North", "Kay"),
    "hours": ("quantity_differs", "low", LEICESTER, "P1", "South", None),
    "unknown": ("cpli_not_found", "high", LEICESTER, "P1", "South", None),
    "details": ("identity_differs", "high", RUTLAND, "P2", "Rutland queue", None),
    "moved": ("provider_differs", "high", LEICESTERSHIRE, "P1", "North", "Lee"),
    "nobody's": ("cpli_not_found", "medium", None, "P3", "LLR queue", None),
}
FIRST_NIGHT = ("missing", "hours", "unknown", "details", "nobody's")
SECOND_NIGHT = ("missing", "hours", "moved", "nobody's")


def found(*names: str, **columns: object) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return discrepancies by their names here, and who looks at each; `columns` override.

    A name may have a number behind it.
    """
    rows = pd.DataFrame([KINDS[name.rstrip(f"{digits} ")] for name in names], columns=EVERYONE)
    whole = {name: rows[name].to_numpy(dtype=object) for name in EVERYONE} | columns
    team, worker = whole.pop("team"), whole.pop("worker")
    frame = discrepancies(list(names), **whole)
    about = frame[["discrepancy_id"]].assign(team=team, worker=worker, entry_identities=None)
    return frame, about.astype("str")


def measured(*rows: tuple[str, int, float, float, float]) -> pd.DataFrame:
    """Return what rule 10 measured of councils: code, CPLIs, median, 90th percentile, share."""
    code, cplis, median, p90, share = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            "local_authority": code,
            "grouping": "council",
            "group": code,
            "cplis": cplis,
            "median_lag_days": median,
            "p90_lag_days": p90,
            "share_on_system_by_start": share,
        }
    ).astype(TIMELINESS_TYPES)


def account(
    as_of: date,
    *names: str,
    missing: tuple[str, ...] = (),
    columns: Mapping[str, object] | None = None,
    frames: Mapping[str, pd.DataFrame] | None = None,
    **facts: Any,
) -> Account:
    """Return the account of a night that found some discrepancies; `columns` override theirs."""
    frame, about = found(*names, **(columns or {}))
    return Account(
        as_of=as_of,
        councils=tuple(council(code, assessed=code not in missing) for code in COUNCILS),
        sources=facts.pop("sources", ()),
        summary={},
        frames={
            "discrepancies": frame,
            "about": about,
            "refusals": refusals(),
            "timeliness": no_timeliness(),
            UNMAPPED: pd.DataFrame(columns=UNMAPPED_COLUMNS, dtype="str"),
            **(frames or {}),
        },
        **facts,
    )


def refused(provider: str, reason: str) -> SourceRecord:
    """Return the record of a caseload that was not accepted."""
    return SourceRecord(
        source=f"caseload {provider}",
        outcome=SourceOutcome.REFUSED,
        file=f"caseload/{provider}_2026-11-16.csv",
        reason=reason,
    )


def earlier_night(**columns: object) -> Account:
    """Return the first night, on which everything came."""
    frames = {"timeliness": measured((LEICESTER, 100, 2.0, 9.5, 0.8))}
    return account(EARLIER, *FIRST_NIGHT, frames=frames, columns=columns)


def tonight(**columns: object) -> Account:
    """Return the night of the reports: Rutland's extract and a caseload are missing."""
    early = ("caseload P1", "caseload/P1_2026-11-16.csv")
    noted = [
        *(
            (*early, row, "start_date", "unreadable", "rejected", f"start_date: {said}")
            for row in (3, 4, 9)
            for said in ("it is not a date. To be corrected by the provider.",)
        ),
        *(
            ("cpli E06000016", "council/E06000016/cpli.csv", row, "nhs_number", rule, "warning", it)
            for row in (7, 8)
            for rule, it in (
                (
                    "nhs_number_invalid",
                    "nhs_number: it is left out. To be corrected by E06000016's finance team.",
                ),
            )
        ),
        (
            "caseload P2",
            "caseload/P2_2026-11-16.csv",
            None,
            None,
            "too_many_rejected",
            "rejected",
            "Not accepted: too many. Ask the provider to send a whole caseload.",
        ),
        (*early, None, None, "unknown_column", "warning", "Column 15 was ignored. Ask them."),
        (
            "portal E06000017",
            "",
            None,
            None,
            "not_received",
            "warning",
            "No portal extract of Rutland. Ask whoever extracts the portal to send one.",
        ),
        (
            "caseload ?",
            "caseload/?_2026-11-16 (1 of 2)",
            None,
            None,
            "provider_not_in_register",
            "rejected",
            "A file is named for nobody in the register.",
        ),
    ]
    return account(
        TONIGHT,
        *SECOND_NIGHT,
        columns=columns,
        missing=(RUTLAND,),
        sources=(refused("P2", "too_many_rejected"),),
        providers_not_assessed=frozenset({"P2", "P3"}),
        portals_not_assessed=frozenset({RUTLAND}),
        frames={
            "refusals": refusals(noted),
            "timeliness": measured(
                (LEICESTER, 200, 0.0, 7.0, 0.9), (LEICESTERSHIRE, 100, -3.5, 12.0, 0.5)
            ),
            UNMAPPED: pd.DataFrame(
                [(LEICESTER, "SUP-9", "ZZLINE1"), (LEICESTER, "SUP-9", "ZZLINE2")],
                columns=UNMAPPED_COLUMNS,
                dtype="str",
            ),
        },
    )


def withheld() -> pd.DataFrame:
    """Return what tonight keeps from the Care Record."""
    rows = [
        (LEICESTER, "EpisodeOfCare", "ZZLINE1", "no_valid_nhs_number", None),
        (LEICESTER, "EpisodeOfCare", "ZZLINE2", "no_valid_nhs_number", None),
        (LEICESTER, "Task", "1" * 32, "restricted_record", None),
        (None, "Task", "2" * 32, "no_valid_nhs_number", "stated by a provider only"),
    ]
    return pd.DataFrame(rows, columns=WITHHELD_COLUMNS, dtype="str")


@dataclass
class Table:
    """A table of a page: its caption and the texts of its cells, the heading's first."""

    caption: str = ""
    rows: list[list[str]] = field(default_factory=list)

    @property
    def body(self) -> dict[str, list[str]]:
        """The cells by the first one of their row, without the heading."""
        return {row[0]: row[1:] for row in self.rows[1:]}


class Page(HTMLParser):
    """A page as it is read: its tables by caption, its text, its elements with their attributes."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.source = content.decode()
        self.tables: dict[str, Table] = {}
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._table: Table | None = None
        self._into: list[str] | None = None
        self._hidden = 0
        self.feed(self.source)

    @property
    def text(self) -> str:
        """All that can be read, with single spaces."""
        return " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._hidden += tag == "style"
        if tag == "table":
            self._table = Table()
        elif tag == "tr" and self._table:
            self._table.rows.append([])
        elif tag in ("th", "td", "caption"):
            self._into = []

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words.append(data)
        if self._into is not None:
            self._into.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag == "style"
        if self._table is None or self._into is None or tag not in ("th", "td", "caption"):
            return
        text = " ".join("".join(self._into).split())
        if tag == "caption":
            self._table.caption = text
            self.tables[text] = self._table
        else:
            self._table.rows[-1].append(text)
        self._into = None


@dataclass
class Told:
    """The reports of a night, by the names of their files."""

    files: dict[str, bytes]

    def page(self, stem: str) -> Page:
        """Return a council's page, or the region's."""
        return Page(self.files[f"report/{stem}.html"])

    def book(self, stem: str) -> openpyxl.Workbook:
        """Return a council's workbook, or the region's."""
        return openpyxl.load_workbook(BytesIO(self.files[f"report/{stem}.xlsx"]))

    def sheet(self, stem: str, name: str) -> list[dict[str, Any]]:
        """Return a sheet's rows by heading."""
        rows = self.book(stem)[name].iter_rows(values_only=True)
        heading = next(rows)
        return [dict(zip(heading, row, strict=True)) for row in rows]


def casebook_of(folder: Path, *nights: Account) -> Casebook:
    """Return a casebook with some nights on record, as they come."""
    casebook = Casebook.open(f"sqlite:///{folder / 'casebook.db'}")
    for one in nights:
        casebook.record(one.record)
    return casebook


def tell(
    casebook: Casebook,
    night: Account,
    *,
    names: Mapping[str, str] = NAMES,
    feed: FeedFacts = EXPORT,
    held_back: pd.DataFrame | None = None,
    reports: Reports | None = None,
) -> Told:
    """Return the reports of a night that is on record."""
    settings = Settings(reports=reports or Reports(worklist_url=WORKLIST))
    return Told(
        files=dict(
            council_reports(
                night, casebook, settings=settings, withheld=held_back, feed=feed, names=names
            )
        )
    )


def without_any_council(night: Account) -> Account:
    """Return a night on which no council could be assessed."""
    return replace(
        night,
        councils=tuple(council(code, assessed=False) for code in COUNCILS),
        providers_not_assessed=frozenset(),
    )
