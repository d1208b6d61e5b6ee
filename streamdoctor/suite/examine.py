"""What happens in the child: load a parser, calibrate it, run its cases, tell the findings. One message a finding.

Beats are (subject, case) by number; subject -1 is calibration, case -1 the run uncut that others are measured by, case
-2 a run while cuts are made fewer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Sequence
from dataclasses import asdict, dataclass, field

from streamdoctor.diagnosis.judge import AtEof, Finding, Trial, judge, unjudgeable
from streamdoctor.errors import UsageError
from streamdoctor.faults.plans import Plan
from streamdoctor.parsers.calibrate import Calibration, Outcome, Role, calibrate, fallback, overruled
from streamdoctor.parsers.command import Command, Patience
from streamdoctor.parsers.levels import Level, View
from streamdoctor.parsers.load import builtin, load
from streamdoctor.parsers.shapes import Shape, Unfit
from streamdoctor.rephrasings.catalogue import AS_IS, REPHRASINGS
from streamdoctor.rephrasings.probes import PROBES
from streamdoctor.replay import inprocess
from streamdoctor.replay.transcript import Transcript
from streamdoctor.splits.strategies import Cuts
from streamdoctor.stream.providers import by_name
from streamdoctor.suite.cases import Axes, Case, cases, without_cases
from streamdoctor.suite.resumed import Resumed, resume
from streamdoctor.suite.subjects import Subject
from streamdoctor.suite.workers import Beat, Emit, Ending

CALIBRATING, BASELINE, REDUCING = -1, -1, -2
_HOPELESS = 3
_SHALLOW = ("event", "data", "lines", "nonblank-lines")
"""The levels that do not look into the data of an event."""


@dataclass(frozen=True)
class Options:
    """What the user knows better than calibration, how strict to be at the end, and whether to prove all chunkings, of
    pieces of at most `max_piece` bytes (None: of any)."""

    axes: Axes = field(default_factory=Axes)
    level: Level | None = None
    role: Role | None = None
    at_eof: AtEof = "either"
    dialect: str | None = None
    prove: bool = False
    max_piece: int | None = None
    patience: Patience = field(default_factory=Patience)
    """With a command in another language."""
    cost: bool = False
    """Whether to measure how time grows with the input."""
    unasked: bool = False
    """The streams are all the probes, since none were given: those count in whose dialect the parser has a say."""
    dialects: frozenset[str] = frozenset()
    """Those of all streams of the check: of a parser that hangs again and again, nothing is to be known of others."""

    def words(self) -> list[str]:
        """The command-line options that say the same again."""
        words: list[str] = []
        for name, value in (("dialect", self.dialect), ("level", self.level), ("role", self.role)):
            words += [f"--{name}", value] if value else []
        return words + (["--at-eof", self.at_eof] if self.at_eof != "either" else [])


@dataclass
class Memory:
    """What is known of a parser from earlier children of its: a child that died is followed by one that goes on."""

    calibrations: dict[str, Calibration] = field(default_factory=dict)
    calibrated: bool = False
    deadly: set[tuple[int, int]] = field(default_factory=set)
    hung: set[int] = field(default_factory=set)
    handed: dict[str, bool] = field(default_factory=dict)
    start: tuple[int, int] = (0, 0)

    def silent_in(self, dialect: str) -> bool:
        """Does the parser speak no dialect, and was it others in which it handed out something, without raising if
        there is such a one?"""
        best = {name for name, ended in self.handed.items() if ended} or self.handed.keys()
        return not self.calibrations and bool(best) and dialect not in best

    def died_calibrating(self, ending: Ending) -> None:
        """A probe it died on is not tried again; if it hangs on each of the first, none is."""
        self.deadly.add(ending.at)
        if ending.how != "died":
            self.hung.add(ending.at[1])
            self.calibrated = self.calibrated or self.hung >= set(range(_HOPELESS))


class Examiner:
    """One parser, loaded."""

    def __init__(self, ref: str, options: Options) -> None:
        self._shapes = load(ref)
        self.stuck = 0
        """How many runs found a command that spins or is blocked: each took all the time there was."""
        self.handed: dict[str, bool] = {}
        """The dialects on whose plain probe anything came out, and whether it ended there without raising."""
        command = self._shapes("sse").make
        if isinstance(command, Command):
            command.patience = options.patience
        self._known = builtin(ref)
        self.options = options

    def shape(self, subject: Subject) -> Shape:
        return self._shapes(subject.reading.provider.framing)

    def calibrate(self, number: int) -> Calibration | None:
        """The calibration on probe `number`; None where the parser does not speak its dialect."""
        probe = PROBES[number]
        if self._known and self._known.dialects and probe.dialect not in self._known.dialects:
            return None
        provider = by_name(probe.dialect)

        def run(body: bytes, cuts: Cuts) -> Outcome:
            transcript = self._ran(self._shapes(provider.framing), Plan(None, body), cuts)
            stopped = transcript.done if transcript.done is not None else not transcript.end_seen
            raised = transcript.raised is not None
            if transcript.items:
                self.handed[probe.dialect] = self.handed.get(probe.dialect, False) or not raised
            return Outcome(transcript.items, stopped and not raised, raised)

        return calibrate(run, probe, provider)

    def calibration_for(self, subject: Subject, known: dict[str, Calibration], deadly: bool) -> Calibration | None:
        """How to judge this parser on `subject`; None where it speaks other dialects, but not this one.

        One that speaks plain streams of this framing, and looks into none, has to speak them all. `deadly`: it does not
        survive this one.
        """
        provider = subject.reading.provider
        found, plain = known.get(provider.name), _plain(provider.framing, known)
        if found is None:
            if known and plain is None and self.options.level is None and self.options.dialect is None:
                return None
            items = () if deadly else self.run(subject, Plan(None, subject.reading.body), ()).items
            found = fallback(items, provider.name, plain, subject.reading)
        return overruled(found, self.options.level, self.options.role)

    def run(self, subject: Subject, plan: Plan, cuts: Cuts) -> Transcript:
        return self._ran(self.shape(subject), plan, cuts)

    def _ran(self, shape: Shape, plan: Plan, cuts: Cuts) -> Transcript:
        transcript = inprocess.run(shape, plan, cuts)
        self.stuck += transcript.stuck in ("spinning", "blocked")
        return transcript

    def unfit(self, subject: Subject, plan: Plan, calibration: Calibration) -> str | None:
        """Why this fault says nothing about the parser; None where it does."""
        if plan.ending == "reset" and self.shape(subject).kind == "feed":
            return f"the fault {plan.fault}: an object with feed is told of no reset"
        if plan.ending == "open" and calibration.role != "consumer":
            return f"the fault {plan.fault}: only a consumer owes an end on an open connection (--role consumer?)"
        return None

    def findings(
        self, subject: Subject, calibration: Calibration, plan: Plan, cuts: Cuts, whole_is_right: bool
    ) -> list[Finding]:
        """Runs one case and judges it."""
        transcript = self.run(subject, plan, cuts)
        return judge(trial_of(subject, calibration, plan, transcript, self.options.at_eof, whole_is_right))

    def whole_is_right(self, subject: Subject, calibration: Calibration) -> bool:
        """Is the content right where nothing is cut? Then what a cut changes is the cut's doing."""
        found = self.findings(subject, calibration, Plan(None, subject.reading.body), (), False)
        return all(finding.oracle != "reference" for finding in found)


