"""The gates of a night as data for scripts: `gates.json` has all of it, `gates.csv` the results."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import islice
from typing import Any

import pandas as pd

from publishing.csv_text import csv_text
from publishing.quality.facts import CouncilQuality, QualityFacts
from publishing.quality.wording import Figures, finite
from schemas.gates import Gate, GateHistory, GateOutcome, GateResult
from schemas.lineage import Drift

TEXTS = ("as_of", "source", "owner", "gate", "severity", "outcome", "consequence")
FIGURES = ("observed", "lowest", "highest", "usual")
COLUMNS = (*TEXTS, *FIGURES, "nights")


def json_of(facts: QualityFacts) -> bytes:
    """Return the whole night as JSON, all lists sorted; figures are as they were measured."""
    whole = {
        "as_of": facts.as_of.isoformat(),
        "version": facts.version,
        "counts": {outcome.value: facts.count(outcome) for outcome in GateOutcome},
        "councils": _sorted(_council(council) for council in facts.councils),
        "gates": _sorted(_gate(facts, gate) for gate in facts.gates.values()),
        "results": _sorted(_result(facts, result) for result in facts.results),
        "drift": _sorted(_drift(drift) for drift in facts.drift),
    }
    return (json.dumps(whole, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def csv_of(facts: QualityFacts) -> bytes:
    """Return a row for each result, sorted by source, owner and gate."""
    rows = [{"as_of": facts.as_of, **_plain(result)} for result in facts.results]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    types = dict.fromkeys(TEXTS, "str") | dict.fromkeys(FIGURES, "float64") | {"nights": "int64"}
    ordered = frame.astype(types).sort_values(["source", "owner", "gate"], ignore_index=True)
    return csv_text(ordered, COLUMNS)


def _plain(result: GateResult) -> dict[str, Any]:
    """Return a result by its columns."""
    return {
        "source": result.source.value,
        "owner": result.owner,
        "gate": result.gate,
        "severity": result.severity.value,
        "outcome": result.outcome.value,
        "consequence": result.consequence.value,
        "observed": finite(result.observed),
        "lowest": finite(result.lowest),
        "highest": finite(result.highest),
        "usual": finite(result.usual),
        "nights": result.nights,
    }


def _result(facts: QualityFacts, result: GateResult) -> dict[str, Any]:
    figures = Figures(result, facts.gate(result).unit)
    return {**_plain(result), "says": figures.sentence, "history": _history(facts.past(result))}


def _history(history: GateHistory | None) -> dict[str, Any] | None:
    if history is None:
        return None
    return {
        "judged": history.judged,
        "failed": history.failed,
        "released": history.released,
        "last_failed": history.last_failed and history.last_failed.isoformat(),
        "observed": {night.isoformat(): finite(figure) for night, figure in history.observed},
    }


def _gate(facts: QualityFacts, gate: Gate) -> dict[str, Any]:
    return {
        "source": gate.source.value,
        "gate": gate.name,
        "severity": gate.severity.value,
        "unit": gate.unit.value,
        "title": gate.title,
        "reason": gate.reason,
        "remedy": gate.remedy,
        "runbook": facts.runbook(gate.name),
    }


def _council(council: CouncilQuality) -> dict[str, Any]:
    release = council.released
    return {
        "local_authority": council.code,
        "name": council.name,
        "asked_for": council.asked_for,
        "assessed": council.assessed,
        "reason": council.reason,
        "message": council.message,
        "held": council.held,
        "held_back": dict(sorted(council.held_back.items())),
        "released": release
        and {"who": release.who, "at": release.at.isoformat(), "reason": release.reason},
    }


def _drift(drift: Drift) -> dict[str, Any]:
    return {
        "source": drift.source,
        "owner": drift.owner,
        "file": drift.file,
        "since": drift.since.isoformat(),
        "fingerprint": drift.fingerprint,
        "before": drift.before,
        "says": list(drift.words),
    }


def _sorted(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows by their first three texts, which say what each is about."""
    return sorted(rows, key=lambda row: [str(text) for text in islice(row.values(), 3)])
