"""The framing is guessed from the bytes where they are clear, whatever the content type says."""

from __future__ import annotations

import pytest

from streamdoctor.rephrasings.probes import PROBES, Probe
from streamdoctor.stream.providers import by_name, guess_framing
from tests.corpus import Recorded, needs_corpus, recorded

WRONG = [None, "", "text/html", "text/plain; charset=utf-8", "application/octet-stream", "image/png"]


@pytest.mark.parametrize("content_type", [*WRONG, "application/json", "text/event-stream"])
@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.dialect)
def test_a_wrong_content_type_does_not_mislead(content_type: str | None, probe: Probe) -> None:
    assert guess_framing(content_type, probe.body) == by_name(probe.dialect).framing


@pytest.mark.parametrize(
    "body",
    [
        b"<!doctype html><html>data: x</html>",
        b"\xef\xbb\xbf\n<?xml version='1.0'?>",
        b"<html>\ndata: x\n\n",
        b"\x89PNG\r\n\x1a\n" + bytes(40),
        b"\xff\xd8\xff\xe0",
        b"%PDF-1.7",
        b"PK\x03\x04",
        b"\x1f\x8b\x08\0",
    ],
)
def test_what_is_clearly_something_else_has_no_framing(body: bytes) -> None:
    for content_type in (*WRONG, "text/event-stream", "application/x-ndjson"):
        assert guess_framing(content_type, body) is None


@pytest.mark.parametrize(
    ("content_type", "body", "framing"),
    [
        (None, b"", None),
        ("text/event-stream", b"", "sse"),
        ("text/event-stream", b": ping\n\n", "sse"),
        ("text/event-stream", b"unknown: x\n\ndata: x\n\n", "sse"),
        ("text/event-stream", b"plain words", "sse"),
        (None, b"plain words", None),
        (None, b": ping\r\revent: e\rdata: x\r\r", "sse"),
        (None, b"data", "sse"),
        ("application/x-ndjson", b"plain words", None),
        (None, b"id: 4\nname: yaml\n", None),
        ("application/json", b'{"error":"x"}', "json-array"),
        (None, b'{"error":"x"}', "ndjson"),
        ("text/event-stream", b'{\n "error": {}\n}', "json-array"),
        (None, b'{"a":1}\n{"a":2', "ndjson"),
        ("application/json", b'{"a":1}\r\n{"a":2}\r\n', "ndjson"),
        ("application/x-ndjson", b'{"a":\n', "ndjson"),
        (None, b'[{"a":1},\n{"a":', "json-array"),
        (None, b"[1,2]\n[3]\n", "ndjson"),
        (None, b"[hello] world", None),
        (None, b"{hello} world", None),
        ("application/vnd.amazon.eventstream", b"", "aws-eventstream"),
        ("application/vnd.amazon.eventstream", b"data: x\n\n", "sse"),
    ],
)
def test_cases(content_type: str | None, body: bytes, framing: str | None) -> None:
    assert guess_framing(content_type, body) == framing


@needs_corpus
@pytest.mark.parametrize("one", recorded(), ids=lambda one: one.name)
def test_recorded_bodies(one: Recorded) -> None:
    expected = {"eventstream": "aws-eventstream", "json": "json-array"}.get(one.about["framing"], one.about["framing"])
    one_line_of_json = one.about["framing"] == "json" and one.body.startswith(b"{")
    for content_type in (one.about["content_type"], *WRONG):
        guessed = guess_framing(content_type, one.body)
        assert guessed == expected or (one_line_of_json and guessed == "ndjson")
