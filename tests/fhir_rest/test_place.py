"""Which addresses people's records may go to."""

import pytest

from connectors.fhir_rest.place import RestPlace
from schemas.errors import WrongUsage


@pytest.mark.parametrize(
    "base_url",
    [
        "https://care.example.org/fhir/R4",
        "https://care.example.org:8443/fhir/",
        "http://127.0.0.1:8080/fhir",
        "http://localhost/fhir",
        "http://[::1]:8080/fhir",
    ],
)
def test_records_go_by_https_or_stay_on_this_machine(base_url: str) -> None:
    place = RestPlace(name="the Care Record", base_url=base_url)
    assert place.base == base_url.rstrip("/")


@pytest.mark.parametrize(
    ("base_url", "says"),
    [
        ("http://care.example.org/fhir", "by https only"),
        ("http://127.0.0.1.example.org/fhir", "by https only"),
        ("http://10.0.0.7/fhir", "by https only"),
        ("ftp://care.example.org/fhir", "give it as https://"),
        ("care.example.org/fhir", "give it as https://"),
        ("https:///fhir", "give it as https://"),
        ("https://care.example.org:harbour/fhir", "give it as https://"),
        ("https://[care/fhir", "give it as https://"),
        ("https://hunter2@care.example.org/fhir", "a token goes apart"),
        ("https://care.example.org/fhir?token=hunter2", "a token goes apart"),
        ("https://care.example.org/fhir#hunter2", "a token goes apart"),
    ],
)
def test_other_addresses_are_refused_and_not_repeated(base_url: str, says: str) -> None:
    with pytest.raises(WrongUsage, match=says) as wrong:
        RestPlace(name="the Care Record", base_url=base_url)
    told = str(wrong.value)
    assert "the Care Record" in told
    assert not any(part in told for part in ("hunter2", "example.org", "10.0.0.7", "harbour"))
    assert (wrong.value.__cause__, wrong.value.__context__) == (None, None)


@pytest.mark.parametrize("token", ["hunter2 ", "hunter2\r\nHost: example.org", "hünter2", ""])
def test_a_token_that_no_header_can_carry_is_refused_and_not_repeated(token: str) -> None:
    with pytest.raises(WrongUsage, match="its token") as wrong:
        RestPlace(name="the Care Record", base_url="https://care.example.org/", token=token)
    assert "nter2" not in str(wrong.value)


@pytest.mark.parametrize("batch_size", [0, -1, 1_001])
def test_batches_have_a_size(batch_size: int) -> None:
    with pytest.raises(WrongUsage, match="batches hold 1 to 1000"):
        RestPlace(
            name="the Care Record", base_url="https://care.example.org/", batch_size=batch_size
        )


def test_what_describes_a_place_holds_neither_path_nor_token() -> None:
    place = RestPlace(
        name="the Care Record", base_url="https://care.example.org/key-1/", token="hunter2"
    )
    assert place.described == "the Care Record (care.example.org)"
    assert "hunter2" not in repr(place)
    assert "key-1" not in repr(place)
