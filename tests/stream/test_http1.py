"""RFC 9112, as h11 reads it where h11 reads it, with spans and for every way of cutting."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from itertools import pairwise

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamdoctor.stream.http1 import (
    MAX_CHUNK_LINE,
    MAX_HEAD,
    BodyData,
    ChunkHead,
    HTTPEvent,
    MessageEnd,
    RequestHead,
    RequestReader,
    ResponseHead,
    ResponseReader,
    Trailers,
)

Reader = RequestReader | ResponseReader
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def pieces(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    places = sorted({0, len(data), *(cut for cut in cuts if 0 < cut < len(data))})
    return [data[start:end] for start, end in pairwise(places)]


def joined(events: Iterable[HTTPEvent]) -> list[HTTPEvent]:
    """Body data that touches on the wire as one event: how it was cut is the only thing cuts may change."""
    result: list[HTTPEvent] = []
    for event in events:
        last = result[-1] if result else None
        if isinstance(event, BodyData) and isinstance(last, BodyData) and last.end == event.start:
            result[-1] = BodyData(last.data + event.data, last.start, event.end)
        else:
            result.append(event)
    return result


def read(reader: Reader, parts: Iterable[bytes], close: bool = True) -> list[HTTPEvent]:
    events: list[HTTPEvent] = []
    for part in parts:
        events += reader.feed(part)
    return joined(events + (reader.close() if close else []))


def read_all_ways(make: Callable[[], Reader], data: bytes) -> tuple[list[HTTPEvent], Reader]:
    """Whole, byte by byte and at every single cut: all the same; and the spans are those of the wire."""
    reader = make()
    events = read(reader, [data])
    for cuts in [range(len(data)), *([cut] for cut in range(1, len(data)))]:
        other = make()
        assert read(other, pieces(data, cuts)) == events
        assert (other.problems, other.unread, other.finished, other.broken) == (
            reader.problems,
            reader.unread,
            reader.finished,
            reader.broken,
        )
    check_spans(events, data)
    return events, reader


def check_spans(events: Iterable[HTTPEvent], data: bytes) -> None:
    at = 0
    for event in events:
        if isinstance(event, MessageEnd):
            assert event.at >= at
            continue
        assert at <= event.start <= event.end <= len(data)
        at = event.end
        if isinstance(event, BodyData):
            assert data[event.start : event.end] == event.data
        elif isinstance(event, ChunkHead):
            assert int(data[event.start : event.end].split(b";")[0], 16) == event.size


def messages(reader: Reader) -> list[str]:
    return [problem.message for problem in reader.problems]


def test_a_chunked_response_with_everything() -> None:
    data = CHUNKED + b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nDigest: q\r\n\r\nNEXT"
    events, reader = read_all_ways(ResponseReader, data)
    assert events == [
        ResponseHead(200, "OK", "1.1", (("transfer-encoding", "chunked"),), 0, 47),
        ChunkHead(3, 47, 50),
        BodyData(b"abc", 50, 53),
        ChunkHead(2, 55, 62),
        BodyData(b"de", 62, 64),
        ChunkHead(0, 66, 69),
        Trailers((("digest", "q"),), 69, 82),
        MessageEnd("chunked", 82),
    ]
    assert reader.unread == b"NEXT" and reader.finished and not reader.problems


def test_informational_heads_come_before_the_final_one() -> None:
    data = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"
    events, _ = read_all_ways(ResponseReader, data)
    assert [event.status for event in events if isinstance(event, ResponseHead)] == [100, 103, 204]
    assert events[-1] == MessageEnd("none", len(data))


@pytest.mark.parametrize(
    ("method", "head", "framing", "body"),
    [
        ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", "length", b"hi"),
        ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "length", b""),
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", "none", b""),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n", "none", b""),
        ("GET", b"HTTP/1.0 200 OK\r\n\r\n", "close", b"hi"),
        ("GET", b"HTTP/1.1 200\r\nConnection: close\r\n\r\n", "close", b"hi"),
        ("GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "close", b"hi"),
        ("GET", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "close", b"hi"),
        ("CONNECT", b"HTTP/1.1 200 OK\r\n\r\n", "close", b"hi"),
    ],
)
def test_the_framing_of_a_response(method: str, head: bytes, framing: str, body: bytes) -> None:
    events, _ = read_all_ways(lambda: ResponseReader(method), head + body)
    assert events[-1] == MessageEnd(framing, len(head + body))
    assert b"".join(event.data for event in events if isinstance(event, BodyData)) == body


def test_requests_have_a_body_only_where_they_say_so() -> None:
    events, reader = read_all_ways(RequestReader, b"GET /a?b HTTP/1.1\r\nHost: h\r\n\r\nGET /")
    assert events == [RequestHead("GET", "/a?b", "1.1", (("host", "h"),), 0, 30), MessageEnd("none", 30)]
    assert reader.unread == b"GET /"
    events, _ = read_all_ways(RequestReader, b"\r\nPOST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi")
    assert events[-2:] == [BodyData(b"hi", 49, 51), MessageEnd("length", 51)]


@pytest.mark.parametrize(
    "cut",
    [
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
        CHUNKED,
        CHUNKED + b"3\r\nab",
        CHUNKED + b"3\r\nabc",
        CHUNKED + b"3\r\nabc\r\n0\r\n",
    ],
)
def test_a_message_that_was_cut_has_no_end(cut: bytes) -> None:
    events, reader = read_all_ways(ResponseReader, cut)
    assert not reader.finished and not any(isinstance(event, MessageEnd) for event in events)
    assert len(messages(reader)) == 1 and "connection ended" in messages(reader)[0]


def test_nothing_came_at_all() -> None:
    reader = ResponseReader()
    assert reader.close() == [] and reader.problems == [] and not reader.finished


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"SSH-2.0-OpenSSH\r\n", "does not begin as a message does"),
        (b"HTTP/1.1 OK\r\n\r\nx", "first line of the head makes no sense"),
        (CHUNKED + b"3\r\nabcX\r\n2\r\nde", "no CRLF after the bytes of a chunk"),
        (CHUNKED + b"3\r\nabc\rX", "no CRLF after the bytes of a chunk"),
        (CHUNKED + b"0x3\r\nabc\r\n", "a chunk-size line makes no sense"),
        (CHUNKED + b"1_0\r\nabc\r\n", "a chunk-size line makes no sense"),
        (CHUNKED + b"+3\r\nabc\r\n", "a chunk-size line makes no sense"),
        (CHUNKED + b"\r\n", "a chunk-size line makes no sense"),
        (CHUNKED + b"11112222333344445\r\n", "a chunk-size line makes no sense"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", "do not agree on one number"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabcd", "do not agree on one number"),
    ],
)
def test_where_framing_is_lost_the_bytes_stay_visible(data: bytes, message: str) -> None:
    events, reader = read_all_ways(ResponseReader, data)
    assert reader.broken and not reader.finished
    assert any(message in text for text in messages(reader))
    last = events[-1]
    assert isinstance(last, BodyData) and last.end == len(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"HTTP/1.1 200 OK\nContent-Length: 1\nContent-Length: 1\n\nx", "two Content-Length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "both Content-Length"),
        (CHUNKED + b"1\na\r\n0\r\n\r\n", "chunk-size line ends in LF alone"),
        (CHUNKED + b"1\r\na\n0\r\n\r\n", "bytes of a chunk end in LF alone"),
        (b"\r\nHTTP/1.1 204 No Content\r\n\r\n", "empty lines before"),
        (b"HTTP/1.1 204 No Content\r\nno colon here\r\n\r\n", "a header line has no colon"),
        (b"HTTP/1.1 204 No\x00Content\r\nA: b\r\n\r\n", "the response head is odd"),
    ],
)
def test_what_is_odd_is_read_and_named(data: bytes, message: str) -> None:
    events, reader = read_all_ways(ResponseReader, data)
    assert isinstance(events[-1], MessageEnd) and not reader.broken
    assert any(message in text for text in messages(reader)), messages(reader)


def test_a_request_head_that_h11_refuses_is_read_leniently() -> None:
    data = "GET /caf\xe9 \x00 HTTP/1.1\r\nX-A: 1\r\n folded\r\n\r\n".encode("latin-1")
    events, reader = read_all_ways(RequestReader, data)
    head = events[0]
    assert isinstance(head, RequestHead)
    assert (head.method, head.target, head.headers) == ("GET", "/caf\xe9 \x00", (("x-a", "1 folded"),))
    assert len(reader.problems) == 1


def test_no_message_quotes_the_wire() -> None:
    reader = RequestReader()
    reader.feed(b"GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer sk-secret\x00value\r\n\r\n")
    assert reader.problems and "secret" not in repr(reader.problems)


def test_heads_chunk_lines_and_trailers_are_bounded() -> None:
    for data in (
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * MAX_HEAD,
        CHUNKED + b"1;" + b"a" * MAX_CHUNK_LINE,
        CHUNKED + b"0\r\nX: " + b"a" * MAX_HEAD,
    ):
        whole, bytewise = ResponseReader(), ResponseReader()
        tail = b"a\r\n\r\ntail"
        assert read(whole, [data + tail]) == read(bytewise, pieces(data + tail, range(len(data) + 9)))
        assert whole.broken and bytewise.broken and whole.problems == bytewise.problems


def test_a_million_odd_chunks_are_one_problem() -> None:
    reader = ResponseReader()
    reader.feed(CHUNKED + b"1\na\n" * 1000)
    assert len(reader.problems) == 2


tokens = st.text("abcXYZ-09", min_size=1, max_size=8)
values = st.text("abc xyz;=/\"'\t09", max_size=20)
bodies = st.binary(max_size=60)


@st.composite
def framed(draw: st.DrawFn) -> tuple[list[tuple[str, str]], bytes, bytes, bool]:
    """(headers, wire bytes of the body, the body, does the end of the connection end it?)"""
    headers = [(name, value) for name, value in draw(st.lists(st.tuples(tokens, values), max_size=4))]
    body = draw(bodies)
    kind = draw(st.sampled_from(["length", "chunked", "close"]))
    if kind == "length":
        return [*headers, ("Content-Length", str(len(body)))], body, body, False
    if kind == "close":
        return headers, body, body, True
    parts = pieces(body, draw(st.lists(st.integers(1, 59), max_size=5)))
    size = draw(st.sampled_from(["{:x}", "{:X}", "00{:x}", "{:x};ext=1"]))
    wire = b"".join(size.format(len(part)).encode() + b"\r\n" + part + b"\r\n" for part in parts if part)
    trailer = draw(st.sampled_from([b"", b"T: 1\r\n"]))
    return [*headers, ("Transfer-Encoding", "chunked")], wire + b"0\r\n" + trailer + b"\r\n", body, False


def as_h11_reads(
    data: bytes, close: bool
) -> tuple[int, list[tuple[bytes, bytes]], bytes, bool, list[tuple[bytes, bytes]]]:
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("host", "h")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(data)
    if close:
        connection.receive_data(b"")
    status, headers, body, trailers, whole = 0, [], b"", [], False
    while True:
        event = connection.next_event()
        if isinstance(event, h11.Response):
            status, headers = event.status_code, list(event.headers)
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            whole, trailers = True, list(event.headers)
            break
        else:
            break
    return status, headers, body, whole, trailers


@given(framed(), st.lists(st.integers(1, 300), max_size=8), st.sampled_from([200, 404, 500]))
def test_reads_as_h11_does_however_it_is_cut(
    message: tuple[list[tuple[str, str]], bytes, bytes, bool], cuts: list[int], status: int
) -> None:
    headers, wire, body, close = message
    head = f"HTTP/1.1 {status} Fine\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers) + "\r\n"
    data = head.encode() + wire
    theirs = as_h11_reads(data, close)
    reader = ResponseReader("GET")
    events = read(reader, pieces(data, cuts), close=close)
    check_spans(events, data)
    first = events[0]
    assert isinstance(first, ResponseHead) and not reader.problems
    found = b"".join(event.data for event in events if isinstance(event, BodyData))
    trailers = [event.headers for event in events if isinstance(event, Trailers)]
    assert (first.status, list(first.headers), found, reader.finished) == (
        theirs[0],
        [(name.decode(), value.decode()) for name, value in theirs[1]],
        theirs[2],
        theirs[3],
    )
    assert trailers == ([(("t", "1"),)] if theirs[4] else [])
    assert found == body


@given(
    st.lists(
        st.sampled_from([b"HTTP/1.1 200 OK", b"GET / HTTP/1.1", b"\r\n", b"\n", b"\r", b"Transfer-Encoding: chunked",
                         b"Content-Length: 3", b"3", b"abc", b"0", b"a", b";", b"\x00", b" ", b"Host: h", b": "]),
        max_size=16,
    ),
    st.lists(st.integers(1, 120), max_size=6),
    st.booleans(),
)  # fmt: skip
def test_no_bytes_are_lost_and_cuts_change_nothing(parts: list[bytes], cuts: list[int], request: bool) -> None:
    data = b"".join(parts)
    make = RequestReader if request else ResponseReader
    whole, cut = make(), make()
    events = read(whole, [data])
    assert read(cut, pieces(data, cuts)) == events
    assert (whole.problems, whole.unread, whole.broken) == (cut.problems, cut.unread, cut.broken)
    check_spans(events, data)


def test_the_cost_is_linear_byte_by_byte() -> None:
    def seconds(size: int) -> float:
        data = (
            b"HTTP/1.1 200 OK\r\nX: " + b"a" * size + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nb\r\n" * size
        )
        reader = ResponseReader()
        begun = time.process_time()
        for at in range(len(data)):
            reader.feed(data[at : at + 1])
        return time.process_time() - begun

    small = min(seconds(4_000) for _ in range(3))
    large = min(seconds(32_000) for _ in range(2))
    assert large < small * 8 * 3
