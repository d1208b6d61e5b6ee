"""What a parser under test reads from: a script of pieces and an ending, behind a sync or an async iterator.

Asking is what counts. The sync source hands over a piece when it is asked; the async one notes who waits and hands
over only when the loop is at rest, and not before the pause that is planned there has passed on the virtual clock; to
a sync parser no pause can be seen. Rule: the script knows the step in force, and what came out in it.
"""

from __future__ import annotations

import asyncio
import errno
import threading
from collections import deque
from collections.abc import AsyncIterator, Collection, Iterator
from functools import cached_property
from itertools import accumulate, islice
from typing import Any

from streamdoctor.errors import IncompleteStream
from streamdoctor.faults.plans import Plan
from streamdoctor.parsers.items import freeze
from streamdoctor.replay.transcript import Output, Transcript
from streamdoctor.replay.virtual_loop import VirtualLoop
from streamdoctor.splits.strategies import Cuts, pieces

KEEP_OPEN_SECONDS = 1.0
"""How long, in virtual seconds, a parser's own timers may run on after everything was handed over."""


_MOST_STEPS = 4
_TICK = 1e-9
"""Seconds by which a clock of floats may be behind."""


class StillOpen(BaseException):
    """Raised where a parser asks for more on a connection that stays open: it would wait forever here."""


class Flood(Exception):
    """It hands out far more in one step than any reading of the input could hold."""


def _reset() -> Exception:
    return ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")


def _incomplete() -> Exception:
    return IncompleteStream("the connection was closed before the end of the body")


_ERRORS = {"reset": _reset, "fin": _incomplete}
"""What the transport raises at each ending where it does."""
TELLS_NOTHING = ("open", *_ERRORS)
"""The endings that an object with `feed` cannot be told of."""


class Script:
    """What the upstream does: pieces, then one of "clean", "open", "fin", "reset"; `step` is the one in force."""

    def __init__(self, plan: Plan, cuts: Cuts) -> None:
        first = pieces(plan.body, plan.apart(cuts))
        self.acts: list[bytes | str] = [*first, plan.ending]
        if plan.again is not None:
            self.acts += [plan.again, "clean"]
        self.count = len(first)
        """How many pieces come first."""
        self.ends = tuple(accumulate(map(len, first)))
        self.outputs: list[Output] = []
        self.step = 0
        self.end_seen = self.asked = self.reset_seen = self.stalled = False
        self.thread = threading.get_ident()
        self.threaded = self.asked_aside = False
        self._most = 4 * (len(plan.body) + len(plan.again or b"")) + 1000
        self._room = 64 * (len(plan.body) + len(plan.again or b"")) + (1 << 20)
        """How many more characters are kept: a reading, with its ids and as JSON, is no larger than that."""
        self._taken = self._before = 0
        """How many items are out, and were when the step in force began."""
        steps = {start: step for step, start in enumerate((0, *self.ends))} if plan.pauses else {}
        self._pauses = {steps[offset]: seconds for offset, seconds in plan.pauses}

    @property
    def paused(self) -> bool:
        """Does time pass anywhere?"""
        return bool(self._pauses)

    @property
    def pause(self) -> float:
        """Seconds that pass before what comes next."""
        return self._pauses.get(self.step, 0.0)

    def next(self) -> bytes | None:
        """The next piece; None at the end. Raises what the transport would."""
        self._before = self._taken
        if self.step < self.count:
            self.step += 1
            return self.acts[self.step - 1]  # type: ignore[return-value]
        act = self.acts[min(self.step, len(self.acts) - 1)]
        if act == "open":
            own = threading.get_ident() == self.thread
            self.asked, self.asked_aside = self.asked or own, not own
            raise StillOpen
        self.step = min(self.step + 1, len(self.acts))
        if isinstance(act, bytes):
            return act
        if act in _ERRORS:
            self.reset_seen = True
            raise _ERRORS[act]()
        self.end_seen = True
        return None

    @property
    def resting(self) -> bool:
        """Is there nothing more to hand over, and no end to tell?"""
        return self.step < len(self.acts) and self.acts[self.step] == "open"

    def collect(self, item: Any) -> None:
        """Takes one item; of very many over several steps, or very long ones, only the first: none after is right."""
        if self._taken >= self._before + self._most:
            raise Flood
        self._taken += 1
        if self._taken <= _MOST_STEPS * self._most and self._room > 0:
            frozen = freeze(item[: self._room] if isinstance(item, str | bytes) else item)
            self._room -= len(frozen.text)
            self.outputs.append(Output(self.step, frozen))

    def collect_all(self, items: Any) -> None:
        """Takes all items; a container is no flood, however long: it ends."""
        if isinstance(items, Collection):
            if self._taken >= _MOST_STEPS * self._most:
                return
            items = islice(items, self._before + self._most - self._taken)
        for item in items:
            self.collect(item)

    def transcript(self, **facts: Any) -> Transcript:
        return Transcript(
            self.ends,
            tuple(self.outputs),
            end_seen=self.end_seen,
            asked=self.asked,
            reset_seen=self.reset_seen,
            stalled=self.stalled,
            reached=self.step,
            threaded=self.threaded,
            again=self.reset_seen and self.step > len(self.ends) + 1,
            **facts,
        )


