"""When a night is late, what a night says of its councils, and what `cpli alerts` shows of it."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from alerts.said import NIGHT, NOW
from nights.examples import discrepancies
from nights.examples import night as night_of

from casebook.alerts import AlertChannel, AlertKind, Condition, Recipient
from casebook.record import CouncilRecord
from casebook.store import Casebook
from cli.main import main
from flows.account import Account
from flows.alerts import FAILED, LATE, conditions_of, look_for_late, night_due
from flows.clock import today
from flows.failing import CANCELLED, OURS, STOPPED, why
from schemas.errors import WrongUsage
from settings.settings import Settings

NOTHING = discrepancies([])
LEICESTER, RUTLAND, LEICESTERSHIRE = "E06000016", "E06000017", "E10000018"


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (datetime(2026, 11, 20, 5, 59, tzinfo=UTC), date(2026, 11, 19)),
        (datetime(2026, 11, 20, 6, 0, tzinfo=UTC), date(2026, 11, 20)),
        (datetime(2026, 7, 20, 4, 59, tzinfo=UTC), date(2026, 7, 19)),  # 05:59 in London
        (datetime(2026, 7, 20, 5, 0, tzinfo=UTC), date(2026, 7, 20)),
        (datetime(2026, 7, 19, 23, 30, tzinfo=UTC), date(2026, 7, 19)),  # the 20th in London
        (datetime(2026, 3, 29, 5, 0, tzinfo=UTC), date(2026, 3, 29)),  # the clocks have changed
        (datetime(2026, 10, 25, 5, 30, tzinfo=UTC), date(2026, 10, 24)),
    ],
)
def test_a_night_is_due_by_the_clock_on_the_wall_in_london(now: datetime, due: date) -> None:
    assert night_due(now, late_after="06:00") == due


def test_a_night_is_late_once_until_it_or_a_later_one_is_on_record(
    url: str, tmp_path: Path
) -> None:
    casebook, six = Casebook.open(url), datetime(2026, 11, 20, 6, 5, tzinfo=UTC)

    def look(day: int) -> int:
        now = six + timedelta(days=day)
        return look_for_late(Settings(), tmp_path / "out", now=now).waiting

    assert (look(0), look(0), look(1)) == (0, 0, 0)
    [alert] = casebook.alerts().alerts()
    assert (alert.kind, alert.night, alert.last_night) == (
        AlertKind.LATE,
        NIGHT,
        NIGHT + timedelta(days=1),
    )
    assert "cpli run --as-of 2026-11-20" in alert.text
    casebook.record(night_of(NIGHT, NOTHING))
    look(1)
    assert casebook.alerts().alerts()[0].is_open
    casebook.record(night_of(NIGHT + timedelta(days=1), NOTHING))
    look(1)
    [alert] = casebook.alerts().alerts()
    assert alert.recovered_on == NIGHT + timedelta(days=1)


def account(*councils: CouncilRecord) -> Account:
    return Account(as_of=NIGHT, councils=councils, sources=(), summary={}, frames={})


def away(code: str, reason: str = "not_received") -> CouncilRecord:
    return CouncilRecord(local_authority=code, assessed=False, reason=reason, message="It is away.")


def there(code: str) -> CouncilRecord:
    return CouncilRecord(local_authority=code, assessed=True)


def test_a_night_says_which_councils_are_away_held_and_there() -> None:
    found = account(away(LEICESTER, "held"), away(RUTLAND, "implausible"), there(LEICESTERSHIRE))
    said = conditions_of(found, found)
    assert [(it.kind, it.owner, it.night, it.text) for it in said.holding] == [
        (AlertKind.HELD, LEICESTER, NIGHT, "It is away."),
        (AlertKind.NOT_ASSESSED, RUTLAND, NIGHT, "It is away."),
    ]
    of_council = {(kind, LEICESTERSHIRE) for kind in (AlertKind.NOT_ASSESSED, AlertKind.HELD)}
    assert said.judged == {*of_council, LATE, FAILED}


def test_a_run_of_some_councils_says_nothing_of_the_others() -> None:
    asked = account(there(LEICESTER), away(RUTLAND, "not_asked_for"))
    said = conditions_of(asked, asked)
    assert (said.holding, {owner for _, owner in said.judged}) == ((), {LEICESTER, ""})
    whole = account(there(LEICESTER), away(RUTLAND))
    assert [it.owner for it in conditions_of(whole, asked).holding] == [RUTLAND]
    held = account(away(LEICESTER, "held"), there(RUTLAND))
    said = conditions_of(held, account(there(LEICESTER), there(RUTLAND)))
    assert {owner for _, owner in said.judged} == {RUTLAND, ""}  # nothing of Leicester is over
    failed = account(away(LEICESTER), away(RUTLAND, "not_asked_for"))
    said = conditions_of(account(there(LEICESTER), there(RUTLAND)), failed)
    assert [it.owner for it in said.holding] == [LEICESTER]
    assert {owner for _, owner in said.judged} == {""}


def test_a_night_of_nothing_ends_no_failure() -> None:
    nothing = account(away(LEICESTER), away(RUTLAND))
    assert conditions_of(nothing, nothing).judged == {LATE}


def test_how_a_run_ended_is_said_in_words_of_our_own_alone() -> None:
    from prefect.states import Cancelled, Cancelling, Crashed, Failed

    quoting = "Margaret Example, 999 000 0018"
    assert why(Failed(data=WrongUsage("Correct the file."))) == "Correct the file."
    assert why(Failed(data=KeyError(quoting), message=quoting)) == OURS
    assert why(Failed(message=quoting)) == OURS
    assert why(Crashed(data=KeyError(quoting), message=quoting)) == STOPPED
    assert why(Cancelling(message=quoting)) == why(Cancelled(message=quoting)) == CANCELLED


@pytest.fixture
def typed(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Return what types `cpli alerts` for a record whose last night is there."""
    monkeypatch.setenv("CPLI_ALERTS__LATE_AFTER", "00:00")
    casebook = Casebook.open(url)
    casebook.record(night_of(today(), NOTHING))
    return lambda *more: main(["alerts", *more, "--out", str(tmp_path / "out")])


