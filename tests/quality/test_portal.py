"""What is measured of the portal's extract, beside the council's CPLIs."""

from datetime import date, timedelta

import pytest
from cleaned import AS_OF
from measured import OTHER_KEY, beside_portal
from oracle.tables import table

from quality.cplis import FEWEST
from quality.portal import REMEMBERED_DAYS
from quality.profile import pack, unpack
from reconciliation.days import day

ALIKE = "lines\n25"
SHARES = (
    *("portal_rejected_share", "portal_coverage"),
    *("portal_strangers_share", "portal_differs_share"),
)

# Of twenty-five lines five are shown, or held, otherwise than the rest; the extract is of 18 Nov.
BESIDE = table("""
figure                 | side   | column        | five have            | is
portal_rejected_share  | portal | start_date    | never                | 0.2
portal_rejected_share  | portal | person_id     |                      | 0.2
portal_coverage        | portal | start_date    | never                | 1.0
portal_coverage        | portal | cpli_id       | X                    | 0.8
portal_coverage        | portal | cpli_id       | c1                   | 0.8
portal_coverage        | portal | provider_id   | P2                   | 1.0
portal_strangers_share | portal | cpli_id       | X                    | 0.2
portal_strangers_share | cpli   | cpli_id       | X                    | 0.2
portal_strangers_share | cpli   | authorisation | draft                | 0.0
portal_strangers_share | cpli   | start_date    | never                | 0.0
portal_strangers_share | cpli   | end_date      | 2026-01-01           | 0.0
portal_differs_share   | portal | start_date    | 2026-05-02           | 0.2
portal_differs_share   | portal | end_date      | 2027-03-30           | 0.2
portal_differs_share   | portal | end_date      |                      | 0.2
portal_differs_share   | portal | provider_id   | P2                   | 0.2
portal_differs_share   | portal | provider_id   | p1                   | 0.2
portal_differs_share   | portal | service_type  | DS                   | 0.0
portal_differs_share   | portal | person_id     | 77                   | 0.0
portal_differs_share   | cpli   | end_date      |                      | 0.2
portal_coverage        | cpli   | cpli_id       | X{number}            | 0.8
portal_coverage        | cpli   | created_at    | 2026-11-18T00:00:00Z | 1.0
""")  # fmt: skip


def five(column: str, cell: str, *, lines: int = 25) -> str:
    rows = [cell.format(number=number) for number in range(5)]
    rest = lines - 5
    if column == "cpli_id":
        own = [*rows, *(f"C{number}" for number in range(6, lines + 1))]
        return "\n".join(["cpli_id", *own])
    sound = {"start_date": "2026-05-01", "end_date": "2027-03-31", "provider_id": "P1"}
    other = {
        "service_type": "HS",
        "authorisation": "authorised",
        "created_at": "2026-04-20T09:30:00Z",
    }
    if column == "person_id":
        own = [*rows, *(str(1000 + number) for number in range(6, lines + 1))]
        return "\n".join(["person_id | unit", *(f"{one} | hours" for one in own)])
    return f"lines | {column}\n5 | {cell}\n{rest} | {(sound | other)[column]}"


@pytest.mark.parametrize("case", BESIDE, ids=lambda case: " ".join(case.values()))
def test_a_share_is_that_of_the_rows_that_have_it(case: dict[str, str]) -> None:
    changed = five(case["column"], case["five have"])
    shown, held = (changed, ALIKE) if case["side"] == "portal" else (ALIKE, changed)
    figures, _ = beside_portal(shown, held)
    assert figures[case["figure"]] == pytest.approx(float(case["is"]))


EXPECTED = table("""
what of five lines that are not shown | end_date   | authorisation | updated_at           | is
in scope and settled                  |            | authorised    |                      | 0.8
not authorised                        |            | draft         |                      | 1.0
ended, and not hidden yet             | 2026-10-21 | authorised    |                      | 0.8
ended long ago                        | 2026-10-20 | authorised    |                      | 1.0
changed on the extract's day          |            | authorised    | 2026-11-18T00:00:00Z | 1.0
changed just before it                |            | authorised    | 2026-11-17T23:59:59Z | 0.8
""")  # fmt: skip


@pytest.mark.parametrize(
    "case", EXPECTED, ids=lambda case: case["what of five lines that are not shown"]
)
def test_what_the_portal_should_show_was_in_scope_and_settled_before_its_extract(
    case: dict[str, str],
) -> None:
    cells = f"{case['end_date']} | {case['authorisation']} | {case['updated_at']}"
    held = f"lines | end_date | authorisation | updated_at\n20 | | authorised |\n5 | {cells}"
    figures, _ = beside_portal("lines | end_date\n20 |", held)
    assert figures["portal_coverage"] == pytest.approx(float(case["is"]))


