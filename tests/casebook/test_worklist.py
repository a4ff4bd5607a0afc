"""What the worklist asks: the same cases as all of them, narrowed, in order, and never others'."""

import base64
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd
import pytest
from nights.examples import (
    COUNCILS,
    FIRST,
    LEICESTER,
    RUTLAND,
    SECOND,
    discrepancies,
    discrepancy_id,
    night,
)

from casebook.actions import Action, Step
from casebook.desk import Desk
from casebook.record import CaseState, Standing
from casebook.store import Casebook
from casebook.wanted import Due, Sort, Wanted, place_of
from casebook.worklist import Total, Worklist
from schemas.errors import WrongUsage
from schemas.vocabularies import DiscrepancyType, Severity

ALL = (*COUNCILS, None)
ON = date(2026, 11, 30)


def ids(numbers: range) -> dict[str, None]:
    return dict.fromkeys(discrepancy_id(str(number)) for number in numbers)


@pytest.fixture(scope="module")
def worklist(shared_url: str) -> Worklist:
    """Return the questions to sixty cases of all kinds, states and standings."""
    casebook = Casebook.open(shared_url)
    casebook.clock = lambda: datetime(2026, 11, 20, 10, tzinfo=UTC)
    first = discrepancies(range(60))
    severities = [list(Severity)[number % 3].value for number in range(60)]
    nobodys = [None if number % 10 == 0 else council for number, council in _numbered(first)]
    first = first.assign(
        severity=pd.Series(severities, dtype="str"), local_authority=pd.Series(nobodys, dtype="str")
    )
    casebook.record(night(FIRST, first))
    casebook.record(night(SECOND, first[5:]))
    desk = Desk(casebook)
    desk.act(Step(action=Action.ASSIGN, team="North", worker="jo"), ids(range(10, 20)), who="jo")
    desk.act(Step(action=Action.ASK_PROVIDER), ids(range(15, 25)), who="jo")
    casebook.clock = lambda: datetime(2026, 11, 23, 10, tzinfo=UTC)
    desk.act(Step(action=Action.RESOLVE, reason="other", note="n"), ids(range(25, 35)), who="jo")
    return Worklist(casebook)


def _numbered(frame: pd.DataFrame) -> list[tuple[int, str]]:
    return list(enumerate(frame["local_authority"]))


NARROWED: dict[str, dict[str, Any]] = {
    "all that are open": {},
    "settled ones": {"settled": True},
    "a provider's": {"provider_id": "P0012"},
    "a team's": {"team": "North"},
    "a worker's": {"worker": "jo"},
    "a person's": {"person_id": "ZZPERSON41"},
    "of a service": {"service_type": "HS"},
    "of no service": {"service_type": "DS"},
    "of a type": {"kind": DiscrepancyType.SUPPORT_ENDED},
    "of a severity": {"severity": Severity.LOW},
    "in a state": {"state": CaseState.AWAITING_PROVIDER},
    "breached": {"standing": Standing.BREACHED},
    "due soon": {"standing": Standing.DUE_SOON},
    "on track": {"standing": Standing.ON_TRACK},
    "of two councils": {"councils": (LEICESTER, RUTLAND)},
    "of no council": {"councils": (None,)},
    "of some providers": {"provider_id": ["P0012", "P0013", "P0044"]},
    "a team's or nobody's": {"team": ["North", None]},
    "of no worker": {"worker": [None]},
    "of some types and severities": {
        "kind": [*DiscrepancyType][:6],
        "severity": {Severity.LOW, Severity.HIGH},
    },
    "in some states": {"state": [CaseState.AWAITING_PROVIDER, CaseState.IN_PROGRESS]},
    "of some services": {"service_type": ("HS", "DS")},
    "narrowed by nothing": {"kind": [], "team": ()},
    **{f"due {due}": {"due": due} for due in Due},
    **{f"{days} working days old": {"age_from_days": days} for days in (0, 6, 7, 8)},
}
COLUMNS = {"kind": "type"}
LATEST_DUE = {
    Due.OVERDUE: (date(2026, 1, 1), date(2026, 11, 29)),
    Due.TODAY: (ON, ON),
    Due.THIS_WEEK: (ON, date(2026, 12, 6)),
    Due.NEXT_WEEK: (date(2026, 12, 7), date(2026, 12, 13)),
    Due.LATER: (date(2026, 12, 14), date(2027, 12, 1)),
}


