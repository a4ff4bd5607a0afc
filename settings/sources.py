"""Where each source comes from and how it is written: what `cpli.toml` says of them.

Each model is a table of the file. A secret (a password) can only be set in the environment or in
the folder of secrets, never in the file.
"""

from __future__ import annotations

import codecs
import re
from contextlib import suppress
from datetime import date
from itertools import permutations
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal, Self
from zoneinfo import available_timezones

import pandas as pd
from pydantic import (
    AfterValidator,
    Field,
    PositiveFloat,
    SecretStr,
    ValidationInfo,
    field_validator,
)

from connectors.feed import ISO, Feed
from connectors.intake.words import FULL_NAME, FULL_NAME_FAMILY_FIRST, MINUTES
from connectors.patterns import FilePattern
from publishing.feed.facts import OrganisationType
from schemas.errors import WrongUsage
from schemas.parsing import LONDON
from schemas.tables import (
    CASELOAD,
    CPLI,
    GSS_PATTERN,
    PORTAL,
    PROVIDER,
    SUPPLIER_REFERENCE,
    TableColumns,
)
from schemas.vocabularies import Authorisation, ServiceCategory, ServiceType, Unit
from settings.feed import OdsCode, OrganisationCode, RestPlace
from settings.strict import Name, Strict, Text

CODES = MappingProxyType(
    {
        "service_type": ServiceType.codes(),
        "service_category": ServiceCategory.codes(),
        "unit": Unit.codes(),
        "authorisation": Authorisation.codes(),
    }
)
SOME_DAY, ANY_DAY = date(2026, 11, 20), date(2026, 3, 4)
DIRECTIVE = re.compile(r"%.")
DIRECTIVES = frozenset({"%Y", "%m", "%d", "%b", "%B", "%H", "%I", "%p", "%M", "%S", "%f", "%z"})
ANY_TEXT = "a;b,c"
NO_TEXT = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape"})


def known_pattern(text: str) -> str:
    """Return a pattern of file names, or raise `ValueError` with what is wrong with it."""
    if problem := FilePattern(text).problem():
        raise ValueError(problem)
    return text


def whose_and_when(text: str) -> str:
    """Return a pattern, or raise `ValueError` where it leaves open whose a file is, or of when."""
    pattern = FilePattern(text)
    if not (pattern.dated and pattern.by_provider):
        raise ValueError("it must hold {provider_id} and {date}")
    return text


def known_format(text: str) -> str:
    """Return a date format, or raise `ValueError`: a year of two digits may be of two centuries."""
    whole = text == ISO
    if not whole and set(DIRECTIVE.findall(text)) <= DIRECTIVES:
        with suppress(ValueError, re.error):
            whole = pd.to_datetime(SOME_DAY.strftime(text), format=text).date() == SOME_DAY
    if not whole:
        raise ValueError("it must be iso or hold a whole date, such as %d/%m/%Y")
    return text


def told_apart(formats: tuple[str, ...]) -> tuple[str, ...]:
    """Return the formats, or raise `ValueError` where there is none, or one day can be two."""
    if not formats:
        raise ValueError("it must not be empty: leave it out for iso")
    for one, other in permutations([form for form in formats if form != ISO], 2):
        read = pd.to_datetime(
            pd.Series([ANY_DAY.strftime(one)]), format=other, errors="coerce"
        ).iloc[0]
        if not pd.isna(read) and read.date() != ANY_DAY:
            raise ValueError(f"a day written as {one} could be another one written as {other}")
    return formats


def known_code(text: str) -> str:
    """Return a council's GSS code, or raise `ValueError`."""
    if not re.fullmatch(GSS_PATTERN, text):
        raise ValueError("it must be a council's GSS code: E and eight digits")
    return text


def known_zone(name: str) -> str:
    """Return a time zone's name, or raise `ValueError`."""
    if name not in available_timezones():
        raise ValueError("it must be the name of a time zone, such as Europe/London or UTC")
    return name


def known_encoding(name: str) -> str:
    """Return an encoding's name, or raise `ValueError`."""
    with suppress(LookupError, UnicodeError):
        known = codecs.lookup(name).name
        if known not in NO_TEXT and ANY_TEXT.encode(known).decode(known) == ANY_TEXT:
            return known
    raise ValueError("it must be the name of an encoding, such as utf-8 or cp1252")


