"""From findings to drafts of discrepancies: one function a family, each citing its rule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from reconciliation import columns, comparisons, leftovers, portal, wording
from reconciliation.claims import Claims
from reconciliation.coded import Coded, strings
from reconciliation.columns import Numbers
from reconciliation.comparisons import Compared
from reconciliation.days import ACTIVE, Mask, lifecycle
from reconciliation.identity import hashed_identities, keyed_hash, stated_identities
from reconciliation.night import Night, Tolerances
from reconciliation.pairing import OTHER_PROVIDER, POSSIBLE_MATCH, Pairs
from reconciliation.persons import Found
from reconciliation.spells import Spells
from reconciliation.table import SEVERITY_OF_TYPE, draft
from reconciliation.wording import date_text, quantity_text, support_text
from schemas.vocabularies import DiscrepancyType, Severity


@dataclass(frozen=True, kw_only=True)
class Picture:
    """All that the rules worked out of a night, for those who put it into words.

    `on` is the date of each provider's accepted caseload (`UNSTATED` where not assessed).
    """

    night: Night
    coded: Coded
    spells: Spells
    found: Found
    claims: Claims
    pairs: Pairs
    compared: Compared
    on: Numbers


def overdue_caseloads(picture: Picture, overdue: pd.DataFrame) -> pd.DataFrame:
    """Rule 5: `caseload_overdue` for each council with active spells of an unassessed provider."""
    texts = picture.coded.texts
    return draft(
        DiscrepancyType.CASELOAD_OVERDUE,
        len(overdue),
        local_authority=strings(texts.councils, overdue["council"].to_numpy()),
        provider_id=strings(texts.providers, overdue["provider"].to_numpy()),
        day=overdue["day"].to_numpy(),
        provider_value=date_text(overdue["day"].to_numpy()),
        reason=overdue["reason"],
    )


def duplicate_entries(picture: Picture) -> pd.DataFrame:
    """Rule 6: `duplicate_entry` for each group of entries that say the same.

    Nothing is raised for a council that was not assessed (rule 5).
    """
    repeats = _without_unassessed(picture, picture.claims.duplicates)
    group, _ = pd.factorize(repeats["group"])
    lead = repeats["entry"].to_numpy()[columns.firsts(group.astype(np.int64))]
    return draft(
        DiscrepancyType.DUPLICATE_ENTRY,
        len(lead),
        **_whose_entry(picture, lead),
        caseload_rows=columns.joined_text(
            repeats["row"].astype("str"), group.astype(np.int64), size=len(lead)
        ),
        provider_value=pd.Series(np.bincount(group, minlength=len(lead)), dtype="str") + " rows",
        start=picture.coded.entries["start"].to_numpy()[lead],
        row=picture.coded.entries["row"].to_numpy()[lead],
        entry_identities=_identities(
            picture, repeats["entry"].to_numpy(), group.astype(np.int64), size=len(lead)
        ),
    )


def _without_unassessed(picture: Picture, repeats: pd.DataFrame) -> pd.DataFrame:
    """Leave out repeats of none but councils that were not assessed.

    The councils are those of the persons found, or, where nobody is known, the one that is named.
    """
    coded, found = picture.coded, picture.found
    entry = repeats["entry"].to_numpy()
    council = coded.entries["council"].to_numpy()[entry]
    nobody = found.count[entry] == 0
    of_council = (council >= 0) & ~np.isin(council, coded.assessed)
    return repeats[~np.where(nobody, of_council, ~_any_assessed(picture, entry))]


def _any_assessed(picture: Picture, entry: Numbers) -> Mask:
    """Say whether any of the persons found for each entry is of an assessed council."""
    coded, found = picture.coded, picture.found
    count = found.count[entry]
    person = found.person[columns.spread(found.first[entry], count)]
    return columns.any_in(
        np.repeat(np.arange(len(entry)), count),
        len(entry),
        np.isin(coded.people.council[person], coded.assessed),
    )


def not_found(picture: Picture, raised: pd.DataFrame) -> pd.DataFrame:
    """Rule 9.1: `cpli_not_found` for claims that no spell answers."""
    claims = picture.claims
    claim = raised["claim"].to_numpy()
    said = claims.said
    medium = raised["softened"].to_numpy(dtype=bool)
    return draft(
        DiscrepancyType.CPLI_NOT_FOUND,
        len(raised),
        **_whose_entry(
            picture, claims.column("entry")[claim], council=_claim_council(claims, claim)
        ),
        caseload_rows=_rows_text(picture, claims.of_entry, claim),
        provider_value=_with_quantity(
            support_text(state=said.state[claim], start=said.start[claim], end=said.end[claim]),
            quantity_text(said.quantity[claim], said.unit[claim], picture.coded.texts),
        ),
        reason=raised["reason"],
        caveat=raised["caveat"],
        severity=np.where(medium, Severity.MEDIUM.value, Severity.HIGH.value),
        start=said.start[claim],
        row=claims.column("row")[claim],
        entry_identities=_claim_identities(picture, claim),
    )


def not_reported(picture: Picture, raised: pd.DataFrame) -> pd.DataFrame:
    """Rule 9.2: `support_not_reported` for active spells that the provider does not list."""
    spell = raised["spell"].to_numpy()
    medium = raised["softened"].to_numpy(dtype=bool)
    return draft(
        DiscrepancyType.SUPPORT_NOT_REPORTED,
        len(raised),
        **_whose_spell(picture, spell),
        council_value=_spell_text(picture, spell),
        caveat=raised["caveat"],
        severity=np.where(medium, Severity.MEDIUM.value, Severity.HIGH.value),
    )


def differing_pairs(picture: Picture, raised: pd.DataFrame) -> pd.DataFrame:
    """Rules 8.2 and 8.3: what a pair's two sides say differently."""
    compared, spells = picture.compared, picture.spells
    place = raised["place"].to_numpy()
    spell = compared.spell[place]
    said = compared.said
    texts = picture.coded.texts
    sides = {
        DiscrepancyType.START_DATE_DIFFERS: (
            date_text(spells.column("start")[spell]),
            date_text(said.start[place]),
        ),
        DiscrepancyType.END_DATE_DIFFERS: (
            date_text(spells.column("end")[spell]),
            date_text(said.end[place]),
        ),
        DiscrepancyType.QUANTITY_DIFFERS: (
            quantity_text(compared.quantity[place], compared.unit[place], texts),
            quantity_text(said.quantity[place], said.unit[place], texts),
        ),
        DiscrepancyType.SERVICE_TYPE_DIFFERS: (
            strings(texts.services, spells.column("service")[spell]),
            strings(texts.services, compared.service[place]),
        ),
    }
    council_value = _spell_text(picture, spell)
    provider_value = support_text(
        state=said.state[place], start=said.start[place], end=said.end[place]
    )
    for which, (ours, theirs) in sides.items():
        mine = raised["type"].eq(which.value).to_numpy(dtype=bool)
        council_value = council_value.mask(mine, ours)
        provider_value = provider_value.mask(mine, theirs)
    whole = {
        **_whose_spell(picture, spell),
        "caseload_rows": _rows_text(picture, _spell_of_entry(picture), spell),
        "council_value": council_value,
        "provider_value": provider_value,
        "reason": raised["reason"],
        "row": _lowest_row(picture, spell),
    }
    return draft(
        raised["type"],
        len(raised),
        severity=raised["type"].map(SEVERITY_OF_TYPE),
        **whole,
    )