def expected(worklist: Worklist, narrowed: dict[str, Any]) -> pd.DataFrame:
    """Return what a question is about, from all cases."""
    cases = worklist.casebook.cases(on=ON)
    councils = narrowed.get("councils", ALL)
    owner = cases["local_authority"]
    of_council = owner.isin([each for each in councils if each]) | (
        owner.isna() & (None in councils)
    )
    kept = cases[of_council & cases["settled"].eq(narrowed.get("settled", False))]
    for name, value in narrowed.items():
        if name == "due":
            first, last = map(pd.Timestamp, LATEST_DUE[value])
            kept = kept[kept["due_on"].between(first, last)]
        elif name == "age_from_days":
            kept = kept[kept["age_days"].ge(value)]
        elif name not in {"councils", "settled"} and (isinstance(value, str) or value):
            column = kept[COLUMNS.get(name, name)]
            chosen = {value} if isinstance(value, str) else set(value)
            kept = kept[column.isin(chosen - {None}) | (column.isna() & (None in chosen))]
    return kept


@pytest.mark.parametrize("narrowed", NARROWED.values(), ids=NARROWED)
def test_a_page_holds_the_cases_asked_for_as_they_stand(
    worklist: Worklist, narrowed: dict[str, Any]
) -> None:
    wanted = Wanted(**{"councils": ALL, "limit": 100} | narrowed)
    found = {row["discrepancy_id"]: row for row in worklist.page(wanted, on=ON).cases}
    cases = expected(worklist, narrowed)
    assert sorted(found) == sorted(cases.index)
    plain = cases.astype(object).where(cases.notna(), None).to_dict("index")
    for case, row in found.items():
        for name, value in plain[case].items():
            assert row[name] == (value.date() if isinstance(value, pd.Timestamp) else value), name


@pytest.mark.parametrize("narrowed", NARROWED.values(), ids=NARROWED)
def test_the_counts_are_those_of_the_cases_asked_for(
    worklist: Worklist, narrowed: dict[str, Any]
) -> None:
    counted = worklist.counts(Wanted(**{"councils": ALL} | narrowed), on=ON)
    cases = expected(worklist, narrowed)
    kinds = [*map(str, ("local_authority", "state", "type", "severity"))]
    found = Counter({tuple(row[:4]): row[4] for row in counted.fillna("-").itertuples(index=False)})
    assert found == Counter(cases[kinds].fillna("-").itertuples(index=False, name=None))
    assert counted["breached"].sum() == cases["standing"].eq("breached").sum()
    assert counted["due_soon"].sum() == cases["standing"].eq("due_soon").sum()


@pytest.mark.parametrize("settled", [False, True])
@pytest.mark.parametrize("sort", list(Sort), ids=str)
def test_pages_follow_one_another_without_gap_or_repeat_there_and_back(
    worklist: Worklist, sort: Sort, settled: bool
) -> None:
    wanted = Wanted(councils=ALL, settled=settled, sort=sort, limit=100)
    whole = worklist.page(wanted, on=ON)
    page = worklist.page(replace(wanted, limit=7), on=ON)
    assert page.previous is None
    there = [page]
    while page.next:
        page = worklist.page(replace(wanted, limit=7, cursor=page.next), on=ON)
        there.append(page)
    back = [page]
    while page.previous:
        page = worklist.page(replace(wanted, limit=7, cursor=page.previous), on=ON)
        back.append(page)
    assert [case for page in there for case in page.cases] == whole.cases
    assert [page.cases for page in reversed(back)] == [page.cases for page in there]
    assert list(worklist.every(wanted, on=ON)) == whole.cases
    assert {page.total for page in there} == {Total(number=len(whole.cases))}


