"""What goes out, what is withheld and why, and that what goes out always passes the check."""

import json
import os
from dataclasses import replace
from datetime import date

import pandas as pd
import pytest
from cleaned import LEICESTER
from feeding import (
    AS_OF,
    MOMENT,
    NOW,
    OTHER_PERSON,
    PROVIDERS,
    PUBLISHER,
    RUTLAND,
    feed,
    one,
    sources,
    tasks,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle.tables import synthetic_nhs_number

from publishing.feed.conformance import check
from publishing.feed.facts import TaskStatus, WithheldReason
from publishing.feed.preparing import Prepared, pack, prepare, unpack
from publishing.feed.publishable import Sources, counted, decide
from publishing.feed.resources import (
    ENCODE,
    as_entered_in_error,
    render,
)
from schemas.vocabularies import DiscrepancyType, ServiceCategory, ServiceType

EPISODE = "EpisodeOfCare"
EXAMPLES = int(os.environ.get("CPLI_DRAWS", "200")) // 10


def withheld(known: Sources) -> list[tuple[str, str]]:
    """The id and the reason of whatever does not go out."""
    frame = decide(known, PUBLISHER, as_of=AS_OF).withheld
    return list(zip(frame["id"], frame["reason"], strict=True))


OTHER = {"cpli_id": "C2", "person_id": "1002"}


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (lambda: sources({}), []),
        (lambda: sources({"nhs_number": ""}), [("C1", "no_valid_nhs_number")]),
        (lambda: sources({"nhs_number": "9990000106"}), [("C1", "no_valid_nhs_number")]),
        (lambda: sources({}, {"cpli_id": "C2", "nhs_number": ""}), []),
        (lambda: sources({"restricted": "yes"}), [("C1", "restricted_record")]),
        (
            lambda: sources({"nhs_number": "", "restricted": "?"}),
            [("C1", "restricted_record")],
        ),
        (
            lambda: sources({}, {**OTHER, "restricted": "Y"}),
            [("C1", "restricted_record"), ("C2", "restricted_record")],
        ),
        (lambda: sources({"provider_id": "P9"}), [("C1", "organisation_unmapped")]),
        (
            lambda: sources({}, providers=[*PROVIDERS, {**PROVIDERS[0], "provider_id": "P8"}]),
            [("C1", "organisation_unmapped")],
        ),
        (lambda: sources({"given_name": ""}), [("C1", "profile_check_failed")]),
        (lambda: sources({"date_of_birth": ""}), [("C1", "profile_check_failed")]),
        (
            lambda: sources({}, {**OTHER, "date_of_birth": "1939-07-04"}),
            [("C1", "no_valid_nhs_number"), ("C2", "no_valid_nhs_number")],
        ),
        (lambda: sources({"authorisation": "draft"}), []),
        (lambda: sources({"start_date": "2020-01-01", "end_date": "2025-11-19"}), []),
    ],
)
def test_what_may_not_go_out_is_withheld_for_one_reason(known, expected):
    assert withheld(known()) == expected
    gone = {f"ZZ1.{cpli_id}" for cpli_id, _ in expected}
    resources = feed(known())
    sent = {each["identifier"][0]["value"] for each in resources if each["resourceType"] == EPISODE}
    assert not gone & sent
    assert bool(sent) == any(each["resourceType"] == "Patient" for each in resources)


def test_withheld_lines_are_counted_by_council_and_reason():
    known = sources({"nhs_number": ""}, {"cpli_id": "C2", "nhs_number": ""})
    frame = decide(known, PUBLISHER, as_of=AS_OF).withheld
    assert counted(frame, EPISODE) == {LEICESTER: {"no_valid_nhs_number": 2}}


def test_a_council_that_the_feed_does_not_know_sends_nothing():
    publisher = replace(
        PUBLISHER, councils={RUTLAND: PUBLISHER.councils[RUTLAND]}, register_kept_by=RUTLAND
    )
    publishable = decide(sources({}), publisher, as_of=AS_OF)
    assert list(publishable.withheld["reason"]) == ["organisation_unmapped"]
    made = list(render(publishable, publisher, as_of=AS_OF))
    assert [each["resourceType"] for each in made] == ["Organization"]


