"""cpli.toml: what it sets, what wins over it, and what is said of its faults."""

from pathlib import Path

import pytest

from connectors.feed import Feed
from schemas.errors import WrongUsage
from settings.settings import Settings, load_settings
from settings.sources import SftpPlace, SqlPlace

ROOT = Path(__file__).parents[2]
SECRET = "correct-horse-battery"

SOUND = """
[places.here]
connector = "folder"
path = "in"

[places.finance]
connector = "sql"
url = "postgresql+psycopg://reader@localhost/finance"

[places.portal]
connector = "sftp"
host = "localhost"
username = "cpli"
key_file = "key"
known_hosts = "/etc/known_hosts"

[providers]
place = "here"
file = "providers.csv"

[supplier_references]
place = "here"
file = "references.csv"

[councils.leicester]
code = "E06000016"

[councils.leicester.cpli]
place = "finance"
table = "care.lines"
provider = "supplier_reference"
date_formats = ["%d/%m/%Y"]
decimal = ","

[councils.leicester.cpli.columns]
cpli_id = "LINE_NO"

[councils.leicester.cpli.codes.service_type]
"home care" = "HS"

[councils.leicester.portal]
place = "portal"
file = "leicester_{date:%d%m%Y}.csv"

[caseloads]
place = "here"

[tolerances]
spell_gap_days = 9
"""


def settings_of(tmp_path: Path, text: str = SOUND) -> Settings:
    config = tmp_path / "cpli.toml"
    config.write_text(text, encoding="utf-8")
    return load_settings(config)


