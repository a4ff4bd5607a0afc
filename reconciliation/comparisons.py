"""What a pair shows (rule 8): identity, presence, dates, quantity and service type."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from reconciliation import columns
from reconciliation.claims import CURRENT, Claims, Statement, statement
from reconciliation.coded import MILLIONTHS, Coded
from reconciliation.columns import Numbers
from reconciliation.days import ACTIVE, ENDED, NEVER, PLANNED, UNSTATED, Mask, lifecycle
from reconciliation.night import Tolerances
from reconciliation.pairing import COMPARED, OTHER_SERVICE, OTHER_SERVICE_ENDED, Pairs
from reconciliation.persons import BY_NAMES, NOBODY, Found, differences
from reconciliation.spells import DRAFT, Spells, weekly_quantity
from schemas.vocabularies import DiscrepancyType, NotFoundReason

COMPARE = "compare"

# Rule 8.2: the spell's lifecycle on the caseload date, and what the provider says on it.
PRESENCE = {
    (ACTIVE, CURRENT): COMPARE,
    (ACTIVE, ENDED): DiscrepancyType.SUPPORT_ENDED.value,
    (ACTIVE, PLANNED): DiscrepancyType.SUPPORT_NOT_STARTED.value,
    (PLANNED, CURRENT): DiscrepancyType.SUPPORT_BEFORE_START.value,
    (PLANNED, ENDED): DiscrepancyType.SUPPORT_ENDED.value,
    (PLANNED, PLANNED): COMPARE,
    (ENDED, CURRENT): DiscrepancyType.SUPPORT_AFTER_END.value,
    (ENDED, ENDED): COMPARE,
    (ENDED, PLANNED): DiscrepancyType.SUPPORT_AFTER_END.value,
}
# Rule 9.6: what is still raised for a pair that a rejected CPLI concerns.
RAISED_ALL_THE_SAME = (
    DiscrepancyType.IDENTITY_DIFFERS.value,
    DiscrepancyType.SUPPORT_ENDED.value,
    DiscrepancyType.SUPPORT_NOT_STARTED.value,
)


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Each spell paired in passes 1 to 4 or by an ended claim, beside what its provider says.

    `spell` are the spells, in order; `in_pass` how they were paired, `on` the caseload date, `said`
    what all entries of their claims say together, `lifecycle` the spell's on that date, `quantity`
    and `unit` the spell's on that date. `claim` and `of_claim` are its claims: their numbers and
    places in `spell`; `service` what these say (of two services paired with one spell, one).
    """

    spell: Numbers
    in_pass: Numbers
    on: Numbers
    said: Statement
    lifecycle: Numbers
    quantity: Numbers
    unit: Numbers
    service: Numbers
    claim: Numbers
    of_claim: Numbers


def put_together(coded: Coded, claims: Claims, spells: Spells, pairs: Pairs) -> Compared:
    """Put each compared spell beside all entries of the claims that share it (rule 8)."""
    claim = np.flatnonzero(np.isin(pairs.in_pass, COMPARED))
    spell, of_claim = np.unique(pairs.spell[claim], return_inverse=True)
    of_claim = of_claim.reshape(-1)
    size = len(spell)
    place = np.full(len(claims), -1, dtype=np.int64)
    place[claim] = of_claim
    on = np.zeros(size, dtype=np.int64)
    on[of_claim] = claims.column("day")[claim]
    in_pass = np.zeros(size, dtype=np.int64)
    in_pass[of_claim] = pairs.in_pass[claim]
    counted = claims.counts & (place[claims.of_entry] >= 0)
    said = statement(coded, claims.entry[counted], place[claims.of_entry[counted]], size, on=on)
    service = np.zeros(size, dtype=np.int64)
    service[of_claim] = claims.column("service")[claim]
    every_day = np.full(len(spells), -NEVER, dtype=np.int64)
    every_day[spell] = on
    quantity, unit = weekly_quantity(coded, spells, on=every_day)
    return Compared(
        spell=spell,
        in_pass=in_pass,
        on=on,
        said=said,
        lifecycle=lifecycle(
            start=spells.column("start")[spell], end=spells.column("end")[spell], on=on
        ),
        quantity=quantity[spell],
        unit=unit[spell],
        service=service,
        claim=claim,
        of_claim=of_claim,
    )


