"""Tells people of what is not as it should be, once when it begins and once when it is over.

What is to be told is on record before anything is sent, so that nothing is forgotten and nothing
told twice. Where there is no record people are told all the same, each time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TypeAlias
from uuid import NAMESPACE_URL, uuid5

from casebook.alerts import (
    AlertChannel,
    AlertKind,
    AlertMessage,
    AlertRow,
    Alerts,
    AlertTurn,
    Condition,
    Key,
    Recipient,
)
from casebook.record import NightOutcome
from casebook.store import Casebook
from connectors.alerts.faults import OF_ONE_MESSAGE, AlertRefused
from connectors.alerts.hook import Hook
from connectors.alerts.mailbox import Mailbox
from connectors.alerts.telling import RAISED, Telling
from flows.account import Account
from flows.clock import LONDON
from flows.faults import quoting_nobody
from flows.outcome import Alerted
from flows.progress import LOG
from flows.pulls import council_name
from flows.steps import NOT_ASKED_FOR, missed
from publishing.templates import british_date
from schemas.errors import CpliError, TryAgainLater
from schemas.gates import HELD
from settings.database import database_url
from settings.settings import Settings

LATE: Key = (AlertKind.LATE, "")
FAILED: Key = (AlertKind.FAILED, "")
PATIENCE_SECONDS = 60.0
"""How long we wait for somebody else who sends just now."""

TITLES = {
    (AlertKind.NOT_ASSESSED, True): "{owner} was not assessed on the night of {night}",
    (AlertKind.NOT_ASSESSED, False): "{owner} is assessed again: night of {night}",
    (AlertKind.HELD, True): "{owner} is held back on the night of {night}",
    (AlertKind.HELD, False): "{owner} is not held back any more: night of {night}",
    (AlertKind.FAILED, True): "The night of {night} failed",
    (AlertKind.FAILED, False): "A night is done again: the night of {night}",
    (AlertKind.LATE, True): "The night of {night} is late",
    (AlertKind.LATE, False): "A night is on record again: the night of {night}",
}
ONCE = "You are told of this once. Another message follows when it is over."
OVER = "It began on the night of {night}, and you were told: {title}."
IN_THE_LOG = "Run cpli alerts to see what else is open."
UNREMEMBERED = (
    "This could not be remembered, so you may be told of it again, and not when it is over. {why}"
)
NOT_ON_RECORD = (
    "It was not on record by {by}. See whether it is still going on, and what kept it; then run it:"
    " cpli run --as-of {night}."
)
CANNOT_BE_TOLD = "Whether it is on record cannot be told. {why}"
NOT_SET_UP = (
    "Messages wait for {channel}, which the settings do not name any more. Put it back, or wait:"
    " 14 days after an event is over nobody is told of it any more."
)

Send: TypeAlias = Callable[[Telling, Sequence[str]], Mapping[str, str]]
"""Sends to some addresses and returns those that it cannot be sent to, each with why."""


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """What holds just now, and the keys of which it could be told whether they hold."""

    holding: tuple[Condition, ...] = ()
    judged: frozenset[Key] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Channels:
    """What is set up: how each channel sends, and to whom."""

    sends: Mapping[AlertChannel, Send] = field(repr=False)
    recipients: tuple[Recipient, ...]


def conditions_of(account: Account, asked: Account) -> Conditions:
    """Return what a night says of its councils, and that it is on record.

    `asked` is what a run found, `account` the night as it stands after it. A council that the run
    was not asked for is not judged, and of one that is not assessed nothing is over.
    """
    holding = tuple(
        Condition(
            kind=AlertKind.HELD if council.reason == HELD else AlertKind.NOT_ASSESSED,
            owner=council.local_authority,
            night=account.as_of,
            text=council.message or "",
        )
        for council in missed(asked, account)
        if council.reason != NOT_ASKED_FOR
    )
    away = {condition.owner for condition in holding}
    assessed = {council.local_authority for council in asked.councils if council.assessed} - away
    judged: set[Key] = {
        (kind, code) for code in assessed for kind in (AlertKind.NOT_ASSESSED, AlertKind.HELD)
    }
    judged |= {LATE, FAILED} if account.anything_assessed else {LATE}
    return Conditions(holding=holding, judged=frozenset(judged))


def tell(
    casebook: Casebook, settings: Settings, conditions: Conditions, *, as_of: date, now: datetime
) -> Alerted:
    """Tell people what has begun and what is over by the night `as_of`, and what waits from before.

    Whatever is in the way is in what is returned: the night itself is done.
    """
    channels = channels_of(settings, now=now)
    try:
        quoting_nobody(casebook.alerts().heed)(
            conditions.holding,
            conditions.judged,
            as_of=as_of,
            now=now,
            recipients=channels.recipients,
        )
    except CpliError as error:
        trouble = str(error)
    else:
        return send_waiting(casebook, channels, now=now)
    return tell_unremembered(conditions.holding, channels, now=now, why=trouble)


def tell_of_failure(
    settings: Settings, out: Path, *, as_of: date, why: str, now: datetime
) -> Alerted:
    """Tell people that a night has ended with an error.

    Nothing is told where the night is on record and says of each council why it was not assessed:
    those were told of.
    """
    failed = Condition(kind=AlertKind.FAILED, night=as_of, text=why)
    try:
        casebook = quoting_nobody(Casebook.open)(
            database_url(settings, out), levels=settings.service_levels
        )
        standing = quoting_nobody(casebook.night)(as_of)
    except CpliError as error:
        trouble = str(error)
    else:
        if standing and standing.outcome is NightOutcome.NOTHING_ASSESSED:
            return Alerted()
        return tell(casebook, settings, Conditions(holding=(failed,)), as_of=as_of, now=now)
    return tell_unremembered([failed], channels_of(settings, now=now), now=now, why=trouble)


def look_for_late(settings: Settings, out: Path, *, now: datetime) -> Alerted:
    """Tell people where the night that is due is not on record, and send what waits."""
    night = night_due(now, late_after=settings.alerts.late_after)
    url = database_url(settings, out)
    try:
        # A misspelt folder must not become a record of its own.
        quoting_nobody(Casebook.open)(url, read_only=True)
        casebook = quoting_nobody(Casebook.open)(url, levels=settings.service_levels)
        standing = quoting_nobody(casebook.night)(night)
    except CpliError as error:
        trouble = str(error)
    else:
        text = NOT_ON_RECORD.format(by=settings.alerts.late_after, night=night)
        late = Condition(kind=AlertKind.LATE, night=night, text=text)
        conditions = Conditions(holding=() if standing else (late,), judged=frozenset({LATE}))
        return tell(casebook, settings, conditions, as_of=night, now=now)
    unknown = Condition(kind=AlertKind.LATE, night=night, text=CANNOT_BE_TOLD.format(why=trouble))
    return tell_unremembered([unknown], channels_of(settings, now=now), now=now, why="")


def night_due(now: datetime, *, late_after: str) -> date:
    """Return the latest night that should be on record, by the time of day in London."""
    wall = now.astimezone(LONDON)
    is_due = wall.time() >= time.fromisoformat(late_after)
    return wall.date() if is_due else wall.date() - timedelta(days=1)


def channels_of(settings: Settings, *, now: datetime) -> Channels:
    """Return the channels that are set up; the log always is."""
    sends: dict[AlertChannel, Send] = {AlertChannel.LOG: _log}
    recipients = [Recipient(channel=AlertChannel.LOG)]
    mail, hook = settings.alerts.email.place(), settings.alerts.webhook.place()
    if mail is not None:
        to = settings.alerts.email.recipients
        sends[AlertChannel.EMAIL] = partial(_mail, Mailbox(mail), to=to, now=now)
        recipients += [Recipient(channel=AlertChannel.EMAIL, address=each) for each in to]
    if hook is not None:
        sends[AlertChannel.WEBHOOK] = partial(_post, Hook(hook))
        recipients.append(Recipient(channel=AlertChannel.WEBHOOK))
    return Channels(sends=sends, recipients=tuple(recipients))


def send_waiting(casebook: Casebook, channels: Channels, *, now: datetime) -> Alerted:
    """Send what waits; somebody else who does so just now is waited for, but not for long."""
    alerts, sent = casebook.alerts(), 0
    try:
        with ExitStack() as held:
            try:
                held.enter_context(alerts.hold(wait_seconds=PATIENCE_SECONDS))
            except TryAgainLater:
                return Alerted(waiting=len(alerts.waiting(now=now)))
            for turn in AlertTurn:
                for channel, send in channels.sends.items():
                    messages = [
                        it
                        for it in alerts.waiting(now=now)
                        if it.turn is turn and it.to.channel is channel
                    ]
                    told = quoting_nobody(_send)(send, messages, alerts)
                    sent += 0 if channel is AlertChannel.LOG else told
        left = alerts.waiting(now=now)
    except CpliError as error:
        return Alerted(sent=sent, troubles=(str(error),))
    return Alerted(sent=sent, waiting=len(left), troubles=tuple(_troubles(left, channels)))


def tell_unremembered(
    conditions: Iterable[Condition], channels: Channels, *, now: datetime, why: str
) -> Alerted:
    """Tell everybody of what there is no record of; once more each time that this is called."""
    sent, troubles = 0, [why] if why else []
    for condition in conditions:
        telling = _unremembered(condition, now=now, why=why)
        for channel, send in channels.sends.items():
            addresses = [it.address for it in channels.recipients if it.channel is channel]
            try:
                refused = quoting_nobody(send)(telling, addresses)
            except CpliError as error:
                troubles.append(str(error))
                continue
            troubles += refused.values()
            sent += 0 if channel is AlertChannel.LOG else len(addresses) - len(refused)
    return Alerted(sent=sent, troubles=tuple(dict.fromkeys(troubles)))


def _send(send: Send, messages: Sequence[AlertMessage], alerts: Alerts) -> int:
    """Send the messages of a channel, event by event, up to what is in the way of all."""
    sent = 0
    events = [[*group] for _, group in groupby(messages, key=lambda it: it.alert.number)]
    for place, event in enumerate(events):
        try:
            refused = quoting_nobody(send)(_telling(event[0]), [it.to.address for it in event])
        except CpliError as error:
            trouble = str(error)
            of_one = isinstance(error, AlertRefused) and error.fault in OF_ONE_MESSAGE
        else:
            for message in event:
                if message.to.address in refused:
                    alerts.not_sent(message, trouble=refused[message.to.address])
                else:
                    alerts.sent(message)
                    sent += 1
            continue
        for message in event if of_one else [it for rest in events[place:] for it in rest]:
            alerts.not_sent(message, trouble=trouble)
        if not of_one:
            break
    return sent


def _log(telling: Telling, _addresses: Sequence[str]) -> Mapping[str, str]:
    """Say it in the log: in one line, as all that stands there."""
    said = " ".join(telling.text.split())
    if telling.event == RAISED:
        LOG.warning("Alert: %s", said)
    else:
        LOG.info("Alert over: %s", said)
    return {}


def _mail(
    mailbox: Mailbox,
    telling: Telling,
    addresses: Sequence[str],
    *,
    to: Sequence[str],
    now: datetime,
) -> Mapping[str, str]:
    refused = mailbox.send(telling, addresses, to=to, now=now)
    return {each: str(trouble) for each, trouble in refused.items()}


def _post(hook: Hook, telling: Telling, _addresses: Sequence[str]) -> Mapping[str, str]:
    hook.post(telling)
    return {}


def _telling(message: AlertMessage) -> Telling:
    """Return what a message says."""
    alert = message.alert
    begun = _title(alert, alert.night, begins=True)
    if message.turn is AlertTurn.RAISED:
        title, at, paragraphs = begun, alert.raised_at, [f"{begun}.", alert.text, ONCE]
    else:
        title = _title(alert, alert.recovered_on or alert.last_night, begins=False)
        said = OVER.format(night=british_date(alert.night), title=begun)
        at, paragraphs = alert.recovered_at or alert.raised_at, [f"{title}.", said]
    return Telling(
        reference=alert.reference,
        event=message.turn.value,
        kind=alert.kind.value,
        owner=alert.owner,
        night=alert.night,
        at=at,
        title=title,
        text="\n\n".join(filter(None, [*paragraphs, IN_THE_LOG])),
    )


def _unremembered(condition: Condition, *, now: datetime, why: str) -> Telling:
    """Return what is said of an event that is on no record; its id is the same each time."""
    title = _title(condition, condition.night, begins=True)
    name = f"cpli/{condition.kind}/{condition.owner}/{condition.night}"
    return Telling(
        reference=str(uuid5(NAMESPACE_URL, name)),
        event=AlertTurn.RAISED.value,
        kind=condition.kind.value,
        owner=condition.owner,
        night=condition.night,
        at=now,
        title=title,
        text="\n\n".join(
            filter(None, [f"{title}.", condition.text, UNREMEMBERED.format(why=why).strip()])
        ),
    )


def _title(about: AlertRow | Condition, night: date, *, begins: bool) -> str:
    return TITLES[about.kind, begins].format(
        owner=council_name(about.owner), night=british_date(night)
    )


def _troubles(left: Collection[AlertMessage], channels: Channels) -> Iterable[str]:
    """Return what somebody should act on, each once."""
    troubles = (
        it.trouble
        if it.to.channel in channels.sends
        else NOT_SET_UP.format(channel=it.to.channel.display)
        for it in left
    )
    return dict.fromkeys(trouble for trouble in troubles if trouble)
