"""Who else is told of a night's lineage, by OpenLineage."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from schemas.errors import WrongUsage
from settings.strict import Strict, Text

NAMESPACE = "cpli"


def safe_receiver(url: str) -> str:
    """Return the address that events go to, or raise `ValueError` where anybody could listen."""
    from connectors.lineage.place import LineagePlace

    wrong = False
    try:
        LineagePlace(url=url)
    except WrongUsage:
        wrong = True
    if wrong:
        raise ValueError("it must be https://HOST/PATH, without a user, a password or a query")
    return url


class Lineage(Strict):
    """OpenLineage: events are appended to `file`, or sent to `url` with the secret `token`.

    Without either nobody is told. `namespace` is ours among those who tell; `timeout_seconds` is
    how long a night waits for the receiver, at most.
    """

    file: Path | None = None
    url: Annotated[str, AfterValidator(safe_receiver)] | None = None
    token: SecretStr | None = None
    namespace: Text = NAMESPACE
    timeout_seconds: float = Field(default=5.0, gt=0, le=30)

    @model_validator(mode="after")
    def goes_one_way(self) -> Self:
        """Return the settings, or raise `ValueError` where it is not clear where events go."""
        if self.file and self.url:
            raise ValueError("set file or url, not both")
        if self.token and not self.url:
            raise ValueError("token is for a url: set that too, or leave the token out")
        return self

    def seen_from(self, home: Path) -> Self:
        """Return the settings with a relative path taken from a folder."""
        return self.model_copy(update={"file": home / self.file}) if self.file else self
