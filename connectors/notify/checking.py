"""What can be told of GOV.UK Notify without sending anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.notify.answers import EMAIL, Template, Templates
from connectors.notify.faults import Fault, NotifyLater, NotifyRefused, NotifyTrouble, trouble
from connectors.notify.line import Line
from connectors.notify.place import NotifyPlace
from connectors.notify.postbox import WORDS
from connectors.retry import Retry

ONCE = Retry(tries=1)
GIVEN = frozenset(word.replace("_", "") for word in WORDS)
ANSWERED = frozenset({Fault.BUSY, Fault.CLOCK_WRONG, Fault.KEY_REFUSED, Fault.REFUSED})
"""What says that Notify was reached."""


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What a look at Notify found; each of `troubles` says who should do what.

    `reachable` says that Notify answered, `let_in` that it took our key.
    """

    place: str
    reachable: bool = False
    let_in: bool = False
    troubles: tuple[NotifyTrouble, ...] = ()


def check(place: NotifyPlace, templates: Mapping[str, str], *, retry: Retry = ONCE) -> Checked:
    """Look at templates, their ids given by what the configuration calls them.

    Sends nothing and raises nothing of ours.
    """
    line = Line(place, retry=retry)
    try:
        held = line.again(lambda: line.ask(lambda client: client.get_all_templates(), Templates))
    except (NotifyLater, NotifyRefused) as fault:
        reachable = fault.fault in ANSWERED
        return Checked(place=place.described, reachable=reachable, troubles=(fault,))
    finally:
        line.close()
    by_id = {str(each.id): each for each in held.templates}
    faults = {name: _wrong_with(by_id.get(each.casefold())) for name, each in templates.items()}
    troubles = (trouble(fault, place, what=name) for name, fault in faults.items() if fault)
    return Checked(place=place.described, reachable=True, let_in=True, troubles=tuple(troubles))


def _wrong_with(template: Template | None) -> Fault | None:
    if template is None:
        return Fault.TEMPLATE_UNKNOWN
    if template.type != EMAIL:
        return Fault.TEMPLATE_UNFIT
    return None if GIVEN.issuperset(template.placeholders()) else Fault.WORDS_MISSING
