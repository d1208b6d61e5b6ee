"""An event loop whose clock is virtual: it moves only when nothing else can happen, and then at once.

Rule: when nothing is runnable, first whoever waits for input gets it (`on_rest`), then work in executor threads is
waited for in real time, and only then does the clock jump to the next timer. Nothing sleeps.
"""

from __future__ import annotations

import asyncio
import selectors
import threading
from collections.abc import Callable
from typing import Any

_THREAD_PATIENCE = 0.5
"""Seconds of real time given to threads that the parser started itself, when nothing else can happen."""


class Idle(BaseException):
    """Nothing can ever happen again, or not before the time that was set."""


class _RestSelector(selectors.DefaultSelector):
    """Asks the loop what to do where a selector would block."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if self.loop.on_rest():
            return []
        if self.loop.executing:
            return super().select(None)
        if threading.active_count() > self.loop.threads:
            ready = super().select(_THREAD_PATIENCE)
            if ready:
                return ready
        self.loop.jump(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """`on_rest()` is called when nothing is runnable; it returns True if it made something so.

    `until` bounds the virtual clock, in seconds: a jump beyond it raises Idle out of the loop.
    """

    def __init__(self, on_rest: Callable[[], bool]) -> None:
        selector = _RestSelector()
        selector.loop = self
        self.on_rest = on_rest
        self.executing = 0
        self.threads = threading.active_count()
        self.until: float | None = None
        self._now = 0.0
        super().__init__(selector)

    def time(self) -> float:
        return self._now

    def jump(self, timeout: float | None) -> None:
        """Moves the clock by `timeout` seconds; None means that no timer is left."""
        if timeout is None or (self.until is not None and self._now + timeout > self.until):
            raise Idle
        self._now += timeout

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        future = super().run_in_executor(executor, func, *args)
        self.executing += 1
        future.add_done_callback(self._executed)
        return future

    def _executed(self, future: asyncio.Future[Any]) -> None:
        self.executing -= 1

    async def _end_all(self) -> None:
        others = asyncio.all_tasks(self) - {asyncio.current_task(self)}
        await asyncio.gather(*others, return_exceptions=True)
        await self.shutdown_asyncgens()

    def shut(self) -> None:
        """Ends all tasks and generators, and closes the loop, whatever state it is in."""
        self.on_rest = bool
        self.until = self._now
        try:
            for task in asyncio.all_tasks(self):
                task.cancel()
            self.run_until_complete(self._end_all())
        except (Idle, RuntimeError):
            pass
        finally:
            self.close()
