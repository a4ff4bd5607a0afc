"""A report as a workbook: the cases to work from, and the figures. The same facts, the same bytes.

What comes from outside is only ever written as text, so that no cell becomes a formula.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from io import BytesIO
from types import MappingProxyType
from typing import Any, assert_never

import pandas as pd
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from publishing.reports import figures, saying
from publishing.reports.facts import ReportFacts
from publishing.row_heights import give_heights
from publishing.templates import british_date
from schemas.vocabularies import Severity, Vocabulary

MOST_LINKS = 65_530
"""How many links a sheet can hold; further addresses are written as text."""
ID_SHOWN = 8
NARROW, MIDDLE, WIDE = 12, 20, 36


class Kind(Vocabulary):
    """What the cells of a column are."""

    TEXT = "text", "text"
    DAY = "day", "a date"
    NUMBER = "number", "a number"
    DAYS = "days", "a number of days, with a half"
    SHARE = "share", "a share of one"
    LINK = "link", "a link to the worklist"


FORMATS: Mapping[Kind, Mapping[str, Any]] = MappingProxyType(
    {
        Kind.TEXT: {"text_wrap": True},
        Kind.DAY: {"num_format": "dd mmmm yyyy", "align": "left"},
        Kind.NUMBER: {"num_format": "#,##0"},
        Kind.DAYS: {"num_format": "#,##0.0"},
        Kind.SHARE: {"num_format": "0%"},
        Kind.LINK: {"font_color": "#1D70B8", "underline": 1},
    }
)


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a sheet: its heading, what its cells are, how wide it is, and its values."""

    heading: str
    values: pd.Series
    kind: Kind = Kind.TEXT
    width: int = MIDDLE


def workbook(facts: ReportFacts) -> bytes:
    """Return the workbook of a report as .xlsx."""
    written = BytesIO()
    options = dict.fromkeys(("formulas", "urls", "numbers"), False)
    book = Workbook(
        written, {"in_memory": True} | {f"strings_to_{name}": no for name, no in options.items()}
    )
    night = datetime.combine(facts.as_of, time(), tzinfo=UTC).replace(tzinfo=None)
    title = f"{facts.name}: report for the night of {british_date(facts.as_of)}"
    book.set_properties({"title": title, "created": night})
    formats = {kind: book.add_format({"valign": "top", **how}) for kind, how in FORMATS.items()}
    heading = book.add_format(
        {"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#F3F2F1", "bottom": 1}
    )
    for name, columns in _sheets(facts).items():
        _write(book.add_worksheet(name), title, columns, heading=heading, formats=formats)
    book.close()
    return written.getvalue()


def _sheets(facts: ReportFacts) -> dict[str, list[Column]]:
    """Return the columns of each sheet, in the order of the sheets."""
    sheets = {"Cases": _cases(facts), "Open by type": _types(facts)}
    if facts.region:
        sheets["By council"] = _councils(facts)
    return sheets | {
        "By provider": _providers(facts),
        "Timeliness": _timeliness(facts),
        "Not assessed or refused": _not_used(facts),
        "Withheld": _withheld(facts),
    }


