"""Where answers are looked for, and that none of them is taken for a caseload."""

import os
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from answers.workbooks import MARK, NOT_OURS, asked, sent
from folders.canonical import COUNCILS, Sources
from servers import sftp

from casebook.store import Casebook
from connectors.answers.naming import ANSWERS_FILE
from connectors.answers.places import AnswerPlaces, answers_in
from connectors.folder import ANSWERS_NAME, CanonicalFolder
from flows.checking import check
from flows.fetching import fetch, put_away
from flows.origin import Origin, origin_of, sftp_place
from schemas.errors import SourceRefused, TryAgainLater, WrongUsage
from settings.settings import load_settings
from settings.sources import SftpPlace

AS_OF = date(2026, 11, 25)
NAME = "P1_answers_2026-11-20.xlsx"
CONTENT = sent(asked(1, answer=NOT_OURS, provider_id="P1"))


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    return Sources(tmp_path / "sources")


def canonical(sources: Sources) -> Origin:
    return origin_of(sources.root, sources.root.parent / "out", config=None, as_of=AS_OF)


def site(root: Path) -> str:
    """Say that everything lies where the canonical layout has it."""
    text = (Path(__file__).parents[2] / "docs" / "cpli.sample.toml").read_text(encoding="utf-8")
    return text.replace("demo/sources-night-1", str(root))


def configured(sources: Sources, more: str = "", *, caseloads: str = "") -> Origin:
    text = site(sources.root)
    if caseloads:
        kept = f'connector = "folder"\npath = "{sources.root / "caseload"}"'
        assert kept in text
        text = text.replace(kept, caseloads)
    config = sources.root.parent / "cpli.toml"
    config.write_text(text + more, encoding="utf-8")
    return origin_of(None, sources.root.parent / "out", config=config, as_of=AS_OF)


def of_its_own(root: Path, more: str = "") -> str:
    return (
        f'\n[places.replies]\nconnector = "folder"\npath = "{root}"\n'
        f'[answers]\nplace = "replies"\n{more}'
    )


def found(origin: Origin) -> list[str]:
    files, troubles = origin.answers().files()
    assert troubles == ()
    return [file.name for file in files]


# How a file is named


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (NAME, NAME),
        ("P1_answers_2026-11-20-2.xlsx", "P1_answers_2026-11-20*.xlsx"),
        ("P1_answers_2026-11-20 (1).XLSX", "P1_answers_2026-11-20*.XLSX"),
        (f"P_1.a_answers_2026-11-20 {MARK}.csv", "P_1.a_answers_2026-11-20*.csv"),
    ],
)
def test_a_name_says_whose_answers_it_holds_whatever_stands_behind_it(
    name: str, shown: str
) -> None:
    named = ANSWERS_FILE.match(name)
    assert named
    assert named.shown == shown
    assert named.day == date(2026, 11, 20)
    assert named.provider_id == name.partition("_answers")[0]
    assert ANSWERS_NAME.fullmatch(name)


@pytest.mark.parametrize(
    "name",
    ["P1_2026-11-20.xlsx", "answers_2026-11-20.xlsx", "P1_answers.xlsx", "P1_answers_2026.xlsx",
     "P1_answers_2026-11-20.pdf", "Mrs Smith_answers_2026-11-20.xlsx"],
)  # fmt: skip
def test_any_other_name_is_none_of_answers(name: str) -> None:
    assert ANSWERS_FILE.match(name) is None
    assert ANSWERS_NAME.fullmatch(name) is None


# The sources folder


def test_answers_need_no_folder(sources: Sources) -> None:
    assert found(canonical(sources)) == []
    source = CanonicalFolder(sources.root)
    assert len(source.stray_files()) == len(source.caseload_files()[1]) == 0


