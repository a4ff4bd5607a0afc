"""What is measured of caseloads, beside the CPLIs that councils hold and the lists before them."""

import numpy as np
import pandas as pd
import pytest
from cleaned import ENTRY_ROW, cleaned_entries
from measured import beside_cplis, cleaned_extract, of_lists
from oracle.tables import table

from quality import caseloads
from quality.caseloads import CONTENT, FEWEST, LONG
from quality.catalogue import gates_of
from schemas.gates import GateSource

RUTLAND = "E06000017"
ONE = "provider_id | caseload_date\nP1 | 2026-11-16"
TEN = "lines\n10"

# Of ten entries of P1's list of 16 November five are otherwise, or the CPLIs of their people are.
BESIDE = table("""
figure           | side  | column        | five have   | others have | is
known_share      | cpli  | provider_id   | P2          | P1          | 0.5
known_share      | cpli  | provider_id   | p1          | P1          | 0.5
known_share      | cpli  | end_date      | 2026-09-16  |             | 0.5
known_share      | cpli  | end_date      | 2026-09-17  |             | 1.0
known_share      | cpli  | start_date    | 2026-12-24  | 2026-05-01  | 1.0
known_share      | cpli  | start_date    | never       | 2026-05-01  | 1.0
known_share      | cpli  | authorisation | draft       | authorised  | 1.0
strangers_share  | cpli  | provider_id   | P2          | P1          | 0.5
strangers_share  | cpli  | provider_id   | p1          | P1          | 0.5
strangers_share  | cpli  | end_date      | 2026-05-31  |             | 0.0
strangers_share  | cpli  | provider_id   |             | P1          | 0.0
ended_share      | entry | end_date      | 2026-11-15  |             | 0.5
ended_share      | entry | end_date      | 2026-11-16  |             | 0.0
future_share     | entry | start_date    | 2026-11-17  | 2026-11-16  | 0.5
future_share     | entry | start_date    |             | 2026-11-16  | 0.0
same_shift_share | entry | start_date    | 2026-05-04  | 2026-05-01  | 0.5
same_shift_share | entry | start_date    | 2026-04-28  | 2026-05-01  | 0.5
same_shift_share | entry | start_date    | 2026-05-03  | 2026-05-01  | 0.0
same_shift_share | entry | start_date    | 2026-04-28  | 2026-05-04  | 0.5
same_shift_share | entry | start_date    |             | 2026-05-01  | 0.0
same_shift_share | cpli  | start_date    | 2025-05-01  | 2026-05-01  | 0.5
repeats_share    | entry | person_id     | 1001        | 1001        | 0.0
""")  # fmt: skip


def named(case: dict[str, str]) -> str:
    return " ".join(cell for cell in case.values() if cell)


@pytest.mark.parametrize("case", BESIDE, ids=named)
def test_a_share_is_that_of_the_entries_that_have_it(case: dict[str, str]) -> None:
    column, five, others = case["column"], case["five have"], case["others have"]
    changed = f"lines | {column}\n5 | {five}\n5 | {others}"
    no_end = {} if column == "end_date" else {"end_date": ""}
    held = cleaned_extract(changed if case["side"] == "cpli" else TEN, **no_end)
    entries = changed if case["side"] == "entry" else TEN
    header, *rows = entries.splitlines()
    end = "" if column == "end_date" else " | end_date"
    listed = "\n".join([f"{header} | list{end}", *(f"{row} | 0{end and ' |'}" for row in rows)])
    [figure] = beside_cplis(ONE, listed, held)[case["figure"]]
    assert figure == pytest.approx(float(case["is"]))


def entries(*rows: str, columns: str = "lines | list") -> str:
    return "\n".join([columns, *rows])


IDENTITIES = table("""
cpli_id | nhs_number | person_id | family_name | given_name | date_of_birth | found
own     |            |           |             |            |               | yes
        | own        |           |             |            |               | yes
        |            | own       |             |            |               | yes
        |            |           | own         | Margaret   | 1938-07-04    | yes
        |            |           | own         | MARGARET   | 1938-07-04    | yes
        |            |           | own         | Peggy      | 1938-07-04    | no
        |            |           | own         | Margaret   | 1938-07-05    | no
X       | own        |           |             |            |               | yes
X       | 9990009991 | 77        |             |            |               | no
""")  # fmt: skip


