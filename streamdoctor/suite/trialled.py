"""One parser on some subjects: its children, one after the other, what they told, and each finding made small.

A child that dies is followed by one that goes on after the case it died in. Nothing told of a subject depends on those
before it, but that a parser which hangs on all of the first streams is not given the others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from streamdoctor.diagnosis.judge import Finding, judge
from streamdoctor.errors import UsageError
from streamdoctor.faults.plans import Plan
from streamdoctor.parsers.calibrate import Calibration, fallback, overruled
from streamdoctor.parsers.levels import View
from streamdoctor.rephrasings.catalogue import AS_IS
from streamdoctor.replay.transcript import Stuck, Transcript
from streamdoctor.splits.strategies import Cuts
from streamdoctor.suite.cases import Case, Numbered
from streamdoctor.suite.cost import Cost, cost_of
from streamdoctor.suite.examine import (
    BASELINE,
    CALIBRATING,
    Memory,
    Options,
    calibrations_of,
    examine,
    trial_of,
)
from streamdoctor.suite.prove import prove
from streamdoctor.suite.prover import Task
from streamdoctor.suite.reduce import Folded
from streamdoctor.suite.results import Coverage, Found, Proof, Result
from streamdoctor.suite.smallest import in_its_case, made_small
from streamdoctor.suite.subjects import Subject
from streamdoctor.suite.workers import Ending, Limits, Message, run_child

CONFIRM = 3
"""A hang is confirmed once, alone, with this many times the limits: of CPU time any child's first run has as much."""
CONTENT = frozenset({"truncated", "duplicated", "invented", "reordered", "corrupted"})
MOST_HANGS = 3
MOST_DEATHS = 3
"""After so many deaths of its process, or one hang, the rest of a subject is left out: it cannot get worse."""

_SAY_EVERY = 0.25

Tell = Callable[[tuple[str, Any]], None]
"""Takes ("at", subject name and words), ("row", (number, result, is it final)) and ("hopeless", None)."""


@dataclass
class _Row:
    """What is known of one subject while its cases run."""

    result: Result
    calibration: Calibration | None = None
    folded: dict[tuple[Any, ...], Folded] = field(default_factory=dict)
    deaths: int = 0
    confirmed: bool = False

    def causes(self) -> list[Folded]:
        """One each; what is late as it is has another reason to be late on a lone CR than waiting for LF."""
        found = list(self.folded.values())
        late = any(one.finding.kind == "delayed" and one.case.rephrase == AS_IS for one in found)
        return [one for one in found if not (late and one.finding[:2] == ("SD512", "promptness"))]


