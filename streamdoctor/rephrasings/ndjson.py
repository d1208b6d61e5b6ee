"""Rephrasings of NDJSON: other line ends, blank lines, other text in the same objects. Nothing else is a line end."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from streamdoctor.rephrasings.lines import Line, is_ordinary, joined, lines_of
from streamdoctor.rephrasings.payloads import Retelling, is_json
from streamdoctor.stream.reading import Reading


def crlf(reading: Reading) -> bytes:
    return joined(reading, (line._replace(end=line.end and b"\r\n") for line in lines_of(reading)))


def blank_lines(reading: Reading) -> bytes:
    return joined(reading, _blank_lines(reading))


def _blank_lines(reading: Reading) -> Iterator[Line]:
    for line in lines_of(reading):
        yield line
        if line.event is not None and line.end and is_ordinary(reading, line.event):
            yield Line(b"", line.end)


def no_final_newline(reading: Reading) -> bytes | None:
    """The body up to the end of its last object, and that is not the terminal signal nor an error."""
    events = reading.events
    if not events or not is_ordinary(reading, len(events) - 1) or not is_json(events[-1].data):
        return None
    return reading.body[: events[-1].end].removesuffix(b"\n").removesuffix(b"\r")


def retold(retelling: Retelling) -> Callable[[Reading], bytes]:
    """The line of an event, with other data."""

    def rephrase(reading: Reading) -> bytes:
        told = retelling(reading)
        lines = lines_of(reading)
        return joined(
            reading,
            (line if line.event not in told else line._replace(text=told[line.event].encode()) for line in lines),
        )

    return rephrase
