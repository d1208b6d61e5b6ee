"""Writing to a descriptor that may be slow, without making an event loop wait: a thread takes the bytes in order.

Rule: memory is bounded by the high water mark and what is handed over before the pause works.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from queue import SimpleQueue
from threading import Lock, Thread

HIGH_WATER = 64 << 10


class Outlet:
    """`pause` and `resume` hear how many bytes wait when it becomes too many and when it is few again, `lost` that the
    other end is gone. All are called in the loop."""

    def __init__(
        self,
        descriptor: int,
        loop: asyncio.AbstractEventLoop,
        pause: Callable[[int], None],
        resume: Callable[[int], None],
        lost: Callable[[], None],
    ) -> None:
        self.broken = False
        self._descriptor = descriptor
        self._loop = loop
        self._pause, self._resume, self._lost = pause, resume, lost
        self._queue: SimpleQueue[bytes | None] = SimpleQueue()
        self._lock = Lock()
        self._waiting = 0
        self._paused = False
        # A daemon: nothing can wake a thread whose write the other end never takes.
        self._thread = Thread(target=self._work, daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Bytes that are not written yet."""
        return self._waiting

    def write(self, data: bytes) -> None:
        """Takes `data`; it is written as soon as the descriptor takes it."""
        if not data or self.broken:
            return
        with self._lock:
            self._waiting += len(data)
        self._queue.put(data)
        if self._waiting > HIGH_WATER and not self._paused:
            self._paused = True
            self._pause(self._waiting)

    async def close(self) -> None:
        """Waits until all is written."""
        self._queue.put(None)
        await self._loop.run_in_executor(None, self._thread.join)

    def _work(self) -> None:
        while (data := self._queue.get()) is not None:
            try:
                self._write_all(data)
            except OSError:
                self.broken = True
                self._loop.call_soon_threadsafe(self._lost)
                return
            with self._lock:
                self._waiting -= len(data)
                few = self._waiting < HIGH_WATER // 4
            if few and self._paused:
                self._loop.call_soon_threadsafe(self._resume_once)

    def _write_all(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            left = left[os.write(self._descriptor, left) :]

    def _resume_once(self) -> None:
        if self._paused:
            self._paused = False
            self._resume(self._waiting)
