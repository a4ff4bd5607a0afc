"""What goes wrong with a council's CPLIs: jobs, joins, upgrades, spreadsheets, clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from gates.office import LEICESTER, LEICESTERSHIRE, OFFICES
from gates.spoiling import (
    NONE,
    SEEN,
    SHOWN,
    STOPPED,
    Change,
    Fault,
    Scene,
    Spoil,
    a_month_later,
    day_for_month,
    each_date,
    first_part,
    in_extract,
    no_rows,
    of_catalogue,
    prefixed,
    set_to,
    shifted,
    swapped,
    twice,
    without,
)

from schemas.gates import Consequence, GateSource

DATES = ("start_date", "end_date", "date_of_birth")
LONDON = ZoneInfo("Europe/London")


def _every_second(frame: pd.DataFrame, _scene: Scene) -> pd.DataFrame:
    return frame.iloc[::2]


def _stuck(_frame: pd.DataFrame, scene: Scene) -> pd.DataFrame:
    return scene.world.cplis(scene.council, scene.since - 1)


def _last_months(_frame: pd.DataFrame, scene: Scene) -> pd.DataFrame:
    return scene.world.cplis(scene.council, scene.night - 30)


def _last_years(_frame: pd.DataFrame, scene: Scene) -> pd.DataFrame:
    return scene.world.cplis(scene.council, scene.night - 365)


def _of_another_council(_frame: pd.DataFrame, scene: Scene) -> pd.DataFrame:
    other = next(office.gss_code for office in OFFICES if office.gss_code != scene.council)
    return scene.world.cplis(other, scene.night)


def _reimported(frame: pd.DataFrame, scene: Scene) -> pd.DataFrame:
    return pd.concat([frame, prefixed("cpli_id", "M")(frame, scene)])


def _joined_with_workers(frame: pd.DataFrame, _scene: Scene) -> pd.DataFrame:
    again = frame.iloc[::3].assign(commissioning_worker="CW999")
    return pd.concat([frame, again]).sort_index(kind="stable")


def _another_heading_within(frame: pd.DataFrame, _scene: Scene) -> pd.DataFrame:
    heading = pd.DataFrame([list(frame.columns)], columns=frame.columns, dtype="str")
    return pd.concat([frame, heading, frame])


def _only_what_goes_on(frame: pd.DataFrame, scene: Scene) -> pd.DataFrame:
    return frame[(frame["end_date"] == "") | (frame["end_date"] >= str(scene.as_of))]


def _only_authorised(frame: pd.DataFrame, _scene: Scene) -> pd.DataFrame:
    return frame[frame["authorisation"] == "authorised"]


def _cancelled_count(frame: pd.DataFrame, _scene: Scene) -> pd.DataFrame:
    return frame.assign(authorisation=frame["authorisation"].replace("cancelled", "authorised"))


def _without_a_provider(frame: pd.DataFrame, scene: Scene) -> pd.DataFrame:
    return frame[frame["provider_id"] != _a_large_provider(frame, scene)]


def _a_large_provider(frame: pd.DataFrame, scene: Scene) -> str:
    weekly = {f"P{n + 1:04d}" for n in np.flatnonzero(scene.world.providers.table["every"] == 1)}
    counts = frame.loc[frame["provider_id"].isin(weekly), "provider_id"].value_counts()
    return str(counts.index[1])


def _team(frame: pd.DataFrame, rank: int) -> str:
    return str(frame["commissioning_team"].value_counts().index[rank])


def _without_a_team(frame: pd.DataFrame, _scene: Scene) -> pd.DataFrame:
    return frame[frame["commissioning_team"] != _team(frame, 1)]


def _a_team_without_nhs(frame: pd.DataFrame, _scene: Scene) -> pd.DataFrame:
    theirs = frame["commissioning_team"] == _team(frame, 0)
    return frame.assign(nhs_number=frame["nhs_number"].mask(theirs, ""))


def _in_scientific_notation(frame: pd.DataFrame, _scene: Scene) -> pd.DataFrame:
    shown = [f"{float(cell):.5E}" if cell else "" for cell in frame["nhs_number"]]
    return frame.assign(nhs_number=pd.Series(shown, index=frame.index, dtype="str"))


def _open_end(frame: pd.DataFrame, value: str) -> pd.DataFrame:
    return frame.assign(end_date=frame["end_date"].replace("", value))


def _all_ended_yesterday(frame: pd.DataFrame, scene: Scene) -> pd.DataFrame:
    yesterday = str(scene.as_of - timedelta(days=1))
    going_on = (frame["end_date"] == "") & (frame["start_date"] <= yesterday)
    return frame.assign(end_date=frame["end_date"].mask(going_on, yesterday))


def _all_end_with_the_year(frame: pd.DataFrame, scene: Scene) -> pd.DataFrame:
    year = scene.as_of.year + (scene.as_of >= date(scene.as_of.year, 3, 31))
    return _open_end(frame, f"{year}-03-31")


def _all_end_in_2099(frame: pd.DataFrame, _scene: Scene) -> pd.DataFrame:
    return _open_end(frame, "2099-12-31")


def _all_start_today(frame: pd.DataFrame, scene: Scene) -> pd.DataFrame:
    going_on = frame["end_date"] == ""
    return frame.assign(start_date=frame["start_date"].mask(going_on, str(scene.as_of)))


def _midnight_in_utc(day: date) -> str:
    return str(datetime(day.year, day.month, day.day, tzinfo=LONDON).astimezone(UTC).date())


def _two_digit_years(frame: pd.DataFrame, scene: Scene) -> pd.DataFrame:
    return each_date(lambda day: str(day)[2:], *DATES)(frame, scene)


def _wrong_century(day: date) -> str:
    year = day.year % 100 + (2000 if day.year % 100 < 69 else 1900)
    return str(day.replace(year=year, day=min(day.day, 28)))


def _times(factor: float) -> Change:
    def change(frame: pd.DataFrame, _scene: Scene) -> pd.DataFrame:
        return frame.assign(
            weekly_quantity=[
                f"{float(cell) * factor:g}" if cell and unit == "hours" else cell
                for cell, unit in zip(frame["weekly_quantity"], frame["unit"], strict=True)
            ]
        )

    return change


def _renumbered_providers(frame: pd.DataFrame, _scene: Scene) -> pd.DataFrame:
    return frame.assign(provider_id="SUP" + frame["provider_id"].str[1:])


def _next_provider(frame: pd.DataFrame, scene: Scene) -> pd.DataFrame:
    count = scene.world.providers.count
    following = {f"P{n + 1:04d}": f"P{(n + 1) % count + 1:04d}" for n in range(count)}
    return frame.assign(provider_id=frame["provider_id"].map(following).astype("str"))


def _sorted_alone(frame: pd.DataFrame, _scene: Scene) -> pd.DataFrame:
    return frame.assign(provider_id=sorted(frame["provider_id"]))


def _recoded(frame: pd.DataFrame, _scene: Scene) -> pd.DataFrame:
    codes = {code: f"{1000 + n}" for n, code in enumerate(sorted(frame["service_type"].unique()))}
    return frame.assign(service_type=frame["service_type"].map(codes).astype("str"))


def _types_exchanged(frame: pd.DataFrame, _scene: Scene) -> pd.DataFrame:
    exchanged = frame["service_type"].replace({"HS": "LTRC", "LTRC": "HS"})
    return frame.assign(service_type=exchanged)


def _people_reissued(frame: pd.DataFrame, scene: Scene) -> pd.DataFrame:
    people = sorted(frame["person_id"].unique())
    order = np.random.default_rng(scene.world.seed).permutation(len(people))
    new = {old: f"N{number:06d}" for old, number in zip(people, order.tolist(), strict=True)}
    return frame.assign(person_id=frame["person_id"].map(new).astype("str"))


def _with_test_rows(frame: pd.DataFrame, scene: Scene) -> pd.DataFrame:
    rows = frame.iloc[::8]
    tests = rows.assign(
        cpli_id="TEST" + rows["cpli_id"],
        person_id=[f"TEST{n % 12}" for n in range(len(rows))],
        nhs_number="",
        family_name="ZZTEST",
        given_name="Test",
        date_of_birth="1980-01-01",
        start_date=str(scene.as_of - timedelta(days=90)),
        end_date="",
        authorisation="authorised",
    )
    return pd.concat([frame, tests])


def _misread_letters(frame: pd.DataFrame, _scene: Scene) -> pd.DataFrame:
    names = ("family_name", "given_name")
    return frame.assign(
        **{
            name: pd.Series(
                [cell.encode().decode("latin-1") for cell in frame[name]],
                index=frame.index,
                dtype="str",
            )
            for name in names
        }
    )


def _all_updated_now(frame: pd.DataFrame, scene: Scene) -> pd.DataFrame:
    return frame.assign(updated_at=f"{scene.as_of}T02:00:00Z")


def _cut_off(share: float) -> Spoil:
    def spoil(scene: Scene) -> str:
        lines = scene.extract.read_bytes().splitlines(keepends=True)
        kept = lines[: int(len(lines) * share)]
        kept[-1] = kept[-1][: len(kept[-1]) // 2]
        scene.extract.write_bytes(b"".join(kept))
        return scene.council

    return spoil


def _cpli(
    name: str,
    story: str,
    wanted: tuple[Consequence, ...],
    change: Change,
    *columns: str,
    readable: bool = True,
    council: str = LEICESTERSHIRE.gss_code,
    nights: int = 1,
) -> Fault:
    return Fault(
        name=name,
        story=story,
        source=GateSource.CPLI,
        wanted=wanted,
        spoil=in_extract(change),
        columns=frozenset(columns) or None,
        readable=readable,
        council=council,
        nights=nights,
    )


FAULTS = of_catalogue(
    # How much of the file came, and of which day it is.
    _cpli(
        "half_the_rows",
        "The export job timed out after the first half and wrote what it had.",
        STOPPED,
        first_part(0.5),
    ),
    _cpli(
        "every_second_row",
        "Two workers share the export, and one of them died.",
        STOPPED,
        _every_second,
    ),
    Fault(
        name="cut_off_midway",
        story="The disk filled up in the middle of a row, two thirds of the way through.",
        source=GateSource.CPLI,
        wanted=STOPPED,
        spoil=_cut_off(0.66),
    ),
    Fault(
        name="cut_off_near_the_end",
        story="The connection broke in the middle of a row; a twentieth of the file is missing.",
        source=GateSource.CPLI,
        wanted=SEEN,
        spoil=_cut_off(0.95),
    ),
    _cpli(
        "empty_but_valid",
        "The export ran while the reporting database was being refilled: a heading and no row.",
        STOPPED,
        no_rows,
        readable=False,
    ),
    _cpli(
        "yesterdays_file_again",
        "The export did not run, and the transfer sent the file that still lay there.",
        SEEN,
        _stuck,
    ),
    _cpli(
        "the_same_file_for_a_week",
        "Nobody noticed that the export stopped a week ago; the transfer sends what lies there.",
        STOPPED,
        _stuck,
        nights=7,
    ),
    _cpli(
        "last_months_file",
        "After a restore from backup the transfer picked up a file of last month.",
        STOPPED,
        _last_months,
    ),
    _cpli(
        "last_years_file",
        "The file name holds day and month only, and last year's had not been cleared away.",
        STOPPED,
        _last_years,
    ),
    _cpli(
        "another_councils_file",
        "Two councils share the team that sends files, and one file went to both folders.",
        STOPPED,
        _of_another_council,
    ),
    _cpli(
        "file_doubled",
        "The export appended to its file in place of writing a new one.",
        SEEN,
        twice,
    ),
    _cpli(
        "clock_change_wrote_twice",
        "When clocks went back, the job at half past one ran in both hours and wrote two headings.",
        SEEN,
        _another_heading_within,
    ),
    _cpli(
        "imported_again_under_new_ids",
        "A migration was run twice: everything is there a second time, with ids of its own.",
        STOPPED,
        _reimported,
    ),
    _cpli(
        "joined_with_workers",
        "The export now joins a table that has two rows for some lines.",
        STOPPED,
        _joined_with_workers,
        readable=False,
    ),
    _cpli(
        "test_rows_mixed_in",
        "Training data was loaded into the live system.",
        STOPPED,
        _with_test_rows,
    ),
    # Which rows are in it.
    _cpli(
        "only_what_goes_on",
        "Somebody added a filter on active services to make the file smaller.",
        STOPPED,
        _only_what_goes_on,
    ),
    _cpli(
        "only_authorised",
        "Somebody added a filter on authorised lines.",
        SEEN,
        _only_authorised,
    ),
    _cpli(
        "a_service_type_gone",
        "Home care moved to another module, which the export does not read.",
        STOPPED,
        without("service_type", "HS"),
    ),
    _cpli(
        "a_team_gone",
        "A team was reorganised, and the export's list of teams was not.",
        STOPPED,
        _without_a_team,
    ),
    _cpli(
        "a_providers_lines_vanished",
        "A provider's record was merged with another, and its lines hang from nothing.",
        STOPPED,
        _without_a_provider,
    ),
    # Columns that hold something else.
    *(
        _cpli(
            f"{one}_and_{other}_swapped",
            "A new version of the export has two columns in the other's place.",
            wanted,
            swapped(one, other),
            one,
            other,
            readable=readable,
        )
        for one, other, wanted, readable in (
            ("start_date", "end_date", STOPPED, False),
            ("date_of_birth", "start_date", STOPPED, True),
            ("nhs_number", "person_id", STOPPED, True),
            ("family_name", "given_name", SEEN, True),
            ("provider_id", "commissioning_team", STOPPED, True),
            ("cpli_id", "person_id", STOPPED, False),
            ("service_type", "unit", STOPPED, True),
        )
    ),
    _cpli(
        "nhs_numbers_of_a_team_blank",
        "The largest team went over to a new form, which has no field for the NHS number.",
        SEEN,
        _a_team_without_nhs,
        "nhs_number",
    ),
    _cpli(
        "nhs_numbers_blank",
        "An upgrade renamed the field, and the export writes nothing into the column.",
        STOPPED,
        set_to("nhs_number", ""),
        "nhs_number",
    ),
    _cpli(
        "nhs_numbers_in_scientific_notation",
        "The file went through a spreadsheet, which took NHS numbers for large amounts.",
        STOPPED,
        _in_scientific_notation,
        "nhs_number",
    ),
    _cpli(
        "nhs_numbers_a_row_off",
        "A cell was deleted in a spreadsheet and the column moved up against the others.",
        STOPPED,
        shifted("nhs_number"),
        "nhs_number",
    ),
    _cpli(
        "providers_sorted_alone",
        "Somebody sorted one column of a spreadsheet and not the others.",
        STOPPED,
        _sorted_alone,
        "provider_id",
    ),
    _cpli(
        "births_all_the_same",
        "The export writes the default date where it may not read the date of birth any more.",
        STOPPED,
        set_to("date_of_birth", "1900-01-01"),
        "date_of_birth",
    ),
    _cpli(
        "births_in_the_wrong_century",
        "Years of birth went through two digits: who was born in 1938 is born in 2038.",
        STOPPED,
        each_date(_wrong_century, "date_of_birth"),
        "date_of_birth",
    ),
    _cpli(
        "letters_misread",
        "The file is read in one alphabet and written in another on its way.",
        SEEN,
        _misread_letters,
        "family_name",
        "given_name",
    ),
    # Dates.
    _cpli(
        "dates_a_month_off",
        "A new library counts months from nought.",
        STOPPED,
        each_date(a_month_later, "start_date", "end_date"),
        "start_date",
        "end_date",
    ),
    _cpli(
        "day_and_month_exchanged",
        "A server with American settings wrote the dates.",
        STOPPED,
        each_date(day_for_month, *DATES),
        *DATES,
        readable=False,
    ),
    _cpli(
        "two_digit_years",
        "The export's date format lost two letters.",
        STOPPED,
        _two_digit_years,
        *DATES,
        readable=False,
    ),
    _cpli(
        "dates_a_day_early_in_summer",
        "Dates are kept as London midnights, and since the clocks changed they are shown in UTC.",
        STOPPED,
        each_date(_midnight_in_utc, *DATES),
        *DATES,
    ),
    _cpli(
        "all_ended_yesterday",
        "The export fills empty ends with the day of the export.",
        STOPPED,
        _all_ended_yesterday,
        "end_date",
    ),
    _cpli(
        "all_end_with_the_year",
        "The export fills empty ends with that of the budget.",
        STOPPED,
        _all_end_with_the_year,
        "end_date",
    ),
    _cpli(
        "all_end_in_2099",
        "A new system has a date at the end of the century where the old one had none.",
        SEEN,
        _all_end_in_2099,
        "end_date",
    ),
    _cpli(
        "ends_lost",
        "The column of the end was renamed, and the export writes nothing into it.",
        STOPPED,
        set_to("end_date", ""),
        "end_date",
    ),
    _cpli(
        "all_start_today",
        "A migration gave every line that goes on the day of the migration for its start.",
        STOPPED,
        _all_start_today,
        "start_date",
    ),
    _cpli(
        "updated_all_now",
        "A script that touched every record set the time of its last change.",
        SEEN,
        _all_updated_now,
        "updated_at",
    ),
    # Codes and numbers.
    _cpli(
        "all_drafts",
        "A new step in the workflow made every line wait to be authorised again.",
        STOPPED,
        set_to("authorisation", "draft"),
        "authorisation",
    ),
    _cpli(
        "cancelled_lines_count",
        "The export lost its case for cancelled lines and calls them authorised.",
        SEEN,
        _cancelled_count,
        "authorisation",
    ),
    _cpli(
        "line_ids_with_a_prefix",
        "After an upgrade every id of a line begins with the name of the module.",
        STOPPED,
        prefixed("cpli_id", "ASC-"),
        "cpli_id",
    ),
    _cpli(
        "people_reissued",
        "A merger of client indexes gave every person a new reference.",
        STOPPED,
        _people_reissued,
        "person_id",
    ),
    _cpli(
        "providers_renumbered",
        "The finance system now uses its own numbers for suppliers.",
        STOPPED,
        _renumbered_providers,
        "provider_id",
    ),
    _cpli(
        "providers_off_by_one",
        "A lookup is one row off: every line is with the next provider of the list.",
        STOPPED,
        _next_provider,
        "provider_id",
    ),
    _cpli(
        "one_provider_for_all",
        "A lookup failed and fell back on its first entry.",
        STOPPED,
        set_to("provider_id", "P0001"),
        "provider_id",
    ),
    _cpli(
        "services_recoded",
        "The list of service types was replaced by numbers.",
        STOPPED,
        _recoded,
        "service_type",
    ),
    _cpli(
        "services_exchanged",
        "Two codes were exchanged when the list of service types was typed in again.",
        STOPPED,
        _types_exchanged,
        "service_type",
    ),
    _cpli(
        "quantities_in_minutes",
        "A new version counts in minutes what was counted in hours.",
        STOPPED,
        _times(60),
        "weekly_quantity",
    ),
    _cpli(
        "quantities_a_day",
        "A new version states what is given a day in place of what is given a week.",
        STOPPED,
        _times(1 / 7),
        "weekly_quantity",
    ),
)


def _shuffled(frame: pd.DataFrame, scene: Scene) -> pd.DataFrame:
    return frame.sample(frac=1, random_state=scene.world.seed)


def _columns_reversed(frame: pd.DataFrame, _scene: Scene) -> pd.DataFrame:
    return frame[list(frame.columns)[::-1]].assign(cost_centre="C100")


def _padded(frame: pd.DataFrame, _scene: Scene) -> pd.DataFrame:
    return frame.apply(lambda column: (column + "  ").where(column != "", ""))


def _spaced(frame: pd.DataFrame, _scene: Scene) -> pd.DataFrame:
    spaced = frame["nhs_number"].str.replace(r"^(...)(...)(....)$", r"\1 \2 \3", regex=True)
    return frame.assign(nhs_number=spaced)


def _zone_in_digits(frame: pd.DataFrame, _scene: Scene) -> pd.DataFrame:
    instants = ("created_at", "updated_at")
    return frame.assign(
        **{name: frame[name].str.replace("Z", "+00:00", regex=False) for name in instants}
    )


def _with_windows_ends(scene: Scene) -> str:
    content = scene.extract.read_bytes()
    scene.extract.write_bytes(b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n"))
    return scene.council


HARMLESS = of_catalogue(
    _cpli("rows_in_another_order", "The database returns rows as it likes.", (NONE,), _shuffled),
    _cpli(
        "columns_in_another_order",
        "The export has a column more and the others the other way round.",
        (NONE, SHOWN),
        _columns_reversed,
    ),
    _cpli("padded_with_spaces", "Columns of fixed width.", (NONE,), _padded),
    _cpli("nhs_numbers_spaced", "NHS numbers as people write them.", (NONE,), _spaced),
    _cpli(
        "zone_in_digits",
        "UTC is written +00:00 where it was Z.",
        (NONE,),
        _zone_in_digits,
        council=LEICESTER.gss_code,
    ),
    Fault(
        name="windows_line_ends",
        story="The file comes from another computer: a byte order mark, and other line ends.",
        source=GateSource.CPLI,
        wanted=(NONE,),
        spoil=_with_windows_ends,
    ),
)
