import pytest
from filelock import FileLock

from flows import backend
from schemas.errors import TryAgainLater


def test_a_run_that_waits_in_vain_for_another_to_start_its_server_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(backend, "START_SECONDS", 0.1)
    with (
        FileLock(tmp_path / "server.starting"),
        pytest.raises(TryAgainLater, match=r"another run has been starting.*PREFECT_HOME"),
        backend._own_server(tmp_path),
    ):
        pytest.fail("a second server was started")


def test_a_place_without_locks_is_named_with_what_to_do(tmp_path):
    (tmp_path / "server.starting").mkdir()
    with (
        pytest.raises(TryAgainLater, match=r"cannot be locked .*PREFECT_HOME to an empty folder"),
        backend._own_server(tmp_path),
    ):
        pytest.fail("a server was started without a lock")


@pytest.mark.server
def test_a_server_that_does_not_start_says_why_and_nothing_need_be_deleted(tmp_path, monkeypatch):
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    (tmp_path / "prefect.db").write_bytes(b"no database" * 1000)
    with backend._own_server(tmp_path) as (_, wait_until_up):
        with pytest.raises(TryAgainLater) as refused:
            wait_until_up()
        with FileLock(tmp_path / "server.starting", timeout=0):
            said = str(refused.value)
    assert "DatabaseError: (sqlite3.DatabaseError) file is not a database" in said
    assert "set PREFECT_HOME to an empty folder" in said
    assert not {"remove", "delete"} & set(said.split())
