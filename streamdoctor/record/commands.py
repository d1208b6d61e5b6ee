"""What the relay asks of the shell that performs it: connections, bytes, and records of captures.

Times in the commands of an exchange are nanoseconds since its first request byte.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from streamdoctor.capture.model import Direction

Side = Literal["upstream", "downstream"]
UP: Side = "upstream"
DOWN: Side = "downstream"


class Identity(NamedTuple):
    """What stays the same when a request is sent again: a digest of its head, the body bytes that came with it.

    `bodied` says that it has a body; `retry` is the count that some SDKs send along.
    """

    head: bytes
    body: bytes
    bodied: bool
    retry: int


class Connect(NamedTuple):
    """Open the connection to the upstream; the relay hears `upstream_connected` or `upstream_failed`."""


class Send(NamedTuple):
    side: Side
    data: bytes


class Finish(NamedTuple):
    """End our half with FIN, after all that was sent; go on reading."""

    side: Side


class Linger(NamedTuple):
    """End our half, drop what still comes, and close within a few seconds."""

    side: Side


class Drop(NamedTuple):
    """Close at once, in order."""

    side: Side


class Reset(NamedTuple):
    """End with RST, once the peer took what was sent."""

    side: Side


class Pause(NamedTuple):
    """Stop reading."""

    side: Side


class Resume(NamedTuple):
    side: Side


class Open(NamedTuple):
    """An exchange began. `method` and `target` are "" while unknown; secrets in `target` are covered.

    `request` tells attempts of the same request from others; None while the head is not whole.
    """

    exchange: int
    method: str
    target: str
    redacted: tuple[str, ...]
    request: Identity | None


class Keep(NamedTuple):
    """Store a read."""

    exchange: int
    ns: int
    direction: Direction
    data: bytes


class Note(NamedTuple):
    """Store a mark."""

    exchange: int
    ns: int
    mark: str
    details: Mapping[str, Any]


class Close(NamedTuple):
    """The exchange is over. `status` is that of the final response head, `first_ns` the time of its first byte."""

    exchange: int
    ns: int
    cause: str
    side: str | None
    framing: str | None
    details: Mapping[str, Any]
    status: int | None
    first_ns: int | None


Command = Connect | Send | Finish | Linger | Drop | Reset | Pause | Resume | Open | Keep | Note | Close
