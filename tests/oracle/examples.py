"""The worked examples of docs/rules.md section 11 as tables.

Run date, caseload date, person, provider and service are the first example's unless a table says
otherwise: a column that a table leaves out takes its default, a blank cell is null.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from oracle.population import CPLI_COLUMNS, CaseloadFile, Council, Population, Row
from oracle.tables import synthetic_nhs_number, table

AS_OF = date(2026, 11, 20)
CASELOAD_DATE = "2026-11-16"
LEICESTER, RUTLAND = "E06000016", "E06000017"

PEOPLE = {
    "Margaret": {
        "nhs_number": synthetic_nhs_number(10),
        "family_name": "Hollis",
        "given_name": "Margaret",
        "date_of_birth": "1938-07-04",
    },
    "Siân": {
        "nhs_number": synthetic_nhs_number(20),
        "family_name": "O'Brien",
        "given_name": "Siân",
        "date_of_birth": "1941-02-03",
    },
    "Kwame": {
        "nhs_number": synthetic_nhs_number(30),
        "family_name": "Okafor",
        "given_name": "Kwame",
        "date_of_birth": "1952-12-30",
    },
}

CPLI_DEFAULTS = {
    "local_authority": LEICESTER,
    "cpli_id": "C1",
    "who": "Margaret",
    "provider_id": "P1",
    "service_type": "HS",
    "start_date": "2026-05-01",
    "unit": "hours",
    "authorisation": "authorised",
    "created_at": "2026-05-01T09:00:00Z",
}
ENTRY_DEFAULTS = {
    "provider_id": "P1",
    "caseload_date": CASELOAD_DATE,
    "who": "Margaret",
    "service_type": "HS",
    "unit": "hours",
}


@dataclass(frozen=True, kw_only=True)
class Example:
    """One worked example: what a council and its providers send, and what comes of it.

    `expected` holds type, reason, caveat and severity; `rejected` table, row and column; `others`
    is how many more people council and provider P1 hold alike.
    """

    number: str
    council: str
    provider: str
    result: str
    cplis: Sequence[Row] = ()
    entries: Sequence[Row] = ()
    expected: Sequence[Row] = ()
    rejected: Sequence[Row] = ()
    others: int = 0
    not_assessed: tuple[str, ...] = ()
    as_of: date = AS_OF

    def population(self) -> Population:
        """All that the night receives."""
        others = [_other(number) for number in range(1, self.others + 1)]
        cplis = [_filled(row, CPLI_DEFAULTS) for row in self.cplis]
        cplis += [_filled(person, CPLI_DEFAULTS) for person in others]
        entries = [_filled(row, ENTRY_DEFAULTS) for row in self.entries]
        entries += [_filled(person, ENTRY_DEFAULTS) for person in others]
        return Population(
            councils=dict(_councils(cplis, self.not_assessed)),
            caseloads=list(_caseloads(entries)),
            providers=[{"provider_id": name, "name": f"Provider {name}"} for name in ("P1", "P2")],
        )


def _filled(row: Row, defaults: Mapping[str, str]) -> dict[str, str]:
    """A row with its person and defaults filled in."""
    filled = {**defaults, **row}
    who = filled.pop("who")
    return {"person_id": f"{who}-1", **PEOPLE.get(who, {}), **filled}


def _other(number: int) -> dict[str, str]:
    return {
        "who": f"other {number}",
        "cpli_id": f"OTHER{number}",
        "nhs_number": synthetic_nhs_number(1000 + 10 * number),
    }


def _councils(cplis: Sequence[Row], not_assessed: tuple[str, ...]) -> Iterator[tuple[str, Council]]:
    """The councils, those not assessed as if their extract had not come."""
    by_council: dict[str, list[Row]] = {LEICESTER: []}
    for row in cplis:
        theirs = {name: cell for name, cell in row.items() if name in CPLI_COLUMNS}
        by_council.setdefault(row["local_authority"], []).append(theirs)
    for code in sorted({*by_council, *not_assessed}):
        yield code, Council(cplis=None if code in not_assessed else by_council[code])


def _caseloads(entries: Sequence[Row]) -> Iterator[CaseloadFile]:
    """One file for each provider and date. A provider's own reference for a person is left out."""
    files = defaultdict(list)
    for row in entries:
        entry = {name: cell for name, cell in row.items() if name != "person_id"}
        files[row["provider_id"], row["caseload_date"]].append(entry)
    for (provider_id, caseload_date), rows in files.items():
        yield CaseloadFile(
            provider_id=provider_id, caseload_date=date.fromisoformat(caseload_date), rows=rows
        )


