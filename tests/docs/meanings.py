"""What columns, settings, vocabularies and worked examples mean, in the words of the documents."""

# Columns of source files and of what a night leaves.
COLUMNS = {
    "cpli_id": "the council's reference for the CPLI",
    "person_id": "the council's reference for the person",
    "nhs_number": "the person's NHS number: ten digits, spaces and hyphens between them allowed",
    "family_name": "the person's family name",
    "given_name": "the person's given name",
    "date_of_birth": "the person's date of birth",
    "provider_id": "the provider's reference in the register",
    "service_type": "what kind of service it is, a code of ServiceType",
    "service_category": "a code of ServiceCategory",
    "service_description": "what the council calls the service",
    "start_date": "the first day of the service",
    "end_date": "the last day of the service; empty while it is open",
    "weekly_quantity": "how much a week, a number of zero or more with a decimal point",
    "unit": "what the quantity counts, a code of Unit",
    "authorisation": "a code of Authorisation",
    "created_at": "when the line was entered in the council's system",
    "updated_at": "when the line was last changed in the council's system",
    "commissioning_team": "the team that commissioned it",
    "commissioning_worker": "the worker who commissioned it",
    "caseload_date": "the date that the caseload speaks of",
    "local_authority": "the council's GSS code: E and eight digits",
    "name": "the provider's name",
    "cqc_id": "its reference at the Care Quality Commission",
    "notice_frequency": "how often the provider gets a notice, a code of NoticeFrequency",
    "notice_place": "the place of the settings at which its notices are laid down",
    "notice_email": "the address that is told when a notice is there",
    "ods_code": "its code in the NHS Organisation Data Service",
    "discrepancy_id": "32 hexadecimal digits, the same on every night that the discrepancy lasts",
    "type": "a code of DiscrepancyType",
    "severity": "`high`, `medium` or `low`",
    "cpli_ids": "the CPLIs concerned, joined by `;`",
    "caseload_rows": "the caseload's rows concerned, joined by `;`; row 1 is the first below the"
    " heading",
    "council_value": "what the council says",
    "provider_value": "what the provider, or for Rule 10 the portal, says",
    "reason": "a code that says more: of NotFoundReason, of CaseloadFailure, or for"
    " `portal_differs` the columns that differ, joined by `;`",
    "caveat": "codes of Caveat, joined by `;`: why to look twice before acting",
    "source": "`providers`, `cpli <GSS code>`, `portal <GSS code>`, `caseload <provider_id>`; or"
    " `council`, `caseload` and `sources` for stray files",
    "file": "the file's path below the sources folder, with `?` for a name that may be a person's",
    "row": "the row in the file; empty where the whole file is meant",
    "column": "the column; empty where the whole row or file is meant",
    "rule": "a code of the table of refusal rules",
    "level": "`rejected`: left out. `warning`: kept without the value",
    "message": "a plain sentence: what is wrong and who should do what, without any value",
    "grouping": "`council`, `team` or `provider`: what the row is about",
    "group": "which council, team or provider",
    "cplis": "how many CPLIs were measured",
    "median_lag_days": "the median lag in days",
    "p90_lag_days": "the 90th percentile of the lag in days",
    "share_on_system_by_start": "the share with a lag of 0 or less, from 0 to 1",
}

# Columns that no file has and cleaning adds.
FLAGS = {
    "service_type_unmapped": "the service type was none of the 27 codes and was read as `OTH`",
    "weekly_quantity_unreadable": "a quantity was given and set to null with a warning",
    "unit_unreadable": "a unit was given and set to null with a warning",
    "extract_date": "the date of the portal extract",
    "caseload": "the number of the caseload file in this night",
    "caseload_row": "the entry's row in its file; row 1 is the first below the heading",
}