@pytest.mark.parametrize("case", IDENTITIES, ids=named)
def test_an_entry_is_known_by_whatever_it_states_of_a_person(case: dict[str, str]) -> None:
    said = {name: cell for name, cell in case.items() if name != "found" and cell != "own"}
    columns = " | ".join(["lines", "list", *said])
    drawn = entries(" | ".join(["10", "0", *said.values()]), columns=columns)
    [known] = beside_cplis(ONE, drawn, cleaned_extract(TEN))["known_share"]
    assert known == (1.0 if case["found"] == "yes" else 0.0)


NAMED = table("""
named     | known | strangers
          | 1.0   | 0.0
E06000016 | 1.0   | 0.0
E06000017 | 0.0   | 1.0
E10000018 | 0.0   |
""")


@pytest.mark.parametrize("case", NAMED, ids=named)
def test_an_entry_that_names_a_council_is_looked_up_there_only(case: dict[str, str]) -> None:
    """Both councils number their people alike; those of the second one are another provider's."""
    ours = cleaned_extract(TEN)
    theirs = cleaned_extract("lines | provider_id\n10 | P2", council=RUTLAND)
    drawn = entries(f"10 | 0 | {case['named']}", columns="lines | list | local_authority")
    [figures] = beside_cplis(ONE, drawn, ours, theirs).to_dict("records")
    assert figures["known_share"] == float(case["known"])
    told = float(case["strangers"]) if case["strangers"] else np.nan
    assert figures["strangers_share"] == pytest.approx(told, nan_ok=True)


def test_a_person_known_to_two_councils_is_nobodys_stranger() -> None:
    ours = cleaned_extract("lines | provider_id\n10 | P2")
    theirs = cleaned_extract("lines | provider_id\n10 | P1", council=RUTLAND)
    drawn = entries("10 | 0 |  | ", columns="lines | list | person_id | cpli_id")
    [figures] = beside_cplis(ONE, drawn, ours, theirs).to_dict("records")
    assert (figures["known_share"], figures["strangers_share"]) == (1.0, 0.0)


def test_each_council_counts_its_own_people_with_a_provider() -> None:
    """The same ten numbers are twenty people of two councils, and one with two lines is one."""
    twice = "\n".join(
        [
            "cpli_id | person_id",
            *(f"C{n} | {1001 + n % 10}" for n in range(15)),
            "D1 | 99",
            "D2 | 98",
        ]
    )
    counted = beside_cplis(
        ONE, entries("6 | 0"), cleaned_extract(twice), cleaned_extract(TEN, council=RUTLAND)
    )
    assert counted["against_expected"].tolist() == [6 / 22]
    less = (
        "lines | authorisation | start_date | end_date\n"
        "6 | authorised | 2026-11-16 | 2026-11-16\n1 | draft | 2026-05-01 |\n"
        "1 | authorised | 2026-11-17 |\n1 | authorised | 2026-05-01 | 2026-11-15"
    )
    alone = beside_cplis(ONE, entries("12 | 0"), cleaned_extract(less))
    assert alone["against_expected"].tolist() == [2.0]
    other = beside_cplis(ONE, entries("12 | 0"), cleaned_extract(less, provider_id="p1"))
    assert other["against_expected"].tolist() == [12 / FEWEST]


@pytest.mark.parametrize("lines", [0, 1, FEWEST - 1, FEWEST])
def test_of_fewer_than_five_entries_no_share_is_told(lines: int) -> None:
    rows = entries(*[f"{lines} | 0"] * bool(lines))
    [figures] = beside_cplis(ONE, rows, cleaned_extract(TEN)).to_dict("records")
    shares = {name for name in figures if name.endswith("_share")} | {"against_expected"}
    told = {name for name in shares if not np.isnan(figures[name])}
    assert told == (shares if lines == FEWEST else set())
    assert np.isnan(figures["against_last_list"])
    assert np.isnan(figures["unchanged_days"])


def test_a_provider_of_whom_councils_know_hardly_anybody_is_not_held_to_them() -> None:
    for people, told in ((FEWEST - 1, False), (FEWEST, True)):
        figures = beside_cplis(ONE, entries("10 | 0"), cleaned_extract(f"lines\n{people}"))
        assert figures["known_share"].notna().tolist() == [told]


