"""A child process beside the recorders: started, given our signals, waited for.

Rule: the child behaves as if it ran alone. It shares our terminal and our process group, so what the terminal sends to
the group (ctrl-C) reaches it without us; every other signal is passed on.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress

from streamdoctor.errors import UsageError

NOT_FOUND = 127
"""Exit code where there is no such command, as shells, env and nohup have it."""
NOT_EXECUTABLE = 126

_PASSED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
_OF_THE_TERMINAL = (signal.SIGINT, signal.SIGQUIT)


class CommandError(UsageError):
    """The command could not be started; `status` is the exit code that says so."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message, hint="an upstream is given with --upstream URL" if "://" in message else None)
        self.status = status


class Child:
    """A command at work. Made by `start_child`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def wait(self) -> int:
        """Its exit code; 128 and the number of the signal that ended it, as shells have it."""
        loop = asyncio.get_running_loop()
        signals = [getattr(signal, name) for name in _PASSED]
        for number in signals:
            loop.add_signal_handler(number, self._pass_on, number)
        try:
            status = await self._process.wait()
        finally:
            for number in signals:
                loop.remove_signal_handler(number)
        return status if status >= 0 else 128 - status

    def _pass_on(self, number: signal.Signals) -> None:
        if number in _OF_THE_TERMINAL and _in_foreground():
            return  # the terminal sent it to the whole group
        with suppress(ProcessLookupError):
            self._process.send_signal(number)


def _in_foreground() -> bool:
    """We are the job to which the terminal sends ctrl-C."""
    try:
        return os.tcgetpgrp(sys.__stdin__.fileno() if sys.__stdin__ else 0) == os.getpgrp()
    except OSError:
        return False


async def start_child(command: Sequence[str], environment: Mapping[str, str]) -> Child:
    """Starts `command`, with our standard streams. Raises CommandError."""
    try:
        return Child(await asyncio.create_subprocess_exec(*command, env=dict(environment)))
    except FileNotFoundError:
        raise CommandError(f"{command[0]}: command not found", NOT_FOUND) from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise CommandError(f"{command[0]}: cannot be run: {why}", NOT_EXECUTABLE) from None
