"""The levels at which output is compared, richest first (DESIGN section 5), for the reference and for a stranger alike.

`expected` says what a parser of a level hands out for a reading, and at which body offset each unit is due; `observed`
puts the items of a parser on trial into the same words. At level `text` the unit is a character.
"""

from __future__ import annotations

import json
from codecs import getincrementaldecoder
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Literal, NamedTuple

from streamdoctor.parsers.items import ABSENT, Fields, Item, canonical_json
from streamdoctor.rephrasings.probes import probe_for
from streamdoctor.stream.event import Event
from streamdoctor.stream.providers.base import DONE
from streamdoctor.stream.reading import Reading

Level = Literal["event", "data", "json", "text", "lines", "nonblank-lines"]
LEVELS: tuple[Level, ...] = ("event", "data", "json", "text", "lines", "nonblank-lines")

Drops = Literal["nothing", "marker", "signals"]
"""What a parser swallows of the terminal signal: nothing, events that are a bare marker, every event of the signal."""
DROPS: tuple[Drops, ...] = ("nothing", "marker", "signals")

Ids = Literal["last", "own", "none"]
"""What an item's id means: the last event ID in force, the id of that very event, or nothing."""

Unit = str | Fields


class Due(NamedTuple):
    """The first `units` units are due once the bytes before `offset` are in; len(body) + 1 means at the end."""

    units: int
    offset: int


@dataclass(frozen=True)
class Expected:
    """The units of a level, a tuple or, at level `text`, a str; `dues` ascend in both fields."""

    units: Sequence[Unit]
    dues: tuple[Due, ...]


@dataclass(frozen=True)
class View:
    """How a parser's output is read in one dialect."""

    level: Level
    drops: Drops = "nothing"
    ids: Ids = "last"
    pings: bool = True
    """Keep-alive events come out too."""
    wrapped: bool = False
    """At level `json`: each item is a mapping that holds the JSON under "data"."""
    keyed: bool = False
    """At level `json`: each item is a mapping that holds the JSON under the type of its event."""


def expected(view: View, reading: Reading, events: int | None = None) -> Expected:
    """What `reading` (its first `events` events only, where given) is at the level of `view`. Worked out once."""
    found: Expected | None = reading.kept.get((view, events))
    if found is None:
        found = reading.kept[view, events] = _expected(view, reading, events)
    return found


def _expected(view: View, reading: Reading, events: int | None) -> Expected:
    if view.level in ("lines", "nonblank-lines"):
        return _expected_lines(view, reading, events)
    units: list[Unit] = []
    dues: list[Due] = []
    for index in kept(view, reading, events):
        units.extend(_units(view, reading, index))
        dues.append(Due(len(units), reading.dues[index]))
    whole: Sequence[Unit] = "".join(map(str, units)) if view.level == "text" else tuple(units)
    return Expected(whole, tuple(dues))


def kept(view: View, reading: Reading, events: int | None = None) -> list[int]:
    """The indexes of the events that a parser of this view hands out."""
    count = len(reading.events) if events is None else events
    return [i for i in range(count) if not dropped(view, reading, i)]


def dropped(view: View, reading: Reading, index: int) -> bool:
    """Is event `index` one that a parser of this view swallows? At level `text` none is: its words count."""
    if not view.pings and is_ping(reading.events[index]):
        return True
    if view.level == "text" or view.drops == "nothing" or reading.meanings[index].signal is None:
        return False
    return view.drops == "signals" or parse_json(reading.events[index].data) is None


def is_ping(event: Event) -> bool:
    """Is it an event that only keeps the connection alive, as Anthropic sends them?"""
    if event.type == "ping":
        return True
    value = parse_json(event.data) if '"ping"' in event.data else None
    return isinstance(value, dict) and value.get("type") == "ping"


