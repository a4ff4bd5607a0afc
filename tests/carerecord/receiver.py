"""A care record that takes export after export, believes none of it, and says what is wrong."""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from carerecord.base import base_breaches
from carerecord.codes import ODS_CODE, PROVENANCE_TAG
from carerecord.history import change_breaches, missed, same_content
from carerecord.manifest import (
    NotReadable,
    cover_breaches,
    manifest_breaches,
    read_manifest,
    report_breaches,
    since,
)
from carerecord.ndjson import Content, Found, Line, read_files
from carerecord.people import organization_breaches, patient_breaches
from carerecord.services import service_breaches, status_fits
from carerecord.shared import references, shared_breaches
from carerecord.tasks import task_breaches
from carerecord.values import (
    UUID5,
    Breach,
    Reading,
    identifiers,
    instant,
    part,
    tag_codes,
    text,
    uk_day,
)
from carerecord.whole import expired, whole_breaches

PROFILE_CHECKS: Mapping[str, Callable[[dict[str, Any], Reading], Iterator[Breach]]] = {
    "EpisodeOfCare": service_breaches,
    "Organization": organization_breaches,
    "Patient": patient_breaches,
    "Task": task_breaches,
}


def shown(subject: str) -> str:
    """Return a subject that may be shown: an id that is no UUID could be somebody's number."""
    kind, slash, identity = subject.partition("/")
    return f"{kind}/?" if slash and not UUID5.fullmatch(identity) else subject


