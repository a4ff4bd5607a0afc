"""From a drawn population, as raw text, to the frames that the fast engine takes."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
from oracle import CaseloadFile as DrawnFile
from oracle import Council, Population

from reconciliation import Findings, Night, Tolerances, entry_identities, reconcile
from reconciliation.night import no_duplicates_denied
from schemas.cleaning import clean_caseloads, clean_cplis, clean_portal
from schemas.raw import CaseloadFile, FileFacts, RawTable, refusals
from schemas.tables import CASELOAD, CPLI, PORTAL, TableColumns
from schemas.vocabularies import CaseloadFailure

KEY = b"a key for tests alone"
COMPARED = (
    "type",
    "severity",
    "local_authority",
    "provider_id",
    "person_id",
    "cpli_ids",
    "service_type",
    "caseload_date",
    "caseload_rows",
    "reason",
    "caveat",
)
IDENTITIES = (
    {"cpli_id"},
    {"nhs_number"},
    {"person_id"},
    {"family_name", "given_name", "date_of_birth"},
)


def raw_table(
    rows: Sequence[Mapping[str, str]], table: TableColumns, columns: Sequence[str] | None = None
) -> RawTable:
    """Return rows of text as a connector would hand them over."""
    present = frozenset(table.known if columns is None else columns) & frozenset(table.known)
    cells = {
        name: pd.Series(
            [row.get(name) or None if name in present else None for row in rows], dtype="str"
        )
        for name in table.known
    }
    frame = pd.DataFrame(cells).assign(row=np.arange(1, len(rows) + 1), ragged=False)
    facts = FileFacts(
        file=table.name, size_bytes=0, sha256="", received_at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    return RawTable(
        table=table,
        source=table.name,
        facts=facts,
        columns=present,
        frame=frame,
        refusals=refusals(),
    )


def night_of(population: Population, as_of: date, tolerances: Tolerances | None = None) -> Night:
    """Clean a population into one night's frames."""
    tolerances = tolerances or Tolerances()
    cplis = [
        clean_cplis(raw_table(council.cplis or (), CPLI), local_authority=code, as_of=as_of)
        for code, council in population.councils.items()
    ]
    portal_dates = {
        code: when
        for code, council in population.councils.items()
        if council.cplis is not None
        for when in _latest_portal(council.portal, as_of, tolerances)
    }
    portals = [
        clean_portal(
            raw_table(population.councils[code].portal[when] or (), PORTAL),
            local_authority=code,
            extract_date=when,
        )
        for code, when in portal_dates.items()
    ] or [clean_portal(raw_table((), PORTAL), local_authority="E06000016", extract_date=as_of)]
    files = [file for file in population.caseloads if file.caseload_date <= as_of]
    cleaned = clean_caseloads(
        [
            (
                number,
                CaseloadFile(
                    provider_id=file.provider_id,
                    caseload_date=file.caseload_date,
                    file="",
                    received_at=datetime(2026, 1, 1, tzinfo=UTC),
                ),
                raw_table(file.rows or (), CASELOAD, file.columns),
            )
            for number, file in enumerate(files)
        ],
        as_of=as_of,
    )
    caseloads = pd.DataFrame(
        {
            "caseload": np.arange(len(files), dtype=np.int64),
            "provider_id": pd.Series([file.provider_id for file in files], dtype="str"),
            "caseload_date": pd.Series(
                [pd.Timestamp(file.caseload_date) for file in files], dtype="datetime64[us]"
            ),
            "received": np.array([file.received for file in files], dtype=np.int64),
            "failure": pd.Series([failure(file) for file in files], dtype="str"),
            "rows": cleaned.counts["rows"].to_numpy(np.int64),
            "rejected_rows": cleaned.counts["rejected_rows"].to_numpy(np.int64),
            "confirmed": np.array(
                [(file.provider_id, file.caseload_date) in population.confirmed for file in files],
                dtype=bool,
            ),
        }
    )
    return Night(
        as_of=as_of,
        councils=frozenset(population.councils),
        assessed=frozenset(
            code for code, council in population.councils.items() if council.cplis is not None
        ),
        cplis=pd.concat([part.valid for part in cplis], ignore_index=True),
        rejected_cplis=pd.concat([part.rejected for part in cplis], ignore_index=True),
        portal=pd.concat([part.valid for part in portals], ignore_index=True),
        rejected_portal=pd.concat([part.rejected for part in portals], ignore_index=True),
        portal_dates=portal_dates,
        caseloads=caseloads,
        entries=cleaned.valid,
        rejected_entries=cleaned.rejected,
        identity_key=KEY,
        decisions=decisions_of(population, as_of),
        not_duplicates=not_duplicates_of(population, as_of),
    )


