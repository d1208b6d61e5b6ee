"""`streamdoctor import`: what was kept some other way becomes a capture."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from streamdoctor.capture.convert.registry import IMPORTS, Given
from streamdoctor.capture.file import SUFFIX, create
from streamdoctor.errors import CaptureError

_KINDS = "; ".join(f"{name}: {kind.summary}" for name, kind in IMPORTS.items())


@click.command("import")
@click.argument("file")
@click.option("--as", "kind", type=click.Choice(list(IMPORTS)), default="raw", show_default=True, help=f"{_KINDS}.")
@click.option("--content-type", metavar="TYPE", help="The media type of a bare body: text/event-stream …")
@click.option(
    "--entry", type=click.IntRange(1), metavar="N", help="Which entry of a file of several; default: the only stream."
)
@click.option("--out", "-o", metavar="FILE", help=f"Where to write; default: the name of FILE with {SUFFIX}, here.")
def command(file: str, kind: str, content_type: str | None, entry: int | None, out: str | None) -> None:
    """Make a capture of FILE (- for stdin). What the format cannot tell is said in the capture: its `fidelity`, and
    what was `synthesised`."""
    data = _contents(file)
    target = Path(out or (Path(file).stem if file != "-" else "stdin") + SUFFIX)
    given = Given(datetime.now(UTC).isoformat().replace("+00:00", "Z"), content_type, entry)
    try:
        made = IMPORTS[kind].read(data, given)
    except CaptureError as error:
        place = f":{error.line}" if error.line else ""
        raise CaptureError(f"{file}{place}: {error}", hint=error.hint) from None
    create(target, made)
    click.echo(str(target))


def _contents(file: str) -> bytes:
    if file == "-":
        data: bytes = sys.stdin.buffer.read()
        return data
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise CaptureError(f"{file}: cannot be read: {error.strerror}") from None
