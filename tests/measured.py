"""Sources of twenty rows and more, drawn up as small tables, for the tests of what gates measure.

A table's column `lines` says how many rows each of its rows stands for. These get ids of their own
in the order of the table, so that two tables of as many lines are two nights of the same CPLIs.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
from bridge import raw_table
from cleaned import AS_OF, CPLI_ROW, ENTRY_ROW, LEICESTER, PORTAL_ROW
from oracle.tables import synthetic_nhs_number, table

from casebook.working_days import working_days
from quality import caseloads, cplis, portal, register
from quality.cplis import Extract, Figures
from quality.keyed import hash_key
from quality.portal import Shown
from quality.profile import Profile
from reconciliation.days import day, window_start
from schemas.cleaning import Cleaned, clean_caseloads, clean_cplis, clean_portal, clean_providers
from schemas.raw import CaseloadFile
from schemas.tables import CASELOAD, CPLI, PORTAL, PROVIDER

KEY = hash_key(b"a key for tests alone")
OTHER_KEY = hash_key(b"another one")
REGISTERED = frozenset({"P1", "P2"})
NIGHT, NIGHT_BEFORE = AS_OF, AS_OF - timedelta(days=1)

Row = Mapping[str, str]


def between(since: int, until: int) -> int:
    """Count working days as the night does."""
    days = (pd.Series([pd.Timestamp(each, unit="D")]) for each in (since, until))
    return int(working_days(*days)[0])


def rows_of(text: str, sound: Row, **all_of_them: str) -> list[Row]:
    """The rows that a table stands for, each like the sound one but for what the table says."""
    return [
        {**sound, **person(number), **all_of_them, **said}
        for number, said in enumerate(_repeated(text), start=1)
    ]


def person(number: int) -> Row:
    """What tells a person, and their CPLI, from others."""
    return {
        "cpli_id": f"C{number}",
        "person_id": f"{1000 + number}",
        "nhs_number": synthetic_nhs_number(10 * number),
        "family_name": f"Hollis{number}",
    }


def _repeated(text: str) -> Iterator[Row]:
    for row in table(text):
        said = {name: cell for name, cell in row.items() if name != "lines"}
        yield from [said] * int(row.get("lines", "1"))


def cleaned_extract(text: str, *, council: str = LEICESTER, **all_of_them: str) -> Cleaned:
    """A council's CPLIs, cleaned."""
    raw = raw_table(rows_of(text, CPLI_ROW, **all_of_them), CPLI)
    return clean_cplis(raw, local_authority=council, as_of=NIGHT)


def extract(text: str, *, as_of: date = NIGHT, **all_of_them: str) -> Extract:
    """A council's CPLIs of a night."""
    rows = rows_of(text, CPLI_ROW, **all_of_them)
    return of_rows(rows, as_of=as_of)


def of_rows(rows: list[Row], *, as_of: date = NIGHT) -> Extract:
    """A council's CPLIs of a night."""
    cleaned = clean_cplis(raw_table(rows, CPLI), local_authority=LEICESTER, as_of=as_of)
    return Extract(
        cplis=cleaned.valid,
        rejected=cleaned.rejected,
        rows=len(rows),
        registered=REGISTERED,
        as_of=day(as_of),
        window=day(window_start(as_of)),
    )


def measured(
    tonight: Extract, before: Profile | None = None, *, key: str = KEY
) -> tuple[Figures, Profile]:
    """The figures and the profile of an extract."""
    figures, profile, _ = cplis.measure(tonight, before, key=key, working_days=between)
    return figures, profile


def overnight(before: Extract, tonight: Extract) -> Figures:
    """The figures of an extract beside the one of the night before."""
    return measured(tonight, measured(before)[1])[0]


def beside_portal(
    shown: str,
    held: str,
    before: Profile | None = None,
    *,
    extract_date: date = NIGHT - timedelta(days=2),
    as_of: date = NIGHT,
    key: str = KEY,
) -> tuple[Figures, Profile]:
    """The figures and the profile of what the portal shows of a council's CPLIs."""
    rows = rows_of(shown, PORTAL_ROW)
    cleaned = clean_portal(
        raw_table(rows, PORTAL), local_authority=LEICESTER, extract_date=extract_date
    )
    council = extract(held)
    _, _, lines = cplis.measure(council, None, key=key, working_days=between)
    return portal.measure(
        Shown(
            portal=cleaned.valid,
            rejected=cleaned.rejected,
            rejected_cplis=council.rejected,
            rows=len(rows),
            extract_date=day(extract_date),
            as_of=day(as_of),
            window=day(window_start(as_of)),
            hidden_after_days=28,
        ),
        lines,
        before,
        key=key,
        working_days=between,
    )


def beside_cplis(
    lists: str, entries: str, *councils: Cleaned, max_age_days: int = 35
) -> pd.DataFrame:
    """The figures of caseloads: `lists` are numbered in their order, `entries` name theirs.

    Columns of `lists`: provider_id, caseload_date, and, if need be, received and failure.
    """
    files = table(lists)
    rows: dict[int, list[Row]] = {number: [] for number in range(len(files))}
    for number, row in enumerate(_repeated(entries), start=1):
        file = files[int(row["list"])]
        about = {name: file[name] for name in ("provider_id", "caseload_date")}
        rows[int(row["list"])].append(
            {**ENTRY_ROW, "local_authority": "", **person(number), **about, **row}
        )
    cleaned = clean_caseloads(
        [
            (number, _file(file), raw_table(rows[number], CASELOAD))
            for number, file in enumerate(files)
        ],
        as_of=NIGHT,
    )
    frame = pd.DataFrame(
        {
            "caseload": np.arange(len(files), dtype=np.int64),
            "provider_id": pd.Series([file["provider_id"] for file in files], dtype="str"),
            "caseload_date": pd.Series(
                [pd.Timestamp(file["caseload_date"]) for file in files], dtype="datetime64[us]"
            ),
            "received": np.array([int(file.get("received", 0)) for file in files], dtype=np.int64),
            "failure": pd.Series([file.get("failure") or None for file in files], dtype="str"),
        }
    )
    return of_lists(
        frame, cleaned.valid, *councils or [cleaned_extract("lines\n0")], max_age_days=max_age_days
    )


def of_lists(
    lists: pd.DataFrame, entries: pd.DataFrame, *councils: Cleaned, max_age_days: int = 35
) -> pd.DataFrame:
    """The figures of caseloads, given as frames."""
    held = [frame for council in councils for frame in (council.valid, council.rejected)]
    return caseloads.measure(
        lists,
        entries,
        pd.concat(held, ignore_index=True),
        as_of=day(NIGHT),
        max_age_days=max_age_days,
        key=KEY,
    )


def _file(file: Row) -> CaseloadFile:
    return CaseloadFile(
        provider_id=file["provider_id"],
        caseload_date=date.fromisoformat(file["caseload_date"]),
        file="",
        received_at=datetime(2026, 11, 17, tzinfo=UTC),
    )


def of_register(
    providers: str,
    *councils: Extract,
    before: Profile | None = None,
    as_of: date = NIGHT,
    key: str = KEY,
) -> tuple[Figures, Profile]:
    """The figures and the profile of a register of providers."""
    rows = [
        {"provider_id": f"P{number}", "name": f"Home {number}"} | said
        for number, said in enumerate(_repeated(providers), start=1)
    ]
    cleaned = clean_providers(raw_table(rows, PROVIDER))
    return register.measure(
        cleaned.valid,
        [council.cplis for council in councils],
        before,
        as_of=day(as_of),
        key=key,
    )
