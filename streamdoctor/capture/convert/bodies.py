"""An exchange of which a tool kept headers and bodies, but no bytes of the wire: how it becomes a capture. Pure.

Heads are written anew, so they are `synthesised`; a length or a framing that the body no longer has is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from streamdoctor.capture.convert.packing import imported
from streamdoctor.capture.model import RECEIVED, SENT, Read
from streamdoctor.errors import UsageError

STREAMS = ("event-stream", "ndjson", "jsonl", "json-seq", "eventstream", "application/json")
"""What stands in the media types of responses that may be streams."""

Fields = Sequence[tuple[str, str]]
_OF_THE_WIRE = frozenset({"transfer-encoding", "connection", "keep-alive", "content-length", "host"})
_LISTED = 8


class Kept(NamedTuple):
    """One exchange. `first_ns` and `last_ns`, since the request, are when its response began and ended."""

    method: str
    url: str
    request_headers: Fields
    request_body: bytes
    status: int
    response_headers: Fields
    body: bytes
    first_ns: int = 0
    last_ns: int = 0


def from_kept(kept: Kept, started: str, recorder: str, synthesised: Sequence[str]) -> bytes:
    """Raises ValueError for what cannot stand in a head."""
    parts = urlsplit(kept.url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    length = [("Content-Length", str(len(kept.request_body)))] if kept.request_body else []
    asked = _head(f"{kept.method} {target} HTTP/1.1", [("Host", parts.netloc), *kept.request_headers], length)
    answered = _head(f"HTTP/1.1 {kept.status} ", kept.response_headers, _length(kept))
    reads = [Read(0, SENT, asked + kept.request_body), Read(kept.first_ns, RECEIVED, answered)]
    if kept.body:
        reads.append(Read(max(kept.first_ns, kept.last_ns), RECEIVED, kept.body))
    return imported(
        reads,
        started=started,
        recorder=recorder,
        cause="unknown",
        fidelity="body",
        upstream=f"{parts.scheme}://{parts.netloc}",
        synthesised=("request-head", "response-head", *synthesised),
    )


def _length(kept: Kept) -> Fields:
    said = [(name, value) for name, value in kept.response_headers if name.lower() == "content-length"]
    return [pair for pair in said if pair[1] == str(len(kept.body))]


def _head(first: str, fields: Fields, length: Fields) -> bytes:
    host = [pair for pair in fields[:1] if pair[0] == "Host"]
    lines = [first, *(f"{name}: {value}" for name, value in [*host, *_of_the_message(fields), *length])]
    if any(character in line for line in lines for character in "\r\n\0"):
        raise ValueError("a line of its heads cannot stand in one")
    return "\r\n".join((*lines, "", "")).encode("latin-1", "replace")


def _of_the_message(fields: Fields) -> Iterator[tuple[str, str]]:
    return ((name, value) for name, value in fields if name.lower() not in _OF_THE_WIRE and not name.startswith(":"))


def chosen(urls: Sequence[str], types: Sequence[str], number: int | None) -> int:
    """The index of number `number` (from 1), else of the only one whose media type may be a stream's.

    Raises UsageError where there is no such number, or one has to be named.
    """
    if number is not None:
        if not 1 <= number <= len(urls):
            raise UsageError(f"--entry {number}: there are {len(urls)}")
        return number - 1
    may_be = [index for index, mime in enumerate(types) if any(kind in mime.lower() for kind in STREAMS)]
    if len(may_be) == 1:
        return may_be[0]
    listed = "; ".join(f"{index + 1}: {urls[index][:80]}" for index in may_be[:_LISTED]) or "none is a stream"
    raise UsageError(f"of {len(urls)} entries {len(may_be)} may be streams", hint=f"--entry N takes one: {listed}")
