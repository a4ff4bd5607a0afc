import base64
import json
import re
import sqlite3
import threading
import time
from datetime import date
from pathlib import Path

import pytest
from folders.canonical import (
    AS_OF,
    COUNCILS,
    LEICESTER,
    LEICESTERSHIRE,
    RUTLAND,
    Sources,
    cpli,
    unlisted,
)

from casebook.record import Effect, NightOutcome
from casebook.store import Casebook
from flows.faults import Unforeseen
from flows.nightly import nightly, run_night
from flows.steps import Done, reconcile_in_memory
from schemas.errors import NothingAssessed, SourceRefused, TryAgainLater, WrongUsage
from settings.settings import load_settings

pytestmark = [pytest.mark.server, pytest.mark.xdist_group("prefect")]


@pytest.fixture(autouse=True)
def _key(monkeypatch, prefect):
    monkeypatch.setenv("CPLI_IDENTITY_KEY", "a key for tests alone")


def run(sources: Sources, out: Path, *councils: str, as_of: date = AS_OF) -> Done:
    return run_night(sources.root, out, as_of=as_of, councils=councils)


def files_of(folder: Path) -> dict[str, bytes]:
    """Return a night's files, without the times it took."""
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    summary = json.loads(files["summary.json"])
    stages = {"read", "reconcile", "record", "answers", "publish", "notices"}
    assert summary.pop("seconds").keys() == stages
    return files | {"summary.json": json.dumps(summary).encode()}


def rows_of(
    database: Path, *, but_for: tuple[str, ...] = ()
) -> dict[str, list[tuple[object, ...]]]:
    with sqlite3.connect(database) as connection:
        names = connection.execute("select name from sqlite_master where type = 'table'").fetchall()
        rows = {
            name: sorted(connection.execute(f"select * from {name}").fetchall(), key=repr)
            for (name,) in names
            if not name.startswith(but_for or ("-",))
        }
    connection.close()
    return rows


def kept_by(prefect: Path) -> bytes:
    """Return all that Prefect has on disk.

    Its database is read as one as well, since a page's end can cut a text in two, and what it
    pickles is decoded.
    """
    contents = [path.read_bytes() for path in prefect.rglob("*") if path.is_file()]
    pickles = [base64.b64decode(path.read_bytes()) for path in prefect.glob("storage/*")]
    connection = sqlite3.connect(prefect / "prefect.db")
    dump = "\n".join(connection.iterdump())
    connection.close()
    return b"".join([*contents, *pickles, dump.encode()])


def types_of(casebook: Casebook, council: str) -> list[str]:
    frame = casebook.discrepancies(AS_OF)
    return sorted(frame.loc[frame["local_authority"] == council, "type"])


def test_a_night_leaves_what_reconcile_writes_and_a_record_of_it(sources, tmp_path):
    sources.council(LEICESTER, [unlisted(6)])
    done = run(sources, tmp_path / "out")
    alone = reconcile_in_memory(
        sources.root, as_of=AS_OF, out=tmp_path / "alone", settings=load_settings()
    )
    night = tmp_path / "out" / "2026-11-20"
    assert (done.exit_code, done.folder) == (0, night)
    for name in ("discrepancies.csv", "refusals.csv", "timeliness.csv"):
        assert (night / name).read_bytes() == (tmp_path / "alone" / name).read_bytes()
    assert done.summary == alone.summary
    casebook = Casebook.open(f"sqlite:///{tmp_path}/out/casebook.db", read_only=True)
    [recorded] = casebook.nights()
    assert recorded.outcome is NightOutcome.COMPLETE
    assert recorded.discrepancies > 0
    assert done.recorded.new == recorded.discrepancies
    assert len(recorded.sources) == 1 + 2 * len(COUNCILS) + 2
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "2026-11-20", "casebook.db", "casebook.db.locks",
    ]  # fmt: skip


def test_a_second_run_of_a_night_changes_no_row_and_no_byte(sources, tmp_path):
    sources.council(LEICESTER, [unlisted(6)])
    run(sources, tmp_path / "out")
    files = files_of(tmp_path / "out" / "2026-11-20")
    rows = rows_of(tmp_path / "out" / "casebook.db")
    done = run(sources, tmp_path / "out")
    assert done.recorded.effect is Effect.UNCHANGED
    assert files_of(tmp_path / "out" / "2026-11-20") == files
    assert rows_of(tmp_path / "out" / "casebook.db") == rows


