"""One case alone, in a child, with its transcript: what `replay` shows."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Any

from streamdoctor.diagnosis.judge import Finding, judge, unjudgeable
from streamdoctor.errors import HarnessError, UsageError
from streamdoctor.faults import plans as faults
from streamdoctor.faults.plans import Plan
from streamdoctor.parsers.calibrate import Calibration
from streamdoctor.parsers.items import Fields, Item
from streamdoctor.parsers.levels import View
from streamdoctor.parsers.load import prepare
from streamdoctor.rephrasings.catalogue import AS_IS
from streamdoctor.replay.transcript import Output, Raised, Stuck, Transcript
from streamdoctor.splits import strategies
from streamdoctor.splits.strategies import Run
from streamdoctor.suite.cases import Axes, without_cases
from streamdoctor.suite.examine import BASELINE, CALIBRATING, Examiner, Memory, Options, calibrate_all, trial_of
from streamdoctor.suite.stepwise import Stepwise
from streamdoctor.suite.subjects import MOST_BYTES, Subject
from streamdoctor.suite.workers import Beat, Emit, Ending, Limits, Message, run_child

MOST_RUNS = 100_000


@dataclass(frozen=True)
class Replayed:
    """The case, what happened in it, and what it means; `why` says why it was not judged.

    `number` and `of` tell which run of the split it is, where the split has several.
    """

    subject: Subject
    plan: Plan
    run: Run
    number: int
    of: int
    calibration: Calibration | None
    transcript: Transcript
    findings: tuple[Finding, ...]
    why: str | None = None
    place: str = ""
    """Of one that did not return: where it was when it was stopped."""

    @property
    def boundary(self) -> str | None:
        """What its first cut falls inside."""
        return self.subject.material(self.plan).boundaries.at(self.run.cuts[0]) if self.run.cuts else None

    @cached_property
    def steps(self) -> Stepwise | None:
        """What came out in each step, and what was due; None where no level is known."""
        if self.calibration is None:
            return None
        return Stepwise(self.calibration, self.subject.reading_of(self.plan.body), self.transcript)


def replay(
    ref: str,
    subject: Subject,
    split: str,
    fault: str | None,
    options: Options,
    limits: Limits,
    rephrase: str = AS_IS,
) -> Replayed:
    """The first run of `split` under `fault` that shows a finding, or the first of all.

    Raises UsageError where the parser cannot be loaded, the body is too long to be run, or the rephrasing, split or
    fault does not apply to it.
    """
    if len(subject.reading.body) > MOST_BYTES:
        raise UsageError(f"{subject.name}: {subject.skip}")
    prepare(ref)
    subject = _rephrased(subject, rephrase)
    plan = _plan(subject, fault)
    runs = _runs(subject, plan, split, options.axes.seed)
    said: dict[str, Message] = {}
    memory = Memory()
    ending = _run(_job(ref, subject, plan, runs, options, memory), said, limits)
    while "calibration" not in said and ending.how != "done" and ending.at != (CALIBRATING, CALIBRATING):
        memory.died_calibrating(ending)
        ending = _run(_job(ref, subject, plan, runs, options, memory), said, limits)
    if "usage" in said:
        raise UsageError(said["usage"]["message"], hint=said["usage"]["hint"])
    if "bug" in said:
        raise HarnessError(said["bug"]["message"])
    return _replayed(subject, plan, runs, said, ending, options)


def _run(job: Any, said: dict[str, Message], limits: Limits) -> Ending:
    return run_child(job, lambda message: said.__setitem__(message["t"], message), limits)


def _rephrased(subject: Subject, name: str) -> Subject:
    found = subject.rephrased(name)
    if found is None:
        raise UsageError("; ".join(without_cases(subject, Axes(rephrasings=(name,)))))
    return found


def _plan(subject: Subject, fault: str | None) -> Plan:
    found = faults.plans(fault, subject.reading)
    if not found:
        raise UsageError("; ".join(without_cases(subject, Axes(faults=(fault or "",)))))
    return found[0]


def _runs(subject: Subject, plan: Plan, split: str, seed: int) -> list[Run]:
    material = subject.material(plan)
    runs = [run for name in strategies.expand([split], seed) for run in strategies.runs(name, material, seed)]
    if not runs:
        raise UsageError(f"the split {split} does not apply here: this capture keeps no reads")
    return list(islice(runs, MOST_RUNS))


def _job(ref: str, subject: Subject, plan: Plan, runs: list[Run], options: Options, memory: Memory) -> Any:
    baseline = (0, BASELINE)

    def job(emit: Emit, beat: Beat) -> None:
        beat(CALIBRATING, CALIBRATING)
        try:
            examiner = Examiner(ref, options)
            known = {} if memory.calibrated else calibrate_all(examiner, memory, beat, {subject.dialect})
            beat(*baseline)
            calibration = examiner.calibration_for(subject, known, baseline in memory.deadly)
        except UsageError as error:
            emit({"t": "usage", "message": str(error), "hint": error.hint})
            return
        emit({"t": "calibration", "fields": calibration and asdict(calibration), "speaks": list(known)})
        for number, run in enumerate(runs):
            emit({"t": "running", "run": number})
            beat(0, number)
            transcript = examiner.run(subject, plan, run.cuts)
            bad = calibration and judge(trial_of(subject, calibration, plan, transcript, options.at_eof))
            if bad or number == 0:
                emit({"t": "transcript", "run": number, "fields": asdict(transcript)})
            if calibration is not None and bad:
                if run.cuts and transcript.stuck is None:
                    emit({"t": "uncut", "right": False})
                    emit({"t": "uncut", "right": examiner.whole_is_right(subject, calibration)})
                return

    return job


def _replayed(
    subject: Subject, plan: Plan, runs: list[Run], said: dict[str, Message], ending: Ending, options: Options
) -> Replayed:
    if "calibration" not in said:
        raise UsageError(f"the parser cannot be loaded or calibrated: {ending.detail}")
    fields = said["calibration"]["fields"]
    calibration = calibration_of(fields) if fields else None
    number, transcript = _transcript(runs, plan, said, ending)
    why = None if calibration else f"it does not speak {subject.dialect}"
    if calibration is not None:
        why = subject.skip or unjudgeable(subject.reading, calibration)
    uncut = "uncut" in said and said["uncut"]["right"]
    trial = calibration and trial_of(subject, calibration, plan, transcript, options.at_eof, uncut)
    return Replayed(
        subject=subject,
        plan=plan,
        run=runs[number],
        number=number + 1,
        of=len(runs),
        calibration=calibration,
        transcript=transcript,
        findings=tuple(judge(trial)) if trial and not why else (),
        why=why,
        place=_place(ending),
    )


def _place(ending: Ending) -> str:
    """Where it was when it was stopped, and from where our code had called it."""
    if ending.how not in ("spinning", "blocked") or not ending.trace:
        return ""
    entered, last = ending.entered, ending.trace[0]
    return f"at {last}" if entered in (None, last) else f"at {last}, from {entered}"


def _transcript(runs: list[Run], plan: Plan, said: dict[str, Message], ending: Ending) -> tuple[int, Transcript]:
    """What the child told, or what is left to say of one that did not live to."""
    if ending.how == "done" or "uncut" in said:
        told = said["transcript"]
        return told["run"], rebuilt(told["fields"])
    number = said["running"]["run"]
    stuck: Stuck | None = "spinning" if ending.how == "spinning" else "blocked" if ending.how == "blocked" else None
    ends = (*runs[number].cuts, len(plan.body))
    return number, Transcript(ends, (), stuck=stuck, died=None if stuck else ending.words)


def calibration_of(fields: dict[str, Any]) -> Calibration:
    """The calibration that a child sent as JSON."""
    return Calibration(**{**fields, "view": View(**fields["view"])})


def rebuilt(fields: dict[str, Any]) -> Transcript:
    """The transcript that a child sent as JSON."""
    outputs = tuple(Output(step, _item(item)) for step, item in fields["outputs"])
    raised = Raised(*fields["raised"]) if fields["raised"] else None
    return replace(
        Transcript((), ()), **{**fields, "ends": tuple(fields["ends"]), "outputs": outputs, "raised": raised}
    )


def _item(fields: list[Any]) -> Item:
    form, text, raw, event = fields
    return Item(form, text, raw and bytes.fromhex(raw), Fields(*event) if event else None)