def has_stray_marker(reading: Reading) -> bool:
    """Does it hold a `[DONE]` that its API does not send by itself?"""
    probe = probe_for(reading.provider.name)
    own = probe is not None and DONE.encode() in probe.body
    return not own and any(meaning.signal == DONE for meaning in reading.meanings)


def unit_of(view: View, event: Event, reading: Reading) -> Sequence[Unit]:
    """The units of one event that is not part of the reading (the pending one); none where it is not whole JSON."""
    if view.level == "json" and parse_json(event.data) is None:
        return ()
    return _PROJECT[view.level](view, event, reading)


def _units(view: View, reading: Reading, index: int) -> Sequence[Unit]:
    if view.level == "text":
        return "".join(delta.text for delta in reading.meanings[index].text)
    return _PROJECT[view.level](view, reading.events[index], reading)


def _project_event(view: View, event: Event, reading: Reading) -> Sequence[Unit]:
    ids = {"last": event.id, "own": event.own_id or "", "none": ""}
    return (Fields(event.type, event.data, ids[view.ids]),)


def _project_data(view: View, event: Event, reading: Reading) -> Sequence[Unit]:
    return (event.data,)


def _project_json(view: View, event: Event, reading: Reading) -> Sequence[Unit]:
    """What is no JSON, a marker, comes as it is or not at all: `drops` tells."""
    value = parse_json(event.data)
    if value is None:
        return (event.data,)
    return (canonical_json({event.type: value} if view.keyed else value),)


def _project_text(view: View, event: Event, reading: Reading) -> Sequence[Unit]:
    return "".join(delta.text for delta in reading.provider.read(event).text)


def _project_lines(view: View, event: Event, reading: Reading) -> Sequence[Unit]:
    """Of an unterminated event, the line that lacks its end: the others are lines already."""
    return (reading.tail,) if reading.tail else ()


_PROJECT: dict[Level, Callable[[View, Event, Reading], Sequence[Unit]]] = {
    "event": _project_event,
    "data": _project_data,
    "json": _project_json,
    "text": _project_text,
    "lines": _project_lines,
    "nonblank-lines": _project_lines,
}


def parse_json(data: str) -> Any:
    """The object or array in `data`, None where it is neither."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) else None


def _expected_lines(view: View, reading: Reading, events: int | None) -> Expected:
    stop = len(reading.body) if events is None or events == len(reading.events) else reading.events[events].start
    gaps = [(e.start, e.end) for i, e in enumerate(reading.events) if dropped(view, reading, i)]
    units: list[Unit] = []
    dues: list[Due] = []
    for start, end, text in reading.lines:
        if start >= stop or any(a <= start < b for a, b in gaps):
            continue
        if text or view.level == "lines":
            units.append(text)
            dues.append(Due(len(units), end))
    return Expected(tuple(units), tuple(dues))


def observed(view: View, items: Sequence[Item]) -> tuple[Sequence[Unit], list[int]]:
    """The units of `items`, and for each item how many units are out once it is out."""
    if view.level == "text":
        return _observed_text(items)
    units = [_read_item(view, item) for item in items]
    return tuple(units), list(range(1, len(units) + 1))


def _observed_text(items: Sequence[Item]) -> tuple[str, list[int]]:
    """Bytes may be cut inside a code point, which is out with the item that brings its last byte."""
    decoder = getincrementaldecoder("utf-8")("replace")
    parts = [item.text if item.raw is None else decoder.decode(item.raw) for item in items]
    counts = list(accumulate(map(len, parts)))
    return "".join([*parts, decoder.decode(b"", True)]), counts


def _read_item(view: View, item: Item) -> Unit:
    if view.level == "event" and item.fields is not None:
        known = item.fields.id != ABSENT and view.ids != "none"
        return item.fields if known else item.fields._replace(id="")
    if view.level == "data" and item.fields is not None:
        return item.fields.data
    if view.wrapped and item.form == "mapping":
        return canonical_json(json.loads(item.text).get("data"))
    return item.text
