"""`record -- CMD`: the command runs as if alone, its SDKs come here, and its exit code is ours."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path

import pytest

from streamdoctor.capture.file import expand, load
from tests.record.sockets import run, upstream
from tests.record.test_clients import WORDS, serve_openai
from tests.record.test_command import start

ASK = """
import os, sys, urllib.request
for name in sys.argv[2:]:
    with urllib.request.urlopen(os.environ[name] + "/x", b"{}") as answer:
        sys.stdout.write(answer.read().decode())
sys.exit(int(sys.argv[1]))
"""


def python(script: str, *arguments: str) -> tuple[str, ...]:
    return ("--", sys.executable, "-c", script, *arguments)


def test_a_command_is_recorded_and_its_exit_code_passed_on(tmp_path: Path) -> None:
    async def scene() -> None:
        async with upstream(serve_openai) as port:
            options = ("--upstream", f"http://127.0.0.1:{port}", "--out", str(tmp_path))
            process = await start(*options, *python(ASK, "7", "OPENAI_BASE_URL", "ANTHROPIC_BASE_URL"))
            out, err = await process.communicate()
        assert process.returncode == 7
        assert out.count(b"[DONE]") == 2, "stdout is the command's alone"
        captures = [load(path) for path in expand([str(tmp_path)])]
        assert [capture.data(">").split()[1] for capture in captures] == [b"/v1/x", b"/x"]
        assert {capture.cause for capture in captures} == {"complete"}
        for path in expand([str(tmp_path)]):
            assert str(path) in err.decode()

    run(scene())


def test_without_an_upstream_each_sdk_has_a_listener_before_where_it_went(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        async with upstream(serve_openai) as one, upstream(serve_openai) as other:
            monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{one}/v1")
            monkeypatch.setenv("OLLAMA_HOST", f"127.0.0.1:{other}")
            process = await start("--out", str(tmp_path), *python(ASK, "0", "OPENAI_BASE_URL", "OLLAMA_HOST"))
            await process.communicate()
            assert process.returncode == 0
            upstreams = {load(path).header.upstream for path in expand([str(tmp_path)])}
            assert upstreams == {f"http://127.0.0.1:{one}", f"http://127.0.0.1:{other}"}

    run(scene())


def test_a_command_that_calls_nothing_keeps_its_code_and_is_told(tmp_path: Path) -> None:
    async def scene() -> None:
        process = await start("--upstream", "http://h", "--out", str(tmp_path), *python("raise SystemExit(3)"))
        _, err = await process.communicate()
        assert process.returncode == 3
        assert "OPENAI_BASE_URL=http://127.0.0.1:" in err.decode().partition("no exchange came")[2]

    run(scene())


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_signals_are_the_commands(tmp_path: Path, how: signal.Signals) -> None:
    """It hears each, may end as it likes, and what it asks after that is recorded still."""
    script = f"""
import os, signal, sys, urllib.request
def heard(number, frame):
    urllib.request.urlopen(os.environ["OPENAI_BASE_URL"] + "/last", b"{{}}").read()
    sys.exit(40 + number)
signal.signal({int(how)}, heard)
print("ready", flush=True)
while True:
    signal.pause()
"""

    async def scene() -> None:
        async with upstream(serve_openai) as port:
            process = await start("--upstream", f"http://127.0.0.1:{port}", "--out", str(tmp_path), *python(script))
            assert process.stdout is not None
            assert await process.stdout.readline() == b"ready\n"
            process.send_signal(how)
            await process.communicate()
        assert process.returncode == 40 + how
        (path,) = expand([str(tmp_path)])
        assert load(path).cause == "complete"

    run(scene())


def test_a_command_killed_by_a_signal_gives_128_and_its_number(tmp_path: Path) -> None:
    async def scene() -> None:
        script = "import os; os.kill(os.getpid(), 9)"
        process = await start("--upstream", "http://h", "--out", str(tmp_path), *python(script))
        await process.communicate()
        assert process.returncode == 128 + 9

    run(scene())


def test_an_exchange_that_dies_with_the_command_says_who_left(tmp_path: Path) -> None:
    script = """
import os, socket, urllib.parse
url = urllib.parse.urlsplit(os.environ["OPENAI_BASE_URL"])
peer = socket.create_connection((url.hostname, url.port))
peer.sendall(b"GET /x HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n")
peer.recv(10)
os._exit(0)
"""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhello")
        await reader.read()

    async def scene() -> None:
        async with upstream(serve) as port:
            process = await start("--upstream", f"http://127.0.0.1:{port}", "--out", str(tmp_path), *python(script))
            await process.communicate()
        (path,) = expand([str(tmp_path)])
        assert load(path).cause == "client-closed"

    run(scene())


def test_the_openai_sdk_needs_nothing_but_the_environment(tmp_path: Path) -> None:
    pytest.importorskip("openai")
    script = """
import json, openai
stream = openai.OpenAI(api_key="sk-0123456789").chat.completions.create(model="m", messages=[], stream=True)
print(json.dumps([part.choices[0].delta.content for part in stream]))
"""

    async def scene() -> None:
        async with upstream(serve_openai) as port:
            process = await start("--upstream", f"http://127.0.0.1:{port}", "--out", str(tmp_path), *python(script))
            out, err = await process.communicate()
        assert process.returncode == 0, err
        assert json.loads(out) == WORDS

    run(scene())
