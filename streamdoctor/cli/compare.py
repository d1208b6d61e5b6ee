"""`streamdoctor compare`: is it the same stream? Two captures, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from streamdoctor.capture.file import SUFFIXES, load
from streamdoctor.cli.options import write_json
from streamdoctor.diagnosis.likeness import Aspect, Side, alike, aspects
from streamdoctor.errors import CaptureError, ExitCode, UsageError
from streamdoctor.suite.subjects import layers_of
from streamdoctor.visible import safe_text, shorten

_WIDTH = 140


@click.command("compare")
@click.argument("a")
@click.argument("b")
@click.option("--dialect", metavar="NAME", help="What the streams are, where their bytes should not decide.")
@click.option("--json", "json_target", metavar="FILE", help="Write the comparison as JSON; - for stdout.")
@click.pass_context
def command(ctx: click.Context, a: str, b: str, dialect: str | None, json_target: str | None) -> None:
    """Compare the captures A and B: request, response, bytes, reads, times, events, text and end.

    Of two folders, the captures of the same name; one without its like is a difference. Times never count, nor what
    names the moment (Host, Date).

    Exit status: 0 the same but for the clock, 1 different.
    """
    compared = [(left, right, aspects(_side(left, dialect), _side(right, dialect))) for left, right in _pairs(a, b)]
    lone = _lone(a, b)
    if json_target is not None:
        documents = [_document(left, right, found) for left, right, found in compared]
        documents += [_document(path, None, None) for path in lone if path.parent == Path(a)]
        documents += [_document(None, path, None) for path in lone if path.parent != Path(a)]
        write_json(documents[0] if len(documents) == 1 else documents, json_target)
    if json_target != "-":
        for left, right, found in compared:
            for line in _lines(left, right, found):
                click.echo(line)
        for path in lone:
            click.echo(f"{safe_text(str(path))}: different, the other folder has no capture of this name")
    same = not lone and all(alike(found) for _, _, found in compared)
    ctx.exit(ExitCode.OK if same else ExitCode.FOUND)


def _side(path: Path, dialect: str | None) -> Side:
    capture = load(path)
    return Side(capture, layers_of(capture, dialect))


def _pairs(a: str, b: str) -> list[tuple[Path, Path]]:
    """Raises UsageError where two folders have no name in common, CaptureError for what is not there."""
    left, right = Path(a), Path(b)
    for path in (left, right):
        if not path.exists():
            raise CaptureError(f"{path}: there is no such file or folder")
    if left.is_dir() != right.is_dir():
        raise UsageError("compare takes two captures, or two folders", hint=f"{a} and {b} are one of each")
    if not left.is_dir():
        return [(left, right)]
    names = sorted(_names(left) & _names(right))
    if not names:
        raise UsageError(f"{a} and {b} have no capture of the same name")
    return [(left / name, right / name) for name in names]


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.name.endswith(SUFFIXES)}


def _lone(a: str, b: str) -> list[Path]:
    """Of two folders, the captures of which the other has none."""
    left, right = Path(a), Path(b)
    if not left.is_dir():
        return []
    here, there = _names(left), _names(right)
    return [*(left / name for name in sorted(here - there)), *(right / name for name in sorted(there - here))]


def _document(a: Path | None, b: Path | None, found: list[Aspect] | None) -> dict[str, Any]:
    """`found` None: one of the two is not there."""
    return {
        "schema": "streamdoctor.compare/1",
        "a": a and str(a),
        "b": b and str(b),
        "same": found is not None and alike(found),
        "aspects": [aspect._asdict() for aspect in found or ()],
    }


def _lines(a: Path, b: Path, found: list[Aspect]) -> Iterator[str]:
    verdict = "the same but for the clock" if alike(found) else "different"
    yield f"{safe_text(str(a))} | {safe_text(str(b))}: {verdict}"
    for aspect in found:
        mark = "same" if aspect.same else "DIFFERENT" if aspect.counts else "different"
        yield f"  {aspect.name:16}  {mark:9}  {shorten(safe_text(aspect.detail), _WIDTH)}"
