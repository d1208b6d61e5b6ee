"""Everything the inspect screen shows, as data: the body, where it is cut, what was due and what came out. Pure.

Rule: nothing here is as long as the body has bytes but the body itself; rows are worked out when they are looked at.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cached_property
from itertools import accumulate, chain, repeat
from operator import add, floordiv, sub
from typing import Any, NamedTuple

from streamdoctor.splits.boundaries import Boundaries
from streamdoctor.splits.strategies import Cuts
from streamdoctor.stream.event import Event
from streamdoctor.stream.reading import Reading

_MOST_SEEN = 200
_MOST_ALIGNED = 3000
"""Units of each side that are aligned; beyond, they stand side by side."""


class Due(NamedTuple):
    """What the reference hands out in a step, once the body bytes before `offset` are in."""

    step: int
    offset: int
    text: str


class Got(NamedTuple):
    """What the parser handed out in a step."""

    step: int
    text: str


class Pair(NamedTuple):
    """A line of the alignment: either side may be missing."""

    due: Due | None
    got: Got | None

    @property
    def same(self) -> bool:
        return self.due is not None and self.got is not None and self.due.text == self.got.text

    @property
    def step(self) -> int:
        found = self.got or self.due
        return found.step if found is not None else 0


@dataclass(frozen=True)
class Told:
    """What a replay gave (see `replaying`): nothing where only the bytes are looked at."""

    due: tuple[Due, ...] = ()
    got: tuple[Got, ...] = ()
    findings: tuple[Mapping[str, Any], ...] = ()
    level: str | None = None
    role: str | None = None
    why: str | None = None
    end: str = ""

    @staticmethod
    def of(answer: Mapping[str, Any]) -> Told:
        due = tuple(Due(*one) for one in answer["due"])
        got = tuple(Got(*one) for one in answer["got"])
        findings = tuple(answer["findings"])
        return Told(due, got, findings, answer["level"], answer["role"], answer["why"], answer["end"])

    @property
    def verdict(self) -> str:
        kinds = {finding["kind"] for finding in self.findings}
        if self.why is not None:
            return "skipped"
        if kinds & {"hung"}:
            return "hung"
        return "fail" if kinds - {"non-strict"} else "non-strict" if kinds else "pass"


@dataclass(frozen=True)
class Trace:
    """`arrivals` are (decoded bytes so far, nanoseconds) as recorded; empty where that is not known."""

    reading: Reading
    cuts: Cuts
    boundaries: Boundaries
    arrivals: tuple[tuple[int, int], ...] = ()
    told: Told = field(default_factory=Told)

    @property
    def body(self) -> bytes:
        return self.reading.body

    @cached_property
    def ends(self) -> list[int]:
        """The offset up to which each step hands over; the last is the body's end."""
        return [*self.cuts, len(self.body)] if self.body else []

    @property
    def steps(self) -> int:
        """The pieces, and the end as a step of its own."""
        return len(self.ends) + 1

    def span(self, step: int) -> tuple[int, int]:
        """The bytes of a step; none at the end."""
        if not 1 <= step <= len(self.ends):
            return len(self.body), len(self.body)
        return (self.ends[step - 2] if step > 1 else 0), self.ends[step - 1]

    def step_at(self, offset: int) -> int:
        """The step that hands over the byte at `offset`."""
        return bisect_right(self.ends, offset) + 1

    def boundary(self, cut: int) -> str:
        return self.boundaries.at(cut) if 0 < cut < len(self.body) else "the stream ends"

    def time_of(self, offset: int) -> int:
        """When the byte before `offset` was there, in nanoseconds, as recorded; 0 where that is not known."""
        index = bisect_left(self.arrivals, (offset, -1))
        return self.arrivals[min(index, len(self.arrivals) - 1)][1] if self.arrivals else 0

    @property
    def until(self) -> int:
        """The time of the last byte."""
        return self.arrivals[-1][1] if self.arrivals else 0

    def step_at_time(self, ns: int) -> int:
        """The last step whose bytes were all there by then."""
        index = bisect_right(self.arrivals, ns, key=lambda arrival: arrival[1])
        offset = self.arrivals[index - 1][0] if index else 0
        return max(bisect_right(self.ends, offset), 1)

    @cached_property
    def pairs(self) -> list[Pair]:
        return aligned(self.told.due, self.told.got)

    @cached_property
    def first_difference(self) -> int | None:
        """The first line of the alignment in which the two sides differ."""
        return next((i for i, pair in enumerate(self.pairs) if not pair.same), None)

    def event_after(self, offset: int) -> int | None:
        """Where the first event ends that is not whole at `offset`."""
        events = self.reading.events
        after = bisect_right(events, offset, key=lambda event: event.end)
        return events[after].end if after < len(events) else None

    def event_before(self, offset: int) -> int | None:
        """Where the last event begins that begins before `offset`."""
        events = self.reading.events
        before = bisect_left(events, offset, key=lambda event: event.start)
        return events[before - 1].start if before else None

    @property
    def replayed(self) -> bool:
        """Did a parser run? Where none did, the events stand in the place of what was due."""
        return self.told != Told()

    @property
    def lines(self) -> int:
        """How many there are beside the bytes."""
        return len(self.pairs) if self.replayed else len(self.reading.events)

    def line(self, index: int) -> Pair:
        if self.replayed:
            return self.pairs[index]
        event = self.reading.events[index]
        return Pair(Due(bisect_left(self.ends, event.end) + 1, event.end, _event_text(event)), None)

    def due_in(self, step: int) -> list[str]:
        """What is due in a step; of events, where no parser ran, not more than can be seen."""
        if self.replayed:
            return _in_step(self.told.due, step)
        events = self.reading.events
        first, last = (bisect_right(events, at, key=lambda event: event.end) for at in self.span(step))
        return [_event_text(event) for event in events[first : min(last, first + _MOST_SEEN)]]

    def got_in(self, step: int) -> list[str]:
        """What came out in a step."""
        return _in_step(self.told.got, step)


