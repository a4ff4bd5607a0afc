"""What goes wrong with portal extracts, providers' lists and the register."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
from gates.lists import provider_id
from gates.office import OFFICES
from gates.spoiling import (
    DAILY,
    LEFT_ASIDE,
    NOTED,
    SEEN,
    STOPPED,
    Change,
    Fault,
    Scene,
    a_month_later,
    each_date,
    first_part,
    in_caseload,
    in_portal,
    in_register,
    no_rows,
    of_catalogue,
    prefixed,
    set_to,
    shifted,
    swapped,
    twice,
)

from schemas.gates import Consequence, GateSource


def _portal_of_another_council(_frame: pd.DataFrame, scene: Scene) -> pd.DataFrame:
    other = next(office.gss_code for office in OFFICES if office.gss_code != scene.council)
    return scene.world.portal(other, scene.world.portal_dates(other, scene.night)[0])


def _portal_of_last_month(_frame: pd.DataFrame, scene: Scene) -> pd.DataFrame:
    return scene.world.portal(scene.council, scene.as_of - timedelta(days=42))


def _portal(
    name: str, story: str, wanted: tuple[Consequence, ...], change: Change, *columns: str
) -> Fault:
    return Fault(
        name=f"portal_{name}",
        story=story,
        source=GateSource.PORTAL,
        wanted=wanted,
        spoil=in_portal(change),
        columns=frozenset(columns) or None,
        council=DAILY,
    )


def _list_of_another(frame: pd.DataFrame, scene: Scene) -> pd.DataFrame:
    day = scene.world.day(scene.night)
    others = scene.world.caseloads.entries(scene.provider(1), day)
    return others.drop(columns="provider_id")


def _list_of_last_year(frame: pd.DataFrame, scene: Scene) -> pd.DataFrame:
    day = scene.world.day(scene.night) - 364
    old = scene.world.caseloads.entries(scene.provider(), day)
    return old.assign(caseload_date=str(scene.as_of))


def _all_ended(frame: pd.DataFrame, scene: Scene) -> pd.DataFrame:
    yesterday = str(scene.as_of - timedelta(days=1))
    going_on = frame["start_date"] <= yesterday
    return frame.assign(end_date=frame["end_date"].mask(going_on, yesterday))


def _in_minutes(frame: pd.DataFrame, _scene: Scene) -> pd.DataFrame:
    minutes = [f"{float(cell) * 60:g}" if cell else "" for cell in frame["weekly_quantity"]]
    return frame.assign(weekly_quantity=pd.Series(minutes, index=frame.index, dtype="str"))


def _caseload(
    name: str, story: str, wanted: tuple[Consequence, ...], change: Change, *columns: str
) -> Fault:
    return Fault(
        name=f"list_{name}",
        story=story,
        source=GateSource.CASELOAD,
        wanted=wanted,
        spoil=in_caseload(change),
        columns=frozenset(columns) or None,
    )


def _no_lists_at_all(scene: Scene) -> str:
    for path in scene.caseloads.iterdir():
        path.unlink()
    return ""


def _lists_all_a_year_old(scene: Scene) -> str:
    """Put last year's lists in the place of this year's, under the new names."""
    lists, day = scene.world.caseloads, scene.world.day(scene.night)
    numbers = {provider_id(number): number for number in range(scene.world.providers.count)}
    for path in sorted(scene.caseloads.iterdir()):
        name, _, dated = path.stem.rpartition("_")
        sent = date.fromisoformat(dated)
        old = lists.entries(numbers[name], day - (scene.as_of - sent).days - 364)
        old.assign(caseload_date=dated).to_csv(path, index=False, lineterminator="\n")
    return ""


def _register(
    name: str, story: str, wanted: tuple[Consequence, ...], change: Change, *columns: str
) -> Fault:
    return Fault(
        name=f"register_{name}",
        story=story,
        source=GateSource.PROVIDERS,
        wanted=wanted,
        spoil=in_register(change),
        columns=frozenset(columns) or None,
    )


FAULTS = of_catalogue(
    _portal(
        "half", "The extract stopped at the first page of results.", LEFT_ASIDE, first_part(0.5)
    ),
    _portal("empty", "The portal was down for maintenance.", LEFT_ASIDE, no_rows),
    _portal(
        "of_another_council",
        "The extract was made while logged in as another council.",
        LEFT_ASIDE,
        _portal_of_another_council,
    ),
    _portal(
        "of_last_month",
        "The portal's own copy was not refreshed for six weeks; the file has today's date.",
        LEFT_ASIDE,
        _portal_of_last_month,
    ),
    _portal(
        "ids_swapped",
        "A new layout has the references of line and person in each other's place.",
        LEFT_ASIDE,
        swapped("cpli_id", "person_id"),
        "cpli_id",
        "person_id",
    ),
    _portal(
        "ids_with_a_prefix",
        "After an upgrade every id of a line begins with the name of the module.",
        LEFT_ASIDE,
        prefixed("cpli_id", "ASC-"),
        "cpli_id",
    ),
    _portal(
        "starts_a_month_off",
        "A new library counts months from nought.",
        LEFT_ASIDE,
        each_date(a_month_later, "start_date"),
        "start_date",
    ),
    _caseload(
        "of_another_provider",
        "The office that writes lists for two providers mixed up their names.",
        LEFT_ASIDE,
        _list_of_another,
    ),
    _caseload(
        "of_last_year",
        "Somebody opened last year's file and saved it under today's name.",
        LEFT_ASIDE,
        _list_of_last_year,
    ),
    _caseload(
        "all_ended",
        "A macro wrote yesterday's date into the column of the end.",
        LEFT_ASIDE,
        _all_ended,
        "end_date",
    ),
    _caseload(
        "starts_a_month_off",
        "A macro moved every start by a month.",
        NOTED,
        each_date(a_month_later, "start_date"),
        "start_date",
    ),
    _caseload("twice", "The list was pasted below itself.", NOTED, twice),
    _caseload(
        "half", "A filter was still on when the list was saved.", LEFT_ASIDE, first_part(0.55)
    ),
    _caseload(
        "nhs_numbers_a_row_off",
        "A cell was deleted and the column moved up against the others.",
        LEFT_ASIDE,
        shifted("nhs_number"),
        "nhs_number",
    ),
    _caseload(
        "in_minutes",
        "A new rota system counts minutes.",
        NOTED,
        _in_minutes,
        "weekly_quantity",
    ),
    _caseload(
        "of_one_service",
        "The rota system calls everything by one name.",
        NOTED,
        set_to("service_type", "OTH"),
        "service_type",
    ),
    Fault(
        name="lists_none_at_all",
        story="The share with the lists was mounted empty.",
        source=GateSource.CASELOAD,
        wanted=SEEN,
        spoil=_no_lists_at_all,
    ),
    Fault(
        name="lists_all_of_last_year",
        story="The share was restored from a backup, and the names were given anew.",
        source=GateSource.CASELOAD,
        wanted=LEFT_ASIDE,
        spoil=_lists_all_a_year_old,
    ),
    _register("half", "Only the first page of the register was saved.", STOPPED, first_part(0.5)),
    _register(
        "names_a_row_off",
        "The names were sorted and the references were not.",
        STOPPED,
        shifted("name", "cqc_id", "ods_code"),
        "name",
        "cqc_id",
        "ods_code",
    ),
    _register(
        "renumbered",
        "The register went over to the finance system's references.",
        STOPPED,
        prefixed("provider_id", "S"),
        "provider_id",
    ),
    _register("without_names", "The column of names came empty.", SEEN, set_to("name", ""), "name"),
)