def test_what_changed_since_the_extract_may_differ() -> None:
    since = "2026-11-18T00:00:00Z"
    held = f"lines | start_date | updated_at\n5 | 2026-05-02 | {since}\n20 | 2026-05-01 |"
    assert beside_portal(ALIKE, held)[0]["portal_differs_share"] == 0.0
    before = held.replace(since, "2026-11-17T23:59:59Z")
    assert beside_portal(ALIKE, before)[0]["portal_differs_share"] == 0.2


def test_one_line_may_be_shown_several_times() -> None:
    shown = "\n".join(
        ["cpli_id | provider_id", *["C1 | P1"] * 3, *["C1 | P2"] * 2, *["C2 | P1"] * 20]
    )
    figures, _ = beside_portal(shown, ALIKE)
    assert figures["portal_rows"] == 25
    assert figures["portal_differs_share"] == 2 / 25
    assert figures["portal_coverage"] == 2 / 25


def test_of_fewer_than_twenty_no_share_is_told() -> None:
    few, enough = (beside_portal(f"lines\n{n}", f"lines\n{n}")[0] for n in (FEWEST - 1, FEWEST))
    assert [few[name] for name in SHARES] == [None] * 4
    assert [enough[name] for name in SHARES] == [0.0, 1.0, 0.0, 0.0]
    assert few["portal_rows"] == FEWEST - 1


def test_nothing_is_measured_without_a_fault() -> None:
    for shown, held in (("lines\n0", "lines\n0"), ("lines\n0", ALIKE), (ALIKE, "lines\n0")):
        figures, profile = beside_portal(shown, held)
        again, _ = beside_portal(shown, held, unpack(pack(profile)))
        assert again == figures
        rows = 0 if shown == "lines\n0" else 25
        assert figures["portal_rows"] == rows
        assert (figures["portal_unchanged_working_days"] is None) is (rows == 0)
        assert figures["portal_coverage"] == (0.0 if held == ALIKE else None)
        assert figures["portal_strangers_share"] == (1.0 if rows else None)


def changed(number: int) -> str:
    return f"lines | end_date\n24 |\n1 | 2027-01-{number:02d}"


def test_the_very_same_under_a_new_date_is_as_old_as_its_first() -> None:
    wednesday = date(2026, 11, 4)
    days = [(0, 1, 0), (7, 1, 5), (8, 2, 0), (9, 1, 7), (9, 1, 7), (12, 1, 8), (13, 3, 0)]
    before = None
    for later, content, old in days:
        when = wednesday + timedelta(days=later)
        told, before = beside_portal(
            changed(content), ALIKE, before, extract_date=when, as_of=when + timedelta(days=1)
        )
        before = unpack(pack(before))
        assert told["portal_unchanged_working_days"] == old


def test_an_extract_that_lies_for_weeks_is_not_a_new_one() -> None:
    when = date(2026, 11, 4)
    _, before = beside_portal(ALIKE, ALIKE, extract_date=when, as_of=when)
    told, _ = beside_portal(ALIKE, ALIKE, before, extract_date=when, as_of=AS_OF)
    assert told["portal_unchanged_working_days"] == 0


def test_an_old_extract_is_known_again_for_sixty_days() -> None:
    first = date(2026, 8, 3)
    before = None
    for later, content in ((0, 1), (REMEMBERED_DAYS - 1, 2), (REMEMBERED_DAYS, 3)):
        when = first + timedelta(days=later)
        _, before = beside_portal(changed(content), ALIKE, before, extract_date=when, as_of=when)
        assert (day(first) in before.digests.values()) is (later < REMEMBERED_DAYS)
    assert len(before.digests) == 2


def test_under_another_key_nothing_is_known_again() -> None:
    when = date(2026, 11, 4)
    _, before = beside_portal(ALIKE, ALIKE, extract_date=when, as_of=when, key=OTHER_KEY)
    told, after = beside_portal(ALIKE, ALIKE, before)
    assert told["portal_unchanged_working_days"] == 0
    assert len(after.digests) == 1
    assert set(after.digests) != set(before.digests)


def test_rows_in_another_order_are_the_same_extract() -> None:
    rows = "\n".join(["cpli_id | person_id", *(f"C{n} | {1000 + n}" for n in range(25, 0, -1))])
    assert (
        beside_portal(rows, ALIKE)[1].digest
        == beside_portal(
            "\n".join(["cpli_id | person_id", *(f"C{n} | {1000 + n}" for n in range(1, 26))]), ALIKE
        )[1].digest
    )


def test_a_profile_of_the_portal_names_nobody() -> None:
    _, profile = beside_portal(ALIKE, ALIKE)
    assert profile.sample.empty
    assert set(map(len, profile.digests)) == {64}
