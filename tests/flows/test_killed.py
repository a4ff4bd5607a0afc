import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from folders.canonical import LEICESTER, cpli

KILLS = 20
TABLES = ["discrepancies.csv", "refusals.csv", "timeliness.csv", "withheld.csv"]
LEFT = sorted([*TABLES, "feed", "summary.json"])


def content(out: Path) -> dict[str, object]:
    """Return all that a night leaves, times aside."""
    night = out / "2026-11-20"
    summary = json.loads((night / "summary.json").read_bytes())
    del summary["seconds"]
    connection = sqlite3.connect(out / "casebook.db")
    rows = {
        table: sorted(connection.execute(f"select {columns} from {table}").fetchall(), key=repr)
        for table, columns in (
            ("night", "as_of, content_hash, outcome, summary, discrepancies"),
            ("night_council", "*"),
            ("night_source", "*"),
            ("night_not_assessed", "*"),
            ("night_discrepancy", "*"),
            ("feed_export", "number, name, as_of, evidence, counts, receiver, state"),
            ("feed_file", "*"),
            ("feed_resource", "*"),
            ("feed_prepared", "*"),
        )
    }
    connection.close()
    files = {
        path.relative_to(night).as_posix(): path.read_bytes()
        for folder in (*TABLES, "feed")
        for path in (night / folder, *(night / folder).rglob("*"))
        if path.is_file()
    }
    return {"summary": summary, "rows": rows, **files}


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_wherever_a_night_is_killed_the_next_run_ends_as_if_nothing_had_happened(sources, tmp_path):
    sources.council(LEICESTER, [*sources.cplis[LEICESTER], cpli(6, provider_id="P1")])
    script = Path(__file__).with_name("killed.py")
    done = subprocess.run(
        [sys.executable, str(script), str(sources.root), str(tmp_path / "out"), str(KILLS)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ
        | {"CPLI_IDENTITY_KEY": "a key for tests alone", "PYTHONPATH": str(script.parents[1])},
    )
    assert done.returncode == 0, done.stderr
    states = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(states) == KILLS + 1
    assert sum(not state["done"] for state in states) > KILLS / 2
    for state in states:
        assert state["files"] in (None, LEFT)
        assert state["recorded"] in (None, [0], [2, 2])
    assert states[-1]["left"] == ["2026-11-20", "casebook.db", "casebook.db.locks"]
    assert content(tmp_path / "out") == content(tmp_path / "undisturbed")