def identities(picture: Picture, differing: pd.DataFrame) -> pd.DataFrame:
    """Rule 8.1: `identity_differs` for each spell with an entry of other details."""
    ordered = differing.sort_values(["place", "entry"], ignore_index=True)
    lead = ordered.drop_duplicates("place")
    spell = picture.compared.spell[lead["place"].to_numpy()]
    entry = lead["entry"].to_numpy()
    person = picture.spells.column("person")[spell]
    coded, texts, people = picture.coded, picture.coded.texts, picture.coded.people
    entries = coded.entries
    ours, theirs = [], []
    for name, mine, council_side, provider_side in (
        (
            "nhs_number",
            "nhs",
            strings(texts.nhs_numbers, people.nhs[person]),
            strings(texts.nhs_numbers, entries["nhs"].to_numpy()[entry]),
        ),
        (
            "date_of_birth",
            "born",
            date_text(people.born[person]),
            date_text(entries["born"].to_numpy()[entry]),
        ),
        ("name", "names", _own_names(picture, person), _entry_names(picture, entry)),
    ):
        shown = lead[mine].to_numpy(dtype=bool)
        ours.append((name + " " + council_side).where(shown))
        theirs.append((name + " " + provider_side).where(shown))
    return draft(
        DiscrepancyType.IDENTITY_DIFFERS,
        len(lead),
        **_whose_spell(picture, spell),
        caseload_rows=_rows_text(picture, _spell_of_entry(picture), spell),
        council_value=_listed(ours),
        provider_value=_listed(theirs),
        row=_lowest_row(picture, spell),
        entry_identities=_identities(
            picture,
            ordered["entry"].to_numpy(),
            pd.factorize(ordered["place"])[0].astype(np.int64),
            size=len(lead),
        ),
    )


