"""What can be set, from the environment: names begin with `CPLI_`, `__` leads into a group.

The environment is read here and nowhere else. Every problem is listed at once, and none quotes what
was set, which may be a password.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    NonNegativeFloat,
    SecretStr,
    ValidationError,
)
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from reconciliation.night import Tolerances
from schemas.errors import WrongUsage
from schemas.vocabularies import ServiceType

PREFIX = "CPLI_"
IDENTITY_KEY_LENGTH = 16
LIST = "unreconciled_service_types"

# What pandera takes for yes; any other value switches its checks off.
YES = {"true", "True", "1"}
FULL_VALIDATION = "SCHEMA_AND_DATA"

# The highest value that makes sense; the lowest is 0, and 1 for the window.
HIGHEST = {
    "window_months": 120,
    "caseload_max_rejected": 1.0,
    "caseload_min_share": 1.0,
    "names_differ_below": 1.0,
    "possible_match_from": 1.0,
    "quantity_tolerance_share": 1.0,
}


def split(given: object) -> object:
    """Read a list that was written with commas."""
    if isinstance(given, dict) and isinstance(given.get(LIST), str):
        return given | {
            LIST: tuple(part.strip() for part in given[LIST].split(",") if part.strip())
        }
    return given


def sensible(tolerances: Tolerances) -> Tolerances:
    """Return the thresholds, or raise `ValueError` with all that cannot be meant."""
    problems = []
    for name in (field.name for field in fields(tolerances)):
        value = getattr(tolerances, name)
        lowest, highest = int(name == "window_months"), HIGHEST.get(name, 1000)
        if isinstance(value, int | float) and not lowest <= value <= highest:
            problems.append(f"{name} must lie between {lowest} and {highest}")
    if not set(getattr(tolerances, LIST)) <= set(ServiceType.codes()):
        problems.append(f"{LIST} must be codes of service types, with commas between them")
    if problems:
        raise ValueError("; ".join(problems))
    return tolerances


def long_enough(key: SecretStr) -> SecretStr:
    """Return the key, or raise `ValueError` where it could be guessed."""
    if len(key.get_secret_value()) < IDENTITY_KEY_LENGTH:
        raise ValueError(f"it must have at least {IDENTITY_KEY_LENGTH} characters")
    return key


class Database(BaseModel):
    """Where the record of nights is kept, and how long a run waits for another of its night."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: SecretStr | None = None
    wait_seconds: NonNegativeFloat = 300.0


Thresholds = Annotated[Tolerances, BeforeValidator(split), AfterValidator(sensible)]


class Settings(BaseSettings):
    """All that can be set; read it with `load_settings`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
    )

    database: Database = Database()
    tolerances: Annotated[Tolerances, BeforeValidator(split), AfterValidator(sensible)] = (
        Tolerances()
    )
    identity_key: Annotated[SecretStr, AfterValidator(long_enough)] | None = None
    sources: Path | None = None
    out: Path | None = None


def load_settings() -> Settings:
    """Read the environment; raises `WrongUsage` with every problem at once."""
    problems = [*_contracts_switched_off(os.environ), *_unknown(os.environ)]
    settings = None
    try:
        settings = Settings()
    except ValidationError as error:
        problems += [_said(fault["loc"], fault["msg"]) for fault in error.errors()]
    except SettingsError as error:
        problems.append(f"{error}: write it as JSON")
    if settings is None or problems:
        raise WrongUsage("\n- ".join(["The settings cannot be used:", *problems]))
    return settings


def _contracts_switched_off(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield what would keep the contracts of `schemas` from being checked."""
    if environment.get("PANDERA_VALIDATION_ENABLED", "1") not in YES:
        yield "PANDERA_VALIDATION_ENABLED switches our contracts off: unset it"
    if environment.get("PANDERA_VALIDATION_DEPTH", FULL_VALIDATION) != FULL_VALIDATION:
        yield "PANDERA_VALIDATION_DEPTH switches part of our contracts off: unset it"


def _unknown(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield the variables of our prefix that nothing reads: they are slips of the pen."""
    for name in sorted(environment):
        field = name.upper().removeprefix(PREFIX).partition("__")[0].lower()
        if name.upper().startswith(PREFIX) and field not in Settings.model_fields:
            yield f"{name} is no setting of ours: correct or unset it"


def _said(place: tuple[int | str, ...], message: str) -> str:
    """Say what is wrong with the variable that a place in the settings is set by."""
    name = PREFIX + "__".join(str(part).upper() for part in place)
    return f"{name}: {message.removeprefix('Value error, ')}"
