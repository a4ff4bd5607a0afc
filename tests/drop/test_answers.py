"""What receivers write is read with care, stays where it is, and is never quoted."""

import json
from pathlib import Path

import pytest
from drop.delivered import NAME
from servers.places import PlaceOf
from servers.sftp import Server

from connectors.drop.drop import Drop
from connectors.drop.in_folder import DropFolder
from schemas.delivery import Acknowledgement, Refusal
from schemas.errors import SourceRefused

REFUSED = {"reference": "EpisodeOfCare/a-1.b", "code": "invalid", "text": "Margaret"}
SAID = {"export": NAME, "accepted": 812, "refused": [REFUSED]}


def say(root: Path, said: object) -> Path:
    """Lay an acknowledgement into a drop."""
    path = root / "acknowledgements" / f"{NAME}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(said if isinstance(said, bytes) else json.dumps(said).encode())
    return path


def refusal(folder: DropFolder, said: object, **options: int) -> SourceRefused:
    """Return how an acknowledgement is refused; it stays, and nothing of it is in the chain."""
    path = say(folder.path, said)
    drop = Drop.at(folder)
    drop.most_bytes = options.get("most_bytes", drop.most_bytes)
    with pytest.raises(SourceRefused) as caught:
        drop.acknowledgement(NAME)
    assert caught.value.file == f"acknowledgements/{NAME}.json"
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert str(caught.value).startswith(f"{caught.value.file} of the drop")
    assert "Margaret" not in str(caught.value)
    assert path.exists()
    return caught.value


def test_without_a_file_nothing_was_said_yet(folder: DropFolder) -> None:
    assert Drop.at(folder).acknowledgement(NAME) is None
    (folder.path / "acknowledgements").mkdir()
    assert Drop.at(folder).acknowledgement(NAME) is None


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a byte order mark"])
def test_what_was_said_is_read_and_stays(folder: DropFolder, mark: bytes) -> None:
    path = say(folder.path, mark + json.dumps({**SAID, "at": "noon"}).encode())
    drop = Drop.at(folder)
    for _ in range(2):
        assert drop.acknowledgement(NAME) == Acknowledgement(
            export=NAME,
            accepted=812,
            refused=(Refusal(reference="EpisodeOfCare/a-1.b", code="invalid", text="Margaret"),),
        )
    assert path.exists()


@pytest.mark.server
def test_it_comes_by_sftp_too(either: Server, place_of: PlaceOf) -> None:
    drop = Drop.at(place_of(either))
    assert drop.acknowledgement(NAME) is None
    many = [{**REFUSED, "reference": f"Task/{number}"} for number in range(2_000)]
    path = say(either.root, {**SAID, "refused": many})
    said = drop.acknowledgement(NAME)
    assert said is not None
    assert [it.reference for it in said.refused] == [it["reference"] for it in many]
    assert path.exists()


def test_a_text_is_optional_and_kept_from_what_no_database_takes(folder: DropFolder) -> None:
    first = {"reference": "Task/1", "code": "not-found"}
    say(folder.path, {**SAID, "refused": [first, {**first, "text": "a\0b"}]})
    said = Drop.at(folder).acknowledgement(NAME)
    assert said is not None
    assert [it.text for it in said.refused] == ["", "a\N{REPLACEMENT CHARACTER}b"]


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"Margaret",
        b'{"export": "',
        b"\xff\xfe{}",
        b"[" * 100_000,
        json.dumps(SAID).encode("utf-16"),
        json.dumps(SAID).replace("Margaret", "Margaret\xff").encode("latin-1"),
        [SAID],
        {},
        {**SAID, "accepted": -1},
        {**SAID, "accepted": "812"},
        {**SAID, "accepted": True},
        {**SAID, "accepted": 8.5},
        {**SAID, "accepted": 2**31},
        {**SAID, "refused": None},
        {**SAID, "refused": {}},
        {**SAID, "refused": ["Margaret"]},
        {"export": NAME, "accepted": 1, "refusd": []},
        {**SAID, "export": 1},
        *({**SAID, "refused": [{**REFUSED, "text": it}]} for it in (None, 1)),
        *(
            {**SAID, "refused": [{**REFUSED, "reference": it}]}
            for it in ("Margaret", "Task/", "/1", "Task/1/2", "Task/a b", "Task/1\n", "Task/é", 1)
        ),
        *(
            {**SAID, "refused": [{**REFUSED, "code": it}]}
            for it in ("", "Margaret", "not found", "invalid\n", "x" * 65, None)
        ),
    ],
)
def test_what_is_no_acknowledgement_is_refused(folder: DropFolder, said: object) -> None:
    assert refusal(folder, said).rule == "unreadable"


def test_one_of_another_export_is_refused(folder: DropFolder) -> None:
    other = refusal(folder, {**SAID, "export": "Margaret"})
    assert other.rule == "differs_from_file_name"


def test_one_that_is_too_large_is_not_even_read(folder: DropFolder) -> None:
    most = len(json.dumps(SAID))
    assert "larger than" in str(refusal(folder, SAID, most_bytes=most - 1))
    drop = Drop.at(folder)
    drop.most_bytes = most
    assert drop.acknowledgement(NAME) is not None
