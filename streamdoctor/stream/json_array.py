"""A JSON array whose elements arrive over time (Gemini's streamGenerateContent without `alt=sse`), RFC 8259 section 5.

Rules: an element comes out with the byte that closes it (a bare number or literal: with the byte after it), as its
exact source text. A body that is one object instead, as errors are, comes out as one event. Bytes that fit neither stop
the decoder; what it had given stays. Cost: linear, whole and byte by byte; only quotes and brackets are looked at
singly; an element over `longest` bytes stops it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from streamdoctor.stream.event import Event, Problem

LONGEST = 256 << 20

_STRUCTURE = re.compile(rb'["\[\]{}]')
_IN_STRING = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
_SPACE = re.compile(rb"[ \t\r\n]*")
_SCALAR_END = re.compile(rb"[ \t\r\n,\]]")
_SCALAR_START = frozenset(b"-0123456789tfn")
_CLOSERS = {ord("{"): ord("}"), ord("["): ord("]")}
_BOM = b"\xef\xbb\xbf"


class JSONArrayDecoder:
    """Feed bytes, get an event an element. `closed` tells whether the closing `]` (of one object: its `}`) has come."""

    def __init__(self, longest: int = LONGEST) -> None:
        self.closed = False
        self._longest = longest
        self._state: Callable[[bytes, int, list[Event]], int] = self._before
        self._offset = 0  # of the first byte of the piece at hand
        self._start = 0  # of the element at hand
        self._element = bytearray()
        self._expected = bytearray()  # the closing brackets that the element at hand still owes
        self._escaped = False
        self._comma = True
        self._single = False
        self._problems: list[Problem] = []

    def feed(self, data: bytes) -> list[Event]:
        """The events of the elements that `data` closes, in order."""
        data = bytes(data)
        events: list[Event] = []
        position = 0
        while position < len(data):
            position = self._state(data, position, events)
        self._offset += len(data)
        return events

    def close(self) -> list[Event]:
        """Nothing: an element that is not closed is discarded; an array that is not is noted."""
        if not self.closed and not self._problems:
            self._note(self._offset, "the end came before the array was closed")
        return []

    @property
    def pending(self) -> Event | None:
        """The element that is not closed yet, None between elements."""
        return self._event(self._offset) if self._element else None

    @property
    def problems(self) -> list[Problem]:
        return self._problems

    # States: each takes bytes from `position` on and returns where it stopped.

    def _before(self, data: bytes, position: int, events: list[Event]) -> int:
        if data[position : position + 1] == _BOM[self._offset + position :][:1]:
            return position + 1
        position = _skip(data, position)
        if position == len(data):
            return position
        if data[position] == ord("["):
            self._state = self._between
            return position + 1
        if data[position] == ord("{"):
            self._single = True
            return self._open(data, position)
        return self._stop(data, position, "neither an array nor an object begins here")

    def _between(self, data: bytes, position: int, events: list[Event]) -> int:
        position = _skip(data, position)
        if position == len(data):
            return position
        byte = data[position]
        if byte == ord(","):
            if self._comma:
                self._note(self._offset + position, "a comma with no element before it")
            self._comma = True
            return position + 1
        if byte == ord("]"):
            return self._close(position + 1)
        return self._open(data, position)

    def _nested(self, data: bytes, position: int, events: list[Event]) -> int:
        """Inside an object or array, outside strings."""
        found = _STRUCTURE.search(data, position)
        if found is None:
            return self._keep(data, position, len(data))
        end = found.end()
        byte = data[found.start()]
        if byte == ord('"'):
            self._state = self._string
        elif byte in _CLOSERS:
            self._expected.append(_CLOSERS[byte])
        elif byte != self._expected.pop():
            return self._stop(data, found.start(), "a bracket that closes another kind")
        end = self._keep(data, position, end)
        return end if self._expected or self._state == self._string else self._emit(end, events)

    def _string(self, data: bytes, position: int, events: list[Event]) -> int:
        if self._escaped:
            self._escaped = False
            return self._keep(data, position, position + 1)
        found = _IN_STRING.match(data, position)
        end = found.end() if found else position
        if end == len(data):
            return self._keep(data, position, end)
        if data[end] == ord("\\"):
            self._escaped = True
            return self._keep(data, position, end + 1)
        self._state = self._nested
        end = self._keep(data, position, end + 1)
        return end if self._expected else self._emit(end, events)

    def _scalar(self, data: bytes, position: int, events: list[Event]) -> int:
        found = _SCALAR_END.search(data, position)
        if found is None:
            return self._keep(data, position, len(data))
        self._keep(data, position, found.start())
        self._emit(found.end(), events)
        return found.start()

    def _after(self, data: bytes, position: int, events: list[Event]) -> int:
        position = _skip(data, position)
        return position if position == len(data) else self._stop(data, position, "bytes after the closing bracket")

    def _stopped(self, data: bytes, position: int, events: list[Event]) -> int:
        return len(data)

    # Steps between states.

    def _open(self, data: bytes, position: int) -> int:
        """Begins an element at its first byte."""
        byte = data[position]
        if not (byte in _CLOSERS or byte == ord('"') or byte in _SCALAR_START):
            return self._stop(data, position, "no JSON value begins here")
        if not self._comma:
            self._note(self._offset + position, "no comma between two elements")
        self._comma = False
        self._start = self._offset + position
        if byte in _CLOSERS:
            self._expected.append(_CLOSERS[byte])
            self._state = self._nested
        else:
            self._state = self._string if byte == ord('"') else self._scalar
        return self._keep(data, position, position + 1)

    def _keep(self, data: bytes, start: int, end: int) -> int:
        """Takes bytes into the element at hand."""
        self._element += data[start:end]
        if len(self._element) > self._longest:
            return self._stop(data, end, f"an element longer than {self._longest} bytes")
        return end

    def _emit(self, end: int, events: list[Event]) -> int:
        """Ends an element whose last byte, or the byte that ends it, stands before `end`."""
        if self._state == self._stopped:
            return end
        events.append(self._event(self._offset + end))
        self._element.clear()
        self._state = self._between
        return self._close(end) if self._single else end

    def _close(self, end: int) -> int:
        self.closed = True
        self._state = self._after
        return end

    def _event(self, end: int) -> Event:
        return Event(self._element.decode("utf-8", "replace"), start=self._start, end=end)

    def _note(self, offset: int, message: str) -> None:
        self._problems.append(Problem("json-array", offset, message))

    def _stop(self, data: bytes, position: int, message: str) -> int:
        self._note(self._offset + position, message)
        self._state = self._stopped
        self._element.clear()
        return len(data)


def _skip(data: bytes, position: int) -> int:
    """Where the white space from `position` on ends."""
    match = _SPACE.match(data, position)
    return match.end() if match else position