def trial_of(
    subject: Subject,
    calibration: Calibration,
    plan: Plan,
    transcript: Transcript,
    at_eof: AtEof,
    whole_is_right: bool = False,
) -> Trial:
    """What the judge needs of one run."""
    return Trial(
        plan=plan,
        reading=subject.reading_of(plan.body),
        calibration=calibration,
        transcript=transcript,
        whole=subject.reading,
        again=None if plan.again is None else subject.reading_of(plan.again),
        at_eof=at_eof,
        whole_is_right=whole_is_right,
        lenient=REPHRASINGS[subject.rephrase].lenient,
    )


def examine(ref: str, subjects: Sequence[Subject], options: Options, memory: Memory) -> Callable[[Emit, Beat], None]:
    """The job of a child: everything that is left to do for one parser."""

    def job(emit: Emit, beat: Beat) -> None:
        beat(CALIBRATING, CALIBRATING)
        loaded = False
        try:
            examiner = Examiner(ref, options)
            loaded = True
            known = memory.calibrations
            if not memory.calibrated:
                known = calibrate_all(examiner, memory, beat, options.dialects)
                memory.handed = examiner.handed
                told = {"dialects": [asdict(found) for found in known.values()], "handed": examiner.handed}
                emit({"t": "calibrated", **told})
            for number in range(memory.start[0], len(subjects)):
                _examine_subject(examiner, number, subjects[number], known, memory, emit, beat)
        except Unfit as error:
            emit({"t": "unfit" if loaded else "usage", "message": str(error), "hint": error.hint})
        except UsageError as error:
            emit({"t": "usage", "message": str(error), "hint": error.hint})

    return job


