"""Pages about nights ask as often of a long record as of a short one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from nights.examples import COUNCILS, LEICESTER, discrepancies, night, source
from signed import account, client_of, site
from sqlalchemy import event
from worklist_nights import look, said

from casebook.alerts import AlertKind, Condition
from casebook.gates import GateNight
from casebook.notices import NewNotice
from casebook.record import CouncilRecord, SourceOutcome
from casebook.store import Casebook
from schemas.accounts import Role
from schemas.gates import Consequence, GateOutcome, GateResult, GateSeverity, GateSource

pytestmark = pytest.mark.xdist_group("management")

FIRST = date(2026, 10, 1)
PAGES = ("/nights", "/nights/{}", "/nights/{}/sources", "/nights/{}/gates", "/outbox", "/measures")


def put(casebook: Casebook, nights: range, *, providers: int) -> None:
    """Put nights on record, each with gates, notices and an alert."""
    for number in nights:
        as_of = FIRST + timedelta(days=number)
        caseloads = [
            source(f"caseload P{each:04}", outcome=SourceOutcome.REFUSED)
            for each in range(providers)
        ]
        made = night(as_of, discrepancies(range(number % 4)), missing=(LEICESTER,))
        casebook.record(
            replace(made, sources=(*made.sources, *caseloads), summary=summary(made.councils))
        )
        casebook.gates().keep(
            as_of,
            results=[failure(owner) for owner in COUNCILS],
            nights=[
                GateNight(source=GateSource.CPLI, owner=owner, accepted=False) for owner in COUNCILS
            ],
            judged={(GateSource.CPLI, owner) for owner in COUNCILS},
        )
        latest = casebook.notices().latest()
        casebook.notices().issue(
            [
                draft(f"P{each:04}", as_of, after=latest[f"P{each:04}"].number if latest else 0)
                for each in range(providers)
            ]
        )
        condition = Condition(kind=AlertKind.LATE, night=as_of, text="The night is late.")
        casebook.alerts().heed(
            [condition], set(), as_of=as_of, now=datetime(2026, 11, 1, tzinfo=UTC), recipients=()
        )


def summary(councils: Iterable[CouncilRecord]) -> dict[str, object]:
    return {
        "councils": {
            each.local_authority: {"assessed": each.assessed, "discrepancies": {}}
            for each in councils
        },
        "all": {"discrepancies_without_council": {}},
    }


def failure(owner: str) -> GateResult:
    return GateResult(
        source=GateSource.CPLI,
        owner=owner,
        gate="rows",
        severity=GateSeverity.CRITICAL,
        outcome=GateOutcome.FAILED,
        consequence=Consequence.NOT_ASSESSED,
        observed=10.0,
        lowest=20.0,
        nights=5,
    )


def draft(provider_id: str, as_of: date, *, after: int) -> NewNotice:
    return NewNotice(
        provider_id=provider_id,
        as_of=as_of,
        name=str(as_of),
        reference=f"{provider_id}-{as_of}",
        nothing_to_do=False,
        cases=1,
        found={},
        asked={},
        left_out=(),
        after=after,
        content={},
        place="folders",
    )


@contextmanager
def counting(casebook: Casebook) -> Iterator[list[str]]:
    """Give the statements that are executed meanwhile."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(casebook.engine, "before_cursor_execute", note)
    yield statements
    event.remove(casebook.engine, "before_cursor_execute", note)


def test_no_page_asks_more_often_of_more_nights_files_and_notices(tmp_path: Path) -> None:
    asked: list[dict[str, int]] = []
    for nights, providers in ((2, 2), (9, 8)):
        casebook = Casebook.open(f"sqlite:///{tmp_path / f'{nights}.db'}")
        put(casebook, range(nights), providers=providers)
        client = client_of(site(casebook, tmp_path), account(casebook, Role.DATA_ENGINEER))
        latest = FIRST + timedelta(days=nights - 1)
        look(client, "/nights")
        asked.append({})
        for page in PAGES:
            with counting(casebook) as statements:
                look(client, page.format(latest))
            asked[-1][page] = len(statements)
    few, many = asked
    assert few == many
    assert max(few.values()) < 40


def test_a_long_list_of_nights_has_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worklist.management.pages.NIGHTS_A_PAGE", 3)
    casebook = Casebook.open(f"sqlite:///{tmp_path / 'casebook.db'}")
    put(casebook, range(5), providers=1)
    client = client_of(site(casebook, tmp_path), account(casebook, Role.DATA_ENGINEER))
    first, second = (look(client, f"/nights?page={page}") for page in (1, 2))
    assert "5 nights are on record; these are 3 of them" in said(first)
    assert [len(page.select("tbody tr")) for page in (first, second)] == [3, 2]
    assert first.select_one(".govuk-pagination a")["href"] == "/nights?page=2"
    assert second.select_one(".govuk-pagination a")["href"] == "/nights?page=1"
    row = second.select("tbody tr")[0].get_text(" ", strip=True)
    assert "2 Oct 2026" in row
    assert "cpli.csv did not come." in row


def test_the_outbox_counts_what_waits_and_why(tmp_path: Path) -> None:
    casebook = Casebook.open(f"sqlite:///{tmp_path / 'casebook.db'}")
    put(casebook, range(1), providers=3)
    notices = casebook.notices()
    for row in notices.unfinished()[:2]:
        notices.not_delivered(row.number, trouble="The folder cannot be written.")
    client = client_of(site(casebook, tmp_path), account(casebook, Role.MANAGER))
    page = look(client, "/outbox")
    rows = [
        [cell.get_text(strip=True) for cell in row.select("th, td")]
        for row in page.find(id="t-notices").find_parent("table").tbody.select("tr")
    ]
    told = [(where, waiting, tries, why) for where, waiting, tries, _since, why in rows]
    assert told == [
        ("folders", "2", "1", "The folder cannot be written."),
        ("folders", "1", "0", "Nobody has tried yet"),
    ]
