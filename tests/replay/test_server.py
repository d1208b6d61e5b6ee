"""The fake upstream on real sockets: what a client sees is what was recorded, piece for piece, to the end."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import threading
from pathlib import Path

import pytest

from streamdoctor.capture.file import load
from streamdoctor.capture.model import RECEIVED, SENT
from streamdoctor.errors import UsageError
from streamdoctor.replay.server import Played, ReplayServer
from streamdoctor.replay.server_plan import Options
from streamdoctor.suite.subjects import layers_of
from tests.record.sockets import recording, run, until
from tests.replay.scenes import CHUNKED, MS, POST, ask, body_of, capture, chunk, odd_pieces, take

CAPTURES = sorted((Path(__file__).parents[2] / "captures").glob("[a-z]*.capture.jsonl"))
apart = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells when a client has read a piece")

SHORT = [CHUNKED, chunk(b"data: 1\n\n"), chunk(b"data: 2\n\n"), b"0\r\n\r\n"]
GET = b"GET /v1/chat/completions HTTP/1.1\r\nHost: h\r\n\r\n"


@apart
@pytest.mark.parametrize(("cause", "ending"), [("reset", "rst"), ("eof", "fin"), ("recorder-stopped", "rst")])
def test_28_odd_pieces_arrive_as_they_were_and_end_as_they_did(cause: str, ending: str) -> None:
    pieces = odd_pieces()
    assert len(pieces) == 28

    async def scene() -> None:
        async with ReplayServer([capture(pieces, cause=cause, gap_ms=30)]) as server:
            got = await take(server)
        assert got.reads == pieces
        assert got.ending == ending
        for number, when in enumerate(got.times):
            assert when - got.times[0] >= number * 0.030 - 0.002

    run(scene())


@apart
def test_without_waiting_each_piece_is_still_read_alone() -> None:
    pieces = odd_pieces()

    async def scene() -> None:
        async with ReplayServer([capture(pieces, cause="eof", gap_ms=10_000)], speed=0) as server:
            for got in await asyncio.gather(*(take(server) for _ in range(5))):
                assert (got.reads, got.ending) == (pieces, "fin")

    run(scene())


@apart
def test_on_a_connection_that_has_seen_many_requests_pieces_are_still_apart() -> None:
    """Kernels delay acknowledgements on such connections: nothing may depend on them."""

    async def scene() -> None:
        async with ReplayServer([capture(SHORT)], speed=0) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            for _ in range(20):
                writer.write(POST)
                assert [await reader.read(1 << 16) for _ in SHORT] == SHORT
            writer.close()

    run(scene())


@apart
@pytest.mark.parametrize(
    ("pieces", "cause", "framing"),
    [
        (odd_pieces(), "reset", None),
        (odd_pieces(), "eof", None),
        (SHORT, "complete", "chunked"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", b"ab", b"cd"], "complete", "length"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", b"ab", b"cd"], "eof", None),
        ([b"HTTP/1.1 200 OK\r\n", b"\r\nab", b"cd"], "complete", "close"),
        ([b"HTTP/1.1 204 No Content\r\n\r\n"], "complete", "none"),
        ([b"HTTP/1.1 103 Early Hints\r\n\r\n", *SHORT], "complete", "chunked"),
        ([b"nonsense", b" at length"], "reset", None),
    ],
)
def test_a_recording_of_the_replay_is_the_capture_again(
    tmp_path: Path, pieces: list[bytes], cause: str, framing: str | None
) -> None:
    async def scene() -> None:
        original = capture(pieces, cause=cause, framing=framing, gap_ms=2)
        async with ReplayServer([original]) as server, recording(server.port, tmp_path) as desk:
            _, writer = await desk.connect()
            writer.write(POST)
            _, again = await desk.next()
            writer.close()
            assert again.end is not None and original.end is not None
        for way in (SENT, RECEIVED):
            assert [read.data for read in again.reads(way)] == [read.data for read in original.reads(way)]
        assert (again.end.cause, again.end.side, again.end.framing) == (cause, "upstream", framing)
        first, second = original.reads(RECEIVED), again.reads(RECEIVED)
        assert all(now.ns >= then.ns - MS for then, now in zip(first, second, strict=True))

    run(scene())


@pytest.mark.parametrize("path", CAPTURES, ids=lambda p: p.name.partition(".")[0])
def test_a_shipped_capture_arrives_with_its_body_whole(path: Path) -> None:
    original = load(path)

    async def scene() -> None:
        played: asyncio.Queue[Played] = asyncio.Queue()
        async with ReplayServer([original], speed=0, on_played=played.put_nowait) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(original.data(SENT))
            wanted = original.data(RECEIVED)
            wire = await reader.readexactly(len(wanted))
            writer.close()
            assert (await played.get()).of == len(original.reads(RECEIVED))
        assert wire == wanted

    run(scene())


@pytest.mark.parametrize("path", CAPTURES, ids=lambda p: p.name.partition(".")[0])
def test_a_shipped_capture_cut_anew_decodes_to_the_same_body(path: Path) -> None:
    original = load(path)
    wanted = layers_of(original)

    async def scene() -> None:
        options = Options(split="fixed:700", framing="chunk-per-piece")
        played: asyncio.Queue[Played] = asyncio.Queue()
        async with ReplayServer([original], speed=0, options=options, on_played=played.put_nowait) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(original.data(SENT))
            pieces = -(-len(wanted.decoded) // 700)
            wire = b""
            while wire.count(b"\r\n2bc\r\n") < pieces - 1 or body_of(wire)[0] != wanted.decoded:
                data = await reader.read(1 << 16)
                assert data, wire
                wire += data
            writer.close()
        assert body_of(wire)[0] == wanted.decoded
        assert b"content-encoding" not in wire.partition(b"\r\n\r\n")[0].lower()

    run(scene())


def test_captures_of_the_same_path_come_in_turn_whoever_asks() -> None:
    def numbered(number: int, sent: bytes = POST) -> list[bytes]:
        return [b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % number]

    async def scene() -> None:
        captures = [capture(numbered(1)), capture(numbered(2), sent=GET), capture(numbered(3))]
        async with ReplayServer(captures, speed=0) as server:
            bodies = []
            for request in (POST, POST, GET, POST, GET.replace(b"completions", b"completions?x=1")):
                reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
                bodies.append((await ask(reader, writer, request))[-1:])
                writer.close()
        assert bodies == [b"1", b"3", b"2", b"1", b"2"]

    run(scene())


def test_an_unknown_path_gets_a_list_of_what_there_is() -> None:
    async def scene() -> None:
        async with ReplayServer([capture(SHORT)], names=["short"], speed=0) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            missing = await ask(reader, writer, b"GET /v1/models HTTP/1.1\r\nHost: h\r\n\r\n")
            wrong = await ask(reader, writer, GET)
            bare = await ask(reader, writer, b"HEAD /v1/models HTTP/1.1\r\nHost: h\r\n\r\n")
            fine = await ask(reader, writer, POST)
            writer.close()
        assert missing.startswith(b"HTTP/1.1 404 ") and wrong.startswith(b"HTTP/1.1 405 ")
        assert b"\r\nAllow: POST\r\n" in wrong
        there = [{"method": "POST", "path": "/v1/chat/completions", "capture": "short"}]
        assert json.loads(body_of(missing)[0])["captures"] == there
        assert bare.endswith(b"\r\n\r\n") and fine == b"".join(SHORT)

    run(scene())


def test_a_capture_without_a_request_answers_what_no_other_does() -> None:
    body_only = capture([b"HTTP/1.1 200 OK\r\n\r\n", b"data: 1\n\n"], cause="unknown", sent=b"")

    async def scene() -> None:
        async with ReplayServer([body_only, capture(SHORT)], speed=0) as server:
            assert b"".join((await take(server, GET)).reads).endswith(b"data: 1\n\n")
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            assert await ask(reader, writer) == b"".join(SHORT)
            writer.close()

    run(scene())


def test_a_connection_takes_many_requests_also_all_at_once() -> None:
    async def scene() -> None:
        async with ReplayServer([capture(SHORT, gap_ms=1)]) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(POST * 40)
            assert await reader.readexactly(40 * len(b"".join(SHORT))) == b"".join(SHORT) * 40
            writer.write_eof()
            assert await reader.read() == b""
            writer.close()

    run(scene())


@pytest.mark.parametrize(
    "request_", [POST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), POST.replace(b"HTTP/1.1", b"HTTP/1.0")]
)
def test_a_client_that_wants_one_response_gets_a_fin_after_it(request_: bytes) -> None:
    async def scene() -> None:
        async with ReplayServer([capture(SHORT)], speed=0) as server:
            got = await take(server, request_)
        assert (b"".join(got.reads), got.ending) == (b"".join(SHORT), "fin")

    run(scene())


def test_a_client_that_ends_its_half_gets_everything() -> None:
    async def scene() -> None:
        async with ReplayServer([capture(SHORT, gap_ms=2)]) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(POST)
            writer.write_eof()
            assert await reader.read() == b"".join(SHORT)
            writer.close()

    run(scene())


@pytest.mark.parametrize("cause", ["client-closed", "timeout"])
def test_where_nothing_more_came_nothing_more_comes(cause: str) -> None:
    async def scene() -> None:
        played: asyncio.Queue[Played] = asyncio.Queue()
        async with ReplayServer([capture(SHORT[:2], cause=cause)], speed=0, on_played=played.put_nowait) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(POST)
            assert await reader.readexactly(len(b"".join(SHORT[:2]))) == b"".join(SHORT[:2])
            assert played.empty()
            writer.close()
            told = await played.get()
        assert (told.cause, told.pieces, told.of) == ("client-closed", 2, 2)

    run(scene())


def test_it_is_told_when_a_client_leaves_early() -> None:
    async def scene() -> None:
        played: asyncio.Queue[Played] = asyncio.Queue()
        source = capture([CHUNKED, *[chunk(b"data: x\n\n")] * 500], gap_ms=5)
        async with ReplayServer([source], names=["long"], on_played=played.put_nowait) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(POST)
            await reader.readuntil(b"data: x\n\n")
            writer.close()
            told = await played.get()
        assert (told.capture, told.cause, told.of) == ("long", "client-closed", 501)
        assert told.left_after is not None and 1 <= told.left_after <= told.pieces < 500

    run(scene())


def test_200_clients_at_once_each_get_everything() -> None:
    pieces = [CHUNKED, *(chunk(b"data: %d\n\n" % n) for n in range(20)), b"0\r\n\r\n"]
    one = POST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")

    async def scene() -> None:
        told: list[Played] = []
        async with ReplayServer([capture(pieces, gap_ms=10)], on_played=told.append) as server:
            everyone = await asyncio.gather(*(take(server, one) for _ in range(200)))
        assert {b"".join(got.reads) for got in everyone} == {b"".join(pieces)}
        assert [played.cause for played in told] == ["complete"] * 200

    run(scene())


def test_a_client_that_does_not_read_is_waited_for_and_loses_nothing() -> None:
    body = bytes(range(256)) * 4096 * 16
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    size = 1 << 18

    async def scene() -> None:
        pieces = [head, *(body[at : at + size] for at in range(0, len(body), size))]
        told: list[Played] = []
        async with ReplayServer([capture(pieces)], speed=0, on_played=told.append) as server:
            with socket.create_connection(("127.0.0.1", server.port)) as client:
                client.setblocking(False)
                client.sendall(POST)
                await until(lambda: any(each.leg.waiting for each in server.clients))
                assert max(each.leg.waiting for each in server.clients) <= size
                client.setblocking(True)
                got = await asyncio.to_thread(_exactly, client, len(head) + len(body))
            assert got == head + body

    run(scene())


def _exactly(client: socket.socket, size: int) -> bytes:
    parts, left = [], size
    while left and (data := client.recv(min(left, 1 << 20))):
        parts.append(data)
        left -= len(data)
    return b"".join(parts)


def test_a_request_that_waits_for_100_continue_gets_it_once() -> None:
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    go_on = b"HTTP/1.1 100 Continue\r\n\r\n"

    async def scene() -> None:
        async with ReplayServer([capture([go_on, *SHORT], sent=head + b"{}")], speed=0) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(head)
            assert await reader.readexactly(len(go_on)) == go_on
            assert await ask(reader, writer, b"{}") == b"".join(SHORT)
            assert await ask(reader, writer, POST) == b"".join(SHORT)
            writer.close()

    run(scene())


@pytest.mark.parametrize("nonsense", [b"\x16\x03\x01\x02\x00\x01\x00", b"hello there\r\n\r\n"])
def test_what_is_no_request_gets_a_400_and_the_end(nonsense: bytes) -> None:
    async def scene() -> None:
        async with ReplayServer([capture(SHORT)]) as server:
            got = await take(server, nonsense)
        assert got.reads[0].startswith(b"HTTP/1.1 400 ") and got.ending == "fin"

    run(scene())


def test_stopping_tears_what_is_under_way() -> None:
    async def scene() -> None:
        told: list[Played] = []
        server = ReplayServer([capture(SHORT[:2], cause="client-closed")], speed=0, on_played=told.append)
        await server.start()
        client = asyncio.create_task(take(server))
        await until(lambda: any(each.leg.waiting == 0 and each.busy for each in server.clients))
        await server.stop()
        assert (await client).ending == "rst"
        assert [played.cause for played in told] == ["server-stopped"]

    run(scene())


def test_pages_of_other_origins_may_read_it_only_if_asked_for() -> None:
    preflight = (
        b"OPTIONS /v1/chat/completions HTTP/1.1\r\nHost: h\r\nOrigin: https://page.example\r\n"
        b"Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization,x-a\r\n\r\n"
    )
    foreign = POST.replace(b"\r\n\r\n", b"\r\nOrigin: https://page.example\r\n\r\n")

    async def scene() -> None:
        for cors in (False, True):
            async with ReplayServer([capture([CHUNKED[:20], CHUNKED[20:], *SHORT[1:]])], cors=cors, speed=0) as server:
                reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
                leave = await ask(reader, writer, preflight)
                page, program = await ask(reader, writer, foreign), await ask(reader, writer, POST)
                writer.close()
            assert program == b"".join(SHORT)
            assert leave.startswith(b"HTTP/1.1 204 " if cors else b"HTTP/1.1 405 ")
            assert (b"Access-Control-Allow-Headers: authorization,x-a\r\n" in leave) is cors
            assert (b"\r\nAccess-Control-Allow-Origin: https://page.example\r\n" in page) is cors
            assert body_of(page) == body_of(program)

    run(scene())


def test_a_port_in_use_is_said_in_words() -> None:
    async def scene() -> None:
        async with ReplayServer([capture(SHORT)]) as first:
            with pytest.raises(UsageError, match="in use"):
                await ReplayServer([capture(SHORT)], port=first.port).start()

    run(scene())


def test_it_can_run_in_a_thread_for_clients_that_block() -> None:
    loop, ready = asyncio.new_event_loop(), threading.Event()
    server = ReplayServer([capture(SHORT)], speed=0)
    finish = asyncio.Event()

    async def serve() -> None:
        async with server:
            ready.set()
            await finish.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert ready.wait(20)
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
            client.sendall(POST)
            assert _exactly(client, len(b"".join(SHORT))) == b"".join(SHORT)
    finally:
        loop.call_soon_threadsafe(finish.set)
        thread.join()
        loop.close()
