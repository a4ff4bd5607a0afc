"""Nights by the real flow: who is told of them, when, and of nobody."""

import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from alerts.said import LEAD, OPS, SENDER, TOKEN
from feed.leaks import kept_by_prefect
from feed.plain import without_prefect
from folders.canonical import AS_OF, COUNCILS, LEICESTER, RUTLAND, Sources
from servers.certificate import HOST, Certificate
from servers.fhir import Between
from servers.mail import PASSWORD, USER, MailServer

from casebook.alerts import AlertKind, AlertRow
from casebook.store import Casebook
from flows import nightly
from flows.alerts import look_for_late
from flows.backend import prefect_backend
from flows.faults import Unforeseen
from flows.nightly import run_night
from flows.origin import origin_of
from flows.outcome import FeedFacts
from flows.steps import Done
from schemas.errors import NothingAssessed, TryAgainLater
from settings.settings import load_settings

pytestmark = [pytest.mark.server, pytest.mark.xdist_group("prefect")]

Night = Callable[..., Done]
MARK = "ZZMARKER of a person"


@pytest.fixture(scope="session")
def prefect() -> Iterator[Path]:
    """Have a Prefect API for the session; it takes ten seconds to come up. Returns its files."""
    home = Path(os.environ["PREFECT_HOME"])
    with prefect_backend(home.parent) as wait_until_up:
        wait_until_up()
        yield home


