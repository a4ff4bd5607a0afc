"""What providers are told: notices, how far they have got, and the answers that came back."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from casebook.database import reading, writing
from casebook.evidence_models import PROVIDER_PAGE
from casebook.faults import in_plain_words
from casebook.locks import lock
from casebook.notice_models import ANSWER_FILE, NOTICE, NOTICE_HIDDEN
from casebook.sql import pieces
from casebook.working_days import utc
from schemas.errors import PersonNeeded
from schemas.vocabularies import Vocabulary

THE_NOTICES = date.min + timedelta(days=1)
"""Stands for a night in the lock of whoever delivers notices: only one may."""

COLUMNS = [column for column in NOTICE.c if column.name not in {"content", "email_to"}]


class NoticeState(Vocabulary):
    """How far a notice has got."""

    KEPT = "kept", "in the night's folder: the provider has no place"
    WAITING = "waiting", "waiting to be delivered"
    DELIVERED = "delivered", "delivered"
    SUPERSEDED = "superseded", "not delivered: a later notice took its place"


class EmailState(Vocabulary):
    """How far the email has got that says that a notice is there."""

    NONE = "none", "none is sent"
    WAITING = "waiting", "waiting to be sent"
    SENT = "sent", "sent"
    SUPERSEDED = "superseded", "not sent: a later notice took its place"


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where a provider's notices go, and whom an email tells of it; `place` None is nowhere."""

    place: str | None = None
    email_to: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class NewNotice:
    """A notice as it is made.

    `found` and `asked` give hashes by council: of what the night found about the provider, and of
    what it was last asked. `content` is JSON's kind of data: what the notice says. `after` is the
    number of the provider's notice before it, 0 where there was none. `left_out` are councils of
    which it says nothing.
    """

    provider_id: str
    as_of: date
    name: str
    reference: str
    nothing_to_do: bool
    cases: int
    found: Mapping[str, str]
    asked: Mapping[str, str]
    left_out: tuple[str, ...]
    after: int
    content: Mapping[str, Any] = field(repr=False)
    place: str | None = None
    email_to: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class NoticeRow:
    """A notice on record, without what it says. Instants are UTC."""

    number: int
    provider_id: str
    as_of: date
    name: str
    reference: str
    nothing_to_do: bool
    cases: int
    found: Mapping[str, str]
    asked: Mapping[str, str]
    left_out: tuple[str, ...]
    made_at: datetime
    place: str | None
    state: NoticeState
    attempts: int
    delivered_at: datetime | None
    trouble: str | None
    email_state: EmailState
    emailed_at: datetime | None
    email_trouble: str | None


@dataclass(frozen=True, kw_only=True)
class ProviderPage:
    """What a provider may see of the latest night: what a notice of that night would say.

    `content` is JSON's kind of data.
    """

    provider_id: str
    as_of: date
    content: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class AnswersNoted:
    """A workbook of answers that was dealt with, and what was said of it; nobody is named.

    `as_of` is the night that did, None where somebody did by hand. `taken` and `refused` count
    rows; `refusals` are rows of the Refusal table, JSON's kind of data.
    """

    sha256: str
    provider_id: str
    as_of: date | None
    notice_date: date | None
    file: str
    usable: bool
    taken: int
    refused: int
    refusals: list[dict[str, Any]]
    receipt: str


