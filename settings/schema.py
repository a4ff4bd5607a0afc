"""The JSON schema of `cpli.toml`, by which editors complete and check it."""

from __future__ import annotations

from typing import Any

from settings.faults import SECRETS
from settings.settings import Settings

REQUIRED = ["providers", "councils", "caseloads"]


def file_schema() -> dict[str, Any]:
    """Return the schema of the file, which has no secrets in it."""
    schema = Settings.model_json_schema()
    for part in (schema, *schema["$defs"].values()):
        for secret in SECRETS & part.get("properties", {}).keys():
            del part["properties"][secret]
    return schema | {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "cpli.toml",
        "required": REQUIRED,
    }