def without_password(url: str) -> str:
    """Return a database's URL, or raise `ValueError` where it is none of ours or holds a secret."""
    # SQLAlchemy takes its time, and only a site with a database needs it here.

    from connectors.sql.place import SqlPlace

    parts = None
    with suppress(WrongUsage):
        parts = SqlPlace(name="", url=url).address
    if parts is None:
        raise ValueError(
            "it must be KIND://USER@HOST:PORT/DATABASE, where KIND is postgresql, mariadb, mssql or"
            " oracle, or sqlite:///FILE"
        )
    if parts.password is not None:
        raise ValueError("it must not hold a password: set that as a secret")
    return url


Pattern = Annotated[str, AfterValidator(known_pattern)]
ProviderPattern = Annotated[Pattern, AfterValidator(whose_and_when)]
Format = Annotated[str, AfterValidator(known_format)]
Words = dict[str, tuple[str, ...]]
Formats = Annotated[tuple[Format, ...], AfterValidator(told_apart)]


class FolderPlace(Strict):
    """A folder of this machine or of a mounted share; `path` is relative to the file's folder."""

    connector: Literal["folder"]
    path: Path

    def seen_from(self, home: Path) -> Self:
        """Return the place with its relative paths taken from a folder."""
        return self.model_copy(update={"path": home / self.path})


class SftpPlace(Strict):
    """A folder of an SFTP server.

    `known_hosts` lists the server's keys as OpenSSH does, and no other is ever accepted.
    `done_folder`, where set, is where files are moved to once a night has used them.
    """

    connector: Literal["sftp"]
    host: str = Field(min_length=1)
    port: int = Field(default=22, ge=1, le=65535)
    username: str = Field(min_length=1)
    key_file: Path
    key_password: SecretStr | None = None
    known_hosts: Path
    folder: str = "."
    done_folder: str | None = None
    timeout_seconds: PositiveFloat = 30.0
    stable_seconds: float = Field(default=5.0, ge=0)

    def seen_from(self, home: Path) -> Self:
        """Return the place with its relative paths taken from a folder."""
        paths = {"key_file": home / self.key_file, "known_hosts": home / self.known_hosts}
        return self.model_copy(update=paths)


class SqlPlace(Strict):
    """A database that may only be read; its password is a secret.

    `tls` is verified (the server's certificate is checked, by `root_certificate` where it is not a
    public one), encrypted, or none. `snapshot_isolation` matters to SQL Server alone.
    """

    connector: Literal["sql"]
    url: Annotated[str, AfterValidator(without_password)]
    password: SecretStr | None = None
    tls: Literal["verified", "encrypted", "none"] = "verified"
    root_certificate: Path | None = None
    snapshot_isolation: bool = True
    connect_timeout_seconds: PositiveFloat = 10.0
    statement_timeout_seconds: PositiveFloat = 600.0

    def seen_from(self, home: Path) -> Self:
        """Return the place with its relative paths, a SQLite file's too, taken from a folder."""
        place = self
        if self.root_certificate:
            place = place.model_copy(update={"root_certificate": home / self.root_certificate})
        from sqlalchemy.engine import make_url

        parts = make_url(self.url)
        if parts.get_backend_name() == "sqlite" and parts.database:
            url = parts.set(database=str(home / parts.database))
            place = place.model_copy(update={"url": url.render_as_string()})
        return place


Place = Annotated[FolderPlace | SftpPlace | SqlPlace | RestPlace, Field(discriminator="connector")]


