"""What each provider is told of a night: its own cases, from the side that it may know them by."""

from dataclasses import replace
from datetime import date

import pytest
from cleaned import LEICESTER
from notices.told import RUTLAND, item, notice, sources

from casebook.record import CaseState
from publishing.notices.content import (
    SILENT,
    WITH_COUNCIL,
    cases_of,
    restricted_numbers,
    tonights,
)
from publishing.notices.facts import GROUPS, Group
from publishing.notices.planning import NO_COUNCIL
from schemas.vocabularies import DiscrepancyType

FIRST = f"{1:032x}"
AMIT = {"given_name": "Amit", "family_name": "Rao"}


def test_a_person_who_was_not_listed_is_told_of_by_what_the_council_means() -> None:
    told = item({})
    assert told.group is Group.NOT_LISTED
    assert (told.council, told.person, told.initials, told.born) == (
        *("Leicester", "1001", "MH", "1938"),
    )
    assert told.service == "Home Support"
    assert told.record == "You support this person now (since 1 May 2026)."
    assert told.said == "The person is not in your list of 16 November 2026."


def test_a_person_without_a_care_package_line_is_told_of_by_what_the_provider_wrote() -> None:
    stranger = {"type": "cpli_not_found", "person_id": "7777", "cpli_ids": None}
    night = sources(
        {**stranger, "caseload_rows": "2", "provider_value": "active since 2026-05-01, 3.5 hours"},
        lines=[{"person_id": "7777", "given_name": "Zoe", "family_name": "Quill"}],
        entries=[
            {},
            {"person_id": "", "cpli_id": "X9", **AMIT},
        ],
    )
    told = notice(night).items[0]
    assert (told.person, told.initials, told.born) == ("X9", "AR", "1938")
    assert told.record == "There is no care package line with you for this person."
    assert told.said == (
        "Row 2 of your list of 16 November 2026: since 1 May 2026, 3.5 hours a week."
    )


@pytest.mark.parametrize(
    ("change", "council"),
    [
        ({"reason": "no_cpli_with_provider"}, "the council that pays"),
        ({"reason": "person_unknown"}, "the council that pays"),
        ({"reason": "other_service_only"}, "Rutland"),
        ({"type": "provider_differs"}, "the council that pays"),
        ({"type": "duplicate_entry"}, "the council that pays"),
        ({"type": "support_not_reported"}, "Rutland"),
    ],
)
def test_a_council_that_the_provider_neither_names_nor_has_a_line_with_is_not_told(
    change: dict[str, str], council: str
) -> None:
    found = {"type": "cpli_not_found", "local_authority": RUTLAND, "caseload_rows": "1", **change}
    unnamed = sources(found, entries=[{"local_authority": ""}])
    assert notice(unnamed).items[0].council == council
    assert list(notice(unnamed).contacts) == ["" if "pays" in council else council]
    assert notice(sources(found)).items[0].council in ("Leicester", "Rutland")


def test_whoever_a_council_restricts_is_known_by_a_keyed_hash_while_it_is_away() -> None:
    lines = [{}, {"cpli_id": "C2", "person_id": "2002", "restricted": "yes"}]
    hidden = restricted_numbers(sources(lines=lines))
    assert set(hidden) == {LEICESTER}
    away = replace(sources({}), hidden_elsewhere=frozenset(hidden[LEICESTER]))
    assert notice(away).items == ()
    assert notice(replace(away, key=b"another key for tests")).items != ()


@pytest.mark.parametrize(
    ("reason", "record"),
    [
        ("person_unknown", "There is no care package line with you for this person."),
        ("no_cpli_with_provider", "There is no care package line with you for this person."),
        ("cpli_not_authorised", "There is a care package line with you, but it is still a draft."),
    ],
)
def test_a_provider_is_told_no_more_than_that_it_has_no_line(reason: str, record: str) -> None:
    told = item({"type": "cpli_not_found", "caseload_rows": "1", "reason": reason})
    assert told.record == record


def test_no_notice_names_another_provider() -> None:
    change = {"type": "provider_differs", "council_value": "P2", "provider_value": "P1"}
    told = item({**change, "caseload_rows": "1"})
    assert "P2" not in repr(told.__dict__)
    assert told.record == "There is no care package line with you for this service."


