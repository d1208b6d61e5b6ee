"""Exploring: steps a second, whole proofs, and what the same takes by feeding chunkings from scratch.

DESIGN section 10: at least 300,000 steps a second in one process; 20 kB with pieces of at most 64 bytes in under 6 s;
2 kB with all pieces in under 20 s. Steps are told in CPU time, beside bare feeding, whose share is the parser's own;
whole proofs in wall time, with the second process. `quick`: only small bodies.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import combinations, pairwise

from streamdoctor.parsers.calibrate import Calibration
from streamdoctor.parsers.levels import View, expected
from streamdoctor.stream.providers import by_name
from streamdoctor.stream.reading import Reading, read_body
from streamdoctor.stream.sse import SSEDecoder
from streamdoctor.suite.examine import Options
from streamdoctor.suite.expectation import Expectation
from streamdoctor.suite.explore import Judged, Walk, chunkings
from streamdoctor.suite.prove import prove
from streamdoctor.suite.prover import Task
from streamdoctor.suite.states import ALL_CONDITIONS, States
from streamdoctor.suite.subjects import Subject, from_capture
from streamdoctor.suite.workers import Limits

CAPTURE = "captures/llama-chat-emoji-japanese.capture.jsonl"
VIEW = View("event")


def main(words: list[str]) -> None:
    quick = "quick" in words
    _steps(4_000, 64)
    _steps(500 if quick else 2_048, None)
    _scratch(18)
    for size, longest in ((2_000, 64), (500, None)) if quick else ((20_000, 64), (2_048, None)):
        _proof(size, longest)


def _reading(size: int) -> Reading:
    reading = from_capture(CAPTURE).reading
    return read_body(reading.body[:size], by_name("sse"))


def _walk(reading: Reading, longest: int) -> Walk:
    states = States(SSEDecoder, ALL_CONDITIONS)
    expectation = Expectation(VIEW, expected(VIEW, reading), reading.body)
    return Walk(states, expectation, reading.body, longest, lambda cuts: Judged([], "end", ()))


def _cpu(run: Callable[[], object]) -> float:
    started = time.process_time()
    run()
    return time.process_time() - started


def _steps(size: int, longest: int | None) -> None:
    """The walk in this process, beside nothing but a decoder in the right state that is fed the same pieces."""
    reading = _reading(size)
    walk = _walk(reading, longest or size)
    seconds = _cpu(walk.run)
    steps = walk.tally.steps
    bare = _cpu(lambda: _bare(reading.body, longest or size))
    print(
        f"steps: {size:,} bytes, pieces <= {longest or size:,}: {steps:,}, {steps / seconds:,.0f} a second of CPU; "
        f"{seconds / steps * 1e6:.2f} us a step, of which the parser's own {bare / steps * 1e6:.2f}"
    )


def _bare(body: bytes, longest: int) -> None:
    before = SSEDecoder()
    for at in range(len(body)):
        state, line, data = before.__dict__, before._line, before._data
        for end in range(at + 1, min(at + longest, len(body)) + 1):
            decoder = SSEDecoder.__new__(SSEDecoder)
            decoder.__dict__ = {**state, "_line": line[:], "_data": data[:]}
            decoder.feed(body[at:end])
        before.feed(body[at : at + 1])


def _scratch(size: int) -> None:
    """All chunkings of a body so short that they can all be fed."""
    reading = read_body(b"data: a\n\ndata: \xc3\xa9\r\n\r\n"[:size], by_name("sse"))
    body, count = reading.body, 2 ** (len(reading.body) - 1)
    scratch = _cpu(lambda: _every(body))
    walk = _cpu(lambda: _walk(reading, len(body)).run())
    print(
        f"all {chunkings(len(body), len(body))} chunkings of {len(body)} bytes: from scratch {scratch:.2f} s "
        f"({count / scratch:,.0f} chunkings a second), by the walk {walk * 1000:.1f} ms: {scratch / walk:,.0f} x"
    )


def _every(body: bytes) -> None:
    for cuts in range(len(body)):
        for where in combinations(range(1, len(body)), cuts):
            decoder = SSEDecoder()
            for start, end in pairwise((0, *where, len(body))):
                decoder.feed(body[start:end])
            decoder.close()


def _proof(size: int, longest: int | None) -> None:
    subject = Subject(None, "bench", _reading(size))
    task = Task("reference", subject, Calibration("sse", VIEW, "parser", True), Options(), Limits(), longest)
    started = time.perf_counter()
    outcome = prove(task)
    seconds = time.perf_counter() - started
    assert outcome.proof is not None, outcome.refused
    proof = outcome.proof
    print(
        f"proof: {size:,} bytes, pieces <= {proof.max_piece:,}: {proof.chunkings} chunkings in {seconds:.1f} s "
        f"({proof.states:,} states, {proof.steps:,} steps, 1,000 chunkings in a second process)"
    )
