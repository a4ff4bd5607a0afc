"""One error tree in two families: try again later, or a person is needed.

Every message says what happened and who should do what, and never holds a personal value.
"""

from __future__ import annotations

from schemas.lineage import CameColumn


class CpliError(Exception):
    """Any fault that this product foresees; `exit_code` is what the command ends with.

    `file` is what it is about, as refusals call it, where that is known.
    """

    exit_code = 1
    file = ""


class TryAgainLater(CpliError):
    """It may pass by itself: a busy database, a dropped connection.

    `soon` says that a second try within seconds may already help.
    """

    exit_code = 1
    soon = False


class PersonNeeded(CpliError):
    """It will fail again until somebody mends it."""

    exit_code = 2


class WrongUsage(PersonNeeded):
    """The command or its settings ask for something that cannot be done."""

    exit_code = 2


class SourceRefused(PersonNeeded):
    """A source's file cannot be used at all; `rule` is a short code of why.

    The message names the file and who should act, and quotes nothing from inside it. `shape` are
    the file's columns, where it is refused for them and they are sure to be headings.
    """

    exit_code = 4
    shape: tuple[CameColumn, ...] | None = None

    def __init__(self, message: str, *, rule: str, file: str = "", column: str = "") -> None:
        super().__init__(message)
        self.rule = rule
        self.file = file
        self.column = column


class NothingAssessed(PersonNeeded):
    """No council could be assessed."""

    exit_code = 4


class ContractBreach(CpliError):
    """A frame of our own broke its contract: a defect of ours, reported in counts."""

    exit_code = 1