SEVERITIES = [severity.value for severity in Severity]
IN_ORDER: dict[Sort, Callable[[dict[str, Any]], Any]] = {
    Sort.DUE: lambda case: case["due_on"],
    Sort.OLDEST: lambda case: case["open_since"],
    Sort.NEWEST: lambda case: -case["open_since"].toordinal(),
    Sort.SEVERITY: lambda case: (SEVERITIES.index(case["severity"]), case["open_since"]),
    Sort.CHANGED: lambda case: -case["version"],
    Sort.TYPE: lambda case: (case["type"], case["open_since"]),
}


@pytest.mark.parametrize("sort", list(Sort), ids=str)
def test_cases_come_in_the_order_that_is_asked_for(worklist: Worklist, sort: Sort) -> None:
    cases = worklist.page(Wanted(councils=ALL, sort=sort, limit=100), on=ON).cases
    assert [*map(IN_ORDER[sort], cases)] == sorted(map(IN_ORDER[sort], cases))


def test_settled_cases_come_by_when_they_were_settled_the_last_first(worklist: Worklist) -> None:
    cases = worklist.page(Wanted(councils=ALL, settled=True, limit=100), on=ON).cases
    days = [case["settled_on"] for case in cases]
    assert len(set(days)) > 1
    assert days == sorted(days, reverse=True)


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "Zm9v", "*", "é", "W10", "[" * 5000]
    + [
        base64.urlsafe_b64encode(json.dumps(told).encode()).decode()
        for told in (
            {},
            ["due", True, False, "2026-11-20", "a"],
            ["type", False, False, "2026-11-20", "a"],
            ["due", False, False, "2026-11-20"],
            ["due", False, False, "no day", "a"],
            ["due", False, False, 1, "a"],
            ["due", False, 1, "2026-11-20", "a"],
        )
    ],
)
def test_a_cursor_that_is_none_of_the_list_is_refused(worklist: Worklist, cursor: str) -> None:
    with pytest.raises(WrongUsage, match="Begin with the first one"):
        worklist.page(Wanted(councils=ALL, cursor=cursor), on=ON)


def test_a_page_whose_cases_have_gone_can_be_turned_back(worklist: Worklist) -> None:
    wanted = Wanted(councils=ALL, limit=100)
    last = worklist.page(wanted, on=ON).cases[-1]
    beyond = place_of(last, wanted, back=False).cursor(wanted)
    page = worklist.page(replace(wanted, cursor=beyond), on=ON)
    assert (page.cases, page.next) == ([], None)
    before = worklist.page(replace(wanted, cursor=page.previous), on=ON)
    assert len(before.cases) > 40
    assert before.next is not None


def test_of_a_long_list_only_so_many_are_counted(
    worklist: Worklist, monkeypatch: pytest.MonkeyPatch
) -> None:
    totals = {"all": Wanted(councils=ALL), "few": Wanted(councils=ALL, worker="jo")}
    few = worklist.totals(totals, on=ON)["few"].number
    monkeypatch.setattr("casebook.worklist.COUNTED_UP_TO", few)
    counted = worklist.totals(totals, on=ON)
    assert counted == {"all": Total(number=few, more=True), "few": Total(number=few)}
    assert worklist.totals({}, on=ON) == {}
    assert worklist.totals({"none": Wanted(councils=())}, on=ON) == {"none": Total(number=0)}
    assert worklist.page(Wanted(councils=()), on=ON).cases == []


