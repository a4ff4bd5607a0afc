"""The reconciliation rules: frames and a date in, frames out. No I/O, no clock, no Prefect, no SQL.

The numbering of the rules is that of docs/rules.md.
"""

from reconciliation.engine import ALL_COUNCILS, reconcile
from reconciliation.night import Findings, Night, Tolerances

__all__ = ["ALL_COUNCILS", "Findings", "Night", "Tolerances", "reconcile"]
