"""Capture file version 1, DESIGN section 4: what is written is what is read, and nothing else is taken for it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamdoctor.capture import format as v1
from streamdoctor.capture.model import CAUSES, End, Header, Mark, Read
from streamdoctor.errors import CaptureError

texts = st.text(max_size=30)
plain = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
names = st.none() | plain
numbers = st.integers(0, 2**63)
details = st.dictionaries(plain.map(lambda key: "x" + key), st.none() | st.booleans() | numbers | plain, max_size=4)
headers = st.builds(
    Header,
    started=plain,
    recorder=plain,
    upstream=names,
    via=st.sampled_from(["proxy", "fetch", "import"]),
    fidelity=st.sampled_from(["read", "chunk", "event", "body"]),
    connection=names,
    exchange=st.integers(1, 1000),
    session=names,
    attempt=st.integers(1, 100),
    redacted=st.lists(plain, max_size=3).map(tuple),
    extra=details.map(lambda d: {k: v for k, v in d.items() if v is not None}),
)


@given(headers)
def test_a_header_comes_back_as_it_was(header: Header) -> None:
    line = v1.encode_header(header)
    assert line.endswith(b"\n") and line.count(b"\n") == 1
    assert v1.decode_header(line) == header


@given(numbers, st.sampled_from([">", "<"]), st.binary(max_size=200))
def test_a_read_comes_back_as_it_was(ns: int, direction: str, data: bytes) -> None:
    line = v1.encode_read(ns, direction, data)  # type: ignore[arg-type]
    assert v1.decode_record(line, 2) == Read(ns, direction, data)  # type: ignore[arg-type]


@given(numbers, plain, details)
def test_marks_and_ends_come_back_as_they_were(ns: int, name: str, more: dict[str, object]) -> None:
    assert v1.decode_record(v1.encode_mark(ns, name, more), 2) == Mark(ns, name, more)
    kept = {key: value for key, value in more.items() if value is not None}
    for cause in CAUSES:
        end = End(ns, cause, "upstream", "length", more)
        assert v1.decode_record(v1.encode_end(end), 2) == End(ns, cause, "upstream", "length", kept)


@given(st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace")))
def test_nothing_that_an_editor_or_terminal_would_act_on_stands_in_a_file(data: bytes) -> None:
    line = v1.encode_read(1, "<", data).decode("utf-8")
    bad = {*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, 0xFEFF, 0x61C, 0x200E, 0x200F}
    bad |= {*range(0x202A, 0x202F), *range(0x2066, 0x206A)}
    assert not {ord(char) for char in line[:-1]} & bad
    assert line.splitlines(keepends=True) == [line]


def test_bytes_are_text_where_they_are_utf8_and_base64_where_not() -> None:
    assert v1.encode_read(5, "<", "é✓\r\n".encode()) == '[5,"<","é✓\\r\\n"]\n'.encode()
    assert v1.encode_read(5, "<", "é".encode()[:1]) == b'[5,"<",{"b64":"ww=="}]\n'


def test_no_record_carries_over_a_mebibyte() -> None:
    data = b"x" * (2 * v1.MAX_RECORD_BYTES + 1)
    lines = v1.encode_read(7, ">", data).splitlines()
    reads = [v1.decode_record(line, 2) for line in lines]
    assert [len(read.data) for read in reads if isinstance(read, Read)] == [v1.MAX_RECORD_BYTES] * 2 + [1]
    assert {read.ns for read in reads} == {7}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"\x89PNG\r\n", "not a streamdoctor capture"),
        (b"[]", "not a streamdoctor capture"),
        (b'{"streamdoctor":"case"}', "not a streamdoctor capture"),
        (b'{"streamdoctor":"capture","version":2}', "needs a newer streamdoctor"),
        (b'{"streamdoctor":"capture"}', "needs a newer streamdoctor"),
        (b'{"streamdoctor":"capture","version":1,"recorder":"r"}', "no 'started'"),
        (b'{"streamdoctor":"capture","version":1,"started":1,"recorder":"r"}', "'started' is 1"),
        (b'{"streamdoctor":"capture","version":1,"started":"","recorder":"r","protocol":"h2"}', "needs a newer"),
        (b'{"streamdoctor":"capture","version":1,"started":"","recorder":"r","fidelity":"x"}', "'fidelity'"),
    ],
)
def test_what_is_no_header_is_refused_with_its_line(line: bytes, message: str) -> None:
    with pytest.raises(CaptureError, match=message) as raised:
        v1.decode_header(line)
    assert raised.value.line == 1 and raised.value.exit_code == 3


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{}", "no record"),
        (b"[1]", "no record"),
        (b'["1","<","a"]', "no record"),
        (b'[1,"?","a"]', "no record"),
        (b'[1,"=",{}]', "no record"),
        (b'[1,".",{"side":"x"}]', "no record"),
        (b'[1,".",{"cause":"eof","side":1}]', "'side' is not a string"),
        (b'[1,"<",7]', "the bytes of a read"),
        (b'[1,"<",{"b64":"?"}]', "bad base64"),
        (rb'[1,"<","a\ud83d"]', r"lone surrogate \(\\ud83d\)"),
        (b'[1,"<","a', "not JSON"),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_what_is_no_record_is_refused_with_its_line(line: bytes, message: str) -> None:
    with pytest.raises(CaptureError, match=message) as raised:
        v1.decode_record(line, 9)
    assert raised.value.line == 9


def test_unknown_keys_and_marks_are_kept() -> None:
    line = {"streamdoctor": "capture", "version": 1, "started": "s", "recorder": "r", "colour": [1, {"a": None}]}
    assert v1.decode_header(json.dumps(line).encode()).extra == {"colour": [1, {"a": None}]}
    assert v1.decode_record(b'[1,"=",{"mark":"new","a":1}]', 2) == Mark(1, "new", {"a": 1})
    assert v1.decode_record(b'[1,".",{"cause":"new","a":1}]', 2) == End(1, "new", details={"a": 1})


def test_lines_end_at_lf_only() -> None:
    data = "a\u2028b\x0b\r\nc\n\nd".encode()
    assert list(v1.split_lines(data)) == [
        (1, "a\u2028b\x0b\r".encode(), True),
        (2, b"c", True),
        (3, b"", True),
        (4, b"d", False),
    ]
