"""HTTP/1.x messages on a wire, with the span of every byte: RFC 9112.

Rules: an event comes out with the byte that completes it; the result is the same for every way of cutting the input;
offsets count the bytes fed to this reader. h11 parses heads, and what it refuses is read leniently with a Problem.
Chunked framing is scanned here: strict hex, bounded lines. Where framing is lost, the rest comes out as BodyData, for
bytes that make no sense stay visible. Cost: linear, whole and byte by byte; a body byte is copied once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from streamdoctor.stream.event import Problem
from streamdoctor.stream.http1_head import MAX_HEAD, lenient_headers, listed, parse_request, parse_response
from streamdoctor.stream.http1_head import Headers as Headers
from streamdoctor.stream.http1_head import RequestHead as RequestHead
from streamdoctor.stream.http1_head import ResponseHead as ResponseHead

MAX_CHUNK_LINE = 1 << 12


class BodyData(NamedTuple):
    """Bytes of the body, chunk framing taken off, and where they stood on the wire."""

    data: bytes
    start: int
    end: int


class ChunkHead(NamedTuple):
    """A chunk-size line, its line end included."""

    size: int
    start: int
    end: int


class Trailers(NamedTuple):
    headers: Headers
    start: int
    end: int


class MessageEnd(NamedTuple):
    """The message is over, by "length", "chunked", "close" or "none" (it has no body)."""

    framing: str
    at: int


HTTPEvent = RequestHead | ResponseHead | BodyData | ChunkHead | Trailers | MessageEnd

_HEAD_END = re.compile(rb"\n\r?\n")
_TRAILERS_END = re.compile(rb"(?:\A|\n)\r?\n")
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r\n]*)?(\r?)\n")
_PLAIN_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,8})\r\n")
_TOKEN = frozenset(b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


class _Reader:
    """What requests and responses share: the head is held until it is whole, then the body flows."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.finished = False
        self.broken = False
        """True once framing is lost: the rest is BodyData without an end."""
        self._step: Callable[[bytes, int], int] = self._blank
        self._events: list[HTTPEvent] = []
        self._noted: set[str] = set()
        self._unread = bytearray()
        self._base = 0
        self._held = bytearray()
        self._start = 0
        self._searched = 0
        self._left = 0
        self._skipped = False

    @property
    def unread(self) -> bytes:
        """What came after the end of the message."""
        return bytes(self._unread)

    @property
    def in_head(self) -> bool:
        """No final head came yet: what is fed next is part of one."""
        return not self.finished and self._step in (self._blank, self._head)

    def feed(self, data: bytes) -> list[HTTPEvent]:
        """The events that `data` completes, in order."""
        events = self._events = []
        at = 0
        while at < len(data) and not self.finished:
            at = self._step(data, at)
        if at < len(data):
            self._unread += data[at:]
        self._base += len(data)
        return events

    def close(self) -> list[HTTPEvent]:
        """The connection ended: a body that ends so is complete, another one was cut and gets no MessageEnd."""
        events = self._events = []
        if self.finished:
            return events
        if self._step == self._rest:
            if not self.broken:
                self._finish("close", self._base)
        elif self._step == self._head:
            self._lose("the connection ended inside the head")
        elif self._step != self._blank:
            self._note(self._base, f"the connection ended before the end of the body: {self._missing()}")
        return events

    def _missing(self) -> str:
        if self._step == self._length:
            return f"{self._left} of its bytes are missing"
        if self._step == self._chunk_data:
            return f"{self._left} bytes of a chunk are missing"
        return "the last chunk is missing" if self._step != self._trailers else "the blank line after it is missing"

    # -- heads

    def _blank(self, data: bytes, at: int) -> int:
        """Empty lines before a message are skipped (RFC 9112 section 2.2)."""
        while at < len(data) and data[at] in b"\r\n":
            self._skipped = True
            at += 1
        if at < len(data):
            self._start = self._base + at
            if self._skipped:
                self._note(self._start, "there are empty lines before the message")
            self._step = self._head
        return at

    def _head(self, data: bytes, at: int) -> int:
        held = self._held
        held += data[at:]
        if not self._plausible(held):
            self._lose("this is not HTTP/1: it does not begin as a message does")
            return len(data)
        found = _HEAD_END.search(held, self._searched)
        size = found.end() if found else len(held)
        if size > MAX_HEAD:
            self._lose(f"the head is over {MAX_HEAD} bytes long")
        elif found:
            surplus = len(held) - size
            head = bytes(held[:size])
            self._release(head)
            return len(data) - surplus
        self._searched = max(0, len(held) - 3)
        return len(data)

    def _release(self, head: bytes) -> None:
        """The head is whole: what it says decides how the body is read."""
        self._searched = 0
        parsed = self._parse(head)
        if parsed is None:
            self._held = bytearray(head)
            self._lose("the first line of the head makes no sense")
            return
        self._held.clear()
        self._events.append(parsed)
        if head.lower().count(b"\ncontent-length") > 1:
            self._note(parsed.start, "there are two Content-Length headers")
        self._begin_body(parsed)

    def _plausible(self, start: bytearray) -> bool:
        raise NotImplementedError

    def _parse(self, head: bytes) -> RequestHead | ResponseHead | None:
        raise NotImplementedError

    def _begin_body(self, head: RequestHead | ResponseHead) -> None:
        raise NotImplementedError

    # -- bodies

    def _begin_framed(self, head: RequestHead | ResponseHead, otherwise: str) -> None:
        """RFC 9112 section 6.3, from Transfer-Encoding down; `otherwise` ends a body that names no framing."""
        codings = listed(head.headers, "transfer-encoding")
        lengths = set(listed(head.headers, "content-length"))
        if codings:
            if lengths:
                self._note(head.start, "there are both Content-Length and Transfer-Encoding: the length was ignored")
            if codings[-1].lower() == "chunked":
                self._step = self._chunk_line
            else:
                self._undelimited(head, f"the transfer coding {codings[-1]!r} has no end of its own", otherwise)
        elif len(lengths) == 1 and (only := lengths.pop()).isascii() and only.isdigit() and len(only) < 19:
            self._left = int(only)
            self._step = self._length
            if not self._left:
                self._finish("length", head.end)
        elif lengths or any(name == "content-length" for name, _ in head.headers):
            self._undelimited(head, "the Content-Length headers do not agree on one number", "none")
        elif otherwise == "none":
            self._finish("none", head.end)
        else:
            self._step = self._rest

    def _undelimited(self, head: RequestHead | ResponseHead, message: str, otherwise: str) -> None:
        """Nothing but the end of the connection can end this body; `broken` where that is no end either."""
        self._note(head.start, message)
        self.broken = otherwise == "none"
        self._step = self._rest

    def _rest(self, data: bytes, at: int) -> int:
        self._emit_data(data, at, len(data))
        return len(data)

    def _length(self, data: bytes, at: int) -> int:
        end = min(len(data), at + self._left)
        self._left -= end - at
        self._emit_data(data, at, end)
        if not self._left:
            self._finish("length", self._base + end)
        return end

    def _chunk_line(self, data: bytes, at: int) -> int:
        if not self._held and (at := self._whole_chunks(data, at)) == len(data):
            return at
        end = data.find(b"\n", at) + 1
        if not self._held:
            self._start = self._base + at
        if not end or self._held:
            self._held += data[at : end or len(data)]
        if len(self._held) > MAX_CHUNK_LINE or end - at > MAX_CHUNK_LINE:
            self._held = self._held or bytearray(data[at:end])
            self._lose(f"a chunk-size line is over {MAX_CHUNK_LINE} bytes long")
        elif end:
            self._begin_chunk(bytes(self._held) or data[at:end], self._base + end)
        return end or len(data)

    def _whole_chunks(self, data: bytes, at: int) -> int:
        """Takes the chunks that lie whole in `data` and have nothing odd about them: nearly all, in one loop."""
        events, base = self._events, self._base
        while found := _PLAIN_CHUNK_LINE.match(data, at):
            start = found.end()
            size = int(found[1], 16)
            end = start + size
            if not size or data[end : end + 2] != b"\r\n":
                break
            events.append(ChunkHead(size, base + at, base + start))
            events.append(BodyData(data[start:end], base + start, base + end))
            at = end + 2
        return at

    def _begin_chunk(self, line: bytes, end: int) -> None:
        parsed = _CHUNK_LINE.fullmatch(line)
        if not parsed:
            self._held[:] = line
            self._lose("a chunk-size line makes no sense")
            return
        self._held.clear()
        if not parsed[2]:
            self._note(self._start, "a chunk-size line ends in LF alone")
        self._left = int(parsed[1], 16)
        self._events.append(ChunkHead(self._left, self._start, end))
        self._step = self._chunk_data if self._left else self._trailers
        self._start = end

    def _chunk_data(self, data: bytes, at: int) -> int:
        end = min(len(data), at + self._left)
        self._left -= end - at
        self._emit_data(data, at, end)
        if not self._left:
            self._step = self._chunk_end
        return end

    def _chunk_end(self, data: bytes, at: int) -> int:
        """CRLF stands after the bytes of a chunk (section 7.1)."""
        if data[at] == 0x0A:
            if not self._held:
                self._note(self._base + at, "the bytes of a chunk end in LF alone")
            self._held.clear()
            self._step = self._chunk_line
            return at + 1
        if data[at] == 0x0D and not self._held:
            if data[at + 1 : at + 2] == b"\n":
                self._step = self._chunk_line
                return at + 2
            self._start = self._base + at
            self._held += b"\r"
            return at + 1
        if not self._held:
            self._start = self._base + at
        self._lose("there is no CRLF after the bytes of a chunk")
        return at

    def _trailers(self, data: bytes, at: int) -> int:
        held = self._held
        held += data[at:]
        found = _TRAILERS_END.search(held, self._searched)
        size = found.end() if found else len(held)
        if size > MAX_HEAD:
            self._lose(f"the trailers are over {MAX_HEAD} bytes long")
        elif found:
            self._take_trailers(bytes(held[:size]))
            return len(data) - (len(held) - size)
        self._searched = max(0, len(held) - 3)
        return len(data)

    def _take_trailers(self, lines: bytes) -> None:
        headers, _ = lenient_headers(lines)
        end = self._start + len(lines)
        if headers:
            self._events.append(Trailers(headers, self._start, end))
        self._finish("chunked", end)

    # -- what became of it

    def _emit_data(self, data: bytes, at: int, end: int) -> None:
        piece = data if at == 0 and end == len(data) else data[at:end]
        self._events.append(BodyData(piece, self._base + at, self._base + end))

    def _finish(self, framing: str, at: int) -> None:
        self.finished = True
        self._events.append(MessageEnd(framing, at))

    def _lose(self, message: str) -> None:
        """Framing is lost: what is held and all that follows is body, and nothing ends it."""
        self._note(self._start, message)
        self.broken = True
        self._step = self._rest
        if self._held:
            data = bytes(self._held)
            self._events.append(BodyData(data, self._start, self._start + len(data)))
            self._held.clear()

    def _note(self, offset: int, message: str) -> None:
        """Each message once, so a stream of a million odd chunks is no list of a million problems."""
        if message not in self._noted:
            self._noted.add(message)
            self.problems.append(Problem("http", offset, message))


