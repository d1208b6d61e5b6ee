"""What becomes of the results of a check: reports, baseline, expectations, exit code. Options and their meaning."""

from __future__ import annotations

import functools
import os
import platform
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from streamdoctor import __version__
from streamdoctor.cli.kept import keep
from streamdoctor.errors import UsageError
from streamdoctor.report.causes import causes, named
from streamdoctor.report.json import check_document
from streamdoctor.report.markdown import markdown_text
from streamdoctor.report.model import CheckReport
from streamdoctor.report.reports import REPORTS
from streamdoctor.report.text import report_lines
from streamdoctor.report.words import plural
from streamdoctor.suite import baseline, expected
from streamdoctor.suite.baseline import Baseline
from streamdoctor.suite.examine import Options
from streamdoctor.suite.exhibit import Exhibit, Wanted, gather
from streamdoctor.suite.results import Result
from streamdoctor.suite.subjects import Subject
from streamdoctor.suite.workers import Limits
from streamdoctor.visible import safe_text

F = TypeVar("F", bound=Callable[..., Any])
FAIL_ON = ("hung", "fail", "non-strict", "skipped", "never")
STDOUT = "-"
REPORTS_HELP = "\b\nReports:\n" + "\n".join(f"{name:20} {report.summary}" for name, report in REPORTS.items())


@dataclass(frozen=True)
class Reporting:
    """What the user asked for; `outputs` are (format, file), `-` for stdout."""

    outputs: tuple[tuple[str, str], ...]
    baseline: Baseline | None
    baseline_file: str | None
    update_baseline: bool
    update: bool
    fail_on: tuple[str, ...]
    started: str


