"""One finding made small, in a fresh child: as few cuts as it takes, then as few bytes.

A smaller case counts only if it gives the same rule (and the same exception), is as judgeable as the first was, and
keeps what was legal legal: no unfinished event, no broken framing, no missing terminal signal where there was none
before, no other line end. Where the parser was right uncut, it has to be right uncut on the smaller body too; where it
was right on the same events in the plainest lines, it has to be so too, and they take no new liberty, so that the same
words stay to blame. Where it was not, JSON keeps its members, so that a parser is never accused of what only our
shrinking took away.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from streamdoctor.diagnosis.judge import Finding, unjudgeable
from streamdoctor.errors import UsageError
from streamdoctor.faults import plans as faults
from streamdoctor.faults.plans import Plan
from streamdoctor.parsers.calibrate import Calibration
from streamdoctor.rephrasings.catalogue import AS_IS
from streamdoctor.rephrasings.plainly import liberties, line_ends, plainly
from streamdoctor.splits.strategies import Cuts
from streamdoctor.stream.event import Event
from streamdoctor.stream.reading import Reading, read_body
from streamdoctor.suite.cases import Case
from streamdoctor.suite.minimise import fewest_cuts
from streamdoctor.suite.shrink import ALL, SAFE, Small, shrink
from streamdoctor.suite.subjects import Subject

Find = Callable[[Subject, Plan, Cuts, bool], Sequence[Finding]]
"""The findings of a subject under a plan, cut so; the last says whether it is right uncut."""

_AT = re.compile(r"@(e?\d+)")
MOST_BYTES = 200_000
"""A longer body is not shrunk here: every run of it is dear."""


def deadly(finding: Finding) -> bool:
    """Does the case take its whole process down? Then it is not run beside any other."""
    return finding.rule in ("SD320", "SD703") or finding.actual in ("none (spinning)", "none (blocked)")


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


class Reducer:
    """One finding on its way down. `again`: did it come again, alone in a fresh process?

    `find` gives the findings of a case; `is_right` says whether a subject is right where nothing is cut.
    """

    def __init__(
        self, subject: Subject, calibration: Calibration, one: Folded, find: Find, is_right: Callable[[Subject], bool]
    ) -> None:
        self.subject, self.calibration, self._findings, self._is_right = subject, calibration, find, is_right
        self.wanted, self.case = one.finding, one.case
        self.right = True
        self.again = self.finding(self.case.cuts) is not None
        self.right = self._is_right(subject)
        self.right_plainly = not self.right and self._is_right(_plain(subject))

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
        small = shrink(start, self.still, self._events, levels, most)
        fault = self._fault(small)
        return {"body_b64": b64encode(small.body).decode("ascii"), "cuts": list(small.cuts), "fault": fault}

    def still(self, small: Small) -> bool:
        """Does a smaller case count, and show the same?"""
        reading = read_body(small.body, self.subject.reading.provider)
        if not _as_legal(reading, self.subject.reading) or unjudgeable(reading, self.calibration):
            return False
        subject = _holding(self.subject, reading)
        plan = self._plan(subject, small)
        if plan is None or any(cut >= len(plan.body) for cut in small.cuts):
            return False
        if self.right and not self._is_right(subject):
            return False
        if self.right_plainly and not (self._words_alike(reading) and self._is_right(_plain(subject))):
            return False
        return self._find(subject, plan, small.cuts) is not None

    def _words_alike(self, reading: Reading) -> bool:
        """Does it take no liberty that the body did not take? That would be another cause."""
        return liberties(reading) <= liberties(self.subject.reading)

    def _find(self, subject: Subject, plan: Plan, cuts: Cuts) -> Finding | None:
        found = self._findings(subject, plan, cuts, self.right)
        return next((one for one in found if _same(one, self.wanted)), None)

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


def shows(find: Find, subject: Subject, wanted: Finding, minimal: dict[str, Any]) -> bool:
    """Does a smallest case, as `Reducer` gave it, show the finding?"""
    reading = read_body(b64decode(minimal["body_b64"]), subject.reading.provider)
    subject = _holding(subject, reading)
    (plan,) = faults.plans(minimal["fault"], reading)
    return any(_same(one, wanted) for one in find(subject, plan, tuple(minimal["cuts"]), False))


def _holding(subject: Subject, reading: Reading) -> Subject:
    return replace(subject, reading=reading, recorded=None, _readings={})


def _plain(subject: Subject) -> Subject:
    return _holding(subject, read_body(plainly(subject.reading), subject.reading.provider))


def _same(one: Finding, wanted: Finding) -> bool:
    if one.rule != wanted.rule:
        return False
    return one.kind != "crashed" or one.actual.partition(":")[0] == wanted.actual.partition(":")[0]


def _as_legal(reading: Reading, first: Reading) -> bool:
    """Is `reading` as whole as `first` was? An ending that was open may close, but none may open; no line ends in a way
    in which none did, and no code point loses a byte, for that would be another cause."""
    whole = reading.pending is None or first.pending is not None
    alike = line_ends(reading) <= line_ends(first) and (_is_utf8(reading.body) or not _is_utf8(first.body))
    return alike and whole and (not reading.problems or bool(first.problems)) and reading.complete == first.complete


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
