"""docs/sftp.md lists every fault and every reason, and no other."""

import re
from pathlib import Path

from connectors.sftp.faults import LATER, PASSING, SENTENCES, Fault
from connectors.sftp.names import LeftBecause

TEXT = (Path(__file__).parents[2] / "docs" / "sftp.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `(\w+)` \| ([^|]*) \|", TEXT, re.MULTILINE))


def test_every_fault_has_a_sentence_and_a_row() -> None:
    assert set(SENTENCES) == set(Fault)
    assert set(ROWS) == {*map(str, Fault), *map(str, LeftBecause)}


def test_the_document_says_what_is_tried_again() -> None:
    assert {fault for fault in Fault if ROWS[fault].startswith("at once")} == PASSING
    assert {fault for fault in Fault if ROWS[fault] != "no"} == LATER
