"""`streamdoctor tui`: captures, verdicts, bytes and live recordings on one terminal; a text report where there is none.

What it opens on is decided here: results where something fails, else what was open the last time in this folder.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from streamdoctor.errors import ExitCode, UsageError


@click.command("tui")
@click.argument("path", required=False, metavar="[PATH|RESULTS]")
@click.pass_context
def command(ctx: click.Context, path: str | None) -> None:
    """See where it breaks: the captures of a folder, parsers against them, every byte of a case, live recordings.

    PATH is a folder or a capture, RESULTS what `check --json` wrote; default: captures, or the folder you are in. Where
    stdout is no terminal, the text report of the same. ? tells what can be done on each screen.
    """
    from streamdoctor.tui.state import last_results, results_in

    where = Path(path or ("captures" if Path("captures").is_dir() else "."))
    if not where.exists():
        raise UsageError(f"{path}: there is no such file or folder")
    given = results_in(where) if where.is_file() else None
    if not sys.stdout.isatty():
        _print_report(where, given)
        return
    results = given if given is not None else _about(where, last_results())
    ctx.exit(open_lab(_folder_of(where, given), results, given=given is not None))


def open_lab(where: Path, results: Mapping[str, Any] | None, *, given: bool) -> ExitCode:
    """Runs the TUI until it is left. `given` results are looked at first; others too, where this is the first time."""
    from streamdoctor.tui.app import Lab
    from streamdoctor.tui.grid import Grid
    from streamdoctor.tui.state import load

    state = load()
    failing = results is not None and bool(Grid.of(results).wrong())
    first = given or (failing and not state.saved)
    said = Lab(where, state=state, results=results, place="matrix" if first else "").run()
    click.echo(said or f"streamdoctor: {where} was left")
    return ExitCode.OK


def _about(where: Path, results: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The last results, where they are about captures that lie here."""
    here = where.resolve()
    told = results["results"] if results else []
    mine = any(result["capture"] and Path(result["capture"]).resolve().is_relative_to(here) for result in told)
    return results if mine else None


def _folder_of(where: Path, results: Mapping[str, Any] | None) -> Path:
    """Where the captures of these results lie, or `where` itself."""
    if results is None:
        return where
    captures = [result["capture"] for result in results["results"] if result["capture"]]
    common = Path(os.path.commonpath(captures)) if captures else where.parent
    return common if common.exists() else where.parent


def _print_report(where: Path, results: Mapping[str, Any] | None) -> None:
    """What `check` printed of these results, or what `show` prints of these captures."""
    from streamdoctor.capture.file import expand
    from streamdoctor.cli.show import print_captures
    from streamdoctor.report.json import results_of
    from streamdoctor.report.text import check_lines

    if results is None:
        print_captures([str(path) for path in expand([str(where)])])
        return
    for line in check_lines(results_of(results)):
        click.echo(line)
