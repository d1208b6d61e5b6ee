"""AWS event streams: messages and their CRCs, headers of every type, cut messages, bounds."""

from __future__ import annotations

import struct
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamdoctor.stream.aws_eventstream import AWSEventStreamDecoder, Message, read_message, write_message
from tests.corpus import Recorded, recorded
from tests.feeding import check_all_ways, check_same, check_spans, feed, pieces_of, whole

HELLO = write_message({":event-type": "chunk", ":message-type": "event"}, b'{"a":1}')
FAILED = write_message({":message-type": "exception", ":exception-type": "throttlingException"}, b'{"message":"slow"}')
ERROR = write_message({":message-type": "error", ":error-code": "Internal", ":error-message": "sorry"}, b"")

streams = st.lists(st.sampled_from([HELLO, FAILED, ERROR, write_message({}, b"\xff")]), max_size=4).map(b"".join)
damaged = st.tuples(streams, st.integers(0, 200), st.binary(min_size=1, max_size=3)).map(
    lambda case: case[0][: case[1]] + case[2] + case[0][case[1] + len(case[2]) :]
)


def _with_headers(block: bytes) -> bytes:
    lengths = struct.pack(">II", 16 + len(block), len(block))
    message = lengths + struct.pack(">I", crc32(lengths)) + block
    return message + struct.pack(">I", crc32(message))


def test_messages_become_events() -> None:
    fed = check_all_ways(AWSEventStreamDecoder, HELLO + FAILED + ERROR)
    assert [(event.type, event.data) for event in fed.events] == [
        ("chunk", '{"a":1}'),
        ("exception:throttlingException", '{"message":"slow"}'),
        ("error:Internal", ""),
    ]
    assert [(event.start, event.end) for event in fed.events] == [
        (0, len(HELLO)),
        (len(HELLO), len(HELLO + FAILED)),
        (len(HELLO + FAILED), len(HELLO + FAILED + ERROR)),
    ]
    assert fed.problems == []


def test_every_type_of_header() -> None:
    block = b"".join(
        struct.pack(">B", len(name)) + name + value
        for name, value in [
            (b"yes", b"\0"),
            (b"no", b"\1"),
            (b"byte", b"\2\xff"),
            (b"short", b"\3\xff\xfe"),
            (b"int", b"\4\0\0\1\0"),
            (b"long", b"\5" + struct.pack(">q", -(2**40))),
            (b"bytes", b"\6\0\2\0\xff"),
            (b"text", b"\7\0\3\xe2\x82\xac"),
            (b"time", b"\x08" + struct.pack(">q", 1_700_000_000_000)),
            (b"uuid", b"\x09" + bytes(range(16))),
        ]
    )
    message = read_message(_with_headers(block))
    assert isinstance(message, Message)
    assert message.headers == {
        "yes": True,
        "no": False,
        "byte": -1,
        "short": -2,
        "int": 256,
        "long": -(2**40),
        "bytes": b"\0\xff",
        "text": "€",
        "time": 1_700_000_000_000,
        "uuid": bytes(range(16)),
    }


@pytest.mark.parametrize("block", [b"\x05ab", b"\x01a\x0a", b"\x01a\x07\0\x09x", b"\x01a\x05\0", b"\0"])
def test_headers_that_make_no_sense_cost_one_message(block: bytes) -> None:
    fed = check_all_ways(AWSEventStreamDecoder, HELLO + _with_headers(block) + HELLO)
    assert len(fed.events) == 2
    assert [(problem.offset, problem.message) for problem in fed.problems] == [
        (len(HELLO), "the headers of a message make no sense")
    ]


def test_a_wrong_message_crc_costs_one_message() -> None:
    broken = HELLO[:-6] + b"?" + HELLO[-5:]
    fed = check_all_ways(AWSEventStreamDecoder, HELLO + broken + FAILED)
    assert [event.start for event in fed.events] == [0, 2 * len(HELLO)]
    assert [(problem.offset, problem.message) for problem in fed.problems] == [
        (len(HELLO), "the CRC of a message is wrong")
    ]


def test_a_wrong_prelude_ends_it() -> None:
    fed = check_all_ways(AWSEventStreamDecoder, HELLO + b"\0" + HELLO)
    assert len(fed.events) == 1
    assert fed.pending is None
    assert [problem.offset for problem in fed.problems] == [len(HELLO)]
    assert "prelude" in fed.problems[0].message


@pytest.mark.parametrize("lengths", [(17 << 20, 0), (100, 200 << 10), (20, 10), (15, 0)])
def test_lengths_out_of_bounds_end_it(lengths: tuple[int, int]) -> None:
    prelude = struct.pack(">II", *lengths)
    fed = whole(AWSEventStreamDecoder, prelude + struct.pack(">I", crc32(prelude)) + b"\0" * 100)
    assert fed.events == []
    assert f"a message of {lengths[0]} bytes" in fed.problems[0].message


@pytest.mark.parametrize("cut", [1, 11, 12, 30, len(HELLO) - 1])
def test_a_message_cut_short_is_pending_and_noted(cut: int) -> None:
    fed = check_all_ways(AWSEventStreamDecoder, HELLO + HELLO[:cut])
    assert len(fed.events) == 1
    assert fed.pending is not None
    assert (fed.pending.start, fed.pending.end) == (len(HELLO), len(HELLO) + cut)
    assert "inside a message" in fed.problems[0].message


@given((streams | damaged | st.binary(max_size=80)).flatmap(lambda body: st.tuples(st.just(body), pieces_of(body))))
def test_any_cuts_give_the_same(case: tuple[bytes, list[bytes]]) -> None:
    body, pieces = case
    check_same(feed(AWSEventStreamDecoder, pieces), whole(AWSEventStreamDecoder, body), body)


@given(streams | damaged)
def test_spans(body: bytes) -> None:
    check_all_ways(AWSEventStreamDecoder, body, cuts=[])
    check_spans(AWSEventStreamDecoder, body)


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=50), max_size=5), st.binary(max_size=100))
def test_written_then_read_is_the_same(headers: dict[str, str], payload: bytes) -> None:
    assert read_message(write_message(headers, payload)) == Message(headers, payload)


@pytest.mark.parametrize(
    "one", [it for it in recorded() if it.about["framing"] == "eventstream"], ids=lambda it: it.name
)
def test_recorded_bodies(one: Recorded) -> None:
    fed = check_all_ways(AWSEventStreamDecoder, one.body, cuts=range(1, len(one.body), 997))
    assert len(fed.events) == one.about["events"]
    assert fed.problems == []