def possible_matches(picture: Picture) -> pd.DataFrame:
    """Rule 7.5: `possible_match` for each pair made by likeness."""
    claim = np.flatnonzero(picture.pairs.in_pass == POSSIBLE_MATCH)
    spell = picture.pairs.spell[claim]
    entry = picture.claims.column("entry")[claim]
    person = picture.spells.column("person")[spell]
    born = picture.coded.entries["born"].to_numpy()[entry]
    return draft(
        DiscrepancyType.POSSIBLE_MATCH,
        len(claim),
        **_whose_spell(picture, spell),
        caseload_rows=_rows_text(picture, picture.claims.of_entry, claim),
        council_value=_own_names(picture, person)
        + ", born "
        + date_text(picture.coded.people.born[person]),
        provider_value=_entry_names(picture, entry) + ", born " + date_text(born),
        row=picture.claims.column("row")[claim],
        entry_identities=_claim_identities(picture, claim),
    )


def other_providers(picture: Picture) -> pd.DataFrame:
    """Rule 7.6: `provider_differs`; the provider that reports has it, the value names the other."""
    texts = picture.coded.texts
    claim = np.flatnonzero(picture.pairs.in_pass == OTHER_PROVIDER)
    spell = picture.pairs.spell[claim]
    reporting = strings(texts.providers, picture.claims.column("provider")[claim])
    day = picture.claims.column("day")[claim]
    whose = _whose_spell(picture, spell) | {
        "provider_id": reporting,
        "day": day,
        "not_running": np.zeros(len(claim), dtype=bool),
    }
    return draft(
        DiscrepancyType.PROVIDER_DIFFERS,
        len(claim),
        **whose,
        caseload_rows=_rows_text(picture, picture.claims.of_entry, claim),
        council_value=strings(texts.providers, picture.spells.column("provider")[spell]),
        provider_value=reporting,
        row=picture.claims.column("row")[claim],
        entry_identities=_claim_identities(picture, claim),
    )


def portal_discrepancies(picture: Picture, tolerances: Tolerances) -> list[pd.DataFrame]:
    """Rule 10: what the portal lacks, has alone, shows without authority or shows otherwise."""
    coded = picture.coded
    missing = portal.not_on_portal(coded, tolerances)
    unauthorised = portal.unauthorised_on_portal(coded)
    alone = portal.only_on_portal(coded)
    group = alone["group"].to_numpy()
    shown = alone["place"].to_numpy()[columns.firsts(group)]
    return [
        draft(
            DiscrepancyType.NOT_ON_PORTAL,
            len(missing),
            **_whose_line(picture, coded.lines, missing),
            council_value=_line_text(coded, coded.lines, missing),
        ),
        draft(
            DiscrepancyType.UNAUTHORISED_ON_PORTAL,
            len(unauthorised),
            **_whose_line(picture, coded.lines, unauthorised),
            council_value=picture.night.cplis["authorisation"]
            .take(unauthorised)
            .astype("str")
            .reset_index(drop=True),
            provider_value="shown",
        ),
        draft(
            DiscrepancyType.ONLY_ON_PORTAL,
            len(shown),
            **_whose_shown(picture, alone, shown),
            provider_value=_line_text(coded, coded.portal, shown),
        ),
        _differing_on_portal(picture, portal.portal_differs(coded)),
    ]


def _differing_on_portal(picture: Picture, pairs: pd.DataFrame) -> pd.DataFrame:
    coded = picture.coded
    by_line = pairs.groupby("line", sort=True)[list(portal.COMPARED_COLUMNS)].any()
    line = by_line.index.to_numpy(dtype=np.int64)
    shown = (
        pairs.drop_duplicates("line").set_index("line")["shown"].reindex(line).to_numpy(np.int64)
    )
    named = [
        pd.Series(name, index=range(len(line)), dtype="str").where(
            by_line[name].to_numpy(dtype=bool)
        )
        for name in portal.COMPARED_COLUMNS
    ]
    in_person = by_line["person_id"].to_numpy(dtype=bool)
    return draft(
        DiscrepancyType.PORTAL_DIFFERS,
        len(line),
        **_whose_line(picture, coded.lines, line),
        council_value=_differing_values(coded, coded.lines, line, by_line),
        provider_value=_differing_values(coded, coded.portal, shown, by_line),
        reason=_listed(named, separator=";"),
        severity=np.where(in_person, Severity.HIGH.value, Severity.LOW.value),
    )


