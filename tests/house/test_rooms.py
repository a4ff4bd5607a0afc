"""Every tool looks at every room, and the rooms keep to their trade."""

import ast
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from house.repository import ROOT, modules, pyproject, rooms
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

NOT_IN_THE_WHEEL = {"benchmarks", "tests"}
MAY = {
    "orchestrator": {"flows"},
    "terminal": {"cli", "flows"},
    "wire": {"connectors"},
    "web": {"worklist"},
}
PURE = ("reconciliation", "schemas")
INPUT_AND_OUTPUT = {"open", "input", "print", "to_csv", "to_excel", "to_parquet", "to_sql"}
CLOCK = {"now", "today", "utcnow"}
ROW_BY_ROW = {"iterrows", "itertuples"}


def packages_of_the_tree() -> set[str]:
    """Return the top-level folders that hold Python files of ours."""
    return {
        folder.name
        for folder in ROOT.iterdir()
        if folder.is_dir() and not folder.name.startswith(".") and any(folder.glob("*.py"))
    }


def contract(name: str) -> dict[str, Any]:
    """Return an import contract by its id."""
    contracts: list[dict[str, Any]] = pyproject()["tool"]["importlinter"]["contracts"]
    return next(contract for contract in contracts if contract["id"] == name)


def test_the_wheel_holds_every_room() -> None:
    assert set(rooms()) == packages_of_the_tree() - NOT_IN_THE_WHEEL


def test_every_tool_looks_at_every_room() -> None:
    tool = pyproject()["tool"]
    layers = [room.strip() for line in contract("house")["layers"] for room in line.split("|")]
    assert sorted(layers) == sorted(rooms())
    assert tool["importlinter"]["root_packages"] == rooms()
    assert tool["coverage"]["run"]["source_pkgs"] == rooms()
    assert [name for name in tool["mypy"]["files"] if "/" not in name] == rooms()


@pytest.mark.parametrize("name", MAY)
def test_a_new_room_is_forbidden_what_the_others_are(name: str) -> None:
    assert contract(name)["source_modules"] == [room for room in rooms() if room not in MAY[name]]


@pytest.mark.parametrize("room", rooms())
def test_a_room_imports_only_what_pyproject_declares(room: str) -> None:
    wanted = [Requirement(line).name for line in pyproject()["project"]["dependencies"]]
    declared = {canonicalize_name(name) for name in wanted}
    distributions = packages_distributions()
    known = {*sys.stdlib_module_names, *rooms()}
    undeclared = {
        f"{path}: {module}"
        for path, tree in modules(room).items()
        for module in imported(tree) - known
        if not declared & {canonicalize_name(name) for name in distributions.get(module, [])}
    }
    assert undeclared == set()


@pytest.mark.parametrize("room", PURE)
def test_the_rules_and_the_contracts_neither_read_nor_write_nor_ask_the_clock(room: str) -> None:
    assert calls(modules(room), INPUT_AND_OUTPUT | CLOCK) == []


@pytest.mark.parametrize("room", PURE)
def test_the_rules_and_the_contracts_never_go_through_a_frame_row_by_row(room: str) -> None:
    assert calls(modules(room), ROW_BY_ROW) == []
    assert [
        f"{path}:{node.lineno}"
        for path, tree in modules(room).items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and called(node) == "apply"
        and any(keyword.arg == "axis" for keyword in node.keywords)
    ] == []


def test_the_look_out_for_calls_finds_them() -> None:
    tree = ast.parse("open(path)\nframe.to_csv(path)\ndatetime.date.today()\nopening(path)")
    found = calls({Path("rule.py"): tree}, INPUT_AND_OUTPUT | CLOCK)
    assert found == ["rule.py:1 open", "rule.py:2 to_csv", "rule.py:3 today"]


def imported(tree: ast.Module) -> set[str]:
    """Return the top-level names of the modules that a file imports."""
    names = [
        name
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    ]
    return {name.partition(".")[0] for name in names}


def calls(trees: dict[Path, ast.Module], names: set[str]) -> list[str]:
    """Return where functions or methods of these names are called."""
    return [
        f"{path}:{node.lineno} {called(node)}"
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and called(node) in names
    ]


def called(node: ast.Call) -> str:
    """Return the last part of the called name."""
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""
