"""What a provider's notice and the workbook that comes back have in common.

The notice's writer and the intake's reader must agree on every word of it. Each row of the workbook
stands by itself: it says of which notice and which case it is, and bears a seal over what we wrote
there, so that a row that was changed, or whose cells came to stand beside another's, is found out.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from hashlib import sha256

from schemas.vocabularies import Vocabulary

ANSWERS = "answers"
"""The source that answers come from, and the folder of the canonical layout."""

SHEET = "Your answers"
"""The sheet of the workbook whose rows are answered."""

SEALED = (
    "Council",
    "Council's reference",
    "Initials",
    "Year of birth",
    "Service",
    "What we found",
    "The record says",
    "You said",
    "What to do",
)
"""The headings of what we wrote about a case, as text."""

ANSWER, ANSWER_DATE, COMMENT = "Your answer", "Date", "Comment"
"""The headings of what the provider fills in."""

NOTICE, CASE, SEAL = "Notice", "Case", "Seal"
"""The headings of what leads an answer back to its case; the provider leaves these alone."""

HEADINGS = (*SEALED, ANSWER, ANSWER_DATE, COMMENT, NOTICE, CASE, SEAL)
"""All headings, in the order of the columns."""

_SEAL_LENGTH = 32
_PURPOSE, _CASES = b"cpli provider notice 1", b"cpli provider case 1"


class AnswerWords(Vocabulary):
    """What a provider can choose from in the column of answers, by the code of the answer."""

    STILL_SUPPORTED = "still_supported", "We still support this person (give the start date)"
    ENDED = "ended", "Our support has ended (give the last day)"
    NOT_OURS = "not_ours", "This person is not ours"
    COUNCIL_TOLD = "council_told", "We have already told the council"
    LIST_CORRECTED = "list_corrected", "Our list was wrong and we have corrected it"
    OTHER = "other", "Something else (write it in the comment)"


def pseudonym(key: bytes, *, provider_id: str, case: str) -> str:
    """Return what stands for a case in what its provider gets.

    A case's own id is made of whom it is about, who may be a stranger to the provider: whoever knew
    the rest could try references until one fits.
    """
    return _keyed(key, _CASES, provider_id, case)


def seal(key: bytes, *, provider_id: str, notice: str, case: str, cells: Mapping[str, str]) -> str:
    """Return what proves that a row is as we wrote it for this provider; `cells` by `SEALED`.

    Blanks do not count beyond their being there: programs that save a workbook may change them.
    """
    said = [provider_id, notice, case, *(cells.get(name, "") for name in SEALED)]
    return _keyed(key, _PURPOSE, *(" ".join(text.split()) for text in said))


def _keyed(key: bytes, purpose: bytes, *said: str) -> str:
    words = "\x1f".join(said).encode()
    return hmac.new(key, purpose + b"\0" + words, sha256).hexdigest()[:_SEAL_LENGTH]
