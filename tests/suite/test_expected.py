"""What a capture means, beside it: the name of the file, what a change of each part is called."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streamdoctor.capture.file import expand
from streamdoctor.suite.expected import dispute, meaning, path_of, update
from streamdoctor.suite.subjects import find
from tests.suite.lab import CHATS, capture

SHIPPED = Path(__file__).parents[2] / "captures"


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_it_stands_beside_the_capture_however_that_is_packed(suffix: str) -> None:
    assert path_of(f"a/b.capture.jsonl{suffix}") == Path("a/b.expected.json")


def test_a_capture_agrees_with_itself(tmp_path: Path) -> None:
    subject = find(capture(tmp_path, "a", CHATS["chat"]))
    assert dispute(subject) is None
    written = update(subject)
    assert written == tmp_path / "a.expected.json"
    assert dispute(subject) is None
    document = json.loads(written.read_text(encoding="utf-8"))
    assert document["texts"] == {"0": " Grüße,  世界 😀😀\n!"}
    assert (document["complete"], document["events"]["count"]) == (True, 6)


def test_the_captures_that_we_ship_mean_what_is_expected_of_them() -> None:
    held = [path for path in map(str, expand([str(SHIPPED)])) if path_of(path).exists()]
    assert len(held) >= 27
    assert sorted(map(path_of, held)) == sorted(SHIPPED.glob("*.expected.json"))
    assert {path: dispute(find(path)) for path in held} == dict.fromkeys(held)


def test_other_cuts_and_line_ends_mean_the_same(tmp_path: Path) -> None:
    plain, other = (find(capture(tmp_path, name, CHATS[name])) for name in ("chat", "chat-crlf"))
    assert meaning(plain.reading) == meaning(other.reading)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("chat-torn", "events.count is 4, expected 6"),
        ("chat-error", "events.count is 4, expected 6"),
        ("plain", 'dialect is "sse", expected "openai-chat"'),
    ],
)
def test_what_changed_is_said(body: str, says: str, tmp_path: Path) -> None:
    update(find(capture(tmp_path, "a", CHATS["chat"])))
    (tmp_path / "a.capture.jsonl").unlink()
    changed = CHATS.get(body, b"data: hello\n\n")
    told = dispute(find(capture(tmp_path, "a", changed)))
    assert told is not None and says in told and told.startswith("SD903")


def test_a_capture_that_is_no_stream_any_more_is_said(tmp_path: Path) -> None:
    update(find(capture(tmp_path, "a", CHATS["chat"])))
    (tmp_path / "a.capture.jsonl").unlink()
    told = dispute(find(capture(tmp_path, "a", b"<html>", "text/html")))
    assert told is not None and "says: its body is no event stream (content type text/html)" in told
