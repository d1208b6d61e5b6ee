"""Are two captures of the same stream? Layer by layer: what is the same, what differs, and where first. Pure.

The clock never makes two captures different, nor do headers that name the moment or the way (Host, Date, ...): they
are told, and do not count.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from streamdoctor.capture.model import RECEIVED, Capture, Read
from streamdoctor.stream.http1_head import Headers
from streamdoctor.stream.layers import Layers

_UNCOUNTED = frozenset({"host", "date", "age", "via", "connection", "keep-alive", "x-request-id", "cf-ray"})
"""Headers of the moment or the way."""
_SHOWN = 3


class Aspect(NamedTuple):
    """One thing looked at. `counts`: would a difference make them two streams? `detail` says what differs, or what is
    the same."""

    name: str
    same: bool
    counts: bool
    detail: str


class Side(NamedTuple):
    """A capture and what its bytes are."""

    capture: Capture
    layers: Layers


def aspects(a: Side, b: Side) -> list[Aspect]:
    """Every aspect, from the request to the end."""
    return [
        _request(a, b),
        _request_body(a, b),
        _status(a, b),
        _headers(a, b),
        _bytes("wire bytes", a.capture.data(RECEIVED), b.capture.data(RECEIVED), counts=False),
        _bytes("body", a.layers.decoded, b.layers.decoded, counts=True),
        _reads(a, b),
        _times(a, b),
        _events(a, b),
        _text(a, b),
        _complete(a, b),
        _ending(a, b),
    ]


def alike(found: Sequence[Aspect]) -> bool:
    """The same but for the clock?"""
    return all(aspect.same for aspect in found if aspect.counts)


def _of(name: str, a: object, b: object, *, counts: bool = True) -> Aspect:
    return Aspect(name, a == b, counts, str(a) if a == b else f"{a} | {b}")


def _request(a: Side, b: Side) -> Aspect:
    lines = [f"{s.layers.request.method} {s.layers.request.target}" if s.layers.request else "none" for s in (a, b)]
    return _of("request", *lines)


def _request_body(a: Side, b: Side) -> Aspect:
    return _bytes("request body", a.layers.request_body, b.layers.request_body, counts=True)


def _status(a: Side, b: Side) -> Aspect:
    return _of("status", *(s.layers.response.status if s.layers.response else "no response" for s in (a, b)))


def _headers(a: Side, b: Side) -> Aspect:
    left, right = (_named(s.layers.response.headers if s.layers.response else ()) for s in (a, b))
    names = sorted({name for name in left.keys() | right.keys() if left.get(name) != right.get(name)})
    if not names:
        return Aspect("response headers", True, True, f"{len(left)} headers")
    told = "; ".join(f"{name}: {left.get(name, 'none')} | {right.get(name, 'none')}" for name in names[:_SHOWN])
    more = f"; {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return Aspect("response headers", False, not _UNCOUNTED.issuperset(names), told + more)


def _named(headers: Headers | tuple[()]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _bytes(name: str, a: bytes, b: bytes, *, counts: bool) -> Aspect:
    if a == b:
        return Aspect(name, True, counts, f"{len(a):,} bytes")
    at = _first(a, b)
    return Aspect(name, False, counts, f"{len(a):,} | {len(b):,} bytes, the first difference at byte {at:,}")


def _first(a: Sequence[object], b: Sequence[object]) -> int:
    """Where they differ first: by halving, since slices compare faster than items."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if a[low:middle] == b[low:middle] else (low, middle - 1)
    return low


def _reads(a: Side, b: Side) -> Aspect:
    """Where the recorded reads cut what was received."""
    left, right = (_borders(s.capture.reads(RECEIVED)) for s in (a, b))
    counts = all(s.capture.header.fidelity == "read" for s in (a, b))
    if left == right:
        return Aspect("reads", True, counts, f"{len(left):,} reads")
    at = _first(left, right)
    place = f"read {at + 1} ends at byte " + " | ".join(
        f"{ends[at]:,}" if at < len(ends) else "-" for ends in (left, right)
    )
    return Aspect("reads", False, counts, f"{len(left):,} | {len(right):,} reads; {place}")


def _borders(reads: Sequence[Read]) -> list[int]:
    return list(accumulate(len(read.data) for read in reads))


def _times(a: Side, b: Side) -> Aspect:
    """How far the clocks are apart, read by read, counted from the first."""
    pairs = list(zip(_since_first(a), _since_first(b), strict=False))
    apart = sorted(abs(left - right) for left, right in pairs)
    if not apart:
        return Aspect("times", True, False, "no reads")
    p95 = apart[min(len(apart) * 95 // 100, len(apart) - 1)]
    return Aspect("times", apart[-1] == 0, False, f"apart by p95 {p95 / 1e6:.1f} ms, at most {apart[-1] / 1e6:.1f} ms")


def _since_first(side: Side) -> list[int]:
    reads = side.capture.reads(RECEIVED)
    return [read.ns - reads[0].ns for read in reads]


def _events(a: Side, b: Side) -> Aspect:
    left, right = (
        [(e.type, e.data, e.id) for e in s.layers.reading.events] if s.layers.reading else [] for s in (a, b)
    )
    if left == right:
        return Aspect("events", True, True, f"{len(left):,} events")
    return Aspect(
        "events", False, True, f"{len(left):,} | {len(right):,} events, event {_first(left, right) + 1} differs first"
    )


def _text(a: Side, b: Side) -> Aspect:
    left, right = ("".join(_words(s)) for s in (a, b))
    if left == right:
        return Aspect("text", True, True, f"{len(left):,} characters")
    at = _first(left, right)
    return Aspect(
        "text", False, True, f"{len(left):,} | {len(right):,} characters, the first difference at character {at:,}"
    )


def _words(side: Side) -> Iterator[str]:
    for meaning in side.layers.reading.meanings if side.layers.reading else ():
        yield from (delta.text for delta in meaning.text)


def _complete(a: Side, b: Side) -> Aspect:
    words = {True: "complete", False: "not complete", None: "no telling"}
    return _of("completeness", *(words[s.layers.reading.complete if s.layers.reading else None] for s in (a, b)))


def _ending(a: Side, b: Side) -> Aspect:
    return _of("ending", *(_how(s.capture) for s in (a, b)))


def _how(capture: Capture) -> str:
    side = f" by the {capture.end.side}" if capture.end and capture.end.side else ""
    framing = f" ({capture.end.framing})" if capture.end and capture.end.framing else ""
    return f"{capture.cause}{framing}{side}"
