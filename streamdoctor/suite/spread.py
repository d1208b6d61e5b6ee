"""Half of the walk in a forked helper, where the nodes are known beforehand: every offset reached from the first.

Rule: the helper decides nothing. It says that all was regular, and how many steps it took; whatever else happens to it,
its half is walked again by the one who forked it. Fork happens in a process without threads. Cost: 2 ms and a poll.
"""

from __future__ import annotations

import mmap
import os
import signal
import struct
import time
from collections.abc import Callable

_BOARD = struct.Struct("<qq")
_POLL = 0.02
_IRREGULAR = 1
_ALL = -1
"""Instead of a number of beats, by one who came to the end of its work: who leaves without it was made to leave."""


class Helper:
    """A forked process that does `work`, which is given what to call as it goes and returns its number of steps."""

    def __init__(self, work: Callable[[Callable[[], None]], int], cpu: float, wall: float) -> None:
        self._board = mmap.mmap(-1, _BOARD.size)
        self._wall = wall
        parent = os.getpid()
        self._pid = os.fork()
        if self._pid == 0:
            self._work(work, cpu, parent)

    def _work(self, work: Callable[[Callable[[], None]], int], cpu: float, parent: int) -> None:
        """Never returns. Ends with its parent; a loop in it is ended by its alarm."""
        status, beats = _IRREGULAR, 0

        def going() -> None:
            nonlocal beats
            beats += 1
            signal.setitimer(signal.ITIMER_PROF, cpu)
            self._board[: _BOARD.size] = _BOARD.pack(beats, 0)
            if os.getppid() != parent:
                os._exit(_IRREGULAR)

        try:
            going()
            self._board[: _BOARD.size] = _BOARD.pack(_ALL, work(going))
            status = 0
        finally:
            os._exit(status)

    def wait(self, going: Callable[[], None]) -> int | None:
        """Its number of steps; None where it was not regular. Calls `going` whenever it has got on."""
        seen, since = b"", time.monotonic()
        while True:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            if pid:
                self._pid = 0
                beats, steps = _BOARD.unpack(self._board[:])
                return steps if (beats, status) == (_ALL, 0) else None
            if self._board[:] != seen:
                seen, since = self._board[:], time.monotonic()
                going()
            elif time.monotonic() - since > self._wall:
                self.stop()
                return None
            time.sleep(_POLL)

    def stop(self) -> None:
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
            self._pid = 0
