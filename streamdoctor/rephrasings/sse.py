"""Rephrasings of server-sent events: other lines around the same fields, or fields with other values.

Each is a function from a Reading to a body, None where it does not apply; beside those that change events stands what
becomes of them. Lines are put in as a server would write them, with the line end that is in use there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle

from streamdoctor.rephrasings.lines import BOM, Line, blocks, is_ordinary, joined, lines_of
from streamdoctor.rephrasings.payloads import Retelling, empty_first_line, is_json
from streamdoctor.stream.event import Event
from streamdoctor.stream.reading import Reading

Events = tuple[Event, ...]

_ONE_SPACE = re.compile(rb"\A([^:]+): (?! )")


# --- the same events


def with_ends(*ends: bytes) -> Callable[[Reading], bytes]:
    """Line ends in turn; what has none gets none."""

    def rephrase(reading: Reading) -> bytes:
        turn = cycle(ends)
        return joined(reading, (line._replace(end=line.end and next(turn)) for line in lines_of(reading)))

    return rephrase


def bom(reading: Reading) -> bytes:
    return BOM + reading.body.removeprefix(BOM)


def no_space(reading: Reading) -> bytes:
    """A space that follows the colon goes, unless another follows it: that one is part of the value."""
    lines = (line._replace(text=_ONE_SPACE.sub(rb"\1:", line.text, count=1)) for line in lines_of(reading))
    return joined(reading, lines)


def comments(reading: Reading) -> bytes:
    between, inside = (b": keep-alive", b":"), (b": ping", b":", b": data: none")
    return joined(reading, _inserted(reading, between, inside, everywhere=True))


def retry_field(reading: Reading) -> bytes:
    return joined(reading, _inserted(reading, (b"retry: 3000",), (b"retry: 3000",)))


def unknown_field(reading: Reading) -> bytes:
    fields = (b"trace: 7", b"trace", b"datatype: text")
    return joined(reading, _inserted(reading, fields, fields[::-1]))


def extra_blank_lines(reading: Reading) -> bytes:
    return joined(reading, _blank_lines(reading))


def _blank_lines(reading: Reading) -> Iterator[Line]:
    for index, lines in blocks(lines_of(reading)):
        yield from lines
        if index is not None and is_ordinary(reading, index):
            yield from [Line(b"", lines[-1].end)] * 2


def _inserted(
    reading: Reading, between: Sequence[bytes], inside: Sequence[bytes], *, everywhere: bool = False
) -> Iterator[Line]:
    """A block of one line in front of each event, and a line in it, in turn its first and its last."""
    for index, lines in blocks(lines_of(reading)):
        if index is not None and (everywhere or is_ordinary(reading, index)):
            end = lines[0].end
            yield from (Line(between[index % len(between)], end), Line(b"", end))
            at = 0 if index % 2 else len(lines) - 1
            lines.insert(at, Line(inside[index % len(inside)], lines[max(at - 1, 0)].end))
        yield from lines


# --- other events


def retold(retelling: Retelling) -> Callable[[Reading], bytes]:
    """Other data in the place of the first data line of an event; its other data lines go."""

    def rephrase(reading: Reading) -> bytes:
        return joined(reading, _retold_lines(reading, retelling(reading)))

    return rephrase


def _retold_lines(reading: Reading, told: dict[int, str]) -> Iterator[Line]:
    for index, lines in blocks(lines_of(reading)):
        yield from lines if index not in told else _with_data(lines, told[index])


def _with_data(lines: Sequence[Line], data: str) -> Iterator[Line]:
    values = data.encode().split(b"\n")
    for line in lines:
        if line.field != b"data":
            yield line
        else:
            yield from (line._replace(text=b"data: " + value) for value in values)
            values = []


def retold_events(retelling: Retelling) -> Callable[[Reading], Events]:
    def events(reading: Reading) -> Events:
        told = retelling(reading)
        return tuple(e._replace(data=told[i]) if i in told else e for i, e in enumerate(reading.events))

    return events


def ids(reading: Reading) -> bytes | None:
    """Of three events the first has an id, the second keeps it across a comment, the third takes it away."""
    return None if _has_ids(reading) else joined(reading, _with_ids(reading))


def ids_events(reading: Reading) -> Events:
    """An id holds until the next one (WHATWG HTML section 9.2.6)."""
    last, events = "", []
    for index, event in enumerate(reading.events):
        own = _id_of(reading, index)
        last = last if own is None else own
        events.append(event._replace(id=last, own_id=own))
    return tuple(events)


def _with_ids(reading: Reading) -> Iterator[Line]:
    for index, lines in blocks(lines_of(reading)):
        own = None if index is None else _id_of(reading, index)
        if own is not None:
            yield Line(f"id: {own}".encode() if own else b"id", lines[0].end, index)
        elif index is not None and is_ordinary(reading, index):
            yield from (Line(b": keep-alive", lines[0].end), Line(b"", lines[0].end))
        yield from lines


def _id_of(reading: Reading, index: int) -> str | None:
    if index % 3 == 1 or not is_ordinary(reading, index):
        return None
    return "" if index % 3 else str(index + 1)


def _has_ids(reading: Reading) -> bool:
    return any(line.field == b"id" for line in lines_of(reading))


def empty_data(reading: Reading) -> bytes:
    """An empty first data line; and an event that has no other, where the stream is plain text."""
    lines = list(_retold_lines(reading, empty_first_line(reading)))
    if _is_plain_text(reading):
        at = next(i for i, line in enumerate(lines) if line.event == 0 and not line.text) + 1
        end = lines[at - 1].end
        lines[at:at] = [Line(b"data:", end), Line(b"", end)]
    return joined(reading, lines)


def empty_data_events(reading: Reading) -> Events:
    first, *rest = retold_events(empty_first_line)(reading) or (None,)
    if first is None:
        return ()
    empty = (Event("", id=first.id),) if _is_plain_text(reading) else ()
    return (first, *empty, *rest)


def _is_plain_text(reading: Reading) -> bool:
    events = reading.events
    return bool(events) and not reading.provider.has_signal and not any(is_json(event.data) for event in events)


def no_final_blank_line(reading: Reading) -> bytes | None:
    """The body up to the blank line of its last event, and that is not a terminal signal nor an error."""
    last = len(reading.events) - 1
    if last < 0 or not is_ordinary(reading, last):
        return None
    lines = lines_of(reading)
    blank = max(i for i, line in enumerate(lines) if line.event == last)
    return joined(reading, lines[:blank])


def all_but_the_last(reading: Reading) -> Events:
    """The end of the stream discards the unfinished event."""
    return reading.events[:-1]
