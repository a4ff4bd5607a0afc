"""A slow, plain reading of docs/rules.md, one function a rule, to test the fast engine against.

It shares no code with the product. `reconcile` gives the discrepancies, `study` all that led to
them.
"""

from oracle.engine import Study, reconcile, study
from oracle.population import (
    CaseloadFile,
    Council,
    Decision,
    NotDuplicateCplis,
    NotDuplicateEntries,
    Population,
    read,
    write_sources,
)

__all__ = [
    "CaseloadFile",
    "Council",
    "Decision",
    "NotDuplicateCplis",
    "NotDuplicateEntries",
    "Population",
    "Study",
    "read",
    "reconcile",
    "study",
    "write_sources",
]
