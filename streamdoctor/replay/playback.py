"""What is written when: a response as a list of writes with their times, and how the connection then goes on. Pure.

Rules: a write is one piece, never empty, that the peer can read alone; times are nanoseconds since the request was
whole. As recorded means every byte, every read border and the recorded end. RFC 9112 sections 6, 9.3 and 9.6.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from streamdoctor.capture.model import RECEIVED, SENT, Capture, Read
from streamdoctor.stream.http1_head import RequestHead, ResponseHead, listed
from streamdoctor.stream.layers import Layers

Cause = Literal["complete", "eof", "reset", "open"]
"""`complete`: the response is whole; `eof`: FIN before its end; `reset`: RST; `open`: nothing more, and no end."""

_TORN = ("reset", "refused", "dns-error", "tls-error", "recorder-stopped", "disk-full")
_HELD = ("client-closed", "timeout")


class Write(NamedTuple):
    """`ns` is when, at the recorded pace; `wait` are seconds to let pass before it at any speed."""

    ns: int
    data: bytes
    wait: float = 0.0


@dataclass(frozen=True)
class Playback:
    """One response to be. `keep`: the connection takes another request. `head_end` is the offset in all that is
    written of the end of the final response head, None where there is none. `end_ns` is when the end comes, `wait`
    seconds later at any speed. `about` names split and fault, "" for what was recorded."""

    writes: tuple[Write, ...]
    end_ns: int
    cause: Cause
    keep: bool = False
    head_end: int | None = None
    wait: float = 0.0
    about: str = ""
    status: int | None = None

    def with_headers(self, lines: Sequence[str]) -> Playback:
        """The same with those header `lines` that its response head does not have yet, put before the blank line.

        Recorded leave for pages of another origin gives way: two of them, or one for no origin, browsers refuse.
        """
        if self.head_end is None or not lines:
            return self
        head = b"".join(write.data for write in self.writes)[: self.head_end]
        spans = _leave_spans(head)
        kept = {_name(line) for line in head.split(b"\n")}
        missing = [line.encode("latin-1") for line in lines]
        added = b"".join(line + b"\r\n" for line in missing if _is_leave(line) or _name(line) not in kept)
        blank = self.head_end - (2 if head.endswith(b"\r\n") else 1)
        writes = _without(_inserted(self.writes, blank, added), spans)
        removed = sum(end - start for start, end in spans)
        return replace(self, writes=writes, head_end=self.head_end + len(added) - removed)


def _name(line: bytes) -> bytes:
    return line.partition(b":")[0].lower()


def _is_leave(line: bytes) -> bool:
    return _name(line).startswith(b"access-control-allow-")


def _leave_spans(head: bytes) -> list[tuple[int, int]]:
    """Where the lines stand that let pages of another origin read it."""
    spans, at = [], 0
    for line in re.findall(rb"[^\n]*\n", head):
        if _is_leave(line):
            spans.append((at, at + len(line)))
        at += len(line)
    return spans


def _without(writes: Sequence[Write], spans: Sequence[tuple[int, int]]) -> tuple[Write, ...]:
    """`writes` without the bytes of `spans`; one of which nothing is left goes."""
    result, at = [], 0
    for write in writes:
        data, end = write.data, at + len(write.data)
        for first, last in reversed(spans):
            if first < end and last > at:
                data = data[: max(first - at, 0)] + data[last - at :]
        if data:
            result.append(write._replace(data=data))
        at = end
    return tuple(result)


def _inserted(writes: Sequence[Write], at: int, data: bytes) -> tuple[Write, ...]:
    """`writes` with `data` before the byte `at` of all that they write."""
    result = []
    for write in writes:
        if 0 <= at < len(write.data):
            write = write._replace(data=write.data[:at] + data + write.data[at:])
            at = -1
        at -= len(write.data)
        result.append(write)
    return tuple(result)


def as_recorded(capture: Capture, layers: Layers) -> Playback:
    """The response of `capture`, byte for byte, read for read."""
    reads = response_reads(capture, layers)
    start = request_end(capture, reads)
    head = layers.response
    skipped = len(capture.data(RECEIVED)) - sum(len(read.data) for read in reads)
    cause = recorded_cause(capture, layers)
    return Playback(
        writes=tuple(Write(max(0, read.ns - start), read.data) for read in reads),
        end_ns=recorded_end(capture, reads, start),
        cause=cause,
        keep=cause == "complete" and layers.framing != "close" and head is not None and persistent(head),
        head_end=head.end - skipped if head else None,
        status=head.status if head else None,
    )


def response_reads(capture: Capture, layers: Layers) -> list[Read]:
    """What the upstream sent, without the `100 Continue` that the request asked for: the server gives that itself."""
    reads = [read for read in capture.reads(RECEIVED) if read.data]
    left = _interim_bytes(layers.request, capture.data(RECEIVED))
    while left:
        first = reads[0]
        reads[0] = replace(first, data=first.data[left:])
        left -= min(left, len(first.data))
        if not reads[0].data:
            del reads[0]
    return reads


def _interim_bytes(request: RequestHead | None, wire: bytes) -> int:
    if request is None or not expects_continue(request) or not wire.startswith((b"HTTP/1.1 100", b"HTTP/1.0 100")):
        return 0
    return wire.find(b"\r\n\r\n") + 4 if b"\r\n\r\n" in wire else 0


def expects_continue(request: RequestHead) -> bool:
    return "100-continue" in (member.lower() for member in listed(request.headers, "expect"))


def request_end(capture: Capture, reads: Sequence[Read]) -> int:
    """When the last request byte came before the response began, in nanoseconds."""
    first = reads[0].ns if reads else None
    sent = [read.ns for read in capture.reads(SENT) if first is None or read.ns <= first]
    return sent[-1] if sent else 0


def recorded_end(capture: Capture, reads: Sequence[Read], start: int) -> int:
    """When the exchange ended, in nanoseconds since `start`."""
    last = reads[-1].ns if reads else start
    return max(capture.end.ns if capture.end else last, last) - start


def recorded_cause(capture: Capture, layers: Layers) -> Cause:
    """The end that a client saw. Where the recorded one left or the network fell silent, nothing more came; where
    there was no upstream, or the recorder stopped, the connection is torn."""
    if capture.cause == "complete":
        return "complete"
    if capture.cause in _TORN:
        return "reset"
    if capture.cause in _HELD:
        return "open"
    return "complete" if capture.cause == "unknown" and layers.framing else "eof"


def persistent(head: ResponseHead | RequestHead) -> bool:
    """Whether the connection stays after this message (RFC 9112 section 9.3)."""
    options = {option.lower() for option in listed(head.headers, "connection")}
    return "close" not in options and (head.version != "1.0" or "keep-alive" in options)
