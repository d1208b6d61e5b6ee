"""Options that several commands share, and what becomes of `--json`."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from streamdoctor.errors import UsageError

if TYPE_CHECKING:
    from streamdoctor.parsers.command import Patience
    from streamdoctor.suite.workers import Limits

F = TypeVar("F", bound=Callable[..., Any])


def judging(function: F) -> F:
    """`--dialect --level --role --at-eof --seed --time-limit`, as they overrule calibration."""
    from streamdoctor.diagnosis.judge import AT_EOF
    from streamdoctor.parsers.calibrate import ROLES
    from streamdoctor.parsers.levels import LEVELS
    from streamdoctor.suite.workers import Limits

    options = (
        click.option("--dialect", metavar="NAME", help="What the streams are, where their bytes should not decide."),
        click.option("--level", type=click.Choice(LEVELS), help="What the parser hands out; default: calibrated."),
        click.option("--role", type=click.Choice(ROLES), help="Who decides the end; default: calibrated."),
        click.option("--at-eof", type=click.Choice(AT_EOF), default="either", show_default=True,
                     help="What an unterminated last event should become."),
        click.option("--seed", type=int, default=0, show_default=True, help="For random splits."),
        click.option("--time-limit", type=click.FloatRange(min=0.1), default=Limits().cpu, show_default=True,
                     metavar="SECONDS", help="CPU time a case; four times as much waiting without progress."),
    )  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


def limits_of(seconds: float) -> tuple[Limits, Patience]:
    """What `--time-limit` means: for a child of ours, and for a command in it."""
    from streamdoctor.parsers.command import Patience
    from streamdoctor.suite.workers import Limits

    return Limits(seconds, 4 * seconds), Patience.of(seconds)


def refs_of(parsers: Sequence[str], commands: Sequence[str]) -> list[str]:
    """The references that `--parser` and `--command` give. Raises UsageError where there is none, or one is wrong."""
    from streamdoctor.parsers.command import ref_of
    from streamdoctor.parsers.load import FORMS, validate

    refs = [*parsers, *map(ref_of, commands)]
    if not refs:
        raise UsageError("there is no parser to judge", hint=f"--parser REF: {FORMS}; or --command CMD")
    for ref in refs:
        validate(ref)
    return refs


COMMAND_HELP = "A parser in another language: reads frames, writes JSON lines (see README)."


def write_json(document: Any, target: str) -> None:
    """Writes `document` to the file `target`, or to stdout for `-`."""
    text = json.dumps(document, indent=2) + "\n"
    if target == "-":
        click.echo(text, nl=False)
        return
    try:
        Path(target).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--json: {target} cannot be written: {error.strerror}") from None
