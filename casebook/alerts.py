"""What people are alerted to: each event once, when it begins and when it is over."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from casebook.alert_models import ALERT, ALERT_MESSAGE
from casebook.database import reading, writing
from casebook.faults import in_plain_words
from casebook.locks import lock
from casebook.working_days import utc
from schemas.vocabularies import Vocabulary

THE_ALERTS = date.min + timedelta(days=2)
"""Stands for a night in the lock of whoever sends messages: only one may."""

NEWS_FOR = timedelta(days=14)
"""How long after an event is over people are still told of it, where they could not be."""


class AlertKind(Vocabulary):
    """What people are alerted to."""

    NOT_ASSESSED = "not_assessed", "could not be assessed"
    HELD = "held", "is held back"
    FAILED = "failed", "failed"
    LATE = "late", "is late"


class AlertTurn(Vocabulary):
    """What a message says of an event."""

    RAISED = "raised", "it has begun"
    RECOVERED = "recovered", "it is over"


class AlertChannel(Vocabulary):
    """How a message goes."""

    LOG = "log", "the log"
    EMAIL = "email", "email"
    WEBHOOK = "webhook", "the webhook"


Key = tuple[AlertKind, str]
"""A kind, and the GSS code of the council that it is about, empty for what is everybody's."""


@dataclass(frozen=True, kw_only=True)
class Condition:
    """Something that people should know of, as it holds on a night; nothing in it is personal."""

    kind: AlertKind
    night: date
    text: str
    owner: str = ""

    @property
    def key(self) -> Key:
        """What makes it the same event from night to night."""
        return self.kind, self.owner


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """Who is told by a channel; `address` is empty where the channel has none."""

    channel: AlertChannel
    address: str = ""


@dataclass(frozen=True, kw_only=True)
class AlertRow:
    """An event on record. It began on `night`, and held on `last_night` still; instants are UTC."""

    number: int
    reference: str
    kind: AlertKind
    owner: str
    night: date
    last_night: date
    text: str
    raised_at: datetime
    recovered_on: date | None = None
    recovered_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is not over."""
        return self.recovered_at is None


@dataclass(frozen=True, kw_only=True)
class AlertMessage:
    """A message to one recipient; `sent_at` is None while it waits, `trouble` says why it does."""

    alert: AlertRow
    turn: AlertTurn
    to: Recipient
    attempts: int = 0
    sent_at: datetime | None = None
    trouble: str | None = None


class Alerts:
    """The alerts in the casebook's database, whose tables are up to date.

    All methods raise `TryAgainLater` and `PersonNeeded` as the casebook does.
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self.engine = engine
        self.clock = clock

    @contextmanager
    def hold(self, *, wait_seconds: float) -> Iterator[None]:
        """Keep everybody else from sending; the lock goes with the process, even if killed."""
        release = self._lock(wait_seconds=wait_seconds)
        try:
            yield
        finally:
            release()

    @in_plain_words
    def heed(
        self,
        conditions: Iterable[Condition],
        judged: Set[Key],
        *,
        as_of: date,
        now: datetime,
        recipients: Collection[Recipient],
    ) -> None:
        """Raise what holds and is not open, end what was judged and does not hold any more.

        `judged` are the keys of which the night `as_of` can tell; what it does not judge stays as
        it is. A night never speaks against a later one: it ends nothing that has held since, and
        does not raise anew what was over on a later night. Whoever is to be told is noted in the
        same transaction; those who are no recipients of their channel any more are not waited for.
        """
        now = now.astimezone(UTC)
        holding = {condition.key: condition for condition in conditions}
        with writing(self.engine) as connection:
            latest = _latest(connection)
            for key, condition in holding.items():
                _hold(connection, condition, latest.get(key), now=now)
            for key in judged - holding.keys():
                alert = latest.get(key)
                if alert and alert.is_open and alert.last_night <= as_of:
                    _change(connection, alert, recovered_on=as_of, recovered_at=now)
            _address(connection, recipients, now=now)

    @in_plain_words
    def waiting(self, *, now: datetime) -> list[AlertMessage]:
        """Return the messages to be sent, in this order.

        That an event is over is told to those who know that it began. What has been over for long
        is told to nobody any more.
        """
        with reading(self.engine) as connection:
            messages = _messages(
                connection, ALERT_MESSAGE.c.sent_at.is_(None), _is_news(now.astimezone(UTC))
            )
        ignorant = {(it.alert.number, it.to) for it in messages if it.turn is AlertTurn.RAISED}
        return [
            it
            for it in messages
            if it.turn is AlertTurn.RAISED or (it.alert.number, it.to) not in ignorant
        ]

    @in_plain_words
    def alerts(self) -> list[AlertRow]:
        """Return all events in their order."""
        with reading(self.engine) as connection:
            return _alerts(connection)

    @in_plain_words
    def messages(self) -> list[AlertMessage]:
        """Return all messages in the order of their events."""
        with reading(self.engine) as connection:
            return _messages(connection)

    @in_plain_words
    def sent(self, message: AlertMessage) -> None:
        """Note that a message was sent."""
        self._note(message, sent_at=self.clock(), trouble=None)

    @in_plain_words
    def not_sent(self, message: AlertMessage, *, trouble: str) -> None:
        """Note an attempt that failed, and why."""
        self._note(message, trouble=trouble)

    @in_plain_words
    def _lock(self, *, wait_seconds: float) -> Callable[[], None]:
        return lock(self.engine, THE_ALERTS, wait_seconds=wait_seconds)

    def _note(self, message: AlertMessage, **values: Any) -> None:
        it = ALERT_MESSAGE.c
        this = and_(
            it.number == message.alert.number,
            it.turn == message.turn.value,
            it.channel == message.to.channel.value,
            it.recipient == message.to.address,
            it.sent_at.is_(None),
        )
        with writing(self.engine) as connection:
            connection.execute(
                update(ALERT_MESSAGE).where(this).values(attempts=it.attempts + 1, **values)
            )


