"""Sources whose every personal cell is marked, and every kind of bad input, marked as well."""

from collections.abc import Callable, Mapping
from pathlib import Path

from folders.canonical import (
    CASELOAD_DATE,
    COUNCILS,
    LEICESTER,
    LEICESTERSHIRE,
    RUTLAND,
    Row,
    Sources,
    cpli,
    csv_bytes,
    entry,
    shown,
)

from schemas.tables import CASELOAD, CPLI

MARK = "ZZMARK"
LEICESTERS = f"council/{LEICESTER}/cpli.csv"
OF_P1 = f"caseload/P1_{CASELOAD_DATE}.csv"

Refusal = tuple[str, str, str, str]
"""A refusal's file, row, column and rule."""


def marked(number: int, **changes: str) -> Row:
    """Return a CPLI of a person whose every reference and name is marked."""
    personal = {
        "cpli_id": f"{MARK}-line-{number}",
        "person_id": f"{MARK}-person-{number}",
        "family_name": f"{MARK}family{'abcdefghij'[number % 10]}",
        "given_name": f"{MARK}given{'abcdefghij'[number % 10]}",
        "service_description": f"{MARK} description",
    }
    return cpli(number, **(personal | changes))


def marked_sources(root: Path) -> Sources:
    """Return sources in which everything agrees and every person is marked."""
    sources = Sources(root)
    for place, council in enumerate(COUNCILS):
        rows = [marked(place), marked(place + len(COUNCILS))]
        sources.cplis[council] = rows
        sources.council(council, rows).portal(council, [shown(row) for row in rows])
    for provider in ("P1", "P2"):
        rows = [row for rows in sources.cplis.values() for row in rows]
        sources.caseload(provider, [entry(row) for row in rows if row["provider_id"] == provider])
    return sources


def leicester(sources: Sources, *bad: Mapping[str, str]) -> bytes:
    """Return Leicester's extract with bad rows at its end."""
    return csv_bytes([*sources.cplis[LEICESTER], *bad], CPLI.all)


def text_of(sources: Sources, file: str) -> str:
    return (sources.root / file).read_text(encoding="utf-8")


def write_bad_date(sources: Sources) -> None:
    sources.write(LEICESTERS, leicester(sources, marked(6, start_date="2026-02-30")))


def write_bad_cells(sources: Sources) -> None:
    bad = marked(
        6,
        nhs_number=f"{MARK} 123",
        date_of_birth=f"{MARK} 1946",
        weekly_quantity=MARK,
        unit=MARK,
        service_type=MARK,
        created_at=MARK,
    )
    sources.write(LEICESTERS, leicester(sources, bad))


def write_bad_codes(sources: Sources) -> None:
    bad = marked(6, authorisation=MARK, end_date=MARK)
    sources.write(LEICESTERS, leicester(sources, bad))


def write_conflict(sources: Sources) -> None:
    known = sources.cplis[LEICESTER][0]
    sources.write(LEICESTERS, leicester(sources, known | {"family_name": f"{MARK}other"}))


def write_windows_1252(sources: Sources) -> None:
    text = leicester(sources, marked(6, given_name=f"{MARK}é")).decode()
    sources.write(LEICESTERS, text.encode("cp1252"))


def write_bom(sources: Sources) -> None:
    sources.write(LEICESTERS, b"\xef\xbb\xbf" + leicester(sources))


def write_missing_column(sources: Sources) -> None:
    columns = [name for name in CPLI.all if name != "start_date"]
    sources.write(LEICESTERS, csv_bytes(sources.cplis[LEICESTER], columns))


def write_doubled_column(sources: Sources) -> None:
    text = text_of(sources, LEICESTERS).replace("service_description", "person_id")
    sources.write(LEICESTERS, text.encode())


def write_long_cell(sources: Sources) -> None:
    bad = marked(6, family_name=MARK * 200_000)
    sources.write(LEICESTERS, leicester(sources, bad))


def write_nul(sources: Sources) -> None:
    sources.write(LEICESTERS, leicester(sources).replace(b"Z", b"Z\0"))


def write_no_csv(sources: Sources) -> None:
    sources.write(LEICESTERS, b"PK\x03\x04" + f"{MARK} a workbook".encode() * 50)


def write_ragged_row(sources: Sources) -> None:
    sources.write(LEICESTERS, leicester(sources) + f"{MARK},{MARK}\n".encode())


def write_unclosed_quote(sources: Sources) -> None:
    sources.write(LEICESTERS, leicester(sources) + f'"{MARK}\n{MARK}\n'.encode())


def write_unregistered(sources: Sources) -> None:
    sources.caseload(f"{MARK}-family", [entry(sources.cplis[LEICESTER][0])])


