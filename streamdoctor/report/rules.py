"""The registry of rules as text for 80 columns. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import wrap

from streamdoctor.diagnosis.rule import Rule

WIDTH = 80
_LABEL = 7

HUNDREDS = {
    "1": "Truncated: something is missing",
    "2": "Duplicated, invented: something is there twice, or that nobody sent",
    "3": "Hung, delayed, slow: it comes late or never",
    "4": "Corrupted, reordered: something else than was sent",
    "5": "Accepts incomplete streams; not strict",
    "6": "The upstream's own faults, seen in a capture",
    "7": "Crashed",
    "9": "Not judged: the harness",
}
"""What the hundreds stand for (DESIGN section 6)."""


def rule_lines(rule: Rule) -> Iterator[str]:
    """One rule: what users see, why, how to mend it, and what says so."""
    yield f"{rule.code} {rule.name}: {rule.kind}, {rule.severity}"
    told = {"seen": rule.seen, "why": rule.why, "mend": rule.mend, "spec": rule.spec}
    for label, text in told.items():
        if text:
            yield from _labelled(label, text)


def _labelled(label: str, text: str) -> Iterator[str]:
    lines = wrap(text, WIDTH - _LABEL - 2, break_on_hyphens=False, break_long_words=False)
    for number, line in enumerate(lines):
        yield f"  {(label if number == 0 else '').ljust(_LABEL)}{line}"


def all_rules_lines(rules: Iterable[Rule]) -> Iterator[str]:
    """Every rule, hundred by hundred."""
    hundred = ""
    for rule in rules:
        if rule.code[2] != hundred:
            hundred = rule.code[2]
            title = f"SD{hundred}xx  {HUNDREDS[hundred]}"
            yield from (*([""] if hundred != "1" else []), title, "=" * len(title))
        yield ""
        yield from rule_lines(rule)


def list_lines(rules: Iterable[Rule]) -> Iterator[str]:
    """A line a rule."""
    for rule in rules:
        yield f"{rule.code}  {rule.name:22} {rule.kind}"
