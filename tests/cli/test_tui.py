"""`streamdoctor tui` where there is no terminal, and in a real one."""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import struct
import subprocess
import sys
import termios
import time
from fcntl import ioctl
from pathlib import Path

import pytest

CAPTURES = Path(__file__).parents[2] / "captures"
NAME = "llama-chat-ascii.capture.jsonl"


def streamdoctor(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "streamdoctor", *words], capture_output=True, text=True, cwd=cwd, timeout=60
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "captures").mkdir()
    for name in (NAME, "llama-chat-killed.capture.jsonl"):
        shutil.copy(CAPTURES / name, tmp_path / "captures")
    return tmp_path


def test_without_a_terminal_it_prints_the_text_report(folder: Path) -> None:
    assert streamdoctor("tui", cwd=folder).stdout == streamdoctor("show", "captures", cwd=folder).stdout
    one = f"captures/{NAME}"
    assert streamdoctor("tui", one, cwd=folder).stdout == streamdoctor("show", one, cwd=folder).stdout


def test_without_a_terminal_it_prints_the_report_of_results(folder: Path) -> None:
    words = ("check", f"captures/{NAME}", "-p", "reference", "-s", "whole")
    checked = streamdoctor(*words, "--json", "results.json", cwd=folder)
    assert streamdoctor("tui", "results.json", cwd=folder).stdout == checked.stdout
    document = json.loads((folder / "results.json").read_text())
    document["results"][0].pop("parser")
    (folder / "torn.json").write_text(json.dumps(document))
    torn = streamdoctor("tui", "torn.json", cwd=folder)
    assert torn.returncode == 3 and "Traceback" not in torn.stderr


def test_what_is_not_there_is_said(folder: Path) -> None:
    done = streamdoctor("tui", "nowhere", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert "nowhere: there is no such file or folder" in done.stderr


@pytest.mark.parametrize("colour", [{}, {"NO_COLOR": "1"}], ids=["colour", "no colour"])
def test_in_a_terminal_it_leaves_one_line(folder: Path, colour: dict[str, str]) -> None:
    pid, master = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.environ.update({"TERM": "xterm-256color", "COLORTERM": "truecolor", **colour})
        os.execv(sys.executable, [sys.executable, "-m", "streamdoctor", "tui"])
    ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    seen = read_until(master, b"2 of 2 captures")
    os.write(master, b"q")
    seen += read_until(master, b"captures: 2 captures")
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert (b"38;2;" in seen or b"48;2;" in seen) != bool(colour)


@pytest.mark.slow
def test_the_demo_opens_on_its_matrix(folder: Path) -> None:
    pid, master = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.environ.update({"TERM": "xterm-256color"})
        os.execv(sys.executable, [sys.executable, "-m", "streamdoctor", "demo", "--tui"])
    ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    read_until(master, b"closes-after", 120)
    os.write(master, b"q")
    with pytest.raises(OSError):  # what is left, until the terminal is nobody's
        while os.read(master, 1 << 16):
            pass
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def read_until(master: int, words: bytes, seconds: float = 20) -> bytes:
    """What the terminal got, as far as `words`."""
    seen, end = b"", time.monotonic() + seconds
    while words not in seen:
        ready, _, _ = select.select([master], [], [], max(end - time.monotonic(), 0))
        assert ready, seen[-2000:]
        seen += os.read(master, 1 << 16)
    return seen