def _differing_values(
    coded: Coded, frame: pd.DataFrame, place: Numbers, differs: pd.DataFrame
) -> pd.Series:
    part = frame.take(place)
    texts = coded.texts
    quantity = part["quantity"].to_numpy()
    values = {
        "person_id": strings(texts.person_ids, part["person_id"].to_numpy()),
        "provider_id": strings(texts.providers, part["provider"].to_numpy()),
        "service_type": strings(texts.services, part["service"].to_numpy()),
        "start_date": date_text(part["start"].to_numpy()),
        "end_date": date_text(part["end"].to_numpy()),
        "weekly_quantity": quantity_text(quantity, np.full(len(part), -1), texts),
        "unit": strings(texts.units, part["unit"].to_numpy()),
    }
    return _listed(
        [
            (name + " " + values[name].fillna("none")).where(differs[name].to_numpy(dtype=bool))
            for name in portal.COMPARED_COLUMNS
        ]
    )


def duplicate_cplis(picture: Picture, repeated: pd.DataFrame) -> pd.DataFrame:
    """Rule 10: `duplicate_cpli` for each group of CPLIs that are alike."""
    coded = picture.coded
    cpli = coded.lines["cpli"].to_numpy()
    ordered = repeated.assign(cpli=cpli[repeated["line"]]).sort_values(["group", "cpli"])
    group = pd.factorize(ordered["group"])[0].astype(np.int64)
    line = ordered["line"].to_numpy()
    lead = line[columns.firsts(group)]
    ids = strings(coded.texts.cpli_ids, cpli[line])
    sizes = pd.Series(np.bincount(group, minlength=len(lead)), dtype="str")
    whose = _whose_line(picture, coded.lines, lead)
    return draft(
        DiscrepancyType.DUPLICATE_CPLI,
        len(lead),
        **(whose | {"cpli_ids": columns.joined_text(ids, group, size=len(lead))}),
        council_value=sizes + " alike: " + _line_text(coded, coded.lines, lead),
    )


def _whose_spell(picture: Picture, spell: Numbers) -> dict[str, object]:
    """Return the columns that a spell settles: its council, provider, person, service and CPLIs."""
    coded, spells = picture.coded, picture.spells
    texts = coded.texts
    person = strings(texts.person_ids, coded.people.person_id[spells.column("person")[spell]])
    provider = spells.column("provider")[spell]
    day = picture.on[provider]
    state = lifecycle(start=spells.column("start")[spell], end=spells.column("end")[spell], on=day)
    return {
        "local_authority": strings(texts.councils, spells.column("council")[spell]),
        "provider_id": strings(texts.providers, provider),
        "person_id": person,
        "who": person,
        "cpli_ids": _cpli_ids(picture, spell),
        "service_type": strings(texts.services, spells.column("service")[spell]),
        "day": day,
        "not_running": state != ACTIVE,
        "start": spells.column("start")[spell],
    }


def _whose_line(picture: Picture, frame: pd.DataFrame, place: Numbers) -> dict[str, object]:
    """Return the columns that a CPLI or portal row settles."""
    texts = picture.coded.texts
    part = frame.take(place)
    person = strings(texts.person_ids, part["person_id"].to_numpy())
    return {
        "local_authority": strings(texts.councils, part["council"].to_numpy()),
        "provider_id": strings(texts.providers, part["provider"].to_numpy()),
        "person_id": person,
        "who": person,
        "cpli_ids": strings(texts.cpli_ids, part["cpli"].to_numpy()),
        "service_type": strings(texts.services, part["service"].to_numpy()),
        "start": part["start"].to_numpy(),
    }


def _whose_shown(picture: Picture, alone: pd.DataFrame, shown: Numbers) -> dict[str, object]:
    """Return the columns that the portal's rows of one `cpli_id` settle, each where they agree."""
    texts = picture.coded.texts
    group = alone["group"].to_numpy()
    agreed = {
        name: _only_value(alone[name].to_numpy(), group, len(shown))
        for name in ("provider", "person_id", "service")
    }
    person = strings(texts.person_ids, agreed["person_id"])
    return _whose_line(picture, picture.coded.portal, shown) | {
        "provider_id": strings(texts.providers, agreed["provider"]),
        "person_id": person,
        "who": person,
        "service_type": strings(texts.services, agreed["service"]),
    }


