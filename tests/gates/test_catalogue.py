"""Faults planted in good nights are each caught by a named gate; good nights pass.

All of it is slow but for what holds the catalogue together: whole seasons are played.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from gates import faults, worlds
from gates.faults import CATALOGUE, HARMLESS, Fault
from gates.played import Player, failures
from gates.worlds import World

from flows.assessing import Assessed
from schemas.gates import Consequence, GateSource

SHORT, LONG = 8, 60
BEFORE = 7
"""So many nights before the judged one faults of several nights begin, at the earliest."""

NOT_ASSESSED, HELD = Consequence.NOT_ASSESSED, Consequence.HELD
NOT_USED, SHOWN = Consequence.NOT_USED, Consequence.SHOWN

CAUGHT = {
    "half_the_rows": ("kept_share", NOT_ASSESSED),
    "every_second_row": ("kept_share", NOT_ASSESSED),
    "cut_off_midway": ("kept_share", NOT_ASSESSED),
    "cut_off_near_the_end": ("support_lost_share", NOT_ASSESSED),
    "empty_but_valid": ("usable_rows", NOT_ASSESSED),
    "yesterdays_file_again": ("changes_overdue", SHOWN),
    "the_same_file_for_a_week": ("unchanged_working_days", NOT_ASSESSED),
    "last_months_file": ("days_backwards", NOT_ASSESSED),
    "last_years_file": ("days_backwards", NOT_ASSESSED),
    "another_councils_file": ("kept_share", NOT_ASSESSED),
    "file_doubled": ("repeated_share", SHOWN),
    "clock_change_wrote_twice": ("repeated_share", SHOWN),
    "imported_again_under_new_ids": ("old_but_new_share", NOT_ASSESSED),
    "joined_with_workers": ("rejected_share", NOT_ASSESSED),
    "test_rows_mixed_in": ("nhs_number_missing_share", NOT_ASSESSED),
    "only_what_goes_on": ("kept_share", NOT_ASSESSED),
    "only_authorised": ("authorisation_vanished_share", SHOWN),
    "a_service_type_gone": ("service_vanished_share", NOT_ASSESSED),
    "a_team_gone": ("team_vanished_share", NOT_ASSESSED),
    "a_providers_lines_vanished": ("provider_vanished_share", NOT_ASSESSED),
    "start_date_and_end_date_swapped": ("rejected_share", NOT_ASSESSED),
    "date_of_birth_and_start_date_swapped": ("birth_changed_share", NOT_ASSESSED),
    "nhs_number_and_person_id_swapped": ("person_changed_share", NOT_ASSESSED),
    "family_name_and_given_name_swapped": ("name_changed_share", NOT_ASSESSED),
    "provider_id_and_commissioning_team_swapped": ("provider_unknown_share", NOT_ASSESSED),
    "cpli_id_and_person_id_swapped": ("kept_share", NOT_ASSESSED),
    "service_type_and_unit_swapped": ("service_vanished_share", NOT_ASSESSED),
    "nhs_numbers_of_a_team_blank": ("nhs_number_missing_rise", NOT_ASSESSED),
    "nhs_numbers_blank": ("nhs_number_missing_rise", NOT_ASSESSED),
    "nhs_numbers_in_scientific_notation": ("nhs_number_missing_rise", NOT_ASSESSED),
    "nhs_numbers_a_row_off": ("nhs_number_changed_share", NOT_ASSESSED),
    "providers_sorted_alone": ("provider_changed_share", NOT_ASSESSED),
    "births_all_the_same": ("birth_changed_share", NOT_ASSESSED),
    "births_in_the_wrong_century": ("birth_missing_share", NOT_ASSESSED),
    "letters_misread": ("name_changed_share", NOT_ASSESSED),
    "dates_a_month_off": ("start_moved_share", NOT_ASSESSED),
    "day_and_month_exchanged": ("start_moved_share", NOT_ASSESSED),
    "two_digit_years": ("usable_rows", NOT_ASSESSED),
    "dates_a_day_early_in_summer": ("birth_changed_share", NOT_ASSESSED),
    "all_ended_yesterday": ("support_lost_share", NOT_ASSESSED),
    "all_end_with_the_year": ("open_share", NOT_ASSESSED),
    "all_end_in_2099": ("open_share", NOT_ASSESSED),
    "ends_lost": ("end_lost_share", NOT_ASSESSED),
    "all_start_today": ("start_moved_share", NOT_ASSESSED),
    "updated_all_now": ("touched_in_vain_share", SHOWN),
    "all_drafts": ("unsigned_share", NOT_ASSESSED),
    "cancelled_lines_count": ("raised_not_on_portal", HELD),
    "line_ids_with_a_prefix": ("old_but_new_share", NOT_ASSESSED),
    "people_reissued": ("person_changed_share", NOT_ASSESSED),
    "providers_renumbered": ("provider_unknown_share", NOT_ASSESSED),
    "providers_off_by_one": ("provider_changed_share", NOT_ASSESSED),
    "one_provider_for_all": ("provider_changed_share", NOT_ASSESSED),
    "services_recoded": ("service_vanished_share", NOT_ASSESSED),
    "services_exchanged": ("service_changed_share", NOT_ASSESSED),
    "quantities_in_minutes": ("quantity_changed_share", NOT_ASSESSED),
    "quantities_a_day": ("quantity_changed_share", NOT_ASSESSED),
    "portal_half": ("portal_coverage", NOT_USED),
    "portal_empty": ("portal_coverage", NOT_USED),
    "portal_of_another_council": ("portal_strangers_share", NOT_USED),
    "portal_of_last_month": ("portal_coverage", NOT_USED),
    "portal_ids_swapped": ("portal_strangers_share", NOT_USED),
    "portal_ids_with_a_prefix": ("portal_strangers_share", NOT_USED),
    "portal_starts_a_month_off": ("portal_differs_share", NOT_USED),
    "list_of_another_provider": ("strangers_share", NOT_USED),
    "list_of_last_year": ("agreement_drop", NOT_USED),
    "list_all_ended": ("ended_share", NOT_USED),
    "list_starts_a_month_off": ("agreement_drop", NOT_USED),
    "list_twice": ("agreement_drop", NOT_USED),
    "list_half": ("against_last_list", NOT_USED),
    "list_nhs_numbers_a_row_off": ("agreement_drop", NOT_USED),
    "list_in_minutes": ("agreement_drop", NOT_USED),
    "list_of_one_service": ("agreement_drop", NOT_USED),
    "lists_none_at_all": ("raised_caseload_overdue", HELD),
    "lists_all_of_last_year": ("not_reported_share", HELD),
    "register_half": ("providers_kept_share", NOT_ASSESSED),
    "register_names_a_row_off": ("renamed_share", NOT_ASSESSED),
    "register_renumbered": ("named_providers_known_share", NOT_ASSESSED),
    "register_without_names": ("renamed_share", NOT_ASSESSED),
}
"""Which gate catches which fault, with which consequence; others may fail beside it."""

SOON = (
    *("half_the_rows", "all_ended_yesterday", "nhs_numbers_a_row_off", "another_councils_file"),
    *("portal_half", "list_of_another_provider", "register_renumbered", "file_doubled"),
)


def world() -> World:
    return worlds.make(seed=5, first=date(2026, 8, 20), april=False)


def played(folder: Path, *, nights: int) -> Player:
    folder.mkdir()
    player = Player(world(), folder)
    player.play(range(nights))
    return player


class Histories:
    """A world after some nights: up to the judged one, and up to some before it."""

    def __init__(self, folder: Path, *, nights: int) -> None:
        self.until = faults.judged(world(), at=nights)
        self.early = played(folder / "early", nights=self.until - BEFORE)
        (folder / "late").mkdir()
        self.late = self.early.copied(folder / "late")
        self.late.play(range(self.until - BEFORE, self.until))

    def suffer(self, fault: Fault, folder: Path) -> tuple[Assessed, str]:
        if fault.nights == 1:
            return self.late.copied(folder).suffer(fault, self.until)
        player = self.early.copied(folder)
        player.play(range(self.until - BEFORE, fault.nights_until(self.until)[0]))
        return player.suffer(fault, self.until)


@pytest.fixture(scope="module")
def short(tmp_path_factory) -> Histories:
    return Histories(tmp_path_factory.mktemp("short"), nights=SHORT)


@pytest.fixture(scope="module")
def long(tmp_path_factory) -> Histories:
    return Histories(tmp_path_factory.mktemp("long"), nights=LONG)


def caught(fault: Fault, assessed: Assessed, owner: str) -> None:
    """Insist that the named gate caught a fault as it should, and that it touched nobody else."""
    gate, consequence = CAUGHT[fault.name]
    assert consequence in fault.wanted
    failed = failures(assessed)
    assert (gate, consequence) in {(each.gate, each.consequence) for each in failed}
    away = {council.local_authority for council in assessed.account.not_assessed}
    councils = {council.local_authority for council in assessed.account.councils}
    whose = {owner} & councils or (councils if fault.source in EVERYBODYS else set())
    stopped = {NOT_ASSESSED, HELD} & {each.consequence for each in failed}
    assert away == (whose if stopped else set())


EVERYBODYS = (GateSource.PROVIDERS, GateSource.CASELOAD)
"""Faults of these can hold every council: one register, and all lists together."""


@pytest.mark.slow
@pytest.mark.xdist_group("catalogue")
@pytest.mark.parametrize("name", SOON)
def test_after_a_few_nights_already_a_fault_is_caught_by_its_gate(name, short, tmp_path):
    fault = CATALOGUE[name]
    caught(fault, *short.suffer(fault, tmp_path))


@pytest.mark.slow
@pytest.mark.xdist_group("catalogue")
@pytest.mark.parametrize("name", CATALOGUE)
def test_after_sixty_nights_each_fault_is_caught_by_its_gate(name, long, tmp_path):
    fault = CATALOGUE[name]
    caught(fault, *long.suffer(fault, tmp_path))


@pytest.mark.slow
@pytest.mark.xdist_group("catalogue")
@pytest.mark.parametrize("name", HARMLESS)
def test_what_only_looks_odd_troubles_nobody(name, long, tmp_path):
    fault = HARMLESS[name]
    assessed, _ = long.suffer(fault, tmp_path)
    assert {each.consequence for each in failures(assessed)} <= set(fault.wanted)


def test_every_fault_has_its_gate_and_its_consequence():
    assert CAUGHT.keys() == CATALOGUE.keys()
    assert len(CATALOGUE) >= 25


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "first", "april"),
    [
        (1, date(2026, 2, 19), True),
        (2, date(2026, 8, 20), False),
        (3, date(2026, 11, 15), False),
        (4, date(2027, 2, 18), True),
    ],
    ids=["april and Easter", "autumn and the clocks", "Christmas", "a late Easter"],
)
def test_sixty_good_nights_give_one_false_alarm_at_most(seed, first, april, tmp_path):
    player = Player(worlds.make(seed=seed, first=first, april=april), tmp_path)
    alarms = {
        (each.source, each.owner, each.gate)
        for assessed in player.play(range(LONG + 2))
        for each in failures(assessed)
    }
    assert len(alarms) <= 1
