"""The cost oracle: one parser over streams of doubling size, in a watched child, with the reference beside it.

Shapes: one long event and many short ones, whole and in small pieces. Times are CPU times of the thread that runs the
parser, the least of two runs. A shape that is not steep in its first run is not measured again. Cost: a second or two
for a fast parser.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from streamdoctor.diagnosis.cost import RUNS, STEADY, Point, Run, exponent, hurts_at, steep
from streamdoctor.diagnosis.trial import Finding
from streamdoctor.faults.plans import Plan
from streamdoctor.parsers.reference import reference
from streamdoctor.parsers.shapes import Shape
from streamdoctor.rephrasings.probes import Probe, probe_for
from streamdoctor.replay import inprocess
from streamdoctor.suite.examine import Examiner, Options
from streamdoctor.suite.results import Found
from streamdoctor.suite.subjects import Subject
from streamdoctor.suite.workers import Beat, Emit, Limits, Message, run_child

SMALLEST = 1 << 15
DOUBLINGS = 4
ENOUGH = 2.0
"""Seconds after which a size is the last one."""

COSTING = -3
_TRIES = 2


class Load(NamedTuple):
    """A stream that can be made of any size, and the length of the pieces it comes in; None is one piece."""

    words: str
    rule: str
    body: Callable[[Probe, int], bytes]
    piece: int | None


def _many(probe: Probe, size: int) -> bytes:
    """The events of the probe, those in the middle again and again."""
    first, *middle, last = probe.events
    inner = b"".join(middle) or first
    return first + inner * max(1, (size - len(first) - len(last)) // len(inner)) + last


def _one(probe: Probe, size: int) -> bytes:
    """One event with about `size` bytes of text in it, then the last of the probe."""
    for event in probe.events:
        grown = _grown(event, size)
        if grown is not None:
            return grown + probe.events[-1]
    return b""


def _grown(event: bytes, size: int) -> bytes | None:
    """`event` with a long text instead of `Hello`; None where there is none."""
    return event.replace(b"Hello", b"Hello" + b" all work and no play" * (size // 21), 1) if b"Hello" in event else None


LOADS = (
    Load("one event, whole", "SD320", _one, None),
    Load("one event in pieces of 64 bytes", "SD320", _one, 64),
    Load("many events, whole", "SD321", _many, None),
    Load("many events in pieces of 64 bytes", "SD321", _many, 64),
)


class Cost(NamedTuple):
    """What is found against a parser, and `words` for what was measured."""

    found: list[Found]
    words: str


def cost_of(ref: str, subject: Subject, options: Options, limits: Limits) -> Cost:
    """Of the parser `ref` in the dialect of `subject`."""
    probe = probe_for(subject.dialect)
    if probe is None or subject.reading.provider.framing not in ("sse", "ndjson"):
        return Cost([], f"not measured: streams of {subject.dialect} cannot be made of any size here")
    told: list[Message] = []
    ending = run_child(_job(ref, subject, probe, options), told.append, limits.times(4 * RUNS))
    found = [_found(ref, subject, message) for message in told if message["t"] == "slow"]
    unmeasured = f"; not all could be measured: {ending.detail}" if ending.how != "done" else ""
    return Cost(found, _words([message for message in told if message["t"] == "measured"]) + unmeasured)


def _words(measured: Sequence[Message]) -> str:
    """Of each load the run in which time grew least."""
    fast = [LOADS[message["load"]].words for message in measured if message["exponent"] is None]
    told = []
    for message in measured:
        if message["exponent"] is not None:
            ours = message["reference"] or 0.0
            also = f", as the reference's with {ours:.1f}" if ours >= STEADY else ""
            told.append(f"{message['exponent']:.1f} ({LOADS[message['load']].words}{also})")
    most = max((message["size"] for message in measured), default=0)
    untold = f"too fast to tell: {', '.join(fast)}; " if fast else ""
    grows = f"time grows with the size to the power of {', '.join(told)}; " if told else ""
    return f"{grows}{untold}up to {most:,} bytes"


def _job(ref: str, subject: Subject, probe: Probe, options: Options) -> Callable[[Emit, Beat], None]:
    def job(emit: Emit, beat: Beat) -> None:
        beat(0, COSTING)
        shape = Examiner(ref, options).shape(subject)
        ours = reference(subject.reading.provider.framing)
        for load in LOADS:
            runs = list(_runs(shape, ours, probe, load, lambda: beat(0, COSTING)))
            emit({"t": "measured", "load": LOADS.index(load), **_least(runs)})
            if len(runs) == RUNS and all(map(steep, runs)):
                points = [list(map(list, run.parser)) for run in runs]
                emit({"t": "slow", "load": LOADS.index(load), "points": points})

    return job


def _least(runs: Sequence[Run]) -> dict[str, object]:
    """The run whose time grew least."""
    run = min(runs, key=lambda run: exponent(run.parser) or 0.0)
    return {
        "exponent": exponent(run.parser),
        "reference": exponent(run.reference),
        "size": run.parser[-1].size,
    }


def _runs(shape: Shape, ours: Shape, probe: Probe, load: Load, going: Callable[[], None]) -> Iterator[Run]:
    """At most three; none after one that is not steep."""
    for _ in range(RUNS):
        run = Run([], [])
        for doubling in range(DOUBLINGS + 1):
            body = load.body(probe, SMALLEST << doubling)
            cuts = tuple(range(load.piece, len(body), load.piece)) if load.piece else ()
            going()
            run.parser.append(Point(len(body), _seconds(shape, body, cuts)))  # type: ignore[attr-defined]
            going()
            run.reference.append(Point(len(body), _seconds(ours, body, cuts)))  # type: ignore[attr-defined]
            if run.parser[-1].seconds > ENOUGH:
                break
        yield run
        if not steep(run):
            return


def _seconds(shape: Shape, body: bytes, cuts: tuple[int, ...]) -> float:
    """The least CPU time of some runs: what else the machine does can only add to it."""
    times = []
    for _ in range(_TRIES):
        before = time.thread_time()
        inprocess.run(shape, Plan(None, body), cuts)
        times.append(time.thread_time() - before)
        if times[-1] > ENOUGH / 2:
            break
    return min(times)


def _found(ref: str, subject: Subject, message: Message) -> Found:
    load = LOADS[message["load"]]
    runs = [[Point(*point) for point in points] for points in message["points"]]
    worst = min(exponents(runs))
    last = runs[-1][-1]
    size = f"{hurts_at(runs[-1]):,}"
    what = [subject.reading.provider.name, ref, "cost", load.words]
    finding = Finding(
        load.rule,
        "cost",
        0,
        "time that grows with the size",
        f"time that grows with its {worst:.1f}th power",
        f"{load.words}: {last.size:,} bytes take {last.seconds:.2f} s, and a second from {size} bytes on",
    )
    return Found(
        finding=finding,
        case=hashlib.sha256(json.dumps(what).encode()).hexdigest()[:8],
        rephrase="as-is",
        split="cost",
        cuts=(),
        fault=None,
        count=RUNS,
        reproduce="",
    )


def exponents(runs: Sequence[Sequence[Point]]) -> list[float]:
    """Those that could be fitted."""
    return [found for found in map(exponent, runs) if found is not None]
