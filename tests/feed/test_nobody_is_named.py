"""Nobody is named anywhere but in the files that are about people, whatever a receiver does."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import asyncssh
import pytest
from feed.leaks import (
    NUMBER,
    QUOTED,
    hidden_in,
    kept_by_prefect,
    leaks_below,
    people_in,
)
from feed.receiving import acknowledge, complete_in, files_in
from feed.site import NIGHTS, Site, folder_place, rest_place, sftp_place
from feed.talking import OUTCOME, refuses_each
from servers.fhir import Between, Says, between
from servers.sftp import Keys, in_process

from cli.main import main

FIRST = f"{NIGHTS[0]}T120000Z"
Setting = Callable[[Path, Keys, Path], AbstractContextManager[str]]


@contextmanager
def works(drop: Path, keys: Keys, home: Path) -> Iterator[str]:
    yield folder_place(drop)


@contextmanager
def is_down(drop: Path, keys: Keys, home: Path) -> Iterator[str]:
    with in_process(drop, keys) as server:
        place = sftp_place(server, keys, home)
    yield place


@contextmanager
def works_by_sftp(drop: Path, keys: Keys, home: Path) -> Iterator[str]:
    with in_process(drop, keys) as server:
        yield sftp_place(server, keys, home)


@contextmanager
def refuses_to_write(drop: Path, keys: Keys, home: Path) -> Iterator[str]:
    class Refusing(asyncssh.SFTPServer):
        def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
            raise asyncssh.SFTPPermissionDenied(QUOTED)

    with in_process(drop, keys, factory=Refusing) as server:
        yield sftp_place(server, keys, home)


@contextmanager
def says(answer: Says) -> Iterator[str]:
    with between() as server:
        server.behaves = answer
        yield rest_place(server.base_url)
        insist_nobody_hidden_came(server)


@contextmanager
def refuses_by_fhir(drop: Path, keys: Keys, home: Path) -> Iterator[str]:
    with between() as server:
        server.next_deed = refuses_each(server)
        yield rest_place(server.base_url)
        assert server.transactions
        insist_nobody_hidden_came(server)


def insist_nobody_hidden_came(server: Between) -> None:
    for asked in server.asked:
        assert hidden_in(asked.body.decode()) == set()
        assert people_in(asked.path) == set()


SOONER = {"a server", "FHIR that refuses each"}
"""Those that the others are much like; `make prove` has all."""

SETTINGS: dict[str, Setting] = {
    "a folder": works,
    "a server": works_by_sftp,
    "a server that is down": is_down,
    "a server that refuses": refuses_to_write,
    "FHIR that refuses each": refuses_by_fhir,
    "FHIR that fails": lambda *_: says(Says(status=500, body=OUTCOME)),
    "FHIR that lets nobody in": lambda *_: says(Says(status=401, body=OUTCOME)),
    "FHIR that talks": lambda *_: says(Says(body=QUOTED, content_type="text/html")),
    "FHIR that sends elsewhere": lambda *_: says(
        Says(status=302, headers={"Location": f"http://127.0.0.1/{QUOTED.replace(' ', '/')}"})
    ),
}


@pytest.mark.server
@pytest.mark.parametrize(
    "setting",
    [name if name in SOONER else pytest.param(name, marks=pytest.mark.slow) for name in SETTINGS],
)
def test_nobody_is_named_in_what_is_shown_logged_or_called_a_file(
    site: Site,
    drop: Path,
    keys: Keys,
    setting: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level("INFO")
    with SETTINGS[setting](drop, keys, site.home) as care_record:
        site.care_record = care_record
        codes = {site.night(0)}
        if (drop / "acknowledgements").is_dir():
            acknowledge(drop, FIRST, refused=["EpisodeOfCare/x"], text=QUOTED)
        codes |= {site.night(2), site.publish(2, "--dry-run"), site.publish(2), site.publish(1)}
        codes |= {site.publish(2, "--full"), site.cpli("outbox"), site.cpli("show", str(NIGHTS[2]))}
        codes.add(site.cpli("outbox", "--refused", str(site.out / "refused.csv")))
        codes.add(site.cpli("check", "--as-of", str(NIGHTS[2])))
    assert codes <= {0, 2, 3}
    shown = capfd.readouterr()
    assert people_in(shown.out + shown.err) == set()
    assert "A fault of ours" not in shown.out + shown.err
    assert "Traceback" not in shown.out + shown.err
    assert people_in(caplog.text) == set()
    assert people_in(repr([vars(record) for record in caplog.records])) == set()
    assert leaks_below(site.out) == {}
    for name, content in files_in(drop).items():
        assert people_in(name) == set()
        assert hidden_in(content.decode()) == set() or name.startswith("acknowledgements")
    assert [name for name in files_in(site.out) if name.endswith("refused.csv")]
    if setting in ("a folder", "FHIR that refuses each"):
        assert QUOTED in (site.out / "refused.csv").read_text(encoding="utf-8")


def test_what_is_withheld_is_listed_without_whom_it_is_about(site: Site) -> None:
    site.night(2)
    withheld = (site.out / str(NIGHTS[2]) / "withheld.csv").read_text(encoding="utf-8")
    assert "restricted_record" in withheld
    for mark in ("family", "given", "person-"):
        assert mark not in withheld
    assert NUMBER.search(withheld) is None


def test_whoever_becomes_restricted_is_deleted_and_comes_no_more(begun: Site, drop: Path) -> None:
    [(_, before)] = complete_in(drop)
    lines = [json.loads(line) for line in before["EpisodeOfCare.ndjson"].splitlines()]
    [line] = [each for each in lines if each["identifier"][0]["value"].endswith("-line-3")]
    begun.night(2)
    begun.publish(2, "--full")
    gone = complete_in(drop)[1:]
    assert len(gone) == 2
    deleted = gone[0][1]["deleted.ndjson"].decode()
    assert f"EpisodeOfCare/{line['id']}" in deleted
    assert line["patient"]["reference"] in deleted
    for _, files in gone:
        for name, content in files.items():
            if name != "deleted.ndjson":
                assert line["id"] not in content.decode()
                assert line["patient"]["identifier"]["value"] not in content.decode()
                assert "-person-3" not in content.decode()


@pytest.mark.server
@pytest.mark.xdist_group("prefect")
def test_prefect_keeps_nobody_of_a_night_whose_receiver_talks(
    tmp_path: Path, drop: Path, keys: Keys, prefect: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    site = Site(home=tmp_path, care_record=None)
    codes = []
    for night, setting in enumerate(("a folder", "FHIR that refuses each", "FHIR that fails")):
        with SETTINGS[setting](drop, keys, site.home) as care_record:
            site.care_record = care_record
            site.prepare(night)
            codes.append(site.cpli("run", "--as-of", str(NIGHTS[night])))
    assert codes == [0, 0, 3]
    kept = kept_by_prefect(prefect)
    assert "support_not_reported" in kept
    assert people_in(kept) == set()
    shown = capfd.readouterr()
    assert people_in(shown.out + shown.err) == set()
    assert len(complete_in(drop)) == 1
    assert main(["outbox", "--config", str(site.config), "--out", str(site.out)]) == 3
