"""Rule 10: council against portal, the council's own lines, and timeliness."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Unpack

from oracle.cleaning import Cpli, Line, Notice, PortalRow, clean_portal
from oracle.findings import HIGH, LOW, Discrepancy, Facts, discrepancy
from oracle.population import NotDuplicateCplis, Row
from oracle.spells import Spell, in_scope

PORTAL_MAX_AGE_DAYS = 7
HIDDEN_AFTER_DAYS = 28
COMPARED = (
    "person_id",
    "provider_id",
    "service_type",
    "start_date",
    "end_date",
    "weekly_quantity",
    "unit",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Extract:
    """The portal extract in use: its date `p` and cleaned rows, rejected ones included."""

    extract_date: date
    rows: Sequence[PortalRow]


@dataclass(frozen=True, kw_only=True, eq=False)
class Side:
    """One council's CPLIs beside its portal extract."""

    local_authority: str
    cplis: Sequence[Cpli]
    extract: Extract
    window_start: date

    @property
    def p(self) -> date:
        """The extract's date."""
        return self.extract.extract_date

    @property
    def shown(self) -> list[PortalRow]:
        """The portal's valid rows: a rejected one raises nothing itself."""
        return [row for row in self.extract.rows if not row.rejected]

    @property
    def valid_cplis(self) -> list[Cpli]:
        """The council's CPLIs that were not rejected."""
        return [cpli for cpli in self.cplis if not cpli.rejected]


def latest_extract(
    portal: Mapping[date, Sequence[Row] | None], *, local_authority: str, as_of: date
) -> tuple[Extract | None, list[Notice]]:
    """Rule 10: the latest with as_of - 7 days <= p <= as_of that can be read."""
    oldest = as_of - timedelta(days=PORTAL_MAX_AGE_DAYS)
    for extract_date in sorted(portal, reverse=True):
        raw_rows = portal[extract_date]
        if raw_rows is not None and oldest <= extract_date <= as_of:
            rows, notices = clean_portal(
                raw_rows, source=f"portal/{local_authority}/{extract_date}"
            )
            return Extract(extract_date=extract_date, rows=rows), notices
    return None, []


def against_portal(side: Side) -> Iterator[Discrepancy]:
    """Rule 10: the four that compare a council with its portal."""
    yield from not_on_portal(side)
    yield from only_on_portal(side)
    yield from unauthorised_on_portal(side)
    yield from portal_differs(side)


def of_cplis(type_: str, cplis: Sequence[Cpli], **more: Unpack[Facts]) -> Discrepancy:
    """Rule 11: a discrepancy about CPLIs alike in person, provider and service."""
    about: Facts = {
        "local_authority": cplis[0].local_authority,
        "provider_id": cplis[0].provider_id,
        "person_id": cplis[0].person_id,
        "cpli_ids": [cpli.cpli_id for cpli in cplis],
        "service_type": cplis[0].service_type,
    }
    return discrepancy(type_, **(about | more))


def updated_since(cpli: Cpli, p: date) -> bool:
    """Whether the CPLI was updated on or after the extract's date."""
    return cpli.updated_on is not None and cpli.updated_on >= p


def not_on_portal(side: Side) -> Iterator[Discrepancy]:
    """An in-scope CPLI that the portal should show and does not."""
    for cpli in side.valid_cplis:
        hidden = cpli.end_date is not None and (side.p - cpli.end_date).days > HIDDEN_AFTER_DAYS
        created_before = cpli.created_on is None or cpli.created_on < side.p
        if (
            in_scope(cpli, side.window_start)
            and not hidden
            and created_before
            and not updated_since(cpli, side.p)
            and not any(counts_as(row, cpli) for row in side.extract.rows)
        ):
            yield of_cplis("not_on_portal", [cpli])


def counts_as(row: Line, line: Line) -> bool:
    """Whether a row shows, or holds, the CPLI of a line: rejected rows as far as they are read."""
    if row.cpli_id is not None or not row.rejected:
        return row.cpli_id == line.cpli_id
    return (
        row.person_id is not None
        and row.person_id == line.person_id
        and row.provider_id in (None, line.provider_id)
        and row.service_type in (None, line.service_type)
    )


