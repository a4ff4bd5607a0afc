"""Rule 5: which caseload of each provider is accepted, and which are overdue."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from oracle.cleaning import Entry, Notice, clean_caseload
from oracle.population import CaseloadFile
from oracle.spells import ACTIVE, UNRECONCILED, Spell

MAX_AGE_DAYS = 35
SHARE_COUNTS_FROM_SPELLS = 5
ONE_IDENTITY_OF = (
    ["cpli_id"],
    ["nhs_number"],
    ["person_id"],
    ["family_name", "given_name", "date_of_birth"],
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Caseload:
    """A caseload with its cleaned entries, rejected ones included."""

    provider_id: str
    caseload_date: date
    entries: Sequence[Entry]

    @property
    def usable(self) -> list[Entry]:
        """The entries that were not rejected."""
        return [entry for entry in self.entries if not entry.rejected]

    @property
    def rejected(self) -> list[Entry]:
        """The entries that were."""
        return [entry for entry in self.entries if entry.rejected]


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """What became of the caseloads: those accepted, by provider, and why others were refused."""

    accepted: dict[str, Caseload] = field(default_factory=dict)
    refusals: list[tuple[CaseloadFile, str]] = field(default_factory=list)
    overdue_reasons: dict[str, str] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)


def assess(
    files: Sequence[CaseloadFile],
    *,
    spells: Sequence[Spell],
    confirmed: frozenset[tuple[str, date]],
    as_of: date,
) -> Assessment:
    """Rule 5 for every provider that sent anything or has a spell."""
    assessment = Assessment()
    by_provider: dict[str, list[CaseloadFile]] = {spell.provider_id: [] for spell in spells}
    for file in files:
        by_provider.setdefault(file.provider_id, []).append(file)
    for provider_id, theirs in by_provider.items():
        counting = counting_spells(spells, provider_id)
        _accept_first_that_passes(
            assessment, provider_id, theirs, counting=counting, confirmed=confirmed, as_of=as_of
        )
    return assessment


def counting_spells(spells: Iterable[Spell], provider_id: str) -> list[Spell]:
    """Rule 4: spells of direct payments and equipment do not count in rule 5."""
    return [
        spell
        for spell in spells
        if spell.provider_id == provider_id and spell.service_type not in UNRECONCILED
    ]


def _accept_first_that_passes(
    assessment: Assessment,
    provider_id: str,
    files: Sequence[CaseloadFile],
    *,
    counting: Sequence[Spell],
    confirmed: frozenset[tuple[str, date]],
    as_of: date,
) -> None:
    oldest = as_of - timedelta(days=MAX_AGE_DAYS)
    in_time = [file for file in files if oldest <= file.caseload_date <= as_of]
    reason = "too_old" if any(file.caseload_date < oldest for file in files) else "none_received"
    latest_first = sorted(in_time, key=lambda f: (f.caseload_date, f.received), reverse=True)
    for position, file in enumerate(latest_first):
        entries, notices = clean_caseload(file, as_of)
        assessment.notices.extend(notices)
        refused = why_refused(
            file,
            entries,
            active_spells=sum(s.lifecycle(file.caseload_date) == ACTIVE for s in counting),
            confirmed=(provider_id, file.caseload_date) in confirmed,
        )
        if refused is None:
            assessment.accepted[provider_id] = Caseload(
                provider_id=provider_id, caseload_date=file.caseload_date, entries=entries
            )
            return
        assessment.refusals.append((file, refused))
        if position == 0:
            reason = refused
    assessment.overdue_reasons[provider_id] = reason


def why_refused(
    file: CaseloadFile, entries: Sequence[Entry], *, active_spells: int, confirmed: bool
) -> str | None:
    """Rule 5: the first test that a caseload fails, None where it passes."""
    usable = sum(not entry.rejected for entry in entries)
    rejected = len(entries) - usable
    if file.rows is None:
        return "unreadable"
    if not has_needed_columns(file.columns):
        return "missing_columns"
    if rejected * 100 > len(entries) * 20:
        return "too_many_rejected"
    if usable == 0:
        return "too_few_rows"
    if active_spells >= SHARE_COUNTS_FROM_SPELLS and usable * 2 < active_spells and not confirmed:
        return "too_few_rows"
    return None


def has_needed_columns(columns: Sequence[str]) -> bool:
    """Rule 5: `service_type` and at least one identity are among the columns."""
    identified = any(set(identity) <= set(columns) for identity in ONE_IDENTITY_OF)
    return "service_type" in columns and identified
