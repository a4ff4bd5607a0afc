"""What a report is made of: small facts, and frames that say in words what was coded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import pandas as pd

WEEKS = 13
"""For how many weeks timeliness is told, the one of the night included."""


@dataclass(frozen=True, kw_only=True)
class Council:
    """A council of the night; `message` says why it was not assessed and who should act."""

    code: str
    name: str
    assessed: bool
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class CareRecord:
    """What the night came to at the Care Record: its export's name, or why there is none.

    `received` says whether anybody is set to receive it.
    """

    export: str | None
    reason: str | None
    received: bool


@dataclass(frozen=True, kw_only=True)
class ReportFacts:
    """What a report tells of one council, or of the region: then of all its councils and of none.

    Open cases are as they stand after the night of `cases_on`, which is a later one than `as_of`
    where an older night was run again. `since` is the night that this one is compared with.
    `target_days` are the service levels: within how many working days each severity is due.
    `window_months` is how far back services are looked at. Categories say their words in the order
    in which they are told.

    Frames, `local_authority` being null for what no council is known for:
    `changes` (local_authority, change: a category), one row a discrepancy;
    `turns` (local_authority, turn: a category, cases);
    `cases`, by discrepancy_id: what the night said of each that is not settled, with state and
    standing (categories), breached, team, worker, provider_name, first_seen, due_on, age_days,
    age_band (a category) and urgency (a `Severity`);
    `caseloads`, by provider_id: name, accepted (null where nobody looked), why and to_do, empty
    where it was accepted;
    `dealings` (local_authority, provider_id): with which providers councils are known to deal;
    `weeks` (week, its Monday; local_authority, as_of, cplis, median_lag_days, p90_lag_days,
    share_on_system_by_start): the last measure of each week;
    `files` and `rows`, what could not be used (local_authority, provider_id, shared: whether it is
    everybody's business; source, file, message; of rows also column, result and rows, a count, null
    where a whole file is meant);
    `unmapped` (local_authority, supplier_reference, cplis, a count);
    `withheld` (local_authority, what, reason, number), None where nothing was published.
    """

    name: str
    stem: str
    region: bool
    as_of: date
    cases_on: date
    since: date | None
    looked_at_caseloads: bool
    target_days: Mapping[str, int]
    due_soon_days: int
    window_months: int
    councils: tuple[Council, ...]
    worklist_url: str
    care_record: CareRecord
    changes: pd.DataFrame
    turns: pd.DataFrame
    cases: pd.DataFrame
    caseloads: pd.DataFrame
    dealings: pd.DataFrame
    weeks: pd.DataFrame
    files: pd.DataFrame
    rows: pd.DataFrame
    unmapped: pd.DataFrame
    withheld: pd.DataFrame | None

    @property
    def not_assessed(self) -> tuple[Council, ...]:
        """The councils of which the night says nothing new."""
        return tuple(council for council in self.councils if not council.assessed)

    @property
    def first_week(self) -> pd.Timestamp:
        """The Monday of the first week of which timeliness is told."""
        return monday(self.as_of) - pd.Timedelta(weeks=WEEKS - 1)

    def of(self, council: Council) -> ReportFacts:
        """Return the facts of one council of the region."""
        code = council.code
        known = self.dealings.loc[self.dealings["local_authority"].eq(code), "provider_id"]
        return replace(
            self,
            name=council.name,
            stem=code,
            region=False,
            councils=(council,),
            changes=_own(self.changes, code),
            turns=_own(self.turns, code),
            cases=_own(self.cases, code),
            caseloads=self.caseloads[self.caseloads.index.isin(known)],
            dealings=_own(self.dealings, code),
            weeks=_own(self.weeks, code),
            files=_concerning(self.files, code, known),
            rows=_concerning(self.rows, code, known),
            unmapped=_own(self.unmapped, code),
            withheld=None if self.withheld is None else _own(self.withheld, code),
        )


def monday(day: date) -> pd.Timestamp:
    """Return the Monday of a day's week."""
    stamp = pd.Timestamp(day)
    return stamp - pd.Timedelta(days=stamp.day_of_week)


def _own(frame: pd.DataFrame, code: str) -> pd.DataFrame:
    return frame[frame["local_authority"].eq(code)]


def _concerning(frame: pd.DataFrame, code: str, providers: pd.Series) -> pd.DataFrame:
    own = frame["local_authority"].eq(code) | frame["provider_id"].isin(providers)
    return frame[own | frame["shared"]]
