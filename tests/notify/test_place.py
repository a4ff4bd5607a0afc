"""A key or an address that cannot be right is found before anybody is asked, and never quoted."""

import pytest
from servers.notify import KEY, SECRET, SERVICE

from connectors.notify.place import NOTIFY, NotifyPlace
from connectors.notify.postbox import Email, Postbox
from schemas.errors import WrongUsage

KEYS = [KEY, f"{SERVICE}-{SECRET}", f"a é key-{SERVICE}-{SECRET.upper()}"]


@pytest.mark.parametrize("key", KEYS)
def test_a_key_as_notify_gives_it_is_taken(key: str) -> None:
    place = NotifyPlace(api_key=key)
    client = Postbox(place)._line._client
    assert (client.service_id, client.api_key.lower()) == (SERVICE, SECRET)
    assert (place.base_url, client.base_url) == (NOTIFY, NOTIFY)


@pytest.mark.parametrize(
    "key",
    [
        *("", "secret", SECRET, SERVICE, f"{SERVICE}{SECRET}", f"{SERVICE} {SECRET}"),
        *(f"{KEY}\n", f"{KEY} ", f"{KEY}x", KEY[:-1], f"x{SERVICE}-{SECRET}", f"\n-{KEY}"),
        f"name-{SERVICE}-{SECRET[:-1]}g",
    ],
)
def test_a_key_that_is_not_whole_is_for_somebody_to_set_again(key: str) -> None:
    with pytest.raises(WrongUsage, match="the API key is not whole") as wrong:
        NotifyPlace(api_key=key)
    assert SECRET[:-1] not in str(wrong.value)
    assert SERVICE not in str(wrong.value)


@pytest.mark.parametrize(
    "url",
    [NOTIFY, f"{NOTIFY}/", "https://example.org:8443", "http://127.0.0.1:80", "http://[::1]:80"],
)
def test_an_address_is_https_or_this_machine(url: str) -> None:
    assert NotifyPlace(api_key=KEY, base_url=url).base_url == url


@pytest.mark.parametrize(
    "url",
    [
        *("", "secret.example.org", "ftp://127.0.0.1", "https://", "https://secret:port"),
        *("http://secret.example.org", "http://127.0.0.1.secret.org", "https://me:secret@x.org"),
        *("https://x.org/secret", "https://x.org?secret", "https://[secret"),
    ],
)
def test_another_address_is_refused_and_not_quoted(url: str) -> None:
    with pytest.raises(WrongUsage, match=r"GOV\.UK Notify cannot be used") as wrong:
        NotifyPlace(api_key=KEY, base_url=url)
    assert "secret" not in str(wrong.value)


@pytest.mark.parametrize("seconds", [0.0, -1.0])
def test_a_time_out_is_needed(seconds: float) -> None:
    with pytest.raises(WrongUsage, match="time-out"):
        NotifyPlace(api_key=KEY, timeout_seconds=seconds)


def test_what_is_shown_of_an_email_and_a_place_hides_whom_and_where() -> None:
    email = Email(to="a@secret.org", template_id="1", reference="2", words={"contact": "secret"})
    place = NotifyPlace(api_key=KEY, base_url="https://secret.org")
    assert "secret" not in repr(email) + repr(place)
    assert SERVICE not in repr(place)
