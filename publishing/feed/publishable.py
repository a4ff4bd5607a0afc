"""What goes out and what is withheld: in-scope CPLIs, their people and providers, discrepancies.

Whatever is in scope and does not go out is withheld for one reason, the first of `WithheldReason`
that holds, and is listed by its id, never by whom it is about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from publishing.feed.facts import Publisher, WithheldReason
from reconciliation.days import window_start
from reconciliation.identity import keyed_hash
from schemas.parsing import modulus_11_valid
from schemas.vocabularies import Authorisation, DiscrepancyType

PERSON = ["local_authority", "person_id"]
COUNCIL_PATIENT = ["local_authority", "patient"]
UNRESTRICTED = ("no", "n", "false", "f", "0")
UNVERIFIED = "stated by a provider only"
DETAILS = ("nhs_number", "family_name", "given_name", "date_of_birth")
WITHHELD_COLUMNS = ("local_authority", "resource_type", "id", "reason", "rule")
ABOUT_NO_PERSON = (DiscrepancyType.CASELOAD_OVERDUE.value,)


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What a night knows of the assessed councils.

    `cplis` and `rejected_cplis` are frames of the models of those names, `providers` of `Provider`.
    `discrepancies` has discrepancy_id, type, local_authority, provider_id, person_id, cpli_ids and
    service_type as `Discrepancy` has them, and: status (of `TaskStatus`), asked_by_provider (not by
    the council itself), authored_on (an instant, UTC), outcome (text of how or why it ended),
    asserted_service (the provider's, where it is another than the council's), asserted_start and
    asserted_end (dates that the provider states); the last four may be null.

    Of councils that could not be assessed tonight, `hidden_elsewhere` gives patients of whom
    nothing may be told with the reason, and `births_elsewhere` the council and the date of birth of
    those that stand at the receiver.
    """

    cplis: pd.DataFrame
    rejected_cplis: pd.DataFrame
    providers: pd.DataFrame
    discrepancies: pd.DataFrame
    hidden_elsewhere: Mapping[str, str] = field(default_factory=dict)
    births_elsewhere: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Publishable:
    """What goes out, one frame a resource type, and what does not.

    `people` has one row an NHS number; `patient`, its resource's id, grows from a keyed hash and
    names it in `cplis` and `discrepancies`. `withheld` has the columns of `WITHHELD_COLUMNS`, and
    `hidden` local_authority, patient and reason of whoever must not be seen. `over` has
    local_authority and cpli_id of what ended before the window, `unread` these two and patient of
    CPLIs that were rejected, as far as they can be read. `strangers` are the discrepancies about
    whom no council tells of tonight.
    """

    cplis: pd.DataFrame
    discrepancies: pd.DataFrame
    people: pd.DataFrame
    providers: pd.DataFrame
    withheld: pd.DataFrame
    hidden: pd.DataFrame
    over: pd.DataFrame
    unread: pd.DataFrame
    strangers: pd.DataFrame


def decide(
    sources: Sources, publisher: Publisher, *, as_of: date, window_months: int = 12
) -> Publishable:
    """Part what is published from what is withheld."""
    people, hidden = _judged_people(sources, publisher)
    providers = _judged_providers(sources.providers, publisher)
    window = pd.Timestamp(window_start(as_of, months=window_months))
    cplis = _joined(in_scope(sources.cplis, window=window), people, providers, publisher)
    discrepancies = _joined(_about_persons(sources.discrepancies), people, providers, publisher)
    lines, tasks = (frame[frame["withheld"].isna()] for frame in (cplis, discrepancies))
    wanted = pd.concat([lines["patient"], tasks["patient"]])
    shown = people[
        people["patient"].isin(wanted)
        & people["withheld"].isna()
        & people["local_authority"].isin(list(publisher.councils))
    ].drop_duplicates("patient")
    used = pd.concat([lines["provider_id"], tasks["provider_id"]])
    return Publishable(
        cplis=lines,
        discrepancies=tasks,
        people=shown,
        providers=providers[providers["provider_id"].isin(used)],
        withheld=pd.concat(
            [
                _listed(cplis, "EpisodeOfCare", "cpli_id"),
                _listed(discrepancies, "Task", "discrepancy_id"),
            ],
            ignore_index=True,
        ),
        hidden=hidden,
        strangers=discrepancies[discrepancies["withheld_rule"].eq(UNVERIFIED)],
        unread=_unread(sources.rejected_cplis, people, publisher),
        over=sources.cplis.loc[_over(sources.cplis, window=window), ["local_authority", "cpli_id"]],
    )


def in_scope(cplis: pd.DataFrame, *, window: pd.Timestamp) -> pd.DataFrame:
    """Return the CPLIs that are authorised and did not end before the window (rule 3)."""
    return cplis[_authorised(cplis) & ~(cplis["end_date"] < window)]


def _over(cplis: pd.DataFrame, *, window: pd.Timestamp) -> pd.Series:
    return _authorised(cplis) & (cplis["end_date"] < window)


