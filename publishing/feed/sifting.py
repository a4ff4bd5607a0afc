"""Parts what passes the check from what does not, and from what refers to that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from publishing.feed.conformance import Resource, check
from publishing.feed.facts import WithheldReason
from publishing.feed.profiles import Moment
from publishing.feed.publishable import WITHHELD_COLUMNS, Publishable
from publishing.feed.resources import Maker

REFERENCES = ("patient", "managingOrganization", "focus", "for", "requester", "owner")
UNRESOLVED = "refers to one that failed"


@dataclass(frozen=True, kw_only=True)
class Sifted:
    """Resources that passed, and for each other one (type, id) the first rule that it breaks."""

    passed: Sequence[Any]
    failed: dict[tuple[str, str], str]


def sift(resources: Iterable[Resource], moment: Moment) -> Sifted:
    """Check resources in order; what refers to one that failed is withheld like it."""
    passed = []
    failed: dict[tuple[str, str], str] = {}
    for resource in resources:
        breaches = check(resource, moment)
        if breaches:
            rule = f"{breaches[0].path} {breaches[0].rule}".strip()
        else:
            rule = UNRESOLVED if _leads_to(resource, failed) else ""
        if rule:
            failed[str(resource["resourceType"]), str(resource["id"])] = rule
        else:
            passed.append(resource)
    return Sifted(passed=passed, failed=failed)


def _leads_to(resource: Resource, failed: dict[tuple[str, str], str]) -> bool:
    if not failed:
        return False
    targets = (resource[name]["reference"] for name in REFERENCES if name in resource)
    return any(tuple(target.split("/")) in failed for target in targets)


def withheld_by_check(sifted: Sifted, publishable: Publishable, make: Maker) -> pd.DataFrame:
    """Return the CPLIs and discrepancies that failed, with the columns of `WITHHELD_COLUMNS`."""
    listed = list(_named(sifted, publishable, make))
    frame = pd.DataFrame(listed, columns=list(WITHHELD_COLUMNS), dtype="str")
    return frame.sort_values(["local_authority", "id"], ignore_index=True)


def _named(
    sifted: Sifted, publishable: Publishable, make: Maker
) -> Iterator[tuple[str, str, str, str, str]]:
    lines, tasks = publishable.cplis, publishable.discrepancies
    reason = WithheldReason.CHECK_FAILED.value
    for council, cpli_id in zip(lines["local_authority"], lines["cpli_id"], strict=True):
        rule = sifted.failed.get(("EpisodeOfCare", make.service_id(council, cpli_id)))
        if rule:
            yield council, "EpisodeOfCare", cpli_id, reason, rule
    for council, number in zip(tasks["local_authority"], tasks["discrepancy_id"], strict=True):
        rule = sifted.failed.get(("Task", make.id("Task", number)))
        if rule:
            yield council, "Task", number, reason, rule
