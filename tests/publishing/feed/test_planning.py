"""What an export does to what stands at the receiver, night by night."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pandas as pd
import pytest
from cleaned import CPLI_ROW, LEICESTER, Row, cleaned_cplis
from feeding import AS_OF, OTHER_PERSON, PROVIDERS, PUBLISHER, RUTLAND, sources, tasks
from oracle.tables import synthetic_nhs_number

from publishing.feed.conformance import check
from publishing.feed.planning import plan
from publishing.feed.preparing import pack, prepare, unpack
from publishing.feed.profiles import Moment
from publishing.feed.publishable import Sources
from schemas.published import Published, Stand, Turn

EPISODE, PATIENT, TASK, ORGANISATION = "EpisodeOfCare", "Patient", "Task", "Organization"
BOTH = frozenset({LEICESTER, RUTLAND})


class Feed:
    """A feed that is played by hand: nights that come, and what stands after each."""

    def __init__(self) -> None:
        self.standing: dict[str, Published] = {}
        self.contents: dict[str, str] = {}
        self.hidden: dict[tuple[str, str], str] = {}
        self.taken: set[str] = set()

    def night(
        self, number: int, known: Sources | None = None, *, assessed: frozenset[str] = BOTH
    ) -> list[str]:
        """Let a night come, so many days after the first; return what it does, in words."""
        as_of = AS_OF + timedelta(days=number)
        at = datetime.combine(as_of, time(12), tzinfo=UTC)
        elsewhere = {key[1]: why for key, why in self.hidden.items() if key[0] not in assessed}
        births = {
            row.base_id: (row.local_authority, json.loads(self.contents[row.id])["birthDate"])
            for row in self.standing.values()
            if row.kind == PATIENT
            and row.local_authority not in assessed
            and row.id in self.contents
        }
        known = replace(known or sources(), hidden_elsewhere=elsewhere, births_elsewhere=births)
        prepared = prepare(known, PUBLISHER, as_of=as_of, assessed=assessed, at=at)
        prepared = unpack(pack(prepared))
        changes = plan(
            prepared.tonight(hidden_elsewhere=elsewhere),
            dict(self.standing),
            lambda ids: {each: self.contents[each] for each in ids},
            transaction_time=at,
        )
        self.hidden = {key: why for key, why in self.hidden.items() if key[0] not in assessed}
        self.hidden |= {(council, patient): why for council, patient, why in prepared.hidden}
        moment = Moment(as_of=as_of, transaction_time=at, publisher=PUBLISHER)
        for change in changes:
            row = change.published
            self.standing[row.base_id] = row
            if change.turn is Turn.DELETED:
                self.taken.add(row.id)
                del self.contents[row.id]
            elif change.content:
                assert row.id not in self.taken
                self.contents[row.id] = change.content
                assert list(check(json.loads(change.content), moment)) == []
        self.resolves()
        return sorted(f"{change.published.kind} {change.turn.value}" for change in changes)

    def resolves(self) -> None:
        """Insist that nothing that stands refers to what does not."""
        there = {row.reference for row in self.standing.values() if row.stand is not Stand.DELETED}
        for row in self.standing.values():
            assert set(row.refers_to) <= there

    def one(self, kind: str, *, number: int = 0) -> dict[str, Any]:
        """Return what stands of a kind, by id."""
        found = [
            json.loads(self.contents[row.id])
            for row in self.standing.values()
            if row.kind == kind and row.id in self.contents
        ]
        found = [each for each in found if kind != ORGANISATION or "ZZ1." in str(each)]
        return sorted(found, key=lambda each: each["identifier"][0]["value"])[number]


@pytest.fixture
def feed() -> Feed:
    begun = Feed()
    assert begun.night(0, sources({})) == [
        "EpisodeOfCare added",
        "Organization added",
        "Organization added",
        "Organization added",
        "Patient added",
    ]
    return begun


def test_a_night_on_which_nothing_changes_sends_nothing(feed):
    before = dict(feed.contents)
    assert feed.night(1, sources({})) == []
    assert feed.contents == before


def test_a_version_rises_where_the_content_changes_and_nowhere_else(feed):
    assert feed.night(1, sources({"service_description": "night calls"})) == [
        "EpisodeOfCare changed"
    ]
    episode = feed.one(EPISODE)
    assert episode["meta"]["versionId"] == "2"
    assert episode["meta"]["lastUpdated"] == "2026-11-21T12:00:00Z"
    assert feed.one(PATIENT)["meta"]["versionId"] == "1"


GONE = [
    pytest.param(sources, id="gone from the extract"),
    pytest.param(lambda: sources({"authorisation": "cancelled"}), id="cancelled"),
    pytest.param(lambda: sources({"authorisation": "draft"}), id="a draft again"),
]


@pytest.mark.parametrize("known", GONE)
def test_what_is_withdrawn_goes_out_once_as_entered_in_error(feed, known):
    assert feed.night(1, known()) == ["EpisodeOfCare withdrawn"]
    assert feed.one(EPISODE)["status"] == "entered-in-error"
    assert feed.night(2, known()) == []


def test_what_comes_back_is_the_same_resource_in_its_next_version(feed):
    before = feed.one(EPISODE)
    feed.night(1, sources())
    assert feed.night(2, sources({})) == ["EpisodeOfCare changed"]
    after = feed.one(EPISODE)
    assert (after["id"], after["meta"]["versionId"]) == (before["id"], "3")
    assert after["status"] == "active"


def test_what_was_withdrawn_is_deleted_when_the_window_has_passed(feed):
    feed.night(1, sources())
    assert feed.night(366, sources()) == []
    assert feed.night(367, sources()) == [
        "EpisodeOfCare deleted",
        "Organization deleted",
        "Patient deleted",
    ]


def test_what_ended_before_the_window_is_deleted_with_whom_it_was_about(feed):
    ended = {"end_date": "2026-11-20"}
    assert feed.night(1, sources(ended)) == ["EpisodeOfCare changed"]
    assert feed.night(365, sources(ended)) == []
    assert feed.night(366, sources(ended)) == [
        "EpisodeOfCare deleted",
        "Organization deleted",
        "Patient deleted",
    ]


def test_an_extract_that_drops_what_is_over_for_long_deletes_it_all_the_same(feed):
    feed.night(1, sources({"end_date": "2026-11-20"}))
    assert "EpisodeOfCare deleted" in feed.night(366, sources())


def test_an_id_that_was_deleted_is_never_used_again(feed):
    before = feed.one(EPISODE), feed.one(PATIENT)
    feed.night(1, sources({"restricted": "yes"}))
    assert feed.night(2, sources({})) == [
        "EpisodeOfCare added",
        "Organization added",
        "Patient added",
    ]
    after = feed.one(EPISODE), feed.one(PATIENT)
    assert {each["id"] for each in before}.isdisjoint(each["id"] for each in after)
    assert after[0]["patient"]["reference"] == f"Patient/{after[1]['id']}"
    assert feed.night(3, sources({})) == []


@pytest.mark.parametrize(
    "change", [{"restricted": "yes"}, {"nhs_number": ""}, {"nhs_number": "9990000106"}]
)
def test_what_must_not_be_seen_is_deleted(feed, change):
    assert feed.night(1, sources(change)) == [
        "EpisodeOfCare deleted",
        "Organization deleted",
        "Patient deleted",
    ]


def test_what_was_filed_against_the_wrong_person_is_deleted_and_filed_anew(feed):
    before = feed.one(EPISODE)
    assert feed.night(1, sources({"nhs_number": synthetic_nhs_number(77)})) == [
        "EpisodeOfCare added",
        "EpisodeOfCare deleted",
        "Patient added",
        "Patient deleted",
    ]
    assert feed.one(EPISODE)["id"] != before["id"]
    assert feed.one(EPISODE)["identifier"] == before["identifier"]


@pytest.mark.parametrize("change", [{"given_name": ""}, {"provider_id": "P9"}])
def test_what_cannot_be_told_well_tonight_stays_as_it_was(feed, change):
    before = dict(feed.contents)
    assert feed.night(1, sources(change)) == []
    assert feed.contents == before


@pytest.mark.parametrize(
    "unreadable",
    [
        {"start_date": "2026-02-30"},
        {"cpli_id": ""},
        {"cpli_id": "", "person_id": ""},
        {"cpli_id": "", "person_id": "", "nhs_number": ""},
    ],
)
def test_what_came_and_could_not_be_read_is_not_withdrawn(feed, unreadable):
    before = dict(feed.contents)
    assert feed.night(1, sources(unreadable)) == []
    assert feed.contents == before


def test_a_row_of_somebody_else_that_could_not_be_read_keeps_nothing(feed):
    unreadable = {**OTHER_PERSON, "cpli_id": ""}
    assert feed.night(1, sources(unreadable)) == ["EpisodeOfCare withdrawn"]


def test_a_council_that_was_not_assessed_keeps_what_stands(feed):
    before = dict(feed.contents)
    assert feed.night(1, sources(), assessed=frozenset({RUTLAND})) == []
    assert feed.contents == before


@pytest.mark.parametrize(
    ("line", "first", "last", "status", "history"),
    [
        ({"start_date": "2026-11-23"}, 2, 3, "active", ["planned", "active"]),
        ({"end_date": "2026-11-22"}, 2, 3, "finished", ["planned", "active", "finished"]),
        (
            {"end_date": "2026-11-22", "created_at": ""},
            2,
            3,
            "finished",
            ["active", "finished"],
        ),
    ],
)
def test_what_stays_goes_with_the_calendar_by_its_own_dates(line, first, last, status, history):
    feed, nobody = Feed(), frozenset({RUTLAND})
    feed.night(0, sources(line))
    assert feed.night(first, sources(), assessed=nobody) == []
    assert feed.night(last, sources(), assessed=nobody) == ["EpisodeOfCare changed"]
    episode = feed.one(EPISODE)
    assert episode["status"] == status
    told = [each["status"] for each in episode.get("statusHistory", [])]
    assert told == history
    assert feed.night(last + 1, sources(), assessed=nobody) == []
    # Nothing new is said when the council is back: only who planned it since when may be.
    assert feed.night(last + 2, sources(line)) in ([], ["EpisodeOfCare changed"])
    assert feed.one(EPISODE)["status"] == status


def test_what_is_restricted_stays_so_while_its_council_is_away(feed):
    feed.night(1, sources({"restricted": "yes"}))
    known = in_rutland({"nhs_number": CPLI_ROW["nhs_number"]})
    assert feed.night(2, known, assessed=frozenset({RUTLAND})) == []
    feed.night(3, sources({}))
    assert "EpisodeOfCare added" in feed.night(4, known, assessed=frozenset({RUTLAND}))


def in_rutland(line: Row) -> Sources:
    """What a night knows where one council alone has come: Rutland."""
    cleaned = cleaned_cplis({**CPLI_ROW, "cpli_id": "R1", **line})
    frames = (cleaned.valid, cleaned.rejected)
    valid, rejected = (frame.assign(local_authority=RUTLAND) for frame in frames)
    return Sources(**{**vars(sources()), "cplis": valid, "rejected_cplis": rejected})


def test_two_councils_people_with_one_number_are_hidden_whichever_is_away(feed):
    bob = in_rutland({"person_id": "R1", "date_of_birth": "1950-01-01", "given_name": "Bob"})
    leicester, rutland = frozenset({LEICESTER}), frozenset({RUTLAND})
    gone = feed.night(1, bob, assessed=rutland)
    assert gone == ["EpisodeOfCare deleted", "Organization deleted", "Patient deleted"]
    for number, known, assessed in (
        (2, bob, rutland),
        (3, sources({}), leicester),
        (4, bob, rutland),
    ):
        assert feed.night(number, known, assessed=assessed) == []
    feed.night(5, sources({"nhs_number": synthetic_nhs_number(77)}), assessed=leicester)
    assert "EpisodeOfCare added" in feed.night(6, bob, assessed=rutland)


def test_a_person_stays_as_the_council_that_is_away_has_told_them(feed):
    before = feed.one(PATIENT)
    changed = feed.night(
        1, in_rutland({"family_name": "Hollis-Smith"}), assessed=frozenset({RUTLAND})
    )
    assert changed == ["EpisodeOfCare added"]
    assert feed.one(PATIENT) == before
    assert feed.one(EPISODE, number=1)["patient"]["display"] == "Margaret Hollis"


def test_what_stays_calls_an_organisation_as_it_is_called_now(feed):
    renamed = [{**PROVIDERS[0], "name": "Better Home Care Ltd"}, *PROVIDERS[1:]]
    known = Sources(
        **{
            **vars(in_rutland({"nhs_number": synthetic_nhs_number(5)})),
            "providers": sources(providers=renamed).providers,
        }
    )
    assert feed.night(1, known, assessed=frozenset({RUTLAND})) == [
        "EpisodeOfCare added",
        "EpisodeOfCare changed",
        "Organization changed",
        "Patient added",
    ]
    assert feed.one(EPISODE)["managingOrganization"]["display"] == "Better Home Care Ltd"


def test_what_the_receiver_refused_is_sent_again_in_the_same_version(feed):
    episode = feed.one(EPISODE)
    row = next(row for row in feed.standing.values() if row.id == episode["id"])
    feed.standing[row.base_id] = row._replace(refused=True)
    assert feed.night(1, sources({})) == ["EpisodeOfCare again"]
    assert feed.one(EPISODE) == episode
    assert feed.night(2, sources({})) == []


def raised(**changes: object) -> pd.DataFrame:
    return tasks(changes)


def test_a_discrepancy_is_told_until_it_has_gone():
    feed = Feed()
    feed.night(0, sources({}, discrepancies=raised()))
    taken_on = raised(status="in-progress")
    assert feed.night(1, sources({}, discrepancies=taken_on)) == ["Task changed"]
    assert feed.one(TASK)["lastModified"] == "2026-11-21T12:00:00Z"
    gone = raised(status="completed", outcome="It has gone.")
    assert feed.night(2, sources({}, discrepancies=gone)) == ["Task changed"]
    assert feed.one(TASK)["status"] == "completed"
    assert feed.night(3, sources({}, discrepancies=gone)) == []
    assert feed.night(4, sources({})) == ["Task deleted"]


def test_a_discrepancy_about_whom_nobody_tells_any_more_still_ends():
    feed = Feed()
    feed.night(0, sources({}, discrepancies=raised()))
    gone = raised(status="completed", outcome="It has gone.")
    assert feed.night(1, sources(discrepancies=gone)) == [
        "EpisodeOfCare withdrawn",
        "Task changed",
    ]
    task = feed.one(TASK)
    assert (task["status"], task["output"][0]["valueString"]) == ("completed", "It has gone.")
    assert feed.night(2, sources(discrepancies=gone)) == []
    assert feed.night(3, sources({}, discrepancies=gone)) == ["EpisodeOfCare changed"]
    assert feed.night(4, sources({"restricted": "yes"}, discrepancies=gone))[-1] == "Task deleted"


def test_a_discrepancy_that_cannot_be_told_well_goes_with_its_service():
    feed = Feed()
    feed.night(0, sources({}, discrepancies=raised()))
    over = sources(
        {"start_date": "2025-01-01", "end_date": "2025-11-01"},
        discrepancies=raised(provider_id="P9"),
    )
    assert {"EpisodeOfCare deleted", "Task deleted"} <= set(feed.night(1, over))


def test_a_deletion_that_was_refused_is_sent_again(feed):
    feed.night(1, sources({"restricted": "yes"}))
    row = next(row for row in feed.standing.values() if row.kind == EPISODE)
    feed.standing[row.base_id] = row._replace(refused=True)
    feed.contents[row.id] = ""
    assert feed.night(2, sources({"restricted": "yes"})) == ["EpisodeOfCare deleted"]
    assert feed.night(3, sources({"restricted": "yes"})) == []


def test_a_discrepancy_that_never_was_is_taken_back():
    feed = Feed()
    feed.night(0, sources({}, discrepancies=raised()))
    assert feed.night(1, sources({})) == ["Task withdrawn"]
    assert feed.one(TASK)["status"] == "entered-in-error"


def test_a_discrepancy_loses_no_service_that_is_filed_anew(feed):
    feed.night(1, sources({}, discrepancies=raised()))
    before = feed.one(TASK)
    changes = feed.night(
        2, sources({"nhs_number": synthetic_nhs_number(77)}, discrepancies=raised())
    )
    assert {"Task added", "Task deleted", "EpisodeOfCare added"} <= set(changes)
    assert feed.one(TASK)["id"] != before["id"]
    assert feed.one(TASK)["focus"]["reference"] == f"EpisodeOfCare/{feed.one(EPISODE)['id']}"


def test_only_the_last_line_of_a_person_takes_the_person_along():
    feed = Feed()
    two: Sequence[Mapping[str, str]] = ({}, {"cpli_id": "C2", "restricted": ""})
    feed.night(0, sources(*two, {**OTHER_PERSON, "cpli_id": "C3"}))
    assert feed.night(1, sources(two[0], {**OTHER_PERSON, "cpli_id": "C3"})) == [
        "EpisodeOfCare withdrawn"
    ]
    gone = {**two[0], "end_date": "2025-11-01", "start_date": "2025-01-01"}
    assert feed.night(2, sources(gone, {**OTHER_PERSON, "cpli_id": "C3"})) == [
        "EpisodeOfCare deleted"
    ]
