import csv
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from publishing.csv_text import csv_text

CELLS = st.none() | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1
)


def read_back(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


@given(st.lists(st.tuples(CELLS, CELLS), max_size=8))
def test_any_csv_reader_gets_the_same_cells_back(rows):
    frame = pd.DataFrame(rows, columns=["one", "two"], dtype="str")
    expected = [["one", "two"], *([cell or "" for cell in row] for row in rows)]
    assert read_back(csv_text(frame, ["one", "two"])) == expected


def test_cells_are_quoted_only_where_they_must_be():
    cells = ["plain", "a space ", "com,ma", 'quo"te', "line\nfeed", "car\rriage", "", None]
    frame = pd.DataFrame({"cell": pd.Series(cells, dtype="str"), "n": 1})
    assert csv_text(frame, ["cell", "n"]).decode() == (
        "cell,n\n"
        "plain,1\n"
        "a space ,1\n"
        '"com,ma",1\n'
        '"quo""te",1\n'
        '"line\nfeed",1\n'
        '"car\rriage",1\n'
        ",1\n"
        ",1\n"
    )


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pd.Series(["2024-02-29", None], dtype="datetime64[us]"), ["2024-02-29", ""]),
        (pd.Series([3, pd.NA], dtype="Int64"), ["3", ""]),
        (pd.Series([0.7143, np.nan, 12.0]), ["0.7143", "", "12"]),
        (pd.Series([True, False]), ["true", "false"]),
        (pd.Series(["HS", None], dtype=pd.CategoricalDtype(["HS", "M"])), ["HS", ""]),
    ],
)
def test_dates_numbers_and_codes_are_written_plainly(values, expected):
    lines = csv_text(values.to_frame("it").assign(z="z"), ["it", "z"]).decode().splitlines()
    assert lines == ["it,z", *(f"{cell},z" for cell in expected)]


def test_columns_come_in_the_order_asked_for():
    frame = pd.DataFrame({"b": ["2"], "a": ["1"], "c": ["3"]}, dtype="str")
    assert csv_text(frame, ["a", "b"]) == b"a,b\n1,2\n"


def test_a_frame_without_rows_has_a_header():
    assert csv_text(pd.DataFrame({"a": [], "b": []}, dtype="str"), ["a", "b"]) == b"a,b\n"
