"""Puts the pulls together for the rules, and gives account of what these found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from importlib.metadata import version
from typing import Any

import pandas as pd

from casebook.record import (
    CouncilRecord,
    NightOutcome,
    NightRecord,
    SourceOutcome,
    SourceRecord,
    no_about,
    no_timeliness,
)
from casebook.rulings import Rulings
from flows.outcome import AnswersTaken
from flows.pulls import (
    CASELOAD_TABLES,
    COUNCIL_TABLES,
    RECEIPTS,
    UNMAPPED,
    UNMAPPED_COLUMNS,
    CaseloadFacts,
    CouncilFacts,
    Counted,
    Pull,
    Pulls,
    RegisterFacts,
    council_name,
    empty,
    together,
)
from reconciliation import ALL_COUNCILS, Findings, Night
from schemas.raw import refusals
from schemas.tables import REFUSAL_COLUMNS, Discrepancy
from schemas.vocabularies import CaseloadFailure, RefusalLevel

ABOUT = "about"
VERSION = version("cpli-reconciliation")
NOT_PASSED = (
    CaseloadFailure.TOO_MANY_REJECTED.value,
    CaseloadFailure.TOO_FEW_ROWS.value,
    CaseloadFailure.IMPLAUSIBLE.value,
)


@dataclass(frozen=True, kw_only=True)
class Account:
    """What a night came to; `summary` is the same whenever the sources are.

    Frames: `discrepancies`, `about` (`ABOUT_COLUMNS`), `refusals`, `unmapped` and, where any
    council was assessed, `timeliness` and `receipts`.
    """

    as_of: date
    councils: tuple[CouncilRecord, ...]
    sources: tuple[SourceRecord, ...]
    summary: Mapping[str, Any]
    frames: Mapping[str, pd.DataFrame]
    providers_not_assessed: frozenset[str] = frozenset()
    portals_not_assessed: frozenset[str] = frozenset()

    @property
    def not_assessed(self) -> tuple[CouncilRecord, ...]:
        """The councils of which the night says nothing."""
        return tuple(council for council in self.councils if not council.assessed)

    @property
    def anything_assessed(self) -> bool:
        """Whether the night says something of at least one council."""
        return len(self.not_assessed) < len(self.councils)

    @property
    def outcome(self) -> NightOutcome:
        """How far the night got."""
        if not self.anything_assessed:
            return NightOutcome.NOTHING_ASSESSED
        return NightOutcome.INCOMPLETE if self.not_assessed else NightOutcome.COMPLETE

    @property
    def record(self) -> NightRecord:
        """What goes on record."""
        return NightRecord(
            as_of=self.as_of,
            version=VERSION,
            outcome=self.outcome,
            councils=self.councils,
            sources=self.sources,
            discrepancies=self.frames["discrepancies"],
            about=self.frames[ABOUT],
            timeliness=self.frames.get("timeliness", no_timeliness()),
            summary=self.summary,
            providers_not_assessed=self.providers_not_assessed,
            portals_not_assessed=self.portals_not_assessed,
        )


def assemble(
    councils: Sequence[Pull[CouncilFacts]],
    caseloads: Pull[CaseloadFacts],
    *,
    as_of: date,
    identity_key: bytes,
    rulings: Rulings,
) -> Night:
    """Build what the rules look at; `rulings` are what workers decided on earlier nights."""
    facts = [council.facts for council in councils]
    of_councils = {
        name: pd.concat([council.frames[name] for council in councils], ignore_index=True)
        for name in COUNCIL_TABLES
    }
    of_providers = {name: caseloads.frames[name] for name in (*CASELOAD_TABLES, "caseloads")}
    return Night(
        as_of=as_of,
        councils=frozenset(council.local_authority for council in facts),
        assessed=frozenset(council.local_authority for council in facts if council.cplis),
        portal_dates={
            council.local_authority: council.portal_date for council in facts if council.portal_date
        },
        identity_key=identity_key,
        decisions=rulings.decisions,
        not_duplicates=rulings.not_duplicates,
        **of_councils,
        **of_providers,
    )


def account_of(
    pulls: Pulls,
    caseloads: Pull[CaseloadFacts],
    *,
    night: Night,
    findings: Findings,
    about: pd.DataFrame,
) -> Account:
    """Give account of a night on which at least one council was assessed.

    `about` says who looks at each discrepancy (`ABOUT_COLUMNS`).
    """
    register = pulls.register
    facts = [council.facts for council in pulls.councils]
    verdicts = findings.verdicts.sort_values("caseload")
    judged = _judged(caseloads.facts.sources, verdicts)
    not_considered = [
        record.file
        for record, considered in zip(judged, verdicts["considered"], strict=True)
        if not considered
    ]
    of_caseloads = together([caseloads.frames["refusals"], _refused_caseloads(judged)])
    accepted = frozenset(verdicts.loc[verdicts["accepted"], "provider_id"])
    not_assessed = _providers(night, register) - accepted
    return Account(
        as_of=night.as_of,
        councils=tuple(council.record for council in facts),
        sources=_sources(pulls, (*judged, *caseloads.facts.others)),
        summary=_summary(night.as_of, facts, findings.discrepancies, findings.counts)
        | {
            "caseloads": {
                "rows_read": int(verdicts["rows"].sum()),
                "rows_rejected": int(verdicts["rejected_rows"].sum()),
                "files": dict(Counter(record.outcome.value for record in judged)),
                "refused": _reasons(judged),
                "turned_away": _reasons(caseloads.facts.others),
            },
            "providers": {
                "registered": len(register.facts.provider_ids),
                "assessed": len(accepted),
                "not_assessed": len(not_assessed),
            },
        },
        frames={
            "discrepancies": findings.discrepancies,
            ABOUT: about,
            "refusals": _refusals(pulls, of_caseloads[~of_caseloads["file"].isin(not_considered)]),
            "timeliness": findings.timeliness,
            UNMAPPED: _unmapped(pulls),
            RECEIPTS: caseloads.frames[RECEIPTS],
        },
        providers_not_assessed=not_assessed,
        portals_not_assessed=frozenset(
            council.local_authority for council in facts if council.portal is None
        ),
    )


def account_of_nothing(pulls: Pulls, *, as_of: date) -> Account:
    """Give account of a night on which no council could be assessed."""
    facts = [council.facts for council in pulls.councils]
    return Account(
        as_of=as_of,
        councils=tuple(council.record for council in facts),
        sources=_sources(pulls, ()),
        summary=_summary(as_of, facts, empty(Discrepancy), {}),
        frames={
            "discrepancies": empty(Discrepancy),
            ABOUT: no_about(),
            "refusals": _refusals(pulls),
            UNMAPPED: _unmapped(pulls),
        },
    )


def with_answers(account: Account, answers: AnswersTaken) -> Account:
    """Return the account with what is said of the answers that came."""
    if not answers.frames:
        return account
    said = {
        "refusals": in_order(together([account.frames["refusals"], answers.frames["refusals"]])),
        RECEIPTS: pd.concat(
            [account.frames.get(RECEIPTS), answers.frames[RECEIPTS]], ignore_index=True
        ),
    }
    return replace(account, frames={**account.frames, **said})


def in_order(noted: pd.DataFrame) -> pd.DataFrame:
    """Sort refusals by where they stand; what concerns a whole file comes first."""
    order = [*REFUSAL_COLUMNS[:5], "level", "message"]
    return noted.sort_values(order, na_position="first", ignore_index=True)


def tally(discrepancies: pd.DataFrame) -> dict[str, int]:
    """Count discrepancies by type."""
    counts = discrepancies["type"].value_counts()
    return {str(kind): int(count) for kind, count in sorted(counts.items())}


def _judged(sources: Sequence[SourceRecord], verdicts: pd.DataFrame) -> tuple[SourceRecord, ...]:
    """Say of each caseload file what rule 5 made of it; the verdicts are in the sources' order."""
    served = set(verdicts.loc[verdicts["accepted"], "provider_id"])
    return tuple(
        _verdict(
            record, accepted=accepted, looked_at=considered or provider not in served, reason=reason
        )
        for record, accepted, considered, provider, reason in zip(
            sources,
            verdicts["accepted"],
            verdicts["considered"],
            verdicts["provider_id"],
            verdicts["reason"],
            strict=True,
        )
    )


