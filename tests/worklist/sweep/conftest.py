"""A night about two councils and two providers, whose people have hostile names, and the site."""

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import partial

import pytest
from feed.plain import without_prefect
from folders.canonical import LEICESTER, LEICESTERSHIRE, RUTLAND, Row, entry
from folders.marked import marked
from notices.site import FRIDAY, KEY, Site
from providing import Page
from signed import CHEAP, account, client_of, site
from sweeping import HOSTILE, Ids, World
from worklist_record import open_cases

from casebook import passwords
from casebook.store import Casebook
from cli.worklist import files_of_notice
from flows.outcome import FeedFacts
from flows.uploads import Inbox, Lists, inbox_of
from schemas.accounts import Role, User
from schemas.gates import Consequence, GateOutcome, GateResult, GateSeverity, GateSource
from worklist.security import limiter

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
NAMES = ("cpli_id", "person_id", "nhs_number", "family_name", "given_name", "date_of_birth")


@pytest.fixture(autouse=True)
def cheap_and_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare passwords at no cost, and count the tries of each test by themselves."""
    monkeypatch.setattr(passwords, "HASHER", CHEAP)
    passwords._nobodys.cache_clear()
    limiter.storage.reset()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count no tries, where a test asks far more often than anybody may."""
    monkeypatch.setattr(limiter, "enabled", False)


@pytest.fixture(scope="session")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Do one night, of which each provider has differences in each council."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CPLI_IDENTITY_KEY", KEY)
        without_prefect(patch.setattr)
        patch.setattr("flows.nightly.council_reports", lambda *_, **__: iter(()))
        patch.setattr("flows.nightly.publish_night", lambda *_, **__: FeedFacts(reason="none"))
        of_site = Site(
            home=tmp_path_factory.mktemp("swept"),
            register={each: {"name": f"Care {each} {HOSTILE}"} for each in ("P1", "P2")},
            notices='contact = "care line, 0116 496 0000"\nfrequency = "nightly"',
            more='[worklist]\nupload_place = "caseloads"\n',
        )
        for provider in ("P1", "P2"):
            for council in (LEICESTER, RUTLAND):
                hostile = {
                    "family_name": f"{HOSTILE}{provider}{council}",
                    "commissioning_team": f"Team {HOSTILE}"[:40],
                }
                of_site.line(provider, council, listed=False, **hostile)
                row = of_site.line(provider, council, listed=False, **hostile)
                changed = {"weekly_quantity": "21", "start_date": "2026-02-20"}
                of_site.entries.setdefault(provider, []).append(entry(row, **changed))
            unknown = marked(
                50 if provider == "P1" else 60, provider_id=provider, cpli_id="", person_id=HOSTILE
            )
            of_site.entries[provider].append(entry(unknown))
        assert of_site.night() == 0
        yield of_site


def values_of(rows: list[Row]) -> frozenset[str]:
    """Return what says who somebody is."""
    return frozenset(row[name] for row in rows for name in NAMES if row.get(name))


def held(_as_of: date, owner: str) -> tuple[GateResult, ...]:
    """Return what gates hold of anybody."""
    return (
        GateResult(
            source=next(iter(GateSource)),
            owner=owner,
            gate="rows",
            severity=next(iter(GateSeverity)),
            outcome=next(iter(GateOutcome)),
            consequence=next(iter(Consequence)),
        ),
    )


@pytest.fixture(scope="module")
def world(night: Site, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return the site over a copy of the night."""
    home = tmp_path_factory.mktemp("world")
    out, lists = home / "out", home / "lists"
    shutil.copytree(night.out, out)
    lists.mkdir()
    for council in (LEICESTER, RUTLAND, LEICESTERSHIRE):
        for path in (f"report/{council}.html", f"held/{council}/discrepancies.csv"):
            file = out / str(FRIDAY) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"what is of {council}\n", encoding="utf-8")
    casebook = Casebook.open(f"sqlite:///{out / 'casebook.db'}")
    casebook.clock = lambda: NOW
    configured = inbox_of(night.settings)
    assert configured is not None
    inbox = Lists(
        casebook=casebook, inbox=Inbox(**vars(configured) | {"root": lists, "folder": lists})
    )
    app = site(
        casebook,
        out,
        take_caseload=inbox.take,
        notice_files=partial(files_of_notice, casebook, night.settings, out),
        held=held,
        release=lambda *_: "Released.",
        run_again=lambda _: None,
    )

    def somebody(role: Role, *, ours: bool) -> User:
        if role is Role.PROVIDER_USER:
            return account(casebook, role, provider_id="P1" if ours else "P2")
        if role is Role.ADMINISTRATOR:
            return account(casebook, role)
        council = RUTLAND if ours else LEICESTER
        return account(casebook, role, council=council, team=f"Team {HOSTILE}"[:40])

    users = {role: somebody(role, ours=True) for role in Role}
    strangers = {role: somebody(role, ours=False) for role in Role}

    def ids(council: str, provider: str, of: dict[Role, User]) -> Ids:
        browser = client_of(app, of[Role.PROVIDER_USER])
        reference = next(iter(Page(browser.get("/questions")).questions().values()))
        sent = inbox.take(
            b"a list of nobody",
            provider_id=provider,
            caseload_date=NOW.date(),
            who=of[Role.PROVIDER_USER].email,
            instead=False,
        )
        worker = of[Role.COMMISSIONING_WORKER]
        casebook.views().add(worker.number, name=f"A view {HOSTILE}", query="settled=yes")
        return Ids(
            discrepancy_id=open_cases(casebook, council=council)[0]["discrepancy_id"],
            reference=reference.rpartition("/")[2],
            numbers={
                "provider.receipt": sent.number,
                "provider.notice_file": casebook.notices().notices(provider_id=provider)[-1].number,
                "accounts.account": worker.number,
            },
            view=casebook.views().of(worker.number)[0].number,
            council=council,
            owner=council,
            night=str(FRIDAY),
        )

    nowhere = dict.fromkeys(
        ("provider.receipt", "provider.notice_file", "accounts.account"), 999_999
    )
    rows = {each: [*night.lines, *night.entries[each]] for each in ("P1", "P2")}
    mine = [
        *(row for row in night.lines if row["provider_id"] == "P1"),
        *night.entries["P1"],
        *(row for row in night.lines if row["local_authority"] == RUTLAND),
    ]
    everybody = values_of([*rows["P1"], *rows["P2"]])
    return World(
        app=app,
        casebook=casebook,
        out=out,
        lists=lists,
        users=users,
        ours=ids(RUTLAND, "P1", users),
        theirs=ids(LEICESTER, "P2", strangers),
        made_up=Ids(
            discrepancy_id="0123456789abcdef" * 2,
            reference="fedcba9876543210" * 2,
            numbers=nowhere,
            view=999_999,
            council="E06999999",
            owner="E06999999",
            night=str(FRIDAY),
        ),
        people=everybody,
        their_people=everybody - values_of(mine),
    )