class Trialled:
    """`first` of all subjects is the first of these; `tell` hears what becomes known, row by row."""

    def __init__(
        self,
        ref: str,
        subjects: Sequence[Subject],
        options: Options,
        limits: Limits,
        tell: Tell,
        first: int = 0,
    ) -> None:
        self.ref, self.subjects, self.options, self.limits = ref, subjects, options, limits
        self.tell, self.first = tell, first
        self.memory = Memory()
        self.rows = [_Row(blank(ref, subject)) for subject in subjects]
        self._cases: dict[int, Numbered] = {}
        self._costs: dict[str, Cost] = {}
        self._said = 0.0

    def run(self) -> None:
        """Tells of every row, at last as it stays. An interrupt that a proof met is in the row."""
        self._run()
        for number, row in enumerate(self.rows):
            if self.options.prove and not any(before.result.interrupted for before in self.rows):
                self._prove(number, row)
            if row.folded and row.calibration is not None:
                folded = row.causes()
                self._say(number, "making what was found small")
                row.result.findings = made_small(
                    self.ref, self.subjects[number], row.calibration, self.options, folded, self.limits
                )
            row.result.findings += self._cost(number, row)
            row.result.sort()
            self.tell(("row", (self.first + number, row.result, True)))

    def _cost(self, number: int, row: _Row) -> list[Found]:
        """Measured once a dialect; a copy for each of its streams."""
        subject, result = self.subjects[number], row.result
        if not self.options.cost or result.skipped or result.error or row.deaths:
            return []
        if subject.dialect not in self._costs:
            self._say(number, "how time grows with size")
            self._costs[subject.dialect] = cost_of(self.ref, subject, self.options, self.limits)
        cost = self._costs[subject.dialect]
        result.cost = cost.words
        return [replace(found) for found in cost.found]

    # --- running

    def _run(self) -> None:
        while True:
            job = examine(self.ref, self.subjects, self.options, self.memory)
            ending = run_child(job, self._receive, self.limits, self._heard)
            if ending.how == "done":
                return
            if ending.at[0] == CALIBRATING:
                self._died_calibrating(ending)
            else:
                self._died(ending)
            if self.memory.start[0] >= len(self.subjects):
                return

    def _receive(self, message: Message) -> None:
        getattr(self, f"_on_{message['t']}")(message)

    def _on_usage(self, message: Message) -> None:
        raise UsageError(message["message"], hint=message["hint"])

    def _on_unfit(self, message: Message) -> None:
        """It is no parser, which shows only once it runs: it is not judged, others are."""
        for row in self.rows[self.memory.start[0] :]:
            row.result.error, row.result.note = True, message["message"]

    def _on_bug(self, message: Message) -> None:
        """Ours: what was not judged yet cannot be."""
        for row in self.rows[self.memory.start[0] :]:
            if not row.result.cases and not row.result.skipped:
                row.result.error = True
                row.result.note = "SD902, streamdoctor itself failed: " + message["message"].strip().splitlines()[-1]

    def _on_calibrated(self, message: Message) -> None:
        self.memory.calibrations = calibrations_of(message)
        self.memory.handed = message["handed"]
        self.memory.calibrated = True

    def _on_skipped(self, message: Message) -> None:
        row = self.rows[message["subject"]]
        if message["calibration"]:
            self._set_calibration(row, message["calibration"])
        row.result.skipped = True
        row.result.error = row.calibration is not None and row.calibration.unread is not None
        row.result.note = message["why"]
        row.result.nothing_there = message["nothing_there"]

    def _on_judging(self, message: Message) -> None:
        number = message["subject"]
        self._say(number, "")
        self.memory.start = max(self.memory.start, (number, 0))
        self._set_calibration(self.rows[number], message["calibration"])

    def _set_calibration(self, row: _Row, fields: dict[str, Any]) -> None:
        calibration = Calibration(**{**fields, "view": View(**fields["view"])})
        row.calibration = calibration
        row.result.level = calibration.view.level
        row.result.role = calibration.role
        row.result.fits = calibration.fits
        if not calibration.fits:
            which = f"the plain probe of {calibration.dialect}" if self.memory.calibrations else "any plain probe"
            row.result.note = f"its output fits no level on {which}: judged on content at {row.result.level!r}"
        elif calibration.names_differ:
            row.result.note = "its event types or ids are not the reference's on the plain probe: only data was judged"
        elif calibration.role == "unknown":
            row.result.note = "who decides the end could not be told from the probes: no ending was judged (see --role)"

    def _on_finding(self, message: Message) -> None:
        self._fold(message["subject"], self._case(message["subject"], message["case"]), Finding(*message["finding"]))

    def _on_resumed(self, message: Message) -> None:
        result = self.rows[message["subject"]].result
        result.note = "; ".join(filter(None, (result.note, message["words"])))

    def _on_judged(self, message: Message) -> None:
        result = self.rows[message["subject"]].result
        result.cases = message["cases"]
        result.seconds = round(message["seconds"], 3)
        present, recorded, checked = message["coverage"]
        result.coverage = Coverage(present, tuple(recorded), tuple(checked))
        self._tell_early(message["subject"])

    def _tell_early(self, number: int) -> None:
        """The row as its cases left it: not proved, and nothing made small yet."""
        row = self.rows[number]
        found = [in_its_case(self.ref, self.subjects[number], self.options, one) for one in row.causes()]
        early = replace(row.result, findings=found)
        early.sort()
        self.tell(("row", (self.first + number, early, False)))

    def _say(self, number: int, words: str) -> None:
        self.tell(("at", (self.subjects[number].name, words)))

    def _heard(self, number: int, index: int) -> None:
        now = time.monotonic()
        if 0 <= number < len(self.subjects) and index >= 0 and now - self._said > _SAY_EVERY:
            self._said = now
            self._say(number, f"case {index + 1:,}")

    def _case(self, number: int, index: int) -> Case:
        if number not in self._cases:
            self._cases = {number: Numbered(self.subjects[number], self.options.axes)}
        return self._cases[number].case(index)

    def _fold(self, number: int, case: Case, finding: Finding) -> None:
        """One rule by one oracle is one cause, but for each rephrasing that it takes; a crash is told apart by its
        exception. No fault is simplest."""
        folded = self.rows[number].folded
        exception = finding.actual.partition(":")[0] if finding.kind == "crashed" else None
        key = self._cause(number, case, finding, (finding.rule, finding.oracle, exception))
        new = Folded(finding, case)
        old = folded.get(key)
        if old is not None:
            new.count = old.count + 1
            if old.weight <= new.weight:
                new.finding, new.case = old.finding, old.case
        folded[key] = new

    def _cause(self, number: int, case: Case, finding: Finding, same: tuple[Any, ...]) -> tuple[Any, ...]:
        """What shows as it is needs no rephrasing to be found: that is no other cause. What a rephrasing makes wrong
        uncut goes wrong in many ways once it is cut as well: that is one."""
        plain = self.rows[number].folded.get((*same, AS_IS))
        if plain is not None and plain.case.plan.fault is None:
            return (*same, AS_IS)
        spoiled = case.rephrase != AS_IS and finding.oracle == "reference" and finding.kind in CONTENT
        return ("content", case.rephrase) if spoiled else (*same, case.rephrase)

    # --- deaths

    def _died_calibrating(self, ending: Ending) -> None:
        """A parser that dies on a probe does not speak that dialect; one that dies while it is loaded is no parser."""
        if ending.at[1] < 0:
            raise UsageError(f"parser {self.ref!r} cannot be loaded: {ending.words}")
        self.memory.died_calibrating(ending)

    def _died(self, ending: Ending) -> None:
        number, index = ending.at
        self.memory.deadly.add(ending.at)
        row = self.rows[number]
        uncalibrated = row.calibration is None
        if index == BASELINE and ending.how == "died" and not uncalibrated:
            return  # it shows in the cases, of which this is one or is none
        if uncalibrated:
            found = fallback((), self.subjects[number].reading.provider.name)
            self._set_calibration(row, asdict(overruled(found, self.options.level, self.options.role)))
        case = self._uncut(number) if index == BASELINE else self._case(number, index)
        if ending.how != "died" and not self._confirm(number, case):
            return
        stuck = _stuck(ending)
        self._accuse(number, case, stuck, ending.words)
        row.deaths += 1
        done = uncalibrated or stuck is not None or row.deaths >= MOST_DEATHS
        self.memory.start = (number + 1, 0) if done else (number, index + 1)
        row.result.cases = max(index, 0) + 1
        self._give_up(number + 1)

    def _subject(self, number: int, case: Case) -> Subject:
        """In the words of the case."""
        return self.subjects[number].rephrased(case.rephrase) or self.subjects[number]

    def _uncut(self, number: int) -> Case:
        return Case(Plan(None, self.subjects[number].reading.body), "whole", ())

    def _give_up(self, rest: int) -> None:
        """A parser that hangs on all of the first streams, the plainest included, is not given more."""
        if self.first or rest != MOST_HANGS or len(self.memory.hung) < MOST_HANGS:
            return
        if all(row.deaths for row in self.rows[:rest]):
            self.tell(("hopeless", None))
            for row in self.rows[rest:]:
                left_out(row.result)
            self.memory.start = (len(self.rows), 0)

    def _confirm(self, number: int, case: Case) -> bool:
        """The accused case once more, alone, with more time. If it ends, its findings count as any other's."""
        calibration = self.rows[number].calibration
        assert calibration is not None
        if self.rows[number].confirmed:
            return True
        job = _alone(self.ref, self._subject(number, case), calibration, self.options, case)
        found: list[Message] = []
        ending = run_child(job, found.append, Limits(self.limits.cpu, self.limits.wall * CONFIRM))
        self.rows[number].confirmed = ending.how in ("spinning", "blocked")
        for message in found:
            if message["t"] == "finding":
                self._fold(number, case, Finding(*message["finding"]))
        return self.rows[number].confirmed

    def _accuse(self, number: int, case: Case, stuck: Stuck | None, how: str) -> None:
        calibration = self.rows[number].calibration
        assert calibration is not None
        transcript = Transcript((len(case.plan.body),), (), stuck=stuck, died=None if stuck else how)
        trial = trial_of(self._subject(number, case), calibration, case.plan, transcript, self.options.at_eof)
        for finding in judge(trial):
            if finding.kind in ("hung", "slow", "crashed"):
                more = f" ({how})" if stuck else ""
                self._fold(number, case, finding._replace(summary=finding.summary + more))

    def _prove(self, number: int, row: _Row) -> None:
        """All chunkings at once; what is found wrong is a case like any other."""
        result, subject, calibration = row.result, self.subjects[number], row.calibration
        if result.skipped or result.error or calibration is None:
            return
        if row.deaths:
            result.proof_refused = "it hangs or dies in a case already"
            return
        names = self.options.axes.rephrasings or (AS_IS,)
        proofs = [self._prove_one(row, number, own, calibration) for name in names if (own := subject.rephrased(name))]
        given = [proof for proof in proofs if proof is not None]
        if given and len(given) == len(proofs):
            result.proof, *result.more_proofs = given

    def _prove_one(self, row: _Row, number: int, own: Subject, calibration: Calibration) -> Proof | None:
        """Of one rephrasing; None, and the reason in the row, where there is none."""
        result = row.result
        task = Task(self.ref, own, calibration, self.options, self.limits, self.options.max_piece)
        outcome = prove(task, lambda words: self._say(number, f"all chunkings, {words}"))
        if outcome.refused is not None:
            result.proof_refused = outcome.refused if own.rephrase == AS_IS else f"{own.rephrase}: {outcome.refused}"
        result.interrupted = result.interrupted or outcome.interrupted
        for cuts, finding in outcome.found:
            self._fold(number, _proved(own, cuts), finding)
        if outcome.deadly is not None:
            case, ending = _proved(own, outcome.deadly[0]), outcome.deadly[1]
            if ending.how == "died" or self._confirm(number, case):
                self._accuse(number, case, _stuck(ending), ending.words)
            else:
                result.proof_refused = f"it took longer than the limit once and not again ({ending.words})"
        return outcome.proof and outcome.proof._replace(rephrase=own.rephrase)


def _proved(own: Subject, cuts: Cuts) -> Case:
    return Case(Plan(None, own.reading.body), "prove", cuts, own.rephrase)


def _stuck(ending: Ending) -> Stuck | None:
    return None if ending.how == "died" else "spinning" if ending.how == "spinning" else "blocked"


def _alone(ref: str, subject: Subject, calibration: Calibration, options: Options, case: Case) -> Any:
    from streamdoctor.suite.examine import Examiner

    def job(emit: Any, beat: Any) -> None:
        beat(CALIBRATING, CALIBRATING)
        examiner = Examiner(ref, options)
        beat(0, 0)
        for finding in examiner.findings(subject, calibration, case.plan, case.cuts, False):
            emit({"t": "finding", "finding": list(finding)})

    return job


def blank(ref: str, subject: Subject) -> Result:
    """Before anything is known."""
    return Result(subject.path, subject.probe, ref, subject.dialect)


def left_out(result: Result) -> None:
    """Of a parser that hung on all of the first streams."""
    result.error, result.note = True, f"SD901, left out: it hung on {MOST_HANGS} other streams already"
