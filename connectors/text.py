"""From a file's bytes to UTF-8 text, or to a plain word on why they are none."""

from __future__ import annotations

import codecs

from connectors.wording import ask, refused
from schemas.raw import RefusalLog
from schemas.tables import TableColumns

BYTES_AT_ONCE = 1 << 20
AS_CSV = "save it as CSV in UTF-8 and send it again"

NOT_CSV = (
    (b"PK\x03\x04", "is an Excel workbook or a zip archive under the name of a CSV file"),
    (b"\xd0\xcf\x11\xe0", "is an old or a locked Excel workbook under the name of a CSV file"),
    (b"%PDF", "is a PDF under the name of a CSV file"),
    (b"\x1f\x8b", "is a compressed archive under the name of a CSV file"),
    (codecs.BOM_UTF16_LE, "is UTF-16 text (Excel calls it Unicode text)"),
    (codecs.BOM_UTF16_BE, "is UTF-16 text (Excel calls it Unicode text)"),
)
WEB_PAGES = (b"<!doctype", b"<html", b"<table", b"<?xml")


def utf8_text(content: bytes, *, table: TableColumns, notes: RefusalLog) -> bytes:
    """Return a file's text as UTF-8 without a byte order mark.

    Bytes that are not UTF-8 are read as Windows-1252, with one warning for the file. Raises
    SourceRefused `unreadable` for what is no text at all.
    """
    wrong = _what_it_is_instead(content)
    if wrong is None and not _is_utf8(content):
        windows_text = _with_windows_1252(content)
        if windows_text is None:
            wrong = "holds bytes that are neither UTF-8 nor Windows-1252 text"
        else:
            content = windows_text
            notes.warn(
                "windows_1252",
                f"{notes.file} is not UTF-8 text and was read as Windows-1252; some accented "
                f"letters may be wrong. {ask(table, 'save it as CSV in UTF-8')}",
            )
    if wrong is not None:
        raise refused(table, notes.file, rule="unreadable", wrong=wrong, remedy=AS_CSV)
    return content.removeprefix(codecs.BOM_UTF8)


def _what_it_is_instead(content: bytes) -> str | None:
    for start, wrong in NOT_CSV:
        if content.startswith(start):
            return wrong
    if content[:BYTES_AT_ONCE].lstrip().lower().startswith(WEB_PAGES):
        return "is a web page or XML under the name of a CSV file"
    if b"\0" in content:
        return "holds NUL bytes, which no text has: it is damaged or no UTF-8 text"
    return None


def _is_utf8(content: bytes) -> bool:
    if content.isascii():
        return True
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for at in range(0, len(content), BYTES_AT_ONCE):
            decoder.decode(content[at : at + BYTES_AT_ONCE])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _with_windows_1252(content: bytes) -> bytes | None:
    try:
        return content.decode("utf-8", errors=WINDOWS_1252).encode()
    except UnicodeDecodeError:
        return None


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    """Decode just the bytes at which UTF-8 failed. Raises UnicodeDecodeError where it cannot."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252"), error.end


WINDOWS_1252 = "cpli_windows_1252"
codecs.register_error(WINDOWS_1252, _as_windows_1252)
