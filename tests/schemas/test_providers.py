"""Rule 2 for the register of providers."""

import pytest
from cleaned import cleaned_providers, plain, refused

PREFERENCES = ("notice_frequency", "notice_place", "notice_email")
SOUND = {
    "provider_id": "P1",
    "name": "Rose Cottage",
    "cqc_id": "1-234",
    "ods_code": "A1B2C",
    **dict.fromkeys(PREFERENCES),
}


def test_a_provider_is_read_whole_and_without_a_word() -> None:
    cleaned = cleaned_providers(SOUND, {"provider_id": "P2", "name": "Oak House"})

    assert plain(cleaned.valid) == [
        SOUND,
        {**dict.fromkeys(SOUND), "provider_id": "P2", "name": "Oak House"},
    ]
    assert refused(cleaned) == []


def test_the_id_stands_in_for_a_missing_name() -> None:
    cleaned = cleaned_providers({**SOUND, "name": " "})

    assert plain(cleaned.valid) == [{**SOUND, "name": "P1"}]
    assert refused(cleaned) == [(1, "name", "missing", "warning")]


def test_a_provider_without_an_id_is_rejected_and_a_blank_row_skipped() -> None:
    cleaned = cleaned_providers({**SOUND, "provider_id": ""}, {}, SOUND)

    assert plain(cleaned.valid) == [SOUND]
    assert plain(cleaned.rejected) == [{**SOUND, "provider_id": None}]
    assert refused(cleaned) == [(1, "provider_id", "missing", "rejected")]


def test_of_a_provider_listed_twice_the_first_row_counts() -> None:
    cleaned = cleaned_providers(SOUND, {**SOUND, "name": "Rose Villa"}, {"provider_id": " P1 "})

    assert plain(cleaned.valid) == [SOUND]
    assert refused(cleaned) == [
        (2, "provider_id", "repeated", "warning"),
        (3, "provider_id", "repeated", "warning"),
    ]


def test_a_ragged_row_does_not_hide_the_whole_one_of_its_provider() -> None:
    cleaned = cleaned_providers({**SOUND, "name": "Rose"}, SOUND, ragged=[1])

    assert plain(cleaned.valid) == [SOUND]
    assert refused(cleaned) == [(1, None, "ragged", "rejected")]


def test_how_a_provider_wants_its_notices_is_read() -> None:
    wanted = {
        "notice_frequency": "Nightly",
        "notice_place": "rose_sftp",
        "notice_email": "office@rose.example",
    }
    cleaned = cleaned_providers({**SOUND, **wanted})

    assert plain(cleaned.valid) == [{**SOUND, **wanted, "notice_frequency": "nightly"}]
    assert refused(cleaned) == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("notice_frequency", "hourly"),
        ("notice_email", "rose.example"),
        ("notice_email", "a b@rose.example"),
        ("notice_email", "@rose.example"),
    ],
)
def test_a_preference_that_cannot_be_read_is_as_good_as_not_said(column: str, value: str) -> None:
    cleaned = cleaned_providers({**SOUND, column: value})

    assert plain(cleaned.valid) == [SOUND]
    assert refused(cleaned) == [(1, column, "unreadable", "warning")]
    assert value not in cleaned.refusals["message"].iloc[0]
