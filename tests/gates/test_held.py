"""What gates hold is held: on record, at the Care Record, at providers; and nobody else is."""

import csv
import io
import json
import zlib
from dataclasses import dataclass

import pytest
from folders.canonical import LEICESTER, LEICESTERSHIRE, RUTLAND
from gates.site import (
    CASES,
    FRIDAY,
    PEOPLE,
    Rows,
    Site,
    failed,
    of_council,
    of_others,
)
from notices.site import below

from casebook.alerts import AlertKind
from flows.reports import council_reports
from flows.steps import Done
from schemas.gates import GateSource

pytestmark = pytest.mark.xdist_group("gates held")
"""What is played for all of them is played once."""

NAMES = {LEICESTERSHIRE: "Leicestershire", RUTLAND: "Rutland"}
STOPPED = {
    LEICESTERSHIRE: ("halved", "implausible", GateSource.CPLI, AlertKind.NOT_ASSESSED),
    RUTLAND: ("forgotten", "held", GateSource.RESULT, AlertKind.HELD),
}


DIFFERENT = {"summary.json", "manifest.json"}
"""In an export: why a council is not assessed is said, and the manifest counts its bytes."""


@dataclass(frozen=True, kw_only=True)
class Night:
    """A night on which gates stop a council, beside one on which its extract does not come."""

    council: str
    before: Rows
    site: Site
    done: Done
    away: Site
    reason: str
    source: GateSource
    alert: AlertKind

    @property
    def after(self) -> Rows:
        return self.site.tables()


@pytest.fixture(scope="module", params=STOPPED, ids=["a source", "a result"])
def night(
    request: pytest.FixtureRequest, begun: Site, tmp_path_factory: pytest.TempPathFactory
) -> Night:
    council = request.param
    fault, reason, source, alert = STOPPED[council]
    site, away = (begun.copy(tmp_path_factory.mktemp(name)) for name in ("stopped", "away"))
    for each in (site, away):
        getattr(each, fault).add(council)
    away.away.add(council)
    assert away.do().exit_code == 3
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flows.nightly.council_reports", council_reports)
        done = site.do()
    return Night(
        council=council,
        before=begun.tables(),
        site=site,
        done=done,
        away=away,
        reason=reason,
        source=source,
        alert=alert,
    )


def test_the_fault_would_have_changed_much_of_the_council(night: Night) -> None:
    own = of_council(night.before, night.council)
    assert len(own["discrepancy_case"]) == 4
    assert len(own["feed_resource"]) == 2 * PEOPLE + len(own["discrepancy_case"])


def test_no_case_of_the_council_moves_and_nothing_is_found_of_it(night: Night) -> None:
    assert of_council(night.after, night.council) == of_council(night.before, night.council)
    found = [row for row in night.after["night_discrepancy"] if row["as_of"] == str(FRIDAY)]
    assert {row["local_authority"] for row in found} == set(STOPPED) - {night.council} | {LEICESTER}


def test_the_others_are_as_on_a_night_on_which_the_extract_did_not_come(night: Night) -> None:
    others = of_others(night.after, night.council)
    assert others == of_others(night.away.tables(), night.council)
    before = of_others(night.before, night.council)
    for name in (*CASES, "feed_resource", "night_discrepancy"):
        assert others[name] != before[name], name


def test_the_care_record_gets_what_it_would_get_without_the_extract(night: Night) -> None:
    away = night.away.tables()
    for name in ("feed_resource", "feed_hidden", "feed_prepared"):
        assert night.after[name] == away[name], name
    files, alike = exported(night.after), exported(away)
    assert files.keys() == alike.keys()
    assert differing(files, alike) == {f"{night.council}/summary.json", "manifest.json"}
    own = of_council(night.after, night.council)["feed_resource"]
    assert not [row["id"] for row in own for it in files.values() if row["id"].encode() in it]
    others = of_others(night.after, night.council)["feed_resource"]
    assert [row["id"] for row in others for it in files.values() if row["id"].encode() in it]
    drop, same = (below(each.home / "drop") for each in (night.site, night.away))
    assert drop.keys() == same.keys()
    assert {name.rpartition("/")[2] for name in differing(drop, same)} == DIFFERENT


def exported(tables: Rows) -> dict[str, bytes]:
    """Return the files of the latest export."""
    latest = max(row["number"] for row in tables["feed_export"])
    return {
        row["name"]: zlib.decompress(row["content"])
        for row in tables["feed_file"]
        if row["number"] == latest
    }