def _hold(
    connection: Connection, condition: Condition, latest: AlertRow | None, *, now: datetime
) -> None:
    """Let an event last that is open, or begin, unless it was over on a later night."""
    if latest is not None and latest.is_open:
        if condition.night > latest.last_night:
            _change(connection, latest, last_night=condition.night)
        return
    if latest is not None and latest.recovered_on and latest.recovered_on > condition.night:
        return
    number = connection.scalar(select(func.max(ALERT.c.number))) or 0
    connection.execute(
        insert(ALERT).values(
            number=number + 1,
            reference=str(uuid4()),
            kind=condition.kind.value,
            owner=condition.owner,
            night=condition.night,
            last_night=condition.night,
            text=condition.text,
            raised_at=now,
        )
    )


def _address(connection: Connection, recipients: Collection[Recipient], *, now: datetime) -> None:
    """Note what each recipient is still to be told, and drop what nobody is to be told any more.

    A channel without any recipient is one that is not set up just now: its messages wait.
    """
    it = ALERT_MESSAGE.c
    for channel in {each.channel for each in recipients}:
        addresses = [each.address for each in recipients if each.channel is channel]
        strangers = and_(it.channel == channel.value, it.recipient.not_in(addresses))
        connection.execute(delete(ALERT_MESSAGE).where(it.sent_at.is_(None), strangers))
    noted = {(each.alert.number, each.turn, each.to) for each in _messages(connection)}
    due = [
        (alert, turn, to)
        for alert in _alerts(connection, _is_news(now))
        for to in recipients
        for turn in AlertTurn
        # What began is told while it lasts, and its end to those who were to know of it.
        if (alert.is_open if turn is AlertTurn.RAISED else not alert.is_open)
        and (turn is AlertTurn.RAISED or (alert.number, AlertTurn.RAISED, to) in noted)
    ]
    rows = [
        {
            "number": alert.number,
            "turn": turn.value,
            "channel": to.channel.value,
            "recipient": to.address,
            "attempts": 0,
        }
        for alert, turn, to in due
        if (alert.number, turn, to) not in noted
    ]
    if rows:
        connection.execute(insert(ALERT_MESSAGE), rows)


def _is_news(now: datetime) -> ColumnElement[bool]:
    alert = ALERT.c
    return or_(alert.recovered_at.is_(None), alert.recovered_at > now - NEWS_FOR)


def _change(connection: Connection, alert: AlertRow, **values: Any) -> None:
    connection.execute(update(ALERT).where(ALERT.c.number == alert.number).values(**values))


def _latest(connection: Connection) -> dict[Key, AlertRow]:
    """Return the latest event of each key."""
    alert = ALERT.c
    numbers = select(func.max(alert.number)).group_by(alert.kind, alert.owner)
    return {(it.kind, it.owner): it for it in _alerts(connection, alert.number.in_(numbers))}


def _alerts(connection: Connection, *where: ColumnElement[bool]) -> list[AlertRow]:
    query = select(ALERT).where(*where).order_by(ALERT.c.number)
    return [_alert(row) for row in connection.execute(query)]


def _messages(connection: Connection, *where: ColumnElement[bool]) -> list[AlertMessage]:
    it = ALERT_MESSAGE.c
    joined = ALERT.join(ALERT_MESSAGE, ALERT.c.number == it.number)
    query = (
        select(ALERT, *(each for each in ALERT_MESSAGE.columns if each.name != "number"))
        .select_from(joined)
        .where(*where)
        .order_by(it.number, it.turn, it.channel, it.recipient)
    )
    return [
        AlertMessage(
            alert=_alert(row),
            turn=AlertTurn(row.turn),
            to=Recipient(channel=AlertChannel(row.channel), address=row.recipient),
            attempts=row.attempts,
            sent_at=row.sent_at and utc(row.sent_at),
            trouble=row.trouble,
        )
        for row in connection.execute(query)
    ]


def _alert(row: Row[Any]) -> AlertRow:
    alert = AlertRow(
        number=row.number,
        reference=row.reference,
        kind=AlertKind(row.kind),
        owner=row.owner,
        night=row.night,
        last_night=row.last_night,
        text=row.text,
        raised_at=utc(row.raised_at),
    )
    if row.recovered_at is None:
        return alert
    return replace(alert, recovered_on=row.recovered_on, recovered_at=utc(row.recovered_at))
