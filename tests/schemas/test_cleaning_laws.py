"""What holds of cleaning whatever a source sends, also beside the plain reading."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from bridge import raw_table
from cleaned import KINDS, Kind, Row, caseload_file, plain, raw
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from oracle import CaseloadFile
from oracle import cleaning as oracle
from oracle.draws import draw_population
from oracle.tables import synthetic_nhs_number

from schemas.cleaning import Cleaned, clean_caseloads, clean_cplis, clean_portal
from schemas.raw import RawTable
from schemas.tables import CASELOAD, CPLI, PORTAL

CELLS: Mapping[str, Sequence[str]] = {
    "cpli_id": ("", "C1", "C2", " C2\u00a0", "c1"),
    "person_id": ("", "1002"),
    "provider_id": ("", "P2", " P1"),
    "caseload_date": ("", "2026-11-15", "today"),
    "local_authority": ("", "E10000018", "Leicester"),
    "nhs_number": ("", synthetic_nhs_number(20), "999 000 0107", "9990000106"),
    "family_name": ("", "Okafor"),
    "given_name": ("", "\u00a0"),
    "date_of_birth": ("", "1952-12-30", "2030-01-01", "1812-02-07", "soon"),
    "service_type": ("", "OTH", "hs"),
    "service_category": ("", "x"),
    "start_date": ("", "2026-04-01", "2026-02-30"),
    "end_date": ("", "2026-03-31", "2026-05-01", "open"),
    "weekly_quantity": ("", "7", "-7", "lots"),
    "unit": ("", "visits", "Hours"),
    "authorisation": ("", "draft", "Draft"),
    "created_at": ("", "2026-07-01", "soon"),
    "updated_at": ("", "2026-07-01T23:30Z", "soon"),
}
"""Cells that make rows differ, be bad, odd, or repeats of each other."""


@st.composite
def rows_of(draw: st.DrawFn, kind: Kind) -> list[Row]:
    """Rows that are sound but for up to three cells, some wholly blank, some repeated."""
    changes = [(name, cell) for name in kind.columns.all for cell in CELLS.get(name, ("", "x"))]
    some = st.lists(st.sampled_from(changes), max_size=3)
    changed = some.map(lambda cells: {**kind.sound, **dict(cells)})
    blank = st.sampled_from([{}, dict.fromkeys(kind.columns.all, " \u00a0")])
    rows = draw(st.lists(changed | changed | changed | blank, min_size=1, max_size=8))
    repeated = draw(st.lists(st.sampled_from(rows), max_size=4))
    return draw(st.permutations(rows + repeated))


@st.composite
def tables_of(draw: st.DrawFn, kind: Kind) -> tuple[list[Row], set[int]]:
    """Such rows, and the numbers of those that are ragged."""
    rows = draw(rows_of(kind))
    return rows, draw(st.sets(st.integers(1, len(rows)), max_size=3))


def is_blank(row: Row) -> bool:
    return not any(cell.strip() for cell in row.values())


def as_sets(cleaned: Cleaned, kind: Kind) -> tuple[Counter[str], Counter[str]]:
    """The valid and the rejected rows, whatever their order and number."""
    return tuple(
        Counter(repr(row) for row in plain(frame.drop(columns=kind.number, errors="ignore")))
        for frame in (cleaned.valid, cleaned.rejected)
    )


every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.columns.name)
numbered_kind = pytest.mark.parametrize("kind", KINDS[:3], ids=lambda kind: kind.columns.name)


@numbered_kind
@settings(max_examples=10)
@given(data=st.data())
def test_every_row_becomes_valid_or_rejected_or_is_a_repeat_or_blank(kind, data) -> None:
    rows, ragged = data.draw(tables_of(kind))

    cleaned = kind.cleaned(rows, ragged=ragged)

    refused = cleaned.refusals
    repeats = refused.loc[refused["rule"] == "repeated", "row"].to_list()
    blank = [number for number, row in enumerate(rows, 1) if is_blank(row) and number not in ragged]
    valid = cleaned.valid[kind.number].to_list()
    rejected = cleaned.rejected[kind.number].to_list()
    assert sorted([*valid, *rejected, *repeats, *blank]) == list(range(1, len(rows) + 1))
    assert set(refused.loc[refused["level"] == "rejected", "row"]) == set(rejected)
    assert not set(refused["row"]) & set(blank)


@numbered_kind
@settings(max_examples=10)
@given(data=st.data())
def test_neither_the_order_of_rows_nor_blank_ones_change_anything(kind, data) -> None:
    rows, ragged = data.draw(tables_of(kind))
    table = raw(rows, kind.columns, ragged=ragged)
    blank = raw([{}], kind.columns).frame.assign(row=99)
    more = pd.concat([table.frame, blank], ignore_index=True)
    order = data.draw(st.permutations(range(len(more))))
    shuffled = replace(table, frame=more.take(list(order)).reset_index(drop=True))

    assert as_sets(kind.clean(shuffled), kind) == as_sets(kind.clean(table), kind)


@settings(max_examples=10)
@given(rows=rows_of(KINDS[0]), data=st.data())
def test_repeating_a_cpli_changes_nothing(rows, data) -> None:
    kind = KINDS[0]
    again = data.draw(st.sampled_from(rows))
    assume(again.get("cpli_id", "").strip())
    before = kind.cleaned(rows)

    after = kind.cleaned([*rows, again])

    # Of identical rows that conflict with others all are rejected, so there may be one more.
    (valid, rejected), (more_valid, more_rejected) = as_sets(before, kind), as_sets(after, kind)
    assert more_valid == valid
    assert set(more_rejected) == set(rejected)


MARKS = (
    "ZZQX",
    "zzqx 14 h",
    "1931-03-07",
    "1875-12-25",
    "2026-02-31",
    "2031-08-09",
    synthetic_nhs_number(770),
    "999 000 0888",
    "-987.25",
    "E09999999",
    "2026-02-03T04:05:06.789",
)


@every_kind
@settings(max_examples=10)
@given(data=st.data())
def test_no_refusal_tells_anything_of_what_a_row_holds(kind, data) -> None:
    cells = st.sampled_from(["", *MARKS])
    row = st.fixed_dictionaries({}, optional=dict.fromkeys(kind.columns.all, cells))
    sound = row.map(lambda changes: {**kind.sound, **changes})
    rows = data.draw(st.lists(row | sound, min_size=1, max_size=6))
    ragged = data.draw(st.sets(st.integers(1, len(rows)), max_size=2))

    cleaned = kind.cleaned(rows, ragged=ragged)

    told = cleaned.refusals.drop(columns="row").to_csv(index=False)
    assert not [mark for mark in MARKS if mark in told]
    personal = {"family_name", "given_name", "person_id", "nhs_number", "date_of_birth", "name"}
    assert not [
        kind.sound[name] for name in personal & kind.sound.keys() if kind.sound[name] in told
    ]


# The plain reading

RULES = {
    "before_start": "end_before_start",
    "conflicting": "conflicting_cpli_id",
    "unmapped": "service_type_unmapped",
    "negative": "unreadable",
    "unknown": "unknown_unit",
    "invalid": "nhs_number_invalid",
    "out_of_range": "implausible",
    "not_a_gss_code": "unreadable",
    "differs_from_file": "differs_from_file_name",
}
"""The plain reading's names of rules, where ours are others."""
ONLY_OURS = {("created_at", "missing")}
"""Warnings that rule 2 does not ask for."""
LONDON = ZoneInfo("Europe/London")
seeds = given(seed=st.integers(0, 2**32 - 1), size=st.sampled_from([4, 60]))


