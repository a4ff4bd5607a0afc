"""The one place where an error becomes a sentence on the terminal and an exit code."""

from __future__ import annotations

import signal
import threading
from contextlib import ExitStack
from types import FrameType, TracebackType

import click

from flows.faults import REPORT, Unforeseen, described
from schemas.errors import ContractBreach, CpliError

INTERRUPTED, TERMINATED = 130, 143


class Terminated(SystemExit):
    """Whoever looks after the process has asked it to end; what it holds open is cleared up."""


class Ending:
    """Ends a command: keeps tracebacks from the user, who can do nothing with them.

    `exit_code` is what the process should end with. Of an error that nobody foresaw only its kind
    and its place in our code are shown: what it says, or what its traceback quotes, may be a
    person's.
    """

    def __init__(self) -> None:
        self.exit_code = 0
        self.restored = ExitStack()

    def __enter__(self) -> Ending:
        if threading.current_thread() is threading.main_thread():
            before = signal.signal(signal.SIGTERM, _terminate)
            self.restored.callback(signal.signal, signal.SIGTERM, before)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """Say what went wrong, unless it is an exit that the command itself asked for."""
        self.restored.close()
        if error is None or (isinstance(error, SystemExit) and not isinstance(error, Terminated)):
            return False
        self.exit_code = _say(error)
        return True


def _terminate(_number: int, _frame: FrameType | None) -> None:
    raise Terminated(TERMINATED)


def _say(error: BaseException) -> int:
    match error:
        case click.ClickException():
            error.show()
            return error.exit_code
        case KeyboardInterrupt() | click.Abort() | Terminated():
            click.echo("Stopped. Run the same command again to do it from the start.", err=True)
            return TERMINATED if isinstance(error, Terminated) else INTERRUPTED
        case Unforeseen() | ContractBreach():
            click.echo(f"{error} {REPORT}", err=True)
            return error.exit_code
        case CpliError():
            click.echo(str(error), err=True)
            return error.exit_code
        case _:
            click.echo(f"A fault of ours: {described(error)}. {REPORT}", err=True)
            return 1
