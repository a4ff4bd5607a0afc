"""The documents say what the code and the worked examples say."""

import json
import re
import tomllib

import jsonschema
import pytest
from docs.meanings import COLUMNS, EXAMPLE_REASONS, FLAGS
from docs.written import COMMAND, DOCS, PARTS, WHOLE, frame_columns, rewritten

COLUMN = re.compile(r"^\| `(\w+)` \|", re.MULTILINE)


@pytest.mark.parametrize(("document", "part"), PARTS, ids=map(" ".join, PARTS))
def test_what_is_written_from_data_is_up_to_date(document: str, part: str) -> None:
    text = (DOCS / document).read_text(encoding="utf-8")
    assert rewritten(text, part, PARTS[document, part]()) == text, (
        f"docs/{document} is out of date in its part {part}; to write it anew: {COMMAND}"
    )


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_that_is_written_whole_is_up_to_date(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == WHOLE[name](), (
        f"docs/{name} is out of date; to write it anew: {COMMAND}"
    )


def test_the_sample_of_settings_keeps_the_schema_and_a_misspelt_one_does_not() -> None:
    sample = tomllib.loads((DOCS / "cpli.sample.toml").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(json.loads(WHOLE["cpli.schema.json"]()))
    assert list(validator.iter_errors(sample)) == []
    assert not validator.is_valid(sample | {"caselods": {}})
    assert not validator.is_valid(sample | {"identity_key": "a secret has no place in it"})


def test_every_column_that_is_explained_is_met_in_a_document() -> None:
    explained = {*COLUMNS, *FLAGS}
    met = {name for make in PARTS.values() for name in COLUMN.findall(make())}
    assert explained - met == set()


def test_every_worked_example_that_is_explained_exists() -> None:
    table = PARTS["rules.md", "examples"]()
    assert table.count("\n") - 1 == len(EXAMPLE_REASONS)


def test_a_part_without_its_marks_is_missed() -> None:
    with pytest.raises(ValueError, match="marks of examples"):
        rewritten("no marks here", "examples", "a table")


def test_a_frame_shows_which_columns_may_be_null() -> None:
    assert "| `person_id` | text | never | may be | - |" in frame_columns("Cpli", "RejectedCpli")
