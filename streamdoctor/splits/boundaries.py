"""What a cut falls inside: the boundary classes of DESIGN section 1, for every offset of a decoded body.

Each class is painted over one byte a cut offset, the weakest first, so the first class that applies is what stays.
Cost: a few regular-expression passes over the body.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property

from streamdoctor.stream.event import Event

CLASSES = (
    "utf8",
    "cr-lf",
    "blank-line",
    "bom",
    "field-name",
    "colon-space",
    "comment",
    "json-escape",
    "surrogate-pair",
    "json-string",
    "marker",
    "chunk-header",
    "frame-prelude",
    "frame-crc",
    "between-events",
    "other",
)
_CODE = {name: code for code, name in enumerate(CLASSES)}

_UTF8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_LINE = re.compile(rb"([^\r\n]*)(\r\n|\n|\r|\Z)")
_STRING = re.compile(rb'"(?:[^"\\\r\n]|\\.)*"?')
_ESCAPE = re.compile(rb"\\(?:u[0-9a-fA-F]{4}|.)", re.DOTALL)
_PAIR = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_FIELD = re.compile(rb"([^:]*):( ?)")
_BOM = b"\xef\xbb\xbf"
_PRELUDE, _CRC = 12, 4


class Boundaries:
    """The class of each cut offset of one body; offsets run from 1 to len(body) - 1. Found once one is asked for."""

    def __init__(self, body: bytes, framing: str, events: Sequence[Event]) -> None:
        self._body, self._framing, self._events = body, framing, events

    @cached_property
    def _codes(self) -> bytearray:
        self.__dict__["_codes"] = codes = bytearray([_CODE["other"]]) * (len(self._body) + 1)
        for event in self._events:
            codes[event.end] = _CODE["between-events"]
        if self._framing == "aws-eventstream":
            self._paint_frames(self._events)
        else:
            self._paint_lines(sse=self._framing == "sse")
            if not self._body.isascii():
                self._paint_utf8(0, len(self._body))
        return codes

    def at(self, offset: int) -> str:
        """The class of a cut before byte `offset`."""
        return CLASSES[self._codes[offset]]

    def offsets(self, name: str) -> list[int]:
        """All cut offsets of the class `name`, in order."""
        code = bytes([_CODE[name]])
        inner = bytes(self._codes[1:-1])
        return [match.start() + 1 for match in re.finditer(re.escape(code), inner)]

    def count(self, cuts: Sequence[int]) -> dict[str, int]:
        """How many of `cuts` fall into each class, in the order of CLASSES; classes without one are left out."""
        seen = [0] * len(CLASSES)
        for cut in cuts:
            seen[self._codes[cut]] += 1
        return {name: seen[code] for code, name in enumerate(CLASSES) if seen[code]}

    def present(self) -> dict[str, int]:
        """How many cut offsets of each class this body has."""
        counts = {name: self._codes.count(code, 1, max(len(self._body), 1)) for code, name in enumerate(CLASSES)}
        return {name: count for name, count in counts.items() if count}

    def _paint(self, name: str, start: int, end: int) -> None:
        if end > start:
            self._codes[start:end] = bytes([_CODE[name]]) * (end - start)

    def _paint_frames(self, events: Sequence[Event]) -> None:
        for event in events:
            headers = int.from_bytes(self._body[event.start + 4 : event.start + 8])
            payload, crc = event.start + _PRELUDE + headers, event.end - _CRC
            self._paint_json(payload, crc)
            self._paint_utf8(payload, crc)
            self._paint("frame-prelude", event.start + 1, event.start + _PRELUDE)
            self._paint("frame-crc", crc + 1, event.end)

    def _paint_lines(self, *, sse: bool) -> None:
        blank_before = True
        for start, end, after in self._lines():
            if sse and start < end:
                self._paint_field(start, end)
            else:
                self._paint_json(start, end)
            if after - end == 2:
                self._paint("cr-lf", end + 1, after)
            if sse and start == end and not blank_before:
                self._paint("blank-line", start, start + 1)
            blank_before = start == end
        if self._body.startswith(_BOM):
            self._paint("bom", len(_BOM), len(_BOM) + 1)

    def _lines(self) -> Iterator[tuple[int, int, int]]:
        position = len(_BOM) if self._body.startswith(_BOM) else 0
        while position < len(self._body):
            match = _LINE.match(self._body, position)
            assert match is not None
            yield position, match.end(1), match.end()
            position = match.end()

    def _paint_field(self, start: int, end: int) -> None:
        if self._body[start : start + 1] == b":":
            self._paint("comment", start + 1, end)
            return
        field = _FIELD.match(self._body, start, end)
        if field is None:
            self._paint("field-name", start + 1, end)
            return
        self._paint_value(field.end(), end)
        if field[2]:
            self._paint("colon-space", field.end(1) + 1, field.end())
        self._paint("field-name", start + 1, field.end(1) + 1)

    def _paint_value(self, start: int, end: int) -> None:
        if self._body[start:end] == b"[DONE]":
            self._paint("marker", start + 1, end)
        elif self._body[start : start + 1] in (b"{", b"[", b'"'):
            self._paint_json(start, end)

    def _paint_json(self, start: int, end: int) -> None:
        for string in _STRING.finditer(self._body, start, end):
            self._paint("json-string", string.start() + 1, string.end())
            if b"\\" not in string[0]:
                continue
            for pair in _PAIR.finditer(self._body, *string.span()):
                self._paint("surrogate-pair", pair.start() + 6, pair.start() + 7)
            for escape in _ESCAPE.finditer(self._body, *string.span()):
                self._paint("json-escape", escape.start() + 1, escape.end())

    def _paint_utf8(self, start: int, end: int) -> None:
        for point in _UTF8.finditer(self._body, start, end):
            self._paint("utf8", point.start() + 1, point.end())