class Source:
    """The stream of a sync parser: asking for the next piece is what tells that it wants more."""

    def __init__(self, script: Script) -> None:
        self.script = script

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        self.script.threaded |= threading.get_ident() != self.script.thread
        piece = self.script.next()
        if piece is None:
            raise StopIteration
        return piece


class AsyncSource:
    """The stream of an async parser; `release` hands over one piece to whoever has waited longest."""

    _since = 0.0
    """When, on the virtual clock, the last piece was taken."""
    _alarm = -1
    """The step for whose end of pause an alarm is set."""

    def __init__(self, script: Script) -> None:
        self.script = script

    @cached_property
    def loop(self) -> VirtualLoop:
        return VirtualLoop(self.release)

    def shut(self) -> None:
        """Ends the loop and all that runs in it, if anything did."""
        if "loop" in self.__dict__:
            self.script.stalled = self._since < self.loop.time() <= self._due
            self.loop.shut()

    @property
    def _due(self) -> float:
        """When the next piece comes."""
        return self._since + self.script.pause

    @cached_property
    def _waiting(self) -> deque[Any]:
        return deque()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        turn = self.loop.create_future()
        self._waiting.append(turn)
        await turn
        self._since = self.loop.time()
        piece = self.script.next()
        if piece is None:
            raise StopAsyncIteration
        return piece

    def release(self) -> bool:
        """Called at rest: True if somebody was given a turn."""
        while self._waiting and self._waiting[0].done():
            self._waiting.popleft()
        if not self._waiting:
            return False
        if self.script.resting:
            self.script.asked = True
            if self.loop.until is None:
                self.loop.until = self.loop.time() + KEEP_OPEN_SECONDS
            return False
        if self._due > self.loop.time() + _TICK:
            return self._set_alarm()
        self._waiting.popleft().set_result(None)
        return True

    def _set_alarm(self) -> bool:
        """Wakes the loop when the pause is over; True if that was not set yet, so that the loop looks at its timers."""
        if self._alarm == self.script.step:
            return False
        self._alarm = self.script.step
        self.loop.call_at(self._due, bool)
        return True

    def pass_pause(self) -> None:
        """Lets the pause before the next piece pass for what runs in the loop, if anything does."""
        if self.script.pause and "loop" in self.__dict__:
            self.loop.run_until_complete(asyncio.sleep(self.script.pause))
            self._since = self.loop.time()


class EitherSource(Source, AsyncSource):
    """For a plain function, whose result alone tells whether it is async."""
