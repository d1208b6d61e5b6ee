"""What stands in an event, said otherwise: from a reading to the new data of the events that change.

Rules: JSON stays JSON. Visible text changes in the one string that the provider reads it from; in plain streams, which
have no such place, in the longest string of the JSON, or in the data itself where it is no JSON. Cost: a few
`json.loads` an event.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from itertools import chain, repeat
from typing import NamedTuple

from streamdoctor.rephrasings.lines import is_ordinary
from streamdoctor.stream.reading import Reading

Retelling = Callable[[Reading], dict[int, str]]
"""The new data of the events that change, by their index."""

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"(?!\s*:)|"(?:[^"\\]|\\.)*"\s*:', re.DOTALL)
_STRING_OR_OPENING = re.compile(r'"(?:[^"\\]|\\.)*"|[{\[,]', re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_INNER_SPACE = re.compile(r"(?<=[^ \n]) (?=[^ \n])")

_IN_JSON = "\u2028a\u2029b\u0085c"
_IN_TEXT = _IN_JSON + "\x0bd\x0ce\x1cf"
_MOST_BREAKS = 3
_MOST_ESCAPES = 40
_BIG = 1_100_000
_FILLER = " All work and no play makes a long event."


class Place(NamedTuple):
    """Where the visible text of an event stands in its data; `quoted` in a JSON string, whose quotes are included."""

    start: int
    end: int
    text: str
    quoted: bool

    def put(self, data: str, text: str) -> str:
        """`data` with this in its place."""
        return data[: self.start] + text + data[self.end :]


def place_of(reading: Reading, index: int) -> Place | None:
    """Where the visible text of an ordinary event is; None where it has none."""
    data = reading.events[index].data
    if not data or not is_ordinary(reading, index):
        return None
    if not is_json(data):
        return Place(0, len(data), data, False) if reading.provider.framing == "sse" else None
    strings = list(_strings(data))
    if reading.meanings[index].text:
        return next((place for place in strings if _is_read(reading, index, place)), None)
    return None if reading.provider.has_signal else max(strings, key=lambda place: len(place.text), default=None)


def _strings(data: str) -> Iterator[Place]:
    """The strings of a JSON text that are values and not empty."""
    for match in _STRING.finditer(data):
        if not match[0].endswith(":"):
            text = json.loads(match[0], strict=False)
            if text and not _SURROGATE.search(text):
                yield Place(*match.span(), text, True)


def _is_read(reading: Reading, index: int, place: Place) -> bool:
    """Is it this string from which the provider reads the text of the event?"""
    event, before = reading.events[index], reading.meanings[index]
    if place.text != before.text[0].text:
        return False
    after = reading.provider.read(event._replace(data=place.put(event.data, json_string(place.text + "."))))
    return after.text[:1] == (before.text[0]._replace(text=place.text + "."),) and after.signal == before.signal


def is_json(data: str) -> bool:
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True


def json_string(text: str) -> str:
    """`text` as a JSON string, raw but for what has to be escaped."""
    return json.dumps(text, ensure_ascii=False)


def _said(place: Place, text: str) -> str:
    return json_string(text) if place.quoted else text


def _two_spaces(reading: Reading, index: int) -> str:
    """Each line of the data begins with a space, which belongs to it."""
    return "\n".join(f" {line}" for line in reading.events[index].data.split("\n"))


def _multi_line(reading: Reading, index: int) -> str | None:
    """Broken after JSON's first openings and commas; plain text at a space, or in the middle where it has none."""
    data = reading.events[index].data
    if is_json(data):
        breaks = chain(repeat("\n", _MOST_BREAKS), repeat(""))
        told = _STRING_OR_OPENING.sub(lambda m: m[0] if m[0].startswith('"') else m[0] + next(breaks), data)
        return told if told != data else None
    told = _INNER_SPACE.sub("\n", data, count=1)
    middle = len(data) // 2
    return told if told != data else f"{data[:middle]}\n{data[middle:]}" if middle else None


def _empty_first_line(reading: Reading, index: int) -> str:
    return "\n" + reading.events[index].data


def _line_separators(reading: Reading, index: int) -> str | None:
    """In the middle of the visible text, what other worlds take for a line end."""
    place = place_of(reading, index)
    if place is None:
        return None
    middle = max(len(place.text) // 2, 1)
    separators = _IN_JSON if place.quoted else _IN_TEXT
    told = place.text[:middle] + separators + place.text[middle:]
    return place.put(reading.events[index].data, _said(place, told))


def _json_escapes(reading: Reading, index: int) -> str | None:
    """The beginning of the visible text as escapes, and a character that takes two of them after it."""
    place = place_of(reading, index)
    if place is None or not place.quoted:
        return None
    escaped, rest = _escapes(place.text[:_MOST_ESCAPES] + "😀"), json_string(place.text[_MOST_ESCAPES:])
    return place.put(reading.events[index].data, f'"{escaped}{rest[1:]}')


def _escapes(text: str) -> str:
    units = text.encode("utf-16-be")
    return "".join(f"\\u{units[i] << 8 | units[i + 1]:04x}" for i in range(0, len(units), 2))


def big_event(reading: Reading) -> dict[int, str]:
    """The event in the middle of those with visible text grows over a megabyte."""
    places = [(index, place) for index in range(len(reading.events)) if (place := place_of(reading, index))]
    if not places:
        return {}
    index, place = places[len(places) // 2]
    told = place.text + _FILLER * (_BIG // len(_FILLER))
    return {index: place.put(reading.events[index].data, _said(place, told))}


def _each(tell: Callable[[Reading, int], str | None]) -> Retelling:
    """What `tell` makes of every ordinary event."""

    def retelling(reading: Reading) -> dict[int, str]:
        told = ((index, tell(reading, index)) for index in range(len(reading.events)) if is_ordinary(reading, index))
        return {index: data for index, data in told if data is not None}

    return retelling


two_spaces = _each(_two_spaces)
multi_line_data = _each(_multi_line)
empty_first_line = _each(_empty_first_line)
line_separators = _each(_line_separators)
json_escapes = _each(_json_escapes)