def test_answers_lie_in_a_folder_of_their_own_or_among_the_caseloads(sources: Sources) -> None:
    before = CanonicalFolder(sources.root).caseload_files()[0]
    sources.write(f"answers/{NAME}", CONTENT)
    sources.write(f"answers/P1_answers_2026-11-20 {MARK}.xlsx", CONTENT)
    sources.write("caseload/P2_answers_2026-11-20 (1).xlsx", CONTENT)
    sources.write("caseload/P2_answers_2026-11-20.xlsx", CONTENT)
    names = found(canonical(sources))
    assert sorted(names) == [
        "answers/P1_answers_2026-11-20*.xlsx",
        "answers/P1_answers_2026-11-20.xlsx",
        "caseload/P2_answers_2026-11-20*.xlsx",
        "caseload/P2_answers_2026-11-20.xlsx",
    ]
    source = CanonicalFolder(sources.root)
    assert source.caseload_files()[0] == before
    assert len(source.caseload_files()[1]) == len(source.stray_files()) == 0


def test_what_is_no_file_of_answers_is_told_without_its_name(sources: Sources) -> None:
    sources.write(f"answers/{MARK}.xlsx", b"")
    sources.write(f"answers/{MARK}_answers_2026-02-30.xlsx", b"")
    sources.write(f"answers/{NAME}", CONTENT)
    (sources.root / "answers" / "P2_answers_2026-11-20.xlsx").mkdir()
    strays = CanonicalFolder(sources.root).stray_files()
    assert set(zip(strays["file"], strays["rule"], strict=True)) == {
        ("answers/?", "file_name"), ("answers/?", "not_plain"),
    }  # fmt: skip
    assert MARK not in strays.to_csv()
    assert "the name is not <provider_id>_answers_<date>.xlsx" in strays.to_csv()
    assert found(canonical(sources)) == ["answers/P1_answers_2026-11-20.xlsx"]


@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_folder_of_answers_that_is_none_or_leads_away_is_not_read(
    sources: Sources, kind: str
) -> None:
    outside = sources.root.parent / "outside"
    outside.mkdir()
    (outside / NAME).write_bytes(CONTENT)
    if kind == "link":
        (sources.root / "answers").symlink_to(outside)
    else:
        sources.write("answers", b"")
    assert found(canonical(sources)) == []
    assert CanonicalFolder(sources.root).stray_files()["rule"].tolist() == ["not_plain"]


def test_answers_come_in_the_order_in_which_they_were_received(sources: Sources) -> None:
    for name, received in (("P1_answers_2026-11-20", 3_000), ("P1_answers_2026-11-13", 4_000)):
        sources.write(f"answers/{name}.xlsx", CONTENT)
        os.utime(sources.root / f"answers/{name}.xlsx", (received, received))
    sources.write("caseload/P1_answers_2026-11-06.xlsx", CONTENT)
    os.utime(sources.root / "caseload/P1_answers_2026-11-06.xlsx", (3_500, 3_500))
    assert [name[-7:-5] for name in found(canonical(sources))] == ["20", "06", "13"]


# Places of the settings


def test_answers_have_a_place_of_their_own_or_lie_among_the_caseloads(
    sources: Sources, tmp_path: Path
) -> None:
    sources.write("caseload/P2_answers_2026-11-20 (1).xlsx", CONTENT)
    sources.write(f"caseload/{NAME}", CONTENT)
    (tmp_path / "replies").mkdir()
    (tmp_path / "replies" / "from P1 on 20.11.2026.xlsx").write_bytes(CONTENT)
    pattern = 'file = "from {provider_id} on {date:%d.%m.%Y}.xlsx"'
    origin = configured(sources, of_its_own(tmp_path / "replies", pattern))
    assert set(found(origin)) == {
        "replies/from P1 on 20.11.2026.xlsx", f"caseloads/{NAME}",
        "caseloads/P2_answers_2026-11-20*.xlsx",
    }  # fmt: skip
    source, _ = origin.open()
    assert {it.provider_id for it in source.caseload_files()[0]} == {"P1", "P2"}
    assert len(found(configured(sources))) == 2


def test_a_place_that_answers_and_caseloads_share_gives_each_file_once(sources: Sources) -> None:
    sources.write(f"caseload/{NAME}", CONTENT)
    origin = configured(sources, '\n[answers]\nplace = "caseloads"\n')
    assert len(found(origin)) == 1