def _whose_entry(
    picture: Picture, entry: Numbers, council: pd.Series | None = None
) -> dict[str, object]:
    """Return the columns that an entry without a spell settles (rule 11).

    The council and the person are those of the persons found, each where there is one value; where
    nobody was found, the council that is named (`council`, or else the entry's own).
    """
    coded, found = picture.coded, picture.found
    texts, people = coded.texts, coded.people
    entries = coded.entries.take(entry)
    size = len(entry)
    count = found.count[entry]
    of_entry = np.repeat(np.arange(size), count)
    person = found.person[columns.spread(found.first[entry], count)]
    one_council = _only_value(people.council[person], of_entry, size)
    one_person = _only_value(people.person_id[person], of_entry, size)
    named = council if council is not None else entries["council_text"].reset_index(drop=True)
    local_authority = strings(texts.councils, one_council).where(count > 0, named)
    person_id = strings(texts.person_ids, one_person)
    who = person_id.where(
        count == 1, pd.Series(_hashed_persons(picture, entry, person, of_entry), dtype="str")
    )
    return {
        "local_authority": local_authority,
        "provider_id": strings(texts.providers, entries["provider"].to_numpy()),
        "person_id": person_id,
        "who": who,
        "service_type": strings(texts.services, entries["service"].to_numpy()),
        "day": entries["day"].to_numpy(),
    }


def _only_value(values: Numbers, group: Numbers, size: int) -> Numbers:
    lowest = columns.lowest_in(group, size, values, start=np.iinfo(np.int64).max)
    highest = columns.highest_in(group, size, values, start=-1)
    return np.where(lowest == highest, highest, -1)


def _hashed_persons(
    picture: Picture, entry: Numbers, person: Numbers, of_entry: Numbers
) -> list[str | None]:
    """Return a keyed hash of the persons found, or of the entry's identity where there is none.

    Null where exactly one person was found: that one's reference is what the id goes by.
    """
    coded = picture.coded
    texts, people = coded.texts, coded.people
    count = np.bincount(of_entry, minlength=len(entry))
    references = (
        strings(texts.councils, people.council[person])
        + " "
        + strings(texts.person_ids, people.person_id[person])
    )
    found = columns.joined_text(references, of_entry, size=len(entry))
    identity = stated_identities(coded, entry)
    key = picture.night.identity_key
    return [
        None if found_count == 1 else keyed_hash(persons if found_count else said, key)
        for found_count, persons, said in zip(count, found, identity, strict=True)
    ]


def _claim_council(claims: Claims, claim: Numbers) -> pd.Series:
    return claims.frame["council_text"].take(claim).reset_index(drop=True)


def _cpli_ids(picture: Picture, spell: Numbers) -> pd.Series:
    """Return the `cpli_id`s of each spell, sorted and joined by `;`."""
    spells, coded = picture.spells, picture.coded
    wanted = np.unique(spell)
    place = np.full(len(spells), -1, dtype=np.int64)
    place[wanted] = np.arange(len(wanted))
    mine = np.flatnonzero(place[spells.of_line] >= 0)
    cpli = coded.lines["cpli"].to_numpy()[spells.line[mine]]
    group = place[spells.of_line[mine]]
    order = np.lexsort((cpli, group))
    ids = strings(coded.texts.cpli_ids, cpli[order])
    joined = columns.joined_text(ids, group[order], size=len(wanted))
    return joined.take(place[spell]).reset_index(drop=True)


def _claim_identities(picture: Picture, claim: Numbers) -> pd.Series:
    """Return the hashed identities of the entries of each claim, repeats included."""
    claims = picture.claims
    place = np.full(len(claims), -1, dtype=np.int64)
    place[claim] = np.arange(len(claim))
    of_entry = place[claims.of_entry]
    mine = np.flatnonzero(of_entry >= 0)
    return _identities(picture, claims.entry[mine], of_entry[mine], size=len(claim))


def _identities(picture: Picture, entry: Numbers, group: Numbers, *, size: int) -> pd.Series:
    """Return the hashed identities of the entries of each group, sorted and joined by `;`."""
    hashed = hashed_identities(picture.night, picture.coded, entry)
    pairs = pd.DataFrame({"group": group, "hashed": hashed}).drop_duplicates()
    pairs = pairs.sort_values(["group", "hashed"])
    return columns.joined_text(pairs["hashed"], pairs["group"].to_numpy(), size=size)


