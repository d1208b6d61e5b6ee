"""TCP connections as the relay wants them: FIN and RST kept apart in both directions, memory bounded.

Rules: a read is at most 32 KiB, what waits to be sent at most 16 KiB and one read; RST goes out only after the peer
took what was sent, or takes nothing more. All legs of a loop share one buffer: a read is copied out at once.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import struct
import sys
from contextlib import suppress
from typing import Any, Protocol

from streamdoctor.record.commands import UP, Side
from streamdoctor.record.tls import TLSClient, reason

if sys.platform == "linux":
    import fcntl

READ_BYTES = 32 << 10
HIGH_WATER = 16 << 10
_LINGER_SECONDS = 2.0
_PATIENCE_SECONDS = 5.0
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Ears(Protocol):
    """Who hears of a leg. `torn` says how it was torn down, None if both halves ended in order.

    `leg_made` comes first, `leg_closed` last.
    """

    def leg_made(self, leg: Leg) -> None: ...
    def leg_closed(self, side: Side) -> None: ...
    def leg_data(self, side: Side, data: bytes) -> None: ...
    def leg_eof(self, side: Side, incomplete: str) -> None: ...
    def leg_lost(self, side: Side, cause: str, torn: str | None) -> None: ...
    def leg_paused(self, side: Side, waiting: int) -> None: ...
    def leg_resumed(self, side: Side, waiting: int) -> None: ...


class Leg(asyncio.BufferedProtocol):
    """One connection, to the client or to the upstream. `ready` is done when it can carry bytes, or never will."""

    def __init__(self, side: Side, ears: Ears, buffer: memoryview) -> None:
        self.side = side
        self.peer_ended = False
        self._ears = ears
        self._buffer = buffer
        self._transport: asyncio.Transport | None = None
        self._finished = False
        self._resetting = False
        self._lingering = False
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    # -- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=HIGH_WATER, low=HIGH_WATER // 4)
        self.made()

    def made(self) -> None:
        self.ready.set_result(None)
        self._ears.leg_made(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self.received(bytes(self._buffer[:nbytes]))

    def eof_received(self) -> bool:
        self.ended()
        return True  # our half stays open

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None and self.side == UP and not self._resetting:
            self._salvage()
        transport, self._transport = self._transport, None
        if transport is not None and not (self._resetting or self._lingering):
            self.gone(exc)
        if self.ready.done() and not self.ready.cancelled() and not self.ready.exception():
            self._ears.leg_closed(self.side)

    def pause_writing(self) -> None:
        self._ears.leg_paused(self.side, self.waiting)

    def resume_writing(self) -> None:
        self._ears.leg_resumed(self.side, self.waiting)

    # -- what came, as the ears hear it

    def received(self, data: bytes) -> None:
        self._ears.leg_data(self.side, data)

    def ended(self, incomplete: str = "") -> None:
        """The peer ended its half."""
        self.peer_ended = True
        self._ears.leg_eof(self.side, incomplete)
        self._close_if_over()

    def gone(self, exc: Exception | None) -> None:
        cause, torn = _torn(exc) if exc else ("eof", None)
        self._ears.leg_lost(self.side, cause, torn)

    def _salvage(self) -> None:
        """A failed write says nothing of what arrived before: reads what the kernel still has."""
        assert self._transport is not None
        descriptor = self._transport.get_extra_info("socket").fileno()
        while descriptor >= 0 and not self.peer_ended:
            try:
                data = os.read(descriptor, READ_BYTES)
            except OSError:
                return
            if not data:
                return
            self.received(data)

    # -- what the relay asks

    @property
    def waiting(self) -> int:
        """Bytes that the kernel has not taken yet."""
        return self._transport.get_write_buffer_size() if self._transport else 0

    def details(self) -> dict[str, Any]:
        """The peer's address, and what the connection is made of."""
        assert self._transport is not None
        peer = self._transport.get_extra_info("peername")
        return {"address": f"[{peer[0]}]:{peer[1]}" if ":" in peer[0] else f"{peer[0]}:{peer[1]}"}

    def send(self, data: bytes) -> None:
        if self._transport is not None and not self._finished:
            self._transport.write(data)

    def finish(self) -> None:
        """FIN, after all that was sent."""
        if self._transport is None or self._finished:
            return
        self._finished = True
        with suppress(OSError):  # the peer may be gone already: `connection_lost` comes next
            self._transport.write_eof()
        self._close_if_over()

    def _close_if_over(self) -> None:
        if self._finished and self.peer_ended and self._transport is not None:
            self._transport.close()

    def linger(self) -> None:
        """FIN, then close when the peer ends too, or soon after it took everything."""
        self.finish()
        self._lingering = True
        asyncio.get_running_loop().call_later(_LINGER_SECONDS, self._close_when_taken, self.waiting)

    def _close_when_taken(self, before: int) -> None:
        waiting = self.waiting
        if waiting and waiting < before:
            asyncio.get_running_loop().call_later(_LINGER_SECONDS, self._close_when_taken, waiting)
        elif self._transport is not None:
            self._transport.abort() if waiting else self._transport.close()

    def drop(self) -> None:
        """Closes, after all that was sent."""
        self._lingering = True
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Closes now."""
        self._lingering = True
        if self._transport is not None:
            self._transport.abort()

    def reset(self) -> None:
        """RST, once the peer's kernel has all that was sent."""
        if self._transport is None or self._resetting:
            return
        self._resetting = True
        self._reset_when_taken(self._unsent(), asyncio.get_running_loop().time() + _PATIENCE_SECONDS)

    def _reset_when_taken(self, before: int, deadline: float) -> None:
        if self._transport is None:
            return
        loop = asyncio.get_running_loop()
        unsent, now = self._unsent(), loop.time()
        if unsent < before:
            deadline = now + _PATIENCE_SECONDS
        if unsent and now < deadline:
            loop.call_later(0.001, self._reset_when_taken, unsent, deadline)
            return
        sock = self._transport.get_extra_info("socket")
        with suppress(OSError):  # the connection may be gone already
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._transport.abort()

    def _unsent(self) -> int:
        """Bytes that the peer's kernel has not acknowledged, as far as this system says."""
        assert self._transport is not None
        return self.waiting + _queued(self._transport.get_extra_info("socket"))

    def pause(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()

    def resume(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()


class TLSLeg(Leg):
    """A leg whose bytes pass through TLS."""

    def __init__(self, side: Side, ears: Ears, buffer: memoryview, tls: TLSClient) -> None:
        super().__init__(side, ears, buffer)
        self.tls = tls

    def made(self) -> None:
        self.tls.start()
        self._flush()

    def details(self) -> dict[str, Any]:
        return {**super().details(), **self.tls.details()}

    def _flush(self) -> None:
        data = self.tls.outgoing()
        if data:
            super().send(data)

    def received(self, data: bytes) -> None:
        if self.tls.closed:
            return
        try:
            pieces = self.tls.feed(data)
        except ssl.SSLError as error:
            self._break(error)
            return
        self._flush()
        if self.tls.established and not self.ready.done():
            super().made()
        for piece in pieces:
            super().received(piece)
        if self.tls.closed:
            self.tls.notify()
            self._flush()
            super().ended()

    def _fail(self, error: Exception) -> None:
        if not self.ready.done():
            self.ready.set_exception(error)

    def _break(self, error: ssl.SSLError) -> None:
        """What came is no TLS: the alert is sent, the connection is over."""
        self._flush()
        if self.ready.done():
            self._ears.leg_lost(self.side, "tls-error", f"TLS broke: {reason(error)}")
        self._fail(error)
        self.linger()

    def ended(self, incomplete: str = "") -> None:
        if not self.ready.done():
            self._fail(EOFError())
        elif not self.tls.closed:
            super().ended("the connection ended without TLS close_notify")
        self.peer_ended = True
        self._close_if_over()

    def gone(self, exc: Exception | None) -> None:
        if not self.ready.done():
            self._fail(exc or EOFError())
        else:
            # After close_notify the bytes are whole, whatever becomes of the connection.
            super().gone(None if self.tls.closed else exc)

    def send(self, data: bytes) -> None:
        self.tls.seal(data)
        self._flush()

    def finish(self) -> None:
        self.tls.notify()
        self._flush()
        super().finish()


def _torn(exc: Exception) -> tuple[str, str]:
    """The cause to record, and how the connection was torn down. Not every exception is an RST."""
    if isinstance(exc, ConnectionResetError | BrokenPipeError):
        return "reset", "rst"
    if isinstance(exc, TimeoutError):
        return "timeout", "the connection timed out"
    return "unknown", exc.strerror or str(exc) if isinstance(exc, OSError) else repr(exc)


def _queued(sock: socket.socket) -> int:
    """Bytes in the send queue of the kernel, not acknowledged by the peer; 0 where the system does not say."""
    try:
        if sys.platform == "linux":
            return int(struct.unpack("i", fcntl.ioctl(sock.fileno(), 0x5411, b"\0\0\0\0"))[0])  # TIOCOUTQ
        if sys.platform == "darwin":
            return sock.getsockopt(socket.SOL_SOCKET, 0x1024)  # SO_NWRITE
    except OSError:
        pass
    return 0
