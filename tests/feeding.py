"""A small night of which every kind of resource comes."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd
from cleaned import CPLI_ROW, LEICESTER, Row, cleaned_cplis, cleaned_providers
from oracle.tables import synthetic_nhs_number

from publishing.feed.facts import Council, OrganisationType, Publisher
from publishing.feed.profiles import Moment
from publishing.feed.publishable import Sources, decide
from publishing.feed.resources import render, stamped

AS_OF = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 6, 15, tzinfo=UTC)
RUTLAND = "E06000017"
PUBLISHER = Publisher(
    source_code="EXAMPLE-CPLI-01",
    source_name="Example Care Line Item Publisher",
    councils={
        LEICESTER: Council(
            ods_code="ZZ1", name="Example City Council", type=OrganisationType.CITY_COUNCIL
        ),
        RUTLAND: Council(ods_code="ZZ3", name="Example County Council"),
    },
    register_kept_by=LEICESTER,
    identity_key=b"a key for tests",
)
MOMENT = Moment(as_of=AS_OF, transaction_time=NOW, publisher=PUBLISHER)
PROVIDERS: Sequence[Row] = (
    {"provider_id": "P1", "name": "Example Home Care Ltd", "ods_code": "ZZ9A1"},
    {"provider_id": "P2", "name": "Small Care"},
    {"provider_id": "P3", "name": "In-house", "ods_code": "ZZ1"},
)
OTHER_PERSON: Row = {
    "person_id": "1002",
    "nhs_number": synthetic_nhs_number(9),
    "given_name": "Amit",
}
TASK: Mapping[str, object] = {
    "discrepancy_id": "0" * 31 + "1",
    "type": "support_not_reported",
    "local_authority": LEICESTER,
    "provider_id": "P1",
    "person_id": "1001",
    "cpli_ids": "C1",
    "service_type": "HS",
    "asked_by_provider": True,
    "status": "requested",
    "authored_on": pd.Timestamp("2026-11-17T06:15", tz="UTC"),
    "outcome": None,
    "asserted_service": None,
    "asserted_start": pd.NaT,
    "asserted_end": pd.NaT,
}


def tasks(*changes: Mapping[str, object]) -> pd.DataFrame:
    """Discrepancies like `TASK` but for the changes."""
    frame = pd.DataFrame([{**TASK, **change} for change in changes], columns=list(TASK))
    texts = [name for name, value in TASK.items() if value is None or isinstance(value, str)]
    others = {"authored_on": "datetime64[us, UTC]", "asked_by_provider": "bool"}
    days = dict.fromkeys(("asserted_start", "asserted_end"), "datetime64[us]")
    return frame.astype(dict.fromkeys(texts, "str") | others | days)


def sources(
    *lines: Row,
    discrepancies: pd.DataFrame | None = None,
    providers: Sequence[Row] = PROVIDERS,
) -> Sources:
    """What a night knows of one council, from CPLIs like `CPLI_ROW` but for the changes."""
    cleaned = cleaned_cplis(*({**CPLI_ROW, **line} for line in lines))
    return Sources(
        cplis=cleaned.valid,
        rejected_cplis=cleaned.rejected,
        providers=cleaned_providers(*providers).valid,
        discrepancies=tasks() if discrepancies is None else discrepancies,
    )


def feed(known: Sources) -> list[dict[str, Any]]:
    """All resources of a night, as they would be sent for the first time."""
    publishable = decide(known, PUBLISHER, as_of=AS_OF)
    made = render(publishable, PUBLISHER, as_of=AS_OF)
    return [stamped(resource, version=1, last_updated=NOW) for resource in made]


def one(resources: Sequence[dict[str, Any]], kind: str) -> dict[str, Any]:
    """The last resource of a kind."""
    return [each for each in resources if each["resourceType"] == kind][-1]
