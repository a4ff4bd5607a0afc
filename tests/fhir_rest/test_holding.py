"""Whether what a server holds is what we send."""

from copy import deepcopy

import pytest
from fhir_rest.exports import Resource, Town, changed

from connectors.fhir_rest.holding import same

BASE = "https://care.example.org/fhir"
TASK = Town(name="somewhere", people=1).resources()[-1]


def as_held(**meta: object) -> Resource:
    """Return what we sent, as a server may hold it."""
    return {**deepcopy(TASK), "meta": {**deepcopy(TASK["meta"]), **meta}}


def test_what_a_server_fills_in_does_not_count() -> None:
    held = as_held(versionId="19", lastUpdated="2026-11-20T06:15:00.123+00:00", source="#abc")
    assert same(TASK, held, base=BASE)


def test_what_a_server_adds_to_tags_and_profiles_does_not_count_nor_their_order() -> None:
    tags = [{"system": "https://example.org/", "code": "x"}, *reversed(TASK["meta"]["tag"])]
    profiles = [*reversed(TASK["meta"]["profile"]), "https://example.org/another"]
    assert same(TASK, as_held(tag=tags, profile=profiles, security=tags), base=BASE)


def test_absolute_references_to_the_same_server_are_the_same() -> None:
    held = as_held()
    for element in ("for", "focus", "owner", "requester"):
        held[element]["reference"] = f"{BASE}/{held[element]['reference']}"
    assert same(TASK, held, base=BASE)
    assert not same(TASK, held, base="https://other.example.org/fhir")


@pytest.mark.parametrize(
    "held",
    [
        changed(TASK, status="rejected"),
        changed(TASK, note=[{"text": "seen"}]),
        {name: each for name, each in TASK.items() if name != "focus"},
        {name: each for name, each in TASK.items() if name != "meta"},
        as_held(tag=TASK["meta"]["tag"][:1]),
        as_held(profile=[]),
        as_held(extension=[{"url": "https://example.org/"}]),
        changed(TASK, owner={**TASK["owner"], "display": "Another"}),
    ],
    ids=["status", "more", "less", "no meta", "tag", "profile", "meta", "within"],
)
def test_all_else_counts(held: Resource) -> None:
    assert not same(TASK, held, base=BASE)