def _cases(facts: ReportFacts) -> list[Column]:
    """Return the cases; the region's name no person and repeat nothing that anybody says."""
    cases = figures.most_urgent_first(facts.cases)
    council = {each.code: each.name for each in facts.councils}
    about = [
        Column(
            heading="Case",
            values=facts.worklist_url + "cases/" + cases["id"],
            kind=Kind.LINK,
            width=NARROW,
        ),
        Column(heading="What it is", values=cases["type"].map(figures.KINDS), width=WIDE),
        Column(heading="Severity", values=_words(cases["severity"], Severity), width=NARROW),
        Column(heading="Urgency", values=_words(cases["urgency"], Severity), width=NARROW),
        Column(heading="State", values=cases["state"]),
        Column(heading="Team", values=cases["team"]),
    ]
    if not facts.region:
        about.append(Column(heading="Worker", values=cases["worker"]))
    provider = [
        Column(heading="Service", values=saying.services(cases)),
        Column(heading="Provider", values=cases["provider_name"], width=WIDE),
        Column(heading="Provider reference", values=cases["provider_id"]),
    ]
    why = [
        Column(heading="Reason", values=saying.reasons(cases), width=WIDE),
        Column(heading="Look twice because", values=saying.caveats(cases), width=WIDE),
        Column(heading="First seen", values=cases["first_seen"], kind=Kind.DAY),
        Column(
            heading="Age in working days", values=cases["age_days"], kind=Kind.NUMBER, width=NARROW
        ),
        Column(heading="Due on", values=cases["due_on"], kind=Kind.DAY),
        Column(heading="Service level", values=cases["standing"], width=NARROW),
    ]
    if facts.region:
        whose = cases["local_authority"].map(council).fillna(figures.NO_COUNCIL)
        return [*about, Column(heading="Council", values=whose), *provider, *why]
    said = saying.sides(cases, facts.caseloads["name"].dropna().to_dict())
    person = [
        Column(heading="Person (the council's reference)", values=cases["person_id"]),
        Column(heading="CPLIs", values=cases["cpli_ids"].str.replace(";", "; ", regex=False)),
    ]
    both = [
        Column(heading="The council's record says", values=said["council_value"], width=WIDE),
        Column(
            heading="The provider or the portal says", values=said["provider_value"], width=WIDE
        ),
    ]
    return [*about, *person, *provider, *both, *why]


def _types(facts: ReportFacts) -> list[Column]:
    types = figures.by_type(facts.cases)
    bands = [name for name in types if name not in ("what", "cases")]
    return [
        Column(heading="What it is", values=types["what"], width=WIDE),
        Column(heading="Open cases", values=types["cases"], kind=Kind.NUMBER, width=NARROW),
        *(
            Column(
                heading=f"{band} working days", values=types[band], kind=Kind.NUMBER, width=NARROW
            )
            for band in bands
        ),
    ]


def _councils(facts: ReportFacts) -> list[Column]:
    councils = figures.by_council(facts)
    texts = {"council": "Council", "assessed": "Assessed on this night"}
    numbers = [name for name in councils if name not in texts]
    return [
        *(Column(heading=texts[name], values=councils[name]) for name in texts),
        *(
            Column(
                heading="Open cases" if name == "cases" else str(name),
                values=councils[name],
                kind=Kind.NUMBER,
                width=NARROW,
            )
            for name in numbers
        ),
    ]


def _providers(facts: ReportFacts) -> list[Column]:
    providers = figures.by_provider(facts)
    return [
        Column(heading="Provider", values=providers["name"], width=WIDE),
        Column(heading="Provider reference", values=providers["provider_id"]),
        Column(heading="Open cases", values=providers["cases"], kind=Kind.NUMBER, width=NARROW),
        Column(heading="Breached", values=providers["breached"], kind=Kind.NUMBER, width=NARROW),
        Column(
            heading="Oldest, in working days",
            values=providers["oldest"],
            kind=Kind.NUMBER,
            width=NARROW,
        ),
        Column(heading="Caseload", values=providers["caseload"], width=WIDE),
    ]


def _timeliness(facts: ReportFacts) -> list[Column]:
    names = {council.code: council.name for council in facts.councils}
    weeks = facts.weeks.sort_values(["week", "local_authority"], ignore_index=True)
    return [
        Column(heading="Week from", values=weeks["week"], kind=Kind.DAY),
        Column(heading="Night", values=weeks["as_of"], kind=Kind.DAY),
        Column(heading="Council", values=weeks["local_authority"].map(names)),
        Column(heading="CPLIs", values=weeks["cplis"], kind=Kind.NUMBER, width=NARROW),
        Column(
            heading="On the system by the start date",
            values=weeks["share_on_system_by_start"],
            kind=Kind.SHARE,
        ),
        Column(heading="Median, in days", values=weeks["median_lag_days"], kind=Kind.DAYS),
        Column(heading="90th percentile, in days", values=weeks["p90_lag_days"], kind=Kind.DAYS),
    ]


