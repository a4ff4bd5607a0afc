"""A feed whose settings change, are missing or wrong, and councils that have nothing to give."""

import json
from pathlib import Path

import pytest
from feed.receiving import complete_in, files_in, standing_after
from feed.site import NIGHTS, ODS_CODES, Site, rest_place
from folders.canonical import COUNCILS, LEICESTER, RUTLAND

from casebook.store import Casebook

NAMES = [f"{night}T120000Z" for night in NIGHTS]


def owners(stands: dict[str, str]) -> set[str]:
    """Return the ODS codes of the councils whose line items stand somewhere."""
    lines = (json.loads(line) for name, line in stands.items() if name.startswith("Episode"))
    return {line["meta"]["tag"][1]["code"] for line in lines}


@pytest.mark.slow
def test_whoever_receives_after_nights_without_a_receiver_gets_all_first(
    site: Site, drop: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    place, site.care_record = site.care_record, None
    assert site.night(0) == 0
    assert complete_in(drop) == []
    site.care_record = place
    site.prepare(0)
    assert site.publish(0) == 0
    assert site.publish(0) == 0
    assert site.night(1) == 0
    came = complete_in(drop)
    assert [name for name, _ in came] == ["2026-11-18T120001Z", NAMES[1]]
    assert "EpisodeOfCare.ndjson" in came[0][1]
    standing_after(came)
    capfd.readouterr()
    assert site.cpli("outbox") == 0
    kinds = [
        line.split()[2:4]
        for line in capfd.readouterr().out.splitlines()
        if "T12" in line and "was delivered" not in line
    ]
    assert kinds == [["changes", "kept"], ["full", "delivered"], ["changes", "delivered"]]


def test_a_place_that_is_called_otherwise_gets_everything_and_nothing_else(
    begun: Site, drop: Path
) -> None:
    drop.rename(drop.with_name("away"))
    assert begun.night(1) == 3
    drop.with_name("away").rename(drop)
    begun.place = "lcr"
    begun.prepare(1)
    assert begun.publish(1) == 0
    came = complete_in(drop)
    assert [name for name, _ in came] == [NAMES[0], "2026-11-19T120001Z"]
    assert standing_after(came) == standing_after(came[1:])


@pytest.mark.slow
def test_a_full_export_waits_behind_what_waits_already(begun: Site, drop: Path) -> None:
    drop.rename(drop.with_name("away"))
    assert begun.night(1) == 3
    assert begun.publish(1, "--full") == 3
    drop.with_name("away").rename(drop)
    assert begun.publish(1) == 0
    came = complete_in(drop)
    assert [name for name, _ in came] == [*NAMES[:2], "2026-11-19T120001Z"]
    assert standing_after(came) == standing_after(came[2:])


def test_a_night_that_is_older_than_the_published_one_changes_nothing_there(
    begun: Site, drop: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert begun.night(1) == 0
    before = complete_in(drop)
    assert begun.night(0) == 0
    assert "so the older one of 2026-11-18 is not" in capfd.readouterr().out
    assert begun.publish(0) == 2
    assert begun.publish(0, "--full") == 2
    assert begun.publish(0, "--dry-run") == 2
    assert begun.publish(2) == 2
    assert complete_in(drop) == before
    kept = complete_in(begun.out / str(NIGHTS[0]) / "feed")
    assert [name for name, _ in kept] == NAMES[:1]


def test_a_council_without_an_ods_code_is_withheld_and_said_to_be(
    site: Site, drop: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    site.ods_codes = [code for code in COUNCILS if code != LEICESTER]
    assert site.night(0) == 0
    told = capfd.readouterr().out
    assert "Withheld of Leicester: 4 CPLIs (organisation_unmapped 3" in told
    assert owners(standing_after(complete_in(drop))) == {"ZZ3", "ZZ5"}
    site.ods_codes = COUNCILS
    assert site.night(1) == 0
    assert owners(standing_after(complete_in(drop))) == set(ODS_CODES.values())


@pytest.mark.parametrize(("with_a_place", "code"), [(True, 3), (False, 0)])
def test_where_no_council_has_an_ods_code_it_is_said_who_should_act(
    site: Site, drop: Path, capfd: pytest.CaptureFixture[str], code: int, *, with_a_place: bool
) -> None:
    site.ods_codes = []
    if not with_a_place:
        site.care_record = None
    assert site.night(0) == code
    assert "Not published: No council of the settings has an ods_code" in capfd.readouterr().out
    assert complete_in(drop) == []


@pytest.mark.parametrize("how", ["empty", "gone"])
def test_a_council_whose_extract_is_empty_or_did_not_come_loses_nothing_there(
    begun: Site, drop: Path, how: str
) -> None:
    before = standing_after(complete_in(drop))
    if how == "empty":
        begun.change = lambda sources: sources.council(RUTLAND, [])
    else:
        begun.change = lambda sources: sources.remove(f"council/{RUTLAND}/cpli.csv")
    assert begun.night(1) == 3
    after = standing_after(complete_in(drop))
    of_rutland = {name for name, line in before.items() if '"code":"ZZ3"' in line}
    assert len(of_rutland) >= 3
    assert {name: after[name] for name in of_rutland} == {name: before[name] for name in of_rutland}


def test_credentials_that_are_missing_leave_the_night_as_it_is_and_are_named(
    site: Site, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    site.care_record = (
        'connector = "sftp"\nhost = "127.0.0.1"\nport = 9\nusername = "x"\n'
        'key_file = "none"\nknown_hosts = "none"\n'
    )
    assert site.night(0) == 3
    assert "The known_hosts file of care_record" in capfd.readouterr().out
    site.care_record = rest_place("http://127.0.0.1:9/fhir")
    monkeypatch.setenv("CPLI_PLACES__CARE_RECORD__TOKEN", "ZZMARK secret")
    assert site.night(0) == 3
    told = capfd.readouterr()
    assert "The address of care_record cannot be used: its token holds a space" in told.out
    assert "1 export waiting" in told.out
    assert "ZZMARK" not in told.out + told.err
    assert site.cpli("check", "--as-of", str(NIGHTS[0])) == 3
    assert "its token holds a space" in capfd.readouterr().out


def test_a_publication_waits_for_a_run_of_its_night_and_then_gives_up(
    begun: Site, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CPLI_DATABASE__WAIT_SECONDS", "0.1")
    casebook = Casebook.open(f"sqlite:///{begun.out}/casebook.db")
    before = files_in(begun.out / str(NIGHTS[0]))
    with casebook.hold(NIGHTS[0], wait_seconds=0):
        assert begun.publish(0, "--full") == 1
    assert "Another run of the night of 2026-11-18 is still going on" in capfd.readouterr().err
    assert files_in(begun.out / str(NIGHTS[0])) == before
    assert begun.publish(0, "--full") == 0


def test_whoever_delivers_already_is_left_to_it(
    begun: Site, drop: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    casebook = Casebook.open(f"sqlite:///{begun.out}/casebook.db")
    with casebook.outbox().hold(wait_seconds=0):
        assert begun.publish(0, "--full") == 3
    assert "1 export waiting: see cpli outbox" in capfd.readouterr().out
    assert len(complete_in(drop)) == 1
    assert begun.publish(0) == 0
    assert len(complete_in(drop)) == 2
