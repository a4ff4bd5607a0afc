"""A canonical caseload, kept as care homes keep theirs, reads back as the same rows."""

import datetime as dt
import random
import re

import pandas as pd
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from intake.corpus import CASELOAD_DATE, PROVIDER, Case, cleaned
from oracle.tables import synthetic_nhs_number

from connectors.intake import understand
from connectors.intake.words import NO_NAME_WORDS, TITLES
from population.messy import messy_workbook
from schemas.cleaning import clean_caseloads
from schemas.raw import CaseloadFile, FileFacts, RawTable, refusals
from schemas.tables import CASELOAD
from schemas.vocabularies import ServiceType, Unit

LETTERS = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyzäéøß'- "), min_size=2, max_size=12)
NOT_NAMES = {"and", "or", *NO_NAME_WORDS, *TITLES}
NAMES = LETTERS.map(lambda text: " ".join(text.split()).title()).filter(
    lambda text: any(map(str.isalpha, text)) and not NOT_NAMES & {*re.split("[-' ]", text.lower())}
)
REFERENCES = st.from_regex(r"[A-Z]{2}[0-9]{4,7}(-[0-9]{3})?", fullmatch=True)
QUARTERS = st.integers(0, 700).map(lambda quarters: f"{quarters / 4:g}")
DATES = st.dates(dt.date(1990, 1, 1), dt.date(2040, 12, 31)).map(str)
BIRTHS = st.dates(dt.date(1900, 1, 1), dt.date(2026, 11, 16)).map(str)
ROWS = st.fixed_dictionaries(
    {"service_type": st.sampled_from(ServiceType.codes())},
    optional={
        "cpli_id": REFERENCES,
        "local_authority": st.sampled_from(["E06000016", "E10000018", "E06000017"]),
        "person_id": REFERENCES,
        "nhs_number": st.integers(0, 9_000).map(lambda serial: synthetic_nhs_number(10 * serial)),
        "family_name": NAMES,
        "given_name": NAMES,
        "date_of_birth": BIRTHS,
        "start_date": DATES,
        "end_date": DATES | st.just("ongoing"),
        "weekly_quantity": QUARTERS | st.just("two visits"),
        "unit": st.sampled_from([*Unit.codes(), *Unit.codes(), "sessions"]),
    },
)
FACTS = FileFacts(
    file="caseload/P0001_2026-11-16.xlsx",
    size_bytes=0,
    sha256="",
    received_at=dt.datetime(2026, 11, 17, tzinfo=dt.UTC),
)
UNREADABLE = "\N{REPLACEMENT CHARACTER}"


def read(content: bytes) -> RawTable:
    return understand(content, facts=FACTS, provider_id=PROVIDER, caseload_date=CASELOAD_DATE).raw


def canonical(rows: list[dict[str, str]]) -> RawTable:
    cells = {name: pd.Series([row.get(name) for row in rows], dtype="str") for name in CASELOAD.all}
    frame = pd.DataFrame(cells).assign(row=range(1, len(rows) + 1), ragged=False)
    return RawTable(
        table=CASELOAD,
        source=f"caseload {PROVIDER}",
        facts=FACTS,
        columns=frozenset(CASELOAD.all),
        frame=frame,
        refusals=refusals(),
    )


def cleaned_rows(raw: RawTable) -> list[pd.DataFrame]:
    file = CaseloadFile(
        provider_id=PROVIDER,
        caseload_date=CASELOAD_DATE,
        file=FACTS.file,
        received_at=FACTS.received_at,
    )
    whole = clean_caseloads([(0, file, raw)], as_of=dt.date(2026, 11, 20))
    return [whole.valid, whole.rejected]


