"""`streamdoctor fetch`: one request recorded directly, its body printed as it arrives."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from streamdoctor.cli.outlet import Outlet
from streamdoctor.cli.recording import Keeping, keeping, say, told
from streamdoctor.errors import ExitCode, UsageError
from streamdoctor.visible import safe_bytes, safe_text

if TYPE_CHECKING:
    from streamdoctor.record.asking import Request
    from streamdoctor.record.store import Recorded

# Nobody answered: there is no response to judge.
_UNANSWERED = ("refused", "dns-error", "tls-error")


@click.command(short_help="Record one request.")
@click.argument("url")
@click.option("-X", "--request", "method", metavar="METHOD", help="Default: GET, with -d POST.")
@click.option("-H", "--header", "headers", metavar="'NAME: VALUE'", multiple=True, help="'NAME:' leaves ours out.")
@click.option("-d", "--data", metavar="TEXT|@FILE", help="The body, as it is; @- is stdin.")
@keeping
@click.pass_context
def command(
    context: click.Context, url: str, method: str | None, headers: tuple[str, ...], data: str | None, keeping: Keeping
) -> None:
    """Record one request to URL directly, and print the body as it arrives.

    The body goes to stdout: as it is to a file or a pipe, safe to look at on a terminal. What became of the exchange
    and where its capture lies goes to stderr. A body is sent as JSON if it is JSON, else as a form.

    Exit code: 0 if the response came whole, whatever its status; 1 if it was cut or recording stopped; 4 if nobody
    answered (refused, unknown name, no TLS); 130 after ctrl-C.
    """
    import asyncio

    from streamdoctor.record.asking import build_request

    request = build_request(url, method, headers, _body(data))
    keeping.warn()
    context.exit(asyncio.run(_fetch(request, keeping)))


def _body(data: str | None) -> bytes | None:
    if data is None or not data.startswith("@"):
        return None if data is None else data.encode("utf-8", "surrogateescape")
    if data == "@-":
        return sys.stdin.buffer.read()
    try:
        return Path(data[1:]).read_bytes()
    except OSError as error:
        raise UsageError(f"-d {data}: {error.strerror}") from None


async def _fetch(request: Request, keeping: Keeping) -> ExitCode:
    import asyncio
    import signal

    from streamdoctor.record.fetch import Fetch

    loop = asyncio.get_running_loop()
    body = Body(request.method, terminal=sys.stdout.isatty())
    fetch = Fetch(
        request,
        out=keeping.out,
        on_data=lambda data: outlet.write(body.feed(data)),
        on_trouble=lambda message: say(f"streamdoctor: {message}"),
        rules=keeping.rules,
        ca=keeping.ca,
        insecure=keeping.insecure,
    )
    outlet = Outlet(sys.stdout.fileno(), loop, fetch.pause, fetch.resume, lambda: fetch.leave("the output was closed"))
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, fetch.leave, "interrupted")
    try:
        done = await fetch.run()
        outlet.write(body.close())
    finally:
        # A second ctrl-C ends it even where nobody takes the output.
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
        await outlet.close()
    _tell(done)
    return _status(done, fetch.store.failure, outlet.broken)


def _tell(done: Recorded) -> None:
    say(told(done))
    if done.message:
        say(f"streamdoctor: {done.message}")
    if done.path:
        say(str(done.path))


def _status(done: Recorded, failure: str | None, broken: bool) -> ExitCode:
    if done.side == "downstream":
        return ExitCode.OK if broken else ExitCode.INTERRUPTED
    if done.cause in _UNANSWERED or (done.cause == "timeout" and not done.reads):
        return ExitCode.NOT_JUDGED
    return ExitCode.OK if done.cause == "complete" and not failure else ExitCode.FOUND


class Body:
    """Bytes off the wire in, bytes for stdout out: the body alone, for a terminal decoded and safe to look at."""

    def __init__(self, method: str, *, terminal: bool) -> None:
        from streamdoctor.stream.http1 import ResponseReader

        self._reader = ResponseReader(method)
        self._show = SafeText() if terminal else None
        self._decode: Callable[[bytes], bytes] = lambda data: data
        self._any = b""

    def feed(self, data: bytes) -> bytes:
        from streamdoctor.stream.coding import CodingDecoder
        from streamdoctor.stream.http1 import BodyData, ResponseHead
        from streamdoctor.stream.http1_head import listed

        out = []
        for event in self._reader.feed(data):
            if isinstance(event, ResponseHead) and self._show:
                self._decode = CodingDecoder(", ".join(listed(event.headers, "content-encoding"))).feed
            elif isinstance(event, BodyData):
                out.append(self._decode(event.data))
        joined = b"".join(out)
        self._any = joined[-1:] or self._any
        return self._show.feed(joined) if self._show else joined

    def close(self) -> bytes:
        """What is still to be said: on a terminal, what was held, and the end of the line."""
        if self._show is None or not self._any:
            return b""
        return self._show.close() + (b"" if self._any == b"\n" else b"\n")


class SafeText:
    """Any bytes as text that a terminal does nothing with but print it; line ends and tabs stay."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._held = ""

    def feed(self, data: bytes, *, final: bool = False) -> bytes:
        text = self._held + self._decoder.decode(data, final)
        self._held = ""
        if text.endswith("\r") and not final:  # it may be the first half of a line end
            text, self._held = text[:-1], "\r"
        lines = text.replace("\r\n", "\n").split("\n")
        return "\n".join("\t".join(map(_safe, line.split("\t"))) for line in lines).encode("utf-8")

    def close(self) -> bytes:
        """What was held: the half of something."""
        return self.feed(b"", final=True)


def _safe(text: str) -> str:
    return safe_text(text) if text.isprintable() else safe_bytes(text.encode("utf-8", "surrogateescape"))
