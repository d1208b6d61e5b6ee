"""`streamdoctor minimise`: the smallest body, cuts and fault that still show a finding, as files to keep."""

from __future__ import annotations

import click

from streamdoctor.capture.file import SUFFIX
from streamdoctor.cli.kept import arguments_of, is_case_id
from streamdoctor.cli.options import limits_of, refs_of
from streamdoctor.cli.replay import command as replay_command
from streamdoctor.diagnosis.rules import RULES
from streamdoctor.errors import ExitCode
from streamdoctor.report.text import smallest
from streamdoctor.suite.casefile import minimal_of, write_case
from streamdoctor.suite.cases import Axes
from streamdoctor.suite.examine import Options
from streamdoctor.suite.single import replay
from streamdoctor.suite.subjects import find
from streamdoctor.visible import safe_text


@click.command("minimise", context_settings={"ignore_unknown_options": True})
@click.argument("case", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option("--out", "-o", metavar="NAME", help=f"Write NAME{SUFFIX} and NAME.case.json; default: the case's id.")
@click.pass_context
def command(ctx: click.Context, case: tuple[str, ...], out: str | None) -> None:
    """Make a failing case small: events, lines and bytes go, then cuts, as long as it gives the same rule.

    CASE is the id of a finding of the last `check` here, or what `replay` takes: a capture, --parser, --split, --fault.
    Exit status: 0 when it was written, 4 where the case shows nothing wrong.
    """
    given = arguments_of(case[0]) if len(case) == 1 and is_case_id(case[0]) else list(case)
    asked = replay_command.make_context("replay", given, parent=ctx.parent).params
    (ref,) = refs_of(*([given] if given else [] for given in (asked["ref"], asked["program"])))
    limits, patience = limits_of(asked["time_limit"])
    axes = Axes(seed=asked["seed"])
    options = Options(axes, asked["level"], asked["role"], asked["at_eof"], asked["dialect"], patience=patience)
    subject = find(asked["capture"], asked["dialect"])
    replayed = replay(ref, subject, asked["split"], asked["fault"], options, limits, asked["rephrase"])
    if not replayed.findings or replayed.calibration is None:
        click.echo(f"this case shows nothing wrong{f': {safe_text(replayed.why)}' if replayed.why else ''}", err=True)
        ctx.exit(ExitCode.NOT_JUDGED)
    minimal, finding = minimal_of(replayed, ref, options, limits)
    files = write_case(replayed, ref, options, minimal, finding, out)
    click.echo(f"{finding.rule} {RULES[finding.rule].kind}: {smallest(minimal)}")
    for path in files:
        click.echo(str(path))
