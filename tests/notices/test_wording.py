"""The words of notices: whole, plain, and a council's own before ours."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from publishing.notices.facts import GROUPS, Group
from publishing.notices.wording import FACTS, FILE, in_words, rows_in_words, wording_of
from publishing.templates import OURS, Templates
from schemas.errors import WrongUsage
from schemas.vocabularies import CaseloadFailure, NotFoundReason

WORDS = tomllib.loads((OURS / FILE).read_text(encoding="utf-8"))
JARGON = (
    "CPLI",
    "caseload",
    "entry",
    "reconcil",
    "discrepanc",
    "utilis",
    "whilst",
    "via ",
)


def sentences(words: dict[str, object], *path: str) -> Iterator[tuple[tuple[str, ...], str]]:
    for name, value in words.items():
        if isinstance(value, dict):
            yield from sentences(value, *path, name)
        else:
            assert isinstance(value, str)
            yield (*path, name), value


def test_there_are_words_for_all_that_a_provider_is_asked() -> None:
    assert set(WORDS["types"]) == {kind.value for kind in GROUPS}
    assert set(WORDS["groups"]) == set(Group.codes())
    assert set(WORDS["list"]["reasons"]) == set(CaseloadFailure.codes())
    for kind, words in WORDS["types"].items():
        assert (
            {"found", "record", "said", "do"}
            <= set(words)
            <= {*("found", "record", "said", "do", "reasons")}
        ), kind
        assert set(words.get("reasons", ())) <= set(NotFoundReason.codes())


def test_every_sentence_has_only_the_facts_that_it_is_given() -> None:
    for path, sentence in sentences(WORDS):
        names = {name for _, name, _, _ in Formatter().parse(sentence) if name}
        assert names <= FACTS[path[0]], path


def test_the_words_are_plain() -> None:
    said = [(path, word) for path, text in sentences(WORDS) for word in JARGON if word in text]
    assert said == []
    for path, sentence in sentences(WORDS):
        for each in re.split(r"(?<=[.?!]) ", sentence):
            assert len(each.split()) <= 30, path


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("active since 2026-05-01", "since 1 May 2026"),
        ("active since 2023-07-06, 3.5 hours", "since 6 July 2023, 3.5 hours a week"),
        ("ended 2025-04-01 to 2026-06-30", "from 1 April 2025 to 30 June 2026"),
        ("planned since 2027-03-29", "from 29 March 2027"),
        ("active until 2026-06-30", "until 30 June 2026"),
        ("active no dates", "no dates given"),
        ("2027-04-18", "18 April 2027"),
        ("1 hours", "1 hour a week"),
        ("5 visits", "5 visits a week"),
        ("0.25 weeks", "0.25 weeks"),
        ("HS", "Home Support"),
        ("STRC", "Short Term Residential Care"),
        ("", ""),
    ],
)
def test_what_a_side_says_reads_as_people_write_it(value: str, words: str) -> None:
    assert in_words(value) == words


@pytest.mark.parametrize(
    ("rows", "words"),
    [("4", "Row 4"), ("4;12", "Rows 4 and 12"), ("4;9;12", "Rows 4, 9 and 12")],
)
def test_rows_read_as_people_say_them(rows: str, words: str) -> None:
    assert rows_in_words(rows) == words


def own(folder: Path, text: str) -> Templates:
    (folder / FILE).write_text(text, encoding="utf-8")
    return Templates(folder)


def test_a_council_s_words_come_before_ours_and_the_rest_stays(tmp_path: Path) -> None:
    words = wording_of(own(tmp_path, '[words]\nsender = "Rutland"\n'))
    assert words("words", "sender") == "Rutland"
    assert words("words", "not_known") == WORDS["words"]["not_known"]
    assert words.has("types", "cpli_not_found", "reasons", "cpli_not_authorised")
    assert not words.has("types", "cpli_not_found", "reasons", "person_unknown")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[words\n", "is no TOML"),
        ('[words]\nsendr = "x"\n', "has words.sendr, which is none of ours"),
        ("[words]\nsender = 7\n", "has words.sender, which must be text"),
        ('words = "x"\n', "has words, which is none of ours"),
        ('[types.quantity_differs]\nrecord = "{amount}"\n', "uses {amount} in types.quantity_diff"),
        ('[groups.differs]\nintro = "{council}"\n', "uses {council} in groups.differs.intro"),
        ('[words]\nby_when = "by {reply_by"\n', "curly brackets in words.by_when"),
        ('[words]\nby_when = "{reply_by.__class__}"\n', "uses {reply_by.__class__}"),
    ],
)
def test_words_that_cannot_be_used_are_refused_with_their_place(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(WrongUsage, match=re.escape(said)) as refused:
        wording_of(own(tmp_path, text))
    assert FILE in str(refused.value)
