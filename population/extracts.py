"""What a council's extract and its portal show on a day."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from population import texts
from population.catalogue import DESCRIPTIONS, SERVICES, UNIT, UNITS
from population.councils import Council
from population.days import NEVER, window_start
from population.draws import Bools, Ints
from population.faults import FAULTS, How, Source
from population.lines import AUTHORISATIONS, AUTHORISED, LOOSE, MAIN, Lines
from population.names import FAMILY_SPELLINGS, GIVEN_SPELLINGS
from population.people import People
from population.plants import Plant
from population.providers import Providers
from population.texts import Columns, Texts
from schemas.vocabularies import ServiceType

PORTAL_HIDES_AFTER_DAYS = 28
PORTAL_DIFFERENCES = (
    ("weekly_quantity",),
    ("end_date",),
    ("provider_id",),
    ("service_type",),
    ("start_date",),
    ("person_id",),
    ("unit",),
    ("end_date", "weekly_quantity"),
)
"""Which columns the variants of `Plant.PORTAL_DIFFERS` differ in."""

_CODES = texts.pool([service.type.value for service in SERVICES])
_CATEGORIES = texts.pool([service.category.value for service in SERVICES])
_UNITS = texts.pool([unit.value for unit in UNITS])
_AUTHORISATIONS = texts.pool([authorisation.value for authorisation in AUTHORISATIONS])
_DESCRIPTIONS = texts.pool([f'"{text}"' if "," in text else text for text in DESCRIPTIONS])
_GIVEN = texts.pool(GIVEN_SPELLINGS)
_FAMILY = texts.pool(FAMILY_SPELLINGS)
_HOME_SUPPORT = next(
    place for place, service in enumerate(SERVICES) if service.type is ServiceType.HOME_SUPPORT
)


def portal_date(council: Council, run_day: int) -> int:
    """Return the date of the council's latest portal extract on a run day."""
    return run_day - run_day % council.portal_every


def extract_rows(lines: Lines, services: pd.DataFrame, run_day: int) -> pd.DataFrame:
    """Return the lines that the councils deliver on a run day, one row each, faults among them.

    `end` is the end that can be seen; `updated` the day of the latest update, NEVER where there was
    none; `fault` the number of a fault of the row, negative where it has none. Delivered are lines
    that are active, planned or ended within 12 months, and a few that ended before.
    """
    table = lines.table
    seen = (table["created"] <= run_day) & (table["seen_from"] <= run_day)
    seen &= table["seen_until"] > run_day
    rows = table[seen].copy()
    rows["updated"] = _updated(rows, run_day)
    rows["end"] = np.where(rows["closed"] <= run_day, rows["end"], NEVER)
    in_window = (rows["end"] >= window_start(run_day)) | rows["keeps_old"]
    rows = rows[in_window].reset_index(drop=True)
    return _with_repeats(_with_faults(rows, services, Source.CPLI))


def _updated(rows: pd.DataFrame, run_day: int) -> Ints:
    """Return the latest day on which something changed, as far as it lies before the night."""
    moments = [
        rows["closed"].where(rows["closed"] > rows["created"], NEVER),
        rows["touched"],
        rows["seen_from"],
    ]
    days = np.column_stack(moments)
    latest = np.where((days <= run_day) & (days > -NEVER), days, -NEVER).max(axis=1)
    return np.where(latest > -NEVER, latest, NEVER)


def portal_rows(
    lines: Lines, services: pd.DataFrame, council: int, extract_day: int
) -> pd.DataFrame:
    """Return what the portal shows in its extract of a day: the council's lines of the day before.

    Beside the columns of lines there are `fault` and `differs`, the variant of a planted
    difference.
    """
    table = lines.table
    seen = (table["council"] == council) & (table["seen_from"] < extract_day)
    seen &= table["seen_until"] >= extract_day
    rows = table[seen].copy()
    rows["end"] = np.where(rows["closed"] < extract_day, rows["end"], NEVER)
    rows = rows[rows["end"] >= extract_day - PORTAL_HIDES_AFTER_DAYS]
    plant, there = _plants(rows, services, extract_day)
    unseen = (plant == Plant.NOT_ON_PORTAL) & there & _open_main(rows)
    strange = np.isin(plant, (Plant.ONLY_ON_PORTAL, Plant.UNAUTHORISED_ON_PORTAL)) & there
    loose = (rows["line"] == LOOSE).to_numpy()
    known = (rows["authorisation"] == AUTHORISED).to_numpy() & ~loose
    known &= (rows["created"] < extract_day).to_numpy()
    shown = rows[np.where(loose, strange, known & ~unseen)].reset_index(drop=True)
    plant, there = _plants(shown, services, extract_day)
    differs = (plant == Plant.PORTAL_DIFFERS) & there & _open_main(shown)
    variant = services["variant"].to_numpy()[shown["service"]]
    shown["differs"] = np.where(differs, variant, -1)
    return _with_repeats(_with_faults(shown, services, Source.PORTAL))