def test_a_council_that_fails_is_left_out_and_the_night_ends_with_three(
    sources, tmp_path, caplog, monkeypatch
):
    from flows import reading

    clean = reading.clean_cplis

    def failing(raw, *, local_authority, as_of):
        if local_authority == LEICESTER:
            raise KeyError(raw.frame["family_name"].iloc[0])
        return clean(raw, local_authority=local_authority, as_of=as_of)

    monkeypatch.setattr(reading, "clean_cplis", failing)
    sources.remove(f"council/{RUTLAND}/cpli.csv")
    with caplog.at_level("INFO", logger="cpli"):
        done = run(sources, tmp_path / "out")
    assert done.exit_code == 3
    assert [(each.local_authority, each.reason) for each in done.missed] == [
        (LEICESTER, "fault_of_ours"),
        (RUTLAND, "not_received"),
    ]
    assert "Rutland: not assessed. council/E06000017/cpli.csv did not come." in caplog.text
    assert "Leicestershire: 2 CPLIs read, 0 rejected" in caplog.text
    assert "Family" not in caplog.text


def test_what_nobody_foresaw_never_reaches_prefect(sources, tmp_path, monkeypatch, prefect):
    from flows import reading, steps

    def failing(*args, **kwargs):
        raise ValueError("ZZMARKER of a person")

    def failing_later(*args, **kwargs):
        raise RuntimeError("ZZMARKER of another person")

    with monkeypatch.context() as patch:
        patch.setattr(reading, "clean_cplis", failing)
        with pytest.raises(Unforeseen, match=r"No council could be assessed.*fault of") as nothing:
            run(sources, tmp_path / "out")
    monkeypatch.setattr(steps, "reconcile", failing_later)
    with pytest.raises(Unforeseen, match=r"RuntimeError at tests|RuntimeError at flows") as fault:
        run(sources, tmp_path / "out")
    for error in (nothing.value, fault.value):
        while error is not None:
            assert "ZZMARKER" not in f"{error!r}"
            error = error.__context__
    kept = kept_by(prefect)
    assert b"fault of ours" in kept
    assert b"ZZMARKER" not in kept


def test_only_what_may_pass_by_itself_is_tried_again(sources, tmp_path, monkeypatch):
    from connectors.folder import CanonicalFolder
    from flows import nightly as module

    tries = dict.fromkeys(COUNCILS, 0)
    cplis = CanonicalFolder.cplis

    def failing(self, council, *more):
        tries[council] += 1
        if council == LEICESTER and tries[council] == 1:
            raise TryAgainLater("The share does not answer. Run the night again.")
        if council == RUTLAND:
            raise SourceRefused("It is no CSV. Ask the council to send one.", rule="unreadable")
        if council == LEICESTERSHIRE:
            raise ZeroDivisionError
        return cplis(self, council, *more)

    monkeypatch.setattr(CanonicalFolder, "cplis", failing)
    monkeypatch.setattr(module.pull_council, "retry_delay_seconds", [0.1, 0.1, 0.1])
    done = run(sources, tmp_path / "out")
    assert tries == {LEICESTER: 2, RUTLAND: 1, LEICESTERSHIRE: 1}
    assert [each.local_authority for each in done.missed] == [RUTLAND, LEICESTERSHIRE]


def test_without_caseloads_there_is_no_night(sources, tmp_path, monkeypatch):
    from connectors.folder import CanonicalFolder

    def failing(self):
        raise ZeroDivisionError

    monkeypatch.setattr(CanonicalFolder, "caseload_files", failing)
    with pytest.raises(Unforeseen):
        run(sources, tmp_path / "out")
    assert not (tmp_path / "out" / "2026-11-20").exists()
    casebook = Casebook.open(f"sqlite:///{tmp_path}/out/casebook.db", read_only=True)
    assert casebook.nights() == []


def test_where_nothing_is_assessed_the_refusals_say_why(sources, tmp_path):
    sources.remove("providers.csv")
    with pytest.raises(NothingAssessed, match=r"providers.csv did not come.*refusals.csv"):
        run(sources, tmp_path / "out")
    night = tmp_path / "out" / "2026-11-20"
    left = ["quality", "refusals.csv", "report", "summary.json"]
    assert sorted(path.name for path in night.iterdir()) == left
    casebook = Casebook.open(f"sqlite:///{tmp_path}/out/casebook.db", read_only=True)
    assert casebook.night(AS_OF).outcome is NightOutcome.NOTHING_ASSESSED


