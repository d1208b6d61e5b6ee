"""Parsers that do harm: to themselves, to their process, to the terminal."""

import asyncio
import os
import signal
import sys
import threading
import time

from sse import Core, chunks, delta


def spins(pieces):
    for e in chunks(pieces):
        yield e.data
        while e.data == "[DONE]":
            pass


def spins_at_once(pieces):
    while True:
        pass
    yield 1


def sleeps(pieces):
    for e in chunks(pieces):
        yield e.data
        if "stop" in e.data:
            time.sleep(1000)


def sleeps_at_once(pieces):
    time.sleep(1000)
    yield ""


class Exits(Core):
    def feed(self, piece):
        out = [e.data for e in self.push(piece)]
        if len(piece) == 1:
            os._exit(3)
        return out


class ExitsAlways(Core):
    def feed(self, piece):
        os._exit(0)


class Segv(Core):
    def feed(self, piece):
        if len(piece) == 1:
            os.kill(os.getpid(), signal.SIGSEGV)
        return [e.data for e in self.push(piece)]


class Eats(Core):
    def feed(self, piece):
        if len(piece) == 1:
            hog = []
            while True:
                hog.append(bytearray(1 << 28))
        return [e.data for e in self.push(piece)]


class Prints(Core):
    def feed(self, piece):
        print("POLLUTION", piece, flush=True)
        print("POLLUTION", file=sys.stderr)
        os.write(1, b"POLLUTION\n")
        return [e.data for e in self.push(piece)]


class ReadsStdin(Core):
    def feed(self, piece):
        sys.stdin.read()
        return [e.data for e in self.push(piece)]


def raiser(error):
    def parse(pieces):
        for n, e in enumerate(chunks(pieces)):
            if "!" in e.data or n == 9:
                raise error
            yield e.data

    return parse


raises_system_exit = raiser(SystemExit(3))
raises_ki = raiser(KeyboardInterrupt())


class Weird(Exception):
    def __str__(self):
        raise ValueError


raises_weird = raiser(Weird())


def leaves_threads(pieces):
    threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
    for e in chunks(pieces):
        yield e.data


class InitRaises:
    def __init__(self):
        raise RuntimeError("no init")

    def feed(self, piece):
        return []


class NeedsArg:
    def __init__(self, encoding):
        pass

    def feed(self, piece):
        return []


def infinite_empty(pieces):
    for e in chunks(pieces):
        if e.data == "[DONE]":
            break
        yield from delta(e)
    while True:
        yield ""


def infinite_after(pieces):
    yield from (e.data for e in chunks(pieces))
    while True:
        yield "x"


class BadData:
    @property
    def data(self):
        raise RuntimeError("property")


def bad_property(pieces):
    for _e in chunks(pieces):
        yield BadData()


def ints(pieces):
    for _e in chunks(pieces):
        yield 7


def tuples(pieces):
    for e in chunks(pieces):
        yield (e.event, e.data)


def nones(pieces):
    for e in chunks(pieces):
        yield None
        yield e.data


class FeedStr(Core):
    def feed(self, piece):
        return "".join(e.data for e in self.push(piece))


class FeedNone:
    def feed(self, piece):
        return None


class FeedAsyncGen(Core):
    async def feed(self, piece):
        for e in self.push(piece):
            yield e.data


class FeedCoro(Core):
    async def feed(self, piece):
        return [e.data for e in self.push(piece)]


class FeedCoroWaits(Core):
    async def feed(self, piece):
        await asyncio.get_running_loop().create_future()


class FeedQueue(Core):
    """async feed with a queue and a worker task"""

    def __init__(self):
        super().__init__()
        self.q = None

    async def feed(self, piece):
        if self.q is None:
            self.q, self.out = asyncio.Queue(), asyncio.Queue()
            self.t = asyncio.create_task(self.work())
        self.q.put_nowait(piece)
        await self.q.join()
        return [self.out.get_nowait() for _ in range(self.out.qsize())]

    async def work(self):
        while True:
            p = await self.q.get()
            for e in self.push(p):
                self.out.put_nowait(e.data)
            self.q.task_done()


def returns_list(pieces):
    return [e.data for e in chunks(pieces)]


def catches_all_goes_on(pieces):
    it = iter(pieces)
    core = Core()
    while True:
        try:
            piece = next(it)
        except BaseException:
            continue
        for e in core.push(piece):
            yield e.data


def chdirs(pieces):
    os.chdir("/")
    sys.path.clear()
    for e in chunks(pieces):
        yield e.data


def closes_fds(pieces):
    os.closerange(3, 64)
    for e in chunks(pieces):
        yield e.data


def forks(pieces):
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    for e in chunks(pieces):
        yield e.data


class Self:
    """an item whose fields are odd"""

    def __getattr__(self, name):
        return self


def magic(pieces):
    for _e in chunks(pieces):
        yield Self()


def leaves_process(pieces):
    """the process it leaves holds every descriptor open, and lives longer than a check"""
    if os.fork() == 0:
        signal.alarm(20)
        while True:
            signal.pause()
    for e in chunks(pieces):
        yield e.data


def leaves_busy_thread(pieces):
    threading.Thread(target=time.sleep, args=(1000,)).start()
    for e in chunks(pieces):
        yield e.data


def takes_signals(pieces):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPROF, signal.SIGUSR2, signal.SIGALRM):
        signal.signal(number, signal.SIG_IGN)
    for e in chunks(pieces):
        yield e.data


def takes_signals_and_spins(pieces):
    yield from takes_signals(pieces)
    while True:
        pass


def takes_signals_and_sleeps(pieces):
    yield from takes_signals(pieces)
    time.sleep(1000)


def replaces_builtins(pieces):
    import builtins

    for name in ("len", "isinstance", "list", "tuple", "sorted", "print", "open", "enumerate", "range"):
        setattr(builtins, name, lambda *a, **k: None)
    for piece in pieces:
        yield piece.decode()


def replaces_modules(pieces):
    import json

    json.dumps = lambda *a, **k: "POLLUTION"
    os.write = lambda fd, data: 0
    time.monotonic = lambda: 0.0
    for e in chunks(pieces):
        yield e.data
