"""Streams of no API we know: the framing alone. They have no terminal signal, so nobody can say if one is complete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streamdoctor.stream.event import Event
from streamdoctor.stream.providers.base import NOTHING, Meaning


@dataclass(frozen=True, slots=True)
class Plain:
    """Whatever comes in one framing."""

    name: str
    title: str
    framing: str
    has_signal: bool = False
    ends: frozenset[str] = frozenset()
    definite: bool = False

    def recognises(self, events: Sequence[Event]) -> bool:
        return True

    def read(self, event: Event) -> Meaning:
        return NOTHING


SSE = Plain("sse", "plain server-sent events", "sse")
NDJSON = Plain("ndjson", "plain NDJSON", "ndjson")
JSON_ARRAY = Plain("json-array", "plain JSON array", "json-array")
AWS_EVENTSTREAM = Plain("aws-eventstream", "plain AWS event stream", "aws-eventstream")
