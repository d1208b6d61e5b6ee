"""Every child process of ours: a stranger's code runs in one, watched, and whatever it does costs one case.

The child writes the number of the case to shared memory before each one and sets a CPU-time alarm; a loop that eats the
CPU is ended by the kernel (SIGPROF), a child that uses none and makes no progress by the parent. Before either dies,
faulthandler says where it was. Results go out one a line, unbuffered, so that a kill loses nothing.
Fork happens in a parent without threads or loops. Cost: 2 microseconds a beat, 1 to 3 ms a child.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import json
import mmap
import os
import resource
import select
import signal
import struct
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple, NoReturn

from streamdoctor.parsers.parentage import end_with_parent

Message = dict[str, Any]
Emit = Callable[[Message], None]
Beat = Callable[[int, int], None]
Job = Callable[[Emit, Beat], None]
Stopped = Literal["spinning", "blocked"]

_LAST_WORD = "last-word"
"""What a child says when its job is done: one that leaves without it was made to leave, whatever its exit code."""
_BEAT = struct.Struct("<qii")
_POLL = 0.05
_GRACE = 2.0
_COLD = 3
"""Loading and the first run in a child may take so many times the limit: many import their library only then."""
_BUSY = 0.05
"""A child that used more than this share of the waiting time computes, on a machine that has little time for it."""
_OVERDUE = 1.0
"""Seconds of CPU time past the limit after which a child has switched its alarm off, or holds it back."""
_write, _dumps = os.write, json.dumps
"""Kept from a parser that replaces them."""
_PACKAGE, _LIBRARY = (f"{Path(file).parents[up]}{os.sep}" for file, up in ((__file__, 1), (os.__file__, 0)))
_MEMORY = 4 << 30
"""Bytes of address space that a child may have: more gives it a MemoryError (where the system holds to it)."""


@dataclass(frozen=True)
class Limits:
    """Seconds a case: of CPU time, and of waiting without progress."""

    cpu: float = 5.0
    wall: float = 20.0

    def times(self, factor: float) -> Limits:
        return Limits(self.cpu * factor, self.wall * factor)


class Place(NamedTuple):
    """A line in the stack of a child; `file` is a name without folders."""

    file: str
    line: str
    function: str
    ours: bool
    """Is it in streamdoctor, or in the standard library?"""

    def __str__(self) -> str:
        return f"{self.file}:{self.line} in {self.function}"


@dataclass(frozen=True)
class Ending:
    """How a child ended: `at` is its last beat, `trace` where it was, innermost line first."""

    how: Literal["done", "spinning", "blocked", "died"]
    at: tuple[int, int] = (-1, -1)
    detail: str = ""
    trace: tuple[Place, ...] = ()

    @property
    def words(self) -> str:
        """What happened and where: of a loop the function that it never left, for its line is a matter of chance."""
        if self.how != "spinning":
            return f"{self.detail}, at {self.trace[0]}" if self.trace else self.detail
        entered = self.entered
        return f"{self.detail}, in {entered.function} of {entered.file}" if entered else self.detail

    @property
    def entered(self) -> Place | None:
        """Where our code called the parser's, in this child."""
        starts = [number for number, place in enumerate(self.trace) if place.ours and place.function == _CHILD]
        return next((place for place in reversed(self.trace[: starts[0] if starts else None]) if not place.ours), None)


def fork_quietly() -> int:
    """Forks; the child ends when its parent does, however that ends (on Linux).

    From Python 3.12 on a fork beside other threads warns; a test runner may have some, and the child uses none of them.
    """
    parent = os.getpid()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        end_with_parent()
        if os.getppid() != parent:
            os._exit(1)
    return pid


def run_child(
    job: Job, receive: Callable[[Message], None], limits: Limits, heard: Beat = lambda subject, case: None
) -> Ending:
    """Runs `job` in a child and hands each message it emits to `receive`, and a beat now and then to `heard`. Returns
    when the child is gone."""
    board = mmap.mmap(-1, _BEAT.size)
    with tempfile.TemporaryFile() as trace, board:
        reader, writer = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = fork_quietly()
        if pid == 0:
            os.close(reader)
            _be_child(job, writer, board, trace, limits)
        os.close(writer)
        said: list[Message] = []

        def listen(message: Message) -> None:
            (said.append if message["t"] == _LAST_WORD else receive)(message)

        try:
            stopped = _listen(pid, reader, listen, board, limits, heard)
        except BaseException:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise
        finally:
            os.close(reader)
        _, status = os.waitpid(pid, 0)
        _, *at = _BEAT.unpack(board[:])
        return _ending(status, stopped, (at[0], at[1]), _read_trace(trace), finished=bool(said))


