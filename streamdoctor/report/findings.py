"""Findings of a check-up, as text and as JSON (the fields are those of `diagnosis.symptoms.evidence`). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import Any

import click

from streamdoctor.diagnosis.rules import RULES
from streamdoctor.diagnosis.symptoms.evidence import Symptom
from streamdoctor.report.words import duration
from streamdoctor.visible import safe_text

WIDTH = 80
_INDENT = " " * 10
_COLOURS = {"error": "red", "warning": "yellow", "note": "blue"}


def finding_document(symptom: Symptom) -> dict[str, Any]:
    rule = RULES[symptom.rule]
    return {
        "rule": rule.code,
        "name": rule.name,
        "kind": rule.kind,
        "severity": rule.severity,
        "summary": symptom.summary,
        "layer": symptom.layer,
        "offset": symptom.offset,
        "event": symptom.event,
        "time": symptom.ns,
        "count": symptom.count,
    }


def finding_lines(symptom: Symptom) -> Iterator[str]:
    """One plain sentence, where it is, and when."""
    rule = RULES[symptom.rule]
    where = ", ".join(_where(symptom))
    sentence = safe_text(f"{rule.code} {symptom.summary}{f' ({where})' if where else ''}")
    first, *others = wrap(sentence, WIDTH - len(_INDENT), break_on_hyphens=False) or [""]
    word = click.style(rule.severity.ljust(8), fg=_COLOURS[rule.severity])
    yield f"  {word}{first}"
    yield from (f"{_INDENT}{line}" for line in others)


def _where(symptom: Symptom) -> Iterator[str]:
    of = {"body": "byte", "http": "byte of the response", "coding": "byte of the coded body"}[symptom.layer]
    if symptom.offset is not None:
        yield f"{of} {symptom.offset:,}"
    if symptom.event is not None:
        yield f"event {symptom.event:,}"
    if symptom.ns is not None:
        yield duration(symptom.ns)
