"""A small canonical sources folder, written out by hand.

Three councils, two providers and six people, all of whom are reported as they are recorded: as it
stands, the night finds nothing. `Sources` changes one thing at a time.
"""

import csv
import io
import os
import shutil
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Self

from oracle.tables import synthetic_nhs_number

from schemas.tables import CASELOAD, CPLI, PORTAL

AS_OF = date(2026, 11, 20)
CASELOAD_DATE = date(2026, 11, 16)
LEICESTER, RUTLAND, LEICESTERSHIRE = "E06000016", "E06000017", "E10000018"
COUNCILS = (LEICESTER, RUTLAND, LEICESTERSHIRE)
PROVIDERS = ("P1", "P2")

Row = dict[str, str]


def cpli(number: int, **changes: str) -> Row:
    """Return a person's CPLI; the council and the provider follow from the number."""
    row = {
        "cpli_id": f"C{number}",
        "person_id": f"N{number}",
        "nhs_number": synthetic_nhs_number(number * 10),
        "family_name": f"Family{'abcdefghij'[number % 10]}",
        "given_name": f"Given{'abcdefghij'[number % 10]}",
        "date_of_birth": f"19{40 + number:02}-02-03",
        "provider_id": PROVIDERS[number % len(PROVIDERS)],
        "service_type": "HS",
        "start_date": "2026-05-01",
        "end_date": "",
        "weekly_quantity": "14",
        "unit": "hours",
        "authorisation": "authorised",
        "created_at": "2026-05-01T09:00:00Z",
        "commissioning_team": "North",
    }
    return row | changes


def entry(row: Mapping[str, str], **changes: str) -> Row:
    """Return what a provider reports of a CPLI."""
    return {name: row[name] for name in CASELOAD.all if name in row} | changes


def shown(row: Mapping[str, str], **changes: str) -> Row:
    """Return what the portal shows of a CPLI."""
    return {name: row[name] for name in PORTAL.all} | changes


def csv_bytes(rows: Sequence[Mapping[str, str]], columns: Sequence[str]) -> bytes:
    """Return rows as a CSV file with exactly these columns."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


class Sources:
    """A sources folder in the making; every method returns it, so that changes can be chained."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.cplis = {
            council: [cpli(place), cpli(place + len(COUNCILS))]
            for place, council in enumerate(COUNCILS)
        }
        self.write("providers.csv", b"provider_id,name,cqc_id,ods_code\nP1,One,,\nP2,Two,,\n")
        for council, rows in self.cplis.items():
            self.council(council, rows)
            self.portal(council, [shown(row) for row in rows])
        everyone = [row for rows in self.cplis.values() for row in rows]
        for provider in PROVIDERS:
            self.caseload(
                provider, [entry(row) for row in everyone if row["provider_id"] == provider]
            )

    def write(self, file: str, content: bytes) -> Self:
        """Write a file below the root."""
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return self

    def remove(self, file: str) -> Self:
        """Remove a file or folder below the root."""
        path = self.root / file
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
        return self

    def council(self, council: str, rows: Sequence[Mapping[str, str]]) -> Self:
        """Write a council's CPLIs."""
        return self.write(f"council/{council}/cpli.csv", csv_bytes(rows, CPLI.all))

    def portal(
        self, council: str, rows: Sequence[Mapping[str, str]], *, dated: date = date(2026, 11, 19)
    ) -> Self:
        """Write a portal extract."""
        return self.write(f"council/{council}/portal_{dated}.csv", csv_bytes(rows, PORTAL.all))

    def caseload(
        self,
        provider: str,
        rows: Sequence[Mapping[str, str]],
        *,
        dated: date = CASELOAD_DATE,
        columns: Sequence[str] = CASELOAD.all,
        received: datetime | None = None,
    ) -> Self:
        """Write a caseload, received at a given instant or now."""
        file = f"caseload/{provider}_{dated}.csv"
        self.write(file, csv_bytes(rows, columns))
        if received is not None:
            os.utime(self.root / file, (received.timestamp(), received.timestamp()))
        return self


def unlisted(number: int) -> dict[str, str]:
    """Return a CPLI that no caseload lists and no portal shows."""
    return cpli(number, provider_id="P1", start_date="2026-01-05")
