"""The recorder as a process of its own: `streamdoctor record`, so that what the screen does costs its times nothing.

Rule: it is interrupted, not killed, so that every capture gets its end, also where the screen itself is killed. What it
says is kept, a line a message.
"""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from streamdoctor.tui import processes

_PATIENCE = 5.0
_MAIN = """
import signal
from streamdoctor.parsers.parentage import end_with_parent
end_with_parent(signal.SIGINT)
from streamdoctor.cli import main
main()
"""


class RecorderProcess:
    """`said` hears its lines, `over` that it ended."""

    def __init__(self, said: Callable[[str], None], over: Callable[[int], None]) -> None:
        self._said, self._over = said, over
        self._process: Process | None = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def run(self, upstream: str, listen: str, out: Path) -> None:
        """Records until it is stopped, or ends by itself."""
        words = ["-c", _MAIN, "record", "--upstream", upstream, "--listen", listen, "--out", str(out)]
        unbuffered = {**os.environ, "PYTHONUNBUFFERED": "1"}
        self._process = await processes.start(words, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE, env=unbuffered)
        assert self._process.stderr is not None
        try:
            async for line in self._process.stderr:
                self._said(line.decode("utf-8", "replace").rstrip("\n"))
        finally:
            await self.stop()
            self._over(await self._process.wait())

    async def stop(self) -> None:
        """Ends it as ctrl-C would; by force where that takes too long."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        try:
            await processes.settled(asyncio.ensure_future(asyncio.wait_for(process.wait(), _PATIENCE)))
        except TimeoutError:
            await processes.kill(process)
