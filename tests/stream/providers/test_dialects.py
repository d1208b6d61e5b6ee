"""Visible text and tool calls of single events in each dialect."""

from __future__ import annotations

from typing import Any

import pytest

from streamdoctor.stream.providers import assemble
from tests.stream.providers.events import call_of, chunk, inner, meanings_of


@pytest.mark.parametrize(
    ("dialect", "events", "text"),
    [
        ("openai-chat", [{"choices": [], "prompt_filter_results": []}, chunk({"content": "a"}), "[DONE]"], {0: "a"}),
        ("openai-chat", [chunk({"content": None, "refusal": "no"}), chunk({"reasoning_content": "hm"})], {0: "no"}),
        (
            "openai-chat",
            [chunk({"content": [{"type": "thinking", "thinking": []}, {"type": "text", "text": "a"}]})],
            {0: "a"},
        ),
        (
            "openai-chat",
            [
                {"choices": [{"index": 1, "delta": {"content": "b"}}, {"index": 0, "delta": {"content": "a"}}]},
                {"choices": [{"index": 1, "delta": {"content": "B"}}]},
            ],
            {1: "bB", 0: "a"},
        ),
        ("openai-chat", [chunk({"content": "\ud83c"}), chunk({"content": "\udf1f"})], {0: "🌟"}),
        ("openai-chat", [chunk({"content": "\ud83c"})], {0: "\ud83c"}),
        ("openai-completions", [{"choices": [{"index": 0.0, "text": "a"}]}], {0: "a"}),
        (
            "openai-responses",
            [
                {"type": "response.reasoning_summary_text.delta", "delta": "hm"},
                {"type": "response.output_text.delta", "delta": "a"},
                {"type": "response.output_text.done", "text": "a"},
            ],
            {0: "a"},
        ),
        (
            "anthropic",
            [
                {"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": "hm"}},
                ("content_block_delta", {"delta": {"type": "text_delta", "text": "a"}}),
            ],
            {0: "a"},
        ),
        (
            "gemini",
            [{"candidates": [{"content": {"parts": [{"text": "hm", "thought": True}, {"text": "a"}]}}]}],
            {0: "a"},
        ),
        (
            "ollama",
            [{"message": {"content": "", "thinking": "hm"}, "done": False}, {"response": "a", "done": False}],
            {0: "a"},
        ),
        (
            "tgi",
            [{"token": {"text": "a"}}, {"token": {"text": "</s>", "special": True}, "generated_text": "a"}],
            {0: "a"},
        ),
        ("replicate", [("output", " a\nb"), ("logs", "x")], {0: " a\nb"}),
        ("bedrock-converse", [("contentBlockDelta", {"delta": {"reasoningContent": {"text": "hm"}}})], {}),
        ("bedrock-invoke", [inner({"generation": "a", "stop_reason": None})], {0: "a"}),
        ("bedrock-invoke", [inner({"outputs": [{"text": "a", "stop_reason": None}]})], {0: "a"}),
        ("bedrock-invoke", [inner({"completion": "a"})], {0: "a"}),
        ("bedrock-invoke", [inner({"contentBlockDelta": {"delta": {"text": "a"}}})], {0: "a"}),
        ("bedrock-invoke", [inner(chunk({"content": "a"}))], {0: "a"}),
        ("bedrock-invoke", [inner({"is_finished": False, "text": "a"})], {0: "a"}),
    ],
)
def test_visible_text_by_choice(dialect: str, events: list[Any], text: dict[int, str]) -> None:
    assert assemble(meanings_of(dialect, *events)).texts == text


@pytest.mark.parametrize(
    ("dialect", "events", "calls"),
    [
        (
            "openai-chat",
            [
                call_of(0, "a", "f", ""),
                call_of(1, "b", "g", ""),
                call_of(0, None, None, '{"x":'),
                call_of(0, None, None, "1}"),
            ],
            [("a", "f", '{"x":1}'), ("b", "g", "")],
        ),
        ("openai-chat", [call_of(0, "a", "f", "{}"), call_of(0, "b", "g", "{}")], [("a", "f", "{}"), ("b", "g", "{}")]),
        (
            "openai-chat",
            [call_of(None, "a", "f", "{}"), call_of(None, "b", "f", "{}")],
            [("a", "f", "{}"), ("b", "f", "{}")],
        ),
        ("openai-chat", [chunk({"function_call": {"name": "f", "arguments": "{}"}})], [(None, "f", "{}")]),
        (
            "openai-responses",
            [
                {
                    "type": "response.output_item.added",
                    "output_index": 1,
                    "item": {"type": "function_call", "call_id": "a", "name": "f", "arguments": ""},
                },
                {"type": "response.function_call_arguments.delta", "output_index": 1, "delta": '{"x":1}'},
                {"type": "response.function_call_arguments.done", "output_index": 1, "arguments": '{"x":1}'},
            ],
            [("a", "f", '{"x":1}')],
        ),
        (
            "anthropic",
            [
                {
                    "type": "content_block_start",
                    "index": 1,
                    "content_block": {"type": "tool_use", "id": "a", "name": "f", "input": {}},
                },
                {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": ""}},
                {
                    "type": "content_block_delta",
                    "index": 1,
                    "delta": {"type": "input_json_delta", "partial_json": "{}"},
                },
            ],
            [("a", "f", "{}")],
        ),
        (
            "gemini",
            [{"candidates": [{"content": {"parts": [{"functionCall": {"name": "f", "args": {"x": "é"}}}]}}]}] * 2,
            [(None, "f", '{"x":"é"}')] * 2,
        ),
        (
            "ollama",
            [{"message": {"tool_calls": [{"function": {"name": "f", "arguments": {"x": 1}}}]}, "done": False}],
            [(None, "f", '{"x":1}')],
        ),
        (
            "cohere",
            [
                {
                    "type": "tool-call-start",
                    "index": 0,
                    "delta": {"message": {"tool_calls": {"id": "a", "function": {"name": "f", "arguments": ""}}}},
                },
                {
                    "type": "tool-call-delta",
                    "index": 0,
                    "delta": {"message": {"tool_calls": {"function": {"arguments": "{}"}}}},
                },
            ],
            [("a", "f", "{}")],
        ),
        (
            "bedrock-converse",
            [
                ("contentBlockStart", {"contentBlockIndex": 1, "start": {"toolUse": {"toolUseId": "a", "name": "f"}}}),
                ("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"toolUse": {"input": '{"x":1}'}}}),
            ],
            [("a", "f", '{"x":1}')],
        ),
        (
            "gemini-interactions",
            [
                {
                    "event_type": "step.start",
                    "index": 3,
                    "step": {"type": "function_call", "id": "a", "name": "f", "arguments": {}},
                },
                {"event_type": "step.delta", "index": 3, "delta": {"type": "arguments_delta", "arguments": '{"x":1}'}},
            ],
            [("a", "f", '{"x":1}')],
        ),
    ],
)
def test_tool_calls(dialect: str, events: list[Any], calls: list[tuple[str | None, str, str]]) -> None:
    found = assemble(meanings_of(dialect, *events)).tool_calls
    assert [(call.id, call.name, call.arguments) for call in found] == calls


def test_usage_adds_up_over_events() -> None:
    start = {"type": "message_start", "message": {"usage": {"input_tokens": 9, "output_tokens": 1}}}
    end = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5}}
    found = assemble(meanings_of("anthropic", start, end))
    assert found.usage == {"input_tokens": 9, "output_tokens": 5}
    assert found.finishes == ["end_turn"]
