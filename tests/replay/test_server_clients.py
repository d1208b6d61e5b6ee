"""Real clients at the fake upstream: they stream from a capture what they would stream from the API."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from streamdoctor.capture.file import load
from streamdoctor.capture.model import RECEIVED, Capture
from streamdoctor.replay.server import Played, ReplayServer
from streamdoctor.replay.server_plan import Options
from streamdoctor.suite.subjects import layers_of
from tests.record.sockets import run

FOLDER = Path(__file__).parents[2] / "captures"


def shipped(name: str) -> Capture:
    return load(FOLDER / f"{name}.capture.jsonl")


def words(source: Capture) -> str:
    """The text that the reference reads in a capture."""
    reading = layers_of(source).reading
    assert reading is not None
    return "".join(delta.text for meaning in reading.meanings for delta in meaning.text)


def test_the_openai_sdk_streams_from_it_whatever_the_split() -> None:
    openai = pytest.importorskip("openai")
    source = shipped("llama-chat-emoji-japanese")

    def ask(url: str) -> str:
        with openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:
            messages = [{"role": "user", "content": "?"}]
            stream = client.chat.completions.create(model="m", messages=messages, stream=True)
            return "".join(part.choices[0].delta.content or "" for part in stream if part.choices)

    async def scene() -> None:
        for options in (Options(), Options(split="fixed:50"), Options(framing="close")):
            async with ReplayServer([source], speed=0, options=options) as server:
                assert await asyncio.to_thread(ask, server.url) == words(source)

    run(scene())


def test_the_openai_sdk_sees_a_reset_as_one() -> None:
    openai = pytest.importorskip("openai")
    source = shipped("node-chat-reset")

    def ask(url: str) -> str:
        seen = ""
        with openai.OpenAI(base_url=f"{url}/reset/v1", api_key="none", max_retries=0) as client:
            stream = client.chat.completions.create(model="m", messages=[], stream=True)
            with pytest.raises(Exception, match=r"(?i)reset|connection"):
                for part in stream:
                    seen += part.choices[0].delta.content or ""
        return seen

    async def scene() -> None:
        async with ReplayServer([source], speed=0) as server:
            assert await asyncio.to_thread(ask, server.url) == words(source)

    run(scene())


def test_the_anthropic_sdk_streams_from_it() -> None:
    anthropic = pytest.importorskip("anthropic")
    source = shipped("llama-anthropic-messages")

    def ask(url: str) -> str:
        with anthropic.Anthropic(base_url=url, api_key="none", max_retries=0) as client:
            messages = [{"role": "user", "content": "?"}]
            with client.messages.stream(model="m", max_tokens=9, messages=messages) as stream:
                return "".join(stream.text_stream)

    async def scene() -> None:
        async with ReplayServer([source], speed=0) as server:
            assert await asyncio.to_thread(ask, server.url) == words(source)

    run(scene())


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_curl_prints_every_byte_of_it() -> None:
    source = shipped("starlette-chat-crlf-pings")

    async def scene() -> None:
        async with ReplayServer([source], speed=0) as server:
            curl = await asyncio.create_subprocess_exec(
                "curl", "-sN", "--raw", "-i", "-d", "{}", f"{server.url}/v1/chat/completions",
                stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            printed, _ = await curl.communicate()
        assert printed == source.data(RECEIVED)

    run(scene())


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
@pytest.mark.parametrize(("name", "path", "status"), [("node-chat-reset", "/reset/v1/chat/completions", 56),
                                                      ("llama-chat-killed", "/v1/chat/completions", 18)])  # fmt: skip
def test_curl_says_how_it_ended(name: str, path: str, status: int) -> None:
    async def scene() -> None:
        async with ReplayServer([shipped(name)], speed=0) as server:
            curl = await asyncio.create_subprocess_exec(
                "curl", "-sN", "-d", "{}", f"{server.url}{path}", stdout=asyncio.subprocess.DEVNULL
            )
            assert await curl.wait() == status

    run(scene())


_FETCH = """
const answer = await fetch(process.argv[1], {method: "POST", body: "{}"});
process.stdout.write(Buffer.from(await answer.arrayBuffer()));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_node_fetch_gets_the_body_of_it() -> None:
    source = shipped("nginx-aimock-japanese")

    async def scene() -> None:
        played: asyncio.Queue[Played] = asyncio.Queue()
        async with ReplayServer([source], speed=0, on_played=played.put_nowait) as server:
            node = await asyncio.create_subprocess_exec(
                "node", "--input-type=module", "-e", _FETCH, f"{server.url}/v1/chat/completions",
                stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            printed, _ = await node.communicate()
            assert (await played.get()).cause == "complete"
        assert printed == layers_of(source).decoded

    run(scene())