def test_a_place_that_cannot_be_reached_is_told_and_the_others_go_on(
    sources: Sources, tmp_path: Path
) -> None:
    sources.write(f"caseload/{NAME}", CONTENT)
    files, troubles = configured(sources, of_its_own(tmp_path / "gone")).answers().files()
    assert len(files) == 1
    (trouble,) = troubles
    assert "The folder of replies is not there" in str(trouble)
    assert trouble.file == "replies/{provider_id}_answers_{date}*.*"


def test_the_check_tries_the_place_of_answers(sources: Sources, tmp_path: Path) -> None:
    origin = configured(sources, of_its_own(tmp_path / "replies"))
    checked = check(origin)
    assert not next(place for place in checked.places if place.name == "replies").reachable
    assert "The folder of replies is not there" in dict(checked.problems)["answers"]
    (tmp_path / "replies").mkdir()
    checked = check(origin)
    assert next(place for place in checked.places if place.name == "replies").reachable
    assert [table.name for table in checked.tables][-1] == "answers"
    assert "answers" not in dict(checked.problems)


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ('[answers]\nplace = "nowhere"\n', "answers.place: no place has this name"),
        ('[answers]\nplace = "base"\n', "answers.place: answers are files: name a folder"),
        ("[answers]\n", "answers.place: it is missing"),
        ('[answers]\nplace = "caseloads"\nfile = "*.xlsx"\n', "must hold {provider_id} and {date}"),
        ('[answers]\nplace = "caseloads"\nfile = "{provider_id}.xlsx"\n', "{provider_id} and {dat"),
        ('[answers]\nplace = "caseloads"\nfiles = "x"\n', "did you mean file?"),
    ],
)
def test_faults_of_the_settings_are_told(
    sources: Sources, tmp_path: Path, more: str, fault: str
) -> None:
    base = '\n[places.base]\nconnector = "sql"\nurl = "sqlite:///x"\n'
    config = tmp_path / "cpli.toml"
    config.write_text(site(sources.root) + base + more, encoding="utf-8")
    with pytest.raises(WrongUsage) as refused:
        load_settings(config)
    assert fault in str(refused.value)


# An SFTP server


def test_a_name_with_room_for_a_persons_is_not_said(tmp_path: Path) -> None:
    place = SftpPlace(
        connector="sftp", host="h", username="u", key_file=tmp_path, known_hosts=tmp_path
    )
    patterns = configured_patterns = [ANSWERS_FILE]
    plain = type(ANSWERS_FILE)("{provider_id}_{date}.*")
    server = sftp_place("in", place, [plain, *patterns])
    assert server.called("P1_2026-11-20.csv") == "P1_2026-11-20.csv"
    assert server.called(f"P1_answers_2026-11-20 {MARK}.xlsx") == "a file"
    assert server.called(f"{MARK}.xlsx") == "a file"
    assert sftp_place("in", place, configured_patterns).called(NAME) == "a file"


@pytest.fixture
def server(tmp_path: Path, sources: Sources) -> Iterator[tuple[Path, str]]:
    """An SFTP server with the caseloads, and what the settings say of it."""
    root = tmp_path / "served"
    shutil.copytree(sources.root / "caseload", root)
    (root / "done").mkdir()
    (tmp_path / "keys").mkdir()
    keys = sftp.make_keys(tmp_path / "keys")
    with sftp.in_process(root, keys) as running:
        known = tmp_path / "known_hosts"
        known.write_text(f"[{sftp.HOST}]:{running.port} {keys.public('host')}\n", encoding="utf-8")
        yield (
            root,
            (
                f'connector = "sftp"\nhost = "{sftp.HOST}"\nport = {running.port}\n'
                f'username = "{sftp.USER}"\nkey_file = "{keys.private("user")}"\n'
                f'known_hosts = "{known}"\nstable_seconds = 0\ntimeout_seconds = 5\n'
                'done_folder = "done"\n'
            ),
        )


