"""Notify on loopback, what stands before it and misbehaves, and postboxes that wait for nothing."""

from collections.abc import Callable, Iterator

import pytest
from servers.fhir import HOST, Between, between
from servers.notify import KEY, Notify, notify

from connectors.notify.place import NotifyPlace
from connectors.notify.postbox import Postbox
from connectors.retry import Retry

PostboxAt = Callable[..., Postbox]
TIMEOUT = 0.3


@pytest.fixture
def there() -> Iterator[Notify]:
    """Run Notify."""
    with notify() as listening:
        yield listening


@pytest.fixture
def wall(there: Notify) -> Iterator[Between]:
    """Stand before Notify."""
    with between(there) as listening:
        yield listening


@pytest.fixture
def waits() -> list[float]:
    """Collect the seconds that somebody would have waited."""
    return []


def address_of(wall: Between) -> str:
    """Return where something listens that stands before Notify."""
    return f"{wall.scheme}://{HOST}:{wall.server_address[1]}"


def place_at(base_url: str, **changes: object) -> NotifyPlace:
    """Return a place with the key that Notify knows."""
    return NotifyPlace(
        **{"base_url": base_url, "api_key": KEY, "timeout_seconds": TIMEOUT, **changes}
    )


@pytest.fixture
def postbox_at(waits: list[float]) -> Iterator[PostboxAt]:
    """Return what makes a postbox of an address."""
    made: list[Postbox] = []

    def make(base_url: str, **changes: object) -> Postbox:
        retry = Retry(jitter=0.0, sleep=waits.append)
        made.append(Postbox(place_at(base_url, **changes), retry=retry))
        return made[-1]

    yield make
    for each in made:
        each.__exit__(None, None, None)


@pytest.fixture
def postbox(wall: Between, postbox_at: PostboxAt) -> Postbox:
    """Return a postbox before which something stands."""
    return postbox_at(address_of(wall))
