"""Runs one case in this process: a script of pieces and an ending goes in, a transcript comes out. No clock.

The source's `__next__` is the asking; for async parsers a piece is released only at rest (nothing runnable, and the
source was asked), so what comes out is put to the step that caused it. Whatever the parser raises is recorded, never
ours. A parser that never returns is the watchdog's business (suite.workers).
"""

from __future__ import annotations

import inspect
import os
import sysconfig
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from streamdoctor.errors import UsageError
from streamdoctor.faults.plans import Plan
from streamdoctor.parsers.shapes import ADAPTER, Shape, Unfit
from streamdoctor.replay.commanded import run_command
from streamdoctor.replay.source import TELLS_NOTHING, AsyncSource, EitherSource, Flood, Script, Source, StillOpen
from streamdoctor.replay.transcript import Raised, Transcript
from streamdoctor.replay.virtual_loop import Idle
from streamdoctor.splits.strategies import Cuts

_OURS = os.path.dirname(__file__)
_STDLIB = sysconfig.get_paths()["stdlib"]


class NotAStream(Unfit):
    """What the parser returned cannot be iterated."""


def run(shape: Shape, plan: Plan, cuts: Cuts) -> Transcript:
    """The transcript of one case. Raises UsageError where what the parser returns is no iterator at all."""
    script = Script(plan, cuts)
    try:
        return _DRIVERS[shape.kind](shape.make, script)
    except UsageError:
        raise
    except Flood:
        return script.transcript(stuck="flooding")
    except Idle:
        return script.transcript(stuck="idle")
    except BaseException as error:
        script.asked |= script.asked_aside
        return script.transcript(raised=_raised(script.step, error))


def _raised(step: int, error: BaseException) -> Raised:
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith(_OURS)]
    own = [f for f in frames if not f.filename.startswith((_STDLIB, "<"))] or frames
    where = f"{os.path.basename(own[-1].filename)}:{own[-1].lineno}" if own else None
    try:
        message = str(error)
    except Exception:
        message = "(its message cannot be had)"
    return Raised(step, type(error).__qualname__, message[:500], where)


# --- objects with feed and close


def _feed(make: Callable[[], Any], script: Script) -> Transcript:
    """What it awaits runs in one loop from the first piece to the end."""
    source = AsyncSource(script)
    try:
        return _feed_all(_made(make, source), source)
    finally:
        source.shut()


def _made(make: Callable[[], Any], source: AsyncSource) -> Any:
    feed = getattr(make, "feed", None)
    if not inspect.iscoroutinefunction(feed) and not inspect.isasyncgenfunction(feed):
        return make()

    async def made() -> Any:
        return make()

    return source.loop.run_until_complete(made())


def _feed_all(parser: Any, source: AsyncSource) -> Transcript:
    script = source.script
    can_end = can_be_done(parser)
    paused, count = script.paused, script.count
    done: bool | None = None
    while script.step < count or script.acts[script.step] not in TELLS_NOTHING:
        if paused:
            source.pass_pause()
        piece = script.next()
        result = parser.feed(piece) if piece is not None else _close(parser)
        if type(result) is not list or result:
            _take(result, source)
        result = None  # as a loop over what `feed` returns lets go of it
        done = is_done(parser)
        if piece is None or done:
            break
    done = is_done(parser) if done is None else done
    script.asked = script.resting and not done
    told = done if can_end or done else None
    return script.transcript(finished=not script.resting or done, done=told, can_end=can_end)


def _close(parser: Any) -> Any:
    close = getattr(parser, "close", None)
    return None if close is None else close()


def can_be_done(parser: Any) -> bool:
    """Does it say when it needs no more? Asked once, before the first piece."""
    return hasattr(parser, "done")


def is_done(parser: Any) -> bool:
    """Does it need no more? Asked once after each piece: what `done` does may change the parser."""
    done = getattr(parser, "done", False)
    return bool(done() if callable(done) else done)


def _take(result: Any, source: AsyncSource) -> None:
    """Drains what `feed` or `close` returned; a single str, bytes, mapping or event stands for itself."""
    if result is None:
        return
    script = source.script
    if type(result) is list:
        script.collect_all(result)
        return
    if inspect.isawaitable(result) or hasattr(result, "__aiter__"):
        source.loop.run_until_complete(_collect_all(result, source))
        return
    if isinstance(result, str | bytes | bytearray | Mapping) or not hasattr(result, "__iter__"):
        script.collect(result)
        return
    script.collect_all(result)


# --- functions from a stream to an iterator


def _sync(make: Callable[[Any], Any], script: Script) -> Transcript:
    return _drain(make(Source(script)), script)


def _async(make: Callable[[Any], Any], script: Script) -> Transcript:
    source = AsyncSource(script)

    async def made() -> Any:
        return make(source)

    return _drain_async(made(), source)


def _look(make: Callable[[Any], Any], script: Script) -> Transcript:
    source = EitherSource(script)
    result = make(source)
    if inspect.isawaitable(result) or hasattr(result, "__aiter__"):
        return _drain_async(result, source)
    return _drain(result, script)


def _drain(result: Any, script: Script) -> Transcript:
    if not hasattr(result, "__iter__"):
        raise NotAStream(f"what it returns for a stream, a {type(result).__name__}, is no iterator", hint=ADAPTER)
    try:
        script.collect_all(result)
    except StillOpen:
        script.asked = True
        return script.transcript()
    return script.transcript(finished=True)


def _drain_async(result: Any, source: AsyncSource) -> Transcript:
    script = source.script
    try:
        source.loop.run_until_complete(_collect_all(result, source))
    except Idle:
        return script.transcript(stuck=None if script.asked else "idle")
    finally:
        source.shut()
    script.asked = False
    return script.transcript(finished=True)


async def _collect_all(result: Any, source: AsyncSource) -> None:
    value = result
    while inspect.isawaitable(value):
        value = await value
    if not hasattr(value, "__aiter__"):
        _take(value, source)
        return
    async for item in value:
        source.script.collect(item)


_DRIVERS: dict[str, Callable[[Any, Script], Transcript]] = {
    "feed": _feed,
    "sync": _sync,
    "async": _async,
    "look": _look,
    "command": run_command,
}
