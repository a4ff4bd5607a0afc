import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from schemas.errors import WrongUsage
from settings.identity import identity_key, insist_on_key
from settings.settings import load_settings

SECRET = "correct-horse-battery"


def test_the_key_that_is_set_is_used_and_none_is_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("CPLI_IDENTITY_KEY", SECRET)
    assert identity_key(load_settings(), state=tmp_path / "state") == SECRET.encode()
    assert not (tmp_path / "state").exists()


def test_a_key_is_made_once_and_kept_for_its_owner_only(tmp_path):
    first = identity_key(load_settings(), state=tmp_path / "state")
    assert identity_key(load_settings(), state=tmp_path / "state") == first
    assert len(first) == 64
    [kept] = (tmp_path / "state").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700


def test_two_homes_have_two_keys(tmp_path):
    keys = {identity_key(load_settings(), state=tmp_path / home) for home in ("one", "two")}
    assert len(keys) == 2


def test_first_runs_at_once_agree_on_one_key(tmp_path):
    settings = load_settings()
    for round_ in range(20):
        state = tmp_path / str(round_)
        with ThreadPoolExecutor(8) as pool:
            keys = set(pool.map(lambda _, s=state: identity_key(settings, state=s), range(8)))
        assert len(keys) == 1
        assert [path.name for path in state.iterdir()] == ["identity.key"]


def test_without_a_place_to_keep_the_key_the_user_is_told_to_set_one(tmp_path):
    (tmp_path / "state").write_text("a file stands where the folder should be")
    with pytest.raises(WrongUsage, match="CPLI_IDENTITY_KEY"):
        identity_key(load_settings(), state=tmp_path / "state")


def test_that_a_key_can_be_had_is_found_out_without_making_one(tmp_path):
    insist_on_key(load_settings(), state=tmp_path / "new" / "state")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises(WrongUsage, match="CPLI_IDENTITY_KEY"):
        insist_on_key(load_settings(), state=tmp_path / "file" / "state")
    (tmp_path / "identity.key").write_text("abc\n")
    with pytest.raises(WrongUsage, match="damaged"):
        insist_on_key(load_settings(), state=tmp_path)


def test_a_damaged_key_is_not_taken_for_one(tmp_path):
    (tmp_path / "identity.key").write_text("abc\n")
    with pytest.raises(WrongUsage, match="damaged"):
        identity_key(load_settings(), state=tmp_path)


def test_the_key_is_kept_in_the_users_state_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    identity_key(load_settings())
    assert Path(tmp_path / "cpli" / "identity.key").exists()
