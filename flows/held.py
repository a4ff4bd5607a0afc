"""Keeps what a night was made of while anything of it is held, and brings it back to be let out.

What a person has looked at is what goes out, even where a source has moved on since.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from casebook.store import Casebook
from flows.pulls import CaseloadFacts, CouncilFacts, Pull, Pulls, RegisterFacts
from flows.reading import unread_council
from flows.stage import CASELOADS, REGISTER, lay_down
from flows.steps import NOT_ASKED_FOR
from publishing.folder import OWNER_ONLY, writing
from quality.judging import stops
from schemas.errors import WrongUsage
from schemas.gates import GateResult

FACTS = "facts.json"
NOTHING_CAME = ("usable_rows", "providers")
"""The gates that count what came. Where that is nothing, there is nothing to let out."""

NOT_KEPT = "It is not among what was kept of the night: what is on record of it stays."


def nothing_came(result: GateResult) -> bool:
    """Say whether a gate failed because nothing came that can be used."""
    return stops(result) and result.gate in NOTHING_CAME and not result.observed


def may_be_let_out(result: GateResult) -> bool:
    """Say whether a gate stops something that came, which a person may let out."""
    return stops(result) and not nothing_came(result)


def keep_held(casebook: Casebook, as_of: date, pulls: Pulls, work: Path) -> None:
    """Keep the pulls that were laid down for this night, in place of what was kept of them."""
    parts = {name: pull for name, pull in _parts(pulls) if _came(pull)}
    casebook.gates().keep_held(as_of, _files(parts, work), parts=parts)


def bring_back(casebook: Casebook, as_of: date, work: Path) -> Pulls:
    """Lay down the pulls that were kept of a night, and return their facts.

    Of a council of the night that was not kept nothing is known. Raises `WrongUsage` where nothing
    is kept.
    """
    insist_on_kept(casebook, as_of)
    kept: dict[str, bytes] = {}
    for part, name, content in casebook.gates().held(as_of):
        if name == FACTS:
            kept[part] = content
            continue
        with writing(work):
            (work / part).mkdir(mode=OWNER_ONLY, exist_ok=True)
            (work / part / name).write_bytes(content)
    return Pulls(
        register=Pull(facts=_read(RegisterFacts, kept[REGISTER])),
        councils=tuple(
            Pull(facts=_read(CouncilFacts, kept[code]))
            if code in kept
            else _lay_down_nothing(code, work)
            for code in councils_of(casebook, as_of)
        ),
        caseloads=Pull(facts=_read(CaseloadFacts, kept[CASELOADS])),
    )


def insist_on_kept(casebook: Casebook, as_of: date, *parts: str) -> None:
    """Raise `WrongUsage` where these parts of a night, or what every part needs, are not kept."""
    if not {REGISTER, CASELOADS, *parts} <= casebook.gates().held_parts(as_of):
        raise WrongUsage(
            f"What the night of {as_of} was made of is not kept: nothing of it was held, or a later"
            " night has come since. Run it again with `cpli rerun`, or release the later night."
        )


def councils_of(casebook: Casebook, as_of: date) -> tuple[str, ...]:
    """Return the councils of a night on record; raises `WrongUsage` where it is not."""
    night = casebook.night(as_of)
    if night is None:
        raise WrongUsage(f"The night of {as_of} is not on record. Run it with `cpli run`.")
    return tuple(sorted(council.local_authority for council in night.councils))


def kept_councils(casebook: Casebook, as_of: date) -> tuple[str, ...]:
    """Return the councils of a night whose frames are kept."""
    parts = casebook.gates().held_parts(as_of)
    return tuple(code for code in councils_of(casebook, as_of) if code in parts)


def _lay_down_nothing(code: str, work: Path) -> Pull[CouncilFacts]:
    return lay_down(unread_council(code, reason=NOT_ASKED_FOR, message=NOT_KEPT), work / code)


def _came(pull: Pull[Any]) -> bool:
    return getattr(pull.facts, "reason", None) != NOT_ASKED_FOR


def _parts(pulls: Pulls) -> Iterator[tuple[str, Pull[Any]]]:
    yield REGISTER, pulls.register
    for council in pulls.councils:
        yield council.facts.local_authority, council
    if pulls.caseloads is not None:
        yield CASELOADS, pulls.caseloads


def _files(parts: dict[str, Pull[Any]], work: Path) -> Iterator[tuple[str, str, bytes]]:
    for part, pull in parts.items():
        yield part, FACTS, TypeAdapter(type(pull.facts)).dump_json(pull.facts)
        for path in _frames(work / part):
            yield part, path.name, path.read_bytes()


def _frames(folder: Path) -> Sequence[Path]:
    return sorted(folder.glob("*.parquet"))


def _read(kind: type[Any], content: bytes) -> Any:
    return TypeAdapter(kind).validate_json(content)
