"""What a page shows of a failing case beside its numbers: bytes at the cuts, steps, recorded times. Bounded in size.

Each case is run once more, those of one parser in one child; what takes its process down is shown without steps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import NamedTuple, TypeVar

from streamdoctor.capture.file import load
from streamdoctor.errors import UsageError
from streamdoctor.faults import plans as faults
from streamdoctor.faults.plans import Plan
from streamdoctor.replay.transcript import Transcript
from streamdoctor.splits.boundaries import Boundaries
from streamdoctor.splits.strategies import Run
from streamdoctor.suite.examine import CALIBRATING, Examiner, Memory, Options, calibrate_all
from streamdoctor.suite.reduce import deadly
from streamdoctor.suite.results import Found, Result
from streamdoctor.suite.single import Replayed, calibration_of, rebuilt
from streamdoctor.suite.subjects import Subject, layers_of
from streamdoctor.suite.workers import Beat, Emit, Job, Limits, Message, run_child
from streamdoctor.visible import safe_bytes, shorten

T = TypeVar("T")

MOST = 200
"""So many cases of a run are shown step by step."""
_AROUND = 64
_MOST_WINDOWS, _MOST_STEPS, _MOST_MARKS, _MOST_TEXT = 4, 30, 400, 600


class Step(NamedTuple):
    """Step `number` handed over the bytes `start` to `end`, `piece` in words; `cut` is what the cut at its end falls
    inside."""

    number: int
    start: int
    end: int
    piece: str
    cut: str | None
    out: str
    due: str
    right: bool


class Window(NamedTuple):
    """Some bytes of the body, and the cuts inside it and at its borders."""

    start: int
    data: bytes
    cuts: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Exhibit:
    """`focus` is the number of the first step in which other things came out than were due; `pieces` how many there
    are, `piece_sizes` and `read_sizes` how many of each size; `arrivals` (bytes so far, nanoseconds) as recorded."""

    size: int
    pieces: int
    windows: tuple[Window, ...]
    events: tuple[int, ...]
    cuts: tuple[int, ...]
    steps: tuple[Step, ...]
    steps_in_all: int
    focus: int | None
    end: str
    arrivals: tuple[tuple[int, int], ...]
    piece_sizes: dict[int, int]
    read_sizes: dict[int, int]


class Wanted(NamedTuple):
    """A finding to show, and on what it was made."""

    result: Result
    found: Found
    subject: Subject


def gather(wanted: Sequence[Wanted], options: Options, limits: Limits) -> dict[str, Exhibit]:
    """By case id, at most MOST; of what cannot be run again, without steps."""
    made: dict[str, Exhibit] = {}
    recorded = _Recorded(options.dialect)
    wanted = wanted[:MOST]
    for ref in dict.fromkeys(one.result.parser for one in wanted):
        own = [one for one in wanted if one.result.parser == ref]
        replayed = _replayed(ref, own, options, limits)
        for number, one in enumerate(own):
            case = replayed.get(number) or _unplayed(one)
            if case is not None:
                made[one.found.case] = _exhibit(case, one, recorded.of(one.subject))
    return made


def _replayed(ref: str, wanted: Sequence[Wanted], options: Options, limits: Limits) -> dict[int, Replayed]:
    """Each of `wanted` that lives to tell; a child that dies is followed by one that goes on behind it."""
    told: dict[int, Replayed] = {}
    start = 0 if not all(deadly(one.found.finding) for one in wanted) else len(wanted)

    def receive(message: Message) -> None:
        if message["t"] == "played":
            told[message["number"]] = _rebuilt(wanted[message["number"]], message)

    while start < len(wanted):
        ending = run_child(_job(ref, wanted, start, options), receive, limits)
        if ending.how == "done" or ending.at[0] == CALIBRATING:
            break
        start = ending.at[1] + 1
    return told


def _job(ref: str, wanted: Sequence[Wanted], start: int, options: Options) -> Job:
    def job(emit: Emit, beat: Beat) -> None:
        beat(CALIBRATING, CALIBRATING)
        examiner = Examiner(ref, options)
        known = calibrate_all(examiner, Memory(), beat)
        for number in range(start, len(wanted)):
            one = wanted[number]
            case = _case(one)
            beat(0, number)
            if case is None or deadly(one.found.finding):
                continue
            subject, plan = case
            calibration = examiner.calibration_for(subject, known, False)
            if calibration is not None:
                transcript = examiner.run(subject, plan, one.found.cuts)
                fields = {"calibration": asdict(calibration), "transcript": asdict(transcript)}
                emit({"t": "played", "number": number, **fields})

    return job


def _case(one: Wanted) -> tuple[Subject, Plan] | None:
    """The subject in its words, and what the upstream does."""
    subject = one.subject.rephrased(one.found.rephrase)
    try:
        plans = faults.plans(one.found.fault, subject.reading) if subject else []
    except UsageError:
        plans = []
    return (subject, plans[0]) if subject and plans else None


def _rebuilt(one: Wanted, message: Message) -> Replayed:
    case = _case(one)
    assert case is not None
    calibration, transcript = calibration_of(message["calibration"]), rebuilt(message["transcript"])
    run = Run(one.found.split, one.found.cuts)
    return Replayed(*case, run, 1, 1, calibration, transcript, (one.found.finding,))


def _unplayed(one: Wanted) -> Replayed | None:
    """The case without what came of it."""
    case = _case(one)
    if case is None:
        return None
    subject, plan = case
    ends = (*plan.apart(one.found.cuts), len(plan.body))
    return Replayed(subject, plan, Run(one.found.split, one.found.cuts), 1, 1, None, Transcript(ends, ()), ())


class _Recorded:
    """When the bytes of each capture came, read once."""

    def __init__(self, dialect: str | None) -> None:
        self._dialect = dialect
        self._known: dict[str, tuple[tuple[int, int], ...]] = {}

    def of(self, subject: Subject) -> tuple[tuple[int, int], ...]:
        if subject.path is None or subject.recorded is None:
            return ()
        if subject.path not in self._known:
            self._known[subject.path] = layers_of(load(subject.path), self._dialect).arrivals
        return self._known[subject.path]


def _exhibit(replayed: Replayed, one: Wanted, arrivals: Sequence[tuple[int, int]]) -> Exhibit:
    body, ends = replayed.plan.body, replayed.transcript.ends
    events = replayed.subject.reading_of(body).events
    boundaries = Boundaries(body, replayed.subject.reading.provider.framing, events)
    focus = _focus(replayed)
    steps = list(_steps(replayed, boundaries, focus))
    return Exhibit(
        size=len(body),
        pieces=len(ends),
        windows=tuple(_windows(body, ends[:-1], boundaries, _places(one, ends, focus))),
        events=tuple(_thinned([event.end for event in events])),
        cuts=tuple(_thinned(ends[:-1])),
        steps=tuple(steps),
        steps_in_all=len(ends) + 1,
        focus=focus,
        end=_end(replayed),
        arrivals=tuple(_thinned(arrivals)),
        piece_sizes=_sizes(ends),
        read_sizes=_sizes([offset for offset, _ in arrivals]),
    )


def _sizes(ends: Iterable[int]) -> dict[int, int]:
    return dict(sorted(Counter(after - before for before, after in pairwise((0, *ends))).items()))


def _focus(replayed: Replayed) -> int | None:
    """The first step in which it goes wrong: by what came out, or by raising."""
    if replayed.steps is None:
        return None
    last = replayed.transcript.last_step
    different = (step for step in range(1, last + 1) if not replayed.steps.is_right(step))
    raised = replayed.transcript.raised
    return min(next(different, last), raised.step if raised else last)


def _steps(replayed: Replayed, boundaries: Boundaries, focus: int | None) -> Iterator[Step]:
    """Those round the focus, in order; the end of the stream is the last."""
    if focus is None:
        return
    ends = replayed.transcript.ends
    first = max(1, focus - _MOST_STEPS // 3)
    for number in range(first, min(first + _MOST_STEPS, len(ends) + 1)):
        start, end = ends[number - 2] if number > 1 else 0, ends[number - 1]
        cut = boundaries.at(end) if number < len(ends) else None
        yield Step(number, start, end, _words(replayed.plan.body[start:end]), cut, *_told(replayed, number))
    if ends:
        yield Step(len(ends) + 1, ends[-1], ends[-1], "", None, *_told(replayed, len(ends) + 1))


def _words(piece: bytes) -> str:
    """A piece as text; of a long one its beginning and its end, which is where cuts fall."""
    if len(piece) <= 2 * _AROUND:
        return safe_bytes(piece)
    return f"{safe_bytes(piece[:_AROUND])}…{len(piece) - 2 * _AROUND:,} bytes…{safe_bytes(piece[-_AROUND:])}"


def _told(replayed: Replayed, step: int) -> tuple[str, str, bool]:
    steps = replayed.steps
    if steps is None:
        return "", "", True
    return shorten(steps.out(step), _MOST_TEXT), shorten(steps.due(step), _MOST_TEXT), steps.is_right(step)


def _end(replayed: Replayed) -> str:
    transcript = replayed.transcript
    if transcript.raised is not None:
        raised = transcript.raised
        where = f" at {raised.where}" if raised.where else ""
        return f"raised in step {raised.step}{where}: {raised.type}: {shorten(raised.message, _MOST_TEXT)}"
    if transcript.asked:
        return "asked for more, and rests there"
    return "finished" if transcript.finished else transcript.stuck or transcript.died or ""


def _places(one: Wanted, ends: Sequence[int], focus: int | None) -> list[int]:
    """The offsets to look at: the cuts, if they are few; else the piece in which it shows, or where that is."""
    if 0 < len(one.found.cuts) <= _MOST_WINDOWS:
        return list(one.found.cuts)
    if focus and len(ends) > 1:
        return sorted({ends[max(min(focus, len(ends)) - 2, 0)], ends[min(focus, len(ends)) - 1]})
    return [one.found.finding.at]


def _windows(body: bytes, cuts: Sequence[int], boundaries: Boundaries, places: Sequence[int]) -> Iterator[Window]:
    spans: list[tuple[int, int]] = []
    for place in places:
        start, end = max(0, place - _AROUND), min(len(body), place + _AROUND)
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], end)
        elif start < end:
            spans.append((start, end))
    for start, end in spans[:_MOST_WINDOWS]:
        inside = tuple((cut, boundaries.at(cut)) for cut in cuts if start <= cut <= end)
        yield Window(start, body[start:end], inside)


def _thinned(values: Sequence[T]) -> list[T]:
    """At most _MOST_MARKS of them, the last one always there."""
    step = -(-len(values) // _MOST_MARKS) or 1
    return [value for index, value in enumerate(values) if index % step == 0 or index == len(values) - 1]
