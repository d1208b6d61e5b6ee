"""What a decoded body means in one dialect: the reference's events, the meaning of each, and when each is due.

Everything that judges starts from a reading. Cost: one pass of the reference decoder and one of the provider.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

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
_SLICE = 1 << 20
"""Bytes that are decoded at once."""


@dataclass(frozen=True)
class Reading:
    """`dues[i]` is the body offset by which event i is complete; len(body) + 1 where only the end completes it.
    `pending` is what the end of the body discards, as it would read if the end completed it. `closed` is what the
    framing itself says of the end, None where it says nothing; `whole` is False where the body went on. What events
    mean is worked out once it is asked for."""

    provider: Provider
    body: bytes
    events: tuple[Event, ...]
    dues: tuple[int, ...]
    pending: Event | None
    problems: tuple[Problem, ...]
    closed: bool | None
    whole: bool = True
    kept: dict[Any, Any] = field(default_factory=dict, init=False, compare=False, repr=False)
    """What was worked out of it by others, by their own keys: it never changes."""

    @cached_property
    def meanings(self) -> tuple[Meaning, ...]:
        """What each event means."""
        return tuple(map(self.provider.read, self.events))

    @property
    def complete(self) -> bool | None:
        """True only if the provider's own terminal signal came and no error in its place; None where the dialect has
        none, or where it may come in what was not looked at."""
        return self._end[0] if self.whole else self._end[0] or None

    @property
    def ended_by(self) -> str | None:
        """What told the end."""
        return self._end[1]

    @cached_property
    def _end(self) -> tuple[bool | None, str | None]:
        stray = self.provider.framing == "sse" and bool(stray_errors(self.body))
        return completeness(self.provider, self.meanings, closed=self.closed, stray=stray)

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


class Decoded(NamedTuple):
    """Events as they came, those that only the end completed, and the decoder that says the rest. `more`: there are
    more events than were wanted, and these are the first."""

    events: list[Event]
    closing: list[Event]
    decoder: Decoder
    more: bool = False


def decode(framing: str, body: bytes, most: int | None = None) -> Decoded:
    """`body` through the decoder of its framing; of one with more than `most` events the first `most` only."""
    decoder = DECODERS[framing]()
    events: list[Event] = []
    for at in range(0, len(body), _SLICE):
        events += decoder.feed(body[at : at + _SLICE])
        if most is not None and len(events) > most:
            return Decoded(events[:most], [], decoder, more=True)
    return Decoded(events, decoder.close(), decoder)


def read_body(body: bytes, provider: Provider, *, whole: bool = True) -> Reading:
    """The reading of `body` in the dialect of `provider`."""
    return read_decoded(body, provider, decode(provider.framing, body), whole=whole)


def read_decoded(body: bytes, provider: Provider, decoded: Decoded, *, whole: bool = True) -> Reading:
    """The reading of a body that was decoded already, all of it, in the framing of `provider`."""
    events, closing, decoder, _ = decoded
    return Reading(
        provider=provider,
        body=body,
        events=(*events, *closing),
        dues=(*(event.end for event in events), *(len(body) + 1 for _ in closing)),
        pending=decoder.pending,
        problems=tuple(decoder.problems),
        closed=getattr(decoder, "closed", None),
        whole=whole,
    )
