"""Parsers x subjects: what `check` does, with as many processes as asked for.

The order of results is that of the subjects, then of the parsers; nothing in a result but `seconds` depends on time, or
on the number of jobs. An interrupt leaves what is known so far.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from streamdoctor.parsers.load import prepare
from streamdoctor.suite.examine import Options
from streamdoctor.suite.jobs import Task, run_all
from streamdoctor.suite.results import Result
from streamdoctor.suite.subjects import Subject
from streamdoctor.suite.trialled import MOST_HANGS, Trialled, blank, left_out
from streamdoctor.suite.workers import Limits

Progress = Callable[[str, str, str], None]
"""Hears the parser that is judged, on what, and how far it came: "" as it begins."""
Done = Callable[[Result, bool], None]
"""Hears each result: as its cases left it, then once more as it stays (True), with findings made small and proofs."""


def check(
    parsers: Sequence[str],
    subjects: Sequence[Subject],
    options: Options,
    limits: Limits | None = None,
    progress: Progress = lambda parser, subject, words: None,
    *,
    jobs: int = 1,
    done: Done = lambda result, final: None,
) -> list[Result]:
    """One result for each subject and parser. Raises UsageError for a parser that cannot be loaded."""
    refs = list(dict.fromkeys(parsers))
    for ref in refs:
        prepare(ref)
    parts = [_Part(ref, *span) for ref in refs for span in _spans(len(subjects), jobs, len(refs))]
    table = _Table(refs, subjects, parts, progress, done)
    options = replace(options, dialects=frozenset(subject.dialect for subject in subjects))
    tasks = [_task(part, subjects, options, limits or Limits()) for part in parts]
    try:
        run_all(tasks, jobs, table.receive)
    except KeyboardInterrupt:
        table.interrupted = True
    return table.results()


class _Part(NamedTuple):
    """Consecutive subjects for one parser: what one process does."""

    ref: str
    start: int
    end: int


def _spans(count: int, jobs: int, parsers: int) -> Iterator[tuple[int, int]]:
    """Two parts a job, but for the first subjects, which tell whether the others are worth it."""
    wanted = 1 if jobs <= parsers else -(-2 * jobs // parsers)
    size = max(-(-count // wanted), MOST_HANGS, 1)
    yield from ((start, min(start + size, count)) for start in range(0, count, size))


def _task(part: _Part, subjects: Sequence[Subject], options: Options, limits: Limits) -> Task:
    def task(tell: Any) -> None:
        Trialled(part.ref, subjects[part.start : part.end], options, limits, tell, part.start).run()

    return task


@dataclass
class _Table:
    """What is known, whoever told it first."""

    refs: Sequence[str]
    subjects: Sequence[Subject]
    parts: Sequence[_Part]
    progress: Progress
    done: Done
    interrupted: bool = False
    rows: dict[tuple[str, int], Result] = field(default_factory=dict)
    hopeless: set[str] = field(default_factory=set)

    def receive(self, number: int, message: tuple[str, Any]) -> None:
        kind, told = message
        ref = self.parts[number].ref
        if kind == "at":
            self.progress(ref, *told)
        elif kind == "hopeless":
            self.hopeless.add(ref)
        else:
            row, result, final = told
            self.rows[ref, row] = result
            self.done(result, final)
            if final and result.interrupted:
                raise KeyboardInterrupt

    def results(self) -> list[Result]:
        return [self._result(ref, row) for row in range(len(self.subjects)) for ref in self.refs]

    def _result(self, ref: str, row: int) -> Result:
        result = self.rows.get((ref, row))
        if result is None or (ref in self.hopeless and row >= MOST_HANGS):
            result = blank(ref, self.subjects[row])
            if ref in self.hopeless:
                left_out(result)
            else:
                result.interrupted, result.skipped, result.note = True, True, "interrupted before it was judged"
        result.interrupted |= self.interrupted
        return result
