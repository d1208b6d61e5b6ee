"""Ollama's own API, /api/chat and /api/generate: NDJSON that ends with a line of `"done": true`.

Fails with a last line `{"error": "..."}` under HTTP 200. Tool calls arrive whole and their arguments are objects.
Source: ollama server/routes.go (streamResponse), api/types.go.
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


class Ollama(JSONDialect):
    """`message.content` (chat) or `response` (generate); thinking is left out."""

    name = "ollama"
    title = "Ollama"
    framing = "ndjson"
    ends = frozenset({"done:true"})

    def owns(self, document: Mapping[str, Any], kind: str) -> bool:
        if set(document) == {"error"}:
            return isinstance(document["error"], str)
        return isinstance(document.get("done"), bool) and ("message" in document or "response" in document)

    def mean(self, document: Mapping[str, Any], kind: str) -> Meaning:
        message = mapping(document.get("message"))
        done = document.get("done") is True
        return Meaning(
            text=texts([(0, message.get("content")), (0, document.get("response"))]),
            tools=tuple(_tools(message)),
            signal="done:true" if done else None,
            error=one_line(document.get("error")),
            finish=(named(document.get("done_reason")) or "done") if done else None,
            usage=_usage(document) if done else None,
        )


def _tools(message: Mapping[str, Any]) -> Iterator[ToolDelta]:
    for call in mappings(message.get("tool_calls")):
        function = mapping(call.get("function"))
        index = integer(function.get("index"), WHOLE_CALL)
        yield ToolDelta(
            0, index, named(call.get("id")), named(function.get("name")), compact(function.get("arguments"))
        )


def _usage(document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return {name: value for name, value in document.items() if name.endswith(("_count", "_duration"))} or None
