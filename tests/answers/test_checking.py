"""Which rows count: those that stand as we wrote them, with an answer that can be understood."""

import datetime as dt
from collections.abc import Callable

import pytest
from answers.workbooks import (
    ENDED,
    FILE,
    KEY,
    LONGEST_COMMENT,
    MARK,
    NOT_OURS,
    OTHER_PROVIDER,
    PROVIDER,
    STILL,
    TODAY,
    TOLD,
    Asked,
    as_csv,
    asked,
    case_id,
    cells_below,
    checked,
    column_of,
    edited,
    put,
    rules,
    sent,
    stands_for,
    taken,
    write_below,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet

from casebook.actions import Action, Answer, Step, incomplete
from connectors.answers.checking import answer_of, comment_of, refusals_of
from schemas.notices import ANSWER, ANSWER_DATE, CASE, COMMENT, NOTICE, SEAL, SEALED, AnswerWords
from schemas.tables import REFUSAL_COLUMNS

DAY = dt.date(2026, 11, 3)


def test_an_answer_is_taken_with_its_date_and_its_comment() -> None:
    found = checked(sent(asked(1, answer=ENDED, day=DAY, comment="moved to Dale House")))
    (one,) = found.given
    assert (one.case, one.answer, one.day) == (stands_for(case_id(1)), AnswerWords.ENDED, DAY)
    assert one.comment == "moved to Dale House"
    assert "Dale" not in repr(found)


def test_the_answers_are_those_of_the_casebook() -> None:
    assert AnswerWords.codes() == Answer.codes()
    for answer in Answer:
        assert answer_of(answer.display) == answer.value


# The answer's words


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (STILL, AnswerWords.STILL_SUPPORTED),
        ("We still support this person", AnswerWords.STILL_SUPPORTED),
        ("we still support this person (1 May)", AnswerWords.STILL_SUPPORTED),
        ("still_supported", AnswerWords.STILL_SUPPORTED),
        ("Still supported", AnswerWords.STILL_SUPPORTED),
        (f"  {ENDED.upper()} ", AnswerWords.ENDED),
        ("Our support has ended (give the last day", AnswerWords.ENDED),
        ("ended", AnswerWords.ENDED),
        (NOT_OURS, AnswerWords.NOT_OURS),
        ("Not ours.", AnswerWords.NOT_OURS),
        (TOLD, AnswerWords.COUNCIL_TOLD),
        ("council told", AnswerWords.COUNCIL_TOLD),
        ("", None),
        ("yes", None),
        ("This person", None),
        ("We still support this person, our support has ended", None),
        ("#N/A", None),
    ],
)
def test_an_answer_is_known_by_its_words_or_its_code(words: str, answer: AnswerWords) -> None:
    assert answer_of(words) == answer


def test_a_row_without_an_answer_of_ours_is_refused_with_what_to_do() -> None:
    rows = [
        *asked(1, answer=f"yes {MARK}"),
        *asked(2, comment=f"{MARK} went home"),
        *asked(3, day=DAY),
        *asked(4, answer=NOT_OURS),
    ]
    found = checked(sent(rows))
    assert taken(found) == [case_id(4)]
    assert rules(found) == [
        (1, ANSWER, "unreadable"), (2, ANSWER, "missing"), (3, ANSWER, "missing"),
    ]  # fmt: skip
    told = refusals_of(found.refused, provider_id=PROVIDER, file=FILE)
    assert list(told) == list(REFUSAL_COLUMNS)
    assert set(told["source"]) == {f"answers {PROVIDER}"}
    assert MARK not in told.to_csv()
    assert told["message"].iloc[0] == (
        f"Row 1, column Your answer of {FILE}: the answer is none of those that can be chosen. Ask"
        " the provider to choose one of the answers of the list, and write the rest as a comment."
    )


# The date


@pytest.mark.parametrize(
    "day",
    [
        DAY,
        dt.datetime.combine(DAY, dt.time(14, 30)),
        46_329,
        "46329",
        "3/11/2026",
        "03.11.26",
        "3rd November 2026",
        "Tuesday 3 Nov 2026",
        "2026-11-03",
        " 3/11/2026 ",
    ],
    ids=str,
)
def test_dates_come_in_many_shapes_and_always_with_the_day_first(day: object) -> None:
    assert [one.day for one in checked(sent(asked(1, answer=ENDED, day=day))).given] == [DAY]


@pytest.mark.parametrize(
    ("answer", "day", "rule"),
    [
        (ENDED, None, "missing"),
        (STILL, None, "missing"),
        (ENDED, "11/23/2026", "unreadable"),
        (ENDED, "last week", "unreadable"),
        (ENDED, "2026", "unreadable"),
        (ENDED, "3/11/99", "unreadable"),
        (NOT_OURS, "soon", "unreadable"),
        (ENDED, dt.time(9, 30), "unreadable"),
        (ENDED, True, "unreadable"),
        (ENDED, "=A1", "cell_error"),
        (ENDED, "3/11/0206", "implausible"),
        (ENDED, TODAY + dt.timedelta(3661), "implausible"),
        (STILL, TODAY + dt.timedelta(1), "implausible"),
    ],
)
def test_a_date_that_is_not_there_or_cannot_be_meant_is_refused(
    answer: str, day: object, rule: str
) -> None:
    content = put(sent(asked(1, answer=answer)), ANSWER_DATE, 1, day)
    assert rules(checked(content)) == [(1, ANSWER_DATE, rule)]


