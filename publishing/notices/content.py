"""What a night has for each provider: its own cases, told by what it may know (rule 11).

No notice is made of anything but rows of its provider. Of a case about a care package of its own a
provider is told whom the council means; of any other it is told what it has written down itself,
because whom the rules found by that may be somebody else's person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pandas as pd

from publishing.feed.publishable import PERSON, own_details, restricts
from publishing.notices.facts import BY_ENTRY, GROUPS, Group, Item, Notice
from publishing.notices.planning import NO_COUNCIL, Tonight
from publishing.notices.wording import Wording, in_words, rows_in_words
from publishing.templates import british_date
from reconciliation.identity import keyed_hash
from schemas.vocabularies import Caveat, DiscrepancyType, NotFoundReason, ServiceType

SEVERITIES = {"high": 0, "medium": 1, "low": 2}
SERVICES = {service.value: service.display for service in ServiceType}
KEY = "discrepancy_id"
OVERDUE = DiscrepancyType.CASELOAD_OVERDUE.value
SAID = (KEY, "type", "council_value", "provider_value", "reason")
ROWS_NAMED = 20
LETTER = r"([^\W\d_])"
OF_OWN_LINES = (
    NotFoundReason.CPLI_NOT_AUTHORISED.value,
    NotFoundReason.CPLI_ENDED_BEFORE_WINDOW.value,
    NotFoundReason.OTHER_SERVICE_ONLY.value,
)
"""The reasons of rule 9.1 that speak of the provider's own lines."""

