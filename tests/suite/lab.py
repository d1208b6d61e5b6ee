"""Streams for strangers: capture files made of a few lines each, and a short way to have a parser judged on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from streamdoctor.capture.file import SUFFIX, CaptureWriter
from streamdoctor.capture.model import RECEIVED, SENT, Header
from streamdoctor.suite.cases import Axes
from streamdoctor.suite.check import check
from streamdoctor.suite.examine import Options
from streamdoctor.suite.results import Result
from streamdoctor.suite.subjects import find
from streamdoctor.suite.workers import Limits

STRANGERS = Path(__file__).parent / "strangers"
AS_RECORDED = Axes(rephrasings=("as-is",))
"""The default of `check` but for rephrasings, which tests/rephrasings tries."""
SHORT = Limits(cpu=0.2, wall=0.8)


def _chunk(delta: str, finish: str = "null") -> str:
    return f'{{"object":"chat.completion.chunk","choices":[{{"index":0,"delta":{delta},"finish_reason":{finish}}}]}}'


CHAT = (
    _chunk('{"role":"assistant","content":""}'),
    _chunk('{"content":" Grüße,  世界 "}'),
    _chunk(r'{"content":"😀\ud83d\ude00\n"}'),
    _chunk('{"content":"!"}'),
    _chunk("{}", '"stop"'),
)
ERROR = '{"error":{"message":"overloaded","type":"server_error","code":500}}'


def sse(*payloads: str, end: str = "\n") -> bytes:
    return "".join(f"data: {payload}{end}{end}" for payload in payloads).encode()


def _chat_comments() -> bytes:
    events = [f"data: {payload}\n\n" for payload in CHAT]
    comments = [": OPENROUTER PROCESSING\n\n", ":\n", "retry: 3000\n", "id: 7\n", ": x\n\n"]
    return "".join(a + b for a, b in zip(comments, events, strict=True)).encode() + b": last\n\ndata: [DONE]\n\n"


def _chat_fields() -> bytes:
    """Names, ids, unknown fields, no space, and a JSON text over two lines."""
    first, second, third, *rest = CHAT
    head, tail = third.split(",", 1)
    return (
        f"event: data\nid: 1\ndata:{first}\n\nunknown: x\nid\ndata:{second}\n\n\nid: 2\ndata: {head},\ndata: {tail}\n\n"
    ).encode() + sse(*rest, "[DONE]")


CHATS: Mapping[str, bytes] = {
    "chat": sse(*CHAT, "[DONE]"),
    "chat-crlf": sse(*CHAT, "[DONE]", end="\r\n"),
    "chat-comments": _chat_comments(),
    "chat-fields": _chat_fields(),
    "chat-error": sse(*CHAT[:3], ERROR),
    "chat-error-done": sse(*CHAT[:3], ERROR, "[DONE]"),
    "chat-no-final-blank": sse(*CHAT, "[DONE]")[:-1],
    "chat-torn": sse(*CHAT)[:-30],
    "chat-bom": b"\xef\xbb\xbf" + sse(*CHAT, "[DONE]"),
    "chat-line-separators": sse(CHAT[0], _chunk('{"content":"a\u2028b\u0085c\u2029d"}'), *CHAT[4:], "[DONE]"),
}
PLAIN: Mapping[str, bytes] = {
    "plain": "data: Hello\n\ndata:  two spaces \n\ndata: 世界 😀\n\n".encode(),
    "plain-everything": (
        "\ufeff: hi\r\nevent: a\r\nid: 1\r\ndata: one\r\ndata:\r\ndata: two\r\n\r\n"
        ": phantom?\r\n\r\nevent: lost\r\n\r\nid: 2\r\ndata\r\n\r\nretry: 10\r\n"
        "data: x: y\r\n\r\nid\r\ndata: last\r\n\r\n"
    ).encode(),
    "plain-cr": b"data: a\r\rdata: b\rdata: c\r\revent: n\rdata: d\r\r",
    "plain-mixed": b"data: a\r\n\ndata: b\r\r\ndata: c\n\rdata: d\r\n\r\n",
    "plain-no-final-blank": b"id: 1\ndata: a\n\nid: 2\ndata: b\n",
    "plain-ids": b"id: 1\ndata: a\n\ndata: b\n\n: c\n\nevent: e\nid: 2\ndata: c\n\ndata: d\n\n",
}
_MESSAGE = (
    '{"type":"message_start","message":{"id":"m1","type":"message","role":"assistant","model":"m","content":[]}}',
    '{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}',
    '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Grüße 😀"}}',
    '{"type":"ping"}',
    '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" Welt"}}',
    '{"type":"content_block_stop","index":0}',
    '{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}',
    '{"type":"message_stop"}',
)
ANTHROPIC = "".join(f"event: {data.split(chr(34))[3]}\ndata: {data}\n\n" for data in _MESSAGE).encode()
RESPONSES = (
    "".join(
        f'event: {kind}\ndata: {{"type":"{kind}","sequence_number":{number},{rest}}}\n\n'
        for number, (kind, rest) in enumerate(
            (
                ("response.created", '"response":{"id":"r1","object":"response","status":"in_progress"}'),
                ("response.output_text.delta", '"item_id":"i1","output_index":0,"content_index":0,"delta":"Grüße"'),
                ("response.completed", '"response":{"id":"r1","object":"response","status":"completed"}'),
            )
        )
    ).encode()
    + b"data: [DONE]\n\n"
)
"""As one host sends them: with the marker of another API at the end."""
OLLAMA = "".join(
    f'{{"model":"m","created_at":"t","message":{{"role":"assistant","content":"{text}"}},"done":{done}}}\n'
    for text, done in (("Grüße", "false"), (" 世界 ", "false"), ("😀", "false"), ("", 'true,"done_reason":"stop"'))
).encode()


def capture(folder: Path, name: str, body: bytes, content_type: str = "text/event-stream") -> str:
    """A capture file of `body`, read in pieces of 50 bytes, that ends with the connection."""
    path = folder / f"{name}{SUFFIX}"
    writer = CaptureWriter(path, Header(started="2026-11-22T16:00:00.000000Z", recorder="test"))
    writer.read(0, SENT, b"POST /v1/chat HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    writer.read(1, RECEIVED, f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nConnection: close\r\n\r\n".encode())
    for at in range(0, len(body), 50):
        writer.read(2 + at, RECEIVED, body[at : at + 50])
    writer.end(len(body) + 3, "complete", framing="close")
    return str(path)


def captures(folder: Path, bodies: Mapping[str, bytes], content_type: str = "text/event-stream") -> list[str]:
    return [capture(folder, name, body, content_type) for name, body in bodies.items()]


def judged(
    refs: Sequence[str] | str,
    names: Iterable[str],
    axes: Axes | None = None,
    limits: Limits = SHORT,
    dialect: str | None = None,
) -> list[Result]:
    """What `check` says of the parsers `refs` on captures or probes."""
    subjects = [find(name, dialect) for name in names]
    options = Options(axes or AS_RECORDED, dialect=dialect)
    return check([refs] if isinstance(refs, str) else refs, subjects, options, limits)


def told(results: Iterable[Result]) -> dict[str, list[str]]:
    """What was found, by subject: rule and kind; empty where all is well. For assertions that explain themselves."""
    return {
        f"{Path(r.subject).name} {r.parser.rpartition(':')[2]} {r.verdict}": [
            f"{f.finding.rule} {f.kind} {f.split} {f.fault}: {f.finding.summary}" for f in r.findings
        ]
        for r in results
        if r.verdict != "pass"
    }


def kinds(results: Iterable[Result]) -> set[str]:
    return {found.kind for result in results for found in result.findings}
