"""Short ways to write the events of an API."""

from __future__ import annotations

import base64
import json
from typing import Any

from streamdoctor.stream.event import Event
from streamdoctor.stream.providers import Meaning, by_name


def meanings_of(dialect: str, *events: Any) -> list[Meaning]:
    """Each event is a document, or (type, document), or text as it stands."""
    return [by_name(dialect).read(event_of(event)) for event in events]


def event_of(event: Any) -> Event:
    """`event` is a document or text as it stands, alone or behind its type."""
    kind, document = event if isinstance(event, tuple) else ("message", event)
    return Event(document if isinstance(document, str) else json.dumps(document), kind)


def chunk(delta: dict[str, Any], **rest: Any) -> dict[str, Any]:
    """A chunk of an OpenAI chat completion."""
    return {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, **rest}]}


def call_of(index: int | None, identity: str | None, name: str | None, arguments: str) -> dict[str, Any]:
    """A chunk with one tool call."""
    call: dict[str, Any] = {"function": {"name": name, "arguments": arguments}}
    if index is not None:
        call["index"] = index
    if identity is not None:
        call["id"] = identity
    return chunk({"tool_calls": [call]})


def inner(document: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """A model's own event as Bedrock's invoke wraps it."""
    return "chunk", {"bytes": base64.b64encode(json.dumps(document).encode()).decode()}
