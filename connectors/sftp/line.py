"""A connection that is made anew after what can pass, for fetching and for delivering."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Self, TypeVar

from connectors.retry import Retry
from connectors.sftp.faults import SftpLater
from connectors.sftp.place import SftpPlace
from connectors.sftp.session import Session, connected

T = TypeVar("T")


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
