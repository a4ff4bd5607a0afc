"""Who looks at a discrepancy: whom the settings name, or its CPLI, or its council's queue."""

import pandas as pd
import pytest

from casebook.record import ABOUT_COLUMNS
from flows.routing import about
from settings.desk import Route
from settings.settings import Settings, load_settings
from settings.sources import Council, CpliSource

LEICESTER, RUTLAND, ELSEWHERE = "E06000016", "E06000017", "E06000099"
IDENTITIES = ("discrepancy_id", "entry_identities")


def discrepancy(**changes: str | None) -> dict[str, str | None]:
    return {
        "discrepancy_id": "d1",
        "type": "quantity_differs",
        "local_authority": LEICESTER,
        "provider_id": "P1",
        "cpli_ids": "C1",
        "service_type": "HS",
    } | changes


def cpli(**changes: str | None) -> dict[str, str | None]:
    return {
        "local_authority": LEICESTER,
        "cpli_id": "C1",
        "start_date": "2026-05-01",
        "commissioning_team": None,
        "commissioning_worker": None,
        "district": None,
    } | changes


def routed(
    *discrepancies: dict[str, str | None],
    cplis: list[dict[str, str | None]] | None = None,
    routing: tuple[Route, ...] = (),
    queue: str | None = None,
    identities: tuple[tuple[str, str], ...] = (),
) -> pd.DataFrame:
    """Return team and worker, by discrepancy, as the settings have it."""
    source = CpliSource(place="here", file="cpli.csv")
    councils = {
        "leicester": Council(code=LEICESTER, cpli=source, default_queue=queue),
        "rutland": Council(code=RUTLAND, cpli=source),
    }
    settings = load_settings().model_copy(update={"routing": routing, "councils": councils})
    held = pd.DataFrame([cpli()] if cplis is None else cplis, columns=list(cpli()), dtype="str")
    told = about(
        pd.DataFrame(list(discrepancies), columns=list(discrepancy()), dtype="str"),
        identities=pd.DataFrame(list(identities), columns=list(IDENTITIES), dtype="str"),
        cplis=held.assign(start_date=pd.to_datetime(held["start_date"])),
        settings=settings,
    )
    assert tuple(told.columns) == ABOUT_COLUMNS
    assert (told.dtypes == "str").all()
    assert told["discrepancy_id"].to_list() == [each["discrepancy_id"] for each in discrepancies]
    return told


def desk(told: pd.DataFrame) -> list[tuple[str, str | None]]:
    frame = told.astype("object").where(told.notna(), None)
    return list(zip(frame["team"], frame["worker"], strict=True))


def test_without_a_rule_and_a_team_the_councils_queue_has_it():
    told = routed(
        discrepancy(),
        discrepancy(discrepancy_id="d2", local_authority=RUTLAND),
        discrepancy(discrepancy_id="d3", local_authority=None),
        discrepancy(discrepancy_id="d4", local_authority=ELSEWHERE),
        queue="Contracts",
    )
    assert desk(told) == [
        ("Contracts", None),
        ("Rutland queue", None),
        ("LLR queue", None),
        (f"{ELSEWHERE} queue", None),
    ]


def test_a_night_without_a_discrepancy_tells_of_none():
    assert routed().empty
    assert routed(cplis=[], routing=(Route(team="All", districts=("Melton",)),)).empty


@pytest.mark.parametrize(
    ("cplis", "expected"),
    [
        ([cpli(commissioning_team="North", commissioning_worker="Ada")], ("North", "Ada")),
        ([cpli(commissioning_team="North")], ("North", None)),
        ([cpli(commissioning_worker="Ada")], ("Leicester queue", None)),
        ([cpli(commissioning_team="North", local_authority=RUTLAND)], ("Leicester queue", None)),
        ([cpli(commissioning_team="North", cpli_id="C9")], ("Leicester queue", None)),
        (
            [
                cpli(commissioning_team="Old", cpli_id="C2", start_date="2026-04-01"),
                cpli(commissioning_team="New", cpli_id="C1", start_date="2026-05-01"),
                cpli(cpli_id="C3", start_date="2026-06-01"),
            ],
            ("New", None),
        ),
        (
            [
                cpli(commissioning_team="Low", cpli_id="C1"),
                cpli(commissioning_team="High", cpli_id="C3"),
                cpli(commissioning_team="Middle", cpli_id="C2"),
            ],
            ("High", None),
        ),
    ],
)
def test_the_latest_cpli_that_states_a_team_says_whose_it_is(cplis, expected):
    assert desk(routed(discrepancy(cpli_ids="C1;C2;C3"), cplis=cplis)) == [expected]


