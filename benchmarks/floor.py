"""The floor F: what any engine must at least do with the same files.

A typed Arrow read of every column of both tables, one full outer join on `cpli_id`, and three
comparisons. Everything else is told as a multiple of it.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

_DATES = ("date_of_birth", "start_date", "end_date", "caseload_date")


def floor(sources: Path) -> int:
    """Read, join and compare; return how many rows differ in start date, end date or quantity."""
    cplis = pa.concat_tables(_read(path) for path in sorted(sources.glob("council/*/cpli.csv")))
    entries = pa.concat_tables(_read(path) for path in sorted(sources.glob("caseload/*.csv")))
    both = cplis.join(
        entries, "cpli_id", join_type="full outer", left_suffix="_council", right_suffix="_provider"
    )
    differing = 0
    for name in ("start_date", "end_date", "weekly_quantity"):
        differs = pc.not_equal(both[f"{name}_council"], both[f"{name}_provider"])
        differing += pc.sum(differs).as_py() or 0
    return int(differing)


def _read(path: Path) -> pa.Table:
    with path.open("rb") as file:
        names = file.readline().decode().replace('"', "").strip().split(",")
    types = {name: pa.string() for name in names}
    types |= {name: pa.date32() for name in names if name in _DATES}
    types |= {"weekly_quantity": pa.float64()} if "weekly_quantity" in names else {}
    options = csv.ConvertOptions(column_types=types, null_values=[""], strings_can_be_null=True)
    return csv.read_csv(path, convert_options=options)
