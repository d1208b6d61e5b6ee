"""`streamdoctor record` on a terminal: the live table, and a clean end by ctrl-C."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import re
import struct
import sys
import termios
from collections.abc import Callable
from pathlib import Path

from streamdoctor.capture.file import expand
from tests.record.sockets import CHUNKED, read_head, run, upstream


class Terminal:
    """A process on a terminal of its own, 24 lines of 110 columns; `shown` is all that it wrote."""

    def __init__(self) -> None:
        self.ours, self.theirs = pty.openpty()
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 110, 0, 0))
        self.shown = ""

    async def start(self, *words: str) -> None:
        environment = {**os.environ, "TERM": "xterm"}
        self.process = await asyncio.create_subprocess_exec(
            *words, stdin=self.theirs, stdout=asyncio.subprocess.PIPE, stderr=self.theirs,
            env=environment, start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        os.close(self.theirs)
        asyncio.get_running_loop().add_reader(self.ours, self._read)

    def _read(self) -> None:
        try:
            self.shown += os.read(self.ours, 65536).decode()
        except OSError:  # the other side is closed
            asyncio.get_running_loop().remove_reader(self.ours)

    async def until(self, condition: Callable[[str], object]) -> None:
        while not condition(self.shown):
            await asyncio.sleep(0.01)

    async def interrupt(self) -> str:
        """ctrl-C, as typed; what went to stdout."""
        os.write(self.ours, b"\x03")
        out, _ = await self.process.communicate()
        self._read()
        os.close(self.ours)
        return out.decode()


def test_a_terminal_shows_a_live_table_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    async def scene() -> None:
        gate = asyncio.Event()

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await read_head(reader)
            writer.write(CHUNKED + b"9\r\ndata: 1\n\n\r\n")
            await gate.wait()
            writer.write(b"0\r\n\r\n")

        async with upstream(handle) as port:
            terminal = Terminal()
            words = ("--upstream", f"http://127.0.0.1:{port}", "--listen", "127.0.0.1:0", "--out", str(tmp_path))
            await terminal.start(sys.executable, "-m", "streamdoctor", "record", *words)
            await terminal.until(lambda shown: "0 open, 0 exchanges" in shown)
            found = re.search(r"recording http://127\.0\.0\.1:(\d+) ", terminal.shown)
            assert found
            _, writer = await asyncio.open_connection("127.0.0.1", int(found[1]))
            writer.write(b"GET /\x1b[2J\xe6\x9d\xb1 HTTP/1.1\r\nHost: h\r\n\r\n")
            await terminal.until(lambda shown: re.search(r"GET /\\x1b\[2J.* 200 .* 1 .* open", shown))
            gate.set()
            await terminal.until(lambda shown: re.search(r"GET /\\x1b\[2J.* complete \(chunked\)", shown))
            writer.close()
            out = await terminal.interrupt()
        assert terminal.process.returncode == 0
        assert [Path(line) for line in out.splitlines()] == expand([str(tmp_path)])
        assert "1 exchange, " in terminal.shown.rpartition("\x1b[J")[2]
        controls = set(re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x1f\x7f-\x9f]", terminal.shown))
        assert not controls - {"\r", "\n"} - {c for c in controls if re.fullmatch(r"\x1b\[\d*[AKJm]", c)}

    run(scene())


def test_beside_a_command_the_terminal_is_the_commands(tmp_path: Path) -> None:
    async def scene() -> None:
        terminal = Terminal()
        script = "import sys; print('mine', file=sys.stderr); sys.exit(4)"
        words = ("--upstream", "http://h", "--out", str(tmp_path), "--", sys.executable, "-c", script)
        await terminal.start(sys.executable, "-m", "streamdoctor", "record", *words)
        await terminal.process.communicate()
        terminal._read()
        assert terminal.process.returncode == 4
        assert terminal.shown.startswith("mine\r\nno exchange came") and "\x1b" not in terminal.shown
        os.close(terminal.ours)

    run(scene())
