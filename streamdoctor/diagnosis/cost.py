"""Does work grow faster than the input? An exponent fitted to times measured elsewhere. Pure.

Rule: nobody is called slow for one measurement. It takes an exponent over SLOW in each of three runs, while the
reference, measured beside it, stays under STEADY in the same run.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

SLOW = 1.5
STEADY = 1.2
RUNS = 3

_MEASURABLE = 0.001
"""Seconds: what takes less says nothing."""
_FEWEST = 3
HURTS = 1.0
"""Seconds of CPU time for one stream, from which on it is felt."""


class Point(NamedTuple):
    """The CPU seconds that `size` bytes took."""

    size: int
    seconds: float


class Run(NamedTuple):
    """One parser and the reference over the same sizes, measured in turn."""

    parser: Sequence[Point]
    reference: Sequence[Point]


def exponent(points: Sequence[Point]) -> float | None:
    """The slope of time over size, both as logarithms, by least squares; None where too few points can be measured."""
    seen = [(math.log(p.size), math.log(p.seconds)) for p in points if p.seconds >= _MEASURABLE]
    if len(seen) < _FEWEST:
        return None
    x, y = (sum(column) / len(seen) for column in zip(*seen, strict=True))
    slope: float = sum((a - x) * (b - y) for a, b in seen) / sum((a - x) ** 2 for a, _ in seen)
    return slope


def steep(run: Run) -> bool:
    """Does this run speak against the parser? The reference shows that neither the machine nor the size is to blame."""
    own, ours = exponent(run.parser), exponent(run.reference)
    return own is not None and own > SLOW and (ours is None or ours < STEADY)


def hurts_at(points: Sequence[Point]) -> int:
    """The size in bytes at which it takes HURTS seconds, by the fitted exponent."""
    last = points[-1]
    size: float = last.size * (HURTS / last.seconds) ** (1 / (exponent(points) or 1.0))
    return round(size)
