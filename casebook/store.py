"""The record of nights: replaces a night whole, and says what changed since the one before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Self

import pandas as pd
from sqlalchemy import Connection, Engine, select

from casebook.accounts import Accounts
from casebook.alerts import Alerts
from casebook.asked import AskedCases
from casebook.audit import Audit
from casebook.casefile import catch_up, read_cases, read_counts, read_frame
from casebook.changes import COMPARED, compare
from casebook.database import connect, reading, rewrite, writing
from casebook.evidence import Evidence
from casebook.faults import in_plain_words, place
from casebook.frames import ABOUT, about_of, checked, from_rows, to_compare, to_rows
from casebook.gates import Gates
from casebook.keeping import keep_levels, kept_levels, read_rulings
from casebook.levels import ServiceLevels
from casebook.lineage import Lineage
from casebook.locks import lock
from casebook.measures import Measures, measure
from casebook.models import DISCREPANCY_CASE
from casebook.notices import Notices
from casebook.outbox import Outbox
from casebook.proof import prove
from casebook.publication import Publication
from casebook.purge import EMPTIED, Purged, Retention, insist_on_whole, purge
from casebook.record import (
    CaseCounts,
    CaseState,
    Change,
    NightRecord,
    NightRow,
    Presence,
    Recorded,
    Scope,
    Verdict,
)
from casebook.rulings import Rulings
from casebook.sql import (
    hash_again,
    night_before,
    put_night,
    read_discrepancies,
    read_nights,
    read_timeliness,
)
from casebook.tokens import Tokens
from casebook.told import read_told
from casebook.upgrade import behind, upgrade
from casebook.uploads import Uploads
from casebook.views import Views
from casebook.web_sessions import WebSessions
from casebook.work import ages, standings
from casebook.working_days import london
from schemas.errors import PersonNeeded, WrongUsage
from schemas.tables import DISCREPANCY_COLUMNS
from schemas.vocabularies import DiscrepancyType

UPGRADE = "an upgrade"


def utc_now() -> datetime:
    """Return the instant at which a night goes on record."""
    return datetime.now(UTC)


class Casebook:
    """The record of nights in one database. Each method opens and closes what it needs.

    All raise `TryAgainLater` where the database is busy or out of reach, and `PersonNeeded` where
    it is damaged, full, not ours or not to be written; none of their messages quotes a row.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        levels: ServiceLevels | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.engine = engine
        self.levels = levels or ServiceLevels()
        self.clock = clock

    @classmethod
    def open(
        cls,
        url: str,
        *,
        read_only: bool = False,
        levels: ServiceLevels | None = None,
        keeps: int = 0,
    ) -> Self:
        """Open the record at `sqlite:///FILE` or `postgresql://...`, its tables up to date.

        A SQLite file is made if need be, for its owner only. Read only, nothing is made or changed.
        `keeps` is how many connections to PostgreSQL are kept open for what is asked next.
        """
        casebook = cls(connect(url, read_only=read_only, keeps=keeps), levels=levels)
        casebook._prepare(read_only=read_only)
        return casebook

    @contextmanager
    def hold(self, as_of: date, *, wait_seconds: float) -> Iterator[None]:
        """Keep every other run of this night away; the lock goes with the process, even if killed.

        Raises `TryAgainLater` where another run still holds the night after `wait_seconds`.
        """
        release = self._lock(as_of, wait_seconds=wait_seconds)
        try:
            yield
        finally:
            release()

    @in_plain_words
    def record(self, night: NightRecord) -> Recorded:
        """Put a night on record in one transaction, in place of what stood for it before.

        No other night is touched, and no row at all where the very same content stands already.
        The cases and their history follow in the same transaction.
        Raises `ContractBreach` where the discrepancies are not the Discrepancy table, and
        `WrongUsage` for a night whose personal data has been purged.
        """
        discrepancies = checked(night.discrepancies)
        rows = to_rows(discrepancies, night.about)
        with writing(self.engine) as connection:
            insist_on_whole(connection, night.as_of)
            now = self.clock()
            effect = put_night(connection, night, rows, now=now)
            who = f"the night of {night.as_of}"
            keep_levels(connection, self.levels, who=who, now=now)
            catch_up(connection, levels=self.levels, who=who, now=now)
            since = night_before(connection, night.as_of)
            changes = _changes(
                connection, discrepancies[list(COMPARED)], scope=night.scope, since=since
            )
        counts = changes["change"].value_counts()
        return Recorded(
            as_of=night.as_of,
            effect=effect,
            since=since,
            **{change.value: int(counts.get(change.value, 0)) for change in Change},
        )

    @in_plain_words
    def nights(self) -> list[NightRow]:
        """Return every night on record, oldest first."""
        with reading(self.engine) as connection:
            return read_nights(connection)

    @in_plain_words
    def night(self, as_of: date) -> NightRow | None:
        """Return a night, or None where it is not on record."""
        with reading(self.engine) as connection:
            return next(iter(read_nights(connection, as_of)), None)

    @in_plain_words
    def discrepancies(self, as_of: date) -> pd.DataFrame:
        """Return a night's Discrepancy table, in the order of the file.

        Raises `WrongUsage` where the night is not on record.
        """
        with reading(self.engine) as connection:
            _must_stand(connection, as_of)
            return from_rows(read_discrepancies(connection, DISCREPANCY_COLUMNS, as_of))

    @in_plain_words
    def about(self, as_of: date) -> pd.DataFrame:
        """Return what a night on record knew about its discrepancies, as `NightRecord.about`."""
        with reading(self.engine) as connection:
            _must_stand(connection, as_of)
            return about_of(
                read_discrepancies(connection, ("discrepancy_id", *ABOUT.values()), as_of)
            )

    @in_plain_words
    def timeliness(self, first: date | None = None, last: date | None = None) -> pd.DataFrame:
        """Return what rule 10 measured on each night from one to another, both included.

        The columns are as_of and those of `TIMELINESS_TYPES`.
        """
        with reading(self.engine) as connection:
            return read_timeliness(connection, first, last)

    @in_plain_words
    def rulings(self, as_of: date) -> Rulings:
        """Return the rulings that a night heeds: those made upon earlier nights (rule 7)."""
        with reading(self.engine) as connection:
            return read_rulings(connection, as_of)

    @in_plain_words
    def compared(self, night: NightRecord) -> pd.DataFrame:
        """Return how a night that is not on record yet compares with the one before, as `changes`.

        Without an earlier night everything is new.
        """
        tonight = checked(night.discrepancies)[list(COMPARED)]
        with reading(self.engine) as connection:
            since = night_before(connection, night.as_of)
            return _changes(connection, tonight, scope=night.scope, since=since)

    @in_plain_words
    def changes(self, as_of: date, since: date) -> pd.DataFrame:
        """Return discrepancy_id, type, local_authority, provider_id and change since a night.

        Raises `WrongUsage` where either night is not on record.
        """
        with reading(self.engine) as connection:
            scope = _must_stand(connection, as_of).scope
            tonight = to_compare(read_discrepancies(connection, COMPARED, as_of))
            return _changes(connection, tonight, scope=scope, since=since)

    @in_plain_words
    def cases(
        self,
        *,
        on: date | None = None,
        local_authority: str | None = None,
        kind: DiscrepancyType | None = None,
        state: CaseState | None = None,
    ) -> pd.DataFrame:
        """Return cases by discrepancy_id, the longest open first, as they stand on a day.

        The columns are those of `discrepancy_case`, and age_days (working days since it opened),
        standing (a `Standing`, null where it is settled) and urgency (the severity, one step higher
        where the case is overdue). The day is today in London unless another is given.
        """
        narrowed = {"local_authority": local_authority, "type": kind, "state": state}
        conditions = [
            DISCREPANCY_CASE.c[name] == value for name, value in narrowed.items() if value
        ]
        with reading(self.engine) as connection:
            cases = read_cases(connection, *conditions)
            levels = kept_levels(connection)
        on = on or london(self.clock())
        aged = cases.join(ages(cases, on=on, levels=levels)).join(standings(cases, on=on))
        order = ["open_since", "type", "local_authority", "provider_id", "discrepancy_id"]
        return aged.reset_index().sort_values(order, ignore_index=True).set_index("discrepancy_id")

    @in_plain_words
    def states(self) -> pd.Series:
        """Return the state of each case that is there, by discrepancy_id."""
        case = DISCREPANCY_CASE.c
        there = case.presence == Presence.PRESENT.value
        query = select(case.discrepancy_id, case.state).where(there)
        with reading(self.engine) as connection:
            return read_frame(connection, query, key="discrepancy_id")["state"]

    @in_plain_words
    def measures(
        self,
        *,
        on: date | None = None,
        since: date | None = None,
        local_authority: str | None = None,
    ) -> Measures:
        """Return how the work goes up to a day (today in London), of all councils or of one.

        Without `since` everything on record counts.
        """
        with reading(self.engine) as connection:
            return measure(
                connection,
                on=on or london(self.clock()),
                since=since,
                local_authority=local_authority,
                levels=kept_levels(connection),
            )

    @in_plain_words
    def told(self, *, since: date) -> pd.DataFrame:
        """Return what the Care Record may know of cases that are there, or went since a day."""
        with reading(self.engine) as connection:
            return read_told(connection, since=since)

    def publication(self) -> Publication:
        """Return the state of the feed."""
        return Publication(self.engine, self.clock)

    def outbox(self) -> Outbox:
        """Return the exports on their way to the Care Record."""
        return Outbox(self.engine, self.clock)

    def notices(self) -> Notices:
        """Return what providers are told and answered."""
        return Notices(self.engine, self.clock)

    def evidence(self) -> Evidence:
        """Return the lines behind cases."""
        return Evidence(self.engine)

    def views(self) -> Views:
        """Return the views that accounts keep of lists."""
        return Views(self.engine)

    def asked(self) -> AskedCases:
        """Return how the cases stand that providers are asked about."""
        return AskedCases(self.engine)

    def uploads(self) -> Uploads:
        """Return the lists that providers sent over the web."""
        return Uploads(self.engine, self.clock)

    def alerts(self) -> Alerts:
        """Return what people are alerted to."""
        return Alerts(self.engine, self.clock)

    def gates(self) -> Gates:
        """Return what gates made of nights, and what people let out."""
        return Gates(self.engine, self.clock)

    def accounts(self, *, key: bytes | None = None) -> Accounts:
        """Return the accounts; without a key no second factor can be set up or checked."""
        return Accounts(self.engine, self.clock, key)

    def tokens(self) -> Tokens:
        """Return the tokens by which programs act for accounts."""
        return Tokens(self.engine, self.clock)

    def web_sessions(self, *, idle: timedelta, longest: timedelta) -> WebSessions:
        """Return the browsers' sessions, which end after some time."""
        return WebSessions(self.engine, self.clock, idle=idle, longest=longest)

    def audit(self) -> Audit:
        """Return the record of who looked at what."""
        return Audit(self.engine, self.clock)

    def lineage(self) -> Lineage:
        """Return what sources were made of on each night."""
        return Lineage(self.engine)

    @in_plain_words
    def case_counts(self, as_of: date) -> CaseCounts | None:
        """Return how many cases a night opened, closed and so on; None if it is not on record."""
        with reading(self.engine) as connection:
            return read_counts(connection, as_of)

    @in_plain_words
    def purge(
        self, retention: Retention, *, on: date | None = None, dry_run: bool = True
    ) -> Purged:
        """Say what has outlived its time on a day (today in London); unless dry, remove it.

        Only personal data goes. The database is then written anew, so that it is not left in
        space that is free.
        """
        on = on or london(self.clock())
        with (reading if dry_run else writing)(self.engine) as connection:
            purged = purge(
                connection,
                cases_before=on - timedelta(retention.closed_cases_days),
                nights_before=on - timedelta(retention.nights_days),
                accesses_before=on - timedelta(retention.access_days),
                on=on,
                now=self.clock(),
                dry_run=dry_run,
            )
        if not dry_run:
            rewrite(self.engine, EMPTIED)
        return purged

    @in_plain_words
    def verify(self) -> Verdict:
        """Say whether the history is whole, and nights and cases are what it says."""
        with reading(self.engine) as connection:
            return prove(connection)

    @in_plain_words
    def _prepare(self, *, read_only: bool) -> None:
        if not read_only:
            if upgrade(self.engine):
                with writing(self.engine) as connection:
                    now = self.clock()
                    hash_again(connection)
                    keep_levels(connection, self.levels, who=UPGRADE, now=now)
                    catch_up(connection, levels=self.levels, who=UPGRADE, now=now)
        elif behind(self.engine):
            raise PersonNeeded(
                f"{place(self.engine)} is empty or was made by an older version of this program."
                " Run a night to bring it up to date."
            )

    @in_plain_words
    def _lock(self, as_of: date, *, wait_seconds: float) -> Callable[[], None]:
        return lock(self.engine, as_of, wait_seconds=wait_seconds)


def _changes(
    connection: Connection, tonight: pd.DataFrame, *, scope: Scope, since: date | None
) -> pd.DataFrame:
    if since is None:
        return compare(tonight, to_compare([]), scope=scope, earlier_scope=Scope())
    return compare(
        tonight,
        to_compare(read_discrepancies(connection, COMPARED, since)),
        scope=scope,
        earlier_scope=_must_stand(connection, since).scope,
    )


def _must_stand(connection: Connection, as_of: date) -> NightRow:
    night = next(iter(read_nights(connection, as_of)), None)
    if night is None:
        raise WrongUsage(f"The night of {as_of} is not on record. Ask for one that is.")
    return night
