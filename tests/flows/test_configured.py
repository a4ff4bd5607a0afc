"""A night from configured sources: what does not come, what is late, and what is put away."""

import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest
from folders.canonical import COUNCILS, LEICESTER, RUTLAND, unlisted
from servers import sftp

from casebook.ledger import FileLedger
from casebook.store import Casebook
from flows.checking import check
from flows.fetching import fetch, put_away
from flows.origin import Origin, origin_of
from flows.receipts import receipt_of
from flows.stage import pick_up
from flows.steps import conclude, failed, pull_council, pull_in_memory, pull_register
from flows.streaming import lay_down_beside
from schemas.errors import WrongUsage

AS_OF = date(2026, 11, 20)
NAMES = {"E06000016": "leicester", "E06000017": "rutland", "E10000018": "leicestershire"}


def folder_places(root: Path) -> str:
    """Say that everything lies where the canonical layout has it."""
    parts = [
        f'[places.top]\nconnector = "folder"\npath = "{root}"\n',
        f'[places.caseloads]\nconnector = "folder"\npath = "{root / "caseload"}"\n',
        '[providers]\nplace = "top"\nfile = "providers.csv"\n',
        '[caseloads]\nplace = "caseloads"\n',
    ]
    for code in COUNCILS:
        name = NAMES[code]
        parts.append(
            f'[places.{name}]\nconnector = "folder"\npath = "{root / "council" / code}"\n'
            f'[councils.{name}]\ncode = "{code}"\n'
            f'[councils.{name}.cpli]\nplace = "{name}"\nfile = "cpli.csv"\n'
            f'[councils.{name}.portal]\nplace = "{name}"\nfile = "portal_{{date}}.csv"\n'
        )
    return "\n".join(parts)


Configure = Callable[..., Origin]


@pytest.fixture
def configure(tmp_path: Path, sources) -> Configure:
    def configured(*changes: tuple[str, str], more: str = "", as_of: date = AS_OF) -> Origin:
        text = folder_places(sources.root)
        for before, after in changes:
            assert before in text
            text = text.replace(before, after)
        config = tmp_path / "cpli.toml"
        config.write_text(text + more, encoding="utf-8")
        return origin_of(None, tmp_path / "out", config=config, as_of=as_of)

    return configured


def night_of(origin: Origin):
    source, known = origin.open()
    pulls = pull_in_memory(source, known, as_of=origin.as_of, settings=origin.settings)
    return conclude(pulls, as_of=origin.as_of, settings=origin.settings)


def reasons(account) -> dict[str, str]:
    return {each.local_authority: each.reason for each in failed(account)}


def test_the_configured_night_is_that_of_the_folder(configure, sources, tmp_path):
    sources.council(LEICESTER, [*sources.cplis[LEICESTER], unlisted(6)])
    plain = origin_of(sources.root, tmp_path / "out", config=None, as_of=AS_OF)
    one, other = (night_of(origin).frames["discrepancies"] for origin in (plain, configure()))
    assert len(one)
    assert one.equals(other)


def test_a_place_that_is_gone_leaves_its_council_out_and_accuses_nobody(configure, sources):
    shutil.rmtree(sources.root / "council" / RUTLAND)
    account = night_of(configure())
    assert reasons(account) == {RUTLAND: "out_of_reach"}
    found = account.frames["discrepancies"]
    assert not (found["local_authority"] == RUTLAND).any()


def test_caseloads_that_cannot_be_reached_stop_the_night(configure, sources):
    shutil.rmtree(sources.root / "caseload")
    with pytest.raises(Exception, match="The folder of caseloads is not there"):
        night_of(configure())


def test_a_dated_extract_that_is_too_old_or_of_tomorrow_does_not_count(configure, sources):
    folder = sources.root / "council" / LEICESTER
    dated = ('[councils.leicester.cpli]\nplace = "leicester"\nfile = "cpli.csv"', "")
    pattern = dated[0].replace("cpli.csv", "cpli_{date}.csv")
    (folder / "cpli.csv").rename(folder / "cpli_2026-11-16.csv")
    assert reasons(night_of(configure((dated[0], pattern)))) == {LEICESTER: "not_received"}
    (folder / "cpli_2026-11-16.csv").rename(folder / "cpli_2026-11-21.csv")
    assert reasons(night_of(configure((dated[0], pattern)))) == {LEICESTER: "not_received"}
    (folder / "cpli_2026-11-21.csv").rename(folder / "cpli_2026-11-17.csv")
    assert reasons(night_of(configure((dated[0], pattern)))) == {}


