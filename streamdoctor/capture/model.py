"""A capture in memory: one exchange as it arrived. Times are integer nanoseconds since the first request byte."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Direction = Literal[">", "<"]
Fidelity = Literal["read", "chunk", "event", "body"]

SENT: Direction = ">"
RECEIVED: Direction = "<"

FIDELITIES = ("read", "chunk", "event", "body")
PROTOCOLS = ("http/1.1",)
CAUSES = (
    "complete",
    "eof",
    "reset",
    "timeout",
    "client-closed",
    "refused",
    "dns-error",
    "tls-error",
    "protocol-error",
    "disk-full",
    "recorder-stopped",
    "unknown",
)


@dataclass(frozen=True, slots=True)
class Read:
    """What one `recv` returned, and when it returned."""

    ns: int
    direction: Direction
    data: bytes


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened beside the bytes: `details` are the keys of its record other than "mark"."""

    ns: int
    name: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class End:
    """How the exchange ended. `cause` is one of CAUSES (others, from newer writers, are kept); `side` is
    "upstream", "downstream" or "recorder"; `framing` is "length", "chunked", "close" or "none" where known;
    `details` are the further keys of the record (counts, digests, messages)."""

    ns: int
    cause: str
    side: str | None = None
    framing: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Header:
    """The first record. `started` is UTC, RFC 3339; `extra` keeps the keys that this version does not know."""

    started: str
    recorder: str
    protocol: str = "http/1.1"
    upstream: str | None = None
    via: str = "proxy"
    fidelity: Fidelity = "read"
    connection: str | None = None
    exchange: int = 1
    session: str | None = None
    attempt: int = 1
    redacted: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


Record = Read | Mark


@dataclass(frozen=True, slots=True)
class Capture:
    """A header, the records in file order, and the end if the recorder lived to write one.

    `warnings` say, in whole sentences, what was wrong with the file and could be got over.
    """

    header: Header
    records: tuple[Record, ...]
    end: End | None = None
    warnings: tuple[str, ...] = ()

    def reads(self, direction: Direction) -> list[Read]:
        return [r for r in self.records if isinstance(r, Read) and r.direction == direction]

    def marks(self) -> list[Mark]:
        return [r for r in self.records if isinstance(r, Mark)]

    def data(self, direction: Direction) -> bytes:
        """All bytes of one direction, joined."""
        return b"".join(r.data for r in self.reads(direction))

    @property
    def cause(self) -> str:
        """The recorded cause, "recorder-stopped" where no end record was written."""
        return self.end.cause if self.end else "recorder-stopped"