def presence(compared: Compared) -> pd.Series:
    """Rule 8.2: say for each pair what its lifecycle and state mean, `COMPARE` where they agree."""
    table = np.empty((3, 3), dtype=object)
    for (on_record, stated), meaning in PRESENCE.items():
        table[on_record, stated] = meaning
    return pd.Series(table[compared.lifecycle, compared.said.state], dtype="str")


def identity_differs(
    coded: Coded,
    claims: Claims,
    spells: Spells,
    found: Found,
    compared: Compared,
    tolerances: Tolerances,
) -> pd.DataFrame:
    """Rule 8.1: entries found by a reference or number that differ from the spell's person.

    Returns one row a spell: place (in `Compared.spell`), and which of nhs, born, names differ.
    """
    place = np.full(len(claims), -1, dtype=np.int64)
    place[compared.claim] = compared.of_claim
    rule = found.rule[claims.entry]
    looked_at = (place[claims.of_entry] >= 0) & (rule != NOBODY) & (rule != BY_NAMES)
    entry, at = claims.entry[looked_at], place[claims.of_entry[looked_at]]
    person = spells.column("person")[compared.spell[at]]
    differ = differences(coded, entry, person, tolerances)
    rows = pd.DataFrame(
        {"place": at, "entry": entry, "nhs": differ.nhs, "born": differ.born, "names": differ.names}
    )
    return rows[differ.any()].reset_index(drop=True)


def after_end_reason(coded: Coded, spells: Spells, compared: Compared) -> Mask:
    """Rule 8.2: say where the person has a draft CPLI with this provider."""
    lines = coded.lines
    drafts = lines[lines["valid"] & (lines["authorisation"] == DRAFT)]
    return np.isin(
        _with_provider(coded, spells.frame.take(compared.spell)), _with_provider(coded, drafts)
    )


def _with_provider(coded: Coded, frame: pd.DataFrame) -> Numbers:
    return coded.with_provider(frame["person"].to_numpy(), frame["provider"].to_numpy())


def service_type_differs(compared: Compared, *, agree: Mask, unmapped: Mask) -> Mask:
    """Rule 8.3: the pair came from pass 2 or 4."""
    return agree & _other_service(compared) & ~unmapped


def start_date_differs(
    compared: Compared, spells: Spells, tolerances: Tolerances, *, agree: Mask, unmapped: Mask
) -> Mask:
    """Rule 8.3: both starts are stated and too far apart, and the earlier one can be seen."""
    start = spells.column("start")[compared.spell]
    stated = compared.said.start != UNSTATED
    apart = np.abs(compared.said.start - start) > tolerances.start_tolerance_days
    hidden = spells.frame["left_censored"].to_numpy()[compared.spell] & (
        compared.said.start <= start
    )
    differs: Mask = agree & ~_other_service(compared) & stated & apart & ~hidden & ~unmapped
    return differs


def end_date_differs(
    compared: Compared, spells: Spells, tolerances: Tolerances, *, agree: Mask
) -> Mask:
    """Rule 8.3: both ends are stated and too far apart."""
    end = spells.column("end")[compared.spell]
    stated = (end != NEVER) & (compared.said.end != NEVER)
    differs: Mask = (
        agree & stated & (np.abs(compared.said.end - end) > tolerances.end_tolerance_days)
    )
    return differs


def quantity_differs(
    compared: Compared,
    tolerances: Tolerances,
    *,
    agree: Mask,
    holds_duplicate: Mask,
    unmapped: Mask,
) -> Mask:
    """Rule 8.3: both quantities are stated in one unit and are too far apart."""
    stated = (
        (compared.quantity >= 0)
        & (compared.said.quantity >= 0)
        & (compared.unit >= 0)
        & (compared.unit == compared.said.unit)
    )
    apart = np.abs(compared.quantity - compared.said.quantity)
    allowed = round(tolerances.quantity_tolerance * MILLIONTHS)
    in_millionths = round(tolerances.quantity_tolerance_share * MILLIONTHS)
    beyond_share = apart > _share(compared.quantity, in_millionths)
    differs: Mask = (
        agree
        & (compared.lifecycle == ACTIVE)
        & ~holds_duplicate
        & stated
        & (apart > allowed)
        & beyond_share
        & ~unmapped
    )
    return differs


