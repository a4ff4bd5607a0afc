"""Who publishes the Care Record feed, by the settings."""

from __future__ import annotations

from collections.abc import Iterable

from flows.pulls import council_name
from publishing.feed.facts import Council, OrganisationType, Publisher
from settings.identity import identity_key
from settings.settings import Settings

NAMES = {
    "E06000016": ("Leicester City Council", OrganisationType.CITY_COUNCIL),
    "E06000017": ("Rutland County Council", OrganisationType.COUNTY_COUNCIL),
    "E10000018": ("Leicestershire County Council", OrganisationType.COUNTY_COUNCIL),
}


def publisher_of(settings: Settings, known: Iterable[str]) -> Publisher:
    """Return who publishes; `known` are the councils of the sources, by their codes.

    A council of the settings without an ODS code is none that the feed knows. Without a file of
    settings nothing is delivered, and GSS codes stand in for ODS codes.
    """
    if settings.configured:
        councils = {
            council.code: Council(
                ods_code=council.ods_code,
                name=council.organisation_name or named(council.code),
                type=OrganisationType(council.organisation_type),
            )
            for council in settings.councils.values()
            if council.ods_code
        }
        keeper = settings.codes.get(settings.feed.register_kept_by or "")
    else:
        councils = {
            code: Council(ods_code=code, name=named(code), type=_type(code)) for code in known
        }
        keeper = None
    return Publisher(
        source_code=settings.feed.source_id,
        source_name=settings.feed.source_name,
        councils=councils,
        register_kept_by=keeper if keeper in councils else min(councils, default=""),
        identity_key=identity_key(settings),
        base_url=settings.feed.base_url,
        cqc_system=settings.feed.cqc_system,
    )


def named(code: str) -> str:
    """Return what a council calls itself, as far as we know."""
    return NAMES[code][0] if code in NAMES else council_name(code)


def _type(code: str) -> OrganisationType:
    return NAMES[code][1] if code in NAMES else OrganisationType.LOCAL_AUTHORITY
