"""Rule 2: raw text into cleaned rows, with every rejection and warning kept.

A rejected row is cleaned like any other and marked: what can be read of it is remembered.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Literal, TypedDict
from zoneinfo import ZoneInfo

from oracle.population import CPLI_COLUMNS, CaseloadFile, Row

LONDON = ZoneInfo("Europe/London")
SERVICE_TYPES = frozenset(
    [
        "R",
        "STNC",
        "STRC",
        "LTNC",
        "LTRC",
        "HS",
        "DS",
        "M",
        "TRAN",
        "EQ",
        "DP",
        "SL",
        "CSL",
        "PS",
        "PS-SW",
        "LEES",
        "EOL",
        "ES",
        "OSTS",
        "OLTS",
        "C-R",
        "C-SS",
        "C-US",
        "C-OTH",
        "DNH-SL",
        "DNH-IL",
        "OTH",
    ]
)
UNITS = frozenset(["hours", "visits", "days", "nights", "weeks"])
AUTHORISATIONS = frozenset(["draft", "authorised", "cancelled"])
WRITTEN_OUT = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "ß": "ss"})
INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?"
)

Person = tuple[str, str]
"""A council's GSS code and its reference for the person."""
Names = tuple[str, str]
"""Normalised family name and given name, neither empty."""


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A rejection or warning: the source, row (1 is under the header), column and rule broken."""

    source: str
    row: int
    column: str
    rule: str
    level: Literal["rejected", "warning"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Line:
    """What CPLIs, portal rows and entries have in common, cleaned; None is null."""

    row: int
    cpli_id: str | None
    provider_id: str | None
    person_id: str | None
    service_type: str | None
    unmapped: bool
    start_date: date | None
    end_date: date | None
    weekly_quantity: Decimal | None
    unit: str | None
    set_to_null: frozenset[str]
    rejected: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class Identity:
    """Who a line says it is about, beside ids."""

    nhs_number: str | None
    family_name: str
    given_name: str
    names: Names | None
    date_of_birth: date | None


class Stated(TypedDict):
    """The fields of an Identity."""

    nhs_number: str | None
    family_name: str
    given_name: str
    names: Names | None
    date_of_birth: date | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Cpli(Line, Identity):
    """A CPLI row, rejected or not."""

    local_authority: str
    service_description: str | None
    authorisation: str | None
    created_on: date | None
    updated_on: date | None
    commissioning_team: str | None

    @property
    def person(self) -> Person | None:
        """The person, where the row's `person_id` can be read."""
        return (self.local_authority, self.person_id) if self.person_id else None


@dataclass(frozen=True, kw_only=True, eq=False)
class PortalRow(Line):
    """A row of a portal extract, rejected or not."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Entry(Line, Identity):
    """A caseload's row that is not blank, rejected or not."""

    local_authority: str | None

    @property
    def identity(self) -> tuple[object, ...]:
        """What entries that find nobody must share to be one person (Rule 6)."""
        return (
            self.local_authority,
            self.cpli_id,
            self.person_id,
            self.nhs_number,
            self.family_name,
            self.given_name,
            self.date_of_birth,
        )


