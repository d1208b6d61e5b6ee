"""The same events in the plainest lines: a body with every rephrasing taken back that keeps its events. Pure.

What a parser gets wrong in the one and right in the other is wrong because of those other words, and of nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from streamdoctor.rephrasings.lines import BOM, Line, joined, lines_of
from streamdoctor.stream.reading import Reading

_FIELDS = (b"data", b"event", b"id")
_SPACE = re.compile(rb"\A([^:]+):(?: ?\Z|(?! ))")
_END = re.compile(rb"\r\n|\r|\n")


def plainly(reading: Reading) -> bytes:
    """LF line ends; SSE: one space after the colon, and no BOM, comment, field without effect or needless blank line;
    NDJSON: no blank line, every line ended. Other framings as they are."""
    make = {"sse": _sse, "ndjson": _ndjson}.get(reading.provider.framing)
    return reading.body if make is None else joined(reading, make(lines_of(reading))).removeprefix(BOM)


def line_ends(reading: Reading) -> frozenset[bytes]:
    """The kinds of line end in a body; none where its framing has no lines."""
    lines = reading.provider.framing in ("sse", "ndjson")
    return frozenset(_END.findall(reading.body)) if lines else frozenset()


def liberties(reading: Reading) -> frozenset[str]:
    """In which ways a body is not the plainest, its line ends aside: what a parser may stumble over in it."""
    if reading.provider.framing == "ndjson":
        return frozenset({"blank line"} if any(not line.text.strip() for line in lines_of(reading)) else ())
    if reading.provider.framing != "sse":
        return frozenset()
    found = {"BOM"} if reading.body.startswith(BOM) else set()
    blank = True
    for line in lines_of(reading):
        if line.field in _FIELDS:
            found |= {"space"} if _SPACE.sub(rb"\1: ", line.text) != line.text else set()
        elif line.text or blank:
            found.add("comment" if line.text.startswith(b":") else "other field" if line.text else "blank line")
        blank = not line.text
    return frozenset(found)


_REPHRASINGS = {
    "BOM": "bom", "space": "no-space", "comment": "comments", "other field": "unknown-field",
    "blank line": "extra-blank-lines", b"\r\n": "crlf", b"\r": "cr",
}  # fmt: skip


def only_liberty(reading: Reading) -> str | None:
    """The rephrasing that says of a body in what single way it is not the plainest; None where there is none such."""
    ends = line_ends(reading)
    found = [*liberties(reading), *(["mixed-ends"] if len(ends) > 1 else ends - {b"\n"})]
    if len(found) != 1:
        return None
    if found == ["blank line"] and reading.provider.framing == "ndjson":
        return "blank-lines"
    return _REPHRASINGS.get(found[0], "mixed-ends")


def _sse(lines: list[Line]) -> Iterator[Line]:
    blank = True
    for line in lines:
        if line.field in _FIELDS or (not line.text and not blank):
            yield Line(_SPACE.sub(rb"\1: ", line.text), line.end and b"\n")
            blank = not line.text


def _ndjson(lines: list[Line]) -> Iterator[Line]:
    """The last event may lack its line end; what lacks it and is no event stays unfinished."""
    for line in lines:
        if line.event is not None or line.text.strip():
            yield Line(line.text, b"\n" if line.event is not None else line.end and b"\n")
