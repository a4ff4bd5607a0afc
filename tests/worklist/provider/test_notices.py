"""Which notices a provider can have, and that it can have no other file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from notices.site import KEY
from providing import Page
from signed import client_of
from sqlalchemy import update

from casebook.database import writing
from casebook.notice_models import NOTICE
from casebook.store import Casebook
from cli.worklist import files_of_notice, services_of
from schemas.accounts import Seen, User


def number_of(casebook: Casebook, provider: str) -> int:
    """Return the number of a provider's notice."""
    (row,) = casebook.notices().notices(provider_id=provider)
    return row.number


@pytest.mark.parametrize(
    ("kind", "name", "begins", "media"),
    [
        ("pdf", "P1_notice_2026-11-20.pdf", b"%PDF", "application/pdf"),
        ("txt", "P1_notice_2026-11-20.txt", b"", "text/plain; charset=utf-8"),
        ("xlsx", "P1_answers_2026-11-20.xlsx", b"PK", "application/vnd.openxml"),
    ],
)
def test_each_file_of_a_notice_can_be_had(
    p1: FlaskClient, casebook: Casebook, night: Any, kind: str, name: str, begins: bytes, media: str
) -> None:
    number = number_of(casebook, "P1")
    address = f"/notices/{number}/{kind}"
    page = Page(p1.get("/notices"))
    assert "20 November 2026 5 questions" in page.text
    assert address in page.links
    response = p1.get(address)
    assert response.data == (night.out / "2026-11-20" / "notices" / "P1" / name).read_bytes()
    assert response.data.startswith(begins)
    assert response.headers["Content-Disposition"] == f"attachment; filename={name}"
    assert response.headers["Content-Type"].startswith(media)
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "no-store"


def test_neither_anothers_notice_nor_any_other_file_can_be_had(
    p1: FlaskClient, p2: FlaskClient, casebook: Casebook
) -> None:
    own, others = number_of(casebook, "P1"), number_of(casebook, "P2")
    addresses = [f"/notices/{others}/{kind}" for kind in ("pdf", "txt", "xlsx")]
    addresses += [f"/notices/{number}/pdf" for number in (0, -1, 999, "9" * 30, "x")]
    kinds = ("json", "..", "pdf/..", "%2e%2e%2fsummary.json", "PDF")
    addresses += [f"/notices/{own}/{kind}" for kind in kinds]
    assert {address: p1.get(address).status_code for address in addresses} == dict.fromkeys(
        addresses, 404
    )
    assert p2.get(f"/notices/{others}/pdf").status_code == 200
    assert f"/notices/{others}/pdf" not in Page(p1.get("/notices")).links


def test_a_notice_whose_night_is_gone_is_written_anew(
    casebook: Casebook, night: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CPLI_IDENTITY_KEY", KEY)
    (row,) = casebook.notices().notices(provider_id="P1")
    there, away = (
        files_of_notice(casebook, night.settings, out, row) for out in (night.out, tmp_path)
    )
    assert there == away


def test_the_command_serves_notices_and_takes_lists(night: Any) -> None:
    services = services_of(night.settings, night.out)
    assert services.notice_files is not None
    assert services.take_caseload is not None


def test_a_notice_that_was_purged_is_said_to_be_gone(
    p1: FlaskClient, casebook: Casebook, night: Any
) -> None:
    with writing(casebook.engine) as connection:
        connection.execute(update(NOTICE).values(content=None, as_of=NOTICE.c.as_of))
    folder = night.out / "2026-11-20" / "notices"
    folder.rename(folder.with_name("hidden"))
    try:
        number = number_of(casebook, "P1")
        assert p1.get(f"/notices/{number}/pdf").location == "/notices"
        assert "We do not have this notice any more." in Page(p1.get("/notices")).text
        assert "27 November 2026" in Page(p1.get("/questions")).text
    finally:
        folder.with_name("hidden").rename(folder)


def test_who_took_a_notice_is_on_record(
    app: Flask, user_of: Callable[[str], User], casebook: Casebook
) -> None:
    user = user_of("P1")
    client_of(app, user).get(f"/notices/{number_of(casebook, 'P1')}/txt")
    (noted,) = casebook.audit().history_of_user(user.number)
    assert noted.entry.what is Seen.NOTICE


def test_who_has_no_notice_yet_is_told_so(app: Flask, user_of: Callable[[str], User]) -> None:
    page = Page(client_of(app, user_of("P9")).get("/notices"))
    assert "There is no notice for you yet." in page.text
