"""An SSE or NDJSON body as lines that know their event: what rephrasings work on. No byte is lost on the way.

Rule: joining the lines of a body gives the body. Where a line that was put in makes an LF follow a CR that it does not
belong to, the LF becomes CRLF (WHATWG HTML section 9.2.6: the two are one line end). Cost: one pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from streamdoctor.stream.reading import Reading

BOM = b"\xef\xbb\xbf"
_LINE = {"sse": re.compile(rb"([^\r\n]*)(\r\n|\n|\r|\Z)"), "ndjson": re.compile(rb"([^\n]*?)(\r?\n|\Z)")}


class Line(NamedTuple):
    """`end` is its line end, empty for what stands after the last one; `event` the index of the event it is part of."""

    text: bytes
    end: bytes
    event: int | None = None

    @property
    def field(self) -> bytes:
        """The name of its SSE field; empty for a comment or a blank line."""
        return self.text.partition(b":")[0]


def bom_of(reading: Reading) -> bytes:
    return BOM if reading.provider.framing == "sse" and reading.body.startswith(BOM) else b""


def lines_of(reading: Reading) -> list[Line]:
    """The lines of the body, a BOM left out."""
    pattern, lines = _LINE[reading.provider.framing], []
    position, index, events = len(bom_of(reading)), 0, reading.events
    while position < len(reading.body):
        match = pattern.match(reading.body, position)
        assert match is not None
        while index < len(events) and events[index].end <= position:
            index += 1
        inside = index < len(events) and position >= events[index].start
        lines.append(Line(match[1], match[2], index if inside else None))
        position = match.end()
    return lines


def blocks(lines: Iterable[Line]) -> Iterator[tuple[int | None, list[Line]]]:
    """The lines of each event together; None for what lies between events."""
    for index, group in groupby(lines, key=lambda line: line.event):
        yield index, list(group)


def joined(reading: Reading, lines: Iterable[Line]) -> bytes:
    """The body that `lines` are, with the BOM that the first had."""
    parts = [bom_of(reading)]
    after_cr = False
    for line in lines:
        merges = after_cr and not line.text and line.end == b"\n" and reading.provider.framing == "sse"
        parts += (line.text, b"\r\n" if merges else line.end)
        after_cr = line.end == b"\r"
    return b"".join(parts)


def is_ordinary(reading: Reading, index: int) -> bool:
    """Is event `index` neither terminal signal nor error?"""
    meaning = reading.meanings[index]
    return meaning.signal is None and meaning.error is None
