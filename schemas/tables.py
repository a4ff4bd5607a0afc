"""One pandera model for each table (rules 2 and 11) and for what a night leaves.

Values are parsed first (`schemas.cleaning`) and validated here without coercion: a model says what
a frame must look like, it never mends one. Dates are midnight `datetime64[us]`, instants are
`datetime64[us, UTC]`, quantities are float64 in the row's own unit, text is pandas `str`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import pandas as pd
import pandera.pandas as pa
from pandera.typing.pandas import Series

from schemas.errors import ContractBreach
from schemas.vocabularies import (
    Authorisation,
    DiscrepancyType,
    NoticeFrequency,
    RefusalLevel,
    ServiceCategory,
    ServiceType,
    Severity,
    Unit,
)

GSS_PATTERN = r"^E[0-9]{8}$"
NHS_PATTERN = r"^[0-9]{10}$"
UTC_INSTANT = pd.DatetimeTZDtype(unit="us", tz="UTC")


@dataclass(frozen=True, kw_only=True)
class TableColumns:
    """A table's columns in a source file.

    `required` ones must be there or the file is refused; `optional` ones are read as null with a
    warning where they are absent, `extra` ones without a word. `headings` are the source's own, by
    our names; a column that is not among them has our name.
    """

    name: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    headings: Mapping[str, str] = field(default_factory=dict, hash=False, compare=False)

    @property
    def all(self) -> tuple[str, ...]:
        """Every canonical column, required ones first."""
        return self.required + self.optional

    @property
    def known(self) -> tuple[str, ...]:
        """Every column that is read where it is there: the canonical ones, then the extra."""
        return self.all + self.extra

    def heading(self, name: str) -> str:
        """Return what the source calls one of our columns."""
        return self.headings.get(name, name)


CPLI = TableColumns(
    name="cpli",
    required=(
        "cpli_id",
        "person_id",
        "nhs_number",
        "family_name",
        "given_name",
        "date_of_birth",
        "provider_id",
        "service_type",
        "start_date",
        "end_date",
        "weekly_quantity",
        "unit",
        "authorisation",
        "created_at",
    ),
    optional=(
        "service_category",
        "service_description",
        "updated_at",
        "commissioning_team",
        "commissioning_worker",
    ),
    extra=("district", "restricted"),
)
PORTAL = TableColumns(
    name="portal",
    required=(
        "cpli_id",
        "provider_id",
        "person_id",
        "service_type",
        "start_date",
        "end_date",
        "weekly_quantity",
        "unit",
    ),
)
# Which of a caseload's columns must be there is for rule 5 to say, file by file.
CASELOAD = TableColumns(
    name="caseload",
    required=(),
    optional=(
        "provider_id",
        "caseload_date",
        "cpli_id",
        "local_authority",
        "person_id",
        "nhs_number",
        "family_name",
        "given_name",
        "date_of_birth",
        "service_type",
        "start_date",
        "end_date",
        "weekly_quantity",
        "unit",
    ),
)
PROVIDER = TableColumns(
    name="provider",
    required=("provider_id", "name"),
    optional=("cqc_id", "ods_code"),
    extra=("notice_frequency", "notice_place", "notice_email"),
)
SUPPLIER_REFERENCE = TableColumns(
    name="supplier_reference", required=("local_authority", "supplier_reference", "provider_id")
)

DISCREPANCY_COLUMNS = (
    "discrepancy_id",
    "type",
    "severity",
    "local_authority",
    "provider_id",
    "person_id",
    "cpli_ids",
    "service_type",
    "caseload_date",
    "caseload_rows",
    "council_value",
    "provider_value",
    "reason",
    "caveat",
)
REFUSAL_COLUMNS = ("source", "file", "row", "column", "rule", "level", "message")

SERVICE_TYPE_DTYPE = pd.CategoricalDtype(ServiceType.codes())
SERVICE_CATEGORY_DTYPE = pd.CategoricalDtype(ServiceCategory.codes())
UNIT_DTYPE = pd.CategoricalDtype(Unit.codes())
AUTHORISATION_DTYPE = pd.CategoricalDtype(Authorisation.codes())


class Table(pa.DataFrameModel):
    """What every table shares: exactly these columns, no coercion."""

    class Config:
        """Pandera's settings."""

        strict = True
        coerce = False


class PersonFields(Table):
    """The identity columns that CPLIs and entries share."""

    nhs_number: Series[str] = pa.Field(nullable=True, str_matches=NHS_PATTERN)
    family_name: Series[str] = pa.Field(nullable=True)
    given_name: Series[str] = pa.Field(nullable=True)
    date_of_birth: Series[pd.Timestamp] = pa.Field(nullable=True)


