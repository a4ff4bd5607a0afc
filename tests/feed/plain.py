"""A night's own steps without Prefect, which would take seconds each time."""

from collections.abc import Callable
from typing import Any


class Plain:
    """A task without Prefect: called at once, in this thread."""

    def __init__(self, step: Callable[..., Any]) -> None:
        self.step = step

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.step(*args, **kwargs)

    def submit(self, *args: Any, **kwargs: Any) -> "Plain":
        return Plain(lambda: self.step(*args, **kwargs))

    def result(self) -> Any:
        return self.step()

    def wait(self) -> None:
        """Has nothing to wait for: its step is done when its result is asked for."""


def without_prefect(put: Callable[[object, str, object], None] = setattr) -> None:
    """Put plain functions in the places of the night's tasks; `put` sets an attribute."""
    from prefect.tasks import Task

    from flows import nightly

    for name, step in [*vars(nightly).items()]:
        if isinstance(step, Task):
            put(nightly, name, Plain(step.fn))
    put(nightly, "show", lambda *_: None)