DIFFERING = ("nhs_number", "date_of_birth", "name")
SILENT = ("resolved", "accepted", "resolved_by_data")
"""The states of cases that somebody has settled: nobody is asked about these."""
WITH_COUNCIL = "awaiting_council"


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What a night knows that concerns providers.

    `discrepancies` are those of the night, of assessed councils, as `Discrepancy` has them;
    `states` gives each case's by its id. `entries` are those of accepted caseloads, whose dates
    `list_dates` gives by provider; `unread_rows` gives the rows of these that were rejected,
    `refused_lists` the dates of later lists that were refused. `cplis` and `rejected_cplis` are of
    the assessed councils. `provider_names` are those of the register, `council_names` of all
    councils. `left_out` are the codes of councils of which the night says nothing, and
    `hidden_elsewhere` keyed hashes of the NHS numbers of whoever they restrict; `key` is that of
    the hashes.
    """

    as_of: date
    discrepancies: pd.DataFrame
    states: pd.Series
    entries: pd.DataFrame
    cplis: pd.DataFrame
    rejected_cplis: pd.DataFrame
    provider_names: Mapping[str, str]
    list_dates: Mapping[str, date]
    council_names: Mapping[str, str]
    left_out: frozenset[str]
    unread_rows: Mapping[str, Sequence[int]] = field(default_factory=dict)
    refused_lists: Mapping[str, date] = field(default_factory=dict)
    key: bytes = field(repr=False)
    hidden_elsewhere: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Telling:
    """How a provider is told: in which words, until when it should answer, and whom it can ask.

    `contacts` gives councils' by their codes, `NO_COUNCIL` what is for cases of none.
    """

    wording: Wording
    reply_by: date
    contacts: Mapping[str, str]


def cases_of(sources: Sources) -> pd.DataFrame:
    """Return the cases that providers may be told of, each with whom it is about.

    The columns are those of a discrepancy, and state, council (a code or `NO_COUNCIL`),
    told_council (that which the provider may know of, likewise), person, initials and born (text,
    "" where unknown). Nothing about a person whose record is restricted.
    """
    found = sources.discrepancies
    told = found["type"].isin([OVERDUE, *(each.value for each in GROUPS)])
    ours = found["provider_id"].isin(list(sources.provider_names))
    lines = _lines(sources)
    people = own_details(lines)
    hidden = _restricted(lines, people, sources)
    shown = ~pd.MultiIndex.from_frame(found[PERSON]).isin(hidden)
    cases = found[told & ours & shown].reset_index(drop=True)
    cases = cases.assign(
        state=cases[KEY].map(sources.states).astype("str").fillna("open"),
        council=cases["local_authority"].fillna(NO_COUNCIL),
    )
    return _with_whom(cases, people, sources.entries)


def restricted_numbers(sources: Sources) -> dict[str, set[str]]:
    """Return keyed hashes of the NHS numbers of whoever each assessed council restricts."""
    lines = _lines(sources)
    people = own_details(lines)
    marks = lines[restricts(lines["restricted"])]
    own = people[_keys(people).isin(_keys(marks))]
    numbers = pd.concat([each[["local_authority", "nhs_number"]] for each in (own, marks)]).dropna()
    return {
        code: {keyed_hash(number, sources.key) for number in of_council["nhs_number"].unique()}
        for code, of_council in numbers.groupby("local_authority")
    }


def tonights(cases: pd.DataFrame, sources: Sources) -> dict[str, Tonight]:
    """Return what the night has for each provider, by its id."""
    key = sources.key
    asked = cases[~cases["state"].isin([*SILENT, WITH_COUNCIL])]
    left_out = _left_out(sources)
    hashes = {"found": _hashes(cases, key=key), "asked": _hashes(asked, key=key)}
    concerned = set(sources.list_dates) & set(sources.provider_names) | set(cases["provider_id"])
    return {
        provider: Tonight(
            as_of=sources.as_of,
            found=hashes["found"].get(provider, {}),
            asked=hashes["asked"].get(provider, {}),
            left_out=left_out,
            confirms=provider in sources.list_dates and not left_out,
        )
        for provider in sorted(concerned)
    }


def notices_of(
    cases: pd.DataFrame, sources: Sources, telling: Telling, *, names: Mapping[str, str]
) -> Iterator[Notice]:
    """Yield the notices of some providers: `names` gives those of the notices by provider."""
    theirs = dict(list(_in_order(cases[cases["provider_id"].isin(list(names))])))
    for provider, name in names.items():
        own = theirs.get(provider, cases[:0])
        yield _notice(provider, name, own[~own["state"].isin(SILENT)], sources, telling)


def _notice(
    provider: str, name: str, cases: pd.DataFrame, sources: Sources, telling: Telling
) -> Notice:
    words, council_names = telling.wording, sources.council_names
    overdue = cases["type"].eq(OVERDUE)
    items = tuple(_item(case, words, council_names) for case in cases[~overdue].to_dict("records"))
    spoken_of = sorted({*cases["told_council"]})
    unknown = words("words", "contact_unknown")
    usual = dict.fromkeys(spoken_of, words("words", "contact_usual")) | {NO_COUNCIL: unknown}
    return Notice(
        provider_id=provider,
        provider_name=sources.provider_names[provider],
        name=name,
        as_of=sources.as_of,
        reply_by=telling.reply_by,
        list_date=sources.list_dates.get(provider),
        list_wanted=_list_wanted(cases[overdue], words),
        list_notes=tuple(_list_notes(provider, sources, words)),
        items=items,
        left_out=tuple(sorted(council_names.get(code, code) for code in sources.left_out)),
        contacts={
            council_names.get(code, code) if code != NO_COUNCIL else "": telling.contacts.get(
                code, usual[code]
            )
            for code in spoken_of
        },
    )


def _list_wanted(overdue: pd.DataFrame, words: Wording) -> str:
    reasons = overdue["reason"].dropna().unique()
    return words("list", "reasons", str(reasons[0])) if len(reasons) else ""


def _list_notes(provider: str, sources: Sources, words: Wording) -> Iterator[str]:
    """Yield what of a provider's lists could not be used: a later one, or rows of this one."""
    day = sources.list_dates.get(provider)
    if day is None:
        return
    facts = {"list": british_date(day)}
    if refused := sources.refused_lists.get(provider):
        yield words("words", "list_refused", day=british_date(refused), **facts)
    rows = sources.unread_rows.get(provider, ())
    if rows:
        named = rows_in_words(";".join(map(str, rows)))
        told = named[:1].lower() + named[1:] if len(rows) <= ROWS_NAMED else f"{len(rows):,} rows"
        yield words("words", "list_rows_unread", rows=told, **facts)


