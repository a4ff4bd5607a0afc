"""Takes providers' answers from the workbooks that came back, each row by itself.

The same workbook again, or the same answer in another copy of it, changes nothing; a corrected
answer counts. A workbook is remembered once all its rows were dealt with, so that one that is
stopped on the way is read again by the next run.
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd

from casebook.actions import NOTE_AT_MOST, Action, Answer, NotAllowed, Step
from casebook.desk import Desk
from casebook.notices import AnswersNoted
from casebook.store import Casebook
from casebook.working_days import london
from casebook.worklist import Worklist
from connectors.answers.checking import (
    ANSWERED_SINCE,
    NO_SUCH_CASE,
    Checked,
    Given,
    Wrong,
    check,
    refusals_of,
)
from connectors.answers.naming import ANSWERS_FILE
from connectors.answers.places import AnswersFile, answers_in
from connectors.answers.receipts import receipt, receipt_of_refusal
from connectors.answers.sheet import AnswerSheet, read_sheet
from connectors.patterns import FilePattern
from flows import pulls
from flows.faults import Unforeseen, quoting_nobody
from flows.origin import Origin
from flows.progress import LOG
from flows.words import counted
from schemas.errors import CpliError, PersonNeeded, SourceRefused, TryAgainLater, WrongUsage
from schemas.notices import ANSWERS, pseudonym
from schemas.raw import FileFacts, RefusalLog, refusals
from schemas.tables import REFUSAL_COLUMNS
from schemas.vocabularies import RefusalLevel
from settings.identity import identity_key
from settings.settings import Settings

PURPOSE = b"cpli provider answer 1"
CAME = "@"
"""Stands in the name of a request before the instant at which its workbook came."""


def _no_receipts() -> pd.DataFrame:
    return pd.DataFrame({"name": [], "text": []}, dtype="str")


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What came back: how many workbooks were dealt with, and how many of their rows count.

    `unusable` are the workbooks of which no row could be read. `refusals` is the Refusal table,
    `receipts` what providers are told: `name` of a file, `text`.
    """

    files: int = 0
    unusable: int = 0
    taken: int = 0
    refused: int = 0
    refusals: pd.DataFrame = field(default_factory=refusals, repr=False)
    receipts: pd.DataFrame = field(default_factory=_no_receipts, repr=False)


@dataclass(frozen=True, kw_only=True)
class Dealt:
    """What became of one workbook: `taken` and `refused` count rows; unless `usable`, none.

    Unless `remembered`, the next run deals with it again.
    """

    provider_id: str
    notice_date: date | None
    usable: bool
    taken: int = 0
    refused: int = 0
    remembered: bool = True
    refusals: pd.DataFrame = field(repr=False)
    receipt: str = field(repr=False)


def take_answers(origin: Origin, casebook: Casebook, *, provider_ids: frozenset[str]) -> Taken:
    """Take the answers that came since the last run; what cannot be had now stays for the next.

    Told is all that this night took, in whichever of its runs. `provider_ids` are those of the
    register. Raises `PersonNeeded` where the casebook cannot be written.
    """
    files, troubles = origin.answers().files()
    answering = Answering(casebook=casebook, key=identity_key(origin.settings), as_of=origin.as_of)
    noted = [_told_of(trouble) for trouble in troubles]
    noted += [pulls.refusal(f"{ANSWERS} ?", each) for each in _of_strangers(files, provider_ids)]
    dealt: list[Dealt] = []
    waiting: set[str] = set()
    for file in files:
        # An answer that came later must not be overtaken by one that has to wait.
        if file.provider_id not in provider_ids or file.provider_id in waiting:
            continue
        try:
            dealt += answering.once(file)
        except TryAgainLater as trouble:
            waiting.add(file.provider_id)
            trouble.file = trouble.file or file.name
            noted.append(_told_of(trouble))
    on_record = [_on_record(each) for each in casebook.notices().answers(origin.as_of)]
    not_remembered = [each for each in dealt if not each.remembered]
    return _together([*on_record, *not_remembered], noted)


def take_file(
    file: Path, casebook: Casebook, *, provider_id: str | None, settings: Settings
) -> Dealt:
    """Take the answers of one workbook, of the provider that is given or that its name says.

    Raises `WrongUsage` where there is no such file, or nothing says whose it is.
    """
    table = answers_in(file.parent, place=ANSWERS, pattern=FilePattern("*"))
    there = table.found() if file.is_file() else ()
    found = next((each for each in there if each.file == file.name), None)
    if found is None:
        raise WrongUsage(f"There is no file {file}. Name a workbook of answers.")
    said = ANSWERS_FILE.match(file.name)
    whose = provider_id or (said.provider_id if said else None)
    if whose is None:
        raise WrongUsage(
            f"The name of {file} does not say whose answers it holds. Name the provider with"
            " --provider."
        )
    given = AnswersFile(
        provider_id=whose,
        notice_date=said.day if said else None,
        table=table,
        found=replace(found, name=said.shown if said else f"{ANSWERS}{file.suffix}"),
    )
    answering = Answering(casebook=casebook, key=identity_key(settings))
    return answering.now(given, *given.content())