def _plants(rows: pd.DataFrame, services: pd.DataFrame, day: int) -> tuple[Ints, Bools]:
    """Return the plant of each row's service, and whether it is there on the day."""
    service = rows["service"].to_numpy()
    there = (services["arises"].to_numpy()[service] <= day) & (
        services["righted"].to_numpy()[service] > day
    )
    return services["plant"].to_numpy()[service], there


def _open_main(rows: pd.DataFrame) -> Bools:
    return np.asarray((rows["line"] == MAIN) & (rows["end"] == NEVER))


def _with_faults(rows: pd.DataFrame, services: pd.DataFrame, source: Source) -> pd.DataFrame:
    """Give rows the number of their fault, and an end before their start where it is that."""
    fault = services["fault"].to_numpy()[rows["service"]]
    here = np.array([fault.source is source for fault in FAULTS])
    whole = np.array([fault.whole for fault in FAULTS])
    mine = (fault >= 0) & here[fault] & (whole[fault] | _open_main(rows))
    rows["fault"] = np.where(mine, fault, -1)
    turned = np.isin(rows["fault"], _numbers(source, How.END_BEFORE_START))
    rows["end"] = np.where(turned, rows["start"] - 10, rows["end"])
    return rows


def _with_repeats(rows: pd.DataFrame) -> pd.DataFrame:
    """Add the rows that stand in the file a second time, some with another quantity."""
    alike = np.concatenate([_numbers(source, How.REPEATED) for source in Source])
    unlike = np.concatenate([_numbers(source, How.REPEATED_DIFFERENTLY) for source in Source])
    again = rows[np.isin(rows["fault"], np.concatenate([alike, unlike]))].copy()
    again["quarters"] += np.where(np.isin(again["fault"], unlike), 8, 0)
    return pd.concat([rows, again], ignore_index=True)


def _numbers(source: Source, how: How) -> Ints:
    found = [n for n, fault in enumerate(FAULTS) if fault.source is source and fault.how is how]
    return np.array(found, dtype=np.int64)


def with_faulty_texts(columns: dict[str, Texts], fault: Ints, source: Source) -> dict[str, Texts]:
    """Write the faulty text of each faulty row into its column."""
    for number in np.unique(fault[fault >= 0]).tolist():
        kind = FAULTS[number]
        if kind.source is not source or kind.how is not How.TEXT:
            continue
        where = fault == number
        says = kind.says
        if callable(says):
            says = says(columns[kind.column])
        columns[kind.column] = texts.replaced(columns[kind.column], where, says)
    return columns


