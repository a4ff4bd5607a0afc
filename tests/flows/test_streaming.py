"""An extract that is cleaned part by part comes to what it comes to as a whole, row for row."""

import stat
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest
from cleaned import AS_OF, CPLI_ROW, LEICESTER, Row, raw
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from casebook.record import SourceOutcome
from flows import pulls
from flows.pulls import CouncilFacts, Pull
from flows.stage import lay_down, pick_up
from flows.streaming import StagedCplis, lay_down_beside, stage_cplis
from schemas.cleaning import Cleaned, clean_cplis
from schemas.errors import ContractBreach, TryAgainLater
from schemas.raw import RawTable, RefusalLog, refusals
from schemas.tables import CPLI

FACTS = Pull(facts=CouncilFacts(local_authority=LEICESTER, sources=()))
CHANGES = [
    ("cpli_id", ""), ("cpli_id", "C2"), ("cpli_id", " C2\u00a0"), ("cpli_id", "C3"),
    ("person_id", ""), ("provider_id", ""), ("service_type", "hs"), ("service_type", "DS"),
    ("start_date", "soon"), ("end_date", "2026-03-31"), ("weekly_quantity", "lots"),
    ("unit", "Hours"), ("created_at", ""), ("nhs_number", "1"), ("family_name", " Hollis"),
    ("supplier_reference", "S9"), ("updated_at", ""),
]  # fmt: skip


@st.composite
def extracts(draw: st.DrawFn) -> RawTable:
    """An extract with bad, blank, ragged and repeated rows, and something amiss with the file."""
    changed = st.lists(st.sampled_from(CHANGES), max_size=2).map(
        lambda cells: {**CPLI_ROW, **dict(cells)}
    )
    blank = st.just(dict.fromkeys(CPLI.all, "\u00a0"))
    rows: list[Row] = draw(st.lists(changed | changed | changed | blank, max_size=8))
    if rows:
        rows += draw(st.lists(st.sampled_from(rows), max_size=6))
    ragged = draw(st.sets(st.integers(1, 14), max_size=2))
    table = raw(rows, CPLI, ragged=sorted(ragged))
    if draw(st.booleans()):
        table.frame["supplier_reference"] = pd.Series(
            [row.get("supplier_reference") for row in rows], dtype="str"
        )
    noted = RefusalLog(source=table.source, file=table.facts.file)
    for number in draw(st.lists(st.integers(1, len(rows) or 1), max_size=3).map(sorted)):
        noted.warn("unreadable", "A cell. Ask the council to correct it.", row=number)
    return replace(table, refusals=noted.frame())


def parts_of(table: RawTable, sizes: Sequence[int]) -> Iterator[RawTable]:
    """Cut a table into parts of these sizes, in turn; its refusals go with their rows."""
    start, turn = 0, 0
    while start < len(table.frame) or turn == 0:
        size = sizes[turn % len(sizes)]
        frame = table.frame.iloc[start : start + size].reset_index(drop=True)
        mine = table.refusals["row"].between(start + 1, start + size)
        if not len(table.frame):
            mine = table.refusals["row"].notna()
        own = table.refusals[mine].reset_index(drop=True)
        yield replace(table, frame=frame, refusals=own)
        start, turn = start + size, turn + 1


def stage(chunks: Iterator[RawTable], folder: Path) -> StagedCplis:
    return stage_cplis(chunks, folder, local_authority=LEICESTER, as_of=AS_OF)


def whole(table: RawTable) -> Cleaned:
    return clean_cplis(table, local_authority=LEICESTER, as_of=AS_OF)


def frames_of(cleaned: Cleaned) -> dict[str, pd.DataFrame]:
    return {
        "cplis": cleaned.valid,
        "rejected_cplis": cleaned.rejected,
        "refusals": cleaned.refusals,
    }


