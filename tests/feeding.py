"""Feeding a decoder in every way that the network could: whole, byte by byte, at every cut, with more behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hypothesis import strategies as st

from streamdoctor.stream.event import Decoder, Event, Problem

Make = Callable[[], Decoder]


@dataclass(frozen=True)
class Fed:
    """What a decoder gave: `due[i]` is the number of bytes handed over when event i came, None if at the close."""

    events: list[Event]
    due: list[int | None]
    problems: list[Problem]
    pending: Event | None


def feed(make: Make, pieces: Iterable[bytes]) -> Fed:
    decoder = make()
    events: list[Event] = []
    due: list[int | None] = []
    given = 0
    for piece in pieces:
        given += len(piece)
        new = decoder.feed(piece)
        events += new
        due += [given] * len(new)
    pending = decoder.pending
    closing = decoder.close()
    return Fed(events + closing, [*due, *(None for _ in closing)], list(decoder.problems), pending)


def whole(make: Make, body: bytes) -> Fed:
    return feed(make, [body])


def bytewise(make: Make, body: bytes) -> Fed:
    return feed(make, (body[at : at + 1] for at in range(len(body))))


def with_trailing(make: Make, body: bytes, trailing: bytes) -> Fed:
    """The events of `body` alone, though `trailing` came in the same piece."""
    fed = whole(make, body + trailing)
    events = [event for event in fed.events if event.end <= len(body)]
    return Fed(events, fed.due[: len(events)], fed.problems, fed.pending)


def check_all_ways(make: Make, body: bytes, *, cuts: Iterable[int] | None = None) -> Fed:
    """Whatever the cuts (all, if none are named): the same events, problems and pending; and byte by byte each event
    comes with its last byte. Returns what the whole body gave."""
    expected = whole(make, body)
    slowly = bytewise(make, body)
    at = range(1, len(body)) if cuts is None else cuts
    for fed in (slowly, *(feed(make, [body[:cut], body[cut:]]) for cut in at)):
        check_same(fed, expected, body)
    for event, due in zip(slowly.events, slowly.due, strict=True):
        assert due in (None, event.end)
    return expected


def check_same(one: Fed, other: Fed, body: bytes) -> None:
    """Two ways of cutting gave the same."""
    assert _settled(one, body) == _settled(other, body)


def _settled(fed: Fed, body: bytes) -> tuple[list[Event], list[Problem], Event | None]:
    """With the LF of a CRLF counted in, though an event was there with the CR already."""
    events = [event._replace(end=event.end + (body[event.end - 1 : event.end + 1] == b"\r\n")) for event in fed.events]
    return events, fed.problems, fed.pending


def check_spans(make: Make, body: bytes) -> None:
    """Events stand in order and apart, and the bytes of each, fed alone, give the same data."""
    last = 0
    for event in whole(make, body).events:
        assert last <= event.start < event.end <= len(body)
        last = event.end
        alone = whole(make, body[event.start : event.end]).events
        assert [it.data for it in alone] == [event.data]


def pieces_of(body: bytes) -> st.SearchStrategy[list[bytes]]:
    """All ways to cut `body`, empty pieces included."""
    cuts = st.lists(st.integers(0, len(body)), max_size=12).map(sorted)
    return cuts.map(lambda at: [body[a:b] for a, b in zip([0, *at], [*at, len(body)], strict=True)])
