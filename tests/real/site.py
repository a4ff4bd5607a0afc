"""The sources of a real site, made of a folder in the canonical layout: the same, told otherwise.

Three councils keep their CPLIs in a PostgreSQL, each in its own schema with its own column names,
codes and date formats; the portal's extracts lie on an SFTP server; providers send workbooks as
they keep them. What cannot be read in the canonical folder cannot be read here.
"""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
from servers import postgres, sftp
from sqlalchemy import URL, Column, Engine, MetaData, Table, Text, create_engine, insert, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.types import Date, Numeric, TypeEngine

from connectors.folder import CanonicalFolder
from population.messy import messy_workbook
from schemas.errors import SourceRefused
from schemas.parsing import dates, instants, quantities
from schemas.raw import RawTable
from schemas.vocabularies import ServiceType

LEICESTER, LEICESTERSHIRE, RUTLAND = "E06000016", "E10000018", "E06000017"
NOT_TO_BE_READ = "?"
READER = "cpli_reader"
DATES = ("date_of_birth", "start_date", "end_date")
INSTANTS = ("created_at", "updated_at")
KNOWN_AS = {code: f"SUP{number:04d}" for number, code in enumerate(ServiceType.codes())}


@dataclass(frozen=True, kw_only=True)
class Way:
    """How a council keeps its CPLIs: its schema, column names, and how each column is told."""

    code: str
    schema: str
    table: str
    columns: Mapping[str, str]
    settings: str
    tell: Callable[
        [str, pd.Series], tuple[pd.Series, type[TypeEngine[object]] | TypeEngine[object]]
    ]


def slashed(text_: pd.Series) -> pd.Series:
    """Write dates with the day first; one that is none must not become one."""
    read = dates(text_)
    written = read.values.dt.strftime("%d/%m/%Y").astype("str")
    return written.where(
        read.values.notna(), text_.where(~pd.Series(read.unreadable), NOT_TO_BE_READ)
    )


def in_words(code: str) -> str:
    """Name a service as nobody else does."""
    return f"Service {KNOWN_AS.get(code, code)}"


def of_leicester(name: str, cells: pd.Series) -> tuple[pd.Series, TypeEngine[object]]:
    """Tell all as text: dates with the day first, services in words, providers by reference."""
    if name in DATES:
        return slashed(cells), Text()
    if name == "service_type":
        return cells.map(in_words, na_action="ignore"), Text()
    if name == "provider_id":
        return ("REF-" + cells), Text()
    return cells, Text()


def of_leicestershire(name: str, cells: pd.Series) -> tuple[pd.Series, TypeEngine[object]]:
    """Keep what can be read by type, as long as all of a column can."""
    kinds = {
        **dict.fromkeys(DATES, (dates, Date())),
        **dict.fromkeys(INSTANTS, (instants, TIMESTAMP(timezone=True))),
        "weekly_quantity": (quantities, Numeric()),
    }
    if name in kinds:
        parse, kind = kinds[name]
        read = parse(cells)
        if not read.unreadable.any():
            return read.values, kind
    return cells, Text()


def of_rutland(name: str, cells: pd.Series) -> tuple[pd.Series, TypeEngine[object]]:
    """Write 7,5 hours, and units as two letters."""
    if name == "weekly_quantity":
        return cells.str.replace(".", ",", regex=False), Text()
    if name == "unit":
        return cells.str[:2].str.upper().where(cells.isin(UNITS), cells), Text()
    return cells, Text()


UNITS = ("hours", "visits", "days", "nights", "weeks")
WAYS = (
    Way(
        code=LEICESTER,
        schema="adult_finance",
        table="PKG_LINE",
        columns={
            "cpli_id": "LINE_NO",
            "person_id": "CLIENT_NO",
            "nhs_number": "NHS",
            "provider_id": "SUPPLIER_REF",
            "service_type": "SERVICE_DESC",
            "start_date": "DATE_FROM",
            "end_date": "DATE_TO",
        },
        settings='provider = "supplier_reference"\ndate_formats = ["%d/%m/%Y"]\n',
        tell=of_leicester,
    ),
    Way(
        code=LEICESTERSHIRE,
        schema="cpli",
        table="care_package_line",
        columns={},
        settings="",
        tell=of_leicestershire,
    ),
    Way(
        code=RUTLAND,
        schema="rutland",
        table="lines",
        columns={"cpli_id": "id", "family_name": "surname", "weekly_quantity": "amount"},
        settings='decimal = ","\n',
        tell=of_rutland,
    ),
)


