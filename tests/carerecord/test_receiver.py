"""The receiver takes what is good, and names the rule of everything that is not."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from carerecord.base import FREE_TEXT
from carerecord.cases_of_form import FORM
from carerecord.cases_of_people import PEOPLE
from carerecord.cases_of_r4 import META, R4
from carerecord.cases_of_services import SERVICES
from carerecord.cases_of_tasks import SET, TASKS
from carerecord.examples import (
    ABOUT_A_LINE,
    ACTIVE,
    AMINA,
    BORIS,
    COUNCIL,
    FINISHED,
    FIRST,
    MISSING_LINE,
    PLANNED,
    PROVIDER,
    SECOND,
    THIRD,
    TO_BORIS,
    WITHDRAWN,
    World,
    changed,
    concept,
    draft,
    good_world,
    organization,
)
from carerecord.receiver import Receiver
from carerecord.rules import RULES
from carerecord.second_nights import SECOND_NIGHTS, Night
from carerecord.spoiling import Spoil, both, drop, of_manifest, put

SECRETS = ("9990000018", "Testperson", "TESTPERSON", "Amina", "1941-06-17")
CASES = FORM + R4 + META + PEOPLE + SERVICES + TASKS + SET


def rules(violations: list[str]) -> set[str]:
    """Return the names of the rules that violations name."""
    return {violation.split()[0] for violation in violations}


def after_the_first_night(root: Path) -> tuple[Receiver, World]:
    """Return a receiver that took a good full export, and what that held."""
    receiver, world = Receiver(), good_world()
    assert receiver.receive(draft(world).write(root), full=True) == []
    return receiver, world


def finished(world: World, at: str = SECOND) -> dict[str, Any]:
    """Return the active line item as it is once it has ended."""
    told = copy.deepcopy(world[ACTIVE]["statusHistory"])
    told[1]["period"]["end"] = "2026-03-02"
    told.append({"status": "finished", "period": {"start": "2026-03-02"}})
    period = {"start": "2026-02-01", "end": "2026-03-02"}
    return changed(world[ACTIVE], at, status="finished", period=period, statusHistory=told)


def test_a_good_full_export_is_held_as_it_came(tmp_path: Path) -> None:
    receiver, world = after_the_first_night(tmp_path)
    assert receiver.held == world
    assert receiver.unreferenced() == []


def test_a_good_increment_changes_and_deletes(tmp_path: Path) -> None:
    receiver, world = after_the_first_night(tmp_path)
    increment = draft({ACTIVE: finished(world)}, SECOND, deleted=[FINISHED])
    of_manifest(
        lambda it: it.update(request="https://example.org/$export?_type=Task&_since=" + FIRST)
    )(increment)
    assert receiver.receive(increment.write(tmp_path)) == []
    assert receiver.held[ACTIVE]["status"] == "finished"
    assert receiver.held.keys() == world.keys() - {FINISHED}


def test_an_increment_may_bring_what_a_change_refers_to(tmp_path: Path) -> None:
    receiver, world = after_the_first_night(tmp_path)
    sent = {one: world[one] for one in (COUNCIL, PROVIDER, AMINA)} | {ACTIVE: finished(world)}
    assert receiver.receive(draft(sent, SECOND, deleted=[FINISHED]).write(tmp_path)) == []


def test_a_withdrawn_line_item_is_sent_once_more_and_needs_no_history(tmp_path: Path) -> None:
    receiver, world = after_the_first_night(tmp_path)
    withdrawn = changed(world[PLANNED], SECOND, status="entered-in-error")
    night = draft({PLANNED: withdrawn}, SECOND, deleted=[FINISHED]).write(tmp_path)
    assert receiver.receive(night) == []


def test_a_full_export_of_the_same_changes_nothing(tmp_path: Path) -> None:
    receiver, world = after_the_first_night(tmp_path)
    del world[FINISHED]
    again = draft(world, SECOND, deleted=[FINISHED]).write(tmp_path)
    assert receiver.receive(again, full=True) == []
    assert receiver.held == world


def test_large_types_may_be_split_and_nothing_sent_at_all(tmp_path: Path) -> None:
    receiver = Receiver()
    export = draft(good_world())
    tasks = export.files.pop("Task.ndjson")
    export.files |= {"Task-0001.ndjson": tasks[:1], "Task-0002.ndjson": tasks[1:]}
    assert receiver.receive(export.write(tmp_path), full=True) == []
    assert receiver.receive(draft({}, SECOND, deleted=[FINISHED]).write(tmp_path)) == []


@pytest.mark.parametrize(
    "spoil",
    [
        put(ACTIVE, "type/0/coding/1", concept("local", "H1", "Home")["coding"][0]),
        put(ACTIVE, "period/end", "2026-03-02"),
        put(PLANNED, "period", {"end": "2026-03-02"}),
        drop(WITHDRAWN, "period"),
        put(ACTIVE, "statusHistory/0/period/end", "2026-02-01"),
        put(ACTIVE, "statusHistory/1/status", "onhold"),
        drop(MISSING_LINE, "input/1"),
        put(MISSING_LINE, "authoredOn", "2026-03-01"),
        drop(PROVIDER, "type"),
        drop(PROVIDER, "identifier/1"),
        put(PROVIDER, "telecom", [{"system": "phone", "value": "0116 496 0000", "use": "work"}]),
        put(AMINA, "name/0/family", "TESTperson"),
        put(AMINA, "birthDate", "2026-03-02"),
    ],
)
def test_what_is_allowed_is_no_violation(tmp_path: Path, spoil: Spoil) -> None:
    export = draft(good_world())
    spoil(export)
    if "onhold" in json.dumps(export.files):
        put(ACTIVE, "status", "onhold")(export)
    assert Receiver().receive(export.write(tmp_path), full=True) == []


@pytest.mark.parametrize(
    ("rule", "spoil"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_what_is_wrong_is_named_and_no_person_is(tmp_path: Path, rule: str, spoil: Spoil) -> None:
    export = draft(good_world())
    spoil(export)
    violations = Receiver().receive(export.write(tmp_path), full=True)
    assert rule in rules(violations)
    assert not [one for one in violations if any(secret in one for secret in SECRETS)]


@pytest.mark.parametrize(
    ("rule", "night"),
    [case[1:] for case in SECOND_NIGHTS],
    ids=[case[0] for case in SECOND_NIGHTS],
)
def test_what_goes_wrong_from_night_to_night_is_named(
    tmp_path: Path, rule: str, night: Night
) -> None:
    receiver, world = after_the_first_night(tmp_path / "first")
    export = draft(**{"at": SECOND, **night(world)}).write(tmp_path / "second")
    assert rule in rules(receiver.receive(export))


def test_an_id_that_was_deleted_never_comes_back(tmp_path: Path) -> None:
    receiver, world = after_the_first_night(tmp_path)
    assert receiver.receive(draft({}, SECOND, deleted=[FINISHED]).write(tmp_path)) == []
    back = changed(world[FINISHED], THIRD, period={"start": "2025-01-01", "end": "2025-06-01"})
    started = [{"status": "planned", "period": {"start": "2026-03-01", "end": "2026-03-03"}}]
    begun = changed(world[PLANNED], THIRD, status="active", statusHistory=started)
    night = draft({FINISHED: back, PLANNED: begun}, THIRD).write(tmp_path)
    assert receiver.receive(night) == [f"id-came-back {FINISHED}"]


def test_a_full_export_that_leaves_something_out_is_found(tmp_path: Path) -> None:
    receiver, world = after_the_first_night(tmp_path)
    del world[FINISHED], world[MISSING_LINE]
    night = draft(world, SECOND, deleted=[FINISHED]).write(tmp_path)
    assert receiver.receive(night, full=True) == [f"full-missing {MISSING_LINE}"]


def test_what_stands_is_held_against_the_day_unless_its_council_was_not_assessed(
    tmp_path: Path,
) -> None:
    receiver, _ = after_the_first_night(tmp_path)
    unknown = copy.deepcopy(receiver)
    night = draft({}, THIRD).write(tmp_path)
    assert receiver.receive(night) == [
        f"status-stale {PLANNED} period",
        f"expired-held {FINISHED} period.end",
    ]
    assert unknown.receive(night, not_assessed={"ZZ1"}) == []


def test_an_unassessed_council_is_not_excused_for_what_it_changes(tmp_path: Path) -> None:
    receiver, world = after_the_first_night(tmp_path)
    late = changed(world[PLANNED], THIRD, period={"start": "2026-03-04", "end": "2026-12-01"})
    night = draft({PLANNED: late}, THIRD).write(tmp_path)
    assert receiver.receive(night, not_assessed={"ZZ1"}) == [f"status-period {PLANNED} period"]


@pytest.mark.parametrize(
    ("at", "found"),
    [("2026-06-30T22:59:59Z", ["status-period"]), ("2026-06-30T23:00:00Z", [])],
)
def test_the_day_is_that_of_the_united_kingdom(tmp_path: Path, at: str, found: list[str]) -> None:
    world = good_world()
    for gone in (PLANNED, FINISHED, ABOUT_A_LINE):
        del world[gone]
    world[ACTIVE] = {**world[ACTIVE], "period": {"start": "2026-07-01"}}
    del world[ACTIVE]["statusHistory"]
    violations = Receiver().receive(draft(world, at).write(tmp_path), full=True)
    assert sorted(rules(violations)) == found


@pytest.mark.parametrize(
    ("since", "found"),
    [
        (FIRST, set()),
        ("2026-03-02T20:00:00Z", {"manifest-since"}),
        (SECOND, {"manifest-since"}),
        ("x", {"manifest-since"}),
    ],
)
def test_an_increment_joins_the_export_before_it(
    tmp_path: Path, since: str, found: set[str]
) -> None:
    receiver, _ = after_the_first_night(tmp_path)
    export = draft({}, SECOND, deleted=[FINISHED])
    of_manifest(lambda it: it.update(request=f"https://example.org/$export?_since={since}"))(export)
    assert rules(receiver.receive(export.write(tmp_path))) == found


def test_whom_nobody_speaks_of_is_told_apart(tmp_path: Path) -> None:
    receiver, world = after_the_first_night(tmp_path)
    del world[FINISHED]
    gone = [FINISHED, MISSING_LINE, ABOUT_A_LINE]
    assert receiver.receive(draft({}, SECOND, deleted=gone).write(tmp_path)) == []
    assert receiver.unreferenced() == [BORIS]


def test_our_own_urls_stand_under_the_configured_base(tmp_path: Path) -> None:
    receiver = Receiver("https://feed.example.net/")
    found = rules(receiver.receive(draft(good_world()).write(tmp_path), full=True))
    assert {"profiles", "task-identifier", "task-reason", "url-unknown"} <= found


def test_a_council_of_no_stated_type_may_answer_for_data(tmp_path: Path) -> None:
    world = good_world()
    world[COUNCIL] = organization(COUNCIL, "ZZ1", "Example Borough Council", "141", "x")
    del world[COUNCIL]["type"]
    assert Receiver().receive(draft(world).write(tmp_path), full=True) == []


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the paths of everything below a node."""
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for name, value in items if isinstance(node, dict | list) else ():
        yield (*path, name)
        if isinstance(value, dict | list):
            yield from places(value, (*path, name))


