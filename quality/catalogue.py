"""Every gate: what it measures, why, how far it may go, and who acts. One list, in page order.

Docs, page, runbook and database know a gate by its name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from quality.bounds import Bounds
from quality.cplis import MOST_OVERDUE
from quality.result import PASSES
from schemas.gates import Gate, GateSeverity, GateSource, Unit
from schemas.vocabularies import DiscrepancyType

CRITICAL, WARNING = GateSeverity.CRITICAL, GateSeverity.WARNING
COUNT, SHARE, RATIO = Unit.COUNT, Unit.SHARE, Unit.RATIO

ASK_COUNCIL = (
    "Ask the council's data team whether tonight's extract is whole and right. If it is not, have"
    " it sent again and run the night again; if it is, release the council."
)
ASK_PORTAL = (
    "Ask whoever extracts the provider portal for a right extract and run the night again. Until"
    " then the council's CPLIs are not compared with the portal."
)
ASK_PROVIDER = (
    "Ask the provider whether the list is the right one. If it is not, ask for another; if it is,"
    " release the provider."
)
ASK_REGISTER = (
    "Ask whoever keeps the register of providers what has changed. Mend it and run the night"
    " again; if it is right, release each council."
)
LOOK_AT_RESULT = (
    "Look at the held discrepancies of the council and ask its data team, or its providers, about"
    " a few of them. If they are right, release the council; if not, have the source mended and"
    " run the night again."
)
REMEDIES = {
    GateSource.PROVIDERS: ASK_REGISTER,
    GateSource.CPLI: ASK_COUNCIL,
    GateSource.PORTAL: ASK_PORTAL,
    GateSource.CASELOAD: ASK_PROVIDER,
    GateSource.RESULT: LOOK_AT_RESULT,
}


@dataclass(frozen=True, kw_only=True)
class Held:
    """A gate, and the bounds that it holds the figure of its name to."""

    gate: Gate
    bounds: Bounds


def _gate(
    source: GateSource,
    name: str,
    severity: GateSeverity,
    unit: Unit,
    title: str,
    reason: str,
    bounds: Bounds,
    *,
    remedy: str | None = None,
) -> Held:
    gate = Gate(
        name=name,
        source=source,
        severity=severity,
        unit=unit,
        title=title,
        reason=reason,
        remedy=remedy or REMEDIES[source],
    )
    return Held(gate=gate, bounds=bounds)


def _above(
    margin: float,
    first: float | None,
    *,
    beyond_worst: float = 0.0,
    ceiling: float | None = None,
    spring: bool = False,
) -> Bounds:
    return Bounds(
        margin=margin,
        upper=0.0,
        first_highest=first,
        beyond_worst=beyond_worst,
        ceiling=ceiling,
        spring=spring,
    )


def _below(margin: float, first: float | None) -> Bounds:
    return Bounds(margin=margin, lower=0.0, first_lowest=first)


def _of_register() -> Iterator[Held]:
    source = GateSource.PROVIDERS
    yield _gate(
        source, "providers", CRITICAL, COUNT,
        "Providers in the register",
        "Without its providers, lists that came are turned away as those of strangers.",
        Bounds(margin=3, lower=0.2, upper=1.0, floor=1.0),
    )  # fmt: skip
    yield _gate(
        source, "named_providers_known_share", CRITICAL, SHARE,
        "CPLIs whose provider the register knows, of the council of which it knows most",
        "A register with other references than the councils use leaves every provider unknown.",
        _below(0.2, 0.1),
    )  # fmt: skip
    yield _gate(
        source, "providers_kept_share", CRITICAL, SHARE,
        "Providers of the last night that are still in the register",
        "Providers leave one by one. Many at once is a file cut short, or references given anew.",
        _below(0.15, 0.7),
    )  # fmt: skip
    yield _gate(
        source, "renamed_share", CRITICAL, SHARE,
        "Providers with another name than on the last night",
        "References that belong to other providers now would send notices to strangers.",
        _above(0.15, 0.3),
    )  # fmt: skip


def _of_cplis() -> Iterator[Held]:
    source = GateSource.CPLI
    yield _gate(
        source, "usable_rows", CRITICAL, COUNT,
        "CPLIs that can be used",
        "A council that buys nothing for anybody is a fault of the extract.",
        Bounds(floor=1.0),
        remedy="Ask the council to send its extract, whole, and run the night again. Where nothing"
        " came there is nothing to release.",
    )  # fmt: skip
    yield _gate(
        source, "rows", CRITICAL, COUNT,
        "Rows in the extract",
        "Half a file has half the rows, and says of nobody that they are missing.",
        Bounds(lower=0.4, upper=1.5, root=4, margin=20),
    )  # fmt: skip
    yield _gate(
        source, "people_supported", CRITICAL, COUNT,
        "People with an active, authorised CPLI",
        "Who is missing here would be shown to hospitals as somebody without care.",
        Bounds(lower=0.12, upper=0.2, root=2.5, margin=5),
    )  # fmt: skip
    yield _gate(
        source, "kept_share", CRITICAL, SHARE,
        "CPLIs of the last night that came again",
        "CPLIs end, but they do not go until 12 months later. Gone ones are a part of the file, a"
        " filter or another numbering.",
        _below(0.06, 0.9),
    )  # fmt: skip
    yield _gate(
        source, "support_lost_share", CRITICAL, SHARE,
        "People whose support should have gone on, and who have none tonight",
        "This is the fault that harms: people with care who would be shown without any.",
        _above(0.05, 0.1),
    )  # fmt: skip
    yield _gate(
        source, "shared_with_another_council_share", CRITICAL, SHARE,
        "CPLIs that another council sent as well, the very same",
        "On a first night nobody can tell which of the two it belongs to.",
        Bounds(ceiling=0.5),
    )  # fmt: skip
    yield _gate(
        source, "rejected_share", CRITICAL, SHARE,
        "Rows that were rejected",
        "Columns that changed places, or another format, leave rows that cannot be read.",
        _above(0.1, 0.5),
    )  # fmt: skip
    yield _gate(
        source, "repeated_share", WARNING, SHARE,
        "Rows that stand in the file more than once",
        "A file written twice is harmless by itself, but the export that did it may do worse.",
        _above(0.02, 0.05),
    )  # fmt: skip
    yield _gate(
        source, "unmapped_share", CRITICAL, SHARE,
        "CPLIs with a service type that nobody knows",
        "New codes hide differences, since what is unknown is compared with care.",
        _above(0.1, 0.8),
    )  # fmt: skip
    yield _gate(
        source, "authorised_share", CRITICAL, SHARE,
        "CPLIs that are authorised",
        "Only these are published. A change of the mix is a filter that has changed.",
        Bounds(margin=0.15, lower=0.0, upper=0.0, first_lowest=0.05),
    )  # fmt: skip
    yield _gate(
        source, "unsigned_share", CRITICAL, SHARE,
        "CPLIs that were authorised on the last night and are not any more",
        "Authorised care is seldom taken back; many at once would leave the record.",
        _above(0.08, 0.15),
    )  # fmt: skip
    yield _gate(
        source, "planned_share", CRITICAL, SHARE,
        "People all of whose care begins later",
        "Starts that were moved into the future turn care that is given into care that is not.",
        _above(0.15, 0.9),
    )  # fmt: skip
    yield _gate(
        source, "open_share", CRITICAL, SHARE,
        "People in care who have a CPLI without an end",
        "Ends that are all set, or all lost, say of everybody that care will stop, or never does.",
        Bounds(margin=0.25, lower=0.0, upper=0.0),
    )  # fmt: skip
    yield _gate(
        source, "end_lost_share", CRITICAL, SHARE,
        "CPLIs that had ended and have not any more",
        "Ends that get lost bring back care that was over.",
        _above(0.05, 0.15),
    )  # fmt: skip
    yield _gate(
        source, "start_moved_share", CRITICAL, SHARE,
        "CPLIs with another start than on the last night",
        "A start is entered once. Moved by a format or a day, all of them would differ.",
        _above(0.05, 0.1),
    )  # fmt: skip
    yield _gate(
        source, "old_but_new_share", CRITICAL, SHARE,
        "CPLIs that are new here, though entered long ago",
        "A filter that fell away lets in drafts, cancelled care or a test system's people.",
        _above(0.06, 0.15),
    )  # fmt: skip
    yield _gate(
        source, "changed_share", WARNING, SHARE,
        "CPLIs that changed overnight",
        "Most CPLIs are the same from one night to the next, but for April.",
        _above(0.2, 0.35, spring=True),
    )  # fmt: skip
    for column, what, margin, first in (
        ("person", "of another person", 0.03, 0.05),
        ("nhs_number", "with another NHS number", 0.03, 0.05),
        ("name", "with another name", 0.06, 0.1),
        ("birth", "with another date of birth", 0.03, 0.05),
        ("provider", "with another provider", 0.1, 0.2),
        ("service", "with another service type", 0.1, 0.15),
    ):
        yield _gate(
            source, f"{column}_changed_share", CRITICAL, SHARE,
            f"CPLIs {what} than on the last night",
            "A column that slipped or was exchanged ties care to the wrong people or providers.",
            _above(margin, first),
        )  # fmt: skip
    yield _gate(
        source, "quantity_changed_share", CRITICAL, SHARE,
        "CPLIs with another weekly quantity than on the last night",
        "Minutes for hours, or a day's for a week's, make every quantity differ.",
        _above(0.3, 0.4),
    )  # fmt: skip
    yield _gate(
        source, "nhs_number_missing_share", CRITICAL, SHARE,
        "CPLIs in scope without a valid NHS number",
        "Without it people cannot be shown in the Care Record, and would be taken out of it.",
        _above(0.08, 0.9),
    )  # fmt: skip
    yield _gate(
        source, "nhs_number_missing_rise", CRITICAL, SHARE,
        "By how much NHS numbers are missing more often in the team where most went missing",
        "One team's numbers can go without the council's share showing it.",
        _above(0.25, 0.4),
    )  # fmt: skip
    for column, what in (("birth", "date of birth"), ("name", "name")):
        yield _gate(
            source, f"{column}_missing_share", CRITICAL, SHARE,
            f"CPLIs in scope without a {what}",
            "An upgrade that empties a column takes from us how people are told apart.",
            _above(0.15, None),
        )  # fmt: skip
    for column, what in (("quantity", "weekly quantity"), ("team", "commissioning team")):
        yield _gate(
            source, f"{column}_missing_share", WARNING, SHARE,
            f"CPLIs in scope without a {what}",
            "An emptied column hides differences, or leaves nobody to look at them.",
            _above(0.15, None),
        )  # fmt: skip
    yield _gate(
        source, "provider_unknown_share", CRITICAL, SHARE,
        "CPLIs in scope whose provider is not in the register",
        "Providers under other references than before have no caseload to be compared with.",
        _above(0.15, 0.9),
    )  # fmt: skip
    for kind, what in (("provider", "provider"), ("service", "service type"), ("team", "team")):
        yield _gate(
            source, f"{kind}_vanished_share", CRITICAL, SHARE,
            f"The largest {what} of the last night of which no row came, of active CPLIs",
            f"Care ends row by row. A {what} of which not even ended CPLIs are left was cut out.",
            _above(0.005, 0.02),
        )  # fmt: skip
    yield _gate(
        source, "authorisation_vanished_share", WARNING, SHARE,
        "The largest authorisation of the last night of which no row came, of all CPLIs",
        "Drafts or cancelled care do not all go in a night: a filter was set.",
        _above(0.002, 0.002),
    )  # fmt: skip
    yield _gate(
        source, "changes_overdue", WARNING, COUNT,
        "CPLIs that usually change in the time in which none did",
        "Yesterday's file again: what was entered since is not in it.",
        Bounds(ceiling=MOST_OVERDUE),
    )  # fmt: skip
    yield _gate(
        source, "unchanged_working_days", CRITICAL, Unit.WORKING_DAYS,
        "Working days without any change in the extract, where changes were to be expected",
        "An extract that stands still for days speaks of care as it was.",
        Bounds(ceiling=3.0),
    )  # fmt: skip
    yield _gate(
        source, "working_days_since_entry", CRITICAL, Unit.WORKING_DAYS,
        "Working days since anything was entered or changed",
        "An old extract under a new name has no work of the last days in it.",
        _above(4.5, None, beyond_worst=2.0),
    )  # fmt: skip
    yield _gate(
        source, "days_backwards", CRITICAL, Unit.DAYS,
        "Days by which the newest entry is older than that of the last night",
        "Time does not run backwards: an older extract came in place of a newer one.",
        _above(3.0, 3.0),
    )  # fmt: skip
    yield _gate(
        source, "working_days_since_start", WARNING, Unit.WORKING_DAYS,
        "Working days since the newest start of care",
        "Somewhere care begins every few days; where it does not, new CPLIs do not come.",
        _above(10.0, 260.0, beyond_worst=2.0),
    )  # fmt: skip
    yield _gate(
        source, "in_future_share", CRITICAL, SHARE,
        "CPLIs that were entered or changed after tonight",
        "A clock or a zone that is wrong makes what is old look new.",
        _above(0.05, 0.5),
    )  # fmt: skip
    yield _gate(
        source, "far_start_share", WARNING, SHARE,
        "CPLIs in scope that begin more than a year from now",
        "Nobody plans so far ahead: a year was mistyped or a format misread.",
        _above(0.02, 0.05),
    )  # fmt: skip
    yield _gate(
        source, "touched_in_vain_share", WARNING, SHARE,
        "CPLIs marked as changed since the last night that are as they were",
        "A batch that touches every row hides which of them people worked on.",
        _above(0.3, 0.5, spring=True),
    )  # fmt: skip


def _of_portal() -> Iterator[Held]:
    source = GateSource.PORTAL
    yield _gate(
        source, "portal_rows", CRITICAL, COUNT,
        "Rows in the portal's extract",
        "Half an extract makes the other half look as if providers could not see it.",
        Bounds(lower=0.4, upper=1.5, root=4, margin=20),
    )  # fmt: skip
    yield _gate(
        source, "portal_rejected_share", CRITICAL, SHARE,
        "Rows of the portal's extract that were rejected",
        "Columns that changed places leave rows that cannot be read.",
        _above(0.1, 0.5),
    )  # fmt: skip
    yield _gate(
        source, "portal_coverage", CRITICAL, SHARE,
        "The council's CPLIs that the portal should show and does",
        "A portal that shows few of them was cut short, or is another council's.",
        _below(0.1, 0.2),
    )  # fmt: skip
    yield _gate(
        source, "portal_strangers_share", CRITICAL, SHARE,
        "Rows of the portal's extract that the council does not hold",
        "Rows of another council, or under other ids, would all be reported.",
        _above(0.1, 0.8),
    )  # fmt: skip
    yield _gate(
        source, "portal_differs_share", CRITICAL, SHARE,
        "Rows of the portal's extract that differ in provider, start or end",
        "Columns or formats that changed make every row differ.",
        _above(0.15, 0.9),
    )  # fmt: skip
    yield _gate(
        source, "portal_unchanged_working_days", WARNING, Unit.WORKING_DAYS,
        "Working days between this portal extract and the first with the very same content",
        "An old extract under a new date shows what providers saw then.",
        _above(2.5, 6.5, beyond_worst=2.0),
    )  # fmt: skip


def _of_caseloads() -> Iterator[Held]:
    source = GateSource.CASELOAD
    yield _gate(
        source, "strangers_share", CRITICAL, SHARE,
        "Entries whose CPLIs are all with other providers",
        "Another provider's list under this name shows nobody's people to the wrong provider.",
        Bounds(ceiling=0.6),
    )  # fmt: skip
    yield _gate(
        source, "known_share", CRITICAL, SHARE,
        "Entries with a CPLI of this provider that is planned, active or ended not long ago",
        "Last year's list, or another's, has hardly anybody in it whom the councils know.",
        Bounds(floor=0.25),
    )  # fmt: skip
    yield _gate(
        source, "agreement_drop", CRITICAL, SHARE,
        "By how much fewer entries agree with the CPLIs than on an earlier list of the provider",
        "Starts, services, quantities or numbers that suddenly differ, or stand there twice, are a"
        " column, a unit or an old list.",
        Bounds(ceiling=0.3),
    )  # fmt: skip
    yield _gate(
        source, "ended_share", CRITICAL, SHARE,
        "Entries that had ended by the list's date",
        "A list of everybody who ever left is no caseload.",
        Bounds(ceiling=0.8),
    )  # fmt: skip
    yield _gate(
        source, "future_share", CRITICAL, SHARE,
        "Entries that begin after the list's date",
        "Starts moved into the future say of everybody that support has not begun.",
        Bounds(ceiling=0.8),
    )  # fmt: skip
    yield _gate(
        source, "against_last_list", CRITICAL, RATIO,
        "Entries beside those of the provider's last list, where the councils know of more people",
        "Half a list says of the other half that they are no longer supported.",
        Bounds(floor=0.6),
    )  # fmt: skip
    yield _gate(
        source, "against_expected", WARNING, RATIO,
        "Entries beside the people whom the councils know with this provider",
        "Far more entries than people are another list's, or the whole county's.",
        Bounds(ceiling=3.0),
    )  # fmt: skip
    yield _gate(
        source, "same_shift_share", WARNING, SHARE,
        "Entries whose start lies off the CPLI's by the same number of days",
        "Each provider errs in its own way. The same shift for most is a format or a month.",
        Bounds(ceiling=0.5),
    )  # fmt: skip
    yield _gate(
        source, "repeats_share", WARNING, SHARE,
        "Entries that repeat an entry above them",
        "A list pasted twice counts once, but may be two lists in one.",
        Bounds(ceiling=0.3),
    )  # fmt: skip
    yield _gate(
        source, "unchanged_days", WARNING, Unit.DAYS,
        "Days between this list and the one before it, which is the very same",
        "A list that never changes may be an old one under a new date.",
        Bounds(ceiling=20.0),
    )  # fmt: skip


def _of_result() -> Iterator[Held]:
    source = GateSource.RESULT
    yield _gate(
        source, "paired_share", CRITICAL, SHARE,
        "Spells that were paired with what providers say",
        "Where hardly anything pairs, one of the two sides is not what it seems.",
        _below(0.1, 0.1),
    )  # fmt: skip
    for name in PASSES:
        yield _gate(
            source, f"paired_by_{name}_share", CRITICAL, SHARE,
            f"Pairs by the pass “{name.replace('_', ' ')}”",
            "Pairs that are found in another way than usual rest on less.",
            Bounds(margin=0.15, lower=0.0, upper=0.0),
        )  # fmt: skip
    yield _gate(
        source, "not_reported_share", CRITICAL, SHARE,
        "Spells that no provider reports (support_not_reported)",
        "Published, this tells a hospital that these people have no care.",
        _above(0.08, 0.5, ceiling=0.5),
    )  # fmt: skip
    yield _gate(
        source, "not_found_share", CRITICAL, SHARE,
        "People whom providers report and the council does not hold (cpli_not_found)",
        "Many at once are missing from the extract rather than from care.",
        _above(0.08, 0.6, ceiling=0.6),
    )  # fmt: skip
    yield _gate(
        source, "closing_share", CRITICAL, SHARE,
        "Discrepancies of the night before that would be closed as settled",
        "Work is not done all at once. What is closed here nobody looks at again.",
        _above(0.3, 0.8),
    )  # fmt: skip
    for kind in DiscrepancyType:
        yield _gate(
            source, f"raised_{kind.value}", CRITICAL, COUNT,
            f"Discrepancies of the type {kind.value}",
            "So many more than usual are one fault of a source rather than many of people.",
            Bounds(margin=10, upper=1.0, root=6),
        )  # fmt: skip


CATALOGUE: tuple[Held, ...] = (
    *_of_register(),
    *_of_cplis(),
    *_of_portal(),
    *_of_caseloads(),
    *_of_result(),
)
GATES = {(held.gate.source, held.gate.name): held.gate for held in CATALOGUE}


OVERNIGHT = frozenset(
    {
        *("kept_share", "support_lost_share", "unsigned_share", "end_lost_share"),
        *("start_moved_share", "old_but_new_share", "changed_share", "quantity_changed_share"),
        *(f"{column}_changed_share" for column in ("person", "nhs_number", "name", "birth")),
        *("provider_changed_share", "service_changed_share", "nhs_number_missing_rise"),
        *(f"{kind}_vanished_share" for kind in ("provider", "service", "team", "authorisation")),
        *("unchanged_working_days", "days_backwards", "touched_in_vain_share", "closing_share"),
        *("providers_kept_share", "renamed_share"),
    }
)
"""The gates of what became of the last night: a release of one is no measure for the next."""


def gates_of(source: GateSource) -> tuple[Held, ...]:
    """Return the gates of a source in page order."""
    return tuple(held for held in CATALOGUE if held.gate.source is source)
