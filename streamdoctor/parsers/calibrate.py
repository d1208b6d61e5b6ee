"""Calibration: at what level a parser speaks a dialect, and whether it decides itself when a stream is over.

DESIGN section 5. Once a parser and dialect, before any verdict: the dialect's plainest probe in one piece, then the
same with one more event after the terminal signal; for SSE a third time with an id in front of the first event. A
parser that is wrong in one piece may be right in a piece an event: then it speaks the dialect all the same. How the
parser is run is the caller's: `run` takes a body and its cuts, and gives what came out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Literal, NamedTuple

from streamdoctor.parsers.items import ABSENT, Item
from streamdoctor.parsers.levels import DROPS, LEVELS, Drops, Ids, Level, View, expected, kept, observed
from streamdoctor.rephrasings.probes import Probe
from streamdoctor.stream.providers.base import DONE, Provider
from streamdoctor.stream.reading import Reading, read_body

Role = Literal["parser", "consumer", "unknown"]
ROLES: tuple[Role, ...] = ("parser", "consumer", "unknown")


class Outcome(NamedTuple):
    """What one run gave: the items, whether the parser stopped by itself before it met the end, whether it raised."""

    items: tuple[Item, ...]
    stopped: bool
    raised: bool


Cuts = tuple[int, ...]
Runner = Callable[[bytes, Cuts], Outcome]
Play = Callable[[Sequence[bytes]], Outcome]
"""What comes out of these events, one after the other."""


@dataclass(frozen=True)
class Calibration:
    """`fits` is False where no level's output equals the reference's: content is then judged as `view` says, or not
    at all where `unread` names what it hands out, which is none of the forms that can be read.

    `stops`: it hands out nothing that follows the terminal signal.
    """

    dialect: str
    view: View
    role: Role
    fits: bool
    stops: bool = False
    unread: str | None = None
    names_differ: bool = False
    """Its items have event types and ids, and on the plain probe those are not the reference's: they are not judged."""


def calibrate(run: Runner, probe: Probe, provider: Provider) -> Calibration | None:
    """The calibration of a parser in the dialect of `probe`; None where it does not speak it."""
    return _calibrated(lambda events: run(b"".join(events), ()), probe, provider) or _calibrated(
        lambda events: run(b"".join(events), tuple(accumulate(map(len, events)))[:-1]), probe, provider
    )


def _calibrated(play: Play, probe: Probe, provider: Provider) -> Calibration | None:
    reading = read_body(probe.body, provider)
    first = play(probe.events)
    view = _fit(first, reading)
    if view is None:
        return None
    if view.level == "event" and provider.framing == "sse":
        view = replace(view, ids=_ids(play, probe))
    names_differ = view.level == "data" and any(item.form == "event" for item in first.items)
    if not provider.has_signal:
        return Calibration(probe.dialect, view, "parser", True, names_differ=names_differ)
    second = play((*probe.events, *filter(None, [probe.after])))
    role, stops = _role(view, reading, first, second)
    return Calibration(probe.dialect, view, role, True, stops, names_differ=names_differ)


def fallback(
    items: tuple[Item, ...], dialect: str, plain: Calibration | None = None, reading: Reading | None = None
) -> Calibration:
    """For a parser that fits nowhere: judged on content, at `json` where it gives mappings, at `text` where most of
    what it gives stands in the text of `reading` and none is an event's data, else at `data`. A marker that does not
    come out is none that it owes.

    `plain` is how it reads plain streams of the same framing, where it does: then it has to read this one like them.
    """
    view = View("text" if reading and _are_words(items, reading) else "data") if plain is None else plain.view
    if items and items[0].form == "mapping" and items[0].fields is None:
        view = View("json")
    if plain is None and not any(item.text == DONE for item in items):
        view = replace(view, drops="marker")
    other = {item.text for item in items if item.form == "other"}
    unread = bool(other) and (plain is not None or all(item.form == "other" for item in items))
    return Calibration(dialect, view, "unknown", False, unread=", ".join(sorted(other)) if unread else None)


def _are_words(items: tuple[Item, ...], reading: Reading) -> bool:
    """Is it text that comes out, though not quite the right one: most of it stands there, and none is a whole event?"""
    given = [item.text for item in items if item.text]
    whole = not {event.data for event in reading.events}.isdisjoint(given)
    if whole or any(item.form not in ("text", "bytes") for item in items):
        return False
    text = str(expected(View("text"), reading).units)
    return 2 * sum(one in text for one in given) > len(given)


def overruled(found: Calibration, level: Level | None, role: Role | None) -> Calibration:
    """`found` with what the user knows better."""
    view = found.view if level is None else replace(found.view, level=level)
    return replace(found, view=view, role=role or found.role, fits=found.fits or level is not None)


def _fit(outcome: Outcome, reading: Reading) -> View | None:
    """The richest view that fits; ids are no part of it, for a probe of their own tells what they mean."""
    if outcome.raised or not outcome.items:
        return None
    parsed = any(item.form == "mapping" and item.fields is None for item in outcome.items)
    for view in _views(reading):
        if parsed and view.level != "json":
            continue  # parsed JSON is no text, even where it was sent just as we write it
        units, _ = observed(view, outcome.items)
        if units and units == expected(view, reading).units:
            return view
    return None


def _views(reading: Reading) -> Iterator[View]:
    for level in LEVELS:
        yield from (View(level, drops, "none") for drops in _drops(level, reading))
        if level == "json":
            yield from (View(level, drops, "none", wrapped=True) for drops in _drops(level, reading))
            yield from (View(level, drops, "none", keyed=True) for drops in _drops(level, reading))


def _drops(level: Level, reading: Reading) -> tuple[Drops, ...]:
    return DROPS if reading.signals and level != "text" else ("nothing",)


def _ids(play: Play, probe: Probe) -> Ids:
    """What ids mean, from the first event with an id and the second without."""
    outcome = play((b"id: 7\n" + probe.events[0], *probe.events[1:]))
    ids = [item.fields.id for item in outcome.items[:2] if item.fields is not None]
    if ids and all(found == ABSENT for found in ids):
        return "none"
    return "own" if ids == ["7", ""] else "last"


def _role(view: View, reading: Reading, first: Outcome, second: Outcome) -> tuple[Role, bool]:
    """The role, and whether nothing comes out after the terminal signal; a marker beside it proves nothing."""
    more = len(observed(view, second.items)[0]) > len(observed(view, first.items)[0])
    out = {reading.meanings[index].signal for index in kept(view, reading)}
    signal_out = view.level != "text" and not reading.provider.ends.isdisjoint(out)
    if signal_out and more:
        return "parser", False
    if not signal_out or second.stopped:
        return "consumer", not more
    return "unknown", not more
