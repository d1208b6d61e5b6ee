"""One parsed unit of a stream, whatever its framing: an SSE event, an NDJSON line, an array element, an AWS message."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Event(NamedTuple):
    """What came out of the body bytes `start` to `end` (the terminator included).

    `type` is "message" where the framing names none. `id` is the last event ID in force (WHATWG HTML section 9.2.6);
    `own_id` is the id that stood in this very event, None if there was none.
    """

    data: str
    type: str = "message"
    id: str = ""
    own_id: str | None = None
    start: int = 0
    end: int = 0


class Problem(NamedTuple):
    """Bytes that made no sense to a layer: what, at which offset of that layer's input."""

    layer: str
    offset: int
    message: str


class Decoder(Protocol):
    """Bytes in, events out, prompt and linear. `feed` any pieces, then `close` once."""

    def feed(self, data: bytes) -> list[Event]: ...

    def close(self) -> list[Event]:
        """The events that only the end of the stream completes."""
        ...

    @property
    def pending(self) -> Event | None:
        """The unterminated event that the end would discard, as it would read if the end completed it."""
        ...

    @property
    def problems(self) -> list[Problem]: ...
