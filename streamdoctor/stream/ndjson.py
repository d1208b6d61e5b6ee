"""NDJSON: one event a line that is not blank (the de facto format of ndjson.org and jsonlines.org).

Rules: a line ends in LF or CRLF and nowhere else (CR, NEL, U+2028 inside stay); an event comes out with its LF. A last
line without one comes out of `close` if it is a whole JSON value; else it stays `pending`. Cost: linear, whole and byte
by byte; a line over `longest` bytes is left out and noted.
"""

from __future__ import annotations

import json

from streamdoctor.stream.event import Event, Problem

LONGEST = 256 << 20
_BLANK = b" \t\r"


class NDJSONDecoder:
    """Feed bytes, get an event a line; `data` is the line's text without its end."""

    def __init__(self, longest: int = LONGEST) -> None:
        self._longest = longest
        self._line = bytearray()
        self._start = 0
        self._offset = 0
        self._skipping = False
        self._problems: list[Problem] = []

    def feed(self, data: bytes) -> list[Event]:
        """The events whose line `data` ends, in order."""
        *ended, rest = bytes(data).split(b"\n")
        events: list[Event] = []
        for line in ended:
            self._take(line)
            self._offset += 1
            event = self._finish_line()
            if event is not None:
                events.append(event)
        self._take(rest)
        return events

    def close(self) -> list[Event]:
        """The last line if it has no LF and is a whole JSON value."""
        event = self.pending
        if event is None or not _is_json(event.data):
            return []
        self._line.clear()
        return [event]

    @property
    def pending(self) -> Event | None:
        """The unterminated last line, None if it is blank."""
        return self._event() if self._line.strip(_BLANK) else None

    @property
    def problems(self) -> list[Problem]:
        return self._problems

    def _take(self, part: bytes) -> None:
        self._offset += len(part)
        if self._skipping:
            return
        self._line += part
        if len(self._line) > self._longest:
            self._skipping = True
            self._line.clear()
            self._problems.append(Problem("ndjson", self._start, f"line longer than {self._longest} bytes, left out"))

    def _finish_line(self) -> Event | None:
        event = self._event() if self._line.strip(_BLANK) else None
        self._line.clear()
        self._start = self._offset
        self._skipping = False
        return event

    def _event(self) -> Event:
        text = self._line.removesuffix(b"\r").decode("utf-8", "replace")
        return Event(text, start=self._start, end=self._offset)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