def said_by_both(
    cleaned: Cleaned, lines: Sequence[oracle.Line], notices: Iterable[oracle.Notice]
) -> None:
    """Both refuse the same for the same reasons in all rows that the plain reading keeps."""
    kept = {line.row for line in lines}
    refused = cleaned.refusals[["row", "column", "rule", "level"]].astype("object").fillna("")
    ours = [
        refusal
        for refusal in refused.itertuples(index=False, name=None)
        if refusal[0] in kept and refusal[1:3] not in ONLY_OURS
    ]
    theirs = [
        (notice.row, notice.column, RULES.get(notice.rule, notice.rule), notice.level)
        for notice in notices
    ]
    assert Counter(ours) == Counter(theirs)


def read_by_both(
    cleaned: Cleaned, lines: Sequence[oracle.Line], number: str, as_ours: Callable[..., Row]
) -> None:
    """Both keep the same of every row that the plain reading keeps, valid or rejected."""
    ours = {
        row[number]: (rejected, row)
        for rejected, frame in ((False, cleaned.valid), (True, cleaned.rejected))
        for row in plain(frame)
    }
    for line in lines:
        rejected, row = ours[line.row]
        expected = as_ours(line)
        assert rejected == line.rejected
        assert {name: cell for name, cell in named(row).items() if name in expected} == expected


def named(row: Mapping[str, object]) -> dict[str, object]:
    """Our row with names as they are compared and instants as their dates in London."""
    changed = dict(row)
    for name in ("family_name", "given_name"):
        changed[name] = oracle.normalised(row.get(name))
    for name in ("created_at", "updated_at"):
        instant = row.get(name)
        changed[name] = instant and str(pd.Timestamp(instant).tz_convert(LONDON).date())
    return changed


