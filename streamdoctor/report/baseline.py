"""What became of the findings that a baseline accepts, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from streamdoctor.report.words import plural
from streamdoctor.suite.baseline import Accepted, Compared
from streamdoctor.visible import safe_text

_MOST = 20


def baseline_lines(compared: Compared) -> Iterator[str]:
    """One line of counts, then what should leave the baseline."""
    yield f"baseline: {baseline_counts(compared)}"
    yield from _entries("fixed", compared.fixed, "it did not come again: take it out with --update-baseline")
    yield from _entries("stale", compared.stale, "there is no such capture any more")


def baseline_counts(compared: Compared) -> str:
    """`2 new findings, 5 known, 1 fixed`."""
    told = [plural(len(compared.new), "new finding"), f"{len(compared.known)} known", f"{len(compared.fixed)} fixed"]
    told += [f"{len(compared.stale)} stale"] if compared.stale else []
    if compared.unseen:
        told.append(f"{len(compared.unseen)} not looked for in this run")
    return ", ".join(told)


def _entries(word: str, entries: Sequence[Accepted], why: str) -> Iterator[str]:
    for entry in entries[:_MOST]:
        yield f"  {word}: {entry_text(entry)} ({why})"
    if len(entries) > _MOST:
        yield f"  {word}: {len(entries) - _MOST} more"


def entry_text(entry: Accepted) -> str:
    """`SD404 corrupted of PARSER on CAPTURE: what it did`."""
    return safe_text(f"{entry.rule} {entry.kind} of {entry.parser} on {entry.subject}: {entry.summary}")
