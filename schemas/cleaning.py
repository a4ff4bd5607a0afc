"""Split what a source sent into valid rows, rejected rows and warnings (rule 2).

A rejected row is kept as far as it can be read, so that nothing is later reported as missing or
different because a row was bad. Nothing here quotes a cell: refusals say where, which rule, and who
should do what.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from schemas import parsing
from schemas.raw import CaseloadFile, RawTable, refusals
from schemas.tables import (
    AUTHORISATION_DTYPE,
    CASELOAD,
    CPLI,
    GSS_PATTERN,
    PROVIDER,
    REFUSAL_COLUMNS,
    SERVICE_CATEGORY_DTYPE,
    SERVICE_TYPE_DTYPE,
    SUPPLIER_REFERENCE,
    UNIT_DTYPE,
    Cpli,
    Entry,
    Portal,
    Provider,
    RejectedCpli,
    RejectedEntry,
    RejectedPortal,
    SupplierReference,
    Table,
    check,
    column_names,
)
from schemas.vocabularies import NoticeFrequency, RefusalLevel, ServiceType

Mask = NDArray[np.bool_]

EMAIL = r"[^@\s]+@[^@\s]+\.[^@\s]+"
REGISTER_KEEPER = "the keeper of the providers' register"
EARLIEST_BIRTH = pd.Timestamp(1900, 1, 1)


@dataclass(frozen=True, kw_only=True)
class Cleaned:
    """The valid rows, the rejected ones as far as they can be read, and what was refused.

    `valid` and `rejected` keep the contracts of the table's models, `refusals` is a Refusal table.
    """

    valid: pd.DataFrame
    rejected: pd.DataFrame
    refusals: pd.DataFrame


@dataclass(frozen=True, kw_only=True)
class CleanedCaseloads(Cleaned):
    """Cleaned entries of several files; `counts` has caseload, rows (not blank), rejected_rows."""

    counts: pd.DataFrame


@dataclass(frozen=True, kw_only=True)
class Repeats:
    """What other rows of a council's extract say of each row's `cpli_id` (masks, one flag a row).

    `conflicting` rows have another with other content, `copied` ones the same row before them.
    """

    conflicting: Mask
    copied: Mask

    def of(self, rows: slice) -> Repeats:
        """Return what is known of some of the rows."""
        return Repeats(conflicting=self.conflicting[rows], copied=self.copied[rows])


@dataclass(frozen=True, kw_only=True)
class CleanedPart:
    """A part of a council's cleaned CPLIs, on its way to the whole.

    `noted` has a Refusal table, often empty, for each thing that can be wrong. The refusals of the
    whole are those of all raw parts, then the first tables of all parts, the second ones, and so
    on.
    """

    valid: pd.DataFrame
    rejected: pd.DataFrame
    noted: tuple[pd.DataFrame, ...]


def clean_cplis(raw: RawTable, *, local_authority: str, as_of: date) -> Cleaned:
    """Clean one council's CPLIs; `local_authority` is the council's GSS code (rule 2)."""
    text = _without_blank_rows(raw.frame, _with_reference(raw))
    tidy = _tidy_cplis(raw, text, local_authority=local_authority, as_of=as_of)
    known = tidy.columns["cpli_id"]
    repeated = (known.notna() & known.duplicated(keep=False)).to_numpy(dtype=bool)
    drop = tidy.repeated_cpli_ids(find_repeats(content_of(text[repeated]), rows=len(text)))
    return tidy.finish(raw, valid=Cpli, rejected=RejectedCpli, drop=drop)


def clean_cpli_part(
    raw: RawTable, *, repeats: Repeats, local_authority: str, as_of: date
) -> CleanedPart:
    """Clean a part of a council's CPLIs, given what the whole says of each of its rows (rule 2)."""
    marked = raw.frame.assign(conflicting=repeats.conflicting, copied=repeats.copied)
    text = _without_blank_rows(marked, _with_reference(raw))
    tidy = _tidy_cplis(raw, text, local_authority=local_authority, as_of=as_of)
    drop = tidy.repeated_cpli_ids(
        Repeats(
            conflicting=text["conflicting"].to_numpy(dtype=bool),
            copied=text["copied"].to_numpy(dtype=bool),
        )
    )
    return tidy.part(valid=Cpli, rejected=RejectedCpli, drop=drop)


