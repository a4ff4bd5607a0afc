from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from folders.canonical import (
    AS_OF,
    CASELOAD_DATE,
    COUNCILS,
    LEICESTER,
    LEICESTERSHIRE,
    RUTLAND,
    Sources,
    cpli,
    csv_bytes,
    entry,
    shown,
)

from casebook.record import NightOutcome, SourceOutcome
from flows.account import Account
from flows.faults import Unforeseen
from flows.steps import conclude, failed, insist_on_something, open_source, pull_in_memory
from schemas.errors import NothingAssessed, PersonNeeded, SourceRefused, TryAgainLater, WrongUsage
from schemas.tables import CPLI
from settings.settings import Settings

SETTINGS = Settings(identity_key="a key for tests alone")


def night_of(sources: Sources | Path, *, as_of: date = AS_OF) -> Account:
    """Read and reconcile a folder."""
    root = sources.root if isinstance(sources, Sources) else sources
    source, known = open_source(root)
    return conclude(
        pull_in_memory(source, known, as_of=as_of, settings=SETTINGS),
        as_of=as_of,
        settings=SETTINGS,
    )


def found(account: Account) -> list[tuple[str, str]]:
    frame = account.frames["discrepancies"].fillna("")
    return list(zip(frame["local_authority"], frame["type"], strict=True))


def refused(account: Account, file: str) -> list[tuple[str, str]]:
    frame = account.frames["refusals"]
    frame = frame[frame["file"] == file]
    return list(zip(frame["rule"], frame["level"], strict=True))


def outcomes(account: Account, source: str) -> dict[str, tuple[str, str | None]]:
    return {
        record.file: (record.outcome.value, record.reason)
        for record in account.sources
        if record.source == source
    }


def test_where_everybody_says_the_same_nothing_is_found(sources):
    account = night_of(sources)
    assert found(account) == []
    assert account.outcome is NightOutcome.COMPLETE
    assert failed(account) == ()
    assert account.frames["refusals"].empty
    assert {record.outcome for record in account.sources} == {SourceOutcome.USED}


def test_the_summary_counts_what_was_read_and_found(sources):
    row = sources.cplis[RUTLAND][0]
    bad = cpli(7, provider_id="P1", start_date="2026-02-30")
    sources.council(RUTLAND, [row, sources.cplis[RUTLAND][1], bad])
    others = [sources.cplis[LEICESTER][1], sources.cplis[LEICESTERSHIRE][1]]
    sources.caseload("P2", [entry(row, weekly_quantity="20"), *map(entry, others)])
    summary = night_of(sources).summary
    rutland = summary["councils"][RUTLAND]
    assert (rutland["rows_read"], rutland["rows_rejected"]) == (3, 1)
    assert rutland["portal"] == {"extract_date": "2026-11-19", "rows_read": 2, "rows_rejected": 0}
    assert (rutland["in_scope_active"], rutland["spells"]) == (2, 2)
    assert rutland["discrepancies"]["quantity_differs"] == 1
    assert summary["all"]["rows_read"] == 7
    assert summary["all"]["discrepancies"] == summary["councils"][RUTLAND]["discrepancies"]
    assert summary["caseloads"]["files"] == {"used": 2}
    assert summary["providers"] == {"registered": 2, "assessed": 2, "not_assessed": 0}


def test_a_council_whose_extract_did_not_come_is_left_out_and_named(sources):
    account = night_of(sources.remove(f"council/{RUTLAND}/cpli.csv"))
    [left_out] = failed(account)
    assert (left_out.local_authority, left_out.reason) == (RUTLAND, "not_received")
    assert "Ask" in left_out.message
    assert account.outcome is NightOutcome.INCOMPLETE
    assert found(account) == []
    assert refused(account, f"council/{RUTLAND}/cpli.csv") == [("not_received", "rejected")]
    assert outcomes(account, f"cpli {RUTLAND}") == {"": ("not_received", "not_received")}


