"""Amazon Bedrock: ConverseStream and InvokeModelWithResponseStream, both in AWS event stream messages.

Converse ends with `messageStop`, then `metadata` (usage). Invoke carries the model's own events, base64 in
`{"bytes": ...}`, and ends as that model does, with `amazon-bedrock-invocationMetrics` in the last one. Failures are
messages of type exception (throttlingException, modelStreamErrorException, ...). `p` is padding.
Source: botocore bedrock-runtime service-2.json (ConverseStreamOutput, ResponseStream, StopReason).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from streamdoctor.stream.event import Event
from streamdoctor.stream.providers.anthropic import Anthropic
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
    parse,
    sample,
    string,
    texts,
)
from streamdoctor.stream.providers.cohere import CohereV1
from streamdoctor.stream.providers.openai_chat import OpenAIChat

_METRICS = "amazon-bedrock-invocationMetrics"
_FAILED = ("exception:", "error:")
_TYPES = frozenset(
    {
        "messageStart",
        "contentBlockStart",
        "contentBlockDelta",
        "contentBlockStop",
        "messageStop",
        "metadata",
    }
)


class _Bedrock(JSONDialect):
    """What both share: exceptions, whose payload may be no JSON at all."""

    framing = "aws-eventstream"

    def read(self, event: Event) -> Meaning:
        document = parse(event.data) or {}
        if event.type.startswith(_FAILED):
            return Meaning(error=_exception(event, document))
        return self.mean(document, event.type)


class BedrockConverse(_Bedrock):
    """Blocks by `contentBlockIndex`; reasoning is left out."""

    name = "bedrock-converse"
    title = "Bedrock ConverseStream"
    ends = frozenset({"messageStop"})
    definite = False

    def recognises(self, events: Sequence[Event]) -> bool:
        """Also a stream of nothing but an exception."""
        return super().recognises(events) or (
            bool(events) and all(it.type.startswith(_FAILED) for it in sample(events))
        )

    def owns(self, document: Mapping[str, Any], kind: str) -> bool:
        return kind in _TYPES

    def mean(self, document: Mapping[str, Any], kind: str) -> Meaning:
        if kind == "contentBlockStart":
            return _block_start(document)
        if kind == "contentBlockDelta":
            return _block_delta(document)
        if kind == "messageStop":
            return Meaning(signal=kind, finish=named(document.get("stopReason")))
        if kind == "metadata":
            return Meaning(signal=kind, usage=mapping(document.get("usage")) or None)
        return NOTHING


class BedrockInvoke(_Bedrock):
    """The events of Anthropic, Amazon Nova and Titan, Meta, Mistral, Cohere and OpenAI-shaped models."""

    name = "bedrock-invoke"
    title = "Bedrock InvokeModelWithResponseStream"
    ends = frozenset(
        {
            "message_stop",
            "messageStop",
            "completionReason",
            "stop_reason",
            "finish_reason",
            "is_finished:true",
            _METRICS,
        }
    )
    definite = False

    def owns(self, document: Mapping[str, Any], kind: str) -> bool:
        return kind == "chunk" and _inner(document) is not None

    def mean(self, document: Mapping[str, Any], kind: str) -> Meaning:
        inner = _inner(document)
        if inner is None:
            return NOTHING
        meaning = _model_meaning(inner)
        metrics = mapping(inner.get(_METRICS))
        if not metrics:
            return meaning
        return replace(meaning, signal=meaning.signal or _METRICS, usage=meaning.usage or metrics)


_CONVERSE, _ANTHROPIC, _CHAT, _COHERE = BedrockConverse(), Anthropic(), OpenAIChat(), CohereV1()


def _exception(event: Event, document: Mapping[str, Any]) -> str:
    name = event.type.partition(":")[2]
    message = string(document.get("message")) or string(document.get("Message")) or event.data
    return one_line(f"{name}: {message}" if message else name) or "exception"


def _block_start(document: Mapping[str, Any]) -> Meaning:
    call = mapping(mapping(document.get("start")).get("toolUse"))
    return Meaning(tools=(_tool(document, call, ""),)) if call else NOTHING


def _block_delta(document: Mapping[str, Any]) -> Meaning:
    delta = mapping(document.get("delta"))
    call = mapping(delta.get("toolUse"))
    if call:
        return Meaning(tools=(_tool(document, call, compact(call.get("input"))),))
    return Meaning(text=texts([(0, delta.get("text"))]))


def _tool(document: Mapping[str, Any], call: Mapping[str, Any], arguments: str) -> ToolDelta:
    index = integer(document.get("contentBlockIndex"))
    return ToolDelta(0, index, named(call.get("toolUseId")), named(call.get("name")), arguments)


def _inner(document: Mapping[str, Any]) -> dict[str, Any] | None:
    """The model's own event."""
    try:
        return parse(base64.b64decode(string(document.get("bytes")), validate=True).decode("utf-8", "replace"))
    except (binascii.Error, ValueError):
        return None


def _model_meaning(inner: Mapping[str, Any]) -> Meaning:
    for dialect in (_ANTHROPIC, _CHAT, _COHERE):
        if dialect.owns(inner, "message"):
            return dialect.mean(inner, "message")
    for kind in _TYPES & set(inner):
        return _CONVERSE.mean(mapping(inner[kind]), kind)
    return _plain_model(inner)


def _plain_model(inner: Mapping[str, Any]) -> Meaning:
    """Titan (outputText), Llama (generation), old Claude (completion), Mistral (outputs), old Cohere (generations)."""
    outputs = [inner, *mappings(inner.get("outputs")), *mappings(inner.get("generations"))]
    names = ("outputText", "generation", "completion", "text")
    found = [(key, reason) for it in outputs for key in _REASONS if (reason := named(it.get(key)))]
    return Meaning(
        text=texts((0, output.get(name)) for output in outputs for name in names),
        signal=found[0][0] if found else None,
        finish=found[0][1] if found else None,
        error=one_line(inner.get("error")),
    )


_REASONS = ("completionReason", "stop_reason", "finish_reason")
