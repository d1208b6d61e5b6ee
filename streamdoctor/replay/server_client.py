"""One client of the replay server: its requests in order, and what is played to each.

Rules: a piece is one write, made only when all before it has left this process and, where the kernel can tell
(server_peer), was read by the client; elsewhere writes are a millisecond apart. A client that reads nothing for a
quarter of a second is not waited for again until it has caught up. RST goes out after all bytes were taken.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from typing import NamedTuple, Protocol

from streamdoctor.record.commands import DOWN, Side
from streamdoctor.record.legs import Leg
from streamdoctor.replay.playback import Playback, Write, expects_continue, persistent
from streamdoctor.replay.server_peer import PeerKernel
from streamdoctor.stream.http1 import RequestHead, RequestReader

PATIENCE_SECONDS = 0.25
_APART_SECONDS = 0.001
_SPINS = 30
_MOST_PIPELINED = 16
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Asked(NamedTuple):
    """A request that is whole (its head is None where it made no sense), and when its last byte came."""

    head: RequestHead | None
    at: float


class Reply(NamedTuple):
    """What a request gets; `capture` names where it is from, "" for an answer of the server's own."""

    playback: Playback
    capture: str = ""


class Progress:
    """How far one reply has come; `cause` is how it ended, "" while it is under way."""

    def __init__(self, asked: Asked, reply: Reply) -> None:
        self.asked = asked
        self.reply = reply
        self.pieces = 0
        self.size = 0
        self.cause = ""
        self.left_after: int | None = None
        """Pieces written when the client ended its half or was gone."""

    @property
    def whole(self) -> bool:
        """Every piece was written."""
        return self.pieces == len(self.reply.playback.writes)


class House(Protocol):
    """What a client needs of its server."""

    buffer: memoryview
    kernel: PeerKernel
    speed: float

    def reply_to(self, head: RequestHead | None) -> Reply: ...
    def arrived(self, client: Client) -> None: ...
    def told(self, client: Client, progress: Progress) -> None: ...
    def gone(self, client: Client) -> None: ...


class _ClientLeg(Leg):
    """A leg that says that it is full while the kernel has not taken everything."""

    sock: socket.socket

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.sock = transport.get_extra_info("socket")
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().connection_made(transport)
        assert isinstance(transport, asyncio.Transport)
        transport.set_write_buffer_limits(high=0)