def _authorised(cplis: pd.DataFrame) -> pd.Series:
    return cplis["authorisation"].eq(Authorisation.AUTHORISED.value)


def own_details(lines: pd.DataFrame) -> pd.DataFrame:
    """Return each person's own number, names and date of birth (rule 6), null where unstated.

    Each is that of the CPLI with the latest start (an unreadable one is the earliest), then the
    highest `cpli_id`, then the greatest value, that states it; the names count together.
    """
    known = lines[lines[PERSON].notna().all(axis=1)]
    people = known[PERSON].drop_duplicates().sort_values(PERSON)
    for columns in (["nhs_number"], ["family_name", "given_name"], ["date_of_birth"]):
        stated = known[known[columns].notna().all(axis=1)]
        ordered = stated.sort_values(["start_date", "cpli_id", *columns], na_position="first")
        latest = ordered.drop_duplicates(PERSON, keep="last")[[*PERSON, *columns]]
        people = people.merge(latest, on=PERSON, how="left", validate="one_to_one")
    return people.reset_index(drop=True)


def counted(withheld: pd.DataFrame, resource_type: str) -> Mapping[str, Mapping[str, int]]:
    """Return how many resources of a type each council has withheld, by reason."""
    lines = withheld[withheld["resource_type"].eq(resource_type)]
    sizes = lines.groupby(["local_authority", "reason"]).size()
    return {
        council: {reason: int(count) for reason, count in of_council.droplevel(0).items()}
        for council, of_council in sizes.groupby(level=0)
    }


def restricts(mark: pd.Series) -> pd.Series:
    """Say which rows restrict their person's record: those that say anything but no."""
    return mark.notna() & ~mark.str.casefold().isin(UNRESTRICTED)


def _unread(rejected: pd.DataFrame, people: pd.DataFrame, publisher: Publisher) -> pd.DataFrame:
    """Return whose rejected CPLIs are: by the council's reference, else by their own NHS number."""
    told = rejected[[*PERSON, "cpli_id", "nhs_number"]].merge(
        people[[*PERSON, "patient"]], on=PERSON, how="left", validate="many_to_one"
    )
    own = _patients(told["nhs_number"], publisher)
    return told.assign(patient=told["patient"].fillna(own))[
        ["local_authority", "cpli_id", "patient"]
    ]


def _judged_people(sources: Sources, publisher: Publisher) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Say of each person why nothing about them goes out, null where it does; and who is hidden."""
    received = (sources.cplis, sources.rejected_cplis)
    lines = pd.concat(
        [frame[[*PERSON, "start_date", "cpli_id", *DETAILS, "restricted"]] for frame in received],
        ignore_index=True,
    )
    people = own_details(lines)
    for name in ("family_name", "given_name"):
        people[name] = plain_text(people[name])
    people["patient"] = _patients(people["nhs_number"], publisher)
    marks = lines[restricts(lines["restricted"])]
    hidden = pd.concat(
        [
            _restricted(marks, people, publisher),
            _shared(people, sources),
        ]
    ).drop_duplicates(COUNCIL_PATIENT)
    # One human being can be two persons; what hides either hides both.
    reasons = dict(zip(hidden["patient"], hidden["reason"], strict=True))
    why = people["patient"].map({**reasons, **sources.hidden_elsewhere}).astype("str")
    nameless = people["family_name"].isna() | people["given_name"].isna()
    marked = pd.MultiIndex.from_frame(people[PERSON]).isin(pd.MultiIndex.from_frame(marks[PERSON]))
    unnumbered = people["patient"].isna()
    shared = why.eq(WithheldReason.NO_NHS_NUMBER.value)
    rule = np.select(
        [shared, nameless, people["date_of_birth"].isna()],
        ["Patient.identifier shared", "Patient.name missing", "Patient.birthDate missing"],
        default="",
    )
    people["withheld"] = _first_reason(
        restricted=marked | why.eq(WithheldReason.RESTRICTED.value),
        no_number=unnumbered | shared,
        check_failed=rule != "",
    )
    stated = people["withheld"].ne(WithheldReason.RESTRICTED.value) & ~unnumbered & (rule != "")
    people["withheld_rule"] = pd.Series(rule, dtype="str").where(stated)
    return people, hidden


def _restricted(marks: pd.DataFrame, people: pd.DataFrame, publisher: Publisher) -> pd.DataFrame:
    """Return whose records councils restrict: by their reference, and by the line's own number."""
    of_person = marks[PERSON].merge(people[[*PERSON, "patient"]], on=PERSON)
    of_line = marks.assign(patient=_patients(marks["nhs_number"], publisher))
    found = pd.concat([of_person[COUNCIL_PATIENT], of_line[COUNCIL_PATIENT]]).dropna()
    return found.assign(reason=WithheldReason.RESTRICTED.value)


