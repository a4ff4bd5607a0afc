"""Files that are asked for by a trick, and files that are too large or not what they say."""

import io
import re
import resource
import time
import zipfile
from typing import Any

import pytest
from openpyxl import Workbook
from signed import client_of
from sweeping import World, allowed, methods_of, roles, text_of
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from schemas.accounts import Role
from worklist.security import UPLOAD_BYTES

OUTSIDE = "what lies outside"
TRICKS = (
    "../../outside.txt",
    "..%2f..%2foutside.txt",
    "%2e%2e/%2e%2e/outside.txt",
    "%252e%252e%252foutside.txt",
    "..%5c..%5coutside.txt",
    "/outside.txt",
    "%2foutside.txt",
    "report%00.html",
    "discrepancies.csv",
    "held/../../outside.txt",
    "....//outside.txt",
    "{}",
    "0",
)
DISPOSITION = re.compile(r'(attachment|inline); filename="?[A-Za-z0-9_.-]+"?')
SECONDS = 15
MEGABYTE = 1024 * 1024


def sent(world: World, content: bytes, name: str = "list.xlsx", **more: Any) -> TestResponse:
    """Send a file as a provider's list."""
    fields = {
        "csrf_token": world.token(Role.PROVIDER_USER),
        "day": ["20", "11", "2026"],
        "file": FileStorage(io.BytesIO(content), filename=name),
        **more,
    }
    edge, body = encode_multipart(fields)
    return world.browser(Role.PROVIDER_USER).post(
        "/lists", data=body, content_type=f'multipart/form-data; boundary="{edge}"'
    )


def workbook(**parts: bytes) -> bytes:
    """Return a workbook of one sheet, with parts of it replaced."""
    made, whole = io.BytesIO(), io.BytesIO()
    book = Workbook()
    book.active.append(["Name", "NHS number"])
    book.save(made)
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            new.writestr(info, parts.pop(info.filename, None) or old.read(info))
        for name, content in parts.items():
            new.writestr(name, content)
    return whole.getvalue()


def bomb() -> bytes:
    """Return a small workbook that unpacks to a quarter of a gigabyte."""
    return workbook(**{"xl/worksheets/sheet1.xml": b"<a>" + b" " * (256 * MEGABYTE) + b"</a>"})


def billion_laughs() -> bytes:
    """Return a workbook whose text grows by entities."""
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "lol"}">' for n in range(10))
    text = f'<?xml version="1.0"?><!DOCTYPE l [{entities}]><sst><si><t>&l9;</t></si></sst>'
    return workbook(**{"xl/sharedStrings.xml": text.encode()})


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("role", roles(Role.MANAGER, Role.PROVIDER_USER, of=Role))
def test_no_address_leads_to_a_file_that_is_not_offered(world: World, role: Role) -> None:
    browser = world.browser(role)
    for folder in (world.out, world.out.parent, world.out / world.ours.night):
        (folder / "outside.txt").write_text(OUTSIDE, encoding="utf-8")
    night, ours = world.ours.night, world.ours.council
    for trick in TRICKS:
        for path in (
            f"/nights/{night}/files/{trick}",
            f"/nights/{trick}/files/summary",
            f"/nights/{night}/councils/{trick}/report",
            f"/nights/{night}/councils/{ours}/{trick}",
            f"/nights/2026-11-19/councils/{ours}/{trick}",
            f"/notices/{trick}/txt",
            f"/notices/1/{trick}",
            f"/lists/{trick}",
            f"/static/{trick}",
        ):
            answer = browser.get(path, buffered=True)
            assert answer.status_code in {308, 403, 404}, path
            assert OUTSIDE not in text_of(answer), path


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("role", roles(Role.MANAGER, Role.PROVIDER_USER, of=Role))
def test_files_are_named_by_plain_names(world: World, role: Role) -> None:
    browser, named = world.browser(role), 0
    for rule in world.rules():
        if not allowed(rule.endpoint, role) or "GET" not in methods_of(rule):
            continue
        for (path,) in world.addresses(rule, world.ours):
            answer = browser.get(path, buffered=True)
            said = answer.headers.get("Content-Disposition")
            if said is not None and rule.endpoint != "static":
                assert DISPOSITION.fullmatch(said), (path, said)
                assert said.startswith("attachment"), (path, said)
                named += 1
            elif answer.mimetype not in {"text/html", "image/svg+xml", "text/css"}:
                assert answer.mimetype == "text/plain", path
    assert named


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize(
    ("content", "name"),
    [
        (bomb, "list.xlsx"),
        (billion_laughs, "list.xlsx"),
        (lambda: workbook(**{"xl/vbaProject.bin": b"macro" * 100}), "list.xlsm"),
        (lambda: b"MZ" + b"\0" * 1000, "list.exe"),
        (lambda: b"<html><script>zq9</script></html>", "list.html"),
        (lambda: b"PK\x03\x04" + b"\0" * 5000, "list.xlsx"),
        (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 5000, "list.xls"),
        (lambda: b"", "list.csv"),
        (lambda: b"a,b\n" * 200_000, "../../../etc/list.csv"),
        (lambda: b'"' + b"x" * MEGABYTE, "list.csv"),
        (lambda: b"," * MEGABYTE, "li\r\nX-Evil: 1\0st.csv"),
    ],
    ids=["bomb", "laughs", "xlsm", "exe", "html", "zip", "xls", "none", "csv", "quote", "commas"],
)
def test_what_is_no_list_is_refused_soon_and_nothing_of_it_is_kept(
    world: World, content: Any, name: str
) -> None:
    made = content()
    before = set(world.lists.rglob("*"))
    peak, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    answer = sent(world, made, name)
    assert time.process_time() - began < SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak < 200 * 1024
    assert answer.status_code in {302, 400, 413}, answer.text
    assert "X-Evil" not in answer.headers
    assert set(world.lists.rglob("*")) == before
    if answer.status_code == 302:
        page = world.browser(Role.PROVIDER_USER).get(answer.location)
        assert page.status_code == 200
        assert "zq9" not in page.text


@pytest.mark.usefixtures("patient")
def test_what_is_too_large_is_refused_before_it_is_read(world: World) -> None:
    before = world.contents()
    for role, path, most in (
        (None, "/sign-in", 600_000),
        (None, "/lists", 600_000),
        (Role.TEAM_LEAD, "/cases/search", 600_000),
        (Role.PROVIDER_USER, "/questions/" + world.ours.reference, 600_000),
        (Role.PROVIDER_USER, "/lists", UPLOAD_BYTES + MEGABYTE),
    ):
        browser = client_of(world.app, world.users[role] if role else None)
        began = time.process_time()
        answer = browser.post(
            path, data=b"x" * most, content_type="application/x-www-form-urlencoded"
        )
        assert answer.status_code == 413, path
        assert "That is too much" in answer.text
        assert time.process_time() - began < 2
    assert world.contents() == before


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("parts", [10_000, 200_000])
def test_a_form_of_ten_thousand_parts_is_refused_soon(world: World, parts: int) -> None:
    before, edge = world.contents(), "--edge"
    part = f'{edge}\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n'
    body = (part * parts + f"{edge}--\r\n").encode()
    began = time.process_time()
    answer = world.browser(Role.PROVIDER_USER).post(
        "/lists", data=body, content_type="multipart/form-data; boundary=edge"
    )
    assert answer.status_code == 413
    assert time.process_time() - began < 5
    assert world.contents() == before
