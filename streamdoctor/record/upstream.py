"""Where the upstream is, and the way there: names resolved, addresses tried in order, failures told apart."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

from streamdoctor.errors import UsageError
from streamdoctor.record.legs import Leg
from streamdoctor.record.tls import reason

Address = tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int]]


class Upstream(NamedTuple):
    """The parts of an upstream URL; `authority` is what goes into Host, `base` has no final slash."""

    url: str
    scheme: str
    host: str
    port: int
    authority: str
    base: str


class Unreachable(Exception):
    """No connection came about: `cause` as the capture says it, the message as the client hears it."""

    def __init__(self, cause: str, message: str) -> None:
        super().__init__(message)
        self.cause = cause


def parse_upstream(url: str, where: str = "--upstream") -> Upstream:
    """The upstream that `url` names. Raises UsageError, which says `where` it stood, for any other text."""
    hint = "an upstream looks like https://api.example.com or http://127.0.0.1:8101"
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode("ascii") if ":" not in (parts.hostname or "") else ""
    except (ValueError, UnicodeError):
        raise UsageError(f"{where} {url}: this is no URL", hint=hint) from None
    host = host or parts.hostname or ""
    if parts.scheme not in ("http", "https"):
        raise UsageError(f"{where} {url}: it must begin with http:// or https://", hint=hint)
    if not host:
        raise UsageError(f"{where} {url}: it names no host", hint=hint)
    if parts.username is not None or parts.query or parts.fragment:
        raise UsageError(f"{where} takes no user, query or fragment: let the client send them", hint=hint)
    if not (parts.path.isascii() and parts.path.isprintable() and " " not in parts.path):
        raise UsageError(f"{where}: its path must be percent-encoded", hint=hint)
    shown = f"[{host}]" if ":" in host else host
    authority = shown if port is None else f"{shown}:{port}"
    base = parts.path.rstrip("/")
    number = port if port is not None else 443 if parts.scheme == "https" else 80
    return Upstream(f"{parts.scheme}://{authority}{base}", parts.scheme, host, number, authority, base)


async def connect(upstream: Upstream, factory: Callable[[], Leg], seconds: float) -> None:
    """Makes a leg to the first address that takes one, and waits until it is ready. Raises Unreachable."""
    try:
        async with asyncio.timeout(seconds):
            leg = await _connect(upstream, factory)
            await _shake_hands(upstream, leg)
    except TimeoutError:
        raise Unreachable("timeout", f"{upstream.authority} did not answer within {seconds:g} s") from None


async def _shake_hands(upstream: Upstream, leg: Leg) -> None:
    try:
        await leg.ready
    except BaseException as error:
        leg.abort()
        if isinstance(error, OSError | EOFError):
            raise _tls_failure(upstream, error) from None
        raise


def _tls_failure(upstream: Upstream, error: OSError | EOFError) -> Unreachable:
    """The handshake failed: in a sentence that says what to do about it."""
    why = reason(error) if isinstance(error, ssl.SSLError) else "the upstream ended the connection in the handshake"
    hint = "; --ca FILE trusts another authority" if isinstance(error, ssl.SSLCertVerificationError) else ""
    return Unreachable("tls-error", f"TLS to {upstream.authority} failed: {why}{hint}")


async def _connect(upstream: Upstream, factory: Callable[[], Leg]) -> Leg:
    failures: list[OSError] = []
    for family, address in await _resolve(upstream):
        try:
            return await _connect_to(family, address, factory)
        except OSError as error:
            failures.append(error)
    # The last address says most: for a name with both families it is the IPv4 one.
    last = failures[-1]
    if isinstance(last, ConnectionRefusedError):
        raise Unreachable("refused", f"{upstream.authority} refused the connection: nothing listens there")
    if isinstance(last, TimeoutError):
        raise Unreachable("timeout", f"{upstream.authority} did not answer")
    raise Unreachable("unknown", f"{upstream.authority} cannot be reached: {last.strerror or last}")


async def _resolve(upstream: Upstream) -> list[Address]:
    loop = asyncio.get_running_loop()
    kind = socket.SOCK_STREAM
    try:
        found = socket.getaddrinfo(upstream.host, upstream.port, type=kind, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        try:
            found = await loop.getaddrinfo(upstream.host, upstream.port, type=kind)
        except (socket.gaierror, UnicodeError) as error:
            why = error.strerror if isinstance(error, socket.gaierror) else "it is no host name"
            raise Unreachable("dns-error", f"the name {upstream.host} cannot be resolved: {why}") from None
    return [(entry[0], entry[4]) for entry in found]  # type: ignore[misc]


async def _connect_to(family: int, address: tuple[object, ...], factory: Callable[[], Leg]) -> Leg:
    loop = asyncio.get_running_loop()
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        await loop.sock_connect(sock, address)
        _, leg = await loop.create_connection(factory, sock=sock)
    except BaseException:
        sock.close()
        raise
    return leg
