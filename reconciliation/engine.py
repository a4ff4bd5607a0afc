"""The rules in the order in which they are applied."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd

from reconciliation import caseloads, leftovers, pairing, portal, raising
from reconciliation.claims import state_claims
from reconciliation.coded import Coded, encode
from reconciliation.columns import Numbers
from reconciliation.comparisons import put_together
from reconciliation.days import UNSTATED, lifecycle
from reconciliation.identity import hashed_identities
from reconciliation.night import Findings, Night, Tolerances
from reconciliation.pairing import PASS_NAMES, Pairs
from reconciliation.persons import find_persons, what_workers_told
from reconciliation.raising import Picture
from reconciliation.spells import Spells, in_scope, join_spells
from reconciliation.table import discrepancy_table
from reconciliation.timeliness import timeliness
from reconciliation.wording import STATES
from schemas.tables import Discrepancy, check

ALL_COUNCILS = "all"


def reconcile(night: Night, tolerances: Tolerances | None = None) -> Findings:
    """Compare what the councils hold with what providers and the portal show (rules 3 to 11)."""
    tolerances = tolerances or Tolerances()
    coded = encode(night, tolerances)
    spells = join_spells(coded, spell_gap_days=tolerances.spell_gap_days)
    verdicts = caseloads.judge(night, coded, spells, tolerances)
    accepted = verdicts[verdicts["accepted"]]
    accepted_numbers = accepted["caseload"].to_numpy()
    on, has_rejected_rows = _by_provider(coded, accepted)

    found = find_persons(coded, tolerances, what_workers_told(night, coded))
    claims = state_claims(
        night, coded, found, accepted_numbers, spell_gap_days=tolerances.spell_gap_days
    )
    in_rejected_entry = leftovers.identified_by_rejected_entry(
        coded, spells, found, accepted_numbers
    )
    tried = pairing.candidates(claims, spells)
    pairs = pairing.empty_pairs(claims, spells)
    pairing.pair_by_person(tried, pairs)
    left = (pairs.spell < 0) & (claims.column("is_ended") == 0)
    barred = leftovers.concerned_claims(coded, claims, left)
    pairing.pair_possible_matches(
        coded, claims, spells, pairs, tolerances, found=found, barred=barred
    )
    pairing.pair_other_providers(
        claims,
        spells,
        tried,
        pairs,
        barred=barred,
        assessed=on != UNSTATED,
        in_rejected_entry=in_rejected_entry,
    )
    pairing.pair_ended_claims(tried, pairs)

    picture = Picture(
        night=night,
        coded=coded,
        spells=spells,
        found=found,
        claims=claims,
        pairs=pairs,
        compared=put_together(coded, claims, spells, pairs),
        on=on,
    )
    repeated = portal.duplicate_cplis(night, coded, spells)
    unreported = leftovers.support_not_reported(
        coded,
        claims,
        spells,
        pairs,
        tolerances,
        on=on,
        in_rejected_entry=in_rejected_entry,
        has_rejected_rows=has_rejected_rows,
    )
    drafts = [
        raising.overdue_caseloads(picture, caseloads.overdue(coded, spells, verdicts)),
        raising.duplicate_entries(picture),
        *raising.rules_of_pairs(picture, tolerances, repeated),
        raising.possible_matches(picture),
        raising.other_providers(picture),
        raising.not_found(picture, leftovers.cpli_not_found(coded, claims, pairs, barred=barred)),
        raising.not_reported(picture, unreported),
        *raising.portal_discrepancies(picture, tolerances),
        raising.duplicate_cplis(picture, repeated),
    ]
    discrepancies, identities = discrepancy_table(drafts)
    return Findings(
        discrepancies=check(Discrepancy, discrepancies),
        identities=identities,
        timeliness=timeliness(night, coded, spells),
        verdicts=verdicts.drop(columns=["provider", "day"]),
        counts=_counts(night, coded, spells, pairs, len(claims.entry)),
    )


def entry_identities(night: Night) -> pd.Series:
    """Return the hash of what each entry states of identity: a decision names it so (rule 7).

    First come those of `Night.entries`, then those of `Night.rejected_entries`.
    """
    coded = encode(night, Tolerances())
    return hashed_identities(night, coded, np.arange(len(coded.entries)))


def _by_provider(coded: Coded, accepted: pd.DataFrame) -> tuple[Numbers, np.ndarray]:
    """Return by provider code the accepted caseload's date and whether it has rejected rows."""
    on = np.full(len(coded.texts.providers) + 1, UNSTATED, dtype=np.int64)
    on[accepted["provider"].to_numpy()] = accepted["day"].to_numpy()
    has_rejected_rows = np.zeros(len(on), dtype=bool)
    has_rejected_rows[accepted["provider"].to_numpy()] = accepted["rejected_rows"].to_numpy() > 0
    return on, has_rejected_rows


def _counts(
    night: Night, coded: Coded, spells: Spells, pairs: Pairs, entries: int
) -> dict[str, dict[str, int]]:
    """Return whole numbers by council and for all: CPLIs in scope, spells, entries, pairs."""
    lines = coded.lines
    line = np.flatnonzero(in_scope(lines, window=coded.window))
    state = lifecycle(
        start=lines["start"].to_numpy()[line], end=lines["end"].to_numpy()[line], on=coded.as_of
    )
    paired = np.flatnonzero(pairs.spell >= 0)
    counts: dict[str, Counter[str]] = {name: Counter() for name in sorted(night.councils)}
    texts = coded.texts.councils
    for name, council, labels in (
        ("in_scope", lines["council"].to_numpy()[line], STATES[state]),
        ("spells", spells.column("council"), np.full(len(spells), "", dtype=object)),
        (
            "pairs",
            spells.column("council")[pairs.spell[paired]],
            np.array(list(PASS_NAMES.values()), dtype=object)[pairs.in_pass[paired] - 1],
        ),
    ):
        tally = pd.DataFrame({"council": council, "label": labels}).value_counts()
        for (number, label), count in tally.items():
            counts[texts[number]][f"{name}_{label}".rstrip("_")] += int(count)
    whole = sum(counts.values(), Counter())
    whole["entries"] = entries
    return {
        name: dict(sorted(tally.items()))
        for name, tally in (counts | {ALL_COUNCILS: whole}).items()
    }
