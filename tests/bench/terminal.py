"""A program on a pseudo-terminal: keys in, what it draws out, as text without its escape sequences."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

_ESCAPES = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|P[^\x1b]*\x1b\\|[@-Z\\-_=>])")
_READ = 1 << 16


class Terminal:
    """`streamdoctor` with these words, in `folder`; ended when the `with` is left. Times are seconds."""

    def __init__(self, words: Sequence[str], folder: Path, size: tuple[int, int] = (120, 40)) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.started = time.perf_counter()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "streamdoctor", *words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=folder,
            env={**os.environ, "TERM": "xterm-256color"},
            start_new_session=True,
        )
        os.close(slave)
        self._drawn = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._master)

    def press(self, key: str) -> float:
        """Types `key`; what was drawn before is forgotten. Returns when that was."""
        self._take(0)
        self._drawn = b""
        started = time.perf_counter()
        os.write(self._master, key.encode())
        return started

    def until(self, text: str, *, within: float = 60.0) -> float:
        """When `text` was drawn. Raises TimeoutError where it was not, after `within` seconds."""
        over = time.perf_counter() + within
        while text not in self.shown:
            if time.perf_counter() > over or self._process.poll() is not None:
                raise TimeoutError(f"{text!r} was not drawn within {within} s")
            self._take(0.05)
        return time.perf_counter()

    def jump(self, key: str, text: str) -> float:
        """From `key` to `text` on the screen."""
        started = self.press(key)
        return self.until(text) - started

    def leave(self, key: str, *, within: float = 60.0) -> float:
        """From `key` to the end of the program."""
        started = self.press(key)
        while self._process.poll() is None:
            if time.perf_counter() - started > within:
                raise TimeoutError(f"the program did not end within {within} s")
            self._take(0.01)
        return time.perf_counter() - started

    @property
    def shown(self) -> str:
        """What was drawn since the last key."""
        return _ESCAPES.sub(b"", self._drawn).decode("utf-8", "replace")

    @property
    def memory(self) -> int:
        """Resident memory in MiB."""
        told = subprocess.run(["ps", "-o", "rss=", "-p", str(self._process.pid)], capture_output=True, check=True)
        return int(told.stdout) >> 10

    def _take(self, seconds: float) -> None:
        while select.select([self._master], [], [], seconds)[0]:
            try:
                self._drawn += os.read(self._master, _READ)
            except OSError:
                return  # the program has closed its side
            seconds = 0