def test_without_lists_or_without_cplis_nothing_is_told_and_nothing_breaks() -> None:
    none = beside_cplis("provider_id | caseload_date", "list\n", cleaned_extract(TEN))
    assert none.empty
    assert set(map(str, none.dtypes)) == {"float64"}
    [figures] = beside_cplis(ONE, entries("10 | 0")).to_dict("records")
    told = {name for name, figure in figures.items() if not np.isnan(figure)}
    assert told == {"ended_share", "future_share", "repeats_share", "against_expected"}
    assert set(none.columns) == set(figures)


def test_every_figure_is_one_that_a_gate_looks_at() -> None:
    figures = beside_cplis(ONE, entries("10 | 0"))
    assert set(figures.columns) == {held.gate.name for held in gates_of(GateSource.CASELOAD)}


IN_TIME = table("""
caseload_date | failure     | measured
2026-11-20    |             | yes
2026-11-21    |             | no
2026-10-16    |             | yes
2026-10-15    |             | no
2026-11-16    | unreadable  | no
""")


@pytest.mark.parametrize("case", IN_TIME, ids=named)
def test_lists_in_time_that_could_be_read_are_measured(case: dict[str, str]) -> None:
    lists = (
        "provider_id | caseload_date | failure\n"
        f"P2 | 2026-11-16 |\nP1 | {case['caseload_date']} | {case['failure']}"
    )
    figures = beside_cplis(lists, entries("10 | 1", "10 | 0"), cleaned_extract(TEN))
    assert figures.index.tolist() == ([0, 1] if case["measured"] == "yes" else [0])


SENT = """
provider_id | caseload_date | received
P1          | 2026-11-09    | 3
P2          | 2026-11-10    | 9
P1          | 2026-11-16    | 1
P1          | 2026-11-16    | 0
p1          | 2026-11-19    | 0
"""


def test_a_list_is_held_to_the_one_of_its_provider_before_it() -> None:
    """By date, and of one date by when it came; a provider in other letters is another."""
    people = cleaned_extract("lines\n100")
    drawn = entries("40 | 0", "99 | 1", "20 | 2", "10 | 3", "30 | 4")
    ratios = beside_cplis(SENT, drawn, people)["against_last_list"]
    assert ratios.fillna(-1).to_dict() == {0: -1, 1: -1, 2: 2.0, 3: 0.25, 4: -1}


SHORTER = [(10, 5, 100, 0.5), (9, 5, 100, np.nan), (40, 20, 21, 0.5), (40, 20, 20, np.nan)]


@pytest.mark.parametrize(("before", "now", "people", "told"), SHORTER)
def test_a_shorter_list_is_told_of_where_councils_know_of_more_people(
    before: int, now: int, people: int, told: float
) -> None:
    lists = "provider_id | caseload_date\nP1 | 2026-11-09\nP1 | 2026-11-16"
    rows = entries(f"{before} | 0", f"{now} | 1")
    ratios = beside_cplis(lists, rows, cleaned_extract(f"lines\n{people}"))["against_last_list"]
    assert ratios[1] == pytest.approx(told, nan_ok=True)


def test_entries_repeat_where_all_that_they_say_is_the_same_on_one_list() -> None:
    lists = "provider_id | caseload_date\nP1 | 2026-11-16\nP2 | 2026-11-16"
    columns = "lines | list | person_id | cpli_id | nhs_number | family_name | end_date"
    alike, other = "1001 |  |  | Hollis", "1001 |  |  | Hollys"
    drawn = entries(
        f"6 | 0 | {alike} |", f"4 | 0 | {other} |", f"5 | 1 | {alike} |", columns=columns
    )
    figures = beside_cplis(lists, drawn)
    assert figures["repeats_share"].tolist() == [8 / 10, 4 / 5]


TWO = "provider_id | caseload_date\nP1 | 2026-10-26\nP1 | 2026-11-16"


