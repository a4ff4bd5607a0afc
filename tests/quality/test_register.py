"""What is measured of the register of providers, beside the CPLIs that name them."""

import pytest
from measured import OTHER_KEY, extract, of_register

from quality.cplis import FEWEST
from quality.profile import pack, unpack


def test_providers_that_are_named_are_known_to_the_letter() -> None:
    council = extract("lines | provider_id\n10 | P1\n2 | P2\n3 | p1\n5 | P9")
    figures, _ = of_register("lines\n3", council)
    assert figures == {"providers": 3, "named_providers_known_share": 12 / 20}


def test_the_register_is_held_to_the_council_that_it_knows_best() -> None:
    """What one council alone names otherwise is that council's fault."""
    other = extract("lines | provider_id\n20 | 4711")
    most = extract("lines | provider_id\n15 | P1\n5 | P9")
    few = extract(f"lines\n{FEWEST - 1}")
    for councils in ((other, most, few), (few, most, other)):
        assert of_register("lines\n3", *councils)[0]["named_providers_known_share"] == 0.75
    assert of_register("lines\n3", other, few)[0]["named_providers_known_share"] == 0.0


@pytest.mark.parametrize("lines", [0, FEWEST - 1, FEWEST])
def test_of_fewer_than_twenty_no_share_is_told(lines: int) -> None:
    council = extract(f"lines\n{lines}")
    _, before = of_register(f"lines\n{lines}", council)
    figures, _ = of_register(f"lines\n{lines}", council, before=unpack(pack(before)))
    told = (1.0, 1.0, 0.0) if lines >= FEWEST else (None, None, None)
    names = ("named_providers_known_share", "providers_kept_share", "renamed_share")
    assert tuple(figures.get(name) for name in names) == told
    assert figures["providers"] == lines


def test_without_any_council_nothing_is_named() -> None:
    figures, _ = of_register("lines\n25")
    assert figures == {"providers": 25, "named_providers_known_share": None}
    nobody, _ = of_register("lines\n0", extract("lines\n25"))
    assert nobody == {"providers": 0, "named_providers_known_share": 0.0}


def test_providers_are_kept_by_their_reference_and_renamed_by_their_name() -> None:
    _, before = of_register("lines\n30")
    drawn = "provider_id | name"
    left = "\n".join(
        [
            drawn,
            *(f"P{n} | Home {n}" for n in range(7, 29)),
            *("P29 | Home Other", "P30 | home 30", "p1 | Home 1", "P31 | Home 2"),
        ]
    )
    figures, _ = of_register(left, before=unpack(pack(before)))
    assert figures["providers_kept_share"] == 24 / 30
    assert figures["renamed_share"] == 2 / 24


def test_references_given_anew_to_the_same_homes_are_other_providers() -> None:
    _, before = of_register("lines\n25")
    shifted = "\n".join(["provider_id | name", *(f"P{n + 1} | Home {n}" for n in range(1, 26))])
    figures, _ = of_register(shifted, before=before)
    assert (figures["providers_kept_share"], figures["renamed_share"]) == (24 / 25, 1.0)


def test_under_another_key_nothing_is_compared() -> None:
    _, before = of_register("lines\n25", key=OTHER_KEY)
    figures, after = of_register("lines\n25", before=before)
    assert set(figures) == {"providers", "named_providers_known_share"}
    assert after.digest != before.digest


def test_the_profile_holds_hashes_alone() -> None:
    _, profile = of_register("lines\n25")
    assert set(map(str, profile.sample.dtypes)) == {"uint64"}
    _, again = of_register("lines\n25")
    assert again.digest == profile.digest