def write_other_provider(sources: Sources) -> None:
    rows = [
        entry(row, provider_id=f"{MARK}-provider" if place else "P1")
        for place, row in enumerate([sources.cplis[LEICESTER][0], sources.cplis[LEICESTERSHIRE][0]])
    ]
    sources.caseload("P1", rows, columns=["provider_id", *CASELOAD.all[2:]])


def write_other_date(sources: Sources) -> None:
    rows = [entry(sources.cplis[LEICESTER][0], caseload_date="2026-11-15")]
    sources.caseload("P1", rows)


def write_two_of_a_date(sources: Sources) -> None:
    content = (sources.root / OF_P1).read_bytes()
    sources.write(OF_P1.replace(".csv", ".CSV"), content)


def write_nameless(sources: Sources) -> None:
    sources.caseload("P1", [{"service_type": "HS", "given_name": MARK}])


def write_stray(sources: Sources) -> None:
    sources.write(f"caseload/{MARK} family.csv", MARK.encode())
    sources.write(f"caseload/{MARK}_2026-02-30.csv", MARK.encode())
    sources.write(f"{MARK}.docx", MARK.encode())
    sources.write("caseloads/notes.txt", MARK.encode())


def remove_extract(sources: Sources) -> None:
    sources.remove(f"council/{RUTLAND}/cpli.csv")


BAD_INPUT: dict[str, tuple[Callable[[Sources], None], int, list[Refusal]]] = {
    "a date of 30 February": (
        write_bad_date, 0, [(LEICESTERS, "3", "start_date", "unreadable")],
    ),
    "cells that cannot be read": (
        write_bad_cells,
        0,
        [
            (LEICESTERS, "3", "created_at", "unreadable"),
            (LEICESTERS, "3", "date_of_birth", "unreadable"),
            (LEICESTERS, "3", "nhs_number", "nhs_number_invalid"),
            (LEICESTERS, "3", "service_type", "service_type_unmapped"),
            (LEICESTERS, "3", "unit", "unknown_unit"),
            (LEICESTERS, "3", "weekly_quantity", "unreadable"),
        ],
    ),
    "codes that are none": (
        write_bad_codes,
        0,
        [
            (LEICESTERS, "3", "authorisation", "unreadable"),
            (LEICESTERS, "3", "end_date", "unreadable"),
        ],
    ),
    "a reference that means two things": (
        write_conflict,
        0,
        [
            (LEICESTERS, "1", "cpli_id", "conflicting_cpli_id"),
            (LEICESTERS, "3", "cpli_id", "conflicting_cpli_id"),
        ],
    ),
    "Windows-1252 text": (write_windows_1252, 0, [(LEICESTERS, "", "", "windows_1252")]),
    "a byte order mark": (write_bom, 0, []),
    "a missing column": (
        write_missing_column, 3, [(LEICESTERS, "", "start_date", "missing_columns")],
    ),
    "a doubled column": (
        write_doubled_column, 3, [(LEICESTERS, "", "person_id", "doubled_column")],
    ),
    "a cell of a million characters": (
        write_long_cell, 0, [(LEICESTERS, "3", "family_name", "cell_too_long")],
    ),
    "NUL bytes": (write_nul, 3, [(LEICESTERS, "", "", "unreadable")]),
    "a file that is no CSV": (write_no_csv, 3, [(LEICESTERS, "", "", "unreadable")]),
    "a row of two cells": (write_ragged_row, 0, [(LEICESTERS, "3", "", "ragged")]),
    "a quote that is never closed": (write_unclosed_quote, 0, [(LEICESTERS, "3", "", "ragged")]),
    "a provider that is not in the register": (
        write_unregistered,
        0,
        [(f"caseload/?_{CASELOAD_DATE} (3 of 3)", "", "", "provider_not_in_register")],
    ),
    "a caseload that disagrees with its name": (
        write_other_provider, 0, [(OF_P1, "2", "provider_id", "differs_from_file_name")],
    ),
    "a caseload of another date than its name's": (
        write_other_date, 0, [(OF_P1, "1", "caseload_date", "differs_from_file_name")],
    ),
    "two files of a provider and date": (write_two_of_a_date, 0, []),
    "an entry that names nobody": (write_nameless, 0, [(OF_P1, "1", "", "no_identity")]),
    "files that belong nowhere": (
        write_stray,
        0,
        [
            ("caseload/?", "", "", "file_name"),
            ("?", "", "", "file_name"),
            ("caseloads", "", "", "file_name"),
        ],
    ),
    "an extract that did not come": (
        remove_extract, 3, [(f"council/{RUTLAND}/cpli.csv", "", "", "not_received")],
    ),
}  # fmt: skip
