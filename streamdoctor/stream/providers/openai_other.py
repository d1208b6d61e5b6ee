"""OpenAI streams that are no chat: assistants runs and transcriptions. Both close with `[DONE]` after their own end.

Source: openai-python types/beta/assistant_stream_event.py, types/audio/transcription_stream_event.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from streamdoctor.stream.providers.base import (
    NOTHING,
    JSONDialect,
    Meaning,
    ToolDelta,
    compact,
    integer,
    mapping,
    mappings,
    named,
    one_line,
    string,
    texts,
)

_RUN_ENDS = frozenset({"completed", "incomplete", "requires_action", "failed", "cancelled", "expired"})
_RUN_FAILS = frozenset({"failed", "cancelled", "expired"})
_RUN = "thread.run."


class Assistants(JSONDialect):
    """`thread.message.delta`; the run's own events tell how it ended."""

    name = "openai-assistants"
    title = "OpenAI assistants run"
    ends = frozenset(f"{_RUN}{state}" for state in _RUN_ENDS)

    def owns(self, document: Mapping[str, Any], kind: str) -> bool:
        return kind.startswith("thread.") or string(document.get("object")).startswith("thread.")

    def mean(self, document: Mapping[str, Any], kind: str) -> Meaning:
        if kind in self.ends:
            return _run_end(kind, document)
        delta = mapping(document.get("delta"))
        if kind == "thread.message.delta":
            parts = mappings(delta.get("content"))
            return Meaning(text=texts((0, mapping(part.get("text")).get("value")) for part in parts))
        if kind == "thread.run.step.delta":
            return Meaning(tools=tuple(_calls(mapping(delta.get("step_details")))))
        return Meaning(error=one_line(document.get("error")) or one_line(document)) if kind == "error" else NOTHING


class Transcription(JSONDialect):
    """`transcript.text.delta`; `.done` restates the whole text."""

    name = "openai-transcription"
    title = "OpenAI transcription"
    ends = frozenset({"transcript.text.done"})

    def owns(self, document: Mapping[str, Any], kind: str) -> bool:
        return string(document.get("type")).startswith("transcript.")

    def mean(self, document: Mapping[str, Any], kind: str) -> Meaning:
        kind = string(document.get("type")) or kind
        if kind == "transcript.text.delta":
            return Meaning(text=texts([(0, document.get("delta"))]))
        if kind == "transcript.text.done":
            return Meaning(signal=kind, finish="done", usage=mapping(document.get("usage")) or None)
        return Meaning(error=one_line(document.get("error"))) if document.get("error") else NOTHING


def _run_end(kind: str, document: Mapping[str, Any]) -> Meaning:
    state = kind.removeprefix(_RUN)
    error = one_line(document.get("last_error")) or (state if state in _RUN_FAILS else None)
    return Meaning(signal=kind, error=error, finish=state, usage=mapping(document.get("usage")) or None)


def _calls(details: Mapping[str, Any]) -> Iterator[ToolDelta]:
    """Calls of the user's functions, and of the code interpreter, whose input is no JSON."""
    for call in mappings(details.get("tool_calls")):
        kind = string(call.get("type"))
        body = mapping(call.get(kind))
        arguments = body.get("arguments") if kind == "function" else body.get("input")
        name = named(body.get("name")) or (kind if call.get("id") else None)
        yield ToolDelta(0, integer(call.get("index")), named(call.get("id")), name, compact(arguments))
