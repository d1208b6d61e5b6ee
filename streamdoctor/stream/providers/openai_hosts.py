"""Hosts that speak OpenAI chat completions but end without `[DONE]`: a finish reason is their terminal signal.

Each is known by what only it sends. Perplexity: its last chunk is a `chat.completion.done`, and every chunk repeats the
whole text in `message`. Writer: `graph_data` beside each message, then one more chunk with usage. GPUStack: speeds in
`usage` of the chunk that has the finish reason, so a stream cut before that is taken for OpenAI's.
Sources: recorded streams of each; vercel/ai packages/perplexity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from streamdoctor.stream.providers.base import DONE, Meaning, mapping, mappings
from streamdoctor.stream.providers.openai_chat import OpenAIChat


class _EndsWithFinish(OpenAIChat):
    """The chunk with the finish reason ends it; where a proxy adds `[DONE]`, that belongs to the signal."""

    ends = frozenset({"finish_reason", DONE})
    definite = False

    def mean(self, document: Mapping[str, Any], kind: str) -> Meaning:
        meaning = super().mean(document, kind)
        return meaning if meaning.finish is None else replace(meaning, signal="finish_reason")


class Perplexity(_EndsWithFinish):
    """`message` holds the whole text so far: only `delta` is read."""

    name = "perplexity"
    title = "Perplexity chat completions"

    def owns(self, document: Mapping[str, Any], kind: str) -> bool:
        if document.get("object") == "chat.completion.done":
            return True
        told = "citations" in document or "search_results" in document
        return told and any("message" in choice and "delta" in choice for choice in mappings(document.get("choices")))


class Writer(_EndsWithFinish):
    """A chunk with usage and no choices follows the finish reason; it belongs to the signal."""

    name = "writer"
    title = "Writer chat completions"

    def owns(self, document: Mapping[str, Any], kind: str) -> bool:
        return any("graph_data" in mapping(choice.get("message")) for choice in mappings(document.get("choices")))

    def mean(self, document: Mapping[str, Any], kind: str) -> Meaning:
        meaning = super().mean(document, kind)
        return replace(meaning, signal="usage") if meaning.usage and not document.get("choices") else meaning


class GPUStack(_EndsWithFinish):
    """llama-box behind GPUStack; its failures are an `error:` line, which no event carries."""

    name = "gpustack"
    title = "GPUStack chat completions"

    def owns(self, document: Mapping[str, Any], kind: str) -> bool:
        return {"time_per_output_token_ms", "tokens_per_second"} <= set(mapping(document.get("usage")))
