"""The caseloads as providers write them: which files lie in the folder, and what stands in each.

What a file holds depends on its provider and date alone, so that it keeps its bytes from night to
night.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from population import texts
from population.catalogue import SERVICES, UNIT, UNITS
from population.councils import Council
from population.days import NEVER
from population.draws import Bools, Ints, hashed
from population.extracts import cpli_ids, person_ids, with_faulty_texts
from population.faults import FAULTS, UNREADABLE_START, How, Source
from population.lines import Lines
from population.misreports import misreported
from population.names import FAMILY_NAMES, FAMILY_SPELLINGS, GIVEN_NAMES, GIVEN_SPELLINGS
from population.packages import NOTHING
from population.people import People
from population.providers import Overdue, Providers, Template
from population.texts import Columns, Texts

COLUMNS = (
    "provider_id",
    "caseload_date",
    "cpli_id",
    "local_authority",
    "person_id",
    "nhs_number",
    "family_name",
    "given_name",
    "date_of_birth",
    "service_type",
    "start_date",
    "end_date",
    "weekly_quantity",
    "unit",
)
_LEFT_OUT_OF_SPARSE = ("provider_id", "caseload_date", "cpli_id", "weekly_quantity", "unit")
_PERSON_FIRST = ("family_name", "given_name", "date_of_birth", "nhs_number")
COLUMN_MORE = "key_worker"
TEMPLATE_COLUMNS: dict[Template, tuple[str, ...]] = {
    Template.CANONICAL: COLUMNS,
    Template.PERSON_FIRST: (*_PERSON_FIRST, *(c for c in COLUMNS if c not in _PERSON_FIRST)),
    Template.SPARSE: tuple(c for c in COLUMNS if c not in _LEFT_OUT_OF_SPARSE),
    Template.WITH_A_COLUMN_MORE: (*COLUMNS, COLUMN_MORE),
    Template.WITHOUT_SERVICE_TYPE: tuple(c for c in COLUMNS if c != "service_type"),
}

FIRST, SECOND = 0, 1
"""Which of a service's rows it is: the first, or a second for the weekend or the line before."""

_ROWS_FOR_A_TOTAL, _ROWS_FOR_A_NAMELESS = 15, 25
_ROWS_OF_TOO_FEW = 2
_CODES = texts.pool([service.type.value for service in SERVICES])
_UNITS = texts.pool([unit.value for unit in UNITS])
_GIVEN = texts.pool([*GIVEN_SPELLINGS, "TOTAL"])
_FAMILY = texts.pool([*FAMILY_SPELLINGS, "TOTAL", "not known"])
_TOTAL, _NOT_KNOWN = len(FAMILY_SPELLINGS), len(FAMILY_SPELLINGS) + 1


@dataclass(frozen=True, kw_only=True)
class Caseloads:
    """The files in the folder and their rows.

    `files`: provider, date, unreadable, accepted (under rule 5). `accepted`: the date of each
    provider's accepted caseload, NEVER where it has none. `entries`: one row for each row of a file
    that can be read, in the order of the files and of their rows; beside what stands there, `file`,
    `service` (negative for rows about no service), `headed` (the row repeats provider and date) and
    `row` (1 is the first under the header).
    """

    files: pd.DataFrame
    accepted: Ints
    entries: pd.DataFrame


def caseloads_on(
    run_day: int,
    *,
    seed: int,
    services: pd.DataFrame,
    lines: Lines,
    people: People,
    providers: Providers,
) -> Caseloads:
    """Return what lies in the caseload folder on a run day."""
    files = _files(providers, run_day)
    entries = _entries(files[~files["unreadable"]], services, lines, people, providers)
    entries = misreported(entries, services=services, people=people)
    entries = _with_faults(entries, services, lines)
    entries = _too_few_or_bad(entries, providers)
    entries = pd.concat([entries, *_rows_about_nobody(entries, providers)], ignore_index=True)
    usable = np.bincount(entries["file"][entries["service"] >= 0], minlength=len(files)) > 0
    passing = files[files["passes"] & usable]
    accepted = np.full(providers.count, -NEVER)
    np.maximum.at(accepted, passing["provider"].to_numpy(), passing["date"].to_numpy())
    accepted = np.where(accepted > -NEVER, accepted, NEVER)
    files["accepted"] = files["date"] == accepted[files["provider"]]
    return Caseloads(files=files, accepted=accepted, entries=_in_order(entries, seed))