def test_a_run_of_chosen_councils_keeps_what_stands_of_the_others(sources, tmp_path):
    out, url = tmp_path / "out", f"sqlite:///{tmp_path}/out/casebook.db"
    sources.council(LEICESTER, [*sources.cplis[LEICESTER], unlisted(6)])
    sources.council(RUTLAND, [*sources.cplis[RUTLAND], unlisted(7), cpli(8, end_date="2026-02-30")])
    run(sources, out)
    whole = rows_of(out / "casebook.db")
    files = files_of(out / "2026-11-20")

    again = run(sources, out, LEICESTER)
    assert again.exit_code == 0
    assert again.recorded.effect in {Effect.UNCHANGED, Effect.REPLACED}
    assert rows_of(out / "casebook.db")["night_discrepancy"] == whole["night_discrepancy"]
    assert rows_of(out / "casebook.db")["night_source"] == whole["night_source"]
    assert files_of(out / "2026-11-20").keys() == files.keys()
    for name, content in files.items():
        assert name == "summary.json" or files_of(out / "2026-11-20")[name] == content

    sources.council(LEICESTER, sources.cplis[LEICESTER])
    sources.council(RUTLAND, sources.cplis[RUTLAND])
    casebook = Casebook.open(url)
    before = types_of(casebook, RUTLAND)
    done = run(sources, out, LEICESTER)
    assert (done.exit_code, done.missed) == (0, ())
    assert types_of(casebook, LEICESTER) == []
    assert types_of(casebook, RUTLAND) == before != []
    assert casebook.night(AS_OF).outcome is NightOutcome.COMPLETE
    assert done.summary["all"]["discrepancies"]["support_not_reported"] == 1
    assert b"council/E06000017/cpli.csv,4,end_date" in files_of(out / "2026-11-20")["refusals.csv"]

    run(sources, out)
    assert types_of(casebook, RUTLAND) == []


@pytest.mark.slow
def test_chosen_councils_that_cannot_be_assessed_leave_the_night_as_it_is(sources, tmp_path):
    out = tmp_path / "out"
    sources.council(RUTLAND, [*sources.cplis[RUTLAND], unlisted(7)])
    run(sources, out)
    # What the gates made of the attempt is kept, and people are told of it.
    of_attempts = ("gate_", "alert")
    rows = rows_of(out / "casebook.db", but_for=of_attempts)
    files = files_of(out / "2026-11-20")
    sources.remove(f"council/{RUTLAND}/cpli.csv")
    with pytest.raises(NothingAssessed, match="stays as it is"):
        run(sources, out, RUTLAND)
    assert rows_of(out / "casebook.db", but_for=of_attempts) == rows
    assert files_of(out / "2026-11-20") == files

    done = run(sources, out, RUTLAND, LEICESTER)
    assert [each.local_authority for each in done.missed] == [RUTLAND]
    assert done.exit_code == 3
    assert rows_of(out / "casebook.db")["night_discrepancy"] == rows["night_discrepancy"]


@pytest.mark.slow
def test_chosen_councils_of_a_new_night_leave_the_others_not_assessed(sources, tmp_path):
    done = run(sources, tmp_path / "out", LEICESTER, LEICESTERSHIRE)
    assert done.exit_code == 3
    assert [(each.local_authority, each.reason) for each in done.missed] == [
        (RUTLAND, "not_asked_for")
    ]
    assert "run the night without --council" in done.missed[0].message
    assert [each["reason"] for each in done.summary["not_assessed"]] == ["not_asked_for"]
    casebook = Casebook.open(f"sqlite:///{tmp_path}/out/casebook.db", read_only=True)
    night = casebook.night(AS_OF)
    assert night.outcome is NightOutcome.INCOMPLETE
    reasons = {each.local_authority: each.reason for each in night.councils}
    assert reasons == {LEICESTER: None, LEICESTERSHIRE: None, RUTLAND: "not_asked_for"}

    assert run(sources, tmp_path / "out", LEICESTER).exit_code == 3
    assert run(sources, tmp_path / "out", RUTLAND).exit_code == 0
    assert casebook.night(AS_OF).outcome is NightOutcome.COMPLETE


