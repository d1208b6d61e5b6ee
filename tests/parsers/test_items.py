"""An item is read by its form, once, and never changes after."""

from __future__ import annotations

from collections import UserDict, namedtuple
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from streamdoctor.parsers.items import ABSENT, Fields, canonical_json, freeze


@dataclass
class Event:
    data: Any
    event: Any = None
    id: Any = None


def test_text_and_bytes() -> None:
    assert freeze("日本")[:2] == ("text", "日本")
    assert freeze("日本".encode())[:3] == ("bytes", "日本", "日本".encode())
    assert freeze(bytearray(b"\xe6"))[:3] == ("bytes", "\ufffd", b"\xe6")
    assert freeze(memoryview(b"x")).raw == b"x"


def test_a_mapping_is_its_json_whatever_the_order_of_its_keys() -> None:
    assert freeze({"b": 1, "a": [None, "é"]}) == freeze(UserDict({"a": [None, "é"], "b": 1}))
    assert freeze({"a": "é"}).text == '{"a":"é"}'
    assert freeze({"a": 1}).fields is None


def test_a_mapping_with_data_reads_as_an_event_too() -> None:
    assert freeze({"data": "x"}).fields == Fields("message", "x", ABSENT)
    assert freeze({"data": "x", "type": "t", "id": 7}).fields == Fields("t", "x", "7")
    assert freeze({"data": {"a": 1}}).fields is None


@pytest.mark.parametrize(
    ("item", "fields"),
    [
        (Event("x"), ("message", "x", "")),
        (Event("x", "e", "1"), ("e", "x", "1")),
        (Event(b"x", b"e", b"1"), ("e", "x", "1")),
        (Event("x", "", ""), ("message", "x", "")),
        (SimpleNamespace(data="x", type="t"), ("t", "x", ABSENT)),
        (SimpleNamespace(data="x", event=None, type="t", id=b""), ("t", "x", "")),
        (namedtuple("Named", "event data")("e", "x"), ("e", "x", ABSENT)),
    ],
)
def test_an_object_with_data_reads_as_an_event(item: Any, fields: tuple[str, str, str]) -> None:
    assert freeze(item) == ("event", fields[1], None, fields)


def test_an_object_whose_data_is_json_is_that_json() -> None:
    assert freeze(Event({"a": 1})) == freeze({"a": 1})


@pytest.mark.parametrize("item", [None, 7, ("e", "x"), object(), Event(None), Event(7), {"a": object()}, {"a": b""}])
def test_what_has_no_such_form_is_other(item: Any) -> None:
    assert freeze(item).form == "other"


def test_what_is_done_to_an_item_later_does_not_count() -> None:
    item = Event("x")
    frozen = freeze(item)
    item.data = "y"
    assert frozen.text == "x"


def test_json_has_one_text() -> None:
    assert canonical_json({"b": 1.5, "a": "\ud83d"}) == '{"a":"\ud83d","b":1.5}'
    assert canonical_json([1.0, "1.0", 0.5, 1e300]) == canonical_json([1, "1.0", 0.5, 1e300]) == '[1,"1.0",0.5,1e+300]'
    with pytest.raises(TypeError):
        canonical_json({"a": b""})
