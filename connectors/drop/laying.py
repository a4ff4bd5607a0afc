"""The steps of a delivery on a shelf; each may be done again from its beginning.

The receiver leaves alone what has no manifest, so until the manifest is there all is ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from hashlib import sha256

from connectors.drop.faults import Fault, trouble
from connectors.drop.shelf import Shelf
from schemas.delivery import MANIFEST, Export, ExportFile
from schemas.errors import ContractBreach

ACKNOWLEDGEMENTS = "acknowledgements"
"""The drop's folder with what the receiver says of exports; we make it where it is missing."""

PART = ".part"
PLAIN = re.compile(r"(?!\.)[A-Za-z0-9._-]+")
PLAIN_PATH = re.compile(rf"{PLAIN.pattern}(/{PLAIN.pattern})?")


def insist_on_plain_name(export: str) -> None:
    """Raise ContractBreach where an export's name could lead elsewhere."""
    if not PLAIN.fullmatch(export) or export == ACKNOWLEDGEMENTS:
        raise ContractBreach("export: its name is not plain")


def insist_on_plain_files(export: Export) -> None:
    """Raise ContractBreach where files could lead elsewhere or collide, or no manifest is last."""
    insist_on_plain_name(export.name)
    names = [file.name for file in export.files]
    insist_on_plain(names, like=PLAIN_PATH, of="export")
    if names[-1:] != [MANIFEST]:
        raise ContractBreach("export: the manifest is not the last of its files")


def insist_on_plain(names: Sequence[str], *, like: re.Pattern[str], of: str) -> None:
    """Raise ContractBreach where names of files could lead elsewhere or collide."""
    wrong = sum(not like.fullmatch(name) or name.endswith(PART) for name in names)
    if wrong:
        raise ContractBreach(f"{of}: {wrong} of its files have no plain name")
    if len({name.casefold() for name in names}) < len(names):
        raise ContractBreach(f"{of}: a file is there twice")


def acknowledgement_of(export: str) -> str:
    """Return where the receiver says something of an export."""
    return f"{ACKNOWLEDGEMENTS}/{export}.json"


def insist_on_the_same(shelf: Shelf, *, export: Export) -> None:
    """Raise `not_the_same` where the folder that we made at the first delivery is gone."""
    if not shelf.has_folder(ACKNOWLEDGEMENTS):
        raise trouble(Fault.NOT_THE_SAME, shelf.place, what=export.name)


def has_arrived(shelf: Shelf, *, export: Export, at_manifest: bool) -> bool:
    """Say whether an export lies there complete, or its receiver has it already.

    `at_manifest` is whether we may have renamed the manifest before. Raises `another_manifest`
    where there is one that is not ours, and what `was_taken` raises.
    """
    if shelf.size(acknowledgement_of(export.name)) is not None:
        return True
    ours = is_whole(shelf, _path(export, MANIFEST), export.files[-1])
    if ours is False:
        raise trouble(Fault.ANOTHER_MANIFEST, shelf.place, what=export.name)
    return ours or (at_manifest and was_taken(shelf, export=export))


def was_taken(shelf: Shelf, *, export: Export) -> bool:
    """Say whether the receiver took an export away whose manifest is not there.

    Once we had begun to rename the manifest, all files were there: while all of them, or the
    manifest's part, still are, nothing was taken. Raises `being_taken` where some are gone, and
    `not_the_same` where the drop itself seems to be another one.
    """
    if shelf.size(_path(export, MANIFEST) + PART) is not None:
        return False
    others = export.files[:-1]
    there = sum(shelf.size(_path(export, file.name)) is not None for file in others)
    if there:
        if there < len(others):
            raise trouble(Fault.BEING_TAKEN, shelf.place, what=export.name)
        return False
    insist_on_the_same(shelf, export=export)
    return True


def make_folders(shelf: Shelf, *, export: Export) -> None:
    """Make the folders that are missing."""
    below = {file.name.rpartition("/")[0] for file in export.files} - {""}
    for folder in (ACKNOWLEDGEMENTS, export.name, *(_path(export, it) for it in sorted(below))):
        shelf.make_folder(folder)


def put(shelf: Shelf, *, folder: str, file: ExportFile, read: Callable[[str], bytes]) -> None:
    """Put a file in its place, whole; one that lies there whole already is not sent again."""
    path = f"{folder}/{file.name}"
    standing = is_whole(shelf, path, file)
    if standing:
        shelf.remove(path + PART)
        return
    send(shelf, folder=folder, file=file, read=read)
    if standing is False:  # not every server renames onto a name that is taken
        shelf.remove(path)
    shelf.rename(path + PART, to=path)


def send(shelf: Shelf, *, folder: str, file: ExportFile, read: Callable[[str], bytes]) -> None:
    """Have a file's part there, whole: read back, its size and hash are the file's own.

    Raises `written_differs` where they are not, and `export_changed` where ours are not.
    """
    path = f"{folder}/{file.name}"
    part = path + PART
    if is_whole(shelf, part, file):
        return
    content = read(file.name)
    if (len(content), sha256(content).hexdigest()) != (file.size_bytes, file.sha256):
        raise trouble(Fault.EXPORT_CHANGED, shelf.place, what=path)
    shelf.write(part, content)
    if not is_whole(shelf, part, file):
        shelf.remove(part)
        raise trouble(Fault.WRITTEN_DIFFERS, shelf.place, what=path)


def publish(shelf: Shelf, *, export: Export) -> None:
    """Give the manifest its name.

    Its part was there a moment ago. Where it is not, an earlier try did that and its answer was
    lost; the receiver may even have taken all away meanwhile.
    """
    path = _path(export, MANIFEST)
    if shelf.size(path + PART) is not None:
        shelf.rename(path + PART, to=path)
    elif not has_arrived(shelf, export=export, at_manifest=True):
        raise trouble(Fault.GONE, shelf.place, what=path + PART)


def is_whole(shelf: Shelf, path: str, file: ExportFile) -> bool | None:
    """Say whether a file there has this size and hash; None where there is no file."""
    size_bytes = shelf.size(path)
    if size_bytes is None:
        return None
    if size_bytes != file.size_bytes:
        return False
    return shelf.sha256(path, size_bytes=size_bytes) == file.sha256


def _path(export: Export, name: str) -> str:
    return f"{export.name}/{name}"
