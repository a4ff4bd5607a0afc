"""What is wrong with `cpli.toml`, all at once: each fault with its line and what would mend it.

What the file says of columns, codes and places may be repeated; what may be a secret never is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from pydantic import ValidationError

from settings.lines import Path

PREFIX = "CPLI_"
SENTENCES = {
    "missing": "it is missing: add it",
    "string_type": "it must be text in quotation marks",
    "int_type": "it must be a whole number",
    "int_parsing": "it must be a whole number",
    "int_from_float": "it must be a whole number",
    "float_type": "it must be a number",
    "float_parsing": "it must be a number",
    "bool_type": "it must be true or false",
    "bool_parsing": "it must be true or false",
    "tuple_type": "it must be a list in square brackets",
    "dict_type": "it must be a table of names and values",
    "dataclass_type": "it must be a table of names and values",
    "model_type": "it must be a table of names and values",
    "model_attributes_type": "it must be a table of names and values",
    "path_type": "it must be a path in quotation marks",
    "union_tag_not_found": "its connector is missing: add folder, sftp, sql or rest",
    "union_tag_invalid": "its connector must be folder, sftp, sql or rest",
    "too_short": "it must not be empty",
    "date_type": "it must be a date, such as 2026-12-25",
    "date_parsing": "it must be a date, such as 2026-12-25",
    "date_from_datetime_parsing": "it must be a date, such as 2026-12-25",
    "date_from_datetime_inexact": "it must be a date, such as 2026-12-25",
    "string_too_short": "it must not be empty",
    "string_pattern_mismatch": "it must be small letters, digits and underscores",
}
SOURCES: tuple[Path, ...] = (("providers",), ("supplier_references",))
CASELOADS: Path = ("caseloads",)
ANSWERS: Path = ("answers",)
SECRETS = frozenset(
    {
        *("api_key", "client_secret", "identity_key", "key_password", "password", "secret_key"),
        "token",
    }
)
NO_SUCH_PLACE = "no place has this name: add it under [places]"
CONNECTORS = ("folder", "sftp", "sql", "rest")


class Fault(NamedTuple):
    """A fault of the settings; the line is 0 where it is in no file."""

    line: int
    says: str


@dataclass(frozen=True, kw_only=True)
class Written:
    """A file of settings as it was read: its name, what it says, and on which lines.

    `variables` are the names of the environment's variables, which win over the file.
    """

    file: str
    says: Mapping[str, Any]
    lines: Mapping[Path, int]
    variables: frozenset[str] = frozenset()

    def place_of(self, path: Iterable[str]) -> tuple[Path, int | None]:
        """Return how far the file follows a path, and the line where it stops doing so."""
        found: Path = ()
        for name in path:
            if (*found, name) in self.lines:
                found = (*found, name)
        return found, self.lines.get(found)

    def fault(self, path: Iterable[str], wrong: str) -> Fault:
        """Return one fault: file, line, setting, what is wrong."""
        path = tuple(path)
        found, line = self.place_of(path)
        variable = PREFIX + "__".join(path).upper()
        if variable in self.variables or not (found or self.file):
            return Fault(0, f"{variable}: {wrong}")
        where = f"{self.file}, line {line}" if line else self.file
        return Fault(line or 0, f"{where}: {'.'.join(path or found)}: {wrong}")


def faults_of_shape(error: ValidationError, written: Written, known: Iterable[str]) -> list[Fault]:
    """Return what pydantic found, in plain words; `known` are the names of all settings."""
    faults = []
    for fault in error.errors(include_url=False, include_input=False, include_context=True):
        path = _without_tags(fault["loc"], written)
        faults.append(written.fault(path, _plain(fault["type"], fault, path, known)))
    return faults


def _without_tags(location: Iterable[int | str], written: Written) -> Path:
    """Return a place in the settings without the names that pydantic gives to a choice."""
    path: Path = ()
    level: Any = written.says
    for part in location:
        if isinstance(part, int) and isinstance(level, list) and isinstance(level[part], Mapping):
            path, level = (*path, str(part + 1)), level[part]
        elif isinstance(part, str) and part != "[key]" and isinstance(level, Mapping):
            if part in CONNECTORS and part not in level and path[:1] == ("places",):
                continue
            path, level = (*path, part), level.get(part, {})
    return path


def _plain(kind: str, fault: Mapping[str, Any], path: Path, known: Iterable[str]) -> str:
    says = fault.get("ctx", {})
    match kind:
        case "extra_forbidden" | "unexpected_keyword_argument":
            near = [
                f"did you mean {name}?" for name in get_close_matches(path[-1], list(known), n=1)
            ]
            return f"there is no such setting here: {(*near, 'remove it')[0]}"
        case "literal_error":
            return f"it must be {says['expected']}"
        case "greater_than":
            return f"it must be more than {says['gt']}"
        case "greater_than_equal":
            return f"it must be at least {says['ge']}"
        case "less_than_equal":
            return f"it must be at most {says['le']}"
        case _:
            return SENTENCES.get(kind, str(fault["msg"]).removeprefix("Value error, "))


def faults_between(written: Written) -> Iterator[Fault]:
    """Yield secrets that stand in the file, and what is wrong between one table and another."""
    says = written.says
    for path in written.lines:
        if path[-1] in SECRETS:
            wrong = "it is a secret: set it in the environment or as a file of the secrets folder"
            yield written.fault(path, wrong)
    url = _tables_in(says).get("database", {}).get("url")
    if isinstance(url, str) and urlsplit(url).password:
        wrong = "it must not hold a password: set the whole address as a secret"
        yield written.fault(("database", "url"), wrong)
    for name in ("providers", "councils", "caseloads"):
        if not says.get(name):
            yield written.fault((name,), "it is missing: say where it comes from")
    for path, table in _tables(says):
        for key, wrong in _place_and_connector(path, table, says):
            yield written.fault((*path, key), wrong)
        if table.get("provider") == "supplier_reference" and not says.get("supplier_references"):
            wrong = "there is no list of references: add [supplier_references]"
            yield written.fault((*path, "provider"), wrong)
    yield from _councils_of_one_code(written, "code")
    yield from _councils_of_one_code(written, "ods_code")
    yield from _routes_of_unknown_councils(written)
    yield from _feed_without_names(written)
    yield from _notices_nowhere(written)


def _feed_without_names(written: Written) -> Iterator[Fault]:
    """Yield what a feed that is delivered must say, and does not, or says of what is not there."""
    says = written.says
    feed = says.get("feed")
    if not isinstance(feed, Mapping):
        return
    keeper = feed.get("register_kept_by")
    if keeper is not None and keeper not in _tables_in(says.get("councils")):
        yield written.fault(
            ("feed", "register_kept_by"), "no council under [councils] has this name"
        )
    if "place" not in feed:
        return
    place = _tables_in(says.get("places")).get(str(feed["place"]))
    if place is None:
        yield written.fault(("feed", "place"), NO_SUCH_PLACE)
    elif place.get("connector") == "sql":
        wrong = "the feed is files or FHIR: name a folder, an SFTP or a FHIR server"
        yield written.fault(("feed", "place"), wrong)
    for name in ("source_id", "source_name"):
        if name not in feed:
            yield written.fault(("feed", name), "it is missing: the Care Record gives it to you")


def _notices_nowhere(written: Written) -> Iterator[Fault]:
    """Yield what of the notices leads to no place that takes files."""
    notices = written.says.get("notices")
    if not isinstance(notices, Mapping) or "place" not in notices:
        return
    place = _tables_in(written.says.get("places")).get(str(notices["place"]))
    if place is None:
        yield written.fault(("notices", "place"), NO_SUCH_PLACE)
    elif place.get("connector") not in ("folder", "sftp"):
        wrong = "notices are files: name a folder or an SFTP server"
        yield written.fault(("notices", "place"), wrong)


def _councils_of_one_code(written: Written, name: str) -> Iterator[Fault]:
    codes = {
        council: str(table[name])
        for council, table in _tables_in(written.says.get("councils")).items()
        if name in table
    }
    count = Counter(codes.values())
    for council, code in codes.items():
        if count[code] > 1:
            yield written.fault(("councils", council, name), "another council has this code too")


def _routes_of_unknown_councils(written: Written) -> Iterator[Fault]:
    councils = _tables_in(written.says.get("councils"))
    known = {*councils, *(str(council.get("code")) for council in councils.values())}
    routes = written.says.get("routing")
    for number, route in enumerate(routes if isinstance(routes, list) else (), start=1):
        named = route.get("councils") if isinstance(route, Mapping) else None
        if isinstance(named, list) and not known.issuperset(map(str, named)):
            wrong = "it names a council that is not under [councils], by its name or its code"
            yield written.fault(("routing", str(number), "councils"), wrong)


def _tables_in(level: object) -> Mapping[str, Mapping[str, Any]]:
    """Return the tables within a table, whatever else is in their places."""
    if not isinstance(level, Mapping):
        return {}
    return {name: table for name, table in level.items() if isinstance(table, Mapping)}


def _tables(says: Mapping[str, Any]) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield every table of the file that says where something comes from."""
    for path in (*SOURCES, CASELOADS, ANSWERS):
        if path[0] in _tables_in(says):
            yield path, says[path[0]]
    for name, council in _tables_in(says.get("councils")).items():
        for kind, table in _tables_in(council).items():
            yield ("councils", name, kind), table


def _place_and_connector(
    path: Path, table: Mapping[str, Any], says: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """Yield which setting of a table does not fit its place, and why."""
    place = _tables_in(says.get("places")).get(str(table.get("place")))
    if place is None:
        if "place" in table:
            yield "place", NO_SUCH_PLACE
        return
    named = [name for name in ("file", "table", "query") if name in table]
    if place.get("connector") == "rest":
        yield "place", "a FHIR server is for the feed alone: name another place"
    elif path in (CASELOADS, ANSWERS):
        if place.get("connector") == "sql":
            yield "place", f"{path[0]} are files: name a folder or an SFTP server"
    elif place.get("connector") == "sql":
        if named not in (["table"], ["query"]):
            yield (*named, "place")[0], "a database needs a table or a query, and no file"
    elif named != ["file"]:
        yield (
            (*(set(named) - {"file"}), "place")[0],
            "a folder has files: add file, and nothing else",
        )
