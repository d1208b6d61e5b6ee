"""The captures of a folder, as the first screen lists them: read once, read anew when their file changes.

Rules: everything here runs in a thread, or in a process of its own, and returns values; nothing here knows of the
screen. A file that cannot be read is an entry too, with what is wrong with it. An entry keeps no bytes but the first of
its text.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from streamdoctor.capture.file import SUFFIXES, load
from streamdoctor.capture.model import RECEIVED
from streamdoctor.diagnosis.checkup import Checkup, check_up
from streamdoctor.diagnosis.rule import SEVERITIES
from streamdoctor.diagnosis.rules import RULES
from streamdoctor.diagnosis.symptoms.evidence import Symptom
from streamdoctor.errors import CaptureError, StreamdoctorError
from streamdoctor.report.timeline import slots_of
from streamdoctor.suite.subjects import layers_of

LONG = 4 << 20
"""Bytes of a file that takes a while to read."""
MOST_TEXT = 4_000
SLOTS = 240
"""In so many slots of time the bytes of a stream are counted."""

Stamp = tuple[int, int, int]
"""Inode, size and time of change: what tells one state of a file from another."""


@dataclass(frozen=True)
class Entry:
    """One capture. `trouble` says why it could not be read; then the rest is empty. `state` is one of complete,
    incomplete, growing (there is no end record yet), unread (its turn has not come) and - (cannot be told)."""

    path: Path
    stamp: Stamp
    provider: str = ""
    asked: str = ""
    answered: str = ""
    status: str = "---"
    state: str = "-"
    ended: str = ""
    events: int = 0
    reads: int = 0
    size: int = 0
    duration: int = 0
    first_byte: int | None = None
    max_gap: int | None = None
    findings: tuple[Symptom, ...] = ()
    warnings: tuple[str, ...] = ()
    text: str = ""
    slots: tuple[int, ...] = ()
    trouble: str | None = None

    @property
    def worst(self) -> Symptom | None:
        """The finding of the highest severity, the first of these."""
        return min(self.findings, key=lambda found: SEVERITIES.index(RULES[found.rule].severity), default=None)

    @property
    def rank(self) -> int:
        """How bad it is, worst first."""
        if self.trouble:
            return 0
        return 1 + SEVERITIES.index(RULES[self.worst.rule].severity) if self.worst else len(SEVERITIES) + 1

    @property
    def words(self) -> str:
        """What the filter looks at."""
        codes = (f"{found.rule} {RULES[found.rule].name} {RULES[found.rule].severity}" for found in self.findings)
        about = (self.path, self.provider, self.asked, self.status, self.state, self.ended, *codes, self.trouble or "")
        return " ".join(map(str, about)).lower()


def stamps(where: Path) -> dict[Path, Stamp]:
    """The captures that lie at `where` now: a folder with all that is in it, or one file."""
    found: dict[Path, Stamp] = {}
    for path in [where] if where.is_file() else _inside(where):
        if (stamp := stamp_of(path)) is not None:
            found[path] = stamp
    return found


def stamp_of(path: Path) -> Stamp | None:
    """None where there is no such file, or not any more."""
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_ino, about.st_size, about.st_mtime_ns


def _inside(folder: Path) -> Iterable[Path]:
    for here, _, names in os.walk(folder):
        yield from (Path(here, name) for name in sorted(names) if name.endswith(SUFFIXES))


def read_entry(path: Path, stamp: Stamp) -> Entry:
    """What there is to say of one capture."""
    try:
        capture = load(path)
        return _entry(path, stamp, check_up(capture, layers_of(capture)))
    except CaptureError as error:
        return Entry(path, stamp, trouble=_without_path(error, path))
    except StreamdoctorError as error:
        return Entry(path, stamp, trouble=str(error))


def _without_path(error: CaptureError, path: Path) -> str:
    said = str(error).removeprefix(str(path)).removeprefix(f":{error.line}").removeprefix(": ")
    return f"line {error.line}: {said}" if error.line else said


def _entry(path: Path, stamp: Stamp, checkup: Checkup) -> Entry:
    capture, layers, timing = checkup.capture, checkup.layers, checkup.timing
    reading = layers.reading
    request, response = layers.request, layers.response
    return Entry(
        path=path,
        stamp=stamp,
        provider=reading.provider.name if reading else "no stream",
        asked=f"{request.method} {request.target}" if request else "(no request)",
        answered=f"{response.status} {response.reason}".strip() if response else "no response",
        status=str(response.status) if response else "---",
        state=_state(checkup),
        ended=capture.cause if capture.end else "no end yet",
        events=len(reading.events) if reading else 0,
        reads=len(capture.reads(RECEIVED)),
        size=len(layers.decoded),
        duration=timing.duration,
        first_byte=timing.first_byte,
        max_gap=timing.max_gap,
        findings=checkup.findings,
        warnings=capture.warnings,
        text=checkup.text[:MOST_TEXT],
        slots=tuple(slots_of(layers.arrivals, timing.duration, SLOTS)),
    )


def _state(checkup: Checkup) -> str:
    if checkup.capture.end is None and checkup.complete is not True:
        return "growing"
    return {True: "complete", False: "incomplete", None: "-"}[checkup.complete]


@dataclass(frozen=True)
class Filter:
    """All `words` have to be in an entry, those that begin with ! must not; `inverted` turns it around."""

    words: str = ""
    inverted: bool = False

    def keeps(self, entry: Entry) -> bool:
        wanted = self.words.lower().split()
        if not wanted:
            return True
        text = entry.words
        return all((word[1:] not in text) if word[:1] == "!" and word[1:] else word in text for word in wanted) != (
            self.inverted
        )


SORTS = ("name", "worst first", "longest first")


def ordered(entries: Iterable[Entry], sort: str) -> list[Entry]:
    """`entries` in the order of one of SORTS."""
    by_name = sorted(entries, key=lambda entry: entry.path)
    if sort == "worst first":
        return sorted(by_name, key=lambda entry: entry.rank)
    if sort == "longest first":
        return sorted(by_name, key=lambda entry: -entry.duration)
    return by_name
