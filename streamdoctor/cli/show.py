"""`streamdoctor show`: what captures hold."""

from __future__ import annotations

from collections.abc import Iterable

import click

from streamdoctor.capture.file import expand, load
from streamdoctor.cli.options import write_json
from streamdoctor.diagnosis.checkup import Checkup, check_up
from streamdoctor.report.checkup import (
    checkup_document,
    checkup_lines,
    event_lines,
    read_lines,
    summary_lines,
    table_lines,
)
from streamdoctor.suite.subjects import layers_of
from streamdoctor.visible import safe_text


@click.command("show")
@click.argument("paths", nargs=-1, required=True)
@click.option("--events", is_flag=True, help="All events, with their times.")
@click.option("--reads", is_flag=True, help="All reads of both directions, with their times and bytes.")
@click.option("--text", is_flag=True, help="Only the text that the stream carries.")
@click.option("--summary", is_flag=True, help="Only a table: each provider, and how its streams ended.")
@click.option("--dialect", metavar="NAME", help="What the stream is, where its bytes should not decide.")
@click.option("--json", "json_target", metavar="FILE", help="Write everything as JSON; - for stdout.")
def command(
    paths: tuple[str, ...],
    events: bool,
    reads: bool,
    text: bool,
    summary: bool,
    dialect: str | None,
    json_target: str | None,
) -> None:
    """Show what captures hold: how each ended, its events, its numbers, what is wrong with it.

    PATHS are files or folders; of several captures, a line each.
    """
    names = [str(path) for path in expand(paths)]
    checkups = [(name, _check_up(name, dialect)) for name in names]
    if json_target is not None:
        documents = [checkup_document(name, checkup) for name, checkup in checkups]
        write_json(documents[0] if len(documents) == 1 else documents, json_target)
    if json_target == "-":
        return
    if text:
        _print_texts(checkups)
    elif summary:
        _print(summary_lines(checkups))
    elif not (events or reads):
        _print_all(checkups)
    else:
        for name, checkup in checkups:
            _print_one(name, checkup, events=events, reads=reads)


def print_captures(names: Iterable[str]) -> None:
    """Everything about one capture, a line each of several."""
    _print_all([(name, _check_up(name, None)) for name in names])


def _print_all(checkups: list[tuple[str, Checkup]]) -> None:
    if len(checkups) > 1:
        _print(table_lines(checkups))
        return
    for name, checkup in checkups:
        _print(checkup_lines(name, checkup))


def _check_up(name: str, dialect: str | None) -> Checkup:
    capture = load(name)
    return check_up(capture, layers_of(capture, dialect))


def _print_one(name: str, checkup: Checkup, *, events: bool, reads: bool) -> None:
    click.echo(safe_text(name))
    if reads:
        _print(read_lines(checkup))
    if events:
        _print(event_lines(checkup, all_events=True))


def _print_texts(checkups: list[tuple[str, Checkup]]) -> None:
    """The text itself: line ends and tabs as they are, everything else that a terminal would act on escaped."""
    for _, checkup in checkups:
        lines = checkup.text.split("\n")
        click.echo("\n".join("\t".join(map(safe_text, line.split("\t"))) for line in lines))


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)