@dataclass(frozen=True, kw_only=True)
class Answering:
    """What answers are taken with: the casebook, and the key of the seals."""

    casebook: Casebook
    key: bytes = field(repr=False)
    as_of: date | None = None

    def once(self, file: AnswersFile) -> Iterator[Dealt]:
        """Deal with a workbook, unless that was done.

        One that we may not read is told of each time.
        """
        try:
            content, facts = file.content()
        except PersonNeeded as error:
            told = _unusable(file, pulls.as_refusal(error, file=file.name))
            yield replace(told, remembered=False)
            return
        if not self.casebook.notices().answered(facts.sha256, provider_id=file.provider_id):
            yield self.now(file, content, facts)

    def now(self, file: AnswersFile, content: bytes, facts: FileFacts) -> Dealt:
        """Take each answer that counts, then remember the workbook.

        One that a fault of ours keeps from being read is not remembered.
        """
        notes = RefusalLog(source=_source(file), file=facts.file)
        try:
            sheet, checked = quoting_nobody(self._read)(content, file=file, notes=notes)
        except Unforeseen as error:
            told = _unusable(file, pulls.as_refusal(error, file=facts.file))
            return replace(told, remembered=False)
        except SourceRefused as error:
            dealt = _unusable(file, error)
        else:
            dealt = self._act(file, sheet, checked, notes=notes, came=facts.received_at)
        self.casebook.notices().note_answers(
            AnswersNoted(
                sha256=facts.sha256,
                provider_id=file.provider_id,
                as_of=self.as_of,
                notice_date=file.notice_date,
                file=facts.file,
                usable=dealt.usable,
                taken=dealt.taken,
                refused=dealt.refused,
                refusals=dealt.refusals.astype(object)
                .where(dealt.refusals.notna(), None)
                .to_dict("records"),
                receipt=dealt.receipt,
            )
        )
        return dealt

    def _read(
        self, content: bytes, *, file: AnswersFile, notes: RefusalLog
    ) -> tuple[AnswerSheet, Checked]:
        sheet = read_sheet(content, notes=notes)
        return sheet, check(
            sheet,
            provider_id=file.provider_id,
            secret=self.key,
            today=london(self.casebook.clock()),
            longest_comment=NOTE_AT_MOST,
        )

    def _act(
        self,
        file: AnswersFile,
        sheet: AnswerSheet,
        checked: Checked,
        *,
        notes: RefusalLog,
        came: datetime,
    ) -> Dealt:
        cases = self._cases_of(file.provider_id) if checked.given else {}
        wrong = {
            given.row: self._wrong_with(
                given, cases.get(given.case), provider_id=file.provider_id, came=came
            )
            for given in checked.given
        }
        refused = sorted(
            [*checked.refused, *((row, each) for row, each in wrong.items() if each)],
            key=lambda one: one[0],
        )
        taken = sum(each is None for each in wrong.values())
        told = refusals_of(refused, provider_id=file.provider_id, file=notes.file)
        return Dealt(
            provider_id=file.provider_id,
            notice_date=file.notice_date,
            usable=True,
            taken=taken,
            refused=len({row for row, _ in refused}),
            refusals=pulls.together([notes.frame(), told]),
            receipt=receipt(
                sheet,
                provider_id=file.provider_id,
                notice_date=file.notice_date,
                file=notes.file,
                taken=taken,
                refused=refused,
            ),
        )

    def _cases_of(self, provider_id: str) -> dict[str, str]:
        """Return the cases of a provider by what stands for them in its workbooks."""
        return {
            pseudonym(self.key, provider_id=provider_id, case=case): case
            for case in Worklist(self.casebook).ids_of(provider_id)
        }

    def _wrong_with(
        self, given: Given, case: str | None, *, provider_id: str, came: datetime
    ) -> Wrong | None:
        """Answer a case, unless this very answer stands; return what is in the way, if anything."""
        found = case and Worklist(self.casebook).case(case, councils=None)
        if not case or not found:
            return NO_SUCH_CASE
        said, came = _said_by(given, key=self.key), min(came, self.casebook.clock())
        last = _last_answer(found.actions)
        if last and last.said == said:
            return None
        if last and last.came > came:
            return ANSWERED_SINCE
        step = Step(
            action=Action.ANSWER,
            answer=Answer(given.answer.value),
            answer_date=given.day,
            note=given.comment,
            provider_id=provider_id,
        )
        who, request = f"provider {provider_id}", f"{said}{CAME}{came.isoformat()}"
        try:
            Desk(self.casebook).act(step, {case: None}, who=who, request=request)
        except NotAllowed:
            return NO_SUCH_CASE
        return None