class RequestReader(_Reader):
    """Reads one request."""

    def _plausible(self, start: bytearray) -> bool:
        return start[0] in _TOKEN

    def _parse(self, head: bytes) -> RequestHead | None:
        parsed, odd = parse_request(head, self._start)
        if parsed and odd:
            self._note(self._start, f"the request head is odd: {odd}")
        return parsed

    def _begin_body(self, head: RequestHead | ResponseHead) -> None:
        self._begin_framed(head, "none")


class ResponseReader(_Reader):
    """Reads one response, its informational heads included; `request_method` decides whether it has a body."""

    def __init__(self, request_method: str | None = None) -> None:
        super().__init__()
        self._method = request_method

    def _plausible(self, start: bytearray) -> bool:
        return start.startswith(b"HTTP/"[: len(start)])

    def _parse(self, head: bytes) -> ResponseHead | None:
        parsed, odd = parse_response(head, self._start)
        if parsed and odd:
            self._note(self._start, f"the response head is odd: {odd}")
        return parsed

    def _begin_body(self, head: RequestHead | ResponseHead) -> None:
        assert isinstance(head, ResponseHead)
        if head.status == 101 or (self._method == "CONNECT" and 200 <= head.status < 300):
            self._step = self._rest
        elif head.status < 200:
            self._step = self._blank
            self._skipped = False
        elif self._method == "HEAD" or head.status in (204, 304):
            self._finish("none", head.end)
        else:
            self._begin_framed(head, "close")
