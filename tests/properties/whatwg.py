"""The WHATWG event stream algorithm once more, in another style than ours: decode everything, split it, look at lines.

For whole bodies only, and slow: an independent opinion, not a decoder.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

END_OF_LINE = re.compile("\r\n|\n|\r")


class Told(NamedTuple):
    """An event; `id` is the last event ID in force, `own` the id of this very event ("" if it has none)."""

    type: str
    data: str
    id: str
    own: str


@cache
def events(body: bytes) -> tuple[Told, ...]:
    """The events of `body`; what the end cuts off is discarded (HTML section 9.2.6)."""
    *lines, _ = END_OF_LINE.split(body.decode("utf-8", "replace").removeprefix("\ufeff"))
    out: list[Told] = []
    fields: dict[str, str] = {}
    last = ""
    for line in lines:
        name, _, value = line.partition(":")
        value = value[1:] if value[:1] == " " else value
        if line == "":
            if "data" in fields:
                out.append(Told(fields.get("event") or "message", fields["data"][:-1], last, fields.get("id", "")))
            fields = {}
        elif name == "data":
            fields["data"] = fields.get("data", "") + value + "\n"
        elif name == "event" or (name == "id" and "\0" not in value):
            fields[name] = value
            last = value if name == "id" else last
    return tuple(out)


@cache
def dues(body: bytes) -> tuple[int, ...]:
    """For each event, how many bytes it takes until it is whole; the LF of a CRLF belongs to it."""
    counts = [len(events(body[:size])) for size in range(len(body) + 1)]
    first = [next(size for size, count in enumerate(counts) if count > index) for index in range(counts[-1])]
    return tuple(size + (body[size - 1 : size + 1] == b"\r\n") for size in first)