def heed(url: str, *conditions: Condition, judged: tuple[AlertKind, ...] = ()) -> None:
    Casebook.open(url).alerts().heed(
        conditions,
        {(kind, RUTLAND) for kind in judged},
        as_of=NIGHT,
        now=datetime.now(UTC),
        recipients=[
            Recipient(channel=AlertChannel.LOG),
            Recipient(channel=AlertChannel.EMAIL, address="ops@example.org"),
        ],
    )


HELD = Condition(kind=AlertKind.HELD, owner=RUTLAND, night=NIGHT, text="Too few people.")


def test_alerts_are_listed_until_they_are_over_and_told(
    typed: Callable[..., int], url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed() == 0
    assert "Nothing was ever to be told." in capsys.readouterr().out
    heed(url, HELD)
    assert typed() == 3
    shown = capsys.readouterr().out
    assert "Rutland is held back since the night of 2026-11-20. Too few people." in shown
    assert "Alert 1: that it is begun waits to go by email. It has not been tried yet." in shown
    alerts = Casebook.open(url).alerts()
    for message in alerts.waiting(now=NOW):
        alerts.sent(message)
    heed(url, judged=(AlertKind.HELD,))
    assert typed() == 3
    assert "that it is over waits to go by email" in capsys.readouterr().out
    for message in alerts.waiting(now=datetime.now(UTC)):
        alerts.sent(message)
    assert typed() == 0
    assert "Nothing is open, and nothing waits to be sent." in capsys.readouterr().out


def test_a_check_sends_what_waits_and_looks_for_a_late_night(
    typed: Callable[..., int], url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    heed(url, HELD)
    assert typed("--check") == 3
    shown = capsys.readouterr()
    assert "Alert: Rutland is held back on the night of 20 November 2026." in shown.err
    assert "Messages wait for email, which the settings do not name any more." in shown.out
    assert "late" not in shown.out + shown.err


def test_a_check_of_a_record_that_is_not_there_alerts_and_makes_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "misspelt"
    assert main(["alerts", "--check", "--out", str(out)]) == 2
    shown = capsys.readouterr()
    assert "is late. Whether it is on record cannot be told." in shown.err
    assert not out.exists()
