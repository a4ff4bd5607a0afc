"""How the worklist is served, how long a session lasts, and how a council's staff sign in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from schemas.accounts import Role
from settings.notices import safe_address
from settings.strict import Name, Strict, Text

GSS = re.compile(r"E[0-9]{8}")
KEY_LENGTH = 32
ALL_COUNCILS = "all"


def safe_key(key: SecretStr) -> SecretStr:
    """Return the key, or raise `ValueError` where it could be guessed."""
    if len(key.get_secret_value().strip()) < KEY_LENGTH:
        raise ValueError(f"it must have at least {KEY_LENGTH} characters, blanks at its ends aside")
    return key


def plain_address(url: str) -> str:
    """Return the address at which people find the site, or raise `ValueError`."""
    if not re.fullmatch(r"https?://[^/?#@\s]+/?", url):
        raise ValueError("it must be https://HOST, without a path, a user or a query")
    return url.rstrip("/")


def known_roles(roles: Mapping[str, str]) -> Mapping[str, str]:
    """Return the roles of groups, or raise `ValueError`: a provider's staff are in none."""
    if not set(roles.values()) <= set(Role.codes()) - {Role.PROVIDER_USER.value}:
        raise ValueError("its values must be roles, but not provider_user")
    return roles


def known_council(code: str) -> str:
    """Return the GSS code of a council or `all`, or raise `ValueError`."""
    if code != ALL_COUNCILS and not GSS.fullmatch(code):
        raise ValueError("it must be a council's GSS code, or all")
    return code


CouncilCode = Annotated[str, AfterValidator(known_council)]


class Oidc(Strict):
    """The councils' own sign-in, by OpenID Connect; the client's secret is a secret.

    `roles` gives the role of each value of the claim `role_claim`, the first that fits. Whose staff
    they are says `council` for all of them, or `council_claim` for each, whose values `councils`
    translates into GSS codes; `all` is for staff who see the cases of every council.
    """

    issuer: Annotated[str, AfterValidator(safe_address)] | None = None
    client_id: Text | None = None
    client_secret: SecretStr | None = None
    label: Text = "your council account"
    scope: Text = "openid profile email"
    role_claim: Text = "groups"
    roles: Annotated[dict[Text, str], AfterValidator(known_roles)] = Field(default_factory=dict)
    council: CouncilCode | None = None
    council_claim: Text | None = None
    councils: dict[Text, CouncilCode] = Field(default_factory=dict)
    team_claim: Text | None = None
    timeout_seconds: float = Field(default=10.0, gt=0)

    @model_validator(mode="after")
    def is_whole(self) -> Self:
        """Return the settings, or raise `ValueError` where they are not whole or not safe.

        The secret alone is one of a site that this command is not told of.
        """
        parts = (self.issuer, self.client_id, self.roles)
        whose = (self.council, self.council_claim)
        if not any((*parts, *whose)):
            return self
        if not all(parts):
            raise ValueError("issuer, client_id and roles belong together: set all three, or none")
        if all(whose) or not any(whose):
            raise ValueError(
                "give either council, if all who sign in are of one, or council_claim: who is of"
                " none would see the cases of all"
            )
        if bool(self.councils) != bool(self.council_claim):
            raise ValueError("council_claim and councils belong together: give both, or neither")
        return self


class Worklist(Strict):
    """The site on which people settle cases.

    `secret_key` encrypts second factors; without it a key is made from that of discrepancy ids.
    Sessions end after `session_idle_minutes` without a page and after `session_hours` whatever
    happens. `trusted_proxies` is how many proxies in front of us say who is behind them.
    `upload_place` is the folder for lists that providers send over the web: that of the caseloads,
    or one that the caseloads' server shows.
    """

    host: Text = "127.0.0.1"
    port: int = Field(default=8080, ge=1, le=65535)
    public_url: Annotated[str, AfterValidator(plain_address)] | None = None
    workers: int = Field(default=2, ge=1, le=64)
    trusted_proxies: int = Field(default=0, ge=0, le=5)
    allow_plain_http: bool = False
    secret_key: Annotated[SecretStr, AfterValidator(safe_key)] | None = None
    session_idle_minutes: int = Field(default=30, ge=1, le=240)
    session_hours: int = Field(default=12, ge=1, le=24)
    totp_required: bool = True
    upload_place: Name | None = None
    oidc: Oidc = Oidc()
