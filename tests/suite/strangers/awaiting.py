"""Parsers with threads, tasks, timers and queues of their own."""

import asyncio
import queue
import threading

from sse import Core, Incomplete


def pump(pieces, size=0):
    q = queue.Queue(size)

    def work():
        try:
            for p in pieces:
                q.put(p)
            q.put(None)
        except BaseException as e:
            q.put(e)

    threading.Thread(target=work, daemon=True).start()
    while True:
        p = q.get()
        if p is None:
            return
        if isinstance(p, BaseException):
            raise p
        yield p


def threaded(pieces):
    core = Core()
    for p in pump(pieces):
        for e in core.push(p):
            yield e.data


def threaded_consumer(pieces):
    core = Core()
    for p in pump(pieces):
        for e in core.push(p):
            if e.data == "[DONE]":
                return
            yield e.data
    raise Incomplete


def threaded_ignores_done(pieces):
    core = Core()
    for p in pump(pieces):
        for e in core.push(p):
            if e.data != "[DONE]":
                yield e.data


def threaded_swallows(pieces):
    core = Core()
    it = pump(pieces)
    try:
        for p in it:
            for e in core.push(p):
                if e.data == "[DONE]":
                    return
                yield e.data
    except ConnectionError:
        return
    raise Incomplete


# async
async def acore(src, over=True):
    core = Core()
    async for p in src:
        for e in core.push(p):
            if e.data == "[DONE]":
                return
            yield e.data
    raise Incomplete


async def a_wait_for(pieces):
    core = Core()
    it = aiter(pieces)
    while True:
        try:
            p = await asyncio.wait_for(anext(it), 30)
        except StopAsyncIteration:
            raise Incomplete from None
        for e in core.push(p):
            if e.data == "[DONE]":
                return
            yield e.data


async def a_prefetch(pieces):
    q = asyncio.Queue()

    async def pump():
        try:
            async for p in pieces:
                await q.put(p)
            await q.put(None)
        except Exception as e:
            await q.put(e)

    t = asyncio.create_task(pump())
    core = Core()
    try:
        while True:
            p = await q.get()
            if p is None:
                raise Incomplete
            if isinstance(p, Exception):
                raise p
            for e in core.push(p):
                if e.data == "[DONE]":
                    return
                yield e.data
    finally:
        t.cancel()


async def a_prefetch_leaks(pieces):
    """never cancels its task"""
    q = asyncio.Queue()

    async def pump():
        async for p in pieces:
            await q.put(p)
        await q.put(None)

    task = asyncio.create_task(pump())  # and never looks at it again
    task.set_name("pump")
    core = Core()
    while True:
        p = await q.get()
        if p is None:
            raise Incomplete
        for e in core.push(p):
            if e.data == "[DONE]":
                return
            yield e.data


async def a_next_task(pieces):
    """asks for the next piece while it parses this one"""
    it = aiter(pieces)
    core = Core()

    async def nxt():
        try:
            return await anext(it)
        except StopAsyncIteration:
            return None

    task = asyncio.create_task(nxt())
    try:
        while True:
            p = await task
            if p is None:
                raise Incomplete
            task = asyncio.create_task(nxt())
            for e in core.push(p):
                if e.data == "[DONE]":
                    return
                yield e.data
    finally:
        task.cancel()


async def a_lookahead_wait(pieces):
    """waits for the next piece before it hands out this one"""
    it = aiter(pieces)
    core = Core()
    held = await anext(it, None)
    while held is not None:
        nxt = await anext(it, None)
        for e in core.push(held):
            yield e.data
        held = nxt


async def a_to_thread(pieces):
    core = Core()
    async for p in pieces:
        for e in await asyncio.to_thread(list, core.push(p)):
            if e.data == "[DONE]":
                return
            yield e.data
    raise Incomplete


async def a_flush_timer(pieces):
    """hands out 50 ms later, all that came till then"""
    asyncio.Queue()
    core = Core()
    buf = []

    async def pump():
        async for p in pieces:
            buf.extend(e.data for e in core.push(p))

    t = asyncio.create_task(pump())
    while True:
        await asyncio.sleep(0.05)
        out, buf[:] = buf[:], []
        for x in out:
            yield x
        if t.done() and not buf:
            t.result()
            return


async def a_sleep0(pieces):
    core = Core()
    async for p in pieces:
        await asyncio.sleep(0)
        for e in core.push(p):
            await asyncio.sleep(0)
            if e.data == "[DONE]":
                return
            yield e.data
    raise Incomplete


async def a_drain(pieces):
    """after [DONE] it drains for 100 ms"""
    core = Core()
    it = aiter(pieces)
    async for p in it:
        for e in core.push(p):
            if e.data == "[DONE]":
                try:
                    async with asyncio.timeout(0.1):
                        async for _ in it:
                            pass
                except TimeoutError:
                    pass
                return
            yield e.data
    raise Incomplete


async def a_drain_forever(pieces):
    core = Core()
    it = aiter(pieces)
    async for p in it:
        for e in core.push(p):
            if e.data == "[DONE]":
                async for _ in it:
                    pass
                return
            yield e.data
    raise Incomplete


async def a_waits_event(pieces):
    async for x in acore(pieces):
        yield x
    await asyncio.Event().wait()


async def a_catches(pieces):
    core = Core()
    it = aiter(pieces)
    while True:
        try:
            p = await anext(it)
        except StopAsyncIteration:
            raise Incomplete from None
        except BaseException:
            return
        for e in core.push(p):
            if e.data == "[DONE]":
                return
            yield e.data


async def a_cancels_self(pieces):
    core = Core()
    async for p in pieces:
        for e in core.push(p):
            yield e.data
        asyncio.current_task().cancel()
        await asyncio.sleep(0)


async def a_system_exit(pieces):
    async for x in acore(pieces):
        yield x
        raise SystemExit(2)


async def a_ki(pieces):
    async for x in acore(pieces):
        yield x
        raise KeyboardInterrupt


async def a_task_group(pieces):
    q = asyncio.Queue(2)

    async def pump():
        async for p in pieces:
            await q.put(p)
        await q.put(None)

    core = Core()
    async with asyncio.TaskGroup() as tg:
        t = tg.create_task(pump())
        while (p := await q.get()) is not None:
            for e in core.push(p):
                if e.data == "[DONE]":
                    t.cancel()
                    return
                yield e.data
    raise Incomplete


class AFeed(Core):
    def __init__(self):
        super().__init__()
        self.out = asyncio.Queue()
        self.inq = asyncio.Queue()
        self.t = asyncio.create_task(self.work())

    async def work(self):
        while True:
            p = await self.inq.get()
            for e in self.push(p):
                self.out.put_nowait(e.data)
            self.inq.task_done()

    async def feed(self, piece):
        self.inq.put_nowait(piece)
        await self.inq.join()
        return [self.out.get_nowait() for _ in range(self.out.qsize())]

    async def close(self):
        self.t.cancel()
