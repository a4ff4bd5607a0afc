"""The night's frames with every key as a whole number, made once and shared by all rules.

Texts are numbered in text order and alike in every table, dates are days, quantities are whole
millionths (so that 14 and 14.7 are exactly 0.7 apart). A missing code is -1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reconciliation import columns, names
from reconciliation.columns import Numbers
from reconciliation.days import NEVER, UNSTATED, Mask, day, days, window_start
from reconciliation.night import Night, Tolerances

MILLIONTHS = 1_000_000
_LARGEST_QUANTITY = 1e11
NO_COUNCIL = -1
OTHER_COUNCIL = -2


@dataclass(frozen=True, kw_only=True)
class Texts:
    """What the codes stand for."""

    councils: pd.Index
    providers: pd.Index
    cpli_ids: pd.Index
    person_ids: pd.Index
    nhs_numbers: pd.Index
    names: NDArray[np.object_]
    services: pd.Index
    units: pd.Index


@dataclass(frozen=True, kw_only=True)
class People:
    """Everyone in any CPLI received or decision: one row a (council, person_id), in that order.

    Source: rule 6.

    `nhs`, `family`, `given` and `born` are the person's own, from the latest CPLI that states them;
    `named_on` is the CPLI (its place in `Coded.lines`, -1 if none) that states the names.
    """

    council: Numbers
    person_id: Numbers
    nhs: Numbers
    family: Numbers
    given: Numbers
    born: Numbers
    named_on: Numbers

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.council)


@dataclass(frozen=True, kw_only=True)
class Coded:
    """The night in whole numbers.

    `lines` holds the valid CPLIs (in the order of `Night.cplis`) and then the rejected ones,
    `entries` the usable entries and then the rejected ones, `portal` the valid portal rows and then
    the rejected ones; `portal_day` is each council's extract's date, `UNSTATED` where none came in
    time; `decided_person` the person of each of `Night.decisions`, -1 where the council is not
    configured; `texts` says what the codes mean.
    """

    as_of: int
    window: int
    texts: Texts
    lines: pd.DataFrame
    entries: pd.DataFrame
    portal: pd.DataFrame
    portal_day: Numbers
    people: People
    decided_person: Numbers
    assessed: Numbers
    unreconciled: Numbers

    def with_provider(self, person: Numbers, provider: Numbers) -> Numbers:
        """Return one number for each pair of person and provider; a provider may be -1."""
        return person * (len(self.texts.providers) + 1) + provider


def encode(night: Night, tolerances: Tolerances) -> Coded:
    """Give every key of the night its number."""
    all_lines = _stacked(night.cplis, night.rejected_cplis)
    all_entries = _stacked(night.entries, night.rejected_entries)
    all_shown = _stacked(night.portal, night.rejected_portal)
    tables = (all_lines, all_entries, all_shown)
    (line_provider, entry_provider, shown_provider, _), providers = columns.shared_codes(
        [*(table["provider_id"] for table in tables), night.caseloads["provider_id"]]
    )
    (line_cpli, entry_cpli, shown_cpli), cpli_ids = columns.shared_codes(
        [table["cpli_id"] for table in tables]
    )
    (line_ref, entry_ref, shown_ref, decided_ref), person_ids = columns.shared_codes(
        [*(table["person_id"] for table in tables), night.decisions["person_id"]]
    )
    (line_nhs, entry_nhs), nhs_numbers = columns.shared_codes(
        [all_lines["nhs_number"], all_entries["nhs_number"]]
    )
    written, spelt = columns.shared_codes(
        [
            all_lines["family_name"],
            all_lines["given_name"],
            all_entries["family_name"],
            all_entries["given_name"],
        ]
    )
    plain = pd.Series(names.normalised_texts(spelt), dtype="object")
    code_of_plain, plain_names = pd.factorize(plain, sort=True)
    empty = plain.eq("").to_numpy(dtype=bool)
    lookup = np.append(np.where(empty, -1, code_of_plain), -1).astype(np.int64)
    line_family, line_given, entry_family, entry_given = (lookup[codes] for codes in written)
    councils = pd.Index(sorted(night.councils), dtype="str")
    line_council = _council_codes(all_lines["local_authority"], councils)

    lines = pd.DataFrame(
        {
            "valid": np.arange(len(all_lines)) < len(night.cplis),
            "council": line_council,
            "cpli": line_cpli,
            "person_id": line_ref,
            "provider": line_provider,
            **_support(all_lines, valid=len(night.cplis)),
            "nhs": line_nhs,
            "family": line_family,
            "given": line_given,
            "born": days(all_lines["date_of_birth"], missing=UNSTATED),
            "authorisation": all_lines["authorisation"].cat.codes.to_numpy(np.int64),
            "created": london_days(all_lines["created_at"]),
            "updated": london_days(all_lines["updated_at"]),
            **_left_out(all_lines),
        }
    )
    portal = pd.DataFrame(
        {
            "valid": np.arange(len(all_shown)) < len(night.portal),
            "council": _council_codes(all_shown["local_authority"], councils),
            "cpli": shown_cpli,
            "person_id": shown_ref,
            "provider": shown_provider,
            **_support(all_shown, valid=len(night.portal)),
            **_left_out(all_shown),
        }
    )
    portal_day = np.array(
        [
            day(night.portal_dates[code]) if code in night.portal_dates else UNSTATED
            for code in councils
        ],
        dtype=np.int64,
    )
    entries = pd.DataFrame(
        {
            "usable": np.arange(len(all_entries)) < len(night.entries),
            "caseload": all_entries["caseload"].to_numpy(np.int64),
            "row": all_entries["caseload_row"].to_numpy(np.int64),
            "provider": entry_provider,
            "day": days(all_entries["caseload_date"], missing=UNSTATED),
            "council": _council_codes(all_entries["local_authority"], councils),
            "council_text": all_entries["local_authority"],
            "cpli": entry_cpli,
            "person_id": entry_ref,
            **_support(all_entries, valid=len(night.entries)),
            "nhs": entry_nhs,
            "family": entry_family,
            "given": entry_given,
            "born": days(all_entries["date_of_birth"], missing=UNSTATED),
        }
    )
    decided_council = _council_codes(night.decisions["local_authority"], councils)
    of_configured = decided_council >= 0
    lines["person"], people, decided = _people(
        lines, decided_council[of_configured], decided_ref[of_configured]
    )
    decided_person = np.full(len(night.decisions), -1, dtype=np.int64)
    decided_person[of_configured] = decided
    services = all_lines["service_type"].cat.categories
    return Coded(
        as_of=day(night.as_of),
        window=day(window_start(night.as_of, months=tolerances.window_months)),
        texts=Texts(
            councils=councils,
            providers=providers,
            cpli_ids=cpli_ids,
            person_ids=person_ids,
            nhs_numbers=nhs_numbers,
            names=np.asarray(plain_names, dtype=object),
            services=services,
            units=all_lines["unit"].cat.categories,
        ),
        lines=lines,
        entries=entries,
        portal=portal,
        portal_day=portal_day,
        people=people,
        decided_person=decided_person,
        assessed=np.flatnonzero(councils.isin(sorted(night.assessed))).astype(np.int64),
        unreconciled=services.get_indexer(list(tolerances.unreconciled_service_types)),
    )


def _stacked(valid: pd.DataFrame, rejected: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([valid, rejected], ignore_index=True) if len(rejected) else valid


def _support(frame: pd.DataFrame, *, valid: int) -> dict[str, Numbers | Mask]:
    """Return the columns of what is bought or given, coded; the first `valid` rows are valid.

    An unmapped service type of a rejected row cannot be read: to take it for OTH would be to say
    that it is none of the others, and to report as missing what a bad row may hold (rule 2).
    """
    service = frame["service_type"].cat.codes.to_numpy(np.int64)
    unmapped = frame["service_type_unmapped"].to_numpy(dtype=bool)
    unread = unmapped & (np.arange(len(frame)) >= valid)
    return {
        "service": np.where(unread, -1, service),
        "unmapped": unmapped,
        "start": days(frame["start_date"], missing=UNSTATED),
        "end": days(frame["end_date"], missing=NEVER),
        "quantity": _millionths(frame["weekly_quantity"]),
        "unit": frame["unit"].cat.codes.to_numpy(np.int64),
    }


def _left_out(frame: pd.DataFrame) -> dict[str, Mask]:
    """Return where a quantity or unit was set to null with a warning."""
    return {
        name: frame[name].to_numpy(dtype=bool)
        for name in ("weekly_quantity_unreadable", "unit_unreadable")
    }


def london_days(instants: pd.Series) -> Numbers:
    """Return instants as the days that they fall on in London, `UNSTATED` where null (rule 2)."""
    local = instants.dt.tz_convert("Europe/London").dt.tz_localize(None)
    return days(local, missing=UNSTATED)


def _millionths(quantity: pd.Series) -> Numbers:
    """Return quantities as whole millionths; what no week can hold is cut to the largest."""
    known = quantity.clip(upper=_LARGEST_QUANTITY).fillna(0).to_numpy(np.float64)
    whole = np.rint(known * MILLIONTHS).astype(np.int64)
    return np.where(quantity.isna().to_numpy(dtype=bool), -1, whole)


def _council_codes(named: pd.Series, councils: pd.Index) -> Numbers:
    codes = councils.get_indexer(named).astype(np.int64)
    return np.where(
        named.isna().to_numpy(dtype=bool), NO_COUNCIL, np.where(codes < 0, OTHER_COUNCIL, codes)
    )


def _people(
    lines: pd.DataFrame, decided_council: Numbers, decided_ref: Numbers
) -> tuple[Numbers, People, Numbers]:
    """Number the persons of all CPLIs, rejected ones included, and find what is their own.

    A person's own NHS number, names and date of birth are each those of the CPLI with the latest
    start date (an unreadable one is the earliest), then the highest `cpli_id`, that states them;
    the names count together. Of conflicting rows with one `cpli_id` the greatest value counts, so
    that the order of rows never matters.
    """
    ref = lines["person_id"].to_numpy()
    known = ref >= 0
    width = int(max(ref.max(initial=0), decided_ref.max(initial=0))) + 1
    key = lines["council"].to_numpy() * width + ref
    decided_key = decided_council * width + decided_ref
    distinct, number = np.unique(np.concatenate([key[known], decided_key]), return_inverse=True)
    person = np.full(len(lines), -1, dtype=np.int64)
    person[known], decided = np.split(number.reshape(-1), [int(known.sum())])

    def latest(stated: Mask, *values: str) -> tuple[Numbers, list[Numbers]]:
        rows = np.flatnonzero(stated & known)
        sort_by = [lines[name].to_numpy()[rows] for name in (*reversed(values), "cpli", "start")]
        ordered = rows[np.lexsort((*sort_by, person[rows]))]
        last = np.ones(len(ordered), dtype=bool)
        last[:-1] = person[ordered][1:] != person[ordered][:-1]
        chosen = ordered[last]
        stated_on = np.full(len(distinct), -1, dtype=np.int64)
        stated_on[person[chosen]] = chosen
        found = []
        for name in values:
            column = np.full(len(distinct), UNSTATED if name == "born" else -1, dtype=np.int64)
            column[person[chosen]] = lines[name].to_numpy()[chosen]
            found.append(column)
        return stated_on, found

    _, (nhs,) = latest(lines["nhs"].to_numpy() >= 0, "nhs")
    named_on, (family, given) = latest(
        (lines["family"].to_numpy() >= 0) & (lines["given"].to_numpy() >= 0), "family", "given"
    )
    _, (born,) = latest(lines["born"].to_numpy() != UNSTATED, "born")
    people = People(
        council=distinct // width,
        person_id=distinct % width,
        nhs=nhs,
        family=family,
        given=given,
        born=born,
        named_on=named_on,
    )
    return person, people, decided


def strings(texts: pd.Index, codes: Numbers) -> pd.Series:
    """Return the texts of codes, null where the code is negative."""
    safe = pd.Series(
        texts.take(np.where(codes < 0, 0, codes)) if len(texts) else [None] * len(codes)
    )
    return safe.astype("str").where(codes >= 0)


def flagged(size: int, codes: Sequence[int] | Numbers) -> Mask:
    """Return a table that says of each code below `size` whether it is among the given ones."""
    table = np.zeros(size + 1, dtype=bool)
    chosen = np.asarray(codes, dtype=np.int64)
    table[chosen[chosen >= 0]] = True
    return table
