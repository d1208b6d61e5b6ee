"""NDJSON: what a line is, what the end does with the last one, the same for every cut."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamdoctor.stream.event import Event
from streamdoctor.stream.ndjson import NDJSONDecoder
from tests.feeding import check_all_ways, check_same, check_spans, feed, pieces_of, whole, with_trailing

PARTS = [
    b'{"a":1}',
    b"\n",
    b"\r\n",
    b"\r",
    b" ",
    b"[1,2]",
    b'"\xc3\xa9"',
    b"\xf0\x9f",
    "\u2028\x85".encode(),
    b"{",
    b"nul",
    b"7",
]
bodies = st.lists(st.sampled_from(PARTS), max_size=20).map(b"".join)


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (b"", []),
        (b"\n", []),
        (b'{"a":1}\n{"b":2}\n', ['{"a":1}', '{"b":2}']),
        (b'{"a":1}\r\n\r\n \t\n{"b":2}\r\n', ['{"a":1}', '{"b":2}']),
        (b"1\r2\n", ["1\r2"]),
        ('"\u2028\u2029\x85\x0b\x0c"\n'.encode(), ['"\u2028\u2029\x85\x0b\x0c"']),
        (b'"\xff"\n', ['"\ufffd"']),
        (b"not json\n", ["not json"]),
    ],
)
def test_lines(body: bytes, data: list[str]) -> None:
    fed = check_all_ways(NDJSONDecoder, body)
    assert [event.data for event in fed.events] == data
    assert fed.pending is None


@pytest.mark.parametrize(
    ("last", "given"), [(b'{"a":1}', True), (b"12\r", True), (b'{"a":', False), (b"oops", False), (b'"\xe2\x82', False)]
)
def test_the_end_gives_a_last_line_only_if_it_is_whole(last: bytes, given: bool) -> None:
    body = b'{"first":1}\n' + last
    fed = check_all_ways(NDJSONDecoder, body)
    assert [event.start for event in fed.events] == ([0, 12] if given else [0])
    assert fed.pending is not None
    assert (fed.pending.start, fed.pending.end) == (12, len(body))


def test_a_line_comes_out_at_once_and_not_at_the_close() -> None:
    decoder = NDJSONDecoder()
    assert decoder.feed(b"1") == []
    assert decoder.feed(b"\n") == [Event("1", start=0, end=2)]
    assert decoder.close() == []


def test_what_follows_changes_nothing() -> None:
    assert with_trailing(NDJSONDecoder, b"1\n2\n", b"3\n{").events == whole(NDJSONDecoder, b"1\n2\n").events


def test_a_line_over_the_limit_is_left_out_and_noted() -> None:
    fed = check_all_ways(lambda: NDJSONDecoder(longest=5), b"12345\n123456\n12\n")
    assert [event.data for event in fed.events] == ["12345", "12"]
    assert [(problem.layer, problem.offset) for problem in fed.problems] == [("ndjson", 6)]


def test_deep_nesting_without_a_line_end_is_no_value() -> None:
    assert whole(NDJSONDecoder, b"[" * 100_000).events == []


@given(bodies.flatmap(lambda body: st.tuples(st.just(body), pieces_of(body))))
def test_any_cuts_give_the_same(case: tuple[bytes, list[bytes]]) -> None:
    body, pieces = case
    check_same(feed(NDJSONDecoder, pieces), whole(NDJSONDecoder, body), body)


@given(bodies | st.binary(max_size=100))
def test_spans(body: bytes) -> None:
    check_all_ways(NDJSONDecoder, body, cuts=[])
    check_spans(NDJSONDecoder, body)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.recursive(st.none() | st.text(), st.lists), max_size=8), st.sampled_from(["\n", "\r\n"]))
def test_values_written_are_values_read(values: list[object], end: str) -> None:
    body = "".join(json.dumps(value, ensure_ascii=False) + end for value in values).encode("utf-8", "surrogatepass")
    assert len(whole(NDJSONDecoder, body).events) == len(values)


def test_a_huge_line_in_small_pieces() -> None:
    decoder = NDJSONDecoder()
    for _ in range(100_000):
        assert decoder.feed(b"xxxxxxx") == []
    (event,) = decoder.feed(b"\n")
    assert (len(event.data), event.end) == (700_000, 700_001)
