"""A relay on paper: what it was told, what it commanded, and what the captures would hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from streamdoctor.capture.redact import Rules
from streamdoctor.record.commands import (
    DOWN,
    UP,
    Close,
    Command,
    Connect,
    Keep,
    Note,
    Open,
    Send,
)
from streamdoctor.record.relay import Relay
from streamdoctor.record.rewrite import Place

PLACE = Place("api.example.com", "", frozenset({"127.0.0.1:8085"}))


@dataclass
class Stored:
    """One capture as it would stand on disk."""

    opened: Open
    reads: list[tuple[int, str, bytes]] = field(default_factory=list)
    notes: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    closed: Close | None = None

    def data(self, direction: str) -> bytes:
        return b"".join(data for _, way, data in self.reads if way == direction)

    def marks(self) -> list[str]:
        return [mark for mark, _ in self.notes]

    @property
    def cause(self) -> str | None:
        return self.closed.cause if self.closed else None


class Paper:
    """Every call is one nanosecond after the last. `connects`: the upstream answers the moment it is wanted."""

    def __init__(self, place: Place = PLACE, rules: Rules | None = None, connects: bool = True) -> None:
        self.now = 0
        self.commands: list[Command] = []
        self.captures: dict[int, Stored] = {}
        self.relay = Relay(place, self._emit, rules)
        self._connects = connects
        self._wanted = False

    def _emit(self, command: Command) -> None:
        self.commands.append(command)
        match command:
            case Open():
                assert command.exchange not in self.captures
                self.captures[command.exchange] = Stored(command)
            case Keep():
                assert self._open(command.exchange).closed is None
                self._open(command.exchange).reads.append((command.ns, command.direction, command.data))
            case Note():
                self._open(command.exchange).notes.append((command.mark, command.details))
            case Close():
                assert self._open(command.exchange).closed is None
                self._open(command.exchange).closed = command
            case Connect():
                self._wanted = True

    def _open(self, exchange: int) -> Stored:
        return self.captures[exchange]

    def _tick(self) -> int:
        self.now += 1
        return self.now

    def _told(self, since: int) -> list[Command]:
        if self._wanted and self._connects:
            self._wanted = False
            self.relay.upstream_connected(self._tick(), {"address": "192.0.2.1:443"})
        return [c for c in self.commands[since:] if not isinstance(c, Open | Keep | Note | Close)]

    def client(self, data: bytes) -> list[Command]:
        """The client sent `data`: what the relay commands, records left out."""
        since = len(self.commands)
        self.relay.downstream_data(self._tick(), data)
        return self._told(since)

    def server(self, data: bytes) -> list[Command]:
        since = len(self.commands)
        self.relay.upstream_data(self._tick(), data)
        return self._told(since)

    def client_fin(self) -> list[Command]:
        since = len(self.commands)
        self.relay.downstream_eof(self._tick())
        return self._told(since)

    def client_rst(self) -> list[Command]:
        since = len(self.commands)
        self.relay.downstream_lost(self._tick(), "rst")
        return self._told(since)

    def server_fin(self, incomplete: str = "") -> list[Command]:
        since = len(self.commands)
        self.relay.upstream_eof(self._tick(), incomplete)
        return self._told(since)

    def server_rst(self) -> list[Command]:
        since = len(self.commands)
        self.relay.upstream_lost(self._tick(), "reset", "rst")
        return self._told(since)

    def sent(self, side: str) -> bytes:
        return b"".join(c.data for c in self.commands if isinstance(c, Send) and c.side == side)

    @property
    def to_client(self) -> bytes:
        return self.sent(DOWN)

    @property
    def to_server(self) -> bytes:
        return self.sent(UP)
