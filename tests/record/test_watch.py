"""What a spectator sees of the exchanges that a relay reports."""

from __future__ import annotations

import gzip

import pytest

from streamdoctor.record.commands import Close, Keep, Note, Open
from streamdoctor.record.sessions import Attempt
from streamdoctor.record.store import Recording
from streamdoctor.record.watch import MOST_DECODED, EventCount, Seen, Watch

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: 100000000\r\n\r\n"


class Scene:
    """One exchange whose first byte came at 1,000."""

    def __init__(self) -> None:
        self.watch = Watch()
        self.opened = Open(1, "POST", "/x", (), None)
        self.recording = Recording(self.opened, Attempt("s", 2))
        self.watch.hear(1_000, self.recording, self.opened)
        self.keep(0, b"POST /x HTTP/1.1\r\n\r\n", ">")

    def keep(self, ns: int, data: bytes, way: str = "<") -> Seen:
        self.watch.hear(1_000 + ns, self.recording, Keep(1, ns, way, data))  # type: ignore[arg-type]
        return next(iter(self.watch.open.values()))


def test_reads_and_gaps_are_those_of_the_upstream() -> None:
    scene = Scene()
    scene.keep(50, HEAD % b"text/event-stream")
    scene.keep(60, b"data: a\n\nda")
    seen = scene.keep(95, b"ta: b\n\n")
    assert (seen.number, seen.attempt, seen.status, seen.first_ns) == (1, 2, 200, 50)
    assert (seen.reads, seen.events.count, seen.longest_gap) == (3, 2, 35)
    assert seen.gap(2_000) == 905


def test_a_read_that_was_held_back_keeps_its_own_time() -> None:
    scene = Scene()
    scene.keep(10, HEAD % b"text/plain")
    scene.watch.hear(5_000, scene.recording, Keep(1, 20, "<", b"x"))
    assert next(iter(scene.watch.open.values())).gap(5_000) == 3_980


def test_an_informational_head_is_no_status() -> None:
    scene = Scene()
    assert scene.keep(1, b"HTTP/1.1 100 Continue\r\n\r\n").status is None


def test_a_slow_client_shows_until_it_takes_more() -> None:
    scene = Scene()
    for mark, paused in [
        ("downstream-paused", True),
        ("oddity", True),
        ("downstream-resumed", False),
        ("oddity", False),
    ]:
        scene.watch.hear(2_000, scene.recording, Note(1, 5, mark, {}))
        assert next(iter(scene.watch.open.values())).paused is paused


def test_what_ended_is_collected_once() -> None:
    scene = Scene()
    scene.watch.hear(9_000, scene.recording, Close(1, 99, "reset", "upstream", None, {}, 200, 1))
    (seen,) = scene.watch.collect()
    assert seen.closed is not None and seen.closed.cause == "reset" and seen.status == 200
    assert scene.watch.collect() == [] and not scene.watch.open and scene.watch.count == 1


@pytest.mark.parametrize(
    ("kind", "body", "count"),
    [
        (b"text/event-stream", b": ping\n\ndata: 1\n\ndata: 2\r\n\r\n", 2),
        (b"application/x-ndjson", b'{"a":1}\n{"a":2}\n', 2),
        (b"text/html", b"<html>", None),
    ],
)
def test_events_are_those_of_the_framing(kind: bytes, body: bytes, count: int | None) -> None:
    for size in (1, 3, 1000):
        counter = EventCount("GET")
        data = HEAD % kind + body
        for at in range(0, len(data), size):
            counter.feed(data[at : at + size])
        assert counter.count == count and not counter.more


def test_events_are_counted_under_a_coding() -> None:
    counter = EventCount("GET")
    counter.feed(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Type: text/event-stream\r\n\r\n"
        + gzip.compress(b"data: 1\n\n" * 7)
    )
    assert counter.count == 7


def test_counting_a_long_response_stops_and_says_so() -> None:
    counter = EventCount("GET")
    counter.feed(HEAD % b"text/event-stream")
    for _ in range(2 * MOST_DECODED // 65536):
        counter.feed(b"data: " + b"x" * 65528 + b"\n\n")
    assert counter.more and counter.count is not None
    assert 0 < counter.count < MOST_DECODED // 65536 + 1
