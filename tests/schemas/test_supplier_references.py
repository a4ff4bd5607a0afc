"""Rule 2: the references by which councils know providers, and the CPLIs that unknown ones hold."""

from collections.abc import Sequence

from cleaned import (
    AS_OF,
    CPLI_ROW,
    EXTRACT_DATE,
    LEICESTER,
    PORTAL_ROW,
    Row,
    cleaned_references,
    plain,
    raw,
    refused,
)

from connectors.feed import Feed, translated
from schemas.cleaning import (
    clean_cplis,
    clean_portal,
)
from schemas.raw import RawTable
from schemas.tables import CPLI, PORTAL

KNOWN = {
    "local_authority": LEICESTER,
    "supplier_reference": "SUP-7",
    "provider_id": "P1",
}
REGISTER = ("P1", "P2")
BY_REFERENCE = Feed(by_supplier_reference=True)


def known_by_reference(sound: Row, said: Sequence[str]) -> list[Row]:
    """One row for each reference that a council writes in place of a provider."""
    return [
        {**sound, "cpli_id": f"C{number}", "provider_id": cell}
        for number, cell in enumerate(said, start=1)
    ]


def mapped(table: RawTable) -> RawTable:
    return translated(table, BY_REFERENCE, provider_ids={"SUP-7": "P1"})


def test_a_reference_leads_to_its_provider() -> None:
    cleaned = cleaned_references(
        KNOWN, {**KNOWN, "supplier_reference": "SUP-8"}, provider_ids=REGISTER
    )
    assert plain(cleaned.valid) == [KNOWN, {**KNOWN, "supplier_reference": "SUP-8"}]
    assert refused(cleaned) == []


def test_a_reference_for_two_providers_leads_to_neither() -> None:
    cleaned = cleaned_references(
        KNOWN, KNOWN, {**KNOWN, "provider_id": "P2"}, provider_ids=REGISTER
    )
    assert plain(cleaned.valid) == []
    assert refused(cleaned) == [
        (1, "supplier_reference", "conflicting_reference", "rejected"),
        (2, "supplier_reference", "repeated", "warning"),
        (3, "supplier_reference", "conflicting_reference", "rejected"),
    ]


def test_two_councils_may_have_the_same_reference_for_different_providers() -> None:
    other = {**KNOWN, "local_authority": "E10000018", "provider_id": "P2"}
    assert plain(cleaned_references(KNOWN, other, provider_ids=REGISTER).valid) == [KNOWN, other]


def test_a_reference_without_council_or_for_a_provider_outside_the_register_is_rejected() -> None:
    cleaned = cleaned_references(
        {**KNOWN, "local_authority": "Leicester"},
        {**KNOWN, "provider_id": "P9"},
        provider_ids=REGISTER,
    )
    assert plain(cleaned.valid) == []
    assert refused(cleaned) == [
        (1, "local_authority", "missing", "rejected"),
        (2, "provider_id", "not_registered", "rejected"),
    ]


def test_a_cpli_with_an_unmapped_reference_is_held_back_and_its_provider_unread() -> None:
    table = mapped(raw(known_by_reference(CPLI_ROW, [" SUP-7 ", "SUP-9", " "]), CPLI))
    cleaned = clean_cplis(table, local_authority=LEICESTER, as_of=AS_OF)
    assert list(cleaned.valid["provider_id"]) == ["P1"]
    assert list(cleaned.rejected["cpli_id"]) == ["C2", "C3"]
    assert cleaned.rejected["provider_id"].isna().all()
    assert refused(cleaned) == [
        (2, "provider_id", "supplier_reference_unmapped", "rejected"),
        (3, "provider_id", "missing", "rejected"),
    ]
    assert not cleaned.refusals["message"].str.contains("SUP").any()


def test_a_portal_row_with_an_unmapped_reference_is_held_back_alike() -> None:
    table = mapped(raw(known_by_reference(PORTAL_ROW, ["SUP-7", "SUP-9"]), PORTAL))
    cleaned = clean_portal(table, local_authority=LEICESTER, extract_date=EXTRACT_DATE)
    assert list(cleaned.valid["provider_id"]) == ["P1"]
    assert refused(cleaned) == [(2, "provider_id", "supplier_reference_unmapped", "rejected")]


def test_a_row_of_which_only_the_unmapped_reference_can_be_read_is_not_blank() -> None:
    blank = dict.fromkeys(CPLI_ROW, "")
    table = mapped(raw([{**blank, "provider_id": "SUP-9"}], CPLI))
    cleaned = clean_cplis(table, local_authority=LEICESTER, as_of=AS_OF)
    assert len(cleaned.rejected) == 1
