"""OpenAI Responses, also as served by Azure, Bedrock's OpenAI route, DeepSeek, OpenRouter, xAI and llama.cpp.

Ends with `response.completed`, `.incomplete`, `.failed` or `.cancelled`; there is no `[DONE]` but at OpenRouter, after
it. The type is read from the JSON, for some hosts send no `event:` lines. `.done` events restate what deltas said.
Source: openai-python types/responses/response_*_event.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamdoctor.stream.providers.base import (
    NOTHING,
    JSONDialect,
    Meaning,
    TextDelta,
    ToolDelta,
    compact,
    integer,
    mapping,
    named,
    one_line,
    string,
)

_TEXT = frozenset({"response.output_text.delta", "response.refusal.delta"})
_ARGUMENTS = frozenset(
    {
        "response.function_call_arguments.delta",
        "response.mcp_call_arguments.delta",
        "response.custom_tool_call_input.delta",
    }
)
_CALLS = frozenset({"function_call", "custom_tool_call", "mcp_call"})
_BROKEN = frozenset({"response.failed", "response.cancelled"})
_ENDS = frozenset({"response.completed", "response.incomplete", *_BROKEN})


class OpenAIResponses(JSONDialect):
    """`{"type": "response.output_text.delta", "delta": ...}`; all output items make one answer."""

    name = "openai-responses"
    title = "OpenAI Responses"
    ends = _ENDS

    def owns(self, document: Mapping[str, Any], kind: str) -> bool:
        return string(document.get("type")).startswith("response.") or (
            document.get("type") == "error" and "message" in document and "sequence_number" in document
        )

    def mean(self, document: Mapping[str, Any], kind: str) -> Meaning:
        kind = string(document.get("type")) or kind
        if kind in _TEXT:
            text = string(document.get("delta"))
            return Meaning(text=(TextDelta(0, text),) if text else ())
        if kind in _ARGUMENTS:
            return Meaning(tools=(_tool(document, arguments=document.get("delta")),))
        if kind == "response.output_item.added":
            return _item(document)
        if kind in _ENDS:
            return _end(kind, mapping(document.get("response")))
        if kind == "error" or document.get("error"):
            return Meaning(error=one_line(document.get("error")) or one_line(document))
        return NOTHING


def _item(document: Mapping[str, Any]) -> Meaning:
    item = mapping(document.get("item"))
    if string(item.get("type")) not in _CALLS:
        return NOTHING
    started = item.get("arguments") or item.get("input") or ""
    identity = named(item.get("call_id")) or named(item.get("id"))
    return Meaning(tools=(_tool(document, identity, named(item.get("name")), started),))


def _tool(
    document: Mapping[str, Any], identity: str | None = None, name: str | None = None, arguments: object = ""
) -> ToolDelta:
    return ToolDelta(0, integer(document.get("output_index")), identity, name, compact(arguments))


def _end(kind: str, response: Mapping[str, Any]) -> Meaning:
    error = one_line(response.get("error"))
    if error is None and kind in _BROKEN:
        error = kind
    reason = named(mapping(response.get("incomplete_details")).get("reason"))
    return Meaning(
        signal=kind,
        error=error,
        finish=reason or named(response.get("status")),
        usage=mapping(response.get("usage")) or None,
    )