# Rule and meaning of each threshold.
TOLERANCES = {
    "window_months": ("1", "how many months before the run date the window starts"),
    "spell_gap_days": ("4, 6", "how many uncovered days still join two lines"),
    "unreconciled_service_types": ("4", "services of which no caseload says anything useful"),
    "caseload_max_age_days": ("5", "how old a caseload may be"),
    "caseload_max_rejected": ("5", "which share of a caseload's rows may be rejected"),
    "caseload_min_share": ("5", "how many usable rows a caseload needs for each active spell"),
    "caseload_min_spells": ("5", "from how many active spells on that share is asked for"),
    "start_tolerance_days": ("8.3, 9.2", "how far apart starts may be, and what a recent start is"),
    "end_tolerance_days": ("8.3", "how far apart ends may be"),
    "quantity_tolerance": ("8.3", "how far apart quantities may be, in their unit"),
    "quantity_tolerance_share": ("8.3", "how far apart they may be, as a share of the council's"),
    "names_differ_below": ("6", "below which similarity names differ"),
    "possible_match_from": ("7.5", "from which similarity names make a possible match"),
    "portal_max_age_days": ("10", "how old a portal extract may be"),
    "portal_hides_after_days": ("10", "how long after its end the portal still shows a CPLI"),
}

# Where each vocabulary is met.
VOCABULARY_COLUMNS = {
    "ServiceType": "`service_type`",
    "ServiceCategory": "`service_category`",
    "Unit": "`unit`",
    "Authorisation": "`authorisation`",
    "Lifecycle": "`council_value`, `provider_value`, `summary.json`",
    "Severity": "`severity`",
    "DiscrepancyType": "`type`",
    "CaseloadFailure": "`reason` of `caseload_overdue`, `summary.json`",
    "NotFoundReason": "`reason` of `cpli_not_found` and `support_after_end`",
    "Caveat": "`caveat`",
    "RefusalLevel": "`level`",
    "NoticeFrequency": "`notice_frequency` of `providers.csv`",
}

# Why each worked example comes out as it does, with the rule that decides.
EXAMPLE_REASONS = {
    "1": "4: B and C are one spell. It starts by the window's edge, so an earlier line may have"
    " gone out of sight, and 8.3 does not hold the provider's earlier start against it",
    "2": "8.3: the same spell. What cannot be seen explains an earlier start, not one a year later",
    "3": "8.3: the starts are 8 days apart",
    "4": "8.3: the starts are 7 days apart, which is tolerated",
    "5": "4: 7 uncovered days lie between D and E, so they are one spell",
    "6": "4: 8 uncovered days part them; 7: the claim takes the active spell, which starts later",
    "7": "8.2 looks at the caseload date, on which the CPLI was still active",
    "8": "8.2: it had ended the day before the caseload date",
    "9": "8.2: it starts two days after the caseload date",
    "10": "3: it ends on the window start, the last day in scope; 7.3 finds the ended spell",
    "11": "3: it ended a day too early to be in scope; 9.1 says so",
    "12": "8.3: 0.5 apart is within both tolerances",
    "12, at 14.7 h": "8.3: 0.7 is 5 % of 14 exactly, and not more",
    "12, at 14.8 h": "8.3: 0.8 is more than 0.5 and more than 5 %",
    "13": "4 and 6: each side is added up before it is compared",
    "14": "7.6: P2 has a caseload without her, and P1 lists her",
    "15": "7.6 does not ask a provider that is not assessed; 5: its caseload is missed",
    "16": "5: a caseload of 36 days is too old, and nothing is said of anybody's support",
    "17": "6.1 finds her by the CPLI; 8.1: her NHS number is another",
    "18": "6: both names are equal once normalised, and so is the date of birth",
    "19": "7.5: one letter apart, born on the same day, and nobody found by section 6",
    "20": "3: a draft forms no spell; 9.1 names the draft as the reason",
    "21": "2.1: the row is rejected; 9.4: it may be what the claim looks for",
    "22": "5: a council that is not assessed has nothing raised and nothing settled",
    "23": "7.1 finds only an ended spell of this type, 7.2 takes the active one of the other",
    "24": "9.6: the rejected row may be the renewal, so the end is not held against the provider",
    "25": "9.5: the rejected entry is hers, so she is not missing from the list",
    "26": "9.2: it started 4 days before the caseload date, so the list may not have caught up",
    "27": "6: the ended line joins the one that follows it, and the claim starts where it starts",
    "28": "6: number, birth date and names contradict Margaret, so the reference is set aside",
}

# Options whose name is all the help that they give.
OPTIONS = {
    "people": "How many people.",
    "seed": "Same seed, same bytes.",
    "out": "The folder for the results.",
}
