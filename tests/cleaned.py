"""From rows of text to cleaned frames, and from those to plain rows, for the tests of cleaning."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import pandas as pd
from bridge import raw_table
from oracle.tables import synthetic_nhs_number

from schemas.cleaning import (
    Cleaned,
    CleanedCaseloads,
    clean_caseloads,
    clean_cplis,
    clean_portal,
    clean_providers,
    clean_supplier_references,
)
from schemas.raw import CaseloadFile, RawTable
from schemas.tables import (
    CASELOAD,
    CPLI,
    PORTAL,
    PROVIDER,
    SUPPLIER_REFERENCE,
    Cpli,
    Entry,
    Portal,
    Provider,
    Table,
    TableColumns,
)

Row = Mapping[str, str]
Refused = tuple[int, str | None, str, str]

AS_OF = date(2026, 11, 20)
CASELOAD_DATE = date(2026, 11, 16)
EXTRACT_DATE = date(2026, 11, 18)
LEICESTER = "E06000016"

SUPPORT = {
    "service_type": "HS",
    "start_date": "2026-05-01",
    "end_date": "2027-03-31",
    "weekly_quantity": "14.5",
    "unit": "hours",
}
MARGARET = {
    "nhs_number": synthetic_nhs_number(10),
    "family_name": "Hollis",
    "given_name": "Margaret",
    "date_of_birth": "1938-07-04",
}
CPLI_ROW: Row = {
    "cpli_id": "C1",
    "person_id": "1001",
    "provider_id": "P1",
    **MARGARET,
    **SUPPORT,
    "authorisation": "authorised",
    "created_at": "2026-04-20T09:30:00Z",
    "updated_at": "2026-09-01T17:05:00Z",
    "service_category": "LTS-C",
    "service_description": "weekday calls",
    "commissioning_team": "North",
    "commissioning_worker": "Ada Obi",
    "district": "Melton",
    "restricted": "no",
}
PORTAL_ROW: Row = {"cpli_id": "C1", "person_id": "1001", "provider_id": "P1", **SUPPORT}
ENTRY_ROW: Row = {
    "provider_id": "P1",
    "caseload_date": "2026-11-16",
    "cpli_id": "C1",
    "local_authority": LEICESTER,
    "person_id": "1001",
    **MARGARET,
    **SUPPORT,
}


def raw(rows: Sequence[Row], table: TableColumns, *, ragged: Sequence[int] = ()) -> RawTable:
    """Rows as a connector hands them over; those whose numbers are in `ragged` are ragged."""
    plain = raw_table(rows, table)
    return replace(plain, frame=plain.frame.assign(ragged=plain.frame["row"].isin(ragged)))


def cleaned_cplis(*rows: Row, ragged: Sequence[int] = ()) -> Cleaned:
    """One council's extract, cleaned."""
    return clean_cplis(raw(rows, CPLI, ragged=ragged), local_authority=LEICESTER, as_of=AS_OF)


def cleaned_portal(*rows: Row, ragged: Sequence[int] = ()) -> Cleaned:
    """One portal extract, cleaned."""
    table = raw(rows, PORTAL, ragged=ragged)
    return clean_portal(table, local_authority=LEICESTER, extract_date=EXTRACT_DATE)


def caseload_file(provider_id: str = "P1", caseload_date: date = CASELOAD_DATE) -> CaseloadFile:
    """What a caseload's name says."""
    return CaseloadFile(
        provider_id=provider_id,
        caseload_date=caseload_date,
        file=f"caseload/{provider_id}_{caseload_date}.csv",
        received_at=datetime(2026, 11, 17, tzinfo=UTC),
    )


def cleaned_entries(*rows: Row, ragged: Sequence[int] = ()) -> CleanedCaseloads:
    """The caseload of provider P1, cleaned; it is number 0."""
    table = raw(rows, CASELOAD, ragged=ragged)
    return clean_caseloads([(0, caseload_file(), table)], as_of=AS_OF)


