"""Writes the parts of the documents that are made from data, between marks in the text.

`PYTHONPATH=tests .venv/bin/python -m docs.written` writes them anew; `test_written` fails where
somebody forgot to.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path

import click
import pandera.pandas as pa
from docs.meanings import COLUMNS, EXAMPLE_REASONS, FLAGS, OPTIONS, TOLERANCES, VOCABULARY_COLUMNS
from oracle.examples import CPLI_DEFAULTS, ENTRY_DEFAULTS, EXAMPLES, LEICESTER, Example
from oracle.population import Row

from cli import main
from flows.caseloads import IDENTITIES
from quality.catalogue import Held, gates_of
from reconciliation.night import Tolerances
from reconciliation.timeliness import TIMELINESS_COLUMNS
from schemas import tables, vocabularies
from schemas.gates import GateSource, Unit
from schemas.tables import DISCREPANCY_COLUMNS, MODELS, REFUSAL_COLUMNS, TableColumns
from schemas.vocabularies import Vocabulary
from settings.schema import file_schema

DOCS = Path(__file__).parents[2] / "docs"
COMMAND = "PYTHONPATH=tests .venv/bin/python -m docs.written"
TYPES = {
    "str": "text",
    "string[pyarrow]": "text",
    "bool": "yes or no",
    "int64": "whole number",
    "Int64": "whole number",
    "float64": "number",
    "category": "code",
    "datetime64[us]": "date",
    "datetime64[ns]": "date",
    "datetime64[us, UTC]": "instant (UTC)",
}
SOURCE_TABLES = {
    "providers.csv": (tables.PROVIDER, "Provider"),
    "cpli.csv": (tables.CPLI, "Cpli"),
    "portal_<date>.csv": (tables.PORTAL, "Portal"),
    "caseload": (tables.CASELOAD, "Entry"),
}
UNITS = {"hours": "h"}
# The file's name says both of a caseload; a provider without a name goes by its id.
STANDS_IN_ELSEWHERE = {
    ("caseload", "provider_id"),
    ("caseload", "caseload_date"),
    ("provider", "name"),
}


def grid(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def code(text: str) -> str:
    """Return text set as code."""
    return f"`{text}`"


def examples() -> str:
    """Return the worked examples: what both sides send, what comes of it, and why."""
    return grid(
        ("#", "The council holds", "The provider lists", "Result", "Why"),
        (
            (
                one.number,
                council_side(one),
                provider_side(one),
                result(one),
                EXAMPLE_REASONS[one.number],
            )
            for one in EXAMPLES
        ),
    )


def council_side(one: Example) -> str:
    """Return what the council holds, in few words."""
    return sentence([*map(cpli, one.cplis), *others(one)]) + (
        ". The extract did not come" if one.not_assessed else ""
    )


def provider_side(one: Example) -> str:
    """Return what the provider lists, in few words."""
    return sentence([*map(entry, one.entries), *others(one)])


def sentence(parts: list[str]) -> str:
    """Join what several rows say."""
    return "; ".join(parts) or "nothing"


def others(one: Example) -> list[str]:
    """Return that there are more people."""
    return [f"{one.others} more people, the same on both sides"] if one.others else []


def cpli(row: Row) -> str:
    """Return a CPLI in few words: what of it is not as always."""
    return ", ".join(
        filter(
            None,
            [
                row.get("cpli_id", ""),
                row.get("authorisation", ""),
                who(row, CPLI_DEFAULTS),
                period({"start_date": CPLI_DEFAULTS["start_date"], **row}),
                *support(row),
            ],
        )
    )


def entry(row: Row) -> str:
    """Return an entry in few words: what of it is not as always."""
    return (
        ", ".join(
            filter(
                None,
                [
                    f"quoting {row['cpli_id']}" if row.get("cpli_id") else "",
                    who(row, ENTRY_DEFAULTS),
                    period(row) if row.keys() & {"start_date", "end_date"} else "",
                    *support(row),
                    f"in a caseload of {row['caseload_date']}" if "caseload_date" in row else "",
                ],
            )
        )
        or "Margaret"
    )


def who(row: Row, defaults: Mapping[str, str]) -> str:
    """Return whom a row names, where it is not just the usual person."""
    if "family_name" in row:
        number = "" if row.get("nhs_number", "as always") else "without numbers "
        return f'{number}"{row["given_name"]} {row["family_name"]}" born {row["date_of_birth"]}'
    named = row.get("who", "")
    number = f"NHS number {row['nhs_number']}" if row.get("nhs_number") else ""
    return ", ".join(filter(None, ["" if row.get("cpli_id") == named else named, number]))


def period(row: Row) -> str:
    """Return from when to when."""
    if row.get("end_date"):
        return f"{row['start_date']} to {row['end_date']}"
    return f"since {row['start_date']}"


def support(row: Row) -> list[str]:
    """Return service, provider, council and quantity where they are told."""
    unit = UNITS[CPLI_DEFAULTS["unit"]]
    return [
        row.get("service_type", ""),
        f"{row['weekly_quantity']} {unit}" if row.get("weekly_quantity") else "",
        row.get("service_description", ""),
        f"with {row['provider_id']}" if "provider_id" in row else "",
        f"of {row['local_authority']}"
        if row.get("local_authority", LEICESTER) != LEICESTER
        else "",
    ]


def result(one: Example) -> str:
    """Return what comes of an example."""
    found = [
        f"{code(row['type'])} ({said})"
        for row in one.expected
        if (said := ", ".join(filter(None, [row["severity"], *notes(row)])))
    ]
    rejected = [f"row {row['row']} of `{row['table']}` is rejected" for row in one.rejected]
    return ", ".join([*found, *rejected]) or "nothing"


def notes(row: Row) -> list[str]:
    """Return the reason and the caveat as code."""
    return [code(row[name]) for name in ("reason", "caveat") if row[name]]


def tolerances() -> str:
    """Return the thresholds of the rules with their defaults."""
    plain = Tolerances()
    return grid(
        ("Setting", "Default", "Rule", "Meaning"),
        (
            (code(field.name), shown(getattr(plain, field.name)), *TOLERANCES[field.name])
            for field in fields(Tolerances)
        ),
    )


def shown(value: object) -> str:
    """Return a default as it is set in the environment."""
    return code(",".join(value) if isinstance(value, tuple) else f"{value:g}")


def file_columns(name: str) -> str:
    """Return the columns of a source file."""
    table, model = SOURCE_TABLES[name]
    return grid(
        ("Column", "Must be there", "Must hold a value", "Meaning"),
        (
            (code(column), must_be_there(column, table), must_hold(column, table, model), meaning)
            for column in table.all
            for meaning in [COLUMNS[column]]
        ),
    )


def must_be_there(column: str, table: TableColumns) -> str:
    """Return whether a file without the column is refused; of caseloads rule 5 says so."""
    if table is tables.CASELOAD and column in set().union(*IDENTITIES):
        return "one identity"
    needed = column in table.required or (table is tables.CASELOAD and column == "service_type")
    return "yes" if needed else "no"


def must_hold(column: str, table: TableColumns, model: str) -> str:
    """Return whether a row without a value in the column is rejected."""
    if (table.name, column) in STANDS_IN_ELSEWHERE:
        return "no"
    return "no" if MODELS[model].to_schema().columns[column].nullable else "yes"


def frame_columns(*names: str) -> str:
    """Return the columns of a model, or of two alike, from the models themselves."""
    schemas = [MODELS[name].to_schema().columns for name in names]
    return grid(
        ("Column", "Type", *(f"null in `{name}`" for name in names), "Checked"),
        (
            (
                code(column),
                TYPES[str(schemas[0][column].dtype)],
                *("may be" if schema[column].nullable else "never" for schema in schemas),
                ", ".join(checks(schemas[0][column])) or "-",
            )
            for column in schemas[0]
        ),
    )


def checks(column: pa.Column) -> Iterator[str]:
    """Yield what a model demands of a column's values."""
    if column.unique:
        yield "unique"
    if str(column.dtype) == "category":
        yield "a code of its vocabulary"
    for check in column.checks:
        match check.name:
            case "isin":
                yield "a code of its vocabulary"
            case "greater_than_or_equal_to":
                yield f"{check.statistics['min_value']} or more"
            case "str_matches":
                yield f"matches {code(check.statistics['pattern'])}"
            case other:
                raise ValueError(f"no words for the check {other}")


