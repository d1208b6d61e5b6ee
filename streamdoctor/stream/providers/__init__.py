"""The registry of providers: what `--dialect` takes, in the order in which each is asked if a stream is its own."""

from __future__ import annotations

from collections.abc import Sequence

from streamdoctor.errors import UsageError
from streamdoctor.stream.event import Event
from streamdoctor.stream.providers import plain
from streamdoctor.stream.providers.anthropic import Anthropic
from streamdoctor.stream.providers.base import (
    Assembled,
    Meaning,
    Provider,
    TextDelta,
    ToolCall,
    ToolDelta,
    assemble,
    completeness,
)
from streamdoctor.stream.providers.bedrock import BedrockConverse, BedrockInvoke
from streamdoctor.stream.providers.cohere import Cohere, CohereV1
from streamdoctor.stream.providers.framing import guess_framing
from streamdoctor.stream.providers.gemini import Gemini, GeminiArray
from streamdoctor.stream.providers.gemini_interactions import GeminiInteractions
from streamdoctor.stream.providers.llama_cpp import LlamaCpp
from streamdoctor.stream.providers.ollama import Ollama
from streamdoctor.stream.providers.openai_chat import OpenAIChat, OpenAICompletions
from streamdoctor.stream.providers.openai_hosts import GPUStack, Perplexity, Writer
from streamdoctor.stream.providers.openai_other import Assistants, Transcription
from streamdoctor.stream.providers.openai_responses import OpenAIResponses
from streamdoctor.stream.providers.replicate import Replicate
from streamdoctor.stream.providers.stray import StrayError, stray_errors
from streamdoctor.stream.providers.tgi import TGI
from streamdoctor.stream.providers.watsonx import Watsonx

__all__ = [
    "PROVIDERS",
    "Assembled",
    "Meaning",
    "Provider",
    "StrayError",
    "TextDelta",
    "ToolCall",
    "ToolDelta",
    "assemble",
    "by_name",
    "completeness",
    "guess_framing",
    "recognise",
    "stray_errors",
]

PROVIDERS: tuple[Provider, ...] = (
    OpenAIResponses(),
    Anthropic(),
    Cohere(),
    Gemini(),
    GeminiInteractions(),
    TGI(),
    LlamaCpp(),
    Watsonx(),
    Replicate(),
    Assistants(),
    Transcription(),
    Perplexity(),
    Writer(),
    GPUStack(),
    OpenAICompletions(),
    OpenAIChat(),
    Ollama(),
    CohereV1(),
    GeminiArray(),
    BedrockConverse(),
    BedrockInvoke(),
    plain.SSE,
    plain.NDJSON,
    plain.JSON_ARRAY,
    plain.AWS_EVENTSTREAM,
)

_BY_NAME = {provider.name: provider for provider in PROVIDERS}


def by_name(name: str) -> Provider:
    """The provider called `name`; `UsageError` if there is none."""
    provider = _BY_NAME.get(name)
    if provider is None:
        raise UsageError(f"unknown dialect {name!r}", hint=f"one of: {', '.join(_BY_NAME)}")
    return provider


def recognise(framing: str, events: Sequence[Event]) -> Provider:
    """The first provider of that framing that knows the events as its own; the plain framing if none does.

    A single JSON object that carries an error is asked of every provider: refused requests are answered in JSON
    whatever the framing of a stream would have been.
    """
    candidates = [provider for provider in PROVIDERS if provider.framing == framing]
    if not candidates:
        raise UsageError(f"unknown framing {framing!r}")
    found = next(provider for provider in candidates if provider.recognises(events))
    if found.has_signal or len(events) != 1 or framing not in ("ndjson", "json-array"):
        return found
    return next((provider for provider in PROVIDERS if _refuses(provider, events[0])), found)


def _refuses(provider: Provider, event: Event) -> bool:
    """Whether `event` is this provider's answer to a request that it refused."""
    return provider.has_signal and provider.recognises([event]) and provider.read(event).error is not None
