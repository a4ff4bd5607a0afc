"""The files of a notice: PDF/UA, plain text, and a workbook to answer in."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, time
from functools import cache, cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Final, Self
from unicodedata import normalize

import font_source_sans_pro
import typst
from fontTools.ttLib import TTFont

from publishing.notices.facts import Notice
from publishing.notices.layout import each_text, layout
from publishing.notices.wording import wording_of
from publishing.notices.workbook import workbook
from publishing.templates import Templates
from schemas.errors import WrongUsage

PDF_TEMPLATE, TEXT_TEMPLATE = "notice.typ", "notice.txt.j2"
PDF_UA: Final = "ua-1"
FONTS = Path(font_source_sans_pro.__file__).parent / "files"
FACES = ("SourceSansPro-Regular.ttf", "SourceSansPro-Bold.ttf")
UNKNOWN = "?"
OUTSIDE = re.compile(r'"@|\bplugin\s*\(')
"""What a template of PDFs must not have: packages would be fetched, plugins are programs."""


def file_names(provider_id: str, name: str, *, to_answer: bool) -> tuple[str, ...]:
    """Return the names of a notice's files; there is a workbook only where there is an answer."""
    stem = f"{provider_id}_notice_{name}"
    return (
        f"{stem}.pdf",
        f"{stem}.txt",
        *([workbook_name(provider_id, name)] if to_answer else []),
    )


def workbook_name(provider_id: str, name: str) -> str:
    """Return the name under which a workbook goes out and comes back."""
    return f"{provider_id}_answers_{name}.xlsx"


class Printer:
    """Writes notices, one after the other; what it needs is read once. Use it as a context.

    `key` seals the rows of workbooks. Raises `WrongUsage` where a council's own template cannot be
    used. Nothing is fetched: a template has no files and no packages, and text is text.
    """

    def __init__(self, templates: Templates, *, key: bytes) -> None:
        self.templates = templates
        self.key = key
        self.words = wording_of(templates)

    def __enter__(self) -> Self:
        self._empty = TemporaryDirectory(prefix="cpli-notices-")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._empty.cleanup()

    def files(self, notice: Notice) -> dict[str, bytes]:
        """Return the files of a notice by name; the same notice gives the same bytes."""
        answers = workbook_name(notice.provider_id, notice.name)
        page = layout(notice, self.words, workbook=answers)
        contents: Sequence[bytes] = (
            self._pdf(notice, page),
            self.templates.render(TEXT_TEMPLATE, notice=page).encode(),
            *([workbook(notice, self.words, key=self.key)] if notice.to_do else []),
        )
        names = file_names(notice.provider_id, notice.name, to_answer=bool(notice.to_do))
        return dict(zip(names, contents, strict=True))

    def _pdf(self, notice: Notice, page: dict[str, Any]) -> bytes:
        at = datetime.combine(notice.as_of, time(), tzinfo=UTC)
        broken, written = None, None
        try:
            written = self._compiler.compile(
                self._template,
                format="pdf",
                pdf_standards=PDF_UA,
                sys_inputs={
                    "notice": json.dumps(each_text(page, _in_our_font), ensure_ascii=False)
                },
                timestamp=at,
            )
        except typst.TypstError as error:
            broken = _place_of(error)
        if broken is not None:
            raise WrongUsage(
                f"The template {PDF_TEMPLATE} cannot be set{broken}. Correct it, or remove the file"
                " so that ours is used."
            )
        if not isinstance(written, bytes):
            raise TypeError("a PDF is one file")
        return written

    @cached_property
    def _template(self) -> bytes:
        template = self.templates.text(PDF_TEMPLATE)
        if OUTSIDE.search(template):
            raise WrongUsage(
                f"The template {PDF_TEMPLATE} asks for a package or a plugin, which nobody may"
                " fetch. Write it without."
            )
        return template.encode()

    @cached_property
    def _compiler(self) -> typst.Compiler:
        empty = Path(self._empty.name)
        return typst.Compiler(
            root=empty,
            font_paths=typst.Fonts(include_system_fonts=False, font_paths=[FONTS]),
            package_path=empty,
            package_cache_path=empty,
        )


def _in_our_font(text: str) -> str:
    """Return text that the PDF can show: letters of other scripts than ours become question marks.

    PDF/UA allows no character without a glyph. The text and the workbook have the letters.
    """
    return "".join(map(_shown, normalize("NFC", text)))


@cache
def _shown(letter: str) -> str:
    known = _letters()
    if letter in known:
        return letter
    parts = [part for part in normalize("NFKD", letter) if part in known]
    return "".join(parts) or UNKNOWN


@cache
def _letters() -> frozenset[str]:
    """Return the characters that our fonts can show."""
    return frozenset.intersection(*map(_letters_of, FACES))


def _letters_of(face: str) -> frozenset[str]:
    with TTFont(FONTS / face, lazy=True) as font:
        return frozenset(map(chr, font.getBestCmap()))


def _place_of(error: typst.TypstError) -> str:
    """Return the line that an error names; its words may quote what the notice says."""
    found = re.search(r":([0-9]+):[0-9]+", error.diagnostic or "")
    return f" (line {found[1]})" if found else ""
