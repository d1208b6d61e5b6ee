"""AWS event streams (application/vnd.amazon.eventstream), as Bedrock sends them.

Message: prelude (total length u32, headers length u32, CRC32 of the eight bytes before), headers, payload, CRC32 of all
that. Rules: a message comes out with its last byte. One whose CRC is wrong is left out and noted; a prelude that is
wrong ends the decoding, for the next border is unknown. Cost: linear, whole and byte by byte; a message is at most
16 MiB. Source: Amazon Event Stream specification (smithy.io/2.0/aws/amazon-eventstream.html); limits as in botocore.

`Event.type` is the header `:event-type`; "exception:" and `:exception-type` for exceptions (such as
"exception:throttlingException"), "error:" and `:error-code` for errors. `data` is the payload as text.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import NamedTuple
from zlib import crc32

from streamdoctor.stream.event import Event, Problem

LARGEST = 16 << 20
_PRELUDE = struct.Struct(">III")
_CRC = struct.Struct(">I")
_LEAST = _PRELUDE.size + _CRC.size
_LARGEST_HEADERS = 128 << 10

HeaderValue = bool | int | bytes | str


class Message(NamedTuple):
    """One message taken apart. Timestamps are milliseconds since 1970, UUIDs their 16 bytes."""

    headers: Mapping[str, HeaderValue]
    payload: bytes


class AWSEventStreamDecoder:
    """Feed bytes, get an event a message. For an event's headers: `read_message(body[event.start : event.end])`."""

    def __init__(self, largest: int = LARGEST) -> None:
        self._largest = largest
        self._buffer = bytearray()
        self._offset = 0  # of the first byte in the buffer
        self._needed = _PRELUDE.size
        self._stopped = False
        self._problems: list[Problem] = []

    def feed(self, data: bytes) -> list[Event]:
        """The events of the messages that `data` completes, in order."""
        if self._stopped:
            return []
        self._buffer += data
        events: list[Event] = []
        position = 0
        while len(self._buffer) - position >= self._needed and not self._stopped:
            position = self._step(position, events)
        del self._buffer[:position]
        self._offset += position
        return events

    def close(self) -> list[Event]:
        """Nothing: a message cut short is discarded, and noted."""
        if self._buffer and not self._stopped:
            total = f" of {self._needed}" if self._needed > _PRELUDE.size else ""
            self._note(self._offset, f"the end came inside a message, after {len(self._buffer)}{total} bytes")
        return []

    @property
    def pending(self) -> Event | None:
        """The message that is not whole yet, as far as it has come."""
        if not self._buffer or self._stopped:
            return None
        headers = self._buffer[_PRELUDE.size : _PRELUDE.size + self._headers_length(0)]
        payload = self._buffer[_PRELUDE.size + len(headers) : max(self._needed - _CRC.size, _PRELUDE.size)]
        return self._event(Message(_read_headers(bytes(headers)) or {}, bytes(payload)), 0, len(self._buffer))

    @property
    def problems(self) -> list[Problem]:
        return self._problems

    def _step(self, position: int, events: list[Event]) -> int:
        """Reads a prelude, or the message after it; returns where the next message begins."""
        if self._needed == _PRELUDE.size:
            self._read_prelude(position)
            return position
        end = position + self._needed
        message = read_message(bytes(self._buffer[position:end]))
        if isinstance(message, Message):
            events.append(self._event(message, position, end))
        else:
            self._note(self._offset + position, message)
        self._needed = _PRELUDE.size
        return end

    def _read_prelude(self, position: int) -> None:
        total, headers, crc = _PRELUDE.unpack_from(self._buffer, position)
        wrong = None
        if crc != crc32(self._buffer[position : position + 8]):
            wrong = "the CRC of a message's prelude is wrong"
        elif total > self._largest:
            wrong = f"a message of {total} bytes, more than {self._largest}"
        elif headers > _LARGEST_HEADERS or headers + _LEAST > total:
            wrong = f"a message of {total} bytes with {headers} bytes of headers"
        if wrong is None:
            self._needed = total
        else:
            self._note(self._offset + position, f"{wrong}; nothing after it can be read")
            self._stopped = True

    def _headers_length(self, position: int) -> int:
        if self._needed == _PRELUDE.size:
            return 0
        length: int = _CRC.unpack_from(self._buffer, position + 4)[0]
        return length

    def _event(self, message: Message, start: int, end: int) -> Event:
        text = message.payload.decode("utf-8", "replace")
        return Event(text, event_type(message.headers), start=self._offset + start, end=self._offset + end)

    def _note(self, offset: int, message: str) -> None:
        self._problems.append(Problem("aws-eventstream", offset, message))


