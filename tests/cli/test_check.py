"""`check` in a terminal: how far it came, on one line that is gone at the end."""

from __future__ import annotations

import os
import pty
import struct
import subprocess
import sys
import termios
from contextlib import suppress
from fcntl import ioctl

COLUMNS = 46
WORDS = ("check", "probe:openai-chat", "--parser", "parses-each-piece", "--split", "every-cut", "--jobs", "1")


def on_a_terminal(*words: str) -> tuple[str, str]:
    """What it prints, and what a terminal of `COLUMNS` gets as its stderr."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    with subprocess.Popen(
        [sys.executable, "-m", "streamdoctor", *words], stdout=subprocess.PIPE, stderr=theirs
    ) as running:
        os.close(theirs)
        told = b""
        with suppress(OSError):  # on Linux, that the terminal is nobody's any more
            while piece := os.read(ours, 1 << 16):
                told += piece
        assert running.stdout is not None
        printed = running.stdout.read()
    os.close(ours)
    return printed.decode(), told.decode()


def test_how_far_it_came_is_told_on_one_line_that_is_gone_at_the_end() -> None:
    printed, told = on_a_terminal(*WORDS)
    first, *lines = told.split("\r\x1b[K")
    assert (first, lines[-1]) == ("", "") and "parses-each-piece  probe:openai-chat" in lines
    assert any(line.startswith("parses-") and ": case " in line for line in lines)
    assert max(map(len, lines)) < COLUMNS
    assert "\x1b" not in printed and printed.endswith("1 result from 609 cases: 1 fail\n")


def test_a_long_name_leaves_room_for_how_far_it_came() -> None:
    _, told = on_a_terminal(*WORDS[:3], "streamdoctor.parsers.specimens:parses_each_piece", *WORDS[4:])
    lines = told.split("\r\x1b[K")
    assert max(map(len, lines)) < COLUMNS