def _item(case: Mapping[Any, Any], words: Wording, council_names: Mapping[str, str]) -> Item:
    kind = DiscrepancyType(case["type"])
    group = Group.WITH_COUNCIL if case["state"] == WITH_COUNCIL else GROUPS[kind]
    council = _council(case["told_council"], words, council_names)
    facts = {
        "council": council,
        "service": SERVICES.get(_text(case["service_type"]), ""),
        "list": british_date(case["caseload_date"]) if pd.notna(case["caseload_date"]) else "",
        "rows": rows_in_words(_text(case["caseload_rows"])),
        "record": in_words(_text(case["council_value"])) if kind not in VALUES_UNTOLD else "",
        "said": in_words(_text(case["provider_value"])) if kind not in VALUES_UNTOLD else "",
        "details": _details(case, words) if kind is DiscrepancyType.IDENTITY_DIFFERS else "",
    }
    place, reason = ("types", kind.value), _text(case["reason"])
    said = words(*place, "said", **facts)
    if Caveat.REJECTED_ROWS.value in _text(case["caveat"]).split(";"):
        said = f"{said} {words('words', 'unread_row_said')}"
    by_reason = (*place, "reasons", reason)
    return Item(
        case=case[KEY],
        group=group,
        council=council,
        person=case["person"],
        initials=case["initials"],
        born="" if _is_about_birth(case, kind) else case["born"],
        service=facts["service"],
        found=words(*place, "found", **facts),
        record=words(*(by_reason if words.has(*by_reason) else (*place, "record")), **facts),
        said=said,
        to_do=words(*place, "do", **facts),
    )


VALUES_UNTOLD = frozenset(
    {
        DiscrepancyType.PROVIDER_DIFFERS,
        DiscrepancyType.IDENTITY_DIFFERS,
        DiscrepancyType.POSSIBLE_MATCH,
    }
)
"""The types whose values name another provider, or hold names, birth dates and NHS numbers."""


def _is_about_birth(case: Mapping[Any, Any], kind: DiscrepancyType) -> bool:
    """Say whether the date of birth may be what differs, so that not even its year is told."""
    if kind is DiscrepancyType.IDENTITY_DIFFERS:
        return "date_of_birth" in _differing(case)
    return kind is DiscrepancyType.POSSIBLE_MATCH


def _details(case: Mapping[Any, Any], words: Wording) -> str:
    """Say which details differ, and none of them."""
    told = [words("details", name) for name in _differing(case) or ["name"]]
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"


def _differing(case: Mapping[Any, Any]) -> list[str]:
    """Return which details of a person differ."""
    stated = _text(case["council_value"])
    return [name for name in DIFFERING if f"; {name} " in f"; {stated}"]


def _council(code: str, words: Wording, council_names: Mapping[str, str]) -> str:
    return words("words", "no_council") if code == NO_COUNCIL else council_names.get(code, code)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _in_order(cases: pd.DataFrame) -> Iterator[tuple[Any, pd.DataFrame]]:
    """Part cases by provider, each part in the order in which it is read."""
    order = ["provider_id", "told_council", "severity", "service_type", "person", KEY]
    ranks = cases["severity"].map(SEVERITIES)
    ordered = cases.assign(severity=ranks).sort_values(order, na_position="last")
    yield from ordered.groupby("provider_id")


def _left_out(sources: Sources) -> frozenset[str]:
    """Return the councils of which nothing is said; a case of none may be any of theirs."""
    return sources.left_out | {NO_COUNCIL} if sources.left_out else sources.left_out


