"""One direction of one exchange: reads in, the same reads out in order, fit for the disk.

Rules: a head is held until it is whole, for only then its secrets are known; a body read is held while it may end
inside a secret. Without rules nothing is held. Pure: times are given.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from streamdoctor.capture.redact import BodyMask, Rules, Span, mask_head, spellings
from streamdoctor.stream.event import Problem
from streamdoctor.stream.http1 import (
    BodyData,
    ChunkHead,
    HTTPEvent,
    RequestHead,
    RequestReader,
    ResponseHead,
    ResponseReader,
)

Reads = list[tuple[int, bytes]]


class Track:
    """Follows one message with `reader`; `known` are the secrets that came the other way."""

    def __init__(
        self, reader: RequestReader | ResponseReader, rules: Rules | None, known: Iterable[bytes] = ()
    ) -> None:
        self.reader = reader
        self.names: list[str] = []
        """Where secrets were found, "?name" for a parameter of a URL."""
        self.values: set[bytes] = set(known)
        self.line = b""
        """The first line of the head, secrets covered."""
        self._rules = rules
        self._mask: BodyMask | None = None
        self._waiting: Reads = []
        self._offset = 0
        self._arrived = 0
        self._told = 0
        self._trailing = False

    @property
    def masked(self) -> int:
        """Bytes of the body that were covered."""
        return self._mask.masked if self._mask else 0

    def parse(self, data: bytes) -> tuple[list[HTTPEvent], int]:
        """What `data` says, and how many of its bytes belong to this message."""
        events = self.reader.feed(data)
        return events, len(data) - (len(self.reader.unread) if self.reader.finished else 0)

    def record(self, ns: int, data: bytes, events: Sequence[HTTPEvent]) -> Reads:
        """The reads that may be stored, now that `data` came and `parse` said `events` of it."""
        self._arrived += len(data)
        if self._rules is None:
            return [(ns, data)]
        if self._mask is not None:
            return self._pass(ns, data, events)
        self._waiting.append((ns, data))
        ends = [event.end for event in events if isinstance(event, RequestHead | ResponseHead)]
        if self.reader.in_head and not (ends and ends[-1] == self._arrived):
            return []
        return self._release(ends[-1] if ends else self._arrived, events)

    def _release(self, head_end: int, events: Sequence[HTTPEvent]) -> Reads:
        """The head is whole, or never will be: its secrets are covered, and those of the body can be."""
        assert self._rules is not None
        waiting, self._waiting = self._waiting, []
        joined = b"".join(data for _, data in waiting)
        base = self._offset
        head = mask_head(joined[: head_end - base], self._rules, self.values)
        self.names += [name for name in head.names if name not in self.names]
        self.values |= head.values
        self.line = head.data.lstrip(b"\r\n").partition(b"\n")[0]
        masked = head.data + joined[head_end - base :]
        if not self.reader.in_head:
            self._mask = BodyMask(spellings(self.values), self._rules.patterns)
        released: Reads = []
        for ns, data in waiting:
            at = self._offset - base
            released += self._pass(ns, masked[at : at + len(data)], events)
        return released

    def _pass(self, ns: int, data: bytes, events: Sequence[HTTPEvent]) -> Reads:
        idle = self._mask is None or self._mask.idle
        spans = () if idle else self._spans(data, events)
        self._offset += len(data)
        return [(ns, data)] if self._mask is None or idle else self._mask.feed(ns, data, spans)

    def _spans(self, data: bytes, events: Sequence[HTTPEvent]) -> Sequence[Span]:
        """The bytes of `data` in which a secret may stand: the body, and all that follows the last chunk."""
        start, end = self._offset, self._offset + len(data)
        if self._trailing:
            return ((0, len(data)),)
        spans = [
            (max(event.start, start) - start, min(event.end, end) - start)
            for event in events
            if type(event) is BodyData and event.end > start and event.start < end
        ]
        last = next((event for event in reversed(events[-4:]) if isinstance(event, ChunkHead)), None)
        if last and not last.size and last.end <= end:
            self._trailing = True
            spans.append((max(last.end - start, 0), len(data)))
        return spans

    def finish(self) -> Reads:
        """What is still held: nothing more will come."""
        released = self._release(self._arrived, ()) if self._waiting else []
        return released + (self._mask.finish() if self._mask else [])

    def problems(self) -> list[Problem]:
        """Those that were not told yet."""
        new = self.reader.problems[self._told :]
        self._told += len(new)
        return new
