"""A notice as a page: headings, paragraphs and small tables of text, however it is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from publishing.feed.publishable import one_line
from publishing.notices.facts import Group, Item, Notice
from publishing.notices.wording import Wording
from publishing.templates import british_date

COLUMNS = ("record", "said", "to_do")
HOW = ("how_workbook", "how_list", "rows_note", "by_when")


def layout(notice: Notice, words: Wording, *, workbook: str) -> Any:
    """Return what a template fills in, all of it text but `day` (year, month and day).

    `workbook` is the name of the file to answer in.
    """
    facts = _facts(notice, workbook=workbook)
    numbered = [*enumerate(_as_read(notice), start=1)]
    page = {
        "title": f"{words('words', 'title', **facts)}: {notice.provider_name}",
        "title_of_kind": words("words", "title", **facts),
        "sender": words("words", "sender", **facts),
        "provider": notice.provider_name,
        "reference": notice.reference,
        "day": [notice.as_of.year, notice.as_of.month, notice.as_of.day],
        "heading": words("words", _heading(notice), **facts),
        "why": words("words", _why(notice), **facts),
        "first": _first(notice, words, facts),
        "reply_by": "" if notice.nothing_to_do else words("words", "by_when", **facts),
        "groups": [
            _group(group, items, words)
            for group in Group
            if (items := [(number, item) for number, item in numbered if item.group is group])
        ],
        "sections": _sections(notice, words, facts),
        "closing": words("words", "reference", **facts),
    }
    return each_text(page, one_line)


def each_text(page: Any, change: Callable[[str], str]) -> Any:
    """Return a page with each of its texts changed."""
    match page:
        case str():
            return change(page)
        case list():
            return [each_text(each, change) for each in page]
        case dict():
            return {name: each_text(each, change) for name, each in page.items()}
        case _:
            return page


def _as_read(notice: Notice) -> list[Item]:
    """Return the cases in the order of their groups."""
    return [item for group in Group for item in notice.items if item.group is group]


def whom(item: Item, words: Wording) -> str:
    """Return "MH, born 1941", as far as it is known."""
    born = words("words", "born", year=item.born) if item.born else ""
    return ", ".join(filter(None, [item.initials, born])) or words("words", "not_known")


def _facts(notice: Notice, *, workbook: str) -> dict[str, str]:
    return {
        "as_of": british_date(notice.as_of),
        "reply_by": british_date(notice.reply_by),
        "list": british_date(notice.list_date) if notice.list_date else "",
        "count": f"{len(notice.to_do):,}",
        "councils": ", ".join(notice.left_out),
        "reference": notice.reference,
        "workbook": workbook,
        "contact": "",
        "council": "",
        "year": "",
    }


def _heading(notice: Notice) -> str:
    if len(notice.to_do) == 1:
        return "title_one_to_do"
    if notice.to_do:
        return "title_to_do"
    if notice.list_wanted:
        return "title_list"
    return "title_list_notes" if notice.list_notes else "title_nothing"


def _why(notice: Notice) -> str:
    if notice.nothing_to_do:
        return "why_nothing"
    return "why_list" if notice.list_wanted and not notice.items else "why"


def _first(notice: Notice, words: Wording, facts: dict[str, str]) -> list[str]:
    lines = []
    if notice.nothing_to_do:
        lines.append(words("words", "nothing_yet" if notice.items else "nothing", **facts))
    lines += notice.list_notes
    if notice.list_notes and not (notice.items or notice.list_wanted):
        lines.append(words("words", "list_nothing_else", **facts))
    if notice.left_out:
        lines.append(words("words", "left_out", **facts))
    return lines


def _group(group: Group, items: list[tuple[int, Item]], words: Wording) -> dict[str, Any]:
    columns = [name for name in COLUMNS if not (name == "to_do" and group is Group.WITH_COUNCIL)]
    return {
        "title": words("groups", group.value, "title"),
        "intro": words("groups", group.value, "intro"),
        "items": [
            {
                "title": f"{number}. {whom(item, words)}: {item.service}",
                "found": item.found,
                "facts": _whose(item, words),
                "rows": [[words("labels", name), getattr(item, name)] for name in columns],
            }
            for number, item in items
        ],
    }


def _whose(item: Item, words: Wording) -> str:
    facts = {"council": item.council, "person": item.person}
    if item.council == words("words", "no_council"):
        return words("words", "whose_alone", **facts) if item.person else ""
    return words("words", "whose" if item.person else "whose_unknown", **facts)


def _sections(notice: Notice, words: Wording, facts: dict[str, str]) -> list[dict[str, Any]]:
    sections = []
    if notice.list_wanted:
        lines = [notice.list_wanted, words("list", "do", reply_by=facts["reply_by"])]
        sections.append(_section(words("list", "title"), lines))
    if notice.to_do:
        lines = [words("words", name, **facts) for name in HOW]
        sections.append(_section(words("words", "how", **facts), lines))
    if notice.contacts:
        points = [
            words("words", "contact_of", **{**facts, "council": council, "contact": contact})
            if council
            else contact
            for council, contact in notice.contacts.items()
        ]
        sections.append(_section(words("words", "contact", **facts), [], points))
    if notice.items:
        sections.append(
            _section(words("words", "private_title", **facts), [words("words", "private", **facts)])
        )
    return sections


def _section(title: str, lines: list[str], points: list[str] | None = None) -> dict[str, Any]:
    return {"title": title, "lines": lines, "points": points or []}
