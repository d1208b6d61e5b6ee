"""The layers of one exchange (DESIGN section 3): wire reads, HTTP, body, decoded body, reading, each with its times.

Takes (nanoseconds, bytes) pairs. Nothing is thrown away when a layer fails: what it could not read is in `problems`,
and the layers below keep what they had. Cost: one pass over the bytes. Bounded: of a body of more than 128 MiB, or with
more than a million events, the rest is left unread, with a problem of the layer "events" that says so.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from streamdoctor.stream.coding import CodingDecoder
from streamdoctor.stream.event import Problem
from streamdoctor.stream.http1 import BodyData, ChunkHead, HTTPEvent, MessageEnd, RequestReader, ResponseReader
from streamdoctor.stream.http1_head import Headers, RequestHead, ResponseHead
from streamdoctor.stream.providers import by_name, recognise
from streamdoctor.stream.providers.framing import guess_framing
from streamdoctor.stream.reading import Reading, decode, read_body, read_decoded

Reads = Iterable[tuple[int, bytes]]

MOST_EVENTS = 1_000_000
"""An event costs some 350 bytes of memory; ten million empty ones come in 70 MB, or in 70 kB of gzip."""

MOST_BYTES = 128 << 20
"""A line of a gigabyte is one event: it would cost four times that."""


@dataclass(frozen=True)
class Layers:
    """`arrivals` are (decoded bytes so far, nanoseconds), one for each read that brought some. `framing` is how HTTP
    ended the body, None where it was cut. `reading` is None where the body is no event stream."""

    request: RequestHead | None
    request_body: bytes
    response: ResponseHead | None
    framing: str | None
    chunks: int
    body: bytes
    decoded: bytes
    arrivals: tuple[tuple[int, int], ...]
    first_byte: int | None
    problems: tuple[Problem, ...]
    reading: Reading | None

    @cached_property
    def cuts(self) -> tuple[int, ...]:
        """The offsets inside the decoded body at which one read ended and the next began."""
        return tuple(offset for offset, _ in self.arrivals if 0 < offset < len(self.decoded))

    def time_of(self, offset: int) -> int:
        """The nanoseconds at which the decoded byte before `offset` was there; the last time, beyond the end."""
        index = bisect_left(self.arrivals, (offset, -1))
        return self.arrivals[min(index, len(self.arrivals) - 1)][1] if self.arrivals else 0

    @property
    def content_type(self) -> str | None:
        return header(self.response.headers, "content-type") if self.response else None


def header(headers: Headers, name: str) -> str | None:
    """The values of header `name`, joined with commas; None where it is not there."""
    values = [value for key, value in headers if key == name]
    return ", ".join(values) if values else None


def read_layers(
    sent: Reads,
    received: Reads,
    dialect: str | None = None,
    *,
    most_events: int = MOST_EVENTS,
    most_bytes: int = MOST_BYTES,
) -> Layers:
    """All layers of an exchange; `dialect` says what the body is where the bytes should not decide."""
    request, request_body, problems = _read_request(sent)
    walk = _Walk(request.method if request else None)
    for ns, data in received:
        walk.feed(ns, data)
    walk.close()
    body, decoded = walk.take()
    reading, surplus = _read_decoded(decoded, walk.content_type, dialect, most_events, most_bytes)
    return Layers(
        request=request,
        request_body=request_body,
        response=walk.response,
        framing=walk.framing,
        chunks=walk.chunks,
        body=body,
        decoded=decoded,
        arrivals=tuple(walk.arrivals),
        first_byte=walk.first_byte,
        problems=(
            *(problem._replace(layer="request") for problem in problems),
            *walk.problems(),
            *(reading.problems if reading else ()),
            *surplus,
        ),
        reading=reading,
    )


def _read_request(sent: Reads) -> tuple[RequestHead | None, bytes, list[Problem]]:
    reader = RequestReader()
    events = [event for _, data in sent for event in reader.feed(data)] + reader.close()
    head = next((event for event in events if isinstance(event, RequestHead)), None)
    body = b"".join(event.data for event in events if isinstance(event, BodyData))
    return head, body, reader.problems


def _read_decoded(
    decoded: bytes, content_type: str | None, dialect: str | None, most_events: int, most_bytes: int
) -> tuple[Reading | None, list[Problem]]:
    """The reading, None of what is no stream, and a problem if there are more events or bytes than that: then whether
    the stream is complete is known only where its signal came before."""
    framing = by_name(dialect).framing if dialect is not None else guess_framing(content_type, decoded)
    if framing is None:
        return None, []
    begin = decoded[:most_bytes]
    found = decode(framing, begin, most_events)
    events = [*found.events, *found.closing]
    provider = by_name(dialect) if dialect is not None else recognise(framing, events)
    if not found.more and len(begin) == len(decoded):
        refused = provider.framing != framing  # an answer in JSON that is no stream of its API
        return read_body(begin, provider) if refused else read_decoded(begin, provider, found), []
    words = f"more than {most_bytes:,} bytes"
    if found.more:
        begin, words = begin[: events[-1].end], f"more than {most_events:,} events"
    surplus = Problem("events", len(begin), f"{words}; the rest is not looked at")
    return read_body(begin, provider, whole=False), [surplus]


class _Walk:
    """One response, read by read."""

    def __init__(self, method: str | None) -> None:
        self._reader = ResponseReader(method)
        self._coding: CodingDecoder | None = None
        self.response: ResponseHead | None = None
        self.framing: str | None = None
        self.chunks = 0
        self._body = bytearray()
        self._decoded = bytearray()
        """Stays empty where there is no coding."""
        self.arrivals: list[tuple[int, int]] = []
        self.first_byte: int | None = None

    @property
    def content_type(self) -> str | None:
        return header(self.response.headers, "content-type") if self.response else None

    def feed(self, ns: int, data: bytes) -> None:
        if self.first_byte is None:
            self.first_byte = ns
        before = self._there
        for event in self._reader.feed(data):
            self._take(event)
        if self._there > before:
            self.arrivals.append((self._there, ns))

    def close(self) -> None:
        for event in self._reader.close():
            self._take(event)
        if self._coding is not None:
            self._decoded += self._coding.close()

    def take(self) -> tuple[bytes, bytes]:
        """The body and the decoded body, one object where they are the same; the walk keeps neither."""
        body, self._body = bytes(self._body), bytearray()
        decoded, self._decoded = bytes(self._decoded), bytearray()
        return body, body if self._coding is None else decoded

    def problems(self) -> list[Problem]:
        return [*self._reader.problems, *(self._coding.problems if self._coding else ())]

    @property
    def _there(self) -> int:
        """How many decoded bytes there are."""
        return len(self._body if self._coding is None else self._decoded)

    def _take(self, event: HTTPEvent) -> None:
        if isinstance(event, ResponseHead):
            self.response = event
            coding = CodingDecoder(header(event.headers, "content-encoding"))
            self._coding = None if coding.idle else coding
        elif isinstance(event, BodyData):
            self._body += event.data
            if self._coding is not None:
                self._decoded += self._coding.feed(event.data)
        elif isinstance(event, ChunkHead):
            self.chunks += event.size > 0
        elif isinstance(event, MessageEnd):
            self.framing = event.framing
