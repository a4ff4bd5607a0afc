"""A site that tells providers: sources, a register, places and results below one folder."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from feed.site import folder_place, settings_of
from folders.canonical import COUNCILS, LEICESTER, Row, Sources, csv_bytes, entry, shown
from folders.marked import marked
from servers.notify import NOTHING, WAITING

from casebook.notices import NewNotice, NoticeRow
from casebook.store import Casebook
from cli.main import main
from cli.reports import say_done
from flows.handover import carry
from flows.origin import origin_of
from flows.outcome import Carried
from publishing.notices.example import example
from publishing.notices.facts import Notice
from publishing.notices.rendering import Printer
from publishing.templates import Templates
from schemas.tables import CPLI, PROVIDER
from settings.settings import Settings, load_settings

KEY = "a key for tests alone"
THURSDAY, FRIDAY, SATURDAY, SUNDAY, MONDAY = (date(2026, 11, day) for day in range(19, 24))
SETTLED = date(2026, 11, 17)
"""The day of the portal's extracts."""

LISTS_OF = date(2026, 11, 16)
Files = dict[str, bytes]
BROKEN = re.compile(r"-\s*\n\s*")
"""A line that ends with a hyphen."""


def below(folder: Path) -> Files:
    """Return the files below a folder by their path there."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def notice(provider: str = "P1", *, name: str = str(FRIDAY), **changes: object) -> Notice:
    """Return a made-up notice of Friday's night."""
    return replace(example(), provider_id=provider, name=name, **changes)


def confirmation(provider: str) -> Notice:
    """Return a made-up notice by which nothing is asked."""
    return notice(provider, items=(), list_wanted="", list_notes=(), left_out=())


def draft(said: Notice, *, after: int = 0, **changes: object) -> NewNotice:
    """Return what goes on record of a notice."""
    asked = {LEICESTER: "a hash"} if said.to_do else {}
    facts = {
        "provider_id": said.provider_id,
        "as_of": said.as_of,
        "name": said.name,
        "reference": said.reference,
        "nothing_to_do": said.nothing_to_do,
        "cases": len(said.to_do),
        "found": asked,
        "asked": asked,
        "left_out": (),
        "after": after,
        "content": said.as_json(),
        "place": "folders",
    }
    return NewNotice(**{**facts, **changes})


def printed(said: Notice) -> Files:
    """Return the files of a notice, by their path in a place."""
    with Printer(Templates(), key=KEY.encode()) as printer:
        return {f"{said.provider_id}/{name}": it for name, it in printer.files(said).items()}