def cleaned_providers(*rows: Row, ragged: Sequence[int] = ()) -> Cleaned:
    """The register, cleaned."""
    return clean_providers(raw(rows, PROVIDER, ragged=ragged))


def cleaned_references(*rows: Row, provider_ids: Sequence[str]) -> Cleaned:
    """The list of supplier references beside a register of these providers, cleaned."""
    return clean_supplier_references(raw(rows, SUPPLIER_REFERENCE), provider_ids=provider_ids)


def refused(cleaned: Cleaned) -> list[Refused]:
    """Row, column, rule and level of all that was refused, sorted."""
    columns = ["row", "column", "rule", "level"]
    rows = cleaned.refusals[columns].astype("object").where(cleaned.refusals[columns].notna(), None)
    found = [tuple(row) for row in rows.itertuples(index=False, name=None)]
    return sorted(found, key=lambda row: tuple(map(str, row)))


def plain(frame: pd.DataFrame) -> list[dict[str, object]]:
    """The rows of a frame as dicts: dates and instants as ISO text, None for null."""
    return [
        {name: None if pd.isna(cell) else _as_text(cell) for name, cell in row.items()}
        for row in frame.astype("object").to_dict("records")
    ]


def _as_text(cell: object) -> object:
    if not isinstance(cell, pd.Timestamp):
        return cell
    return str(cell.date()) if cell.tzinfo is None else cell.isoformat()


def changed(sound: Row, cases: Sequence[Row]) -> list[Row]:
    """One row a case, like the sound one but for the case's `column`, and with an id of its own."""
    return [
        {**sound, "cpli_id": f"C{number}", case["column"]: case["cell"]}
        for number, case in enumerate(cases, start=1)
    ]


def numbered(cases: Sequence[Row]) -> dict[str, Sequence[object]]:
    """The numbers of cases for pytest's parametrize, each under what the case says."""
    names = [" ".join(cell for cell in case.values() if cell) for case in cases]
    return {"argvalues": range(1, len(cases) + 1), "ids": names}


def in_row(refusals: Sequence[Refused], number: int) -> list[Refused]:
    """The refusals of one row."""
    return [refusal for refusal in refusals if refusal[0] == number]


def only(frame: pd.DataFrame, number: int) -> dict[str, object]:
    """The one row of a frame that came from row `number` of its file."""
    name = "caseload_row" if "caseload_row" in frame else "row"
    (row,) = plain(frame[frame[name] == number])
    return row


@dataclass(frozen=True)
class Kind:
    """One kind of table and how it is cleaned."""

    columns: TableColumns
    model: type[Table]
    sound: Row
    bad: str
    clean: Callable[[RawTable], Cleaned]

    @property
    def broken(self) -> Row:
        """A row that is rejected for lack of a value."""
        return {**self.sound, "cpli_id": "C2", self.bad: "\u00a0"}

    @property
    def number(self) -> str:
        """The column of the cleaned frames that holds a row's number."""
        return "caseload_row" if self.columns is CASELOAD else "row"

    def cleaned(self, rows: Sequence[Row], *, ragged: Sequence[int] = ()) -> Cleaned:
        """The rows, cleaned."""
        return self.clean(raw(rows, self.columns, ragged=ragged))


KINDS = [
    Kind(
        CPLI,
        Cpli,
        CPLI_ROW,
        "person_id",
        lambda table: clean_cplis(table, local_authority=LEICESTER, as_of=AS_OF),
    ),
    Kind(
        PORTAL,
        Portal,
        PORTAL_ROW,
        "person_id",
        lambda table: clean_portal(table, local_authority=LEICESTER, extract_date=EXTRACT_DATE),
    ),
    Kind(
        CASELOAD,
        Entry,
        ENTRY_ROW,
        "service_type",
        lambda table: clean_caseloads([(0, caseload_file(), table)], as_of=AS_OF),
    ),
    Kind(
        PROVIDER,
        Provider,
        {"provider_id": "P1", "name": "Oak House", "cqc_id": "1-2", "ods_code": "A1"},
        "provider_id",
        clean_providers,
    ),
]