NOTHING: list[dict[str, str]] = []

EXAMPLES = (
    Example(
        number="1",
        council="A 2024-03-04 to 2025-03-31 (not pulled), B 2025-04-01 to 2026-03-31, "
        "C 2026-04-01, open; C 14 h",
        provider="since 2024-03-04, 14 h",
        result="nothing: B joins C, and the spell is left-censored, so the earlier start is no "
        "difference",
        cplis=table("""
            cpli_id | start_date | end_date   | weekly_quantity
            B       | 2025-04-01 | 2026-03-31 | 12
            C       | 2026-04-01 |            | 14
        """),
        entries=table("""
            start_date | weekly_quantity
            2024-03-04 | 14
        """),
        expected=NOTHING,
    ),
    Example(
        number="2",
        council="as 1",
        provider="since 2026-04-01, 14 h",
        result="`start_date_differs`: the provider's start is after the council's",
        cplis=table("""
            cpli_id | start_date | end_date   | weekly_quantity
            B       | 2025-04-01 | 2026-03-31 | 12
            C       | 2026-04-01 |            | 14
        """),
        entries=table("""
            start_date | weekly_quantity
            2026-04-01 | 14
        """),
        expected=table("""
            type               | reason | caveat | severity
            start_date_differs |        |        | low
        """),
    ),
    Example(
        number="3",
        council="one CPLI 2026-05-01, open",
        provider="since 2026-05-09",
        result="`start_date_differs` (8 days)",
        cplis=table("""
            start_date
            2026-05-01
        """),
        entries=table("""
            start_date
            2026-05-09
        """),
        expected=table("""
            type               | reason | caveat | severity
            start_date_differs |        |        | low
        """),
    ),
    Example(
        number="4",
        council="one CPLI 2026-05-01, open",
        provider="since 2026-05-08",
        result="nothing (7 days)",
        cplis=table("""
            start_date
            2026-05-01
        """),
        entries=table("""
            start_date
            2026-05-08
        """),
        expected=NOTHING,
    ),
    Example(
        number="5",
        council="D 2026-02-01 to 2026-06-30, E 2026-07-08, open",
        provider="since 2026-02-01",
        result="nothing: 7 uncovered days join",
        cplis=table("""
            cpli_id | start_date | end_date
            D       | 2026-02-01 | 2026-06-30
            E       | 2026-07-08 |
        """),
        entries=table("""
            start_date
            2026-02-01
        """),
        expected=NOTHING,
    ),
    Example(
        number="6",
        council="D 2026-02-01 to 2026-06-30, E 2026-07-09, open",
        provider="since 2026-02-01",
        result="`start_date_differs`: two spells, the entry pairs with the active one",
        cplis=table("""
            cpli_id | start_date | end_date
            D       | 2026-02-01 | 2026-06-30
            E       | 2026-07-09 |
        """),
        entries=table("""
            start_date
            2026-02-01
        """),
        expected=table("""
            type               | reason | caveat | severity
            start_date_differs |        |        | low
        """),
    ),
    Example(
        number="7",
        council="one CPLI to 2026-11-17",
        provider="current",
        result="nothing: it was still active on the caseload date",
        cplis=table("""
            start_date | end_date
            2026-05-01 | 2026-11-17
        """),
        entries=table("""
            who
            Margaret
        """),
        expected=NOTHING,
    ),
    Example(
        number="8",
        council="one CPLI to 2026-11-15",
        provider="current",
        result="`support_after_end`",
        cplis=table("""
            start_date | end_date
            2026-05-01 | 2026-11-15
        """),
        entries=table("""
            who
            Margaret
        """),
        expected=table("""
            type              | reason | caveat | severity
            support_after_end |        |        | high
        """),
    ),
    Example(
        number="9",
        council="one CPLI from 2026-11-18",
        provider="current",
        result="`support_before_start`",
        cplis=table("""
            start_date
            2026-11-18
        """),
        entries=table("""
            who
            Margaret
        """),
        expected=table("""
            type                 | reason | caveat | severity
            support_before_start |        |        | medium
        """),
    ),
    Example(
        number="10",
        council="one CPLI to 2025-11-20",
        provider="current",
        result="`support_after_end`: the last day in scope",
        cplis=table("""
            start_date | end_date
            2025-05-01 | 2025-11-20
        """),
        entries=table("""
            who
            Margaret
        """),
        expected=table("""
            type              | reason | caveat | severity
            support_after_end |        |        | high
        """),
    ),
    Example(
        number="11",
        council="one CPLI to 2025-11-19",
        provider="current",
        result="`cpli_not_found`, `cpli_ended_before_window`",
        cplis=table("""
            start_date | end_date
            2025-05-01 | 2025-11-19
        """),
        entries=table("""
            who
            Margaret
        """),
        expected=table("""
            type           | reason                   | caveat | severity
            cpli_not_found | cpli_ended_before_window |        | high
        """),
    ),
    Example(
        number="12",
        council="open CPLI, 14 h",
        provider="14.5 h in one entry",
        result="nothing; 14.8 h would be `quantity_differs` (more than 5 % is more than 0.7)",
        cplis=table("""
            weekly_quantity
            14
        """),
        entries=table("""
            weekly_quantity
            14.5
        """),
        expected=NOTHING,
    ),
    Example(
        number="12, at 14.7 h",
        council="open CPLI, 14 h",
        provider="14.7 h in one entry",
        result="nothing: 0.7 is not more than 5 %",
        cplis=table("""
            weekly_quantity
            14
        """),
        entries=table("""
            weekly_quantity
            14.7
        """),
        expected=NOTHING,
    ),
    Example(
        number="12, at 14.8 h",
        council="open CPLI, 14 h",
        provider="14.8 h in one entry",
        result="`quantity_differs`",
        cplis=table("""
            weekly_quantity
            14
        """),
        entries=table("""
            weekly_quantity
            14.8
        """),
        expected=table("""
            type             | reason | caveat | severity
            quantity_differs |        |        | low
        """),
    ),
    Example(
        number="13",
        council="two open CPLIs, 10 h weekdays and 4 h weekend",
        provider="two entries, 10 h and 4 h",
        result="nothing",
        cplis=table("""
            cpli_id | service_description | weekly_quantity
            C1      | weekdays            | 10
            C2      | weekend             | 4
        """),
        entries=table("""
            weekly_quantity
            10
            4
        """),
        expected=NOTHING,
    ),
    Example(
        number="14",
        council="open CPLI with P2 (assessed, does not list the person)",
        provider="P1 current",
        result="one `provider_differs`, nothing for P2",
        cplis=table("""
            cpli_id | who      | provider_id
            C1      | Margaret | P2
            C2      | Kwame    | P2
        """),
        entries=table("""
            provider_id | who
            P1          | Margaret
            P2          | Kwame
        """),
        expected=table("""
            type             | reason | caveat | severity
            provider_differs |        |        | high
        """),
    ),
    Example(
        number="15",
        council="open CPLI with P2 (not assessed)",
        provider="P1 current",
        result="`cpli_not_found`, `no_cpli_with_provider`; beside it P2's `caseload_overdue`",
        cplis=table("""
            provider_id
            P2
        """),
        entries=table("""
            provider_id
            P1
        """),
        expected=table("""
            type             | reason                | caveat | severity
            cpli_not_found   | no_cpli_with_provider |        | high
            caseload_overdue | none_received         |        | medium
        """),
    ),
    Example(
        number="16",
        council="open CPLI; P1's last caseload is 36 days old",
        provider="none newer",
        result="one `caseload_overdue`, `too_old`, nothing about the person",
        cplis=table("""
            who
            Margaret
        """),
        entries=table("""
            who   | caseload_date
            Kwame | 2026-10-15
        """),
        expected=table("""
            type             | reason  | caveat | severity
            caseload_overdue | too_old |        | medium
        """),
    ),
    Example(
        number="17",
        council="open CPLI, NHS number N",
        provider="same `cpli_id`, valid NHS number M",
        result="`identity_differs`",
        cplis=table(f"""
            cpli_id | nhs_number
            C1      | {synthetic_nhs_number(10)}
        """),
        entries=table(f"""
            cpli_id | nhs_number
            C1      | {synthetic_nhs_number(50)}
        """),
        expected=table("""
            type             | reason | caveat | severity
            identity_differs |        |        | high
        """),
    ),
    Example(
        number="18",
        council='open CPLI for "Siân O\'Brien", born 1941-02-03',
        provider='no numbers, "SIAN OBRIEN", 1941-02-03',
        result="nothing",
        cplis=table("""
            who  | family_name | given_name | date_of_birth
            Siân | O'Brien     | Siân       | 1941-02-03
        """),
        entries=table("""
            nhs_number | family_name | given_name | date_of_birth
                       | OBRIEN      | SIAN       | 1941-02-03
        """),
        expected=NOTHING,
    ),
    Example(
        number="19",
        council='open CPLI for "Margaret Hollis", born 1938-07-04',
        provider='no numbers, "Margret Hollis", 1938-07-04',
        result="`possible_match`",
        cplis=table("""
            family_name | given_name | date_of_birth
            Hollis      | Margaret   | 1938-07-04
        """),
        entries=table("""
            nhs_number | family_name | given_name | date_of_birth
                       | Hollis      | Margret    | 1938-07-04
        """),
        expected=table("""
            type           | reason | caveat | severity
            possible_match |        |        | medium
        """),
    ),
    Example(
        number="20",
        council="draft CPLI only",
        provider="current",
        result="`cpli_not_found`, `cpli_not_authorised`",
        cplis=table("""
            authorisation
            draft
        """),
        entries=table("""
            who
            Margaret
        """),
        expected=table("""
            type           | reason              | caveat | severity
            cpli_not_found | cpli_not_authorised |        | high
        """),
    ),
    Example(
        number="21",
        council="the CPLI's row was rejected (end before start)",
        provider="current",
        result="the rejection only",
        cplis=table("""
            start_date | end_date
            2026-05-01 | 2026-04-30
        """),
        entries=table("""
            who
            Margaret
        """),
        expected=NOTHING,
        rejected=table("""
            table | row | column
            cpli  | 1   | end_date
        """),
    ),
    Example(
        number="22",
        council="open CPLI in Rutland, whose extract failed its checks",
        provider="current",
        result="nothing; the open discrepancies of Rutland stay as they were",
        cplis=table("""
            local_authority | who
            E06000017       | Margaret
        """),
        entries=table("""
            who
            Margaret
        """),
        expected=NOTHING,
        not_assessed=(RUTLAND,),
    ),
    Example(
        number="23",
        council="short-term residential to 2026-11-01, long-term residential since 2026-11-02, "
        "same home",
        provider="lists `STRC` only, current",
        result="`service_type_differs`",
        cplis=table("""
            cpli_id | service_type | start_date | end_date
            C1      | STRC         | 2026-10-01 | 2026-11-01
            C2      | LTRC         | 2026-11-02 |
        """),
        entries=table("""
            service_type
            STRC
        """),
        expected=table("""
            type                 | reason | caveat | severity
            service_type_differs |        |        | medium
        """),
    ),
    Example(
        number="24",
        council="CPLI to 2026-03-31; its renewal's row was rejected (end before start)",
        provider="current",
        result="the rejection only",
        cplis=table("""
            cpli_id | start_date | end_date
            C1      | 2025-04-01 | 2026-03-31
            C2      | 2026-04-01 | 2026-03-31
        """),
        entries=table("""
            who
            Margaret
        """),
        expected=NOTHING,
        rejected=table("""
            table | row | column
            cpli  | 2   | end_date
        """),
    ),
    Example(
        number="25",
        council="open CPLI",
        provider="ten rows, the person's has end before start and was rejected",
        result="the rejected entry only",
        cplis=table("""
            who
            Margaret
        """),
        entries=table("""
            start_date | end_date
            2026-05-01 | 2026-04-30
        """),
        others=9,
        expected=NOTHING,
        rejected=table("""
            table    | row | column
            caseload | 1   | end_date
        """),
    ),
    Example(
        number="26",
        council="open CPLI since 2026-11-12",
        provider="others are listed, the person is not",
        result="`support_not_reported`, medium, `recent_start`",
        cplis=table("""
            start_date
            2026-11-12
        """),
        entries=NOTHING,
        others=2,
        expected=table("""
            type                 | reason | caveat       | severity
            support_not_reported |        | recent_start | medium
        """),
    ),
    Example(
        number="27",
        council="open CPLI since 2026-05-01, 14 h",
        provider="14 h 2026-05-01 to 2026-06-30, and 14 h since 2026-07-01",
        result="nothing: the provider's lines join as the council's do",
        cplis=table("""
            start_date | weekly_quantity
            2026-05-01 | 14
        """),
        entries=table("""
            start_date | end_date   | weekly_quantity
            2026-05-01 | 2026-06-30 | 14
            2026-07-01 |            | 14
        """),
        expected=NOTHING,
    ),
    Example(
        number="28",
        council="A and B have open CPLIs",
        provider="both listed, B's row quotes A's `cpli_id` beside B's own NHS number, birth date "
        "and names",
        result="nothing: the reference is mistyped",
        cplis=table("""
            cpli_id | who
            A       | Margaret
            B       | Kwame
        """),
        entries=table("""
            cpli_id | who
            A       | Margaret
            A       | Kwame
        """),
        expected=NOTHING,
    ),
)
