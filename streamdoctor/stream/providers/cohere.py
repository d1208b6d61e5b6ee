"""Cohere chat: version 2 is SSE and ends with `message-end`, then a `[DONE]`; version 1 is NDJSON and ends with a line
of `"is_finished": true`.

Errors are finish reasons (ERROR, ERROR_TOXIC, ERROR_LIMIT, TIMEOUT). The tool plan of version 2 is no answer text. In
version 2 `tool_calls` is one object, in version 1 a list whose parameters are an object.
Source: cohere-python src/cohere/types/chat_finish_reason.py and the stream event types beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamdoctor.stream.providers.base import (
    NOTHING,
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
    string,
    texts,
)

_TYPES = frozenset(
    {
        "message-start",
        "content-start",
        "content-delta",
        "content-end",
        "tool-plan-delta",
        "tool-call-start",
        "tool-call-delta",
        "tool-call-end",
        "citation-start",
        "citation-end",
        "message-end",
    }
)
_FAILURES = ("ERROR", "TIMEOUT")


class Cohere(JSONDialect):
    """Version 2."""

    name = "cohere"
    title = "Cohere chat v2"
    ends = frozenset({"message-end"})

    def owns(self, document: Mapping[str, Any], kind: str) -> bool:
        return (string(document.get("type")) or kind) in _TYPES

    def mean(self, document: Mapping[str, Any], kind: str) -> Meaning:
        kind = string(document.get("type")) or kind
        delta = mapping(document.get("delta"))
        message = mapping(delta.get("message"))
        if kind in ("content-start", "content-delta"):
            return Meaning(text=texts([(0, mapping(message.get("content")).get("text"))]))
        if kind in ("tool-call-start", "tool-call-delta"):
            return Meaning(tools=(_tool(document, mapping(message.get("tool_calls"))),))
        if kind == "message-end":
            return _end(delta)
        return Meaning(error=one_line(document.get("error")) or "error") if kind == "error" else NOTHING


class CohereV1(JSONDialect):
    """Version 1."""

    name = "cohere-v1"
    title = "Cohere chat v1"
    framing = "ndjson"
    ends = frozenset({"is_finished:true"})

    def owns(self, document: Mapping[str, Any], kind: str) -> bool:
        return isinstance(document.get("is_finished"), bool)

    def mean(self, document: Mapping[str, Any], kind: str) -> Meaning:
        finished = document.get("is_finished") is True
        finish = named(document.get("finish_reason"))
        calls = mappings(document.get("tool_calls")) if document.get("event_type") == "tool-calls-generation" else []
        return Meaning(
            text=texts([(0, document.get("text"))]),
            tools=tuple(
                ToolDelta(0, WHOLE_CALL, None, named(call.get("name")), compact(call.get("parameters")))
                for call in calls
            ),
            signal="is_finished:true" if finished else None,
            error=one_line(document.get("error")) or _failure(finish),
            finish=finish,
            usage=_v1_usage(document),
        )


def _tool(document: Mapping[str, Any], call: Mapping[str, Any]) -> ToolDelta:
    function = mapping(call.get("function"))
    arguments = compact(function.get("arguments"))
    return ToolDelta(0, integer(document.get("index")), named(call.get("id")), named(function.get("name")), arguments)


def _end(delta: Mapping[str, Any]) -> Meaning:
    finish = named(delta.get("finish_reason"))
    return Meaning(
        signal="message-end",
        error=one_line(delta.get("error")) or _failure(finish),
        finish=finish,
        usage=mapping(delta.get("usage")) or None,
    )


def _failure(finish: str | None) -> str | None:
    return finish if finish is not None and finish.startswith(_FAILURES) else None


def _v1_usage(document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    meta = mapping(mapping(document.get("response")).get("meta"))
    return mapping(meta.get("tokens") or meta.get("billed_units")) or None
