"""A site of three councils and two providers whose sources can go wrong, and what is left of it.

Each council has enough people for its figures to be told. Two nights are behind it; on the third
cases of every council open, close, come back and change.
"""

import json
import shutil
import sqlite3
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from feed.site import folder_place, settings_of
from folders.canonical import COUNCILS, Sources, csv_bytes
from folders.marked import MARK
from notices.site import Site as Told
from notices.site import below

from casebook.gates import Release
from flows import nightly
from flows.origin import origin_of, origin_of_kept
from flows.steps import Done
from schemas.gates import GateOutcome, GateResult
from schemas.tables import CPLI

KEY = "a key for tests alone"
WEDNESDAY, THURSDAY, FRIDAY, SATURDAY = (date(2026, 11, day) for day in range(18, 22))
PEOPLE = 28
"""So many people has each council."""

BY_THE_CLOCK = {
    *("at", "made_at", "first_recorded_at", "delivered_at", "tried_at", "raised_at"),
    *("recovered_at", "acknowledged_at", "sent_at", "noted_at", "emailed_at"),
}
NOT_LISTED = {WEDNESDAY: {0, 1, 2}, THURSDAY: {1, 2, 3}, FRIDAY: {0, 2, 4}, SATURDAY: {0, 2, 4, 5}}
"""Whom no provider lists, by the place that they have at their council."""

Rows = dict[str, list[dict[str, Any]]]


