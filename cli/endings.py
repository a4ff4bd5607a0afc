"""The one place where an error becomes a sentence on the terminal and an exit code."""

from __future__ import annotations

from types import TracebackType

import click

from flows.faults import REPORT, Unforeseen, described
from schemas.errors import ContractBreach, CpliError

INTERRUPTED = 130


class Ending:
    """Ends a command: keeps tracebacks from the user, who can do nothing with them.

    `exit_code` is what the process should end with. Of an error that nobody foresaw only its kind
    and its place in our code are shown: what it says, or what its traceback quotes, may be a
    person's.
    """

    def __init__(self) -> None:
        self.exit_code = 0

    def __enter__(self) -> Ending:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """Say what went wrong, unless it is an exit that somebody asked for."""
        if error is None or isinstance(error, SystemExit):
            return False
        self.exit_code = _say(error)
        return True


def _say(error: BaseException) -> int:
    match error:
        case click.ClickException():
            error.show()
            return error.exit_code
        case KeyboardInterrupt() | click.Abort():
            click.echo("Stopped. Run the same command again to do it from the start.", err=True)
            return INTERRUPTED
        case Unforeseen() | ContractBreach():
            click.echo(f"{error} {REPORT}", err=True)
            return error.exit_code
        case CpliError():
            click.echo(str(error), err=True)
            return error.exit_code
        case _:
            click.echo(f"A fault of ours: {described(error)}. {REPORT}", err=True)
            return 1