def _shared(people: pd.DataFrame, sources: Sources) -> pd.DataFrame:
    """Return whose number somebody with another date of birth has too: it is verified of neither.

    Also of a council that is not assessed tonight: as it stands at the receiver, or as it was known
    when that council was there.
    """
    elsewhere = sources.births_elsewhere
    births = people.groupby("patient")["date_of_birth"].nunique()
    twice = people["patient"].isin(births.index[births > 1])
    there = people["patient"].map({key: born for key, (_, born) in elsewhere.items()})
    born = people["date_of_birth"].dt.strftime("%Y-%m-%d")
    differs = there.notna() & born.notna() & born.ne(there)
    known = people["patient"].map(sources.hidden_elsewhere).eq(WithheldReason.NO_NHS_NUMBER.value)
    of_ours = people.loc[twice | differs | known, COUNCIL_PATIENT]
    theirs = [(elsewhere[key][0], key) for key in people.loc[differs, "patient"]]
    of_theirs = pd.DataFrame(theirs, columns=COUNCIL_PATIENT, dtype="str")
    found = pd.concat([of_ours, of_theirs]).dropna()
    return found.assign(reason=WithheldReason.NO_NHS_NUMBER.value)


def _patients(nhs_numbers: pd.Series, publisher: Publisher) -> pd.Series:
    """Return the patient's id for each NHS number, null for one that is not valid."""
    valid = nhs_numbers.where(modulus_11_valid(nhs_numbers))
    ids = {
        each: publisher.id("Patient", keyed_hash(each, publisher.identity_key))
        for each in valid.dropna().unique()
    }
    return valid.map(ids).astype("str")


def _first_reason(
    *, restricted: pd.Series, no_number: pd.Series, check_failed: pd.Series
) -> pd.Series:
    chosen = np.select(
        [restricted, no_number, check_failed],
        [
            WithheldReason.RESTRICTED.value,
            WithheldReason.NO_NHS_NUMBER.value,
            WithheldReason.CHECK_FAILED.value,
        ],
        default="",
    )
    reasons = pd.Series(chosen, dtype="str")
    return reasons.where(reasons.ne(""))


def _judged_providers(providers: pd.DataFrame, publisher: Publisher) -> pd.DataFrame:
    """Return the providers that the feed can name: a name, and an ODS code that no other has.

    A council's own services may have its code all together: they are the council.
    """
    councils = [council.ods_code for council in publisher.councils.values()]
    cleaned = providers.assign(
        **{name: plain_text(providers[name]) for name in ("name", "ods_code", "cqc_id")}
    )
    code = cleaned["ods_code"]
    shared = code.notna() & code.duplicated(keep=False) & ~code.isin(councils)
    return cleaned[cleaned["name"].notna() & ~shared]


def _about_persons(discrepancies: pd.DataFrame) -> pd.DataFrame:
    """Return the discrepancies about a person; an overdue caseload is about nobody."""
    return discrepancies[~discrepancies["type"].isin(ABOUT_NO_PERSON)]


def _joined(
    frame: pd.DataFrame, people: pd.DataFrame, providers: pd.DataFrame, publisher: Publisher
) -> pd.DataFrame:
    """Add to each row its patient, and why it is withheld."""
    of_person = people[[*PERSON, "patient", "withheld", "withheld_rule"]]
    joined = frame.merge(of_person, on=PERSON, how="left", validate="many_to_one")
    # Whom no council knows has at most the number that a provider has written down.
    unknown = joined["patient"].isna() & joined["withheld"].isna()
    joined["withheld"] = joined["withheld"].mask(unknown, WithheldReason.NO_NHS_NUMBER.value)
    joined["withheld_rule"] = joined["withheld_rule"].mask(unknown, UNVERIFIED)
    mapped = joined["local_authority"].isin(list(publisher.councils)) & (
        joined["provider_id"].isna() | joined["provider_id"].isin(providers["provider_id"])
    )
    unmapped = ~mapped & joined["withheld"].isna()
    joined["withheld"] = joined["withheld"].mask(
        unmapped, WithheldReason.ORGANISATION_UNMAPPED.value
    )
    return joined


def _listed(frame: pd.DataFrame, resource_type: str, id_column: str) -> pd.DataFrame:
    held = frame[frame["withheld"].notna()]
    listed = pd.DataFrame(
        {
            "local_authority": held["local_authority"],
            "resource_type": resource_type,
            "id": held[id_column],
            "reason": held["withheld"],
            "rule": held["withheld_rule"],
        }
    )
    return listed[list(WITHHELD_COLUMNS)].sort_values(["local_authority", "id"])


def plain_text(column: pd.Series) -> pd.Series:
    """Return text as FHIR takes it: single plain spaces, no control characters, never empty."""
    lines = {text: one_line(text) or None for text in column.dropna().unique()}
    return column.map(lines).astype("str")


def one_line(text: str) -> str:
    """Return text with single plain spaces and without control characters."""
    spaced = "".join(each if each.isprintable() else " " for each in text)
    return " ".join(spaced.split())
