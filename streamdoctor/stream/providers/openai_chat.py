"""OpenAI chat completions, and the many hosts that speak it: Azure, DeepSeek, Groq, Hugging Face, llama.cpp, Mistral,
OpenRouter, Snowflake, TGI's chat route, vLLM, xAI. Legacy completions differ only in where the text stands.

Ends with `data: [DONE]`, which some send after an error too. Errors: a top-level "error" (OpenAI, OpenRouter, TGI), an
`event: error` (Groq), `{"object":"error"}` (older vLLM), a finish reason that names one (Mistral, DeepSeek).
Sources: openai-python types/chat/chat_completion_chunk.py and _streaming.py; OpenRouter docs, "errors and debugging";
vLLM entrypoints/openai/serving_chat.py; api-docs.deepseek.com.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from streamdoctor.stream.providers.base import (
    DONE,
    WHOLE_CALL,
    JSONDialect,
    Meaning,
    TextDelta,
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

_FAILURES = frozenset({"error", "insufficient_system_resource"})


class OpenAIChat(JSONDialect):
    """`choices[].delta`, by `choices[].index`."""

    name = "openai-chat"
    title = "OpenAI chat completions"
    ends = frozenset({DONE})

    def owns(self, document: Mapping[str, Any], kind: str) -> bool:
        if "choices" not in document:
            return string(document.get("object")).startswith("chat.completion") or is_openai_error(document)
        return isinstance(document["choices"], list)

    def mean(self, document: Mapping[str, Any], kind: str) -> Meaning:
        choices = mappings(document.get("choices"))
        finish = next((named(choice.get("finish_reason")) for choice in choices if choice.get("finish_reason")), None)
        return Meaning(
            text=self._text(choices),
            tools=tuple(delta for choice in choices for delta in _tools(choice)),
            error=_error(document, choices, kind) or (finish if finish in _FAILURES else None),
            finish=finish,
            usage=_usage(document),
        )

    def _text(self, choices: list[Mapping[str, Any]]) -> tuple[TextDelta, ...]:
        return texts((integer(choice.get("index")), text) for choice in choices for text in _delta_texts(choice))


class OpenAICompletions(OpenAIChat):
    """`choices[].text`: the legacy route, still served by vLLM and llama.cpp."""

    name = "openai-completions"
    title = "OpenAI completions"

    def owns(self, document: Mapping[str, Any], kind: str) -> bool:
        if document.get("object") == "text_completion":
            return True
        choices = mappings(document.get("choices"))
        return bool(choices) and all("text" in choice and "delta" not in choice for choice in choices)

    def _text(self, choices: list[Mapping[str, Any]]) -> tuple[TextDelta, ...]:
        return texts((integer(choice.get("index")), choice.get("text")) for choice in choices)


def is_openai_error(document: Mapping[str, Any]) -> bool:
    """Whether a document without choices is an error as OpenAI-shaped hosts write it."""
    error = document.get("error")
    if isinstance(error, dict):
        return "message" in error and document.get("type") != "error" and "status" not in error
    return document.get("object") == "error" and "message" in document


def _delta_texts(choice: Mapping[str, Any]) -> Iterator[object]:
    """The visible text of a choice's delta; content is a string, or parts of which some are thinking (Mistral)."""
    delta = mapping(choice.get("delta"))
    content = delta.get("content")
    yield content
    for part in mappings(content):
        if part.get("type") == "text":
            yield part.get("text")
    yield delta.get("refusal")


def _tools(choice: Mapping[str, Any]) -> Iterator[ToolDelta]:
    index = integer(choice.get("index"))
    delta = mapping(choice.get("delta"))
    for call in mappings(delta.get("tool_calls")):
        yield _tool(index, integer(call.get("index"), WHOLE_CALL), named(call.get("id")), call.get("function"))
    if isinstance(delta.get("function_call"), dict):
        yield _tool(index, 0, None, delta["function_call"])


def _tool(choice: int, index: int, identity: str | None, function: object) -> ToolDelta:
    call = mapping(function)
    return ToolDelta(choice, index, identity, named(call.get("name")), compact(call.get("arguments")))


def _error(document: Mapping[str, Any], choices: list[Mapping[str, Any]], kind: str) -> str | None:
    """The error in any of its shapes; an `error` event without JSON of that shape is one as well."""
    values = [document.get("error"), *(choice.get("error") for choice in choices)]
    error = next((one_line(value) for value in values if value), None)
    if error is None and (document.get("object") == "error" or kind == "error"):
        return one_line(document) or "error"
    return error


def _usage(document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    usage = document.get("usage") or mapping(document.get("x_groq")).get("usage")
    return mapping(usage) or None
