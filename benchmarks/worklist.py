"""Drive the worklist's pages: `python -m benchmarks.worklist URL`, an empty database's address.

There are 200,000 cases (`--cases`), an eighth of them open, of three councils and 300 providers.
The site is served as it is in service, by two processes, and 20 people (`--users`) go from page to
page, each signed in, with half a second to a second and a half of thought between two pages. Of
each page the median, the 95th and the 99th percentile in milliseconds, and how many queries it asks
of a record of 2,000 cases and of this one.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
from flask.json.tag import TaggedJSONSerializer
from flask.testing import FlaskClient
from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.pool import NullPool

from benchmarks.cases import COUNCILS, FIRST, found, night
from benchmarks.worklist_queries import further, keep_lines, spread_out
from casebook.actions import Action, Step
from casebook.audit import Actor
from casebook.desk import Desk
from casebook.store import Casebook
from casebook.worklist import Worklist
from publishing.notices.facts import GROUPS, Item, Notice
from schemas.accounts import Role, User
from schemas.vocabularies import DiscrepancyType, Severity
from settings.worklist import Worklist as Settings
from worklist.app import create_app
from worklist.services import Services
from worklist.serving import THREADS, serve

CASES, FEW, OPEN = 200_000, 2_000, 8
NAMES = dict(zip(COUNCILS, ("Leicester", "Leicestershire", "Rutland"), strict=True))
LATEST = FIRST + timedelta(days=7)
BY = Actor(who="a benchmark")
KEY = "a key of the benchmark that is long enough"
COOKIE = "cpli"
THINKING = (0.5, 1.5)
FAR = 20
CASE_LINK = re.compile(r"/cases/([0-9a-f]{32})\"")
CHOSEN = re.compile(r'name="case" value="([0-9a-f]{32}:[0-9]+)"')
HIDDEN = re.compile(r"<input[^>]*type=\"hidden\"[^>]*>")
QUESTION = re.compile(r"/questions/[0-9a-f]{32}")
ROLES = (
    *(Role.COMMISSIONING_WORKER,) * 9,
    *(Role.TEAM_LEAD,) * 3,
    *(Role.PROVIDER_USER,) * 5,
    *(Role.MANAGER,) * 3,
)
"""Of whom each twenty of those who use the site are."""
FILTERS = (
    "whose=team",
    "standing=breached",
    "kind=support_ended&severity=high",
    "state=in_progress&sort=severity",
    "sort=oldest",
    "sort=changed",
    "age=10&sort=type",
    "provider=P1005",
    "settled=yes",
    "whose=nobody&sort=newest",
)


def fill(casebook: Casebook, number: int) -> None:
    """Put cases on record, most of them settled since, and let people act on some of the rest."""
    numbers = np.arange(number)
    severities = np.array([severity.value for severity in Severity])
    cases = found(numbers)
    cases = cases.assign(severity=pd.Series(severities[numbers % 7 % 3], dtype="str"))
    about = pd.DataFrame(
        {
            "discrepancy_id": cases["discrepancy_id"],
            "team": [f"Team {number % 41 % 40:02}" for number in numbers],
            "worker": [f"worker {number % 401:03}" for number in numbers],
            "entry_identities": None,
        }
    ).astype("str")
    still = number // OPEN
    casebook.clock = lambda: datetime(2026, 11, 16, 6, tzinfo=UTC)
    of_council = {"assessed": True, "discrepancies": {"start_date_differs": number // 3}}
    summary = {
        "councils": dict.fromkeys(COUNCILS, of_council),
        "all": {"discrepancies_without_council": {}},
    }
    casebook.record(replace(night(0, cases), about=about, summary=summary))
    casebook.clock = lambda: datetime.now(UTC)
    casebook.record(replace(night(7, cases[:still]), about=about[:still], summary=summary))
    keep_lines(casebook, cases[:still])
    _act(casebook, cases["discrepancy_id"][:still].tolist())
    casebook.notices().keep_pages(LATEST, _pages(cases[:still]))
    spread_out(casebook)


def _act(casebook: Casebook, ids: list[str]) -> None:
    """Let people act on half of the open cases, some more than once."""
    tenth = max(1, len(ids) // 10)
    for first, steps in (
        (0, [Step(action=Action.ASK_PROVIDER)]),
        (1, [Step(action=Action.ASSIGN, team="Team 07", worker="worker 007")]),
        (2, [Step(action=Action.ASK_COUNCIL), Step(action=Action.NOTE, note="Rang twice.")]),
        (3, [Step(action=Action.ASSIGN, team="Team 08"), Step(action=Action.ASK_PROVIDER)]),
        (4, [Step(action=Action.RESOLVE, reason="other", note="Agreed.")]),
    ):
        some = dict.fromkeys(ids[first * tenth : (first + 1) * tenth], None)
        for step in steps:
            Desk(casebook).act(step, some, who="jo@example.gov.uk")


def _pages(cases: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return what each provider may see of the latest night."""
    pages = {}
    for provider, own in cases.groupby("provider_id"):
        items = tuple(
            Item(
                case=row.discrepancy_id,
                group=GROUPS[DiscrepancyType(row.type)],
                council=NAMES[row.local_authority],
                person=row.person_id,
                initials="A. E.",
                born="1940",
                service="Home Support",
                found="The start dates differ.",
                record=row.council_value,
                said=row.provider_value,
                to_do="Tell us which is right.",
            )
            for row in own.itertuples()
            if DiscrepancyType(row.type) in GROUPS
        )
        pages[str(provider)] = Notice(
            provider_id=str(provider),
            provider_name=f"Provider {provider}",
            name=str(LATEST),
            as_of=LATEST,
            reply_by=LATEST + timedelta(days=7),
            list_date=LATEST,
            list_wanted="",
            list_notes=(),
            items=items,
            left_out=(),
            contacts=dict.fromkeys(NAMES.values(), "0116 496 0000"),
        ).as_json()
    return pages