def event_type(headers: Mapping[str, HeaderValue]) -> str:
    """The type of an event with these headers, as the module's first lines say."""
    for header, prefix in ((":exception-type", "exception:"), (":error-code", "error:"), (":event-type", "")):
        value = headers.get(header)
        if isinstance(value, str) and value:
            return prefix + value
    return "message"


def read_message(frame: bytes) -> Message | str:
    """The message that exactly fills `frame`, or what is wrong with it."""
    if len(frame) < _LEAST or _PRELUDE.unpack_from(frame)[0] != len(frame):
        return "not one whole message"
    if _CRC.unpack_from(frame, len(frame) - _CRC.size)[0] != crc32(frame[: -_CRC.size]):
        return "the CRC of a message is wrong"
    border = _PRELUDE.size + _PRELUDE.unpack_from(frame)[1]
    headers = _read_headers(frame[_PRELUDE.size : border])
    return "the headers of a message make no sense" if headers is None else Message(headers, frame[border : -_CRC.size])


def write_message(headers: Mapping[str, str], payload: bytes) -> bytes:
    """A message with these headers, all strings."""
    block = b"".join(_write_header(name.encode(), value.encode()) for name, value in headers.items())
    lengths = struct.pack(">II", _LEAST + len(block) + len(payload), len(block))
    message = lengths + _CRC.pack(crc32(lengths)) + block + payload
    return message + _CRC.pack(crc32(message))


def _write_header(name: bytes, value: bytes) -> bytes:
    return struct.pack(">B", len(name)) + name + struct.pack(">BH", 7, len(value)) + value


def _read_headers(block: bytes) -> dict[str, HeaderValue] | None:
    """The headers, None if the block does not hold whole headers of known types."""
    headers: dict[str, HeaderValue] = {}
    position = 0
    try:
        while position < len(block):
            border = position + 1 + block[position]
            name = block[position + 1 : border].decode("utf-8", "replace")
            value, position = _VALUES[block[border]](block, border + 1)
            headers[name] = value
    except (IndexError, KeyError, struct.error):
        return None
    return headers if position == len(block) else None


_Reader = Callable[[bytes, int], tuple[HeaderValue, int]]


def _constant(value: bool) -> _Reader:
    return lambda block, position: (value, position)


def _number(code: str) -> _Reader:
    layout = struct.Struct(code)
    return lambda block, position: (layout.unpack_from(block, position)[0], position + layout.size)


def _bytes(block: bytes, position: int) -> tuple[bytes, int]:
    end = position + 2 + int(struct.unpack_from(">H", block, position)[0])
    return block[position + 2 : end], end


def _text(block: bytes, position: int) -> tuple[str, int]:
    value, end = _bytes(block, position)
    return value.decode("utf-8", "replace"), end


def _uuid(block: bytes, position: int) -> tuple[bytes, int]:
    return block[position : position + 16], position + 16


_VALUES: dict[int, _Reader] = {
    0: _constant(True),
    1: _constant(False),
    2: _number(">b"),
    3: _number(">h"),
    4: _number(">i"),
    5: _number(">q"),
    6: _bytes,
    7: _text,
    8: _number(">q"),
    9: _uuid,
}