def _files(providers: Providers, run_day: int) -> pd.DataFrame:
    dates = providers.caseload_dates(run_day)
    provider, place = np.nonzero(dates < NEVER)
    date = dates[provider, place]
    return pd.DataFrame(
        {
            "provider": provider,
            "date": date,
            "unreadable": providers.unreadable(provider, date),
            "passes": providers.passes(provider, date, run_day),
        }
    )


def _entries(
    files: pd.DataFrame,
    services: pd.DataFrame,
    lines: Lines,
    people: People,
    providers: Providers,
) -> pd.DataFrame:
    """Return an entry for each service that each file lists, and a second for some."""
    file, service = _listed(files, services)
    date = files["date"].to_numpy()[file]
    part = services.take(service)
    mine = people.records.take(part["record"])
    end, start = part["given_end"].to_numpy(), part["given_start"].to_numpy()
    told = (part["given_end_from"] <= date).to_numpy()
    place = lines.segment_on(service, date)
    provider = part["provider"].to_numpy()
    style = providers.table["style"].to_numpy()[provider]
    says_names = part["says_names"].to_numpy()
    entries = pd.DataFrame(
        {
            "file": files.index.to_numpy()[file],
            "provider": provider,
            "date": date,
            "service": service,
            "rank": FIRST,
            "line": _quoted_line(part, lines, place),
            "council": np.where(part["says_council"], part["council"], -1),
            "home": part["council"].to_numpy(),
            "ref": np.where(part["says_person"], mine["ref"], 0),
            "nhs": np.where(part["says_nhs"], mine["nhs"], 0),
            "style": style,
            "family": np.where(says_names, mine["family"], -1),
            "given": np.where(says_names, mine["given"], -1),
            "born": np.where(says_names, mine["born"], NEVER),
            "type": part["type"].to_numpy(),
            "start": start,
            "end": np.where(told, end, NEVER),
            "quarters": _quantity(part, lines, place),
            "unit": UNIT[part["type"]],
            "fault": NOTHING,
            "headed": True,
        }
    )
    wordless = ~part["says_quantity"].to_numpy()
    entries.loc[wordless, ["quarters", "unit"]] = -1
    return _with_second_entries(entries, services, lines, place, providers)


def _listed(files: pd.DataFrame, services: pd.DataFrame) -> tuple[Ints, Ints]:
    """Return (place of the file, service) of everything that the files list."""
    by_provider = np.argsort(services["provider"].to_numpy(), kind="stable")
    provider = services["provider"].to_numpy()[by_provider]
    first = np.searchsorted(provider, files["provider"].to_numpy(), side="left")
    count = np.searchsorted(provider, files["provider"].to_numpy(), side="right") - first
    file = np.repeat(np.arange(len(files)), count)
    within = np.arange(len(file)) - np.repeat(np.cumsum(count) - count, count)
    service = by_provider[np.repeat(first, count) + within]
    date = files["date"].to_numpy()[file]
    listed = (services["listed_from"].to_numpy()[service] <= date) & (
        date <= services["listed_until"].to_numpy()[service]
    )
    left_out = (services["unlisted_from"].to_numpy()[service] <= date) & (
        date < services["unlisted_until"].to_numpy()[service]
    )
    kept = listed & ~left_out
    return file[kept], service[kept]


def _quoted_line(part: pd.DataFrame, lines: Lines, place: Ints) -> Ints:
    """Return the line whose `cpli_id` is quoted: some providers never note that a new one began."""
    segment = lines.table["segment"].to_numpy()[place]
    older = part["old_reference"].to_numpy() & (segment > 0) & (place > 0)
    before = np.where(older, np.maximum(place - 1, 0), place)
    same = lines.table["service"].to_numpy()[before] == lines.table["service"].to_numpy()[place]
    quoted = np.where(same, before, place)
    return np.where(part["says_cpli"].to_numpy() & (place >= 0), quoted, -1)


