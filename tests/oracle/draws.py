"""Small populations made of trouble, each drawn from one seed, for laws and for comparing readings.

`draw_population` serves plain loops, `populations` is the same as a Hypothesis strategy.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import TypeVar

from hypothesis import strategies as st

from oracle.population import (
    CASELOAD_COLUMNS,
    PORTAL_COLUMNS,
    CaseloadFile,
    Council,
    Decision,
    NotDuplicateCplis,
    NotDuplicateEntries,
    Population,
    Row,
)
from oracle.spells import window_start
from oracle.tables import synthetic_nhs_number, words

T = TypeVar("T")
MutableRow = dict[str, str]

TROUBLES = frozenset(
    words("""
    no_extract two_councils same_reference shared_number latest_differs alike_people
    bad_cpli conflicting_repeat identical_repeat shared_cpli_id common_cpli_ids unmapped
    odd_value duplicate_cpli unauthorised odd_instant
    not_listed other_provider moved_provider split_entry repeated_entry other_service
    unknown_person names_only confused wrong_cpli_id wrong_number wrong_person_id wrong_names
    wrong_birth swapped_names plain_names wrong_council
    start_differs end_differs still_supported quantity_differs unit_differs
    bad_entry many_bad_entries blank_rows short_file dropped_column refused_file no_file old_file
    no_portal portal_unreadable portal_row_missing portal_row_differs portal_row_bad
    portal_row_repeated portal_row_extra
    """)
)

COUNCILS = ("E06000016", "E10000018", "E06000017")
UNCONFIGURED = "E06000099"
RUN_DATES = [
    date(2024, 2, 29),
    date(2028, 2, 29),
    date(2024, 3, 1),
    date(2025, 3, 1),
    date(2025, 2, 28),
    date(2023, 12, 31),
    date(2025, 1, 1),
    date(2026, 3, 31),
    date(2026, 4, 1),
    date(2025, 4, 6),
    date(2026, 11, 20),
]
FAMILY_NAMES = words("O'Brien Hollis Müller Łukasiewicz Taylor-Green Kaur Straße Đặng D'Souza Ng")
GIVEN_NAMES = words("Siân Margaret Zoë Bjørn Noor Æthel Tariq Œuvre Joan Amrit Stanisław Li")
SERVICES = words("HS HS HS HS LTRC DS STRC OTH DP EQ")
UNMAPPED = words("ZZ9 hs HomeCare")
QUANTITIES = words("14 14 10 7 3.5 28 21 1 0 2.25")
EDGES = words("0.5 -0.5 0.51 -0.51 0.7 -0.7 0.71 1.4 1.41 0.1 5 -3")
UNREADABLE_DATES = ("2026-02-30", "soon", "01/04/2025", "2025-4-1", "20250401")
IDENTITY = words("cpli_id person_id nhs_number family_name given_name date_of_birth")
STYLES = (
    IDENTITY,
    IDENTITY[2:],
    IDENTITY[3:],
    IDENTITY[3:],
    ("cpli_id",),
    ("person_id",),
    ("nhs_number",),
    ("cpli_id", *IDENTITY[3:]),
    ("cpli_id", "nhs_number"),
    ("person_id", *IDENTITY[3:]),
    ("nhs_number", "date_of_birth"),
    ("cpli_id", "nhs_number", "given_name"),
)


@dataclass
class Dice:
    """Chance, and which troubles it may strike with. A trouble struck off moves no other die."""

    rng: Random
    troubles: frozenset[str]

    def strikes(self, trouble: str, probability: float) -> bool:
        """Whether a trouble happens."""
        rolled = self.rng.random() < probability
        return rolled and trouble in self.troubles

    def chance(self, probability: float) -> bool:
        """Whether something ordinary happens."""
        return self.rng.random() < probability

    def pick(self, choices: Sequence[T]) -> T:
        """One of several."""
        return choices[int(self.rng.random() * len(choices))]

    def whole(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return low + int(self.rng.random() * (high - low + 1))

    def near(self, day: date, *offsets: int) -> date:
        """A day some days off another."""
        return day + timedelta(days=self.pick(offsets))


@dataclass(frozen=True, kw_only=True)
class Human:
    """Somebody who lives, with the references by which councils know them."""

    references: dict[str, str]
    nhs_number: str
    family_name: str
    given_name: str
    date_of_birth: str


@dataclass(frozen=True, kw_only=True)
class Care:
    """One person's care by one provider as a council's rows say it, before anything went wrong."""

    human: Human
    local_authority: str
    provider_id: str
    service_type: str
    moved_to: str
    cplis: list[MutableRow]


@dataclass
class Scene:
    """What everything else is drawn around: dates, councils, providers and their portals."""

    dice: Dice
    as_of: date
    councils: tuple[str, ...]
    providers: tuple[str, ...]
    caseload_dates: dict[str, list[date]]
    portal_dates: dict[str, list[date]]
    humans: list[Human] = field(default_factory=list)
    care: list[Care] = field(default_factory=list)

    @property
    def window_start(self) -> date:
        """The first day of the window."""
        return window_start(self.as_of)

    def latest_caseload(self, provider_id: str) -> date:
        """The date around which a provider's dates matter."""
        return max(self.caseload_dates[provider_id], default=self.as_of)

    def latest_portal(self, local_authority: str) -> date:
        """The date around which a council's changes matter."""
        return max(self.portal_dates[local_authority], default=self.as_of)


