"""Templates of what people read: a council's own where it has one, else ours.

A council's template runs in a sandbox and reaches no file but templates. Where it breaks, its name
and line are told and nothing else: what it was filled with is about people.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from datetime import date
from functools import cached_property, partial
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from jinja2 import (
    Environment,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    UndefinedError,
)
from jinja2.loaders import FunctionLoader, split_template_path
from jinja2.sandbox import ImmutableSandboxedEnvironment

from schemas.errors import WrongUsage

T = TypeVar("T")

OURS = Path(__file__).with_name("default_templates")
MARKED_UP = (".html", ".svg", ".html.j2", ".svg.j2")
FAULTS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TemplateError,
    TypeError,
    ValueError,
)
"""What a broken template can raise when it is filled."""


def british_date(day: date) -> str:
    """Return a day as "20 November 2026"."""
    return f"{day.day} {day:%B %Y}"


def thousands(number: int) -> str:
    """Return a whole number as "1,234"."""
    return f"{number:,}"


def percent(share: float) -> str:
    """Return a share from 0 to 1 as "46%"; what is not nothing or all never reads as that."""
    written = f"{share:.0%}"
    if written == "0%" and share > 0:
        return "under 1%"
    return "over 99%" if written == "100%" and share < 1 else written


def sentence(text: str) -> str:
    """Return a text that begins with a capital, and is otherwise as it was."""
    return text[:1].upper() + text[1:]


FILTERS = MappingProxyType(
    {
        "british_date": british_date,
        "percent": percent,
        "sentence": sentence,
        "thousands": thousands,
    }
)


class Templates:
    """The templates in `default_templates`, and a council's own of the same names in `folder`."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder

    def text(self, name: str) -> str:
        """Return a template as it is written.

        Raises `TemplateNotFound` where there is none of this name, and `WrongUsage` where the
        council's own cannot be read.
        """
        return _read(self._path(name))

    @cached_property
    def environment(self) -> Environment:
        """Where templates are filled in: marked-up ones escape all text from outside."""
        environment = ImmutableSandboxedEnvironment(
            loader=FunctionLoader(self._load),
            undefined=StrictUndefined,
            autoescape=lambda name: name is not None and name.endswith(MARKED_UP),
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        environment.filters.update(FILTERS)
        return environment

    def render(self, name: str, /, **facts: object) -> str:
        """Return a template filled with facts.

        Raises `WrongUsage` with the file and the line where a council's own template is broken.
        """
        return self._blaming(lambda: self.environment.get_template(name).render(facts))

    def check(self) -> None:
        """Raise `WrongUsage` for the first of a council's own templates that cannot be used.

        What is wrong with the names in it shows only when it is filled.
        """
        if self.folder is None:
            return
        if not self.folder.is_dir():
            raise WrongUsage(
                f"The folder of templates {self.folder} is not there. Make it, or correct the"
                " settings (reports.templates)."
            )
        ours = sorted(path.name for path in OURS.iterdir())
        for path in sorted(self.folder.iterdir()):
            if path.is_file() and path.name not in ours:
                raise WrongUsage(
                    f"{path} is no template of ours. Give it one of these names, or remove it:"
                    f" {', '.join(ours)}."
                )
            if path.is_file() and path.suffix == ".j2":
                self._blaming(partial(self.environment.get_template, path.name))

    def _load(self, name: str) -> tuple[str, str, Callable[[], bool]]:
        path = self._path(name)
        return _read(path), str(path), lambda: True

    def _path(self, name: str) -> Path:
        """Return where a template lies; a name never leads out of its folder."""
        parts = split_template_path(name)
        for folder in (self.folder, OURS):
            if folder is None:
                continue
            path = folder.joinpath(*parts)
            if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
                return path
        raise TemplateNotFound(name)

    def _blaming(self, step: Callable[[], T]) -> T:
        """Do a step; where a council's own template breaks it, say which one, where and how."""
        try:
            return step()
        except FAULTS as error:
            blamed = self._blamed(error)
            if blamed is None:
                raise
        raise WrongUsage(f"{blamed}. Correct it, or remove the file so that ours is used.")

    def _blamed(self, error: Exception) -> str | None:
        """Return file, line and fault where a council's own template is at fault."""
        if isinstance(error, TemplateSyntaxError):
            places = [(error.filename or "", error.lineno)]
        else:
            trace = traceback.walk_tb(error.__traceback__)
            places = [(frame.f_code.co_filename, line) for frame, line in trace]
        theirs = [place for place in places if self.folder and Path(place[0]).parent == self.folder]
        if not theirs:
            return None
        file, line = theirs[-1]
        return f"The template {file}, line {line}, {_wrong(error)}"


def _wrong(error: Exception) -> str:
    """Say what is wrong with a template in words that quote nothing that it was filled with."""
    match error:
        case TemplateSyntaxError():
            return f"is not written as a template should be: {error.message}"
        case TemplateNotFound():
            return "asks for a template that is not there"
        case UndefinedError():
            return "uses a name that does not exist"
        case _:
            return f"cannot be filled in ({type(error).__name__})"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        wrong = "is not UTF-8 text"
    except OSError as error:
        wrong = f"cannot be read: {error.strerror}"
    raise WrongUsage(f"The template {path} {wrong}. Correct it, or remove the file.")
