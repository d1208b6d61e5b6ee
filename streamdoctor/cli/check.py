"""`streamdoctor check`: which parsers break on which captures, and where."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from streamdoctor.capture.file import expand
from streamdoctor.cli.options import COMMAND_HELP, judging, limits_of, refs_of
from streamdoctor.cli.reporting import REPORTS_HELP, Reporting, agreed, in_order, report
from streamdoctor.cli.reporting import reporting as reported
from streamdoctor.diagnosis.judge import AtEof
from streamdoctor.errors import UsageError
from streamdoctor.faults import plans
from streamdoctor.parsers.calibrate import Role
from streamdoctor.parsers.levels import Level
from streamdoctor.parsers.load import FORMS
from streamdoctor.rephrasings import catalogue
from streamdoctor.rephrasings.probes import PROBES
from streamdoctor.splits import strategies
from streamdoctor.stream.providers import by_name
from streamdoctor.suite.cases import Axes
from streamdoctor.suite.check import check
from streamdoctor.suite.examine import Options
from streamdoctor.suite.explore import DEFAULT_MAX_PIECE
from streamdoctor.suite.jobs import processors
from streamdoctor.suite.results import exit_code, worth_telling
from streamdoctor.suite.subjects import Subject, find, from_probe
from streamdoctor.visible import safe_text, shorten

_REPHRASINGS = "\b\nRephrasings say a stream in other bytes whose events are known:\n" + "\n".join(
    f"{name:20} {entry.summary}" for name, entry in catalogue.REPHRASINGS.items()
)


@click.command("check", epilog=f"{_REPHRASINGS}\n\n{REPORTS_HELP}")
@click.argument("captures", nargs=-1)
@click.option("--parser", "-p", "parsers", multiple=True, metavar="REF", help=f"Repeatable. {FORMS}.")
@click.option("--command", "-c", "commands", multiple=True, metavar="CMD", help=f"Repeatable. {COMMAND_HELP}")
@click.option(
    "--split", "-s", "splits", multiple=True, metavar="NAME", help=f"Repeatable. {', '.join(strategies.usages())}."
)
@click.option(
    "--fault", "-f", "faults", multiple=True, metavar="NAME", help=f"Repeatable. {', '.join(plans.usages())}."
)
@click.option(
    "--rephrase", "-r", "rephrasings", multiple=True, metavar="NAME", help="Repeatable. One of those named below."
)
@click.option("--prove", is_flag=True, help="Cover all chunkings of each body at once, and say so if all are right.")
@click.option("--cost", is_flag=True, help="Measure how time grows with the size of a stream, beside the reference.")
@click.option("--max-piece", metavar="N|all", help="With --prove: the longest piece, in bytes.  [default: 64]")
@click.option(
    "--jobs", "-j", type=click.IntRange(1), metavar="N", help="Processes at once.  [default: one a processor]"
)
@reported
@judging
@click.pass_context
def command(
    ctx: click.Context,
    captures: tuple[str, ...],
    parsers: tuple[str, ...],
    commands: tuple[str, ...],
    splits: tuple[str, ...],
    faults: tuple[str, ...],
    rephrasings: tuple[str, ...],
    prove: bool,
    cost: bool,
    max_piece: str | None,
    jobs: int | None,
    reporting: Reporting,
    dialect: str | None,
    level: Level | None,
    role: Role | None,
    at_eof: AtEof,
    seed: int,
    time_limit: float,
) -> None:
    """Run parsers over captures, cut in every way, and judge what comes out.

    CAPTURES are files or folders; probe:DIALECT is a built-in stream; with none, the probes of all dialects that the
    parser speaks. Without --split and --fault: as recorded, under every standard split and the faults of an ending;
    and in every rephrasing that applies, whole, byte by byte and cut inside every boundary class.

    Exit status: 0 nothing wrong, 1 something fails or hangs (see --fail-on), 4 nothing could be judged.
    """
    axes = Axes(splits, faults, seed, rephrasings)
    axes.validate()
    refs = refs_of(parsers, commands)
    if dialect is not None:
        by_name(dialect)
    subjects = _subjects(captures, dialect)
    limits, patience = limits_of(time_limit)
    longest = _longest(prove, max_piece)
    options = Options(axes, level, role, at_eof, dialect, prove, longest, patience, cost, unasked=not captures)
    judged, disputed = agreed(subjects, reporting, refs)
    results = check(refs, judged, options, limits, _progress, jobs=jobs or processors())
    results = in_order([*results, *disputed], subjects)
    if not captures:
        results = worth_telling(results)
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", nl=False, err=True)
    report(results, subjects, options, limits, reporting)
    ctx.exit(exit_code(results, reporting.fail_on))


def _longest(prove: bool, max_piece: str | None) -> int | None:
    """None for pieces of any length."""
    if max_piece is not None and not prove:
        raise UsageError("--max-piece goes with --prove")
    if max_piece is None:
        return DEFAULT_MAX_PIECE
    if max_piece == "all":
        return None
    if not (max_piece.isascii() and max_piece.isdigit()) or int(max_piece[:9]) < 1:
        raise UsageError(f"--max-piece wants a number of bytes or all, not {max_piece!r}")
    return int(max_piece)


def _subjects(captures: Sequence[str], dialect: str | None) -> list[Subject]:
    if not captures:
        return [from_probe(probe.dialect) for probe in PROBES]
    names = [
        name for capture in captures for name in ([capture] if _is_probe(capture) else map(str, expand([capture])))
    ]
    subjects = [find(name, dialect) for name in dict.fromkeys(names)]
    if not subjects:
        raise UsageError("there is nothing to check")
    return subjects


def _is_probe(name: str) -> bool:
    return name.startswith("probe:")


def _progress(parser: str, subject: str, words: str) -> None:
    if sys.stderr.isatty():
        far = f": {words}" if words else ""
        width = (os.get_terminal_size(sys.stderr.fileno()).columns or 80) - 1 - len(far)
        what = shorten(f"{safe_text(parser)}  {safe_text(subject)}", max(width, 8))
        click.echo(f"\r\x1b[K{what}{far}", nl=False, err=True)
