"""A made-up site that is run night by night, without Prefect, up to its export in a folder."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Self

import pandas as pd
from oracle.tables import synthetic_nhs_number
from pydantic import SecretStr

from casebook.actions import Action, Step
from casebook.desk import Desk
from casebook.store import Casebook
from flows.publication import keep, prepare_night, publish, write_feed
from flows.steps import conclude, open_source, pull_in_memory
from population.councils import councils_of
from population.days import day_number
from population.generate import ALL_COUNCILS, World, make_world, write_night
from settings.feed import Feed
from settings.settings import Settings

FIRST = date(2026, 10, 10)
"""The clocks change within these nights."""
PEOPLE, SEED = 200, 5
LEICESTER, RUTLAND, LEICESTERSHIRE = "E06000016", "E06000017", "E10000018"
AWAY = {6: {RUTLAND}, 7: {RUTLAND}, 8: {RUTLAND, LEICESTER}, 20: {LEICESTERSHIRE}}


@dataclass
class Site:
    """The sources of a night, to be changed before they are read."""

    root: Path

    def change(self, council: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
        path = self.root / "council" / council / "cpli.csv"
        if path.exists():
            frame = pd.read_csv(path, dtype=str, keep_default_na=False)
            change(frame).to_csv(path, index=False)

    def providers(self, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
        path = self.root / "providers.csv"
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        change(frame).to_csv(path, index=False)


def persons(frame: pd.DataFrame, first: int, last: int) -> pd.Series:
    """Say which lines are of some of a council's persons."""
    return frame["person_id"].isin(sorted(set(frame["person_id"]))[first:last])


def restrict(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(restricted=persons(frame, 0, 6).map({True: "yes", False: ""}))


def other_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """Give some persons other NHS numbers than they had, as a correction does."""
    hers = persons(frame, 10, 14)
    ids = {each: synthetic_nhs_number(900 + n) for n, each in enumerate(frame["person_id"][hers])}
    return frame.assign(nhs_number=frame["person_id"].map(ids).fillna(frame["nhs_number"]))


def fewer_lines(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[~persons(frame, 20, 26)]


def without_names(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(family_name=frame["family_name"].mask(persons(frame, 30, 34), ""))


def without_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(nhs_number=frame["nhs_number"].mask(persons(frame, 40, 43), ""))


def what_happens(site: Site, night: int) -> None:
    """Change the sources as sources change: each for some nights, and then back."""
    if 9 <= night <= 12:
        site.change(LEICESTER, restrict)
    if night >= 11:
        site.change(LEICESTERSHIRE, other_numbers)
    if 14 <= night <= 16:
        site.change(LEICESTER, fewer_lines)
    if 17 <= night <= 18:
        site.change(LEICESTERSHIRE, without_names)
    if 18 <= night <= 22:
        site.change(LEICESTERSHIRE, without_numbers)
    if night >= 7:
        site.providers(lambda frame: frame.assign(name=frame["name"] + " Group"))
    if 24 <= night <= 25:
        site.providers(lambda frame: frame.iloc[5:])


@dataclass
class Played:
    """A site that lives night by night; `sources` are those of the night that came last."""

    folder: Path
    world: World
    casebook: Casebook
    settings: Settings
    sources: Site

    @classmethod
    def begun(cls, folder: Path, *, people: int = PEOPLE, place: str | None = None) -> Self:
        """Begin a site; its feed goes to a place, if one is named."""
        chosen = councils_of(ALL_COUNCILS)
        settings = Settings(identity_key=SecretStr("a key for tests alone"), feed=Feed(place=place))
        return cls(
            folder=folder,
            world=make_world(people=people, seed=SEED, run_day=day_number(FIRST), councils=chosen),
            casebook=Casebook.open(f"sqlite:///{folder}/casebook.db"),
            settings=settings,
            sources=Site(folder),
        )

    def night(self, number: int, *, full: bool = False, renamed: str = "") -> Path:
        """Let a night come and be published; return the folder of its export.

        Run again, all providers can have been `renamed`.
        """
        as_of = FIRST + timedelta(days=number)
        at = datetime.combine(as_of, time(2, 30), tzinfo=UTC)
        self.casebook.clock = lambda: at
        if renamed:
            self.sources.providers(lambda frame: frame.assign(name=frame["name"] + renamed))
        else:
            self.sources = Site(self.folder / f"sources-{number}")
            write_night(
                self.sources.root, self.world, night=number, missing=AWAY.get(number, set())
            )
            what_happens(self.sources, number)
        self._run(as_of)
        row = publish(self.casebook, as_of, settings=self.settings, full=full).export
        out = self.folder / "out" / as_of.isoformat()
        write_feed(self.casebook, as_of, out)
        return out / "feed" / row.name

    def work(self, number: int) -> None:
        """Let somebody work on a few cases."""
        cases = self.casebook.cases()
        cases = cases[~cases["settled"]].sort_index()
        until = FIRST + timedelta(days=number + 5)
        steps = (
            Step(action=Action.ASSIGN, team="North"),
            Step(action=Action.RESOLVE, reason="other", note="It is settled."),
            Step(action=Action.ACCEPT, reason="agreed_difference", expires_on=until),
        )
        for place, step in enumerate(steps):
            chosen = cases.index[place * 3 + number % 5 :][:2]
            if len(chosen):
                Desk(self.casebook).act(step, dict.fromkeys(chosen), who="ann")

    def _run(self, as_of: date) -> None:
        """Run a night without Prefect, up to what it gives the feed."""
        source, known = open_source(self.sources.root)
        pulls = pull_in_memory(source, known, as_of=as_of, settings=self.settings)
        rulings = self.casebook.rulings(as_of)
        account = conclude(pulls, as_of=as_of, settings=self.settings, rulings=rulings)
        self.casebook.record(account.record)
        keep(prepare_night(account, pulls, self.casebook, settings=self.settings), self.casebook)
