import csv
import re
from pathlib import Path

import pytest
from folders.marked import BAD_INPUT, MARK, marked_sources

from cli.main import main

COUNCIL = re.compile("E[0-9]{8}")


def refusals_in(folder: Path) -> list[dict[str, str]]:
    with (folder / "refusals.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("kind", BAD_INPUT)
def test_bad_input_is_put_down_to_file_row_column_and_rule_and_quotes_nobody(kind, tmp_path, capfd):
    change, expected_code, expected = BAD_INPUT[kind]
    sources, out = marked_sources(tmp_path / "sources"), tmp_path / "out"
    change(sources)
    code = main(
        ["reconcile", "--sources", str(sources.root), "--as-of", "2026-11-20", "--out", str(out)]
    )
    shown = capfd.readouterr()
    assert code == expected_code, shown.err
    noted = refusals_in(out)
    found = [(each["file"], each["row"], each["column"], each["rule"]) for each in noted]
    assert set(expected) <= set(found)
    assert bool(expected) == bool(found)
    for each in noted:
        assert "Ask " in each["message"] or "To be corrected by " in each["message"]
    assert "Traceback" not in shown.out + shown.err
    harmless = [_text(out / name) for name in ("refusals.csv", "summary.json", "timeliness.csv")]
    for text in (shown.out, shown.err, *harmless):
        assert MARK not in text
        assert "999000" not in text
    if code == 3:
        [left_out] = {COUNCIL.search(each["file"]).group() for each in noted}
        assert left_out not in _text(out / "discrepancies.csv")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("make", "code", "said"),
    [
        (lambda path: None, 2, "no folder"),
        (lambda path: path.mkdir(), 4, "holds neither providers.csv nor a folder council"),
        (lambda path: path.write_text(MARK), 2, "is a file"),
    ],
)
def test_sources_that_are_none_end_with_a_sentence_and_leave_nothing(
    tmp_path, capfd, make, code, said
):
    make(tmp_path / "sources")
    arguments = ["--sources", str(tmp_path / "sources"), "--as-of", "2026-11-20"]
    assert main(["reconcile", *arguments, "--out", str(tmp_path / "out")]) == code
    shown = capfd.readouterr()
    assert said in shown.err
    assert "Traceback" not in shown.err
    assert not (tmp_path / "out").exists()
