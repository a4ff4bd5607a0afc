"""The API's description of itself, and what checks requests against it (OpenAPI 3.1)."""

from __future__ import annotations

from functools import cache
from typing import Any

from spectree import Response, SecurityScheme, SecuritySchemeData, SpecTree
from spectree.models import SecureType

from worklist.api.problems import JSON, invalid
from worklist.api.shapes import EXAMPLE_ID, ID, Problem

READING = {
    401: "No token, or one that opens nothing",
    403: "The role of the account may not do that",
    404: "There is nothing there that may be seen",
    422: "The request does not fit",
    429: "Too many requests",
    500: "A fault in the service",
    503: "The service is busy",
}
SENDING = {
    400: "The body is no JSON",
    413: "The body is too large",
    415: "The body says that it is no JSON",
}
ACTING = {409: "The case was changed after it was looked at"}


def responses(model: Any, *more: dict[int, str]) -> Response:
    """Return what can come back: a model, or one of the problems."""
    problems = {code: said for each in (READING, *more) for code, said in each.items()}
    return Response(
        HTTP_200=model,
        **{f"HTTP_{code}": (Problem, said) for code, said in sorted(problems.items())},
    )


def _before(_request: Any, _response: Any, error: Any, *_: Any) -> None:
    if error is not None:
        raise invalid(error)


def _after(_request: Any, _response: Any, error: Any, *_: Any) -> None:
    """Let nothing out that is not as described: the error would quote a record."""
    if error is not None:
        raise TypeError("An answer is not as it is described.")


SPEC = SpecTree(
    "flask",
    mode="strict",
    title="Discrepancies between care packages and providers' caseloads",
    description="See docs/api.md.",
    version="1",
    path="description",
    page_templates={},
    before=_before,
    after=_after,
    security_schemes=[
        SecurityScheme(
            name="token", data=SecuritySchemeData(type=SecureType.HTTP, scheme="bearer")
        ),
    ],
    security={"token": []},
    naming_strategy=lambda model: model.__name__,
    nested_naming_strategy=lambda _parent, child: child,
)


@cache
def description() -> dict[str, Any]:
    """Return the description, of the app at work; it is the same for every app."""
    told: dict[str, Any] = SPEC.spec
    for path in told["paths"].values():
        for operation in path.values():
            _finish(operation)
    for shape in told["components"]["schemas"].values():
        for value in shape.get("properties", {}).values():
            _without_nothing(value)
    return told


def _finish(operation: dict[str, Any]) -> None:
    """Say what the library leaves unsaid: of which kind problems are, and what no default is."""
    for code, response in operation["responses"].items():
        if code != "200":
            response["content"] = {JSON: response["content"]["application/json"]}
    operation["responses"]["401"]["headers"] = {"WWW-Authenticate": _text()}
    operation["responses"]["429"]["headers"] = {"Retry-After": _text()}
    for parameter in operation["parameters"]:
        _without_nothing(parameter["schema"])
        if parameter["in"] == "path":
            parameter["schema"] |= {"pattern": ID, "examples": [EXAMPLE_ID]}


def _without_nothing(schema: dict[str, Any]) -> None:
    """Let no default be null: what is left out is not there."""
    if schema.get("default", "") is None:
        del schema["default"]


def _text() -> dict[str, Any]:
    return {"schema": {"type": "string"}, "required": True}