def settings_of(port: int = 8080) -> Settings:
    """Return how the site is served."""
    return Settings.model_validate({"secret_key": KEY, "allow_plain_http": True, "port": port})


def services_of(casebook: Casebook, out: Path) -> Services:
    """Return what the pages work with."""
    return Services(casebook=casebook, settings=settings_of(), out=out, councils=NAMES)


def site(url: str, out: Path) -> Services:
    """Return what the pages of one process work with, each with connections of its own."""
    return services_of(Casebook.open(url, keeps=THREADS), out)


@contextmanager
def beside(url: str) -> Iterator[str]:
    """Make an empty database beside another, and yield its address."""
    name = f"few_{secrets.token_hex(8)}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0"))
    try:
        yield make_url(url).set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def sign_in(casebook: Casebook, users: int) -> list[tuple[User, str]]:
    """Add people with a session each, and return them with the ids of their sessions."""
    sessions = casebook.web_sessions(idle=timedelta(hours=4), longest=timedelta(hours=12))
    return [_signed_in(casebook, sessions, number) for number in range(users)]


def _signed_in(casebook: Casebook, sessions: Any, number: int) -> tuple[User, str]:
    role = ROLES[number % len(ROLES)]
    provider = f"P{1000 + number % 3}" if role is Role.PROVIDER_USER else None
    user = casebook.accounts().add(
        User(
            number=0,
            email=f"{secrets.token_hex(4)}@example.gov.uk",
            name=f"worker {number:03}",
            role=role,
            # Every fourth works for all councils.
            council=None if provider or number % 4 == 3 else COUNCILS[number % 4],
            team=None if provider else f"Team {number % 40:02}",
            provider_id=provider,
        ),
        by=BY,
    )
    session = secrets.token_urlsafe()
    data = TaggedJSONSerializer().dumps({"number": user.number})
    sessions.begin(session, data, account=user.number, signed_in=True, place="127.0.0.1")
    return user, session


@dataclass
class Answer:
    """What came back."""

    status: int
    text: str


Ask = Callable[..., Awaitable[Answer]]
"""Asks for a page by its name in the table, its method and its address, with fields to send."""