@pytest.mark.parametrize(
    ("change", "status", "history"),
    [
        ({}, "active", ["planned 2026-04-20 2026-04-30", "active 2026-05-01 2027-03-31"]),
        ({"end_date": ""}, "active", ["planned 2026-04-20 2026-04-30", "active 2026-05-01 "]),
        ({"created_at": ""}, "active", []),
        ({"created_at": "2026-05-01T09:00:00Z"}, "active", []),
        # It is past midnight in London.
        ({"created_at": "2026-04-30T23:30:00Z"}, "active", []),
        ({"start_date": "2026-11-21"}, "planned", []),
        ({"start_date": "2026-11-20", "created_at": ""}, "active", []),
        ({"end_date": "2026-11-20", "created_at": ""}, "active", []),
        (
            {"end_date": "2026-11-19", "created_at": ""},
            "finished",
            ["active 2026-05-01 2026-11-19", "finished 2026-11-19 "],
        ),
    ],
)
def test_status_and_history_follow_from_the_dates(change, status, history):
    episode = one(feed(sources(change)), EPISODE)
    told = [
        f"{each['status']} {each['period']['start']} {each['period'].get('end', '')}"
        for each in episode.get("statusHistory", [])
    ]
    assert (episode["status"], told) == (status, history)
    assert list(check(episode, MOMENT)) == []


def test_a_category_that_nobody_states_is_data_not_held():
    episode = one(feed(sources({"service_category": "", "service_description": ""})), EPISODE)
    concept = episode["extension"][0]["valueCodeableConcept"]
    assert concept["coding"][0]["display"] == "Data Not Held-Individual Level"
    assert episode["type"][0]["text"] == "Home Support"


def test_a_councils_own_service_points_at_the_council():
    episode = one(feed(sources({"provider_id": "P3"})), EPISODE)
    assert episode["managingOrganization"]["display"] == "Example City Council"


def test_the_focus_is_the_line_that_runs_or_else_the_latest():
    lines = (
        {"cpli_id": "C1", "end_date": "2026-06-30"},
        {"cpli_id": "C2", "start_date": "2026-07-01"},
        {"cpli_id": "C3", "start_date": "2026-12-01"},
    )
    for ids, expected in (("C1;C2;C3", "ZZ1.C2"), ("C1;C3", "ZZ1.C3"), ("C9", None)):
        task = one(feed(sources(*lines, discrepancies=tasks({"cpli_ids": ids}))), "Task")
        assert task.get("focus", {}).get("identifier", {}).get("value") == expected
        assert ("input" in task) == (expected is None)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"person_id": None}, [("0" * 31 + "1", "no_valid_nhs_number")]),
        ({"local_authority": None, "person_id": None}, [("0" * 31 + "1", "no_valid_nhs_number")]),
        ({"type": "caseload_overdue"}, []),
    ],
)
def test_a_discrepancy_about_nobody_whom_a_council_knows_stays_at_home(change, expected):
    known = sources({}, discrepancies=tasks(change))
    assert withheld(known) == expected
    assert "Task" not in {each["resourceType"] for each in feed(known)}


def test_what_no_caseload_says_the_council_says_itself():
    known = sources({}, discrepancies=tasks({"type": "not_on_portal", "asked_by_provider": False}))
    task = one(feed(known), "Task")
    assert task["requester"] == task["owner"]


def test_one_human_being_known_by_two_references_is_one_patient():
    resources = feed(sources({}, OTHER))
    assert [each["resourceType"] for each in resources].count("Patient") == 1
    assert [each["resourceType"] for each in resources].count(EPISODE) == 2


def prepared(known: Sources) -> Prepared:
    return prepare(known, PUBLISHER, as_of=AS_OF, assessed=frozenset({LEICESTER}), at=NOW)


def test_a_resource_that_fails_is_withheld_with_all_that_refer_to_it():
    unborn = {"date_of_birth": "2026-11-20"}
    lines = (
        {"cpli_id": "C\u00a01"},
        {"cpli_id": "C2"},
        {**OTHER_PERSON, **unborn, "cpli_id": "C3"},
    )
    known = sources(
        *lines,
        discrepancies=tasks({"cpli_ids": "C\u00a01"}, {"person_id": "1002", "discrepancy_id": "2"}),
    )
    known.cplis["date_of_birth"] = known.cplis["date_of_birth"].mask(
        known.cplis["cpli_id"].eq("C3"), pd.Timestamp("2027-01-01")
    )
    night = prepared(known)
    assert [line.kind for line in night.lines].count(EPISODE) == 1
    told = night.withheld[["resource_type", "reason", "rule"]].itertuples(index=False, name=None)
    failed = WithheldReason.CHECK_FAILED.value
    assert sorted(told) == [
        (EPISODE, failed, "identifier.value format"),
        (EPISODE, failed, "refers to one that failed"),
        ("Task", failed, "focus.identifier.value format"),
        ("Task", failed, "refers to one that failed"),
    ]


