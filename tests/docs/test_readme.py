"""What README.md tells people to type works, and what it points to is there."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from settings.alerts import AlertEmail, Alerts, Webhook
from settings.answers import Answers
from settings.faults import PREFIX
from settings.feed import Feed, RestPlace
from settings.lineage import Lineage
from settings.notices import Email, Notices
from settings.reports import Reports
from settings.settings import SECRETS, Database, Settings
from settings.sources import (
    Caseloads,
    Council,
    CpliSource,
    FolderPlace,
    PortalSource,
    ProvidersSource,
    ReferencesSource,
    SftpPlace,
    SqlPlace,
)
from settings.worklist import Oidc, Worklist

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "GLOSSARY.md", *sorted((ROOT / "docs").rglob("*.md"))]
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)#]*)(?:#([^)]*))?\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def commands() -> list[str]:
    """Return the shell commands of README.md, in order."""
    blocks = CONSOLE.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]


def test_every_command_of_the_readme_can_be_typed_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    typed = [line for line in commands() if not line.startswith("make ")]
    ended = {
        line: subprocess.run(
            # What serves until it is stopped is asked whether it understands its options.
            [*shlex.split(line), *(["--help"] if " worklist " in line else [])],
            cwd=tmp_path,
            env=os.environ,
            capture_output=True,
            check=False,
        ).returncode
        for line in typed
    }
    assert len(ended) > 1
    assert set(ended.values()) == {0}, ended

    said = (ROOT / "docs" / "contracts.md").read_text(encoding="utf-8")
    summary = json.loads((tmp_path / "results" / "summary.json").read_text(encoding="utf-8"))
    keys = {*summary, *summary["all"], *summary["councils"]["E06000016"], *summary["caseloads"]}
    assert [key for key in sorted(keys) if f"`{key}`" not in said] == []


def test_every_chore_of_the_readme_is_one() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    chores = [line.split()[1] for line in commands() if line.startswith("make ")]
    assert chores
    assert [chore for chore in chores if f"\n{chore}:" not in makefile] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    lost = []
    for path, place in LINK.findall(document.read_text(encoding="utf-8")):
        target = document.parent / path if path else document
        if not target.exists() or (place and place not in places(target)):
            lost.append(f"{path}#{place}")
    assert lost == []


def places(document: Path) -> set[str]:
    """Return the names by which a document's headings are linked to."""
    headings = HEADING.findall(document.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_setting_is_written_down() -> None:
    models = [Settings, Database, FolderPlace, SftpPlace, SqlPlace, Council, CpliSource]
    models += [ProvidersSource, PortalSource, ReferencesSource, Caseloads, Feed, RestPlace]
    models += [Alerts, AlertEmail, Webhook, Worklist, Oidc]
    models += [Reports, Notices, Email, Answers, Lineage]
    said = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    names = {name for model in models for name in model.model_fields}
    assert [name for name in sorted(names) if not re.search(rf"[`\[.]{name}[`\].]", said)] == []


def test_every_variable_of_the_contracts_is_read() -> None:
    said = (ROOT / "docs" / "contracts.md").read_text(encoding="utf-8")
    variables = re.findall(rf"`{PREFIX}(\w+)`", said)
    assert variables
    known = {*Settings.model_fields, SECRETS.removeprefix(PREFIX).lower(), "config"}
    assert {name.lower().partition("__")[0] for name in variables} - known == set()