@dataclass
class Visit:
    """Somebody's way through the pages: `ask` fetches one; `far` is a page deep in the list."""

    ask: Ask
    far: str
    draw: random.Random = field(default_factory=random.Random)

    async def of(self, role: Role) -> None:
        """Go once through the pages of a role."""
        match role:
            case Role.PROVIDER_USER:
                await self.answer()
            case Role.MANAGER:
                await self.manage()
            case _:
                await self.work()

    async def work(self) -> None:
        """Look for what there is to do, and do some of it."""
        await self.ask("home", "GET", "/home")
        await self.ask("list", "GET", "/cases")
        for query in self.draw.sample(FILTERS, 3):
            name = query.split("&")[0].replace("page=", "")
            await self.ask(f"list, {name}", "GET", f"/cases?{query}")
        page = await self.ask("list, far", "GET", f"/cases?page={self.far}")
        cases = CASE_LINK.findall(page.text)
        if not cases:
            return
        case = self.draw.choice(cases)
        shown = await self.ask("case", "GET", f"/cases/{case}")
        await self.ask(
            "search", "POST", "/cases/search", **hidden(shown.text, "csrf_token"), text=case
        )
        form = await self.ask("form of a step", "GET", f"/cases/{case}/assign")
        sent = hidden(form.text, "csrf_token", "version", "request")
        await self.ask("step", "POST", f"/cases/{case}/assign", **sent, whom="me")
        token = hidden(page.text, "csrf_token")
        chosen = {"case": CHOSEN.findall(page.text)[:20]}
        many = await self.ask("bulk, chosen", "POST", "/cases/bulk", **token, **chosen)
        again = {"case": CHOSEN.findall(many.text), "stage": "confirm"}
        sent = hidden(many.text, "csrf_token", "request")
        await self.ask(
            "bulk, looked at", "POST", "/cases/bulk", **sent, **again, action="ask_council"
        )

    async def answer(self) -> None:
        """Look at one's questions, and at one of them."""
        page = await self.ask("questions", "GET", "/questions")
        asked = QUESTION.findall(page.text)
        if asked:
            await self.ask("a question", "GET", self.draw.choice(asked))

    async def manage(self) -> None:
        """Look at the measures and at the nights."""
        await self.ask("measures", "GET", "/measures")
        await self.ask("nights", "GET", "/nights")
        await self.ask("a night", "GET", f"/nights/{LATEST}")
        await self.ask("home of a manager", "GET", "/home")


def hidden(page: str, *names: str) -> dict[str, str]:
    """Return some hidden fields of the last form of a page that has them."""
    found_ = {}
    for tag in HIDDEN.findall(page):
        told = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if told.get("name") in names:
            found_[told["name"]] = unescape(told.get("value", ""))
    return found_


