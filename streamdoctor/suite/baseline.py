"""Findings that a team knows and accepts for now, in a file for review: what is new, known, fixed, stale.

An entry is matched by what stays the same when a capture is recorded anew: capture, parser, rule, oracle, rephrasing,
kind of fault, exception; never by offset or case id. Files are named from the folder of the baseline, so that it means
the same wherever it is read. An entry counts as fixed only where a run looked for it: same axes, parser and capture
judged.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from streamdoctor.errors import CaptureError, UsageError
from streamdoctor.suite.cases import Axes
from streamdoctor.suite.results import Found, Result, cause_of
from streamdoctor.visible import safe_json

SCHEMA = "streamdoctor.baseline/1"


class Accepted(NamedTuple):
    """One entry; `kind` and `summary` are for the reader."""

    subject: str
    parser: str
    rule: str
    oracle: str
    rephrase: str
    fault: str | None
    exception: str | None
    kind: str
    summary: str

    @property
    def key(self) -> tuple[str | None, ...]:
        return tuple(self[:7])


@dataclass(frozen=True)
class Compared:
    """A run held against a baseline. `unseen` are entries that this run did not look for."""

    new: tuple[Found, ...]
    known: tuple[Found, ...]
    fixed: tuple[Accepted, ...]
    stale: tuple[Accepted, ...]
    unseen: tuple[Accepted, ...]


@dataclass(frozen=True)
class Baseline:
    """What is accepted, the axes it was found with, and the folder from which files are named."""

    folder: Path
    axes: dict[str, Any]
    accepted: tuple[Accepted, ...]

    def compare(self, results: Iterable[Result], axes: Axes) -> Compared:
        """Marks the findings that it accepts as known."""
        results = list(results)
        known: list[Found] = []
        new: list[Found] = []
        seen: set[tuple[str | None, ...]] = set()
        accepted = {entry.key for entry in self.accepted}
        for result in results:
            for found in result.findings:
                key = _entry(result, found, self.folder).key
                found.known = key in accepted
                (known if found.known else new).append(found)
                seen.add(key)
        gone = [entry for entry in self.accepted if entry.key not in seen]
        stale = [entry for entry in gone if not self._exists(entry.subject)]
        judged = self._judged(results) if _axes(axes) == self.axes else set()
        there = [entry for entry in gone if entry not in stale]
        fixed = [entry for entry in there if (entry.subject, entry.parser) in judged]
        unseen = [entry for entry in there if entry not in fixed]
        return Compared(tuple(new), tuple(known), tuple(fixed), tuple(stale), tuple(unseen))

    def renewed(self, results: Iterable[Result], axes: Axes) -> Baseline:
        """What a run found in place of what it looked for; what it did not look for stays, but for what is stale."""
        results = list(results)
        found = {_entry(result, one, self.folder) for result in results for one in result.findings}
        unseen = self.compare(results, axes).unseen if _axes(axes) == self.axes else ()
        kept = {entry.key: entry for entry in [*unseen, *sorted(found, key=_order)]}
        return Baseline(self.folder, _axes(axes), tuple(sorted(kept.values(), key=_order)))

    def text(self) -> str:
        """JSON in a stable order, an entry's fields on lines of their own, for a reader of diffs."""
        entries = [entry._asdict() for entry in self.accepted]
        return safe_json({"schema": SCHEMA, "axes": self.axes, "accepted": entries})

    def _exists(self, subject: str) -> bool:
        return subject.startswith("probe:") or (self.folder / subject).exists()

    def _judged(self, results: Sequence[Result]) -> set[tuple[str, str]]:
        judged = [result for result in results if result.verdict not in ("error", "skipped") and not result.interrupted]
        return {(_name(result, self.folder), _parser(result, self.folder)) for result in judged}


def empty(path: str | Path) -> Baseline:
    """A baseline that accepts nothing, to be written to `path`."""
    return Baseline(Path(os.path.abspath(path)).parent, {}, ())


def load(path: str | Path) -> Baseline:
    """Raises UsageError where there is no such file, CaptureError where it is no baseline."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        hint = "write it with --update-baseline"
        raise UsageError(f"--baseline: there is no file {path}", hint=hint) from None
    except (OSError, ValueError) as error:
        raise CaptureError(f"{path} cannot be read: {error}") from None
    try:
        document = json.loads(text)
        if document["schema"] != SCHEMA:
            raise CaptureError(f"{path} is {document['schema']!r}, not {SCHEMA!r}")
        entries = tuple(_read(entry) for entry in document["accepted"])
        return Baseline(Path(os.path.abspath(path)).parent, dict(document["axes"]), entries)
    except (ValueError, KeyError, TypeError) as error:
        why = f"{type(error).__name__}: {error}"
        raise CaptureError(f"{path} is no baseline ({why})", hint="write it anew with --update-baseline") from None


def _read(entry: dict[str, Any]) -> Accepted:
    made = Accepted(**entry)
    optional = {"fault", "exception"}
    for name, value in made._asdict().items():
        if not isinstance(value, str) and not (value is None and name in optional):
            raise TypeError(f"{name} is {value!r}")
    return made


def _entry(result: Result, found: Found, folder: Path) -> Accepted:
    subject = _name(result, folder)
    return Accepted(subject, _parser(result, folder), *cause_of(found), found.kind, found.finding.summary)


def _name(result: Result, folder: Path) -> str:
    if result.capture is None:
        return result.subject
    return _from(folder, result.capture)


def _parser(result: Result, folder: Path) -> str:
    path, colon, name = result.parser.rpartition(":")
    return f"{_from(folder, path)}:{name}" if colon and path.endswith(".py") else result.parser


def _from(folder: Path, path: str) -> str:
    return Path(os.path.relpath(os.path.abspath(path), folder)).as_posix()


def _axes(axes: Axes) -> dict[str, Any]:
    given = {"split": axes.splits, "fault": axes.faults, "rephrase": axes.rephrasings}
    return {**{name: list(names) for name, names in given.items()}, "seed": axes.seed}


def _order(entry: Accepted) -> tuple[str, ...]:
    return tuple(value or "" for value in entry)
