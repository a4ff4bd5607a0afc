"""From a night's notice to the case that its answer moves, as providers and workers see it."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from answers.workbooks import ENDED, NOT_OURS, put
from feed.plain import without_prefect
from folders.canonical import LEICESTER, Sources, cpli, unlisted

from casebook.store import Casebook
from casebook.worklist import Worklist
from cli.main import main
from cli.reports import say_done
from flows.origin import origin_of
from schemas.notices import ANSWER, ANSWER_DATE, CASE, COMMENT, pseudonym
from settings.identity import identity_key
from settings.settings import load_settings

FIRST, SECOND = date(2026, 11, 20), date(2026, 11, 21)
LAST_DAY = date(2024, 5, 1)
NAME = f"P1_answers_{FIRST}.xlsx"
MARK = "ZZMARKed as moved"

Night = Callable[[date], int]


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """Sources in which two people are on record with P1, who lists neither."""
    made = Sources(tmp_path / "sources")
    return made.council(
        LEICESTER, [*made.cplis[LEICESTER], unlisted(6), unlisted(8) | cpli(8, provider_id="P1")]
    )


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def without_a_server(sources: Sources, out: Path, monkeypatch: pytest.MonkeyPatch) -> Night:
    from flows import nightly

    without_prefect(monkeypatch.setattr)

    def night(as_of: date) -> int:
        origin = origin_of(sources.root, out, config=None, as_of=as_of)
        done = nightly.in_order(origin, councils=())
        say_done(done)
        return done.exit_code

    return night


def as_typed(sources: Sources, out: Path, _monkeypatch: pytest.MonkeyPatch) -> Night:
    def night(as_of: date) -> int:
        where = ["--sources", str(sources.root), "--out", str(out)]
        return main(["run", "--as-of", str(as_of), *where])

    return night


WAYS = [
    without_a_server,
    pytest.param(
        as_typed,
        marks=[pytest.mark.server, pytest.mark.slow, pytest.mark.xdist_group("commands")],
    ),
]


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__)
def night(
    request: pytest.FixtureRequest, sources: Sources, out: Path, monkeypatch: pytest.MonkeyPatch
) -> Night:
    made: Night = request.param(sources, out, monkeypatch)
    return made


def casebook_in(out: Path) -> Casebook:
    return Casebook.open(f"sqlite:///{out / 'casebook.db'}", read_only=True)


def cases_in(workbook: Path) -> list[str]:
    return [*pd.read_excel(workbook, engine="calamine")[CASE]]


def meant_by(casebook: Casebook, name: str) -> str:
    """Return the case that something in P1's workbook stands for."""
    key = identity_key(load_settings())
    cases = Worklist(casebook).ids_of("P1")
    return next(case for case in cases if pseudonym(key, provider_id="P1", case=case) == name)


def filled_in(out: Path) -> tuple[Path, str, str]:
    """Fill in the first two rows of P1's workbook; the second one's case is then changed."""
    sent = out / str(FIRST) / "notices" / "P1" / NAME
    content = sent.read_bytes()
    one, other = cases_in(sent)
    for heading, row, value in (
        (ANSWER, 1, ENDED), (ANSWER_DATE, 1, LAST_DAY), (COMMENT, 1, MARK),
        (ANSWER, 2, NOT_OURS), (CASE, 2, one),
    ):  # fmt: skip
        content = put(content, heading, row, value)
    reply = out.parent / NAME
    reply.write_bytes(content)
    return reply, one, other


def test_an_answered_notice_moves_its_case_and_a_tampered_row_moves_none(
    night: Night, sources: Sources, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert night(FIRST) == 0
    reply, one, other = filled_in(out)
    (sources.root / "answers").mkdir()
    shutil.move(reply, sources.root / "answers")
    assert night(SECOND) == 0
    assert "1 answer taken, 1 refused" in capsys.readouterr().out

    worklist = Worklist(casebook_in(out))
    cases = [meant_by(worklist.casebook, name) for name in (one, other)]
    found, left = (worklist.case(case, councils=None) for case in cases)
    assert found
    assert left
    assert (found.case["state"], left.case["state"]) == ("awaiting_council", "open")
    (answer,) = found.actions
    assert (answer["who"], answer["answer"]) == ("provider P1", "ended")
    assert (answer["answer_date"], answer["note"]) == (LAST_DAY, MARK)
    assert [each["after"] for each in found.history if each["who"] == "provider P1"] == [
        "awaiting_council"
    ]
    folder = out / str(SECOND)
    refusals = pd.read_csv(folder / "refusals.csv")
    told = refusals[refusals["source"] == "answers P1"]
    assert told[["file", "row", "rule"]].to_numpy().tolist() == [
        [f"answers/{NAME}", 2, "not_as_sent"]
    ]
    receipt = (folder / "receipts" / f"P1_answers_{FIRST}.txt").read_text(encoding="utf-8")
    assert "1 answer taken, 1 row not taken." in receipt
    for text in (
        receipt,
        (folder / "refusals.csv").read_text(),
        (folder / "summary.json").read_text(),
    ):
        assert MARK not in text

    assert main(["case", cases[0], "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "provider P1" in shown
    assert "awaiting_council" in shown
    assert MARK not in shown


def test_a_workbook_that_came_by_hand_is_taken_by_a_command(
    sources: Sources, out: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    without_a_server(sources, out, monkeypatch)(FIRST)
    reply, one, _ = filled_in(out)
    capsys.readouterr()
    assert main(["answers", str(reply), "--out", str(out)]) == 3
    said = capsys.readouterr().out
    assert said.startswith("Receipt for the answers of provider P1 to our notice of 20 November")
    assert "1 answer taken, 1 row not taken." in said
    assert MARK not in said
    casebook = casebook_in(out)
    assert casebook.states()[meant_by(casebook, one)] == "awaiting_council"

    reply.write_bytes(put(reply.read_bytes(), ANSWER, 2, None))
    again = reply.rename(reply.with_name("reply.xlsx"))
    assert main(["answers", str(again), "--provider", "P1", "--out", str(out)]) == 0
    assert main(["answers", str(again), "--out", str(out)]) == 2
    assert "--provider" in capsys.readouterr().err
    again.write_bytes(b"%PDF")
    assert main(["answers", str(again), "--provider", "P1", "--out", str(out)]) == 2
    assert "It is a PDF" in capsys.readouterr().out
    assert main(["answers", "none.xlsx", "--provider", "P1", "--out", str(out)]) == 2
    assert main(["answers", str(again), "--provider", "P1", "--out", str(out / "no")]) == 2
    assert not (out / "no").exists()


def test_a_workbook_of_ours_is_read_as_it_was_written(
    sources: Sources, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.answers import take_file

    without_a_server(sources, out, monkeypatch)(FIRST)
    sent = out / str(FIRST) / "notices" / "P1" / NAME
    rows = len(cases_in(sent))
    assert rows == 2
    content = sent.read_bytes()
    for row in range(1, rows + 1):
        content = put(content, ANSWER, row, NOT_OURS)
    reply = out.parent / NAME
    reply.write_bytes(content)
    casebook = Casebook.open(f"sqlite:///{out / 'casebook.db'}")
    dealt = take_file(reply, casebook, provider_id=None, settings=load_settings())
    assert (dealt.taken, dealt.refused) == (rows, 0)