def _not_used(facts: ReportFacts) -> list[Column]:
    parts = [
        pd.DataFrame(
            {"source": council.name, "result": "not assessed", "message": council.message},
            index=[0],
        )
        for council in facts.not_assessed
    ]
    missing = figures.without_caseload(facts)
    named = missing["name"].fillna("Not in the register") + " (" + missing["provider_id"] + ")"
    parts += [
        missing.assign(
            source="Caseload of " + named,
            result=missing["why"],
            message=missing["to_do"],
        ),
        facts.files.assign(result="file not used"),
        facts.rows,
        facts.unmapped.assign(
            source="Supplier reference " + facts.unmapped["supplier_reference"],
            result="leads to no provider",
            message="Ask whoever keeps the register of providers to add it.",
            rows=facts.unmapped["cplis"],
        ),
    ]
    wanted = ["source", "file", "column", "message", "result", "rows"]
    whole = pd.concat(parts, ignore_index=True).reindex(columns=wanted)
    return [
        Column(heading="Where", values=whole["source"], width=WIDE),
        Column(heading="File", values=whole["file"], width=WIDE),
        Column(heading="Column", values=whole["column"]),
        Column(heading="What is wrong, and who should act", values=whole["message"], width=80),
        Column(heading="What became of it", values=whole["result"]),
        Column(heading="Rows or CPLIs", values=whole["rows"], kind=Kind.NUMBER, width=NARROW),
    ]


def _withheld(facts: ReportFacts) -> list[Column]:
    nothing = pd.DataFrame(columns=["local_authority", "what", "reason", "number"])
    withheld = nothing if facts.withheld is None else facts.withheld
    names = {council.code: council.name for council in facts.councils}
    whose = withheld["local_authority"].map(names).astype("str").fillna(figures.NO_COUNCIL)
    return [
        Column(heading="Council", values=whose),
        Column(heading="What", values=withheld["what"]),
        Column(heading="Why", values=withheld["reason"], width=WIDE),
        Column(heading="Number", values=withheld["number"], kind=Kind.NUMBER, width=NARROW),
    ]


def _words(codes: pd.Series, vocabulary: type[Vocabulary]) -> pd.Series:
    return codes.map({member.value: member.display for member in vocabulary})


def _write(
    sheet: Worksheet,
    title: str,
    columns: Sequence[Column],
    *,
    heading: Format,
    formats: Mapping[Kind, Format],
) -> None:
    """Write a sheet to work from: its header stays, is repeated in print, and can be filtered."""
    for place, column in enumerate(columns):
        sheet.write_string(0, place, column.heading, heading)
        sheet.set_column(place, place, column.width)
        _fill(sheet, place, column, formats[column.kind])
    wrapped = ((column.values, column.width) for column in columns if column.kind is Kind.TEXT)
    give_heights(sheet, ((values.astype("str"), width) for values, width in wrapped))
    headings = ((pd.Series([column.heading]), column.width) for column in columns)
    give_heights(sheet, headings, first_row=0)
    last = len(columns[0].values)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(last, 1), len(columns) - 1)
    sheet.repeat_rows(0)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_header(f"&L{title.replace('&', '&&')}")
    sheet.set_footer("&LPage &P of &N")


def _fill(sheet: Worksheet, place: int, column: Column, how: Format) -> None:
    """Write a column's cells below its heading; what is null is left empty."""
    plain = column.values.astype(object).tolist()
    cells = enumerate(zip(plain, column.values.notna().tolist(), strict=True), start=1)
    known = ((row, value) for row, (value, is_known) in cells if is_known)
    match column.kind:
        case Kind.DAY:
            for row, value in known:
                sheet.write_datetime(row, place, value, how)
        case Kind.NUMBER | Kind.DAYS | Kind.SHARE:
            for row, value in known:
                sheet.write_number(row, place, value, how)
        case Kind.LINK:
            for row, value in known:
                _link(sheet, row, place, value, how)
        case Kind.TEXT:
            for row, value in known:
                sheet.write_string(row, place, value, how)
        case _:
            assert_never(column.kind)


def _link(sheet: Worksheet, row: int, place: int, address: str, how: Format) -> None:
    """Write a link of a short text, or the bare address where there are too many links."""
    if row <= MOST_LINKS:
        sheet.write_url(row, place, address, how, string=address.rpartition("/")[2][:ID_SHOWN])
    else:
        sheet.write_string(row, place, address)
