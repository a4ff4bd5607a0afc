"""What has been delivered, kept in memory: a `schemas.delivery.Journal` for tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from schemas.delivery import Refusal


@dataclass(kw_only=True)
class Versions:
    """The receiver's versions of what it holds, known across exports."""

    by_reference: dict[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class MemoryJournal:
    """The journal of one export; all exports to one receiver share its versions."""

    known: Versions = field(default_factory=Versions)
    steps: list[str] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    accepted: int = 0

    def noted(self, step: str) -> bool:
        """Say whether a step was noted."""
        return step in self.steps

    def note(
        self,
        step: str,
        *,
        versions: Mapping[str, str | None] | None = None,
        refused: Sequence[Refusal] = (),
        accepted: int = 0,
    ) -> None:
        """Note a step once, and with it what the receiver said."""
        assert step not in self.steps, "a step was noted twice"
        self.steps.append(step)
        self.refused.extend(refused)
        self.accepted += accepted
        for reference, version in (versions or {}).items():
            if version is None:
                self.known.by_reference.pop(reference, None)
            else:
                self.known.by_reference[reference] = version

    def versions(self, references: Sequence[str]) -> Mapping[str, str]:
        """Return the versions that are known of what the receiver holds."""
        known = self.known.by_reference
        return {each: known[each] for each in references if each in known}
