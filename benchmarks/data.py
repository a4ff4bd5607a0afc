"""Large, plain sources: N CPLIs of three councils against 0.99 N entries, some of them wrong.

Unlike `cpli generate`, nearly every CPLI is running and has its entry, which is the most work that
N rows can make.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

AS_OF = date(2026, 11, 20)
COUNCILS = ("E06000016", "E06000017", "E10000018")
SERVICES = ("HS", "LTRC", "LTNC", "CSL", "DS", "SL", "R", "STRC")
FAMILY = ("Hollis", "O'Brien", "Patel", "Kaur", "Nowak", "Taylor-Green", "Müller", "Okafor")
GIVEN = ("Margaret", "Siân", "Amrit", "John", "Zoë", "Tariq", "Ethel", "Stanisław")
ENTRIES_PER_PROVIDER = 500


def make(directory: Path, *, cplis: int, seed: int = 1) -> Path:
    """Write a canonical sources folder with so many CPLIs and return it."""
    if (directory / "providers.csv").exists():
        return directory
    dice = np.random.default_rng(seed)
    providers = max(20, cplis // ENTRIES_PER_PROVIDER)
    number = np.arange(cplis)
    person = np.sort(dice.integers(0, int(cplis * 0.9), cplis))
    started = np.datetime64(AS_OF) - dice.integers(60, 1500, cplis)
    cpli = pa.table(
        {
            "cpli_id": _tagged("C", number),
            "person_id": _tagged("", person * 7 + 1000),
            "nhs_number": _nhs_numbers(person),
            "family_name": _spelt(FAMILY, person, 8),
            "given_name": _spelt(GIVEN, person // 8, 8),
            "date_of_birth": _text(np.datetime64("1930-01-01") + person * 13 % 20_000),
            "provider_id": _tagged("P", dice.integers(0, providers, cplis)),
            "service_type": _picked(SERVICES, number),
            "service_category": _picked(("LTS-C", "LTS-RS"), number),
            "service_description": _picked(("Home care", "Residential", "Day care"), number),
            "start_date": _text(started),
            "end_date": pa.nulls(cplis, pa.string()),
            "weekly_quantity": _text(dice.integers(2, 80, cplis) / 2),
            "unit": _picked(("hours", "days"), person),
            "authorisation": _picked(("authorised",), number),
            "created_at": _instants(started),
            "updated_at": _instants(started + 30),
            "commissioning_team": _tagged("Team ", number % 12),
            "commissioning_worker": _tagged("W", number % 300),
        }
    )
    council = person % len(COUNCILS)
    for place, code in enumerate(COUNCILS):
        folder = directory / "council" / code
        folder.mkdir(parents=True)
        mine = cpli.filter(pa.array(council == place))
        csv.write_csv(mine.take(dice.permutation(len(mine))), folder / "cpli.csv")
        shown = mine.select(
            [
                "cpli_id",
                "provider_id",
                "person_id",
                "service_type",
                "start_date",
                "end_date",
                "weekly_quantity",
                "unit",
            ]
        )
        csv.write_csv(shown, folder / f"portal_{AS_OF - timedelta(days=1)}.csv")
    _write_caseloads(directory, cpli, council, dice)
    register = pa.table(
        {
            "provider_id": _tagged("P", np.arange(providers)),
            "name": _tagged("Provider ", np.arange(providers)),
        }
    )
    csv.write_csv(
        register.append_column("cqc_id", pa.nulls(providers, pa.string())).append_column(
            "ods_code", pa.nulls(providers, pa.string())
        ),
        directory / "providers.csv",
    )
    return directory


def _write_caseloads(
    directory: Path, cpli: pa.Table, council: np.ndarray, dice: np.random.Generator
) -> None:
    folder = directory / "caseload"
    folder.mkdir()
    size = len(cpli)
    listed = np.flatnonzero(dice.random(size) < 0.99)
    known = dice.random(size)
    late = np.where(dice.random(size) < 0.01, 20, 0)
    start = np.asarray(pc.strptime(cpli["start_date"], "%Y-%m-%d", "s")).astype("datetime64[D]")
    entry = pa.table(
        {
            "provider_id": cpli["provider_id"],
            "caseload_date": pa.array(np.full(size, str(AS_OF))),
            "cpli_id": _where(known < 0.5, cpli["cpli_id"]),
            "local_authority": pa.array(np.array(COUNCILS)[council]),
            "person_id": _where(known > 0.8, cpli["person_id"]),
            "nhs_number": _where(known < 0.97, cpli["nhs_number"]),
            **{name: cpli[name] for name in ("family_name", "given_name", "date_of_birth")},
            "service_type": cpli["service_type"],
            "start_date": _text(start + late),
            **{name: cpli[name] for name in ("end_date", "weekly_quantity", "unit")},
        }
    ).take(listed)
    ordered = entry.sort_by("provider_id")
    names, firsts = np.unique(ordered["provider_id"].to_numpy(), return_index=True)
    bounds = np.append(firsts, len(ordered))
    for place, name in enumerate(names):
        part = ordered.slice(bounds[place], bounds[place + 1] - bounds[place])
        csv.write_csv(part, folder / f"{name}_{AS_OF}.csv")


def _nhs_numbers(person: np.ndarray) -> pa.Array:
    """Return synthetic NHS numbers (999...), none where no check digit would be right."""
    nine = 999_000_000 + person.astype(np.int64) % 1_000_000
    digits = (nine[:, None] // 10 ** np.arange(8, -1, -1)) % 10
    check = (11 - (digits * np.arange(10, 1, -1)).sum(axis=1) % 11) % 11
    text = np.char.add(nine.astype(str), np.where(check == 10, "0", check.astype(str)))
    return pa.array(np.where(check == 10, "", text))


def _text(values: np.ndarray) -> pa.Array:
    return pa.array(values.astype(str))


def _instants(days: np.ndarray) -> pa.Array:
    return pa.array(np.char.add(days.astype(str), "T09:30:00Z"))


def _tagged(tag: str, numbers: np.ndarray) -> pa.Array:
    return pa.array(np.char.add(tag, np.char.zfill(numbers.astype(str), 7)))


def _picked(choices: tuple[str, ...], numbers: np.ndarray) -> pa.Array:
    return pa.array(np.array(choices)[numbers % len(choices)])


def _spelt(choices: tuple[str, ...], numbers: np.ndarray, spread: int) -> pa.Array:
    letters = np.char.add(np.array(list("abcdefghij"))[numbers // spread % 10], "")
    return pa.array(np.char.add(np.array(choices)[numbers % len(choices)], letters))


def _where(mask: np.ndarray, column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.if_else(pa.array(mask), column, pa.scalar(None, column.type))
