"""Captures made for the check-up: one response in pieces, each at its time, with one thing wrong with it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from streamdoctor.capture.model import RECEIVED, SENT, Capture, End, Header, Mark, Read
from streamdoctor.diagnosis.symptoms.evidence import Symptom
from streamdoctor.diagnosis.symptoms.find import find_symptoms
from streamdoctor.suite.subjects import layers_of

MS = 1_000_000
SSE = "Content-Type: text/event-stream\r\n"
DONE = b"data: [DONE]\n\n"
REQUEST = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"


def event(data: object, kind: str = "", identity: str = "") -> bytes:
    """One SSE event; anything but text as JSON."""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    fields = f"event: {kind}\n" if kind else ""
    fields += f"id: {identity}\n" if identity else ""
    return f"{fields}data: {text}\n\n".encode("utf-8", "surrogatepass")


def delta(text: str | None, identity: str = "c1", finish: str | None = None, role: bool = False) -> bytes:
    """One chunk of OpenAI's chat completions."""
    content = {"role": "assistant"} if role else {}
    content |= {} if text is None else {"content": text}
    return event({"id": identity, "choices": [{"index": 0, "delta": content, "finish_reason": finish}]})


def chat(*texts: str) -> list[bytes]:
    """A whole answer in these pieces, [DONE] included."""
    return [delta(None, role=True), *map(delta, texts), delta(None, finish="stop"), DONE]


def anthropic(*texts: str) -> list[bytes]:
    blocks = [{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": t}} for t in texts]
    documents = [{"type": "message_start", "message": {}}, *blocks, {"type": "message_stop"}]
    return [event(document, str(document["type"])) for document in documents]


def capture(
    pieces: Sequence[bytes],
    *,
    gaps: Sequence[int] | int = 20,
    headers: str = SSE,
    status: str = "200 OK",
    cause: str = "complete",
    side: str | None = "upstream",
    after: int = 0,
    marks: Sequence[tuple[int, str]] = (),
    imported: bool = False,
    framing: str = "close",
) -> Capture:
    """`pieces` of the body come one by one, `gaps` milliseconds before each; the exchange ends `after` ms later."""
    waits = [gaps] * len(pieces) if isinstance(gaps, int) else list(gaps)
    head = f"HTTP/1.1 {status}\r\n{headers}\r\n".encode()
    records: list[Read | Mark] = [Read(0, SENT, REQUEST), Read(5 * MS, RECEIVED, head)]
    ns = 5 * MS
    for piece, wait in zip(pieces, waits, strict=True):
        ns += wait * MS
        records.append(Read(ns, RECEIVED, piece))
    records += [Mark(at * MS, name) for at, name in marks]
    extra = {"synthesised": ["response-head"]} if imported else {}
    header = Header("2026-01-01T00:00:00Z", "test", fidelity="body" if imported else "read", extra=extra)
    records.sort(key=lambda record: record.ns)
    end = End(ns + after * MS, cause, side, framing if cause == "complete" else None)
    return Capture(header, tuple(records), end)


def symptoms(held: Capture) -> list[Symptom]:
    return list(find_symptoms(held, layers_of(held)))


def codes(held: Capture) -> list[str]:
    return [symptom.rule for symptom in symptoms(held)]
