"""What a FHIR server may say, made in code."""

from servers.fhir import Says

from connectors.fhir_rest.line import Resource

NOTHING_HELD = {"response": {"status": "404 Not Found"}}


def outcome(code: str, *, severity: str = "error", **said: object) -> Resource:
    """Make an OperationOutcome of one issue."""
    issue = {"severity": severity, "code": code, **said}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def bundle(kind: str, *entries: Resource) -> Resource:
    """Make a Bundle that a server answers with."""
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def absent(number: int) -> Says:
    """Say that nothing asked for is there."""
    return Says(body=bundle("batch-response", *[NOTHING_HELD] * number))


def taken(*entries: Resource) -> Says:
    """Say what became of a transaction."""
    return Says(body=bundle("transaction-response", *({"response": each} for each in entries)))
