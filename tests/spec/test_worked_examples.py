"""The fast engine gives what the worked examples of docs/rules.md section 11 say it must."""

from collections import Counter

import bridge
import pytest
from oracle.examples import EXAMPLES, Example

SAID = ("type", "reason", "caveat", "severity")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.number)
def test_the_engine_gives_the_worked_example(example: Example) -> None:
    found = bridge.findings_of(example.population(), example.as_of).discrepancies
    rows = found[list(SAID)].astype("object").fillna("").itertuples(index=False, name=None)
    assert Counter(rows) == Counter(tuple(row[name] for name in SAID) for row in example.expected)