class SupportFields(Table):
    """The columns of what is bought or given."""

    service_type_unmapped: Series[bool]
    end_date: Series[pd.Timestamp] = pa.Field(nullable=True)
    weekly_quantity: Series[float] = pa.Field(nullable=True, ge=0)
    unit: Series[pd.CategoricalDtype] = pa.Field(
        nullable=True, dtype_kwargs={"categories": Unit.codes(), "ordered": False}
    )


class Cpli(PersonFields, SupportFields):
    """Valid CPLIs of one or more councils (rule 2)."""

    local_authority: Series[str] = pa.Field(str_matches=GSS_PATTERN)
    row: Series[int] = pa.Field(ge=1)
    cpli_id: Series[str]
    person_id: Series[str]
    provider_id: Series[str]
    service_type: Series[pd.CategoricalDtype] = pa.Field(
        dtype_kwargs={"categories": ServiceType.codes(), "ordered": False}
    )
    service_category: Series[pd.CategoricalDtype] = pa.Field(
        nullable=True, dtype_kwargs={"categories": ServiceCategory.codes(), "ordered": False}
    )
    service_description: Series[str] = pa.Field(nullable=True)
    start_date: Series[pd.Timestamp]
    authorisation: Series[pd.CategoricalDtype] = pa.Field(
        dtype_kwargs={"categories": Authorisation.codes(), "ordered": False}
    )
    created_at: Series[UTC_INSTANT] = pa.Field(nullable=True)
    updated_at: Series[UTC_INSTANT] = pa.Field(nullable=True)
    commissioning_team: Series[str] = pa.Field(nullable=True)
    commissioning_worker: Series[str] = pa.Field(nullable=True)
    district: Series[str] = pa.Field(nullable=True)
    restricted: Series[str] = pa.Field(nullable=True)
    weekly_quantity_unreadable: Series[bool]
    unit_unreadable: Series[bool]

    @pa.dataframe_check
    def ends_on_or_after_start(cls, frame: pd.DataFrame) -> pd.Series:
        """A CPLI never ends before it starts."""
        return ~(frame["end_date"] < frame["start_date"])


class RejectedCpli(Cpli):
    """Rejected CPLIs, as far as they can be read (rules 2, 9.4 and 9.6)."""

    cpli_id: Series[str] = pa.Field(nullable=True)
    person_id: Series[str] = pa.Field(nullable=True)
    provider_id: Series[str] = pa.Field(nullable=True)
    service_type: Series[pd.CategoricalDtype] = pa.Field(
        nullable=True, dtype_kwargs={"categories": ServiceType.codes(), "ordered": False}
    )
    start_date: Series[pd.Timestamp] = pa.Field(nullable=True)
    authorisation: Series[pd.CategoricalDtype] = pa.Field(
        nullable=True, dtype_kwargs={"categories": Authorisation.codes(), "ordered": False}
    )

    @pa.dataframe_check
    def ends_on_or_after_start(cls, frame: pd.DataFrame) -> pd.Series:
        """A rejected CPLI may end before it starts."""
        return pd.Series(data=True, index=frame.index)


class Portal(SupportFields):
    """Valid portal rows of one or more councils (rule 2)."""

    local_authority: Series[str] = pa.Field(str_matches=GSS_PATTERN)
    extract_date: Series[pd.Timestamp]
    row: Series[int] = pa.Field(ge=1)
    cpli_id: Series[str]
    provider_id: Series[str]
    person_id: Series[str]
    service_type: Series[pd.CategoricalDtype] = pa.Field(
        dtype_kwargs={"categories": ServiceType.codes(), "ordered": False}
    )
    start_date: Series[pd.Timestamp]
    weekly_quantity_unreadable: Series[bool]
    unit_unreadable: Series[bool]

    @pa.dataframe_check
    def ends_on_or_after_start(cls, frame: pd.DataFrame) -> pd.Series:
        """A portal row never ends before it starts."""
        return ~(frame["end_date"] < frame["start_date"])


class RejectedPortal(Portal):
    """Rejected portal rows, as far as they can be read (rule 10)."""

    cpli_id: Series[str] = pa.Field(nullable=True)
    provider_id: Series[str] = pa.Field(nullable=True)
    person_id: Series[str] = pa.Field(nullable=True)
    service_type: Series[pd.CategoricalDtype] = pa.Field(
        nullable=True, dtype_kwargs={"categories": ServiceType.codes(), "ordered": False}
    )
    start_date: Series[pd.Timestamp] = pa.Field(nullable=True)

    @pa.dataframe_check
    def ends_on_or_after_start(cls, frame: pd.DataFrame) -> pd.Series:
        """A rejected portal row may end before it starts."""
        return pd.Series(data=True, index=frame.index)


