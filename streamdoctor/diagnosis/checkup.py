"""The check-up of one capture, no parser needed: what it is, how it ended, the numbers, and what is wrong. Pure.

Times are integer nanoseconds since the first request byte; gaps are between reads that brought body bytes.
Cost: linear in the bytes of the capture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from streamdoctor.capture.model import RECEIVED, SENT, Capture
from streamdoctor.diagnosis.symptoms.evidence import Symptom
from streamdoctor.diagnosis.symptoms.find import find_symptoms
from streamdoctor.diagnosis.symptoms.pace import STALL_NS
from streamdoctor.splits.boundaries import Boundaries
from streamdoctor.stream.layers import Layers
from streamdoctor.stream.providers import Assembled, assemble


@dataclass(frozen=True)
class Timing:
    """Nanoseconds, None where there is nothing to measure; `first_text` is when the first visible text was whole,
    `stalls` the time spent in gaps of over 5 s."""

    first_byte: int | None
    first_event: int | None
    first_text: int | None
    p50_gap: int | None
    p95_gap: int | None
    max_gap: int | None
    duration: int
    stalls: int


@dataclass(frozen=True)
class Rates:
    """How fast the decoded body came, from its first byte to its last; None where that took no time."""

    bytes_per_second: float | None
    events_per_second: float | None


@dataclass(frozen=True)
class Checkup:
    """`boundaries` counts what the recorded reads cut, `uncut` the places of the classes that they never did; empty
    where the capture does not keep reads."""

    capture: Capture
    layers: Layers
    assembled: Assembled
    complete: bool | None
    ended_by: str | None
    timing: Timing
    rates: Rates
    boundaries: dict[str, int]
    uncut: dict[str, int]
    findings: tuple[Symptom, ...]

    @property
    def text(self) -> str:
        """The text of the first choice."""
        return self.assembled.texts.get(0, "")


def check_up(capture: Capture, layers: Layers) -> Checkup:
    reading = layers.reading
    meanings = reading.meanings if reading else ()
    boundaries, uncut = _boundaries(capture, layers)
    return Checkup(
        capture=capture,
        layers=layers,
        assembled=assemble(meanings),
        complete=reading.complete if reading else None,
        ended_by=reading.ended_by if reading else None,
        timing=_timing(capture, layers),
        rates=_rates(capture, layers),
        boundaries=boundaries,
        uncut=uncut,
        findings=find_symptoms(capture, layers),
    )


def _timing(capture: Capture, layers: Layers) -> Timing:
    reads = capture.reads(RECEIVED)
    timed = _timed(capture)
    times = [ns for _, ns in layers.arrivals] if timed else []
    gaps = sorted(after - before for before, after in pairwise(times))
    first = layers.reading.events[:1] if layers.reading else ()
    last = max((read.ns for read in (*reads, *capture.reads(SENT))), default=0)
    return Timing(
        first_byte=layers.first_byte if timed else None,
        first_event=layers.time_of(first[0].end) if first and timed else None,
        first_text=_first_text(layers) if timed else None,
        p50_gap=percentile(gaps, 50),
        p95_gap=percentile(gaps, 95),
        max_gap=gaps[-1] if gaps else None,
        duration=capture.end.ns if capture.end else last,
        stalls=sum(gap for gap in gaps if gap > STALL_NS),
    )


def _timed(capture: Capture) -> bool:
    return capture.header.fidelity in ("read", "chunk", "event")


def _first_text(layers: Layers) -> int | None:
    reading = layers.reading
    if reading is None:
        return None
    texts = (event.end for event, meaning in zip(reading.events, reading.meanings, strict=True) if meaning.text)
    end = next(texts, None)
    return None if end is None else layers.time_of(end)


def _rates(capture: Capture, layers: Layers) -> Rates:
    """What came after the first read, over the time that it took to come."""
    arrivals = layers.arrivals
    span = arrivals[-1][1] - arrivals[0][1] if arrivals and _timed(capture) else 0
    if span <= 0:
        return Rates(None, None)
    start = arrivals[0][0]
    reading = layers.reading
    rate = (len(layers.decoded) - start) * 1e9 / span
    if reading is None or len(reading.body) < len(layers.decoded):
        return Rates(rate, None)
    return Rates(rate, sum(event.end > start for event in reading.events) * 1e9 / span)


def percentile(ordered: Sequence[int], percent: int) -> int | None:
    """The nearest-rank percentile of an ascending sequence; None of an empty one."""
    if not ordered:
        return None
    return ordered[max(-(-len(ordered) * percent // 100) - 1, 0)]


def _boundaries(capture: Capture, layers: Layers) -> tuple[dict[str, int], dict[str, int]]:
    """What the reads cut, and what there is that none did; nothing where reads are not known, or there is one only."""
    if capture.header.fidelity != "read" or layers.reading is None:
        return {}, {}
    reading = layers.reading
    cuts = [cut for cut in layers.cuts if cut < len(reading.body)]
    if not cuts:
        return {}, {}
    boundaries = Boundaries(reading.body, reading.provider.framing, reading.events)
    cut = boundaries.count(cuts)
    return cut, {name: count for name, count in boundaries.present().items() if name not in cut}