@contextmanager
def served(canonical: Path, home: Path) -> Iterator[Path]:
    """Serve the sources of a canonical folder in the other ways; yield the file of settings."""
    source = CanonicalFolder(canonical)
    source.open()
    known = set(source.councils())
    with ExitStack() as leaving:
        address = leaving.enter_context(postgres.running())
        keys = sftp.make_keys(_made(home / "keys"))
        server = leaving.enter_context(sftp_server(_made(home / "sftp"), keys))
        for way in WAYS:
            if way.code in known:
                _fill(address, way, source)
        _lay_out_portal(source, home / "sftp")
        _send_caseloads(source, canonical, _made(home / "caseloads"))
        _keep_register(source, _made(home / "register"))
        (home / "known_hosts").write_text(
            f"[{sftp.HOST}]:{server.port} {keys.public('host')}\n", encoding="utf-8"
        )
        config = home / "cpli.toml"
        config.write_text(_settings(address, server, home), encoding="utf-8")
        yield config


def sftp_server(root: Path, keys: sftp.Keys) -> sftp.Running:
    """Serve by OpenSSH where it is installed, else from this process."""
    return sftp.openssh(root, keys) if sftp.sshd() else sftp.in_process(root, keys)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def _fill(address: URL, way: Way, source: CanonicalFolder) -> None:
    """Put a council's CPLIs into its schema, which one login may read and no more."""
    try:
        raw = source.cplis(way.code)
    except SourceRefused:
        return
    engine = create_engine(address)
    with engine.begin() as connection:
        connection.execute(text(f"create schema {way.schema}"))
        if not connection.scalar(
            text("select count(*) from pg_roles where rolname = :name"), {"name": READER}
        ):
            connection.execute(text(f"create role {READER} login"))
    _load(engine, way, raw)
    with engine.begin() as connection:
        connection.execute(text(f"grant usage on schema {way.schema} to {READER}"))
        connection.execute(text(f"grant select on all tables in schema {way.schema} to {READER}"))
    engine.dispose()


def _load(engine: Engine, way: Way, raw: RawTable) -> None:
    told = {
        name: way.tell(name, _cells(raw, name)) for name in raw.table.all if name in raw.columns
    }
    table = Table(
        way.table,
        MetaData(schema=way.schema),
        *(Column(way.columns.get(name, name), kind) for name, (_, kind) in told.items()),
    )
    frame = pd.DataFrame(
        {way.columns.get(name, name): cells.astype(object) for name, (cells, _) in told.items()}
    )
    rows = frame.where(frame.notna(), None).to_dict("records")
    with engine.begin() as connection:
        table.create(connection)
        connection.execute(insert(table), rows)


def _cells(raw: RawTable, name: str) -> pd.Series:
    """Return a column's cells; a ragged row has no place in a table, so its start is unreadable."""
    cells = raw.frame[name]
    return cells.mask(raw.frame["ragged"], NOT_TO_BE_READ) if name == "start_date" else cells


def _lay_out_portal(source: CanonicalFolder, root: Path) -> None:
    """Lay out the extracts with semicolons, days first and headings of their own."""
    for code in source.councils():
        for extract in source.portal_files(code):
            raw = source.portal(extract)
            frame = raw.frame[list(raw.table.all)].copy()
            for name in ("start_date", "end_date"):
                frame[name] = slashed(frame[name])
            frame.columns = [f"Portal {name}" for name in frame]
            path = root / f"{code}_{extract.extract_date:%d%m%Y}.csv"
            path.write_text(frame.to_csv(sep=";", index=False), encoding="utf-16")


