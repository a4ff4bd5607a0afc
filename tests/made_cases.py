"""Cases of made-up discrepancies, put on record without a night being run."""

import numpy as np

from benchmarks.cases import COUNCILS, night
from benchmarks.cases import found as discrepancies
from benchmarks.worklist_queries import keep_lines
from casebook.store import Casebook

LEICESTER, LEICESTERSHIRE, RUTLAND = COUNCILS


def put_on_record(casebook: Casebook, number: int) -> None:
    """Put a night with so many cases on record, by turns of each council and of each type.

    Each has a line of both sides behind it, and belongs to a person of its own.
    """
    found = discrepancies(np.arange(number))
    casebook.record(night(7, found))
    keep_lines(casebook, found)