def content_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Return what rows of CPLIs say: two are the same where all of it is the same.

    Content is the text of all canonical columns and of `restricted`, white space around it aside; a
    district says nothing of the CPLI. A ragged row's is not known, so it is never that of a whole
    row.
    """
    names = [name for name in (*CPLI.all, "restricted") if name in rows]
    content = rows[names].apply(parsing.trimmed).fillna("")
    return content.assign(ragged=rows["ragged"])


def find_repeats(content: pd.DataFrame, *, rows: int) -> Repeats:
    """Say which of so many rows repeat a `cpli_id`.

    `content` has those rows alone whose `cpli_id` is not the only one, by their places from 0: the
    column `cpli_id`, and any others that differ where the rows' content does.
    """
    conflicting, copied = np.zeros(rows, dtype=bool), np.zeros(rows, dtype=bool)
    if len(content):
        copies = content.duplicated()
        cpli_ids = content["cpli_id"]
        differing = ~copies & cpli_ids.map(cpli_ids[~copies].value_counts()).gt(1)
        conflicting[content.index[cpli_ids.isin(cpli_ids[differing])]] = True
        copied[content.index[copies]] = True
    return Repeats(conflicting=conflicting, copied=copied)


def _tidy_cplis(raw: RawTable, text: pd.DataFrame, *, local_authority: str, as_of: date) -> _Tidy:
    who = f"{local_authority}'s finance system team"
    tidy = _Tidy(text=text, who=who, source=raw.source, file=raw.facts.file)
    tidy.ragged()
    for name in ("cpli_id", "person_id"):
        tidy.required_text(name)
    tidy.provider()
    tidy.service_type()
    tidy.required_date("start_date")
    tidy.optional_date("end_date")
    tidy.end_not_before_start()
    tidy.required_code("authorisation", AUTHORISATION_DTYPE)
    tidy.identity(as_of)
    tidy.quantity_and_unit()
    tidy.instant("created_at", required=True)
    tidy.instant("updated_at")
    tidy.quiet_code("service_category", SERVICE_CATEGORY_DTYPE)
    for name in ("service_description", "commissioning_team", "commissioning_worker"):
        tidy.columns[name] = parsing.trimmed(text[name])
    for name in CPLI.extra:
        tidy.columns[name] = parsing.trimmed(text.get(name, _constant(None, text.index)))
    tidy.columns["local_authority"] = _constant(local_authority, text.index)
    return tidy


def clean_portal(raw: RawTable, *, local_authority: str, extract_date: date) -> Cleaned:
    """Clean one extract of what the portal shows of a council's CPLIs (rule 2)."""
    text = _without_blank_rows(raw.frame, _with_reference(raw))
    who = f"the portal's team for {local_authority}"
    tidy = _Tidy(text=text, who=who, source=raw.source, file=raw.facts.file)
    tidy.ragged()
    for name in ("cpli_id", "person_id"):
        tidy.required_text(name)
    tidy.provider()
    tidy.service_type()
    tidy.required_date("start_date")
    tidy.optional_date("end_date")
    tidy.end_not_before_start()
    tidy.quantity_and_unit()
    tidy.columns["local_authority"] = _constant(local_authority, text.index)
    tidy.columns["extract_date"] = pd.Series(
        pd.Timestamp(extract_date).as_unit("us"), index=text.index, dtype="datetime64[us]"
    )
    return tidy.finish(raw, valid=Portal, rejected=RejectedPortal)