@settings(max_examples=8)
@given(table=extracts(), sizes=st.lists(st.integers(0, 9), max_size=4).map(lambda more: [1, *more]))
def test_parts_of_any_size_come_to_the_frames_of_the_whole_row_for_row(table, sizes) -> None:
    cleaned = whole(table)
    with TemporaryDirectory() as at_once, TemporaryDirectory() as in_parts:
        staged = stage(parts_of(table, sizes), Path(in_parts))
        lay_down(replace(FACTS, frames=frames_of(cleaned)), Path(at_once))
        before, after = (pick_up(FACTS, Path(folder)).frames for folder in (at_once, in_parts))

    assert set(before) == set(after)
    for name, frame in before.items():
        assert_frame_equal(frame, after[name])
        assert_frame_equal(frames_of(cleaned)[name], after[name])
    assert staged.counted == pulls.count(table, cleaned)
    assert staged.record == pulls.used(table.source, table, cleaned)
    assert staged.valid_rows == len(cleaned.valid)


def example() -> RawTable:
    rows = [{**CPLI_ROW, "cpli_id": f"C{number}"} for number in range(40)]
    rows[30] = {**rows[3], "cpli_id": " C3"}
    rows[35] = {**rows[5], "unit": "days"}
    return raw(rows, CPLI)


def test_a_repeat_counts_once_and_a_conflict_rejects_its_rows_though_parts_lie_between(
    tmp_path,
) -> None:
    staged = stage(parts_of(example(), [10]), tmp_path)

    frames = pick_up(FACTS, tmp_path).frames
    assert 31 not in frames["cplis"]["row"].to_list()
    assert frames["rejected_cplis"]["row"].to_list() == [6, 36]
    assert frames["refusals"][["row", "rule"]].to_numpy().tolist() == [
        [6, "conflicting_cpli_id"], [36, "conflicting_cpli_id"], [31, "repeated"],
    ]  # fmt: skip
    assert (staged.counted.rows, staged.counted.rejected_rows, staged.valid_rows) == (40, 2, 37)


def test_the_facts_on_record_are_those_of_the_last_part(tmp_path) -> None:
    first, *_, last = parts_of(example(), [20])
    last = replace(last, facts=replace(last.facts, size_bytes=7, sha256="ab"))

    staged = stage(iter([first, last]), tmp_path)

    assert staged.facts is last.facts
    assert (staged.record.size_bytes, staged.record.sha256) == (7, "ab")
    assert staged.record.outcome is SourceOutcome.USED


def test_a_try_that_broke_off_leaves_nothing_behind_and_the_next_one_starts_anew(tmp_path) -> None:
    def broken() -> Iterator[RawTable]:
        yield from list(parts_of(example(), [10]))[:2]
        raise TryAgainLater("The connection was cut off.")

    folder = tmp_path / LEICESTER
    with pytest.raises(TryAgainLater):
        stage(broken(), folder)
    assert list(folder.iterdir()) == []

    stage(parts_of(example(), [10]), folder)
    stage(parts_of(example(), [7]), folder)

    assert sorted(path.name for path in folder.iterdir()) == [
        "cplis.parquet", "refusals.parquet", "rejected_cplis.parquet",
    ]  # fmt: skip
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert_frame_equal(pick_up(FACTS, folder).frames["cplis"], whole(example()).valid)


def test_what_comes_without_any_part_is_a_fault_of_ours(tmp_path) -> None:
    with pytest.raises(ContractBreach, match="without any part"):
        stage(iter([]), tmp_path)


def test_other_frames_are_laid_beside_and_their_refusals_behind(tmp_path) -> None:
    stage(parts_of(example(), [10]), tmp_path)
    more = refusals([("portal", "p.csv", 1, None, "ragged", "rejected", "It is ragged.")])
    pull = replace(FACTS, frames={**pulls.no_rows(pulls.COUNCIL_TABLES), "refusals": more})
    del pull.frames["cplis"], pull.frames["rejected_cplis"]

    facts = lay_down_beside(pull, tmp_path)

    assert facts == FACTS
    frames = pick_up(FACTS, tmp_path).frames
    assert sorted(frames) == ["cplis", "portal", "refusals", "rejected_cplis", "rejected_portal"]
    expected = pulls.together([whole(example()).refusals, more])
    assert_frame_equal(frames["refusals"], expected)
    assert_frame_equal(frames["cplis"], whole(example()).valid)
