"""Takes every byte of what somebody is sent, in every form in which it can be read."""

from __future__ import annotations

import html
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from io import BytesIO
from string import digits

import openpyxl
import pikepdf

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
SPACES = re.compile(r"[\s\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]+")
UNSEEN = re.compile(SPACES.pattern + r"|[\x00\u0300-\u036f]")
TAG = re.compile(r"<[^>]*>")
HEX = re.compile(rb"<([0-9A-Fa-f\s]*)>")
CHARACTERS = re.compile(rb"beginbfchar(.*?)endbfchar", re.DOTALL)
RANGES = re.compile(rb"beginbfrange(.*?)endbfrange", re.DOTALL)
RANGE = re.compile(rb"<(\w+)>\s*<(\w+)>\s*(<\w+>|\[.*?\])", re.DOTALL)
SHAPES = [
    re.compile(rf"(?=({shape}))")
    for shape in (
        "[a-z][bcdfghjklmnpqrstvwxz]{8}", "[cp][bcdfghjklmnpqrstvwxz2-9]{9}", "999[0-9]{7}",
        "[0-9a-f]{32}",
    )
]  # fmt: skip
"""The shapes of `marked_world`: names, references and NHS numbers; and that of cases."""

AROUND = re.compile(r"\d*(?:19|20)\d\d(?=(.{0,14}\d*))")

EXCEL_BEGAN = date(1899, 12, 30)
DAY, MONTH, YEAR = r"(?P<day>\d{1,2})", r"(?P<month>\d{1,2})", r"(?P<year>(?:19|20)\d\d)"
NAME = rf"(?P<month>{'|'.join(f'{name[:3]}(?:{name[3:]})?' for name in MONTHS)})"
FORMS = [
    re.compile(rf"(?<!\d){form}(?!\d)", re.IGNORECASE)
    for form in (
        rf"(?<![a-z]){YEAR}(?P<month>\d\d)(?P<day>\d\d)(?![a-z])",
        rf"{YEAR}[-/. ]{MONTH}[-/. ]{DAY}",
        rf"{DAY}[-/. ]{MONTH}[-/. ]{YEAR}",
        rf"{MONTH}[-/. ]{DAY}[-/. ]{YEAR}",
        rf"{DAY}(?:st|nd|rd|th)?[- ]?{NAME},?[- ]?{YEAR}",
        rf"{NAME}[- ]?{DAY},?[- ]?{YEAR}",
    )
]