def clean_caseloads(
    caseloads: Sequence[tuple[int, CaseloadFile, RawTable]], *, as_of: date
) -> CleanedCaseloads:
    """Clean the entries of several caseload files at once; each comes with its number (rule 2).

    What the file's name says of provider and date decides over what its rows say.
    """
    numbers = np.array([number for number, _, _ in caseloads], dtype=np.int64)
    frames = [raw.frame for _, _, raw in caseloads]
    sizes = [len(frame) for frame in frames]
    files = pd.DataFrame(
        {
            "caseload": numbers,
            "source": pd.Series([raw.source for _, _, raw in caseloads], dtype="str"),
            "file": pd.Series([raw.facts.file for _, _, raw in caseloads], dtype="str"),
            "file_provider_id": pd.Series(
                [file.provider_id for _, file, _ in caseloads], dtype="str"
            ),
            "file_date": pd.Series(
                [pd.Timestamp(file.caseload_date) for _, file, _ in caseloads],
                dtype="datetime64[us]",
            ),
        }
    )
    whole = (
        pd.concat(frames, ignore_index=True)
        if frames
        else _empty_text([*CASELOAD.all, "row", "ragged"])
    )
    whole["position"] = np.repeat(np.arange(len(sizes)), sizes)
    text = _without_blank_rows(whole, CASELOAD.all)
    of_file = files.take(text["position"]).set_index(text.index)
    tidy = _Tidy(text=text, who="the provider", source=of_file["source"], file=of_file["file"])
    tidy.ragged()
    tidy.same_as_file_name("provider_id", of_file["file_provider_id"])
    tidy.same_as_file_name("caseload_date", of_file["file_date"].dt.strftime("%Y-%m-%d"))
    tidy.columns["provider_id"] = of_file["file_provider_id"]
    tidy.columns["caseload_date"] = of_file["file_date"]
    tidy.columns["caseload"] = of_file["caseload"]
    tidy.columns["caseload_row"] = text["row"]
    tidy.columns["cpli_id"] = parsing.trimmed(text["cpli_id"])
    tidy.columns["person_id"] = parsing.trimmed(text["person_id"])
    tidy.council()
    tidy.identity(as_of)
    tidy.service_type()
    tidy.optional_date("start_date")
    tidy.optional_date("end_date")
    tidy.end_not_before_start()
    tidy.quantity_and_unit()
    tidy.usable_identity()
    cleaned = tidy.finish(None, valid=Entry, rejected=RejectedEntry)
    rows = np.bincount(text["position"], minlength=len(sizes))
    rejected_rows = np.bincount(text["position"][tidy.rejected], minlength=len(sizes))
    return CleanedCaseloads(
        valid=cleaned.valid,
        rejected=cleaned.rejected,
        refusals=pd.concat(
            [*(raw.refusals for _, _, raw in caseloads), cleaned.refusals], ignore_index=True
        ),
        counts=pd.DataFrame({"caseload": numbers, "rows": rows, "rejected_rows": rejected_rows}),
    )


def clean_providers(raw: RawTable) -> Cleaned:
    """Clean the register of providers; the first whole row of a `provider_id` counts (rule 2)."""
    there = [name for name in PROVIDER.extra if name in raw.frame]
    text = _without_blank_rows(raw.frame, (*PROVIDER.all, *there))
    tidy = _Tidy(text=text, who=REGISTER_KEEPER, source=raw.source, file=raw.facts.file)
    tidy.ragged()
    tidy.required_text("provider_id")
    for name in ("name", "cqc_id", "ods_code"):
        tidy.columns[name] = parsing.trimmed(text[name])
    nameless = tidy.columns["name"].isna().to_numpy(dtype=bool)
    tidy.warn(nameless, "name", "missing", "the provider has no name: its id stands in for it")
    tidy.columns["name"] = tidy.columns["name"].where(~nameless, tidy.columns["provider_id"])
    tidy.notice_preferences()
    known = tidy.columns["provider_id"].mask(tidy.rejected)
    repeated = (known.notna() & known.duplicated()).to_numpy(dtype=bool)
    tidy.warn(
        repeated,
        "provider_id",
        "repeated",
        "the provider is listed before: only the first row counts",
    )
    return tidy.finish(raw, valid=Provider, rejected=None, drop=repeated)


def clean_supplier_references(raw: RawTable, *, provider_ids: Collection[str]) -> Cleaned:
    """Clean the references by which councils know providers; `provider_ids` are the register's.

    A reference that a council has for two providers leads to neither.
    """
    text = _without_blank_rows(raw.frame, SUPPLIER_REFERENCE.all)
    tidy = _Tidy(text=text, who=REGISTER_KEEPER, source=raw.source, file=raw.facts.file)
    tidy.ragged()
    tidy.required_council()
    for name in ("supplier_reference", "provider_id"):
        tidy.required_text(name)
    provider = tidy.columns["provider_id"]
    tidy.reject(
        (provider.notna() & ~provider.isin(provider_ids)).to_numpy(dtype=bool),
        "provider_id",
        "not_registered",
        "the register does not hold this provider",
    )
    known = pd.DataFrame({name: tidy.columns[name] for name in SUPPLIER_REFERENCE.all})
    known = known[~tidy.rejected]
    copies = known.duplicated()
    twice = known[~copies].duplicated(["local_authority", "supplier_reference"], keep=False)
    places = pd.Series(np.arange(len(text)), index=text.index)
    conflict = places.isin(twice.index[twice]).to_numpy(dtype=bool)
    repeated = places.isin(copies.index[copies]).to_numpy(dtype=bool)
    tidy.reject(
        conflict,
        "supplier_reference",
        "conflicting_reference",
        "the council has this reference for another provider too",
    )
    tidy.warn(
        repeated, "supplier_reference", "repeated", "the same row stands before and counts once"
    )
    return tidy.finish(raw, valid=SupplierReference, rejected=None, drop=repeated)


