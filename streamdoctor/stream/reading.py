"""What a decoded body means in one dialect: the reference's events, the meaning of each, and when each is due.

Everything that judges starts from a reading. Cost: one pass of the reference decoder and one of the provider.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from streamdoctor.stream.aws_eventstream import AWSEventStreamDecoder
from streamdoctor.stream.event import Decoder, Event, Problem
from streamdoctor.stream.json_array import JSONArrayDecoder
from streamdoctor.stream.ndjson import NDJSONDecoder
from streamdoctor.stream.providers.base import Meaning, Provider, completeness
from streamdoctor.stream.providers.stray import stray_errors
from streamdoctor.stream.sse import SSEDecoder

DECODERS: dict[str, Callable[[], Decoder]] = {
    "sse": SSEDecoder,
    "ndjson": NDJSONDecoder,
    "json-array": JSONArrayDecoder,
    "aws-eventstream": AWSEventStreamDecoder,
}
"""The reference decoder of each framing."""

_SSE_LINE_END = re.compile(rb"\r\n|\n|\r")
_LF_LINE_END = re.compile(rb"\r?\n")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Reading:
    """`dues[i]` is the body offset by which event i is complete; len(body) + 1 where only the end completes it.
    `pending` is what the end of the body discards, as it would read if the end completed it. `complete` is True only if
    the provider's own terminal signal came and no error in its place, None where the dialect has none; `ended_by` names
    what told the end."""

    provider: Provider
    body: bytes
    events: tuple[Event, ...]
    dues: tuple[int, ...]
    meanings: tuple[Meaning, ...]
    pending: Event | None
    problems: tuple[Problem, ...]
    complete: bool | None
    ended_by: str | None
    kept: dict[Any, Any] = field(default_factory=dict, init=False, compare=False, repr=False)
    """What was worked out of it by others, by their own keys: it never changes."""

    @cached_property
    def lines(self) -> tuple[tuple[int, int, str], ...]:
        """(start, end, text) of each whole line, by the line ends of the framing."""
        pattern = _SSE_LINE_END if self.provider.framing == "sse" else _LF_LINE_END
        start = self._first_line
        lines: list[tuple[int, int, str]] = []
        for end in pattern.finditer(self.body, start):
            lines.append((start, end.end(), self.body[start : end.start()].decode("utf-8", "replace")))
            start = end.end()
        return tuple(lines)

    @cached_property
    def tail(self) -> str:
        """What stands after the last line end."""
        return self.body[self.lines[-1][1] if self.lines else self._first_line :].decode("utf-8", "replace")

    @property
    def _first_line(self) -> int:
        return len(_BOM) if self.body.startswith(_BOM) else 0

    @cached_property
    def signals(self) -> tuple[int, ...]:
        """The indexes of the events that are the provider's terminal signal, or part of it."""
        return tuple(i for i, meaning in enumerate(self.meanings) if meaning.signal is not None)

    @cached_property
    def first_error(self) -> int | None:
        """The index of the first event that carries the API's own error."""
        return next((i for i, meaning in enumerate(self.meanings) if meaning.error is not None), None)


def read_body(body: bytes, provider: Provider) -> Reading:
    """The reading of `body` in the dialect of `provider`."""
    decoder = DECODERS[provider.framing]()
    fed = decoder.feed(body)
    closing = decoder.close()
    events = (*fed, *closing)
    meanings = tuple(map(provider.read, events))
    stray = provider.framing == "sse" and bool(stray_errors(body))
    complete, ended_by = completeness(provider, meanings, closed=getattr(decoder, "closed", None), stray=stray)
    return Reading(
        provider=provider,
        body=body,
        events=events,
        dues=(*(event.end for event in fed), *(len(body) + 1 for _ in closing)),
        meanings=meanings,
        pending=decoder.pending,
        problems=tuple(decoder.problems),
        complete=complete,
        ended_by=ended_by,
    )