def test_a_council_that_the_sources_do_not_know_is_no_choice(sources, tmp_path):
    with pytest.raises(WrongUsage, match="E06000099; they know E06000016"):
        run(sources, tmp_path / "out", "E06000099")


def test_a_night_that_is_going_on_is_waited_for_or_left_alone(
    sources, tmp_path, monkeypatch, caplog
):
    monkeypatch.setenv("CPLI_DATABASE__WAIT_SECONDS", "0.2")
    casebook = Casebook.open(f"sqlite:///{tmp_path}/out/casebook.db")
    with (
        casebook.hold(AS_OF, wait_seconds=0),
        caplog.at_level("INFO", logger="cpli"),
        pytest.raises(TryAgainLater, match="still going on"),
    ):
        run(sources, tmp_path / "out")
    assert "waiting for it, at most 0.2 seconds" in caplog.text
    assert not (tmp_path / "out" / "2026-11-20").exists()


def test_what_a_killed_run_of_another_night_left_goes_and_a_living_one_is_left_alone(
    sources, tmp_path, caplog
):
    out = tmp_path / "out"
    for night in ("2026-11-18", "2026-11-19"):
        (out / f".{night}.work" / LEICESTER).mkdir(parents=True)
        (out / f".{night}.work" / LEICESTER / "cplis.parquet").write_bytes(b"a person")
    casebook = Casebook.open(f"sqlite:///{out}/casebook.db")
    with (
        casebook.hold(date(2026, 11, 19), wait_seconds=0),
        caplog.at_level("INFO", logger="cpli"),
    ):
        run(sources, out)
    assert "Cleared up: what a stopped run of the night of 2026-11-18 had left" in caplog.text
    assert [path.name for path in out.glob(".*")] == [".2026-11-19.work"]


def test_a_night_that_is_stopped_waits_for_its_branches_and_leaves_no_person(
    sources, tmp_path, monkeypatch
):
    from flows import steps

    pull_council, late = steps.pull_council, threading.Event()

    def slow(source, register, local_authority, *more, **others):
        if local_authority != RUTLAND:
            return pull_council(source, register, local_authority, *more, **others)
        time.sleep(1)
        pulled = pull_council(source, register, local_authority, *more, **others)
        late.set()
        return pulled

    def stopped(local_authority, pull):
        raise KeyboardInterrupt

    monkeypatch.setattr(steps, "pull_council", slow)
    monkeypatch.setattr(steps, "council_or_reason", stopped)
    with pytest.raises(KeyboardInterrupt):
        run(sources, tmp_path / "out")
    assert late.is_set()
    assert list((tmp_path / "out").glob(".*")) == []


def test_the_run_shows_in_prefect_with_its_counts_and_no_person(sources, tmp_path, prefect):
    from prefect.client.orchestration import get_client

    sources.council(LEICESTER, [unlisted(6)])
    run(sources, tmp_path / "out", as_of=date(2026, 11, 21))
    sources.remove(f"council/{RUTLAND}/cpli.csv")
    run(sources, tmp_path / "out", as_of=date(2026, 11, 22))
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs()
    # Other tests' nights are in the same server.
    states = {(each.name, each.state.name, each.state.message) for each in runs}
    assert {"Completed"} <= {name for night, name, _ in states if night == "night 2026-11-21"}
    assert ("night 2026-11-22", "Incomplete", "Not assessed: Rutland") in states
    kept = kept_by(prefect)
    assert b"support_not_reported" in kept
    for value in (b"Family", b"Given", b"1946-02-03"):
        assert value not in kept
    # A number of ours has ten digits; six of them can end the time of an event.
    assert re.findall(rb"999000[0-9]{4}", kept) == []


def test_a_deployed_run_is_told_what_to_set(prefect):
    with pytest.raises(WrongUsage, match=r"CPLI_SOURCES.*CPLI_OUT"):
        nightly()


def test_a_deployed_run_finds_its_sources_in_the_settings(sources, tmp_path, monkeypatch):
    monkeypatch.setenv("CPLI_SOURCES", str(sources.root))
    monkeypatch.setenv("CPLI_OUT", str(tmp_path / "out"))
    monkeypatch.setattr("flows.nightly.today", lambda: AS_OF)
    assert nightly().folder == tmp_path / "out" / "2026-11-20"
