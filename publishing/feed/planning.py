"""What an export must say: what a night gives, held against what stands at the receiver.

A version changes only where the content does. What the night gives no more is withdrawn or deleted,
but whatever belongs to a council that could not be assessed stays, and only goes with the calendar.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID, uuid5

from publishing.feed.facts import WithheldReason
from publishing.feed.resources import ENCODE, Resource, as_entered_in_error, hash_of, stamped
from publishing.feed.standing import (
    ended_as,
    has_ended,
    published_on,
    references,
    refreshed,
    rolled_on,
    turns_on,
    unstamped,
)
from schemas.published import Change, Published, Stand, Turn

UUIDS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SERVED = ("Organization", "Patient")
"""What is there only because something refers to it."""

NEVER_SEEN = (WithheldReason.RESTRICTED.value, WithheldReason.NO_NHS_NUMBER.value)
"""Why what was published before must be seen no more; for other reasons it stays as it was."""

Contents = Callable[[Sequence[str]], Mapping[str, str]]


class Line(NamedTuple):
    """A resource that a night gives: with its base id, as JSON without version and time.

    `local_authority` is the council whose it is, None for an organisation.
    """

    kind: str
    base_id: str
    local_authority: str | None
    about: str | None
    content: str


@dataclass(frozen=True, kw_only=True)
class Unread:
    """What came and could not be read, so that nobody can say that it did not come.

    Rejected CPLIs by base id; where that is unreadable, whom they are about; where that is too, the
    councils that they came from.
    """

    ids: frozenset[str] = frozenset()
    patients: frozenset[str] = frozenset()
    councils: frozenset[str] = frozenset()

    def __or__(self, other: Unread) -> Unread:
        return Unread(
            ids=self.ids | other.ids,
            patients=self.patients | other.patients,
            councils=self.councils | other.councils,
        )

    def may_be(self, row: Published) -> bool:
        """Say whether a CPLI that is missing may be among what could not be read."""
        return row.kind == "EpisodeOfCare" and (
            row.base_id in self.ids
            or row.about in self.patients
            or row.local_authority in self.councils
        )


@dataclass(frozen=True, kw_only=True)
class Tonight:
    """What a night says of the feed.

    `lines` come with references going back; `withheld` gives reasons by base id. `over` are the
    base ids of CPLIs that ended before the window, `hidden` those of all patients of whom nothing
    may be seen.
    """

    as_of: date
    window_start: date
    assessed: frozenset[str]
    lines: Sequence[Line]
    withheld: Mapping[str, str]
    over: frozenset[str]
    hidden: frozenset[str]
    unread: Unread = field(default_factory=Unread)
    endings: Mapping[str, Resource] = field(default_factory=dict)


def plan(
    tonight: Tonight,
    standing: Mapping[str, Published],
    contents: Contents,
    *,
    transaction_time: datetime,
) -> list[Change]:
    """Return what an export changes.

    `standing` is the latest generation of everything published so far by base id, `contents` gives
    the content of some of it by id.
    """
    referred = {each for row in standing.values() for each in row.refers_to}
    export = _Export(tonight=tonight, standing=standing, referred=referred, at=transaction_time)
    export.take(tonight.lines, contents)
    rest = [row for row in standing.values() if row.id not in export.met]
    export.part(rest, contents)
    export.keep_up(contents)
    export.drop_unserved()
    return export.changes


def id_of(base_id: str, generation: int) -> str:
    """Return the id of a generation; the first one's is the base id."""
    return str(uuid5(UUID(base_id), str(generation))) if generation else base_id


