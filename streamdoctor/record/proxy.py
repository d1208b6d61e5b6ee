"""The recorder: an asyncio shell that performs what the relay commands.

Rules: in every callback forward, then record, then follow; nothing takes long, for reads merge while the loop is busy.
What goes wrong with a file never touches the relaying.
"""

from __future__ import annotations

import asyncio
import errno
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from streamdoctor.capture.redact import Rules
from streamdoctor.errors import UsageError
from streamdoctor.record import commands
from streamdoctor.record.commands import DOWN, UP, Command, Side
from streamdoctor.record.legs import READ_BYTES, Leg, TLSLeg
from streamdoctor.record.relay import Relay
from streamdoctor.record.rewrite import Place
from streamdoctor.record.store import Book, Spectator, Store
from streamdoctor.record.store import Recorded as Recorded
from streamdoctor.record.tls import TLSClient, client_context
from streamdoctor.record.upstream import Unreachable, connect, parse_upstream

_BACKLOG = 1024
_STOP_SECONDS = 2.0


class Recorder:
    """A reverse proxy in front of `upstream` that keeps one capture an exchange in the folder `out`.

    `on_exchange` hears of each exchange when it ends, `on_trouble` of the one failure that stops recording,
    `spectator` of each record when it was stored.
    """

    def __init__(
        self,
        upstream: str,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        out: str | Path = "captures",
        on_exchange: Callable[[Recorded], None] | None = None,
        on_trouble: Callable[[str], None] | None = None,
        spectator: Spectator | None = None,
        rules: Rules | None = Rules(),  # noqa: B008 - frozen
        ca: str | None = None,
        insecure: bool = False,
        connect_seconds: float = 30.0,
    ) -> None:
        """Raises UsageError for a bad upstream URL or CA file. `rules` None records secrets as they are."""
        self.upstream = parse_upstream(upstream)
        self.port = port
        self.rules = rules
        self.connect_seconds = connect_seconds
        self.tls: ssl.SSLContext | None = None
        if self.upstream.scheme == "https":
            self.tls = client_context(ca, insecure)
        self.place = Place(self.upstream.authority, self.upstream.base)
        self.links: set[Link] = set()
        self.buffer = memoryview(bytearray(READ_BYTES))
        self._host = host
        self.on_exchange = on_exchange or (lambda _: None)
        self.spectator = spectator
        self.store = Store(Path(out), self.upstream.url, self.upstream.host, on_trouble or (lambda _: None))
        self._server: asyncio.Server | None = None
        self._connections = 0

    @property
    def url(self) -> str:
        """What to use as base URL, without a final slash."""
        return f"http://{self._authority()}"

    def _authority(self) -> str:
        return f"[{self._host}]:{self.port}" if ":" in self._host else f"{self._host}:{self.port}"

    async def start(self) -> None:
        """Makes the folder and listens. Raises UsageError where either cannot be."""
        self.store.prepare()
        if self.port == self.upstream.port and self.upstream.host in (self._host, "localhost"):
            raise UsageError("the upstream is this very listener: give --listen another port")
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(self._accept, self._host, self.port, backlog=_BACKLOG)
        except OSError as error:
            why = "the port is in use" if error.errno == errno.EADDRINUSE else error.strerror or str(error)
            raise UsageError(
                f"cannot listen on {self._authority()}: {why}", hint="--listen HOST:PORT takes another; port 0 is any"
            ) from None
        self.port = self._server.sockets[0].getsockname()[1]
        own = {self._authority(), f"localhost:{self.port}", f"127.0.0.1:{self.port}"}
        self.place = self.place._replace(own=frozenset(own))

    async def settle(self, seconds: float) -> None:
        """Waits for the ends of clients that are gone: until no connection is open, no longer than `seconds`."""
        if self.links:
            await asyncio.wait([link.over for link in self.links], timeout=seconds)

    async def stop(self) -> None:
        """Ends every connection and every capture. What is under way ends as "recorder-stopped"."""
        if self._server:
            self._server.close()
        for link in list(self.links):
            link.stop()
        if self.links:
            await asyncio.wait([link.over for link in self.links], timeout=_STOP_SECONDS)
        for link in list(self.links):
            link.abort()
        if self.links:
            await asyncio.wait([link.over for link in self.links])
        if self._server:
            await self._server.wait_closed()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _accept(self) -> Leg:
        self._connections += 1
        return Link(self, f"c{self._connections}").down


