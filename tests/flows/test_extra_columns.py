"""A council's extra columns are read where its table has them, and nobody misses them where not."""

import pandas as pd
import pytest
from folders.canonical import AS_OF, LEICESTER, Sources, csv_bytes

from connectors.folder import CanonicalFolder
from flows.pulls import CouncilFacts, Pull
from flows.reading import read_council
from reconciliation import Tolerances
from schemas.tables import CPLI


def read(sources: Sources) -> Pull[CouncilFacts]:
    return read_council(
        CanonicalFolder(sources.root),
        LEICESTER,
        references={},
        as_of=AS_OF,
        tolerances=Tolerances(),
    )


def with_marks(sources: Sources, *marks: str) -> Sources:
    row, other = sources.cplis[LEICESTER]
    rows = [*(row | {"restricted": mark} for mark in marks), other]
    return sources.write(f"council/{LEICESTER}/cpli.csv", csv_bytes(rows, CPLI.known))


def with_districts(sources: Sources, *districts: str) -> Sources:
    rows = [
        row | {"district": district}
        for row, district in zip(sources.cplis[LEICESTER], districts, strict=True)
    ]
    return sources.write(f"council/{LEICESTER}/cpli.csv", csv_bytes(rows, CPLI.known))


def test_a_district_is_read_where_there_is_one(sources):
    pull = read(with_districts(sources, " Melton ", ""))
    cplis = pull.frames["cplis"].set_index("cpli_id")["district"]
    first, second = (row["cpli_id"] for row in sources.cplis[LEICESTER])
    assert cplis[first] == "Melton"
    assert pd.isna(cplis[second])
    assert pull.frames["refusals"].empty


def test_nothing_is_said_where_there_is_none(sources):
    pull = read(sources)
    assert pull.frames["cplis"]["district"].isna().all()
    assert pull.frames["refusals"].empty


@pytest.mark.parametrize("same", [True, False])
def test_a_row_that_stands_twice_but_for_its_district_counts_once(sources, same):
    row = sources.cplis[LEICESTER][0]
    rows = [row | {"district": "Melton"}, row | {"district": "Melton" if same else "Blaby"}]
    sources.write(f"council/{LEICESTER}/cpli.csv", csv_bytes(rows, CPLI.known))
    pull = read(sources)
    assert pull.frames["cplis"]["district"].to_list() == ["Melton"]
    assert pull.frames["refusals"]["rule"].to_list() == ["repeated"]


def test_what_restricts_a_record_is_read_where_it_is_there(sources):
    pull = read(with_marks(sources, " Yes "))
    assert pull.frames["cplis"]["restricted"].fillna("").to_list() == ["Yes", ""]


def test_two_rows_that_restrict_differently_are_both_refused_and_neither_mark_is_lost(sources):
    pull = read(with_marks(sources, "", "yes"))
    assert len(pull.frames["cplis"]) == 1
    assert set(pull.frames["refusals"]["rule"]) == {"conflicting_cpli_id"}
    assert "yes" in pull.frames["rejected_cplis"]["restricted"].to_list()
