"""Comments that keep a connection alive, as servers of event streams send them (WHATWG HTML section 9.2.7). Pure.

Rule: they stand between events, in blocks of their own with the line end in use there, so that no event changes.
"""

from __future__ import annotations

import re

from streamdoctor.stream.reading import Reading

PERIOD = 15.0
"""Seconds between two of them; the specification suggests a comment every 15 seconds or so."""

_COMMENT = b": keep-alive"
_LINE_END = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"


def with_keep_alive(reading: Reading) -> tuple[bytes, int, int]:
    """The body with a comment in front of each event, and where the one in the middle begins and ends."""
    parts: list[bytes] = []
    written = taken = before = after = 0
    for index, event in enumerate(reading.events):
        at = max(event.start, len(_BOM) if reading.body.startswith(_BOM) else 0)
        block = _COMMENT + 2 * line_end(reading.body, at)
        parts += (reading.body[taken:at], block)
        written += at - taken + len(block)
        taken = at
        if index == len(reading.events) // 2:
            before, after = written - len(block), written
    return b"".join([*parts, reading.body[taken:]]), before, after


def line_end(body: bytes, offset: int = 0) -> bytes:
    """The first line end from `offset` on, LF where there is none."""
    found = _LINE_END.search(body, offset)
    return found[0] if found else b"\n"
