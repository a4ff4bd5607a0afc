"""What a provider is told of one caseload, without a night."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from connectors.files import FileTable
from connectors.intake.habits import Habits
from connectors.intake.receipts import Receipt, receipt, receipt_of_refusal
from connectors.intake.understanding import NO_HABITS, understand
from connectors.patterns import FilePattern
from flows.origin import habits_of
from schemas.cleaning import clean_caseloads
from schemas.errors import SourceRefused, WrongUsage
from schemas.raw import CaseloadFile, FileFacts, RawTable
from schemas.tables import CASELOAD
from settings.settings import load_settings


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What was made of a caseload: what its provider is told, and its cells, None if refused."""

    receipt: Receipt
    raw: RawTable | None = field(default=None, repr=False)


def receipt_of(
    file: Path, *, provider_id: str, caseload_date: date, config: Path | None = None
) -> tuple[str, bool]:
    """Return the receipt of a caseload, and whether it or one of its rows was refused.

    Raises `WrongUsage` where there is no such file.
    """
    caseloads = load_settings(config).caseloads
    table = FileTable(of=CASELOAD, place="file", folder=file.parent, pattern=FilePattern("*"))
    found = next((it for it in table.found() if it.file == file.name), None)
    if found is None:
        raise WrongUsage(f"There is no file {file}. Name a caseload.")
    found = replace(found, name=f"list{file.suffix}")
    try:
        content, facts = table.content(found)
    except SourceRefused as error:
        told = receipt_of_refusal(error, provider_id=provider_id, caseload_date=caseload_date)
        return told.text(), True
    looked = look_at(
        content,
        facts,
        provider_id=provider_id,
        caseload_date=caseload_date,
        habits=habits_of(caseloads) if caseloads else NO_HABITS,
    )
    return looked.receipt.text(), looked.raw is None or looked.receipt.refused_rows > 0


def look_at(
    content: bytes, facts: FileFacts, *, provider_id: str, caseload_date: date, habits: Habits
) -> Looked:
    """Read a provider's list as a night would."""
    try:
        understood = understand(
            content,
            facts=facts,
            provider_id=provider_id,
            caseload_date=caseload_date,
            habits=habits,
        )
    except SourceRefused as error:
        return Looked(
            receipt=receipt_of_refusal(error, provider_id=provider_id, caseload_date=caseload_date)
        )
    named = CaseloadFile(
        provider_id=provider_id,
        caseload_date=caseload_date,
        file=facts.file,
        received_at=facts.received_at,
    )
    cleaned = clean_caseloads([(0, named, understood.raw)], as_of=caseload_date)
    return Looked(receipt=receipt(understood, cleaned), raw=understood.raw)