@pytest.mark.parametrize("reference", [PROVIDER, AMINA, ACTIVE, ABOUT_A_LINE])
@pytest.mark.parametrize("value", [7, None, [["x"]], "{}", {"x": 7.5}], ids=repr)
def test_nothing_may_stand_anywhere_and_nothing_makes_it_stumble(
    tmp_path: Path, reference: str, value: Any
) -> None:
    receiver = Receiver()
    kind = f"{reference.partition('/')[0]}.ndjson"
    for number, path in enumerate(places(good_world()[reference])):
        if path == ("resourceType",) or (value == "{}" and set(path) & FREE_TEXT):
            continue
        export = draft(good_world())
        node: Any = next(one for one in export.files[kind] if one["id"] in reference)
        for step in path[:-1]:
            node = node[step]
        node[path[-1]] = value
        export.files = {kind: export.files[kind]}
        export.at = f"2026-03-02T06:15:{number % 60:02}Z"
        found = receiver.receive(export.write(tmp_path / str(number)))
        assert rules(found) & {"json-type", "empty-element", "base-r4"}, path


@pytest.mark.parametrize(
    "spoil",
    [
        put(AMINA, "id", "9990000018"),
        put(AMINA, "999 000 0018", "x"),
        put(AMINA, "meta/Amina Testperson", "x"),
        put(ACTIVE, "patient/reference", "Patient/9990000018"),
        both(put(ABOUT_A_LINE, "for", TO_BORIS), put(ABOUT_A_LINE, "id", "9990000018")),
    ],
)
def test_a_name_where_no_name_belongs_is_not_shown(tmp_path: Path, spoil: Spoil) -> None:
    export = draft(good_world())
    spoil(export)
    violations = Receiver().receive(export.write(tmp_path), full=True)
    assert violations
    assert "9990000018" not in " ".join(violations).replace(" ", "")
    assert "Testperson" not in " ".join(violations)


def test_every_rule_is_broken_by_some_case_and_every_case_breaks_a_rule() -> None:
    elsewhere = {"id-came-back", "full-missing", "status-stale"}
    broken = {case[1] for case in (*CASES, *SECOND_NIGHTS)}
    assert broken | elsewhere == RULES.keys()
