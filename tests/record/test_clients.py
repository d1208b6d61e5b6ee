"""Real clients through the recorder: they get what a direct client gets, and the capture holds it."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from streamdoctor.capture.file import load
from streamdoctor.capture.model import Capture
from streamdoctor.capture.redact import Rules
from streamdoctor.suite.subjects import layers_of
from streamdoctor.testing import replay_server
from tests.record.sockets import CHUNKED, GET, read_head, recording, run, upstream
from tests.report.browser import CHROMIUM, browser

KEY = "sk-live-0123/456789+abc=="
WORDS = ["The", " capital", " of", " France", " is", " Paris", " \u2713", "."]


def openai_stream() -> list[bytes]:
    events = [
        {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
         "choices": [{"index": 0, "delta": {"content": word}, "finish_reason": None}]}
        for word in WORDS
    ]  # fmt: skip
    lines = [b"data: " + json.dumps(event, ensure_ascii=False).encode() + b"\n\n" for event in events]
    return [*lines, b"data: [DONE]\n\n"]


async def serve_openai(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Streams the same answer to every request, event by event, as long as requests come."""
    while True:
        head = await read_head(reader)
        length = re.search(rb"(?i)content-length: (\d+)", head)
        await reader.readexactly(int(length[1]) if length else 0)
        writer.write(CHUNKED)
        for event in openai_stream():
            writer.write(b"%x\r\n%s\r\n" % (len(event), event))
            await writer.drain()
            await asyncio.sleep(0)
        writer.write(b"0\r\n\r\n")