@pytest.mark.parametrize(
    ("answer", "day"),
    [(NOT_OURS, None), (TOLD, DAY), (STILL, TODAY), (ENDED, TODAY + dt.timedelta(3660))],
)
def test_a_date_that_fits_its_answer_is_taken(answer: str, day: dt.date | None) -> None:
    assert [one.day for one in checked(sent(asked(1, answer=answer, day=day))).given] == [day]


def test_a_serial_number_in_a_csv_file_is_a_date() -> None:
    found = checked(as_csv(asked(1, answer=ENDED, day="46329")))
    assert [one.day for one in found.given] == [DAY]


# The comment


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  two   blanks\u00a0here ", "two blanks here"),
        ("one line\nand another\r\n\n", "one line\nand another"),
        ("=1+1", "=1+1"),
        ("@SUM(A1)", "@SUM(A1)"),
        ("soft\u00adhyphen \u202eturned\u200b", "softhyphen turned"),
        ("<b>not bold</b> & co", "<b>not bold</b> & co"),
        (
            "Łukasz\N{RIGHT SINGLE QUOTATION MARK}s café 🙂",
            "Łukasz\N{RIGHT SINGLE QUOTATION MARK}s café 🙂",
        ),
    ],
)
def test_a_comment_is_kept_as_text_without_what_nobody_can_see(typed: str, kept: str) -> None:
    assert comment_of(typed) == kept
    found = checked(as_csv(asked(1, answer=NOT_OURS, comment=typed)))
    assert [one.comment for one in found.given] == [kept]


@pytest.mark.parametrize(
    ("comment", "rule"),
    [
        ("x" * (LONGEST_COMMENT + 1), "cell_too_long"),
        ("a\x07b", "unreadable"),
        ("a\x7fb", "unreadable"),
    ],
)
def test_a_comment_that_cannot_be_kept_is_refused(comment: str, rule: str) -> None:
    found = checked(as_csv(asked(1, answer=NOT_OURS, comment=comment)))
    assert rules(found) == [(1, COMMENT, rule)]


def test_a_formula_is_taken_by_its_result_and_never_without_one() -> None:
    def fill(sheet: Worksheet) -> None:
        sheet.cell(2, column_of(sheet, COMMENT)).value = '=HYPERLINK("http://x.example")'

    found = checked(edited(sent(asked(1, answer=NOT_OURS)), fill))
    assert rules(found) == [(1, COMMENT, "cell_error")]


def test_all_that_is_wrong_with_a_row_is_told_at_once() -> None:
    found = checked(sent(asked(1, answer="maybe", day="soon", comment="x" * 4001)))
    assert rules(found) == [
        (1, ANSWER, "unreadable"), (1, ANSWER_DATE, "unreadable"), (1, COMMENT, "cell_too_long"),
    ]  # fmt: skip


# The seal


def test_a_row_of_another_provider_is_refused_like_one_that_was_changed() -> None:
    rows = [
        *asked(1, answer=NOT_OURS),
        *asked(2, answer=NOT_OURS, provider_id=OTHER_PROVIDER),
        *asked(3, answer=NOT_OURS),
    ]
    content = put(sent(rows), CASE, 3, case_id(99))
    found = checked(content)
    assert taken(found) == [case_id(1)]
    assert rules(found) == [(2, None, "not_as_sent"), (3, None, "not_as_sent")]
    told = refusals_of(found.refused, provider_id=PROVIDER, file=FILE)["message"]
    assert told.iloc[0].replace("Row 2", "Row 3") == told.iloc[1]


def test_a_workbook_under_another_providers_name_is_refused_whole() -> None:
    found = checked(sent(asked(1, 2, answer=NOT_OURS)), provider_id=OTHER_PROVIDER)
    assert taken(found) == []
    assert [rule for _, _, rule in rules(found)] == ["not_as_sent"] * 2


def test_rows_that_were_sealed_with_another_key_are_refused() -> None:
    assert taken(checked(sent(asked(1, answer=NOT_OURS)), secret=KEY + b"!")) == []


def sorted_in_one_column(sheet: Worksheet) -> None:
    column = column_of(sheet, "Council's reference")
    lines = range(2, sheet.max_row + 1)
    values = [sheet.cell(line, column).value for line in lines]
    for line, value in zip(lines, reversed(values), strict=True):
        sheet.cell(line, column).value = value