@dataclass
class Cells:
    """Reads one row's cells, noting what is wrong with them."""

    raw: Row
    source: str
    row: int
    notices: list[Notice] = field(default_factory=list)
    set_to_null: set[str] = field(default_factory=set)

    def text(self, column: str) -> str | None:
        """Rule 2: text is trimmed, empty text is null."""
        return text(self.raw, column)

    def reject(self, column: str, rule: str) -> None:
        """Note that the row is rejected."""
        self._note(column, rule, "rejected")

    def warn(self, column: str, rule: str) -> None:
        """Note that a value is not used, the row stays."""
        self._note(column, rule, "warning")

    def _note(self, column: str, rule: str, level: Literal["rejected", "warning"]) -> None:
        self.notices.append(
            Notice(source=self.source, row=self.row, column=column, rule=rule, level=level)
        )

    @property
    def rejected(self) -> bool:
        """Whether anything rejected the row."""
        return any(notice.level == "rejected" for notice in self.notices)

    def required(self, column: str) -> str | None:
        """A text that must be there."""
        value = self.text(column)
        if value is None:
            self.reject(column, "missing")
        return value

    def date_or_reject(self, column: str) -> date | None:
        """A date that, where stated, must be readable."""
        value = self.text(column)
        read = as_date(value)
        if value is not None and read is None:
            self.reject(column, "unreadable")
        return read

    def period(self, *, start_required: bool) -> tuple[date | None, date | None]:
        """Start and end, rejecting an end before the start."""
        if start_required:
            self.required("start_date")
        start, end = self.date_or_reject("start_date"), self.date_or_reject("end_date")
        if start and end and end < start:
            self.reject("end_date", "before_start")
        return start, end

    def service_type(self) -> tuple[str | None, bool]:
        """The service type and whether it is unmapped, an unknown one being OTH."""
        value = self.required("service_type")
        if value is None or value in SERVICE_TYPES:
            return value, False
        self.warn("service_type", "unmapped")
        return "OTH", True

    def null(self, column: str, rule: str) -> None:
        """Set to null with a warning."""
        self.warn(column, rule)
        self.set_to_null.add(column)

    def quantity(self) -> Decimal | None:
        """A quantity that is unreadable or negative is null."""
        value = self.text("weekly_quantity")
        if value is None:
            return None
        quantity = as_quantity(value)
        if quantity is None:
            self.null("weekly_quantity", "unreadable")
        elif quantity < 0:
            self.null("weekly_quantity", "negative")
            return None
        return quantity

    def unit(self) -> str | None:
        """An unknown unit is null."""
        value = self.text("unit")
        if value is None or value in UNITS:
            return value
        self.null("unit", "unknown")
        return None

    def nhs_number(self) -> str | None:
        """An NHS number that is not valid is null."""
        value = self.text("nhs_number")
        if value is None:
            return None
        number = as_nhs_number(value)
        if number is None:
            self.null("nhs_number", "invalid")
        return number

    def date_of_birth(self, as_of: date) -> date | None:
        """A date of birth that is unreadable, after the run date or before 1900 is null."""
        value = self.text("date_of_birth")
        if value is None:
            return None
        born = as_date(value)
        if born is None:
            self.null("date_of_birth", "unreadable")
        elif born > as_of or born.year < 1900:
            self.null("date_of_birth", "out_of_range")
            return None
        return born

    def london_date(self, column: str) -> date | None:
        """An instant's date in London; an unreadable instant is null."""
        value = self.text(column)
        if value is None:
            return None
        on = as_london_date(value)
        if on is None:
            self.null(column, "unreadable")
        return on

    def gss_code(self) -> str | None:
        """A council that is not a GSS code is null."""
        value = self.text("local_authority")
        if value is None or re.fullmatch(r"E[0-9]{8}", value):
            return value
        self.null("local_authority", "not_a_gss_code")
        return None


def clean_cplis(
    raw_rows: Sequence[Row], *, local_authority: str, as_of: date
) -> tuple[list[Cpli], list[Notice]]:
    """Rule 2 for one council's extract: all its CPLIs, rejected ones marked."""
    source = f"cpli/{local_authority}"
    numbered = _without_identical_repeats(raw_rows)
    cplis, notices = [], []
    for row, raw in numbered:
        cells = Cells(raw, source, row)
        cplis.append(_clean_cpli(cells, local_authority=local_authority, as_of=as_of))
        notices += cells.notices
    return _reject_conflicting_repeats(cplis, notices, source)


def _without_identical_repeats(raw_rows: Sequence[Row]) -> list[tuple[int, Row]]:
    """Rule 2: fully identical repeats of a `cpli_id` count once."""
    kept, seen = [], set()
    for row, raw in enumerate(raw_rows, start=1):
        content = tuple(text(raw, column) for column in CPLI_COLUMNS)
        if is_blank(raw) or (text(raw, "cpli_id") and content in seen):
            continue
        seen.add(content)
        kept.append((row, raw))
    return kept


