"""Awkward caseloads are read as their senders mean them, and their senders are told so."""

import re

import pytest
from intake.corpus import CASES, RECEIPTS, Case, cleaned, written

from schemas.errors import SourceRefused
from schemas.tables import CASELOAD

READ = {name: case for name, case in CASES.items() if not case.is_refused}
REFUSED = {name: case for name, case in CASES.items() if case.is_refused}
PERSONAL = re.compile(
    r"hollis|margaret|brien|siân|amrit|khan|smith|berg|zzyzx|lopez|oak house|package b"
    r"|1938|1941|999",
    re.IGNORECASE,
)


def test_the_corpus_is_large_enough() -> None:
    assert len(CASES) >= 40


@pytest.mark.parametrize("case", READ.values(), ids=READ)
def test_an_awkward_caseload_is_read_cell_by_cell(case: Case) -> None:
    raw = case.understood().raw
    frame = raw.frame[[*CASELOAD.all]].astype(object)
    rows = frame.where(frame.notna(), None).to_dict("records")
    expected = [dict.fromkeys(CASELOAD.all) | row for row in case.rows]
    assert rows == expected
    assert raw.frame["row"].tolist() == list(range(1, len(expected) + 1))


@pytest.mark.parametrize("case", READ.values(), ids=READ)
def test_what_was_understood_can_be_cleaned(case: Case) -> None:
    counts = cleaned(case.understood()).counts
    filled = sum(any(row.values()) for row in case.rows)
    assert counts["rows"].sum() >= filled


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_a_file_that_cannot_be_used_is_refused_with_its_rule(case: Case) -> None:
    with pytest.raises(SourceRefused) as refusal:
        case.understood()
    assert refusal.value.rule == case.expected
    assert "Ask the provider to" in str(refusal.value)


def test_receipts_are_those_that_somebody_has_read() -> None:
    assert written() == RECEIPTS.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_neither_receipt_nor_refusals_hold_a_personal_value(case: Case) -> None:
    assert PERSONAL.findall(case.receipt()) == []
    if not case.is_refused:
        understood = case.understood()
        messages = " ".join(understood.raw.refusals["message"])
        assert PERSONAL.findall(messages) == []
        assert PERSONAL.findall(repr(understood.columns) + repr(understood.skipped)) == []
