"""Each finding made small, in a fresh child: as few cuts as it takes, then as few bytes.

A smaller case counts only if it gives the same rule (and the same exception), is as judgeable as the first was, and
keeps what was legal legal: no unfinished event, no broken framing, no missing terminal signal where there was none
before. Where the parser was right uncut, it has to be right uncut on the smaller body too; where it was not, JSON keeps
its members, so that a parser is never accused of what only our shrinking took away.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from shlex import quote
from typing import Any

from streamdoctor.diagnosis.judge import Finding, unjudgeable
from streamdoctor.errors import UsageError
from streamdoctor.faults import plans as faults
from streamdoctor.faults.plans import Plan
from streamdoctor.parsers.calibrate import Calibration
from streamdoctor.parsers.command import PREFIX
from streamdoctor.rephrasings.catalogue import AS_IS
from streamdoctor.splits.strategies import Cuts
from streamdoctor.stream.event import Event
from streamdoctor.stream.reading import Reading, read_body
from streamdoctor.suite.cases import Case, case_id
from streamdoctor.suite.examine import CALIBRATING, REDUCING, Examiner, Options
from streamdoctor.suite.minimise import fewest_cuts
from streamdoctor.suite.results import Found
from streamdoctor.suite.shrink import ALL, SAFE, Small, shrink
from streamdoctor.suite.subjects import UNNAMED, Subject
from streamdoctor.suite.workers import Beat, Emit, Limits, Message, run_child

_AT = re.compile(r"@(e?\d+)")
_MOST_CUTS = 12
"""More cuts than this are named by their split, where it has one run, in the command that shows the case again."""
_MOST_BYTES = 200_000
"""A longer body is not shrunk here: every run of it is dear."""

DEADLY = frozenset({"SD302", "SD303", "SD320", "SD703"})
"""What takes its process down is not run again lightly."""


@dataclass
class Folded:
    """The findings of one cause: the simplest case so far, and how many there were."""

    finding: Finding
    case: Case
    count: int = 1

    @property
    def weight(self) -> tuple[bool, bool, bool, int, Cuts]:
        """Smaller is simpler: no fault, as it is, few cuts; for a delay a piece an event, which shows it best."""
        unclear = self.finding.oracle == "promptness" and self.case.split != "events"
        rephrased = self.case.rephrase != AS_IS
        return self.case.plan.fault is not None, rephrased, unclear, len(self.case.cuts), self.case.cuts[:1]

    @property
    def deadly(self) -> bool:
        """Does it take the whole child down? Then it is shown as it was found."""
        return self.finding.rule in DEADLY


def made_small(
    ref: str, subject: Subject, calibration: Calibration, options: Options, folded: Sequence[Folded], limits: Limits
) -> list[Found]:
    """Each of `folded` in its simplest case, made small in a child of its own, in which it comes first."""
    found: list[Found] = []
    for one in folded:
        told: dict[str, Message] = {}
        own = subject.rephrased(one.case.rephrase) or subject
        if not one.deadly:
            job = reduce(ref, own, calibration, options, one)
            run_child(job, lambda message, told=told: told.__setitem__(message["t"], message), limits)  # type: ignore[misc]
        minimal = told.get("minimal", {}).get("minimal")
        found.append(_found(ref, subject, own, options, one, told.get("reduced"), minimal))
    return found


def in_its_case(ref: str, subject: Subject, options: Options, one: Folded) -> Found:
    """As it was found, with nothing made small."""
    own = subject.rephrased(one.case.rephrase) or subject
    return _found(ref, subject, own, options, one, None, None)


def _found(
    ref: str,
    subject: Subject,
    own: Subject,
    options: Options,
    one: Folded,
    reduced: Message | None,
    minimal: dict[str, Any] | None,
) -> Found:
    """`own` is `subject` in the words of the case; the case is known by what it was before."""
    case, finding, cuts = one.case, one.finding, one.case.cuts
    if reduced is not None:
        cuts = tuple(reduced["cuts"])
        if reduced["finding"]:
            finding = Finding(*reduced["finding"])
        else:
            finding = finding._replace(summary=f"{finding.summary} (only after other streams in the same process)")
    uncut = one.finding.oracle == "same-for-every-cut" and not cuts
    found = Found(
        finding=finding._replace(oracle="reference" if uncut else one.finding.oracle),
        case=case_id(subject, ref, case.plan.fault, cuts, case.rephrase),
        rephrase=case.rephrase,
        split=case.split,
        cuts=cuts,
        fault=case.plan.fault,
        count=one.count,
        boundary=own.material(case.plan).boundaries.at(cuts[0]) if cuts else None,
        minimal=minimal,
    )
    found.reproduce = _command(subject, ref, found, options, named=cuts == case.cuts)
    return found


def _command(subject: Subject, ref: str, found: Found, options: Options, *, named: bool) -> str:
    """The one command that shows this case again; none where a shell cannot name the capture or the parser."""
    if subject.path == UNNAMED or ref.startswith("("):
        return ""
    words = ["streamdoctor", "replay", quote(subject.path or f"probe:{subject.probe}")]
    words += ["--command", quote(ref.removeprefix(PREFIX))] if ref.startswith(PREFIX) else ["--parser", quote(ref)]
    named = named and found.split in ("events", "bytes", "lines", "recorded") and len(found.cuts) > _MOST_CUTS
    words += ["--split", found.split if named else f"cuts:{','.join(map(str, found.cuts))}" if found.cuts else "whole"]
    if found.rephrase != AS_IS:
        words += ["--rephrase", found.rephrase]
    if found.fault:
        words += ["--fault", found.fault]
    return " ".join(words + options.words())


def reduce(
    ref: str, subject: Subject, calibration: Calibration, options: Options, wanted: Folded, most: int = 300
) -> Callable[[Emit, Beat], None]:
    """The job of a child, in at most about `most` runs. Tells the fewest cuts first, then the small body."""

    def job(emit: Emit, beat: Beat) -> None:
        beat(CALIBRATING, CALIBRATING)
        examiner = Examiner(ref, options)
        reducer = _Reducer(examiner, subject, calibration, wanted, lambda: beat(0, REDUCING))
        cuts = reducer.cuts()
        finding = reducer.finding(cuts) if reducer.again else None
        emit({"t": "reduced", "cuts": cuts, "finding": finding and list(finding)})
        if finding is not None and len(wanted.case.plan.body) <= _MOST_BYTES:
            emit({"t": "minimal", "minimal": reducer.smallest(cuts, most)})

    return job


class _Reducer:
    """One finding on its way down. `again`: did it come again, alone in a fresh process?"""

    def __init__(
        self, examiner: Examiner, subject: Subject, calibration: Calibration, one: Folded, beat: Callable[[], None]
    ) -> None:
        self.examiner, self.subject, self.calibration, self.beat = examiner, subject, calibration, beat
        self.wanted, self.case = one.finding, one.case
        self.right = True
        self.again = self.finding(self.case.cuts) is not None
        self.right = self._is_right(subject)

    def finding(self, cuts: Cuts) -> Finding | None:
        """The same finding on the whole body with these cuts."""
        return self._find(self.subject, self.case.plan, cuts)

    def cuts(self) -> Cuts:
        """As few as it takes; all of them for a delay, which they show, and where the finding does not come again."""
        if self.wanted.oracle == "promptness" or not self.again:
            return self.case.cuts
        return fewest_cuts(lambda cuts: self.finding(cuts) is not None, self.case.cuts)

    def smallest(self, cuts: Cuts, most: int) -> dict[str, Any]:
        """The smallest case found: its body before the fault, its cuts, its fault."""
        caused_by_cut = self.right and bool(cuts)
        bare = self.calibration.view.level not in ("json", "text")
        levels = ALL if caused_by_cut or bare else SAFE
        start = Small(self.subject.reading.body, cuts, self._fault_offset())
        small = shrink(start, self._still, self._events, levels, most)
        fault = self._fault(small)
        return {"body_b64": b64encode(small.body).decode("ascii"), "cuts": list(small.cuts), "fault": fault}

    def _still(self, small: Small) -> bool:
        self.beat()
        reading = read_body(small.body, self.subject.reading.provider)
        if not _as_legal(reading, self.subject.reading) or unjudgeable(reading, self.calibration):
            return False
        subject = replace(self.subject, reading=reading, recorded=None, _readings={})
        plan = self._plan(subject, small)
        if plan is None or any(cut >= len(plan.body) for cut in small.cuts):
            return False
        if self.right and not self._is_right(subject):
            return False
        return self._find(subject, plan, small.cuts) is not None

    def _find(self, subject: Subject, plan: Plan, cuts: Cuts) -> Finding | None:
        self.beat()
        found = self.examiner.findings(subject, self.calibration, plan, cuts, self.right)
        return next((one for one in found if _same(one, self.wanted)), None)

    def _is_right(self, subject: Subject) -> bool:
        self.beat()
        return self.examiner.whole_is_right(subject, self.calibration)

    def _events(self, body: bytes) -> Sequence[Event]:
        return read_body(body, self.subject.reading.provider).events

    def _fault_offset(self) -> int | None:
        """The body byte at which the fault strikes, where it strikes at one."""
        match = _AT.search(self.case.plan.fault or "")
        if match is None:
            return None
        place = match[1]
        return self.subject.reading.events[int(place[1:]) - 1].start if place.startswith("e") else int(place)

    def _fault(self, small: Small) -> str | None:
        fault = self.case.plan.fault
        return fault and (fault if small.at is None else _AT.sub(f"@{small.at}", fault, count=1))

    def _plan(self, subject: Subject, small: Small) -> Plan | None:
        try:
            found = faults.plans(self._fault(small), subject.reading)
        except UsageError:
            return None
        return found[0] if len(found) == 1 else None


def _same(one: Finding, wanted: Finding) -> bool:
    if one.rule != wanted.rule:
        return False
    return one.kind != "crashed" or one.actual.partition(":")[0] == wanted.actual.partition(":")[0]


def _as_legal(reading: Reading, first: Reading) -> bool:
    """Is `reading` as whole as `first` was? An ending that was open may close, but none may open."""
    whole = reading.pending is None or first.pending is not None
    return whole and (not reading.problems or bool(first.problems)) and reading.complete == first.complete
