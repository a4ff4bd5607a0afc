"""What can be told of a drop without leaving anything behind."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256

from connectors.drop.drop import way_to
from connectors.drop.faults import Fault, trouble
from connectors.drop.in_folder import DropFolder
from connectors.drop.laying import PART, acknowledgement_of, is_whole
from connectors.drop.shelf import Shelf
from connectors.retry import Retry
from connectors.sftp.place import SftpPlace
from schemas.delivery import ExportFile
from schemas.errors import CpliError

TRIAL = ".cpli-check"
"""A folder that nothing else is called; one that a killed check left is cleared by the next."""

TRIAL_FILE = f"{TRIAL}/trial"
CONTENT = b"cpli was here\n"


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What came of a drop; `trouble` says who should do what."""

    place: str
    reachable: bool = False
    can_write: bool = False
    trouble: CpliError | None = None


def check(place: SftpPlace | DropFolder) -> Checked:
    """Reach a drop once, and do on a small scale what a delivery does. Raises nothing of ours."""
    reachable = False
    with way_to(place, retry=Retry(tries=1)) as reach:
        try:
            reach(lambda shelf: shelf.insist())
            reachable = True
            reach(_try_out)
        except CpliError as fault:
            return Checked(place=place.described, reachable=reachable, trouble=fault)
    return Checked(place=place.described, reachable=True, can_write=True)


def _try_out(shelf: Shelf) -> None:
    """Make, write, read back, rename and remove; look where acknowledgements come."""
    shelf.size(acknowledgement_of(TRIAL))
    try:
        shelf.make_folder(TRIAL)
        shelf.write(TRIAL_FILE + PART, CONTENT)
        shelf.remove(TRIAL_FILE)
        shelf.rename(TRIAL_FILE + PART, to=TRIAL_FILE)
        if not is_whole(shelf, TRIAL_FILE, _TRIED):
            raise trouble(Fault.WRITTEN_DIFFERS, shelf.place, what=TRIAL_FILE)
    except CpliError:
        with suppress(CpliError):
            _clear(shelf)
        raise
    _clear(shelf)


def _clear(shelf: Shelf) -> None:
    shelf.remove(TRIAL_FILE + PART)
    shelf.remove(TRIAL_FILE)
    shelf.remove_folder(TRIAL)


_TRIED = ExportFile(name="trial", size_bytes=len(CONTENT), sha256=sha256(CONTENT).hexdigest())
