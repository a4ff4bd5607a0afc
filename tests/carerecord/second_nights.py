"""What a second night may do wrong after a good first one, and the rule that it breaks."""

from collections.abc import Callable
from typing import Any

from carerecord.examples import (
    ABOUT_A_LINE,
    AMINA,
    BORIS,
    FINISHED,
    FIRST,
    MISSING_LINE,
    PLANNED,
    PROVIDER,
    SECOND,
    TO_BORIS,
    TO_COUNCIL,
    World,
    changed,
)

Night = Callable[[World], dict[str, Any]]
"""What a second night sends: the arguments of `draft`."""

SECOND_NIGHTS: list[tuple[str, str, Night]] = [
    ("the same time", "transaction-not-later", lambda world: {"world": {}, "at": FIRST}),
    (
        "an earlier time",
        "transaction-not-later",
        lambda world: {"world": {}, "at": "2026-03-01T06:15:00Z"},
    ),
    (
        "another line under an id",
        "id-meaning",
        lambda world: {
            "world": {
                PLANNED: changed(
                    world[PLANNED],
                    SECOND,
                    identifier=[{**world[PLANNED]["identifier"][0], "value": "ZZ1.CPLI-9"}],
                )
            }
        },
    ),
    (
        "another person of a line",
        "id-meaning",
        lambda world: {"world": {PLANNED: changed(world[PLANNED], SECOND, patient=TO_BORIS)}},
    ),
    (
        "another number of a person",
        "id-meaning",
        lambda world: {
            "world": {
                AMINA: changed(
                    world[AMINA],
                    SECOND,
                    identifier=[{**world[AMINA]["identifier"][0], "value": "9990000034"}],
                )
            }
        },
    ),
    (
        "another code of a body",
        "id-meaning",
        lambda world: {
            "world": {
                PROVIDER: changed(
                    world[PROVIDER], SECOND, identifier=world[PROVIDER]["identifier"][1:]
                )
            }
        },
    ),
    (
        "another person of a discrepancy",
        "id-meaning",
        lambda world: {
            "world": {ABOUT_A_LINE: changed(world[ABOUT_A_LINE], SECOND, **{"for": TO_BORIS})}
        },
    ),
    (
        "another discrepancy under an id",
        "id-meaning",
        lambda world: {
            "world": {
                MISSING_LINE: changed(
                    world[MISSING_LINE],
                    SECOND,
                    identifier=[{**world[MISSING_LINE]["identifier"][0], "value": "ZZ1.DISC-9"}],
                )
            }
        },
    ),
    (
        "the same under a new version",
        "version-without-change",
        lambda world: {"world": {AMINA: changed(world[AMINA], SECOND)}},
    ),
    (
        "the same at a new time",
        "version-without-change",
        lambda world: {
            "world": {
                AMINA: {**world[AMINA], "meta": {**world[AMINA]["meta"], "lastUpdated": SECOND}}
            }
        },
    ),
    (
        "other content under the old version",
        "version-not-raised",
        lambda world: {
            "world": {
                AMINA: {
                    **world[AMINA],
                    "gender": "other",
                    "meta": {**world[AMINA]["meta"], "lastUpdated": SECOND},
                }
            }
        },
    ),
    (
        "other content at the old time",
        "updated-not-later",
        lambda world: {"world": {AMINA: changed(world[AMINA], FIRST, gender="other")}},
    ),
    (
        "a change dated before the last export",
        "version-missed",
        lambda world: {"world": {AMINA: changed(world[AMINA], FIRST, gender="other")}},
    ),
    (
        "something new dated before the last export",
        "version-missed",
        lambda world: {
            "world": {
                "new": {
                    **world[MISSING_LINE],
                    "id": "5f0c8f0e-3b0e-5d1c-9a55-0c2b9f4e7a01",
                    "identifier": [{**world[MISSING_LINE]["identifier"][0], "value": "ZZ1.DISC-9"}],
                }
            }
        },
    ),
    (
        "a status that changed without history",
        "history-missing",
        lambda world: {
            "world": {
                PLANNED: changed(
                    world[PLANNED], SECOND, status="active", period={"start": "2026-03-03"}
                )
            }
        },
    ),
    (
        "withdrawn with another provider",
        "retraction-changed",
        lambda world: {
            "world": {
                PLANNED: changed(
                    world[PLANNED],
                    SECOND,
                    status="entered-in-error",
                    managingOrganization=TO_COUNCIL,
                )
            }
        },
    ),
    (
        "withdrawn with another type",
        "retraction-changed",
        lambda world: {
            "world": {
                PLANNED: changed(
                    world[PLANNED],
                    SECOND,
                    status="entered-in-error",
                    type=[{**world[PLANNED]["type"][0], "text": "Gone"}],
                )
            }
        },
    ),
    (
        "sent and deleted",
        "deleted-and-output",
        lambda world: {
            "world": {AMINA: changed(world[AMINA], SECOND, gender="other")},
            "deleted": [AMINA],
        },
    ),
    ("deleted twice", "deleted-twice", lambda world: {"world": {}, "deleted": [FINISHED] * 2}),
    (
        "deleted though unknown",
        "deleted-unknown",
        lambda world: {
            "world": {},
            "deleted": ["Task/5f0c8f0e-3b0e-5d1c-9a55-0c2b9f4e7a01"],
        },
    ),
    (
        "deleted though referred to",
        "reference-unresolved",
        lambda world: {"world": {}, "deleted": [FINISHED, AMINA]},
    ),
    (
        "repeated needlessly",
        "incremental-needless",
        lambda world: {"world": {BORIS: world[BORIS]}, "deleted": [FINISHED]},
    ),
    ("kept after twelve months", "expired-held", lambda world: {"world": {}}),
    (
        "renamed, and referred to by the old name",
        "reference-display",
        lambda world: {"world": {PROVIDER: changed(world[PROVIDER], SECOND, name="New Name Ltd")}},
    ),
]
