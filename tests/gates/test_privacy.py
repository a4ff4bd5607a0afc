"""What gates, alerts and lineage say of nights names nobody, whatever stands in the sources."""

import json
from io import BytesIO
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from alerts.conftest import certificate, hook, mail
from feed.leaks import leaks_below, people_in
from folders.canonical import LEICESTER, LEICESTERSHIRE, RUTLAND, Sources, csv_bytes, shown
from gates.site import FRIDAY, Site, failed
from servers.certificate import HOST, Certificate
from servers.fhir import Between
from servers.mail import PASSWORD, USER, MailServer

from flows.steps import Done
from quality import judging
from schemas.gates import GateSource
from schemas.tables import CPLI

__all__ = ["certificate", "hook", "mail"]
COUNTED = ("gate_result", "gate_release", "alert", "alert_message", "night_schema", "source_schema")
"""Tables of which no column may hold a person."""


def slipped(site: Site, sources: Sources) -> None:
    """Have columns slip at Leicestershire, and other ids and people in a portal and a list."""
    moved = {"commissioning_team": "family_name", "family_name": "commissioning_worker",
             "provider_id": "person_id", "person_id": "provider_id"}  # fmt: skip
    rows = [
        row | {name: row[other] for name, other in moved.items()} for row in site.of(LEICESTERSHIRE)
    ]
    sources.write(f"council/{LEICESTERSHIRE}/cpli.csv", csv_bytes(rows, CPLI.known))
    strange = [shown(row, cpli_id=f"X{row['cpli_id']}") for row in site.of(LEICESTER)]
    sources.portal(LEICESTER, strange, dated=FRIDAY)
    sources.caseload("P1", site.anothers("P2", "P1"), dated=FRIDAY)


@pytest.fixture
def spoilt(
    site: Site,
    certificate: Certificate,
    mail: MailServer,
    hook: Between,
    monkeypatch: pytest.MonkeyPatch,
) -> Site:
    """A site of which on the third night every kind of source fails, and people are alerted."""
    email = {
        "host": HOST,
        "port": mail.port,
        "username": USER,
        "password": PASSWORD,
        "ca_file": certificate.certificate,
        "sender": "cpli@example.org",
        "recipients": json.dumps(["ops@example.org"]),
    }
    for name, value in email.items():
        monkeypatch.setenv(f"CPLI_ALERTS__EMAIL__{name.upper()}", str(value))
    url = f"http://{HOST}:{hook.server_address[1]}/hook"
    monkeypatch.setenv("CPLI_ALERTS__WEBHOOK__URL", url)
    site.forgotten.add(RUTLAND)
    site.spoil = lambda sources: slipped(site, sources)
    site.more = f'[lineage]\nfile = "{site.home / "lineage.ndjson"}"\n'
    return site


def everything_fails(done: Done) -> None:
    sources = {
        each.source
        for owner in (LEICESTER, LEICESTERSHIRE, RUTLAND, "P1")
        for each in failed(done.gates, owner)
    }
    assert sources == set(GateSource) - {GateSource.PROVIDERS}


def test_nobody_is_named_by_what_gates_say_show_log_and_keep(
    spoilt: Site,
    mail: MailServer,
    hook: Between,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with caplog.at_level("DEBUG"):
        done = spoilt.do()
        everything_fails(done)
        # What is released of a council whose columns have slipped is believed, and shown as it is.
        codes = [spoilt.release("Rutland"), spoilt.release(LEICESTER)]
        codes.append(
            spoilt.cpli("release", str(FRIDAY), "--provider", "P1", "--reason", "So it is")
        )
        codes += [
            spoilt.release("Rutland"),
            spoilt.cpli("rerun", str(FRIDAY)),
            spoilt.cpli("alerts"),
        ]
    assert set(codes) <= {0, 2, 3}
    shown_ = capfd.readouterr()
    for said in (
        shown_.out + shown_.err,
        caplog.text,
        repr([vars(record) for record in caplog.records]),
        repr(done),
        *(it.text + str(it.message["Subject"]) for it in mail.mails),
        *(it.body.decode() for it in hook.asked),
    ):
        assert people_in(said) == set()
    assert mail.mails
    assert hook.asked
    assert leaks_below(spoilt.out) == {}
    names = {path.name for path in (spoilt.out / str(FRIDAY) / "quality").iterdir()}
    assert names == {"gates.html", "gates.json", "gates.csv", "lineage.json"}
    tables = spoilt.tables()
    for name in COUNTED:
        assert tables[name], name
        assert people_in(repr(tables[name])) == set(), name
    for row in tables["gate_night"]:
        assert people_in(repr({**row, "profile": in_plain(row["profile"])})) == set()


def in_plain(profile: bytes | None) -> str:
    """Return all that can be read of what is kept of a source."""
    if profile is None:
        return ""
    table = pq.read_table(BytesIO(profile))
    return repr((profile, table.schema.metadata, table.to_pylist()))


def test_what_is_told_by_lineage_names_nobody(spoilt: Site, tmp_path: Path) -> None:
    from flows.lineage import telling
    from flows.origin import origin_of

    spoilt.become(FRIDAY)
    spoilt.write()
    origin = origin_of(None, spoilt.out, config=spoilt.config, as_of=FRIDAY)
    with telling(origin, run_id=None) as lineage:
        done = spoilt.once_more()
        everything_fails(done)
        lineage.done(done, done.gates)
    told = (spoilt.home / "lineage.ndjson").read_text(encoding="utf-8")
    assert "support_lost_share" in told or "kept_share" in told
    assert people_in(told) == set()


def test_great_expectations_says_nothing_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    judging._great_expectations()
    judging._great_expectations.cache_clear()
    with caplog.at_level("INFO"):
        judging._great_expectations()
    assert [it.name for it in caplog.records if it.name.startswith("great_expectations")] == []
