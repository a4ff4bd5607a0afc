"""The table of refusal rules holds every rule that the code can give, and no other."""

import ast
import re
from collections.abc import Iterator

from docs.written import DOCS
from house.repository import modules

ROOMS = ("schemas", "connectors", "flows")
CODE = re.compile(r"[a-z]+(_[a-z0-9]+)+|[a-z]+")
GIVES_ITS_RULE = {"warn": (0, 2), "reject": (0, 2)}


def rules_of_the_table() -> set[str]:
    text = (DOCS / "contracts.md").read_text(encoding="utf-8")
    table = text.partition("## Refusal rules")[2].partition("\n## ")[0]
    return set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))


def literals() -> set[str]:
    return {
        node.value
        for room in ROOMS
        for tree in modules(room).values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def rules_of_the_code() -> Iterator[str]:
    for room in ROOMS:
        for tree in modules(room).values():
            for node in ast.walk(tree):
                if isinstance(node, ast.Call):
                    yield from rules_of(node)


def rules_of(call: ast.Call) -> Iterator[str]:
    """Yield the rules that a call gives: by the name `rule`, or in its place."""
    given = [keyword.value for keyword in call.keywords if keyword.arg == "rule"]
    if isinstance(call.func, ast.Attribute):
        places = GIVES_ITS_RULE.get(call.func.attr, ())
        given += [call.args[place] for place in places if place < len(call.args)]
    for node in given:
        if isinstance(node, ast.Constant) and CODE.fullmatch(str(node.value)):
            yield str(node.value)


def test_every_rule_that_the_code_gives_is_in_the_table() -> None:
    found = set(rules_of_the_code())
    assert {"ragged", "windows_1252", "dated_in_future", "doubled_column"} <= found
    assert found - rules_of_the_table() == set()


def test_every_rule_of_the_table_is_in_the_code() -> None:
    assert rules_of_the_table() - literals() == set()


def test_every_rule_that_bad_input_names_is_in_the_table() -> None:
    text = (DOCS / "bad-input.md").read_text(encoding="utf-8")
    last_cells = re.findall(r"\| ([^|]*) \|$", text, re.MULTILINE)
    named = {code for cell in last_cells for code in re.findall(r"`(\w+)`", cell)}
    assert "ragged" in named
    assert named - rules_of_the_table() == set()