def test_a_council_that_our_own_code_fails_on_is_left_out_without_a_word_of_its_data(
    sources, monkeypatch
):
    from flows import reading

    clean = reading.clean_cplis

    def failing(raw, *, local_authority, as_of):
        if local_authority == RUTLAND:
            raise ValueError(f"cannot cope with {raw.frame['family_name'].iloc[0]}")
        return clean(raw, local_authority=local_authority, as_of=as_of)

    monkeypatch.setattr(reading, "clean_cplis", failing)
    account = night_of(sources)
    [left_out] = failed(account)
    assert left_out.reason == "fault_of_ours"
    assert "ValueError at flows/reading.py:" in left_out.message
    assert "Family" not in left_out.message + account.frames["refusals"].to_csv()


@pytest.mark.parametrize("rule", ["not_received", "fault_of_ours"])
def test_the_others_fare_as_on_a_night_on_which_the_council_did_not_come(
    sources, monkeypatch, rule
):
    from flows import reading

    kept = sources.cplis[LEICESTER][0]
    sources.council(LEICESTER, [kept, cpli(8, provider_id="P1")])
    if rule == "not_received":
        sources.remove(f"council/{RUTLAND}/cpli.csv")
    else:
        clean = reading.clean_cplis

        def failing(raw, *, local_authority, as_of):
            if local_authority == RUTLAND:
                raise ZeroDivisionError
            return clean(raw, local_authority=local_authority, as_of=as_of)

        monkeypatch.setattr(reading, "clean_cplis", failing)
    account = night_of(sources)
    monkeypatch.undo()
    sources.remove(f"council/{RUTLAND}")
    without = night_of(sources)
    assert (LEICESTER, "support_not_reported") in found(account)
    assert [each for each in found(account) if each[0] == LEICESTER] == [
        each for each in found(without) if each[0] == LEICESTER
    ]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TryAgainLater("The share does not answer. Run the night again."), "out_of_reach"),
        (PersonNeeded("We may not read it. Ask for the right to."), "not_readable"),
    ],
)
def test_a_council_out_of_reach_is_left_out_with_what_is_to_be_done(
    sources, monkeypatch, error, reason
):
    from connectors.folder import CanonicalFolder

    cplis = CanonicalFolder.cplis

    def failing(self, local_authority, *more):
        if local_authority == RUTLAND:
            raise error
        return cplis(self, local_authority, *more)

    monkeypatch.setattr(CanonicalFolder, "cplis", failing)
    account = night_of(sources)
    [left_out] = failed(account)
    assert (left_out.reason, left_out.message) == (reason, str(error))
    assert refused(account, f"council/{RUTLAND}/cpli.csv") == [(reason, "rejected")]


def test_without_any_council_nothing_is_assessed_and_the_reasons_are_kept(sources):
    for council in COUNCILS:
        sources.remove(f"council/{council}/cpli.csv")
    account = night_of(sources)
    assert account.outcome is NightOutcome.NOTHING_ASSESSED
    assert len(account.frames["refusals"]) == len(COUNCILS)
    assert found(account) == []


@pytest.mark.parametrize("content", [None, b"", b"provider_id,name,cqc_id,ods_code\n"])
def test_without_a_register_nothing_is_assessed(sources, content):
    sources.remove("providers.csv")
    if content is not None:
        sources.write("providers.csv", content)
    account = night_of(sources)
    assert account.outcome is NightOutcome.NOTHING_ASSESSED
    assert {council.reason for council in account.councils} == {"no_register"}
    assert len({council.message for council in account.councils}) == 1
    assert list(account.frames["refusals"]["source"]) == ["providers"]


def test_a_folder_without_councils_is_not_a_night(tmp_path):
    (tmp_path / "providers.csv").write_bytes(b"provider_id,name\nP1,One\n")
    with pytest.raises(NothingAssessed, match="council"):
        open_source(tmp_path)


