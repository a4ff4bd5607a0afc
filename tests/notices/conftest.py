"""Sites that tell providers, the servers that they are told by, and nobody who waits."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from feed.plain import without_prefect
from notices.site import KEY, Site
from servers import notify as govuk
from servers.notify import Notify
from servers.places import keys

from connectors.retry import Retry
from flows.outcome import FeedFacts

__all__ = ["keys"]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A site whose nights are done at once, without the councils' reports and the feed."""
    monkeypatch.setenv("CPLI_IDENTITY_KEY", KEY)
    monkeypatch.setitem(Retry.__init__.__kwdefaults__, "sleep", lambda _: None)
    without_prefect(monkeypatch.setattr)
    monkeypatch.setattr("flows.nightly.council_reports", lambda *_, **__: iter(()))
    monkeypatch.setattr("flows.nightly.publish_night", lambda *_, **__: FeedFacts(reason="none"))
    return Site(home=tmp_path)


@pytest.fixture
def there(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notify]:
    """Run a GOV.UK Notify that the site's emails go to."""
    monkeypatch.setenv("CPLI_NOTICES__EMAIL__API_KEY", govuk.KEY)
    with govuk.notify() as running:
        site.writes_by(running.base_url)
        yield running
