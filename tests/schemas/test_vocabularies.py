"""The closed vocabularies, to the letter of whoever set them."""

import pytest
from oracle import cleaning as oracle
from oracle.tables import table, words

from schemas.vocabularies import (
    Authorisation,
    DiscrepancyType,
    ServiceCategory,
    ServiceType,
    Severity,
    Unit,
    Vocabulary,
)

SERVICE_TYPES = table("""
    code      | display
    R         | Reablement
    STNC      | Short Term Nursing Care
    STRC      | Short Term Residential Care
    LTNC      | Long Term Nursing Care
    LTRC      | Long Term Residential Care
    HS        | Home Support
    DS        | Day Support
    M         | Meals
    TRAN      | Transport
    EQ        | Equipment
    DP        | Direct Payment
    SL        | Shared Lives
    CSL       | Community Supported Living
    PS        | Professional Support
    PS-SW     | Professional Support- Social Worker
    LEES      | Learning/Education/Employment Support
    EOL       | End of Life Care
    ES        | Emergency Support
    OSTS      | Other Short Term Support
    OLTS      | Other Long Term Support
    C-R       | Carer Respite
    C-SS      | Carer Sitting Service
    C-US      | Carer Universal Services
    C-OTH     | Other Carer Support
    DNH-SL    | Data Not Held- System Level
    DNH-IL    | Data Not Held-Individual Level
    OTH       | Other
""")
SERVICE_CATEGORIES = table("""
    code      | display
    STS-STMAX | Short Term Support: ST-Max
    STS-OLL   | Short Term Support: Ongoing Low Level
    STS-OST   | Short Term Support: Other Short Term
    LTS-NC    | Long Term Support: Nursing Care
    LTS-RS    | Long Term Support: Residential Care
    LTS-C     | Long Term Support: Community
    LTS-P     | Long Term Support: Prison
    CS-DC     | Carer Support: Direct to Carer
    CS-SIPC   | Carer Support: Support involving the person cared-for
    DNH-SL    | Data Not Held- System Level
    DNH-IL    | Data Not Held-Individual Level
    OTH       | Other
""")
"""Of the Interweave R4 profiles, their uneven spacing around hyphens included."""


@pytest.mark.parametrize(
    ("vocabulary", "published"),
    [(ServiceType, SERVICE_TYPES), (ServiceCategory, SERVICE_CATEGORIES)],
    ids=["27 service types", "12 service categories"],
)
def test_codes_and_their_words_are_those_that_the_profiles_publish(vocabulary, published) -> None:
    assert [{"code": member.value, "display": member.display} for member in vocabulary] == published


def test_there_are_27_service_types_and_12_categories() -> None:
    assert len(ServiceType) == 27
    assert len(ServiceCategory) == 12


def test_the_codes_of_rule_2_are_those_of_the_plain_reading() -> None:
    assert set(ServiceType.codes()) == oracle.SERVICE_TYPES
    assert set(Unit.codes()) == oracle.UNITS
    assert set(Authorisation.codes()) == oracle.AUTHORISATIONS


def test_the_types_of_discrepancies_are_those_of_rule_11() -> None:
    assert set(DiscrepancyType.codes()) == set(
        words("""
            cpli_not_found support_not_reported support_after_end provider_differs identity_differs
            unauthorised_on_portal
            support_ended support_before_start support_not_started service_type_differs
            possible_match not_on_portal only_on_portal caseload_overdue
            start_date_differs end_date_differs quantity_differs portal_differs duplicate_cpli
            duplicate_entry
        """)
    )
    assert Severity.codes() == ["high", "medium", "low"]


@pytest.mark.parametrize(
    "vocabulary", Vocabulary.__subclasses__(), ids=lambda vocabulary: vocabulary.__name__
)
def test_every_code_is_its_own_text_and_has_words_for_people(vocabulary) -> None:
    for member in vocabulary:
        assert member == member.value == str(member)
        assert vocabulary(member.value) is member
        assert member.display.strip() == member.display != ""
    displays = [member.display for member in vocabulary]
    assert len(set(displays)) == len(displays)
