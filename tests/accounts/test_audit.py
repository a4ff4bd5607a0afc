"""Who looked at whose record: that it is found again, waits for nobody, and is never changed."""

import re
from datetime import timedelta
from pathlib import Path

from signed import Clock

from casebook.audit import Actor, AuditEntry
from casebook.database import writing
from casebook.purge import Retention
from casebook.store import Casebook
from schemas.accounts import Seen

ROOT = Path(__file__).parents[2]
KEPT = Retention(closed_cases_days=9000, nights_days=9000, access_days=30)


def looked(person: str, case: str = "c1", account: int = 1) -> AuditEntry:
    return AuditEntry(
        by=Actor(account=account, who=f"{account}@example.gov.uk", place="203.0.113.5"),
        what=Seen.CASE,
        discrepancy_id=case,
        local_authority="E06000017",
        person_id=person,
    )


def test_a_persons_access_history_says_who_looked_when_and_from_where(
    casebook: Casebook, clock: Clock
) -> None:
    audit = casebook.audit()
    audit.note(looked("R-1", account=71), looked("R-2", account=71))
    first = clock.now
    clock.goes_on(hours=1)
    audit.note(looked("R-1", case="c2", account=72))
    audit.note()
    told = audit.history_of_person("E06000017", "R-1")
    assert [(each.at, each.entry) for each in told] == [
        (first, looked("R-1", account=71)),
        (clock.now, looked("R-1", case="c2", account=72)),
    ]
    assert audit.history_of_person("E06000016", "R-1") == []
    assert [each.entry.by.account for each in audit.history_of_case("c2")] == [72]
    assert len(audit.history_of_user(71)) == 2


def test_an_entry_is_written_while_somebody_else_writes(casebook: Casebook) -> None:
    if casebook.engine.dialect.name == "sqlite":
        return  # its one file has one writer
    with writing(casebook.engine):
        casebook.audit().note(looked("R-3"))
    assert len(casebook.audit().history_of_person("E06000017", "R-3")) == 1


def test_a_purge_removes_what_is_older_than_it_is_kept_and_nothing_else(
    casebook: Casebook, clock: Clock
) -> None:
    audit = casebook.audit()
    audit.note(looked("R-4", case="old"))
    clock.goes_on(days=31)
    audit.note(looked("R-4", case="new"))
    dry = casebook.purge(KEPT)
    assert dry.accesses >= 1
    assert len(audit.history_of_person("E06000017", "R-4")) == 2
    assert casebook.purge(KEPT, dry_run=False).accesses == dry.accesses
    assert [each.entry.discrepancy_id for each in audit.history_of_person("E06000017", "R-4")] == [
        "new"
    ]
    assert casebook.purge(KEPT, on=(clock.now - timedelta(2)).date()).accesses == 0


def test_nothing_but_a_purge_changes_or_removes_an_entry() -> None:
    changes = re.compile(r"(update|delete)\(\s*ACCESS_ENTRY|(UPDATE|DELETE FROM) access_entry")
    found = {
        str(path.relative_to(ROOT)): len(changes.findall(path.read_text(encoding="utf-8")))
        for folder in ("casebook", "cli", "flows", "worklist", "settings")
        for path in (ROOT / folder).rglob("*.py")
    }
    assert {path: number for path, number in found.items() if number} == {"casebook/audit.py": 1}
