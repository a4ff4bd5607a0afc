import pytest
from folders.canonical import Sources


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv("CPLI_IDENTITY_KEY", "a key for tests alone")


@pytest.fixture
def sources(tmp_path) -> Sources:
    """Return a small folder of sources in which everything agrees."""
    return Sources(tmp_path / "sources")
