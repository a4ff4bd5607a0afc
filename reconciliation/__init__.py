"""The reconciliation rules: frames and a date in, frames out. No I/O, no clock, no Prefect, no SQL.

The numbering of the rules is that of docs/rules.md.
"""

from reconciliation.engine import ALL_COUNCILS, entry_identities, reconcile
from reconciliation.night import Findings, Night, Tolerances, no_decisions

__all__ = [
    "ALL_COUNCILS",
    "Findings",
    "Night",
    "Tolerances",
    "entry_identities",
    "no_decisions",
    "reconcile",
]