def draw_population(
    seed: int,
    size: int,
    *,
    troubles: frozenset[str] = TROUBLES,
    with_words: bool = False,
) -> tuple[Population, date]:
    """A population of some `size` people and its run date, the same for the same arguments.

    Every seed has a mood: about half of the `troubles` allowed. People's words, which the canonical
    folder cannot hold, are drawn only `with_words`.
    """
    rng = Random(seed)
    mood = frozenset(trouble for trouble in sorted(TROUBLES) if rng.random() < 0.5)
    dice = Dice(rng, mood & troubles)
    scene = draw_scene(dice, size)
    draw_humans(scene, size)
    draw_care(scene, size)
    caseloads = list(draw_caseloads(scene))
    population = Population(
        councils=draw_councils(scene),
        caseloads=caseloads,
        providers=[{"provider_id": name, "name": f"Provider {name}"} for name in scene.providers],
        confirmed=draw_confirmed(scene, caseloads) if with_words else frozenset(),
        decisions=draw_decisions(scene, caseloads) if with_words else (),
    )
    if with_words:
        population = replace(
            population,
            not_duplicate_cplis=draw_not_duplicate_cplis(scene, population.councils),
            not_duplicate_entries=draw_not_duplicate_entries(scene, caseloads),
        )
    return population, scene.as_of


def populations(
    *, max_size: int = 8, with_words: bool = False
) -> st.SearchStrategy[tuple[Population, date]]:
    """Drawn populations that shrink to fewer people and fewer kinds of trouble."""
    return st.builds(
        draw_population,
        seed=st.integers(0, 2**32 - 1),
        size=st.integers(1, max_size),
        troubles=st.sets(st.sampled_from(sorted(TROUBLES))).map(lambda off: TROUBLES - off),
        with_words=st.just(with_words),
    )


