"""`streamdoctor replay`: one case, step by step."""

from __future__ import annotations

from pathlib import Path

import click

from streamdoctor.cli.kept import arguments_of, is_case_id
from streamdoctor.cli.options import COMMAND_HELP, judging, limits_of, refs_of
from streamdoctor.diagnosis.judge import AtEof
from streamdoctor.diagnosis.rules import RULES
from streamdoctor.errors import CaptureError, ExitCode
from streamdoctor.faults import plans
from streamdoctor.parsers.calibrate import Role
from streamdoctor.parsers.levels import Level
from streamdoctor.parsers.load import FORMS
from streamdoctor.rephrasings import catalogue
from streamdoctor.report.steps import replay_lines
from streamdoctor.splits import strategies
from streamdoctor.stream.providers import by_name
from streamdoctor.suite.cases import Axes
from streamdoctor.suite.examine import Options
from streamdoctor.suite.single import Replayed, replay
from streamdoctor.suite.subjects import find


@click.command("replay")
@click.argument("capture")
@click.option("--parser", "-p", "ref", metavar="REF", help=f"{FORMS}.")
@click.option("--command", "-c", "program", metavar="CMD", help=COMMAND_HELP)
@click.option(
    "--split", "-s", default="whole", show_default=True, metavar="NAME", help=f"{', '.join(strategies.usages())}."
)
@click.option("--fault", "-f", metavar="NAME", help=f"{', '.join(plans.usages())}.")
@click.option(
    "--rephrase",
    "-r",
    default=catalogue.AS_IS,
    show_default=True,
    metavar="NAME",
    help=f"{', '.join(catalogue.names())}.",
)
@judging
@click.pass_context
def command(
    ctx: click.Context,
    capture: str,
    ref: str | None,
    program: str | None,
    split: str,
    fault: str | None,
    rephrase: str,
    dialect: str | None,
    level: Level | None,
    role: Role | None,
    at_eof: AtEof,
    seed: int,
    time_limit: float,
) -> None:
    """Play CAPTURE (a file, or probe:DIALECT) to a parser, cut as --split says, and show each step.

    The id of a finding of the last `check` here stands for all of it.

    Of a split with several runs, the first that shows something wrong. Exit status as `check`.
    """
    if is_case_id(capture):
        with command.make_context("replay", arguments_of(capture), parent=ctx.parent) as again:
            command.invoke(again)
    if not capture.startswith("probe:") and not Path(capture).exists():
        raise CaptureError(
            f"{capture}: there is no such file", hint="nor is it a case id, which has 8 digits from 0 to f"
        )
    subject = find(capture, dialect)
    (ref,) = refs_of([ref] if ref else [], [program] if program and not ref else [])
    axes = Axes((split,), (fault,) if fault else (), seed, (rephrase,))
    axes.validate()
    if dialect is not None:
        by_name(dialect)
    limits, patience = limits_of(time_limit)
    options = Options(axes, level, role, at_eof, dialect, patience=patience)
    replayed = replay(ref, subject, split, fault, options, limits, rephrase)
    for line in replay_lines(replayed, ref):
        click.echo(line)
    ctx.exit(_exit_code(replayed))


def _exit_code(replayed: Replayed) -> ExitCode:
    if replayed.why is not None:
        return ExitCode.NOT_JUDGED
    wrong = any(RULES[finding.rule].kind != "non-strict" for finding in replayed.findings)
    return ExitCode.FOUND if wrong else ExitCode.OK