def _quantity(part: pd.DataFrame, lines: Lines, place: Ints) -> Ints:
    """Return the weekly quantity of all lines together, in quarters of a unit."""
    of_line = lines.table["quarters"].to_numpy()[place]
    main = np.where(place >= 0, of_line, part["quarters"])
    return np.asarray(main + part["weekend"].to_numpy(), dtype=np.int64)


def _with_second_entries(
    entries: pd.DataFrame, services: pd.DataFrame, lines: Lines, place: Ints, providers: Providers
) -> pd.DataFrame:
    """Split some entries as councils do: off the weekend, or off the line before."""
    part = services.take(entries["service"])
    sparse = (providers.table["template"].to_numpy() == Template.SPARSE)[entries["provider"]]
    weekend = (part["weekend"] > 0).to_numpy() & (entries["quarters"] >= 0).to_numpy() & ~sparse
    segment = lines.table["segment"].to_numpy()[place]
    begins = lines.table["start"].to_numpy()[place]
    earlier = np.maximum(place - 1, 0)
    settled = (place > 0) & (segment > 0) & (entries["end"] >= entries["date"]).to_numpy()
    settled &= (begins <= entries["date"]).to_numpy() & (begins > entries["start"]).to_numpy()
    split = part["splits"].to_numpy() & settled & ~weekend & (part["weekend"] == 0).to_numpy()
    same_service = lines.table["service"].to_numpy()[earlier] == entries["service"].to_numpy()
    split &= same_service
    on_weekends = entries[weekend].assign(
        rank=SECOND, quarters=part["weekend"].to_numpy()[weekend], line=-1
    )
    entries["quarters"] -= np.where(weekend, part["weekend"], 0)
    stated = (entries["quarters"] >= 0).to_numpy()
    before = entries[split].assign(
        rank=SECOND,
        end=begins[split] - 1,
        quarters=np.where(stated, lines.table["quarters"].to_numpy()[earlier], -1)[split],
        line=np.where(entries["line"] >= 0, earlier, -1)[split],
    )
    entries["start"] = np.where(split, begins, entries["start"])
    return pd.concat([entries, on_weekends, before], ignore_index=True)


def _with_faults(entries: pd.DataFrame, services: pd.DataFrame, lines: Lines) -> pd.DataFrame:
    """Give entries the number of their fault, and carry out the faults that are not mere texts."""
    service = entries["service"].to_numpy()
    fault = services["fault"].to_numpy()[service]
    here = np.array([fault.source is Source.CASELOAD for fault in FAULTS])
    entries["fault"] = np.where((fault >= 0) & here[fault], fault, NOTHING)
    turned = _has(entries, How.END_BEFORE_START)
    entries["start"] = np.where(turned, services["start"].to_numpy()[service], entries["start"])
    entries["end"] = np.where(turned, entries["start"] - 10, entries["end"])
    mistaken = np.flatnonzero(_has(entries, How.ANOTHERS_REFERENCE))
    other = services["other"].to_numpy()[service[mistaken]]
    quoted = lines.segment_on(other, entries["date"].to_numpy()[mistaken])
    entries.iloc[mistaken, entries.columns.get_loc("line")] = quoted
    return entries


def _has(entries: pd.DataFrame, how: How) -> Bools:
    numbers = [n for n, fault in enumerate(FAULTS) if fault.how is how]
    return np.isin(entries["fault"], numbers)


def _too_few_or_bad(entries: pd.DataFrame, providers: Providers) -> pd.DataFrame:
    """Leave out nearly all rows of those who send too few, spoil every second of some others."""
    overdue = providers.table["overdue"].to_numpy()[entries["provider"]]
    place = entries.groupby("file").cumcount().to_numpy()
    spoilt = (overdue == Overdue.TOO_MANY_REJECTED) & (place % 2 == 0)
    entries["fault"] = np.where(spoilt, UNREADABLE_START, entries["fault"])
    return entries[(overdue != Overdue.TOO_FEW_ROWS) | (place < _ROWS_OF_TOO_FEW)]