@settings(max_examples=60, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(rows=st.lists(ROWS | st.just({}), min_size=1, max_size=8), seed=st.integers(0, 10_000))
def test_a_messy_caseload_cleans_to_the_same_rows(rows: list[dict[str, str]], seed: int) -> None:
    written = messy_workbook(
        CASELOAD.all, [[row.get(n) for n in CASELOAD.all] for row in rows], seed=seed
    )
    for ours, theirs in zip(
        cleaned_rows(read(written)), cleaned_rows(canonical(rows)), strict=True
    ):
        pd.testing.assert_frame_equal(ours, theirs)


def person(number: int) -> dict[str, str]:
    return {
        "provider_id": PROVIDER,
        "caseload_date": str(CASELOAD_DATE),
        "nhs_number": synthetic_nhs_number(10 * number),
        "family_name": "Hollis",
        "given_name": "Margaret",
        "date_of_birth": "1938-07-04",
        "start_date": "2026-05-01",
        "weekly_quantity": "7.5",
        "unit": "hours",
    }


def test_rows_of_one_person_are_told_apart_however_they_are_merged() -> None:
    rows = [person(1) | {"service_type": code} for code in ("HS", "M", "TRAN")]
    rows += [{}, person(2) | {"service_type": "DS"}, person(2) | {"service_type": "C-SS"}]
    header = tuple(rows[0])
    for seed in range(40):
        written = messy_workbook(header, [[row.get(n) for n in header] for row in rows], seed=seed)
        for ours, theirs in zip(
            cleaned_rows(read(written)), cleaned_rows(canonical(rows)), strict=True
        ):
            pd.testing.assert_frame_equal(ours, theirs)


def test_a_total_of_the_canonical_caseload_stays_a_rejected_row() -> None:
    rows = [person(1) | {"service_type": "HS"}, {"family_name": "TOTAL", "weekly_quantity": "7.5"}]
    header = tuple(rows[0])
    for seed in range(20):
        written = messy_workbook(header, [[row.get(n) for n in header] for row in rows], seed=seed)
        valid, rejected = cleaned_rows(read(written))
        assert (len(valid), rejected["caseload_row"].tolist()) == (1, [2])


def test_what_is_unreadable_in_the_canonical_caseload_stays_so() -> None:
    bad = {
        "service_type": "Home care",
        "local_authority": "Leicester",
        "start_date": "last spring",
        "end_date": "ongoing",
        "unit": "sessions",
        "weekly_quantity": "two visits",
    }
    rows = [person(1) | bad]
    header = tuple(rows[0])
    for seed in range(20):
        frame = read(messy_workbook(header, [[*rows[0].values()]], seed=seed)).frame
        assert frame[[*bad]].iloc[0].tolist() == [UNREADABLE] * len(bad)


def test_one_seed_writes_one_workbook_and_others_write_others() -> None:
    header = tuple(person(1))
    rows = [[*person(number).values()] for number in range(5)]
    assert messy_workbook(header, rows, seed=3) == messy_workbook(header, rows, seed=3)
    assert len({messy_workbook(header, rows, seed=seed) for seed in range(10)}) == 10


def test_noise_never_ends_in_a_fault_of_ours() -> None:
    chance = random.Random(7)
    cells = ["", "NHS number", "Service type", "x", "3/4/26", "Total", "=1", "#N/A", "½", ",", '"']
    for _ in range(100):
        rows = [[chance.choice(cells) for _ in range(4)] for _ in range(6)]
        lines = "\n".join(chance.choice(",;\t").join(row) for row in rows)
        heading = "NHS number,Service type,Start,End\n" if chance.random() < 0.7 else ""
        case = Case(name="csv", content=(heading + lines).encode(), expected="")
        case.receipt()


def test_counts_of_the_receipt_are_those_of_the_cleaning() -> None:
    case = Case(
        content=messy_workbook(
            tuple(person(1)), [[*person(number).values()] for number in range(3)], seed=1
        ),
        expected="",
    )
    # Without a service type nothing is read at all; with it, every row is.
    assert "lacks a column for the service type" in case.receipt()
    rows = [person(number) | {"service_type": "HS"} for number in range(3)]
    case = Case(
        content=messy_workbook(tuple(rows[0]), [[*row.values()] for row in rows], seed=1),
        expected="",
    )
    assert "3 rows taken, 0 refused." in case.receipt()
    assert cleaned(case.understood()).counts["rows"].tolist() == [3]
