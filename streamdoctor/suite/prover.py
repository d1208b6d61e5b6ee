"""The child's part of a proof: the walk, the replay in a second process, and the search where no proof can be given.

Beats are (PROVING, block of edges), so that the parent can have the block in which a child died walked once more, edge
by edge; a negative block means that the chunking being run was announced. One message a finding.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from streamdoctor.diagnosis.compare import common_prefix
from streamdoctor.diagnosis.judge import Finding, Trial, judge, right_outputs
from streamdoctor.faults.plans import Plan
from streamdoctor.parsers.calibrate import Calibration
from streamdoctor.parsers.levels import Expected, observed
from streamdoctor.parsers.load import is_lent
from streamdoctor.splits.strategies import Cuts
from streamdoctor.suite.examine import Examiner, Options, trial_of
from streamdoctor.suite.expectation import Expectation
from streamdoctor.suite.explore import ANNOUNCED, Judged, Tally, Walk, chunkings, cut_words
from streamdoctor.suite.reach import Refused
from streamdoctor.suite.search import Search
from streamdoctor.suite.second import CHUNKINGS, Question, SecondProcess
from streamdoctor.suite.spread import Helper
from streamdoctor.suite.states import ALL_CONDITIONS, Conditions, States
from streamdoctor.suite.subjects import Subject
from streamdoctor.suite.workers import Beat, Emit, Limits

PROVING = 0
MOST_FOUND = 4
_HASH_SEEDS = range(4242, 4250)
_FEW = 50
_IN_TWO = range(500, 50_000)
"""Lengths of bodies at which a helper is worth its fork, and all states may be kept at once."""
_TELL_EVERY = 0.25

_NO_STATE = {
    "sync": "a generator's frame cannot be frozen",
    "async": "an async parser's frame cannot be frozen",
    "command": "a program of its own cannot be frozen",
    "look": "what is a function of a stream keeps its state in a frame, which cannot be frozen",
}


@dataclass(frozen=True)
class Task:
    """What is to be proved: `max_piece` None is all lengths; `suspect` a block of edges to be announced one by one."""

    ref: str
    subject: Subject
    calibration: Calibration
    options: Options
    limits: Limits
    max_piece: int | None
    conditions: Conditions = ALL_CONDITIONS
    suspect: int | None = None

    @property
    def longest(self) -> int:
        size = len(self.subject.reading.body)
        return max(size, 1) if self.max_piece is None else min(self.max_piece, max(size, 1))


def prover(task: Task) -> Callable[[Emit, Beat], None]:
    """The job of a child."""

    def job(emit: Emit, beat: Beat) -> None:
        beat(PROVING, ANNOUNCED)
        _Prover(task, emit, beat).run()

    return job


class _Prover:
    def __init__(self, task: Task, emit: Emit, beat: Beat) -> None:
        self.task, self.emit, self.beat = task, emit, beat
        self.body = task.subject.reading.body
        self.plan = Plan(None, self.body)
        self.examiner = Examiner(task.ref, task.options)
        self.whole_is_right = False
        self._told = 0.0
        self._rules: set[str] = set()

    def run(self) -> None:
        """The world is looked at before the first byte is fed: what is fed may change it."""
        try:
            states: States | None = self._states()
        except Refused as refused:
            states, why = None, str(refused)
        whole = self._run(())
        self.whole_is_right = all(finding.kind == "non-strict" for finding in self._judge((), whole).findings)
        try:
            if states is None:
                raise Refused(why)
            self._prove(states, self._expectation(whole))
        except Refused as refused:
            self.emit({"t": "refused", "why": str(refused)})
            self._search()

    # --- the proof

    def _states(self) -> States:
        shape = self.examiner.shape(self.task.subject)
        if shape.kind != "feed":
            raise Refused(f"{_NO_STATE[shape.kind]} (give an object with feed(bytes))")
        return States(shape.make, self.task.conditions, lent=is_lent(self.task.ref))

    def _prove(self, states: States, expectation: Expectation) -> None:
        task = self.task
        spread = self._spread if len(self.body) in _IN_TWO else None
        walk = Walk(states, expectation, self.body, task.longest, self._judge, self._watch, self._announce, spread)
        second = self._second(_HASH_SEEDS[0]) if task.conditions.second else None
        try:
            walk.run(whole_is_right=self.whole_is_right, in_order=task.suspect is not None)
            self._tell_soft(walk.tally)
            if walk.tally.wrong is not None:
                self._tell_wrong(walk.tally)
                return
            others = _HASH_SEEDS[1:] if states.world.sets else ()
            assumed = [*states.assumed, *(self._agreed(second, others) if second else [])]
        finally:
            if second is not None:
                second.stop()
        self._tell_proof(walk.tally, assumed)

    def _spread(self, work: Callable[[Callable[[], None]], int]) -> Helper:
        return Helper(work, self.task.limits.cpu, self.task.limits.wall / 2)

    def _agreed(self, second: SecondProcess, others: range | tuple[int, ...]) -> list[str]:
        """Raises Refused where a second process disagrees. Order by hash is looked at under some more seeds."""
        self._ask(second)
        for seed in others:
            self._ask(self._second(seed, _FEW))
        return [f"the order of a set changes nothing (right under {1 + len(others)} hash seeds)"] if others else []

    def _second(self, hash_seed: int, count: int = CHUNKINGS) -> SecondProcess:
        task = self.task
        question = Question(task.ref, task.subject, task.calibration, task.options, task.longest, count)
        return SecondProcess(question, task.limits, hash_seed)

    def _ask(self, second: SecondProcess) -> None:
        cuts = second.answer(lambda: self.beat(PROVING, ANNOUNCED))
        if cuts is not None:
            self._judge(cuts)
            raise Refused(
                f"with {cut_words(cuts)} it is wrong in a second process (PYTHONHASHSEED={second.hash_seed}): "
                "its output depends on something outside its state"
            )

    def _expectation(self, whole: Trial) -> Expectation:
        """What the parser, fed in one piece, hands out of what is right: every chunking is held to the same."""
        view = self.task.calibration.view
        units, _ = observed(view, whole.transcript.items)

        def likeness(right: Expected) -> tuple[bool, int]:
            return right.units == units, common_prefix(right.units, units)

        return Expectation(view, max(right_outputs(whole), key=likeness), self.body)

    # --- one chunking from scratch

    def _run(self, cuts: Cuts) -> Trial:
        self._announce(cuts)
        self.beat(PROVING, ANNOUNCED)
        task = self.task
        transcript = self.examiner.run(task.subject, self.plan, cuts)
        options = task.options
        return trial_of(task.subject, task.calibration, self.plan, transcript, options.at_eof, self.whole_is_right)

    def _judge(self, cuts: Cuts, trial: Trial | None = None) -> Judged:
        trial = trial or self._run(cuts)
        findings = judge(trial)
        transcript = trial.transcript
        how = "end" if transcript.raised is None else f"raised {transcript.raised.type}"
        if transcript.done and not transcript.end_seen:
            how = "done"
        last = transcript.last_step
        return Judged(findings, how, tuple(item for step, item in transcript.outputs if step >= last))

    # --- telling

    def _watch(self, tally: Tally, block: int) -> bool:
        self.beat(PROVING, block)
        now = time.monotonic()
        if now - self._told > _TELL_EVERY:
            self._told = now
            self.emit({"t": "progress", "offset": tally.offset, "states": tally.states, "steps": tally.steps})
        return block == self.task.suspect

    def _announce(self, cuts: Cuts) -> None:
        self.emit({"t": "running", "cuts": list(cuts)})

    def _tell(self, cuts: Cuts, finding: Finding) -> None:
        if finding.rule not in self._rules:
            self._rules.add(finding.rule)
            self.emit({"t": "found", "cuts": list(cuts), "finding": list(finding)})

    def _tell_soft(self, tally: Tally) -> None:
        for cuts, finding in tally.soft.values():
            self._tell(cuts, finding)

    def _tell_wrong(self, tally: Tally) -> None:
        assert tally.wrong is not None
        cuts, finding = tally.wrong
        self._tell(cuts, finding)
        fewest = self.task.longest >= len(self.body)
        self.emit({"t": "wrong", "cuts": list(cuts), "rule": finding.rule, "fewest": fewest})

    def _tell_proof(self, tally: Tally, assumed: list[str]) -> None:
        count = chunkings(len(self.body), self.task.longest)
        self.emit({"t": "proof", "chunkings": count, "states": tally.states, "steps": tally.steps, "assumed": assumed})

    # --- the search instead

    def _search(self) -> None:
        material = self.task.subject.material(self.plan)
        search = Search(material, self.task.longest, self.task.options.axes.seed)
        for cuts in search:
            for finding in self._judge(cuts).findings:
                self._tell(cuts, finding)
            if len(self._rules) >= MOST_FOUND:
                break
        self.emit({"t": "searched", "words": search.words if len(self._rules) < MOST_FOUND else ""})
