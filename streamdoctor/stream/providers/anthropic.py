"""Anthropic messages. Ends with `message_stop`; fails with an `error` event; `ping` keeps it alive.

The type is read from the JSON, and from `event:` where the JSON has none. Usage comes in `message_start` and, counted
up, in `message_delta`. OpenRouter adds `[DONE]` after the end. Source: anthropic-sdk-python _streaming.py and types/.
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

_TYPES = frozenset(
    {
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    }
)


class Anthropic(JSONDialect):
    """Blocks by index; all text blocks make one answer, thinking is left out."""

    name = "anthropic"
    title = "Anthropic messages"
    ends = frozenset({"message_stop"})

    def owns(self, document: Mapping[str, Any], kind: str) -> bool:
        kind = string(document.get("type")) or kind
        return kind in _TYPES or (kind == "error" and "message" in mapping(document.get("error")))

    def mean(self, document: Mapping[str, Any], kind: str) -> Meaning:
        kind = string(document.get("type")) or kind
        read = _READ.get(kind)
        return NOTHING if read is None else read(document)


def _start(document: Mapping[str, Any]) -> Meaning:
    return Meaning(usage=mapping(mapping(document.get("message")).get("usage")) or None)


def _block_start(document: Mapping[str, Any]) -> Meaning:
    block = mapping(document.get("content_block"))
    if not string(block.get("type")).endswith("tool_use"):
        return Meaning(text=texts([(0, block.get("text"))]))
    started = compact(block["input"]) if block.get("input") else ""
    index = integer(document.get("index"))
    return Meaning(tools=(ToolDelta(0, index, named(block.get("id")), named(block.get("name")), started),))


def _block_delta(document: Mapping[str, Any]) -> Meaning:
    delta = mapping(document.get("delta"))
    fragment = delta.get("partial_json")
    if isinstance(fragment, str):
        return Meaning(tools=(ToolDelta(0, integer(document.get("index")), None, None, fragment),))
    return Meaning(text=texts([(0, delta.get("text"))]))


def _message_delta(document: Mapping[str, Any]) -> Meaning:
    reason = named(mapping(document.get("delta")).get("stop_reason"))
    return Meaning(finish=reason, usage=mapping(document.get("usage")) or None)


def _stop(document: Mapping[str, Any]) -> Meaning:
    return Meaning(signal="message_stop")


def _error(document: Mapping[str, Any]) -> Meaning:
    return Meaning(error=one_line(document.get("error")) or "error")


_READ = {
    "message_start": _start,
    "content_block_start": _block_start,
    "content_block_delta": _block_delta,
    "message_delta": _message_delta,
    "message_stop": _stop,
    "error": _error,
}
