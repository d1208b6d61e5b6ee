"""Several tasks at once, each in a forked process of its own that tells what it finds out, message by message.

Rules: what a task tells does not depend on how many run beside it. A task that is told to stop, or whose parent is
gone, ends at once with all its children. With one job nothing is forked. Cost: 2 ms a task.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import struct
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NoReturn

from streamdoctor.errors import HarnessError, StreamdoctorError
from streamdoctor.suite.workers import fork_quietly

Tell = Callable[[Any], None]
Task = Callable[[Tell], None]
Receive = Callable[[int, Any], None]

_LENGTH = struct.Struct("<I")
_PATIENCE = 3.0
"""Seconds that tasks have, after an interrupt, to tell what they know."""


def processors() -> int:
    """How many this process may use, where the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_all(tasks: Sequence[Task], jobs: int, receive: Receive) -> None:
    """Runs every task, at most `jobs` at once, and hands what each tells to `receive` with the task's number.

    Raises what a task raised, if it is an error of ours, and KeyboardInterrupt once all have stopped.
    """
    if jobs <= 1 or len(tasks) <= 1:
        for number, task in enumerate(tasks):
            task(lambda message, number=number: receive(number, message))  # type: ignore[misc]
        return
    pool = _Pool(receive)
    try:
        for number, task in enumerate(tasks):
            while len(pool.running) >= jobs:
                pool.listen(None)
            pool.start(number, task)
        while pool.running:
            pool.listen(None)
    except KeyboardInterrupt:
        pool.interrupt()
        raise
    finally:
        pool.stop()


@dataclass
class _Running:
    number: int
    pid: int
    buffer: bytearray = field(default_factory=bytearray)


class _Pool:
    """The tasks that run; by the descriptor that each tells on."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.running: dict[int, _Running] = {}

    def start(self, number: int, task: Task) -> None:
        reader, writer = os.pipe()
        pid = fork_quietly()
        if pid == 0:
            for other in self.running:
                os.close(other)
            os.close(reader)
            _work(task, writer)
        os.close(writer)
        self.running[reader] = _Running(number, pid)

    def listen(self, patience: float | None) -> bool:
        """Takes what is there, waiting for it; False where nothing came in time."""
        ready, _, _ = select.select(list(self.running), [], [], patience)
        for reader in ready:
            data = os.read(reader, 1 << 16)
            one = self.running[reader]
            if data:
                one.buffer += data
                self._take(one)
            else:
                self._over(reader)
        return bool(ready)

    def _take(self, one: _Running) -> None:
        while len(one.buffer) >= _LENGTH.size:
            (size,) = _LENGTH.unpack_from(one.buffer)
            if len(one.buffer) < _LENGTH.size + size:
                return
            message = pickle.loads(one.buffer[_LENGTH.size : _LENGTH.size + size])
            del one.buffer[: _LENGTH.size + size]
            if isinstance(message, _Raised):
                raise message.error
            self._receive(one.number, message)

    def _over(self, reader: int) -> None:
        os.close(reader)
        os.waitpid(self.running.pop(reader).pid, 0)

    def interrupt(self) -> None:
        """Passes an interrupt on, and takes what the tasks still have to say."""
        for one in self.running.values():
            os.kill(one.pid, signal.SIGINT)
        with suppress(KeyboardInterrupt, StreamdoctorError):
            while self.running and self.listen(_PATIENCE):
                pass

    def stop(self) -> None:
        for reader, one in self.running.items():
            os.close(reader)
            with suppress(ProcessLookupError):
                os.killpg(one.pid, signal.SIGKILL)
            os.waitpid(one.pid, 0)
        self.running.clear()


@dataclass(frozen=True)
class _Raised:
    error: StreamdoctorError


def _work(task: Task, writer: int) -> NoReturn:
    """In the fork: a process group of its own, so that its children end with it. Never returns."""
    status = 70
    try:
        os.setpgid(0, 0)
        tell = _teller(writer)
        try:
            task(tell)
        except StreamdoctorError as error:
            tell(_Raised(error))
        except KeyboardInterrupt:
            pass
        except BaseException:
            tell(_Raised(HarnessError(traceback.format_exc(limit=-6).strip())))
        status = 0
    finally:
        sys.stdout.flush()
        os._exit(status)


def _teller(writer: int) -> Tell:
    def tell(message: Any) -> None:
        data = pickle.dumps(message)
        data = _LENGTH.pack(len(data)) + data
        while data:
            data = data[os.write(writer, data) :]

    return tell
