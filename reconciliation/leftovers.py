"""What is left over after pairing (rule 9), and what bad rows must not be blamed for."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reconciliation import columns
from reconciliation.caseloads import reconciled_spells
from reconciliation.claims import Claims
from reconciliation.coded import NO_COUNCIL, Coded, flagged
from reconciliation.columns import Numbers
from reconciliation.comparisons import Compared
from reconciliation.days import ACTIVE, PLANNED, UNSTATED, Mask, lifecycle
from reconciliation.night import Tolerances
from reconciliation.pairing import Pairs
from reconciliation.persons import Found
from reconciliation.spells import AUTHORISED, CANCELLED, DRAFT, Spells
from schemas.vocabularies import Caveat, NotFoundReason


def rejected_lines(coded: Coded) -> Numbers:
    """Return the rejected CPLIs that may stand for a service of this window (rule 9.4).

    Left out is what can be read as cancelled, as of an unreconciled service, or as ended before the
    window (with a readable start not after that end).
    """
    lines = coded.lines
    unreconciled = flagged(len(coded.texts.services), coded.unreconciled)
    start, end = lines["start"].to_numpy(), lines["end"].to_numpy()
    long_over = (end < coded.window) & (start != UNSTATED) & (start <= end)
    return np.flatnonzero(
        ~lines["valid"].to_numpy()
        & (lines["authorisation"].to_numpy() != CANCELLED)
        & ~unreconciled[lines["service"].to_numpy()]
        & ~long_over
    )


def concerned_claims(coded: Coded, claims: Claims, left: Mask) -> Mask:
    """Rule 9.4: say which of the claims left by pass 4 a rejected CPLI concerns."""
    line = rejected_lines(coded)
    mine = np.flatnonzero(left[claims.of_entry])
    entry, of_entry = claims.entry[mine], claims.of_entry[mine]
    of_found = np.flatnonzero(left[claims.of_person])
    held = {name: coded.lines[name].to_numpy()[line] for name in coded.lines}
    said = {name: coded.entries[name].to_numpy()[entry] for name in coded.entries}
    by_person = columns.joined(claims.person[of_found], held["person"])
    by_cpli = columns.joined(said["cpli"], held["cpli"])
    by_nhs, by_names = _of_nobody_known(
        held, nhs=said["nhs"], names=(said["family"], said["given"], said["born"])
    )
    claim = np.concatenate(
        [claims.of_person[of_found[by_person[0]]]]
        + [of_entry[places] for places, _ in (by_cpli, by_nhs, by_names)]
    )
    at = np.concatenate([places for _, places in (by_person, by_cpli, by_nhs, by_names)])
    council = claims.column("council")[claim]
    same_provider = held["provider"][at] == claims.column("provider")[claim]
    service = held["service"][at]
    unread_provider = (held["provider"][at] < 0) & (
        (service < 0) | (service == claims.column("service")[claim])
    )
    fits = ((council == NO_COUNCIL) | (council == held["council"][at])) & (
        same_provider | unread_provider
    )
    return columns.any_in(claim, len(claims), fits)


def concerned_pairs(coded: Coded, spells: Spells, compared: Compared) -> Mask:
    """Rule 9.6: say which compared pairs a rejected CPLI concerns."""
    line = rejected_lines(coded)
    held = {name: coded.lines[name].to_numpy()[line] for name in coded.lines}
    person = spells.column("person")[compared.spell]
    people = coded.people
    matches = (
        columns.joined(person, held["person"]),
        *_of_nobody_known(
            held,
            nhs=people.nhs[person],
            names=(people.family[person], people.given[person], people.born[person]),
        ),
    )
    place = np.concatenate([places for places, _ in matches])
    at = np.concatenate([places for _, places in matches])
    spell = compared.spell[place]
    service, provider = held["service"][at], held["provider"][at]
    fits = (
        (held["council"][at] == spells.column("council")[spell])
        & ((provider < 0) | (provider == spells.column("provider")[spell]))
        & (
            (service < 0)
            | (service == spells.column("service")[spell])
            | (service == compared.service[place])
        )
    )
    return columns.any_in(place, len(compared.spell), fits)


def _of_nobody_known(
    held: dict[str, Numbers], *, nhs: Numbers, names: tuple[Numbers, Numbers, Numbers]
) -> tuple[tuple[Numbers, Numbers], tuple[Numbers, Numbers]]:
    """Match rejected CPLIs whose person is unread: by NHS number, and by names and date of birth.

    `names` are family names, given names and dates of birth. Returns two joins: places in `nhs`
    (and `names`) beside places in `held`.
    """
    unread = held["person"] < 0
    wanted, of_lines = _names_and_birth(names, (held["family"], held["given"], held["born"]))
    return (
        columns.joined(nhs, np.where(unread, held["nhs"], -1)),
        columns.joined(wanted, np.where(unread, of_lines, -1)),
    )


def _names_and_birth(
    wanted: tuple[Numbers, ...], held: tuple[Numbers, ...]
) -> tuple[Numbers, Numbers]:
    """Number the combinations of normalised names and date of birth; -1 where one is not stated."""
    both = [np.concatenate(pair) for pair in zip(wanted, held, strict=True)]
    family, given, born = both
    stated = (family >= 0) & (given >= 0) & (born != UNSTATED)
    code = np.where(stated, columns.combined(*both), -1)
    return code[: len(wanted[0])], code[len(wanted[0]) :]


def identified_by_rejected_entry(
    coded: Coded, spells: Spells, found: Found, accepted: Numbers
) -> Mask:
    """Rule 9.5: say which spells' persons a rejected entry of the provider identifies."""
    entries = coded.entries
    entry = np.flatnonzero(
        ~entries["usable"].to_numpy() & np.isin(entries["caseload"].to_numpy(), accepted)
    )
    provider = np.repeat(entries["provider"].to_numpy()[entry], found.count[entry])
    person = found.person[columns.spread(found.first[entry], found.count[entry])]
    mine = coded.with_provider(spells.column("person"), spells.column("provider"))
    return np.isin(mine, coded.with_provider(person, provider))