@dataclass
class Taken:
    """How long pages took, in seconds, and how often each came back with which status."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    odd: dict[tuple[str, int], int] = field(default_factory=lambda: defaultdict(int))

    def asks_by(self, client: httpx.AsyncClient, until: float) -> Ask:
        """Return what asks with a client, and thinks before that."""

        async def ask(name: str, method: str, path: str, **fields: Any) -> Answer:
            await asyncio.sleep(random.uniform(*THINKING))
            started = time.perf_counter()
            response = await client.request(method, path, data=fields or None)
            if time.perf_counter() < until:
                self.seconds[name].append(time.perf_counter() - started)
            if response.status_code not in {200, 303}:
                self.odd[name, response.status_code] += 1
            return Answer(status=response.status_code, text=response.text)

        return ask


async def drive(address: str, people: list[tuple[User, str]], *, far: str, seconds: float) -> Taken:
    """Let people go through the pages for a while; what they do to warm up is not counted."""
    await _rounds(address, people, far=far, seconds=min(seconds / 3, 20))
    return await _rounds(address, people, far=far, seconds=seconds)


async def _rounds(
    address: str, people: list[tuple[User, str]], *, far: str, seconds: float
) -> Taken:
    taken, until = Taken(), time.perf_counter() + seconds

    async def live(user: User, session: str) -> None:
        async with httpx.AsyncClient(base_url=address, timeout=60) as client:
            client.cookies.set(COOKIE, session, domain="127.0.0.1")
            visit = Visit(ask=taken.asks_by(client, until), far=far)
            await asyncio.sleep(random.uniform(0, THINKING[1]))
            while time.perf_counter() < until:
                await visit.of(user.role)

    await asyncio.gather(*(live(*each) for each in people))
    return taken


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """Yield the queries that are asked meanwhile."""
    asked = list[str]()

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)


def queries(casebook: Casebook, out: Path, *, rounds: int = 8) -> dict[str, int]:
    """Return how many queries each page asks at most, in some rounds of each role."""
    app = create_app(services_of(casebook, out))
    people = {user.role: session for user, session in sign_in(casebook, len(ROLES))}
    far = further(Worklist(casebook), 1) or ""
    numbers: dict[str, int] = {}
    for role, session in people.items():
        client = app.test_client()
        client.set_cookie(COOKIE, session)
        client.get("/account")  # the first page of a session writes its token
        ask = _counting(client, casebook.engine, numbers)
        for seed in range(rounds):
            asyncio.run(Visit(ask=ask, far=far, draw=random.Random(seed)).of(role))
    return numbers


def _counting(client: FlaskClient, engine: Engine, numbers: dict[str, int]) -> Ask:
    async def ask(name: str, method: str, path: str, **fields: Any) -> Answer:
        with counted(engine) as asked:
            response = client.open(path, method=method, data=fields or None)
        numbers[name] = max(numbers.get(name, 0), len(asked))
        return Answer(status=response.status_code, text=response.text)

    return ask


@contextmanager
def served(url: str) -> Iterator[str]:
    """Serve the site by processes of their own, and yield its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "benchmarks.worklist", url, "--serve", str(port)]
    process = subprocess.Popen(command)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(120):
            try:
                if httpx.get(f"{address}/health/ready").status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.5)
        yield address
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    """Fill the casebook if it is empty, serve it and drive it; or serve alone."""
    parser = argparse.ArgumentParser(prog="benchmarks.worklist")
    parser.add_argument("url")
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=90)
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cpli-worklist-") as folder:
        if given.serve:
            serve(lambda: create_app(site(given.url, Path(folder))), settings_of(given.serve))
            return
        casebook = Casebook.open(given.url)
        if not casebook.nights():
            started = time.perf_counter()
            fill(casebook, given.cases)
            print(f"filled in {time.perf_counter() - started:.0f} s", flush=True)
        with beside(given.url) as url:
            few = Casebook.open(url)
            fill(few, FEW)
            asked = {FEW: queries(few, Path(folder)), given.cases: queries(casebook, Path(folder))}
        people = sign_in(casebook, given.users)
        far = further(Worklist(casebook), FAR) or ""
        with served(given.url) as address:
            taken = asyncio.run(drive(address, people, far=far, seconds=given.seconds))
    tell(taken, asked, seconds=given.seconds)


def tell(taken: Taken, asked: Mapping[int, Mapping[str, int]], *, seconds: float) -> None:
    """Print the table."""
    heads = [f"queries at {number:,} cases" for number in asked]
    print(f"| page | times | p50 | p95 | p99 | {' | '.join(heads)} |")
    print("|" + "---|" * (5 + len(heads)))
    whole = list[float]()
    for name, times in sorted(taken.seconds.items()):
        whole += times
        numbers = " | ".join(str(of.get(name, "")) for of in asked.values())
        print(f"| {name} | {len(times)} | {_percentiles(times)} | {numbers} |")
    print(f"| all | {len(whole)} | {_percentiles(whole)} |" + " |" * len(heads))
    for (name, status), times in taken.odd.items():
        print(f"{name}: {times} times {status}")
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"{len(whole) / seconds:.1f} pages a second; load {load} on {os.cpu_count()} cores")


def _percentiles(times: list[float]) -> str:
    if len(times) < 2:
        return " | ".join(f"{times[0] * 1000:.0f}" for _ in range(3))
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    return " | ".join(f"{cuts[each - 1] * 1000:.0f}" for each in (50, 95, 99))


if __name__ == "__main__":
    main()