class Notices:
    """The notices and answers in the casebook's database, whose tables are up to date.

    All methods raise `TryAgainLater` and `PersonNeeded` as the casebook does.
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self.engine = engine
        self.clock = clock

    @contextmanager
    def hold(self, *, wait_seconds: float) -> Iterator[None]:
        """Keep everybody else from delivering; the lock goes with the process, even if killed."""
        release = self._lock(wait_seconds=wait_seconds)
        try:
            yield
        finally:
            release()

    @in_plain_words
    def issue(self, drafts: Sequence[NewNotice]) -> list[NoticeRow]:
        """Put notices on record and return them; those that wait to be replaced never go.

        Where somebody else has made one of the same provider meanwhile, that one stands alone.
        """
        with writing(self.engine) as connection:
            latest = _latest_numbers(connection)
            first = max(latest.values(), default=0) + 1
            new = [each for each in drafts if latest.get(each.provider_id, 0) == each.after]
            rows = [self._row(each, first + place) for place, each in enumerate(new)]
            if rows:
                _supersede(connection, [each.provider_id for each in new])
                connection.execute(insert(NOTICE), rows)
            return _notices(connection, NOTICE.c.number >= first)

    @in_plain_words
    def hide(self, hidden: Mapping[str, Collection[str]]) -> frozenset[str]:
        """Keep whom councils restrict, and return whom those restrict that are not given.

        `hidden` gives keyed hashes by council, for each council that could say tonight.
        """
        council = NOTICE_HIDDEN.c.local_authority
        rows = [
            {"local_authority": code, "person_hash": each}
            for code, hashes in hidden.items()
            for each in sorted(hashes)
        ]
        with writing(self.engine) as connection:
            connection.execute(delete(NOTICE_HIDDEN).where(council.in_(list(hidden))))
            if rows:
                connection.execute(insert(NOTICE_HIDDEN), rows)
            elsewhere = select(NOTICE_HIDDEN.c.person_hash).where(council.not_in(list(hidden)))
            return frozenset(connection.scalars(elsewhere))

    @in_plain_words
    def keep_pages(self, as_of: date, contents: Mapping[str, Mapping[str, Any]]) -> None:
        """Put what providers, by their ids, may see of a night in the place of all that stands.

        What is there of a later night stays.
        """
        rows = [
            {
                "provider_id": provider,
                "provider_name": content["provider_name"],
                "as_of": as_of,
                "content": _json(content),
            }
            for provider, content in contents.items()
        ]
        with writing(self.engine) as connection:
            latest = connection.scalar(select(func.max(PROVIDER_PAGE.c.as_of)))
            if latest is not None and latest > as_of:
                return
            connection.execute(delete(PROVIDER_PAGE))
            if rows:
                connection.execute(insert(PROVIDER_PAGE), rows)

    @in_plain_words
    def page(self, provider_id: str) -> ProviderPage | None:
        """Return what a provider may see, None where no night has said anything for it yet."""
        page = PROVIDER_PAGE.c
        query = select(page.provider_id, page.as_of, page.content).where(
            page.provider_id == provider_id
        )
        with reading(self.engine) as connection:
            row = connection.execute(query).mappings().one_or_none()
        if row is None:
            return None
        return ProviderPage(**dict(row) | {"content": json.loads(row["content"])})

    @in_plain_words
    def provider_names(self) -> dict[str, str]:
        """Return what the latest night calls the registered providers, by their ids."""
        page = PROVIDER_PAGE.c
        with reading(self.engine) as connection:
            found = connection.execute(select(page.provider_id, page.provider_name))
            return {row.provider_id: row.provider_name for row in found}

    @in_plain_words
    def readdress(self, addresses: Mapping[str, Address]) -> None:
        """Let what waits go where its provider, by its id, now gets its notices.

        Who is not there gets nothing any more. What has no place now waits until it has one, and so
        does each provider's latest notice that never had one.
        """
        placeless = and_(NOTICE.c.state == NoticeState.KEPT.value, _is_latest())
        with writing(self.engine) as connection:
            for row in _notices(connection, or_(_waits(), placeless)):
                changes = _readdressed(row, addresses.get(row.provider_id))
                this = update(NOTICE).where(NOTICE.c.number == row.number)
                if changes:
                    connection.execute(this.values(**changes))

    @in_plain_words
    def latest(self) -> dict[str, NoticeRow]:
        """Return the latest notice of each provider."""
        with reading(self.engine) as connection:
            return {row.provider_id: row for row in _notices(connection, _is_latest())}

    @in_plain_words
    def notices(
        self, *, as_of: date | None = None, provider_id: str | None = None
    ) -> list[NoticeRow]:
        """Return notices in their order: all, those of a night, or those of a provider."""
        wanted = {NOTICE.c.as_of: as_of, NOTICE.c.provider_id: provider_id}
        conditions = [column == value for column, value in wanted.items() if value is not None]
        with reading(self.engine) as connection:
            return _notices(connection, *conditions)

    @in_plain_words
    def unfinished(self) -> list[NoticeRow]:
        """Return the notices that are to be delivered, or whose email is to be sent."""
        with reading(self.engine) as connection:
            return _notices(connection, _waits())

    @in_plain_words
    def content(self, number: int) -> Mapping[str, Any]:
        """Return what a notice says. Raises `PersonNeeded` where that was purged."""
        query = select(NOTICE.c.content).where(NOTICE.c.number == number)
        with reading(self.engine) as connection:
            content = connection.scalar(query)
        if content is None:
            raise PersonNeeded(
                "What a notice said has been purged, so it cannot be written again. The provider's"
                " next notice will say what stands then."
            )
        said: Mapping[str, Any] = json.loads(content)
        return said

    @in_plain_words
    def email_to(self, number: int) -> str | None:
        """Return whom the email of a notice goes to, while it waits."""
        query = select(NOTICE.c.email_to).where(NOTICE.c.number == number)
        with reading(self.engine) as connection:
            address: str | None = connection.scalar(query)
            return address

    @in_plain_words
    def delivered(self, number: int) -> None:
        """Note that a notice was delivered."""
        self._change(
            number,
            NOTICE.c.state == NoticeState.WAITING.value,
            state=NoticeState.DELIVERED.value,
            attempts=NOTICE.c.attempts + 1,
            delivered_at=self.clock(),
            trouble=None,
        )

    @in_plain_words
    def not_delivered(self, number: int, *, trouble: str) -> None:
        """Note an attempt that failed, and why."""
        self._change(
            number,
            NOTICE.c.state == NoticeState.WAITING.value,
            attempts=NOTICE.c.attempts + 1,
            trouble=trouble,
        )

    @in_plain_words
    def emailed(self, number: int) -> None:
        """Note that the email was sent; the address is not needed any more."""
        self._change(
            number,
            NOTICE.c.email_state == EmailState.WAITING.value,
            email_state=EmailState.SENT.value,
            emailed_at=self.clock(),
            email_to=None,
            email_trouble=None,
        )

    @in_plain_words
    def not_emailed(self, number: int, *, trouble: str) -> None:
        """Note why the email could not be sent."""
        self._change(
            number, NOTICE.c.email_state == EmailState.WAITING.value, email_trouble=trouble
        )

    @in_plain_words
    def answered(self, sha256: str, *, provider_id: str) -> bool:
        """Say whether a workbook of answers was dealt with."""
        file = ANSWER_FILE.c
        query = select(file.sha256).where(file.sha256 == sha256, file.provider_id == provider_id)
        with reading(self.engine) as connection:
            return connection.scalar(query) is not None

    @in_plain_words
    def note_answers(self, answers: AnswersNoted) -> None:
        """Note that a workbook of answers was dealt with; noted before, it changes nothing."""
        noted = ANSWER_FILE.c
        this = (noted.sha256 == answers.sha256, noted.provider_id == answers.provider_id)
        with writing(self.engine) as connection:
            if connection.scalar(select(noted.sha256).where(*this)) is None:
                told = json.dumps(answers.refusals, ensure_ascii=False)
                row = {**vars(answers), "refusals": told, "noted_at": self.clock()}
                connection.execute(insert(ANSWER_FILE), [row])

    @in_plain_words
    def answers(self, as_of: date) -> list[AnswersNoted]:
        """Return the workbooks that a night dealt with, in their order."""
        file = ANSWER_FILE.c
        columns = [each for each in ANSWER_FILE.c if each.name != "noted_at"]
        query = select(*columns).where(file.as_of == as_of)
        with reading(self.engine) as connection:
            rows = connection.execute(
                query.order_by(file.noted_at, file.provider_id, file.sha256)
            ).mappings()
            return [
                AnswersNoted(**dict(row) | {"refusals": json.loads(row["refusals"])})
                for row in rows
            ]

    @in_plain_words
    def _lock(self, *, wait_seconds: float) -> Callable[[], None]:
        return lock(self.engine, THE_NOTICES, wait_seconds=wait_seconds)

    def _row(self, notice: NewNotice, number: int) -> dict[str, Any]:
        state = NoticeState.WAITING if notice.place else NoticeState.KEPT
        # Nobody is told of what they cannot get.
        email_to = notice.email_to if notice.place else None
        return {
            "number": number,
            "provider_id": notice.provider_id,
            "as_of": notice.as_of,
            "name": notice.name,
            "reference": notice.reference,
            "nothing_to_do": notice.nothing_to_do,
            "cases": notice.cases,
            "found": _json(notice.found),
            "asked": _json(notice.asked),
            "left_out": ";".join(notice.left_out),
            "made_at": self.clock(),
            "place": notice.place,
            "state": state.value,
            "attempts": 0,
            "email_state": (EmailState.WAITING if email_to else EmailState.NONE).value,
            "email_to": email_to,
            "content": _json(notice.content),
        }

    def _change(self, number: int, condition: ColumnElement[bool], **values: Any) -> None:
        with writing(self.engine) as connection:
            connection.execute(
                update(NOTICE).where(NOTICE.c.number == number, condition).values(**values)
            )


def _latest_numbers(connection: Connection) -> dict[str, int]:
    notice = NOTICE.c
    latest = func.max(notice.number).label("latest")
    query = select(notice.provider_id, latest).group_by(notice.provider_id)
    return {row.provider_id: row.latest for row in connection.execute(query)}


def _supersede(connection: Connection, provider_ids: Sequence[str]) -> None:
    """Hold back what of these providers' earlier notices has not gone."""
    for some in pieces(provider_ids):
        theirs = NOTICE.c.provider_id.in_(some)
        connection.execute(
            update(NOTICE)
            .where(theirs, NOTICE.c.state == NoticeState.WAITING.value)
            .values(state=NoticeState.SUPERSEDED.value)
        )
        connection.execute(
            update(NOTICE)
            .where(theirs, NOTICE.c.email_state == EmailState.WAITING.value)
            .values(email_state=EmailState.SUPERSEDED.value, email_to=None)
        )


