"""Processes that the TUI starts: each leads a group of its own, and none outlives the work that wanted it.

Rule: cancelling is heeded only once the process is known and gone; whoever cancels, and however often.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")

_LONGEST = 64 << 20
"""Bytes of one line that is read from a process."""


async def start(words: Sequence[str], **streams: Any) -> Process:
    """Python with these words, in a new session; stdin and stdout are pipes unless told otherwise."""
    streams = {"stdin": PIPE, "stdout": PIPE, **streams}
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_exec(sys.executable, *words, limit=_LONGEST, start_new_session=True, **streams)
    )
    try:
        return await settled(starting)
    except asyncio.CancelledError:
        if not starting.cancelled():
            await kill(starting.result())
        raise


async def kill(process: Process) -> None:
    """Ends a process and all that it started; it is gone when this returns."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    if process.stdin is not None:
        process.stdin.close()
    await settled(asyncio.ensure_future(process.wait()))


async def settled(work: asyncio.Future[T]) -> T:
    """What comes of `work`, waited for also when this is cancelled meanwhile; that is raised afterwards."""
    cancelled: asyncio.CancelledError | None = None
    while not work.done():
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
    return work.result()
