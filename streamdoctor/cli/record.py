"""`streamdoctor record`: reverse proxies that pass every byte on and keep it, on their own or beside a command."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import click

from streamdoctor.cli.listening import allow_many_files, ignore_gone_peers, parse_listen, stop_on_signals
from streamdoctor.cli.recording import Keeping, Talk, keeping, say
from streamdoctor.errors import ExitCode

if TYPE_CHECKING:
    from streamdoctor.cli.screen import Screen
    from streamdoctor.record.commands import Close, Keep, Note, Open
    from streamdoctor.record.proxy import Recorder
    from streamdoctor.record.sdks import Stand
    from streamdoctor.record.store import Recording

_LAST_SECONDS = 1.0
"""How long the ends of connections may take to arrive, once the command is over."""
_PORT = 8085


@click.command(short_help="Record live sessions.", context_settings={"allow_interspersed_args": False})
@click.option("--upstream", metavar="URL", help="The API to record: http:// or https://, base path too.")
@click.option("--listen", metavar="HOST:PORT", help=f"Where clients come. Default: 127.0.0.1:{_PORT}; any with CMD.")
@keeping
@click.argument("cmd", metavar="[-- CMD [ARG]...]", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def command(
    context: click.Context, upstream: str | None, listen: str | None, keeping: Keeping, cmd: tuple[str, ...]
) -> None:
    """Record live sessions: pass every byte on as it arrives, and keep one capture an exchange.

    Point your application's base URL at the listener; ctrl-C ends the recording. Captures hold every read with its
    time, and how the exchange ended. Secrets are covered with `*` before they reach the disk.

    With CMD, runs it with the base-URL variables of the common SDKs (OPENAI_BASE_URL, ANTHROPIC_BASE_URL, OLLAMA_HOST
    and others) pointing here, and records while it runs. Signals are passed on, and the exit code is CMD's: 127 where
    there is no such command, 126 where it cannot be run, 128 and the number of the signal that ended it.

    Without --upstream each of those SDKs gets a listener of its own, in front of the API that it would call now.

    Exit code without CMD: 0, 1 if recording stopped early, 4 if no exchange came.
    """
    import asyncio

    from streamdoctor.record.sdks import stands
    from streamdoctor.record.session import CommandError

    host, port = parse_listen(listen or f"127.0.0.1:{0 if cmd else _PORT}")
    session = Session(stands(upstream, os.environ), host, port, keeping, bool(cmd))
    keeping.warn()
    try:
        status = asyncio.run(session.run(cmd))
    except CommandError as error:
        say(f"streamdoctor: {error}")
        if error.hint:
            say(f"  {error.hint}")
        context.exit(error.status)
    session.sum_up()
    context.exit(status if status is not None else session.status)


class Session:
    """The recorders of one run of the command, and what is said about them."""

    def __init__(self, stands: Sequence[Stand], host: str, port: int, keeping: Keeping, beside: bool) -> None:
        """Listens at `port` and those after it, one for each of `stands`; at any free ports if it is 0."""
        from streamdoctor.record.proxy import Recorder

        self._stands = stands
        self._out = keeping.out
        self._beside = beside
        terminal = sys.stderr.isatty()
        self._held: list[str] | None = [] if beside and terminal else None
        self._live = terminal and not beside and os.environ.get("TERM", "dumb") != "dumb"
        self._screen: Screen | None = None
        self._talk = Talk(self._say)
        self._recorders = [
            Recorder(
                stand.upstream,
                host=host,
                port=port + number if port else 0,
                out=keeping.out,
                on_exchange=self._talk.add if self._live else self._talk.tell,
                on_trouble=self._talk.warn,
                spectator=self._spectate if self._live else None,
                rules=keeping.rules,
                ca=keeping.ca,
                insecure=keeping.insecure,
            )
            for number, stand in enumerate(stands)
        ]

    def _say(self, line: str) -> None:
        """While a command has the terminal, lines wait until it gives it back; a live table has them above it."""
        if self._screen is not None:
            self._screen.say(line)
        elif self._held is None:
            say(line)
        else:
            self._held.append(line)

    def _spectate(self, recording: Recording, command: Open | Keep | Note | Close) -> None:
        if self._screen is not None:
            self._screen.hear(recording, command)

    @property
    def status(self) -> ExitCode:
        """How the recording went."""
        if any(recorder.store.failure for recorder in self._recorders):
            return ExitCode.FOUND
        return ExitCode.OK if self._talk.count else ExitCode.NOT_JUDGED

    async def run(self, cmd: Sequence[str]) -> int | None:
        """Records until the user ends it, or while `cmd` runs; the exit code of `cmd`."""
        import asyncio

        asyncio.get_running_loop().set_exception_handler(ignore_gone_peers)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._close_screen)  # after the recorders have said their last
            for recorder in self._recorders:
                await stack.enter_async_context(recorder)
            if cmd:
                return await self._run_child(cmd)
            await self._run_alone()
        return None

    async def _run_alone(self) -> None:
        import asyncio

        allow_many_files()
        stop = asyncio.Event()
        stop_on_signals(asyncio.get_running_loop(), stop)
        self._begin()
        if self._live:
            from streamdoctor.cli.screen import Screen

            self._screen = Screen(sys.stderr.fileno(), colour=not os.environ.get("NO_COLOR"))
        await stop.wait()

    async def _close_screen(self) -> None:
        screen, self._screen = self._screen, None
        if screen is not None:
            await screen.close()

    def _begin(self) -> None:
        for recorder in self._recorders:
            say(f"recording {recorder.url} -> {recorder.upstream.url} into {self._out}; ctrl-C ends it")
        if any(not _is_local(recorder) for recorder in self._recorders):
            self._talk.warn("listening beyond this machine: whoever reaches this port can use the upstream through it")
        self._base_urls("point your client at it:")

    def _base_urls(self, why: str) -> None:
        from streamdoctor.record.sdks import export_lines

        say(why)
        for line in export_lines(self._values()):
            say(f"    {line}")

    def _values(self) -> list[dict[str, str]]:
        return [stand.values(recorder.url) for stand, recorder in zip(self._stands, self._recorders, strict=True)]

    async def _run_child(self, cmd: Sequence[str]) -> int:
        import asyncio

        from streamdoctor.record.sdks import child_environment
        from streamdoctor.record.session import start_child

        values = {name: value for group in self._values() for name, value in group.items()}
        child = await start_child(cmd, child_environment(os.environ, values))
        allow_many_files()
        status = await child.wait()
        await asyncio.gather(*(recorder.settle(_LAST_SECONDS) for recorder in self._recorders))
        return status

    def sum_up(self) -> None:
        """The exchanges in numbers, and the paths: on stdout, but beside a command, to which stdout belongs."""
        for line in self._held or ():
            say(line)
        self._held = None
        if self._talk.count:
            self._talk.sum_up()
            self._talk.paths(err=self._beside)
        else:
            told = "the command called none of these:" if self._beside else "point your client at it, by its base URL:"
            self._base_urls(f"no exchange came: {told}")


def _is_local(recorder: Recorder) -> bool:
    return recorder.url.startswith(("http://127.", "http://localhost:", "http://[::1]:"))
