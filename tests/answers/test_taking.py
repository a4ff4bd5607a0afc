"""What answered workbooks do to the cases, however often and in whatever order they come."""

import datetime as dt
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path

import pandas as pd
import pytest
from answers.workbooks import (
    ENDED,
    KEY,
    MARK,
    NOT_OURS,
    OTHER_PROVIDER,
    PROVIDER,
    STILL,
    TOLD,
    Asked,
    put,
    sent,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nights.examples import FIRST, discrepancies, discrepancy_id, night
from sqlalchemy import event

from casebook.actions import Action, Answer, Step
from casebook.desk import Desk
from casebook.store import Casebook
from casebook.worklist import Worklist
from connectors.answers import sheet as reader
from flows import answers as taking
from flows.answers import Taken, take_file
from flows.origin import Origin, origin_of
from schemas.errors import PersonNeeded, TryAgainLater, WrongUsage
from schemas.notices import CASE, NOTICE, SEAL, SEALED
from schemas.tables import REFUSAL_COLUMNS
from settings.settings import load_settings

NOW = datetime(2026, 11, 25, 2, tzinfo=UTC)
DAY = date(2026, 11, 3)
OURS = frozenset({PROVIDER, OTHER_PROVIDER})
NAME = f"{PROVIDER}_answers_2026-11-20.xlsx"
ONE, TWO, THREE, THEIRS = (discrepancy_id(name) for name in "0123")


@pytest.fixture
def casebook(tmp_path: Path) -> Casebook:
    """A casebook with three cases of a provider, and one of another."""
    made = Casebook.open(f"sqlite:///{tmp_path / 'casebook.db'}")
    made.clock = lambda: NOW
    providers = [PROVIDER, PROVIDER, PROVIDER, OTHER_PROVIDER]
    made.record(night(FIRST, discrepancies(range(4), provider_id=providers)))
    return made


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A sources folder with a place for answers."""
    root = tmp_path / "sources"
    (root / "answers").mkdir(parents=True)
    (root / "caseload").mkdir()
    return root


@pytest.fixture
def origin(root: Path, tmp_path: Path) -> Origin:
    return origin_of(root, tmp_path / "out", config=None, as_of=date(2026, 11, 25))


LATER = count()


def take_answers(origin: Origin, casebook: Casebook, *, provider_ids: frozenset[str]) -> Taken:
    """Take answers as the next night does: the same night would tell again what it took."""
    as_of = origin.as_of + timedelta(days=next(LATER))
    later = replace(origin, as_of=as_of)
    return taking.take_answers(later, casebook, provider_ids=provider_ids)


Lay = Callable[..., Path]


@pytest.fixture
def lay(root: Path) -> Lay:
    def lay(
        rows: Iterable[Asked] | bytes, name: str = NAME, *, hour: int = 9, folder: str = "answers"
    ) -> Path:
        path = root / folder / name
        path.write_bytes(rows if isinstance(rows, bytes) else sent(rows))
        came = datetime(2026, 11, 24, hour, tzinfo=UTC).timestamp()
        os.utime(path, (came, came))
        return path

    return lay


def states(casebook: Casebook) -> list[str]:
    found = casebook.cases()["state"]
    return [str(found[case]) for case in (ONE, TWO, THREE, THEIRS)]


def said(casebook: Casebook, case: str = ONE) -> list[tuple[str, str, date | None, str | None]]:
    found = Worklist(casebook).case(case, councils=None)
    assert found
    return [
        (each["who"], each["answer"], each["answer_date"], each["note"]) for each in found.actions
    ]


def refused(taken: Taken) -> list[tuple[str, int | None, str]]:
    assert list(taken.refusals) == list(REFUSAL_COLUMNS)
    rows = taken.refusals["row"].astype(object).where(taken.refusals["row"].notna(), None)
    return list(zip(taken.refusals["file"], rows, taken.refusals["rule"], strict=True))


def test_an_answered_workbook_moves_its_cases_and_no_other(casebook, origin, lay) -> None:
    lay(
        [
            Asked(case=ONE, answer=ENDED, day=DAY, comment=f"{MARK} moved"),
            Asked(case=TWO, answer=NOT_OURS),
            Asked(case=THREE),
        ]
    )
    taken = take_answers(origin, casebook, provider_ids=OURS)
    assert (taken.files, taken.taken, taken.refused, taken.unusable) == (1, 2, 0, 0)
    assert refused(taken) == []
    assert states(casebook) == ["awaiting_council", "awaiting_council", "open", "open"]
    assert said(casebook) == [(f"provider {PROVIDER}", "ended", DAY, f"{MARK} moved")]
    assert casebook.verify().broken == ""
    assert MARK not in repr(taken)


def test_a_settled_case_keeps_its_state_and_the_answer_is_on_record(casebook, origin, lay) -> None:
    step = Step(action=Action.RESOLVE, reason="other", note="by telephone")
    Desk(casebook).act(step, {ONE: None}, who="jo")
    lay([Asked(case=ONE, answer=TOLD)])
    assert take_answers(origin, casebook, provider_ids=OURS).taken == 1
    assert states(casebook)[0] == "resolved"
    assert [each[1] for each in said(casebook)] == [None, "council_told"]


def test_a_tampered_workbook_is_refused_row_by_row(casebook, origin, lay) -> None:
    rows = [
        Asked(case=ONE, answer=NOT_OURS),
        Asked(case=TWO, answer=NOT_OURS),
        Asked(case=THEIRS, answer=NOT_OURS, provider_id=OTHER_PROVIDER),
        Asked(case=THREE, answer=NOT_OURS),
    ]
    content = put(sent(rows), "Council's reference", 2, f"{MARK}4711")
    content = put(content, CASE, 4, THEIRS)
    lay(content)
    taken = take_answers(origin, casebook, provider_ids=OURS)
    assert (taken.taken, taken.refused) == (1, 3)
    file = f"answers/{NAME}"
    assert refused(taken) == [(file, row, "not_as_sent") for row in (2, 3, 4)]
    assert states(casebook) == ["awaiting_council", "open", "open", "open"]
    assert MARK not in taken.refusals.to_csv() + "".join(taken.receipts["text"])


def test_a_case_of_another_provider_and_one_that_is_not_there_get_the_same_words(
    casebook, origin, lay
) -> None:
    step = Step(action=Action.ANSWER, answer=Answer.NOT_OURS, provider_id=OTHER_PROVIDER)
    Desk(casebook).act(step, {THEIRS: None}, who="jo")
    lay(
        [
            Asked(case=THEIRS, answer=NOT_OURS),
            Asked(case=ONE, answer=NOT_OURS),
            Asked(case="f" * 32, answer=NOT_OURS),
        ]
    )
    taken = take_answers(origin, casebook, provider_ids=OURS)
    assert (taken.taken, taken.refused) == (1, 2)
    one, other = taken.refusals["message"]
    assert one.replace("Row 1", "Row 3") == other
    assert set(taken.refusals["rule"]) == {"no_such_case"}
    assert states(casebook) == ["awaiting_council", "open", "open", "awaiting_council"]
    assert len(said(casebook, THEIRS)) == 1


NUMBERS = count(1)
LAW = settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])


@LAW
@given(
    heading=st.sampled_from([*SEALED, NOTICE, CASE, SEAL]),
    row=st.integers(1, 3),
    value=st.sampled_from(["", "x", "1941", THEIRS, TWO, "N-P0001-2026-11-13"]),
)
def test_any_changed_cell_leaves_its_case_as_it_was_and_takes_the_others(
    casebook, origin, lay, heading, row, value
) -> None:
    cases = (ONE, TWO, THREE)
    comment = f"number {next(NUMBERS)}"
    rows = [Asked(case=case, answer=NOT_OURS, comment=comment) for case in cases]
    lost = {row} if value != rows[row - 1].cells[heading] else set()
    before = {case: said(casebook, case) for case in cases}
    lay(put(sent(rows), heading, row, value))
    taken = take_answers(origin, casebook, provider_ids=OURS)
    assert (taken.taken, taken.refused) == (3 - len(lost), len(lost))
    answer = (f"provider {PROVIDER}", "not_ours", None, comment)
    for number, case in enumerate(cases, start=1):
        more = [] if number in lost else [answer]
        assert said(casebook, case) == [*before[case], *more]
    assert said(casebook, THEIRS) == []


# Again, corrected, and late


def test_the_same_workbook_again_changes_nothing(casebook, origin, lay) -> None:
    rows = [Asked(case=ONE, answer=ENDED, day=DAY), Asked(case=TWO, answer="perhaps")]
    content = sent(rows)
    lay(content)
    first = take_answers(origin, casebook, provider_ids=OURS)
    assert (first.taken, first.refused) == (1, 1)
    version = casebook.cases().loc[ONE, "version"]
    again = take_answers(origin, casebook, provider_ids=OURS)
    assert (again.files, again.taken, len(again.refusals), len(again.receipts)) == (0, 0, 0, 0)
    lay(content, NAME.replace(".xlsx", " (1).xlsx"), hour=10)
    assert take_answers(origin, casebook, provider_ids=OURS).files == 0
    assert casebook.cases().loc[ONE, "version"] == version


def test_a_night_run_again_tells_the_same_of_the_answers_that_it_took(
    casebook, origin, lay
) -> None:
    lay([Asked(case=ONE, answer=ENDED, day=DAY), Asked(case=TWO, answer="perhaps")], hour=8)
    lay([Asked(case=ONE, answer=NOT_OURS)], "P0001_answers_2026-11-20-2.xlsx")
    lay(b"no workbook", "P0001_answers_2026-11-20-3.xlsx")
    first, again = (taking.take_answers(origin, casebook, provider_ids=OURS) for _ in range(2))
    assert (first.files, first.unusable, first.taken, first.refused) == (3, 1, 2, 1)
    assert repr(again) == repr(first)
    pd.testing.assert_frame_equal(again.refusals, first.refusals)
    pd.testing.assert_frame_equal(again.receipts, first.receipts)
    assert said(casebook)[-1][1] == "not_ours"
    assert len(said(casebook)) == 2


def test_another_copy_with_the_same_answer_changes_nothing(casebook, origin, lay) -> None:
    lay([Asked(case=ONE, answer=ENDED, day=DAY)])
    take_answers(origin, casebook, provider_ids=OURS)
    lay([Asked(case=ONE, answer="ended", day="3 Nov 2026"), Asked(case=TWO, answer=TOLD)], hour=11)
    taken = take_answers(origin, casebook, provider_ids=OURS)
    assert (taken.taken, taken.refused) == (2, 0)
    assert len(said(casebook)) == 1
    assert states(casebook)[:2] == ["awaiting_council"] * 2


def test_two_runs_that_take_the_same_workbook_at_once_answer_once(
    casebook, lay, monkeypatch
) -> None:
    path = lay([Asked(case=ONE, answer=TOLD, comment=MARK)])
    monkeypatch.setattr(taking, "_last_answer", lambda actions: None)
    for _ in range(2):
        dealt = take_file(path, casebook, provider_id=None, settings=load_settings())
        assert (dealt.taken, dealt.refused) == (1, 0)
    assert len(said(casebook)) == 1


def test_a_corrected_answer_counts_and_so_does_going_back_to_the_first(
    casebook, origin, lay
) -> None:
    answers = [(ENDED, DAY), (STILL, DAY), (ENDED, DAY)]
    for hour, (answer, day) in enumerate(answers, start=9):
        rows = [Asked(case=ONE, answer=answer, day=day), *[Asked(case=TWO)] * hour]
        lay(rows, hour=hour)
        assert take_answers(origin, casebook, provider_ids=OURS).taken == 1
    assert [each[1] for each in said(casebook)] == ["ended", "still_supported", "ended"]


def test_of_several_workbooks_of_one_night_the_last_to_come_has_the_last_word(
    casebook, origin, lay
) -> None:
    lay([Asked(case=ONE, answer=TOLD)], "P0001_answers_2026-11-20 (2).xlsx", hour=11)
    lay([Asked(case=ONE, answer=NOT_OURS)], hour=10)
    lay([Asked(case=ONE, answer=ENDED, day=DAY)], folder="caseload", hour=12)
    taken = take_answers(origin, casebook, provider_ids=OURS)
    assert (taken.files, taken.taken, taken.refused) == (3, 3, 0)
    assert [each[1] for each in said(casebook)] == ["not_ours", "council_told", "ended"]
    assert taken.receipts["name"].tolist() == [
        "P0001_answers_2026-11-20.txt",
        "P0001_answers_2026-11-20_2.txt",
        "P0001_answers_2026-11-20_3.txt",
    ]


def test_an_answer_that_a_later_one_has_overtaken_is_told_and_does_not_count(
    casebook, origin, lay, tmp_path
) -> None:
    lay([Asked(case=ONE, answer=TOLD)], hour=11)
    take_answers(origin, casebook, provider_ids=OURS)
    lay([Asked(case=ONE, answer=NOT_OURS)], "P0001_answers_2026-11-13.xlsx", hour=9)
    taken = take_answers(origin, casebook, provider_ids=OURS)
    assert [rule for _, _, rule in refused(taken)] == ["answered_since"]
    assert [each[1] for each in said(casebook)] == ["council_told"]
    step = Step(action=Action.ANSWER, answer=Answer.ENDED, answer_date=DAY, provider_id=PROVIDER)
    Desk(casebook).act(step, {ONE: None}, who="jo")
    lay([Asked(case=ONE, answer=STILL, day=DAY)], "P0001_answers_2026-11-21.xlsx", hour=12)
    taken = take_answers(origin, casebook, provider_ids=OURS)
    assert [rule for _, _, rule in refused(taken)] == ["answered_since"]


def test_a_file_from_the_future_holds_no_later_one_back(casebook, origin, lay) -> None:
    path = lay([Asked(case=ONE, answer=TOLD)])
    later = datetime(2031, 1, 1, tzinfo=UTC).timestamp()
    os.utime(path, (later, later))
    take_answers(origin, casebook, provider_ids=OURS)
    casebook.clock = lambda: NOW + dt.timedelta(2)
    path = lay([Asked(case=ONE, answer=NOT_OURS)])
    soon = (NOW + dt.timedelta(1)).timestamp()
    os.utime(path, (soon, soon))
    assert take_answers(origin, casebook, provider_ids=OURS).taken == 1
    assert [each[1] for each in said(casebook)] == ["council_told", "not_ours"]


def test_the_same_bytes_under_the_right_name_count_though_they_came_under_a_wrong_one(
    casebook, origin, lay
) -> None:
    content = sent([Asked(case=ONE, answer=TOLD)])
    wrong = lay(content, NAME.replace(PROVIDER, OTHER_PROVIDER))
    taken = take_answers(origin, casebook, provider_ids=OURS)
    assert [rule for _, _, rule in refused(taken)] == ["not_as_sent"]
    wrong.rename(wrong.with_name(NAME))
    assert take_answers(origin, casebook, provider_ids=OURS).taken == 1


class Killed(BaseException):
    """Stands for the death of the process."""


@pytest.mark.parametrize("statement", range(1, 60, 4))
def test_a_run_that_dies_on_the_way_is_made_good_by_the_next(
    casebook, origin, lay, statement: int
) -> None:
    lay([Asked(case=case, answer=NOT_OURS) for case in (ONE, TWO, THREE)])
    begun = 0

    def die(*_: object) -> None:
        nonlocal begun
        begun += 1
        if begun == statement:
            raise Killed

    event.listen(casebook.engine, "before_cursor_execute", die)
    with suppress(Killed):
        take_answers(origin, casebook, provider_ids=OURS)
    event.remove(casebook.engine, "before_cursor_execute", die)
    taken = take_answers(origin, casebook, provider_ids=OURS)
    assert taken.files in (0, 1)
    assert states(casebook) == ["awaiting_council"] * 3 + ["open"]
    assert [len(said(casebook, case)) for case in (ONE, TWO, THREE)] == [1, 1, 1]
    assert casebook.verify().broken == ""
    assert take_answers(origin, casebook, provider_ids=OURS).files == 0


# What cannot be had or read


def test_a_workbook_that_cannot_be_had_now_waits_and_holds_back_later_ones_of_its_provider(
    casebook, origin, lay, monkeypatch, caplog
) -> None:
    first = lay([Asked(case=ONE, answer=TOLD)], hour=9)
    lay([Asked(case=ONE, answer=NOT_OURS)], "P0001_answers_2026-11-21.xlsx", hour=10)
    rows = [Asked(case=THEIRS, answer=NOT_OURS, provider_id=OTHER_PROVIDER)]
    lay(rows, "P0002_answers_2026-11-20.xlsx")
    look = Path.open

    def failing(path: Path, *how: str) -> object:
        if path == first:
            raise OSError(5, MARK, MARK)
        return look(path, *how)

    with monkeypatch.context() as patched, caplog.at_level("WARNING", logger="cpli"):
        patched.setattr(Path, "open", failing)
        taken = take_answers(origin, casebook, provider_ids=OURS)
    assert (taken.files, taken.taken, taken.refused) == (1, 1, 0)
    assert refused(taken) == [(f"answers/{NAME}", None, "out_of_reach")]
    assert set(taken.refusals["level"]) == {"warning"}
    assert "the disk or the network share does not answer" in caplog.text
    assert states(casebook)[0] == "open"
    taken = take_answers(origin, casebook, provider_ids=OURS)
    assert taken.files == 2
    assert [each[1] for each in said(casebook)] == ["council_told", "not_ours"]


def test_a_database_that_is_busy_leaves_the_workbook_for_the_next_run(
    casebook, origin, lay, monkeypatch
) -> None:
    lay([Asked(case=ONE, answer=TOLD), Asked(case=TWO, answer=TOLD)])
    act = Desk.act

    def busy(self: Desk, step: Step, cases: dict[str, None], **how: str) -> dict[str, int]:
        if TWO in cases:
            raise TryAgainLater("The record of nights is in use by another program.")
        return act(self, step, cases, **how)

    with monkeypatch.context() as patched:
        patched.setattr(Desk, "act", busy)
        taken = take_answers(origin, casebook, provider_ids=OURS)
    assert (taken.files, taken.taken) == (0, 0)
    assert states(casebook)[:2] == ["awaiting_council", "open"]
    taken = take_answers(origin, casebook, provider_ids=OURS)
    assert (taken.files, taken.taken) == (1, 2)
    assert [len(said(casebook, case)) for case in (ONE, TWO)] == [1, 1]


def test_a_casebook_that_cannot_be_written_is_not_the_providers_fault(
    casebook, origin, lay, monkeypatch
) -> None:
    lay([Asked(case=ONE, answer=TOLD)])

    def full(*_: object, **__: object) -> None:
        raise PersonNeeded("The record of nights has no space left.")

    monkeypatch.setattr(Desk, "act", full)
    with pytest.raises(PersonNeeded, match="no space left"):
        take_answers(origin, casebook, provider_ids=OURS)


def test_a_workbook_that_cannot_be_used_is_told_once_with_a_receipt(casebook, origin, lay) -> None:
    lay(b"%PDF-1.7 " + MARK.encode())
    lay([Asked(case=THEIRS, answer=TOLD, provider_id=OTHER_PROVIDER)],
        "P0002_answers_2026-11-20.xlsx")  # fmt: skip
    taken = take_answers(origin, casebook, provider_ids=OURS)
    assert (taken.files, taken.unusable, taken.taken) == (2, 1, 1)
    assert refused(taken) == [(f"answers/{NAME}", None, "unreadable")]
    assert taken.receipts["text"].iloc[0] == (
        "Receipt for the answers of provider P0001 to our notice of 20 November 2026\n"
        f"File: answers/{NAME}\n\n"
        "We could not use this file. It is a PDF, not a list that we can read.\n\n"
        "What to do next\n"
        "  Please fill in the workbook that came with our notice, save it as .xlsx and send it"
        " again.\n"
        "  Until then nothing of this file is used.\n"
    )
    assert take_answers(origin, casebook, provider_ids=OURS).files == 0


def test_a_fault_of_ours_on_one_workbook_stops_no_other_and_is_tried_again(
    casebook, origin, lay, monkeypatch
) -> None:
    lay([Asked(case=ONE, answer=TOLD)])
    rows = [Asked(case=THEIRS, answer=TOLD, provider_id=OTHER_PROVIDER)]
    lay(rows, "P0002_answers_2026-11-20.xlsx")
    opened = reader.opened

    def failing(content: bytes, **how: object) -> object:
        if how["notes"].file == f"answers/{NAME}":
            raise KeyError(MARK)
        return opened(content, **how)

    with monkeypatch.context() as patched:
        patched.setattr(reader, "opened", failing)
        taken = take_answers(origin, casebook, provider_ids=OURS)
    assert (taken.files, taken.unusable, taken.taken) == (2, 1, 1)
    assert refused(taken) == [(f"answers/{NAME}", None, "fault_of_ours")]
    assert MARK not in taken.refusals.to_csv()
    assert take_answers(origin, casebook, provider_ids=OURS).taken == 1


def test_what_is_named_for_no_provider_of_ours_is_refused_without_its_name(
    casebook, origin, lay
) -> None:
    lay([Asked(case=ONE, answer=TOLD)])
    lay([Asked(case=ONE, answer=TOLD)], f"{MARK}-Smith_answers_2026-11-20.xlsx")
    taken = take_answers(origin, casebook, provider_ids=OURS)
    assert (taken.files, taken.taken) == (1, 1)
    assert refused(taken) == [
        ("answers/?_answers_2026-11-20 (2 of 2)", None, "provider_not_in_register")
    ]
    assert "Number 2, in the order of names, of the 2 files" in taken.refusals["message"].item()
    assert MARK not in taken.refusals.to_csv()


def test_a_place_that_is_out_of_reach_is_a_warning(casebook, origin, root, monkeypatch) -> None:
    def forbidden(path: Path) -> object:
        raise PermissionError(13, MARK, MARK)

    monkeypatch.setattr(Path, "iterdir", forbidden)
    taken = take_answers(origin, casebook, provider_ids=OURS)
    assert taken.files == 0
    assert set(taken.refusals["rule"]) == {"not_readable"}
    assert set(taken.refusals["level"]) == {"warning"}
    assert MARK not in taken.refusals.to_csv()


def test_no_answers_are_nothing_at_all(casebook, origin, caplog) -> None:
    with caplog.at_level("INFO", logger="cpli"):
        taken = take_answers(origin, casebook, provider_ids=OURS)
    assert taken.files == len(taken.refusals) == len(taken.receipts) == 0
    assert caplog.text == ""
    assert list(taken.receipts) == ["name", "text"]


# What the provider is told


def test_the_receipt_says_what_was_taken_and_what_to_do_with_the_rest(
    casebook, origin, lay
) -> None:
    lay(
        [
            Asked(case=ONE, answer=ENDED, day=DAY),
            Asked(case=TWO, answer=ENDED, day="last week"),
            Asked(case=THREE),
            Asked(case="f" * 32, answer=NOT_OURS),
            Asked(case="e" * 32, answer=NOT_OURS),
        ]
    )
    taken = take_answers(origin, casebook, provider_ids=OURS)
    assert taken.receipts.to_dict("records") == [
        {
            "name": "P0001_answers_2026-11-20.txt",
            "text": (
                "Receipt for the answers of provider P0001 to our notice of 20 November 2026\n"
                f"File: answers/{NAME}\n\n"
                "1 answer taken, 3 rows not taken. 1 row has no answer yet.\n\n"
                "Rows not taken\n"
                "  Line 3: the date cannot be read. Write it with the day first, for example"
                " 31/03/2026.\n"
                "  Lines 5 and 6: there is no such case of this provider any more. Answer in the"
                " workbook of our latest notice, or ask the council.\n\n"
                "What to do next\n"
                "  Correct the rows that were not taken and send the workbook again. What was"
                " taken may stay in it: each answer counts once.\n"
                "  Lines are counted as in your sheet, headings included. When we write to you"
                " about row 1, we mean line 2.\n"
            ),
        }
    ]


@pytest.mark.parametrize(
    ("answer", "others", "next_step"),
    [
        (TOLD, 0, "Nothing: every answer was taken."),
        (TOLD, 1, "Answer the other rows when you can, and send the workbook again."),
        (None, 0, "Choose an answer in the column Your answer and send the workbook again."),
    ],
)
def test_the_receipt_says_what_comes_next(
    casebook, origin, lay, answer: str | None, others: int, next_step: str
) -> None:
    lay([Asked(case=ONE, answer=answer), *[Asked(case=TWO)] * others])
    (text,) = take_answers(origin, casebook, provider_ids=OURS).receipts["text"]
    assert text.endswith(f"What to do next\n  {next_step}\n")


# One workbook by hand


def test_one_workbook_can_be_taken_by_hand_and_is_not_read_again(casebook, origin, lay) -> None:
    path = lay([Asked(case=ONE, answer=TOLD), Asked(case=TWO, answer="hm")])
    dealt = take_file(path, casebook, provider_id=None, settings=load_settings())
    assert (dealt.usable, dealt.taken, dealt.refused) == (True, 1, 1)
    assert f"File: {NAME}\n" in dealt.receipt
    assert take_answers(origin, casebook, provider_ids=OURS).files == 0
    again = take_file(path, casebook, provider_id=None, settings=load_settings())
    assert (again.taken, again.refused) == (1, 1)
    assert len(said(casebook)) == 1


def test_a_workbook_of_any_name_can_be_taken_where_the_provider_is_given(
    casebook, tmp_path
) -> None:
    path = tmp_path / f"reply of {MARK}.xlsx"
    path.write_bytes(sent([Asked(case=ONE, answer=TOLD)]))
    with pytest.raises(WrongUsage, match="does not say whose answers it holds"):
        take_file(path, casebook, provider_id=None, settings=load_settings())
    dealt = take_file(path, casebook, provider_id=PROVIDER, settings=load_settings())
    assert (dealt.taken, dealt.refused) == (1, 0)
    assert dealt.receipt.startswith(
        "Receipt for the answers of provider P0001\nFile: answers.xlsx\n"
    )
    with pytest.raises(WrongUsage, match="There is no file"):
        take_file(tmp_path / "none.xlsx", casebook, provider_id=PROVIDER, settings=load_settings())


def test_the_wrong_provider_by_hand_takes_nothing(casebook, lay) -> None:
    path = lay([Asked(case=ONE, answer=TOLD)])
    dealt = take_file(path, casebook, provider_id=OTHER_PROVIDER, settings=load_settings())
    assert (dealt.taken, dealt.refused) == (0, 1)
    assert states(casebook)[0] == "open"


def test_the_frames_are_those_of_a_night(casebook, origin, lay) -> None:
    lay([Asked(case=ONE, answer=TOLD)])
    taken = take_answers(origin, casebook, provider_ids=OURS)
    assert taken.receipts.dtypes.astype(str).unique().tolist() == ["str"]
    assert pd.concat([taken.refusals, taken.refusals])["row"].dtype == "Int64"
    assert KEY.decode() not in repr(taken)