class TableSource(Strict):
    """A table of a source: in the files that match `file`, or in a database's `table` or `query`.

    `columns` gives our columns their headings, `codes` a column's own codes ours. A column that is
    not mentioned has our name, a column without a list of codes holds ours.
    """

    of: ClassVar[TableColumns]

    place: Name
    file: Pattern | None = None
    table: str | None = None
    query: str | None = None
    columns: dict[str, str] = Field(default_factory=dict)
    codes: dict[str, dict[str, str]] = Field(default_factory=dict)
    date_formats: Formats = (ISO,)
    instant_formats: Formats = (ISO,)
    time_zone: Annotated[str, AfterValidator(known_zone)] = LONDON
    decimal: Literal[".", ","] = "."
    encoding: Annotated[str, AfterValidator(known_encoding)] = "utf-8"
    delimiter: Literal[",", ";", "\t", "|"] = ","

    @field_validator("columns")
    @classmethod
    def are_columns_of_ours(cls, columns: dict[str, str]) -> dict[str, str]:
        """Refuse a column that the table does not have, and a heading that is given twice."""
        if unknown := sorted(set(columns) - set(cls.of.known)):
            raise ValueError(f"the table has no column {', '.join(unknown)}")
        headings = [columns.get(name, name).strip().lower() for name in cls.of.known]
        if len(set(headings)) < len(headings) or "" in headings:
            raise ValueError("each column must have a heading of its own")
        return columns

    @field_validator("codes")
    @classmethod
    def are_codes_of_ours(cls, codes: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        """Refuse a list for a column without codes, and codes that are none of ours."""
        for column, known in codes.items():
            if column not in CODES or column not in cls.of.all:
                raise ValueError(f"{column} has no codes")
            if unknown := sorted(set(known.values()) - set(CODES[column])):
                raise ValueError(f"{column} has no code {', '.join(unknown)}")
        return codes

    @field_validator("query")
    @classmethod
    def only_reads(cls, query: str | None) -> str | None:
        """Refuse a query that is not one SELECT, or has parameters that we do not know."""
        from connectors.sql.query import SqlTable

        wrong = ""
        try:
            SqlTable(of=cls.of, table=None if query else "x", query=query)
        except WrongUsage as error:
            wrong = str(error)
        if wrong:
            raise ValueError(wrong)
        return query

    def feed(self, *, by_supplier_reference: bool = False) -> Feed:
        """Return how the table is written."""
        return Feed(
            columns=self.columns,
            codes=self.codes,
            date_formats=self.date_formats,
            instant_formats=self.instant_formats,
            time_zone=self.time_zone,
            decimal_comma=self.decimal == ",",
            encoding=self.encoding,
            delimiter=self.delimiter,
            by_supplier_reference=by_supplier_reference,
        )


class ProvidersSource(TableSource):
    """The register of providers."""

    of = PROVIDER


class ReferencesSource(TableSource):
    """The references by which councils know providers."""

    of = SUPPLIER_REFERENCE


class CouncilTable(TableSource):
    """A table of a council, which knows providers by our ids or by references of its own."""

    provider: Literal["provider_id", "supplier_reference"] = "provider_id"


class CpliSource(CouncilTable):
    """A council's CPLIs. Where file names are dated, the latest counts unless it is too old.

    `within_window` leaves a database's CPLIs that ended before the window where they are, for a
    council that cannot give them; rule 6 then knows fewer persons.
    """

    of = CPLI

    max_age_days: int = Field(default=3, ge=0, le=366)
    within_window: bool = False


class PortalSource(CouncilTable):
    """What the portal shows of a council's CPLIs; read from a database, it is dated tonight."""

    of = PORTAL


class Council(Strict):
    """A council, its sources, and who looks at its discrepancies where nothing else says so.

    `ods_code`, `organisation_name` and `organisation_type` are what the Care Record calls it,
    `contact` is whom providers ask.
    """

    code: Annotated[str, AfterValidator(known_code)]
    default_queue: Text | None = None
    contact: Text | None = None
    ods_code: OdsCode | None = None
    organisation_name: Text | None = None
    organisation_type: OrganisationCode = OrganisationType.LOCAL_AUTHORITY.value
    cpli: CpliSource
    portal: PortalSource | None = None


class Caseloads(Strict):
    """Where providers' caseloads lie, and the words in them that are not ours.

    For each of our columns `headings` gives more headings; for each code `service_types`, `units`
    and `councils` give more words. Words of `open_end` in the end date mean that the support goes
    on. With `canonical`, files are read as the sources folder's are, not as providers write them.
    """

    of: ClassVar[TableColumns] = CASELOAD

    place: Name
    file: ProviderPattern = "{provider_id}_{date}.*"
    canonical: bool = False
    headings: Words = Field(default_factory=dict)
    service_types: Words = Field(default_factory=dict)
    units: Words = Field(default_factory=dict)
    councils: Words = Field(default_factory=dict)
    open_end: tuple[str, ...] = ()

    @field_validator("headings", "service_types", "units", "councils")
    @classmethod
    def are_for_ours(cls, words: Words, said: ValidationInfo) -> Words:
        """Refuse words for a column, code or unit that is none of ours."""
        known = {
            "headings": {*CASELOAD.all, FULL_NAME, FULL_NAME_FAMILY_FIRST},
            "service_types": {*ServiceType.codes()},
            "units": {*Unit.codes(), MINUTES},
        }.get(said.field_name or "")
        if known is not None and (unknown := sorted(set(words) - known)):
            raise ValueError(f"there is no {', '.join(unknown)} to give words to")
        return words
