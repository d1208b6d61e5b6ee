"""How numbers, times and verdicts are written, the same in every report. Pure."""

from __future__ import annotations

from itertools import takewhile

import click

from streamdoctor.diagnosis.trial import Finding
from streamdoctor.visible import safe_text, shorten

COLOURS = {"pass": "green", "non-strict": "yellow", "fail": "red", "hung": "magenta", "skipped": "blue", "error": "red"}


def plural(count: int, noun: str) -> str:
    """`1 event`, `1,234 events`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def duration(ns: int | None) -> str:
    """Nanoseconds in the unit a reader would choose; a dash where not known."""
    if ns is None:
        return "-"
    if ns < 1_000_000:
        return f"{ns / 1_000:.0f} µs"
    if ns < 1_000_000_000:
        return f"{ns / 1_000_000:.1f} ms"
    return f"{ns / 1_000_000_000:.2f} s"


def verdict_word(verdict: str, width: int = 0) -> str:
    """The verdict in its colour; the word stands on its own where there is no colour."""
    return click.style(verdict.ljust(width), fg=COLOURS.get(verdict), bold=verdict in ("fail", "hung", "error"))


def quoted(text: str, width: int = 60) -> str:
    """Foreign text in quotes, safe to print, in at most about `width` characters."""
    return f"“{shorten(safe_text(text), width)}”"


def differing(expected: str, got: str, width: int = 60) -> tuple[str, str]:
    """Two texts safe to print, in at most about `width` characters each; a long common beginning is left out."""
    texts = [safe_text(expected), safe_text(got)]
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(*texts, strict=False)))
    skip = same - width // 3 if max(map(len, texts)) > width and same > width // 2 else 0
    first, second = (shorten(f"…{skip}…{text[skip:]}" if skip > 0 else text, width) for text in texts)
    return first, second


def expected_and_got(finding: Finding) -> str:
    """`expected “...”, got “...”`: where they differ."""
    expected, got = differing(finding.expected, finding.actual)
    return f"expected “{expected}”, got “{got}”"


def counts(numbers: dict[str, int]) -> str:
    """`utf8 3, other 12`."""
    return ", ".join(f"{name} {count:,}" for name, count in numbers.items()) or "none"
