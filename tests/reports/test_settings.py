"""What can be set of councils' reports."""

from pathlib import Path

import pytest

from schemas.errors import WrongUsage
from settings.settings import load_settings


def test_a_folder_of_templates_is_seen_from_the_file_of_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CPLI_REPORTS__TEMPLATES", "ours")
    monkeypatch.chdir(tmp_path)
    assert load_settings().reports.templates == tmp_path / "ours"
    assert load_settings().reports.worklist_url == "http://127.0.0.1:8000/"


@pytest.mark.parametrize(
    "url",
    [
        "https://worklist.example",
        "ftp://worklist.example/",
        "javascript:alert(1)/",
        "https:///cases/",
        "https://user:secret@worklist.example/",
        "https://worklist.example/?next=/",
        "https://worklist.example/#/",
        "worklist/",
    ],
)
def test_a_worklist_that_no_link_can_lead_to_is_refused(url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CPLI_REPORTS__WORKLIST_URL", url)
    with pytest.raises(WrongUsage, match="CPLI_REPORTS__WORKLIST_URL: it must") as raised:
        load_settings()
    assert "secret" not in str(raised.value)


def test_the_root_of_a_worklist_may_be_a_path(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CPLI_REPORTS__WORKLIST_URL", "https://llr.example/cpli/")
    assert load_settings().reports.worklist_url == "https://llr.example/cpli/"
