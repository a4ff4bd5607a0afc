"""Reads the pages that providers see, and fills in their forms."""

from __future__ import annotations

from typing import Any

from bs4 import BeautifulSoup
from bs4.element import Tag
from werkzeug.test import TestResponse


class Page:
    """An answer of the site, and what it says."""

    def __init__(self, response: TestResponse, *, status: int = 200) -> None:
        assert response.status_code == status, (response.status_code, response.get_data(True))
        self.html = response.get_data(as_text=True)
        self.soup = BeautifulSoup(self.html, "html.parser")

    @property
    def text(self) -> str:
        """All that it says, in one line."""
        main = self.soup.find("main")
        return " ".join((main or self.soup).get_text(" ").split())

    @property
    def heading(self) -> str:
        """Its main heading."""
        return " ".join(self.soup.h1.get_text(" ").split())

    @property
    def title(self) -> str:
        """What a browser's tab says."""
        return " ".join(self.soup.title.get_text().split())

    @property
    def links(self) -> list[str]:
        """Where it leads to."""
        return [each["href"] for each in self.soup.find("main").find_all("a", href=True)]

    def questions(self) -> dict[str, str]:
        """Return the address of each question by what stands under whom it is about."""
        return {
            " ".join(item.find(class_="govuk-task-list__hint").get_text().split()): item.a["href"]
            for item in self.soup.find_all(class_="govuk-task-list__item")
        }

    def question(self, about: str) -> str:
        """Return the address of the first question that says this of itself."""
        return next(address for said, address in self.questions().items() if about in said)

    def form(self, **changes: Any) -> dict[str, Any]:
        """Return what a browser would send of the form in the middle of the page."""
        form = self.soup.find("main").find("form")
        sent: dict[str, Any] = {}
        for field in form.find_all(["input", "textarea"]):
            if field.get("type") in ("radio", "checkbox") and not field.has_attr("checked"):
                continue
            if field.get("name") and field.get("type") != "file":
                sent.setdefault(field["name"], []).append(_value(field))
        return {**sent, **changes}

    @property
    def errors(self) -> list[str]:
        """What it says is wrong."""
        return [each.get_text() for each in self.soup.select(".govuk-error-summary__list a")]


def _value(field: Tag) -> str:
    return (
        field.get_text().removeprefix("\n") if field.name == "textarea" else field.get("value", "")
    )
