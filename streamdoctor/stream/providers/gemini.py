"""Gemini and Vertex streamGenerateContent: SSE with `alt=sse` (CRLF), else one JSON array that grows.

Ends with a `finishReason` in a candidate, or a `promptFeedback.blockReason` instead of any candidate; the array form
with its closing `]`. Errors are `{"error": {"code", "message", "status"}}`. Calls arrive whole, arguments are objects.
Source: python-genai google/genai/_api_client.py and types.py (FinishReason).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from streamdoctor.stream.providers.base import (
    WHOLE_CALL,
    JSONDialect,
    Meaning,
    ToolDelta,
    compact,
    integer,
    mapping,
    mappings,
    named,
    one_line,
    texts,
)

_UNSPECIFIED = "FINISH_REASON_UNSPECIFIED"


class Gemini(JSONDialect):
    """`candidates[].content.parts[]`; thoughts are left out."""

    name = "gemini"
    title = "Gemini generateContent (SSE)"
    ends = frozenset({"finishReason", "promptFeedback.blockReason"})
    definite = False

    def owns(self, document: Mapping[str, Any], kind: str) -> bool:
        if isinstance(document.get("candidates"), list) or "promptFeedback" in document:
            return True
        return "usageMetadata" in document or {"code", "status"} <= set(mapping(document.get("error")))

    def mean(self, document: Mapping[str, Any], kind: str) -> Meaning:
        candidates = mappings(document.get("candidates"))
        finish = next((reason for reason in map(_finish, candidates) if reason), None)
        blocked = named(mapping(document.get("promptFeedback")).get("blockReason"))
        return Meaning(
            text=texts(
                (_index(it), part.get("text")) for it in candidates for part in _parts(it) if not _thought(part)
            ),
            tools=tuple(call for candidate in candidates for call in _calls(candidate)),
            signal="finishReason" if finish else "promptFeedback.blockReason" if blocked else None,
            error=one_line(document.get("error")),
            finish=finish or blocked,
            usage=mapping(document.get("usageMetadata")) or None,
        )


class GeminiArray(Gemini):
    """The same objects as elements of one JSON array."""

    name = "gemini-array"
    title = "Gemini generateContent (JSON array)"
    framing = "json-array"


def _finish(candidate: Mapping[str, Any]) -> str | None:
    reason = named(candidate.get("finishReason"))
    return None if reason == _UNSPECIFIED else reason


def _index(candidate: Mapping[str, Any]) -> int:
    return integer(candidate.get("index"))


def _parts(candidate: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return mappings(mapping(candidate.get("content")).get("parts"))


def _thought(part: Mapping[str, Any]) -> bool:
    return part.get("thought") is True


def _calls(candidate: Mapping[str, Any]) -> Iterator[ToolDelta]:
    for part in _parts(candidate):
        call = mapping(part.get("functionCall"))
        if call:
            name = named(call.get("name"))
            yield ToolDelta(_index(candidate), WHOLE_CALL, named(call.get("id")), name, compact(call.get("args", {})))