def cpli_columns(
    rows: pd.DataFrame, *, council: Council, people: People, providers: Providers
) -> Columns:
    """Return the columns of `cpli.csv` as text, for rows of one council."""
    record = rows["record"].to_numpy()
    mine = {name: people.records[name].to_numpy()[record] for name in people.records}
    kind = rows["type"].to_numpy()
    identity = mine["holds_identity"]
    nowhere = np.full(len(rows), -1)
    utc = council.instants_in_utc
    columns = {
        "cpli_id": _cpli_ids(rows, council),
        "person_id": _person_ids(mine["ref"], council),
        "nhs_number": texts.whole_numbers(mine["nhs"], there=mine["holds_nhs"]),
        "family_name": texts.taken(_FAMILY, np.where(identity, mine["family"], nowhere)),
        "given_name": texts.taken(_GIVEN, np.where(identity, mine["given"], nowhere)),
        "date_of_birth": texts.dates(np.where(identity, mine["born"], NEVER)),
        "provider_id": texts.taken(texts.pool(providers.ids()), rows["provider"].to_numpy()),
        "service_type": texts.taken(_CODES, kind),
        "service_category": texts.taken(_CATEGORIES, kind),
        "service_description": texts.taken(_DESCRIPTIONS, rows["description"].to_numpy()),
        "start_date": texts.dates(rows["start"].to_numpy()),
        "end_date": texts.dates(rows["end"].to_numpy()),
        "weekly_quantity": texts.quantities(rows["quarters"].to_numpy()),
        "unit": texts.taken(_UNITS, UNIT[kind]),
        "authorisation": texts.taken(_AUTHORISATIONS, rows["authorisation"].to_numpy()),
        "created_at": texts.instants(
            rows["created"].to_numpy(), rows["minute"].to_numpy(), in_utc=utc
        ),
        "updated_at": texts.instants(
            rows["updated"].to_numpy(), 1019 - rows["minute"].to_numpy() // 4, in_utc=utc
        ),
        "commissioning_team": texts.taken(texts.pool(council.teams), mine["team"]),
        "commissioning_worker": texts.references(
            texts.pool(["CW"]),
            np.zeros(len(rows), dtype=np.int64),
            mine["worker"],
            there=mine["worker"] > 0,
        ),
    }
    return with_faulty_texts(columns, rows["fault"].to_numpy(), Source.CPLI)


def portal_columns(
    rows: pd.DataFrame, *, council: Council, people: People, providers: Providers
) -> Columns:
    """Return the columns of a portal extract as text, planted differences and faults included."""
    rows = _as_the_portal_differs(rows, providers)
    kind = rows["type"].to_numpy()
    ref = people.records["ref"].to_numpy()[rows["record"]]
    other_person = rows["differs"] == PORTAL_DIFFERENCES.index(("person_id",))
    columns = {
        "cpli_id": _cpli_ids(rows, council),
        "provider_id": texts.taken(texts.pool(providers.ids()), rows["provider"].to_numpy()),
        "person_id": _person_ids(ref + 5_000_000 * other_person.to_numpy(), council),
        "service_type": texts.taken(_CODES, kind),
        "start_date": texts.dates(rows["start"].to_numpy()),
        "end_date": texts.dates(rows["end"].to_numpy()),
        "weekly_quantity": texts.quantities(rows["quarters"].to_numpy()),
        "unit": texts.taken(_UNITS, rows["unit"].to_numpy()),
    }
    return with_faulty_texts(columns, rows["fault"].to_numpy(), Source.PORTAL)


def _as_the_portal_differs(rows: pd.DataFrame, providers: Providers) -> pd.DataFrame:
    differs = rows["differs"].to_numpy()

    def at(column: str) -> Bools:
        variants = [n for n, names in enumerate(PORTAL_DIFFERENCES) if column in names]
        return np.isin(differs, variants)

    kind = rows["type"].to_numpy()
    unit = UNIT[kind]
    return rows.assign(
        quarters=rows["quarters"] + 10 * at("weekly_quantity"),
        end=np.where(at("end_date"), rows["created"] + 3000, rows["end"]),
        provider=(rows["provider"] + at("provider_id")) % providers.count,
        type=np.where(at("service_type"), np.where(kind == _HOME_SUPPORT, 1, _HOME_SUPPORT), kind),
        start=rows["start"] - 14 * at("start_date"),
        unit=np.where(at("unit"), (unit + 1) % len(UNITS), unit),
    )


def _cpli_ids(rows: pd.DataFrame, council: Council) -> Texts:
    return cpli_ids([council], np.zeros(len(rows), dtype=np.int64), rows["number"].to_numpy())


def cpli_ids(councils: Sequence[Council], which: Ints, numbers: Ints) -> Texts:
    """Return `cpli_id`s of lines of these councils; null where the number is not positive."""
    prefixes = texts.pool([council.cpli_prefix for council in councils])
    return texts.references(prefixes, which, numbers, there=numbers > 0)


def _person_ids(refs: Ints, council: Council) -> Texts:
    return person_ids([council], np.zeros(len(refs), dtype=np.int64), refs)


def person_ids(councils: Sequence[Council], which: Ints, refs: Ints) -> Texts:
    """Return the councils' references for people; null where there is none."""
    prefixes = texts.pool([council.person_prefix for council in councils])
    return texts.references(prefixes, which, refs, there=refs > 0)