def reporting(function: F) -> F:
    """`--output --json --fail-on --baseline --update-baseline --update`, handed on as one `reporting`."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        given = {name: kwargs.pop(name) for name in _NAMES}
        return function(*args, reporting=_reporting(**given), **kwargs)

    for option in reversed(_OPTIONS):
        wrapper = option(wrapper)
    return wrapper  # type: ignore[return-value]


_OPTIONS = (
    click.option("--output", "-o", "outputs", multiple=True, metavar="FORMAT=FILE",
                 help=f"Repeatable; - for stdout. {', '.join(REPORTS)}."),
    click.option("--json", "json_target", metavar="FILE", help="The same as --output json=FILE."),
    click.option("--fail-on", multiple=True, type=click.Choice(FAIL_ON), default=("fail",), show_default=True,
                 help="Repeatable. What makes the exit status 1: this, and what is worse (hung, fail, non-strict); "
                      "skipped results too; or nothing."),
    click.option("--baseline", "baseline_file", metavar="FILE",
                 help="Known findings, which do not count: new, known, fixed and stale ones are told."),
    click.option("--update-baseline", is_flag=True, help="With --baseline: write what was found to FILE."),
    click.option("--update", is_flag=True,
                 help=f"Write what each capture means beside it, NAME{expected.SUFFIX}; later checks hold it to that."),
)  # fmt: skip
_NAMES = ("outputs", "json_target", "fail_on", "baseline_file", "update_baseline", "update")


def _reporting(
    outputs: tuple[str, ...],
    json_target: str | None,
    fail_on: tuple[str, ...],
    baseline_file: str | None,
    update_baseline: bool,
    update: bool,
) -> Reporting:
    if update_baseline and baseline_file is None:
        raise UsageError("--update-baseline goes with --baseline FILE")
    wanted = [_output(given) for given in outputs] + (
        [_output(f"json={json_target}")] if json_target is not None else []
    )
    if sum(file == STDOUT for _, file in wanted) > 1:
        raise UsageError("two reports go to stdout", hint="give all but one a file")
    known = None
    if update_baseline and baseline_file is not None:
        _check_place(baseline_file)
    if baseline_file is not None:
        fresh = update_baseline and not Path(baseline_file).exists()
        known = baseline.empty(baseline_file) if fresh else baseline.load(baseline_file)
    started = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return Reporting(tuple(wanted), known, baseline_file, update_baseline, update, fail_on, started)


def _output(given: str) -> tuple[str, str]:
    name, equals, file = given.partition("=")
    if name not in REPORTS:
        raise UsageError(f"--output: there is no report {name!r}", hint=f"reports: {', '.join(REPORTS)}")
    if not equals or not file:
        raise UsageError(f"--output {given}: where to?", hint=f"{name}=FILE, or {name}=- for stdout")
    _check_place(file)
    return name, file


def _check_place(file: str) -> None:
    """Before the work, not after it. Raises UsageError where a file cannot be put."""
    path = Path(file)
    if file != STDOUT and (path.is_dir() or not path.parent.is_dir()):
        why = "it is a folder" if path.is_dir() else f"there is no folder {path.parent}"
        raise UsageError(f"{file} cannot be written: {why}")


def agreed(subjects: Sequence[Subject], asked: Reporting, parsers: Sequence[str]) -> tuple[list[Subject], list[Result]]:
    """The subjects that mean what is expected of them, and the results of those that do not; with --update the
    expectations are written first."""
    if asked.update:
        written = [path for path in map(expected.update, subjects) if path is not None]
        told = named([safe_text(str(path)) for path in written], 3)
        click.echo(f"{plural(len(written), 'expectation')} written: {told}", err=True)
    disputes = {subject.name: why for subject in subjects if (why := expected.dispute(subject)) is not None}
    bad = [
        Result(subject.path, None, parser, subject.dialect, error=True, note=disputes[subject.name])
        for subject in subjects
        if subject.name in disputes
        for parser in dict.fromkeys(parsers)
    ]
    return [subject for subject in subjects if subject.name not in disputes], bad


def in_order(results: Sequence[Result], subjects: Sequence[Subject]) -> list[Result]:
    """Results by subject, in the order of `subjects`; those of one stay as they are."""
    place = {subject.name: number for number, subject in enumerate(subjects)}
    return sorted(results, key=lambda result: place[result.subject])


def report(
    results: Sequence[Result], subjects: Sequence[Subject], options: Options, limits: Limits, asked: Reporting
) -> None:
    """Keeps the results, writes the baseline and every report that was asked for, or the text."""
    compared = asked.baseline.compare(results, options.axes) if asked.baseline else None
    if asked.update_baseline and asked.baseline and asked.baseline_file:
        renewed = asked.baseline.renewed(results, options.axes)
        _write(asked.baseline_file, renewed.text())
        compared = renewed.compare(results, options.axes)
    keep(check_document(results, options.axes.seed))
    made = CheckReport(
        results=results,
        seed=options.axes.seed,
        version=__version__,
        started=asked.started,
        command=shlex.join(["streamdoctor", *sys.argv[1:]]),
        python=f"Python {platform.python_version()} on {platform.system()}",
        exhibits=_exhibits(results, subjects, options, limits, asked),
        compared=compared,
        fail_on=asked.fail_on,
    )
    for name, file in asked.outputs:
        _write(file, REPORTS[name].render(made))
    if any(name == "github" for name, _ in asked.outputs):
        _summarise(made)
    if not any(file == STDOUT for _, file in asked.outputs):
        for line in report_lines(made):
            click.echo(line)


def _exhibits(
    results: Sequence[Result], subjects: Sequence[Subject], options: Options, limits: Limits, asked: Reporting
) -> dict[str, Exhibit]:
    """The plainest case of each cause first, as far as there is room; none after an interrupt: they take time."""
    wanted = any(REPORTS[name].exhibits for name, _ in asked.outputs)
    if not wanted or any(result.interrupted for result in results):
        return {}
    named = {subject.name: subject for subject in subjects}
    folded = causes(results)
    first = [cause.shown[0] for cause in folded]
    rest = [one for cause in folded for one in cause.shown[1:]]
    return gather([Wanted(*one, named[one.result.subject]) for one in [*first, *rest]], options, limits)


def _summarise(made: CheckReport) -> None:
    """Appends to the step summary of GitHub Actions, where there is one."""
    target = os.environ.get("GITHUB_STEP_SUMMARY")
    if target:
        try:
            with open(target, "a", encoding="utf-8") as summary:
                summary.write(markdown_text(made))
        except OSError as error:
            click.echo(f"the step summary could not be written: {error.strerror}", err=True)


def _write(file: str, text: str) -> None:
    if file == STDOUT:
        click.echo(text, nl=False)
        return
    try:
        Path(file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}") from None
