import pytest
from answers.workbooks import KEY


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CPLI_IDENTITY_KEY", KEY.decode())
