"""What the commands that listen share: where, how many connections, and how they end."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from streamdoctor.errors import UsageError

if TYPE_CHECKING:
    import asyncio

_MOST_FILES = 1 << 16


def parse_listen(text: str) -> tuple[str, int]:
    """HOST:PORT, [IPv6]:PORT, :PORT or PORT. Raises UsageError."""
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) < 65536):
        raise UsageError(f"--listen {text}: expected HOST:PORT, such as 127.0.0.1:8085")
    return host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port)


def ignore_gone_peers(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A peer that is gone when asyncio ends our half is no news: the leg hears of it by itself."""
    if not isinstance(context.get("exception"), OSError):
        loop.default_exception_handler(context)


def allow_many_files() -> None:
    """A stream takes three descriptors; many systems allow 1,024 until they are asked for more."""
    try:
        import resource
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def stop_on_signals(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """ctrl-C and a polite kill end it in order; a second ctrl-C ends it at once."""
    import signal

    def end(number: signal.Signals) -> None:
        loop.remove_signal_handler(number)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end, number)