def faults_of(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(WrongUsage) as refused:
        settings_of(tmp_path, text)
    return str(refused.value).split("\n- ")[1:]


def line_of(text: str) -> int:
    return SOUND[: SOUND.index(text)].count("\n") + 1


def test_a_sound_file_says_where_everything_comes_from_and_how_it_is_written(tmp_path: Path):
    settings = settings_of(tmp_path)
    council = settings.councils["leicester"]
    assert settings.configured
    assert settings.tolerances.spell_gap_days == 9
    assert council.cpli.feed(by_supplier_reference=True) == Feed(
        columns={"cpli_id": "LINE_NO"},
        codes={"service_type": {"home care": "HS"}},
        date_formats=("%d/%m/%Y",),
        decimal_comma=True,
        by_supplier_reference=True,
    )


def test_relative_paths_are_seen_from_the_files_folder(tmp_path: Path):
    places = settings_of(tmp_path).places
    portal = places["portal"]
    assert isinstance(portal, SftpPlace)
    assert portal.key_file == tmp_path / "key"
    assert portal.known_hosts == Path("/etc/known_hosts")


def test_the_environment_wins_over_a_secret_file_and_that_over_cpli_toml(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "cpli_places__finance__password").write_text(SECRET)
    (secrets / "cpli_tolerances__spell_gap_days").write_text("10")
    (secrets / "cpli_tolerances__caseload_max_age_days").write_text("10")
    monkeypatch.setenv("CPLI_SECRETS_DIR", str(secrets))
    monkeypatch.setenv("CPLI_TOLERANCES__SPELL_GAP_DAYS", "11")
    settings = settings_of(tmp_path)
    finance = settings.places["finance"]
    assert isinstance(finance, SqlPlace)
    assert finance.password is not None
    assert finance.password.get_secret_value() == SECRET
    assert settings.tolerances.spell_gap_days == 11
    assert settings.tolerances.caseload_max_age_days == 10
    assert SECRET not in repr(settings)


def test_all_faults_are_listed_at_once_each_with_its_line_and_the_fix(tmp_path: Path):
    text = SOUND
    for sound, broken in {
        'path = "in"': 'paht = "in"',
        'code = "E06000016"': 'code = "Leicester"',
        '"%d/%m/%Y"': '"%d/%m/%y"',
        '"home care" = "HS"': '"home care" = "HOME"',
        'cpli_id = "LINE_NO"': 'cpli = "LINE_NO"',
        'table = "care.lines"': 'file = "lines.csv"',
        'place = "portal"': 'place = "portl"',
        "spell_gap_days = 9": 'spell_gap_days = "nine"',
    }.items():
        text = text.replace(sound, broken)
    there_is_none = "there is no such setting here: did you mean path?"
    no_whole_date = "it must be iso or hold a whole date, such as %d/%m/%Y"
    assert faults_of(tmp_path, text) == [
        f"cpli.toml, line {line_of(where)}: {setting}: {wrong}"
        for where, setting, wrong in (
            ("[places.here]", "places.here.path", "it is missing: add it"),
            ("path =", "places.here.paht", there_is_none),
            (
                "code =",
                "councils.leicester.code",
                "it must be a council's GSS code: E and eight digits",
            ),
            (
                "table =",
                "councils.leicester.cpli.file",
                "a database needs a table or a query, and no file",
            ),
            ("date_formats", "councils.leicester.cpli.date_formats", no_whole_date),
            (
                "[councils.leicester.cpli.columns]",
                "councils.leicester.cpli.columns",
                "the table has no column cpli",
            ),
            (
                "[councils.leicester.cpli.codes",
                "councils.leicester.cpli.codes",
                "service_type has no code HOME",
            ),
            (
                'place = "portal"',
                "councils.leicester.portal.place",
                "no place has this name: add it under [places]",
            ),
            ("spell_gap", "tolerances.spell_gap_days", "it must be a whole number"),
        )
    ]


@pytest.mark.parametrize(
    ("sound", "broken", "fault"),
    [
        ("reader@", f"reader:{SECRET}@", "must not hold a password"),
        ('username = "cpli"', f'username = "cpli"\nkey_password = "{SECRET}"', "it is a secret"),
        ("[tolerances]", f'[places.finance2]\npassword = "{SECRET}"', "it is a secret"),
        ('host = "localhost"', f"host = {SECRET}", "is no TOML"),
        ("[supplier_references]", "[supplier_reference]", "add [supplier_references]"),
        ('connector = "sftp"', 'connector = "ftp"', "must be folder, sftp, sql or rest"),
        ('file = "providers.csv"', 'query = "select 1"', "a folder has files"),
        ('[caseloads]\nplace = "here"', '[caseloads]\nplace = "finance"', "caseloads are files"),
        ("[caseloads]", "[caselods]", "caseloads: it is missing"),
        ('decimal = ","', 'decimal = ";"', "it must be '.' or ','"),
        ('decimal = ","', 'time_zone = "London"', "the name of a time zone"),
        ('decimal = ","', 'encoding = "latin-99"', "the name of an encoding"),
        ('decimal = ","', "max_age_days = -1", "it must be at least 0"),
        ('"%d/%m/%Y"', '"%d/%m/%Y %Y"', "hold a whole date"),
        ('"%d/%m/%Y"', '"%x"', "hold a whole date"),
        ('["%d/%m/%Y"]', '["%d/%m/%Y", "%m/%d/%Y"]', "could be another one"),
        ('decimal = ","', 'encoding = "hex"', "the name of an encoding"),
        ('decimal = ","', 'encoding = "idna"', "the name of an encoding"),
        ('table = "care.lines"', 'query = "select :windowstart"', "which we do not know"),
        ('table = "care.lines"', 'query = "delete from lines"', "only reads"),
        ("[places.portal]", "[places.Portal]", "small letters, digits and underscores"),
        ("[tolerances]", f'[database]\nurl = "postgresql://u:{SECRET}@h/d"', "must not hold a"),
        ('decimal = ","', 'columns = "LINE"', "a table of names and values"),
        ("{date:%d%m%Y}", "{date:%d%m%y}", "%Y, %m and %d"),
    ],
)  # fmt: skip
def test_a_fault_is_told_without_what_may_be_a_secret(
    tmp_path: Path, sound: str, broken: str, fault: str
):
    assert sound in SOUND
    if "columns" in broken:
        sound, broken = '[councils.leicester.cpli.columns]\ncpli_id = "LINE_NO"\n', ""
        text = SOUND.replace(sound, broken).replace('decimal = ","', 'columns = "LINE"')
    else:
        text = SOUND.replace(sound, broken)
    with pytest.raises(WrongUsage) as refused:
        settings_of(tmp_path, text)
    assert fault in str(refused.value)
    assert SECRET not in str(refused.value)


def test_two_councils_cannot_have_one_code(tmp_path: Path):
    other = SOUND[SOUND.index("[councils.leicester]") : SOUND.index("[caseloads]")]
    faults = faults_of(tmp_path, SOUND + other.replace("leicester", "rutland"))
    assert len(faults) == 2
    assert all("another council has this code too" in fault for fault in faults)


def test_a_file_that_is_not_there_or_is_no_text_is_named(tmp_path: Path):
    with pytest.raises(WrongUsage, match=r"none\.toml cannot be read"):
        load_settings(tmp_path / "none.toml")
    (tmp_path / "x.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(WrongUsage, match="is not UTF-8"):
        load_settings(tmp_path / "x.toml")


def test_secrets_of_a_site_do_not_trouble_a_command_without_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CPLI_PLACES__FINANCE__PASSWORD", SECRET)
    assert not load_settings().configured
    (tmp_path / "cpli_places__portal__key_password").write_text(SECRET)
    monkeypatch.setenv("CPLI_SECRETS_DIR", str(tmp_path))
    assert not load_settings().configured


def test_a_folder_of_secrets_that_is_none_or_holds_a_misspelt_one_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "CPLI_PLACE__FINANCE__PASSWORD").write_text(SECRET)
    monkeypatch.setenv("CPLI_SECRETS_DIR", str(tmp_path))
    with pytest.raises(WrongUsage, match="CPLI_PLACE__FINANCE__PASSWORD is no setting of ours"):
        load_settings()
    monkeypatch.setenv("CPLI_SECRETS_DIR", str(tmp_path / "none"))
    with pytest.raises(WrongUsage, match="CPLI_SECRETS_DIR names no folder"):
        load_settings()


def test_the_sample_is_sound():
    settings = load_settings(ROOT / "docs" / "cpli.sample.toml")
    assert {council.code for council in settings.councils.values()} == {
        "E06000016",
        "E10000018",
        "E06000017",
    }


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ('upload_place = "nowhere"', "no place has this name: add it under [places]"),
        ('upload_place = "portal"', "lists are kept as files here: name a folder"),
        ('upload_place = "elsewhere"', "no night reads lists there: name the place of caseloads"),
        ('upload_place = "../here"', "it must be small letters, digits and underscores"),
    ],
)
def test_lists_that_come_over_the_web_can_lie_only_where_a_night_reads_them(
    tmp_path: Path, more: str, fault: str
):
    elsewhere = '[places.elsewhere]\nconnector = "folder"\npath = "elsewhere"\n'
    text = f"{SOUND}\n{elsewhere}\n[worklist]\n{more}\n"
    (told,) = faults_of(tmp_path, text)
    assert told.endswith(f"worklist.upload_place: {fault}")
    assert told.startswith("cpli.toml, line ")


def test_lists_can_lie_at_the_place_of_caseloads_or_in_a_folder_that_its_server_shows(
    tmp_path: Path,
):
    own = f'{SOUND}\n[worklist]\nupload_place = "here"\n'
    assert settings_of(tmp_path, own).worklist.upload_place == "here"
    over_sftp = own.replace('[caseloads]\nplace = "here"', '[caseloads]\nplace = "portal"')
    assert settings_of(tmp_path, over_sftp).worklist.upload_place == "here"
