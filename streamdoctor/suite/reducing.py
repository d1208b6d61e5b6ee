"""A finding made small in children: all runs in one, or each in its own where the parser takes its process down.

Alone, a candidate counts as hung after a short limit, so that many can be tried; the smallest is run once more with a
longer one. If it ends then, the finding stays as it was found. Counted in runs, not in seconds, so that the same comes
out anywhere. Cost: 5 ms a candidate that ends, the short limit for one that hangs.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from typing import Any

from streamdoctor.diagnosis.judge import Finding
from streamdoctor.faults.plans import Plan
from streamdoctor.parsers.calibrate import Calibration
from streamdoctor.parsers.command import PREFIX
from streamdoctor.rephrasings.plainly import only_liberty
from streamdoctor.splits.strategies import Cuts
from streamdoctor.stream.reading import read_body
from streamdoctor.suite.examine import CALIBRATING, REDUCING, Examiner, Options
from streamdoctor.suite.reduce import MOST_BYTES, Folded, Reducer, deadly, shows
from streamdoctor.suite.subjects import Subject
from streamdoctor.suite.workers import Beat, Emit, Limits, Message, run_child

SHORT, SURE = Limits(0.15, 0.3), Limits(2.0, 5.0)
MOST_RUNS = 400
MOST_HANGS = 24
"""After so many runs alone, or so many that hung, the smallest so far is kept."""

_ENDS = {"SD302": "spinning", "SD303": "blocked", "SD703": "died"}
"""How the child ends, a rule."""


def reduced(
    ref: str,
    subject: Subject,
    calibration: Calibration,
    options: Options,
    one: Folded,
    limits: Limits,
    most: int = 300,
) -> dict[str, Message]:
    """`reduced`: the fewest cuts, and the finding that comes of them, if it came again; `minimal`: the small case;
    `wording`: the rephrasing in whose words alone it shows. In at most about `most` runs. Empty where it takes its
    process down and does not do so again, alone."""
    told: dict[str, Message] = {}
    if not deadly(one.finding):
        job = _together(ref, subject, calibration, options, one, most)
        run_child(job, lambda message: told.__setitem__(message["t"], message), limits)
        if "minimal" in told:
            job = _once(ref, subject, calibration, options, one, told["minimal"]["minimal"])
            run_child(job, lambda message: told.__setitem__(message["t"], message), limits)
            if not told.pop("sure", {}).get("again"):
                del told["minimal"]  # it takes what other streams left in the process
    elif one.finding.rule in _ENDS and not ref.startswith(PREFIX) and len(one.case.plan.body) <= MOST_BYTES:
        told = _Alone(ref, calibration, options, one).reduced(subject)
    return told


def _once(
    ref: str, subject: Subject, calibration: Calibration, options: Options, wanted: Folded, minimal: dict[str, Any]
) -> Callable[[Emit, Beat], None]:
    """The job of a child that runs the smallest case alone."""

    def job(emit: Emit, beat: Beat) -> None:
        beat(CALIBRATING, CALIBRATING)
        examiner = Examiner(ref, options)
        beat(0, REDUCING)

        def find(own: Subject, plan: Plan, cuts: Cuts, right: bool) -> list[Finding]:
            return examiner.findings(own, calibration, plan, cuts, right)

        emit({"t": "sure", "again": shows(find, subject, wanted.finding, minimal)})

    return job


def _together(
    ref: str, subject: Subject, calibration: Calibration, options: Options, wanted: Folded, most: int
) -> Callable[[Emit, Beat], None]:
    """The job of one child in which all runs are made."""

    def job(emit: Emit, beat: Beat) -> None:
        beat(CALIBRATING, CALIBRATING)
        examiner = Examiner(ref, options)

        def find(own: Subject, plan: Plan, cuts: Cuts, right: bool) -> list[Finding]:
            beat(0, REDUCING)
            return examiner.findings(own, calibration, plan, cuts, right)

        def is_right(own: Subject) -> bool:
            beat(0, REDUCING)
            return examiner.whole_is_right(own, calibration)

        reducer = Reducer(subject, calibration, wanted, find, is_right)
        cuts = reducer.cuts()
        finding = reducer.finding(cuts) if reducer.again else None
        emit({"t": "reduced", "cuts": cuts, "finding": finding and list(finding)})
        if finding is not None and len(wanted.case.plan.body) <= MOST_BYTES:
            minimal = reducer.smallest(cuts, most)
            emit({"t": "minimal", "minimal": minimal})
            if reducer.right_plainly:
                emit(
                    {
                        "t": "wording",
                        "name": only_liberty(read_body(b64decode(minimal["body_b64"]), subject.reading.provider)),
                    }
                )

    return job


class _Alone:
    """A child for each run, until enough of them hung."""

    def __init__(self, ref: str, calibration: Calibration, options: Options, one: Folded) -> None:
        self.ref, self.calibration, self.options, self.one = ref, calibration, options, one
        self.hangs = 0
        self.last: tuple[Subject, Plan, Cuts] | None = None
        """The candidate that was last found to end so."""

    def reduced(self, subject: Subject) -> dict[str, Message]:
        reducer = Reducer(subject, self.calibration, self.one, self._find, self._is_right)
        if not reducer.again:
            return {}
        cuts = reducer.cuts()
        minimal = reducer.smallest(cuts, MOST_RUNS)
        assert self.last is not None
        if not self._ends_so(*self.last, SURE):
            return {}
        finding = list(self.one.finding)
        return {"reduced": {"cuts": cuts, "finding": finding}, "minimal": {"minimal": minimal}}

    def _find(self, subject: Subject, plan: Plan, cuts: Cuts, right: bool) -> list[Finding]:
        if self.hangs >= MOST_HANGS or not self._ends_so(subject, plan, cuts, SHORT):
            return []
        self.hangs += self.one.finding.rule != "SD703"
        self.last = (subject, plan, cuts)
        return [self.one.finding]

    def _is_right(self, subject: Subject) -> bool:
        """Does it live through the subject where nothing is cut?"""
        return not self._ends_so(subject, Plan(None, subject.reading.body), (), SHORT)

    def _ends_so(self, subject: Subject, plan: Plan, cuts: Cuts, limits: Limits) -> bool:
        """One that hangs and holds back the signal that asks where it is takes seconds to end each time: it is left."""
        ending = run_child(self._job(subject, plan, cuts), lambda message: None, limits)
        wanted = _ENDS[self.one.finding.rule]
        return ending.how == wanted and ending.at[0] != CALIBRATING and (wanted == "died" or bool(ending.trace))

    def _job(self, subject: Subject, plan: Plan, cuts: Cuts) -> Callable[[Emit, Beat], None]:
        def job(emit: Emit, beat: Beat) -> None:
            beat(CALIBRATING, CALIBRATING)
            examiner = Examiner(self.ref, self.options)
            beat(CALIBRATING, CALIBRATING)
            beat(0, REDUCING)
            examiner.run(subject, plan, cuts)

        return job
