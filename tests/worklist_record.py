"""What tests of the worklist ask of its record, past the pages."""

from casebook.store import Casebook
from casebook.wanted import Wanted
from casebook.worklist import Record, Worklist
from schemas.vocabularies import DiscrepancyType

COUNCILS = ("E06000016", "E10000018", "E06000017", None)


def open_cases(
    casebook: Casebook,
    *,
    council: str | None = "",
    kind: DiscrepancyType | None = None,
    limit: int = 900,
) -> list[Record]:
    """Return the open cases of a council, or of all."""
    councils = COUNCILS if council == "" else (council,)
    return Worklist(casebook).page(Wanted(councils=councils, kind=kind, limit=limit)).cases


def state_of(casebook: Casebook, discrepancy_id: str) -> str:
    """Return how a case stands."""
    file = Worklist(casebook).case(discrepancy_id, councils=None)
    assert file is not None
    return str(file.case["state"])
