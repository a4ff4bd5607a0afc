"""What stands at the Care Record, and exports on their way to it, on both databases."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import pytest

from casebook.outbox import Outbox
from casebook.publication import ExportRow, ExportState, NewExport, State
from casebook.purge import Retention
from casebook.store import Casebook
from schemas.delivery import Acknowledgement, Refusal
from schemas.errors import PersonNeeded
from schemas.published import Change, Hidden, Published, Stand, Turn

FIRST = date(2026, 11, 19)
NOON = datetime(2026, 11, 19, 12, tzinfo=UTC)
LEICESTER, RUTLAND = "E06000016", "E06000017"


def published(number: int, **changes: object) -> Published:
    row = Published(
        id=f"id-{number}",
        kind="EpisodeOfCare",
        base_id=f"base-{number}",
        generation=0,
        local_authority=LEICESTER,
        about="base-p",
        refers_to=("Organization/o", "Patient/p"),
        version=1,
        content_hash="hash",
        stand=Stand.PUBLISHED,
        changed_on=FIRST,
        turns_on=None,
        refused=False,
    )
    return row._replace(**changes)


def put(casebook: Casebook, *changes: Change) -> None:
    casebook.publication().change(lambda state: state.put(changes))


def standing(casebook: Casebook) -> Mapping[str, Published]:
    return casebook.publication().look(State.standing)


def export(casebook: Casebook, number: int = 0, *, receiver: str | None = "drop") -> ExportRow:
    """Make the export of a night."""
    new = NewExport(
        as_of=FIRST + timedelta(days=number),
        name=f"export-{number}",
        full=False,
        transaction_time=NOON + timedelta(days=number),
        evidence="made of",
        counts={"changes": {}},
        receiver=receiver,
    )
    files = [("Patient.ndjson", b"ZZPERSON\n"), ("manifest.json", b"{}\n")]
    return casebook.publication().change(lambda state: state.add_export(new, files))


def test_what_is_put_is_what_stands(casebook):
    rows = [published(1), published(2, local_authority=None, about=None, turns_on=FIRST)]
    put(casebook, *(Change(Turn.ADDED, row, f"content of {row.id}") for row in rows))
    assert standing(casebook) == {row.base_id: row for row in rows}
    contents = casebook.publication().look(lambda state: state.contents(["id-2", "nobody's"]))
    assert contents == {"id-2": "content of id-2"}


def test_a_deleted_resource_keeps_its_id_and_nothing_else(casebook):
    put(casebook, Change(Turn.ADDED, published(1), "ZZPERSON"))
    gone = published(1, stand=Stand.DELETED, refers_to=())
    put(casebook, Change(Turn.DELETED, gone, ""))
    assert standing(casebook) == {"base-1": gone}
    assert casebook.publication().look(lambda state: list(state.everything())) == []
    again = published(1, id="id-1b", generation=1)
    put(casebook, Change(Turn.ADDED, again, "content"))
    assert standing(casebook) == {"base-1": again}


def test_who_is_hidden_is_known_of_councils_that_are_away(casebook):
    publication = casebook.publication()

    def put(*hidden: tuple[str, str, str], assessed: set[str]) -> None:
        rows = [Hidden(*each) for each in hidden]
        publication.change(lambda state: state.put_hidden(rows, assessed=assessed))

    def known(*assessed: str) -> dict[str, str]:
        return publication.look(lambda state: state.hidden_but_for(assessed))

    both = {LEICESTER, RUTLAND}
    put((LEICESTER, "a", "x"), (RUTLAND, "b", "x"), (RUTLAND, "c", "y"), assessed=both)
    put((RUTLAND, "c", "z"), assessed={LEICESTER})
    assert known() == known(LEICESTER) == {"b": "x", "c": "z"}
    assert known(LEICESTER, RUTLAND) == {}


def test_what_a_night_gives_is_kept_until_a_later_one_is_published(casebook):
    publication = casebook.publication()
    publication.change(lambda state: state.keep_prepared(FIRST, b"first"))
    publication.change(lambda state: state.keep_prepared(FIRST, b"again"))
    assert publication.look(lambda state: state.prepared(FIRST)) == b"again"
    publication.change(lambda state: state.let_go(before=FIRST))
    assert publication.look(lambda state: state.prepared(FIRST)) == b"again"
    publication.change(lambda state: state.let_go(before=FIRST + timedelta(days=1)))
    assert publication.look(lambda state: state.prepared(FIRST)) is None


def test_an_export_waits_with_its_files_where_somebody_receives(casebook):
    row = export(casebook)
    assert (row.number, row.state, row.attempts, row.counts) == (
        1,
        ExportState.WAITING,
        0,
        {"changes": {}},
    )
    outbox = casebook.outbox()
    assert outbox.waiting() == [row]
    waiting = outbox.export(row)
    assert [file.name for file in waiting.files] == ["Patient.ndjson", "manifest.json"]
    assert waiting.files[0].size_bytes == len(waiting.read("Patient.ndjson")) == 9
    assert export(casebook, 1, receiver=None).state is ExportState.KEPT
    assert outbox.waiting() == [row]


def test_files_stay_as_long_as_they_wait(casebook):
    outbox, waits, kept = casebook.outbox(), export(casebook), export(casebook, 1, receiver=None)
    casebook.publication().change(lambda state: state.let_go(before=FIRST + timedelta(days=5)))
    assert outbox.is_kept(waits.number)
    assert not outbox.is_kept(kept.number)
    with pytest.raises(PersonNeeded, match="cpli publish --full"):
        outbox.export(kept).read("manifest.json")


def test_what_is_tried_in_vain_waits_on_and_says_why(casebook):
    outbox, row = casebook.outbox(), export(casebook)
    outbox.tried(row.number, trouble="The server is down.")
    outbox.tried(row.number, trouble="It is still down.")
    (waiting,) = outbox.waiting()
    assert (waiting.attempts, waiting.trouble) == (2, "It is still down.")
    outbox.delivered(row.number, answered=False)
    (there,) = outbox.unanswered()
    assert (there.state, there.attempts, there.trouble) == (ExportState.DELIVERED, 3, None)
    assert there.delivered_at is not None
    assert outbox.waiting() == []


def test_an_answer_is_kept_and_what_was_refused_is_marked(casebook):
    put(casebook, *(Change(Turn.ADDED, published(number), "content") for number in (1, 2)))
    outbox, row = casebook.outbox(), export(casebook)
    outbox.delivered(row.number, answered=False)
    refused = Refusal(reference="EpisodeOfCare/id-2", code="invalid", text="ZZPERSON is unknown")
    said = Acknowledgement(export=row.name, accepted=7, refused=(refused,))
    outbox.acknowledged(row.number, said)
    outbox.acknowledged(row.number, said)
    (there,) = outbox.exports()
    assert (there.state, there.accepted) == (ExportState.ACKNOWLEDGED, 7)
    assert outbox.refusals(row.number) == (refused,)
    assert [row.refused for row in standing(casebook).values()] == [False, True]
    put(casebook, Change(Turn.AGAIN, published(2), ""))
    assert [row.refused for row in standing(casebook).values()] == [False, False]
    assert casebook.publication().look(lambda state: state.contents(["id-2"])) == {
        "id-2": "content"
    }


def test_a_journal_notes_each_step_once_with_all_that_was_said(casebook):
    outbox = casebook.outbox()
    first, second = export(casebook), export(casebook, 1)
    journal = outbox.journal(first.number)
    assert not journal.noted("batch 1")
    refused = [Refusal(reference="Task/t", code="conflict")]
    for _ in range(2):
        journal.note("batch 1", versions={"Task/t": None, "Patient/p": "7"}, accepted=3)
    journal.note("batch 2", versions={"Patient/p": "8"}, refused=refused, accepted=2)
    assert journal.noted("batch 1")
    assert not outbox.journal(second.number).noted("batch 1")
    assert outbox.journal(second.number).versions(["Patient/p", "Task/t"]) == {"Patient/p": "8"}
    assert outbox.exports()[0].accepted == 5
    assert outbox.refusals(first.number) == tuple(refused)
    journal.note("batch 3", versions={"Patient/p": None})
    assert journal.versions(["Patient/p"]) == {}


def test_only_one_delivers_at_a_time(casebook):
    outbox = Outbox(casebook.engine, casebook.clock)
    with outbox.hold(wait_seconds=0):
        with pytest.raises(Exception, match="still going on"), outbox.hold(wait_seconds=0):
            pass
        with casebook.hold(FIRST, wait_seconds=0):
            pass
    with outbox.hold(wait_seconds=0):
        pass


def test_a_step_that_fails_changes_nothing(casebook):
    def step(state: State) -> None:
        state.put([Change(Turn.ADDED, published(1), "content")])
        raise PersonNeeded("No.")

    with pytest.raises(PersonNeeded):
        casebook.publication().change(step)
    assert standing(casebook) == {}


def test_what_the_receiver_said_of_old_nights_is_purged(casebook):
    outbox, row = casebook.outbox(), export(casebook)
    refused = (Refusal(reference="Task/t", code="invalid", text="ZZPERSON"),)
    outbox.acknowledged(row.number, Acknowledgement(export=row.name, accepted=1, refused=refused))
    retention = Retention(closed_cases_days=30, nights_days=30)
    casebook.purge(retention, on=FIRST + timedelta(days=30), dry_run=False)
    assert outbox.refusals(row.number)[0].text == "ZZPERSON"
    casebook.purge(retention, on=FIRST + timedelta(days=31), dry_run=False)
    assert outbox.refusals(row.number)[0] == Refusal(reference="Task/t", code="invalid")


def test_a_new_receiver_has_versions_of_its_own(casebook):
    journal = casebook.outbox().journal(export(casebook).number)
    journal.note("batch 1", versions={"Patient/p": "7"})
    casebook.publication().change(State.forget_versions)
    assert journal.versions(["Patient/p"]) == {}
