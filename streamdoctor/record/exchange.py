"""One request and its response, followed beside the relaying: what is stored of them, and how they ended.

Rules: bytes are parsed for what they mean, never changed; every oddity is named in the capture. Pure: times are
given, commands come out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from streamdoctor.capture.model import RECEIVED, SENT, Direction
from streamdoctor.capture.redact import Rules
from streamdoctor.record.commands import Close, Command, Identity, Keep, Note, Open
from streamdoctor.record.track import Reads, Track
from streamdoctor.stream.http1 import HTTPEvent, MessageEnd, RequestHead, RequestReader, ResponseHead, ResponseReader
from streamdoctor.stream.http1_head import listed

_PREFIX = 4096
# Headers that differ between two attempts of the same request.
_VOLATILE = ("x-stainless-retry-count", "date", "traceparent", "tracestate", "x-request-id", "x-client-request-id")


class Exchange:
    """`number` counts the exchanges of a connection; `start` is the time of its first request byte."""

    def __init__(
        self, number: int, start: int, rules: Rules | None, emit: Callable[[Command], None], unasked: bool = False
    ) -> None:
        self.number = number
        self.unasked = unasked
        """No request is its cause: the upstream sent bytes on its own."""
        self.head: RequestHead | None = None
        self.status: int | None = None
        self.client_left = False
        """The client ended its half while the response was under way."""
        self._start = start
        self._rules = rules
        self._emit = emit
        self._sent = Track(RequestReader(), rules)
        self._received: Track | None = None
        self._opened = False
        self._framing: str | None = None
        self._first: int | None = None

    @property
    def request_done(self) -> bool:
        return self.unasked or self._sent.reader.finished

    @property
    def request_broken(self) -> bool:
        return self._sent.reader.broken

    @property
    def response_begun(self) -> bool:
        return self._received is not None

    @property
    def response_done(self) -> bool:
        return self._received is not None and self._received.reader.finished

    @property
    def response_broken(self) -> bool:
        return self._received is not None and self._received.reader.broken

    @property
    def unread(self) -> bytes:
        """Of the last request bytes, those that belong to the next exchange."""
        return self._sent.reader.unread

    # -- the request

    def parse_request(self, data: bytes) -> tuple[list[HTTPEvent], int]:
        """What `data` says, and how many of its bytes belong to this exchange."""
        events, used = self._sent.parse(data)
        for event in events:
            if isinstance(event, RequestHead):
                self.head = event
        return events, used

    def record_request(self, ns: int, data: bytes, events: list[HTTPEvent]) -> None:
        """Stores the bytes that `parse_request` took."""
        named = len(self._sent.names)
        reads = self._sent.record(ns - self._start, data, events)
        if not self._opened:
            self._open(data, events)
        else:
            self._tell_names(ns, self._sent, named)
        self._keep(SENT, reads)
        self._tell_problems(ns, self._sent, "request")
        self._tell_coding(ns, "request", events)

    def _open(self, data: bytes, events: list[HTTPEvent]) -> None:
        self._opened = True
        if self.head is None:
            self._emit(Open(self.number, "", "", (), None))
            return
        target = self.head.target
        if self._rules is not None:
            target = self._sent.line.decode("latin-1").partition(" ")[2].rpartition(" ")[0].strip()
        identity = _identity(self.head, data[self.head.end : self.head.end + _PREFIX])
        self._emit(Open(self.number, self.head.method, target, tuple(self._sent.names), identity))

    # -- the response

    def open_unasked(self, ns: int, known: Iterable[bytes]) -> None:
        """Begins a capture without a request, for bytes that follow a response which is over; `known` are secrets."""
        self._opened = True
        self._sent.values.update(known)
        self._emit(Open(self.number, "", "", (), None))
        message = "the upstream sent bytes that no request asked for, after the end of a response"
        self.note(ns, "oddity", {"layer": "http", "of": "response", "message": message})

    @property
    def secrets(self) -> frozenset[bytes]:
        """The values that are covered in what is stored of it."""
        return frozenset(self._sent.values | (self._received.values if self._received else set()))

    def take_response(self, ns: int, data: bytes) -> bytes:
        """Follows and stores the bytes of `data` that belong to this response; gives back the others."""
        if self._received is None:
            self._first = ns - self._start
            method = self.head.method if self.head else None
            self._received = Track(ResponseReader(method), self._rules, self._sent.values)
        track, named = self._received, len(self._received.names)
        events, used = track.parse(data)
        self._keep(RECEIVED, track.record(ns - self._start, data[:used], events))
        self._tell_names(ns, track, named)
        if self.status is None:
            self._tell_coding(ns, "response", events)
        self._learn(events)
        self._tell_problems(ns, track, "response")
        return data[used:]

    def _learn(self, events: Sequence[HTTPEvent]) -> None:
        if events and isinstance(events[-1], MessageEnd):
            self._framing = events[-1].framing
        if self.status is None:
            for event in events:
                if isinstance(event, ResponseHead) and (event.status >= 200 or event.status == 101):
                    self.status = event.status

    def close_response(self) -> bool:
        """The upstream ended its half; whether that completes the response."""
        if self._received is not None:
            self._learn(self._received.reader.close())
        return self.response_done

    def stray(self, ns: int, data: bytes) -> None:
        """Stores bytes that came after the end of the response and belong to no other."""
        message = "bytes came after the end of the response"
        self.note(ns, "oddity", {"layer": "http", "of": "response", "bytes": len(data), "message": message})
        self._emit(Keep(self.number, ns - self._start, RECEIVED, data))

    # -- records

    def note(self, ns: int, mark: str, details: Mapping[str, Any] | None = None) -> None:
        if self._opened:
            self._emit(Note(self.number, ns - self._start, mark, details or {}))

    def end(self, ns: int, cause: str, side: str | None, details: Mapping[str, Any] | None = None) -> None:
        """The exchange is over: what was held is stored, then the end."""
        self._keep(SENT, self._sent.finish())
        if self._received:
            self._keep(RECEIVED, self._received.finish())
        self._tell_masked(ns)
        framing = self._framing if cause == "complete" else None
        close = Close(self.number, ns - self._start, cause, side, framing, details or {}, self.status, self._first)
        self._emit(close)

    def _keep(self, direction: Direction, reads: Reads) -> None:
        for ns, data in reads:
            self._emit(Keep(self.number, ns, direction, data))

    def _tell_names(self, ns: int, track: Track, known: int) -> None:
        if len(track.names) > known:
            self.note(ns, "redacted", {"names": track.names[known:]})

    def _tell_masked(self, ns: int) -> None:
        masked = {">": self._sent.masked, "<": self._received.masked if self._received else 0}
        if any(masked.values()):
            self.note(ns, "redacted", {"body_bytes": masked})

    def _tell_problems(self, ns: int, track: Track, of: str) -> None:
        for problem in track.problems():
            details = {"layer": problem.layer, "of": of, "offset": problem.offset, "message": problem.message}
            self.note(ns, "oddity", details)

    def _tell_coding(self, ns: int, of: str, events: Iterable[HTTPEvent]) -> None:
        """Says once that redaction cannot see into a compressed body."""
        for event in events:
            if self._rules is not None and isinstance(event, RequestHead | ResponseHead):
                codings = [coding for coding in listed(event.headers, "content-encoding") if coding != "identity"]
                if codings:
                    self.note(ns, "opaque-body", {"of": of, "coding": ", ".join(codings)})


def _identity(head: RequestHead, body: bytes) -> Identity:
    headers = [header for header in head.headers if header[0] not in _VOLATILE]
    stated = repr((head.method, head.target, headers)).encode("utf-8", "surrogatepass")
    bodied = any(name in ("content-length", "transfer-encoding") and value != "0" for name, value in head.headers)
    return Identity(hashlib.sha256(stated).digest(), body, bodied, _retries(head))


def _retries(head: RequestHead) -> int:
    for value in listed(head.headers, "x-stainless-retry-count"):
        return int(value) if value.isascii() and value.isdigit() and len(value) < 4 else 0
    return 0
