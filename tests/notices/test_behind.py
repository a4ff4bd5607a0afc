"""What nights keep for pages: the lines behind cases, and what each provider may see."""

from typing import Any

from folders.canonical import LEICESTER, RUTLAND
from notices.site import FRIDAY, LISTS_OF, SATURDAY, THURSDAY, Site

from casebook.worklist import Worklist
from publishing.notices.facts import Notice

STRANGER = {
    "family_name": "ZZStrange",
    "given_name": "Ann",
    "date_of_birth": "1950-01-01",
    "service_type": "HS",
    "start_date": "2026-01-05",
}


def behind(site: Site, kind: str) -> list[list[dict[str, Any]]]:
    """Return the lines behind each case of a type, by the reference of whom it is about."""
    cases = site.casebook.cases()
    theirs = cases[cases["type"].eq(kind)].sort_values("person_id").index
    return [Worklist(site.casebook).lines(case) for case in theirs]


def seen_by(site: Site, provider: str) -> Notice:
    page = site.casebook.notices().page(provider)
    assert page is not None
    return Notice.from_json(page.content)


def test_a_case_has_the_lines_of_the_council_and_of_the_list_that_it_is_about(site: Site) -> None:
    here = site.line("P1", listed=False, family_name="ZZHollis", weekly_quantity="7.5")
    there = site.line("P2", RUTLAND, listed=False)
    site.line("P1", listed=False, restricted="yes")
    site.entries["P1"] = [STRANGER]
    assert site.night() == 0
    lines = {row["cpli_id"]: row for [row] in behind(site, "support_not_reported")}
    assert set(lines) >= {here["cpli_id"], there["cpli_id"]}
    row, before = lines[here["cpli_id"]], lines[there["cpli_id"]]
    assert (row["side"], row["local_authority"], row["provider_id"]) == ("council", LEICESTER, "P1")
    assert (row["family_name"], row["person_id"]) == ("ZZHollis", here["person_id"])
    assert (row["weekly_quantity"], str(row["start_date"])) == (7.5, here["start_date"])
    [[entry]] = behind(site, "cpli_not_found")
    assert (entry["side"], entry["dated"], entry["family_name"]) == (
        ("provider", LISTS_OF, "ZZStrange")
    )
    assert entry["row"] == len(site.listed("P1"))

    site.away.add(RUTLAND)
    here["family_name"] = there["family_name"] = "ZZChanged"
    site.night(SATURDAY)
    lines = {row["cpli_id"]: row for [row] in behind(site, "support_not_reported")}
    assert lines[here["cpli_id"]]["family_name"] == "ZZChanged"
    assert lines[there["cpli_id"]] == before

    # Neither an older night nor a run of one council takes back what is known of the others.
    here["family_name"] = "ZZOlder"
    site.away.clear()
    site.night(THURSDAY)
    assert {row["family_name"] for [row] in behind(site, "support_not_reported")} >= {"ZZChanged"}
    site.write()
    site.again(SATURDAY, councils=[RUTLAND])
    lines = {row["cpli_id"]: row for [row] in behind(site, "support_not_reported")}
    assert lines[here["cpli_id"]]["family_name"] == "ZZChanged"
    assert lines[there["cpli_id"]]["family_name"] == "ZZChanged"
    [[entry]] = behind(site, "cpli_not_found")
    assert entry["family_name"] == "ZZStrange"


def test_each_provider_may_see_what_a_notice_would_say_due_or_not(site: Site) -> None:
    site.join("P2", notice_frequency="never")
    here = site.line("P2", listed=False)
    hidden = site.line("P2", listed=False, restricted="yes")
    assert site.night() == 0
    assert site.casebook.notices().notices(provider_id="P2") == []
    said = seen_by(site, "P2")
    assert [item.person for item in said.items] == [here["person_id"]]
    assert hidden["person_id"] not in repr(site.casebook.notices().page("P2"))
    assert (said.as_of, said.name, said.left_out) == (FRIDAY, str(FRIDAY), ())
    assert seen_by(site, "P1").items == ()
    assert site.casebook.notices().page("P9") is None

    # A night of Friday that is run again after Saturday's, or of one council, changes nothing.
    site.unlisted.clear()
    site.night(SATURDAY)
    assert (seen_by(site, "P2").as_of, seen_by(site, "P2").items) == (SATURDAY, ())
    site.line("P2", listed=False)
    site.night(FRIDAY)
    site.again(SATURDAY, councils=[RUTLAND])
    assert (seen_by(site, "P2").as_of, seen_by(site, "P2").items) == (SATURDAY, ())
    del site.register["P2"]
    site.night(SATURDAY)
    assert site.casebook.notices().page("P2") is None
