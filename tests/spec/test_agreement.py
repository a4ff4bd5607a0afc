"""The fast engine against the slow plain one, on populations drawn from trouble.

`CPLI_DRAWS` sets how many are drawn; `make prove` draws thousands.
"""

import os
from collections import Counter

import pytest
from bridge import COMPARED, findings_of, night_of, rows_of
from oracle import Population, reconcile, study
from oracle.draws import draw_population
from oracle.shrink import smallest

from reconciliation import reconcile as reconcile_fast

BATCH = 20
BATCHES = int(os.environ.get("CPLI_DRAWS", "40")) // BATCH


def expected(population: Population, as_of) -> Counter:
    return Counter(
        tuple(row[name] or "" for name in COMPARED) for row in reconcile(population, as_of)
    )


@pytest.mark.draws
@pytest.mark.parametrize("batch", range(BATCHES))
def test_both_engines_find_the_same(batch: int) -> None:
    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        population, as_of = draw_population(seed, 1 + seed % 8, with_words=seed % 4 == 0)

        def differs(drawn: Population, as_of=as_of) -> bool:
            return Counter(rows_of(findings_of(drawn, as_of))) != expected(drawn, as_of)

        if differs(population):
            small = smallest(population, differs)
            found, wanted = Counter(rows_of(findings_of(small, as_of))), expected(small, as_of)
            pytest.fail(
                f"seed {seed}, run date {as_of}: only the fast one finds {found - wanted}, "
                f"only the plain one {wanted - found}, in {small}"
            )


def test_both_engines_form_the_same_spells_and_pairs() -> None:
    for seed in range(12):
        population, as_of = draw_population(seed, 6)
        counts = reconcile_fast(night_of(population, as_of)).counts["all"]
        plain = study(population, as_of)
        pairs = {name: count for name, count in counts.items() if name.startswith("pairs_")}
        assert counts.get("spells", 0) == len(plain.spells), seed
        assert sum(pairs.values()) >= len(set(plain.night.pairs)), seed
