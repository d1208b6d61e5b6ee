"""The same stream at each level: what a parser of that level hands out, and from which byte on it is due."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from streamdoctor.parsers.items import Fields, freeze
from streamdoctor.parsers.levels import View, expected, is_ping, observed, unit_of
from streamdoctor.stream.providers import by_name
from streamdoctor.stream.reading import Reading, read_body

DELTA = '{"choices":[{"index":0,"delta":{"content":"hé"},"finish_reason":null}]}'
CHAT = f"id: 1\nevent: m\ndata: {DELTA}\n\n: c\n\ndata: [DONE]\n\n".encode()
FIRST, SECOND = CHAT.index(b"\n\n") + 2, len(CHAT)


def chat() -> Reading:
    return read_body(CHAT, by_name("openai-chat"))


CANONICAL = '{"choices":[{"delta":{"content":"hé"},"finish_reason":null,"index":0}]}'


@pytest.mark.parametrize(
    ("view", "units", "dues"),
    [
        (View("event"), (Fields("m", DELTA, "1"), Fields("message", "[DONE]", "1")), [(1, FIRST), (2, SECOND)]),
        (View("event", ids="own"), (Fields("m", DELTA, "1"), Fields("message", "[DONE]", "")), None),
        (View("event", ids="none"), (Fields("m", DELTA, ""), Fields("message", "[DONE]", "")), None),
        (View("data"), (DELTA, "[DONE]"), [(1, FIRST), (2, SECOND)]),
        (View("data", "marker"), (DELTA,), [(1, FIRST)]),
        (View("json"), (CANONICAL, "[DONE]"), None),
        (View("json", "marker"), (CANONICAL,), None),
        (View("text"), "hé", [(2, FIRST), (2, SECOND)]),
        (View("nonblank-lines", "marker"), ("id: 1", "event: m", f"data: {DELTA}", ": c"), None),
    ],
)
def test_what_is_expected(view: View, units: Any, dues: Any) -> None:
    right = expected(view, chat())
    assert right.units == units
    assert dues is None or list(right.dues) == dues


def test_lines_come_with_their_line_ends() -> None:
    right = expected(View("lines"), read_body(b"\xef\xbb\xbfdata: a\r\n\r\ndata: b", by_name("sse")))
    assert right.units == ("data: a", "")
    assert [due.offset for due in right.dues] == [12, 14]


def test_fewer_events_are_the_first_ones() -> None:
    assert expected(View("data"), chat(), 1).units == (DELTA,)


def test_a_signal_that_is_json_is_no_marker() -> None:
    lines = b'{"message":{"content":"a"},"done":false}\n{"message":{"content":""},"done":true}\n'
    reading = read_body(lines, by_name("ollama"))
    assert len(expected(View("json", "marker"), reading).units) == 2
    assert len(expected(View("json", "signals"), reading).units) == 1


def test_pings_may_be_left_out() -> None:
    body = b'event: ping\ndata: {"type": "ping"}\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n'
    reading = read_body(body, by_name("anthropic"))
    view = View("data")
    assert [is_ping(event) for event in reading.events] == [True, False]
    assert len(expected(view, reading).units) == 2
    assert len(expected(replace(view, pings=False), reading).units) == 1


def test_half_an_event_is_no_json() -> None:
    reading = read_body(b'data: {"a":1}\n\ndata: {"a"', by_name("sse"))
    assert reading.pending is not None
    assert unit_of(View("json"), reading.pending, reading) == ()
    assert unit_of(View("data"), reading.pending, reading) == ('{"a"',)


def seen(view: View, *items: Any) -> Any:
    return observed(view, [freeze(item) for item in items])[0]


def test_items_are_put_into_the_same_words() -> None:
    assert seen(View("data"), "a", b"b", {"data": "c"}) == ("a", "b", "c")
    assert seen(View("json"), {"b": 1, "a": 2}, "[DONE]") == ('{"a":2,"b":1}', "[DONE]")
    assert seen(View("json", wrapped=True), {"event": "e", "data": {"a": 1}}) == ('{"a":1}',)
    assert seen(View("event"), {"data": "c", "event": "e", "id": "1"}) == (Fields("e", "c", "1"),)
    assert seen(View("event", ids="none"), {"data": "c", "id": "1"}) == (Fields("message", "c", ""),)


def test_json_that_comes_as_text_is_not_taken_for_the_json() -> None:
    assert seen(View("json"), '{"b": 1}') == ('{"b": 1}',)


def test_text_may_be_cut_inside_a_character() -> None:
    units, counts = observed(View("text"), [freeze(item) for item in (b"h\xc3", b"\xa9", "", "x")])
    assert units == "héx"
    assert counts == [1, 2, 2, 3]
