"""Published decoders of streams: events or lines come out, no API is known to them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from importlib import import_module
from typing import Any

from streamdoctor.errors import IncompleteStream
from streamdoctor.parsers.libraries.http import requests_response, response
from streamdoctor.parsers.libraries.library import Library


def httpx_sse(pieces: Iterable[bytes]) -> Iterator[Any]:
    source = import_module("httpx_sse").EventSource(response(import_module("httpx"), pieces))
    yield from source.iter_sse()


async def httpx_sse_async(pieces: AsyncIterable[bytes]) -> AsyncIterator[Any]:
    source = import_module("httpx_sse").EventSource(response(import_module("httpx"), pieces))
    async for event in source.aiter_sse():
        yield event


class _Closable:
    """What sseclient-py reads: an iterable that can be closed."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        yield from self._pieces

    def close(self) -> None:
        """There is nothing to close."""


def sseclient(pieces: Iterable[bytes]) -> Iterator[Any]:
    yield from import_module("sseclient").SSEClient(_Closable(pieces)).events()


def ld_eventsource(pieces: Iterable[bytes]) -> Iterator[Any]:
    config = import_module("ld_eventsource.config")

    class Given(config.ConnectStrategy):  # type: ignore[misc, name-defined]
        """A connection that the pieces come over, once."""

        def create_client(self, logger: object) -> Given:
            return self

        def connect(self, last_event_id: str | None) -> Any:
            return config.ConnectionResult(iter(pieces), None)

    yield from import_module("ld_eventsource").SSEClient(Given()).events


def openai_sse(pieces: Iterable[bytes]) -> Iterator[Any]:
    yield from import_module("openai._streaming").SSEDecoder().iter_bytes(iter(pieces))


async def anthropic_sse(pieces: AsyncIterable[bytes]) -> AsyncIterator[Any]:
    decoder = import_module("anthropic._streaming").SSEDecoder()
    async for event in decoder.aiter_bytes(aiter(pieces)):
        yield event


def httpx_lines(pieces: Iterable[bytes]) -> Iterator[str]:
    yield from response(import_module("httpx"), pieces).iter_lines()


def requests_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    yield from requests_response(pieces).iter_lines()


async def aiohttp_lines(pieces: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Its stream reader, fed with each piece as its connection would be."""
    loop = asyncio.get_running_loop()
    protocol = import_module("aiohttp.base_protocol").BaseProtocol(loop)
    protocol.connection_made(asyncio.Transport())
    reader = import_module("aiohttp").StreamReader(protocol, 1 << 16, loop=loop)
    pump = loop.create_task(_pump(pieces, reader))
    async for line in reader:
        yield line.rstrip(b"\r\n")
    await pump


async def _pump(pieces: AsyncIterable[bytes], reader: Any) -> None:
    try:
        async for piece in pieces:
            reader.feed_data(piece)
        reader.feed_eof()
    except (ConnectionResetError, IncompleteStream) as error:
        reader.set_exception(import_module("aiohttp").ClientPayloadError(str(error)))


DECODERS = {
    "httpx-sse": Library(httpx_sse, ("httpx", "httpx_sse"), "httpx httpx-sse", "httpx-sse, EventSource.iter_sse"),
    "httpx-sse-async": Library(
        httpx_sse_async, ("httpx", "httpx_sse"), "httpx httpx-sse", "httpx-sse, EventSource.aiter_sse"
    ),
    "sseclient-py": Library(sseclient, ("sseclient",), "sseclient-py", "sseclient-py, SSEClient.events"),
    "ld-eventsource": Library(
        ld_eventsource, ("ld_eventsource",), "launchdarkly-eventsource", "LaunchDarkly's client, SSEClient.events"
    ),
    "openai-sse": Library(openai_sse, ("openai._streaming",), "openai", "the SSE decoder inside the openai SDK"),
    "anthropic-sse": Library(
        anthropic_sse, ("anthropic._streaming",), "anthropic", "the SSE decoder inside the anthropic SDK, async"
    ),
    "httpx-lines": Library(httpx_lines, ("httpx",), "httpx", "httpx, Response.iter_lines"),
    "requests-lines": Library(requests_lines, ("requests", "urllib3"), "requests", "requests, Response.iter_lines"),
    "aiohttp-lines": Library(aiohttp_lines, ("aiohttp",), "aiohttp", "aiohttp, lines of StreamReader"),
}