class Receiver:
    """What a receiver holds after a series of exports: `held` is by Type/id.

    A violation is `rule subject path`: the rule's name (see `rules`), Type/id or the file and line
    where the id cannot be shown, and the element. No value is ever quoted. What breaks a rule is
    taken all the same, so that one fault does not look like many.
    """

    def __init__(self, base_url: str = "https://example.org/fhir/") -> None:
        self.base_url = base_url
        self.held: dict[str, dict[str, Any]] = {}
        self.last_export: datetime | None = None
        self._raw: dict[str, bytes] = {}
        self._deleted: set[str] = set()

    def receive(
        self, folder: Path, *, full: bool = False, not_assessed: Collection[str] = ()
    ) -> list[str]:
        """Check an export, apply it and return the violations.

        `not_assessed` are the ODS codes of councils of which nothing was known that night: what
        stands of theirs, unchanged, is not held against the date.
        """
        try:
            manifest, at = read_manifest(folder)
        except NotReadable as unreadable:
            return [f"{unreadable} manifest.json"]
        found = [
            (rule, "manifest.json", path) for rule, path in manifest_breaches(folder, manifest)
        ]
        found += [(rule, "manifest.json", path) for rule, path in cover_breaches(folder, manifest)]
        found += report_breaches(folder)
        found += self._time_breaches(manifest, at, full=full)
        content = read_files(folder, manifest)
        found += content.breaches
        reading = Reading(base=self.base_url, at=at)
        changed = self._changed(content)
        found += self._resource_breaches(content, reading)
        found += self._order_breaches(content)
        if not full:
            found += self._needless(content, changed)
        found += self._apply(content, full=full)
        found += self._day_breaches(reading, content, changed, not_assessed)
        found += whole_breaches(self.held, self.base_url)
        if full:
            sent = {line.key for line in content.lines}
            found += [("full-missing", key, "") for key in self.held if key not in sent]
        self.last_export = at
        return [" ".join(filter(None, (rule, shown(key), path))) for rule, key, path in found]

    def unreferenced(self) -> list[str]:
        """Return the people and organisations held that nothing held speaks of."""
        spoken_of = {
            text(reference, "reference")
            for resource in self.held.values()
            for _, reference in references(resource)
        }
        councils = {code for one in self.held.values() for code in tag_codes(one, PROVENANCE_TAG)}
        return [
            key
            for key, resource in self.held.items()
            if resource["resourceType"] in ("Patient", "Organization")
            and key not in spoken_of
            and not councils & set(identifiers(resource, ODS_CODE))
        ]

    def _time_breaches(
        self, manifest: dict[str, Any], at: datetime, *, full: bool
    ) -> Iterator[Found]:
        if self.last_export is not None and at <= self.last_export:
            yield "transaction-not-later", "manifest.json", "transactionTime"
        written = since(manifest)
        if written is None:
            return
        moment = instant(written)
        gap = moment is not None and self.last_export is not None and moment > self.last_export
        if full or moment is None or moment >= at or gap:
            yield "manifest-since", "manifest.json", "request"

    def _changed(self, content: Content) -> set[str]:
        """Return the keys of what is new, or not the same as what is held."""
        return {
            line.key
            for line in content.lines
            if line.key not in self.held
            or (
                self._raw[line.key] != line.raw
                and not same_content(self.held[line.key], line.resource)
            )
        }

    def _resource_breaches(self, content: Content, reading: Reading) -> Iterator[Found]:
        """What came byte for byte as it is held was checked then."""
        for line in content.lines:
            if self._raw.get(line.key) == line.raw:
                continue
            for rule, path in self._line_breaches(line, reading):
                yield rule, line.subject, path

    def _line_breaches(self, line: Line, reading: Reading) -> Iterator[Breach]:
        resource = line.resource
        yield from base_breaches(resource)
        yield from shared_breaches(resource, reading)
        yield from PROFILE_CHECKS[resource["resourceType"]](resource, reading)
        former = self.held.get(line.key)
        if former is not None:
            yield from change_breaches(former, resource, self.last_export, self.base_url)
        else:
            yield from missed(resource, self.last_export)

    def _order_breaches(self, content: Content) -> Iterator[Found]:
        """Councils come before providers: those that answer for data before those that do not."""
        councils = {
            code
            for resource in (*self.held.values(), *(line.resource for line in content.lines))
            for code in tag_codes(resource, PROVENANCE_TAG)
        }
        provider_seen = False
        for line in content.lines:
            if line.resource["resourceType"] == "Organization":
                is_council = bool(councils & set(identifiers(line.resource, ODS_CODE)))
                if is_council and provider_seen:
                    yield "organization-order", line.subject, ""
                provider_seen = provider_seen or not is_council

    def _needless(self, content: Content, changed: set[str]) -> Iterator[Found]:
        """An incremental export repeats only what something that changed refers to."""
        lines = {line.key: line for line in content.lines}
        needed: set[str] = set()
        waiting = [key for key in changed if key in lines]
        councils = {
            code: key
            for key, line in lines.items()
            for code in identifiers(line.resource, ODS_CODE)
        }
        while waiting:
            key = waiting.pop()
            if key in needed or key not in lines:
                continue
            needed.add(key)
            resource = lines[key].resource
            waiting += [text(reference, "reference") for _, reference in references(resource)]
            waiting += [councils.get(code, "") for code in tag_codes(resource, PROVENANCE_TAG)]
        yield from (
            ("incremental-needless", lines[key].subject, "") for key in lines.keys() - needed
        )

    def _apply(self, content: Content, *, full: bool) -> Iterator[Found]:
        """A full export may delete again whatever was ever deleted."""
        sent: set[str] = set()
        gone: set[str] = set()
        for line in content.lines:
            if line.key in sent:
                yield "id-twice", line.subject, ""
            if line.key in self._deleted:
                yield "id-came-back", line.subject, ""
            sent.add(line.key)
            self.held[line.key] = line.resource
            self._raw[line.key] = line.raw
        for key in content.deleted:
            if key in sent:
                yield "deleted-and-output", key, ""
            elif key in gone:
                yield "deleted-twice", key, ""
            elif key not in self.held and not (full and key in self._deleted):
                yield "deleted-unknown", key, ""
            gone.add(key)
            self.held.pop(key, None)
            self._raw.pop(key, None)
        self._deleted |= gone

    def _day_breaches(
        self,
        reading: Reading,
        content: Content,
        changed: set[str],
        not_assessed: Collection[str],
    ) -> Iterator[Found]:
        sent = {line.key for line in content.lines}
        for key, resource in self.held.items():
            if resource["resourceType"] != "EpisodeOfCare":
                continue
            unknown = set(tag_codes(resource, PROVENANCE_TAG)) <= set(not_assessed)
            if unknown and key not in changed:
                continue
            if not status_fits(resource, reading.today):
                yield "status-period" if key in sent else "status-stale", key, "period"
            if expired(resource, reading.today, uk_day(part(resource, "period").get("end"))):
                yield "expired-held", key, "period.end"
