"""Completeness, recognition and the registry; and no event makes any provider raise."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamdoctor.errors import UsageError
from streamdoctor.stream.event import Event
from streamdoctor.stream.providers import PROVIDERS, Meaning, assemble, by_name, completeness, recognise
from tests.stream.providers.events import chunk, event_of, inner, meanings_of


@pytest.mark.parametrize(
    ("dialect", "events", "expected"),
    [
        ("openai-responses", ["[DONE]"], (False, None)),
        ("openai-responses", [{"type": "response.incomplete", "response": {}}], (True, "response.incomplete")),
        ("openai-chat", [chunk({}, finish_reason="stop")], (False, None)),
        ("openai-chat", [chunk({"content": "a"}), " [DONE] "], (True, "[DONE]")),
        ("anthropic", [{"type": "message_delta", "delta": {"stop_reason": "end_turn"}}], (False, None)),
        ("anthropic", [{"type": "message_stop"}, ("data", "[DONE]")], (True, "message_stop")),
        ("gemini", [{"candidates": [{"finishReason": "FINISH_REASON_UNSPECIFIED"}]}], (False, None)),
        ("gemini", [{"promptFeedback": {"blockReason": "SAFETY"}}], (True, "promptFeedback.blockReason")),
        ("cohere", ["[DONE]"], (False, None)),
        ("watsonx", [{"results": [{"generated_text": "", "stop_reason": "not_finished"}]}], (False, None)),
        ("bedrock-converse", [("metadata", {"usage": {}})], (False, None)),
        ("bedrock-invoke", [inner({"type": "message_delta", "delta": {"stop_reason": "end_turn"}})], (False, None)),
        ("sse", ["[DONE]"], (None, None)),
    ],
)
def test_completeness(dialect: str, events: list[Any], expected: tuple[bool | None, str | None]) -> None:
    assert completeness(by_name(dialect), meanings_of(dialect, *events)) == expected


def test_an_array_is_complete_with_its_bracket_alone() -> None:
    gemini = by_name("gemini-array")
    ended = meanings_of("gemini-array", {"candidates": [{"finishReason": "STOP"}]})
    assert completeness(gemini, ended, closed=False) == (False, None)
    assert completeness(gemini, ended, closed=True) == (True, "]")
    assert completeness(gemini, [Meaning(error="x")], closed=True) == (False, "]")
    assert completeness(by_name("openai-chat"), [Meaning(signal="[DONE]")], closed=False) == (True, "[DONE]")


def test_an_error_outside_all_events_spoils_the_end() -> None:
    assert completeness(by_name("openai-chat"), [Meaning(signal="[DONE]")], stray=True) == (False, "[DONE]")


@pytest.mark.parametrize(
    ("framing", "document", "name"),
    [
        ("ndjson", {"type": "error", "error": {"type": "authentication_error", "message": "m"}}, "anthropic"),
        ("json-array", {"type": "error", "error": {"type": "authentication_error", "message": "m"}}, "anthropic"),
        ("json-array", {"error": {"message": "m", "type": "invalid_request_error", "param": None}}, "openai-chat"),
        ("json-array", {"error": {"code": 404, "message": "m", "status": "NOT_FOUND"}}, "gemini-array"),
        ("json-array", {"error": "model not found"}, "ollama"),
        ("ndjson", {"error": "model not found"}, "ollama"),
        ("ndjson", {"error": "m", "error_type": "validation"}, "tgi"),
        ("json-array", {"object": "chat.completion", "choices": [{"message": {"content": "x"}}]}, "json-array"),
        ("ndjson", {"hello": "world"}, "ndjson"),
    ],
)
def test_a_refused_request_is_known_by_its_error(framing: str, document: dict[str, Any], name: str) -> None:
    assert recognise(framing, [event_of(document)]).name == name


@pytest.mark.parametrize("framing", ["sse", "ndjson", "json-array", "aws-eventstream"])
@pytest.mark.parametrize(
    "text", ["", "hello", "[]", "null", "12", '{"a":1}', '{"message":"x"}', '{"type":"ping"}', "{"]
)
def test_what_nobody_knows_is_plain(framing: str, text: str) -> None:
    for events in ([], [Event(text)], [Event(text)] * 40):
        assert recognise(framing, events).name == framing


def test_an_unknown_dialect_is_the_callers_mistake() -> None:
    with pytest.raises(UsageError, match="unknown dialect 'nope'"):
        by_name("nope")
    with pytest.raises(UsageError, match="unknown framing"):
        recognise("nope", [])


def test_the_registry_has_each_name_once_and_the_plain_framings_last() -> None:
    names = [provider.name for provider in PROVIDERS]
    assert len(set(names)) == len(names)
    assert names[-4:] == ["sse", "ndjson", "json-array", "aws-eventstream"]
    for provider in PROVIDERS:
        assert provider.title
        assert provider.has_signal is bool(provider.ends)
        assert provider.has_signal is (provider.name not in names[-4:])


# fmt: off
KEYS = [
    "arguments", "bytes", "candidates", "choices", "content", "content_block", "content_filter", "delta", "details",
    "done", "error", "event_type", "finishReason", "finish_reason", "function", "functionCall", "generated_text",
    "generations", "index", "interaction", "is_finished", "item", "last_error", "message", "metadata", "object",
    "output_index", "outputs", "partial_json", "parts", "promptFeedback", "response", "results", "status", "step",
    "step_details", "stop", "stopReason", "text", "token", "toolUse", "tool_calls", "type", "usage", "x_groq",
]
# fmt: on
KINDS = [
    "message",
    "error",
    "chunk",
    "metadata",
    "contentBlockDelta",
    "exception:x",
    "done",
    "output",
    "thread.run.failed",
]
TYPES = [
    "error",
    "message-end",
    "content-delta",
    "message_start",
    "content_block_delta",
    "response.failed",
    "step.delta",
]
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.floats()
    | st.sampled_from(["", "text", "[DONE]", "4pyT", *TYPES])
)
documents = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner)
)


@given(documents | st.just("\ud800"), st.sampled_from(KINDS))
def test_nothing_raises(document: Any, kind: str) -> None:
    text = json.dumps(document)
    wrapped = json.dumps({"bytes": base64.b64encode(text.encode()).decode()})
    for event in (Event(text, kind), Event(wrapped, kind), Event(text[:-1], kind)):
        for provider in PROVIDERS:
            provider.recognises([event])
            meaning = provider.read(event)
            assert meaning.error is None or "\n" not in meaning.error
            assemble([meaning])
            completeness(provider, [meaning])


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, '{"a":' + "9" * 5_000 + "}"])
def test_deep_and_huge_values_mean_nothing(text: str) -> None:
    for provider in PROVIDERS:
        if provider.name != "replicate":
            assert provider.read(Event(text)).text == ()
