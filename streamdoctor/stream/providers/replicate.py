"""Replicate streams: SSE whose `output` events are plain text; ends with `event: done`.

The done event may say that it was none: `{"reason": "error"}` or "canceled". Source: Replicate docs, streaming output.
"""

from __future__ import annotations

from collections.abc import Sequence

from streamdoctor.stream.event import Event
from streamdoctor.stream.providers.base import NOTHING, Meaning, TextDelta, named, one_line, parse, sample

_TYPES = frozenset({"output", "logs", "error", "done"})


class Replicate:
    """Text as it stands in `data`, spaces and line ends included."""

    name = "replicate"
    title = "Replicate stream"
    framing = "sse"
    has_signal = True
    ends = frozenset({"done"})
    definite = True

    def recognises(self, events: Sequence[Event]) -> bool:
        kinds = {event.type for event in sample(events)}
        return "output" in kinds and kinds <= _TYPES

    def read(self, event: Event) -> Meaning:
        if event.type == "output":
            return Meaning(text=(TextDelta(0, event.data),))
        if event.type == "error":
            return Meaning(error=one_line(event.data) or "error")
        if event.type == "done":
            reason = named((parse(event.data) or {}).get("reason"))
            return Meaning(signal="done", error=reason, finish=reason or "done")
        return NOTHING
