"""`streamdoctor export`: a capture for other tools, or packed, or made quiet for a repository."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

import click

from streamdoctor.capture.convert.registry import EXPORTS
from streamdoctor.capture.convert.tidy import tidied
from streamdoctor.capture.file import create, load
from streamdoctor.errors import UsageError
from streamdoctor.suite.subjects import layers_of

_KINDS = "; ".join(f"{name}: {export.summary}" for name, export in EXPORTS.items())


@click.command("export")
@click.argument("capture")
@click.option("--as", "kind", type=click.Choice(list(EXPORTS)), required=True, help=f"{_KINDS}.")
@click.option("--tidy", is_flag=True, help="Cover what changes at every recording: dates, ids, digits of a time.")
@click.option("--out", "-o", metavar="FILE", help="Where to write; - for stdout. Default: the capture's name, here.")
def command(capture: str, kind: str, tidy: bool, out: str | None) -> None:
    """Write CAPTURE in another form. A file that is there already is not replaced."""
    held = load(capture)
    if tidy:
        held = tidied(held)
    export = EXPORTS[kind]
    data = export.write(held, layers_of(held))
    if out == "-":
        if sys.stdout.isatty():
            raise UsageError("bytes off a wire do not go to a terminal", hint="name a file with -o, or pipe them")
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    name = Path(capture).name.partition(".capture.jsonl")[0]
    target = Path(out or f"{name}{'.tidy' if tidy and kind == 'capture' else ''}{export.ending}")
    create(target, _pack(data, target))
    click.echo(str(target))


def _pack(data: bytes, target: Path) -> bytes:
    """As the ending of the file says."""
    if target.suffix == ".gz":
        return gzip.compress(data, mtime=0)
    if target.suffix != ".zst":
        return data
    try:
        import zstandard
    except ImportError:
        raise UsageError("zstd is not installed", hint="pip install 'streamdoctor-lab[zstd]'") from None
    return zstandard.ZstdCompressor(level=10).compress(data)
