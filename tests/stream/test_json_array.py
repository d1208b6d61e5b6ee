"""A growing JSON array: elements as they close, exactly as they stand; one object; what is no array."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamdoctor.stream.json_array import JSONArrayDecoder
from tests.corpus import Recorded, recorded
from tests.feeding import check_all_ways, check_same, feed, pieces_of, whole

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
PARTS = [
    b"[",
    b"]",
    b"{",
    b"}",
    b",",
    b":",
    b'"',
    b"\\",
    b'\\"',
    b" ",
    b"\r\n",
    b"1",
    b"true",
    b'"a"',
    b"\xff",
    b'{"a":[]}',
]
bodies = st.lists(st.sampled_from(PARTS), max_size=20).map(b"".join) | st.binary(max_size=60)


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (b"[]", []),
        (b' [ {"a": 1}\r\n,\n{"b":[1,{}]}\n]\n', ['{"a": 1}', '{"b":[1,{}]}']),
        (rb'[{"a":"]}\"\\"},["[",{}],"x,]\\"]', [r'{"a":"]}\"\\"}', '["[",{}]', r'"x,]\\"']),
        (b"[1, -2.5e3,true,null]", ["1", "-2.5e3", "true", "null"]),
        (b'\xef\xbb\xbf[{"a":"\xff\xc3\xa9"}]', ['{"a":"\ufffdé"}']),
        (b'{"error":\n{"code":[404]}}\n', ['{"error":\n{"code":[404]}}']),
    ],
)
def test_elements(body: bytes, data: list[str]) -> None:
    fed = check_all_ways(JSONArrayDecoder, body)
    assert [event.data for event in fed.events] == data
    assert fed.problems == []
    assert fed.pending is None


@pytest.mark.parametrize(
    ("body", "closed"), [(b"[{}]", True), (b"[{}", False), (b"{}", True), (b"{", False), (b"", False)]
)
def test_closed_tells_of_the_last_bracket(body: bytes, closed: bool) -> None:
    decoder = JSONArrayDecoder()
    decoder.feed(body)
    assert decoder.closed is closed


@pytest.mark.parametrize(
    ("body", "given", "offset", "words"),
    [
        (b"<html>", 0, 0, "neither an array nor an object"),
        (b"  hello", 0, 2, "neither an array nor an object"),
        (b'[{"a":1}', 1, 8, "before the array was closed"),
        (b'[{"a":1},{"b"', 1, 13, "before the array was closed"),
        (b"", 0, 0, "before the array was closed"),
        (b'[{"a":1},{"b":]}]', 1, 14, "closes another kind"),
        (b"[{}]x[1]", 1, 4, "after the closing bracket"),
        (b"[{} {}]", 2, 4, "no comma"),
        (b"[{},,{}]", 2, 4, "no element before it"),
        (b"[{},oops]", 1, 4, "no JSON value"),
    ],
)
def test_what_is_no_array_is_noted_and_the_rest_kept(body: bytes, given: int, offset: int, words: str) -> None:
    fed = check_all_ways(JSONArrayDecoder, body)
    assert len(fed.events) == given
    (problem,) = fed.problems
    assert (problem.layer, problem.offset) == ("json-array", offset)
    assert words in problem.message


def test_an_element_comes_with_the_byte_that_closes_it() -> None:
    decoder = JSONArrayDecoder()
    assert decoder.feed(b'[{"a":"') == []
    assert decoder.pending is not None
    assert decoder.pending.data == '{"a":"'
    assert [event.data for event in decoder.feed(b'"}')] == ['{"a":""}']
    assert decoder.pending is None


def test_an_element_over_the_limit_stops_it() -> None:
    fed = whole(lambda: JSONArrayDecoder(longest=10), b'["abcdefgh","abcdefghi","a"]')
    assert [event.data for event in fed.events] == ['"abcdefgh"']
    assert "longer than 10 bytes" in fed.problems[0].message


@settings(max_examples=40, deadline=None)
@given(st.lists(values, max_size=6), st.sampled_from([None, 1]))
def test_elements_are_the_values_written(elements: list[object], indent: int | None) -> None:
    body = json.dumps(elements, indent=indent, ensure_ascii=False).encode("utf-8", "surrogatepass")
    fed = check_all_ways(JSONArrayDecoder, body, cuts=[])
    assert [json.loads(event.data) for event in fed.events] == json.loads(body.decode("utf-8", "replace"))
    assert fed.problems == []


@given(bodies.flatmap(lambda body: st.tuples(st.just(body), pieces_of(body))))
def test_any_cuts_give_the_same(case: tuple[bytes, list[bytes]]) -> None:
    body, pieces = case
    check_same(feed(JSONArrayDecoder, pieces), whole(JSONArrayDecoder, body), body)


@settings(max_examples=40, deadline=None)
@given(st.lists(values, max_size=6))
def test_spans_hold_the_element_and_the_byte_that_ends_a_bare_one(elements: list[object]) -> None:
    body = json.dumps(elements).encode()
    last = 0
    for event in whole(JSONArrayDecoder, body).events:
        source = body[event.start : event.end].decode()
        bare = event.data[0] not in '"[{'
        assert event.start >= last
        assert (source[:-1] if bare else source) == event.data
        last = event.end


def test_many_escapes_and_a_huge_string_take_linear_time() -> None:
    body = b'["' + rb"\"" * 300_000 + b"x" * 1_000_000 + b'"]'
    assert len(whole(JSONArrayDecoder, body).events) == 1


@pytest.mark.parametrize("one", [it for it in recorded() if it.about["framing"] == "json"], ids=lambda it: it.name)
def test_recorded_bodies(one: Recorded) -> None:
    body = one.body
    fed = check_all_ways(JSONArrayDecoder, body)
    assert len(fed.events) == one.about["events"]
    assert fed.problems == []
