"""TLS to the upstream: trusted as told, and its three endings kept apart."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from streamdoctor.errors import UsageError
from streamdoctor.record.proxy import Recorder
from streamdoctor.record.tls import TLSClient, client_context
from tests.record.sockets import (
    CHUNKED,
    GET,
    Handler,
    read_head,
    read_to_end,
    recording,
    reset,
    run,
    until_taken,
    upstream,
)

pytestmark = [
    pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make certificates"),
    pytest.mark.skipif(sys.platform != "linux", reason="asks Linux what the peer's kernel has taken"),
]
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1 and its key, in one PEM file."""
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test"
    names = "-addext subjectAltName=IP:127.0.0.1,DNS:localhost -keyout key.pem -out cert.pem"
    subprocess.run(f"{command} {names}".split(), cwd=folder, check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_bytes((folder / "cert.pem").read_bytes() + (folder / "key.pem").read_bytes())
    return both


def server_context(certificate: Path, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.maximum_version = version
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


class RawTLS:
    """A TLS server over memory, so a test can end the connection as no library would."""

    def __init__(self, context: ssl.SSLContext, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._reader, self._writer = reader, writer

    async def _step(self) -> None:
        self._writer.write(self._outgoing.read())
        self._incoming.write(await self._reader.read(65536))

    async def shake_hands(self) -> None:
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                await self._step()
        self._writer.write(self._outgoing.read())

    async def read(self) -> bytes:
        while True:
            try:
                return self.tls.read(65536)
            except ssl.SSLWantReadError:
                await self._step()

    def write(self, data: bytes) -> None:
        self.tls.write(data)
        self._writer.write(self._outgoing.read())

    def notify(self) -> None:
        try:
            self.tls.unwrap()
        except ssl.SSLWantReadError:
            self._writer.write(self._outgoing.read())


def answering(context: ssl.SSLContext, response: bytes, how: str) -> Handler:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raw = RawTLS(context, reader, writer)
        await raw.shake_hands()
        assert (await raw.read()).startswith(b"GET /v1/x HTTP/1.1\r\nHost: 127.0.0.1:")
        raw.write(response)
        if how == "close_notify":
            raw.notify()
        await until_taken(writer)
        if how == "rst":
            reset(writer)

    return handle


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize(
    ("response", "how", "ending", "cause"),
    [
        (UNTIL_CLOSE, "close_notify", "fin", "complete"),
        (UNTIL_CLOSE, "fin", "fin", "eof"),
        (UNTIL_CLOSE, "rst", "rst", "reset"),
        (CHUNKED + b"1\r\na\r\n", "close_notify", "fin", "eof"),
        (CHUNKED + b"1\r\na\r\n0\r\n\r\n", "fin", "fin", "complete"),
    ],
)
def test_the_three_endings_of_tls(
    tmp_path: Path, certificate: Path, version: ssl.TLSVersion, response: bytes, how: str, ending: str, cause: str
) -> None:
    handler = answering(server_context(certificate, version), response, how)

    async def scene() -> None:
        async with upstream(handler) as port, recording(port, tmp_path, "https", ca=str(certificate)) as desk:
            reader, writer = await desk.connect()
            writer.write(GET)
            assert await read_to_end(reader) == (response, ending)
            writer.close()
            _, capture = await desk.next()
        assert capture.data("<") == response and capture.cause == cause
        (made, *_) = capture.marks()
        assert made.name == "upstream-connected"
        assert (made.details["tls"], made.details["alpn"]) == (version.name.replace("_", "."), "http/1.1")
        assert capture.end is not None
        assert ("close_notify" in capture.end.details.get("message", "")) == (how == "fin" and cause == "eof")

    run(scene())


def test_one_record_is_one_read(tmp_path: Path, certificate: Path) -> None:
    context = server_context(certificate)
    response = [CHUNKED, b"1\r\na\r\n", b"0\r\n\r\n"]

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raw = RawTLS(context, reader, writer)
        await raw.shake_hands()
        await raw.read()
        for part in response:
            raw.tls.write(part)
        raw.write(b"x")

    async def scene() -> None:
        async with upstream(handle) as port, recording(port, tmp_path, "https", insecure=True) as desk:
            reader, writer = await desk.connect()
            writer.write(GET)
            await read_to_end(reader)
            _, capture = await desk.next()
            writer.close()
        assert [read.data for read in capture.reads("<")] == response

    run(scene())


def test_the_loop_s_own_tls_server_keeps_alive_and_takes_a_large_body(tmp_path: Path, certificate: Path) -> None:
    size = 3_000_000

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            head = await read_head(reader)
            assert b"content-length: %d" % size in head.lower()
            body = await reader.readexactly(size)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + body)
            await writer.drain()

    async def scene() -> None:
        body = bytes(range(256)) * (size // 256) + b"z" * (size % 256)
        server = server_context(certificate)
        async with (
            upstream(handle, ssl=server) as port,
            recording(port, tmp_path, "https", ca=str(certificate)) as desk,
        ):
            reader, writer = await desk.connect()
            for _ in range(2):
                writer.write(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % size + body)
                await read_head(reader)
                assert await reader.readexactly(size) == body
            writer.close()
            first, second = await desk.next(), await desk.next()
        for told, capture in (first, second):
            assert told.cause == "complete" and capture.data("<").endswith(body) and capture.data(">").endswith(body)

    run(scene())


@pytest.mark.parametrize(
    ("options", "scheme", "word"),
    [({}, "tls", "certificate is not trusted"), ({"insecure": True}, "plain", "does not speak TLS")],
)
def test_tls_that_fails_is_told(
    tmp_path: Path, certificate: Path, options: dict[str, bool], scheme: str, word: str
) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if scheme == "plain":
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await reader.read()

    async def scene() -> None:
        server = {"ssl": server_context(certificate)} if scheme == "tls" else {}
        async with upstream(handle, **server) as port, recording(port, tmp_path, "https", **options) as desk:
            reader, writer = await desk.connect()
            writer.write(GET)
            data, ending = await read_to_end(reader)
            writer.close()
            told, capture = await desk.next()
        assert data.startswith(b"HTTP/1.1 502 Bad Gateway\r\n") and ending == "fin"
        assert word in (told.message or "") and capture.cause == "tls-error"

    run(scene())


def test_a_connection_that_ends_in_the_handshake_is_told(tmp_path: Path) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)

    async def scene() -> None:
        async with upstream(handle) as port, recording(port, tmp_path, "https") as desk:
            reader, writer = await desk.connect()
            writer.write(GET)
            data, _ = await read_to_end(reader)
            writer.close()
            told, _ = await desk.next()
        assert b"502" in data and told.cause == "tls-error" and "in the handshake" in (told.message or "")

    run(scene())


def test_a_file_without_certificates_is_no_ca(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("no certificate")
    with pytest.raises(UsageError, match="no certificates"):
        Recorder("https://h", ca=str(tmp_path / "x"))
    with pytest.raises(UsageError, match="No such file"):
        Recorder("https://h", ca=str(tmp_path / "y"))


def test_the_server_name_is_sent(certificate: Path) -> None:
    client = TLSClient(client_context(str(certificate)), "localhost")
    names: list[str | None] = []
    context = server_context(certificate)
    context.sni_callback = lambda _, name, __: names.append(name)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(incoming, outgoing, server_side=True)
    client.start()
    for _ in range(3):
        incoming.write(client.outgoing())
        with suppress(ssl.SSLWantReadError):
            server.do_handshake()
        client.feed(outgoing.read())
    assert names == ["localhost"] and client.established
    assert client.details() == {"tls": "TLSv1.3", "alpn": "http/1.1"}