@pytest.mark.parametrize(
    ("given", "matches"),
    [
        ({"councils": ("leicester",)}, True),
        ({"councils": (LEICESTER,)}, True),
        ({"councils": ("rutland", RUTLAND)}, False),
        ({"service_types": ("DS", "HS")}, True),
        ({"service_types": ("DS",)}, False),
        ({"providers": ("P1",)}, True),
        ({"providers": ("P2",)}, False),
        ({"types": ("quantity_differs",)}, True),
        ({"types": ("cpli_not_found",)}, False),
        ({"districts": ("Blaby", "MELTON")}, True),
        ({"districts": ("Blaby",)}, False),
        ({"districts": ("Melton",), "types": ("quantity_differs",)}, True),
        ({"districts": ("Melton",), "types": ("cpli_not_found",)}, False),
        ({"councils": ("leicester",), "providers": ("P2",)}, False),
        ({}, True),
    ],
)
def test_all_lists_that_a_rule_gives_must_match(given, matches):
    cplis = [cpli(commissioning_team="North", commissioning_worker="Ada", district="Melton")]
    told = routed(discrepancy(), cplis=cplis, routing=(Route(team="Special", **given),))
    assert desk(told) == [("Special", None) if matches else ("North", "Ada")]


def test_any_cpli_of_a_discrepancy_can_lie_in_the_district():
    cplis = [cpli(district="Melton"), cpli(cpli_id="C2", district="Blaby"), cpli(cpli_id="C3")]
    rule = Route(team="West", districts=("blaby",))
    told = routed(
        discrepancy(cpli_ids="C1;C2;C3"),
        discrepancy(discrepancy_id="d2", cpli_ids="C3"),
        discrepancy(discrepancy_id="d3", cpli_ids=None),
        cplis=cplis,
        routing=(rule,),
    )
    assert desk(told)[0] == ("West", None)
    assert desk(told)[1:] == 2 * [("Leicester queue", None)]


def test_the_first_rule_that_matches_wins():
    rules = (
        Route(team="Liaison", worker="Bea", types=("caseload_overdue",)),
        Route(team="Leicester desk", councils=("leicester",)),
        Route(team="Rest", worker="Cyd"),
    )
    told = routed(
        discrepancy(type="caseload_overdue"),
        discrepancy(discrepancy_id="d2"),
        discrepancy(discrepancy_id="d3", local_authority=None),
        routing=rules,
    )
    assert desk(told) == [("Liaison", "Bea"), ("Leicester desk", None), ("Rest", "Cyd")]


def test_what_is_no_councils_is_for_no_rule_that_names_one():
    told = routed(discrepancy(local_authority=None), routing=(Route(team="X", councils=("x",)),))
    assert desk(told) == [("LLR queue", None)]


def test_the_identities_of_entries_stand_beside():
    told = routed(discrepancy(), discrepancy(discrepancy_id="d2"), identities=(("d2", "a" * 32),))
    assert told["entry_identities"].fillna("").to_list() == ["", "a" * 32]


def test_the_callers_frames_are_not_changed():
    settings: Settings = load_settings()
    discrepancies = pd.DataFrame([discrepancy()], dtype="str")
    cplis = pd.DataFrame([cpli()], dtype="str")
    identities = pd.DataFrame(columns=list(IDENTITIES), dtype="str")
    before = [frame.copy() for frame in (discrepancies, cplis, identities)]
    about(discrepancies, identities=identities, cplis=cplis, settings=settings)
    for frame, was in zip((discrepancies, cplis, identities), before, strict=True):
        pd.testing.assert_frame_equal(frame, was)
