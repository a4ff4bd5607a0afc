"""How the files of a source are named: `leicester_{date:%d%m%Y}.csv`, `{provider_id}_{date}.*`.

Only a plain name is ever matched. `*` stands for any text, `{date}` for a date (as YYYY-MM-DD, or
with %Y, %m and %d in another order), `{provider_id}` for a provider's reference. Capitals in a
name's ending do not matter, and the ending `.*` stands for `.csv` or `.xlsx`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final

PART = re.compile(r"\{(?P<name>[a-z_]*)(?::(?P<format>[^{}]*))?\}|(?P<any>\*)")
ISO_DATE: Final = "%Y-%m-%d"
DIRECTIVES = {
    "%Y": "(?P<year>[0-9]{4})",
    "%m": "(?P<month>[0-9]{2})",
    "%d": "(?P<day>[0-9]{2})",
}
DIRECTIVE = re.compile(r"%.")
PROVIDER_ID = r"(?P<provider_id>[A-Za-z0-9][A-Za-z0-9._-]{0,63})"
ANY_ENDING, TABLES = ".*", r"\.(?:csv|xlsx)"


@dataclass(frozen=True, kw_only=True)
class Named:
    """What a file's name says; `shown` is the name without the text that `*` stands for, if any.

    That text may be a person's name, so only `shown` is ever repeated.
    """

    file: str
    shown: str
    day: date | None = None
    provider_id: str | None = None


@dataclass(frozen=True)
class FilePattern:
    """A pattern that plain file names match or do not."""

    text: str

    def problem(self) -> str | None:
        """Say what is wrong with the pattern, or nothing."""
        if not self.text or "/" in self.text or "\\" in self.text or self.text.startswith("."):
            return "it must be the name of a file, without a folder"
        parts = list(PART.finditer(self.text))
        if {"{", "}"} & set(PART.sub("", self.text)):
            return "its curly brackets do not pair"
        if unknown := {part["name"] for part in parts} - {None, "date", "provider_id"}:
            return f"it can hold {{date}} and {{provider_id}}, not {{{min(unknown)}}}"
        names = [part["name"] for part in parts if part["name"]]
        if len(names) != len(set(names)):
            return "it may hold {date} and {provider_id} once each"
        formats = [part["format"] or ISO_DATE for part in parts if part["name"] == "date"]
        if any(sorted(DIRECTIVE.findall(form)) != sorted(DIRECTIVES) for form in formats):
            return "its date must be written with %Y, %m and %d, such as {date:%d%m%Y}"
        return None

    @property
    def dated(self) -> bool:
        """Whether the names hold a date."""
        return any(part["name"] == "date" for part in PART.finditer(self.text))

    @property
    def by_provider(self) -> bool:
        """Whether the names hold a provider's reference."""
        return any(part["name"] == "provider_id" for part in PART.finditer(self.text))

    @property
    def open_ended(self) -> bool:
        """Whether the names may hold any text, which may be a person's name."""
        return "*" in PART.sub(lambda part: part["any"] or "", self.text).removesuffix(ANY_ENDING)

    @property
    def regex(self) -> str:
        """A regular expression of the names, without named groups."""
        return re.sub(r"\(\?P<\w+>", "(?:", self._compiled.pattern)

    def match(self, name: str) -> Named | None:
        """Return what a name says, or None where it is another's or its date is in no calendar."""
        found = self._compiled.fullmatch(name)
        if found is None:
            return None
        said = found.groupdict()
        try:
            day = (
                date(int(said["year"]), int(said["month"]), int(said["day"]))
                if self.dated
                else None
            )
        except ValueError:
            return None
        return Named(
            file=name, shown=self._shown(found), day=day, provider_id=said.get("provider_id")
        )

    def written(self, *, provider_id: str, day: date, ending: str) -> str | None:
        """Return the name of a provider's file of a day, or None where the pattern has none for it.

        Nothing stands for `*`; `ending` (`.csv`) is that where the pattern leaves it open.
        """
        text = self.text
        if text.endswith(ANY_ENDING):
            text = text.removesuffix(ANY_ENDING) + ending
        name = PART.sub(lambda part: _filled(part, provider_id=provider_id, day=day), text)
        said = self.match(name)
        whole = said and (said.provider_id, said.day) == (provider_id, day)
        return name if whole else None

    @staticmethod
    def _shown(found: re.Match[str]) -> str:
        kept, at = "", 0
        for group in (name for name in found.re.groupindex if name.startswith("any")):
            kept += found.string[at : found.start(group)] + ("*" if found[group] else "")
            at = found.end(group)
        return kept + found.string[at:]

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        text, ending = self.text, ""
        if text.endswith(ANY_ENDING):
            text, ending = text.removesuffix(ANY_ENDING), TABLES
        else:
            stem, dot, suffix = text.rpartition(".")
            if dot and not PART.search(suffix):
                text, ending = stem, re.escape(dot + suffix)
        pieces, at = [], 0
        for part in PART.finditer(text):
            pieces.append(re.escape(text[at : part.start()]))
            pieces.append(self._piece(part))
            at = part.end()
        pieces.append(re.escape(text[at:]))
        return re.compile(f"{''.join(pieces)}(?i:{ending})", re.DOTALL)

    @staticmethod
    def _piece(part: re.Match[str]) -> str:
        if part["any"]:
            return f"(?P<any{part.start()}>.*?)"
        if part["name"] == "provider_id":
            return PROVIDER_ID
        form = part["format"] or ISO_DATE
        digits = [DIRECTIVES[directive] for directive in DIRECTIVE.findall(form)] + [""]
        literal = DIRECTIVE.split(form)
        return "".join(re.escape(text) + some for text, some in zip(literal, digits, strict=True))


def _filled(part: re.Match[str], *, provider_id: str, day: date) -> str:
    """Return what stands in a name for a part of its pattern."""
    if part["any"]:
        return ""
    return provider_id if part["name"] == "provider_id" else f"{day:{part['format'] or ISO_DATE}}"
