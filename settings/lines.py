"""Which line of a TOML file says what, so that a fault can name its line."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import tree_sitter
import tree_sitter_toml

Path = tuple[str, ...]

TABLES = ("table", "table_array_element")
KEYS = ("bare_key", "quoted_key", "dotted_key")


def lines_of(text: str) -> Mapping[Path, int]:
    """Return the line of each table and key of a TOML text, counted from 1.

    A table in brackets is found under its whole name, as is each table that its name leads through;
    of arrays of tables, each is found under the array's name and its number, counted from 1.
    """
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_toml.language()))
    lines: dict[Path, int] = {}
    for path, line in _said(parser.parse(text.encode()).root_node, ()):
        for length in range(1, len(path) + 1):
            lines.setdefault(path[:length], line)
    return lines


def _said(node: tree_sitter.Node, within: Path) -> Iterator[tuple[Path, int]]:
    met: Counter[Path] = Counter()
    for child in node.named_children:
        if child.type in TABLES or child.type == "pair":
            path = within + _names(child.named_children[0])
            if child.type == "table_array_element":
                met[path] += 1
                path = (*path, str(met[path]))
            yield path, child.start_point.row + 1
            yield from _said(child, path)
        elif child.type not in KEYS:
            yield from _said(child, within)


def _names(key: tree_sitter.Node) -> Path:
    """Return the parts of a key, which TOML's own reader takes apart."""
    said = (key.text or b"").decode()
    names: list[str] = []
    level: Any = tomllib.loads(f"{said} = 0")
    while isinstance(level, dict):
        ((name, level),) = level.items()
        names.append(name)
    return tuple(names)