@dataclass(kw_only=True)
class Site:
    """Settings, sources, providers' folders and results below `home`.

    `register` gives each provider's columns, `places` what the settings say of places that
    providers are served at, `lines` all CPLIs; `entries` what providers list besides those.
    """

    home: Path
    register: dict[str, Row] = field(default_factory=lambda: {"P1": {}, "P2": {}})
    places: dict[str, str] = field(default_factory=dict)
    notices: str = 'place = "folders"'
    email: str = ""
    more: str = ""
    lines: list[Row] = field(default_factory=list)
    unlisted: set[str] = field(default_factory=set)
    entries: dict[str, list[Row]] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.folders.mkdir(parents=True, exist_ok=True)
        self.places.setdefault("folders", folder_place(self.folders))
        for provider in self.register:
            self.join(provider)

    @property
    def out(self) -> Path:
        return self.home / "out"

    @property
    def folders(self) -> Path:
        """Where providers' folders are."""
        return self.home / "folders"

    @property
    def config(self) -> Path:
        return self.home / "cpli.toml"

    def join(self, provider: str, **preferences: str) -> None:
        """Register a provider, who has somebody in each council and lists them."""
        self.register[provider] = preferences
        for council in COUNCILS:
            self.line(provider, council)

    def line(
        self, provider: str, council: str = LEICESTER, *, listed: bool = True, **changes: str
    ) -> Row:
        """Add somebody to the record, whom the provider lists or not."""
        row = marked(
            len(self.lines) + 1,
            local_authority=council,
            provider_id=provider,
            start_date="2026-01-05",
            **{"date_of_birth": f"{1930 + len(self.lines)}-02-03", **changes},
        )
        self.lines.append(row)
        if not listed:
            self.unlisted.add(row["cpli_id"])
        return row

    def writes_by(self, base_url: str) -> None:
        """Have emails sent by a GOV.UK Notify, whose key is in the environment."""
        self.email = (
            f'[notices.email]\nbase_url = "{base_url}"\ntimeout_seconds = 0.5\n'
            f'template_waiting = "{WAITING}"\ntemplate_nothing_to_do = "{NOTHING}"\n'
        )

    def write(self) -> Sources:
        """Write the sources and the settings as they are to be now."""
        self.write_settings()
        sources = Sources(self.home / "sources")
        register = [
            {"provider_id": each, "name": f"Care {each}"} | more
            for each, more in self.register.items()
        ]
        sources.write("providers.csv", csv_bytes(register, PROVIDER.known))
        for council in COUNCILS:
            rows = [row for row in self.lines if row["local_authority"] == council]
            sources.write(f"council/{council}/cpli.csv", csv_bytes(rows, CPLI.known))
            for extract in (sources.root / "council" / council).glob("portal_*"):
                extract.unlink()
            sources.portal(council, [shown(row) for row in rows], dated=SETTLED)
            if council in self.away:
                sources.remove(f"council/{council}/cpli.csv")
        sources.remove("caseload")
        for provider in self.register:
            sources.caseload(provider, self.listed(provider), dated=LISTS_OF)
        return sources

    def listed(self, provider: str) -> list[Row]:
        """Return what a provider lists."""
        known = [
            entry(row)
            for row in self.lines
            if row["provider_id"] == provider and row["cpli_id"] not in self.unlisted
        ]
        return [*known, *self.entries.get(provider, [])]

    def write_settings(self) -> None:
        places = "".join(f"[places.{name}]\n{said}" for name, said in self.places.items())
        notices = f"[notices]\n{self.notices}\n{self.email}"
        self.config.write_text(
            "\n".join([settings_of(self.home / "sources", None), places, notices, self.more]),
            encoding="utf-8",
        )

    @property
    def settings(self) -> Settings:
        """The settings as they are to be now."""
        self.write_settings()
        return load_settings(self.config)

    def night(self, as_of: date = FRIDAY) -> int:
        """Do a night of the sources as they are to be now, without Prefect."""
        self.write()
        return self.again(as_of)

    def again(self, as_of: date = FRIDAY, *, councils: Sequence[str] = ()) -> int:
        """Do a night of the sources that are there."""
        from flows import nightly

        origin = origin_of(None, self.out, config=self.config, as_of=as_of)
        done = nightly.in_order(origin, councils=tuple(councils))
        say_done(done)
        return done.exit_code

    def cpli(self, command: str, *arguments: str) -> int:
        """Type a command for this site."""
        where = ["--config", str(self.config), "--out", str(self.out)]
        return main([command, *arguments, *where])

    @property
    def casebook(self) -> Casebook:
        return Casebook.open(f"sqlite:///{self.out / 'casebook.db'}")

    def issue(self, *drafts: NewNotice) -> list[NoticeRow]:
        """Put notices on record as a night does."""
        return self.casebook.notices().issue(drafts)

    def carry(self) -> Carried:
        """Carry what waits, with the settings as they are to be now."""
        return carry(self.casebook, self.settings, out=self.out)

    def rows(self, provider: str | None = None) -> list[NoticeRow]:
        """Return the notices on record."""
        return self.casebook.notices().notices(provider_id=provider)

    def names(self, provider: str) -> list[str]:
        """Return the names of a provider's notices on record."""
        return [row.name for row in self.rows(provider)]

    def made(self, as_of: date = FRIDAY) -> Files:
        """Return the notices in a night's folder."""
        return below(self.out / str(as_of) / "notices")

    def text(self, provider: str, name: object = FRIDAY) -> str:
        """Return what a provider's notice says, in one line."""
        night = str(name)[:10]
        file = self.out / night / "notices" / provider / f"{provider}_notice_{name}.txt"
        return " ".join(BROKEN.sub("-", file.read_text(encoding="utf-8")).split())


def summary_of(site: Site, as_of: date = FRIDAY) -> Mapping[str, object]:
    """Return what a night's summary says of notices."""
    path = site.out / str(as_of) / "summary.json"
    return json.loads(path.read_text(encoding="utf-8"))["notices"]
