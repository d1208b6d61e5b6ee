"""Captures to other forms and back: what can be kept is kept, what is not is said, and what is none says where."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamdoctor.capture.convert.curl_trace import from_curl_trace
from streamdoctor.capture.convert.packing import packed
from streamdoctor.capture.convert.registry import EXPORTS, IMPORTS, Given
from streamdoctor.capture.convert.tidy import STARTED, tidied
from streamdoctor.capture.file import load, parse
from streamdoctor.capture.model import RECEIVED, SENT, Capture, End, Header, Read
from streamdoctor.diagnosis.likeness import Side, alike, aspects
from streamdoctor.errors import CaptureError, UsageError
from streamdoctor.suite.subjects import layers_of
from streamdoctor.testing import replay_server

CAPTURES = Path(__file__).parents[2] / "captures"
FILES = sorted(CAPTURES.glob("*.capture.jsonl"))
EMOJI = CAPTURES / "llama-chat-emoji-japanese.capture.jsonl"
GIVEN = Given("2026-11-22T16:00:00Z", "text/event-stream")


def same(a: Capture, b: Capture) -> list[str]:
    """The aspects that differ, the clock included."""
    return [aspect.name for aspect in aspects(Side(a, layers_of(a)), Side(b, layers_of(b))) if not aspect.same]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.partition(".")[0])
def test_a_har_of_ours_keeps_every_read_time_and_end(path: Path) -> None:
    held = load(path)
    again = parse(IMPORTS["har"].read(EXPORTS["har"].write(held, layers_of(held)), GIVEN._replace(entry=1)))
    assert same(held, again) == []
    assert [(r.ns, r.data) for r in again.reads(SENT)] == [(r.ns, r.data) for r in held.reads(SENT)]
    assert (again.header.upstream, again.header.started) == (held.header.upstream, held.header.started)


def test_the_table_of_the_readme_is_the_registry() -> None:
    readme = (CAPTURES.parent / "README.md").read_text(encoding="utf-8")
    for name, kind in IMPORTS.items():
        assert f"| `{name}` | {kind.summary} |" in readme
    assert all(f"(`{name}`" in readme or f"(`{name}`)" in readme for name in EXPORTS)


def test_a_har_is_one_for_others_too() -> None:
    held = load(EMOJI)
    (entry,) = json.loads(EXPORTS["har"].write(held, layers_of(held)))["log"]["entries"]
    assert entry["request"]["method"] == "POST"
    assert entry["response"]["content"]["text"].startswith("data: ")
    assert entry["response"]["content"]["mimeType"] == "text/event-stream"
    assert entry["time"] == pytest.approx(held.end.ns / 1e6 if held.end else 0)


def foreign(*mimes: str) -> bytes:
    entries = [
        {
            "startedDateTime": "2026-11-22T16:00:00.000Z",
            "time": 12.5,
            "request": {"method": "POST", "url": "https://api.example.com/v1/chat/completions?a=b"},
            "response": {"status": 200, "content": {"mimeType": mime, "text": "data: [DONE]\n\n"}},
        }
        for mime in mimes
    ]
    return json.dumps({"log": {"entries": entries}}).encode()


def test_a_har_of_others_has_a_body_and_says_what_was_made_up() -> None:
    held = parse(IMPORTS["har"].read(foreign("text/html", "text/event-stream"), GIVEN))
    assert held.header.fidelity == "body"
    assert held.header.extra["synthesised"] == ["request-head", "response-head"]
    assert layers_of(held).decoded == b"data: [DONE]\n\n"
    assert held.header.upstream == "https://api.example.com"


def test_of_several_streams_one_has_to_be_named() -> None:
    with pytest.raises(UsageError) as raised:
        IMPORTS["har"].read(foreign("text/event-stream", "text/event-stream"), GIVEN)
    assert "--entry N" in (raised.value.hint or "")
    assert parse(IMPORTS["har"].read(foreign("text/event-stream", "text/event-stream"), GIVEN._replace(entry=2)))


@pytest.mark.parametrize("kind", ["har", "curl", "mitmproxy", "vcr"])
@pytest.mark.parametrize(
    "data", [b"", b"\x89PNG\r\n\x1a\n\0", b"[]", b'{"log":{"entries":[{}]}}', b"\xff" * 99, b"0000: zz"]
)
def test_what_is_none_says_so(kind: str, data: bytes) -> None:
    with pytest.raises((CaptureError, UsageError)):
        IMPORTS[kind].read(data, GIVEN)


@given(st.sampled_from(["har", "curl", "mitmproxy", "vcr"]), st.binary(max_size=60))
def test_nothing_else_is_ever_raised(kind: str, data: bytes) -> None:
    try:
        IMPORTS[kind].read(data, GIVEN)
    except (CaptureError, UsageError):
        return


def netstring(value: object) -> bytes:
    """As mitmproxy writes values."""
    match value:
        case None:
            data, kind = b"", b"~"
        case bytes():
            data, kind = value, b","
        case str():
            data, kind = value.encode(), b";"
        case int():
            data, kind = str(value).encode(), b"#"
        case float():
            data, kind = repr(value).encode(), b"^"
        case list():
            data, kind = b"".join(map(netstring, value)), b"]"
        case dict():
            data, kind = b"".join(netstring(each) for pair in value.items() for each in pair), b"}"
        case _:
            raise AssertionError(value)
    return b"%d:%s%s" % (len(data), data, kind)


SECRET = "sk-abcdefgh1234"
BODY = f"data: é {SECRET}\n\ndata: [DONE]\n\n".encode()


def flow(content: bytes | None = BODY) -> bytes:
    request = {
        "method": b"POST", "scheme": b"https", "host": "api.example.com", "port": 443, "path": b"/v1/x?a=b",
        "headers": [[b"authorization", b"Bearer " + SECRET.encode()]], "content": b"{}", "timestamp_start": 1000.5,
    }  # fmt: skip
    response = {
        "status_code": 200, "headers": [[b"Content-Type", b"text/event-stream"], [b"Transfer-Encoding", b"chunked"]],
        "content": content, "timestamp_start": 1000.75, "timestamp_end": 1002.5,
    }  # fmt: skip
    return netstring({"version": 21, "type": "http", "request": request, "response": response})


def cassette() -> dict[str, object]:
    request = {"method": "POST", "uri": "https://api.example.com/v1/x?a=b", "body": "{}",
               "headers": {"Authorization": [f"Bearer {SECRET}"]}}  # fmt: skip
    response = {"status": {"code": 200, "message": "OK"}, "headers": {"Content-Type": ["text/event-stream"]},
                "body": {"string": BODY.decode()}}  # fmt: skip
    return {"version": 1, "interactions": [{"request": request, "response": response}]}


@pytest.mark.parametrize(("kind", "data"), [("mitmproxy", flow()), ("vcr", json.dumps(cassette()).encode())])
def test_what_kept_bodies_only_says_so_and_secrets_are_covered(kind: str, data: bytes) -> None:
    made = IMPORTS[kind].read(data, GIVEN)
    held = parse(made)
    layers = layers_of(held)
    assert layers.decoded == BODY.replace(SECRET.encode(), b"*" * len(SECRET))
    assert layers.request is not None and layers.request.target == "/v1/x?a=b" and layers.request_body == b"{}"
    assert (held.header.upstream, held.header.fidelity) == ("https://api.example.com", "body")
    assert {"request-head", "response-head"} <= set(held.header.extra["synthesised"])
    assert SECRET.encode() not in made and held.header.redacted == ("authorization",)


def test_a_flow_of_mitmproxy_keeps_the_times_it_has() -> None:
    held = parse(IMPORTS["mitmproxy"].read(flow(), GIVEN))
    assert [read.ns for read in held.reads(RECEIVED)] == [250_000_000, 2_000_000_000]
    assert held.header.started == "1970-01-01T00:16:40.500000Z"


@pytest.mark.parametrize("cut", range(1, len(flow()), 7))
def test_torn_flows_say_where(cut: int) -> None:
    with pytest.raises(CaptureError, match="at byte 0"):
        IMPORTS["mitmproxy"].read(flow()[:cut], GIVEN)


def test_a_flow_whose_body_was_not_kept_says_how_to_keep_it() -> None:
    with pytest.raises(CaptureError) as raised:
        IMPORTS["mitmproxy"].read(flow(None), GIVEN)
    assert "store_streamed_bodies" in (raised.value.hint or "")


def test_a_cassette_in_yaml_is_read_or_says_what_it_needs() -> None:
    yaml = b"version: 1\ninteractions:\n- " + json.dumps(cassette()["interactions"][0]).encode()  # type: ignore[index]
    try:
        made = IMPORTS["vcr"].read(yaml, GIVEN)
    except UsageError as error:
        assert "pip install pyyaml" in (error.hint or "")
    else:
        assert parse(made).header.fidelity == "body"


TRACE = """\
10:00:00.000000 == Info: Connected to 127.0.0.1 (127.0.0.1) port 8101 (#0)
10:00:00.000100 => Send header, 18 bytes (0x12)
0000: 47 45 54 20 2f 20 48 54 54 50 2f 31 2e 31 0d 0a GET / HTTP/1.1..
0010: 0d 0a                                           ..
10:00:00.010000 <= Recv header, 17 bytes (0x11)
0000: 48 54 54 50 2f 31 2e 31 20 32 30 30 20 4f 4b 0d HTTP/1.1 200 OK.
0010: 0a                                              .
10:00:00.010001 <= Recv header, 2 bytes (0x2)
0000: 0d 0a                                           ..
10:00:00.020000 <= Recv data, 3 bytes (0x3)
0000: 61 3a 20                                        a:\x20
10:00:00.030000 <= Recv data, 2 bytes (0x2)
0000: c3 a9                                           ..
10:00:00.030000 == Info: Recv failure: Connection reset by peer
"""


def test_a_trace_of_curl_keeps_every_recv_of_the_body() -> None:
    held = parse(from_curl_trace(TRACE.encode(), GIVEN.started))
    assert [(read.ns, read.data) for read in held.reads(RECEIVED)] == [
        (9_901_000, b"HTTP/1.1 200 OK\r\n\r\n"),
        (19_900_000, b"a: "),
        (29_900_000, "é".encode()),
    ]
    assert (held.cause, held.header.upstream) == ("reset", "http://127.0.0.1:8101")


@pytest.mark.parametrize(("old", "new", "line"), [("61 3a 20 ", "61 3a ", 12), ("0000: c3", "0000: x3", 13)])
def test_a_torn_trace_says_where(old: str, new: str, line: int) -> None:
    with pytest.raises(CaptureError) as raised:
        from_curl_trace(TRACE.replace(old, new).encode(), GIVEN.started)
    assert raised.value.line == line


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_what_a_real_curl_traced_is_what_was_played(tmp_path: Path) -> None:
    with replay_server(EMOJI, speed=0.0) as server:
        url = f"{server.url}/v1/chat/completions"
        trace = tmp_path / "t.trace"
        subprocess.run(
            ["curl", "-sN", "--trace", str(trace), "--trace-time", "-X", "POST", "-o", "/dev/null", url], check=True
        )
    held, played = parse(from_curl_trace(trace.read_bytes(), GIVEN.started)), load(EMOJI)
    assert held.data(RECEIVED) == played.data(RECEIVED)
    assert (held.cause, layers_of(held).framing) == ("complete", "chunked")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.partition(".")[0])
def test_tidied_twice_is_tidied_once_and_reads_keep_their_borders(path: Path) -> None:
    held = load(path)
    tidy = tidied(held)
    assert tidied(tidy) == tidy
    assert [len(read.data) for read in tidy.reads(RECEIVED)] == [len(read.data) for read in held.reads(RECEIVED)]
    assert layers_of(tidy).reading is None or layers_of(tidy).reading.complete == layers_of(held).reading.complete  # type: ignore[union-attr]
    assert tidy.header.started == STARTED
    assert all(read.ns % 1_000_000 == 0 for read in tidy.reads(RECEIVED))


def test_two_recordings_of_the_same_answer_are_equal_once_they_are_tidy() -> None:
    def recorded(date: str, made: int, jitter: int) -> Capture:
        head = f"HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Type: text/event-stream\r\n\r\n".encode()
        body = f'data: {{"id":"chatcmpl-{made}","created":{made},"choices":[]}}\n\n'.encode()
        reads = (Read(5_000_000 + jitter, RECEIVED, head), Read(9_000_000 + jitter, RECEIVED, body[:20]))
        rest = Read(9_000_000 + jitter, RECEIVED, body[20:])
        return Capture(
            Header(f"2026-11-22T16:00:{made % 60:02}Z", "test"), (*reads, rest), End(9_500_000 + jitter, "eof")
        )

    a = recorded("Sun, 22 Nov 2026 16:00:00 GMT", 1795434678, 17)
    b = recorded("Mon, 23 Nov 2026 17:10:00 GMT", 1795539999, 99_000)
    assert packed(a) != packed(b)
    assert packed(tidied(a)) == packed(tidied(b))


def test_an_asciicast_tells_the_text_at_its_times_and_is_safe() -> None:
    held = load(EMOJI)
    head, *lines = EXPORTS["asciicast"].write(held, layers_of(held)).decode().splitlines()
    assert json.loads(head)["version"] == 2
    played = [json.loads(line) for line in lines]
    assert "".join(text for _, _, text in played).startswith("The café is open")
    assert played == sorted(played, key=lambda line: line[0])
    assert "\x1b" not in "".join(text for _, _, text in played)


def test_a_difference_in_any_layer_is_found() -> None:
    held = load(EMOJI)
    first, second, *rest = [
        record for record in held.records if isinstance(record, Read) and record.direction == RECEIVED
    ]
    sent = held.reads(SENT)
    joined = Read(second.ns, RECEIVED, first.data + second.data)
    merged = Capture(held.header, (*sent, joined, *rest), held.end)
    assert same(held, merged) == ["reads", "times"]
    late = Capture(held.header, (*sent, first, *(Read(r.ns + 1, RECEIVED, r.data) for r in (second, *rest))), held.end)
    assert same(held, late) == ["times"]
    assert alike(aspects(Side(held, layers_of(held)), Side(late, layers_of(late))))
    torn = Capture(held.header, (*sent, first, second, *rest[:-2]), End(held.end.ns if held.end else 0, "reset"))
    assert {"body", "events", "completeness", "ending"} <= set(same(held, torn))