@pytest.mark.parametrize("many", [0, 5_000])
def test_what_has_changed_since_an_instant_is_what_the_history_tells_of(
    worklist: Worklist, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr("casebook.wanted.SORTED_AT_MOST", many)
    acted = {discrepancy_id(str(number)) for number in range(25, 35)}
    for settled, expected_ in ((True, acted), (False, set())):
        since = datetime(2026, 11, 21, tzinfo=UTC)
        wanted = Wanted(councils=ALL, settled=settled, changed_since=since, limit=100)
        page = worklist.page(wanted, on=ON)
        assert {row["discrepancy_id"] for row in page.cases} == expected_
        assert page.total == Total(number=len(expected_))
    later = Wanted(councils=ALL, settled=True, changed_since=datetime(2026, 12, 1, tzinfo=UTC))
    assert worklist.page(later, on=ON).cases == []


def test_cases_that_the_latest_night_could_not_see_are_those_that_lack_a_source(url: str) -> None:
    casebook = Casebook.open(url)
    first = discrepancies(range(60))
    nobodys = [None if number % 20 == 0 else each for number, each in _numbered(first)]
    first = first.assign(local_authority=pd.Series(nobodys, dtype="str"))
    casebook.record(night(FIRST, first))
    worklist, asked = Worklist(casebook), Wanted(councils=ALL, not_assessed=True, limit=100)
    assert worklist.page(asked, on=ON).cases == []
    kinds = dict(zip(first["discrepancy_id"], first["type"], strict=True))
    facts = {
        "missing": (RUTLAND,),
        "providers_not_assessed": frozenset({"P0007", "P0033"}),
        "portals_not_assessed": frozenset({LEICESTER}),
    }
    casebook.record(night(SECOND, first[:0], **facts))
    waiting = {row["discrepancy_id"]: row for row in worklist.page(asked, on=ON).cases}
    cases = casebook.cases(on=ON)
    there = set(cases.index[~cases["settled"]])
    two_caseloads = {each for each in there if kinds[each] == DiscrepancyType.PROVIDER_DIFFERS}
    assert set(waiting) - two_caseloads == there - two_caseloads
    assert {row["local_authority"] for row in waiting.values()} >= {RUTLAND, LEICESTER, None}
    assert worklist.totals({"all": asked}, on=ON) == {"all": Total(number=len(waiting))}


def test_a_case_of_another_provider_is_not_there(worklist: Worklist) -> None:
    case = discrepancy_id("12")
    own = worklist.casebook.cases().loc[case, "provider_id"]
    assert worklist.case(case, councils=None, provider_id=own) is not None
    assert worklist.case(case, councils=None, provider_id="P0099") is None


def test_a_case_is_whole_with_what_was_said_done_and_told(worklist: Worklist) -> None:
    case = discrepancy_id("16")
    found = worklist.case(case, councils=ALL, on=ON)
    assert found is not None
    assert found.case["state"] == "awaiting_provider"
    assert found.case["urgency"] == worklist.casebook.cases(on=ON).loc[case, "urgency"]
    assert [said["as_of"] for said in found.statements] == [FIRST]
    assert [each["action"] for each in found.actions] == ["assign", "ask_provider"]
    assert found.actions[0]["at"] == datetime(2026, 11, 20, 10, tzinfo=UTC)
    told = [entry["what"] for entry in found.history]
    assert told == ["turn", "said", "acted", "assigned", "acted"]


@pytest.mark.parametrize("number", range(3))
def test_a_case_of_another_council_is_not_there(worklist: Worklist, number: int) -> None:
    case = discrepancy_id(str(41 + number))
    owner = worklist.casebook.cases().loc[case, "local_authority"]
    others = [council for council in ALL if council != owner]
    assert worklist.case(case, councils=others) is None
    assert worklist.case(case, councils=[owner]) is not None


def test_a_case_of_no_council_is_there_for_those_who_may_see_such(worklist: Worklist) -> None:
    case = discrepancy_id("40")
    assert worklist.case(case, councils=COUNCILS) is None
    assert worklist.case(case, councils=(None,)) is not None
    assert worklist.case("f" * 32, councils=ALL) is None
