"""Every single cut of a long body in near linear time, for parsers whose state can be put by and taken up again.

A cut in an event is run from the state before the event ahead of it to the end of the one behind it: two pieces, each
of which holds a whole event beside its part of the cut one. Where the state and the output are then those of the run
event by event, which is as right as the uncut one, nothing after it can differ. Every other cut, one of each boundary
class and a seeded sample are run from scratch; if one of those is wrong where this said right, all are. Taken on trust
is that more whole events in a piece change nothing. Cost: some 20 microseconds a cut, and the length of three events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from random import Random
from typing import Any, NamedTuple

from streamdoctor.parsers.items import Item, freeze
from streamdoctor.parsers.shapes import Shape
from streamdoctor.replay.inprocess import is_done
from streamdoctor.splits.boundaries import CLASSES, Boundaries
from streamdoctor.splits.strategies import Cuts
from streamdoctor.stream.reading import Reading
from streamdoctor.suite.reach import Refused
from streamdoctor.suite.snapshot import Key
from streamdoctor.suite.states import ALL_CONDITIONS, States

SAMPLE = 50
WORTH = 2_000
"""Bytes from which on it is worth it."""
_BEAT = 500


class _Leg(NamedTuple):
    """From one event's end to the next: the state before, after, and what came out between."""

    start: int
    end: int
    before: Key
    after: Key
    out: tuple[Item, ...]


@dataclass(frozen=True)
class Resumed:
    """`right` are the cuts that need no run; `why` says why there are none."""

    right: frozenset[int]
    why: str | None = None

    @property
    def words(self) -> str:
        if self.why is not None:
            return f"every cut was run from scratch: {self.why}"
        return f"{len(self.right):,} single cuts were resumed from the ends of events, the rest run from scratch"


def resume(
    shape: Shape,
    reading: Reading,
    boundaries: Boundaries,
    wrong: Callable[[Cuts], bool],
    going: Callable[[], None],
    seed: int = 0,
) -> Resumed:
    """Which cuts of the body are as right as no cut at all; the parser has to be right uncut.

    `wrong` runs cuts from scratch and says whether anything is found; `going` is called now and then.
    """
    if shape.kind != "feed":
        return Resumed(frozenset(), "only an object with feed(bytes) has a state that can be put by")
    if len(reading.body) < WORTH:
        return Resumed(frozenset(), "the body is short")
    if wrong(tuple(event.end for event in reading.events if event.end < len(reading.body))):
        return Resumed(frozenset(), "event by event it is wrong")
    try:
        right = _walk(States(shape.make, ALL_CONDITIONS), reading, going)
    except Refused as refused:
        return Resumed(frozenset(), str(refused))
    except Exception as error:
        return Resumed(frozenset(), f"it raised {type(error).__name__} event by event")
    for cut in _looked_at(len(reading.body), boundaries, seed):
        if cut in right and wrong((cut,)):
            return Resumed(frozenset(), f"a cut at {cut:,} is wrong though its state rejoins: states do not tell all")
    return Resumed(frozenset(right))


def _looked_at(size: int, boundaries: Boundaries, seed: int) -> list[int]:
    """One place of each class, and a sample."""
    places = [offsets[len(offsets) // 2] for offsets in map(boundaries.offsets, CLASSES) if offsets]
    return sorted({*places, *Random(seed).sample(range(1, size), min(SAMPLE, size - 1))})


def _walk(states: States, reading: Reading, going: Callable[[], None]) -> set[int]:
    legs = list(_legs(states, reading))
    right: set[int] = set()
    for number, leg in enumerate(legs):
        if number % _BEAT == 0:
            going()
        span = legs[max(number - 1, 0) : number + 2]
        for cut in range(leg.start + 1, leg.end + 1):
            if cut % _BEAT == 0:
                going()
            if cut < len(reading.body) and _rejoins(states, reading.body, span, cut):
                right.add(cut)
    states.check_world()
    return right


def _legs(states: States, reading: Reading) -> Iterator[_Leg]:
    """The run event by event; all of it is one leg where there are no events."""
    edges = dict.fromkeys(chain((event.end for event in reading.events), (len(reading.body),)))
    parser, key, start = states.thaw(states.first), states.first, 0
    for end in edges:
        out = _items(parser.feed(reading.body[start:end]))
        after = states.freeze(parser)
        yield _Leg(start, end, key, after, out)
        if is_done(parser):
            return  # nothing is handed to it any more
        key, start = after, end


def _rejoins(states: States, body: bytes, span: Sequence[_Leg], cut: int) -> bool:
    """Does all that ends by the cut come out at it, and the rest at the end of the span, in the state known there?"""
    parser = states.thaw(span[0].before)
    ahead, behind = [tuple(chain(*(leg.out for leg in span if (leg.end <= cut) == first))) for first in (True, False)]
    if _items(parser.feed(body[span[0].start : cut])) != ahead or is_done(parser):
        return False
    return _items(parser.feed(body[cut : span[-1].end])) == behind and states.freeze(parser) == span[-1].after


def _items(result: Any) -> tuple[Item, ...]:
    if result is None:
        return ()
    if not isinstance(result, Sequence) or isinstance(result, str | bytes):
        raise Refused("what feed returns is no list, and may be more than it was")
    return tuple(map(freeze, result))