@pytest.fixture(autouse=True)
def _site(
    mail: MailServer,
    hook: Between,
    certificate: Certificate,
    waits: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Set up both channels in the environment, and wait for nobody; reports and feed are none."""
    monkeypatch.setattr("flows.nightly.council_reports", lambda *_, **__: iter(()))
    monkeypatch.setattr("flows.nightly.publish_night", lambda *_, **__: FeedFacts(reason="none"))
    monkeypatch.setenv("CPLI_IDENTITY_KEY", "a key for tests alone")
    email = {
        "host": HOST,
        "port": mail.port,
        "username": USER,
        "password": PASSWORD,
        "ca_file": certificate.certificate,
        "sender": SENDER,
        "recipients": json.dumps([OPS, LEAD]),
    }
    for name, value in email.items():
        monkeypatch.setenv(f"CPLI_ALERTS__EMAIL__{name.upper()}", str(value))
    url = f"http://{HOST}:{hook.server_address[1]}/hook"
    monkeypatch.setenv("CPLI_ALERTS__WEBHOOK__URL", url)
    monkeypatch.setenv("CPLI_ALERTS__WEBHOOK__TOKEN", TOKEN)


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    return Sources(tmp_path / "sources")


def run(sources: Sources, tmp_path: Path, *councils: str, day: int = 20) -> Done:
    as_of = date(2026, 11, day)
    return run_night(sources.root, tmp_path / "out", as_of=as_of, councils=councils)


@pytest.fixture
def plainly(sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Night:
    """Return what does a night by the flow's own steps, but without Prefect."""
    without_prefect(monkeypatch.setattr)

    def night(*councils: str, day: int = 20) -> Done:
        as_of = date(2026, 11, day)
        origin = origin_of(sources.root, tmp_path / "out", config=None, as_of=as_of)
        return nightly.in_order(origin, councils=councils)

    return night


def on_record(tmp_path: Path) -> list[AlertRow]:
    return Casebook.open(f"sqlite:///{tmp_path}/out/casebook.db").alerts().alerts()


@pytest.mark.usefixtures("prefect")
def test_a_council_that_is_away_is_told_once_and_that_it_is_back_once(
    sources: Sources, tmp_path: Path, mail: MailServer, hook: Between
) -> None:
    cplis = sources.cplis[RUTLAND]
    sources.remove(f"council/{RUTLAND}/cpli.csv")
    first = run(sources, tmp_path)
    assert (first.exit_code, first.alerted and first.alerted.sent) == (3, 3)
    [told] = mail.mails
    assert told.message["Subject"] == "Rutland was not assessed on the night of 20 November 2026"
    assert "council/E06000017/cpli.csv did not come. Ask the council" in told.text
    assert [json.loads(it.body)["owner"] for it in hook.asked] == [RUTLAND]

    run(sources, tmp_path, day=21)
    assert (len(mail.mails), len(hook.asked)) == (1, 1)

    sources.council(RUTLAND, cplis)
    assert run(sources, tmp_path, day=22).exit_code == 0
    assert (
        mail.mails[1].message["Subject"] == "Rutland is assessed again: night of 22 November 2026"
    )
    assert [json.loads(it.body)["event"] for it in hook.asked] == ["raised", "recovered"]


@pytest.mark.usefixtures("prefect")
def test_a_night_of_which_nothing_could_be_assessed_says_so_of_each_council_and_no_more(
    sources: Sources, tmp_path: Path, mail: MailServer
) -> None:
    sources.remove("providers.csv")
    with pytest.raises(NothingAssessed):
        run(sources, tmp_path)
    told = {(row.kind, row.owner) for row in on_record(tmp_path)}
    assert told == {(AlertKind.NOT_ASSESSED, code) for code in COUNCILS}
    assert len(mail.mails) == len(COUNCILS)
    assert all("providers.csv did not come" in it.text for it in mail.mails)


@pytest.mark.slow
def test_a_night_that_fails_is_told_without_what_it_choked_on(
    sources: Sources,
    tmp_path: Path,
    mail: MailServer,
    hook: Between,
    monkeypatch: pytest.MonkeyPatch,
    prefect: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def failing(*args: object, **kwargs: object) -> None:
        raise RuntimeError(MARK)

    with monkeypatch.context() as patch, caplog.at_level("INFO"):
        patch.setattr("flows.steps.reconcile", failing)
        for _ in range(2):
            with pytest.raises(Unforeseen):
                run(sources, tmp_path)
    [told] = mail.mails
    assert told.message["Subject"] == "The night of 20 November 2026 failed"
    assert "A fault of ours: RuntimeError at " in told.text
    assert [json.loads(it.body)["kind"] for it in hook.asked] == ["failed"]
    assert [(row.kind, row.owner) for row in on_record(tmp_path)] == [(AlertKind.FAILED, "")]

    run(sources, tmp_path)
    assert mail.mails[1].message["Subject"].startswith("A night is done again")
    everywhere = [caplog.text, kept_by_prefect(prefect), *(it.text for it in mail.mails)]
    everywhere += [it.body.decode() for it in hook.asked]
    assert not [text for text in everywhere if MARK in text]


@pytest.mark.usefixtures("prefect")
def test_a_night_that_is_stopped_is_told(
    sources: Sources, tmp_path: Path, mail: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("flows.assessing.conclude", stopped)
    with pytest.raises(KeyboardInterrupt):
        run(sources, tmp_path)
    [told] = mail.mails
    assert "It was stopped, or broke down, before its end." in told.text


@pytest.mark.usefixtures("prefect")
def test_a_night_that_cannot_open_its_record_is_told_all_the_same(
    sources: Sources, tmp_path: Path, mail: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "casebook.db").write_bytes(b"no database at all, but long enough" * 40)
    with pytest.raises(Exception, match="is no database of ours or is damaged"):
        run(sources, tmp_path)
    [told] = mail.mails
    assert told.message["Subject"] == "The night of 20 November 2026 failed"
    assert "This could not be remembered" in told.text


def test_a_run_of_some_councils_says_nothing_of_the_others(
    sources: Sources, plainly: Night, mail: MailServer
) -> None:
    cplis = sources.cplis[RUTLAND]
    sources.remove(f"council/{RUTLAND}/cpli.csv")
    plainly()
    sources.council(RUTLAND, cplis)
    plainly(LEICESTER)
    plainly(LEICESTER, day=21)
    assert len(mail.mails) == 1
    plainly(RUTLAND, day=21)
    assert len(mail.mails) == 2


def test_a_night_that_is_late_is_on_record_once_it_is_done(
    plainly: Night, tmp_path: Path, mail: MailServer
) -> None:
    plainly(day=19)
    five_past_six = datetime(2026, 11, 20, 6, 5, tzinfo=UTC)
    settings = load_settings()
    assert look_for_late(settings, tmp_path / "out", now=five_past_six).sent == 3
    assert look_for_late(settings, tmp_path / "out", now=five_past_six).sent == 0
    plainly()
    assert [it.message["Subject"] for it in mail.mails] == [
        "The night of 20 November 2026 is late",
        "A night is on record again: the night of 20 November 2026",
    ]


def test_a_mail_server_that_is_down_makes_no_night_fail(
    sources: Sources, plainly: Night, tmp_path: Path, mail: MailServer
) -> None:
    sources.remove(f"council/{RUTLAND}/cpli.csv")
    mail.says = {"MAIL": f"451 4.3.0 {MARK}"}
    done = plainly()
    assert done.alerted is not None
    assert (done.alerted.sent, done.alerted.waiting, done.exit_code) == (1, 2, 3)
    assert (tmp_path / "out" / str(AS_OF) / "discrepancies.csv").exists()
    assert MARK not in repr(done.alerted)
    mail.says = {}
    plainly()
    assert len(mail.mails) == 1


@pytest.mark.usefixtures("prefect")
def test_the_watch_is_a_flow_that_says_where_it_looks(
    tmp_path: Path, sources: Sources, mail: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.watch import watch
    from schemas.errors import WrongUsage

    with pytest.raises(WrongUsage, match="CPLI_OUT"):
        watch()
    monkeypatch.setenv("CPLI_OUT", str(tmp_path / "out"))
    alerted = watch()
    assert alerted.sent == 3
    assert "cannot be told" in mail.mails[0].text
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.usefixtures("prefect")
def test_whoever_waits_for_another_run_is_told_and_it_is_over_when_that_is_done(
    sources: Sources, tmp_path: Path, mail: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CPLI_DATABASE__WAIT_SECONDS", "0")
    casebook = Casebook.open(f"sqlite:///{tmp_path}/out/casebook.db")
    with casebook.hold(AS_OF, wait_seconds=0), pytest.raises(TryAgainLater):
        run(sources, tmp_path)
    assert "still going on" in mail.mails[0].text
    run(sources, tmp_path)
    assert [row.is_open for row in on_record(tmp_path)] == [False]