def _rows_about_nobody(entries: pd.DataFrame, providers: Providers) -> list[pd.DataFrame]:
    """Return blank rows in between, totals at the foot, and rows that name nobody."""
    first = ~entries["file"].duplicated().to_numpy()
    files = entries[first].assign(service=NOTHING, fault=NOTHING, line=-1, council=-1, home=-1)
    files = files.assign(ref=0, nhs=0, family=-1, given=-1, born=NEVER, start=NEVER, end=NEVER)
    rows = entries.groupby("file").size().reindex(files["file"]).to_numpy()
    sums = entries["quarters"].clip(lower=0).groupby(entries["file"]).sum()
    habits = providers.table.take(files["provider"])
    totals = habits["totals_row"].to_numpy() & (rows >= _ROWS_FOR_A_TOTAL)
    nameless = habits["totals_row"].to_numpy() & (rows >= _ROWS_FOR_A_NAMELESS)
    blank = files[habits["blank_rows"].to_numpy()].assign(type=-1, quarters=-1, unit=-1)
    total = files[totals].assign(
        type=-1, unit=-1, quarters=np.minimum(sums.reindex(files["file"]).to_numpy()[totals], 7999)
    )
    return [
        blank.assign(rank=10, headed=False),
        blank.assign(rank=11, headed=False),
        total.assign(rank=12, family=_TOTAL, style=-1, headed=False),
        files[nameless].assign(rank=13, family=_NOT_KNOWN, style=-1, quarters=-1, unit=-1),
    ]


def _in_order(entries: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Shuffle the rows of each file, totals last, and number them."""
    total = (entries["family"] == _TOTAL).to_numpy() & (entries["style"] < 0).to_numpy()
    parts = (entries["provider"], entries["date"], entries["service"], entries["rank"])
    place = hashed(seed, 21, *(part.to_numpy() for part in parts)) >> np.uint64(1)
    place = np.where(total, np.uint64(2**63), place)
    order = np.lexsort((place, entries["file"].to_numpy()))
    ordered = entries.iloc[order].reset_index(drop=True)
    ordered["row"] = ordered.groupby("file").cumcount() + 1
    return ordered


def entry_columns(
    entries: pd.DataFrame,
    *,
    councils: Sequence[Council],
    lines: Lines,
    providers: Providers,
) -> Columns:
    """Return every column of the entries as text, faults included."""
    line, home = entries["line"].to_numpy(), np.maximum(entries["home"].to_numpy(), 0)
    number = np.where(line >= 0, lines.table["number"].to_numpy()[line], 0)
    line_council = np.where(line >= 0, lines.table["council"].to_numpy()[line], 0)
    headed = entries["headed"].to_numpy()
    provider = np.where(headed, entries["provider"], -1)
    style = entries["style"].to_numpy()
    columns = {
        "provider_id": texts.taken(texts.pool(providers.ids()), provider),
        "caseload_date": texts.dates(np.where(headed, entries["date"], NEVER)),
        "cpli_id": cpli_ids(councils, line_council, number),
        "local_authority": texts.taken(
            texts.pool([council.gss_code for council in councils]), entries["council"].to_numpy()
        ),
        "person_id": person_ids(councils, home, entries["ref"].to_numpy()),
        "nhs_number": texts.whole_numbers(
            entries["nhs"].to_numpy(), there=(entries["nhs"] > 0).to_numpy()
        ),
        "family_name": _spelt(_FAMILY, entries["family"].to_numpy(), style, 2 * len(FAMILY_NAMES)),
        "given_name": _spelt(_GIVEN, entries["given"].to_numpy(), style, len(GIVEN_NAMES)),
        "date_of_birth": texts.dates(entries["born"].to_numpy()),
        "service_type": texts.taken(_CODES, entries["type"].to_numpy()),
        "start_date": texts.dates(entries["start"].to_numpy()),
        "end_date": texts.dates(entries["end"].to_numpy()),
        "weekly_quantity": texts.quantities(entries["quarters"].to_numpy()),
        "unit": texts.taken(_UNITS, entries["unit"].to_numpy()),
        COLUMN_MORE: texts.taken(texts.pool(["A", "B", "C"]), entries["row"].to_numpy() % 3),
    }
    return with_faulty_texts(columns, entries["fault"].to_numpy(), Source.CASELOAD)


def _spelt(pool: Texts, name: Ints, style: Ints, names: int) -> Texts:
    """Return names in the provider's style; a negative style takes the text as numbered."""
    return texts.taken(pool, np.where((style >= 0) & (name >= 0), style * names + name, name))
