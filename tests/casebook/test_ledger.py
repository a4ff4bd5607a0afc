"""A file is taken once; a changed one is a new version, and a copy is known by its content."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from casebook.ledger import FileLedger
from casebook.store import Casebook
from connectors.ledger import Ledger
from schemas.taken import Receipt, ReceivedFile, Standing, TakenFile

AT = datetime(2026, 3, 1, 4, 15, tzinfo=UTC)
FILE = ReceivedFile(
    place="the drop", file="a.csv", size_bytes=5, modified_at=1_772_000_000, sha256="1" * 64
)


@pytest.fixture
def ledger(casebook: Casebook) -> Ledger:
    return FileLedger(casebook.engine)


def test_a_file_is_new_once(ledger: Ledger) -> None:
    assert ledger.latest("the drop", "a.csv") is None
    assert ledger.take(FILE, at=AT) == Receipt(standing=Standing.NEW, version=1)
    assert ledger.take(FILE, at=AT) == Receipt(standing=Standing.TAKEN_BEFORE, version=1)
    assert ledger.latest("the drop", "a.csv") == TakenFile(**vars(FILE), version=1, taken_at=AT)


def test_a_changed_file_is_a_new_version_even_if_it_goes_back(ledger: Ledger) -> None:
    changed = replace(FILE, sha256="2" * 64)
    taken = [ledger.take(file, at=AT) for file in (FILE, changed, FILE)]
    assert [receipt.version for receipt in taken] == [1, 2, 3]
    assert [receipt.standing for receipt in taken[1:]] == [Standing.NEW_VERSION] * 2
    assert ledger.latest("the drop", "a.csv") == TakenFile(**vars(FILE), version=3, taken_at=AT)


def test_the_same_content_under_another_name_is_recognised_and_taken(ledger: Ledger) -> None:
    ledger.take(FILE, at=AT)
    copy = ledger.take(replace(FILE, file="b.csv"), at=AT)
    assert copy == Receipt(standing=Standing.NEW, version=1, copies=("a.csv",))


def test_places_know_nothing_of_each_other(ledger: Ledger) -> None:
    ledger.take(FILE, at=AT)
    elsewhere = ledger.take(replace(FILE, place="another drop"), at=AT)
    assert elsewhere == Receipt(standing=Standing.NEW, version=1)


def test_of_many_that_take_a_file_at_once_one_is_first(ledger: Ledger) -> None:
    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(lambda _: ledger.take(FILE, at=AT), range(8)))
    assert (
        sorted(receipt.standing for receipt in taken)
        == [Standing.NEW] + [Standing.TAKEN_BEFORE] * 7
    )