@dataclass(kw_only=True)
class Site(Told):
    """A site with a feed as well, whose nights are done without Prefect.

    `halved` are councils of whose CPLIs only the first half comes, `forgotten` those whose people
    no provider lists.
    """

    notices: str = 'place = "folders"\nfrequency = "nightly"'
    halved: set[str] = field(default_factory=set)
    forgotten: set[str] = field(default_factory=set)
    spoil: Callable[[Sources], object] = field(default=lambda sources: None)

    def __post_init__(self) -> None:
        super().__post_init__()
        (self.home / "drop").mkdir(exist_ok=True)
        for council in COUNCILS:
            while len(self.of(council)) < PEOPLE:
                provider = f"P{len(self.lines) % 2 + 1}"
                self.line(provider, council)
        for row in self.lines:
            row["commissioning_worker"] = f"{MARK}worker"

    def of(self, council: str) -> list[dict[str, str]]:
        """Return a council's CPLIs."""
        return [row for row in self.lines if row["local_authority"] == council]

    def become(self, as_of: date) -> None:
        """Have everything be as it is on a night."""
        self.unlisted = {
            row["cpli_id"]
            for council in COUNCILS
            for place, row in enumerate(self.of(council))
            if place in NOT_LISTED[as_of] or council in self.forgotten
        }
        if as_of >= FRIDAY:
            for council in COUNCILS:
                self.of(council)[2]["start_date"] = "2026-02-02"

    def write(self) -> Sources:
        sources = super().write()
        for council in self.halved - self.away:
            half = self.of(council)[: PEOPLE // 2]
            sources.write(f"council/{council}/cpli.csv", csv_bytes(half, CPLI.known))
        self.spoil(sources)
        return sources

    def write_settings(self) -> None:
        places = "".join(f"[places.{name}]\n{said}" for name, said in self.places.items())
        feed = settings_of(self.home / "sources", folder_place(self.home / "drop"))
        notices = f"[notices]\n{self.notices}\n{self.email}"
        self.config.write_text(f"{feed}\n{places}\n{notices}\n{self.more}", encoding="utf-8")

    def do(self, as_of: date = FRIDAY, *councils: str) -> Done:
        """Do a night with the sources as they are to be now."""
        self.become(as_of)
        self.write()
        return self.once_more(as_of, *councils)

    def once_more(self, as_of: date = FRIDAY, *councils: str) -> Done:
        """Do a night with the sources that are there."""
        origin = origin_of(None, self.out, config=self.config, as_of=as_of)
        return nightly.in_order(origin, councils=councils)

    def with_what_was_kept(self, as_of: date = FRIDAY) -> Done:
        """Do a night with what was kept of it."""
        origin = origin_of_kept(self.out, config=self.config, as_of=as_of)
        return nightly.in_order(origin, councils=(), kept=True)

    def release(self, council: str, *more: str, as_of: date = FRIDAY, why: str = "It is so") -> int:
        """Type `cpli release`."""
        given = ("--council", council, "--reason", why, "--who", "A. Manager")
        return self.cpli("release", str(as_of), *given, *more)

    def let_out_beforehand(self, *figures: GateResult, as_of: date = FRIDAY) -> None:
        """Have these very figures let out before the night is done."""
        self.casebook.gates().release(
            Release(
                as_of=as_of,
                owner=figures[0].owner,
                who="A. Manager",
                reason="It is so",
                figures={f"{each.source.value}.{each.gate}": each.observed for each in figures},
            )
        )

    def anothers(self, provider: str, listed_by: str) -> list[dict[str, str]]:
        """Return what a provider lists as though another listed it."""
        return [row | {"provider_id": listed_by} for row in self.listed(provider)]

    def copy(self, home: Path) -> "Site":
        """Return this site as it stands, at another place."""
        shutil.copytree(self.home, home, dirs_exist_ok=True)
        same = Site(
            home=home,
            register=dict(self.register),
            notices=self.notices,
            more=self.more,
            lines=[dict(row) for row in self.lines],
            halved=set(self.halved),
            forgotten=set(self.forgotten),
            away=set(self.away),
            unlisted=set(self.unlisted),
            spoil=self.spoil,
        )
        # As `join` adds people to a site that is made, those of this one are put in once more.
        same.lines = [dict(row) for row in self.lines]
        same.write()
        return same

    def folder(self, as_of: date = FRIDAY) -> dict[str, bytes]:
        """Return the files of a night's folder."""
        return below(self.out / str(as_of))

    def summary(self, as_of: date = FRIDAY) -> dict[str, Any]:
        """Return what a night's summary says, but for how long it took."""
        said = json.loads(self.folder(as_of)["summary.json"])
        del said["seconds"]
        return said

    def tables(self) -> Rows:
        """Return all that is on record, but for what the clock has said."""
        with closing(sqlite3.connect(self.out / "casebook.db")) as connection:
            connection.row_factory = sqlite3.Row
            names = connection.execute("select name from sqlite_master where type = 'table'")
            return {
                name: sorted(map(_plain, connection.execute(f"select * from {name}")), key=repr)
                for (name,) in names.fetchall()
            }


def _plain(row: sqlite3.Row) -> dict[str, Any]:
    return {name: value for name, value in dict(row).items() if name not in BY_THE_CLOCK}


def without_prefect_typed(patch: Callable[[str, Any], None]) -> None:
    """Have commands that do a night do it without Prefect."""
    from cli.reports import say_done

    def run_night(
        sources: Path | None,
        *,
        config: Path | None = None,
        as_of: date,
        out: Path,
        councils: Sequence[str],
        kept: bool = False,
    ) -> int:
        origin = (
            origin_of_kept(out, config=config, as_of=as_of)
            if kept
            else origin_of(sources, out, config=config, as_of=as_of)
        )
        done = nightly.in_order(origin, councils=councils, kept=kept)
        say_done(done)
        return done.exit_code

    patch("cli.release.run_night", run_night)
    patch("cli.night.run_night", run_night)


CASES = ("discrepancy_case", "case_turn", "case_statement")


def of_council(tables: Rows, council: str) -> Rows:
    """Return what is on record of a council: its cases, discrepancies, resources and measures."""
    ids = {
        row["discrepancy_id"]
        for name in ("discrepancy_case", "night_discrepancy")
        for row in tables[name]
        if row["local_authority"] == council
    }
    return {
        name: [row for row in rows if _is_of(row, council, ids)]
        for name, rows in tables.items()
        if name in (*CASES, "night_discrepancy", "feed_resource", "night_timeliness")
    }


def of_others(tables: Rows, council: str) -> Rows:
    """Return what is on record of the other councils, as `of_council` has it."""
    own = of_council(tables, council)
    return {name: [row for row in tables[name] if row not in rows] for name, rows in own.items()}


def _is_of(row: dict[str, Any], council: str, ids: Collection[str]) -> bool:
    if "local_authority" in row:
        return bool(row["local_authority"] == council)
    return row["discrepancy_id"] in ids


def failed(results: Sequence[GateResult], owner: str) -> list[GateResult]:
    """Return the gates of an owner that failed."""
    return [each for each in results if each.owner == owner and each.outcome is GateOutcome.FAILED]
