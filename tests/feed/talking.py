"""FHIR servers that talk about people."""

from collections.abc import Callable

from feed.leaks import QUOTED
from servers.fhir import Between, Says

OUTCOME = {
    "resourceType": "OperationOutcome",
    "issue": [{"severity": "error", "code": "invalid", "diagnostics": QUOTED}],
}


def refuses_each(server: Between) -> Callable[[], Says]:
    """Hold nothing, and refuse every resource in words about a person."""

    def deed() -> Says:
        bundle = server.asked[-1].bundle
        if bundle["type"] == "transaction":
            return Says(status=422, body=OUTCOME)
        none = [{"response": {"status": "404", "outcome": OUTCOME}} for _ in bundle["entry"]]
        return Says(body={"resourceType": "Bundle", "type": "batch-response", "entry": none})

    return deed
