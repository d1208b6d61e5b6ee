"""A decoded body put on the wire anew: pieces in, a playback with a head that fits and the framing asked for. Pure.

Rules: of the recorded head only the headers of framing and coding change; each piece stays one write. An end that is
not complete stays visible: no last chunk, or a length that is not reached. RFC 9112 sections 6 and 7.1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

from streamdoctor.replay.playback import Cause, Playback, Write, persistent
from streamdoctor.stream.http1_head import ResponseHead, listed, parse_response

Framing = Literal["recorded", "chunk-per-piece", "length", "close"]
FRAMINGS: tuple[str, ...] = get_args(Framing)

_DROPPED = ("content-length", "transfer-encoding", "content-encoding", "trailer", "content-md5", "digest")
_HOP = ("connection", "keep-alive")
_VERSION = re.compile(rb"\AHTTP/1\.0")


class Body(NamedTuple):
    """`writes` are its pieces; `full` is how many bytes a whole body would have."""

    writes: Sequence[Write]
    full: int
    cause: Cause
    end_ns: int
    wait: float = 0.0


def recorded_framing(head: ResponseHead) -> Framing:
    """How the recorded response told where its body ends."""
    if listed(head.headers, "transfer-encoding"):
        return "chunk-per-piece"
    return "length" if listed(head.headers, "content-length") else "close"


def framed(raw_head: bytes, head: ResponseHead, head_ns: int, body: Body, framing: Framing, about: str) -> Playback:
    """The playback of `body` behind `raw_head`, which is `head`, framed as asked."""
    framing = recorded_framing(head) if framing == "recorded" else framing
    new_head = _head(raw_head, framing, _announced(body))
    writes = [Write(head_ns, new_head)]
    for write in body.writes:
        writes.append(_chunk(write) if framing == "chunk-per-piece" else write)
    wait = body.wait
    if framing == "chunk-per-piece" and body.cause == "complete":
        writes.append(Write(body.end_ns, b"0\r\n\r\n", wait))
        wait = 0.0
    parsed, _ = parse_response(new_head, 0)
    keep = body.cause == "complete" and framing != "close" and parsed is not None and persistent(parsed)
    return Playback(tuple(writes), body.end_ns, body.cause, keep, len(new_head), wait, about, head.status)


def _chunk(write: Write) -> Write:
    return write._replace(data=b"%x\r\n%s\r\n" % (len(write.data), write.data))


def _announced(body: Body) -> int:
    """The length to state: one that is not reached where the end is not complete."""
    size = sum(len(write.data) for write in body.writes)
    return size if body.cause == "complete" else max(size + 1, body.full)


def _head(raw: bytes, framing: Framing, length: int) -> bytes:
    dropped = _DROPPED + (_HOP if framing == "close" else ())
    lines = raw.rstrip(b"\r\n").split(b"\n")
    kept, dropping = [lines[0]], False
    for line in lines[1:]:
        if line[:1] not in (b" ", b"\t"):  # a folded line belongs to the one before
            dropping = line.partition(b":")[0].strip().lower().decode("latin-1") in dropped
        if not dropping:
            kept.append(line)
    added = {
        "chunk-per-piece": b"Transfer-Encoding: chunked",
        "length": b"Content-Length: %d" % length,
        "close": b"Connection: close",
    }[framing]
    if framing == "chunk-per-piece":  # HTTP/1.0 has no chunks
        kept[0] = _VERSION.sub(b"HTTP/1.1", kept[0])
    return b"\r\n".join((*(line.removesuffix(b"\r") for line in kept), added, b"", b""))
