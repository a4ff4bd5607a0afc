"""What a provider sees: what a notice of the latest night would tell it, and how that stands now.

All words and values come from what was kept for this provider alone. Of the cases themselves only
their kind and state are looked at, never what they say of a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from flask_login import current_user
from werkzeug.exceptions import NotFound

from casebook.asked import Asked, Given
from casebook.record import CaseState
from publishing.notices.facts import GROUPS, Group, Item, Notice
from schemas.accounts import User
from schemas.errors import PersonNeeded
from schemas.notices import pseudonym
from worklist.provider.asking import QUESTIONS, Question, question
from worklist.services import services

SETTLED = frozenset({CaseState.RESOLVED, CaseState.ACCEPTED, CaseState.RESOLVED_BY_DATA})


@dataclass(frozen=True, kw_only=True)
class OwnCase:
    """A case as its provider sees it.

    `reference` stands for it in addresses: its own id is made of whom it is about, who may be a
    stranger to the provider.
    """

    reference: str
    item: Item = field(repr=False)
    asked: Asked = field(repr=False)

    @property
    def group(self) -> Group:
        """Under which heading it stands now."""
        return Group.WITH_COUNCIL if self.is_with_council else GROUPS[self.asked.kind]

    @property
    def is_with_council(self) -> bool:
        """Whether the provider has nothing to do about it."""
        return self.is_settled or self.asked.state is CaseState.AWAITING_COUNCIL

    @property
    def is_settled(self) -> bool:
        """Whether the council has done with it since the night."""
        return self.asked.state in SETTLED

    @property
    def question(self) -> Question:
        """What is asked, and what can be chosen."""
        return QUESTIONS[self.asked.kind]

    @property
    def asks(self) -> str:
        """The question in full."""
        return question(self.item, self.asked.kind)

    @property
    def last(self) -> Given | None:
        """The last answer, if any."""
        return self.asked.last


@dataclass(frozen=True, kw_only=True)
class Own:
    """All that a provider sees of the latest night; `notice` is None before there was any."""

    notice: Notice | None = field(repr=False)
    cases: tuple[OwnCase, ...] = field(repr=False)

    @property
    def to_do(self) -> tuple[OwnCase, ...]:
        """The questions that wait for an answer, in their order."""
        return tuple(each for each in self.cases if not each.is_with_council)

    @property
    def groups(self) -> list[tuple[Group, list[OwnCase]]]:
        """The cases under their headings."""
        grouped = [(group, [each for each in self.cases if each.group is group]) for group in Group]
        return [(group, cases) for group, cases in grouped if cases]

    def of(self, reference: str) -> OwnCase | None:
        """Return a case, or None where the provider is not told of any such."""
        return next((each for each in self.cases if each.reference == reference), None)


def provider_id() -> str:
    """Return whose page it is."""
    user: User = current_user.user
    if user.provider_id is None:
        raise NotFound
    return user.provider_id


def own() -> Own:
    """Return what the provider who is signed in sees."""
    whose = provider_id()
    page = services().casebook.notices().page(whose)
    if page is None:
        return Own(notice=None, cases=())
    notice = Notice.from_json(page.content)
    asked = services().casebook.asked().of(whose, [item.case for item in notice.items])
    cases = [
        OwnCase(reference=_reference(whose, item.case), item=item, asked=asked[item.case])
        for item in notice.items
        if item.case in asked and asked[item.case].kind in GROUPS
    ]
    return Own(notice=notice, cases=_in_order(cases))


def was_asked(reference: str) -> bool:
    """Say whether a reference stands for any case of the provider, be it settled long ago.

    Nobody can guess one, so whoever knows it has been asked about that case.
    """
    whose = provider_id()
    ids = services().cases.ids_of(whose)
    return any(_reference(whose, case) == reference for case in ids)


def answer_by(own: Own) -> date | None:
    """Return by when answers are due: as the latest notice says, if it asked for any.

    What is kept for the page speaks of tonight's notice, whose day would move on with every night.
    """
    if own.notice is None:
        return None
    notices = services().casebook.notices()
    rows = notices.notices(provider_id=own.notice.provider_id)
    if rows and rows[-1].cases:
        try:
            return Notice.from_json(notices.content(rows[-1].number)).reply_by
        except PersonNeeded:  # it is purged
            pass
    return own.notice.reply_by


def _in_order(cases: Sequence[OwnCase]) -> tuple[OwnCase, ...]:
    order = list(Group)
    return tuple(sorted(cases, key=lambda each: order.index(each.group)))


def _reference(whose: str, case: str) -> str:
    key = services().settings.secret_key
    if key is None:
        raise ValueError("the site was made without a key")
    return pseudonym(key.get_secret_value().encode(), provider_id=whose, case=case)