def test_a_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(WrongUsage):
        open_source(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceRefused):
        open_source(tmp_path / "empty")


def test_the_latest_portal_extract_in_time_counts(sources):
    rows = sources.cplis[LEICESTER]
    sources.portal(LEICESTER, [], dated=date(2026, 11, 18))
    sources.portal(
        LEICESTER, [shown(row, provider_id="P9") for row in rows], dated=date(2026, 11, 21)
    )
    account = night_of(sources)
    assert found(account) == []
    assert outcomes(account, f"portal {LEICESTER}") == {
        f"council/{LEICESTER}/portal_2026-11-19.csv": ("used", None),
        f"council/{LEICESTER}/portal_2026-11-18.csv": ("superseded", None),
    }


def test_where_the_latest_portal_extract_cannot_be_read_the_one_before_counts(sources):
    rows = sources.cplis[LEICESTER]
    sources.portal(LEICESTER, [shown(rows[0])], dated=date(2026, 11, 13))
    sources.write(f"council/{LEICESTER}/portal_2026-11-19.csv", b"\x00\x01\x02")
    account = night_of(sources)
    assert found(account) == [(LEICESTER, "not_on_portal")]
    assert account.summary["councils"][LEICESTER]["portal"]["extract_date"] == "2026-11-13"
    assert refused(account, f"council/{LEICESTER}/portal_2026-11-19.csv") != []
    assert not account.portals_not_assessed


def test_without_a_portal_extract_in_time_the_council_is_not_compared_with_the_portal(sources):
    sources.remove(f"council/{LEICESTER}/portal_2026-11-19.csv")
    sources.portal(LEICESTER, [], dated=date(2026, 11, 12))
    account = night_of(sources)
    assert found(account) == []
    assert account.portals_not_assessed == {LEICESTER}
    assert account.summary["councils"][LEICESTER]["portal"] is None
    noted = account.frames["refusals"]
    assert list(noted["source"] + " " + noted["level"]) == [f"portal {LEICESTER} warning"]
    assert "2026-11-13 to 2026-11-20" in noted["message"].iloc[0]


def test_a_caseload_of_a_provider_that_is_not_in_the_register_is_turned_away(sources):
    sources.caseload("P9", [entry(sources.cplis[LEICESTER][0])])
    account = night_of(sources)
    assert found(account) == []
    file = f"caseload/?_{CASELOAD_DATE} (3 of 3)"
    assert refused(account, file) == [("provider_not_in_register", "rejected")]
    assert outcomes(account, "caseload ?") == {file: ("refused", "provider_not_in_register")}
    told = account.frames["refusals"].to_csv() + repr(account.sources) + repr(account.summary)
    assert "P9" not in told
    assert "Number 3, in the order of names, of the 3 files in caseload whose names" in told
    assert account.summary["caseloads"]["turned_away"] == {"provider_not_in_register": 1}


def test_a_caseload_from_the_future_is_turned_away(sources):
    sources.caseload("P1", [], dated=date(2026, 11, 21))
    account = night_of(sources)
    assert found(account) == []
    assert refused(account, "caseload/P1_2026-11-21.csv") == [("dated_in_future", "rejected")]


def test_a_caseload_that_is_too_old_is_not_even_opened(sources):
    sources.remove(f"caseload/P1_{CASELOAD_DATE}.csv")
    old = AS_OF - timedelta(days=36)
    sources.write(f"caseload/P1_{old}.csv", b"\x00 no caseload at all")
    account = night_of(sources)
    overdue = account.frames["discrepancies"]
    assert set(overdue["type"]) == {"caseload_overdue"}
    assert set(overdue["reason"]) == {"too_old"}
    assert refused(account, f"caseload/P1_{old}.csv") == []
    assert outcomes(account, "caseload P1") == {f"caseload/P1_{old}.csv": ("refused", "too_old")}
    assert account.providers_not_assessed == {"P1"}