def _event_text(event: Event) -> str:
    return event.data if event.type == "message" else f"[{event.type}] {event.data}"


def _in_step(told: Sequence[Due | Got], step: int) -> list[str]:
    first, last = (bisect(told, step, key=lambda one: one.step) for bisect in (bisect_left, bisect_right))
    return [one.text for one in told[first:last]]


def aligned(due: Sequence[Due], got: Sequence[Got]) -> list[Pair]:
    """The two sides, line by line: what is equal stands side by side."""
    texts = [one.text for one in due[:_MOST_ALIGNED]], [one.text for one in got[:_MOST_ALIGNED]]
    matcher = SequenceMatcher(None, *texts, autojunk=False)
    pairs: list[Pair] = []
    for _, a, b, c, d in matcher.get_opcodes():
        pairs += _side_by_side(due[a:b], got[c:d])
    return pairs + _side_by_side(due[_MOST_ALIGNED:], got[_MOST_ALIGNED:])


def _side_by_side(due: Sequence[Due], got: Sequence[Got]) -> list[Pair]:
    size = max(len(due), len(got))
    return [Pair(due[i] if i < len(due) else None, got[i] if i < len(got) else None) for i in range(size)]


class Row(NamedTuple):
    """A line of the bytes: the bytes of one piece from `start` to `end`, or, where `cut`, the line of the cut there."""

    start: int
    end: int
    cut: bool = False


class Wrapped:
    """A body in rows of at most `width` bytes, broken at each cut. Memory: one number a piece."""

    def __init__(self, ends: Sequence[int], width: int) -> None:
        self.width = width
        self._ends = ends
        sizes = map(sub, ends, chain((0,), ends))
        heights = map(floordiv, map(add, sizes, repeat(2 * width - 1)), repeat(width))
        self._before: list[int] = [0, *accumulate(heights)]
        """How many rows stand before each piece, which is never empty; a cut is a row."""

    def __len__(self) -> int:
        return self._before[-1]

    def row(self, index: int) -> Row:
        piece = bisect_right(self._before, index) - 1
        start, end = (self._ends[piece - 1] if piece else 0), self._ends[piece]
        at = start + (index - self._before[piece]) * self.width
        if index == self._before[piece + 1] - 1:
            return Row(end, end, True)
        return Row(at, min(at + self.width, end))

    def index_of(self, offset: int) -> int:
        """The row of the byte at `offset`."""
        piece = min(bisect_right(self._ends, offset), len(self._ends) - 1)
        if piece < 0:
            return 0
        start = self._ends[piece - 1] if piece else 0
        row = self._before[piece] + (offset - start) // self.width
        return min(row, self._before[piece + 1] - 1)


def with_cut(cuts: Cuts, offset: int, size: int) -> Cuts:
    """`cuts` with one more at `offset`, or without the one that is there."""
    if not 0 < offset < size:
        return cuts
    return tuple(sorted(set(cuts) ^ {offset}))


def moved_cut(cuts: Cuts, near: int, by: int, size: int) -> tuple[Cuts, int]:
    """The cut nearest to `near` moved by `by` bytes, and where it is then; as they were where it cannot."""
    if not cuts:
        return cuts, near
    cut = min(cuts, key=lambda one: (abs(one - near), one))
    to = cut + by
    if not 0 < to < size or to in cuts:
        return cuts, cut
    return tuple(sorted((set(cuts) - {cut}) | {to})), to