class Client:
    """One connection. It is `over` when nothing of it is left."""

    def __init__(self, house: House) -> None:
        self.address = ""
        loop = asyncio.get_running_loop()
        self.over: asyncio.Future[None] = loop.create_future()
        self.leg = _ClientLeg(DOWN, self, house.buffer)
        self._house = house
        self._time = loop.time
        self._reader = RequestReader()
        self._head: RequestHead | None = None
        self._asked: deque[Asked] = deque()
        self._progress: Progress | None = None
        self._task: asyncio.Task[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._ended = asyncio.Event()
        self._deaf = False
        self._behind = False
        self._written = 0
        self._written_at = 0.0

    @property
    def busy(self) -> bool:
        """A request is being answered."""
        return self._progress is not None

    # -- what the leg says

    def leg_made(self, leg: Leg) -> None:
        self.address = leg.details()["address"]
        self._house.arrived(self)

    def leg_data(self, side: Side, data: bytes) -> None:
        while data and not self._deaf:
            for event in self._reader.feed(data):
                if isinstance(event, RequestHead):
                    self._begin(event)
            data = self._reader.unread
            if self._reader.finished or self._reader.broken:
                self._take()

    def leg_eof(self, side: Side, incomplete: str) -> None:
        self._deaf = True
        self._ended.set()
        self._note_leaving()
        if self._task is None:
            self.leg.finish()

    def leg_lost(self, side: Side, cause: str, torn: str | None) -> None:
        self._note_leaving()
        progress = self._progress
        if progress is not None and not (progress.whole and progress.reply.playback.cause == "complete"):
            progress.cause = "client-closed"

    def leg_closed(self, side: Side) -> None:
        if self._task is not None:
            self._task.cancel()
        if not self.over.done():
            self.over.set_result(None)
            self._house.gone(self)

    def leg_paused(self, side: Side, waiting: int) -> None:
        self._writable.clear()

    def leg_resumed(self, side: Side, waiting: int) -> None:
        self._writable.set()

    def _note_leaving(self) -> None:
        if self._progress is not None and self._progress.left_after is None:
            self._progress.left_after = self._progress.pieces

    # -- requests

    def _begin(self, head: RequestHead) -> None:
        self._head = head
        if expects_continue(head) and self._task is None:
            self._send(_CONTINUE)

    def _take(self) -> None:
        """The request is whole, or never will be: it waits for its turn."""
        self._deaf = self._reader.broken
        self._asked.append(Asked(None if self._reader.broken else self._head, self._time()))
        self._reader = RequestReader()
        if len(self._asked) >= _MOST_PIPELINED:
            self.leg.pause()
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._serve())

    async def _serve(self) -> None:
        """Replies to what was asked so far."""
        free_at = 0.0
        while self._asked:
            asked = self._asked.popleft()
            self.leg.resume()
            progress = Progress(asked, self._house.reply_to(asked.head))
            await self._reply(progress, max(asked.at, free_at))
            if not self._goes_on(progress):
                self._deaf = True
                self._asked.clear()
            free_at = self._time()
        self._task = None

    async def _reply(self, progress: Progress, start: float) -> None:
        """Plays one reply, and tells what became of it."""
        self._progress = progress
        try:
            await self._play(progress, start)
            progress.cause = progress.cause or progress.reply.playback.cause
        finally:
            progress.cause = progress.cause or "server-stopped"
            self._progress = None
            self._house.told(self, progress)

    def _goes_on(self, progress: Progress) -> bool:
        """Whether the connection takes another request; if not, ends it as the reply says."""
        playback, head = progress.reply.playback, progress.asked.head
        if playback.cause == "reset":
            self.leg.reset()
            return False
        if playback.keep and head is not None and persistent(head) and (self._asked or not self._ended.is_set()):
            return True
        self.leg.linger()
        return False

    # -- playing

    async def _play(self, progress: Progress, start: float) -> None:
        playback = progress.reply.playback
        end = () if playback.keep else (Write(playback.end_ns, b"", playback.wait),)
        for write in (*playback.writes, *end):
            await self._until(start + write.ns / 1e9 / self._house.speed if self._house.speed else 0.0)
            if write.wait:
                await asyncio.sleep(write.wait)
                start += write.wait
            await self._until_alone()
            if write.data:
                self._send(write.data)
                progress.pieces += 1
                progress.size += len(write.data)
        if playback.cause == "open":
            await self._ended.wait()
            progress.cause = "client-closed"

    def _send(self, data: bytes) -> None:
        self.leg.send(data)
        self._written += len(data)
        self._written_at = self._time()

    async def _until(self, due: float) -> None:
        if (left := due - self._time()) > 0:
            await asyncio.sleep(left)

    async def _until_alone(self) -> None:
        """Returns when the client has read what was written, or does not read."""
        await self._writable.wait()
        deadline, spins = self._time() + PATIENCE_SECONDS, 0
        while (read := self._house.kernel.read_by_peer(self.leg.sock)) is not None:
            if read >= self._written:
                self._behind = False
                return
            if self._behind or (spins > _SPINS and self._time() > deadline):
                self._behind = True
                return
            await asyncio.sleep(0 if spins < _SPINS else _APART_SECONDS)
            spins += 1
        await self._until(self._written_at + _APART_SECONDS)

    # -- the end

    def stop(self) -> None:
        """Ends the connection; what is under way is torn, so that nobody takes it for whole."""
        self._deaf = True
        if self._task is not None:
            self._task.cancel()
            self.leg.reset()
        else:
            self.leg.drop()

    def abort(self) -> None:
        """What could not be sent by now never will be."""
        self.leg.abort()
