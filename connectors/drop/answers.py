"""What a receiver writes of an export. Nothing from inside such a file is ever quoted."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from connectors.drop.faults import Place
from schemas.delivery import Acknowledgement, Refusal
from schemas.errors import SourceRefused

MOST_RESOURCES = 2**31 - 1
Reference = Annotated[
    str, StringConstraints(pattern=r"^[A-Z][A-Za-z]{0,63}/[A-Za-z0-9.\-]{1,64}$", strict=True)
]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z]+(-[a-z]+)*$", max_length=64, strict=True)]


class _Strict(BaseModel):
    """What we read of a file; what a receiver adds to it is passed over."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", hide_input_in_errors=True)


class RefusedResource(_Strict):
    """A resource that was refused: Type/id, an issue type of FHIR, and the receiver's own words."""

    reference: Reference
    code: Code
    text: str = ""


class Answer(_Strict):
    """The whole file."""

    export: str
    accepted: Annotated[int, Field(ge=0, le=MOST_RESOURCES)]
    refused: tuple[RefusedResource, ...]


def understood(content: bytes, *, export: str, file: str, place: Place) -> Acknowledgement:
    """Read an acknowledgement. Raises SourceRefused where it is none, or one of another export."""
    answer = None
    with suppress(ValidationError):
        answer = Answer.model_validate_json(content.removeprefix(b"\xef\xbb\xbf"))
    if answer is None:
        raise refused(file, place, wrong="is not an acknowledgement as we agreed on it")
    if answer.export != export:
        raise SourceRefused(
            f"{file} of {place.described} is named for one export and speaks of another."
            f" {_ask(place)}",
            rule="differs_from_file_name",
            file=file,
        )
    refusals = (
        # No database of ours takes a NUL character.
        Refusal(
            reference=it.reference,
            code=it.code,
            text=it.text.replace("\0", "\N{REPLACEMENT CHARACTER}"),
        )
        for it in answer.refused
    )
    return Acknowledgement(export=export, accepted=answer.accepted, refused=tuple(refusals))


def refused(file: str, place: Place, *, wrong: str) -> SourceRefused:
    """Build the refusal of a file that cannot be read as an acknowledgement."""
    message = f"{file} of {place.described} {wrong}. {_ask(place)}"
    return SourceRefused(message, rule="unreadable", file=file)


def _ask(place: Place) -> str:
    return f"Ask {place.keeper} to have it written again, as docs/drop.md says."
