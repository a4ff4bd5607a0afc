"""When a server is asked again, and how long it is left in peace before."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from schemas.errors import TryAgainLater

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
        """Do a step, and again where its fault can pass soon. Raises the last fault."""
        retrying = Retrying(
            stop=stop_after_attempt(self.tries),
            wait=wait_exponential_jitter(self.first_wait, self.longest_wait, jitter=self.jitter),
            retry=retry_if_exception(_can_pass_soon),
            sleep=self.sleep,
            reraise=True,
        )
        return retrying(step)


def _can_pass_soon(error: BaseException) -> bool:
    return isinstance(error, TryAgainLater) and error.soon