def _verdict(
    record: SourceRecord, *, accepted: bool, looked_at: bool, reason: object
) -> SourceRecord:
    if accepted:
        return record
    if not looked_at:
        return replace(record, outcome=SourceOutcome.SUPERSEDED)
    return replace(record, outcome=SourceOutcome.REFUSED, reason=str(reason))


def _refused_caseloads(judged: Sequence[SourceRecord]) -> pd.DataFrame:
    """Return a refusal of each caseload that could be read and did not pass (rule 5)."""
    return refusals(
        (
            record.source,
            record.file or "",
            None,
            None,
            record.reason,
            RefusalLevel.REJECTED.value,
            _not_accepted(CaseloadFailure(record.reason)),
        )
        for record in judged
        if record.reason in NOT_PASSED
    )


def _not_accepted(reason: CaseloadFailure) -> str:
    return f"Not accepted: {reason.display}. Ask the provider to send a whole caseload."


def _sources(pulls: Pulls, caseloads: tuple[SourceRecord, ...]) -> tuple[SourceRecord, ...]:
    of_councils = (record for council in pulls.councils for record in council.facts.sources)
    return (*pulls.register.facts.sources, *of_councils, *caseloads)


def _unmapped(pulls: Pulls) -> pd.DataFrame:
    """Return the supplier references that lead nowhere, with the CPLIs that they hold back."""
    nothing = pd.DataFrame(columns=UNMAPPED_COLUMNS, dtype="str")
    frames = [council.frames.get(UNMAPPED, nothing) for council in pulls.councils]
    whole = pd.concat([nothing, *frames], ignore_index=True)
    return whole.sort_values([*UNMAPPED_COLUMNS], na_position="first", ignore_index=True)


