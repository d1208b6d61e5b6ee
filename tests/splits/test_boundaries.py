"""What a cut falls inside: an example of each class in each framing, and which class wins where several apply."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamdoctor.splits.boundaries import CLASSES, Boundaries
from streamdoctor.stream.aws_eventstream import write_message
from streamdoctor.stream.providers import by_name
from streamdoctor.stream.reading import read_body

BOM = b"\xef\xbb\xbf"
CUT = "|"
AWS = "aws-eventstream"


def boundaries(body: bytes, dialect: str = "sse") -> Boundaries:
    reading = read_body(body, by_name(dialect))
    return Boundaries(body, reading.provider.framing, reading.events)


def class_at(body: bytes, offset: int, dialect: str = "sse") -> str:
    return boundaries(body, dialect).at(offset)


EXAMPLES = [
    (b"data: \xc3|\xa9\n\n", "utf8"),
    (b"data: \xf0\x9f|\x8c\x9f\n\n", "utf8"),
    (b"event: \xc3|\xa9\ndata: a\n\n", "utf8"),
    (b": \xc3|\xa9\n\n", "utf8"),
    (b"\xef|\xbb\xbfdata: a\n\n", "utf8"),
    (b"data: a\r|\n\r\n", "cr-lf"),
    (b"data: a\r\n\r|\n", "cr-lf"),
    (b"data: a\n|\n", "blank-line"),
    (b"data: a\r\n|\r\n", "blank-line"),
    (b"data: a\r|\r", "blank-line"),
    (b": ping\n|\n", "blank-line"),
    (BOM + b"|data: a\n\n", "bom"),
    (b"d|ata: a\n\n", "field-name"),
    (b"data|: a\n\n", "field-name"),
    (b"event: x\nd|ata: a\n\n", "field-name"),
    (BOM + b"dat|a: a\n\n", "field-name"),
    (b"dat|a\n\n", "field-name"),
    (b"unknown|: 1\n\n", "field-name"),
    (b"data:| a\n\n", "colon-space"),
    (b"id:| 7\ndata: a\n\n", "colon-space"),
    (b":| ping\n\n", "comment"),
    (b": pi|ng\n\n", "comment"),
    (BOM + b": pi|ng\n\n", "comment"),
    (b'data: {"a":"x\\|n"}\n\n', "json-escape"),
    (b'data: {"a":"\\u00|e9"}\n\n', "json-escape"),
    (b'data: {"a":"\\ud83c|\\udf1f"}\n\n', "surrogate-pair"),
    (b'data: {"a":"\\ud83c\\u|df1f"}\n\n', "json-escape"),
    (b'data: {"a":"x|y"}\n\n', "json-string"),
    (b'data: {"a|":1}\n\n', "json-string"),
    (b'data: {"a":"x|y', "json-string"),
    (b"data: [DO|NE]\n\n", "marker"),
    (b"data:[|DONE]\n\n", "marker"),
    (b"data: a\n\n|data: b\n\n", "between-events"),
    (b"data: a\r\n\r\n|data: b\r\n\r\n", "between-events"),
    (b"data: he|llo\n\n", "other"),
    (b'data: {"a":|1}\n\n', "other"),
    (b"data: |a\n\n", "other"),
    (b"data:|a\n\n", "other"),
    (b"data: a|\n\n", "other"),
    (b"data: a\n|data: b\n\n", "other"),
    (b"data: a\n\n|\ndata: b\n\n", "between-events"),
]

NDJSON = [
    (b'{"a":"x|y"}\n', "json-string"),
    (b'{"a":"x\\|n"}\n', "json-escape"),
    (b'{"a":"\\ud83c|\\udf1f"}\n', "surrogate-pair"),
    (b'{"a":"\xc3|\xa9"}\n', "utf8"),
    (b'{"a":1}\r|\n', "cr-lf"),
    (b'{"a":1}\n|{"b":2}\n', "between-events"),
    (b'{"a":|1}\n', "other"),
    (b'{"a":1}\n\n|{"b":2}\n', "other"),
    (BOM + b'|{"a":1}\n', "bom"),
    (b": not a com|ment\n", "other"),
]


@pytest.mark.parametrize(("marked", "name"), EXAMPLES)
def test_sse(marked: bytes, name: str) -> None:
    check_marked(marked, name, "sse")


@pytest.mark.parametrize(("marked", "name"), NDJSON)
def test_ndjson(marked: bytes, name: str) -> None:
    check_marked(marked, name, "ndjson")


def check_marked(marked: bytes, name: str, dialect: str) -> None:
    before, after = marked.split(CUT.encode())
    assert class_at(before + after, len(before), dialect) == name


def frame(payload: bytes) -> bytes:
    return write_message({":event-type": "chunk", ":message-type": "event"}, payload)


def test_aws_frames() -> None:
    first, second = frame(b'{"a":"x\\n"}'), frame(b'{"b":1}')
    body, end = first + second, len(first)
    start = end - 4 - len(b'{"a":"x\\n"}')
    found = boundaries(body, AWS)
    names = {offset: found.at(offset) for offset in range(1, len(body))}
    assert [names[offset] for offset in (1, 4, 8, 11, 12)] == ["frame-prelude"] * 4 + ["other"]
    assert [names[end + offset] for offset in (-4, -3, -1, 0, 1)] == [
        "other", "frame-crc", "frame-crc", "between-events", "frame-prelude",
    ]  # fmt: skip
    assert [names[start + offset] for offset in (0, 2, 6, 8)] == ["other", "json-string", "json-string", "json-escape"]


def test_in_an_aws_frame_only_the_payload_is_text() -> None:
    """Lengths and checksums are no characters, whatever their bytes; nor does a broken payload move its place."""
    broken = frame(b'{"a":"\xff\xff\xff"}')
    found = boundaries(broken, AWS)
    start = len(broken) - 4 - 10 - 1
    assert broken[start:-4] == b'{"a":"\xff\xff\xff"}'
    assert [found.at(offset) for offset in range(12, start + 2)] == ["other"] * (start - 10)
    assert found.at(start + 2) == "json-string"
    whole = frame('{"a":"é"}'.encode())
    assert boundaries(whole, AWS).present()["utf8"] == 1


@pytest.mark.parametrize(
    ("winner", "loser", "marked"),
    [
        ("utf8", "comment", b": \xc3|\xa9\n\n"),
        ("utf8", "json-string", b'data: {"a":"\xc3|\xa9"}\n\n'),
        ("utf8", "field-name", b"\xc3|\xa9: x\n\n"),
        ("cr-lf", "between-events", b"data: a\n\r|\n"),
        ("blank-line", "other", b"data: a\n|\n"),
        ("bom", "between-events", BOM + b"|\ndata: a\n\n"),
        ("json-escape", "json-string", b'data: {"a":"\\|n"}\n\n'),
        ("surrogate-pair", "json-string", b'data: {"a":"\\ud83c|\\udf1f"}\n\n'),
    ],
)
def test_the_first_that_applies(winner: str, loser: str, marked: bytes) -> None:
    assert CLASSES.index(winner) < CLASSES.index(loser)
    check_marked(marked, winner, "sse")


def test_the_classes_and_their_order_are_those_of_the_contract() -> None:
    assert " ".join(CLASSES) == (
        "utf8 cr-lf blank-line bom field-name colon-space comment json-escape surrogate-pair json-string marker "
        "chunk-header frame-prelude frame-crc between-events other"
    )


parts = st.sampled_from(
    [BOM, b"data", b": ", b":", b"\r\n", b"\n", b"\r", "é🌟".encode(), b'"\\u00e9\\n', b"\xff", b"[DONE]"]
)


@given(st.lists(parts).map(b"".join), st.sampled_from(["sse", "ndjson", "json-array"]))
def test_every_offset_has_one_class_and_is_found_under_it(body: bytes, dialect: str) -> None:
    found = boundaries(body, dialect)
    listed = {offset: name for name in CLASSES for offset in found.offsets(name)}
    assert listed == {offset: found.at(offset) for offset in range(1, len(body))}
    assert sum(found.present().values()) == max(len(body) - 1, 0)
    assert found.count(list(listed)) == found.present()


@given(st.text(max_size=20), st.sampled_from(["sse", "ndjson"]))
def test_utf8_is_every_cut_that_breaks_a_character(text: str, dialect: str) -> None:
    body = f"data: {json.dumps(text, ensure_ascii=False)}\n\n".encode("utf-8", "replace")
    broken = [cut for cut in range(1, len(body)) if body[cut] & 0xC0 == 0x80]
    assert boundaries(body, dialect).offsets("utf8") == broken
