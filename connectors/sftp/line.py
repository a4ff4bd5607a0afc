"""A connection that is made anew after what can pass, for fetching and for delivering."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeVar

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from connectors.sftp.faults import PASSING, SftpLater
from connectors.sftp.place import SftpPlace
from connectors.sftp.session import Session, connected

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Retry:
    """How often to try, and how many seconds to wait in between: doubling, with some jitter."""

    tries: int = 4
    first_wait: float = 1.0
    longest_wait: float = 30.0
    jitter: float = 1.0
    sleep: Callable[[float], None] = time.sleep

    def __call__(self, step: Callable[[], T]) -> T:
        """Do a step, and again where its fault can pass. Raises the last fault."""
        retrying = Retrying(
            stop=stop_after_attempt(self.tries),
            wait=wait_exponential_jitter(self.first_wait, self.longest_wait, jitter=self.jitter),
            retry=retry_if_exception(_can_pass),
            sleep=self.sleep,
            reraise=True,
        )
        return retrying(step)


class Line:
    """Does steps over one connection, which is opened when needed and after each fault anew.

    A step may be done again from its beginning, so it must pick up what it left.
    """

    def __init__(self, place: SftpPlace, *, retry: Retry | None = None) -> None:
        self.place = place
        self.retry = retry or Retry()
        self._open = ExitStack()
        self._session: Session | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __call__(self, step: Callable[[Session], T]) -> T:
        """Do a step over the connection, and again where its fault can pass."""
        return self.retry(lambda: self._once(step))

    def close(self) -> None:
        """Hang up; the next step connects again."""
        self._session = None
        self._open.close()

    def _once(self, step: Callable[[Session], T]) -> T:
        if self._session is None:
            self._session = self._open.enter_context(connected(self.place))
        try:
            return step(self._session)
        except SftpLater:
            self.close()
            raise


def _can_pass(error: BaseException) -> bool:
    return isinstance(error, SftpLater) and error.fault in PASSING