Letters = Mapping[int, str]
Fonts = dict[tuple[int, int], Letters]


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What can be seen of a file: `said` is what is meant to be read, `bare` all of it.

    In `bare` nothing is folded away but spaces and capitals; `cells` are a workbook's numbers.
    """

    name: str
    said: str
    bare: str = field(repr=False)
    cells: frozenset[float] = frozenset()

    @cached_property
    def marks(self) -> set[str]:
        """What could be a mark, within others too, whatever its capitals."""
        return {match[1] for shape in SHAPES for match in shape.finditer(self.bare)}

    def holds(self, marks: Iterable[str]) -> set[str]:
        """Return which marks stand in it."""
        return {mark for mark in marks if mark.casefold() in self.marks}

    @cached_property
    def days(self) -> set[str]:
        """The days that stand in it in any form that we know, as ISO has them."""
        found = {
            day_of(match)
            for form in FORMS
            for text in (self.said, self.around_years)
            for match in form.finditer(text)
        }
        found |= {
            (EXCEL_BEGAN + timedelta(int(number))).isoformat()
            for number in self.cells
            if 0 < number < 80_000
        }
        return found - {""}

    @property
    def around_years(self) -> str:
        """The places of all of it in which a date could stand."""
        return "\n".join(
            f"{before}{it[0]}{it[1]}"
            for it in AROUND.finditer(self.bare)
            for before in [self.bare[max(0, it.start() - 14) : it.start()].lstrip(digits)]
        )


def seen(name: str, content: bytes) -> Sight:
    """Return what can be seen of a file."""
    raw = [name, content.decode("latin-1")]
    cells: list[float] = []
    if name.endswith(".pdf"):
        said = [*in_pdf(content)]
        raw += raw_pdf(content)
    elif name.endswith(".xlsx"):
        said = [str(cell) for cell in in_workbook(content)]
        cells = [each for each in in_workbook(content) if isinstance(each, int | float)]
        raw += raw_workbook(content)
    else:
        said = [content.decode("utf-8", errors="replace")]
    return Sight(
        name=name,
        said=SPACES.sub(" ", " ".join([name, *said])),
        bare=bare("\n".join([*said, *raw])),
        cells=frozenset(cells),
    )


def bare(text: str) -> str:
    """Return a text without spaces, marks that nobody sees, and capitals."""
    return UNSEEN.sub("", unicodedata.normalize("NFKD", text)).casefold()


def raw_workbook(content: bytes) -> Iterator[str]:
    """Yield each part of a workbook, as it is and without its markup, and all that a ZIP holds."""
    with zipfile.ZipFile(BytesIO(content)) as parts:
        yield parts.comment.decode("latin-1")
        for info in parts.infolist():
            part = parts.read(info).decode("utf-8", errors="replace")
            yield f"{info.filename} {info.comment!r} {info.extra!r}"
            yield part
            yield html.unescape(part)
            yield html.unescape(TAG.sub("", part))


def in_workbook(content: bytes) -> Iterator[object]:
    """Yield what stands in a workbook: all sheets, whether shown or not, notes, lists, facts."""
    book = openpyxl.load_workbook(BytesIO(content))
    yield from (str(each) for each in vars(book.properties).values() if each is not None)
    yield from (str(each.value) for each in book.custom_doc_props.props)
    yield from (f"{name} {defined.attr_text}" for name, defined in book.defined_names.items())
    for sheet in book:
        yield sheet.title
        for row in sheet.iter_rows():
            for cell in row:
                yield from (it for it in (cell.value, cell.hyperlink, cell.comment) if it)
        for rule in sheet.data_validations.dataValidation:
            yield f"{rule.formula1} {rule.formula2} {rule.prompt} {rule.error} {rule.promptTitle}"
        yield str(vars(sheet.oddHeader.center)) + str(vars(sheet.oddFooter.center))


def raw_pdf(content: bytes) -> Iterator[str]:
    """Yield each object of a PDF and what each of its streams holds."""
    with pikepdf.open(BytesIO(content)) as pdf:
        for each in pdf.objects:
            if isinstance(each, pikepdf.Stream):
                yield from decoded(each.read_bytes())


def decoded(held: bytes) -> Iterator[str]:
    """Yield what bytes may stand for."""
    try:
        yield held.decode("utf-8")
    except UnicodeDecodeError:
        yield held.decode("latin-1")
        yield held.decode("utf-16-be", errors="replace")


def in_pdf(content: bytes) -> Iterator[str]:
    """Yield what stands in a PDF: its pages, its strings (alternative text too) and metadata."""
    with pikepdf.open(BytesIO(content)) as pdf:
        for each in pdf.objects:
            yield from strings_in(each)
        fonts: Fonts = {}
        for page in pdf.pages:
            yield " ".join(shown_on(page, page.get("/Resources"), fonts))


def strings_in(thing: object) -> Iterator[str]:
    """Yield the strings directly within an object: others that it refers to come by themselves."""
    if isinstance(thing, pikepdf.Stream | pikepdf.Dictionary):
        parts = [value for _, value in thing.items()]
    elif isinstance(thing, pikepdf.Array):
        parts = [*thing]
    else:
        if isinstance(thing, pikepdf.String):
            yield str(thing)
        return
    for part in parts:
        if isinstance(part, pikepdf.Object) and not part.is_indirect:
            yield from strings_in(part)


def shown_on(stream: pikepdf.Object, resources: pikepdf.Object, fonts: Fonts) -> Iterator[str]:
    """Yield the text that a page, or a form on it, shows; all of it, whatever its colour."""
    read: Letters = {}
    for operands, operator in pikepdf.parse_content_stream(stream):
        match str(operator):
            case "Tf":
                font = resources.Font[operands[0]]
                read = fonts.get(font.objgen) or fonts.setdefault(font.objgen, letters_of(font))
            case "Tj" | "'" | '"' | "TJ":
                yield written(operands[-1], read)
            case "Do" if (form := resources.XObject[operands[0]]).get("/Subtype") == "/Form":
                yield from shown_on(form, form.get("/Resources", resources), fonts)
            case _:
                pass


def written(operand: pikepdf.Object, read: Letters) -> str:
    """Return what is written by one operator."""
    parts = [*operand] if isinstance(operand, pikepdf.Array) else [operand]
    codes = b"".join(bytes(each) for each in parts if isinstance(each, pikepdf.String))
    pairs = zip(codes[::2], codes[1::2], strict=True)
    return "".join(read.get(high * 256 + low, "\ufffd") for high, low in pairs)


def letters_of(font: pikepdf.Object) -> dict[int, str]:
    """Return what each code of a font stands for."""
    table = font.ToUnicode.read_bytes()
    letters = {}
    for block in CHARACTERS.findall(table):
        codes = HEX.findall(block)
        for code, text in zip(codes[::2], codes[1::2], strict=True):
            letters[int(code, 16)] = unicode_of(text)
    for block in RANGES.findall(table):
        for first, last, to in RANGE.findall(block):
            texts = HEX.findall(to)
            for place, code in enumerate(range(int(first, 16), int(last, 16) + 1)):
                if len(texts) > 1:
                    letters[code] = unicode_of(texts[place])
                else:
                    letters[code] = chr(ord(unicode_of(texts[0])) + place)
    return letters


def unicode_of(text: bytes) -> str:
    """Return what hexadecimal UTF-16 stands for."""
    return bytes.fromhex(text.decode()).decode("utf-16-be")


def day_of(match: re.Match[str]) -> str:
    """Return the day that was found, "" if there is no such day."""
    month = match["month"]
    if not month.isdigit():
        month = next(n for n, name in enumerate(MONTHS, 1) if name[:3] == month[:3].capitalize())
    with suppress(ValueError):
        return date(int(match["year"]), int(month), int(match["day"])).isoformat()
    return ""


def figures_in(sight: Sight, figures: Iterable[str]) -> set[str]:
    """Return which figures stand by themselves in what a file says."""
    written = set(re.findall(r"(?<![\w.])\d+(?:\.\d+)?(?!\.?\w)", sight.said))
    written |= {f"{number:g}" for number in sight.cells}
    return {figure for figure in figures if {figure, figure.rstrip("0").rstrip(".")} & written}