def test_details_that_differ_are_named_and_not_shown() -> None:
    told = item(
        {
            "type": "identity_differs",
            "caseload_rows": "1",
            "council_value": "nhs_number 9990000018; name Mary Hollis",
            "provider_value": "nhs_number 9990000026; name Maria Holly",
        }
    )
    assert (
        told.record == "The council has another NHS number and name for this person than your list."
    )
    assert not {"9990000018", "Mary", "Maria", "Holly"} & set(repr(told.__dict__).split())


def test_a_possible_match_shows_neither_name_nor_birth_date() -> None:
    told = item(
        {
            "type": "possible_match",
            "caseload_rows": "1",
            "council_value": "Margaret Hollis, born 1938-07-04",
            "provider_value": "Margret Hollis, born 1938-07-04",
        }
    )
    assert "Hollis" not in repr(told.__dict__)
    assert "July" not in repr(told.__dict__)


@pytest.mark.parametrize("kind", sorted(set(DiscrepancyType) - set(GROUPS)))
def test_what_is_for_councils_alone_is_in_no_notice(kind: DiscrepancyType) -> None:
    assert notice(sources({"type": kind.value, "reason": "too_old"})).items == ()


@pytest.mark.parametrize("kind", sorted(GROUPS))
def test_each_type_that_a_provider_is_asked_about_has_whole_sentences(kind: str) -> None:
    told = item({"type": kind, "caseload_rows": "1;3", "provider_value": "active since 2026-06-01"})
    for sentence in (told.record, told.said, told.to_do):
        assert sentence.endswith(".")
        assert "{" not in sentence
        assert "  " not in sentence


def test_an_overdue_list_is_asked_for_and_is_no_case_to_answer() -> None:
    night = replace(
        sources({"type": "caseload_overdue", "person_id": None, "reason": "too_old"}),
        list_dates={},
    )
    told = notice(night)
    assert told.list_wanted == "The last list that you sent is more than 5 weeks old."
    assert told.items == ()
    assert not told.nothing_to_do


@pytest.mark.parametrize("state", [state.value for state in CaseState])
def test_nobody_is_asked_about_what_is_settled_or_with_the_council(state: str) -> None:
    told = notice(sources({}, states={FIRST: state}))
    if state in SILENT:
        assert told.items == ()
    else:
        assert [each.group is Group.WITH_COUNCIL for each in told.items] == [state == WITH_COUNCIL]
    assert told.nothing_to_do is (state in {*SILENT, WITH_COUNCIL})


@pytest.mark.parametrize("kind", ["support_not_reported", "cpli_not_found"])
def test_nothing_is_told_of_a_person_whose_record_is_restricted(kind: str) -> None:
    change = {"type": kind, "caseload_rows": "1"}
    assert notice(sources(change, lines=[{"restricted": "yes"}])).items == ()
    assert notice(sources(change, lines=[{"restricted": "no"}])).items != ()


def test_a_restriction_holds_under_each_reference_of_a_person() -> None:
    other = {"cpli_id": "C2", "person_id": "2002", "restricted": "yes"}
    assert notice(sources({}, lines=[{}, other])).items == ()


def test_a_rejected_line_restricts_too() -> None:
    other = {"cpli_id": "C2", "start_date": "soon", "restricted": "yes"}
    assert notice(sources({}, lines=[{}, other])).items == ()


def test_rows_and_lists_that_could_not_be_used_are_told_and_are_no_confirmation() -> None:
    night = replace(sources(), unread_rows={"P1": [2, 9]}, refused_lists={"P1": date(2026, 11, 18)})
    told = notice(night)
    refused, unread = told.list_notes
    assert refused == (
        "We could not use the list that you sent for 18 November 2026. This notice is about your"
        " list of 16 November 2026."
    )
    assert unread == (
        "We could not read rows 2 and 9 of your list of 16 November 2026, so we compared nothing"
        " with them. Please correct them."
    )
    assert not told.nothing_to_do
    assert (
        notice(replace(night, unread_rows={"P1": range(1, 30)}))
        .list_notes[1]
        .startswith("We could not read 29 rows of your list")
    )