def test_an_extract_without_a_date_is_as_old_as_its_last_change(configure, sources):
    file = sources.root / "council" / LEICESTER / "cpli.csv"
    for day, left_out in (("2026-11-17", {}), ("2026-11-16", {LEICESTER: "not_received"})):
        noon = datetime.fromisoformat(f"{day}T12:00:00+00:00").timestamp()
        os.utime(file, (noon, noon))
        assert reasons(night_of(configure())) == left_out


def by_reference(listed: str, sources) -> tuple[tuple[str, str], str]:
    (sources.root / "references.csv").write_text(
        f"local_authority,supplier_reference,provider_id\n{listed}", encoding="utf-8"
    )
    change = (
        '[councils.leicester.cpli]\nplace = "leicester"',
        '[councils.leicester.cpli]\nprovider = "supplier_reference"\nplace = "leicester"',
    )
    return change, '\n[supplier_references]\nplace = "top"\nfile = "references.csv"\n'


def test_a_cpli_whose_supplier_reference_is_unmapped_is_listed_and_accuses_nobody(
    configure, sources
):
    sources.council(LEICESTER, [*sources.cplis[LEICESTER], unlisted(6)])
    lines = [f"{LEICESTER},{provider},{provider}\n" for provider in ("P1", "P2")]
    change, more = by_reference("".join(lines), sources)
    whole = night_of(configure(change, more=more))
    assert len(whole.frames["unmapped"]) == 0
    assert "support_not_reported" in set(whole.frames["discrepancies"]["type"])
    missing = unlisted(6)["provider_id"]
    change, more = by_reference("".join(line for line in lines if missing not in line), sources)
    account = night_of(configure(change, more=more))
    held = account.frames["unmapped"]
    assert set(held["supplier_reference"]) == {missing}
    assert unlisted(6)["cpli_id"] in set(held["cpli_id"])
    assert "support_not_reported" not in set(account.frames["discrepancies"]["type"])
    assert set(account.frames["refusals"]["rule"]) >= {"supplier_reference_unmapped"}
    change, more = by_reference("", sources)
    account = night_of(configure(change, more=more))
    assert reasons(account) == {LEICESTER: "no_rows"}
    assert len(account.frames["unmapped"]) == 3
    (left_out,) = failed(account)
    assert "Ask whoever keeps the register of providers" in (left_out.message or "")


@pytest.fixture
def inbox(tmp_path: Path, sources) -> Iterator[tuple[Path, str]]:
    """An SFTP server with the caseloads, and what the settings say of it."""
    root = tmp_path / "served"
    shutil.copytree(sources.root / "caseload", root)
    (root / "done").mkdir()
    (tmp_path / "keys").mkdir()
    keys = sftp.make_keys(tmp_path / "keys")
    with sftp.in_process(root, keys) as server:
        known = tmp_path / "known_hosts"
        known.write_text(f"[{sftp.HOST}]:{server.port} {keys.public('host')}\n", encoding="utf-8")
        said = (
            f'connector = "sftp"\nhost = "{sftp.HOST}"\nport = {server.port}\n'
            f'username = "{sftp.USER}"\nkey_file = "{keys.private("user")}"\n'
            f'known_hosts = "{known}"\nstable_seconds = 0\ntimeout_seconds = 5\n'
        )
        yield root, said


def from_inbox(sources, said: str) -> tuple[str, str]:
    return f'connector = "folder"\npath = "{sources.root / "caseload"}"', said


@pytest.mark.server
def test_files_come_by_sftp_once_and_a_changed_one_again(configure, sources, inbox, tmp_path):
    root, said = inbox
    origin = configure(from_inbox(sources, said))
    casebook = Casebook.open(f"sqlite:///{tmp_path / 'casebook.db'}")
    first = fetch(origin, casebook).collected["caseloads"]
    assert len(first.takings) == len(list(root.glob("*.csv")))
    again = fetch(origin, casebook).collected["caseloads"]
    assert (len(again.takings), len(again.known)) == (0, len(first.takings))
    changed = next(root.glob("*.csv"))
    changed.write_text(changed.read_text() + "\n", encoding="utf-8")
    os.utime(changed, (1, 1))
    assert [
        it.receipt.version for it in fetch(origin, casebook).collected["caseloads"].takings
    ] == [2]
    latest = FileLedger(casebook.engine).latest("caseloads", changed.name)
    assert latest is not None
    assert latest.version == 2
    discrepancies = night_of(fetch(origin, casebook).origin).frames["discrepancies"]
    assert discrepancies.equals(night_of(configure()).frames["discrepancies"])