def _ending(
    status: int, stopped: Stopped | None, at: tuple[int, int], trace: tuple[Place, ...], *, finished: bool
) -> Ending:
    if stopped == "blocked":
        return Ending("blocked", at, "no progress", trace)
    if stopped == "spinning":
        return Ending("spinning", at, "CPU time used up", trace)
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number == signal.SIGPROF:
            return Ending("spinning", at, "CPU time used up", trace)
        return Ending("died", at, f"signal {signal.Signals(number).name}", trace)
    if finished:
        return Ending("done", at)
    return Ending("died", at, f"exit code {os.waitstatus_to_exitcode(status)}", trace)


def _listen(
    pid: int, reader: int, receive: Callable[[Message], None], board: mmap.mmap, limits: Limits, heard: Beat
) -> Stopped | None:
    """Passes on messages until the child closes its end. Says why, where it had to be killed."""
    buffer = b""
    beats, since, used = b"", time.monotonic(), _cpu_seconds(pid)
    most = used + limits.cpu * _COLD + _OVERDUE
    while True:
        gone = _gone(pid)  # asked before the pipe is looked into: what it wrote last is still read
        ready, _, _ = select.select([reader], [], [], 0 if gone else _POLL)
        if ready:
            data = os.read(reader, 1 << 16)
            if not data:
                return None
            *lines, buffer = (buffer + data).split(b"\n")
            for line in lines:
                receive(json.loads(line))
        if gone and not ready:
            return None  # a process that the parser left behind holds the pipe open
        if board[:] != beats or ready:
            beats, since, used = board[:], time.monotonic(), _cpu_seconds(pid)
            most = used + limits.cpu * _COLD + _OVERDUE
            _, *at = _BEAT.unpack(beats)
            heard(at[0], at[1])
        elif _cpu_seconds(pid) > most:
            _stop(pid)
            return "spinning"
        elif time.monotonic() - since > limits.wall:
            if not _busy(pid, used, limits.wall):
                _stop(pid)
                return "blocked"
            since, used = time.monotonic(), _cpu_seconds(pid)


def _busy(pid: int, used: float, wall: float) -> bool:
    """Did it use CPU time in these `wall` seconds? Then it is not blocked: its own alarm will end it."""
    return _cpu_seconds(pid) - used > wall * _BUSY


def _cpu_seconds(pid: int) -> float:
    """The CPU time of a process, by its Linux clock; 0 where that cannot be had."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


def _gone(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _stop(pid: int) -> None:
    """Has the child say where it is, then kills it."""
    os.kill(pid, signal.SIGUSR2)
    deadline = time.monotonic() + _GRACE
    while time.monotonic() < deadline:
        if _gone(pid):
            return
        time.sleep(_POLL)
    os.kill(pid, signal.SIGKILL)


def _read_trace(trace: IO[bytes]) -> tuple[Place, ...]:
    """The lines of the current thread in what faulthandler wrote."""
    trace.seek(0)
    lines: list[Place] = []
    for line in trace.read(1 << 16).decode("utf-8", "replace").splitlines():
        if line.startswith('  File "'):
            path, _, rest = line.removeprefix('  File "').partition('", line ')
            number, _, name = rest.partition(" in ")
            lines.append(Place(os.path.basename(path), number, name, _is_ours(path)))
    return tuple(lines)


def _is_ours(path: str) -> bool:
    library = path.startswith(_LIBRARY) and "site-packages" not in path
    return library or path.startswith((_PACKAGE, "<frozen"))


# --- in the child

_CHILD = "_be_child"


def _be_child(job: Job, writer: int, board: mmap.mmap, trace: IO[bytes], limits: Limits) -> NoReturn:
    """Never returns, whatever the job does."""
    status = 70
    try:
        _settle(trace)
        emit = _emitter(writer)
        try:
            job(emit, _beater(board, limits))
        except BaseException:
            emit({"t": "bug", "message": traceback.format_exc(limit=-6)})
        emit({"t": _LAST_WORD})
        status = 0
    finally:
        os._exit(status)


def _settle(trace: IO[bytes]) -> None:
    """No terminal, no interrupts, no core file, bounded memory; a trace on the signals that end it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.signal(signal.SIGUSR2, signal.SIG_DFL)
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
    faulthandler.enable(trace, all_threads=False)
    for number in (signal.SIGPROF, signal.SIGUSR2):
        faulthandler.register(number, file=trace, all_threads=False, chain=True)
    for what, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_AS, _MEMORY)):
        _, hard = resource.getrlimit(what)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    gc.freeze()


def _emitter(writer: int) -> Emit:
    def emit(message: Message) -> None:
        data = _dumps(message, default=bytes.hex).encode() + b"\n"
        while data:
            data = data[_write(writer, data) :]

    return emit


def _beater(board: mmap.mmap, limits: Limits) -> Beat:
    count = 0

    def beat(subject: int, case: int) -> None:
        nonlocal count
        count += 1
        _BEAT.pack_into(board, 0, count, subject, case)
        signal.setitimer(signal.ITIMER_PROF, limits.cpu * (_COLD if count <= 2 else 1))

    return beat