async def direct(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(GET)
    data = await reader.readuntil(b"0\r\n\r\n")
    writer.close()
    return data


def test_the_openai_sdk_streams_through_it(tmp_path: Path) -> None:
    openai = pytest.importorskip("openai")

    def ask(url: str) -> list[str]:
        with openai.OpenAI(base_url=f"{url}/v1", api_key=KEY) as client:
            answers = []
            for _ in range(2):
                messages = [{"role": "user", "content": "Where?"}]
                stream = client.chat.completions.create(model="m", messages=messages, stream=True)
                answers.append("".join(part.choices[0].delta.content for part in stream))
        return answers

    async def scene() -> None:
        async with upstream(serve_openai) as port, recording(port, tmp_path) as desk:
            assert await asyncio.to_thread(ask, desk.recorder.url) == ["".join(WORDS)] * 2
            told = [await desk.next() for _ in range(2)]
            wanted = await direct(port)
        for exchange, capture in told:
            assert (exchange.method, exchange.target) == ("POST", "/v1/chat/completions")
            assert capture.data("<") == wanted and capture.cause == "complete"
            assert KEY.encode() not in capture.data(">") and b'"Where?"' in capture.data(">")
            assert "authorization" in capture.header.redacted

    run(scene())


CAPTURES = Path(__file__).parents[2] / "captures"


def through(name: str, folder: Path, ask: Callable[[str], None]) -> None:
    """`ask` gets the URL of a recorder in front of capture `name`; the stream recorded must be that capture."""
    played = load(CAPTURES / f"{name}.capture.jsonl")

    found: list[Capture] = []

    async def scene(port: int) -> None:
        async with recording(port, folder) as desk:
            await asyncio.to_thread(ask, desk.recorder.url)
            found.append((await desk.next())[1])

    with replay_server(played, cors=True) as server:
        run(scene(int(server.url.rpartition(":")[2])))
    (held,) = found
    assert held.data("<").endswith(played.data("<").partition(b"\r\n\r\n")[2])
    assert held.cause == "complete"
    assert layers_of(held).decoded == layers_of(played).decoded


def test_the_ollama_sdk_streams_through_it(tmp_path: Path) -> None:
    ollama = pytest.importorskip("ollama")

    def ask(url: str) -> None:
        messages = [{"role": "user", "content": "Where?"}]
        with ollama.Client(host=url) as client:
            parts = list(client.chat(model="m", messages=messages, stream=True))
        assert parts[-1].done and len(parts) > 5
        told.append("".join(part.message.content or "" for part in parts))

    told: list[str] = []
    through("aimock-ollama-ndjson", tmp_path, ask)
    assert told == [text_of("aimock-ollama-ndjson")]


def test_the_anthropic_sdk_streams_through_it(tmp_path: Path) -> None:
    anthropic = pytest.importorskip("anthropic")

    def ask(url: str) -> None:
        with anthropic.Anthropic(base_url=url, api_key=KEY) as client:
            messages = [{"role": "user", "content": "Where?"}]
            with client.messages.stream(model="m", max_tokens=99, messages=messages) as stream:
                told.append("".join(stream.text_stream))

    told: list[str] = []
    through("llama-anthropic-messages", tmp_path, ask)
    assert told == [text_of("llama-anthropic-messages")]


def text_of(name: str) -> str:
    reading = layers_of(load(CAPTURES / f"{name}.capture.jsonl")).reading
    assert reading is not None
    return "".join(delta.text for meaning in reading.meanings for delta in meaning.text)


NODE = """
const answer = await fetch(process.argv[1], {method: "POST", body: "{}"});
const parts = []; for await (const part of answer.body) parts.push(Buffer.from(part));
process.stdout.write(Buffer.concat(parts));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_node_fetch_streams_through_it(tmp_path: Path) -> None:
    name = "llama-chat-emoji-japanese"

    def ask(url: str) -> None:
        argv = ["node", "--input-type=module", "-e", NODE, f"{url}/v1/chat/completions"]
        printed = subprocess.run(argv, stdout=subprocess.PIPE, check=True, timeout=30).stdout
        assert printed == layers_of(load(CAPTURES / f"{name}.capture.jsonl")).decoded

    through(name, tmp_path, ask)


EVENT_SOURCE = """new Promise(done => { const told = [], source = new EventSource(URL);
  for (const kind of KINDS) source.addEventListener(kind, event => told.push([kind, event.data, event.lastEventId]));
  source.onerror = () => { source.close(); done(told); } })"""
FETCH = """fetch(URL, {method: "POST", body: "{}"}).then(answer => answer.text())"""


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt-get install chromium)")
def test_a_chromium_event_source_and_fetch_stream_through_it(tmp_path: Path) -> None:
    feed = layers_of(load(CAPTURES / "starlette-app-events.capture.jsonl"))
    assert feed.request is not None and feed.reading is not None
    target, expected = feed.request.target, [[event.type, event.data, event.id] for event in feed.reading.events]

    def listen(url: str) -> None:
        kinds = json.dumps(sorted({kind for kind, _, _ in expected}))
        there = json.dumps(url + target)
        assert page.js(f"(() => {{ const URL = {there}, KINDS = {kinds}; return {EVENT_SOURCE} }})()") == expected

    def fetch(url: str) -> None:
        told = page.js(f"(() => {{ const URL = {json.dumps(url + '/v1/chat/completions')}; return {FETCH} }})()")
        assert told == layers_of(load(CAPTURES / "llama-chat-emoji-japanese.capture.jsonl")).decoded.decode()

    with browser() as page:
        through("starlette-app-events", tmp_path, listen)
        through("llama-chat-emoji-japanese", tmp_path, fetch)


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_curl_streams_through_it(tmp_path: Path) -> None:
    async def scene() -> None:
        async with upstream(serve_openai) as port, recording(port, tmp_path) as desk:
            curl = await asyncio.create_subprocess_exec(
                "curl", "-sN", "--raw", "-i", "-d", "{}", f"{desk.recorder.url}/v1/x?api_key={KEY}",
                stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            printed, _ = await curl.communicate()
            exchange, capture = await desk.next()
            wanted = await direct(port)
        assert printed == wanted == capture.data("<")
        assert exchange.target == "/v1/x?api_key=" + "*" * len(KEY)

    run(scene())


@pytest.mark.parametrize("chunked", [False, True])
def test_a_secret_echoed_one_byte_a_read_is_nowhere_on_disk(tmp_path: Path, chunked: bool) -> None:
    """Sent in a header, a URL and a body; echoed as it is, JSON-escaped and percent-encoded."""
    quoted = KEY.replace("/", "%2F").replace("+", "%2B").replace("=", "%3D")
    escaped = KEY.replace("/", "\\/")
    near = KEY[:-3] + "xyz"
    echo = f'{{"a":"{KEY}","b":"{escaped}","c":"{quoted}","d":"{near}"}}'.encode()
    framed = b"".join(b"1\r\n%c\r\n" % byte for byte in echo) + b"0\r\n\r\n"
    head = b"HTTP/1.1 200 OK\r\nX-Echo: %s\r\n" % KEY.encode()
    plain = head + b"Content-Length: %d\r\n\r\n" % len(echo) + echo
    response = head + b"Transfer-Encoding: chunked\r\n\r\n" + framed if chunked else plain
    body = b'{"key":"%s"}' % KEY.encode()
    request = (
        f"POST /bot{KEY}/x?key={quoted} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {KEY}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body

    async def scene() -> None:
        gate = asyncio.Semaphore(0)

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await read_head(reader)
            assert await reader.readexactly(len(body)) == body
            for byte in response:
                writer.write(bytes([byte]))
                await gate.acquire()

        async with upstream(handle) as port, recording(port, tmp_path, rules=Rules()) as desk:
            reader, writer = await desk.connect()
            writer.write(request)
            got = b""
            while len(got) < len(response):
                got += await reader.readexactly(1)
                gate.release()
            writer.close()
            assert got == response
            exchange, capture = await desk.next()
        assert [len(read.data) for read in capture.reads("<")] == [1] * len(response)
        assert len(capture.data(">")) == len(request)
        assert exchange.path is not None
        on_disk = exchange.path.read_bytes() + exchange.path.name.encode()
        for secret in (KEY, quoted, escaped, KEY[4:], quoted[4:], escaped[4:]):
            for place in (on_disk, capture.data(">"), capture.data("<")):
                assert secret.encode() not in place
        stored = capture.data("<")
        unframed = re.sub(rb"1\r\n(.)\r\n", rb"\1", stored, flags=re.DOTALL) if chunked else stored
        assert near.encode() in unframed, "what only resembles the secret is untouched"

    run(scene())