@dataclass(frozen=True, kw_only=True)
class _LastAnswer:
    """The last answer to a case: a hash of what it said, and when its workbook came."""

    said: str
    came: datetime


def _last_answer(actions: Sequence[Mapping[str, Any]]) -> _LastAnswer | None:
    answers = [each for each in actions if each["action"] == Action.ANSWER.value]
    if not answers:
        return None
    said, _, came = (answers[-1]["request"] or "").partition(CAME)
    return _LastAnswer(said=said, came=datetime.fromisoformat(came) if came else answers[-1]["at"])


def _said_by(given: Given, *, key: bytes) -> str:
    """Return a keyed hash: what a comment said could be guessed from any other, once it is gone."""
    parts = (given.notice, given.case, given.answer.value, str(given.day), given.comment or "")
    words = "\x1f".join(parts).encode()
    return hmac.new(key, PURPOSE + b"\0" + words, sha256).hexdigest()


def _of_strangers(
    files: Sequence[AnswersFile], provider_ids: frozenset[str]
) -> Iterator[SourceRefused]:
    """Refuse what is named for no provider of ours, without the name: it may be a person's.

    The owner finds the file by its date and its place among the files of that date.
    """
    alike: dict[tuple[str, date | None], list[AnswersFile]] = {}
    for file in sorted(files, key=lambda each: each.found.file):
        alike.setdefault((file.table.place, file.notice_date), []).append(file)
    for (place, day), dated in alike.items():
        for number, file in enumerate(dated, start=1):
            if file.provider_id not in provider_ids:
                yield SourceRefused(
                    f"Number {number}, in the order of names, of the {len(dated)} files in {place}"
                    f" whose names hold _{ANSWERS}_{day} is named for a provider that is not in the"
                    " register; its name is not shown here, since it may be a person's. Ask"
                    " whoever keeps the register of providers to add the provider, or the sender"
                    " to correct the name.",
                    rule="provider_not_in_register",
                    file=f"{place}/?_{ANSWERS}_{day} ({number} of {len(dated)})",
                )


def _on_record(noted: AnswersNoted) -> Dealt:
    told = refusals(tuple(each[name] for name in REFUSAL_COLUMNS) for each in noted.refusals)
    return Dealt(
        provider_id=noted.provider_id,
        notice_date=noted.notice_date,
        usable=noted.usable,
        taken=noted.taken,
        refused=noted.refused,
        refusals=told,
        receipt=noted.receipt,
    )


def _unusable(file: AnswersFile, error: SourceRefused) -> Dealt:
    return Dealt(
        provider_id=file.provider_id,
        notice_date=file.notice_date,
        usable=False,
        refusals=pulls.refusal(_source(file), error),
        receipt=receipt_of_refusal(
            error, provider_id=file.provider_id, notice_date=file.notice_date
        ),
    )


def _source(file: AnswersFile) -> str:
    return f"{ANSWERS} {file.provider_id}"


def _told_of(trouble: CpliError) -> pd.DataFrame:
    """Say what keeps answers from being read tonight; it stops nothing."""
    LOG.warning("Answers: %s", trouble)
    return pulls.refusal(ANSWERS, pulls.as_refusal(trouble), level=RefusalLevel.WARNING)


def _together(dealt: Sequence[Dealt], noted: Sequence[pd.DataFrame]) -> Taken:
    taken = Taken(
        files=len(dealt),
        unusable=sum(not each.usable for each in dealt),
        taken=sum(each.taken for each in dealt),
        refused=sum(each.refused for each in dealt),
        refusals=pulls.together([*noted, *(each.refusals for each in dealt)]),
        receipts=_receipts(dealt),
    )
    if dealt:
        LOG.info(
            "Answers: %s, %s taken, %s refused",
            counted(taken.files, "workbook"),
            counted(taken.taken, "answer"),
            counted(taken.refused, "row"),
        )
    return taken


def _receipts(dealt: Sequence[Dealt]) -> pd.DataFrame:
    """Return the receipts; of several workbooks of one name each has its own."""
    receipts: dict[str, str] = {}
    sent: Counter[str] = Counter()
    for each in dealt:
        name = f"{each.provider_id}_{ANSWERS}_{each.notice_date}"
        sent[name] += 1
        receipts[f"{name}{f'_{sent[name]}' if sent[name] > 1 else ''}.txt"] = each.receipt
    return pd.DataFrame({"name": [*receipts], "text": [*receipts.values()]}, dtype="str")