def added_columns() -> str:
    """Return the columns that no file has."""
    return grid(("Column", "Meaning"), ((code(name), says) for name, says in FLAGS.items()))


def vocabulary_tables() -> str:
    """Return every closed vocabulary with its displays."""
    parts = []
    for name, kind in vars(vocabularies).items():
        if isinstance(kind, type) and issubclass(kind, Vocabulary) and kind is not Vocabulary:
            doc = (kind.__doc__ or "").strip()
            rows = [(code(member.value), member.display) for member in kind]
            used = VOCABULARY_COLUMNS[name]
            parts.append(f"### {name}\n\n{doc} Used in: {used}.\n\n{grid(('Code', 'Reads'), rows)}")
    return "\n\n".join(parts)


def output_columns(names: Sequence[str]) -> Callable[[], str]:
    """Return what writes the columns of a file that a night leaves."""
    return lambda: grid(
        ("Column", "Meaning"), ((code(name), {**COLUMNS, **FLAGS}[name]) for name in names)
    )


def commands() -> str:
    """Return every command, from the command line itself."""
    return "\n\n".join(command(name, each) for name, each in walk(main.cpli, "cpli"))


def walk(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    """Yield the commands of a group and of the groups in it, by their full names."""
    for name, each in group.commands.items():
        if isinstance(each, click.Group):
            yield from walk(each, f"{path} {name}")
        else:
            yield f"{path} {name}", each


def command(name: str, each: click.Command) -> str:
    """Return what a command does, an example and its options."""
    context = click.Context(each, info_name=name)
    usage = " ".join(each.collect_usage_pieces(context))
    does = " ".join((each.help or "").split()).replace("<", "&lt;")
    example = (each.epilog or "").removeprefix("Example: ")
    options = grid(
        ("Option", "Default", "Meaning"),
        (
            (code(" ".join(option.opts)), default(option), option.help or OPTIONS[option.name])
            for option in each.params
            if isinstance(option, click.Option)
        ),
    )
    return f"### `{name} {usage}`\n\n{does}\n\n```\n{example}\n```\n\n{options}"


def default(option: click.Option) -> str:
    """Return what an option is when it is not given."""
    if isinstance(option.envvar, str):
        return f"{code(option.envvar)}, else {'required' if option.required else 'see right'}"
    if option.required:
        return "required"
    if isinstance(option.show_default, str):
        return option.show_default
    given = isinstance(option.default, int | str | Path)
    return code(str(option.default)) if given else "-"


def gates() -> str:
    """Return an entry for each gate, which errors, the page and alerts can point to."""
    parts = []
    for source in GateSource:
        parts.append(f"### {source.display}")
        for held in gates_of(source):
            gate = held.gate
            parts.append(
                f"#### {gate.name}\n\n{gate.title}. *{gate.severity.display}*.\n{gate.reason}\n\n"
                f"- Plausible: {plausible(held)}.\n- {gate.remedy}"
            )
    return "\n\n".join(parts)


def plausible(held: Held) -> str:
    """Return within which bounds a gate's figure is plausible."""
    bounds = held.bounds

    def figure(value: float) -> str:
        share = held.gate.unit is Unit.SHARE
        return f"{value * 100:g} %" if share else f"{value:g}"

    def width(part: float) -> str:
        widths = [figure(bounds.margin)] if bounds.margin else []
        widths += [f"{part * 100:g} % of it"] if part else []
        widths += [f"{bounds.root:g} times its square root"] if bounds.root else []
        return " or ".join([*widths, "six spreads"])

    told = []
    if bounds.lower is not None:
        told.append(f"at most {width(bounds.lower)} below the usual")
    if bounds.upper is not None:
        worst = f"{bounds.beyond_worst:g} times the highest so far" if bounds.beyond_worst else ""
        told.append(f"at most {width(bounds.upper)} above {worst or 'the usual'}")
    for word, first, always in (
        ("least", bounds.first_lowest, bounds.floor),
        ("most", bounds.first_highest, bounds.ceiling),
    ):
        if always is not None:
            told.append(f"always at {word} {figure(always)}")
        if first is not None:
            told.append(f"on first nights at {word} {figure(first)}")
    if bounds.spring:
        told.append("not judged from 18 March to 10 May")
    return "; ".join(told)


PARTS: dict[tuple[str, str], Callable[[], str]] = {
    ("rules.md", "examples"): examples,
    ("rules.md", "tolerances"): tolerances,
    **{
        ("contracts.md", f"file {name}"): lambda name=name: file_columns(name)
        for name in SOURCE_TABLES
    },
    ("contracts.md", "commands"): commands,
    ("contracts.md", "discrepancies"): output_columns(DISCREPANCY_COLUMNS),
    ("contracts.md", "refusals"): output_columns(REFUSAL_COLUMNS),
    ("contracts.md", "timeliness"): output_columns(TIMELINESS_COLUMNS),
    **{
        ("contracts.md", f"frame {names[0]}"): lambda names=names: frame_columns(*names)
        for names in (
            ("Cpli", "RejectedCpli"),
            ("Portal", "RejectedPortal"),
            ("Entry", "RejectedEntry"),
            ("Provider",),
            ("Discrepancy",),
            ("Refusal",),
        )
    },
    ("contracts.md", "added columns"): added_columns,
    ("contracts.md", "vocabularies"): vocabulary_tables,
    ("gates.md", "gates"): gates,
}


def rewritten(text: str, part: str, content: str) -> str:
    """Return a document with the content between the marks of a part. Raises ValueError without."""
    start, end = f"<!-- written: {part} -->\n", f"<!-- end: {part} -->"
    before, found, rest = text.partition(start)
    _, found_end, after = rest.partition(end)
    if not (found and found_end):
        raise ValueError(f"the marks of {part} are missing")
    return f"{before}{start}\n{content}\n\n{end}{after}"


def schema_of_settings() -> str:
    """Return the JSON schema of cpli.toml."""
    return json.dumps(file_schema(), indent=2, sort_keys=True) + "\n"


WHOLE: Mapping[str, Callable[[], str]] = {"cpli.schema.json": schema_of_settings}
"""The files that are written whole."""


def write() -> None:
    """Write every part of every document anew, and the files that are written whole."""
    for name, content in WHOLE.items():
        (DOCS / name).write_text(content(), "utf-8")
    for (document, part), make in PARTS.items():
        path = DOCS / document
        path.write_text(rewritten(path.read_text("utf-8"), part, make()), "utf-8")


if __name__ == "__main__":
    write()
