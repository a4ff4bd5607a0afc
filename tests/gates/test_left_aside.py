"""Portals, caseloads and registers that gates turn away, and what is left of the night then."""

import csv
import io
from datetime import date

import pytest
from folders.canonical import (
    COUNCILS,
    LEICESTER,
    LEICESTERSHIRE,
    RUTLAND,
    Sources,
    csv_bytes,
    shown,
)
from gates.site import FRIDAY, PEOPLE, SATURDAY, Site, failed, of_council, of_others

from casebook.alerts import AlertKind
from schemas.errors import NothingAssessed
from schemas.gates import Consequence, GateOutcome, GateSource
from schemas.tables import PROVIDER

pytestmark = pytest.mark.xdist_group("gates left_aside")
"""What is played for all of them is played once."""

LATER = date(2026, 11, 19)


def found(site: Site, kind: str, council: str) -> int:
    rows = csv.DictReader(io.StringIO(site.folder()["discrepancies.csv"].decode()))
    return sum((row["type"], row["local_authority"]) == (kind, council) for row in rows)


def with_a_portal_of(council: str, site: Site) -> None:
    """Have the portal show a council's lines under ids that nobody knows."""

    def spoil(sources: Sources) -> None:
        sources.portal(council, [
            shown(row, cpli_id=f"X{row['cpli_id']}") for row in site.of(council)
        ], dated=LATER)  # fmt: skip

    site.spoil = spoil


def test_a_portal_that_is_not_plausible_is_not_used_and_the_council_is_assessed(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    with_a_portal_of(LEICESTER, site)
    done = site.do()
    [coverage, *_] = failures = failed(done.gates, LEICESTER)
    assert {each.source for each in failures} == {GateSource.PORTAL}
    assert coverage.consequence is Consequence.NOT_USED
    assert (done.exit_code, done.missed) == (0, ())
    tables = site.tables()
    [portal] = [it for it in tables["night_source"] if it["file"].endswith(f"{LATER}.csv")]
    assert (portal["outcome"], portal["reason"]) == ("refused", "implausible")
    assert [it["code"] for it in tables["night_not_assessed"]
            if (it["as_of"], it["side"]) == (str(FRIDAY), "portal")] == [LEICESTER]  # fmt: skip
    assert found(site, "not_on_portal", LEICESTER) == 0
    assert tables["alert"] == []
    assert "not compared with the portal" in site.folder()["refusals.csv"].decode()

    assert site.release(LEICESTER) == 0
    assert found(site, "not_on_portal", LEICESTER) == PEOPLE
    assert site.tables()["held_file"] == []


def with_a_list_of_strangers(site: Site) -> None:
    """Have a provider send a newer list, in which everybody is another provider's."""

    def spoil(sources: Sources) -> None:
        sources.caseload("P1", site.anothers("P2", "P1"), dated=LATER)

    site.spoil = spoil


def test_a_caseload_that_is_not_plausible_is_not_used_and_the_one_before_is(
    site: Site, begun: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    with_a_list_of_strangers(site)
    done = site.do()
    [failure] = [it for it in failed(done.gates, "P1") if it.gate == "strangers_share"]
    assert (failure.source, failure.consequence) == (GateSource.CASELOAD, Consequence.NOT_USED)
    assert (done.exit_code, done.missed) == (0, ())
    lists = {it["file"]: it for it in site.tables()["night_source"]
             if (it["as_of"], it["source"]) == (str(FRIDAY), "caseload P1")}  # fmt: skip
    outcomes = {file[-14:-4]: (it["outcome"], it["reason"]) for file, it in lists.items()}
    assert outcomes == {"2026-11-16": ("used", None), str(LATER): ("refused", "implausible")}
    for council in COUNCILS:
        assert found(site, "support_not_reported", council) == 3
    told = site.text("P1", FRIDAY)
    assert "19 November 2026" in told
    assert site.tables()["alert"] == []

    assert site.cpli("release", str(FRIDAY), "--provider", "P1", "--reason", "It is so",
                     "--who", "A. Manager") == 0  # fmt: skip
    assert "Let out: P1" in capsys.readouterr().out
    lists = {it["file"]: it["outcome"] for it in site.tables()["night_source"]
             if (it["as_of"], it["source"]) == (str(FRIDAY), "caseload P1")}  # fmt: skip
    assert {file[-14:-4]: it for file, it in lists.items()}[str(LATER)] == "used"


def with_other_names(site: Site) -> None:
    """Have the register know providers by other references than before."""

    def spoil(sources: Sources) -> None:
        rows = [{"provider_id": f"R{n}", "name": f"Care R{n}"} for n in range(2)]
        sources.write("providers.csv", csv_bytes(rows, PROVIDER.known))

    site.spoil = spoil


def test_a_register_that_is_not_plausible_stops_every_council_until_each_is_let_out(
    site: Site, begun: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    with_other_names(site)
    with pytest.raises(NothingAssessed, match="is not plausible"):
        site.do()
    before, stopped = begun.tables(), site.tables()
    for council in COUNCILS:
        assert of_council(stopped, council) == of_council(before, council)
    assert stopped["notice"] == before["notice"]
    assert stopped["feed_export"] == before["feed_export"]
    assert {(it["kind"], it["owner"]) for it in stopped["alert"]} == {
        (AlertKind.NOT_ASSESSED.value, council) for council in COUNCILS
    }

    assert site.release(RUTLAND) == 3
    one = site.tables()
    assert of_council(one, RUTLAND) != of_council(before, RUTLAND)
    assert of_others(one, RUTLAND) == of_others(before, RUTLAND)
    assert {row["owner"]: row["recovered_on"] for row in one["alert"]} == {
        LEICESTER: None, LEICESTERSHIRE: None, RUTLAND: str(FRIDAY),
    }  # fmt: skip
    assert one["held_file"]
    for again in (RUTLAND, LEICESTER):
        assert site.release(again) == 3
    assert site.release(LEICESTERSHIRE) == 0
    assert site.tables()["held_file"] == []
    results = site.casebook.gates().results(FRIDAY)
    assert {it.outcome for it in results if it.source is GateSource.PROVIDERS} >= {
        GateOutcome.RELEASED
    }
    assert not failed(results, "")
    assert site.do(SATURDAY).exit_code == 0
