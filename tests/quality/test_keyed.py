"""Hashes are the same whatever a column's type, and whole numbers all the way."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cleaned import CPLI_ROW
from measured import KEY, OTHER_KEY, extract

from quality.keyed import NOTHING, check_of, digest, hash_key, hashes, row_hashes
from quality.lines import CONTENT, IDENTITIES, coded, in_london
from quality.profile import SAMPLED, Profile, pack, unpack
from reconciliation.days import UNSTATED, day
from schemas.tables import SERVICE_TYPE_DTYPE

TEXTS = pd.Series(["HS", None, "DS", "HS"], dtype="str")


@pytest.mark.parametrize(
    "as_type",
    [object, SERVICE_TYPE_DTYPE, pd.CategoricalDtype(["DS", "X", "HS"]), "string"],
    ids=["object", "service types", "categories in another order", "nullable"],
)
def test_a_value_has_one_hash_in_a_column_of_any_type(as_type: object) -> None:
    found = hashes(TEXTS.astype(as_type), KEY)
    assert found.dtype == np.uint64
    assert found.tolist() == hashes(TEXTS, KEY).tolist()
    assert found[1] == NOTHING
    assert len(set(found.tolist())) == 3


def test_columns_of_categories_hash_the_same_after_they_are_stacked() -> None:
    one = pd.Series(["HS", "DS"], dtype=SERVICE_TYPE_DTYPE)
    other = pd.Series(["HS"], dtype=pd.CategoricalDtype(["HS"]))
    for stacked in (pd.concat([one, one, one]), pd.concat([one, other, one])):
        assert set(hashes(stacked, KEY).tolist()) == set(hashes(one, KEY).tolist())


@pytest.mark.parametrize(
    "column",
    [
        TEXTS.dropna(),
        TEXTS.astype(SERVICE_TYPE_DTYPE).dropna(),
        pd.Series(pd.to_datetime(["1938-07-04", "1951-01-31"])),
        pd.Series([9990000018, 9990000026]),
        pd.Series([14.5, 7.0]),
    ],
    ids=["texts", "categories", "dates", "numbers", "fractions"],
)
def test_under_another_key_every_hash_is_another(column: pd.Series) -> None:
    assert not set(hashes(column, KEY).tolist()) & set(hashes(column, OTHER_KEY).tolist())


def test_a_key_is_known_again_and_does_not_show() -> None:
    assert check_of(KEY) != check_of(OTHER_KEY)
    assert KEY not in check_of(KEY)
    assert len(hash_key(b"")) == 16


def test_nothing_at_all_can_be_hashed() -> None:
    assert hashes(TEXTS.iloc[:0], KEY).dtype == np.uint64
    assert row_hashes(TEXTS.iloc[:0].to_frame(), KEY).dtype == np.uint64
    assert digest(row_hashes(TEXTS.iloc[:0].to_frame(), KEY)) != digest(hashes(TEXTS, KEY))


def test_a_digest_is_of_all_rows_and_not_of_their_order() -> None:
    rows = np.array([2**64 - 1, 2**53, 2**53 + 1, 7], dtype=np.uint64)
    assert digest(rows) == digest(rows[::-1])
    assert digest(rows) != digest(rows[:3])
    assert digest(rows) != digest(np.append(rows, np.uint64(7)))
    assert digest(rows) != digest(rows + np.uint64(1))


def test_each_part_of_the_content_makes_another_line_and_nothing_else_does() -> None:
    changed = {
        "cpli_id": "C9",
        "person_id": "9",
        "nhs_number": "",
        "family_name": "Hollys",
        "given_name": "margaret",
        "date_of_birth": "1938-07-05",
        "provider_id": "p1",
        "service_type": "DS",
        "start_date": "2026-05-02",
        "end_date": "",
        "weekly_quantity": "14.6",
        "unit": "days",
        "authorisation": "draft",
    }
    assert set(changed) == set(CONTENT)
    rest = {"updated_at", "created_at", "district", "commissioning_team", "service_category"}
    usual = coded(extract("lines\n1").cplis, KEY)["content"].tolist()
    for column, cell in changed.items():
        assert coded(extract("lines\n1", **{column: cell}).cplis, KEY)["content"].tolist() != usual
    other = extract("lines\n1", **dict.fromkeys(rest, "")).cplis
    assert coded(other, KEY)["content"].tolist() == usual
    assert rest < set(CPLI_ROW)


def test_coded_lines_are_whole_numbers_days_and_flags() -> None:
    types = coded(extract("lines\n3").cplis, KEY).dtypes.astype("str").to_dict()
    hashed = ("id", "content", *IDENTITIES, "name", "birth")
    dated = ("start", "end", "created", "touched")
    assert types == {
        **dict.fromkeys(hashed, "uint64"),
        **dict.fromkeys(dated, "int64"),
        "quantity": "float64",
        "authorised": "bool",
    }


def test_an_instant_lies_on_its_day_in_london_and_one_without_a_zone_is_refused() -> None:
    instants = pd.Series(
        pd.to_datetime(
            [
                "2026-07-07T23:00Z",
                "2026-07-07T22:59Z",
                "2026-12-07T23:59Z",
                None,
                "1969-12-31T23:30Z",
            ]
        )
    )
    days = [pd.Timestamp(each).date() for each in ("2026-07-08", "2026-07-07", "2026-12-07")]
    for unit in ("us", "ns", "s"):
        found = in_london(instants.dt.as_unit(unit))
        # In 1969 London's clocks stood an hour ahead through the winter.
        assert found.tolist() == [*map(day, days), UNSTATED, 0]
    with pytest.raises(TypeError):
        in_london(instants.dt.tz_localize(None))


def whole(**changed: object) -> Profile:
    """Return a profile with something in every field."""
    sample = pd.DataFrame(
        {
            "id": np.array([2**64 - 1, 2**63 + 1, 2**53 + 1], dtype=np.uint64),
            "end": np.array([1, -(1 << 22), 1 << 22], dtype=np.int64),
            "quantity": [0.1, np.nan, 1e300],
        }
    )
    told = {
        "as_of": 20777,
        "key": "k",
        "digest": "d",
        "unchanged_since": 20770,
        "newest": 20776,
        "digests": {"a": 1, "b": 2},
        "changes": 1.5,
        "counted": 3,
        "whole": False,
        "active": {"provider": {"P1": 2, "Café “β”": 1}},
        "in_scope": {"North": 3},
        "missing": {"North": 1},
        "sample": sample,
    }
    return Profile(**told | changed)


def alike(one: Profile, other: Profile) -> bool:
    pd.testing.assert_frame_equal(one.sample, other.sample)
    return {**vars(one), "sample": None} == {**vars(other), "sample": None}


def test_a_profile_comes_out_as_it_went_in() -> None:
    assert alike(unpack(pack(whole())), whole())
    least = Profile(as_of=1, key="", digest="", unchanged_since=1)
    assert unpack(pack(least)).sample.empty
    assert alike(replace(unpack(pack(least)), sample=least.sample), least)
    assert pack(unpack(pack(whole()))) == pack(whole())


def test_no_field_of_a_profile_is_left_out_of_the_trial() -> None:
    least = Profile(as_of=1, key="", digest="", unchanged_since=1)
    same = {
        name
        for name, value in vars(whole()).items()
        if name != "sample" and value == vars(least)[name]
    }
    assert same == set()


def test_what_a_newer_version_tells_is_passed_over_and_what_an_older_one_did_not_is_as_usual(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from quality import profile

    def asdict(each: Profile) -> dict[str, object]:
        told = {**vars(each), "from_the_future": {"a": 1}}
        del told["counted"], told["missing"]
        return told

    monkeypatch.setattr(profile, "asdict", asdict)
    packed = pack(whole())
    assert b"from_the_future" in packed
    assert alike(unpack(packed), whole(counted=0, missing={}))


def test_a_profile_is_small() -> None:
    rng = np.random.default_rng(7)
    sample = pd.DataFrame(
        {name: rng.integers(2**63, size=SAMPLED, dtype=np.uint64) for name in map(str, range(8))}
    )
    assert len(pack(whole(sample=sample))) < 8 * 8 * SAMPLED * 1.5
