"""docs/drop.md lists every fault, and no other; its example is what we understand."""

import json
import re
from pathlib import Path

from drop.delivered import NAME

from connectors.drop.answers import understood
from connectors.drop.faults import LATER, PASSING, Fault
from connectors.drop.in_folder import DropFolder

TEXT = (Path(__file__).parents[2] / "docs" / "drop.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `(\w+)` \| ([^|]*) \|", TEXT, re.MULTILINE))


def test_every_fault_has_a_row_that_says_what_is_tried_again() -> None:
    assert set(ROWS) == set(map(str, Fault))
    assert {fault for fault in Fault if ROWS[fault].startswith("at once")} == PASSING
    assert {fault for fault in Fault if ROWS[fault] != "no"} == LATER


def test_the_example_of_an_acknowledgement_is_one(folder: DropFolder) -> None:
    (example,) = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
    content = json.dumps(json.loads(example)).encode()
    said = understood(content, export=NAME, file="it", place=folder)
    assert (said.accepted, len(said.refused)) == (812, 1)
