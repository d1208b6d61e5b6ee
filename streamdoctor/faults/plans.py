"""The third axis of a case: planned misbehaviours of the upstream (DESIGN section 7), as plans that others perform.

A plan says which bytes are delivered, what time passes between them, how the connection then ends, and what a second
attempt would get. Written `name`, `name@N`, `name:ARGUMENT` or `name@N:ARGUMENT`; N is a body byte, eK (before event K,
from 1) or every-event, which gives a plan at each. To add one: write a function from (Reading, offset, argument) to
Plans and enter it in FAULTS with one line for the help.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from streamdoctor.errors import UsageError
from streamdoctor.faults.error_events import error_event
from streamdoctor.faults.keep_alive import PERIOD, with_keep_alive
from streamdoctor.splits.strategies import Cuts
from streamdoctor.stream.reading import Reading

Ending = Literal["clean", "open", "fin", "reset"]
"""`clean`: the body ends; `open`: nothing more comes and nothing ends; `fin`: the connection ends and HTTP's own end is
missing; `reset`: it is reset. At the last two the transport raises."""

EVERY_EVENT = "every-event"
_TICK = 0.1
"""Seconds between the pieces of a slow stream."""


class Pause(NamedTuple):
    """`seconds` pass before the body byte `offset` comes; before the end, where that is the length of the body."""

    offset: int
    seconds: float


@dataclass(frozen=True)
class Plan:
    """`fault` is its name, None for a stream as it should be; `again` is what a client that asks again then gets. Where
    there are pauses, what comes before each comes by itself."""

    fault: str | None
    body: bytes
    ending: Ending = "clean"
    again: bytes | None = None
    pauses: tuple[Pause, ...] = ()

    def apart(self, cuts: Cuts) -> Cuts:
        """`cuts`, and one at each pause inside the body."""
        if not self.pauses:
            return cuts
        inside = (pause.offset for pause in self.pauses if 0 < pause.offset < len(self.body))
        return tuple(sorted({*cuts, *inside}))


def _keep_open(reading: Reading, offset: int, argument: str) -> list[Plan]:
    return [Plan(None, reading.body, "open")] if reading.signals else []


def _no_marker(reading: Reading, offset: int, argument: str) -> list[Plan]:
    """The terminal signal left out, all of it; nothing where the body has none."""
    if not reading.signals:
        return []
    if reading.provider.framing == "json-array":
        return [Plan(None, _unclosed(reading))]
    body = bytearray(reading.body)
    for index in reversed(reading.signals):
        event = reading.events[index]
        del body[event.start : event.end]
    return [Plan(None, bytes(body))]


def _unclosed(reading: Reading) -> bytes:
    """A JSON array up to its signal: what is left must be no array with a hole in it, nor have its closing bracket."""
    first = reading.signals[0]
    return reading.body[: reading.events[first - 1].end if first else reading.events[0].start]


_CUTS: dict[str, Ending] = {"clean": "clean", "fin": "fin", "rst": "reset"}


def _cut(reading: Reading, offset: int, argument: str) -> list[Plan]:
    return [Plan(None, reading.body[:offset], _CUTS[argument])]


def _resend(reading: Reading, offset: int, argument: str) -> list[Plan]:
    """A reset at N; a client that asks again gets the whole body from the start."""
    return [Plan(None, reading.body[:offset], "reset", reading.body)]


def _stall(reading: Reading, offset: int, argument: str) -> list[Plan]:
    return [Plan(None, reading.body, pauses=(Pause(offset, float(argument)),))]


def _slow(reading: Reading, offset: int, argument: str) -> list[Plan]:
    """As many bytes at a time as come in a tenth of a second, one at the least."""
    rate, size = float(argument), len(reading.body)
    piece = max(1, round(rate * _TICK))
    return [Plan(None, reading.body, pauses=tuple(Pause(at, piece / rate) for at in range(0, size, piece)))]


def _comments(reading: Reading, offset: int, argument: str) -> list[Plan]:
    """A keep-alive comment in front of each event, the one in the middle after a long pause and before another."""
    if reading.provider.framing != "sse" or not reading.events:
        return []
    body, before, after = with_keep_alive(reading)
    return [Plan(None, body, pauses=(Pause(before, PERIOD), Pause(after, PERIOD)))]


def _error_event(reading: Reading, offset: int, argument: str) -> list[Plan]:
    """The API's own error from the middle event on, or from its terminal signal on, where that comes first."""
    if not reading.events or reading.first_error is not None:
        return []
    error = error_event(reading)
    if error is None:
        return []
    first = reading.events[min((len(reading.events) // 2, *reading.signals[:1]))]
    return [Plan(None, reading.body[: first.start] + error)]


def _how(argument: str) -> bool:
    return argument in _CUTS


def _number(argument: str) -> bool:
    return re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", argument) is not None and float(argument) > 0


class Fault(NamedTuple):
    """`example` is how it is written, `form` in general; `takes` tells a good argument, where it takes one; `needs` is
    what a stream lacks where there are no plans."""

    plans: Callable[[Reading, int, str], list[Plan]]
    example: str
    form: str
    summary: str
    takes: Callable[[str], bool] | None = None
    needs: str = "an event"

    @property
    def placed(self) -> bool:
        """Is it written with an @N?"""
        return "@" in self.form


FAULTS: dict[str, Fault] = {
    "cut": Fault(
        _cut,
        "cut@e3:clean",
        "cut@N:clean|fin|rst",
        "only the bytes before N, then a clean end, an end without HTTP's own, or a reset",
        _how,
    ),
    "stall": Fault(_stall, "stall@e3:60", "stall@N:SECONDS", "nothing comes for so long before N", _number),
    "keep-open": Fault(
        _keep_open,
        "keep-open",
        "keep-open",
        "everything is sent, and the connection stays open",
        needs="a terminal signal",
    ),
    "no-marker": Fault(
        _no_marker, "no-marker", "no-marker", "a clean end without the terminal signal", needs="a terminal signal"
    ),
    "comments": Fault(
        _comments,
        "comments",
        "comments",
        "keep-alive comments between events, also in a long pause (SSE)",
        needs="events in SSE",
    ),
    "error-event": Fault(
        _error_event,
        "error-event",
        "error-event",
        "the API's own error in the place of the second half",
        needs="an API whose errors have a form, and no error yet",
    ),
    "resend": Fault(_resend, "resend@e3", "resend@N", "a reset at N; a second attempt gets everything from the start"),
    "slow": Fault(_slow, "slow:50", "slow:BYTES_PER_S", "bytes come no faster than that", _number),
}


def usages() -> list[str]:
    """How each fault is written."""
    return [fault.form for fault in FAULTS.values()]


PLACES = f"N is a body byte, eK (before event K, from 1) or {EVERY_EVENT} (one fault at each)"


class _Asked(NamedTuple):
    """A fault as it was asked for; `place` and `argument` are "" where it has none."""

    name: str
    place: str
    argument: str

    def at(self, place: str) -> str:
        """How it is written at that place."""
        argument = f":{self.argument}" if self.argument else ""
        return f"{self.name}@{place}{argument}"


def _parse(spec: str) -> _Asked:
    """Raises UsageError, with how it is written, for what is no fault."""
    head, colon, argument = spec.partition(":")
    name, at, place = head.partition("@")
    fault = FAULTS.get(name)
    if fault is None:
        raise UsageError(f"unknown fault {spec!r}", hint="faults: " + " ".join(usages()))
    hint = f"it is written {fault.form}, for instance {fault.example}"
    if fault.placed != bool(place) or (at and not place):
        what = "wants a place" if fault.placed else "has no place"
        raise UsageError(f"--fault {spec}: {name} {what}", hint=f"{hint}; {PLACES}" if fault.placed else hint)
    if fault.placed and place != EVERY_EVENT and not re.fullmatch(r"e?[0-9]{1,12}", place):
        raise UsageError(f"--fault {spec}: {place!r} is no place", hint=f"{PLACES}; for instance {fault.example}")
    if (fault.takes is None) == bool(colon) or (fault.takes and not fault.takes(argument)):
        what = "takes nothing after it" if fault.takes is None else f"does not take {argument!r}"
        what = what if colon else "lacks what comes after the colon"
        raise UsageError(f"--fault {spec}: {name} {what}", hint=hint)
    return _Asked(name, place, argument)


def validate(specs: Sequence[str]) -> None:
    """Raises UsageError for what is written like no fault."""
    for spec in specs:
        _parse(spec)


def plans(spec: str | None, reading: Reading) -> list[Plan]:
    """The plans of one fault for this body; none where it does not apply, the body itself where `spec` is None.

    Raises UsageError for a place that this body does not have.
    """
    return list(each(spec, reading))


def each(spec: str | None, reading: Reading) -> Iterator[Plan]:
    """The same one by one: a plan holds bytes, and there may be one at every event. Raises as `plans` does."""
    if spec is None:
        yield Plan(None, reading.body)
        return
    asked = _parse(spec)
    make = FAULTS[asked.name].plans
    for name, offset in _places(spec, asked, reading):
        yield from (replace(plan, fault=name) for plan in make(reading, offset, asked.argument))


def needs(spec: str) -> str:
    """What a stream must have for this fault."""
    return FAULTS[_parse(spec).name].needs


def _places(spec: str, asked: _Asked, reading: Reading) -> Iterator[tuple[str, int]]:
    """Each place: what the fault is called there, and its body byte."""
    if asked.place == EVERY_EVENT:
        yield from ((asked.at(f"e{number}"), event.start) for number, event in enumerate(reading.events, 1))
    else:
        yield spec, _offset(spec, asked.place, reading) if asked.place else 0


def _offset(spec: str, place: str, reading: Reading) -> int:
    number = int(place.removeprefix("e"))
    if not place.startswith("e"):
        if number > len(reading.body):
            size = len(reading.body)
            raise UsageError(f"--fault {spec}: this body has {size} bytes", hint=f"N is at most {size}")
        return number
    count = len(reading.events)
    if not 1 <= number <= count:
        hint = f"eK is e1 to e{count}" if count else "name a body byte"
        raise UsageError(f"--fault {spec}: this body has {count} events", hint=hint)
    return reading.events[number - 1].start