def _hashes(cases: pd.DataFrame, *, key: bytes) -> dict[str, dict[str, str]]:
    """Return by provider and council a hash of what is said of the cases, in any order."""
    # Which other provider the record shows is nothing that this one is told.
    other = cases["type"].eq(DiscrepancyType.PROVIDER_DIFFERS.value)
    said_of = cases.assign(council_value=cases["council_value"].mask(other))
    parts = [said_of[name].fillna("").astype("str") for name in SAID]
    said = parts[0].str.cat(parts[1:], sep="\x1f").sort_values()
    groups = cases.loc[said.index, ["provider_id", "council"]].assign(said=said)
    joined = groups.groupby(["provider_id", "council"])["said"].agg("\x1e".join)
    hashes: dict[str, dict[str, str]] = {}
    for (provider, council), text in joined.items():
        hashes.setdefault(provider, {})[council] = keyed_hash(text, key)
    return hashes


def _lines(sources: Sources) -> pd.DataFrame:
    return pd.concat([sources.cplis, sources.rejected_cplis], ignore_index=True)


def _keys(people: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(people[PERSON])


def _restricted(lines: pd.DataFrame, people: pd.DataFrame, sources: Sources) -> pd.MultiIndex:
    """Return whose records councils restrict, under whichever council's reference."""
    marks = lines[restricts(lines["restricted"])]
    keys = _keys(people)
    marked = keys.isin(_keys(marks))
    numbers = pd.concat([people.loc[marked, "nhs_number"], marks["nhs_number"]]).dropna()
    hidden = marked | people["nhs_number"].isin(numbers).to_numpy(dtype=bool)
    if sources.hidden_elsewhere:
        hashes = {each: keyed_hash(each, sources.key) for each in people["nhs_number"].dropna()}
        elsewhere = people["nhs_number"].map(hashes).isin(sources.hidden_elsewhere)
        hidden |= elsewhere.to_numpy(dtype=bool)
    return keys[hidden]


def _with_whom(cases: pd.DataFrame, people: pd.DataFrame, entries: pd.DataFrame) -> pd.DataFrame:
    """Add whom each case is about, from the side that the provider may know it from."""
    theirs = cases["type"].isin([each.value for each in BY_ENTRY])
    of_council = cases[PERSON].merge(people, on=PERSON, how="left", validate="many_to_one")
    first_row = cases["caseload_rows"].str.extract(r"^([0-9]+)", expand=False)
    of_entry = pd.DataFrame(
        {"provider_id": cases["provider_id"], "caseload_row": pd.to_numeric(first_row)}
    ).merge(
        entries.rename(columns={"local_authority": "named"}),
        on=["provider_id", "caseload_row"],
        how="left",
        validate="many_to_one",
    )
    stated = of_entry["person_id"].fillna(of_entry["cpli_id"])
    # A council that a provider neither names nor has a line with may be a stranger's.
    own_line = cases["reason"].isin(OF_OWN_LINES)
    told = cases["local_authority"].where(~theirs | own_line, of_entry["named"])
    whom = {
        "told_council": told.fillna(NO_COUNCIL),
        "person": stated.where(theirs, of_council["person_id"]),
        "initials": _initials(of_entry).where(theirs, _initials(of_council)),
        "born": _born(of_entry).where(theirs, _born(of_council)),
    }
    return cases.assign(**{name: text.fillna("").astype("str") for name, text in whom.items()})


def _initials(people: pd.DataFrame) -> pd.Series:
    """Return "MH" for Mary Hollis, one letter where there is one name, "" where there is none."""
    letters = [
        people[name].str.extract(LETTER, expand=False).fillna("").str.upper()
        for name in ("given_name", "family_name")
    ]
    return letters[0] + letters[1]


def _born(people: pd.DataFrame) -> pd.Series:
    years = people["date_of_birth"].dt.year
    return years.astype("Int64").astype("str").where(years.notna())
