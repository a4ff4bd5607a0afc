"""A check says whether Notify takes our key and whether its templates are those that we fill."""

import pytest
from notify.conftest import address_of, place_at
from servers.fhir import Between, Says
from servers.notify import NOTHING, SERVICE, TEXT, WAITING, Notify

from connectors.notify.checking import Checked, check
from connectors.notify.faults import Fault

pytestmark = pytest.mark.server

TEMPLATES = {"template_waiting": WAITING, "template_nothing_to_do": NOTHING}


def said(found: Checked) -> tuple[bool, bool, list[Fault]]:
    """Return what a check found, in short."""
    return found.reachable, found.let_in, [each.fault for each in found.troubles]


def test_a_service_that_is_set_up_is_looked_at_and_sent_nothing(
    wall: Between, there: Notify
) -> None:
    found = check(place_at(address_of(wall)), TEMPLATES)
    assert (said(found), found.place) == ((True, True, []), "GOV.UK Notify (127.0.0.1)")
    assert [each.method for each in wall.asked] == ["GET"]
    assert there.emails == []


@pytest.mark.parametrize("placeholder", ["((Notice date))", "((notice-date))", "((REPLY_BY??x))"])
def test_placeholders_are_compared_as_notify_does(there: Notify, placeholder: str) -> None:
    there.templates[WAITING].body = placeholder
    assert said(check(place_at(there.base_url), TEMPLATES)) == (True, True, [])


def test_each_template_that_will_not_do_is_named(there: Notify) -> None:
    there.templates[WAITING].body = "((where)) ((Margaret))"
    templates = {
        **TEMPLATES,
        "another": TEXT,
        "a third": "Margaret",
        "a fourth": WAITING.upper(),
        "a fifth": SERVICE,
    }
    found = check(place_at(there.base_url), templates)
    assert said(found) == (
        True,
        True,
        [
            *(Fault.WORDS_MISSING, Fault.TEMPLATE_UNFIT, Fault.TEMPLATE_UNKNOWN),
            *(Fault.WORDS_MISSING, Fault.TEMPLATE_UNKNOWN),
        ],
    )
    texts = [str(each) for each in found.troubles]
    assert "template_waiting" in texts[0]
    assert "such template a third" in texts[2]
    assert "Margaret" not in "".join(texts)


def test_a_template_that_was_deleted_is_missed(there: Notify) -> None:
    there.templates[NOTHING].deleted = True
    assert said(check(place_at(there.base_url), TEMPLATES)) == (
        *(True, True),
        [Fault.TEMPLATE_UNKNOWN],
    )


def test_a_key_that_is_refused_is_told_from_nobody_there(wall: Between, there: Notify) -> None:
    stranger = place_at(there.base_url, api_key=f"x-{SERVICE}-{SERVICE}")
    assert said(check(stranger, TEMPLATES)) == (True, False, [Fault.KEY_REFUSED])
    wall.behaves = Says(status=403, body="<html>Blocked</html>")
    assert said(check(place_at(address_of(wall)), TEMPLATES)) == (
        *(False, False),
        [Fault.NOT_NOTIFY],
    )
    wall.behaves = Says(status=500)
    assert said(check(place_at(address_of(wall)), TEMPLATES)) == (
        *(False, False),
        [Fault.SERVER_FAILED],
    )
    assert len(wall.asked) == 2