def test_a_provider_that_sent_nothing_is_on_record(sources):
    account = night_of(sources.remove(f"caseload/P1_{CASELOAD_DATE}.csv"))
    assert outcomes(account, "caseload P1") == {"": ("not_received", "none_received")}
    assert set(account.frames["discrepancies"]["reason"]) == {"none_received"}


def test_of_two_caseloads_of_one_date_the_later_received_counts(sources):
    rows = [
        entry(row) for rows in sources.cplis.values() for row in rows if row["provider_id"] == "P1"
    ]
    morning, noon = datetime(2026, 11, 17, 8, tzinfo=UTC), datetime(2026, 11, 17, 12, tzinfo=UTC)
    upper = f"caseload/P1_{CASELOAD_DATE}.CSV"
    for lower_came, upper_came, expected in ((morning, noon, True), (noon, morning, False)):
        sources.caseload("P1", rows, received=upper_came)
        (sources.root / f"caseload/P1_{CASELOAD_DATE}.csv").rename(sources.root / upper)
        sources.caseload("P1", [rows[0]], received=lower_came)
        account = night_of(sources)
        assert (outcomes(account, "caseload P1")[upper][0] == "used") is expected
        assert (found(account) == []) is expected


def test_a_caseload_without_the_columns_it_needs_is_refused_by_name(sources):
    rows = [entry(row) for row in sources.cplis[LEICESTER]]
    sources.caseload("P1", rows, columns=["service_type", "family_name", "given_name"])
    sources.caseload("P2", rows, columns=["cpli_id", "start_date"])
    account = night_of(sources)
    assert set(account.frames["discrepancies"]["reason"]) == {"missing_columns"}
    assert refused(account, f"caseload/P1_{CASELOAD_DATE}.csv") == [("missing_columns", "rejected")]
    noted = account.frames["refusals"].set_index("source")["column"]
    assert noted["caseload P2"] == "service_type"


@pytest.mark.parametrize(
    "columns",
    [["cpli_id"], ["nhs_number"], ["person_id"], ["family_name", "given_name", "date_of_birth"]],
)
def test_any_identity_will_do_for_a_caseload(sources, columns):
    for provider in ("P1", "P2"):
        rows = [
            entry(row)
            for rows in sources.cplis.values()
            for row in rows
            if row["provider_id"] == provider
        ]
        sources.caseload(provider, rows, columns=["service_type", *columns])
    account = night_of(sources)
    assert found(account) == []
    assert not account.providers_not_assessed


def test_a_caseload_that_our_own_code_fails_on_is_as_good_as_unreadable(sources, monkeypatch):
    from connectors.folder import CanonicalFolder

    caseload = CanonicalFolder.caseload

    def failing(self, file):
        if file.provider_id == "P1":
            raise KeyError("Familya")
        return caseload(self, file)

    monkeypatch.setattr(CanonicalFolder, "caseload", failing)
    account = night_of(sources)
    assert set(account.frames["discrepancies"]["reason"]) == {"unreadable"}
    assert account.providers_not_assessed == {"P1"}
    assert "Family" not in account.frames["refusals"].to_csv()


def test_what_was_refused_of_a_caseload_that_nobody_looked_at_is_not_reported(sources):
    bad = entry(sources.cplis[LEICESTER][0], service_type="")
    sources.caseload("P1", [bad], dated=date(2026, 11, 9))
    account = night_of(sources)
    assert account.frames["refusals"].empty
    assert outcomes(account, "caseload P1")["caseload/P1_2026-11-09.csv"] == ("superseded", None)
    sources.caseload("P1", [bad])
    account = night_of(sources)
    assert refused(account, "caseload/P1_2026-11-09.csv") == [
        ("too_many_rejected", "rejected"),
        ("missing", "rejected"),
    ]


