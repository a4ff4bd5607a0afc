"""A council's templates win, stay in their folder, and say where they break, not about whom."""

from datetime import date
from pathlib import Path

import pytest
from jinja2 import TemplateNotFound

from publishing import templates
from publishing.templates import Templates, british_date, percent, thousands
from schemas.errors import WrongUsage

MARKER = "Zebediah Markerson"


@pytest.fixture
def ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "ours"
    folder.mkdir()
    (folder / "hello.html.j2").write_text("<p>Hello {{ name }}</p>")
    (folder / "hello.txt.j2").write_text("Hello {{ name }}")
    monkeypatch.setattr(templates, "OURS", folder)
    return folder


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    folder = tmp_path / "theirs"
    folder.mkdir()
    return folder


def test_text_from_outside_is_escaped_where_it_would_be_markup(ours: Path):
    rendered = Templates().render("hello.html.j2", name="<script>{{ 7*7 }}&")
    assert rendered == "<p>Hello &lt;script&gt;{{ 7*7 }}&amp;</p>"
    assert Templates().render("hello.txt.j2", name="<b>&") == "Hello <b>&"


def test_a_councils_own_template_wins_and_others_stay_ours(ours: Path, theirs: Path):
    (theirs / "hello.txt.j2").write_text("Good day {{ name }}")
    own = Templates(theirs)
    assert own.text("hello.txt.j2") == "Good day {{ name }}"
    assert own.render("hello.txt.j2", name="Jo") == "Good day Jo"
    assert own.render("hello.html.j2", name="Jo") == "<p>Hello Jo</p>"
    own.check()


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("\n{{ name", "line 2, is not written as a template should be"),
        ("\n\n{{ name[name] }}", "line 3, uses a name that does not exist"),
        ("{{ nobody }}", "line 1, uses a name that does not exist"),
        ("{{ name + 1 }}", "line 1, cannot be filled in (TypeError)"),
        ("{{ 1 // (name|length - 18) }}", "line 1, cannot be filled in (ZeroDivisionError)"),
        ("{{ name|nosuchfilter }}", "line 1, is not written as a template should be"),
        ("{{ name.__class__.__mro__ }}", "line 1, cannot be filled in (SecurityError)"),
        ("{% include name %}", "line 1, asks for a template that is not there"),
        ("{% include 'hello.txt.j2' %}", "cannot be filled in (RecursionError)"),
        ("{{ '%d' % name }}", "line 1, cannot be filled in (TypeError)"),
    ],
)
def test_a_broken_template_is_told_by_file_and_line_and_quotes_nobody(
    ours: Path, theirs: Path, written: str, says: str
):
    (theirs / "hello.txt.j2").write_text(written)
    with pytest.raises(WrongUsage) as raised:
        Templates(theirs).render("hello.txt.j2", name=MARKER)
    assert f"{theirs / 'hello.txt.j2'}, " in str(raised.value)
    assert says in str(raised.value)
    assert MARKER not in str(raised.value)
    assert raised.value.__context__ is None


def test_a_fault_in_our_own_template_is_not_blamed_on_a_council(ours: Path, theirs: Path):
    (ours / "hello.txt.j2").write_text("{{ name + 1 }}")
    with pytest.raises(TypeError):
        Templates(theirs).render("hello.txt.j2", name="Jo")


@pytest.mark.parametrize(
    "name", ["../secret.txt", "a/../../secret.txt", "/etc/hostname", "link.txt", "none.j2", ""]
)
def test_no_name_leads_out_of_the_folders(ours: Path, theirs: Path, name: str):
    (theirs.parent / "secret.txt").write_text("secret")
    (theirs / "link.txt").symlink_to(theirs.parent / "secret.txt")
    with pytest.raises(TemplateNotFound):
        Templates(theirs).text(name)
    (theirs / "hello.txt.j2").write_text(f"{{% include '{name}' %}}")
    with pytest.raises(WrongUsage, match="asks for a template that is not there"):
        Templates(theirs).render("hello.txt.j2", name="Jo")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("hullo.txt.j2", b"", "is no template of ours"),
        ("hello.txt.j2", b"{% if %}", "line 1, is not written as a template should be"),
        ("hello.txt.j2", b"\xff\xfe", "is not UTF-8 text"),
    ],
)
def test_what_is_wrong_with_a_folder_shows_before_the_night(
    ours: Path, theirs: Path, name: str, content: bytes, says: str
):
    (theirs / name).write_bytes(content)
    with pytest.raises(WrongUsage, match=says):
        Templates(theirs).check()


def test_a_folder_that_is_not_there_is_told(ours: Path, tmp_path: Path):
    with pytest.raises(WrongUsage, match="is not there"):
        Templates(tmp_path / "none").check()


def test_our_own_templates_can_be_read():
    for path in templates.OURS.glob("*.j2"):
        Templates().environment.get_template(path.name)


def test_numbers_and_days_read_as_they_do_in_britain():
    assert british_date(date(2026, 11, 20)) == "20 November 2026"
    assert thousands(1234567) == "1,234,567"
    assert [percent(share) for share in (0.0, 0.004, 0.462, 0.996, 1.0)] == [
        "0%",
        "under 1%",
        "46%",
        "over 99%",
        "100%",
    ]
