"""The fake upstream: recorded responses played on a socket, to any number of clients at once.

Rules: a request is matched by method and path (the query does not count); captures of the same one come in turn, to
whoever asks next. What is played is byte for byte what was recorded, unless an option says otherwise. A capture
without a request (an import) answers what no other does.
"""

from __future__ import annotations

import asyncio
import errno
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from itertools import cycle
from types import TracebackType
from typing import Any, Self

from streamdoctor.capture.model import Capture
from streamdoctor.errors import UsageError
from streamdoctor.record.legs import READ_BYTES
from streamdoctor.replay.playback import Playback, Write
from streamdoctor.replay.server_client import Client, Progress, Reply
from streamdoctor.replay.server_peer import PeerKernel
from streamdoctor.replay.server_plan import Options, Programme, path_of, programmes
from streamdoctor.stream.http1 import RequestHead

_BACKLOG = 1024
_STOP_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Played:
    """One request that is over. `capture` is "" where the server answered itself.

    `cause` is "complete", "eof", "reset", "client-closed" or "server-stopped"; `left_after` says after how many of
    the `of` pieces the client ended its half or was gone, None if it stayed. `ns` counts from the end of the request.
    """

    client: str
    method: str
    target: str
    capture: str
    about: str
    status: int | None
    pieces: int
    of: int
    size: int
    ns: int
    cause: str
    left_after: int | None


class ReplayServer:
    """Plays `captures` to whoever asks, on loopback. `speed` 2 is twice as fast, 0 without waiting.

    `names` are what `on_played` and the 404 call the captures. Raises UsageError where `options` fit no capture.
    """

    def __init__(
        self,
        captures: Sequence[Capture],
        *,
        names: Sequence[str] | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        speed: float = 1,
        options: Options = Options(),  # noqa: B008 - frozen
        cors: bool = False,
        on_played: Callable[[Played], None] | None = None,
    ) -> None:
        given = names if names is not None else [f"capture {n}" for n in range(1, len(captures) + 1)]
        self.programmes = programmes(captures, given, options)
        self.port = port
        self.speed = speed
        self.buffer = memoryview(bytearray(READ_BYTES))
        self.kernel = PeerKernel()
        self._host = host
        self._cors = cors
        self._on_played = on_played or (lambda _: None)
        self._turns = _turns(self.programmes)
        self.clients: set[Client] = set()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """What to use as base URL, without a final slash."""
        return f"http://{self._authority()}"

    def _authority(self) -> str:
        return f"[{self._host}]:{self.port}" if ":" in self._host else f"{self._host}:{self.port}"

    async def start(self) -> None:
        """Listens; `port` is then the real one. Raises UsageError where it cannot."""
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(self._accept, self._host, self.port, backlog=_BACKLOG)
        except OSError as error:
            why = "the port is in use" if error.errno == errno.EADDRINUSE else error.strerror or str(error)
            raise UsageError(
                f"cannot listen on {self._authority()}: {why}", hint="--listen HOST:PORT takes another; port 0 is any"
            ) from None
        self.port = self._server.sockets[0].getsockname()[1]
        self.kernel.open()

    async def stop(self) -> None:
        """Stops listening and ends every connection; what is under way is torn."""
        if self._server is not None:
            self._server.close()
        for client in list(self.clients):
            client.stop()
        if self.clients:
            await asyncio.wait([client.over for client in self.clients], timeout=_STOP_SECONDS)
        for client in list(self.clients):
            client.abort()
        if self.clients:
            await asyncio.wait([client.over for client in self.clients])
        if self._server is not None:
            await self._server.wait_closed()
        self.kernel.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _accept(self) -> asyncio.BaseProtocol:
        return Client(self).leg

    # -- what its clients ask

    def arrived(self, client: Client) -> None:
        self.clients.add(client)

    def gone(self, client: Client) -> None:
        self.clients.discard(client)

    def reply_to(self, head: RequestHead | None) -> Reply:
        if head is None:
            return Reply(_own(400, {"error": _error("bad-request", "this is no HTTP/1.1 request")}, keep=False))
        origin = next((value for name, value in head.headers if name == "origin"), None) if self._cors else None
        shared = _cors_lines(origin) if origin is not None else []
        if origin is not None and head.method == "OPTIONS":
            return Reply(_own(204, None, [*shared, *_preflight_lines(head)]))
        turn = self._turns.get((head.method, path_of(head.target))) or self._turns.get(("", ""))
        if turn is None:
            return Reply(self._not_found(head, shared))
        programme = next(turn)
        playback = programme.next()
        return Reply(playback.with_headers(shared), programme.name)

    def _not_found(self, head: RequestHead, lines: Sequence[str]) -> Playback:
        path = path_of(head.target)
        methods = sorted({method for method, known in self._turns if known == path})
        if methods:
            status, code, lines = 405, "method-not-in-captures", [f"Allow: {', '.join(methods)}", *lines]
        else:
            status, code = 404, "path-not-in-captures"
        message = f"no capture answers {head.method} {path}; see captures for what there is"
        there = [{"method": p.method, "path": p.path, "capture": p.name} for p in self.programmes]
        return _own(status, {"error": _error(code, message), "captures": there}, lines, bodiless=head.method == "HEAD")

    def told(self, client: Client, progress: Progress) -> None:
        """Tells of a request that is over."""
        head, playback = progress.asked.head, progress.reply.playback
        now = asyncio.get_running_loop().time()
        self._on_played(
            Played(
                client=client.address,
                method=head.method if head else "",
                target=head.target if head else "",
                capture=progress.reply.capture,
                about=playback.about,
                status=playback.status,
                pieces=progress.pieces,
                of=len(playback.writes),
                size=progress.size,
                ns=round((now - progress.asked.at) * 1e9),
                cause=progress.cause,
                left_after=progress.left_after,
            )
        )


def _turns(made: Sequence[Programme]) -> dict[tuple[str, str], Any]:
    """For each method and path its captures, in turn for ever."""
    groups: dict[tuple[str, str], list[Programme]] = {}
    for programme in made:
        groups.setdefault((programme.method, programme.path), []).append(programme)
    return {key: cycle(group) for key, group in groups.items()}


def _error(code: str, message: str) -> dict[str, str]:
    return {"message": f"streamdoctor: {message}", "type": "streamdoctor", "code": code}


def _own(
    status: int, document: Any, lines: Sequence[str] = (), *, keep: bool = True, bodiless: bool = False
) -> Playback:
    """An answer of the server's own; the errors in it are of the form that the common SDKs show to their users."""
    body = b"" if document is None else json.dumps(document, indent=1).encode("ascii") + b"\n"
    head = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *lines]
    if document is not None:
        head += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    if not keep:
        head.append("Connection: close")
    data = "\r\n".join((*head, "", "")).encode("latin-1") + (b"" if bodiless else body)
    return Playback((Write(0, data),), 0, "complete", keep, status=status)


def _cors_lines(origin: str) -> list[str]:
    return [f"Access-Control-Allow-Origin: {origin}", "Access-Control-Allow-Credentials: true", "Vary: Origin"]


def _preflight_lines(head: RequestHead) -> list[str]:
    """Everything that a browser asks leave for (Fetch standard, section 3.2; Private Network Access)."""
    asked = dict(head.headers)
    lines = [
        f"Access-Control-Allow-Methods: {asked.get('access-control-request-method', 'GET, POST')}",
        f"Access-Control-Allow-Headers: {asked.get('access-control-request-headers', '*')}",
        "Access-Control-Max-Age: 600",
    ]
    if "access-control-request-private-network" in asked:
        lines.append("Access-Control-Allow-Private-Network: true")
    return lines
