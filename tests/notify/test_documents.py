"""docs/notify.md lists every fault and every word, and its templates are ones that we fill."""

import re
import tomllib
from pathlib import Path

import pytest
from notify.conftest import place_at
from notify.test_sending import GIVEN, send
from servers.notify import NOTHING, PLACEHOLDER, WAITING, Notify

from connectors.notify.checking import check
from connectors.notify.faults import LATER, PASSING, Fault
from connectors.notify.postbox import WORDS, Postbox

TEXT = (Path(__file__).parents[2] / "docs" / "notify.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `(notify_\w+)` \| ([^|]*) \|", TEXT, re.MULTILINE))
BLOCKS = re.findall(r"```text\n(.*?)```", TEXT, re.DOTALL)
WAITING_TEXT, NOTHING_TEXT = BLOCKS[0] + BLOCKS[1], BLOCKS[2] + BLOCKS[3]


def test_every_fault_has_a_row_that_says_what_is_tried_again() -> None:
    assert set(ROWS) == set(map(str, Fault))
    assert {fault for fault in Fault if ROWS[fault].startswith("at once")} == PASSING
    assert {fault for fault in Fault if ROWS[fault] != "no"} == LATER


def test_every_word_that_we_give_has_a_row() -> None:
    table = TEXT.partition("## What we send")[2].partition("##")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == WORDS


def test_the_templates_together_use_every_word_that_we_give() -> None:
    assert len(BLOCKS) == 4
    assert set(PLACEHOLDER.findall(WAITING_TEXT)) == WORDS
    assert set(PLACEHOLDER.findall(NOTHING_TEXT)) == WORDS - {"reply_by"}


@pytest.mark.server
def test_the_templates_are_ones_that_we_fill(there: Notify, postbox: Postbox) -> None:
    there.templates[WAITING].body = WAITING_TEXT
    there.templates[NOTHING].body = NOTHING_TEXT
    settings = tomllib.loads(re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)[0])
    templates = settings["notices"].pop("email")
    assert templates == {"template_waiting": WAITING, "template_nothing_to_do": NOTHING}
    assert check(place_at(there.base_url), templates).troubles == ()
    for reference, template_id in (("1", WAITING), ("2", NOTHING)):
        send(postbox, reference=reference, template_id=template_id)
    for email in there.emails:
        assert "((" not in email.body
        assert GIVEN["where"] in email.body
