"""Views that people keep: each account its own, by name, and no more than they need."""

import pytest

from casebook.store import Casebook
from casebook.views import VIEWS_AT_MOST, SavedView, Views
from schemas.errors import WrongUsage


@pytest.fixture
def views(casebook: Casebook) -> Views:
    return casebook.views()


def test_an_account_has_its_own_views_by_name(views: Views) -> None:
    views.add(1, name=" Overdue ", query="due=overdue")
    views.add(2, name="Overdue", query="due=overdue&team=South")
    views.add(1, name="Mine", query="worker=jo")
    mine = [SavedView(number=3, name="Mine", query="worker=jo")]
    assert views.of(1) == [*mine, SavedView(number=1, name="Overdue", query="due=overdue")]
    assert [view.query for view in views.of(2)] == ["due=overdue&team=South"]
    assert views.of(3) == []


def test_a_view_of_the_same_name_takes_the_place_of_the_one_before(views: Views) -> None:
    for query in ("state=open", "state=resolved"):
        views.add(1, name="Overdue", query=query)
    assert views.of(1) == [SavedView(number=1, name="Overdue", query="state=resolved")]


def test_nobody_removes_the_view_of_somebody_else(views: Views) -> None:
    views.add(1, name="Overdue", query="due=overdue")
    assert views.remove(2, 1) is False
    assert len(views.of(1)) == 1
    assert views.remove(1, 1) is True
    assert views.of(1) == []


@pytest.mark.parametrize(
    ("name", "query", "said"),
    [
        ("", "a=1", "Give the view a name"),
        ("  ", "a=1", "Give the view a name"),
        ("x" * 201, "a=1", "Give the view a name"),
        ("two\nlines", "a=1", "Give the view a name"),
        ("Mine", "x" * 2_001, "too long to be kept, or"),
        ("Mine", "a=\0", "too long to be kept, or"),
    ],
)
def test_what_cannot_be_kept_is_refused(views: Views, name: str, query: str, said: str) -> None:
    with pytest.raises(WrongUsage, match=said):
        views.add(1, name=name, query=query)
    assert views.of(1) == []


def test_an_account_keeps_only_so_many(views: Views) -> None:
    for number in range(VIEWS_AT_MOST):
        views.add(1, name=f"View {number}", query="a=1")
    with pytest.raises(WrongUsage, match="Remove one"):
        views.add(1, name="One more", query="a=1")
    views.add(1, name="View 0", query="a=2")
    views.add(2, name="One more", query="a=1")
    assert len(views.of(1)) == VIEWS_AT_MOST