@pytest.mark.server
def test_what_a_night_has_used_goes_into_the_done_folder_and_stays_with_us(
    configure, sources, inbox, tmp_path
):
    root, said = inbox
    origin = configure(from_inbox(sources, said + 'done_folder = "done"\n'))
    casebook = Casebook.open(f"sqlite:///{tmp_path / 'casebook.db'}")
    sent = len(list(root.glob("*.csv")))
    put_away(fetch(origin, casebook))
    assert (len(list(root.glob("*.csv"))), len(list((root / "done").iterdir()))) == (0, sent)
    later = night_of(fetch(origin, casebook).origin).frames["discrepancies"]
    assert later.equals(night_of(configure()).frames["discrepancies"])


@pytest.mark.server
def test_a_file_that_cannot_be_had_tonight_is_not_replaced_by_an_earlier_one(
    configure, sources, inbox, tmp_path
):
    root, said = inbox
    shutil.copy(sources.root / "council" / LEICESTER / "cpli.csv", root)
    at_inbox = ('[councils.leicester.cpli]\nplace = "leicester"', "[councils.leicester.cpli]")
    change = (at_inbox[0], at_inbox[1] + '\nplace = "caseloads"')
    origin = configure(from_inbox(sources, said), change)
    casebook = Casebook.open(f"sqlite:///{tmp_path / 'casebook.db'}")
    assert reasons(night_of(fetch(origin, casebook).origin)) == {}
    (root / "cpli.csv").write_text("half a file", encoding="utf-8")
    (root / "cpli.csv.sha256").write_text("0" * 64, encoding="utf-8")
    fetched = fetch(origin, casebook).origin
    assert "cpli.csv" in {file.name for file in fetched.received("caseloads").iterdir()}
    account = night_of(fetched)
    assert reasons(account) == {LEICESTER: "out_of_reach"}
    said = account.frames["refusals"].set_index("rule").loc["out_of_reach"]
    assert said["file"] == "caseloads/cpli.csv"


@pytest.mark.server
def test_a_caseload_that_cannot_be_had_again_is_refused_and_not_read_as_it_was(
    configure, sources, inbox, tmp_path
):
    root, said = inbox
    origin = configure(from_inbox(sources, said))
    casebook = Casebook.open(f"sqlite:///{tmp_path / 'casebook.db'}")
    fetch(origin, casebook)
    file = min(root.glob("P1_*"))
    file.write_text("changed", encoding="utf-8")
    Path(f"{file}.sha256").write_text("0" * 64, encoding="utf-8")
    account = night_of(fetch(origin, casebook).origin)
    refused = account.frames["refusals"]
    (one,) = refused.loc[refused["rule"] == "out_of_reach", "file"]
    assert one == f"caseloads/{file.name}"
    overdue = account.frames["discrepancies"].query("type == 'caseload_overdue'")
    assert set(overdue["provider_id"]) == {"P1"}


@pytest.mark.server
def test_a_portal_that_cannot_be_reached_keeps_no_council_out(configure, sources, inbox, tmp_path):
    _, said = inbox
    sources.council(LEICESTER, [*sources.cplis[LEICESTER], unlisted(6)])
    at_inbox = ('[councils.leicester.portal]\nplace = "leicester"', "[councils.leicester.portal]")
    change = (at_inbox[0], at_inbox[1] + '\nplace = "portal"')
    port = re.search(r"port = [0-9]+", said)
    assert port
    origin = configure(change, more="\n[places.portal]\n" + said.replace(port.group(), "port = 9"))
    account = night_of(fetch(origin, Casebook.open(f"sqlite:///{tmp_path / 'c.db'}")).origin)
    assert reasons(account) == {}
    assert "support_not_reported" in set(account.frames["discrepancies"]["type"])
    refused = account.frames["refusals"].set_index("source").loc[f"portal {LEICESTER}"]
    assert "out_of_reach" in set(refused["rule"])


