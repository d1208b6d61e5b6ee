"""A smaller body that still fails: whole events go first, then lines, then what stands inside JSON strings, then bytes.

Contract of a shrinker: a candidate is kept if it is smaller and `keep` says that it still fails; so it ends, and gives
the same for the same input. To add one: write a function from a body to the spans that may go, and enter it in LEVELS.
Cost: `most` calls of `keep` at the most; the search then stops with the best so far.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from streamdoctor.splits.strategies import Cuts
from streamdoctor.stream.event import Event

Span = tuple[int, int]

_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r|\Z)")
_STRING = re.compile(rb'"((?:[^"\\\r\n]|\\.)*)"(\s*:)?')
_CHAR = re.compile(rb"\\u[0-9a-fA-F]{4}|\\.|[\x00-\x7f]|[\xc0-\xff][\x80-\xbf]*")


class Small(NamedTuple):
    """A body, where it is cut, and the offset of its fault, None for none."""

    body: bytes
    cuts: Cuts
    at: int | None = None

    def without(self, spans: Sequence[Span]) -> Small:
        """Itself less these spans, which ascend and do not overlap; offsets move along, inner ones to the border."""
        body = bytearray(self.body)
        for start, end in reversed(spans):
            del body[start:end]
        cuts = sorted({_moved(cut, spans) for cut in self.cuts})
        at = None if self.at is None else _moved(self.at, spans)
        return Small(bytes(body), tuple(cut for cut in cuts if 0 < cut < len(body)), at)


def _moved(offset: int, spans: Sequence[Span]) -> int:
    return offset - sum(min(end, offset) - start for start, end in spans if start < offset)


def events(body: bytes, read: Sequence[Event]) -> list[Span]:
    """Each event with what stands in front of it: comments, blank lines."""
    borders = [0, *(event.end for event in read), len(body)]
    return [(a, b) for a, b in pairwise(borders) if b > a]


def lines(body: bytes, read: Sequence[Event]) -> list[Span]:
    return [match.span() for match in _LINE.finditer(body) if match.end() > match.start()]


def in_strings(body: bytes, read: Sequence[Event]) -> list[Span]:
    """The characters and escapes inside JSON strings that are values: what can go without breaking the JSON."""
    inner = [match.span(1) for match in _STRING.finditer(body) if match[2] is None]
    return [char.span() for start, end in inner for char in _CHAR.finditer(body, start, end)]


def members(body: bytes, read: Sequence[Event]) -> list[Span]:
    """Members of JSON objects whose value is a string, a number or a word, with the comma beside them."""
    found = re.finditer(
        rb',"[^"\\]*":(?:"(?:[^"\\]|\\.)*"|[-\w.]+)|(?<=\{)"[^"\\]*":(?:"(?:[^"\\]|\\.)*"|[-\w.]+),', body
    )
    return [match.span() for match in found]


def single_bytes(body: bytes, read: Sequence[Event]) -> list[Span]:
    return [(i, i + 1) for i in range(len(body))]


Level = Callable[[bytes, Sequence[Event]], list[Span]]
SAFE: tuple[Level, ...] = (events, lines, in_strings)
"""What keeps JSON whole and its members present."""
ALL: tuple[Level, ...] = (events, lines, members, in_strings, single_bytes)


def shrink(
    small: Small,
    keep: Callable[[Small], bool],
    read: Callable[[bytes], Sequence[Event]],
    levels: Sequence[Level] = ALL,
    most: int = 500,
) -> Small:
    """The smallest that was found: from it no single span of any level, and no cut, can go (unless `most` ran out)."""
    left = iter(range(most))

    def still(candidate: Small) -> bool:
        return next(left, None) is not None and keep(candidate)

    while True:
        before = small
        for level in levels:
            small = _thin(small, still, level(small.body, read(small.body)))
        small = _fewer_cuts(small, still)
        if small == before:
            return small


def _thin(small: Small, keep: Callable[[Small], bool], spans: Sequence[Span]) -> Small:
    """Takes runs of spans away, long runs first, from the end to the start, so that earlier offsets stay."""
    size = len(spans)
    while size:
        for start, end in _runs(len(spans), size):
            candidate = small.without(spans[start:end])
            if candidate.body and keep(candidate):
                small = candidate
                spans = [*spans[:start], *_shifted(spans[start:end], spans[end:])]
        size = min(size, len(spans)) // 2
    return small


def _runs(count: int, size: int) -> Iterator[tuple[int, int]]:
    for start in range((count - 1) // size * size, -1, -size):
        yield start, min(start + size, count)


def _shifted(gone: Sequence[Span], later: Sequence[Span]) -> list[Span]:
    by = sum(end - start for start, end in gone)
    return [(start - by, end - by) for start, end in later]


def _fewer_cuts(small: Small, keep: Callable[[Small], bool]) -> Small:
    for cut in reversed(small.cuts):
        candidate = small._replace(cuts=tuple(other for other in small.cuts if other != cut))
        if keep(candidate):
            small = candidate
    return small
