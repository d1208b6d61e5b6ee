"""What is made small by `check` and `minimise`: no single event, line, byte or cut of it can go any more."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamdoctor.diagnosis.judge import Finding
from streamdoctor.faults.plans import Plan
from streamdoctor.parsers.calibrate import fallback
from streamdoctor.splits.strategies import Cuts
from streamdoctor.suite.cases import Axes, cases
from streamdoctor.suite.examine import Examiner, Memory, Options, calibrate_all
from streamdoctor.suite.reduce import Folded, Reducer
from streamdoctor.suite.shrink import ALL, SAFE, Small
from streamdoctor.suite.subjects import Subject, find
from tests.suite.lab import CHATS, PLAIN, STRANGERS, captures

PLENTY = 20_000
PROBE = "probe:sse"


def reduced(parser: str, subject: Subject, axes: Axes) -> tuple[Reducer, Small]:
    """The first finding of a parser, and what is left of its case."""
    examiner = Examiner(f"{STRANGERS / 'families.py'}:{parser}", Options())
    known = calibrate_all(examiner, Memory(), lambda subject, case: None)
    calibration = known.get(subject.dialect) or fallback((), subject.dialect)

    def findings(own: Subject, plan: Plan, cuts: Cuts, right: bool) -> list[Finding]:
        return examiner.findings(own, calibration, plan, cuts, right)

    def is_right(own: Subject) -> bool:
        return examiner.whole_is_right(own, calibration)

    for case in cases(subject, axes):
        own = subject.rephrased(case.rephrase)
        assert own is not None
        for finding in findings(own, case.plan, case.cuts, is_right(own)):
            reducer = Reducer(own, calibration, Folded(finding, case), findings, is_right)
            least = reducer.smallest(reducer.cuts(), PLENTY)
            return reducer, Small(b64decode(least["body_b64"]), tuple(least["cuts"]))
    raise AssertionError("nothing is wrong with it")


def less(small: Small, *, bare: bool) -> Iterator[Small]:
    """All that is smaller by one thing; of JSON that has to stay whole, no bytes."""
    for level in ALL if bare else SAFE:
        yield from (small.without([span]) for span in level(small.body, find(PROBE).reading_of(small.body).events))
    for cut in small.cuts:
        yield small._replace(cuts=tuple(other for other in small.cuts if other != cut))


@pytest.mark.parametrize(
    ("parser", "stream", "axes"),
    [
        ("KnowsNoCR", PROBE, Axes(("whole",), rephrasings=("cr",))),
        ("KnowsNoCRLF", PROBE, Axes(("whole",), rephrasings=("crlf",))),
        ("WantsASpace", PROBE, Axes(("whole",), rephrasings=("no-space",))),
        ("StripsAll", PROBE, Axes(("whole",), rephrasings=("two-spaces",))),
        ("LastLineWins", PROBE, Axes(("whole",), rephrasings=("multi-line-data",))),
        ("BOMIsText", PROBE, Axes(("whole",), rephrasings=("bom",))),
        ("BOMInTheFirstPiece", PROBE, Axes(("bytes",), rephrasings=("bom",))),
        ("CommentsAreData", PROBE, Axes(("whole",), rephrasings=("comments",))),
        ("CutCRLF", "plain-everything", Axes(("boundaries",))),
        ("DecodesWithReplacement", "chat", Axes(("boundaries",))),
        ("AReadIsAnEvent", "probe:openai-chat", Axes(("fixed:40",))),
    ],
)
def test_nothing_single_can_go(tmp_path: Path, parser: str, stream: str, axes: Axes) -> None:
    known = {"chat": CHATS["chat"], **PLAIN}
    (name,) = captures(tmp_path, {stream: known[stream]}) if stream in known else [stream]
    reducer, small = reduced(parser, find(name), axes)
    assert reducer.again
    assert reducer.still(small)
    assert len(small.body) < 200
    bare = reducer.calibration.view.level not in ("json", "text") or (reducer.right and bool(small.cuts))
    others = [other for other in less(small, bare=bare) if other.body]
    assert others
    assert [other for other in others if reducer.still(other)] == []


def test_no_code_point_loses_a_byte(tmp_path: Path) -> None:
    """What raises on a cut code point, and is wrong uncut as well, is not shown invalid UTF-8 in one piece."""
    (name,) = captures(tmp_path, {"chat": CHATS["chat-crlf"]})
    reducer, small = reduced("StrictAndKnowsNoCRLF", find(name), Axes(("bytes",)))
    assert (reducer.wanted.rule, reducer.right) == ("SD702", False)
    assert len(small.cuts) == 1 and not small.body.isascii()
    small.body.decode()
