"""The loop with a virtual clock: input goes before timers, threads are waited for, and nothing sleeps."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from streamdoctor.replay.virtual_loop import Idle, VirtualLoop


@contextmanager
def loop(on_rest: object = bool) -> Iterator[VirtualLoop]:
    made = VirtualLoop(on_rest)  # type: ignore[arg-type]
    try:
        yield made
    finally:
        made.shut()


def test_an_hour_passes_at_once() -> None:
    async def sleeps() -> float:
        await asyncio.sleep(3600)
        return asyncio.get_running_loop().time()

    started = time.monotonic()
    with loop() as virtual:
        assert virtual.run_until_complete(sleeps()) == pytest.approx(3600)
    assert time.monotonic() - started < 60


def test_input_goes_before_a_timer() -> None:
    async def waits() -> str:
        waiting.append(asyncio.get_running_loop().create_future())
        return await asyncio.wait_for(waiting[0], timeout=0.001)

    def on_rest() -> bool:
        if waiting and not waiting[0].done():
            waiting[0].set_result("input")
            return True
        return False

    waiting: list[asyncio.Future[str]] = []
    with loop(on_rest) as virtual:
        assert virtual.run_until_complete(waits()) == "input"
        assert virtual.time() == 0


def test_work_in_a_thread_is_waited_for_before_a_timer() -> None:
    async def works() -> str:
        release = threading.Timer(0.01, gate.set)
        release.start()
        try:
            return await asyncio.wait_for(asyncio.to_thread(lambda: gate.wait() and "done"), timeout=0.001)
        finally:
            release.join()

    gate = threading.Event()
    with loop() as virtual:
        assert virtual.run_until_complete(works()) == "done"


def test_where_nothing_can_happen_any_more_it_says_so() -> None:
    async def waits() -> None:
        await asyncio.get_running_loop().create_future()

    with loop() as virtual, pytest.raises(Idle):
        virtual.run_until_complete(waits())


def test_the_clock_stops_where_it_was_told_to() -> None:
    with loop() as virtual:
        virtual.until = 1.0
        virtual.run_until_complete(asyncio.sleep(0.5))
        with pytest.raises(Idle):
            virtual.run_until_complete(asyncio.sleep(5))


def test_shutting_ends_tasks_that_do_not_want_to() -> None:
    async def stays() -> None:
        while True:
            try:
                await asyncio.sleep(1)
            except asyncio.CancelledError:
                ended.append("cancelled")
                raise

    async def starts() -> None:
        tasks.append(asyncio.create_task(stays()))
        await asyncio.sleep(0)

    ended: list[str] = []
    tasks: list[asyncio.Task[None]] = []
    with loop() as virtual:
        virtual.run_until_complete(starts())
    assert ended == ["cancelled"]
    assert virtual.is_closed()
