"""One request recorded directly, without a proxy: an asyncio shell that performs what `Asking` commands.

Rules: what came is handed on first, then recorded; a reader that is behind pauses the upstream, and the capture says
so.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from streamdoctor.capture.redact import Rules
from streamdoctor.record import commands
from streamdoctor.record.asking import Asking, Request
from streamdoctor.record.commands import DOWN, Command, Side
from streamdoctor.record.legs import READ_BYTES, Leg, TLSLeg
from streamdoctor.record.store import Book, Recorded, Store
from streamdoctor.record.tls import TLSClient, client_context
from streamdoctor.record.upstream import Unreachable, connect

_CLOSE_SECONDS = 2.0


class Fetch:
    """One exchange with `request.upstream`, kept as a capture in the folder `out`.

    `on_data` gets the bytes of the response as they come off the wire; `on_trouble` hears why recording stopped.
    """

    def __init__(
        self,
        request: Request,
        *,
        out: str | Path,
        on_data: Callable[[bytes], None],
        on_trouble: Callable[[str], None] | None = None,
        rules: Rules | None = Rules(),  # noqa: B008 - frozen
        ca: str | None = None,
        insecure: bool = False,
        connect_seconds: float = 30.0,
    ) -> None:
        """Raises UsageError for a bad CA file. `rules` None records secrets as they are."""
        upstream = request.upstream
        self.store = Store(Path(out), upstream.url, upstream.host, on_trouble or (lambda _: None), via="fetch")
        self._upstream = upstream
        self._seconds = connect_seconds
        self._tls: ssl.SSLContext | None = client_context(ca, insecure) if upstream.scheme == "https" else None
        self._on_data = on_data
        self._asking = Asking(request, self._perform, rules)
        self._book = Book(self.store, "c1", self._finished)
        self._leg: Leg | None = None
        self._reaching: asyncio.Task[None] | None = None

    async def run(self) -> Recorded:
        """Asks, and returns when the exchange is over and the connection closed."""
        self.store.prepare()
        self._done: asyncio.Future[Recorded] = asyncio.get_running_loop().create_future()
        self._closed = asyncio.Event()
        self._asking.begin(time.monotonic_ns())
        recorded = await self._done
        if self._reaching is not None:
            self._reaching.cancel()
            with suppress(asyncio.CancelledError):
                await self._reaching
        if self._leg is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closed.wait(), _CLOSE_SECONDS)
            self._leg.abort()
        return recorded

    # -- what who asked says

    def leave(self, by: str) -> None:
        """Wants no more: the connection is torn, the capture says `by` what."""
        self._asking.leave(time.monotonic_ns(), by)

    def pause(self, waiting: int) -> None:
        self._asking.paused(time.monotonic_ns(), waiting)

    def resume(self, waiting: int) -> None:
        self._asking.resumed(time.monotonic_ns(), waiting)

    # -- what the leg says

    def leg_made(self, leg: Leg) -> None:
        self._leg = leg
        self._asking.connected(time.monotonic_ns(), leg.details())

    def leg_closed(self, side: Side) -> None:
        self._closed.set()

    def leg_data(self, side: Side, data: bytes) -> None:
        self._asking.data(time.monotonic_ns(), data)

    def leg_eof(self, side: Side, incomplete: str) -> None:
        self._asking.eof(time.monotonic_ns(), incomplete)

    def leg_lost(self, side: Side, cause: str, torn: str | None) -> None:
        self._asking.lost(time.monotonic_ns(), cause, torn)

    def leg_paused(self, side: Side, waiting: int) -> None:
        """A big request on its way: there is nobody to hold back."""

    def leg_resumed(self, side: Side, waiting: int) -> None: ...

    # -- what is commanded

    def _perform(self, command: Command) -> None:
        _PERFORM[type(command)](self, command)

    def _send(self, command: commands.Send) -> None:
        if command.side == DOWN:
            self._on_data(command.data)
        elif self._leg is not None:
            self._leg.send(command.data)

    def _connect(self, command: commands.Connect) -> None:
        self._reaching = asyncio.get_running_loop().create_task(self._reach())

    async def _reach(self) -> None:
        try:
            await connect(self._upstream, self._make_leg, self._seconds)
        except Unreachable as error:
            self._asking.failed(time.monotonic_ns(), error.cause, str(error))

    def _make_leg(self) -> Leg:
        buffer = memoryview(bytearray(READ_BYTES))
        if self._tls is None:
            return Leg(commands.UP, self, buffer)
        return TLSLeg(commands.UP, self, buffer, TLSClient(self._tls, self._upstream.host))

    def _on_leg(self, act: Callable[[Leg], None]) -> None:
        if self._leg is not None:
            act(self._leg)

    def _finished(self, recorded: Recorded) -> None:
        self._done.set_result(recorded)


_PERFORM: dict[type, Callable[[Fetch, Any], None]] = {
    commands.Send: Fetch._send,
    commands.Keep: lambda fetch, command: fetch._book.keep(command),
    commands.Note: lambda fetch, command: fetch._book.note(command),
    commands.Open: lambda fetch, command: fetch._book.open(command),
    commands.Close: lambda fetch, command: fetch._book.close(command),
    commands.Connect: Fetch._connect,
    commands.Finish: lambda fetch, command: fetch._on_leg(Leg.finish),
    commands.Drop: lambda fetch, command: fetch._on_leg(Leg.drop),
    commands.Reset: lambda fetch, command: fetch._on_leg(Leg.reset),
    commands.Pause: lambda fetch, command: fetch._on_leg(Leg.pause),
    commands.Resume: lambda fetch, command: fetch._on_leg(Leg.resume),
}
