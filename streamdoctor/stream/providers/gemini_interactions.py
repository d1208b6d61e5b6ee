"""Gemini interactions: SSE with names, in steps.

Ends with `interaction.completed` (`interaction.complete` in older versions), then `event: done` with `[DONE]`.
Source: ai.google.dev/gemini-api/docs/interactions/streaming.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamdoctor.stream.providers.base import (
    NOTHING,
    JSONDialect,
    Meaning,
    ToolDelta,
    compact,
    integer,
    mapping,
    named,
    one_line,
    string,
    texts,
)

_ENDS = frozenset({"interaction.completed", "interaction.complete"})
_PREFIXES = ("interaction.", "step.", "content.")


class GeminiInteractions(JSONDialect):
    """`step.delta` by `index`; thoughts are left out."""

    name = "gemini-interactions"
    title = "Gemini interactions"
    ends = _ENDS

    def owns(self, document: Mapping[str, Any], kind: str) -> bool:
        return string(document.get("event_type")).startswith(_PREFIXES)

    def mean(self, document: Mapping[str, Any], kind: str) -> Meaning:
        kind = string(document.get("event_type")) or kind
        if kind in _ENDS:
            return _end(kind, mapping(document.get("interaction")))
        if kind in ("step.start", "content.start"):
            return _start(document)
        if kind in ("step.delta", "content.delta"):
            return _delta(document)
        return Meaning(error=one_line(document.get("error")) or "error") if kind == "error" else NOTHING


def _start(document: Mapping[str, Any]) -> Meaning:
    step = mapping(document.get("step"))
    if step.get("type") != "function_call":
        return NOTHING
    return Meaning(tools=(_tool(document, step, compact(step.get("arguments") or None)),))


def _delta(document: Mapping[str, Any]) -> Meaning:
    delta = mapping(document.get("delta"))
    if delta.get("type") == "text":
        return Meaning(text=texts([(0, delta.get("text"))]))
    if delta.get("type") in ("arguments_delta", "function_call"):
        return Meaning(tools=(_tool(document, delta, compact(delta.get("arguments"))),))
    return NOTHING


def _tool(document: Mapping[str, Any], call: Mapping[str, Any], arguments: str) -> ToolDelta:
    return ToolDelta(0, integer(document.get("index")), named(call.get("id")), named(call.get("name")), arguments)


def _end(kind: str, interaction: Mapping[str, Any]) -> Meaning:
    status = named(interaction.get("status"))
    error = one_line(interaction.get("error")) or (status if status in ("failed", "cancelled") else None)
    return Meaning(signal=kind, error=error, finish=status, usage=mapping(interaction.get("usage")) or None)
