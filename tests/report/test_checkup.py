"""What `show` prints of a check-up: plain sentences, nothing wider than it says, nothing raw from the wire."""

from __future__ import annotations

import json
import re

import click
import pytest

from streamdoctor.capture.model import Capture
from streamdoctor.diagnosis.checkup import Checkup, check_up
from streamdoctor.report.checkup import checkup_document, checkup_lines, summary_lines, table_lines
from streamdoctor.suite.subjects import layers_of
from tests.diagnosis.patients import DONE, MS, capture, chat, event

FINDING = {"rule", "name", "kind", "severity", "summary", "layer", "offset", "event", "time", "count"}
ERROR = event({"error": {"message": "out of memory", "code": 500}})


def checked(held: Capture) -> Checkup:
    return check_up(held, layers_of(held))


def text_of(held: Capture) -> str:
    return click.unstyle("\n".join(checkup_lines("x", checked(held))))


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("held", "says"),
    [
        (
            capture([*chat("Hi")[:-2], b'error: {"message":"failed to decode","code":500}\n\n']),
            "a line of the unknown field error: carries an error, which a conforming parser drops: failed to decode",
        ),
        (capture([*chat("Hi")[:-2], ERROR, DONE]), "[DONE] comes after the error, as if all were well"),
        (
            capture([*chat("Hi")[:-2], ERROR]),
            "event 3 of 3 is an error although the status is 200: out of memory (500)",
        ),
        (capture(chat("Hi")[:-1]), "the response ended cleanly (close) after 3 events, but [DONE] never came"),
    ],
)
def test_each_is_said_in_one_plain_sentence(held: Capture, says: str) -> None:
    assert says in flat(text_of(held))


def test_an_error_before_the_marker_is_no_completion_and_no_missing_marker() -> None:
    text = flat(text_of(capture([*chat("Hi")[:-2], ERROR, DONE])))
    assert "NOT complete: an error came in place of the end" in text
    assert "never came" not in text


def test_findings_and_timeline_fit_eighty_columns() -> None:
    held = capture([*chat("Hi", *["more " * 30] * 5)[:-2], event({"error": {"message": "東 " * 80}}), DONE], gaps=700)
    lines = text_of(held).splitlines()
    findings = [line for line in lines if re.match(r"  (error|warning|note) +SD6| {10}\S", line)]
    timeline = [line for line in lines if line.startswith("  timeline ")]
    assert len(findings) >= 4 and len(timeline) == 1
    assert max(map(len, [*findings, *timeline])) <= 80


def test_the_timeline_shows_when_bytes_came() -> None:
    held = capture([b"data: a\n\n", b"data: b\n\n" * 8], gaps=[95, 900])
    line = next(line for line in text_of(held).splitlines() if line.startswith("  timeline"))
    blocks = line.split()[1]
    assert len(blocks) == 40
    assert {place: block for place, block in enumerate(blocks) if block != "·"} == {4: "▁", 39: "█"}
    assert line.endswith("1.00 s, 25.0 ms a block")


def test_what_was_asked_for_is_told() -> None:
    held = capture(chat("Hi"))
    body = b'{"model":"small\\u001b[31m","stream":true,"messages":[]}'
    head = b"POST /v1 HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nUser-Agent: me/1\r\n"
    asked = held.records[0].__class__(0, ">", head + b"Content-Length: %d\r\n\r\n%s" % (len(body), body))  # type: ignore[call-arg]
    told = Capture(held.header, (asked, *held.records[1:]), held.end)
    assert "asked for: model small\\x1b[31m, stream true, accepts text/event-stream, by me/1" in text_of(told)
    request = checkup_document("x", checked(told))["request"]
    assert (request["model"], request["stream"]) == ("small\x1b[31m", True)


def test_findings_in_json() -> None:
    document = checkup_document("x", checked(capture([*chat("Hi")[:-2], ERROR])))
    (found,) = document["findings"]
    assert found.keys() == FINDING
    assert (found["rule"], found["name"], found["kind"], found["severity"]) == (
        "SD610", "error-in-stream", "truncated", "error",
    )  # fmt: skip
    assert (found["layer"], found["event"], found["time"], found["count"]) == ("body", 3, 65 * MS, 1)
    assert json.loads(json.dumps(document)) == document


def test_nothing_from_the_wire_reaches_the_terminal_raw() -> None:
    evil = event({"error": {"message": "\x1b]0;owned\x07\u202e\u2028"}})
    html = b"<html>\x1b[31m"
    for held in (
        capture([*chat("Hi")[:-2], evil]),
        capture([html], headers="Content-Type: text/event-stream; \x1b[31mq=\x9b\r\n"),
        capture(chat("Hi"), headers="Content-Type: text/\x1b[2Jx\r\n"),
    ):
        lines = list(checkup_lines("x", checked(held)))
        assert not re.search("[\x00-\x1a\x1c-\x1f\x7f-\x9f\u2028\u202e]", "".join(lines))
        assert not re.search("[\x00-\x1f\x7f-\x9f]", click.unstyle("".join(lines)))


def test_the_table_of_a_folder_names_the_rules() -> None:
    rows = list(table_lines([("good", checked(capture(chat("Hi")))), ("bad", checked(capture(chat("Hi")[:-1])))]))
    assert rows[0].endswith("complete    complete")
    assert rows[1].endswith("INCOMPLETE  complete   SD601")


def test_the_summary_counts_endings_by_provider() -> None:
    held = [
        capture(chat("Hi")),
        capture(chat("Hi")[:-1]),
        capture([*chat("Hi")[:-2], ERROR]),
        capture([*chat("Hi")[:-2], ERROR, DONE]),
        capture([event("news")]),
        capture([b"<html>"]),
    ]
    rows = [line.split() for line in summary_lines([(str(n), checked(it)) for n, it in enumerate(held)])]
    assert rows[:5] == [
        ["provider", "complete", "incomplete", "error", "not", "told", "captures"],
        ["no", "stream", "0", "0", "0", "1", "1"],
        ["openai-chat", "1", "1", "2", "0", "4"],
        ["sse", "0", "0", "0", "1", "1"],
        ["all", "1", "1", "2", "2", "6"],
    ]
    assert ["SD610", "error-in-stream", "2"] in rows
