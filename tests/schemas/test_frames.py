"""What holds for every table alike: empty frames, white space, and the caller's own frame."""

import pandas as pd
import pytest
from cleaned import KINDS, plain, raw

from schemas.raw import refusals
from schemas.tables import CASELOAD, PROVIDER, column_names

every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.columns.name)


@every_kind
@pytest.mark.parametrize("rows", [[], [{}], [{}, {}, {}]], ids=["none", "one blank", "all blank"])
def test_a_table_without_rows_gives_empty_frames_of_the_same_types(kind, rows) -> None:
    empty = kind.cleaned(rows)
    full = kind.cleaned([kind.sound, kind.broken])

    assert (len(full.valid), len(full.rejected)) == (1, 1)
    for frame, like in ((empty.valid, full.valid), (empty.rejected, full.rejected)):
        assert len(frame) == 0
        assert frame.dtypes.to_dict() == like.dtypes.to_dict()
        assert list(frame.columns) == column_names(kind.model)
    assert len(empty.refusals) == 0
    assert empty.refusals.dtypes.to_dict() == refusals().dtypes.to_dict()


@every_kind
def test_a_table_of_rejected_rows_alone_has_no_valid_ones(kind) -> None:
    cleaned = kind.cleaned([kind.broken, {**kind.broken, "cpli_id": "C3"}])

    assert (len(cleaned.valid), len(cleaned.rejected)) == (0, 2)
    assert cleaned.valid.dtypes.to_dict() == kind.cleaned([]).valid.dtypes.to_dict()


@every_kind
@pytest.mark.parametrize("padding", [" ", "\t", "\u00a0", "\u2003\u00a0 ", "\r\n"], ids=ascii)
def test_white_space_around_a_cell_says_nothing(kind, padding) -> None:
    padded = {name: f"{padding}{cell}{padding}" for name, cell in kind.sound.items()}

    cleaned = kind.cleaned([padded])

    assert plain(cleaned.valid) == plain(kind.cleaned([kind.sound]).valid)
    assert len(cleaned.refusals) == 0


@every_kind
@pytest.mark.parametrize("cell", ["", " ", "\u00a0", "\t\n"], ids=ascii)
def test_a_required_cell_of_white_space_is_missing(kind, cell) -> None:
    cleaned = kind.cleaned([{**kind.sound, kind.bad: cell}])

    said = plain(cleaned.refusals[["row", "column", "rule", "level"]])
    assert said == [{"row": 1, "column": kind.bad, "rule": "missing", "level": "rejected"}]
    assert plain(cleaned.rejected)[0][kind.bad] is None


@every_kind
def test_blank_rows_are_skipped_and_the_others_keep_their_place(kind) -> None:
    blank = dict.fromkeys(kind.columns.all, "\u00a0 ")

    cleaned = kind.cleaned([{}, kind.sound, blank, kind.broken, {}])

    assert (len(cleaned.valid), len(cleaned.rejected)) == (1, 1)
    assert cleaned.refusals["row"].to_list() == [4]


@every_kind
def test_the_callers_frame_stays_as_it_was(kind) -> None:
    table = raw([{**kind.sound, "unit": "?"}, {}, {kind.bad: " "}, kind.sound], kind.columns)
    before = table.frame.copy(deep=True)

    kind.clean(table)

    pd.testing.assert_frame_equal(table.frame, before)


@every_kind
def test_rows_keep_the_order_of_the_file_and_are_numbered_anew_in_the_frame(kind) -> None:
    rows = [
        {**kind.sound, "cpli_id": f"C{number}", "provider_id": f"P{number}"}
        for number in (5, 1, 4, 2)
    ]
    if kind.columns is CASELOAD:
        rows = [{**row, "provider_id": "P1"} for row in rows]

    cleaned = kind.cleaned([rows[0], {}, *rows[1:]])

    name = "provider_id" if kind.columns is PROVIDER else "cpli_id"
    assert [cell[1:] for cell in cleaned.valid[name]] == ["5", "1", "4", "2"]
    assert list(cleaned.valid.index) == [0, 1, 2, 3]
