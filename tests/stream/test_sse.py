"""The SSE decoder against the specification's result for every vector, every way of cutting, every span."""

from __future__ import annotations

import base64
import timeit
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamdoctor.stream.event import Event
from streamdoctor.stream.sse import SSEDecoder
from tests.corpus import needs_vectors, vectors
from tests.feeding import bytewise, check_all_ways, check_same, check_spans, feed, pieces_of, whole, with_trailing

PARTS = [b"data", b"event", b"id", b"retry", b":", b": ", b"\n", b"\r", b"\r\n", b"\n\n", b"x", b"12", b"\0"]
PARTS += ["\u2028é🌟".encode(), b"\xf0\x9f", b"\xff", b"\xef\xbb\xbf", b"data: a\n\n", b"event: e\ndata\n\n", b": c\n"]
streams = st.lists(st.sampled_from(PARTS), max_size=30).map(b"".join)


def _ids(vector: dict[str, Any]) -> str:
    return f"{vector['suite']}: {vector['name']}"


def _outcome(events: list[Event]) -> list[dict[str, str]]:
    return [{"type": event.type, "data": event.data, "last_event_id": event.id} for event in events]


def _state(pieces: list[bytes]) -> tuple[int | None, str]:
    decoder = SSEDecoder()
    for piece in pieces:
        decoder.feed(piece)
    return decoder.retry, decoder.last_event_id


def _bytes(body: bytes) -> list[bytes]:
    return [body[at : at + 1] for at in range(len(body))]


@needs_vectors
@pytest.mark.parametrize("vector", vectors(), ids=_ids)
class TestVectors:
    """The result of the WHATWG algorithm; where the suite itself wants another, the vector says so."""

    def test_events(self, vector: dict[str, Any]) -> None:
        body = base64.b64decode(vector["input_b64"])
        fed = check_all_ways(SSEDecoder, body)
        assert _outcome(fed.events) == vector["whatwg"]["events"]

    def test_retry_and_last_id(self, vector: dict[str, Any]) -> None:
        body = base64.b64decode(vector["input_b64"])
        expected = (vector["whatwg"]["retry"], vector["whatwg"]["last_event_id"])
        cuts = [[body[:cut], body[cut:]] for cut in range(1, len(body))]
        states = {_state(pieces) for pieces in ([body], _bytes(body), *cuts)}
        assert states == {expected}

    def test_what_follows_changes_nothing(self, vector: dict[str, Any]) -> None:
        body = base64.b64decode(vector["input_b64"])
        if body.endswith((b"\n\n", b"\r\r", b"\r\n\r\n")):
            fed = with_trailing(SSEDecoder, body, b"data: more\n\n")
            assert _outcome(fed.events) == vector["whatwg"]["events"]

    def test_a_suite_that_wants_another_result_is_marked(self, vector: dict[str, Any]) -> None:
        agrees = all(
            (given["type"], given["data"]) == (expected["type"], expected["data"])
            for given, expected in zip(vector["whatwg"]["events"], vector["expected"], strict=False)
        ) and len(vector["expected"]) == len(vector["whatwg"]["events"])
        assert agrees or not vector["agrees_with_whatwg"]


@needs_vectors
def test_there_are_136_vectors() -> None:
    assert len(vectors()) == 136


@needs_vectors
@pytest.mark.parametrize("vector", vectors("line_vectors"), ids=_ids)
def test_lines_end_as_in_the_line_vectors(vector: dict[str, Any]) -> None:
    """Each vector's chunks, seen as the lines of one data field each."""
    body = b"".join(base64.b64decode(chunk) for chunk in vector["chunks_b64"])
    lines = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    event = b"\n".join(b"data:" + line for line in lines) + b"\n\n"
    (got,) = check_all_ways(SSEDecoder, event).events
    assert got.data.split("\n")[: len(vector["expected_lines"])] == [
        line.removeprefix(" ") for line in vector["expected_lines"]
    ]


@given(streams.flatmap(lambda body: st.tuples(st.just(body), pieces_of(body))))
def test_any_cuts_give_the_same(case: tuple[bytes, list[bytes]]) -> None:
    body, pieces = case
    check_same(feed(SSEDecoder, pieces), whole(SSEDecoder, body), body)
    assert _state(pieces) == _state([body])


@given(streams)
def test_byte_by_byte_each_event_comes_with_its_last_byte(body: bytes) -> None:
    check_all_ways(SSEDecoder, body, cuts=[])


@given(streams)
def test_spans_are_in_order_and_hold_the_event(body: bytes) -> None:
    check_spans(SSEDecoder, b":\n" + body)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_stream(body: bytes) -> None:
    fed = check_all_ways(SSEDecoder, body, cuts=[])
    assert fed.problems == []


@pytest.mark.parametrize(
    ("body", "data", "start"),
    [
        (b"", None, 0),
        (b"data: a\n\n", None, 0),
        (b": comment\n", None, 0),
        (b"event: e\n", None, 0),
        (b"data: a\n", "a", 0),
        (b"data: a", "a", 0),
        (b"data", "", 0),
        (b"data: a\r", "a", 0),
        (b"data: a\n\ndata: b\nda", "b", 9),
        (b"data: \xf0\x9f", "\ufffd", 0),
    ],
)
def test_pending_is_what_the_end_discards(body: bytes, data: str | None, start: int) -> None:
    for fed in (whole(SSEDecoder, body), bytewise(SSEDecoder, body)):
        if data is None:
            assert fed.pending is None
        else:
            assert fed.pending is not None
            assert (fed.pending.data, fed.pending.start, fed.pending.end) == (data, start, len(body))


def test_looking_at_pending_changes_nothing() -> None:
    decoder = SSEDecoder()
    for byte in b"id: 7\ndata: a":
        decoder.feed(bytes([byte]))
        assert decoder.pending == decoder.pending
    assert decoder.feed(b"b\n\n") == [Event("ab", id="7", own_id="7", start=0, end=16)]


def test_an_id_stays_in_force_and_is_the_events_own_once() -> None:
    events = whole(SSEDecoder, b"id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n").events
    assert [(event.id, event.own_id) for event in events] == [("1", "1"), ("1", None), ("", "")]


def test_a_comment_after_an_id_is_no_event() -> None:
    assert [event.data for event in whole(SSEDecoder, b"id: 1\ndata: a\n\n: ping\n\n").events] == ["a"]


def test_a_huge_line_in_small_pieces_takes_linear_time() -> None:
    decoder = SSEDecoder()
    decoder.feed(b"data: ")
    for _ in range(100_000):
        assert decoder.feed(b"x" * 7) == []
    (event,) = decoder.feed(b"\n\n")
    assert len(event.data) == 700_000


def test_an_unfinished_line_after_a_line_end_takes_linear_time() -> None:
    assert _seconds(8_000) < 8 * _seconds(2_000)


def _seconds(length: int) -> float:
    body = b"\n" + b"x" * length
    return min(timeit.repeat(lambda: SSEDecoder().feed(body), number=1, repeat=3))
