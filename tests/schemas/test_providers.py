"""Rule 2 for the register of providers."""

from cleaned import cleaned_providers, plain, refused

SOUND = {"provider_id": "P1", "name": "Rose Cottage", "cqc_id": "1-234", "ods_code": "A1B2C"}


def test_a_provider_is_read_whole_and_without_a_word() -> None:
    cleaned = cleaned_providers(SOUND, {"provider_id": "P2", "name": "Oak House"})

    assert plain(cleaned.valid) == [
        SOUND,
        {"provider_id": "P2", "name": "Oak House", "cqc_id": None, "ods_code": None},
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
