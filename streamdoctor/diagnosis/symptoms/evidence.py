"""What a check-up looks at, and what it finds: a `Symptom` is one thing that is wrong with a capture. Pure.

In JSON a symptom has: rule, name, kind, severity (of its rule), summary (one plain sentence), layer, offset, event,
time, count. `layer` says which bytes `offset` counts: "body" (decoded), "http" (the response on the wire) or "coding"
(the body as it was coded). `event` counts from 1, `time` is nanoseconds since the first request byte; each is null
where there is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Literal

from streamdoctor.capture.model import RECEIVED, SENT, Capture
from streamdoctor.diagnosis.rules import RULES
from streamdoctor.stream.event import Event, Problem
from streamdoctor.stream.layers import Layers
from streamdoctor.stream.providers import Meaning, StrayError, stray_errors
from streamdoctor.stream.reading import Reading

Layer = Literal["body", "http", "coding"]

_LONGEST = 120
_UPSTREAM = frozenset({"eof", "reset", "timeout", "tls-error", "protocol-error"})
_OURS = frozenset({"client-closed", "disk-full", "recorder-stopped"})


@dataclass(frozen=True, slots=True)
class Symptom:
    """One thing wrong; `count` is how often, the rest tells of the first time."""

    rule: str
    summary: str
    layer: Layer = "body"
    offset: int | None = None
    event: int | None = None
    ns: int | None = None
    count: int = 1


Symptoms = Iterator[Symptom]


@dataclass(frozen=True)
class Evidence:
    """One capture and its layers, with the questions that several examinations ask."""

    capture: Capture
    layers: Layers

    @property
    def reading(self) -> Reading | None:
        return self.layers.reading

    @property
    def events(self) -> tuple[Event, ...]:
        return self.reading.events if self.reading else ()

    @property
    def meanings(self) -> tuple[Meaning, ...]:
        return self.reading.meanings if self.reading else ()

    @property
    def body(self) -> bytes:
        return self.layers.decoded

    @property
    def status(self) -> int | None:
        """The status of the response; None where there is none, or only one that an import made up."""
        made_up = "response-head" in self.capture.header.extra.get("synthesised", ())
        return None if made_up or self.layers.response is None else self.layers.response.status

    @property
    def timed(self) -> bool:
        return self.capture.header.fidelity != "body"

    @property
    def asked(self) -> int:
        """When the last byte of the request was sent."""
        return max((read.ns for read in self.capture.reads(SENT)), default=0)

    @property
    def over(self) -> int:
        """When the exchange ended, or the last byte came where that is not known."""
        return self.capture.end.ns if self.capture.end else max((ns for _, ns in self.layers.arrivals), default=0)

    @property
    def upstream_died(self) -> bool:
        """Did the connection break on the upstream's side?"""
        return self.capture.cause in _UPSTREAM and self._side != "downstream"

    @property
    def left(self) -> bool:
        """Did the client or the recorder end it?"""
        return self.capture.cause in _OURS or self._side in ("downstream", "recorder")

    @property
    def _side(self) -> str | None:
        return self.capture.end.side if self.capture.end else "recorder"

    @cached_property
    def strays(self) -> list[StrayError]:
        """The errors that stand outside all events."""
        if self.reading is None or self.reading.provider.framing != "sse":
            return []
        return stray_errors(self.reading.body)

    @property
    def unread(self) -> Problem | None:
        """Set where there are more events than are looked at."""
        return next((problem for problem in self.layers.problems if problem.layer == "events"), None)

    @cached_property
    def _wire(self) -> list[tuple[int, int]]:
        reads = self.capture.reads(RECEIVED)
        return list(zip(accumulate(len(read.data) for read in reads), (read.ns for read in reads), strict=True))

    @property
    def wire_size(self) -> int:
        return self._wire[-1][0] if self._wire else 0

    def time(self, index: int) -> int | None:
        """When event `index` was whole; None where times were not recorded."""
        return self.layers.time_of(self.events[index].end) if self.timed else None

    # -- symptoms at their places

    def at_event(self, rule: str, index: int, summary: str, count: int = 1) -> Symptom:
        return Symptom(rule, summary, "body", self.events[index].start, index + 1, self.time(index), count)

    def at_body(self, rule: str, offset: int, summary: str, count: int = 1) -> Symptom:
        """At a byte of the decoded body, in the event that holds it if one does."""
        event = next((i for i, event in enumerate(self.events, 1) if event.start <= offset < event.end), None)
        ns = self.layers.time_of(min(offset + 1, len(self.body))) if self.timed else None
        return Symptom(rule, summary, "body", offset, event, ns, count)

    def at_end(self, rule: str, summary: str) -> Symptom:
        """After the last byte of the body."""
        return Symptom(rule, summary, "body", len(self.body), None, self.over if self.timed else None)

    def on_wire(self, rule: str, offset: int, summary: str) -> Symptom:
        ns = next((ns for end, ns in self._wire if end > offset), None) if self.timed else None
        return Symptom(rule, summary, "http", offset, None, ns)

    def whole(self, rule: str, summary: str) -> Symptom:
        """Of the exchange as a whole: at no byte."""
        return Symptom(rule, summary, "http")


def severity_rank(symptom: Symptom) -> tuple[int, str]:
    """The worst first, then by code."""
    order = {"error": 0, "warning": 1, "note": 2}
    return order[RULES[symptom.rule].severity], symptom.rule


def brief(text: str) -> str:
    """Foreign text short enough for a sentence."""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def seconds(ns: int) -> str:
    return f"{ns / 1e9:.1f} s" if ns >= 100_000_000 else f"{ns / 1e6:.1f} ms"