@pytest.mark.server
def test_answers_come_by_sftp_and_go_into_the_done_folder(
    sources: Sources, server: tuple[Path, str], tmp_path: Path
) -> None:
    root, said = server
    (root / "P1_answers_2026-11-20 (1).xlsx").write_bytes(CONTENT)
    caseloads = len(list(root.glob("P?_2*")))
    casebook = Casebook.open(f"sqlite:///{tmp_path / 'casebook.db'}")
    fetched = fetch(configured(sources, caseloads=said), casebook)
    assert len(fetched.collected["caseloads"].takings) == caseloads + 1
    assert found(fetched.origin) == ["caseloads/P1_answers_2026-11-20*.xlsx"]
    put_away(fetched)
    assert [path.name for path in root.iterdir()] == ["done"]
    assert len(list((root / "done").iterdir())) == caseloads + 1
    assert found(fetch(fetched.origin, casebook).origin) == found(fetched.origin)


@pytest.mark.server
def test_a_server_of_answers_alone_is_fetched_from_and_checked(
    sources: Sources, server: tuple[Path, str], tmp_path: Path
) -> None:
    root, said = server
    (root / NAME).write_bytes(CONTENT)
    more = f'\n[places.replies]\n{said}\n[answers]\nplace = "replies"\n'
    origin = configured(sources, more)
    casebook = Casebook.open(f"sqlite:///{tmp_path / 'casebook.db'}")
    fetched = fetch(origin, casebook)
    assert [it.fetched.file.name for it in fetched.collected["replies"].takings] == [NAME]
    assert found(fetched.origin) == [f"replies/{NAME}"]
    by_name = {place.name: place for place in check(origin).places}
    assert by_name["replies"].reachable
    (tmp_path / "known_hosts").write_text("", encoding="utf-8")
    files, troubles = fetch(origin, casebook).origin.answers().files()
    assert files == ()
    assert "No host key of replies" in str(troubles[0])


@pytest.mark.server
def test_a_workbook_that_cannot_be_had_again_is_left_for_the_next_night(
    sources: Sources, server: tuple[Path, str], tmp_path: Path
) -> None:
    root, said = server
    (root / NAME).write_bytes(CONTENT)
    more = f'\n[places.replies]\n{said}\n[answers]\nplace = "replies"\n'
    casebook = Casebook.open(f"sqlite:///{tmp_path / 'casebook.db'}")
    origin = configured(sources, more)
    fetch(origin, casebook)
    (root / NAME).write_bytes(CONTENT + b"half a file")
    (root / f"{NAME}.sha256").write_text("0" * 64, encoding="utf-8")
    (file,), troubles = fetch(origin, casebook).origin.answers().files()
    assert troubles == ()
    with pytest.raises(TryAgainLater, match=r"is not what the \.sha256 file beside it says"):
        file.content()


def test_the_councils_stay_as_they_are(sources: Sources) -> None:
    assert canonical(sources).open()[1] == tuple(sorted(COUNCILS))


@pytest.mark.parametrize(
    "name",
    [
        "P0001_answers_2026-11-20.ods",
        "P0001_answers_2026-11-20.xls",
        "Copy of P0001_answers_2026-11-20.xlsx",
        "Zzyzx Answers.xlsx",
    ],
)
def test_what_seems_to_be_answers_and_is_not_named_so_is_told_without_its_name(
    tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "answers"
    folder.mkdir()
    (folder / "P0001_answers_2026-11-19.xlsx").write_bytes(b"")
    (folder / "notes.txt").write_bytes(b"")
    (folder / name).write_bytes(b"")
    table = answers_in(folder, place="replies")
    files, troubles = AnswerPlaces(tables=(table,)).files()
    assert len(files) == 1
    [trouble] = troubles
    assert isinstance(trouble, SourceRefused)
    assert trouble.rule == "file_name"
    assert "of the 2 files in replies" in str(trouble)
    assert name not in f"{trouble} {trouble.file}"