class Entry(PersonFields, SupportFields):
    """Usable rows of caseloads (rule 2): row `caseload_row` of the file numbered `caseload`."""

    caseload: Series[int] = pa.Field(ge=0)
    provider_id: Series[str]
    caseload_date: Series[pd.Timestamp]
    caseload_row: Series[int] = pa.Field(ge=1)
    cpli_id: Series[str] = pa.Field(nullable=True)
    local_authority: Series[str] = pa.Field(nullable=True, str_matches=GSS_PATTERN)
    person_id: Series[str] = pa.Field(nullable=True)
    service_type: Series[pd.CategoricalDtype] = pa.Field(
        dtype_kwargs={"categories": ServiceType.codes(), "ordered": False}
    )
    start_date: Series[pd.Timestamp] = pa.Field(nullable=True)

    @pa.dataframe_check
    def ends_on_or_after_start(cls, frame: pd.DataFrame) -> pd.Series:
        """An entry never ends before it starts."""
        return ~(frame["end_date"] < frame["start_date"])


class RejectedEntry(Entry):
    """Rejected rows of caseloads, as far as they can be read (rule 9.5)."""

    service_type: Series[pd.CategoricalDtype] = pa.Field(
        nullable=True, dtype_kwargs={"categories": ServiceType.codes(), "ordered": False}
    )

    @pa.dataframe_check
    def ends_on_or_after_start(cls, frame: pd.DataFrame) -> pd.Series:
        """A rejected entry may end before it starts."""
        return pd.Series(data=True, index=frame.index)


class Provider(Table):
    """The register of providers (rule 2)."""

    provider_id: Series[str] = pa.Field(unique=True)
    name: Series[str]
    cqc_id: Series[str] = pa.Field(nullable=True)
    ods_code: Series[str] = pa.Field(nullable=True)
    notice_frequency: Series[str] = pa.Field(nullable=True, isin=NoticeFrequency.codes())
    notice_place: Series[str] = pa.Field(nullable=True)
    notice_email: Series[str] = pa.Field(nullable=True)


class SupplierReference(Table):
    """The references by which councils know providers (rule 2): each leads to one provider."""

    local_authority: Series[str] = pa.Field(str_matches=GSS_PATTERN)
    supplier_reference: Series[str]
    provider_id: Series[str]

    @pa.dataframe_check
    def leads_to_one_provider(cls, frame: pd.DataFrame) -> pd.Series:
        """A council has a reference once."""
        return ~frame.duplicated(["local_authority", "supplier_reference"])


class Discrepancy(Table):
    """What a night finds (rule 11): text and dates, ready to be written."""

    discrepancy_id: Series[str] = pa.Field(unique=True, str_matches=r"^[0-9a-f]{32}$")
    type: Series[str] = pa.Field(isin=DiscrepancyType.codes())
    severity: Series[str] = pa.Field(isin=Severity.codes())
    local_authority: Series[str] = pa.Field(nullable=True)
    provider_id: Series[str] = pa.Field(nullable=True)
    person_id: Series[str] = pa.Field(nullable=True)
    cpli_ids: Series[str] = pa.Field(nullable=True)
    service_type: Series[str] = pa.Field(nullable=True, isin=ServiceType.codes())
    caseload_date: Series[pd.Timestamp] = pa.Field(nullable=True)
    caseload_rows: Series[str] = pa.Field(nullable=True, str_matches=r"^[0-9]+(;[0-9]+)*$")
    council_value: Series[str] = pa.Field(nullable=True)
    provider_value: Series[str] = pa.Field(nullable=True)
    reason: Series[str] = pa.Field(nullable=True)
    caveat: Series[str] = pa.Field(nullable=True)


class Refusal(Table):
    """What was rejected or kept without a value, where and by which rule; no value is quoted."""

    source: Series[str]
    file: Series[str]
    row: Series[pd.Int64Dtype] = pa.Field(nullable=True)
    column: Series[str] = pa.Field(nullable=True)
    rule: Series[str]
    level: Series[str] = pa.Field(isin=RefusalLevel.codes())
    message: Series[str]


MODELS: Mapping[str, type[Table]] = MappingProxyType(
    {
        model.__name__: model
        for model in (
            Cpli,
            RejectedCpli,
            Portal,
            RejectedPortal,
            Entry,
            RejectedEntry,
            Provider,
            SupplierReference,
            Discrepancy,
            Refusal,
        )
    }
)


def column_names(model: type[Table]) -> list[str]:
    """Return a model's columns in order."""
    return list(model.to_schema().columns)


def check(model: type[Table], frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame if it keeps the contract.

    Raises `ContractBreach` with the broken checks and how many rows break each; pandera's own
    error, which quotes values, is left behind.
    """
    breaches: dict[str, int] = {}
    try:
        return model.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases
        # A column that is missing is the one case that is named by the model and not by the frame.
        missing = cases["check"] == "column_in_dataframe"
        columns = cases["column"].mask(missing, cases["failure_case"])
        labels = columns.astype(str) + " " + cases["check"].astype(str)
        breaches = labels.value_counts().to_dict()
    said = "; ".join(f"{label}: {count}" for label, count in sorted(breaches.items()))
    raise ContractBreach(f"{model.__name__}: {said}")