def _readdressed(row: NoticeRow, address: Address | None) -> dict[str, Any]:
    """Return what changes of a notice that waits; an address of None gets nothing any more."""
    changes: dict[str, Any] = {}
    if row.state is NoticeState.WAITING and address is None:
        changes |= {"state": NoticeState.KEPT.value, "place": None, "trouble": None}
    elif row.state is NoticeState.WAITING and address and address.place != row.place:
        changes |= {"place": address.place, "trouble": None}
    elif row.state is NoticeState.KEPT and address and address.place:
        changes |= {"state": NoticeState.WAITING.value, "place": address.place}
        if address.email_to and row.email_state is EmailState.NONE:
            changes |= {
                "email_state": EmailState.WAITING.value,
                "email_to": address.email_to,
            }
    if row.email_state is EmailState.WAITING:
        email_to = address.email_to if address else None
        changes["email_to"] = email_to
        if email_to is None:
            changes |= {"email_state": EmailState.NONE.value, "email_trouble": None}
    return changes


def _is_latest() -> ColumnElement[bool]:
    latest = select(func.max(NOTICE.c.number)).group_by(NOTICE.c.provider_id)
    return NOTICE.c.number.in_(latest)


def _waits() -> ColumnElement[bool]:
    return or_(
        NOTICE.c.state == NoticeState.WAITING.value,
        NOTICE.c.email_state == EmailState.WAITING.value,
    )


def _notices(connection: Connection, *where: ColumnElement[bool]) -> list[NoticeRow]:
    query = select(*COLUMNS).where(*where).order_by(NOTICE.c.number)
    return [_notice_row(dict(row)) for row in connection.execute(query).mappings()]


def _notice_row(facts: Mapping[str, Any]) -> NoticeRow:
    instants = {
        name: facts[name] and utc(facts[name]) for name in ("made_at", "delivered_at", "emailed_at")
    }
    return NoticeRow(
        **dict(facts)
        | instants
        | {
            "found": json.loads(facts["found"]),
            "asked": json.loads(facts["asked"]),
            "left_out": tuple(filter(None, facts["left_out"].split(";"))),
            "state": NoticeState(facts["state"]),
            "email_state": EmailState(facts["email_state"]),
        }
    )


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
