"""Finds the lines behind what a night found, so that people see both sides of a case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from casebook.changes import Basis, types_on
from casebook.evidence import COLUMNS, Kept, no_lines
from casebook.record import SourceOutcome
from casebook.store import Casebook
from flows.account import Account
from flows.notices import caseloads_with
from flows.progress import LOG
from flows.pulls import CaseloadFacts, CouncilFacts, Pull, Pulls

KEY, COUNCIL_LINE = "discrepancy_id", ["local_authority", "cpli_id"]
ENTRY = ["provider_id", "caseload_row"]
OF_PORTAL = {"extract_date": "dated"}
OF_ENTRY = {"caseload_row": "row", "caseload_date": "dated"}


def keep_evidence(account: Account, pulls: Pulls, casebook: Casebook, *, whole: bool) -> Kept:
    """Keep the lines behind the cases of a night that is on record; `pulls` come with frames.

    Of councils that could not be assessed, and in a run of chosen councils of cases of none, what
    is kept stays.
    """
    councils = [council for council in pulls.councils if council.facts.cplis]
    if not councils or pulls.caseloads is None:
        return Kept(written=0, removed=0)
    assessed = {council.facts.local_authority for council in councils}
    found = account.frames["discrepancies"]
    owner = found["local_authority"]
    lines = lines_of(
        found[owner.isin(assessed) | (owner.isna() & whole)],
        councils=councils,
        entries=_accepted(pulls.caseloads, account),
    )
    nobodys = {None} if whole else set()
    kept = casebook.evidence().keep(account.as_of, lines, councils=assessed | nobodys)
    LOG.info("Kept: %s lines behind cases written, %s removed", kept.written, kept.removed)
    return kept


def lines_of(
    found: pd.DataFrame, *, councils: Sequence[Pull[CouncilFacts]], entries: pd.DataFrame
) -> pd.DataFrame:
    """Return the lines that discrepancies name: of councils, of their portals, and `entries`.

    The columns are those of `casebook.evidence`; within a side the lines stand by when they start.
    """
    named = _exploded(found, "cpli_ids", "cpli_id")
    of_portal = named[named["type"].isin(types_on(Basis.PORTAL))]
    rows = _exploded(found, "caseload_rows", "caseload_row").astype({"caseload_row": "int64"})
    parts = {
        "council": _joined(named, _together(councils, "cplis"), COUNCIL_LINE),
        "portal": _joined(of_portal, _together(councils, "portal"), COUNCIL_LINE, OF_PORTAL),
        "provider": _joined(rows, entries, ENTRY, OF_ENTRY),
    }
    return pd.concat([no_lines(), *(_of_side(side, part) for side, part in parts.items())])


def _exploded(found: pd.DataFrame, many: str, one: str) -> pd.DataFrame:
    """Return a row for each of the values that a column joins by `;`."""
    known = found.loc[found[many].notna(), [KEY, "type", "local_authority", "provider_id", many]]
    each = known.assign(**{one: known[many].str.split(";")}).explode(one)
    return each.drop(columns=many).astype({one: "str"}).drop_duplicates([KEY, one])


def _together(councils: Sequence[Pull[CouncilFacts]], name: str) -> pd.DataFrame:
    return pd.concat([council.frames[name] for council in councils], ignore_index=True)


def _accepted(caseloads: Pull[CaseloadFacts], account: Account) -> pd.DataFrame:
    """Return the entries of the caseloads that were accepted."""
    entries = caseloads.frames["entries"]
    accepted = caseloads_with(caseloads, account, SourceOutcome.USED)
    return entries[entries["caseload"].isin(accepted)]


def _joined(
    named: pd.DataFrame,
    lines: pd.DataFrame,
    on: list[str],
    names: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Return the lines that are named, by the discrepancies that name them."""
    # Of all lines few are named: the others are left out before anything is joined.
    wanted = lines[lines[on[1]].isin(named[on[1]])]
    return named[[KEY, *on]].merge(wanted, on=on).rename(columns=dict(names or {}))


def _of_side(side: str, lines: pd.DataFrame) -> pd.DataFrame:
    # A table that has no row number that people know brings one of the extract's.
    lines = lines if side == "provider" else lines.drop(columns="row")
    by = [KEY, "start_date", "cpli_id" if side != "provider" else "row"]
    ordered = lines.sort_values(by, kind="stable")
    position = ordered.groupby(KEY).cumcount() + 1
    return ordered.assign(side=side, position=position).reindex(columns=list(COLUMNS))