def _send_caseloads(source: CanonicalFolder, canonical: Path, folder: Path) -> None:
    """Write each caseload as its provider keeps it; what is no list at all is sent as it is."""
    sent: Counter[tuple[str, date]] = Counter()
    for number, caseload in enumerate(source.caseload_files()[0]):
        of_day = (caseload.provider_id, caseload.caseload_date)
        sent[of_day] += 1
        name = f"{of_day[0]} {of_day[1]:%d-%m-%Y} v{sent[of_day]}"
        try:
            raw = source.caseload(caseload)
        except SourceRefused:
            path = folder / f"{name}{Path(caseload.file).suffix}"
            shutil.copy(canonical / caseload.file, path)
        else:
            path = folder / f"{name}.xlsx"
            header = [column for column in raw.table.all if column in raw.columns]
            rows = pd.DataFrame({column: _cells(raw, column) for column in header})
            cells = rows.astype(object).where(rows.notna(), None).to_numpy().tolist()
            path.write_bytes(messy_workbook(header, cells, seed=number))
        received = caseload.received_at.timestamp()
        os.utime(path, (received, received))


def _keep_register(source: CanonicalFolder, folder: Path) -> None:
    """Keep the register as it is, beside the references by which Leicester knows its providers."""
    raw = source.providers()
    frame = raw.frame[list(raw.table.all)]
    frame.to_csv(folder / "providers.csv", index=False)
    known = set(frame["provider_id"].dropna())
    if LEICESTER in source.councils():
        for read in _tables_with_providers(source):
            known |= set(read.frame["provider_id"].dropna())
    listed = sorted(each.strip() for each in known if each.strip())
    pd.DataFrame(
        {
            "local_authority": LEICESTER,
            "supplier_reference": [f"REF-{each}" for each in listed],
            "provider_id": listed,
        }
    ).to_csv(folder / "references.csv", index=False)


def _tables_with_providers(source: CanonicalFolder) -> Iterator[RawTable]:
    try:
        yield source.cplis(LEICESTER)
    except SourceRefused:
        return


def _settings(address: URL, server: sftp.Server, home: Path) -> str:
    """Write the file of settings of the site."""
    reader = address.set(username=READER).render_as_string()
    parts = [
        f"""
[places.finance]
connector = "sql"
url = "{reader}"
tls = "none"

[places.portal]
connector = "sftp"
host = "{sftp.HOST}"
port = {server.port}
username = "{server.username}"
key_file = "{home / "keys" / "user"}"
known_hosts = "known_hosts"
folder = "{server.folder}"
stable_seconds = 0.1

[places.register]
connector = "folder"
path = "register"

[places.inbox]
connector = "folder"
path = "caseloads"

[providers]
place = "register"
file = "providers.csv"

[supplier_references]
place = "register"
file = "references.csv"

[caseloads]
place = "inbox"
file = "{{provider_id}} {{date:%d-%m-%Y}}*.*"
"""
    ]
    return "".join([*parts, *(_council(way) for way in WAYS)])


def _council(way: Way) -> str:
    columns = "".join(f'{ours} = "{own}"\n' for ours, own in way.columns.items())
    services = "".join(f'"{in_words(code)}" = "{code}"\n' for code in ServiceType.codes())
    units = "".join(f'{unit[:2].upper()} = "{unit}"\n' for unit in UNITS)
    codes = {LEICESTER: ("service_type", services), RUTLAND: ("unit", units)}
    name = f"councils.{way.schema}"
    listed = ""
    if way.code in codes:
        column, lines = codes[way.code]
        listed = f"\n[{name}.cpli.codes.{column}]\n{lines}"
    headings = "".join(
        f'{column} = "Portal {column}"\n'
        for column in (
            *("cpli_id", "provider_id", "person_id", "service_type"),
            *("start_date", "end_date", "weekly_quantity", "unit"),
        )
    )
    return f"""
[{name}]
code = "{way.code}"

[{name}.cpli]
place = "finance"
table = "{way.schema}.{way.table}"
{way.settings}
[{name}.cpli.columns]
{columns}{listed}
[{name}.portal]
place = "portal"
file = "{way.code}_{{date:%d%m%Y}}.csv"
encoding = "utf-16"
delimiter = ";"
date_formats = ["%d/%m/%Y"]

[{name}.portal.columns]
{headings}"""
