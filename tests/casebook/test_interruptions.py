"""Runs that are killed, and runs that meet: never a mixture, and the same end."""

import gc
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from nights import worker as script
from nights.examples import FIRST, SECOND, THIRD, discrepancies, discrepancy_id, night
from sqlalchemy import event, text

from casebook.actions import Action, Step
from casebook.database import reading
from casebook.desk import Desk
from casebook.models import CASE_ACTION, HISTORY
from casebook.notice_models import METADATA
from casebook.store import Casebook
from schemas.errors import PersonNeeded, TryAgainLater

ROOT = Path(__file__).resolve().parents[2]
KILLED = 9
SPRING = date(2027, 3, 1)

Dump = dict[str, list[tuple[object, ...]]]


class Worker:
    """A child process that records nights, with what it is told to be killed by."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.process = subprocess.Popen(
            [sys.executable, script.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"},
        )

    def order(self, **order: Any) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps({"url": self.url, **order}) + "\n")
        self.process.stdin.flush()

    def answer(self) -> Any:
        assert self.process.stdout
        line = self.process.stdout.readline()
        return line if line == "ready\n" else json.loads(line)

    def obey(self, **order: Any) -> Any:
        self.order(**order)
        return self.answer()


@pytest.fixture
def workers(url: str) -> Iterator[list[Worker]]:
    started = [Worker(url) for _ in range(2)]
    for worker in started:
        assert worker.answer() == "ready\n"
    yield started
    for worker in started:
        worker.process.kill()
        worker.process.communicate()


@pytest.fixture
def worker(url: str) -> Iterator[Worker]:
    started = Worker(url)
    assert started.answer() == "ready\n"
    yield started
    started.process.kill()
    started.process.communicate()


def dump(casebook: Casebook) -> Dump:
    """Return every row at one moment, without the instant of first recording and the history.

    The history tells what went before, and is verified at the end: it is only ever added to, so
    what was broken once stays so. A case's version is the number of its last entry there.
    """
    with reading(casebook.engine) as connection:
        return {
            table.name: [
                tuple(row)
                for row in connection.execute(
                    table.select()
                    .with_only_columns(
                        *(c for c in table.c if c.name not in {"first_recorded_at", "version"})
                    )
                    .order_by(*table.primary_key.columns)
                )
            ]
            for table in METADATA.sorted_tables
            if table is not HISTORY
        }


@pytest.fixture
def states(casebook: Casebook) -> dict[str, Dump]:
    """Record two later nights, then A, then B, each undisturbed; say how each left the database.

    People settled cases upon the first of the two, some of which the second opens again.
    """
    casebook.clock = lambda: datetime(2026, 11, 20, 10, tzinfo=UTC)
    casebook.record(night(SECOND, discrepancies(range(50))))
    for names, step in (
        (range(10), Step(action=Action.RESOLVE, reason="other", note="ZZNOTE")),
        (range(10, 20), Step(action=Action.ACCEPT, reason="agreed_difference", expires_on=SPRING)),
        (range(20, 30), Step(action=Action.ASSIGN, team="North")),
    ):
        ids = dict.fromkeys((discrepancy_id(str(name)) for name in names), None)
        Desk(casebook).act(step, ids, who="jo")
    casebook.record(night(THIRD, discrepancies(range(5, 50), provider_value="something else")))
    found = {}
    for name in ("B", "A"):
        casebook.record(script.NIGHTS[name])
        found[name] = dump(casebook)
    return found


@pytest.mark.slow
def test_killed_between_any_two_statements_and_run_again_is_as_if_undisturbed(
    casebook: Casebook, worker: Worker, states: dict[str, Dump]
) -> None:
    undisturbed = worker.obey(nights="B")
    assert undisturbed["status"] == 0
    assert dump(casebook) == states["B"]
    for statement in range(1, undisturbed["statements"] + 1):
        casebook.record(script.NIGHTS["A"])
        assert worker.obey(nights="B", statement=statement)["signal"] == KILLED
        assert dump(casebook) == states["A"], f"after the kill at point {statement}"
        assert worker.obey(nights="B")["status"] == 0
        assert dump(casebook) == states["B"], f"after the second run at point {statement}"
    assert casebook.verify().broken == ""


@pytest.mark.slow
def test_an_action_that_is_killed_and_asked_for_again_is_done_once(
    casebook: Casebook, worker: Worker
) -> None:
    casebook.record(night(FIRST, discrepancies(range(40))))
    versions = {case: int(version) for case, version in casebook.cases()["version"].items()}
    first, *others = ({case: version} for case, version in versions.items())
    undisturbed = worker.obey(resolve=first, request="first")
    assert undisturbed["status"] == 0
    for statement, case in zip(range(1, undisturbed["statements"] + 1), others, strict=False):
        request = f"request {statement}"
        assert worker.obey(resolve=case, request=request, statement=statement)["signal"] == KILLED
        for _ in range(2):
            assert worker.obey(resolve=case, request=request)["status"] == 0
        with reading(casebook.engine) as connection:
            done = CASE_ACTION.select().where(CASE_ACTION.c.discrepancy_id == next(iter(case)))
            assert len(connection.execute(done).all()) == 1
    assert casebook.verify().broken == ""


@pytest.mark.slow
def test_killed_at_any_moment_and_run_again_is_as_if_undisturbed(
    casebook: Casebook, worker: Worker, states: dict[str, Dump]
) -> None:
    started = time.perf_counter()
    worker.obey(nights="B")
    seconds = time.perf_counter() - started
    left: set[str] = set()
    for eighth in range(8):
        casebook.record(script.NIGHTS["A"])
        worker.obey(nights="B", seconds=seconds * eighth / 8)
        found = dump(casebook)
        left |= {name for name, state in states.items() if found == state} or {"a mixture"}
        assert worker.obey(nights="B")["status"] == 0
        assert dump(casebook) == states["B"]
    assert casebook.verify().broken == ""
    assert left <= {"A", "B"}
    assert "A" in left


@pytest.mark.slow
def test_two_processes_that_record_one_night_at_once_take_turns(
    casebook: Casebook, workers: list[Worker], states: dict[str, Dump]
) -> None:
    # Each undoes what the other did, so that every round has something to write.
    for worker, nights in zip(workers, ("AB" * 8, "BA" * 8), strict=True):
        worker.order(nights=nights)
    answers: list[Any] = []
    threads = [
        threading.Thread(target=lambda worker=worker: answers.append(worker.answer()))
        for worker in workers
    ]
    for thread in threads:
        thread.start()
    seen = []
    while any(thread.is_alive() for thread in threads):
        found = dump(casebook)
        seen += [name for name, state in states.items() if found == state] or ["a mixture"]
    for thread in threads:
        thread.join()
    assert [answer["status"] for answer in answers] == [0, 0]
    assert set(seen) == {"A", "B"}
    assert casebook.verify().broken == ""


def test_a_night_that_is_held_is_refused_to_others_and_other_nights_are_not(url: str) -> None:
    mine, theirs = Casebook.open(url), Casebook.open(url)
    with mine.hold(FIRST, wait_seconds=0):
        with theirs.hold(SECOND, wait_seconds=0):
            pass
        with (
            pytest.raises(TryAgainLater, match="the night of 2026-11-19 is still going on"),
            theirs.hold(FIRST, wait_seconds=0),
        ):
            pytest.fail("both held the night")
    with theirs.hold(FIRST, wait_seconds=0):
        pass


def test_a_second_run_waits_for_the_first(url: str) -> None:
    mine, theirs = Casebook.open(url), Casebook.open(url)
    order = []
    waiting = threading.Event()

    def second() -> None:
        waiting.set()
        with theirs.hold(FIRST, wait_seconds=30):
            order.append("second")

    with mine.hold(FIRST, wait_seconds=0):
        thread = threading.Thread(target=second)
        thread.start()
        waiting.wait()
        time.sleep(0.5)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_a_run_that_fails_gives_its_night_back(casebook: Casebook) -> None:
    with pytest.raises(PersonNeeded, match="no space"), casebook.hold(FIRST, wait_seconds=0):
        raise PersonNeeded("no space")
    with casebook.hold(FIRST, wait_seconds=0):
        pass


def test_holding_a_night_does_not_keep_it_from_being_recorded(casebook: Casebook) -> None:
    with casebook.hold(FIRST, wait_seconds=0):
        casebook.record(night(FIRST, discrepancies(range(5))))
        casebook.record(night(FIRST - timedelta(days=1), discrepancies(range(5))))
    assert len(casebook.nights()) == 2


@pytest.mark.slow
def test_a_run_that_is_killed_gives_its_night_back(casebook: Casebook, worker: Worker) -> None:
    assert worker.obey(hold=True, seconds=0.2)["signal"] == KILLED
    with casebook.hold(FIRST, wait_seconds=5):
        pass


def test_a_database_that_drops_the_lock_does_not_fail_the_run_that_had_it(
    postgresql_url: str,
) -> None:
    casebook = Casebook.open(postgresql_url)
    with casebook.hold(FIRST, wait_seconds=0), casebook.engine.connect() as other:
        other.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_locks"
                " WHERE locktype = 'advisory' AND database ="
                " (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
        )
    with casebook.hold(FIRST, wait_seconds=5):
        pass


def test_a_run_that_is_stopped_while_it_waits_leaves_nothing_open(postgresql_url: str) -> None:
    mine, theirs = Casebook.open(postgresql_url), Casebook.open(postgresql_url)

    @event.listens_for(theirs.engine, "after_cursor_execute")
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with (
        mine.hold(FIRST, wait_seconds=0),
        pytest.raises(KeyboardInterrupt),
        theirs.hold(FIRST, wait_seconds=30),
    ):
        pytest.fail("both held the night")
    gc.collect()  # a connection left open would now be told on
