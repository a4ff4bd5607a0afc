"""What can be set: in `cpli.toml`, in a folder of secrets, and in the environment, which wins.

Variables have names that begin with `CPLI_`, and `__` leads into a group; a secret is a file of
such a name. The environment is read here and nowhere else. Every problem is listed at once, and
none quotes what was set, which may be a password.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeFloat,
    SecretStr,
    ValidationError,
)
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from casebook.levels import ServiceLevels
from reconciliation.night import Tolerances
from schemas.errors import WrongUsage
from schemas.vocabularies import ServiceType
from settings.alerts import AlertEmail, Alerts, Webhook
from settings.answers import Answers
from settings.desk import DEFAULT_QUEUE, HOLIDAYS, Levels, Retention, Route
from settings.faults import (
    NO_SUCH_PLACE,
    PREFIX,
    Fault,
    Written,
    faults_between,
    faults_of_shape,
)
from settings.feed import Feed, RestPlace
from settings.lineage import Lineage
from settings.lines import lines_of
from settings.notices import Email, Notices
from settings.reports import Reports
from settings.sources import (
    Caseloads,
    Council,
    CpliSource,
    FolderPlace,
    Place,
    PortalSource,
    ProvidersSource,
    ReferencesSource,
    SftpPlace,
    SqlPlace,
    TableSource,
)
from settings.strict import Name, Text
from settings.worklist import Oidc, Worklist

SITE = frozenset({"places", "providers", "supplier_references", "councils", "caseloads", "answers"})
SECRETS, CONFIG = "CPLI_SECRETS_DIR", "CPLI_CONFIG"
"""Where the folder of secrets and the file of settings are; not settings themselves."""
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


PARTS = (
    "set each part of it by itself, with two underscores before its name, as in"
    f" {PREFIX}TOLERANCES__SPELL_GAP_DAYS"
)


def split(name: str) -> BeforeValidator:
    """Read a list of a group where it was written with commas."""

    def apart(given: object) -> object:
        if isinstance(given, dict) and isinstance(given.get(name), str):
            return given | {
                name: tuple(part.strip() for part in given[name].split(",") if part.strip())
            }
        return given

    return BeforeValidator(apart)


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
    if len(key.get_secret_value().strip()) < IDENTITY_KEY_LENGTH:
        raise ValueError(
            f"it must have at least {IDENTITY_KEY_LENGTH} characters, blanks at its ends aside"
        )
    return key


class Database(BaseModel):
    """Where the record of nights is kept, and how long a run waits for another of its night."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: SecretStr | None = None
    wait_seconds: NonNegativeFloat = 300.0


Thresholds = Annotated[Tolerances, split(LIST), AfterValidator(sensible)]


