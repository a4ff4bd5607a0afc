"""A site as its people have it: a file of settings, sources that change from night to night."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from folders.canonical import (
    COUNCILS,
    LEICESTER,
    LEICESTERSHIRE,
    RUTLAND,
    Row,
    Sources,
    csv_bytes,
    entry,
    shown,
)
from folders.marked import marked
from servers.sftp import HOST, Keys, Server

from cli.main import main
from cli.reports import say_done
from flows.origin import origin_of
from schemas.tables import CPLI

NIGHTS = (date(2026, 11, 18), date(2026, 11, 19), date(2026, 11, 20))
SETTLED = date(2026, 11, 17)
"""The day of the portal's extracts, before all nights."""

ODS_CODES = {LEICESTER: "ZZ1", RUTLAND: "ZZ3", LEICESTERSHIRE: "ZZ5"}
NAMES = {LEICESTER: "leicester", RUTLAND: "rutland", LEICESTERSHIRE: "leicestershire"}
RESTRICTED, NUMBERLESS = "ZZHIDDEN", "ZZNUMBERLESS"
"""Mark those who are never to be seen at the Care Record."""

FEED = '[feed]\nsource_id = "EXAMPLE-CPLI-01"\nsource_name = "Example"\nplace = "{place}"\n'


def folder_place(path: Path) -> str:
    """Say that a place is a folder."""
    return f'connector = "folder"\npath = "{path}"\n'


def sftp_place(server: Server, keys: Keys, home: Path) -> str:
    """Say that a place is a server's folder; which server it is goes into a file in `home`."""
    known_hosts = home / "known_hosts"
    known_hosts.write_text(f"[{HOST}]:{server.port} {keys.public('host')}\n", encoding="utf-8")
    return (
        f'connector = "sftp"\nhost = "{HOST}"\nport = {server.port}\n'
        f'username = "{server.username}"\nkey_file = "{keys.private("user")}"\n'
        f'known_hosts = "{known_hosts}"\nfolder = "{server.folder}"\ntimeout_seconds = 5\n'
    )


def rest_place(url: str) -> str:
    """Say that a place is a FHIR server."""
    return f'connector = "rest"\nurl = "{url}"\ntimeout_seconds = 5\nbatch_size = 4\n'


def settings_of(
    root: Path,
    care_record: str | None,
    *,
    ods_codes: Sequence[str] = COUNCILS,
    place: str = "care_record",
) -> str:
    """Return a file of settings for canonical sources; `care_record` says where the feed goes."""
    parts = [
        f"[places.top]\n{folder_place(root)}",
        f"[places.caseloads]\n{folder_place(root / 'caseload')}",
        '[providers]\nplace = "top"\nfile = "providers.csv"\n',
        '[caseloads]\nplace = "caseloads"\n',
    ]
    for code, name in NAMES.items():
        known = f'ods_code = "{ODS_CODES[code]}"\n' if code in ods_codes else ""
        parts.append(
            f"[places.{name}]\n{folder_place(root / 'council' / code)}"
            f'[councils.{name}]\ncode = "{code}"\n{known}'
            f'[councils.{name}.cpli]\nplace = "{name}"\nfile = "cpli.csv"\n'
            f'[councils.{name}.portal]\nplace = "{name}"\nfile = "portal_{{date}}.csv"\n'
        )
    if care_record:
        parts += [f"[places.{place}]\n{care_record}", FEED.format(place=place)]
    return "\n".join(parts)


def hidden(number: int, mark: str, **changes: str) -> Row:
    """Return the CPLI of somebody who must not be seen, marked as such."""
    return marked(number, family_name=f"{mark}family", given_name=f"{mark}given", **changes)


def people_of(night: int) -> dict[str, list[Row]]:
    """Return each council's CPLIs of a night, by its place in `NIGHTS`.

    Somebody comes, somebody goes, somebody changes names; the last night restricts somebody who
    was published before. Others are restricted, or have no NHS number, from the first night on.
    """
    rows = {code: [marked(place), marked(place + 3)] for place, code in enumerate(COUNCILS)}
    rows[LEICESTER].append(hidden(7, RESTRICTED, restricted="yes"))
    rows[RUTLAND].append(hidden(8, NUMBERLESS, nhs_number=""))
    if night == 0:
        rows[LEICESTER].append(marked(6, provider_id="P1"))
    if night >= 1:
        rows[LEICESTERSHIRE].append(marked(9, provider_id="P1"))
        rows[RUTLAND][0] = marked(1, given_name="ZZMARKgivenother")
    if night >= 2:
        rows[LEICESTER][1] = hidden(3, RESTRICTED, restricted="yes")
    return rows


def write_sources(root: Path, night: int) -> Sources:
    """Write the sources of a night; providers and the portal know only whoever stays."""
    sources = Sources(root)
    reported = [row for rows in people_of(1).values() for row in rows[:2]]
    for code, rows in people_of(night).items():
        sources.write(f"council/{code}/cpli.csv", csv_bytes(rows, CPLI.known))
        for path in (root / "council" / code).glob("portal_*"):
            path.unlink()
        sources.portal(code, [shown(row) for row in rows[:2]], dated=SETTLED)
    for provider in ("P1", "P2"):
        theirs = [entry(row) for row in reported if row["provider_id"] == provider]
        sources.caseload(provider, theirs)
    return sources


@dataclass(kw_only=True)
class Site:
    """Settings, sources and results below one folder; `care_record` says where the feed goes."""

    home: Path
    care_record: str | None
    ods_codes: Sequence[str] = COUNCILS
    place: str = "care_record"
    change: Callable[[Sources], object] = field(default=lambda sources: None)

    @property
    def out(self) -> Path:
        """The folder of results."""
        return self.home / "out"

    @property
    def config(self) -> Path:
        """The file of settings."""
        return self.home / "cpli.toml"

    def prepare(self, night: int) -> None:
        """Have the sources of a night come in, and write the settings."""
        root = self.home / "sources"
        self.change(write_sources(root, night))
        self.config.write_text(
            settings_of(root, self.care_record, ods_codes=self.ods_codes, place=self.place),
            encoding="utf-8",
        )

    def night(self, night: int) -> int:
        """Do a night as `cpli run` does, but for Prefect, which must be out of the way."""
        self.prepare(night)
        return self.again(night)

    def again(self, night: int) -> int:
        """Do a night from sources that are there."""
        from flows import nightly

        origin = origin_of(None, self.out, config=self.config, as_of=NIGHTS[night])
        done = nightly.in_order(origin, councils=())
        say_done(done)
        return done.exit_code

    def cpli(self, command: str, *arguments: str) -> int:
        """Type a command for this site."""
        where = ["--config", str(self.config), "--out", str(self.out)]
        return main([command, *arguments, *where])

    def publish(self, night: int, *arguments: str) -> int:
        """Type `cpli publish` for a night."""
        return self.cpli("publish", "--as-of", str(NIGHTS[night]), *arguments)