def test_what_is_packed_is_what_comes_out():
    night = prepared(sources({"restricted": "yes"}, {**OTHER_PERSON, "cpli_id": "C2"}))
    again = unpack(pack(night))
    assert pack(again) == pack(night)
    pd.testing.assert_frame_equal(again.withheld, night.withheld)
    assert (again.lines, again.hidden, again.over) == (night.lines, night.hidden, night.over)


def test_a_line_is_the_resource_and_nothing_else():
    for resource in feed(sources({"family_name": "O\u2019Brien\n\u2028Łuk"})):
        line = ENCODE(resource)
        assert "\n" not in line
        assert json.loads(line) == resource


def test_a_withdrawn_line_passes_as_entered_in_error():
    withdrawn = as_entered_in_error(one(feed(sources({})), EPISODE))
    assert withdrawn["status"] == "entered-in-error"
    assert list(check(withdrawn, MOMENT)) == []


def test_the_same_night_gives_the_same_feed_whatever_the_order_of_rows():
    lines = [{"cpli_id": f"C{number}", "person_id": str(number % 3)} for number in range(6)]
    once, again = feed(sources(*lines)), feed(sources(*reversed(lines)))
    assert sorted(map(ENCODE, once)) == sorted(map(ENCODE, again))


DAYS = st.dates(date(2025, 6, 1), date(2027, 6, 1))
WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
LINES = st.fixed_dictionaries(
    {
        "person_id": st.sampled_from("123"),
        "provider_id": st.sampled_from(["P1", "P2", "P3"]),
        "start_date": DAYS.map(str),
        "end_date": st.just("") | DAYS.map(str),
        "service_type": st.sampled_from([*ServiceType.codes(), "unheard of"]),
        "service_category": st.sampled_from(["", *ServiceCategory.codes()]),
        "service_description": st.just("") | WORDS,
        "family_name": st.just("Hollis") | WORDS,
        "given_name": st.just("Margaret") | WORDS,
        "nhs_number": st.sampled_from(["", *(synthetic_nhs_number(each) for each in (10, 20))]),
        "created_at": st.just("") | DAYS.map("{}T23:30:00Z".format),
    }
)
TASKS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(DiscrepancyType.codes()),
        "person_id": st.sampled_from(["1", "2", "9", None]),
        "cpli_ids": st.sampled_from(["C0;C1;C2", "C9", None]),
        "service_type": st.sampled_from([None, *ServiceType.codes()]),
        "provider_id": st.sampled_from(["P1", "P2", "P9", None]),
        "asked_by_provider": st.booleans(),
        "status": st.sampled_from(TaskStatus.codes()),
        "outcome": st.just("as the council said"),
        "asserted_start": st.sampled_from([pd.NaT, pd.Timestamp("2026-01-01")]),
    }
)


@pytest.mark.draws
@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(LINES, max_size=5), st.lists(TASKS, max_size=3))
def test_whatever_is_rendered_passes_the_check_and_resolves(drawn_lines, drawn_tasks):
    lines = [{**line, "cpli_id": f"C{number}"} for number, line in enumerate(drawn_lines)]
    raised = [{**task, "discrepancy_id": f"{n:032x}"} for n, task in enumerate(drawn_tasks)]
    known = sources(*lines, discrepancies=tasks(*raised))
    resources = feed(known)
    assert [each for each in resources if check(each, MOMENT)] == []
    ids = [f"{each['resourceType']}/{each['id']}" for each in resources]
    assert len(ids) == len(set(ids))
    shown = json.dumps(resources)
    assert {each["reference"] for each in referred(json.loads(shown))} <= set(ids)


def referred(value: object) -> list[dict[str, str]]:
    if isinstance(value, list):
        return [found for each in value for found in referred(each)]
    if not isinstance(value, dict):
        return []
    here = [value] if "reference" in value else []
    return here + [found for each in value.values() for found in referred(each)]
