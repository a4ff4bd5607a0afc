"""What OpenLineage 2-0-2 asks of an event: required fields and their forms, by its documents."""

from collections.abc import Iterator
from typing import Any

import jsonschema

TEXT = {"type": "string", "minLength": 1}
INSTANT = {
    "type": "string",
    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d|Z)$",
}
UUID = {"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"}
NATURAL = {"type": "integer", "minimum": 0}
ADDRESS = r"^https://openlineage\.io/spec/"


def of(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {**required, **optional},
        "required": [*required],
    }


def facet(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    named = {"_producer": {"type": "string", "format": "uri"}, "_schemaURL": {"pattern": ADDRESS}}
    return of({**named, **required}, **optional) | {"additionalProperties": False}


def array(of_what: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": of_what}


def closed(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


RUN = of({"runId": UUID})
JOB = of({"namespace": TEXT, "name": TEXT})
FIELD = of(
    {"name": {"type": "string"}}, type=TEXT, ordinal_position=NATURAL, fields={"type": "array"}
)
CHECKED = {"severity": {"enum": ["error", "warn"]}, "expected": TEXT, "actual": TEXT}
DATASET = {"namespace": TEXT, "name": TEXT}
SCHEMA = facet({}, fields=array(FIELD))
EVENT = of(
    {
        "eventTime": INSTANT,
        "producer": TEXT,
        "schemaURL": {"pattern": ADDRESS},
        "run": of(
            {"runId": UUID},
            facets=closed(
                nominalTime=facet({"nominalStartTime": INSTANT}, nominalEndTime=INSTANT),
                parent=facet({"run": RUN, "job": JOB}),
                errorMessage=facet({"message": TEXT, "programmingLanguage": TEXT}),
                test=facet(
                    {
                        "tests": array(
                            of(
                                {"name": TEXT, "status": {"enum": ["pass", "fail", "skip"]}},
                                **CHECKED,
                            )
                        )
                    }
                ),
            ),
        ),
        "job": of(
            {"namespace": TEXT, "name": TEXT},
            facets=closed(
                jobType=facet({"processingType": TEXT, "integration": TEXT}, jobType=TEXT)
            ),
        ),
    },
    eventType={"enum": ["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]},
    inputs=array(
        of(
            DATASET,
            facets=closed(schema=SCHEMA),
            inputFacets=closed(
                dataQualityMetrics=facet(
                    {"columnMetrics": {"const": {}}},
                    rowCount=NATURAL,
                    bytes=NATURAL,
                    fileCount=NATURAL,
                ),
                dataQualityAssertions=facet(
                    {
                        "assertions": array(
                            of({"assertion": TEXT, "success": {"type": "boolean"}}, **CHECKED)
                        )
                    }
                ),
            ),
        )
    ),
    outputs=array(
        of(
            DATASET,
            facets=closed(schema=SCHEMA),
            outputFacets=closed(outputStatistics=facet({}, rowCount=NATURAL, fileCount=NATURAL)),
        )
    ),
)


def faults(event: Any) -> Iterator[str]:
    """Yield where an event is not what the specification asks for."""
    for error in jsonschema.Draft202012Validator(EVENT).iter_errors(event):
        yield f"{error.json_path}: {error.message}"