@dataclass(kw_only=True)
class _Export:
    """An export in the making.

    `referred` is all that anything standing refers to. `met` are the ids that are dealt with,
    `kept` is what stays as it is, `renewed` and `gone` are what others refer to and is told
    otherwise tonight, or is there no more; `served` are the references that something needs.
    """

    tonight: Tonight
    standing: Mapping[str, Published]
    referred: AbstractSet[str]
    at: datetime
    changes: list[Change] = field(default_factory=list)
    met: set[str] = field(default_factory=set)
    kept: list[Published] = field(default_factory=list)
    renewed: dict[str, Resource] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    served: set[str] = field(default_factory=set)

    def take(self, lines: Sequence[Line], contents: Contents) -> None:
        """Take in what the night gives."""
        theirs = {line.base_id: row for line in lines if (row := self._of_another(line))}
        said = contents([row.id for row in theirs.values()])
        named = {row.reference: unstamped(json.loads(said[row.id])) for row in theirs.values()}
        generations = {line.base_id: self._generation(line) for line in lines}
        ids = {base: id_of(base, number) for base, number in generations.items() if number}
        for line in lines:
            content = _renamed(line.content, ids)
            if line.base_id in theirs:
                content = ENCODE(named[theirs[line.base_id].reference])
            elif line.about in theirs:
                fresh = refreshed(json.loads(content), renewed=named, gone=set())
                content = ENCODE(fresh)
            self._take(line, generations[line.base_id], content)

    def _of_another(self, line: Line) -> Published | None:
        """Return the person as another council gave it, which could not be assessed tonight."""
        row = self.standing.get(line.base_id)
        if line.kind != "Patient" or row is None or row.stand is Stand.DELETED:
            return None
        return None if row.local_authority in self.tonight.assessed else row

    def _generation(self, line: Line) -> int:
        """Return the generation of a line: the next one after a deletion.

        What was filed against the wrong person is deleted, and filed anew.
        """
        row = self.standing.get(line.base_id)
        if row is None:
            return 0
        if row.stand is Stand.DELETED:
            return row.generation + 1
        if row.about != line.about:
            self.met.add(row.id)
            self._delete(row)
            return row.generation + 1
        return row.generation

    def _take(self, line: Line, generation: int, content: str) -> None:
        row = self.standing.get(line.base_id)
        if row is not None and row.generation == generation:
            self.met.add(row.id)
            if row.content_hash == hash_of(content):
                self.kept.append(row)
                return
        else:
            row = None
        resource = json.loads(content)
        self._send(
            Turn.CHANGED if row else Turn.ADDED,
            resource,
            content,
            Published(
                id=id_of(line.base_id, generation),
                kind=line.kind,
                base_id=line.base_id,
                generation=generation,
                local_authority=line.local_authority,
                about=line.about,
                refers_to=references(resource),
                version=row.version if row else 0,
                content_hash="",
                stand=Stand.PUBLISHED,
                changed_on=self.tonight.as_of,
                turns_on=turns_on(resource),
                refused=False,
            ),
        )

    def part(self, rest: Iterable[Published], contents: Contents) -> None:
        """Part what the night gives no more: what is deleted, what withdrawn, what stays."""
        missing = []
        for row in rest:
            if row.stand is Stand.DELETED:
                if row.refused:
                    self._delete(row)
            elif self._must_go(row):
                self._delete(row)
            elif row.kind in SERVED or self._must_stay(row):
                self.kept.append(row)
            else:
                missing.append(row)
        said = contents([row.id for row in missing if row.stand is Stand.PUBLISHED])
        for row in missing:
            self._end(row, json.loads(said[row.id]) if row.id in said else None)

    def _must_go(self, row: Published) -> bool:
        patient = row.base_id if row.kind == "Patient" else row.about
        return (
            patient in self.tonight.hidden
            or row.base_id in self.tonight.over
            or (
                self.tonight.withheld.get(row.base_id) in NEVER_SEEN
                and row.base_id not in self.tonight.endings
            )
        )

    def _must_stay(self, row: Published) -> bool:
        """Say whether the night cannot know better, or may not say it."""
        return (
            row.local_authority not in self.tonight.assessed
            or row.base_id in self.tonight.withheld
            or self.tonight.unread.may_be(row)
        )

    def _end(self, row: Published, resource: Resource | None) -> None:
        """Delete what is over for long; withdraw what should not have been there."""
        window = self.tonight.window_start
        if row.stand is Stand.WITHDRAWN or resource is None:
            if row.changed_on < window:
                self._delete(row)
            else:
                self.kept.append(row)
        elif has_ended(resource, before=window):
            self._delete(row)
        else:
            self._withdraw(row, as_entered_in_error(unstamped(resource)))

    def _withdraw(self, row: Published, resource: Resource) -> None:
        """Send what is withdrawn, and name what it refers to as that is named now."""
        now = refreshed(resource, renewed=self.renewed, gone=self.gone)
        if now is None:
            self._delete(row)
        else:
            self._send(
                Turn.WITHDRAWN, now, ENCODE(now), row._replace(stand=Stand.WITHDRAWN, turns_on=None)
            )

    def keep_up(self, contents: Contents) -> None:
        """Let what stays go with the calendar, and name what it refers to as that is named now."""
        stale = [row for row in self.kept if self._stale(row)]
        said = contents([row.id for row in stale])
        current = {row.id for row in stale}
        self.kept = [row for row in self.kept if row.id not in current]
        # What others refer to comes first.
        for row in sorted(stale, key=lambda row: row.kind == "Task"):
            published = json.loads(said[row.id])
            resource = unstamped(published)
            if row.stand is Stand.PUBLISHED:
                since = published_on(published)
                resource = rolled_on(resource, on=self.tonight.as_of, since=since)
                if row.base_id in self.tonight.endings:
                    resource = ended_as(resource, self.tonight.endings[row.base_id])
            now = refreshed(resource, renewed=self.renewed, gone=self.gone)
            if now is None:
                self._delete(row)
            elif hash_of(content := ENCODE(now)) == row.content_hash:
                self.kept.append(row)
            else:
                self._send(
                    Turn.CHANGED,
                    now,
                    content,
                    row._replace(refers_to=references(now), turns_on=turns_on(now)),
                )

    def _stale(self, row: Published) -> bool:
        due = row.turns_on is not None and row.turns_on <= self.tonight.as_of
        due = due or row.base_id in self.tonight.endings
        return due or any(each in self.renewed or each in self.gone for each in row.refers_to)

    def drop_unserved(self) -> None:
        """Delete whatever nothing refers to any more; send again what was refused."""
        for row in self.kept:
            self.served.update(row.refers_to)
        for row in self.kept:
            given = row.id in self.met
            if row.kind in SERVED and not given and row.reference not in self.served:
                self._delete(row)
            elif row.refused:
                self.changes.append(Change(Turn.AGAIN, row._replace(refused=False), ""))

    def _send(self, turn: Turn, resource: Resource, content: str, row: Published) -> None:
        """Send a resource in its next version; `content` is what it says, as JSON."""
        version = row.version + 1
        published = row._replace(
            version=version,
            content_hash=hash_of(content),
            changed_on=self.tonight.as_of,
            refused=False,
        )
        sent = ENCODE(stamped(resource, version=version, last_updated=self.at))
        self.changes.append(Change(turn, published, sent))
        if row.reference in self.referred:
            self.renewed[row.reference] = resource
        self.served.update(published.refers_to)

    def _delete(self, row: Published) -> None:
        deleted = row._replace(
            stand=Stand.DELETED,
            changed_on=self.tonight.as_of,
            refers_to=(),
            turns_on=None,
            refused=False,
        )
        self.changes.append(Change(Turn.DELETED, deleted, ""))
        self.gone.add(row.reference)


def _renamed(content: str, ids: Mapping[str, str]) -> str:
    """Return the content with the ids of later generations; ours stand nowhere else in it."""
    return UUIDS.sub(lambda found: ids.get(found[0], found[0]), content) if ids else content
