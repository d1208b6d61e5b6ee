"""Records the captures again, each with a recorder of its own: python record.py OUT [NAME...]

The environment names what it drives; README.md beside this folder says how to get each:
LLAMA a llama-server, MODEL a .gguf, AIMOCK aimock's llmock, UVICORN uvicorn with sse-starlette, NODE_PATH the
node_modules with express, compression and better-sse, PY a Python with openai and anthropic, RECORDER streamdoctor.
Linux only: it looks in /proc/net/tcp for who listens.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
WORK = Path(tempfile.mkdtemp(prefix="record-"))
PORT = int(os.environ.get("PORT", "8085"))
PROXY = f"http://127.0.0.1:{PORT}"
LLAMA, AIMOCK, STARLETTE, NODE = (f"http://127.0.0.1:{port}" for port in (8101, 4010, 8201, 8301))
NGINX_SMALL, NGINX_DEFAULTS, NGINX_STARLETTE = (f"http://127.0.0.1:{port}" for port in (8401, 8402, 8403))
KEYS = {"OPENAI_API_KEY": "sk-not-a-real-key-0000000000", "ANTHROPIC_API_KEY": "sk-ant-not-a-real-key-0000"}
EMOJI = (
    "The café is open ☕️! 東京は今日も雨です。🌧️ Cre\u0300me bru\u0302le\u0301e with two combining marks each, "
    "a family 👨\u200d👩\u200d👧\u200d👦, an astronaut 👩🏽\u200d🚀, a flag 🇯🇵, مرحبا and नमस्ते. 良い旅を！👋🏿"
)
Client = Callable[[], subprocess.Popen]


class Server:
    """A child process that listens on `port`; leaving the block ends it."""

    def __init__(self, port: int, argv: list[str], cwd: Path = WORK) -> None:
        if listening(port):
            raise SystemExit(f"port {port} is taken")
        self.log = open(WORK / f"{port}.log", "wb")  # noqa: SIM115
        self.process = subprocess.Popen(argv, cwd=cwd, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        wait_until(lambda: listening(port) or self.process.poll() is not None)
        if not listening(port):
            raise SystemExit(f"{argv[0]} does not listen on {port}; see {self.log.name}")

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.end(signal.SIGINT)
        self.log.close()

    def end(self, signum: int) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signum)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def kill(self) -> None:
        self.end(signal.SIGKILL)


def listening(port: int) -> bool:
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(row[1] == f"0100007F:{port:04X}" and row[3] == "0A" for row in rows)


def wait_until(true: Callable[[], bool], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)


def llama(*options: str) -> Server:
    argv = [os.environ["LLAMA"], "-m", os.environ["MODEL"], "--host", "127.0.0.1", "--port", "8101"]
    server = Server(8101, [*argv, "-c", "2048", "-t", "2", "--alias", "smollm2", *options])
    wait_until(lambda: subprocess.run(["curl", "-sf", "-o", "/dev/null", LLAMA + "/health"]).returncode == 0)
    return server


def aimock() -> Server:
    with open(WORK / "fixtures.json", "wb") as file:
        subprocess.run([sys.executable, HERE / "aimock_fixtures.py"], stdout=file, check=True)
    return Server(4010, ["node", os.environ["AIMOCK"], "-p", "4010", "-f", "fixtures.json"])


def starlette() -> Server:
    argv = [os.environ["UVICORN"], "starlette_app:app", "--host", "127.0.0.1", "--port", "8201"]
    return Server(8201, [*argv, "--http", "h11", "--no-access-log"], cwd=HERE)


def node() -> Server:
    return Server(8301, ["node", str(HERE / "node_app.cjs")])


def nginx() -> Server:
    (WORK / "tmp").mkdir(exist_ok=True)
    return Server(8401, ["nginx", "-p", str(WORK), "-c", str(HERE / "nginx.conf")])


def sdk(kind: str, prompt: str, base: str = "/v1", **options: object) -> Client:
    """The openai or anthropic SDK, through the recorder."""
    env = {**os.environ, **KEYS, "OPENAI_BASE_URL": PROXY + base, "ANTHROPIC_BASE_URL": PROXY}
    argv = [os.environ["PY"], str(HERE / "client.py"), kind, prompt, json.dumps(options)]
    return lambda: subprocess.Popen(argv, env=env)


def curl(path: str, body: object = None, *options: str, base: str = PROXY) -> Client:
    """curl, through the recorder."""
    argv = ["curl", "-sN", base + path, "-o", "/dev/null", *options]
    if body is not None:
        argv += ["-H", "content-type: application/json", "-d", json.dumps(body)]
    return lambda: subprocess.Popen(argv)


def asked(prompt: str, model: str, **options: object) -> dict[str, object]:
    return {"model": model, "stream": True, "messages": [{"role": "user", "content": prompt}], **options}


def record(name: str, upstream: str, client: Client, then: Callable[[], object] = lambda: None, after: int = 0) -> None:
    """Keeps what `client` got from `upstream` through a recorder; `then` runs once the capture has `after` bytes."""
    taken = WORK / name
    argv = [
        os.environ["RECORDER"],
        "record",
        "--upstream",
        upstream,
        "--listen",
        f"127.0.0.1:{PORT}",
        "--out",
        str(taken),
    ]
    with Server(PORT, argv):
        process = client()
        wait_until(lambda: sum(file.stat().st_size for file in taken.glob("*.capture.jsonl")) >= after)
        then()
        process.wait(60)
        time.sleep(0.3)
    (capture,) = taken.glob("*.capture.jsonl")
    shutil.copyfile(capture, OUT / f"{name}.capture.jsonl")
    print(f"== {name}: {capture.stat().st_size} bytes", flush=True)


def llama_chat_ascii(name: str) -> None:
    prompt = "Why does rain smell good? Answer in two sentences."
    with llama():
        record(name, LLAMA, sdk("chat", prompt, max_tokens=60, seed=7, temperature=0.2))


def llama_chat_emoji_japanese(name: str) -> None:
    extra = {"grammar": f'root ::= "{EMOJI}"'}
    client = sdk("chat", "Write the words of the sign at the station.", max_tokens=220, seed=1, extra_body=extra)
    with llama():
        record(name, LLAMA, client)


def llama_chat_two_choices(name: str) -> None:
    with llama():
        record(name, LLAMA, sdk("chat", "Name one river and one lake.", n=2, max_tokens=24, seed=4, temperature=0.9))


def llama_chat_keep_alive_comments(name: str) -> None:
    parcels = (
        " ".join(f"{i} parcels went to town {i * 7 % 97}." for i in range(70)) + " Write a letter about the towns."
    )
    letters = " ".join(f"{i} letters went to town {i * 5 % 89}." for i in range(90))
    other = curl("/v1/chat/completions", asked(letters, "smollm2", max_tokens=1), base=LLAMA)
    with llama("-c", "8192", "--sse-ping-interval", "1"):
        client = sdk("chat", parcels, max_tokens=60, seed=3, temperature=0.3)
        record(name, LLAMA, client, lambda: other().wait(), after=5_800)


def llama_responses(name: str) -> None:
    with llama():
        prompt = "Name three fruits and say one word about each."
        record(name, LLAMA, sdk("responses", prompt, max_output_tokens=40, temperature=0))


def llama_responses_emoji_first(name: str) -> None:
    extra = {"grammar": 'root ::= "🎈 The balloon 🎈 rises."'}
    with llama():
        record(name, LLAMA, sdk("responses", "What does the balloon do?", max_output_tokens=40, extra_body=extra))


def llama_anthropic_messages(name: str) -> None:
    with llama():
        record(name, LLAMA, sdk("messages", "Name three rivers.", max_tokens=40, extra_body={"temperature": 0}))


def llama_chat_error_after_200(name: str) -> None:
    grammar = 'root ::= "The train to Brig leaves at noon from platform four."'
    extra = {"grammar": grammar, "ignore_eos": True}
    with llama():
        record(name, LLAMA, sdk("chat", "When does the train leave?", max_tokens=60, seed=7, extra_body=extra))


def llama_chat_killed(name: str) -> None:
    with llama() as server:
        client = sdk("chat", "Tell me a long story about a lighthouse.", max_tokens=900, seed=5, temperature=0.4)
        record(name, LLAMA, client, server.kill, after=12_000)


def llama_chat_client_gone(name: str) -> None:
    body = asked("Tell me a long story about a mountain hut.", "smollm2", seed=9, max_tokens=900)
    with llama():
        record(name, LLAMA, curl("/v1/chat/completions", body, "--max-time", "0.4"))


def aimock_ollama_ndjson(name: str) -> None:
    with aimock():
        record(name, AIMOCK, curl("/api/chat", asked("sing in three languages", "smollm2")))


def aimock_bedrock_converse(name: str) -> None:
    path = "/model/anthropic.claude-3-haiku-20240307-v1:0/converse-stream"
    body = {"messages": [{"role": "user", "content": [{"text": "weather in two sentences"}]}]}
    with aimock():
        record(name, AIMOCK, curl(path, body))


def aimock_gemini(name: str) -> None:
    body = {"contents": [{"role": "user", "parts": [{"text": "sing in three languages"}]}]}
    with aimock():
        record(name, AIMOCK, curl("/v1beta/models/gemini-2.0-flash:streamGenerateContent?alt=sse", body))


def aimock_chat_line_separators(name: str) -> None:
    with aimock():
        record(name, AIMOCK, sdk("chat", "odd line separators", model="gpt-4o"))


def aimock_chat_big_events(name: str) -> None:
    options = {"stream_options": {"include_usage": True}}
    with aimock():
        record(name, AIMOCK, sdk("chat", "the whole logbook", model="gpt-4o", **options))


def aimock_chat_tool_calls(name: str) -> None:
    parameters = {"type": "object", "properties": {"restaurant": {"type": "string"}}}
    tools = [{"type": "function", "function": {"name": "book_table", "parameters": parameters}}]
    with aimock():
        record(name, AIMOCK, sdk("chat", "book a table", model="gpt-4o", tools=tools))


def aimock_chat_lone_surrogates(name: str) -> None:
    with aimock():
        record(name, AIMOCK, sdk("chat", "tell me a short fairy tale", model="gpt-4o"))


def aimock_chat_until_close(name: str) -> None:
    with aimock():
        record(name, AIMOCK, curl("/v1/chat/completions", asked("weather in two sentences", "gpt-4o"), "--http1.0"))


def aimock_openrouter_processing(name: str) -> None:
    with aimock():
        record(name, AIMOCK, sdk("chat", "plan a walk", base="/api/v1", model="openai/gpt-4o"))


def nginx_aimock_japanese(name: str) -> None:
    with aimock(), nginx():
        record(name, NGINX_SMALL, sdk("chat", "announce the next train", model="gpt-4o"))


def nginx_aimock_killed_clean_end(name: str) -> None:
    with aimock() as server, nginx():
        record(name, NGINX_DEFAULTS, sdk("chat", "read me the diary", model="gpt-4o"), server.kill, after=9_000)


def nginx_starlette_log_crlf(name: str) -> None:
    with starlette(), nginx():
        record(name, NGINX_STARLETTE, curl("/log", None, "-H", "accept: text/event-stream"))


def starlette_chat_crlf_pings(name: str) -> None:
    with starlette():
        record(name, STARLETTE, sdk("chat", "Where is it good to wait?", model="station-1"))


def starlette_app_events(name: str) -> None:
    with starlette():
        record(name, STARLETTE, curl("/feed", None, "-H", "accept: text/event-stream"))


def better_sse_app_events(name: str) -> None:
    with node():
        record(name, NODE, curl("/better", None, "-H", "accept: text/event-stream"))


def express_chat_gzip(name: str) -> None:
    with node():
        body = asked("What is gzip?", "express-1")
        record(name, NODE, curl("/gzip/v1/chat/completions", body, "-H", "accept-encoding: gzip"))


def node_chat_reset(name: str) -> None:
    with node():
        record(name, NODE, sdk("chat", "What is gzip?", base="/reset/v1", model="express-1"))


SCENARIOS = {
    function.__name__.replace("_", "-"): function
    for function in (
        llama_chat_ascii,
        llama_chat_emoji_japanese,
        llama_chat_two_choices,
        llama_chat_keep_alive_comments,
        llama_chat_error_after_200,
        llama_chat_killed,
        llama_chat_client_gone,
        llama_responses,
        llama_responses_emoji_first,
        llama_anthropic_messages,
        aimock_chat_big_events,
        aimock_chat_line_separators,
        aimock_chat_lone_surrogates,
        aimock_chat_tool_calls,
        aimock_chat_until_close,
        aimock_openrouter_processing,
        aimock_gemini,
        aimock_ollama_ndjson,
        aimock_bedrock_converse,
        nginx_aimock_japanese,
        nginx_aimock_killed_clean_end,
        nginx_starlette_log_crlf,
        starlette_chat_crlf_pings,
        starlette_app_events,
        better_sse_app_events,
        express_chat_gzip,
        node_chat_reset,
    )
}

if __name__ == "__main__":
    OUT = Path(sys.argv[1])
    OUT.mkdir(parents=True, exist_ok=True)
    for wanted in sys.argv[2:] or SCENARIOS:
        SCENARIOS[wanted](wanted)
    shutil.rmtree(WORK)