def _refusals(pulls: Pulls, *of_caseloads: pd.DataFrame) -> pd.DataFrame:
    of_councils = (council.frames["refusals"] for council in pulls.councils)
    return in_order(together([pulls.register.frames["refusals"], *of_councils, *of_caseloads]))


def _providers(night: Night, register: Pull[RegisterFacts]) -> frozenset[str]:
    """Return every provider that anything tonight speaks of."""
    named = [
        frame["provider_id"].dropna()
        for frame in (
            night.cplis,
            night.rejected_cplis,
            night.portal,
            night.rejected_portal,
            night.caseloads,
        )
    ]
    return register.facts.provider_ids | frozenset(pd.concat(named).unique())


def _reasons(records: Sequence[SourceRecord]) -> dict[str, int]:
    return dict(sorted(Counter(record.reason for record in records if record.reason).items()))


def _summary(
    as_of: date,
    councils: Sequence[CouncilFacts],
    discrepancies: pd.DataFrame,
    counts: Mapping[str, Mapping[str, int]],
) -> dict[str, object]:
    owner = discrepancies["local_authority"]
    return {
        "as_of": as_of.isoformat(),
        "version": VERSION,
        "councils": {
            council.local_authority: {
                **_of_council(council),
                **counts.get(council.local_authority, {}),
                "discrepancies": tally(discrepancies[owner == council.local_authority]),
            }
            for council in councils
        },
        "all": {
            "rows_read": sum(council.cplis.rows for council in councils if council.cplis),
            "rows_rejected": sum(
                council.cplis.rejected_rows for council in councils if council.cplis
            ),
            **counts.get(ALL_COUNCILS, {}),
            "discrepancies": tally(discrepancies),
            "discrepancies_without_council": tally(discrepancies[owner.isna()]),
        },
        "not_assessed": [
            {
                "local_authority": council.local_authority,
                "name": council_name(council.local_authority),
                "reason": council.reason,
                "message": council.message,
            }
            for council in councils
            if council.cplis is None
        ],
    }


def _of_council(council: CouncilFacts) -> dict[str, object]:
    facts: dict[str, object] = {
        "name": council_name(council.local_authority),
        "assessed": council.cplis is not None,
    }
    if council.cplis:
        facts |= {
            "rows_read": council.cplis.rows,
            "rows_rejected": council.cplis.rejected_rows,
            "portal": council.portal and _of_portal(council.portal, council.portal_date),
        }
    return facts


def _of_portal(portal: Counted, dated: date | None) -> dict[str, object]:
    return {
        "extract_date": dated and dated.isoformat(),
        "rows_read": portal.rows,
        "rows_rejected": portal.rejected_rows,
    }
