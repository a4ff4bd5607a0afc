"""The figures of what a night found of a council."""

from __future__ import annotations

from collections.abc import Mapping

from quality.cplis import Figures, share
from schemas.vocabularies import DiscrepancyType

PASSES = (
    *("same_service", "other_service", "same_service_ended", "other_service_ended"),
    *("possible_match", "other_provider", "ended_claim"),
)
NOT_SURE = ("possible_match", "other_provider")


def measure(
    counts: Mapping[str, int], raised: Mapping[str, int], *, closing: int, standing: int
) -> Figures:
    """Return the figures of a council's result.

    `counts` are those of `Findings.counts`, `raised` its discrepancies by type; `closing` of the
    `standing` discrepancies of the night before are not found any more.
    """
    pairs = {name: counts.get(f"pairs_{name}", 0) for name in PASSES}
    paired = sum(pairs.values())
    sure = paired - sum(pairs[name] for name in NOT_SURE)
    unreported = raised.get(DiscrepancyType.SUPPORT_NOT_REPORTED, 0)
    unknown = raised.get(DiscrepancyType.CPLI_NOT_FOUND, 0)
    return {
        "paired_share": share(sure, paired + unreported),
        **{f"paired_by_{name}_share": share(count, paired) for name, count in pairs.items()},
        "not_reported_share": share(unreported, paired + unreported),
        "not_found_share": share(unknown, paired + unknown),
        "closing_share": share(closing, standing),
        **{f"raised_{kind.value}": raised.get(kind.value, 0) for kind in DiscrepancyType},
    }