def support_not_reported(
    coded: Coded,
    claims: Claims,
    spells: Spells,
    pairs: Pairs,
    tolerances: Tolerances,
    *,
    on: Numbers,
    in_rejected_entry: Mask,
    has_rejected_rows: Mask,
) -> pd.DataFrame:
    """Rule 9.2: unpaired spells of assessed providers that are active on the caseload date.

    `on` is that date by provider code (`UNSTATED` where not assessed), `has_rejected_rows` says of
    each provider whether its accepted caseload has rejected rows. Returns spell, caveat, softened
    (the severity is medium).
    """
    day = on[spells.column("provider")]
    start = spells.column("start")
    active = lifecycle(start=start, end=spells.column("end"), on=day) == ACTIVE
    listed = np.isin(
        coded.with_provider(spells.column("person"), spells.column("provider")),
        coded.with_provider(claims.person, claims.column("provider")[claims.of_person]),
    )
    unmapped = spells.frame["unmapped"].to_numpy()
    raised = np.flatnonzero(
        ~pairs.spell_taken
        & (day != UNSTATED)
        & active
        & reconciled_spells(coded, spells)
        & ~in_rejected_entry
        & ~(unmapped & listed)
    )
    caveats = {
        Caveat.REJECTED_ROWS: has_rejected_rows[spells.column("provider")[raised]],
        Caveat.RECENT_START: (day - start)[raised] < tolerances.start_tolerance_days,
        Caveat.SERVICE_UNMAPPED: unmapped[raised],
    }
    softened = caveats[Caveat.RECENT_START] | caveats[Caveat.SERVICE_UNMAPPED]
    return pd.DataFrame({"spell": raised, "caveat": _worded(caveats), "softened": softened})


