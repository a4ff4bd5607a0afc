"""What may change from one version of a resource to the next."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from carerecord.codes import LOCAL_ORGANIZATION, LOCAL_SERVICE, NHS_NUMBER, ODS_CODE
from carerecord.values import Breach, identifiers, instant, part, text

VERSIONED = ("versionId", "lastUpdated")


def same_content(former: dict[str, Any], latter: dict[str, Any]) -> bool:
    """Say whether two versions are alike but for number and time."""
    return _content(former) == _content(latter)


def change_breaches(
    former: dict[str, Any], latter: dict[str, Any], last_export: datetime | None, base: str
) -> Iterator[Breach]:
    """Yield what a new version of a resource may not do."""
    if same_content(former, latter):
        for name in VERSIONED:
            if part(former, "meta").get(name) != part(latter, "meta").get(name):
                yield "version-without-change", f"meta.{name}"
    else:
        yield from _raised(former, latter)
        yield from missed(latter, last_export)
    yield from _meaning(former, latter, base)
    if latter["resourceType"] == "EpisodeOfCare":
        yield from _service(former, latter)


def missed(resource: dict[str, Any], last_export: datetime | None) -> Iterator[Breach]:
    """Yield where whoever asks for what is later than the last export would not get this."""
    updated = instant(part(resource, "meta").get("lastUpdated"))
    if last_export is not None and updated is not None and updated <= last_export:
        yield "version-missed", "meta.lastUpdated"


def _content(resource: dict[str, Any]) -> dict[str, Any]:
    meta = part(resource, "meta")
    kept = {name: value for name, value in meta.items() if name not in VERSIONED}
    return {**resource, "meta": kept}


def _raised(former: dict[str, Any], latter: dict[str, Any]) -> Iterator[Breach]:
    before, after = (text(part(one, "meta"), "versionId") for one in (former, latter))
    if not (before.isdecimal() and after.isdecimal() and int(after) > int(before)):
        yield "version-not-raised", "meta.versionId"
    was, now = (instant(part(one, "meta").get("lastUpdated")) for one in (former, latter))
    if was is not None and now is not None and now <= was:
        yield "updated-not-later", "meta.lastUpdated"


def _meaning(former: dict[str, Any], latter: dict[str, Any], base: str) -> Iterator[Breach]:
    for system in {
        "EpisodeOfCare": (LOCAL_SERVICE,),
        "Patient": (NHS_NUMBER,),
        "Organization": (ODS_CODE, LOCAL_ORGANIZATION),
        "Task": (base + "Id/cpli-discrepancy",),
    }[latter["resourceType"]]:
        if not set(identifiers(former, system)) <= set(identifiers(latter, system)):
            yield "id-meaning", "identifier"
    for element in {"EpisodeOfCare": ("patient",), "Task": ("for",)}.get(
        latter["resourceType"], ()
    ):
        if part(former, element).get("reference") != part(latter, element).get("reference"):
            yield "id-meaning", f"{element}.reference"


def _service(former: dict[str, Any], latter: dict[str, Any]) -> Iterator[Breach]:
    if latter.get("status") == "entered-in-error":
        providers = [part(one, "managingOrganization").get("reference") for one in (former, latter)]
        if providers[0] != providers[1] or former.get("type") != latter.get("type"):
            yield "retraction-changed", "type"
    elif former.get("status") != latter.get("status") and not latter.get("statusHistory"):
        yield "history-missing", "statusHistory"
