"""Which columns hold personal data, and what the tables have in common with the contract."""

from casebook.frames import NIGHT_COLUMNS
from casebook.models import NIGHT_DISCREPANCY
from casebook.notice_models import METADATA
from schemas.tables import DISCREPANCY_COLUMNS


def test_every_column_says_whether_it_can_hold_personal_data() -> None:
    unclassified = [
        str(column)
        for table in METADATA.sorted_tables
        for column in table.columns
        if not isinstance(column.info.get("personal"), bool)
    ]
    assert unclassified == []


def test_the_personal_columns_are_those_that_somebody_decided_on() -> None:
    personal = {
        str(column)
        for table in METADATA.sorted_tables
        for column in table.columns
        if column.info["personal"]
    }
    assert personal == {
        *(
            f"{table}.{name}"
            for table in ("discrepancy_case", "case_statement")
            for name in ("person_id", "cpli_ids", "council_value", "provider_value")
        ),
        "night_discrepancy.person_id",
        "night_discrepancy.cpli_ids",
        "night_discrepancy.council_value",
        "night_discrepancy.provider_value",
        *(
            f"case_action.{name}"
            for name in (
                *("note", "council_value", "provider_value", "answer_date"),
                *("person_id", "cpli_ids"),
            )
        ),
        *(
            f"case_line.{name}"
            for name in (
                *("cpli_id", "person_id", "nhs_number", "family_name", "given_name"),
                *("date_of_birth", "start_date", "end_date", "weekly_quantity"),
                "service_description",
            )
        ),
        "provider_page.content",
        "taken_file.file",
        "feed_prepared.packed",
        "feed_resource.content",
        "feed_file.content",
        "feed_refusal.text",
        "notice.email_to",
        "notice.content",
        "gate_night.profile",
        "held_file.content",
        "web_session.data",
        "access_entry.person_id",
    }


def test_the_discrepancies_of_a_night_have_the_columns_of_rule_11_and_whom_they_go_to() -> None:
    assert NIGHT_DISCREPANCY.columns.keys() == ["as_of", *NIGHT_COLUMNS]
    assert NIGHT_COLUMNS[: len(DISCREPANCY_COLUMNS)] == DISCREPANCY_COLUMNS