def _spell_of_entry(picture: Picture) -> Numbers:
    """Return for each entry of the claims the spell that its claim was paired with, -1 if none."""
    return picture.pairs.spell[picture.claims.of_entry]


def _rows_text(picture: Picture, group_of_entry: Numbers, wanted: Numbers) -> pd.Series:
    """Return the caseload rows of each wanted group of entries, sorted and joined by `;`."""
    groups = np.unique(wanted)
    place = np.full(int(group_of_entry.max(initial=0)) + 2, -1, dtype=np.int64)
    place[groups] = np.arange(len(groups))
    mine = np.flatnonzero(place[group_of_entry] >= 0)
    group = place[group_of_entry[mine]]
    row = picture.coded.entries["row"].to_numpy()[picture.claims.entry[mine]]
    order = np.lexsort((row, group))
    joined = columns.joined_text(
        pd.Series(row[order]).astype("str"), group[order], size=len(groups)
    )
    return joined.take(place[wanted]).reset_index(drop=True)


def _lowest_row(picture: Picture, spell: Numbers) -> Numbers:
    """Return the lowest caseload row of the claims paired with each spell."""
    of_entry = _spell_of_entry(picture)
    paired = of_entry >= 0
    row = picture.coded.entries["row"].to_numpy()[picture.claims.entry]
    lowest = columns.lowest_in(
        of_entry[paired], len(picture.spells), row[paired], start=np.iinfo(np.int64).max
    )
    return lowest[spell]


def _spell_text(picture: Picture, spell: Numbers) -> pd.Series:
    spells = picture.spells
    start, end = spells.column("start")[spell], spells.column("end")[spell]
    on = picture.on[spells.column("provider")[spell]]
    return support_text(state=lifecycle(start=start, end=end, on=on), start=start, end=end)


def _line_text(coded: Coded, frame: pd.DataFrame, place: Numbers) -> pd.Series:
    part = frame.take(place)
    return _with_quantity(
        wording.period_text(start=part["start"].to_numpy(), end=part["end"].to_numpy()),
        quantity_text(part["quantity"].to_numpy(), part["unit"].to_numpy(), coded.texts),
    )


def _with_quantity(said: pd.Series, quantity: pd.Series) -> pd.Series:
    return (said + ", " + quantity).fillna(said)


def _own_names(picture: Picture, person: Numbers) -> pd.Series:
    """Return persons' own names as the council writes them."""
    lines = pd.concat([picture.night.cplis, picture.night.rejected_cplis], ignore_index=True)
    return _written_names(lines, picture.coded.people.named_on[person])


def _entry_names(picture: Picture, entry: Numbers) -> pd.Series:
    """Return entries' names as the provider writes them."""
    return _written_names(picture.night.entries, entry)


def _written_names(frame: pd.DataFrame, place: Numbers) -> pd.Series:
    stated = place >= 0
    part = (
        frame[["given_name", "family_name"]].take(np.where(stated, place, 0))
        if len(frame)
        else frame
    )
    names = (part["given_name"] + " " + part["family_name"]).reset_index(drop=True)
    return names.where(stated)


def _listed(parts: list[pd.Series], *, separator: str = "; ") -> pd.Series:
    """Join columns of text, leaving out nulls."""
    whole = parts[0].fillna("")
    for part in parts[1:]:
        gap = pd.Series(separator, index=whole.index).where(whole.ne("") & part.notna(), "")
        whole = whole + gap + part.fillna("")
    return whole.where(whole.ne(""))


def holds_duplicate(spells: Spells, repeated: pd.DataFrame) -> Mask:
    """Say which spells hold a `duplicate_cpli`."""
    in_group = np.isin(spells.line, repeated["line"].to_numpy())
    return columns.any_in(spells.of_line, len(spells), in_group)


def rules_of_pairs(
    picture: Picture, tolerances: Tolerances, repeated: pd.DataFrame
) -> list[pd.DataFrame]:
    """Rule 8: the discrepancies of all compared pairs."""
    concerned = leftovers.concerned_pairs(picture.coded, picture.spells, picture.compared)
    raised = comparisons.raise_differences(
        picture.coded,
        picture.claims,
        picture.spells,
        picture.compared,
        tolerances,
        holds_duplicate=holds_duplicate(picture.spells, repeated),
        concerned=concerned,
    )
    differing = comparisons.identity_differs(
        picture.coded, picture.claims, picture.spells, picture.found, picture.compared, tolerances
    )
    return [differing_pairs(picture, raised), identities(picture, differing)]
