"""Nights for the page of the gates: a quiet one, a bad one, and what else may come."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from nights.examples import LEICESTER, LEICESTERSHIRE, RUTLAND

from publishing.quality.facts import CouncilQuality, QualityFacts, Release
from schemas.gates import (
    Consequence,
    Gate,
    GateHistory,
    GateOutcome,
    GateResult,
    GateSeverity,
    GateSource,
    Unit,
)
from schemas.lineage import ColumnType, Drift, Retyped

AS_OF = date(2026, 11, 20)
HISTORY = 28


def gate(source: GateSource, name: str, unit: Unit, title: str, **more: object) -> Gate:
    """Return a gate with words for everything."""
    return Gate(**{
        "name": name, "source": source, "unit": unit, "title": title,
        "severity": GateSeverity.CRITICAL,
        "reason": "Whoever is missing from a file would be told to a hospital as without care.",
        "remedy": "Ask the council's finance team to send the whole file again.",
        **more,
    })  # fmt: skip


GATES = {
    (one.source, one.name): one
    for one in (
        gate(GateSource.PROVIDERS, "providers_rows", Unit.COUNT, "Providers in the register"),
        gate(GateSource.CPLI, "rows", Unit.COUNT, "Rows in the file"),
        gate(GateSource.CPLI, "no_nhs_number_share", Unit.SHARE, "CPLIs without an NHS number"),
        gate(
            GateSource.CPLI,
            "newest_start",
            Unit.WORKING_DAYS,
            "Working days since the newest entry",
            severity=GateSeverity.WARNING,
            reason="A file whose newest entry is old may be an old file.",
            remedy="Ask the council when its extract was made.",
        ),
        gate(GateSource.PORTAL, "portal_rows", Unit.RATIO, "CPLIs that the portal shows"),
        gate(GateSource.CASELOAD, "coverage", Unit.SHARE, "Providers whose caseload came"),
        gate(
            GateSource.CASELOAD,
            "strangers_share",
            Unit.SHARE,
            "People listed whom no council knows as this provider's",
            reason="Another provider's list would tell of people whom this one does not support.",
            remedy="Ask the provider which list it has sent.",
        ),
        gate(
            GateSource.RESULT,
            "not_reported_share",
            Unit.SHARE,
            "Spells whose person the provider did not list",
            reason="So many at once point to a list that is not whole.",
            remedy="Compare the caseloads of this night with those of the night before.",
        ),
    )
}
USUAL = {
    "providers_rows": (212, 190, 230),
    "rows": (4102, 3900, 4300),
    "no_nhs_number_share": (0.031, 0.011, 0.052),
    "newest_start": (1, None, 3),
    "portal_rows": (0.98, 0.7, 1.4),
    "coverage": (0.93, 0.8, None),
    "strangers_share": (0.02, None, 0.25),
    "not_reported_share": (0.034, None, 0.081),
}


def result(
    source: GateSource, owner: str, name: str, observed: float | None = None, **more: object
) -> GateResult:
    """Return a result by the usual bounds; failed where the figure lies outside of them."""
    usual, lowest, highest = USUAL[name]
    observed = usual if observed is None else observed
    inside = (lowest or 0) <= observed <= (highest if highest is not None else observed)
    return GateResult(**{
        "source": source, "owner": owner, "gate": name,
        "severity": GATES[source, name].severity,
        "outcome": GateOutcome.PASSED if inside else GateOutcome.FAILED,
        "consequence": Consequence.NONE,
        "observed": observed, "lowest": lowest, "highest": highest, "usual": usual,
        "nights": HISTORY,
        **more,
    })  # fmt: skip


def history_of(one: GateResult) -> GateHistory:
    """Return four weeks of figures that go a little up and down."""
    failed = int(one.outcome is GateOutcome.FAILED)
    usual = one.usual or one.observed or 1
    figures = tuple(
        (AS_OF - timedelta(days=back), usual * (1 + (0.03 * ((back * 7) % 5 - 2)) / 2))
        for back in range(HISTORY, 0, -1)
        if (AS_OF - timedelta(days=back)).weekday() < 6
    )
    return GateHistory(
        source=one.source, owner=one.owner, gate=one.gate, judged=len(figures), failed=failed,
        released=0, observed=figures, last_failed=AS_OF - timedelta(days=9) if failed else None,
    )  # fmt: skip


NAMES = {LEICESTER: "Leicester", LEICESTERSHIRE: "Leicestershire", RUTLAND: "Rutland"}


def council(code: str, **more: object) -> CouncilQuality:
    """Return a council that was assessed, but for what is said."""
    return CouncilQuality(**{"code": code, "name": NAMES[code], "assessed": True, **more})


def quiet_results() -> list[GateResult]:
    """Return what a night is made of on which nothing is out of the ordinary."""
    per_council = [
        result(source, code, name)
        for code in NAMES
        for source, name in GATES
        if source not in (GateSource.PROVIDERS, GateSource.CASELOAD)
    ]
    return [
        result(GateSource.PROVIDERS, "", "providers_rows"),
        result(GateSource.CASELOAD, "", "coverage"),
        *per_council,
    ]


def night(
    results: list[GateResult], councils: list[CouncilQuality], **more: object
) -> QualityFacts:
    """Return a night of these results, each with a history."""
    return QualityFacts(**{
        "as_of": AS_OF, "version": "0.1.0", "councils": tuple(councils), "gates": GATES,
        "results": tuple(results),
        "history": {
            (one.source, one.owner, one.gate): history_of(one)
            for one in results
        },
        "providers": {"P0007": "Oak House"},
        **more,
    })  # fmt: skip


def quiet() -> QualityFacts:
    """Return a night on which every gate passed."""
    return night(quiet_results(), [council(code) for code in NAMES])


def bad() -> QualityFacts:
    """Return a night with a council held, one left out, one let out, a file not used, warnings."""
    spoilt = {
        (GateSource.CPLI, RUTLAND, "rows"): result(
            GateSource.CPLI, RUTLAND, "rows", 2011, consequence=Consequence.NOT_ASSESSED
        ),
        (GateSource.RESULT, RUTLAND, "not_reported_share"): GateResult(
            source=GateSource.RESULT, owner=RUTLAND, gate="not_reported_share",
            severity=GateSeverity.CRITICAL, outcome=GateOutcome.NOT_JUDGED,
            consequence=Consequence.NONE,
        ),
        (GateSource.RESULT, LEICESTER, "not_reported_share"): result(
            GateSource.RESULT, LEICESTER, "not_reported_share", 0.412, consequence=Consequence.HELD
        ),
        (GateSource.CPLI, LEICESTERSHIRE, "no_nhs_number_share"): result(
            GateSource.CPLI, LEICESTERSHIRE, "no_nhs_number_share", 0.0561,
            outcome=GateOutcome.RELEASED,
        ),
        (GateSource.CPLI, LEICESTER, "newest_start"): result(
            GateSource.CPLI, LEICESTER, "newest_start", 5, consequence=Consequence.SHOWN
        ),
        (GateSource.PORTAL, LEICESTER, "portal_rows"): result(
            GateSource.PORTAL, LEICESTER, "portal_rows", 0.5, consequence=Consequence.NOT_USED
        ),
    }  # fmt: skip
    results = [spoilt.get((one.source, one.owner, one.gate), one) for one in quiet_results()]
    results += [
        result(
            GateSource.CASELOAD, "P0007", "strangers_share", 0.97,
            consequence=Consequence.NOT_USED, nights=0, lowest=None, usual=None,
        ),
        result(GateSource.CASELOAD, "P0011", "strangers_share", 0.01, nights=0, usual=None),
    ]  # fmt: skip
    councils = [
        council(
            LEICESTER,
            assessed=False,
            held=True,
            reason="held",
            message="What was found of it is not plausible.",
            held_back={"support_not_reported": 1204, "cpli_not_found": 12, "quantity_differs": 71},
        ),
        council(
            LEICESTERSHIRE,
            released=Release(
                who="k.mistry",
                at=datetime(2026, 11, 21, 7, 5, tzinfo=UTC),
                reason="The new team enters people before their NHS numbers are traced.",
            ),
        ),
        council(
            RUTLAND,
            assessed=False,
            reason="implausible",
            message="Its file is not plausible, so it was left out.",
        ),
    ]
    return night(results, councils, drift=(DRIFT,))


DRIFT = Drift(
    source="cpli",
    owner=RUTLAND,
    file="council/E06000017/cpli.csv",
    fingerprint="b" * 64,
    before="a" * 64,
    gone=("worker_email",),
    new=("team_code",),
    retyped=(Retyped(column="weekly_quantity", before=ColumnType.DECIMAL, now=ColumnType.TEXT),),
    since=date(2026, 11, 19),
)


def nothing() -> QualityFacts:
    """Return a night of which one council sent nothing, and the others were not asked for."""
    return night(
        [],
        [
            council(LEICESTER, assessed=False, reason="missing", message="Its file did not come."),
            council(LEICESTERSHIRE, assessed=False, asked_for=False, message="Not asked for."),
            council(RUTLAND, assessed=False, asked_for=False, message="Not asked for."),
        ],
    )
