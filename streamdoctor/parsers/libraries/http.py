"""Pieces as the response of an HTTP client library: httpx and httpx2 by their transport, requests by its raw socket.

Rule: a reset and an end without HTTP's own raise what that library's transport would raise; nothing else is caught.
"""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterable, Iterator
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from streamdoctor.errors import IncompleteStream

SSE, NDJSON = "text/event-stream", "application/x-ndjson"


# --- httpx and httpx2


def response(http: ModuleType, pieces: Any, content_type: str = SSE, request: Any = None) -> Any:
    """A response of `http` (httpx or httpx2) whose body is `pieces`, sync or async as they are."""
    body = _body_class(http)(pieces)
    return http.Response(200, headers={"content-type": content_type}, stream=body, request=request)


def answering(module: str, pieces: Any, content_type: str = SSE, *, sync: bool = True) -> Any:
    """The client of httpx or httpx2, the same at every call, whose next response has the body `pieces`."""
    made = _client(module, content_type, sync)
    made.pieces = pieces
    return made


@cache
def _client(module: str, content_type: str, sync: bool) -> Any:
    http = import_module(module)
    transport = _transport_class(http)()
    made = (http.Client if sync else http.AsyncClient)(transport=transport)
    transport.respond = lambda request: response(http, made.pieces, content_type, request)
    return made


@cache
def _transport_class(http: ModuleType) -> type:
    def handle_request(self: Any, request: Any) -> Any:
        return self.respond(request)

    async def handle_async_request(self: Any, request: Any) -> Any:
        return self.respond(request)

    handlers = {"handle_request": handle_request, "handle_async_request": handle_async_request}
    return type("Transport", (http.BaseTransport, http.AsyncBaseTransport), handlers)


@cache
def _body_class(http: ModuleType) -> type:
    def start(self: Any, pieces: Any) -> None:
        self.pieces = pieces

    def read(self: Any) -> Iterator[bytes]:
        try:
            yield from self.pieces
        except ConnectionResetError as error:
            raise http.ReadError(str(error)) from error
        except IncompleteStream as error:
            raise http.RemoteProtocolError(str(error)) from error

    async def read_async(self: Any) -> AsyncIterator[bytes]:
        try:
            async for piece in self.pieces:
                yield piece
        except ConnectionResetError as error:
            raise http.ReadError(str(error)) from error
        except IncompleteStream as error:
            raise http.RemoteProtocolError(str(error)) from error

    methods = {"__init__": start, "__iter__": read, "__aiter__": read_async}
    return type("Body", (http.SyncByteStream, http.AsyncByteStream), methods)


# --- requests, over http.client and urllib3


class _Socket(io.RawIOBase):
    """What `recv` returns is one piece, or what is left of it; the response head comes first, each piece is a chunk."""

    def __init__(self, pieces: Iterable[bytes], content_type: str) -> None:
        self._left = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        self._pieces = iter(pieces)
        self._over = False

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left and not self._over:
            self._left = self._chunk()
        count = min(len(buffer), len(self._left))
        buffer[:count], self._left = self._left[:count], self._left[count:]
        return count

    def _chunk(self) -> bytes:
        """The next piece as a chunk; nothing where the connection was closed before the last one."""
        try:
            piece = next(self._pieces, b"")
        except IncompleteStream:
            self._over = True
            return b""
        self._over = not piece
        return b"%x\r\n%s\r\n" % (len(piece), piece)


def requests_response(pieces: Iterable[bytes], content_type: str = SSE) -> Any:
    """A streamed response of requests whose body is `pieces`, chunked."""
    from http.client import HTTPResponse

    requests, urllib3 = import_module("requests"), import_module("urllib3")
    raw = HTTPResponse(_Socket(pieces, content_type), method="GET")  # type: ignore[arg-type]
    raw.begin()
    made = requests.Response()
    made.status_code = raw.status
    made.raw = urllib3.HTTPResponse(
        body=raw, headers=dict(raw.headers), preload_content=False, original_response=raw, enforce_content_length=False
    )
    made.headers = requests.structures.CaseInsensitiveDict(raw.headers)
    return made