def support(line: oracle.Line) -> dict[str, object]:
    quantity = line.weekly_quantity
    # That a bad row's unmapped service type cannot be read is for the engine to mind.
    service_type = "OTH" if line.unmapped else line.service_type
    return {
        "cpli_id": line.cpli_id,
        "provider_id": line.provider_id,
        "person_id": line.person_id,
        "service_type": service_type,
        "service_type_unmapped": line.unmapped,
        "start_date": line.start_date and str(line.start_date),
        "end_date": line.end_date and str(line.end_date),
        "weekly_quantity": None if quantity is None else float(quantity),
        "unit": line.unit,
    }


def identity(line: oracle.Cpli | oracle.Entry) -> dict[str, object]:
    return {
        "local_authority": line.local_authority,
        "nhs_number": line.nhs_number,
        "family_name": line.family_name,
        "given_name": line.given_name,
        "date_of_birth": line.date_of_birth and str(line.date_of_birth),
    }


def set_to_null(line: oracle.Line) -> dict[str, object]:
    return {f"{name}_unreadable": name in line.set_to_null for name in ("weekly_quantity", "unit")}


def cpli(line: oracle.Cpli) -> dict[str, object]:
    return {
        **support(line),
        **identity(line),
        **set_to_null(line),
        "service_description": line.service_description,
        "authorisation": line.authorisation,
        "created_at": line.created_on and str(line.created_on),
        "updated_at": line.updated_on and str(line.updated_on),
        "commissioning_team": line.commissioning_team,
    }


@settings(max_examples=8)
@seeds
def test_cplis_of_a_population_are_read_as_the_plain_reading_reads_them(seed, size) -> None:
    population, as_of = draw_population(seed, size)
    for code, council in population.councils.items():
        rows = council.cplis or ()
        cleaned = clean_cplis(raw_table(rows, CPLI), local_authority=code, as_of=as_of)
        lines, notices = oracle.clean_cplis(rows, local_authority=code, as_of=as_of)

        said_by_both(cleaned, lines, notices)
        read_by_both(cleaned, lines, "row", cpli)
        repeats = {row for row, line in enumerate(rows, 1) if not is_blank(line)} - {
            line.row for line in lines
        }
        dropped = cleaned.refusals.loc[cleaned.refusals["rule"] == "repeated", "row"]
        conflicting = cleaned.refusals.loc[cleaned.refusals["rule"] == "conflicting_cpli_id", "row"]
        assert set(dropped) == repeats - set(conflicting)


@settings(max_examples=8)
@seeds
def test_portal_rows_of_a_population_are_read_as_the_plain_reading_reads_them(seed, size) -> None:
    population, _ = draw_population(seed, size)
    for code, council in population.councils.items():
        for when, shown in council.portal.items():
            rows = shown or ()
            cleaned = clean_portal(raw_table(rows, PORTAL), local_authority=code, extract_date=when)
            lines, notices = oracle.clean_portal(rows, source="portal")

            said_by_both(cleaned, lines, notices)
            read_by_both(cleaned, lines, "row", lambda line: support(line) | set_to_null(line))


@settings(max_examples=8)
@seeds
def test_entries_of_a_population_are_read_as_the_plain_reading_reads_them(seed, size) -> None:
    population, as_of = draw_population(seed, size)
    files = [file for file in population.caseloads if file.rows is not None]

    cleaned = clean_caseloads(
        [
            (number, caseload_file(file.provider_id, file.caseload_date), received(number, file))
            for number, file in enumerate(files)
        ],
        as_of=as_of,
    )

    for number, file in enumerate(files):
        lines, notices = oracle.clean_caseload(file, as_of)
        its_own = of_file(cleaned, number)
        said_by_both(its_own, lines, notices)
        read_by_both(its_own, lines, "caseload_row", lambda line: support(line) | identity(line))
        counts = cleaned.counts.set_index("caseload").loc[number]
        assert counts["rows"] == len(lines)
        assert counts["rejected_rows"] == sum(line.rejected for line in lines)


def received(number: int, file: CaseloadFile) -> RawTable:
    table = raw_table(file.rows or (), CASELOAD, file.columns)
    return replace(table, facts=replace(table.facts, file=str(number)))


def of_file(cleaned: Cleaned, number: int) -> Cleaned:
    """What one of several caseloads came to."""
    return Cleaned(
        valid=cleaned.valid[cleaned.valid["caseload"] == number],
        rejected=cleaned.rejected[cleaned.rejected["caseload"] == number],
        refusals=cleaned.refusals[cleaned.refusals["file"] == str(number)],
    )