def _reject_conflicting_repeats(
    cplis: list[Cpli], notices: list[Notice], source: str
) -> tuple[list[Cpli], list[Notice]]:
    """Rule 2: the same `cpli_id` with different content rejects all its rows."""
    by_id = defaultdict(list)
    for cpli in cplis:
        by_id[cpli.cpli_id].append(cpli)
    conflicting = {cpli_id for cpli_id, same in by_id.items() if cpli_id and len(same) > 1}
    extra = [
        Notice(source=source, row=cpli.row, column="cpli_id", rule="conflicting", level="rejected")
        for cpli in cplis
        if cpli.cpli_id in conflicting
    ]
    marked = [
        replace(cpli, rejected=True, service_type=None if cpli.unmapped else cpli.service_type)
        if cpli.cpli_id in conflicting
        else cpli
        for cpli in cplis
    ]
    return marked, notices + extra


def _clean_cpli(cells: Cells, *, local_authority: str, as_of: date) -> Cpli:
    cpli_id, person_id = cells.required("cpli_id"), cells.required("person_id")
    provider_id = cells.required("provider_id")
    service_type, unmapped = cells.service_type()
    start_date, end_date = cells.period(start_required=True)
    authorisation = cells.required("authorisation")
    if authorisation and authorisation not in AUTHORISATIONS:
        cells.reject("authorisation", "unreadable")
        authorisation = None
    return Cpli(
        row=cells.row,
        local_authority=local_authority,
        cpli_id=cpli_id,
        person_id=person_id,
        provider_id=provider_id,
        service_type=None if unmapped and cells.rejected else service_type,
        unmapped=unmapped,
        service_description=cells.text("service_description"),
        start_date=start_date,
        end_date=end_date,
        authorisation=authorisation,
        created_on=cells.london_date("created_at"),
        updated_on=cells.london_date("updated_at"),
        commissioning_team=cells.text("commissioning_team"),
        weekly_quantity=cells.quantity(),
        unit=cells.unit(),
        **_identity(cells, as_of),
        set_to_null=frozenset(cells.set_to_null),
        rejected=cells.rejected,
    )


def clean_portal(raw_rows: Sequence[Row], *, source: str) -> tuple[list[PortalRow], list[Notice]]:
    """Rule 2 for one portal extract: as a CPLI, without authorisation and repeats."""
    rows, notices = [], []
    for row, raw in enumerate(raw_rows, start=1):
        if is_blank(raw):
            continue
        cells = Cells(raw, source, row)
        rows.append(_clean_portal_row(cells))
        notices += cells.notices
    return rows, notices


def _clean_portal_row(cells: Cells) -> PortalRow:
    cpli_id, person_id = cells.required("cpli_id"), cells.required("person_id")
    provider_id = cells.required("provider_id")
    service_type, unmapped = cells.service_type()
    start_date, end_date = cells.period(start_required=True)
    return PortalRow(
        row=cells.row,
        cpli_id=cpli_id,
        person_id=person_id,
        provider_id=provider_id,
        service_type=None if unmapped and cells.rejected else service_type,
        unmapped=unmapped,
        start_date=start_date,
        end_date=end_date,
        weekly_quantity=cells.quantity(),
        unit=cells.unit(),
        set_to_null=frozenset(cells.set_to_null),
        rejected=cells.rejected,
    )


def clean_caseload(caseload: CaseloadFile, as_of: date) -> tuple[list[Entry], list[Notice]]:
    """Rule 2 for one caseload that could be read: its entries, wholly blank rows left out."""
    source = f"caseload/{caseload.provider_id}/{caseload.caseload_date}"
    entries, notices = [], []
    for row, raw in enumerate(caseload.rows or (), start=1):
        there = {name: raw.get(name, "") for name in caseload.columns}
        if is_blank(there):
            continue
        cells = Cells(there, source, row)
        entries.append(_clean_entry(cells, caseload, as_of))
        notices += cells.notices
    return entries, notices