class Settings(BaseSettings):
    """All that can be set; read it with `load_settings`.

    `sources` is a folder in the canonical layout; `places` to `answers` say where everything
    comes from instead. `routing` says whose a discrepancy is, the first that matches; where neither
    it nor a CPLI does, it is for its council's `default_queue`, or for this one if it has none.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
    )

    database: Database = Database()
    tolerances: Thresholds = Tolerances()
    identity_key: Annotated[SecretStr, AfterValidator(long_enough)] | None = None
    sources: Path | None = None
    out: Path | None = None
    places: dict[Name, Place] = Field(default_factory=dict)
    providers: ProvidersSource | None = None
    supplier_references: ReferencesSource | None = None
    councils: dict[Name, Council] = Field(default_factory=dict)
    caseloads: Caseloads | None = None
    answers: Answers | None = None
    service_levels: Annotated[Levels, split(HOLIDAYS)] = ServiceLevels()
    routing: tuple[Route, ...] = ()
    default_queue: Text = DEFAULT_QUEUE
    retention: Retention = Retention()
    feed: Feed = Feed()
    notices: Notices = Notices()
    reports: Reports = Reports()
    lineage: Lineage = Lineage()
    alerts: Alerts = Alerts()
    worklist: Worklist = Worklist()

    def tables(self) -> dict[str, TableSource | Caseloads]:
        """Return every table that the file of settings names, by what people call it."""
        tables: dict[str, TableSource | Caseloads | None] = {
            "providers": self.providers,
            "supplier references": self.supplier_references,
        }
        for name, council in self.councils.items():
            tables |= {f"{name} cpli": council.cpli, f"{name} portal": council.portal}
        tables["caseloads"] = self.caseloads
        return {name: table for name, table in tables.items() if table}

    @property
    def codes(self) -> dict[str, str]:
        """Return the GSS code of each council of the file, by its name."""
        return {name: council.code for name, council in self.councils.items()}

    @property
    def queues(self) -> dict[str, str]:
        """Return the queue of each council, by its code, that was given one."""
        return {
            council.code: council.default_queue
            for council in self.councils.values()
            if council.default_queue
        }

    @property
    def configured(self) -> bool:
        """Whether a file of settings says where everything comes from."""
        return bool(self.councils)


def load_settings(config: Path | None = None) -> Settings:
    """Read the file of settings, if any, and the environment.

    Raises `WrongUsage` with every problem at once.
    """
    secrets = os.environ.get(SECRETS)
    problems = [*_contracts_switched_off(os.environ), *_unknown(os.environ), *_secrets(secrets)]
    written = _read(config) if config else Written(file="", says={}, lines={})
    written = replace(written, variables=frozenset(name.upper() for name in os.environ))
    settings, faults = None, list[Fault]()
    try:
        settings = _layers(written.says, secrets if secrets and Path(secrets).is_dir() else None)()
    except ValidationError as error:
        faults += faults_of_shape(error, written, _names())
    except SettingsError as error:
        group = next((name for name in Settings.model_fields if f'"{name}"' in str(error)), "...")
        problems.append(f"{PREFIX}{group.upper()}: {PARTS}")
    if config:
        faults += faults_between(written)
    if config and settings:
        faults += _uploads_nowhere(settings, written)
    problems += [fault.says for fault in sorted(faults)]
    if settings is None or problems:
        raise WrongUsage("\n- ".join(["The settings cannot be used:", *problems]))
    home = config.resolve().parent if config else Path.cwd()
    return settings.model_copy(
        update={
            "places": _absolute(settings.places, home),
            "reports": settings.reports.seen_from(home),
            "lineage": settings.lineage.seen_from(home),
            "alerts": settings.alerts.seen_from(home),
        }
    )


def _read(config: Path) -> Written:
    """Read a file of settings; raises `WrongUsage` where it cannot be read or is no TOML."""
    wrong = ""
    try:
        text = config.read_text(encoding="utf-8")
        return Written(file=config.name, says=tomllib.loads(text), lines=lines_of(text))
    except OSError as error:
        wrong = f"cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        wrong = "is not UTF-8 text"
    except tomllib.TOMLDecodeError as error:
        wrong = f"is no TOML: {error}"
    raise WrongUsage(f"{config} {wrong}. Correct the file, or name another with --config.")


def _layers(says: Mapping[str, Any], secrets: str | None) -> type[Settings]:
    """Return the settings as a class whose sources are these: the first that speaks wins."""

    class Layered(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            kept = NestedSecretsSettingsSource(
                file_secret_settings, secrets_dir=secrets, secrets_nested_delimiter="__"
            )
            written = InitSettingsSource(settings_cls, dict(says))
            above = [init_settings, env_settings, dotenv_settings, kept]
            if not says:
                # Secrets of a site are none of the business of a command that is told of no site.
                above = [
                    InitSettingsSource(
                        settings_cls, {k: v for k, v in each().items() if k not in SITE}
                    )
                    for each in above
                ]
            return *above, written

    return Layered


def _uploads_nowhere(settings: Settings, written: Written) -> Iterator[Fault]:
    """Yield why lists that come over the web would lie where no night reads them."""
    name, caseloads = settings.worklist.upload_place, settings.caseloads
    if name is None or caseloads is None:
        return
    place, read = settings.places.get(name), settings.places.get(caseloads.place)
    where = ("worklist", "upload_place")
    if place is None:
        yield written.fault(where, NO_SUCH_PLACE)
    elif not isinstance(place, FolderPlace):
        yield written.fault(where, "lists are kept as files here: name a folder")
    elif isinstance(read, FolderPlace) and Path(read.path) != Path(place.path):
        yield written.fault(where, "no night reads lists there: name the place of caseloads")


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
        if (
            name.upper().startswith(PREFIX)
            and name.upper() not in (SECRETS, CONFIG)
            and field not in Settings.model_fields
        ):
            yield f"{name} is no setting of ours: correct or unset it"


def _secrets(folder: str | None) -> Iterator[str]:
    """Yield what is wrong with the folder of secrets, and files in it that nothing reads."""
    if not folder:
        return
    if not Path(folder).is_dir():
        yield f"{SECRETS} names no folder: correct it, or unset it"
        return
    names = (path.name for path in Path(folder).iterdir() if path.is_file())
    yield from _unknown(dict.fromkeys(names, ""))


def _names() -> frozenset[str]:
    """Return the names of all settings, for whoever misspelt one."""
    models: list[type[BaseModel]] = [Settings, Database, FolderPlace, SftpPlace, SqlPlace, Council]
    models += [ProvidersSource, ReferencesSource, CpliSource, PortalSource, Caseloads, Answers]
    models += [Notices, Email, Route, Retention, Feed, RestPlace, Reports, Lineage]
    models += [Alerts, AlertEmail, Webhook, Worklist, Oidc]
    names = {name for model in models for name in model.model_fields}
    plain = (*fields(Tolerances), *fields(ServiceLevels))
    return frozenset(names | {field.name for field in plain})


def _absolute(places: Mapping[str, Place], home: Path) -> dict[str, Place]:
    """Take the paths of places as seen from the folder of the file of settings."""
    return {name: place.seen_from(home) for name, place in places.items()}