def _worded(caveats: dict[Caveat, Mask]) -> pd.Series:
    """Join the names of the caveats that hold by `;`, in their order; null where none does."""
    words = pd.Series("", index=range(len(next(iter(caveats.values())))), dtype="str")
    for caveat, holds in caveats.items():
        words = words.mask(holds & words.ne("").to_numpy(dtype=bool), words + ";")
        words = words.mask(holds, words + caveat.value)
    return words.where(words.ne(""))


def cpli_not_found(coded: Coded, claims: Claims, pairs: Pairs, *, barred: Mask) -> pd.DataFrame:
    """Rule 9.1: unpaired claims that are current or planned.

    Nothing is said of a claim whose council was not assessed, nor of one that may belong to such a
    council. Returns claim, reason, caveat, softened (the severity is medium).
    """
    unreconciled = flagged(len(coded.texts.services), coded.unreconciled)
    unassessed_exists = len(coded.assessed) < len(coded.texts.councils)
    assessed = flagged(len(coded.texts.councils), coded.assessed)
    council = claims.column("council")
    names_none = council == NO_COUNCIL
    in_assessed = columns.any_in(
        claims.of_person, len(claims), assessed[coded.people.council[claims.person]]
    )
    names_assessed = (council >= 0) & assessed[np.maximum(council, 0)]
    known = claims.persons_found() > 0
    of_assessed = in_assessed | (~known & (names_assessed | (not unassessed_exists)))
    answerable = (names_assessed | names_none) & of_assessed
    claim = np.flatnonzero(
        (pairs.spell < 0)
        & (claims.column("is_ended") == 0)
        & ~unreconciled[claims.column("service")]
        & ~barred
        & answerable
    )
    caveat = pd.Series(None, index=range(len(claim)), dtype="str")
    if unassessed_exists:
        caveat = caveat.mask(names_none[claim], Caveat.COUNCIL_NOT_ASSESSED.value)
    return pd.DataFrame(
        {
            "claim": claim,
            "reason": _not_found_reasons(coded, claims, claim),
            "caveat": caveat,
            "softened": claims.said.state[claim] == PLANNED,
        }
    )


def _not_found_reasons(coded: Coded, claims: Claims, claim: Numbers) -> pd.Series:
    """Say what the persons found do have with this provider, the first that applies (rule 9.1)."""
    place = np.full(len(claims), -1, dtype=np.int64)
    place[claim] = np.arange(len(claim))
    of_pair = np.flatnonzero(place[claims.of_person] >= 0)
    at = place[claims.of_person[of_pair]]
    lines = coded.lines
    held = np.where(
        lines["valid"].to_numpy() & (lines["person"].to_numpy() >= 0),
        coded.with_provider(lines["person"].to_numpy(), lines["provider"].to_numpy()),
        -1,
    )
    wanted = coded.with_provider(
        claims.person[of_pair], claims.column("provider")[claims.of_person[of_pair]]
    )
    pair, line = columns.joined(wanted, held)
    authorisation = lines["authorisation"].to_numpy()[line]
    long_over = lines["end"].to_numpy()[line] < coded.window
    size = len(claim)

    def one_is(mask: Mask) -> Mask:
        return columns.any_in(at[pair], size, mask)

    known = columns.any_in(at, size, np.ones(len(at), dtype=bool))
    reason = np.select(
        [
            ~known,
            one_is(authorisation == DRAFT),
            one_is((authorisation == AUTHORISED) & long_over),
            one_is(authorisation == AUTHORISED),
        ],
        [
            NotFoundReason.PERSON_UNKNOWN.value,
            NotFoundReason.CPLI_NOT_AUTHORISED.value,
            NotFoundReason.CPLI_ENDED_BEFORE_WINDOW.value,
            NotFoundReason.OTHER_SERVICE_ONLY.value,
        ],
        default=NotFoundReason.NO_CPLI_WITH_PROVIDER.value,
    )
    return pd.Series(reason, dtype="str")