def draw_scene(dice: Dice, size: int) -> Scene:
    """Run date, councils and providers, and the dates of caseloads and portal extracts."""
    ordinary = date(2023, 1, 1) + timedelta(days=dice.whole(0, 1800))
    as_of = dice.pick(RUN_DATES) if dice.chance(0.6) else ordinary
    count = 1 if dice.chance(0.25) else dice.whole(1, min(4, 1 + size // 2))
    providers = tuple(f"P{n}" for n in range(1, count + 1))
    councils = COUNCILS[: dice.whole(1, 3)]
    return Scene(
        dice=dice,
        as_of=as_of,
        councils=councils,
        providers=providers,
        caseload_dates={name: draw_caseload_dates(dice, as_of) for name in providers},
        portal_dates={code: draw_portal_dates(dice, as_of) for code in councils},
    )


def draw_caseload_dates(dice: Dice, as_of: date) -> list[date]:
    """One to three dates, at the edges of the 35 days too; sometimes only old ones, or none."""
    ages = [dice.pick((0, 0, 1, 4, 9, 20, 34, 35))]
    if dice.strikes("old_file", 0.15):
        ages = [dice.pick((36, 37, 90))]
    if dice.chance(0.25):
        ages.append(dice.pick((10, 35, 36)))
    if dice.chance(0.1):
        ages.append(-1)
    if dice.strikes("no_file", 0.12):
        ages = [-1] if dice.chance(0.3) else []
    return [as_of - timedelta(days=age) for age in sorted(set(ages))]


def draw_portal_dates(dice: Dice, as_of: date) -> list[date]:
    """None to two dates, at the edges of the 7 days too."""
    ages = {dice.pick((0, 1, 3, 6, 7, 8)), dice.pick((0, 2, 7, 8))}
    if dice.chance(0.5):
        ages.pop()
    if dice.strikes("no_portal", 0.3):
        ages = set()
    return [as_of - timedelta(days=age) for age in sorted(ages)]


def draw_humans(scene: Scene, size: int) -> None:
    """People, some much alike, some known to two councils, perhaps under one reference."""
    dice = scene.dice
    for number in range(size):
        home = dice.pick(scene.councils)
        reference = f"{number + 1}"
        references = {home: reference}
        if dice.strikes("two_councils", 0.4):
            same = dice.strikes("same_reference", 0.5)
            references[dice.pick(scene.councils)] = reference if same else f"x{reference}"
        human = Human(
            references=references,
            nhs_number=synthetic_nhs_number(10 * number),
            family_name=dice.pick(FAMILY_NAMES),
            given_name=dice.pick(GIVEN_NAMES),
            date_of_birth=str(date(dice.whole(1920, 1999), dice.whole(1, 12), dice.whole(1, 28))),
        )
        if scene.humans and dice.strikes("alike_people", 0.4):
            human = much_like(dice, human, dice.pick(scene.humans))
        scene.humans.append(human)


def much_like(dice: Dice, human: Human, other: Human) -> Human:
    """Somebody with another's names, birth date or number."""
    family_name = other.family_name if dice.chance(0.7) else human.family_name
    given_name = other.given_name if dice.chance(0.5) else human.given_name
    date_of_birth = other.date_of_birth if dice.chance(0.6) else human.date_of_birth
    shared = dice.strikes("shared_number", 0.3)
    return replace(
        human,
        family_name=family_name,
        given_name=given_name,
        date_of_birth=date_of_birth,
        nhs_number=other.nhs_number if shared else human.nhs_number,
    )


def draw_care(scene: Scene, size: int) -> None:
    """One to three lines of care for each person, each a chain of CPLIs."""
    dice = scene.dice
    many = 1 if size > 5 else 2
    for human in scene.humans:
        for _ in range(dice.whole(1, many) + dice.pick((0, 0, 0, 1))):
            local_authority = dice.pick(sorted(human.references))
            provider_id, service_type = dice.pick(scene.providers), dice.pick(SERVICES)
            care = Care(
                human=human,
                local_authority=local_authority,
                provider_id=provider_id,
                service_type=service_type,
                moved_to=dice.pick(scene.providers) if dice.strikes("moved_provider", 0.3) else "",
                cplis=[],
            )
            for start, end in draw_chain(scene, provider_id):
                care.cplis.append(draw_cpli(scene, care, start, end))
            scene.care.append(care)


def draw_chain(scene: Scene, provider_id: str) -> Iterator[tuple[date, date | None]]:
    """One to four periods in a row, 6, 7 or 8 uncovered days between some, or overlapping."""
    dice = scene.dice
    start = draw_start(scene, provider_id)
    last = draw_end(scene, provider_id)
    if last is not None and last < start and dice.chance(0.7):
        yield last - timedelta(days=dice.whole(0, 400)), last
        return
    for _ in range(dice.pick((0, 0, 0, 1, 1, 2, 3))):
        end = draw_renewal(scene, start, provider_id)
        yield start, end
        start = end + timedelta(days=1 + dice.pick((0, 0, 0, 0, 6, 7, 8, -5, 20)))
    yield start, None if last is None or last < start else last


def draw_start(scene: Scene, provider_id: str) -> date:
    """A start long ago, at the window's edges, inside it, or around the caseload date."""
    dice, w, d = scene.dice, scene.window_start, scene.latest_caseload(provider_id)
    return dice.pick(
        (
            date(w.year, 4, 1),
            dice.near(w, -400, -90, -30),
            dice.near(w, -1, 0, 1, 6, 7, 7, 7, 8, 9),
            w + timedelta(days=dice.whole(10, 330)),
            w + timedelta(days=dice.whole(10, 330)),
            dice.near(d, -8, -7, -6, -1, 0, 1, 5, 30),
            dice.near(scene.as_of, -40, -1, 0, 1),
            date(scene.as_of.year - 1, 12, 31),
            date(scene.as_of.year, 1, 1),
        )
    )


def draw_renewal(scene: Scene, start: date, provider_id: str) -> date:
    """The end of a line that another follows: a year end, the changeover or any day."""
    dice, d = scene.dice, scene.latest_caseload(provider_id)
    ends = (
        date(start.year, 12, 31),
        date(start.year + (start.month > 3), 3, 31),
        start + timedelta(days=dice.whole(0, 200)),
        dice.near(d, -10, -8, -1, 0, 1),
        dice.near(scene.window_start, -9, -8, -7, -1, 0, 1),
    )
    return max(start, dice.pick(ends))


def draw_end(scene: Scene, provider_id: str) -> date | None:
    """No end, or one at the edges of the window, the caseload or the portal's 28 days."""
    dice, d = scene.dice, scene.latest_caseload(provider_id)
    if dice.chance(0.5):
        return None
    return dice.pick(
        (
            dice.near(scene.window_start, -9, -1, -1, 0, 1),
            dice.near(d, -30, -2, -1, 0, 1, 2),
            dice.near(d, 10, 30, 60),
            dice.near(scene.as_of, -35, -29, -28, -27, -1, 0, 1, 60),
        )
    )


def draw_cpli(scene: Scene, care: Care, start: date, end: date | None) -> MutableRow:
    """A sound CPLI."""
    dice, human = scene.dice, care.human
    common = dice.strikes("common_cpli_ids", 1)
    number = 1 + sum(
        len(other.cplis)
        for other in (*scene.care, care)
        if not common or other.local_authority == care.local_authority
    )
    return {
        "cpli_id": f"C{number:03}",
        "person_id": human.references[care.local_authority],
        "nhs_number": human.nhs_number if dice.chance(0.9) else "",
        "family_name": human.family_name,
        "given_name": human.given_name,
        "date_of_birth": human.date_of_birth,
        "provider_id": care.provider_id,
        "service_type": care.service_type,
        "service_category": "LTS-C",
        "service_description": dice.pick(("weekdays", "weekdays", "weekend", "")),
        "start_date": str(start),
        "end_date": str(end or ""),
        "weekly_quantity": dice.pick(QUANTITIES) if dice.chance(0.9) else "",
        "unit": "hours" if dice.chance(0.9) else dice.pick(("visits", "")),
        "authorisation": "authorised",
        "created_at": draw_instant(scene, care, start),
        "updated_at": draw_instant(scene, care, start) if dice.chance(0.4) else "",
        "commissioning_team": dice.pick(("North", "South", "")),
        "commissioning_worker": "",
    }


def draw_instant(scene: Scene, care: Care, start: date) -> str:
    """An instant near the start or the portal's date, and near midnight, in several zones."""
    dice, p = scene.dice, scene.latest_portal(care.local_authority)
    day = dice.near(start, -3, 0, 1, 20) if dice.chance(0.7) else dice.near(p, -2, -1, 0, 1)
    if dice.strikes("odd_instant", 0.15):
        return dice.pick(("", "yesterday", f"{day}T25:00:00Z"))
    return f"{day}T" + dice.pick(
        ("09:00:00Z", "23:30:00Z", "00:30:00+01:00", "23:30:00", "22:45:10.5+00:00", "00:10")
    )


def draw_councils(scene: Scene) -> dict[str, Council]:
    """Each council's rows with what goes wrong in them, and its portal."""
    dice = scene.dice
    councils = {}
    for code in scene.councils:
        rows = [
            dict(row) for care in scene.care if care.local_authority == code for row in care.cplis
        ]
        portal = {p: draw_portal(scene, rows, p) for p in scene.portal_dates[code]}
        rows = [spoilt for row in rows for spoilt in spoil_cpli(dice, row, rows)]
        dice.rng.shuffle(rows)
        came = not dice.strikes("no_extract", 0.25)
        councils[code] = Council(cplis=rows if came else None, portal=portal)
    return councils


def spoil_cpli(dice: Dice, row: MutableRow, rows: Sequence[Row]) -> list[MutableRow]:
    """A CPLI with something wrong in it, perhaps, and its repeats."""
    if dice.strikes("unauthorised", 0.2):
        row["authorisation"] = dice.pick(("draft", "draft", "cancelled"))
    if dice.strikes("latest_differs", 0.15):
        make_identity_differ(dice, row)
    if dice.strikes("unmapped", 0.1):
        row["service_type"] = dice.pick(UNMAPPED)
    if dice.strikes("odd_value", 0.1):
        put_odd_value(dice, row)
    if dice.strikes("shared_cpli_id", 0.03):
        row["cpli_id"] = dice.pick(rows)["cpli_id"]
    if dice.strikes("bad_cpli", 0.15):
        make_bad_cpli(dice, row)
    repeats = [row]
    if dice.strikes("duplicate_cpli", 0.07):
        repeats.append(draw_twin(dice, row))
    if dice.strikes("identical_repeat", 0.05):
        repeats.append({name: f" {cell} " for name, cell in row.items()})
    if dice.strikes("conflicting_repeat", 0.05):
        repeats.append({**row, **draw_conflict(dice, rows)})
    return repeats


def draw_twin(dice: Dice, row: MutableRow) -> MutableRow:
    """The same line under another `cpli_id`, or almost the same, or of one who is not the same."""
    twin = {**row, "cpli_id": f"{row['cpli_id']}D"}
    if dice.chance(0.3):
        make_identity_differ(dice, twin)
    if dice.chance(0.3):
        column = dice.pick(("service_description", "unit", "weekly_quantity", "end_date"))
        twin[column] = ""
    return twin


def draw_conflict(dice: Dice, rows: Sequence[Row]) -> MutableRow:
    """What a conflicting repeat says otherwise."""
    column = dice.pick(("weekly_quantity", "end_date", "start_date", "person_id", "nhs_number"))
    return {column: dice.pick(rows)[column], "commissioning_worker": "other"}


def make_identity_differ(dice: Dice, row: MutableRow) -> None:
    """Another number, name or birth date than the person's other CPLIs."""
    column = dice.pick(("nhs_number", "family_name", "given_name", "date_of_birth"))
    row[column] = {
        "nhs_number": synthetic_nhs_number(10 * dice.whole(0, 8)),
        "family_name": dice.pick((*FAMILY_NAMES, "-", "")),
        "given_name": dice.pick((*GIVEN_NAMES, "")),
        "date_of_birth": dice.pick(("", mistyped_date(dice, row["date_of_birth"]))),
    }[column]


def put_odd_value(dice: Dice, row: MutableRow) -> None:
    """A value that is set to null with a warning."""
    column, value = dice.pick(
        (
            ("weekly_quantity", "-2"),
            ("weekly_quantity", "lots"),
            ("unit", "minutes"),
            ("nhs_number", "999 000 0001"),
            ("nhs_number", "9999999999"),
            ("nhs_number", "999000001"),
            ("date_of_birth", "1899-12-31"),
            ("date_of_birth", "2099-01-01"),
            ("date_of_birth", "unknown"),
        )
    )
    if column in row:
        row[column] = value


def make_bad_cpli(dice: Dice, row: MutableRow) -> None:
    """What rejects a CPLI."""
    fault = dice.pick(("missing", "missing", "unreadable", "end_before_start", "end_before_start"))
    if fault == "missing":
        row[dice.pick(words("cpli_id person_id provider_id service_type start_date"))] = ""
        if dice.chance(0.3):
            row[dice.pick(words("person_id provider_id authorisation service_type"))] = " "
    elif fault == "unreadable":
        column = dice.pick(("start_date", "end_date", "authorisation"))
        row[column] = dice.pick(UNREADABLE_DATES)
    else:
        put_end_before_start(dice, row)


def put_end_before_start(dice: Dice, row: MutableRow) -> None:
    """The end before the start, by a day, or by years."""
    try:
        start = date.fromisoformat(row["start_date"])
    except ValueError:
        return
    row["end_date"] = str(dice.near(start, -1, -1, -30, -800))


def draw_portal(scene: Scene, rows: Sequence[MutableRow], p: date) -> list[Row] | None:
    """What the portal shows of sound CPLIs, with rows missing, differing, bad and added."""
    dice = scene.dice
    if dice.strikes("portal_unreadable", 0.2):
        return None
    shown: list[Row] = []
    for row in rows:
        portal_row = {name: row[name] for name in PORTAL_COLUMNS}
        gone = row["end_date"] != "" and row["end_date"] < str(p - timedelta(days=28))
        if dice.strikes("portal_row_missing", 0.15) or (gone and dice.chance(0.9)):
            continue
        if dice.strikes("portal_row_repeated", 0.1):
            shown.append(differing(dice, portal_row) if dice.chance(0.6) else dict(portal_row))
        if dice.strikes("portal_row_differs", 0.25):
            portal_row = differing(dice, portal_row)
        if dice.strikes("portal_row_bad", 0.15):
            make_bad_portal_row(dice, portal_row)
        shown.append(portal_row)
    if rows and dice.strikes("portal_row_extra", 0.4):
        shown.append(draw_extra(scene, dice.pick(rows), rows))
    dice.rng.shuffle(shown)
    return shown


def draw_extra(scene: Scene, row: Row, rows: Sequence[Row]) -> MutableRow:
    """A portal row for a CPLI that the council does not hold, or holds under another id."""
    dice = scene.dice
    end = dice.pick(("", str(dice.near(scene.window_start, -1, 0, 1)), row["end_date"]))
    extra = {**{name: row[name] for name in row if name in PORTAL_COLUMNS}, "end_date": end}
    if end and end < extra["start_date"]:
        extra["start_date"] = end
    return {**extra, "cpli_id": dice.pick(("GONE1", "GONE2", dice.pick(rows)["cpli_id"]))}


def differing(dice: Dice, row: Row) -> MutableRow:
    """A portal row that differs in a column or two."""
    changed = dict(row)
    for _ in range(dice.whole(1, 2)):
        column, value = dice.pick(
            (
                ("person_id", dice.pick(("1", "2", "x1"))),
                ("provider_id", dice.pick(("P1", "P2"))),
                ("service_type", dice.pick(("HS", "LTRC", "ZZ9"))),
                ("start_date", moved(dice, row["start_date"], -1, 1, -365)),
                ("end_date", moved(dice, row["end_date"] or row["start_date"], 0, 1, 400)),
                ("end_date", ""),
                ("weekly_quantity", dice.pick(("14", "14.0", "", "-1", "many", "15"))),
                ("unit", dice.pick(("hours", "visits", "", "minutes"))),
            )
        )
        changed[column] = value
    return changed


def moved(dice: Dice, day: str, *offsets: int) -> str:
    """A date as text, some days off; what is no date stays."""
    try:
        return str(dice.near(date.fromisoformat(day), *offsets))
    except ValueError:
        return day


def make_bad_portal_row(dice: Dice, row: MutableRow) -> None:
    """What rejects a portal row."""
    missing = words("cpli_id cpli_id cpli_id person_id provider_id service_type start_date")
    row[dice.pick(missing)] = ""
    if dice.chance(0.3):
        row[dice.pick(("provider_id", "service_type", "end_date"))] = ""
    if dice.chance(0.1):
        row["start_date"] = dice.pick(UNREADABLE_DATES)


def draw_caseloads(scene: Scene) -> Iterator[CaseloadFile]:
    """Each provider's caseloads, with what goes wrong in the files as a whole."""
    dice = scene.dice
    for provider_id in scene.providers:
        for d in scene.caseload_dates[provider_id]:
            rows = draw_entries(scene, provider_id, d)
            if dice.strikes("short_file", 0.25):
                theirs = sum(is_active(care, provider_id, d) for care in scene.care)
                rows = rows[: max(0, (theirs + dice.pick((-1, 0, 1))) // 2)]
            add_bad_entries(dice, rows)
            if dice.strikes("blank_rows", 0.4):
                for _ in range(dice.whole(1, 2)):
                    rows.insert(dice.whole(0, len(rows)), dict.fromkeys(CASELOAD_COLUMNS, " "))
            yield draw_file(scene, provider_id, d, rows)


def is_active(care: Care, provider_id: str, d: date) -> bool:
    """Whether a line of care counts where caseloads are compared with spells, all being well."""
    return (
        care.provider_id == provider_id
        and care.service_type not in ("DP", "EQ")
        and any(
            row["start_date"] <= str(d) and (row["end_date"] or "9") >= str(d) for row in care.cplis
        )
    )


def draw_file(scene: Scene, provider_id: str, d: date, rows: list[MutableRow]) -> CaseloadFile:
    """The file: whole, unreadable, or with columns missing."""
    dice = scene.dice
    dropped: set[str] = set()
    if dice.strikes("dropped_column", 0.2):
        dropped = set(
            dice.pick(
                (
                    ("provider_id", "caseload_date"),
                    ("unit", "weekly_quantity"),
                    ("nhs_number", "cpli_id", "person_id"),
                    ("local_authority", "family_name"),
                    ("start_date", "end_date"),
                )
            )
        )
    refused = dice.strikes("refused_file", 0.15)
    if refused and dice.chance(0.5):
        missing = ("service_type",), ("nhs_number", "cpli_id", "person_id", "given_name")
        dropped = set(dice.pick(missing))
        refused = False
    return CaseloadFile(
        provider_id=provider_id,
        caseload_date=d,
        columns=tuple(name for name in CASELOAD_COLUMNS if name not in dropped),
        rows=None
        if refused
        else [{n: cell for n, cell in row.items() if n not in dropped} for row in rows],
    )


def draw_entries(scene: Scene, provider_id: str, d: date) -> list[MutableRow]:
    """What a provider lists: its own care, another's, and people nobody knows."""
    dice = scene.dice
    rows: list[MutableRow] = []
    for care in scene.care:
        own = care.provider_id == provider_id
        if own and (care.moved_to or dice.strikes("not_listed", 0.15)):
            continue
        if own or care.moved_to == provider_id or dice.strikes("other_provider", 0.1):
            rows += entries_for(scene, care, provider_id, d)
    if dice.strikes("unknown_person", 0.3):
        rows.append(draw_unknown(scene, provider_id, d))
    dice.rng.shuffle(rows)
    return rows


def entries_for(scene: Scene, care: Care, provider_id: str, d: date) -> list[MutableRow]:
    """One line of care as a provider writes it: in one entry, split or repeated."""
    dice = scene.dice
    entry = draw_entry(scene, care, provider_id, d)
    rows = [entry]
    if dice.strikes("split_entry", 0.2):
        rows = split(dice, entry, d)
        if dice.chance(0.4):
            rows[-1] |= draw_identity(scene, care)
    if dice.strikes("repeated_entry", 0.2):
        rows.append(draw_repeat(scene, care, dice.pick(rows)))
    return rows


def draw_repeat(scene: Scene, care: Care, entry: MutableRow) -> MutableRow:
    """The same again, perhaps with another or no `cpli_id`, council, date or unit."""
    dice = scene.dice
    again = dict(entry)
    again["cpli_id"] = dice.pick((entry["cpli_id"], "", dice.pick(care.cplis)["cpli_id"]))
    if dice.chance(0.3):
        entry["cpli_id"] = ""
    if dice.chance(0.4):
        again["local_authority"] = dice.pick(("", care.local_authority))
    if dice.chance(0.25):
        again[dice.pick(("unit", "end_date", "start_date", "weekly_quantity"))] = ""
    if dice.strikes("unmapped", 0.2):
        again["service_type"], entry["service_type"] = dice.pick(UNMAPPED), "OTH"
    return again


def draw_entry(scene: Scene, care: Care, provider_id: str, d: date) -> MutableRow:
    """An entry that states what the council holds, with what a provider gets wrong."""
    dice = scene.dice
    quantities = [
        Decimal(row["weekly_quantity"])
        for row in care.cplis
        if row["weekly_quantity"]
        and row["start_date"] <= str(d)
        and (row["end_date"] or "9") >= str(d)
    ]
    entry = {
        "provider_id": provider_id if dice.chance(0.9) else "",
        "caseload_date": str(d) if dice.chance(0.9) else "",
        "service_type": care.service_type,
        "start_date": dice.pick(care.cplis[:2])["start_date"],
        "end_date": care.cplis[-1]["end_date"],
        "weekly_quantity": str(sum(quantities)) if quantities else "",
        "unit": care.cplis[-1]["unit"],
        **draw_identity(scene, care),
    }
    make_entry_differ(dice, entry, d)
    return entry


def draw_identity(scene: Scene, care: Care) -> MutableRow:
    """By which of its identities an entry names a person, and what is wrong with them."""
    dice, human = scene.dice, care.human
    known = {
        "cpli_id": dice.pick(care.cplis)["cpli_id"],
        "person_id": human.references[care.local_authority],
        "nhs_number": human.nhs_number,
        "family_name": human.family_name,
        "given_name": human.given_name,
        "date_of_birth": human.date_of_birth,
    }
    style = dice.pick(STYLES)
    if dice.strikes("confused", 0.1):
        style = IDENTITY
        confuse(scene, known)
    elif dice.strikes("names_only", 0.3):
        style = IDENTITY[3:]
        make_near_miss(dice, known)
    else:
        mistype(scene, known)
    identity = {name: known[name] if name in style else "" for name in IDENTITY}
    identity["local_authority"] = care.local_authority if dice.chance(0.4) else ""
    if dice.strikes("wrong_council", 0.2):
        identity["local_authority"] = dice.pick((*scene.councils, UNCONFIGURED, "Leicester"))
    return identity


def confuse(scene: Scene, known: MutableRow) -> None:
    """Another person's line, a third's number, a fourth's reference, and names that nobody has."""
    dice = scene.dice
    known |= {
        "cpli_id": f"C{dice.whole(1, 12):03}",
        "nhs_number": dice.pick(scene.humans).nhs_number,
        "person_id": dice.pick(("1", "2", "3", "x1")),
        "given_name": "Wolfgang",
        "date_of_birth": dice.pick(scene.humans).date_of_birth,
    }


def mistype(scene: Scene, known: MutableRow) -> None:
    """Wrong ids, near-miss names and dates of birth."""
    dice = scene.dice
    if dice.strikes("wrong_cpli_id", 0.2):
        known["cpli_id"] = f"C{dice.whole(1, 12):03}"
    if dice.strikes("wrong_number", 0.2):
        serial = dice.pick((10 * dice.whole(0, 8), 990))
        known["nhs_number"] = dice.pick((synthetic_nhs_number(serial), "9990000001", "999-000"))
    if dice.strikes("wrong_person_id", 0.2):
        known["person_id"] = dice.pick(("1", "2", "x1", "none"))
    if dice.strikes("wrong_names", 0.3):
        column = dice.pick(("family_name", "given_name"))
        known[column] = misspelt(dice, known[column])
    if dice.strikes("swapped_names", 0.15):
        known |= {"family_name": known["given_name"], "given_name": known["family_name"]}
    if dice.strikes("plain_names", 0.3):
        known["family_name"] = known["family_name"].replace("'", "").upper()
        known["given_name"] = known["given_name"].replace("â", "a").replace("ë", "e").lower()
    if dice.strikes("wrong_birth", 0.25):
        known["date_of_birth"] = mistyped_date(dice, known["date_of_birth"])


def make_near_miss(dice: Dice, known: MutableRow) -> None:
    """Names or a birth date that nobody has, but almost."""
    column = dice.pick(("family_name", "given_name", "date_of_birth"))
    if column == "date_of_birth":
        known[column] = mistyped_date(dice, known[column])
    else:
        known[column] = misspelt(dice, known[column])
    if dice.chance(0.2):
        known["given_name"] = misspelt(dice, known["given_name"])
    if dice.chance(0.2):
        known |= {"family_name": known["given_name"], "given_name": known["family_name"]}


def misspelt(dice: Dice, name: str) -> str:
    """A letter dropped, doubled, exchanged or changed; or another name."""
    at = dice.whole(0, len(name) - 1)
    return dice.pick(
        (
            name[:at] + name[at + 1 :],
            name[:at] + name[at] + name[at:],
            name[:at] + name[at + 1 : at + 2] + name[at : at + 1] + name[at + 2 :],
            name[:at] + "x" + name[at + 1 :],
            dice.pick(FAMILY_NAMES + GIVEN_NAMES),
            name[:2],
        )
    )


def mistyped_date(dice: Dice, day: str) -> str:
    """Day and month swapped, one digit changed, or simply another date."""
    if len(day) != len("YYYY-MM-DD"):
        return day
    at = dice.pick((2, 3, 6, 8, 9))
    digit = str(dice.whole(0, 9))
    swapped = f"{day[:4]}-{day[8:]}-{day[5:7]}"
    return dice.pick((swapped, swapped, day[:at] + digit + day[at + 1 :], "1950-06-15"))


def make_entry_differ(dice: Dice, entry: MutableRow, d: date) -> None:
    """Other dates, quantity, unit or service than the council's."""
    if dice.strikes("other_service", 0.15):
        entry["service_type"] = dice.pick(SERVICES)
    if dice.strikes("unmapped", 0.08):
        entry["service_type"] = dice.pick(UNMAPPED)
    if dice.strikes("start_differs", 0.3):
        edges = [moved(dice, entry["start_date"], *near) for near in ((-8, 8, 9), (-7, 7, 1))]
        edges += ["", str(dice.near(d, 0, 1, 5))]
        entry["start_date"] = dice.pick(edges)
    if dice.strikes("end_differs", 0.3):
        around = moved(dice, entry["end_date"], -2, -1, 1, 2) or str(dice.near(d, -60, -1))
        entry["end_date"] = dice.pick((around, around, "", str(dice.near(d, -9, -2, -1, 0, 1, 30))))
    if dice.strikes("still_supported", 0.4):
        entry["end_date"] = ""
    if dice.strikes("quantity_differs", 0.3):
        held = Decimal(entry["weekly_quantity"] or 14)
        factor = dice.pick(("1.05", "0.95", "1.051", "2"))
        edge = held + Decimal(dice.pick(EDGES))
        entry["weekly_quantity"] = dice.pick((str(edge), str(held * Decimal(factor)), ""))
    if dice.strikes("unit_differs", 0.1):
        entry["unit"] = dice.pick(("visits", "", "minutes"))
    if dice.strikes("odd_value", 0.06):
        put_odd_value(dice, entry)
    if entry["start_date"] and entry["end_date"] and entry["end_date"] < entry["start_date"]:
        entry["start_date"] = entry["end_date"] if dice.chance(0.9) else entry["start_date"]


def split(dice: Dice, entry: MutableRow, d: date) -> list[MutableRow]:
    """One line of care in two entries: half the quantity each, or one period after the other."""
    second = dict(entry)
    if dice.chance(0.4) and entry["weekly_quantity"][:1].isdigit():
        half = Decimal(entry["weekly_quantity"]) / 2
        return [{**entry, "weekly_quantity": str(half)}, {**second, "weekly_quantity": str(half)}]
    middle = dice.near(d, -1, -2, -9, -60)
    gap = dice.pick((0, 0, 6, 7, 8, 9))
    first_end = middle - timedelta(days=gap)
    if entry["start_date"] > str(first_end):
        return [entry, second]
    parts = [
        {**entry, "end_date": str(first_end)},
        {**second, "start_date": str(middle + timedelta(days=1))},
    ]
    if entry["end_date"] and entry["end_date"] < parts[1]["start_date"]:
        parts[1]["end_date"] = ""
    if dice.chance(0.3):
        much_earlier = first_end - timedelta(days=100)
        parts[0]["start_date"] = str(much_earlier)
        earliest = str(much_earlier - timedelta(days=1 + dice.pick((0, 7, 8))))
        parts.append({**entry, "start_date": "", "end_date": earliest})
    return parts


def draw_unknown(scene: Scene, provider_id: str, d: date) -> MutableRow:
    """An entry for somebody whom no council knows."""
    dice = scene.dice
    return {
        "provider_id": provider_id,
        "caseload_date": str(d),
        "cpli_id": dice.pick(("", "NONE")),
        "local_authority": dice.pick(("", "", *scene.councils, UNCONFIGURED)),
        "person_id": "",
        "nhs_number": synthetic_nhs_number(dice.pick((5000, 5010))),
        "family_name": dice.pick(FAMILY_NAMES),
        "given_name": dice.pick(GIVEN_NAMES),
        "date_of_birth": dice.pick(("1930-01-01", "")),
        "service_type": dice.pick(SERVICES),
        "start_date": dice.pick(("", str(dice.near(d, -100, 0, 1)))),
        "end_date": "",
        "weekly_quantity": "7",
        "unit": "hours",
    }


def add_bad_entries(dice: Dice, rows: list[MutableRow]) -> None:
    """Entries that are rejected: one or two among many, or just at or over 20 %."""
    few = dice.strikes("bad_entry", 0.6)
    many = dice.strikes("many_bad_entries", 0.15)
    count = 1 if few and len(rows) >= 5 else 0
    if many:
        count = len(rows) // 5 + dice.whole(0, 1)
    for at in range(min(count, len(rows))):
        make_bad_entry(dice, rows[at])
    dice.rng.shuffle(rows)


def make_bad_entry(dice: Dice, row: MutableRow) -> None:
    """What rejects an entry."""
    fault = dice.pick(words("service start end order provider date identity"))
    if fault == "service":
        row["service_type"] = ""
    elif fault == "start":
        row["start_date"] = dice.pick(UNREADABLE_DATES)
    elif fault == "end":
        row["end_date"] = dice.pick(UNREADABLE_DATES)
    elif fault == "order":
        row |= {"start_date": "2025-05-02", "end_date": "2025-05-01"}
    elif fault == "provider":
        row["provider_id"] = dice.pick(("P9", "p1"))
    elif fault == "date":
        row["caseload_date"] = dice.pick(("2020-01-01", "today"))
    else:
        row |= {"cpli_id": "", "person_id": "", "nhs_number": "", "given_name": ""}


def draw_confirmed(scene: Scene, caseloads: Sequence[CaseloadFile]) -> frozenset[tuple[str, date]]:
    """Some caseloads that their providers have confirmed."""
    return frozenset(
        (file.provider_id, file.caseload_date) for file in caseloads if scene.dice.chance(0.5)
    )


def draw_decisions(scene: Scene, caseloads: Sequence[CaseloadFile]) -> list[Decision]:
    """Some decisions on whether an entry's person is a council's."""
    dice = scene.dice
    decisions = []
    for file in caseloads:
        if file.rows and dice.chance(0.5):
            row = dice.pick(file.rows)
            care = dice.pick(scene.care)
            columns = (*IDENTITY, "local_authority")
            decisions.append(
                Decision(
                    same=dice.chance(0.5),
                    provider_id=file.provider_id,
                    entry={name: row.get(name, "") for name in columns},
                    local_authority=care.local_authority,
                    person_id=care.human.references[care.local_authority],
                )
            )
    return decisions


def draw_not_duplicate_cplis(
    scene: Scene, councils: Mapping[str, Council]
) -> list[NotDuplicateCplis]:
    """Words on alike CPLIs: on all of a person's with one provider, start and quantity, or some."""
    dice = scene.dice
    words = []
    for code, council in councils.items():
        alike = defaultdict(set)
        for row in council.cplis or ():
            columns = ("person_id", "provider_id", "start_date", "weekly_quantity")
            alike[tuple(row.get(name, "") for name in columns)].add(row.get("cpli_id", ""))
        for ids in alike.values():
            if len(ids) > 1 and dice.chance(0.5):
                cpli_ids = sorted(ids)[: dice.whole(2, 3)]
                words.append(NotDuplicateCplis(local_authority=code, cpli_ids=tuple(cpli_ids)))
    return words


def draw_not_duplicate_entries(
    scene: Scene, caseloads: Sequence[CaseloadFile]
) -> list[NotDuplicateEntries]:
    """Words on entries, most of which repeat nothing anyway."""
    columns = (*IDENTITY, "local_authority")
    return [
        NotDuplicateEntries(
            provider_id=file.provider_id,
            entry={name: row.get(name, "") for name in columns},
            service_type=row.get("service_type", ""),
        )
        for file in caseloads
        for row in file.rows or ()
        if scene.dice.chance(0.2)
    ]