def only_on_portal(side: Side) -> Iterator[Discrepancy]:
    """The portal shows a `cpli_id` that the council's extract does not hold at all."""
    unheld = defaultdict(list)
    for row in side.shown:
        ended_before = row.end_date is not None and row.end_date < side.window_start
        if not ended_before and not any(counts_as(cpli, row) for cpli in side.cplis):
            unheld[row.cpli_id].append(row)
    for cpli_id, rows in unheld.items():
        yield discrepancy(
            "only_on_portal",
            local_authority=side.local_authority,
            provider_id=_one_value(rows, "provider_id"),
            person_id=_one_value(rows, "person_id"),
            cpli_ids=[cpli_id],
            service_type=_one_value(rows, "service_type"),
        )


def _one_value(rows: Sequence[PortalRow], column: str) -> str | None:
    values = {getattr(row, column) for row in rows}
    return values.pop() if len(values) == 1 else None


def unauthorised_on_portal(side: Side) -> Iterator[Discrepancy]:
    """The portal shows a CPLI that is draft or cancelled and was not updated since."""
    shown = {row.cpli_id for row in side.shown}
    for cpli in side.valid_cplis:
        unauthorised = cpli.authorisation in ("draft", "cancelled")
        if unauthorised and cpli.cpli_id in shown and not updated_since(cpli, side.p):
            yield of_cplis("unauthorised_on_portal", [cpli])


def portal_differs(side: Side) -> Iterator[Discrepancy]:
    """Both hold an in-scope CPLI and differ; several portal rows give the union."""
    for cpli in side.valid_cplis:
        if not in_scope(cpli, side.window_start) or updated_since(cpli, side.p):
            continue
        rows = [row for row in side.shown if row.cpli_id == cpli.cpli_id]
        differing = [
            column for column in COMPARED if any(differs(cpli, row, column) for row in rows)
        ]
        if differing:
            severity = HIGH if "person_id" in differing else LOW
            yield of_cplis("portal_differs", [cpli], reason=";".join(differing), severity=severity)


def differs(cpli: Cpli, row: PortalRow, column: str) -> bool:
    """Whether a column differs, leaving out what was set to null and unmapped services."""
    if column in cpli.set_to_null or column in row.set_to_null:
        return False
    if column == "service_type" and (cpli.unmapped or row.unmapped):
        return False
    return bool(getattr(cpli, column) != getattr(row, column))


def duplicate_groups(
    cplis: Sequence[Cpli], w: date, denied: Sequence[NotDuplicateCplis]
) -> list[list[Cpli]]:
    """Rule 10: groups of two or more in-scope CPLIs alike in all that providers see.

    Rule 7: a group of exactly the CPLIs that a worker named is none.
    """
    said = {(word.local_authority, frozenset(word.cpli_ids)) for word in denied}
    alike = defaultdict(list)
    for cpli in cplis:
        if in_scope(cpli, w):
            alike[
                cpli.person,
                cpli.provider_id,
                cpli.service_type,
                cpli.service_description,
                cpli.start_date,
                cpli.end_date,
                cpli.weekly_quantity,
                cpli.unit,
            ].append(cpli)
    return [
        group
        for group in alike.values()
        if len(group) > 1
        and (group[0].local_authority, frozenset(cpli.cpli_id for cpli in group)) not in said
    ]


def lags(spells: Sequence[Spell]) -> dict[tuple[str, str], int]:
    """Rule 10: by council and `cpli_id`, days from start to being on the system.

    Only for CPLIs that begin a spell that is not left-censored and whose creation is known.
    """
    firsts = [spell.cplis[0] for spell in spells if not spell.left_censored]
    return {
        (cpli.local_authority, cpli.cpli_id or ""): (cpli.created_on - cpli.start_date).days
        for cpli in firsts
        if cpli.created_on and cpli.start_date
    }
