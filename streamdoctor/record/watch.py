"""What a spectator can see of exchanges under way: reads, events, gaps, how each ended. Pure: times are given.

Rule: seeing costs the relaying nothing that matters. Events are counted by the reference decoders, in at most the first
4 MiB of a response; after that the count stands, marked as a minimum.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from streamdoctor.record.commands import Close, Keep, Note, Open
from streamdoctor.record.store import Recording
from streamdoctor.stream.coding import CodingDecoder
from streamdoctor.stream.event import Decoder
from streamdoctor.stream.http1 import BodyData, HTTPEvent, ResponseHead, ResponseReader
from streamdoctor.stream.http1_head import listed
from streamdoctor.stream.providers.framing import guess_framing
from streamdoctor.stream.reading import DECODERS

MOST_DECODED = 4 << 20


class EventCount:
    """Events in the bytes of one response, as they come. `count` is None while nothing says what the body is."""

    def __init__(self, method: str) -> None:
        self.count: int | None = None
        self.more = False
        """There may be more than `count`: the response is too long to go on."""
        self._reader = ResponseReader(method)
        self._codings = CodingDecoder(None)
        self._type: str | None = None
        self._decoder: Decoder | None = None
        self._left = MOST_DECODED

    def feed(self, data: bytes) -> None:
        if self.more:
            return
        self._left -= len(data)
        self.more = self._left < 0
        for event in self._reader.feed(data):
            self._take(event)

    def _take(self, event: HTTPEvent) -> None:
        if isinstance(event, ResponseHead):
            self._codings = CodingDecoder(", ".join(listed(event.headers, "content-encoding")))
            self._type = next(iter(listed(event.headers, "content-type")), None)
        elif isinstance(event, BodyData):
            body = self._codings.feed(event.data)
            if self._decoder is None and (framing := guess_framing(self._type, body)):
                self._decoder = DECODERS[framing]()
                self.count = 0
            if self._decoder is not None:
                self.count = (self.count or 0) + len(self._decoder.feed(body))


@dataclass(slots=True)
class Seen:
    """One exchange. `start` is monotonic; the other times are nanoseconds since the first request byte."""

    number: int
    method: str
    target: str
    attempt: int
    start: int
    events: EventCount
    status: int | None = None
    first_ns: int | None = None
    last_ns: int = 0
    reads: int = 0
    size: int = 0
    longest_gap: int = 0
    paused: bool = False
    closed: Close | None = None

    def gap(self, now: int) -> int:
        """How long nothing has come: since the last read, or since the request."""
        return max(now - self.start - self.last_ns, 0)


@dataclass(slots=True)
class Watch:
    """All exchanges under way, and those that ended and were not collected yet."""

    open: dict[int, Seen] = field(default_factory=dict)
    ended: list[Seen] = field(default_factory=list)
    count: int = 0
    size: int = 0

    def hear(self, now: int, recording: Recording, command: Open | Keep | Note | Close) -> None:
        """Takes what is stored of an exchange."""
        key = id(recording)
        if isinstance(command, Open):
            self.count += 1
            opened, attempt = recording.opened, recording.attempt.number
            counter = EventCount(opened.method)
            self.open[key] = Seen(self.count, opened.method, opened.target, attempt, now, counter)
        elif isinstance(command, Keep):
            self._keep(now, self.open[key], command)
        elif isinstance(command, Note):
            self.open[key].paused = command.mark == "downstream-paused" or (
                self.open[key].paused and command.mark != "downstream-resumed"
            )
        else:
            seen = self.open.pop(key)
            seen.closed = command
            seen.status = command.status
            self.ended.append(seen)

    def _keep(self, now: int, seen: Seen, read: Keep) -> None:
        seen.start = min(seen.start, now - read.ns)
        if read.direction == ">":
            return
        if seen.first_ns is None:
            seen.first_ns = read.ns
        else:
            seen.longest_gap = max(seen.longest_gap, read.ns - seen.last_ns)
        seen.last_ns = read.ns
        seen.reads += 1
        seen.size += len(read.data)
        self.size += len(read.data)
        if seen.status is None and read.data.startswith(b"HTTP/"):
            seen.status = _status(read.data)
        seen.events.feed(read.data)

    def collect(self) -> list[Seen]:
        """Those that ended since the last time, in that order."""
        ended, self.ended = self.ended, []
        return ended


def _status(data: bytes) -> int | None:
    word = data[9:12]
    return int(word) if word.isdigit() and word[:1] != b"1" else None