def test_a_council_read_from_a_database_keeps_its_cplis_without_a_portal(
    configure, sources, tmp_path
):
    file = sources.root / "council" / LEICESTER / "cpli.csv"
    with sqlite3.connect(tmp_path / "finance.db") as finance:
        pd.read_csv(file, dtype=str).to_sql("lines", finance, index=False)
    finance.close()
    for extract in file.parent.glob("portal_*"):
        extract.unlink()
    change = (
        'place = "leicester"\nfile = "cpli.csv"',
        'place = "finance"\ntable = "lines"',
    )
    more = f'\n[places.finance]\nconnector = "sql"\nurl = "sqlite:///{tmp_path / "finance.db"}"\n'
    origin = configure(change, more=more)
    source, _ = origin.open()
    register = pull_register(source).facts
    folder = tmp_path / "stage"
    pulled = pull_council(source, register, LEICESTER, AS_OF, origin.settings, folder=folder)
    assert pulled.staged
    frames = pick_up(lay_down_beside(pulled, folder), folder).frames
    assert len(frames["cplis"]) == len(sources.cplis[LEICESTER])
    assert len(frames["portal"]) == 0
    assert "not_received" in set(frames["refusals"]["rule"])


def test_where_no_caseload_came_at_all_the_place_is_suspected(configure, sources, caplog):
    for file in (sources.root / "caseload").iterdir():
        file.unlink()
    with caplog.at_level("WARNING", logger="cpli"):
        account = night_of(configure())
    assert "There is not one caseload" in caplog.text
    assert "caseload" in set(account.frames["refusals"]["source"])


def test_of_two_extracts_of_one_day_the_later_one_counts(configure, sources):
    folder = sources.root / "council" / LEICESTER
    (late,) = folder.glob("portal_*.csv")
    early = late.with_name(f"{late.stem}_z.csv")
    early.write_text("cpli_id\n", encoding="utf-8")
    os.utime(early, (1, 1))
    pattern = ('place = "leicester"\nfile = "portal_{date}.csv"', "")
    change = (pattern[0], pattern[0].replace("{date}", "{date}*"))
    account = night_of(configure(change))
    assert "missing_columns" not in set(account.frames["refusals"]["rule"])


def test_two_files_of_one_provider_and_day_have_a_receipt_each(configure, sources):
    file = min((sources.root / "caseload").glob("P1_*"))
    file.with_suffix(".xlsx").write_bytes(b"no workbook")
    receipts = night_of(configure()).frames["receipts"]
    mine = receipts[receipts["name"].str.startswith(file.stem)]
    assert len(mine) == 2
    assert mine["text"].str.contains("We could not use this file").sum() == 1


@pytest.mark.server
def test_an_sftp_server_that_is_not_trusted_stops_what_comes_from_it(
    configure, sources, inbox, tmp_path, caplog
):
    _, said = inbox
    (tmp_path / "known_hosts").write_text("", encoding="utf-8")
    origin = configure(from_inbox(sources, said))
    with caplog.at_level("WARNING", logger="cpli"):
        fetched = fetch(origin, Casebook.open(f"sqlite:///{tmp_path / 'casebook.db'}"))
    assert "No host key of caseloads" in caplog.text
    with pytest.raises(Exception, match="No host key"):
        night_of(fetched.origin)


@pytest.mark.server
def test_the_check_says_what_is_there_and_changes_nothing(configure, sources, inbox, tmp_path):
    root, said = inbox
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    checked = check(configure(from_inbox(sources, said)))
    by_name = {place.name: place for place in checked.places}
    assert by_name["caseloads"].reachable
    assert by_name["caseloads"].rights == "list, read"
    tables = {table.name: table for table in checked.tables}
    assert tables["leicester cpli"].columns == "19 of 19"
    assert tables["caseloads"].valid
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before
    assert not (tmp_path / "out").exists()


def test_the_check_names_what_somebody_should_act_on(configure, sources):
    (sources.root / "providers.csv").write_text("id\n1\n", encoding="utf-8")
    shutil.rmtree(sources.root / "council" / RUTLAND)
    said = dict(check(configure()).problems)
    assert "has no column provider_id and name" in said["providers"]
    assert "The folder of rutland is not there" in said["rutland cpli"]


def test_a_receipt_can_be_had_without_a_night(sources):
    file = next((sources.root / "caseload").glob("*.csv"))
    provider = file.name.partition("_")[0]
    text, refused = receipt_of(file, provider_id=provider, caseload_date=AS_OF)
    assert f"provider {provider}" in text
    assert isinstance(refused, bool)
    with pytest.raises(WrongUsage, match="There is no file"):
        receipt_of(file.with_name("none.csv"), provider_id=provider, caseload_date=AS_OF)


def test_the_origin_asks_for_what_is_left_open(tmp_path):
    with pytest.raises(WrongUsage, match="--sources DIR or --config FILE"):
        origin_of(None, tmp_path, config=None, as_of=AS_OF)
    assert origin_of(tmp_path, tmp_path, config=None, as_of=AS_OF).now < datetime.now(UTC)
