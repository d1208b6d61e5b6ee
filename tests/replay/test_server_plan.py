"""What a capture plays: as recorded, or cut, framed and broken off anew. No socket, no clock."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from streamdoctor.capture.file import load
from streamdoctor.capture.model import RECEIVED, Capture
from streamdoctor.errors import UsageError
from streamdoctor.replay.playback import Playback, as_recorded
from streamdoctor.replay.server_plan import Options, Programme, path_of, programmes
from streamdoctor.replay.server_urls import base_url_lines
from streamdoctor.suite.subjects import layers_of
from tests.replay.scenes import CHUNKED, MS, body_of, capture, chunk

FOLDER = Path(__file__).parents[2] / "captures"

EVENTS = [b'data: {"choices":[{"delta":{"content":"%d"}}]}\n\n' % n for n in range(3)] + [b"data: [DONE]\n\n"]
BODY = b"".join(EVENTS)
CHAT = [CHUNKED, *map(chunk, EVENTS), b"0\r\n\r\n"]
LENGTH = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n\r\n"


def chat(cause: str = "complete") -> Capture:
    return capture(CHAT if cause == "complete" else CHAT[:-1], cause=cause, gap_ms=10)


def play(source: Capture, **options: object) -> Playback:
    return Programme(source, "it", Options(**options)).next()  # type: ignore[arg-type]


def wire(playback: Playback) -> bytes:
    return b"".join(write.data for write in playback.writes)


def head(playback: Playback) -> bytes:
    return wire(playback)[: playback.head_end]


def body_writes(playback: Playback) -> list[bytes]:
    return [write.data for write in playback.writes[1:]]


def times_ms(playback: Playback) -> list[int]:
    return [write.ns // MS for write in playback.writes]


# -- as recorded


@pytest.mark.parametrize(
    ("cause", "ends"),
    [
        ("complete", "complete"), ("eof", "eof"), ("reset", "reset"), ("client-closed", "open"), ("timeout", "open"),
        ("recorder-stopped", "reset"), ("disk-full", "reset"), ("tls-error", "reset"), ("protocol-error", "eof"),
        ("unknown", "eof"), ("something-newer", "eof"),
    ],
)  # fmt: skip
def test_the_end_is_the_recorded_one(cause: str, ends: str) -> None:
    source = chat(cause)
    playback = play(source)
    assert playback.cause == ends
    assert [write.data for write in playback.writes] == [read.data for read in source.reads(RECEIVED)]
    assert times_ms(playback) == [10 * n for n in range(1, len(playback.writes) + 1)]
    assert playback.end_ns == 10 * MS * (len(playback.writes) + 1)


def test_a_refused_connection_is_torn_without_a_byte() -> None:
    playback = play(capture([], cause="refused"))
    assert (playback.writes, playback.cause) == ((), "reset")


def test_without_an_end_record_the_recorder_died() -> None:
    source = chat()
    assert play(Capture(source.header, source.records, None)).cause == "reset"


@pytest.mark.parametrize(
    ("pieces", "keeps"),
    [
        (CHAT, True),
        ([LENGTH % 2, b"hi"], True),
        ([b"HTTP/1.1 204 No Content\r\n\r\n"], True),
        ([b"HTTP/1.1 200 OK\r\n\r\n", b"hi"], False),
        ([b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n", b"hi"], False),
        ([b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n", b"hi"], False),
        ([b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\n", b"hi"], True),
    ],
)
def test_a_connection_goes_on_where_the_recorded_framing_allows(pieces: list[bytes], keeps: bool) -> None:
    assert play(capture(pieces)).keep is keeps


def test_times_count_from_the_end_of_the_request() -> None:
    source = chat()
    late = [type(read)(read.ns + 500 * MS, read.direction, read.data) for read in source.reads(RECEIVED)]
    sent = source.reads(">")[0]
    last = type(sent)(500 * MS, ">", b"")
    moved = Capture(source.header, (sent, last, *late), source.end)
    assert times_ms(play(moved)) == times_ms(play(source))


# -- cut and framed anew


def test_pieces_of_a_split_are_chunks_of_their_own_at_the_time_of_their_last_byte() -> None:
    playback = play(chat(), split="cuts:5,60")
    assert body_writes(playback) == [chunk(BODY[:5]), chunk(BODY[5:60]), chunk(BODY[60:]), b"0\r\n\r\n"]
    assert times_ms(playback) == [10, 20, 30, 50, 70]
    assert playback.about == "cuts:5,60" and playback.keep
    assert head(playback) == CHUNKED


@pytest.mark.parametrize("split", ["whole", "bytes", "lines", "events", "fixed:7", "random:seed=3,runs=2", "recorded"])
@pytest.mark.parametrize("framing", ["chunk-per-piece", "length", "close"])
@pytest.mark.parametrize("name", ["llama-chat-ascii", "express-chat-gzip", "aimock-chat-until-close", "aimock-gemini"])
def test_any_split_and_framing_gives_the_same_body(name: str, split: str, framing: str) -> None:
    source = load(FOLDER / f"{name}.capture.jsonl")
    playback = play(source, split=split, framing=framing)
    body, ended = body_of(wire(playback))
    assert body == layers_of(source).decoded
    assert ended == {"chunk-per-piece": "chunked"}.get(framing, framing)
    assert playback.keep is (framing != "close" and b"onnection: close" not in head(playback))


def test_the_body_of_a_coding_is_sent_decoded() -> None:
    packed = gzip.compress(BODY)
    raw = b"HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\nX-B: 2\r\n\r\n" % len(packed)
    playback = play(capture([raw, packed]), split="whole")
    assert head(playback) == b"HTTP/1.1 200 OK\r\nX-A: 1\r\nX-B: 2\r\nContent-Length: %d\r\n\r\n" % len(BODY)
    assert body_writes(playback) == [BODY]


@pytest.mark.parametrize("framing", ["recorded", "chunk-per-piece", "length"])
@pytest.mark.parametrize(("cause", "ends"), [("eof", "eof"), ("reset", "reset"), ("client-closed", "open")])
def test_a_missing_end_stays_missing_in_any_framing(framing: str, cause: str, ends: str) -> None:
    playback = play(chat(cause), split="events", framing=framing)
    body, ended = body_of(wire(playback))
    assert (body, ended, playback.cause, playback.keep) == (BODY, None, ends, False)


def test_a_stated_length_that_was_not_reached_is_not_reached_again() -> None:
    playback = play(capture([LENGTH % 999, BODY], cause="eof"), split="lines")
    assert head(playback) == LENGTH % 999
    assert body_of(wire(playback)) == (BODY, None)


def test_the_runs_of_a_split_take_turns() -> None:
    programme = Programme(capture([LENGTH % 4, b"abcd"]), "it", Options(split="every-cut"))
    seen = [body_writes(programme.next()) for _ in range(4)]
    assert seen == [[b"a", b"bcd"], [b"ab", b"cd"], [b"abc", b"d"], [b"a", b"bcd"]]


def test_what_has_no_body_is_played_as_recorded_and_says_so() -> None:
    empty = capture([b"HTTP/1.1 204 No Content\r\n\r\n"])
    made = programmes([empty, chat()], ["empty", "chat"], Options(split="bytes"))
    assert made[0].next() == play(empty) and "no body" in made[0].note and not made[1].note
    with pytest.raises(UsageError, match="no body"):
        programmes([empty], ["empty"], Options(split="bytes"))


def test_a_split_without_a_cut_here_is_one_piece_and_says_so() -> None:
    source = capture([LENGTH % 1, b"a"])
    programme = Programme(source, "it", Options(split="every-cut"))
    assert body_writes(programme.next()) == [b"a"] and "no cuts" in programme.note


@pytest.mark.parametrize("options", [{"split": "standard"}, {"split": "nope"}, {"faults": ("nope",)}, {"framing": "x"}])
def test_unknown_names_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        Options(**options).validate()  # type: ignore[arg-type]


def test_a_cut_that_only_some_captures_have_is_refused_where_none_has_it() -> None:
    short = capture([LENGTH % 4, b"abcd"])
    made = programmes([short, chat()], ["short", "chat"], Options(split="cuts:9"))
    assert "not inside the body" in made[0].note and not made[1].note
    with pytest.raises(UsageError, match="not inside the body"):
        programmes([short], ["short"], Options(split="cuts:9"))


# -- faults


def test_keep_open_sends_everything_but_the_end() -> None:
    playback = play(chat(), faults=("keep-open",))
    assert (body_of(wire(playback)), playback.cause) == ((BODY, None), "open")
    assert body_writes(playback) == list(map(chunk, EVENTS)), "the recorded cuts stay"


def test_no_marker_ends_cleanly_without_the_terminal_signal() -> None:
    playback = play(chat("reset"), faults=("no-marker",), framing="length")
    assert body_of(wire(playback)) == (b"".join(EVENTS[:-1]), "length")
    assert playback.cause == "complete" and playback.keep


def test_resend_tears_the_first_attempt_and_sends_the_second_whole() -> None:
    programme = Programme(chat(), "it", Options(faults=("resend@e3",)))
    first, second, third = (programme.next() for _ in range(3))
    assert (body_of(wire(first)), first.cause) == ((b"".join(EVENTS[:2]), None), "reset")
    assert (body_of(wire(second)), second.cause) == ((BODY, "chunked"), "complete")
    assert third == first
    assert first.end_ns == 40 * MS, "when the next byte would have come"


def test_several_faults_take_turns() -> None:
    programme = Programme(chat(), "it", Options(faults=("keep-open", "no-marker")))
    assert [programme.next().cause for _ in range(3)] == ["open", "complete", "open"]


def test_a_fault_that_does_not_apply_is_said() -> None:
    plain = capture([CHUNKED, chunk(b"data: 1\n\n"), b"0\r\n\r\n"])
    made = programmes([plain, chat()], ["plain", "chat"], Options(faults=("no-marker",)))
    assert "does not apply" in made[0].note and made[0].next() == play(plain)
    with pytest.raises(UsageError, match=r"plain: .*does not apply"):
        programmes([plain], ["plain"], Options(faults=("no-marker",)))


# -- heads, paths, URLs


def test_headers_are_added_before_the_blank_line_wherever_reads_end() -> None:
    for at in range(1, len(CHUNKED)):
        playback = as_recorded(cut := capture([CHUNKED[:at], CHUNKED[at:], *CHAT[1:]]), layers_of(cut))
        more = playback.with_headers(["X-A: 1", "Content-Type: no"])
        assert wire(more) == CHUNKED[:-2] + b"X-A: 1\r\n\r\n" + b"".join(CHAT[1:])
        assert len(more.writes) == len(playback.writes) and head(more).endswith(b"X-A: 1\r\n\r\n")


def test_leave_for_other_origins_that_was_recorded_gives_way() -> None:
    leave = b"access-control-allow-origin: \r\n"
    recorded = CHUNKED.replace(b"\r\n", b"\r\n" + leave, 1)
    for at in range(1, len(recorded)):
        playback = as_recorded(cut := capture([recorded[:at], recorded[at:], *CHAT[1:]]), layers_of(cut))
        more = playback.with_headers(["Access-Control-Allow-Origin: http://a"])
        assert wire(more) == CHUNKED[:-2] + b"Access-Control-Allow-Origin: http://a\r\n\r\n" + b"".join(CHAT[1:])
        assert head(more).endswith(b"http://a\r\n\r\n")


def test_the_path_of_a_target() -> None:
    assert path_of("/a/b?c=/d") == "/a/b"
    assert path_of("http://h:1/a?b") == "/a"
    assert path_of("http://h") == "/"
    assert path_of("/to?u=http://h/") == "/to"
    assert path_of("*") == "*"


def test_base_urls_are_what_stands_before_the_paths_of_an_sdk() -> None:
    paths = [
        "/v1/chat/completions", "/v1/responses", "/api/v1/chat/completions", "/v1/messages", "/api/chat", "/feed",
        "/v2/chat", "/v1beta/models/gemini-2.0-flash:streamGenerateContent", "/model/a.b:0/converse-stream",
    ]  # fmt: skip
    assert base_url_lines("http://h:1", [(path, f"c{number}") for number, path in enumerate(paths)]) == [
        "OPENAI_BASE_URL=http://h:1/v1  # c0 and 1 more",
        "OPENAI_BASE_URL=http://h:1/api/v1  # c2",
        "ANTHROPIC_BASE_URL=http://h:1",
        "OLLAMA_HOST=http://h:1",
        "CO_API_URL=http://h:1",
        "GOOGLE_GEMINI_BASE_URL=http://h:1",
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME=http://h:1",
    ]
