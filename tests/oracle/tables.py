"""Small pipe-separated tables, and numbers for people who do not exist."""

from functools import cache


def table(text: str) -> list[dict[str, str]]:
    """Rows of a table whose first line names the columns; a blank cell is empty text."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return []
    columns = _cells(lines[0])
    return [dict(zip(columns, _cells(line), strict=True)) for line in lines[1:]]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("|")]


@cache
def synthetic_nhs_number(serial: int) -> str:
    """The valid number of the 999 range, which is issued to nobody, at or above a serial.

    Serials ten apart or more never share one.
    """
    digits = f"{999_000_000 + serial:09d}"
    weights = range(10, 1, -1)
    weighted = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))
    check = -weighted % 11
    return f"{digits}{check}" if check < 10 else synthetic_nhs_number(serial + 1)


def words(text: str) -> tuple[str, ...]:
    """The words of a text, for lists too long to quote each."""
    return tuple(text.split())
