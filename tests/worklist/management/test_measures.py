"""The measures on a page are the casebook's, counted once for all who ask within some minutes."""

from __future__ import annotations

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from folders.canonical import RUTLAND
from gates.site import SATURDAY
from nights.examples import discrepancies, night
from signed import account, client_of, site
from worklist_nights import Desk, look, said

from casebook.measures import Measures, Settled
from casebook.store import Casebook
from schemas.accounts import Role
from worklist.management.measuring import KEPT_FOR, Measuring, figures

pytestmark = pytest.mark.xdist_group("management")


def key_figures(page: BeautifulSoup) -> dict[str, str]:
    return {
        item.dt.get_text(): item.dd.get_text() for item in page.select(".app-key .app-key__item")
    }


def table(page: BeautifulSoup, caption: str) -> list[list[str]]:
    """Return the cells of a table by its caption."""
    found = page.find(id=caption).find_parent("table")
    return [
        [cell.get_text(" ", strip=True) for cell in row.find_all(["th", "td"])]
        for row in found.tbody.find_all("tr")
    ]


@pytest.mark.parametrize("council", [None, RUTLAND])
def test_the_page_says_what_the_casebook_measures(looking: Desk, council: str | None) -> None:
    measures = looking.casebook.measures(local_authority=council)
    page = look(looking.browser(Role.MANAGER, council), "/measures?period=all")
    found = key_figures(page)
    assert found["open cases"] == str(measures.open_cases["cases"].sum())
    assert found["opened in this time"] == str(measures.weeks["opened"].sum()) != "0"
    assert found["settled in this time"] == str(measures.weeks["settled"].sum())
    assert [row[1] for row in table(page, "t-weeks")] == [
        str(each) for each in measures.weeks["opened"][::-1]
    ]
    assert len(table(page, "t-providers")) == len(measures.providers)
    bars = page.select(".app-chart[aria-labelledby^=c-ages] .app-chart__value")
    assert [bar.get_text() for bar in bars] == [row[1] for row in table(page, "t-ages")]


def test_a_manager_is_led_to_the_cases_behind_a_figure_and_an_engineer_is_not(
    looking: Desk,
) -> None:
    manager = look(looking.browser(Role.MANAGER, RUTLAND), "/measures?period=all")
    links = [link["href"] for link in manager.select("#t-providers, main td a, main th a")
             if link.name == "a"]  # fmt: skip
    assert f"/cases?council={RUTLAND}&provider=P1" in links
    assert looking.browser(Role.MANAGER, RUTLAND).get(links[0]).status_code == 200
    engineer = look(looking.browser(Role.DATA_ENGINEER), "/measures?period=all")
    assert not [a for a in engineer.select("main a") if a["href"].startswith("/cases")]


def test_the_council_of_an_address_narrows_the_measures(looking: Desk) -> None:
    client = looking.browser(Role.DATA_ENGINEER)
    whole = key_figures(look(client, "/measures?period=all"))
    own = key_figures(look(client, f"/measures?period=all&council={RUTLAND}"))
    assert own["open cases"] != whole["open cases"]


def test_figures_are_counted_once_in_ten_minutes_whoever_asks(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[object] = []
    really = Casebook.measures
    monkeypatch.setattr(
        Casebook, "measures", lambda self, **asked: counted.append(asked) or really(self, **asked)
    )
    address = "/measures?period=all"
    engineer, lead = desk.browser(Role.DATA_ENGINEER), desk.browser(Role.TEAM_LEAD)
    before = key_figures(look(engineer, address))
    desk.casebook.record(night(SATURDAY, discrepancies(["another"])))
    assert key_figures(look(lead, address)) == before
    assert len(counted) == 1
    desk.clock.goes_on(seconds=KEPT_FOR.total_seconds() + 1)
    assert key_figures(look(engineer, address)) != before
    assert len(counted) == 2


def test_nobody_waits_for_figures_that_somebody_else_has_counted_anew(desk: Desk) -> None:
    measuring = Measuring(desk.casebook)
    first = measuring.of(None, None)
    desk.clock.goes_on(seconds=KEPT_FOR.total_seconds() + 1)
    with measuring.one_at_a_time:  # as though somebody were counting
        assert measuring.of(None, None) is first
    assert measuring.of(None, None) is not first


def test_a_record_without_anything_is_said_to_hold_nothing(tmp_path, looking: Desk) -> None:
    empty = Casebook.open(f"sqlite:///{tmp_path / 'empty.db'}")
    app = site(empty, tmp_path)
    client = client_of(app, account(empty, Role.MANAGER))
    text = said(look(client, "/measures"))
    assert "There are no open cases." in text
    assert "Nothing was measured in this time." in text
    assert "No night is on record yet" in said(look(client, "/nights"))
    assert "Nothing waits, and nothing was refused." in said(look(client, "/outbox"))


def test_weeks_without_a_night_are_gaps_and_shares_of_councils_are_weighed() -> None:
    measured = pd.DataFrame(
        {
            "as_of": pd.to_datetime(["2026-11-02", "2026-11-02", "2026-11-17"]),
            "local_authority": ["E06000016", RUTLAND, RUTLAND],
            "cplis": [30, 10, 10],
            "median_lag_days": [1.0, 2.0, 3.5],
            "p90_lag_days": [2.0, 4.0, 6.0],
            "share_on_system_by_start": [1.0, 0.0, 0.5],
        }
    )
    told = figures(made(measured), names={RUTLAND: "Rutland"}, alone=False)["on_time"]
    assert [(week["councils"], week["share"]) for week in told] == [
        (1, 0.5),
        (None, None),
        (2, 0.75),
    ]


def made(timeliness: pd.DataFrame) -> Measures:
    """Return measures of nothing but timeliness."""
    empty = {"cases": pd.Series(dtype="int64"), "local_authority": pd.Series(dtype="str")}
    return Measures(
        open_cases=pd.DataFrame({**empty, "type": [], "age_band": []}),
        weeks=pd.DataFrame({"week": pd.to_datetime([]), "opened": [], "settled": []}),
        days_to_settle=pd.DataFrame({**empty, "type": [], "settled": [], "median_days": []}),
        settled=pd.DataFrame({"how": Settled.codes(), "cases": 0, "share": 0.0}),
        providers=pd.DataFrame({"provider_id": [], "cases": []}),
        timeliness=timeliness,
    )
