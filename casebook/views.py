"""The views that people keep of a list: how it is narrowed and ordered, by a name of their own."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine, delete, func, insert, select, update

from casebook.actions import is_name
from casebook.database import reading, writing
from casebook.evidence_models import SAVED_VIEW
from casebook.faults import in_plain_words
from schemas.errors import WrongUsage

QUERY_AT_MOST = 2_000
"""How many characters a view may have."""

VIEWS_AT_MOST = 50
"""How many views an account may keep."""


@dataclass(frozen=True, kw_only=True)
class SavedView:
    """A view: `query` is that of a list's address, which holds filters and nobody's reference."""

    number: int
    name: str
    query: str


class Views:
    """The views in the casebook's database, each of one account, which alone sees it.

    All methods raise `TryAgainLater` and `PersonNeeded` as the casebook does.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @in_plain_words
    def of(self, account: int) -> list[SavedView]:
        """Return the views of an account, by name."""
        view = SAVED_VIEW.c
        query = select(view.number, view.name, view.query).where(view.account == account)
        with reading(self.engine) as connection:
            rows = connection.execute(query.order_by(view.name)).mappings()
            return [SavedView(**row) for row in rows]

    @in_plain_words
    def add(self, account: int, *, name: str, query: str) -> None:
        """Keep a view, in the place of one of the same name.

        Raises `WrongUsage` where it has no name that fits on a line, is too long, or is one too
        many.
        """
        name, view = name.strip(), SAVED_VIEW.c
        if not name or not is_name(name):
            raise WrongUsage("Give the view a name of at most 200 characters, on one line.")
        if len(query) > QUERY_AT_MOST or not query.isprintable():
            raise WrongUsage("The view is too long to be kept, or not one line. Choose less.")
        same = (view.account == account, view.name == name)
        with writing(self.engine) as connection:
            changed = connection.execute(update(SAVED_VIEW).where(*same).values(query=query))
            if changed.rowcount:
                return
            own = select(func.count()).select_from(SAVED_VIEW).where(view.account == account)
            if (connection.scalar(own) or 0) >= VIEWS_AT_MOST:
                raise WrongUsage(
                    f"You keep {VIEWS_AT_MOST} views already. Remove one, then keep this."
                )
            number = (connection.scalar(select(func.max(view.number))) or 0) + 1
            row = {"number": number, "account": account, "name": name, "query": query}
            connection.execute(insert(SAVED_VIEW), [row])

    @in_plain_words
    def remove(self, account: int, number: int) -> bool:
        """Remove a view of an account, and say whether there was one."""
        view = SAVED_VIEW.c
        with writing(self.engine) as connection:
            gone = connection.execute(
                delete(SAVED_VIEW).where(view.account == account, view.number == number)
            )
            return bool(gone.rowcount)
