"""Every rephrasing is what it says of itself: proved against the reference decoder on streams that nobody chose."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamdoctor.errors import UsageError
from streamdoctor.rephrasings.catalogue import AS_IS, REPHRASINGS, applicable, rephrase, validate
from streamdoctor.rephrasings.payloads import is_json
from streamdoctor.rephrasings.plainly import plainly
from streamdoctor.rephrasings.probes import PROBES, Probe
from streamdoctor.stream.event import Event
from streamdoctor.stream.providers import assemble, by_name
from streamdoctor.stream.reading import Reading, read_body
from streamdoctor.suite.subjects import from_capture

CAPTURES = sorted((Path(__file__).parents[2] / "captures").glob("*.capture.jsonl"))
SAME = {
    "as-is", "crlf", "cr", "mixed-ends", "bom", "no-space", "comments", "retry-field", "unknown-field",
    "extra-blank-lines", "blank-lines", "no-final-newline",
}  # fmt: skip
OTHER = {
    "two-spaces", "ids", "multi-line-data", "empty-data", "line-separators", "json-escapes", "big-event",
    "no-final-blank-line",
}  # fmt: skip
TOUCHES_THE_END = {"as-is", "crlf", "cr", "mixed-ends", "bom", "comments", "no-space"}
every_name = pytest.mark.parametrize("name", REPHRASINGS)


def told(event: Event) -> tuple[str, str, str, str | None]:
    return event.type, event.data, event.id, event.own_id


def check(name: str, reading: Reading) -> Reading | None:
    """The reading of the rephrased body, whose events are those that the rephrasing says; None where it is not one."""
    body = rephrase(name, reading)
    if body is None:
        return None
    new = read_body(body, reading.provider)
    plain = plainly(new)
    assert [*map(told, read_body(plain, reading.provider).events)] == [*map(told, new.events)]
    assert name not in SAME or plain == plainly(reading)
    assert [*map(told, new.events)] == [*map(told, REPHRASINGS[name].events(reading))]
    assert (new.complete, new.ended_by) == (reading.complete, reading.ended_by)
    assert [new.meanings[i].signal for i in new.signals] == [reading.meanings[i].signal for i in reading.signals]
    assert (new.first_error is None) == (reading.first_error is None)
    return new


# --- streams that nobody chose

TEXTS = st.sampled_from(
    [
        "",
        " ",
        "Hello",
        " world",
        "two  words ",
        "日本語 😀",
        "a\u2028b\x0bc",
        '"x"',
        "42",
        "{",
        '{"a": "b, c", "d": [1, {}]}',
    ]
) | st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=8)


def _chunk(text: str, finish: str | None) -> str:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return json.dumps({"id": text[:1], "choices": [choice]}, ensure_ascii=len(text) % 2 == 0)


CHAT = st.builds(_chunk, TEXTS, st.sampled_from([None, "stop", "error"])) | st.sampled_from(
    ["[DONE]", '{"error": {"message": "overloaded"}}', '{"choices": [], "usage": {"total_tokens": 3}}', " [DONE]"]
)
ENDS = st.sampled_from([b"\n", b"\n", b"\r\n", b"\r"])


def sse_bodies(payloads: st.SearchStrategy[str]) -> st.SearchStrategy[bytes]:
    data = st.builds(lambda value, colon: b"data" + colon + value.encode(), payloads, st.sampled_from([b": ", b":"]))
    other = st.sampled_from(
        [b": comment", b":", b"event: x", b"event:", b"id: 7", b"id", b"id: \0", b"retry: 9", b"data", b"data: \xff",
         b"database: 1", b" data: x", b"\xef\xbb\xbfdata: x", b"foo"]
    )  # fmt: skip
    line = data | data | other | st.just(b"") | st.just(b"")
    lines = st.lists(st.tuples(line, ENDS).map(b"".join), max_size=16).map(b"".join)
    closed = st.sampled_from([b"", b"\n\n", b"\n\n", b"data: torn", b"data: torn\n"])
    return st.tuples(st.sampled_from([b"", b"", b"\xef\xbb\xbf"]), lines, closed).map(b"".join)


def ndjson_bodies(payloads: st.SearchStrategy[str]) -> st.SearchStrategy[bytes]:
    line = st.tuples(payloads.map(str.encode) | st.just(b""), st.sampled_from([b"\n", b"\n", b"\r\n", b"\n\n"]))
    return st.tuples(st.lists(line.map(b"".join), max_size=8).map(b"".join), st.sampled_from([b"", b'{"n":9}'])).map(
        b"".join
    )


def ollama(text: str, done: bool) -> str:
    return json.dumps({"model": text[:1], "message": {"role": "assistant", "content": text}, "done": done})


BODIES: dict[str, st.SearchStrategy[bytes]] = {
    "sse": sse_bodies(TEXTS),
    "openai-chat": sse_bodies(CHAT),
    "replicate": sse_bodies(TEXTS),
    "ndjson": ndjson_bodies(TEXTS),
    "ollama": ndjson_bodies(st.builds(ollama, TEXTS, st.booleans())),
}


@pytest.mark.parametrize(
    ("name", "dialect"),
    [
        (name, dialect)
        for name in REPHRASINGS
        for dialect in BODIES
        if by_name(dialect).framing in REPHRASINGS[name].bodies
    ],
)
def test_the_events_are_those_that_it_says(name: str, dialect: str) -> None:
    provider = by_name(dialect)

    @settings(max_examples=5 if name == "big-event" else 30, deadline=None)
    @given(BODIES[dialect])
    def holds(body: bytes) -> None:
        check(name, read_body(body, provider))

    holds()


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.dialect)
def test_they_are_on_every_probe(probe: Probe) -> None:
    for name in REPHRASINGS:
        check(name, read_body(probe.body, by_name(probe.dialect)))


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name.partition(".")[0])
def test_they_are_on_every_capture(path: Path) -> None:
    reading = from_capture(str(path)).reading
    for name, body in applicable(reading):
        assert body != reading.body or name == AS_IS
        check(name, reading)


# --- the levels


def text_of(reading: Reading) -> str:
    return assemble(reading.meanings).texts.get(0, "")


@every_name
def test_json_stays_json_and_text_stays_or_grows_as_told(name: str) -> None:
    for probe in PROBES:
        reading = read_body(probe.body, by_name(probe.dialect))
        new = check(name, reading)
        if new is not None:
            holds_at_every_level(name, probe, reading, new)


def holds_at_every_level(name: str, probe: Probe, reading: Reading, new: Reading) -> None:
    if name not in ("line-separators", "json-escapes", "big-event"):
        for old, event in zip(reading.events, new.events, strict=False):
            assert not is_json(old.data) or json.loads(event.data) == json.loads(old.data)
        same = name in SAME or is_json(reading.events[0].data) or probe.dialect == "sse" or name == "ids"
        assert (text_of(new) == text_of(reading)) is same
    else:
        assert all(
            is_json(event.data) for old, event in zip(reading.events, new.events, strict=True) if is_json(old.data)
        )
    marks = {"line-separators": "\u2028a\u2029b\x85c", "json-escapes": "😀", "big-event": " All work and no play"}
    assert name not in marks or not reading.provider.has_signal or marks[name] in text_of(new)


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.dialect)
def test_what_ends_a_stream_is_said_as_ever(probe: Probe) -> None:
    """But for line ends, bom, comments and no-space the bytes of terminal and error events stay what they are."""
    reading = read_body(probe.body, by_name(probe.dialect))
    for name, body in applicable(reading):
        new = read_body(body, reading.provider)
        for at in reading.signals if name not in TOUCHES_THE_END else ():
            old = reading.events[at]
            index = at if len(new.events) == len(reading.events) else at + 1
            assert body[new.events[index].start : new.events[index].end] == reading.body[old.start : old.end], name


# --- single ones


def said(name: str, body: str, dialect: str = "sse") -> str | None:
    new = rephrase(name, read_body(body.encode(), by_name(dialect)))
    return None if new is None else new.decode()


PLAIN = "data: a b\n\ndata: c\n\n"


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        ("crlf", PLAIN, "data: a b\r\n\r\ndata: c\r\n\r\n"),
        ("cr", PLAIN, "data: a b\r\rdata: c\r\r"),
        ("crlf", "data: a\r\n\r\n", None),
        ("mixed-ends", PLAIN, "data: a b\n\r\ndata: c\r\r\n"),
        ("bom", PLAIN, "\ufeff" + PLAIN),
        ("bom", "\ufeff" + PLAIN, None),
        ("no-space", PLAIN + "data:  x\nid: 1\n: y\n\n", "data:a b\n\ndata:c\n\ndata:  x\nid:1\n: y\n\n"),
        ("extra-blank-lines", "data: a\r\r", "data: a\r\r\r\r"),
        ("two-spaces", "data: a\ndata: b\n\n", "data:  a\ndata:  b\n\n"),
        ("multi-line-data", 'data: {"a, b": [1, 2]}\n\n', 'data: {\ndata: "a, b": [\ndata: 1,\ndata:  2]}\n\n'),
        ("multi-line-data", "data: a b\n\n", "data: a\ndata: b\n\n"),
        ("empty-data", "data: a\n\n", "data: \ndata: a\n\ndata:\n\n"),
        ("empty-data", "data: {}\n\n", "data: \ndata: {}\n\n"),
        ("ids", "id: 1\ndata: a\n\n", None),
        ("json-escapes", "data: a\n\n", None),
        ("json-escapes", 'data: {"a": "b"}\n\n', 'data: {"a": "\\u0062\\ud83d\\ude00"}\n\n'),
        ("no-final-blank-line", PLAIN, "data: a b\n\ndata: c\n"),
        ("blank-lines", PLAIN, None),
    ],
)
def test_it_says(name: str, body: str, expected: str | None) -> None:
    assert said(name, body) == expected


def test_visible_text_is_found_where_the_provider_reads_it() -> None:
    """Not in a name, nor in another string that is the same."""
    body = 'data: {"id":"x","choices":[{"x":1,"index":0,"delta":{"content":"x"}}]}\n\n'
    told = said("line-separators", body, "openai-chat")
    assert told == body.replace('"content":"x"', '"content":"x\u2028a\u2029b\x85c"')


@pytest.mark.parametrize("name", [name for name in REPHRASINGS if name != AS_IS])
def test_framings_with_lengths_or_one_document_are_left_as_they_are(name: str) -> None:
    for probe in PROBES:
        provider = by_name(probe.dialect)
        if provider.framing in ("json-array", "aws-eventstream"):
            assert rephrase(name, read_body(probe.body, provider)) is None


def test_a_big_event_is_over_a_megabyte_and_alone() -> None:
    reading = read_body(PROBES[0].body, by_name("sse"))
    sizes = sorted(len(event.data) for event in REPHRASINGS["big-event"].events(reading))
    assert 1_000_000 < sizes[-1] < 1_200_000
    assert sizes[-2] < 100


def test_the_registry_is_that_of_the_contract() -> None:
    assert set(REPHRASINGS) == {*SAME, *OTHER}
    assert [name for name in REPHRASINGS if not REPHRASINGS[name].summary] == []
    validate(list(REPHRASINGS))
    with pytest.raises(UsageError):
        validate(["shouting"])