def test_a_person_who_may_be_in_a_row_that_nobody_could_read_is_told_of_so() -> None:
    told = item({"caveat": "rejected_rows;recent_start"})
    assert told.said.endswith(" The person may be in a row that we could not read.")
    assert "row" not in item({"caveat": "recent_start"}).said


@pytest.mark.parametrize(
    ("change", "born"),
    [
        ({"type": "possible_match", "council_value": "A B, born 1938-07-04"}, ""),
        ({"type": "identity_differs", "council_value": "date_of_birth 1938-07-04"}, ""),
        ({"type": "identity_differs", "council_value": "name A B"}, "1938"),
        ({"type": "support_ended"}, "1938"),
    ],
)
def test_not_even_the_year_is_told_of_a_birth_date_that_differs(
    change: dict[str, str], born: str
) -> None:
    assert item({"caseload_rows": "1", **change}).born == born


def test_a_provider_gets_its_own_cases_alone() -> None:
    night = sources({}, {"provider_id": "P2"}, {"provider_id": "P3"}, {"provider_id": None})
    assert [each.case for each in notice(night).items] == [FIRST]
    assert [each.case for each in notice(night, "P2").items] == [f"{2:032x}"]
    assert set(tonights(cases_of(night), night)) == {"P1", "P2"}


def test_a_case_of_no_council_is_for_whom_the_settings_say() -> None:
    change = {"type": "cpli_not_found", "local_authority": None, "caseload_rows": "1"}
    night = sources(change, entries=[{"local_authority": ""}])
    told = notice(night)
    assert told.contacts == {"": "the LLR team"}
    assert tonights(cases_of(night), night)["P1"].asked.keys() == {NO_COUNCIL}


def test_a_list_that_matches_is_confirmed_unless_a_council_was_away() -> None:
    night = sources()
    assert tonights(cases_of(night), night)["P1"].confirms
    away = sources(left_out=frozenset({RUTLAND}))
    assert not tonights(cases_of(away), away)["P1"].confirms
    assert notice(away).left_out == ("Rutland",)


def test_a_provider_whose_list_was_not_accepted_is_confirmed_nothing() -> None:
    night = replace(sources(), list_dates={})
    assert tonights(cases_of(night), night) == {}


@pytest.mark.parametrize(
    "change",
    [
        {"council_value": "active since 2026-05-02"},
        {"provider_value": "x"},
        {"reason": "too_old"},
        {"type": "support_ended"},
        {"discrepancy_id": "f" * 32},
    ],
)
def test_what_is_asked_is_another_thing_where_either_side_says_another(
    change: dict[str, str],
) -> None:
    before, after = sources({}), sources(change)
    hashes = [tonights(cases_of(night), night)["P1"].asked for night in (before, after)]
    assert hashes[0].keys() == hashes[1].keys() == {LEICESTER}
    assert hashes[0] != hashes[1]


@pytest.mark.parametrize("change", [{"caseload_rows": "9"}, {"caveat": "recent_start"}])
def test_a_list_in_another_order_asks_nothing_new(change: dict[str, str]) -> None:
    before, after = sources({}), sources(change)
    assert tonights(cases_of(before), before)["P1"] == tonights(cases_of(after), after)["P1"]


def test_another_provider_on_the_record_is_nothing_new_to_this_one() -> None:
    differs = {"type": "provider_differs", "caseload_rows": "1", "provider_value": "P1"}
    one, other = (sources({**differs, "council_value": whose}) for whose in ("P2", "P3"))
    assert tonights(cases_of(one), one)["P1"] == tonights(cases_of(other), other)["P1"]


def test_an_answer_takes_a_case_from_what_is_asked_and_not_from_what_was_found() -> None:
    before, after = sources({}), sources({}, states={FIRST: WITH_COUNCIL})
    then, now = (tonights(cases_of(night), night)["P1"] for night in (before, after))
    assert then.found == now.found
    assert now.asked == {}


def test_a_notice_is_kept_and_read_back_whole() -> None:
    told = notice(
        sources({}, {"type": "support_ended", "provider_value": "ended until 2026-10-17"})
    )
    assert type(told).from_json(told.as_json()) == told
    assert told.reply_by == date(2026, 11, 27)