def _clean_entry(cells: Cells, caseload: CaseloadFile, as_of: date) -> Entry:
    stated = cells.text("provider_id")
    if stated is not None and stated != caseload.provider_id:
        cells.reject("provider_id", "differs_from_file")
    stated = cells.text("caseload_date")
    if stated is not None and stated != caseload.caseload_date.isoformat():
        cells.reject("caseload_date", "differs_from_file")
    entry = clean_identity_of_entry(cells, as_of)
    service_type, unmapped = cells.service_type()
    start_date, end_date = cells.period(start_required=False)
    return replace(
        entry,
        provider_id=caseload.provider_id,
        service_type=service_type,
        unmapped=unmapped,
        start_date=start_date,
        end_date=end_date,
        weekly_quantity=cells.quantity(),
        unit=cells.unit(),
        set_to_null=frozenset(cells.set_to_null),
        rejected=cells.rejected,
    )


def clean_identity_of_entry(cells: Cells, as_of: date) -> Entry:
    """An entry's identity alone, rejecting one that carries no usable identity (Rule 2)."""
    entry = Entry(
        row=cells.row,
        local_authority=cells.gss_code(),
        cpli_id=cells.text("cpli_id"),
        person_id=cells.text("person_id"),
        **_identity(cells, as_of),
        provider_id=None,
        service_type=None,
        unmapped=False,
        start_date=None,
        end_date=None,
        weekly_quantity=None,
        unit=None,
        set_to_null=frozenset(),
        rejected=False,
    )
    named = cells.text("family_name") and cells.text("given_name") and entry.date_of_birth
    if not (entry.cpli_id or entry.nhs_number or entry.person_id or named):
        cells.reject("", "no_identity")
    return entry


def _identity(cells: Cells, as_of: date) -> Stated:
    family, given = (normalised(cells.text(name)) for name in ("family_name", "given_name"))
    return {
        "nhs_number": cells.nhs_number(),
        "family_name": family,
        "given_name": given,
        "names": (family, given) if family and given else None,
        "date_of_birth": cells.date_of_birth(as_of),
    }


def text(raw: Row, column: str) -> str | None:
    """Rule 2: text is trimmed, empty text is null."""
    return (raw.get(column) or "").strip() or None


def is_blank(raw: Row) -> bool:
    """Whether no cell of the row holds anything."""
    return not any((cell or "").strip() for cell in raw.values())


@cache
def as_date(value: str | None) -> date | None:
    """Rule 2: dates are YYYY-MM-DD."""
    if value is None or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def as_quantity(value: str) -> Decimal | None:
    """A plain decimal number, or None."""
    if not re.fullmatch(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)", value):
        return None
    return Decimal(value)


@cache
def as_london_date(value: str) -> date | None:
    """Rule 2: an instant's date is its date in London; without a zone it is London time."""
    if not INSTANT.fullmatch(value):
        return None
    try:
        instant = datetime.fromisoformat(value)
        return (instant.astimezone(LONDON) if instant.tzinfo else instant).date()
    except (ValueError, OverflowError):
        return None


@cache
def as_nhs_number(value: str) -> str | None:
    """Rule 2: ten digits after removing spaces and hyphens, not all equal, modulus 11 right."""
    digits = value.replace(" ", "").replace("-", "")
    if not re.fullmatch(r"[0-9]{10}", digits) or len(set(digits)) == 1:
        return None
    weighted = sum(
        int(digit) * weight for digit, weight in zip(digits[:9], range(10, 1, -1), strict=True)
    )
    check = (11 - weighted % 11) % 11
    return digits if check == int(digits[9]) else None


@cache
def normalised(name: str | None) -> str:
    """Rule 6.4: NFKD; ł ø đ æ œ ß written out; letters only; case folded."""
    decomposed = unicodedata.normalize("NFKD", name or "").casefold().translate(WRITTEN_OUT)
    return "".join(letter for letter in decomposed if letter.isalpha())
