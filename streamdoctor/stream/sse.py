"""Server-sent events: WHATWG HTML section 9.2.6, "interpreting an event stream", incrementally.

Rules: an event comes out with the byte that ends its blank line, never later; the result is the same for every way
of cutting the input. Cost: linear in the input, whole and byte by byte; a byte is looked at once and copied twice.

Lines are split and fields compared as bytes; only values are decoded, with replacement. That equals decoding the whole
stream first, because a line end is ASCII and ends any unfinished UTF-8 sequence.
"""

from __future__ import annotations

from streamdoctor.stream.event import Event, Problem

_BOM = b"\xef\xbb\xbf"
_MOST_DIGITS = 4_300  # what int() takes; no clock counts further


class SSEDecoder:
    """Feed bytes, get events; `close` gives nothing, for the end of the stream discards an unfinished event."""

    def __init__(self) -> None:
        self.last_event_id = ""
        """The id in force, as a reconnecting client would send it: set by the blank line, not by the id line."""
        self.retry: int | None = None
        """The reconnection time asked for, in milliseconds."""
        self._line = bytearray()
        self._after_cr = False
        self._line_start = 0
        self._data: list[bytes] = []
        self._type = b""
        self._id: bytes | None = None
        """Of the unfinished block. The specification's last event ID buffer is `last_event_id` where there is none."""
        self._block_start = -1

    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes, in order."""
        if self._after_cr and data:
            self._after_cr = False
            if data[:1] == b"\n":
                data = data[1:]
                self._line_start += 1
        if b"\n" in data or b"\r" in data:
            return self._feed_lines(bytes(data))
        self._line += data
        return []

    def close(self) -> list[Event]:
        """The end of the stream: nothing comes out of it (section 9.2.6: "discard any pending data")."""
        return []

    @property
    def pending(self) -> Event | None:
        """The event that the end would discard, as if a blank line stood there; None if there is none."""
        ghost = SSEDecoder()
        ghost._begin_as(self)
        events = ghost.feed(b"\n\n")
        return events[0]._replace(end=self._line_start + len(self._line)) if events else None

    def _begin_as(self, other: SSEDecoder) -> None:
        """Goes on in the middle of a block as `other` would, but for an LF that a CR may still be waiting for."""
        self._line, self._line_start = other._line[:], other._line_start
        self._data, self._type = other._data[:], other._type
        self._id, self.last_event_id = other._id, other.last_event_id
        self._block_start = other._block_start

    @property
    def problems(self) -> list[Problem]:
        """None: by the specification every byte sequence is an event stream."""
        return []

    def _feed_lines(self, data: bytes) -> list[Event]:
        events: list[Event] = []
        lines = data.splitlines(keepends=True)  # of bytes: at LF, CR and CRLF, and nowhere else
        rest = b"" if data[-1] in b"\r\n" else lines.pop()
        start = self._line_start
        end = start + len(self._line)
        for line in lines:
            end += len(line)
            line = line.rstrip(b"\r\n")
            if self._line:
                line = bytes(self._line) + line
                self._line.clear()
            if not start:
                line = line.removeprefix(_BOM)
            if line:
                self._take_field(line, start)
            elif (event := self._dispatch(end)) is not None:
                events.append(event)
            start = end
        self._after_cr = data.endswith(b"\r")
        self._line += rest
        self._line_start = start
        return events

    def _take_field(self, line: bytes, start: int) -> None:
        if self._block_start < 0:
            self._block_start = start
        name, _, value = line.partition(b":")
        if name == b"data":  # as nearly all are
            self._data.append(value.removeprefix(b" "))
        elif (field := _FIELDS.get(name)) is not None:
            field(self, value.removeprefix(b" "))

    def _dispatch(self, end: int) -> Event | None:
        start, self._block_start = self._block_start, -1
        own_id, self._id = self._id, None
        if own_id is not None:
            self.last_event_id = own_id.decode("utf-8", "replace")
        kind, self._type = self._type, b""
        lines, self._data = self._data, []
        if not lines:
            return None
        return Event(
            b"\n".join(lines).decode("utf-8", "replace"),
            kind.decode("utf-8", "replace") if kind else "message",
            self.last_event_id,
            None if own_id is None else self.last_event_id,
            start,
            end,
        )

    def _on_event(self, value: bytes) -> None:
        self._type = value

    def _on_id(self, value: bytes) -> None:
        if b"\0" not in value:
            self._id = value

    def _on_retry(self, value: bytes) -> None:
        if value.isdigit() and len(value) <= _MOST_DIGITS:
            self.retry = int(value)


_FIELDS = {
    b"event": SSEDecoder._on_event,
    b"id": SSEDecoder._on_id,
    b"retry": SSEDecoder._on_retry,
}