@dataclass(kw_only=True)
class _Tidy:
    """One table on its way from text to typed columns; gathers what was refused on the way."""

    text: pd.DataFrame
    who: str
    source: str | pd.Series
    file: str | pd.Series
    columns: dict[str, pd.Series] = field(default_factory=dict)
    noted: list[tuple[Mask, str | None, str, RefusalLevel, str]] = field(default_factory=list)
    rejected: Mask = field(init=False)

    def __post_init__(self) -> None:
        self.rejected = np.zeros(len(self.text), dtype=bool)

    def warn(self, where: Mask, column: str | None, rule: str, why: str) -> None:
        """Note rows that stay without the value."""
        self.noted.append((where, column, rule, RefusalLevel.WARNING, self._sentence(column, why)))

    def reject(
        self, where: Mask, column: str | None, rule: str, why: str, *, who: str = ""
    ) -> None:
        """Note rows that are left out, and who should act where it is not the sender."""
        self.rejected |= where
        said = self._sentence(column, why, who)
        self.noted.append((where, column, rule, RefusalLevel.REJECTED, said))

    def _sentence(self, column: str | None, why: str, who: str = "") -> str:
        return f"{column or 'row'}: {why}. To be corrected by {who or self.who}."

    def notice_preferences(self) -> None:
        """Read how a provider wants its notices; what cannot be read is as good as not said."""
        for name in PROVIDER.extra:
            said = self.text.get(name, _constant(None, self.text.index))
            self.columns[name] = parsing.trimmed(said)
        frequency = self.columns["notice_frequency"].str.casefold()
        email = self.columns["notice_email"]
        known = NoticeFrequency.codes()
        for name, values, fine, why in (
            (
                "notice_frequency",
                frequency,
                frequency.isin(known),
                f"it is none of {', '.join(known)}",
            ),
            ("notice_email", email, email.str.fullmatch(EMAIL), "it is no email address"),
        ):
            wrong = values.notna() & ~fine.fillna(value=False).astype(bool)
            self.warn(wrong.to_numpy(dtype=bool), name, "unreadable", why)
            self.columns[name] = values.mask(wrong)

    def ragged(self) -> None:
        where = self.text["ragged"].to_numpy(dtype=bool)
        self.reject(
            where,
            None,
            "ragged",
            "it has more or fewer cells than the heading, or a quotation mark out of place, so that"
            " its cells cannot be told apart",
        )

    def required_text(self, name: str) -> None:
        values = parsing.trimmed(self.text[name])
        self.reject(values.isna().to_numpy(dtype=bool), name, "missing", "there is no value")
        self.columns[name] = values

    def required_council(self) -> None:
        parsed = parsing.matching(self.text["local_authority"], GSS_PATTERN)
        missing = parsed.values.isna().to_numpy(dtype=bool)
        self.reject(
            missing, "local_authority", "missing", "there is no council's code (E and eight digits)"
        )
        self.columns["local_authority"] = parsed.values

    def provider(self) -> None:
        """Read the provider, which may be known by a supplier reference only (rule 2)."""
        if "supplier_reference" not in self.text:
            self.required_text("provider_id")
            return
        values = parsing.trimmed(self.text["provider_id"])
        unmapped = self.text["supplier_reference"].notna().to_numpy(dtype=bool)
        missing = values.isna().to_numpy(dtype=bool) & ~unmapped
        self.reject(missing, "provider_id", "missing", "there is no value")
        self.reject(
            unmapped,
            "provider_id",
            "supplier_reference_unmapped",
            "no list leads from this supplier reference of the council to a provider",
            who=REGISTER_KEEPER,
        )
        self.columns["provider_id"] = values

    def required_date(self, name: str) -> None:
        parsed = parsing.dates(self.text[name])
        self._unreadable_date(name, parsed)
        missing = parsed.values.isna().to_numpy(dtype=bool) & ~parsed.unreadable
        self.reject(missing, name, "missing", "there is no value")
        self.columns[name] = parsed.values

    def optional_date(self, name: str) -> None:
        parsed = parsing.dates(self.text[name])
        self._unreadable_date(name, parsed)
        self.columns[name] = parsed.values

    def _unreadable_date(self, name: str, parsed: parsing.Parsed) -> None:
        self.reject(parsed.unreadable, name, "unreadable", "it is not a date written as YYYY-MM-DD")

    def end_not_before_start(self) -> None:
        before = self.columns["end_date"] < self.columns["start_date"]
        self.reject(
            before.to_numpy(dtype=bool), "end_date", "end_before_start", "it lies before start_date"
        )

    def required_code(self, name: str, vocabulary: pd.CategoricalDtype) -> None:
        parsed = parsing.codes(self.text[name], vocabulary)
        known = ", ".join(vocabulary.categories)
        self.reject(parsed.unreadable, name, "unreadable", f"it is none of {known}")
        missing = parsed.values.isna().to_numpy(dtype=bool) & ~parsed.unreadable
        self.reject(missing, name, "missing", "there is no value")
        self.columns[name] = parsed.values

    def quiet_code(self, name: str, vocabulary: pd.CategoricalDtype) -> None:
        parsed = parsing.codes(self.text[name], vocabulary)
        self.warn(parsed.unreadable, name, "unknown_code", "it is no known code and was left out")
        self.columns[name] = parsed.values

    def service_type(self) -> None:
        parsed = parsing.codes(self.text["service_type"], SERVICE_TYPE_DTYPE)
        unmapped = parsed.unreadable
        missing = parsed.values.isna().to_numpy(dtype=bool) & ~unmapped
        self.reject(missing, "service_type", "missing", "there is no value")
        self.warn(
            unmapped,
            "service_type",
            "service_type_unmapped",
            "it is none of the 27 codes and was read as OTH",
        )
        self.columns["service_type"] = parsed.values.mask(unmapped, ServiceType.OTHER.value)
        self.columns["service_type_unmapped"] = pd.Series(unmapped, index=self.text.index)

    def identity(self, as_of: date) -> None:
        nhs = parsing.nhs_numbers(self.text["nhs_number"])
        self.warn(
            nhs.unreadable,
            "nhs_number",
            "nhs_number_invalid",
            "it is not ten digits with a right check digit and was left out",
        )
        self.columns["nhs_number"] = nhs.values
        for name in ("family_name", "given_name"):
            self.columns[name] = parsing.trimmed(self.text[name])
        born = parsing.dates(self.text["date_of_birth"])
        implausible = (
            (born.values > pd.Timestamp(as_of)) | (born.values < EARLIEST_BIRTH)
        ).to_numpy(dtype=bool)
        self.warn(
            born.unreadable,
            "date_of_birth",
            "unreadable",
            "it is not a date written as YYYY-MM-DD and was left out",
        )
        self.warn(
            implausible,
            "date_of_birth",
            "implausible",
            "it lies after the run date or before 1900 and was left out",
        )
        self.columns["date_of_birth"] = born.values.mask(implausible)

    def quantity_and_unit(self) -> None:
        amount = parsing.quantities(self.text["weekly_quantity"])
        self.warn(
            amount.unreadable,
            "weekly_quantity",
            "unreadable",
            "it is not a number of zero or more and was left out",
        )
        unit = parsing.codes(self.text["unit"], UNIT_DTYPE)
        self.warn(
            unit.unreadable,
            "unit",
            "unknown_unit",
            f"it is none of {', '.join(UNIT_DTYPE.categories)} and was left out",
        )
        self.columns["weekly_quantity"] = amount.values
        self.columns["weekly_quantity_unreadable"] = pd.Series(
            amount.unreadable, index=self.text.index
        )
        self.columns["unit"] = unit.values
        self.columns["unit_unreadable"] = pd.Series(unit.unreadable, index=self.text.index)

    def instant(self, name: str, *, required: bool = False) -> None:
        parsed = parsing.instants(self.text[name])
        self.warn(
            parsed.unreadable,
            name,
            "unreadable",
            "it is not a date and time written as YYYY-MM-DDThh:mm:ss and was left out",
        )
        if required:
            missing = parsed.values.isna().to_numpy(dtype=bool) & ~parsed.unreadable
            self.warn(missing, name, "missing", "there is no value")
        self.columns[name] = parsed.values

    def council(self) -> None:
        parsed = parsing.matching(self.text["local_authority"], GSS_PATTERN)
        self.warn(
            parsed.unreadable,
            "local_authority",
            "unreadable",
            "it is not a council's code (E and eight digits) and was left out",
        )
        self.columns["local_authority"] = parsed.values

    def same_as_file_name(self, name: str, expected: pd.Series) -> None:
        stated = parsing.trimmed(self.text[name])
        differs = (stated.notna() & (stated != expected)).to_numpy(dtype=bool)
        self.reject(differs, name, "differs_from_file_name", "it is not what the file's name says")

    def usable_identity(self) -> None:
        """Reject entries that say of nobody whom they mean."""
        named = (
            self.columns["family_name"].notna()
            & self.columns["given_name"].notna()
            & self.columns["date_of_birth"].notna()
        )
        usable = named
        for name in ("cpli_id", "nhs_number", "person_id"):
            usable = usable | self.columns[name].notna()
        self.reject(
            (~usable).to_numpy(dtype=bool),
            None,
            "no_identity",
            "it needs a usable CPLI reference, NHS number, person reference, or both names with the"
            " date of birth",
        )

    def repeated_cpli_ids(self, repeats: Repeats) -> Mask:
        """Reject a `cpli_id` with differing content; return which identical repeats to drop."""
        drop = repeats.copied & ~repeats.conflicting
        self.reject(
            repeats.conflicting,
            "cpli_id",
            "conflicting_cpli_id",
            "other rows of the extract say otherwise of it",
        )
        self.warn(drop, "cpli_id", "repeated", "the same row stands before and counts once")
        return drop

    def finish(
        self,
        raw: RawTable | None,
        *,
        valid: type[Table],
        rejected: type[Table] | None,
        drop: Mask | None = None,
    ) -> Cleaned:
        """Build both frames, hold them to their contracts, and gather the refusals."""
        part = self.part(valid=valid, rejected=rejected, drop=drop)
        noted = [table for table in part.noted if len(table)]
        if raw is not None:
            noted = [raw.refusals, *noted]
        return Cleaned(
            valid=part.valid,
            rejected=part.rejected,
            refusals=pd.concat(noted, ignore_index=True) if noted else refusals(),
        )

    def part(
        self, *, valid: type[Table], rejected: type[Table] | None, drop: Mask | None = None
    ) -> CleanedPart:
        """Build both frames, hold them to their contracts, and keep what was noted apart."""
        names = column_names(valid)
        if "row" in names:
            self.columns["row"] = self.text["row"]
        frame = pd.DataFrame({name: self.columns[name] for name in names}, copy=False)
        kept = np.ones(len(frame), dtype=bool) if drop is None else ~drop
        good = frame[kept & ~self.rejected].reset_index(drop=True)
        bad = frame[kept & self.rejected].reset_index(drop=True)
        return CleanedPart(
            valid=check(valid, good),
            rejected=bad if rejected is None else check(rejected, bad),
            noted=tuple(self._refusals(kept)),
        )

    def _refusals(self, kept: Mask) -> Iterator[pd.DataFrame]:
        """Yield a Refusal table for all noted; a dropped repeat is noted for being one only."""
        for where, column, rule, level, message in self.noted:
            places = np.flatnonzero(where & (kept | (rule == "repeated")))
            if not len(places):
                yield refusals()
                continue
            part = pd.DataFrame({"row": self.text["row"].to_numpy()[places]})
            part["source"] = self._at(self.source, places)
            part["file"] = self._at(self.file, places)
            part["column"] = column
            part["rule"] = rule
            part["level"] = level.value
            part["message"] = message
            yield part[list(REFUSAL_COLUMNS)].astype(refusals().dtypes.to_dict())

    @staticmethod
    def _at(values: str | pd.Series, places: NDArray[np.int64]) -> str | NDArray[np.object_]:
        return values if isinstance(values, str) else np.asarray(values, dtype=object)[places]


def _with_reference(raw: RawTable) -> list[str]:
    """Return the columns that hold what a row says."""
    return [*raw.table.all, *({"supplier_reference"} & {*raw.frame.columns})]


def _without_blank_rows(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Leave out rows without any text in the table's columns; the others keep their row number."""
    blank = np.ones(len(frame), dtype=bool)
    for name in names:
        places = np.flatnonzero(blank)
        if not len(places):
            break
        cells = frame[name].take(places)
        blank[places] = parsing.trimmed(cells).isna().to_numpy(dtype=bool)
    blank &= ~frame["ragged"].to_numpy(dtype=bool)
    return frame[~blank].reset_index(drop=True) if blank.any() else frame.reset_index(drop=True)


def _empty_text(names: Sequence[str]) -> pd.DataFrame:
    kinds = {"row": "int64", "ragged": "bool"}
    return pd.DataFrame({name: pd.Series(dtype=kinds.get(name, "str")) for name in names})


def _constant(value: str | None, index: pd.Index) -> pd.Series:
    return pd.Series(value, index=index, dtype="str")
