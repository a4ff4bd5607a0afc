"""A Care Record that is down, that refuses, or whose answers are broken: what waits is told."""

import csv
import json
import shutil
from contextlib import ExitStack
from pathlib import Path

import pytest
from feed.receiving import acknowledge, complete_in, insist_on_whole, standing_after
from feed.site import NIGHTS, Site, sftp_place
from servers.sftp import Keys, in_process

NAMES = [f"{night}T120000Z" for night in NIGHTS]


def said(capfd: pytest.CaptureFixture[str]) -> str:
    """Return what was shown and said since last asked, on one line."""
    shown = capfd.readouterr()
    return " ".join((shown.out + shown.err).split())


def three_nights_down(site: Site, capfd: pytest.CaptureFixture[str], why: str) -> None:
    for night in range(3):
        assert site.night(night) == 3
        told = said(capfd)
        assert "Care Record: " in told
        assert why in told
        assert f"{night + 1} export{'s' if night else ''} waiting: see cpli outbox" in told
    assert site.cpli("outbox") == 3
    told = said(capfd)
    for name in NAMES:
        assert f"{name} waits since 20" in told
    assert why in told
    assert told.count(" waiting ") == 3


def came_in_order(site: Site, drop: Path, capfd: pytest.CaptureFixture[str], told: str) -> None:
    assert f"Delivered to the Care Record: {', '.join(NAMES)}" in told
    came = complete_in(drop)
    assert [name for name, _ in came] == NAMES
    times = [(drop / name / "manifest.json").stat().st_ctime_ns for name in NAMES]
    assert times == sorted(times)
    standing_after(came)
    assert site.cpli("outbox") == 0
    assert "Nothing waits to be delivered." in said(capfd)


def test_a_folder_that_is_gone_for_three_nights_gets_all_in_order_when_it_is_back(
    site: Site, drop: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    drop.rmdir()
    three_nights_down(site, capfd, "has no such folder as the configuration names")
    drop.mkdir()
    assert site.publish(2) == 0
    came_in_order(site, drop, capfd, said(capfd))


@pytest.mark.slow
@pytest.mark.server
def test_a_server_that_is_stopped_for_three_nights_gets_all_with_the_next_run(
    site: Site, drop: Path, keys: Keys, capfd: pytest.CaptureFixture[str]
) -> None:
    with in_process(drop, keys) as server:
        site.care_record = sftp_place(server, keys, site.home)
    three_nights_down(site, capfd, "cannot be reached")
    with ExitStack() as running:
        server = running.enter_context(in_process(drop, keys))
        site.care_record = sftp_place(server, keys, site.home)
        assert site.night(2) == 0
        came_in_order(site, drop, capfd, said(capfd))


def test_what_was_refused_is_counted_and_listed_and_goes_again_with_the_next_night(
    begun: Site, drop: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    [(_, files)] = complete_in(drop)
    lines = files["EpisodeOfCare.ndjson"].decode().splitlines()
    untouched = next(json.loads(line) for line in lines if '"ZZ5.ZZMARK-line-5"' in line)
    reference = f"EpisodeOfCare/{untouched['id']}"
    acknowledge(drop, NAMES[0], accepted=20, refused=[reference], text="ZZMARK is not known")
    assert begun.publish(0) == 0
    told = said(capfd)
    assert "The Care Record refused 1 resource: see cpli outbox" in told
    assert "ZZMARK" not in told
    assert begun.cpli("outbox") == 0
    row = next(line for line in capfd.readouterr().out.splitlines() if NAMES[0] in line)
    assert row.split()[-3:] == ["1", "20", "1"]
    assert "acknowledged" in row
    assert begun.cpli("outbox", "--refused", str(begun.home / "refused.csv")) == 0
    assert "ZZMARK" not in said(capfd)
    with (begun.home / "refused.csv").open(newline="", encoding="utf-8") as file:
        [refused] = csv.DictReader(file)
    assert refused == {
        "export": NAMES[0],
        "reference": reference,
        "code": "invalid",
        "text": "ZZMARK is not known",
    }
    assert (begun.home / "refused.csv").stat().st_mode & 0o077 == 0
    assert begun.night(1) == 0
    assert "1 again" in said(capfd)
    sent = dict(complete_in(drop))[NAMES[1]]
    insist_on_whole(sent)
    assert untouched in [json.loads(line) for line in sent["EpisodeOfCare.ndjson"].splitlines()]
    assert begun.night(2) == 0
    assert "1 again" not in said(capfd)


@pytest.mark.slow
def test_a_deletion_that_was_refused_goes_again(begun: Site, drop: Path) -> None:
    assert [begun.night(number) for number in (1, 2)] == [0, 0]
    [gone, *_] = deleted(drop, NAMES[2])
    acknowledge(drop, NAMES[2], refused=[gone])
    assert begun.publish(2) == 0
    assert begun.publish(2, "--full") == 0
    assert gone in deleted(drop, "2026-11-20T120001Z")


def deleted(drop: Path, export: str) -> list[str]:
    lines = dict(complete_in(drop))[export].get("deleted.ndjson", b"").decode().splitlines()
    return [entry["request"]["url"] for line in lines for entry in json.loads(line)["entry"]]


BROKEN = {
    "no JSON": (b"ZZMARK", "is not an acknowledgement as we agreed on it"),
    "another export's": (b'{"export": "ZZMARK", "accepted": 1, "refused": []}', "of another"),
    "less than nothing": (
        b'{"export": "2026-11-18T120000Z", "accepted": -1, "refused": []}',
        "is not an acknowledgement as we agreed on it",
    ),
}


def test_a_broken_acknowledgement_is_told_to_whoever_acts_and_stops_nothing(
    begun: Site, drop: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = drop / "acknowledgements" / f"{NAMES[0]}.json"
    for content, why in BROKEN.values():
        file.write_bytes(content)
        assert begun.publish(0) == 3
        told = said(capfd)
        assert why in told
        assert "Ask the Care Record's team to have it written again" in told
        assert "ZZMARK" not in told
    assert begun.night(1) == 3
    told = said(capfd)
    assert BROKEN["less than nothing"][1] in told
    assert f"Delivered to the Care Record: {NAMES[1]}" in told
    assert [name for name, _ in complete_in(drop)] == NAMES[:2]
    acknowledge(drop, NAMES[0])
    assert begun.publish(1) == 0


def test_an_emptied_drop_is_no_reason_to_send_again(begun: Site, drop: Path) -> None:
    shutil.rmtree(drop / NAMES[0])
    assert begun.publish(0) == 0
    assert complete_in(drop) == []
    assert begun.publish(0, "--full") == 0
    [(name, files)] = complete_in(drop)
    assert name == "2026-11-18T120001Z"
    insist_on_whole(files)


@pytest.mark.slow
def test_nothing_overtakes_an_export_that_cannot_be_delivered(
    site: Site, drop: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (drop / NAMES[0]).mkdir()
    (drop / NAMES[0] / "manifest.json").write_text("ZZMARK")
    assert site.night(0) == 3
    assert "holds a manifest for 2026-11-18T120000Z that is not ours" in said(capfd)
    assert site.night(1) == 3
    assert "2 exports waiting" in said(capfd)
    assert [name for name, _ in complete_in(drop)] == NAMES[:1]
    shutil.rmtree(drop / NAMES[0])
    assert site.publish(1) == 0
    came = complete_in(drop)
    assert [name for name, _ in came] == NAMES[:2]
    standing_after(came)