class Link:
    """One client connection and its upstream: two legs, a relay between them, and the captures under way."""

    def __init__(self, recorder: Recorder, name: str) -> None:
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.down = Leg(DOWN, self, recorder.buffer)
        self._up: Leg | None = None
        self._recorder = recorder
        self._book = Book(recorder.store, name, recorder.on_exchange, recorder.spectator)
        self._relay = Relay(recorder.place, self._perform, recorder.rules)
        self._connecting: asyncio.Task[None] | None = None
        self._alive: set[Side] = {DOWN}
        recorder.links.add(self)

    # -- what the legs say

    def leg_data(self, side: Side, data: bytes) -> None:
        now = time.monotonic_ns()
        if side == UP:
            self._relay.upstream_data(now, data)
        else:
            self._relay.downstream_data(now, data)

    def leg_eof(self, side: Side, incomplete: str) -> None:
        now = time.monotonic_ns()
        if side == UP:
            self._relay.upstream_eof(now, incomplete)
        else:
            self._relay.downstream_eof(now)

    def leg_lost(self, side: Side, cause: str, torn: str | None) -> None:
        now = time.monotonic_ns()
        if side == UP:
            self._relay.upstream_lost(now, cause, torn)
        else:
            self._relay.downstream_lost(now, torn)

    def leg_paused(self, side: Side, waiting: int) -> None:
        self._relay.paused(time.monotonic_ns(), side, waiting)

    def leg_resumed(self, side: Side, waiting: int) -> None:
        self._relay.resumed(time.monotonic_ns(), side, waiting)

    def leg_made(self, leg: Leg) -> None:
        if leg.side == UP:
            self._up = leg
            self._alive.add(UP)
            self._relay.upstream_connected(time.monotonic_ns(), leg.details())

    def leg_closed(self, side: Side) -> None:
        self._alive.discard(side)
        self._end_if_over()

    def _end_if_over(self) -> None:
        if not self._alive and self._connecting is None and not self.over.done():
            self._recorder.links.discard(self)
            self.over.set_result(None)

    # -- what the relay commands

    def _perform(self, command: Command) -> None:
        _PERFORM[type(command)](self, command)

    def _leg(self, side: Side) -> Leg | None:
        return self._up if side == UP else self.down

    def _on_leg(self, side: Side, act: Callable[[Leg], None]) -> None:
        leg = self._leg(side)
        if leg is not None:
            act(leg)
        elif self._connecting is not None and act not in (Leg.pause, Leg.resume):
            self._connecting.cancel()

    def _send(self, command: commands.Send) -> None:
        leg = self._leg(command.side)
        if leg is not None:
            leg.send(command.data)

    def _connect(self, command: commands.Connect) -> None:
        self._connecting = asyncio.get_running_loop().create_task(self._reach_upstream())

    async def _reach_upstream(self) -> None:
        recorder = self._recorder
        try:
            await connect(recorder.upstream, self._make_leg, recorder.connect_seconds)
        except Unreachable as error:
            self._relay.upstream_failed(time.monotonic_ns(), error.cause, str(error))
        finally:
            self._connecting = None
            self._end_if_over()

    def _make_leg(self) -> Leg:
        recorder = self._recorder
        if recorder.tls is None:
            return Leg(UP, self, recorder.buffer)
        return TLSLeg(UP, self, recorder.buffer, TLSClient(recorder.tls, recorder.upstream.host))

    # -- the end

    def stop(self) -> None:
        self._relay.stop(time.monotonic_ns())

    def abort(self) -> None:
        """What could not be sent by now never will be."""
        for leg in (self.down, self._up):
            if leg is not None:
                leg.abort()


_PERFORM: dict[type, Callable[[Link, Any], None]] = {
    commands.Send: Link._send,
    commands.Keep: lambda link, command: link._book.keep(command),
    commands.Note: lambda link, command: link._book.note(command),
    commands.Open: lambda link, command: link._book.open(command),
    commands.Close: lambda link, command: link._book.close(command),
    commands.Connect: Link._connect,
    commands.Finish: lambda link, command: link._on_leg(command.side, Leg.finish),
    commands.Linger: lambda link, command: link._on_leg(command.side, Leg.linger),
    commands.Drop: lambda link, command: link._on_leg(command.side, Leg.drop),
    commands.Reset: lambda link, command: link._on_leg(command.side, Leg.reset),
    commands.Pause: lambda link, command: link._on_leg(command.side, Leg.pause),
    commands.Resume: lambda link, command: link._on_leg(command.side, Leg.resume),
}