def lists_alike(*, lines: int, another: int = 0, swapped: bool = False) -> pd.Series:
    """Return for how many days each of two lists has not changed."""
    numbers = list(range(lines))
    second = numbers[::-1] if swapped else numbers
    rows = [f"0 | X{n} | {1000 + n}" for n in numbers]
    rows += [f"1 | X{n} | {2000 + n if n < another else 1000 + n}" for n in second]
    drawn = "\n".join(
        ["list | cpli_id | person_id | nhs_number | family_name", *(f"{row} | |" for row in rows)]
    )
    return beside_cplis(TWO, drawn)["unchanged_days"]


def test_a_long_list_that_is_the_very_same_is_told_of_whatever_its_order() -> None:
    assert lists_alike(lines=LONG)[1] == 21
    assert lists_alike(lines=LONG, swapped=True)[1] == 21
    assert np.isnan(lists_alike(lines=LONG, another=1)[1])
    assert np.isnan(lists_alike(lines=LONG - 1)[1])
    assert np.isnan(lists_alike(lines=LONG)[0])


def test_contents_that_differ_by_the_last_digit_of_a_hash_differ(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As floats they would be equal."""

    def nearly(frame: pd.DataFrame, key: str) -> np.ndarray:
        assert tuple(frame.columns) == CONTENT
        return np.where(np.arange(len(frame)) == 0, 2**63 + 1, 0).astype(np.uint64) + np.where(
            np.arange(len(frame)) == LONG, 2**63 + 2, 0
        ).astype(np.uint64)

    monkeypatch.setattr(caseloads, "row_hashes", nearly)
    assert float(2**63 + 1) == float(2**63 + 2)
    assert np.isnan(lists_alike(lines=LONG)[1])


def test_an_empty_list_among_others_changes_nothing_of_them() -> None:
    rows = [f"{n} | X{m} | {1000 + m} | |" for n in (0, 1) for m in range(LONG)]
    drawn = "\n".join(["list | cpli_id | person_id | nhs_number | family_name", *rows])
    more = f"{TWO}\nP2 | 2026-11-16\nP1 | 2026-11-18"
    figures = beside_cplis(more, drawn, cleaned_extract(TEN))
    assert figures["unchanged_days"][1] == 21
    assert figures.loc[2].isna().all()
    # Nothing after a list is a fall that is seen where the councils know of somebody.
    assert figures["against_last_list"].fillna(-1).tolist() == [-1, -1, -1, 0.0]


def test_rows_in_another_order_are_the_same_lists() -> None:
    """Starts that lie as far before one CPLI as after another count the same either way."""
    councils = [
        cleaned_extract("lines | start_date\n5 | 2026-05-01\n5 | 2026-05-07"),
        cleaned_extract("lines | start_date\n5 | 2026-05-07\n5 | 2026-05-01", council=RUTLAND),
    ]
    drawn = entries("10 | 0 | 2026-05-04", columns="lines | list | start_date")
    straight = beside_cplis(ONE, drawn, *councils)
    mixed = beside_cplis(ONE, drawn, *reversed(councils))
    pd.testing.assert_frame_equal(mixed, straight)
    assert straight["same_shift_share"].tolist() == [1.0]


def test_frames_are_left_as_they_were_and_their_index_says_nothing() -> None:
    held = cleaned_extract("lines | start_date\n10 | 2026-05-01\n3 | never")
    lists = pd.DataFrame(
        {
            "caseload": [7, 3],
            "provider_id": pd.Series(["P1", "P2"], dtype="str"),
            "caseload_date": pd.to_datetime(["2026-11-16", "2026-11-16"]).astype("datetime64[us]"),
            "received": [0, 0],
            "failure": pd.Series([None, None], dtype="str"),
        }
    )
    entries = cleaned_entries(*[{**ENTRY_ROW, "local_authority": ""}] * 6).valid.assign(caseload=7)
    copies = lists.copy(deep=True), entries.copy(deep=True)
    straight = of_lists(lists, entries, held)
    pd.testing.assert_frame_equal(lists, copies[0])
    pd.testing.assert_frame_equal(entries, copies[1])
    other = of_lists(
        lists.set_index(pd.Index([5, 5])), entries.set_index(np.arange(6)[::-1] + 100), held
    )
    pd.testing.assert_frame_equal(other, straight)
    assert straight.index.tolist() == [7, 3]
    assert straight["known_share"].tolist()[0] == 1.0