def test_a_caseload_that_does_not_pass_is_refused_with_the_reason(sources):
    bad = entry(sources.cplis[LEICESTER][0], service_type="")
    sources.caseload("P1", [bad])
    sources.caseload("P2", [])
    account = night_of(sources)
    for provider, reason in (("P1", "too_many_rejected"), ("P2", "too_few_rows")):
        assert (reason, "rejected") in refused(account, f"caseload/{provider}_{CASELOAD_DATE}.csv")


@pytest.mark.parametrize("rows", [[], [cpli(0, start_date="30/02/2026")]])
def test_an_extract_without_a_usable_cpli_leaves_the_council_out(sources, rows):
    sources.write(f"council/{LEICESTER}/cpli.csv", csv_bytes(rows, CPLI.all))
    account = night_of(sources)
    assert [(council.local_authority, council.reason) for council in account.not_assessed] == [
        (LEICESTER, "no_rows")
    ]
    assert ("no_rows", "rejected") in refused(account, f"council/{LEICESTER}/cpli.csv")
    assert len(refused(account, f"council/{LEICESTER}/cpli.csv")) == 1 + len(rows)
    assert LEICESTER not in {council for council, _ in found(account)}


def test_refusals_are_in_order_whatever_order_they_were_noted_in(sources):
    rows = [cpli(2), *(cpli(n, start_date="", cpli_id="") for n in range(3, 14))]
    sources.council(LEICESTER, rows)
    noted = night_of(sources).frames["refusals"]
    order = ["source", "file", "row", "column", "rule"]
    pd.testing.assert_frame_equal(
        noted, noted.sort_values(order, na_position="first", ignore_index=True)
    )
    assert list(noted["row"][:4]) == [2, 2, 3, 3]


@pytest.mark.parametrize(
    ("failing", "error", "raised"),
    [
        ("cplis", KeyError(), Unforeseen),
        ("providers", KeyError(), Unforeseen),
        ("providers", TryAgainLater("Run it again."), NothingAssessed),
    ],
)
def test_where_nothing_is_assessed_for_faults_of_ours_alone_it_is_our_fault(
    sources, monkeypatch, failing, error, raised
):
    from connectors.folder import CanonicalFolder

    def fail(*args):
        raise error

    monkeypatch.setattr(CanonicalFolder, failing, fail)
    account = night_of(sources)
    with pytest.raises(raised):
        insist_on_something(account, folder=sources.root)


def test_a_council_that_did_not_come_is_no_fault_of_ours(sources, monkeypatch):
    from flows import reading

    def fail(*args, **kwargs):
        raise KeyError

    monkeypatch.setattr(reading, "clean_cplis", fail)
    sources.remove(f"council/{RUTLAND}/cpli.csv")
    with pytest.raises(NothingAssessed):
        insist_on_something(night_of(sources), folder=sources.root)


def test_stray_files_are_noted(sources):
    sources.write(f"council/{LEICESTER}/portal_2026-02-30.csv", b"")
    assert refused(night_of(sources), f"council/{LEICESTER}/portal_2026-02-30.csv") == [
        ("file_name", "warning")
    ]


@pytest.mark.parametrize(
    ("sound", "broken"),
    [
        (",1940-02-03,P1,", ',"1940-02-03,P1",'),
        (",Givena,1940-02-03,P1,HS,", ',"Givena,1940-02-03",P1,HS,'),
        (",Givena,1940-02-03,P1,HS,", ',Givena,1940-02-03,"P1,"HS,'),
        (",1940-02-03,P1,", ",1940-02-03P1,"),
    ],
    ids=["provider in quotes", "moved left", "closed inside a cell", "a comma lost"],
)
def test_cells_that_a_quote_has_moved_accuse_nobody(sources, sound, broken):
    file = f"council/{LEICESTER}/cpli.csv"
    text = (sources.root / file).read_text(encoding="utf-8")
    assert text.count(sound) == 1
    sources.write(file, text.replace(sound, broken).encode())
    account = night_of(sources)
    assert ("ragged", "rejected") in refused(account, file)
    assert found(account) == []
