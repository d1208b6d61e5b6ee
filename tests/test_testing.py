"""The public API for tests: what it takes, what it says, and that a pass is a pass."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from streamdoctor.errors import CaptureError, UsageError
from streamdoctor.rephrasings.probes import PROBES
from streamdoctor.stream.providers import by_name
from streamdoctor.stream.reading import DECODERS, read_body
from streamdoctor.stream.sse import SSEDecoder
from streamdoctor.testing import (
    check_case,
    check_parser,
    chunkings,
    defaults,
    event_streams,
    load,
    pieces,
    replay_server,
)

CAPTURES = Path(__file__).parents[1] / "captures"
EMOJI = CAPTURES / "llama-chat-emoji-japanese.capture.jsonl"
ASCII = CAPTURES / "llama-chat-ascii.capture.jsonl"


class Naive:
    def __init__(self) -> None:
        self.buffer = b""

    def feed(self, piece: bytes) -> list[str]:
        self.buffer += piece
        *events, self.buffer = self.buffer.split(b"\n\n")
        return [event.decode().removeprefix("data: ") for event in events]


class PerPiece(Naive):
    def feed(self, piece: bytes) -> list[str]:
        return super().feed(piece.decode("utf-8", "replace").encode())


def from_stream(stream: Iterable[bytes]) -> Iterator[Any]:
    decoder = SSEDecoder()
    for piece in stream:
        yield from decoder.feed(piece)


async def from_async_stream(stream: AsyncIterable[bytes]) -> AsyncIterator[Any]:
    decoder = SSEDecoder()
    async for piece in stream:
        for event in decoder.feed(piece):
            yield event


@pytest.mark.parametrize("parser", [SSEDecoder, from_stream, from_async_stream, lambda: SSEDecoder(), "reference"])
def test_a_right_parser_in_every_form_passes(parser: Any) -> None:
    (result,) = check_parser(parser, EMOJI, split=["whole", "boundaries"])
    assert result.verdict == "pass"
    assert result.cases > 10


def test_the_default_runs_every_rephrasing_of_the_probe() -> None:
    with pytest.raises(AssertionError) as raised:
        check_parser(Naive, "probe:sse")
    assert "rephrased crlf" in str(raised.value)
    check_parser(SSEDecoder, "probe:sse")


def test_a_wrong_one_says_what_where_and_how_to_mend_it() -> None:
    with pytest.raises(AssertionError) as raised:
        check_parser(PerPiece, [EMOJI, ASCII], split="boundaries")
    said = str(raised.value)
    assert said.startswith("tests/test_testing.py:PerPiece breaks on 1 of 2 streams")
    assert "SD401 corrupted" in said
    assert "\\xc3│\\xa9" in said
    assert "incremental decoder" in said
    assert re.search(r"streamdoctor replay \S*emoji\S* --parser tests/test_testing.py:PerPiece --split cuts:1259", said)


def test_what_has_no_name_is_judged_and_gives_no_command() -> None:
    class Local(PerPiece): ...

    with pytest.raises(AssertionError) as raised:
        check_parser(Local, EMOJI, split="boundaries")
    assert "streamdoctor replay" not in str(raised.value)


def test_a_capture_in_memory() -> None:
    capture = load(EMOJI)
    assert check_parser(SSEDecoder, capture, split="recorded")[0].cases == 1
    with pytest.raises(AssertionError, match="a capture in memory"):
        check_parser(PerPiece, [capture], split="boundaries")


def test_without_captures_the_probes_that_it_speaks() -> None:
    results = check_parser(SSEDecoder, split="bytes")
    assert {result.dialect for result in results} >= {"sse", "openai-chat", "anthropic"}
    assert "ollama" not in {result.dialect for result in results}


def test_faults_and_roles() -> None:
    def stops(stream: Iterable[bytes]) -> Iterator[str]:
        for event in from_stream(stream):
            if event.data == "[DONE]":
                return
            yield event.data

    with pytest.raises(AssertionError, match="accepts-incomplete"):
        check_parser(stops, ASCII, fault="no-marker")
    check_parser(stops, ASCII, fault="no-marker", role="parser")
    check_parser(stops, ASCII, fault=["keep-open"])


def test_a_proof_and_its_refusal() -> None:
    (result,) = check_parser(SSEDecoder, "probe:openai-chat", split="whole", prove=True)
    assert result.proof is not None
    with pytest.raises(AssertionError, match="there is no proof"):
        check_parser(from_stream, "probe:openai-chat", split="whole", prove=True)


def test_a_pass_without_a_judgement_is_none() -> None:
    with pytest.raises(AssertionError, match="nothing was judged"):
        check_parser(lambda stream: 7, "probe:sse")
    with pytest.raises(AssertionError, match=r"nothing was judged: .*does not speak"):
        check_parser(DECODERS["aws-eventstream"], EMOJI)


def test_defaults_are_taken_where_nothing_is_said() -> None:
    with defaults(split="whole", rephrase="as-is"):
        assert check_parser(PerPiece, EMOJI)[0].cases == 1
        with pytest.raises(AssertionError):
            check_parser(PerPiece, EMOJI, split="boundaries")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"split": "everywhere"}, UsageError),
        ({"captures": "nowhere.capture.jsonl"}, CaptureError),
        ({"dialect": "klingon"}, UsageError),
        ({"captures": []}, UsageError),
        ({"parser": 7}, UsageError),
        ({"parser": "nowhere.py:parse"}, UsageError),
    ],
)
def test_wrong_use_says_so(arguments: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        check_parser(**{"parser": SSEDecoder, "captures": EMOJI, **arguments})


def test_pieces_are_the_body_cut() -> None:
    whole = pieces(EMOJI, "whole")[0]
    assert b"".join(pieces(EMOJI)) == whole
    assert len(pieces(EMOJI)) == 130
    assert pieces(EMOJI, "cuts:3,7") == [whole[:3], whole[3:7], whole[7:]]
    assert pieces("probe:sse", "events")[0] == b"data: Hello\n\n"
    with pytest.raises(UsageError, match="is several"):
        pieces(EMOJI, "standard")


def test_a_case_is_run_with_the_parser_that_it_names_or_another(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from streamdoctor.cli.minimise import command

    name = str(tmp_path / "small")
    done = CliRunner().invoke(command, [str(EMOJI), "-p", "decodes-each-piece", "-s", "cuts:1259", "-o", name])
    assert done.exit_code == 0, done.output
    with pytest.raises(AssertionError, match="decodes-each-piece breaks"):
        check_case(f"{name}.case.json")
    check_case(f"{name}.case.json", SSEDecoder)


def test_a_capture_that_means_something_else_is_judged_by_nobody(tmp_path: Path) -> None:
    held = tmp_path / EMOJI.name
    held.write_bytes(EMOJI.read_bytes())
    expected = EMOJI.name.replace(".capture.jsonl", ".expected.json")
    wanted = EMOJI.with_name(expected).read_text(encoding="utf-8")
    held.with_name(expected).write_text(wanted.replace("open", "shut"), encoding="utf-8")
    with pytest.raises(AssertionError, match="does not mean what llama-chat-emoji-japanese"):
        check_parser("reference", held)


# --- a fake upstream


def test_of_several_base_urls_the_first_capture_gives_it() -> None:
    with replay_server([EMOJI, EMOJI.with_name("node-chat-reset.capture.jsonl")]) as server:
        assert server.base_urls == {"OPENAI_BASE_URL": f"{server.url}/v1"}


def test_the_server_plays_in_a_thread_and_in_a_loop() -> None:
    wanted = b"".join(pieces(EMOJI))
    with replay_server(EMOJI) as server:
        assert server.base_urls == {"OPENAI_BASE_URL": f"{server.url}/v1"}
        with urlopen(Request(f"{server.url}/v1/chat/completions", method="POST")) as response:
            assert response.read() == wanted
    assert [played.cause for played in server.played] == ["complete"]

    async def ask() -> bytes:
        async with replay_server([EMOJI], split="bytes", framing="close") as server:
            host, port = server.url.removeprefix("http://").split(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
            data = await reader.read(-1)
            writer.close()
            return data

    assert asyncio.run(ask()).endswith(wanted)


def test_the_server_says_what_is_wrong_before_it_starts() -> None:
    with pytest.raises(UsageError):
        replay_server(EMOJI, split="everywhere")
    with pytest.raises(CaptureError):
        replay_server("nowhere.capture.jsonl")


# --- Hypothesis


@given(st.data(), st.binary(max_size=40))
def test_a_chunking_makes_up_the_data(data: st.DataObject, body: bytes) -> None:
    found = data.draw(chunkings(body))
    assert b"".join(found) == body
    assert all(found)


def test_a_failing_chunking_shrinks_to_one_cut() -> None:
    body = "data: aéb é\n\n".encode()

    def breaks(found: list[bytes]) -> bool:
        return "\ufffd" in "".join(piece.decode("utf-8", "replace") for piece in found)

    assert find(chunkings(body), breaks) in ([body[:8], body[8:]], [body[:12], body[12:]])


@pytest.mark.parametrize("dialect", [probe.dialect for probe in PROBES])
def test_streams_are_whole(dialect: str) -> None:
    provider = by_name(dialect)

    @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
    @given(event_streams(dialect))
    def holds(body: bytes) -> None:
        reading = read_body(body, provider)
        assert not reading.problems
        assert reading.complete in (True, None)
        assert reading.pending is None

    holds()


def test_a_stream_shrinks_to_the_shortest() -> None:
    assert find(event_streams("sse"), lambda body: True, settings=settings(phases=[Phase.generate, Phase.shrink])) == (
        b"data: Hello\n\ndata: goodbye\n\n"
    )


def test_a_dialect_that_is_unknown() -> None:
    with pytest.raises(UsageError, match="klingon"):
        event_streams("klingon")


def test_no_thread_or_file_is_left_behind() -> None:
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    for _ in range(3):
        with replay_server(EMOJI) as server, urlopen(Request(f"{server.url}/v1/chat/completions", method="POST")) as r:
            r.read()
    after = len(os.listdir("/proc/self/fd")) if before else 0
    assert after <= before + 1


def test_the_properties_of_the_readme_hold() -> None:
    """The example of README, section "Use it from tests", with the reference as the parser."""

    def parse(found: Iterable[bytes]) -> list[Any]:
        decoder = SSEDecoder()
        return [(e.type, e.data, e.id) for piece in found for e in decoder.feed(piece)] + list(decoder.close() or ())

    text = (CAPTURES.parent / "README.md").read_text(encoding="utf-8")
    example = text[text.index("@given(st.data(), event_streams") :].partition("```")[0]
    names: dict[str, Any] = {"given": given, "st": st, "event_streams": event_streams, "chunkings": chunkings}
    exec(example, names | {"parse": parse}, found := names | {"parse": parse})
    settings(max_examples=30, deadline=None)(found["test_cuts_do_not_matter"])()
