"""Screen 4: the recorder runs beside it, and exchanges are read from their captures as they grow."""

from __future__ import annotations

import asyncio
import os
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from streamdoctor.capture.file import load
from streamdoctor.capture.model import RECEIVED, SENT
from streamdoctor.replay.server import ReplayServer
from streamdoctor.tui.state import State
from streamdoctor.tui.tail import Pulse, Tails
from tests.tui.driving import CAPTURES, SMALL, driven, lines_with, pressed, run, until

NAME = "llama-chat-ascii"


def written(path: Path) -> list[bytes]:
    return (CAPTURES / f"{path.name}").read_bytes().splitlines(keepends=True)


def test_a_pulse_keeps_its_bytes_when_time_outgrows_it() -> None:
    pulse = Pulse()
    for second in range(60):
        pulse.add(second * 1_000_000_000, 10)
    assert sum(pulse.slots) == 600
    assert all(pulse.slots[:15])


def test_only_whole_records_are_taken_and_a_file_that_goes_is_said_to_be_gone(tmp_path: Path) -> None:
    tails = Tails(tmp_path)
    path = tmp_path / f"{NAME}.capture.jsonl"
    tails.look(0, 0)
    lines = written(path)
    path.write_bytes(b"".join(lines[:9]) + lines[9][:5])
    assert tails.look(1, 1)
    tail = tails.tails[path]
    assert tail.seen is not None and tail.seen.method == "POST"
    before = len(tail.arrived)
    tail.follow()
    path.write_bytes(b"".join(lines))
    assert tails.look(2, 2)
    assert tail.seen.closed is not None and tail.seen.closed.cause == "complete"
    assert len(tail.arrived) == len(load(path).reads(RECEIVED)) > before
    assert tail.words is not None and len(tail.words.text) > 20
    path.unlink()
    assert tails.look(3, 3) and tail.trouble == "its file is gone"


def test_what_lay_there_before_is_no_news(tmp_path: Path) -> None:
    path = tmp_path / f"{NAME}.capture.jsonl"
    path.write_bytes(b"".join(written(path)))
    tails = Tails(tmp_path)
    assert not tails.look(0, 0) and not tails.look(1, 1) and not tails.tails


@run
async def test_follow_mode_is_said_in_words_and_ends_when_you_scroll_up(tmp_path: Path) -> None:
    path = tmp_path / f"{NAME}.capture.jsonl"
    lines = written(path)
    async with driven(tmp_path, SMALL, place="record") as pilot:
        await lines_with(pilot, "nothing recorded yet")
        screen = pilot.app.record_screen
        await until(pilot, lambda: screen.tails._old is not None)
        path.write_bytes(b"".join(lines[:20]))
        await lines_with(pilot, "POST /v1")
        await pressed(pilot, "enter")
        assert await lines_with(pilot, "following: what arrives is shown")
        await pressed(pilot, "k", "k")
        assert await lines_with(pilot, "stands still")
        path.write_bytes(b"".join(lines[:25]))
        assert await lines_with(pilot, "stands still; +5 lines since")
        await pressed(pilot, "f")
        assert await lines_with(pilot, "following")


@run
async def test_it_records_what_a_client_asks_an_upstream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    source = load(CAPTURES / f"{NAME}.capture.jsonl")
    upstream = ReplayServer([source])
    await upstream.start()
    state = State(upstream=upstream.url, listen="127.0.0.1:0")
    try:
        async with driven(tmp_path, state=state, place="record") as pilot:
            await pressed(pilot, "r")
            port = re.findall(r"127.0.0.1:(\d+) ->", (await lines_with(pilot, "recording  http"))[0])[0]
            _, writer = await asyncio.open_connection("127.0.0.1", int(port))
            writer.write(source.data(SENT))
            await lines_with(pilot, "POST /v1", "complete (chunked)")
            writer.close()
            await pressed(pilot, "r")
            assert await lines_with(pilot, "not recording")
            await pressed(pilot, "q")
            assert "1 exchange recorded" in str(pilot.app.return_value)
    finally:
        await upstream.stop()
    (recorded,) = tmp_path.glob("*.capture.jsonl")
    assert load(recorded).data(RECEIVED) == source.data(RECEIVED)


KILLED = """
import asyncio, sys
from pathlib import Path
from streamdoctor.tui.recorder import RecorderProcess

def said(line):
    print(line, recorder._process.pid, flush=True)

recorder = RecorderProcess(said, print)
asyncio.run(recorder.run(sys.argv[1], "127.0.0.1:0", Path(sys.argv[2])))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent is gone")
def test_a_screen_that_is_killed_takes_its_recorder_along(tmp_path: Path) -> None:
    words = [sys.executable, "-c", KILLED, "http://127.0.0.1:9", str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        recorder = os.pidfd_open(int(parent.stdout.readline().split()[-1]))
        parent.send_signal(signal.SIGKILL)
        assert select.select([recorder], [], [], 10)[0], "the recorder lives on"
    os.close(recorder)


@run
async def test_a_stream_that_stalls_is_marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour passes at once: the screen has a clock of its own here."""
    passed = [0]
    clock = SimpleNamespace(monotonic_ns=lambda: time.monotonic_ns() + passed[0], time_ns=time.time_ns)
    monkeypatch.setattr("streamdoctor.tui.screens.record.time", clock)
    path = tmp_path / f"{NAME}.capture.jsonl"
    async with driven(tmp_path, SMALL, place="record") as pilot:
        screen = pilot.app.record_screen
        await until(pilot, lambda: screen.tails._old is not None)
        path.write_bytes(b"".join(written(path)[:20]))
        await lines_with(pilot, "POST /v1")
        passed[0] = 3_600_000_000_000
        assert await lines_with(pilot, "POST /v1", "stalled")


def test_a_file_that_is_replaced_or_torn_is_read_from_its_start(tmp_path: Path) -> None:
    path, other = tmp_path / f"{NAME}.capture.jsonl", tmp_path / "other"
    tails = Tails(tmp_path)
    tails.look(0, 0)
    path.write_bytes(b"".join(written(path)))
    tails.look(1, 1)
    other.write_bytes((CAPTURES / "llama-chat-killed.capture.jsonl").read_bytes())
    other.replace(path)
    assert tails.look(2, 2)
    tail = tails.tails[path]
    assert tail.seen is not None and tail.seen.closed is not None and tail.seen.closed.cause == "eof"
    assert tail.trouble is None
    path.write_bytes(path.read_bytes()[:3000])
    assert tails.look(3, 3)
    assert tails.tails[path].open and tails.tails[path].trouble is None


@run
async def test_an_exchange_whose_file_is_gone_is_not_open_any_more(tmp_path: Path) -> None:
    path = tmp_path / f"{NAME}.capture.jsonl"
    async with driven(tmp_path, SMALL, place="record") as pilot:
        await until(pilot, lambda: pilot.app.record_screen.tails._old is not None)
        path.write_bytes(b"".join(written(path)[:20]))
        assert await lines_with(pilot, "1 open, 1 exchange,", "bytes")
        path.unlink()
        assert await lines_with(pilot, "its file is gone")
        assert await lines_with(pilot, "0 open, 1 exchange,", "bytes")