def differing(files: dict[str, bytes], others: dict[str, bytes]) -> set[str]:
    return {name for name in files if files[name] != others[name]}


def test_providers_are_told_what_they_would_be_told_without_the_extract(night: Night) -> None:
    away = night.away
    assert night.after["notice"] == away.tables()["notice"]
    assert night.after["notice_hidden"] == away.tables()["notice_hidden"]
    assert night.site.made() == away.made() != {}
    carried, alike = ({path.name: path.read_bytes() for path in each.folders.rglob("*.*")}
                      for each in (night.site, away))  # fmt: skip
    assert carried == alike


def test_the_files_of_the_night_are_those_of_a_night_without_the_extract(night: Night) -> None:
    files, alike = night.site.folder(), night.away.folder()
    for name in ("discrepancies.csv", "timeliness.csv", "withheld.csv"):
        assert files[name] == alike[name]
    for name in files:
        if name.startswith("feed/") and name.rpartition("/")[2] not in DIFFERENT:
            assert files[name] == alike[name]
    noted, others = (
        [row for row in rows_of(each["refusals.csv"]) if night.council not in row["source"]]
        for each in (files, alike)
    )
    assert noted == others
    said, same = (dict(each.summary()) for each in (night.site, night.away))
    for name in ("not_assessed", "gates"):
        assert said.pop(name) != same.pop(name)
    assert said == same


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_the_night_says_what_is_missing_and_why(night: Night) -> None:
    assert night.done.exit_code == 3
    [missed] = night.done.missed
    assert (missed.local_authority, missed.reason) == (night.council, night.reason)
    summary = night.site.summary()
    [told] = summary["not_assessed"]
    assert (told["local_authority"], told["reason"]) == (night.council, night.reason)
    assert summary["gates"]["counts"]["failed"] == len(summary["gates"]["failed"]) > 0
    of_council = failed(night.done.gates, night.council)
    assert {each.source for each in of_council} == {night.source}
    assert not [
        each
        for each in night.done.gates
        if each.owner != night.council and each in failed(night.done.gates, each.owner)
    ]
    [row] = [
        it
        for it in night.after["night_council"]
        if it["as_of"] == str(FRIDAY) and not it["assessed"]
    ]
    assert (row["local_authority"], row["reason"]) == (night.council, night.reason)


def test_the_gates_are_shown_as_page_data_and_table(night: Night) -> None:
    files = night.site.folder()
    page = files["quality/gates.html"].decode()
    data = json.loads(files["quality/gates.json"])
    table = rows_of(files["quality/gates.csv"])
    stopping = {each.gate for each in failed(night.done.gates, night.council)}
    assert {row["gate"] for row in table if row["outcome"] == "failed"} == stopping
    assert "cpli release" in page
    assert all(f'"{gate}"' in json.dumps(data) for gate in stopping)


def test_what_was_found_of_a_council_that_is_held_lies_where_a_person_can_look(
    night: Night,
) -> None:
    held = {name: it for name, it in night.site.folder().items() if name.startswith("held/")}
    if night.source is GateSource.CPLI:
        assert held == {}
        return
    [(name, content)] = held.items()
    assert name == f"held/{night.council}/discrepancies.csv"
    found = rows_of(content)
    assert {row["local_authority"] for row in found} == {night.council}
    assert [row["type"] for row in found] == ["support_not_reported"] * PEOPLE


def test_somebody_is_told_once(night: Night) -> None:
    [alert] = night.after["alert"]
    assert (alert["kind"], alert["owner"]) == (night.alert.value, night.council)
    assert alert["recovered_on"] is None


def test_the_reports_say_that_the_council_is_not_assessed(night: Night) -> None:
    reports = {name: it for name, it in night.site.folder().items() if name.startswith("report/")}
    assert len(reports) == 8
    for name in ("report/LLR.html", f"report/{night.council}.html"):
        assert "cpli release" in reports[name].decode() or "release" in reports[name].decode()
    page = reports[f"report/{night.council}.html"].decode()
    assert NAMES[night.council] in page
    assert {"implausible": "is not plausible", "held": "is held"}[night.reason] in page


def test_what_is_held_can_be_let_out_and_what_did_not_come_is_not_kept(night: Night) -> None:
    parts = {row["part"] for row in night.after["held_file"]}
    assert parts == {"register", "caseloads", *STOPPED, LEICESTER}
    assert night.away.tables()["held_file"] == []