def _share(quantity: Numbers, millionths: int) -> Numbers:
    """Return so many millionths of each quantity, rounded down to whole millionths.

    A difference in whole millionths is beyond the exact share just where it is beyond this.
    """
    whole, rest = np.divmod(quantity, MILLIONTHS)
    share: Numbers = whole * millionths + rest * millionths // MILLIONTHS
    return share


def _other_service(compared: Compared) -> Mask:
    other: Mask = np.isin(compared.in_pass, (OTHER_SERVICE, OTHER_SERVICE_ENDED))
    return other


def unmapped_pairs(claims: Claims, spells: Spells, compared: Compared) -> Mask:
    """Rule 8.3: the spell's or one of its claims' service type was unmapped."""
    stated = columns.any_in(
        compared.of_claim, len(compared.spell), claims.frame["unmapped"].to_numpy()[compared.claim]
    )
    unmapped: Mask = spells.frame["unmapped"].to_numpy()[compared.spell] | stated
    return unmapped


def unmapped_beside(coded: Coded, claims: Claims, spells: Spells, compared: Compared) -> Mask:
    """Rule 8.3: the person has any unmapped in-scope CPLI or claim with this provider."""
    in_scope = coded.lines.take(spells.line)
    held = _with_provider(coded, in_scope[in_scope["unmapped"]])
    by_claim = claims.frame["unmapped"].to_numpy()[claims.of_person]
    stated = coded.with_provider(
        claims.person[by_claim], claims.column("provider")[claims.of_person[by_claim]]
    )
    mine = _with_provider(coded, spells.frame.take(compared.spell))
    return np.isin(mine, np.concatenate([held, stated]))


def raise_differences(
    coded: Coded,
    claims: Claims,
    spells: Spells,
    compared: Compared,
    tolerances: Tolerances,
    *,
    holds_duplicate: Mask,
    concerned: Mask,
) -> pd.DataFrame:
    """Return the discrepancies of rules 8.2 and 8.3: place (in `Compared.spell`), type, reason.

    `holds_duplicate` says of each spell whether it holds a `duplicate_cpli`, `concerned` of each
    pair whether a rejected CPLI concerns it (rule 9.6).
    """
    means = presence(compared)
    agree = (means == COMPARE).to_numpy(dtype=bool)
    unmapped = unmapped_pairs(claims, spells, compared)
    duplicate = holds_duplicate[compared.spell]
    beside = unmapped_beside(coded, claims, spells, compared)
    kind = DiscrepancyType
    masks = {
        kind.SERVICE_TYPE_DIFFERS: service_type_differs(compared, agree=agree, unmapped=unmapped),
        kind.START_DATE_DIFFERS: start_date_differs(
            compared, spells, tolerances, agree=agree, unmapped=unmapped
        ),
        kind.END_DATE_DIFFERS: end_date_differs(compared, spells, tolerances, agree=agree),
        kind.QUANTITY_DIFFERS: quantity_differs(
            compared, tolerances, agree=agree, holds_duplicate=duplicate, unmapped=beside
        ),
    }
    parts = [
        pd.DataFrame({"place": np.flatnonzero(mask), "type": which.value})
        for which, mask in masks.items()
    ]
    present = np.flatnonzero(~agree)
    parts.append(pd.DataFrame({"place": present, "type": means.to_numpy()[present]}))
    raised = pd.concat(parts, ignore_index=True)
    raised["reason"] = None
    draft = after_end_reason(coded, spells, compared)[raised["place"]]
    after_end = raised["type"].eq(kind.SUPPORT_AFTER_END.value)
    raised.loc[after_end & draft, "reason"] = NotFoundReason.CPLI_NOT_AUTHORISED.value
    reported = concerned[raised["place"]] & ~raised["type"].isin(RAISED_ALL_THE_SAME)
    return raised[~reported].reset_index(drop=True)