def calibrate_all(
    examiner: Examiner, memory: Memory, beat: Beat, needed: Container[str] = ()
) -> dict[str, Calibration]:
    """The calibration in each dialect that the parser speaks; of one that hangs again and again, in those `needed`."""
    known: dict[str, Calibration] = {}
    hangs = len(memory.hung) >= _HOPELESS
    for number, probe in enumerate(PROBES):
        if (CALIBRATING, number) in memory.deadly or (hangs and probe.dialect not in needed):
            continue
        if examiner.stuck >= _HOPELESS and not known:
            break
        beat(CALIBRATING, number)
        found = examiner.calibrate(number)
        if found is not None:
            known[found.dialect] = found
    return known


def calibrations_of(message: dict[str, object]) -> dict[str, Calibration]:
    """The calibrations in a `calibrated` message."""
    dialects = message["dialects"]
    assert isinstance(dialects, list)
    return {d["dialect"]: Calibration(**{**d, "view": View(**d["view"])}) for d in dialects}


def _examine_subject(
    examiner: Examiner,
    number: int,
    subject: Subject,
    known: dict[str, Calibration],
    memory: Memory,
    emit: Emit,
    beat: Beat,
) -> None:
    started = time.perf_counter()
    beat(number, BASELINE)
    deadly, stuck = (number, BASELINE) in memory.deadly, examiner.stuck
    calibration = examiner.calibration_for(subject, known, deadly)
    why = subject.skip or (unjudgeable(subject.reading, calibration) if calibration else _speaks(subject, known))
    if examiner.options.unasked and not known and memory.silent_in(subject.dialect):
        why, calibration = "it fits no level on any plain probe, and hands out nothing on this one", None
    if why is not None or calibration is None:
        no_stream = subject.skip is not None
        told = calibration and asdict(calibration)
        emit({"t": "skipped", "subject": number, "why": why, "calibration": told, "nothing_there": no_stream})
        return
    emit({"t": "judging", "subject": number, "calibration": asdict(calibration)})
    right = not deadly and examiner.stuck == stuck and examiner.whole_is_right(subject, calibration)
    wording = _Wording(examiner, subject, calibration, right)
    covered = _Covered(subject)
    count = 0
    unfit: dict[str, None] = {}
    stuck = examiner.stuck
    for index, case in enumerate(cases(subject, examiner.options.axes)):
        wording = wording.of(case, subject)
        if (why := examiner.unfit(subject, case.plan, calibration)) is not None:
            unfit[why] = None
            continue
        if examiner.stuck > stuck:
            break  # it cannot get worse, and each case would take as long
        count += 1
        covered.take(case)
        if (number, index) in memory.deadly:
            wording.right = False
        elif (number, index) >= memory.start and not wording.resumes(case, memory, number, lambda: beat(number, index)):  # noqa: B023
            for finding in wording.findings(case, lambda index=index: beat(number, index)):  # type: ignore[misc]
                emit({"t": "finding", "subject": number, "case": index, "finding": list(finding)})
    if not count:
        why = "; ".join(
            ["no case that was asked for applies here", *without_cases(subject, examiner.options.axes), *unfit]
        )
        emit({"t": "skipped", "subject": number, "why": why, "calibration": None, "nothing_there": True})
    if wording.resumed is not None:
        emit({"t": "resumed", "subject": number, "words": wording.resumed.words})
    seconds = time.perf_counter() - started
    emit({"t": "judged", "subject": number, "cases": count, "seconds": seconds, "coverage": covered.told()})


