"""`streamdoctor demo`: the main job in one command, on what the package embeds; no network, no key."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

from streamdoctor.capture.file import load
from streamdoctor.capture.model import RECEIVED, SENT, Capture
from streamdoctor.cli.tui import open_lab
from streamdoctor.diagnosis.checkup import check_up
from streamdoctor.embedded import embedded_capture
from streamdoctor.errors import HarnessError
from streamdoctor.parsers.load import OURS
from streamdoctor.record.proxy import Recorded, Recorder
from streamdoctor.rephrasings.catalogue import AS_IS
from streamdoctor.replay.server import ReplayServer
from streamdoctor.report.checkup import table_lines
from streamdoctor.report.json import check_document
from streamdoctor.report.matrix import diagnosis_lines, matrix_lines
from streamdoctor.report.text import summary_line
from streamdoctor.stream.http1 import BodyData, ResponseReader
from streamdoctor.stream.providers import by_name
from streamdoctor.stream.sse import SSEDecoder
from streamdoctor.suite.cases import Axes
from streamdoctor.suite.check import check
from streamdoctor.suite.examine import Options
from streamdoctor.suite.jobs import processors
from streamdoctor.suite.results import Result
from streamdoctor.suite.subjects import from_capture, layers_of
from streamdoctor.visible import safe_text

STREAMS = {
    "llama-chat-emoji-japanese": "emoji, Japanese",
    "aimock-chat-big-events": "a 12 kB event",
    "aimock-chat-line-separators": "U+2028 in the text",
}


@click.command("demo")
@click.option("--out", metavar="DIR", help="Keep the captures here; default: a temporary folder.")
@click.option("--tui", is_flag=True, help="Then look at it: opens the terminal interface on the first failure.")
def command(out: str | None, tui: bool) -> None:
    """Record real streams from an upstream on loopback, and see which parsers break on them.

    The upstream plays recordings of real servers at their recorded pace; the recorder stands in front of it; our
    reference and the specimens, each with one classic mistake, are then judged on what was recorded.
    """
    with tempfile.TemporaryDirectory(prefix="streamdoctor-demo-") as folder:
        recorded = _record(out or folder)
        results = _check(recorded)
        _print_results(results, recorded)
        if tui and sys.stdout.isatty():
            open_lab(Path(out or folder), check_document(results, 0), given=True)
    if out:
        click.echo(f"\nThe captures are in {safe_text(out)}. See one: streamdoctor show {safe_text(str(recorded[0]))}")


def _record(folder: str) -> list[Path]:
    sources = [load(embedded_capture(name)) for name in STREAMS]
    click.echo(f"1. record: an upstream on loopback plays {len(sources)} real recordings through the recorder\n")
    click.echo("   │ ", nl=False)
    paths = asyncio.run(_play_and_record(sources, folder))
    shown = []
    for name, path in zip(STREAMS, paths, strict=True):
        capture = load(path)
        shown.append((name, check_up(capture, layers_of(capture))))
    for line in table_lines(shown):
        click.echo(f"   {line}")
    return paths


async def _play_and_record(sources: Sequence[Capture], folder: str) -> list[Path]:
    """One client for each source, one after the other in asking, all at once in reading; the captures in order."""
    upstream = ReplayServer(sources)
    await upstream.start()
    finished: dict[str, Recorded] = {}
    recorder = Recorder(upstream.url, out=folder, on_exchange=lambda done: finished.__setitem__(str(done.path), done))
    await recorder.start()
    try:
        clients = []
        for number, source in enumerate(sources):
            reader, writer = await asyncio.open_connection("127.0.0.1", recorder.port)
            writer.write(source.data(SENT))
            head = await reader.readuntil(b"\r\n\r\n")
            clients.append(_read_all(reader, writer, head, LiveText() if number == 0 else None))
        await asyncio.gather(*clients)
    finally:
        await recorder.stop()
        await upstream.stop()
    paths = sorted(Path(folder).glob("*.capture.jsonl"))
    return [_twin(source, paths) for source in sources]


async def _read_all(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes, live: LiveText | None
) -> None:
    data, response = head, ResponseReader()
    while data:
        if live is not None:
            live.feed(data)
        response.feed(data)
        data = b"" if response.finished else await reader.read(1 << 16)
    writer.close()
    if live is not None:
        click.echo("\n")


class LiveText:
    """Prints the words of a chat stream as they come."""

    def __init__(self) -> None:
        self._http = ResponseReader("POST")
        self._events = SSEDecoder()
        self._provider = by_name("openai-chat")

    def feed(self, data: bytes) -> None:
        """Takes bytes off the wire; a line end in the text starts a new line under the first."""
        for part in self._http.feed(data):
            for event in self._events.feed(part.data) if isinstance(part, BodyData) else ():
                text = "".join(delta.text for delta in self._provider.read(event).text)
                click.echo("\n   │ ".join(map(safe_text, text.split("\n"))), nl=False)


def _twin(source: Capture, paths: Sequence[Path]) -> Path:
    """The recording of what `source` played: the same bytes. Anything else would be a fault of the recorder."""
    wanted = source.data(RECEIVED)
    for path in paths:
        if load(path).data(RECEIVED) == wanted:
            return path
    raise HarnessError("the recorder did not keep what the upstream sent")


def _check(paths: Sequence[Path]) -> list[Result]:
    parsers = list(OURS)
    click.echo(f"\n2. check: {len(parsers)} parsers, every standard split, and the faults of an ending\n")
    return check(
        parsers,
        [from_capture(str(path)) for path in paths],
        Options(Axes(rephrasings=(AS_IS,))),
        jobs=processors(),
    )


def _print_results(results: Sequence[Result], paths: Sequence[Path]) -> None:
    for line in matrix_lines(results, dict(zip(map(str, paths), STREAMS.values(), strict=True))):
        click.echo(f"   {line}")
    click.echo("\n3. why: the worst finding of each\n")
    for line in diagnosis_lines(results):
        click.echo(f"   {line}")
    click.echo(f"\n   {summary_line(results)}")