def sorted_without_the_hidden_columns(sheet: Worksheet) -> None:
    stays = column_of(sheet, NOTICE) - 1
    rows = cells_below(sheet)
    write_below(
        sheet,
        [[*turned[:stays], *row[stays:]] for row, turned in zip(rows, rows[::-1], strict=True)],
    )


@pytest.mark.parametrize("edit", [sorted_in_one_column, sorted_without_the_hidden_columns])
def test_cells_that_were_sorted_apart_are_found_out(edit: Callable[[Worksheet], None]) -> None:
    rows = asked(1, 2, 3, 4, answer=NOT_OURS)
    found = checked(edited(sent(rows), edit))
    assert taken(found) == []
    assert {rule for _, _, rule in rules(found)} == {"not_as_sent"}


def test_a_seal_that_is_gone_or_of_another_row_is_none() -> None:
    content = sent(asked(1, 2, 3, answer=NOT_OURS))
    content = put(content, SEAL, 1, None)
    content = put(content, SEAL, 2, "é" * 32)
    assert taken(checked(content)) == [case_id(3)]


def test_what_programs_change_when_they_save_does_not_break_a_seal() -> None:
    content = put(sent(asked(1, answer=NOT_OURS)), "Year of birth", 1, 1941)
    spaced = "Tell us whether you  support this person. If not,\u00a0since when. "
    content = put(content, "What to do", 1, spaced)
    assert taken(checked(content)) == [case_id(1)]


def test_a_reference_that_became_a_number_is_taken_where_it_reads_the_same() -> None:
    row = asked(1, answer=NOT_OURS, changed={"Council's reference": "4711"})
    assert taken(checked(put(sent(row), "Council's reference", 1, 4711))) == [case_id(1)]
    row = asked(1, answer=NOT_OURS, changed={"Council's reference": "004711"})
    assert taken(checked(put(sent(row), "Council's reference", 1, 4711))) == []


CELLS = st.text(alphabet="abé 0129-\N{RIGHT SINGLE QUOTATION MARK},\n", max_size=12)


@settings(max_examples=60)
@given(
    heading=st.sampled_from([*SEALED, NOTICE, CASE, SEAL]),
    row=st.integers(1, 4),
    value=CELLS,
    texts=st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(SEALED, CELLS)), min_size=4,
                   max_size=4),
)  # fmt: skip
def test_any_changed_cell_loses_its_row_and_no_other(heading, row, value, texts) -> None:
    rows = [
        Asked(case=case_id(number), answer=NOT_OURS, changed=text)
        for number, text in enumerate(texts, start=1)
    ]
    before = " ".join(str(rows[row - 1].cells[heading]).split())
    found = checked(put(sent(rows), heading, row, value))
    lost = {case_id(row)} if " ".join(value.split()) != before else set()
    assert set(taken(found)) == {case_id(number) for number in range(1, 5)} - lost
    assert [one[0] for one in found.refused] == ([row] if lost else [])


# Several rows about one case


def test_the_same_answer_twice_counts_once() -> None:
    rows = [*asked(1, answer=ENDED, day=DAY), *asked(1, answer="Ended", day="3 Nov 2026")]
    found = checked(sent(rows))
    assert taken(found) == [case_id(1)]
    assert found.refused == ()


@pytest.mark.parametrize(
    "other",
    [
        {"answer": NOT_OURS},
        {"answer": ENDED, "day": dt.date(2026, 11, 4)},
        {"answer": ENDED, "day": DAY, "comment": "or so"},
    ],
    ids=str,
)
def test_two_answers_to_one_case_are_none(other: dict[str, object]) -> None:
    rows = [*asked(1, answer=ENDED, day=DAY), *asked(2, answer=TOLD), *asked(1, **other)]
    found = checked(sent(rows))
    assert taken(found) == [case_id(2)]
    assert rules(found) == [
        (1, None, "conflicting_answers"), (3, None, "conflicting_answers"),
    ]  # fmt: skip


def test_of_two_answers_of_which_one_cannot_be_read_neither_counts() -> None:
    found = checked(sent([*asked(1, answer=ENDED, day=DAY), *asked(1, answer=ENDED, day="soon")]))
    assert taken(found) == []
    assert (2, ANSWER_DATE, "unreadable") in rules(found)


# What the casebook would refuse is refused here, in words for the provider


@settings(max_examples=60)
@given(
    answer=st.sampled_from([STILL, ENDED, NOT_OURS, TOLD, "yes", None]),
    day=st.none() | st.dates(dt.date(1900, 3, 1), dt.date(2199, 1, 1)) | st.just("x"),
    comment=st.none()
    | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8).map(
        lambda it: it * 900
    ),
)
def test_the_desk_finds_every_answer_that_counts_complete(answer, day, comment) -> None:
    found = checked(as_csv(asked(1, answer=answer, day=day, comment=comment)))
    for one in found.given:
        step = Step(
            action=Action.ANSWER,
            answer=Answer(one.answer.value),
            answer_date=one.day,
            note=one.comment,
            provider_id=PROVIDER,
        )
        assert incomplete(step, today=TODAY) == ""