class _Covered:
    """Which boundary classes of a stream, as it is, were cut."""

    def __init__(self, subject: Subject) -> None:
        self._boundaries = subject.material(Plan(None, subject.reading.body)).boundaries
        self._present = self._boundaries.present()
        self._recorded = self._boundaries.count(subject.recorded or ())
        self._checked: set[str] = set()

    def take(self, case: Case) -> None:
        if case.rephrase == AS_IS and case.plan.fault is None and len(self._checked) < len(self._present):
            self._checked.update(self._boundaries.count(case.cuts))

    def told(self) -> tuple[dict[str, int], list[str], list[str]]:
        return self._present, list(self._recorded), [name for name in self._present if name in self._checked]


@dataclass
class _Wording:
    """A subject in one rephrasing. `right`: is its content right where nothing is cut? None until that is known."""

    examiner: Examiner
    subject: Subject
    calibration: Calibration
    right: bool | None = None
    resumed: Resumed | None = None
    """What is known of single cuts, once one was asked for."""

    def resumes(self, case: Case, memory: Memory, number: int, going: Callable[[], None]) -> bool:
        """Is this a single cut of many that is known to be right without a run?"""
        if case.split != "every-cut" or case.plan.fault is not None or any(at[0] == number for at in memory.deadly):
            return False
        if self.resumed is None:
            going()
            self.resumed = self._resume(going)
        return case.cuts[0] in self.resumed.right

    def _resume(self, going: Callable[[], None]) -> Resumed:
        reading = self.subject.reading
        plan = Plan(None, reading.body)

        def wrong(cuts: Cuts) -> bool:
            going()
            return bool(self.examiner.findings(self.subject, self.calibration, plan, cuts, bool(self.right)))

        if wrong(()):
            return Resumed(frozenset(), "something is wrong uncut")
        boundaries = self.subject.material(plan).boundaries
        return resume(
            self.examiner.shape(self.subject), reading, boundaries, wrong, going, self.examiner.options.axes.seed
        )

    def of(self, case: Case, subject: Subject) -> _Wording:
        """The wording of `case`: this one, as long as the cases of its rephrasing last."""
        if case.rephrase == self.subject.rephrase:
            return self
        own = subject.rephrased(case.rephrase)
        assert own is not None
        return _Wording(self.examiner, own, self.calibration)

    def findings(self, case: Case, beat: Callable[[], None]) -> list[Finding]:
        """Runs one case and judges it; the first tells what those that follow are measured by."""
        beat()
        baseline = not case.cuts and case.plan.fault is None
        if self.right is None and not baseline:
            self.right = self.examiner.whole_is_right(self.subject, self.calibration)
            beat()
        found = self.examiner.findings(self.subject, self.calibration, case.plan, case.cuts, bool(self.right))
        if self.right is None:
            self.right = all(finding.oracle != "reference" for finding in found)
        return found


def _plain(framing: str, known: dict[str, Calibration]) -> Calibration | None:
    """How plain streams of a framing are read, where other ones are read no deeper: then it is how each has to be."""
    plain = known.get(framing)
    of_framing = (found.view.level for name, found in known.items() if by_name(name).framing == framing)
    return plain if plain and all(level in (*_SHALLOW, plain.view.level) for level in of_framing) else None


def _speaks(subject: Subject, known: dict[str, Calibration]) -> str:
    return f"it does not speak {subject.reading.provider.name}; it speaks {', '.join(known)}"
