"""How the Care Record feed names us and the councils, and where it is delivered."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, PositiveFloat, SecretStr

from publishing.feed.facts import EXAMPLE_BASE, OrganisationType
from schemas.errors import WrongUsage
from settings.strict import Name, Strict, Text

EXAMPLE_SOURCE = "EXAMPLE-CPLI-01"
ODS_CODE = re.compile(r"[A-Z0-9]{2,12}")


def known_base(url: str) -> str:
    """Return the root of our own URLs, or raise `ValueError`."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or not url.endswith("/") or "?" in url:
        raise ValueError("it must be https://HOST/PATH/ with a slash at the end")
    return url


def safe_endpoint(url: str) -> str:
    """Return a FHIR server's address, or raise `ValueError` where anybody could listen."""
    from connectors.fhir_rest.place import RestPlace as Address

    wrong = False
    try:
        Address(name="", base_url=url)
    except WrongUsage:
        wrong = True
    if wrong:
        raise ValueError("it must be https://HOST/PATH, without a user, a password or a query")
    return url


def known_organisation(code: str) -> str:
    """Return the code of a type of organisation, or raise `ValueError`."""
    if code not in OrganisationType.codes():
        raise ValueError(f"it must be one of {', '.join(OrganisationType.codes())}")
    return code


def known_ods_code(code: str) -> str:
    """Return an ODS code, or raise `ValueError`."""
    if not ODS_CODE.fullmatch(code):
        raise ValueError("it must be an ODS code: 2 to 12 capitals and digits")
    return code


OdsCode = Annotated[str, AfterValidator(known_ods_code)]
OrganisationCode = Annotated[str, AfterValidator(known_organisation)]


class RestPlace(Strict):
    """A FHIR server; its token is a secret. `ca_file` is there where its certificate is private."""

    connector: Literal["rest"]
    url: Annotated[str, AfterValidator(safe_endpoint)]
    token: SecretStr | None = None
    ca_file: Path | None = None
    batch_size: int = Field(default=200, ge=1, le=1000)
    timeout_seconds: PositiveFloat = 120.0

    def seen_from(self, home: Path) -> Self:
        """Return the place with its relative paths taken from a folder."""
        return self.model_copy(update={"ca_file": home / self.ca_file}) if self.ca_file else self


class Feed(Strict):
    """The Care Record feed; without a `place` it stays in the night's folder.

    `source_id` and `source_name` are what the Care Record knows us by. `register_kept_by` is the
    council, by its name in the file, that answers for the register of providers. `cqc_system` is
    what the receiver agreed to call CQC ids, if it did.
    """

    source_id: Text = EXAMPLE_SOURCE
    source_name: Text = "Example care package line items"
    base_url: Annotated[str, AfterValidator(known_base)] = EXAMPLE_BASE
    register_kept_by: Name | None = None
    cqc_system: Text | None = None
    place: Name | None = None