def decisions_of(population: Population, as_of: date) -> pd.DataFrame:
    """Return workers' decisions, each about an entry of the stated identity."""
    decisions = population.decisions
    entries = [{"service_type": "HS", **dict(decision.entry.items())} for decision in decisions]
    return pd.DataFrame(
        {
            "same": np.array([decision.same for decision in decisions], dtype=bool),
            "provider_id": pd.Series([decision.provider_id for decision in decisions], dtype="str"),
            "entry_identity": pd.Series(
                [identity_of(entry, as_of) for entry in entries], dtype="str"
            ),
            "local_authority": pd.Series(
                [decision.local_authority for decision in decisions], dtype="str"
            ),
            "person_id": pd.Series([decision.person_id for decision in decisions], dtype="str"),
        }
    )


def not_duplicates_of(population: Population, as_of: date) -> pd.DataFrame:
    """Return workers' words on what is no duplicate."""
    cplis = [
        {"local_authority": word.local_authority, "cpli_ids": ";".join(sorted(word.cpli_ids))}
        for word in population.not_duplicate_cplis
    ]
    entries = [
        {
            "provider_id": word.provider_id,
            "entry_identity": identity_of({"service_type": "HS", **word.entry}, as_of),
            "service_type": word.service_type,
        }
        for word in population.not_duplicate_entries
    ]
    words = [*cplis, *entries]
    return pd.DataFrame(
        {
            name: pd.Series([word.get(name) for word in words], dtype="str")
            for name in no_duplicates_denied().columns
        }
    )


def identity_of(entry: Mapping[str, str], as_of: date) -> str:
    """Return the hash of the identity that one entry states."""
    population = Population(
        councils={"E06000016": Council(cplis=[])},
        caseloads=[DrawnFile(provider_id="P", caseload_date=as_of, rows=[entry])],
    )
    night = night_of(population, as_of)
    if len(night.entries) + len(night.rejected_entries) == 0:
        return ""
    return entry_identities(night).iloc[0]


def failure(file: DrawnFile) -> str | None:
    """Return why a caseload cannot be looked into at all, if so."""
    if file.rows is None:
        return CaseloadFailure.UNREADABLE.value
    columns = set(file.columns)
    if "service_type" not in columns or not any(fields <= columns for fields in IDENTITIES):
        return CaseloadFailure.MISSING_COLUMNS.value
    return None


def _latest_portal(
    extracts: Mapping[date, Sequence[Mapping[str, str]] | None],
    as_of: date,
    tolerances: Tolerances,
) -> list[date]:
    oldest = as_of - timedelta(days=tolerances.portal_max_age_days)
    readable = [
        when for when, rows in extracts.items() if oldest <= when <= as_of and rows is not None
    ]
    return [max(readable)] if readable else []


def findings_of(population: Population, as_of: date) -> Findings:
    """Reconcile a population with the fast engine."""
    return reconcile(night_of(population, as_of))


def rows_of(findings: Findings) -> list[tuple[str, ...]]:
    """Return the discrepancies as sorted tuples of text (COMPARED)."""
    table = findings.discrepancies
    # Of an overdue caseload the plain reading states no date: there is none to speak of.
    dated = (
        table["caseload_date"].dt.strftime("%Y-%m-%d").mask(table["type"].eq("caseload_overdue"))
    )
    frame = table[list(COMPARED)].assign(caseload_date=dated).astype("object").fillna("")
    return sorted(frame.itertuples(index=False, name=None))
