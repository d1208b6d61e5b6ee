"""The SDKs of APIs: what comes out is what their users get, as the JSON that it was made of, or as text.

Each SDK gets a client of the HTTP library that it is built on, with a transport that answers with the pieces.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from functools import cache
from importlib import import_module
from typing import Any

from streamdoctor.parsers.libraries.http import NDJSON, answering
from streamdoctor.parsers.libraries.library import Library

_MESSAGES = [{"role": "user", "content": "?"}]
_HOST = "http://127.0.0.1"


@cache
def _sdk(module: str, name: str, client: Any) -> Any:
    """The SDK's own client over `client`; made once, for that is slow. For openai, anthropic and groq."""
    make = getattr(import_module(module), name)
    return make(api_key="-", base_url=f"{_HOST}/v1", max_retries=0, http_client=client)


def _plain(model: Any) -> Any:
    """The mapping that an item of openai, anthropic or groq was made of."""
    return model.to_dict(exclude_unset=True)


def openai_chat(pieces: Iterable[bytes]) -> Iterator[Any]:
    sdk = _sdk("openai", "OpenAI", answering("httpx2", pieces))
    for chunk in sdk.chat.completions.create(model="-", messages=_MESSAGES, stream=True):
        yield _plain(chunk)


async def openai_chat_async(pieces: AsyncIterable[bytes]) -> AsyncIterator[Any]:
    sdk = _sdk("openai", "AsyncOpenAI", answering("httpx2", pieces, sync=False))
    async for chunk in await sdk.chat.completions.create(model="-", messages=_MESSAGES, stream=True):
        yield _plain(chunk)


def openai_responses(pieces: Iterable[bytes]) -> Iterator[Any]:
    sdk = _sdk("openai", "OpenAI", answering("httpx2", pieces))
    for event in sdk.responses.create(model="-", input="?", stream=True):
        yield _plain(event)


def anthropic_events(pieces: Iterable[bytes]) -> Iterator[Any]:
    sdk = _sdk("anthropic", "Anthropic", answering("httpx2", pieces))
    for event in sdk.messages.create(model="-", max_tokens=1, messages=_MESSAGES, stream=True):
        yield _plain(event)


def anthropic_text(pieces: Iterable[bytes]) -> Iterator[str]:
    sdk = _sdk("anthropic", "Anthropic", answering("httpx2", pieces))
    with sdk.messages.stream(model="-", max_tokens=1, messages=_MESSAGES) as stream:
        yield from stream.text_stream


def groq_chat(pieces: Iterable[bytes]) -> Iterator[Any]:
    sdk = _sdk("groq", "Groq", answering("httpx", pieces))
    for chunk in sdk.chat.completions.create(model="-", messages=_MESSAGES, stream=True):
        yield _plain(chunk)


@cache
def _cohere(client: Any) -> Any:
    return import_module("cohere").ClientV2(api_key="-", base_url=_HOST, httpx_client=client)


def cohere_chat(pieces: Iterable[bytes]) -> Iterator[Any]:
    for event in _cohere(answering("httpx", pieces)).chat_stream(model="-", messages=_MESSAGES):
        yield event.model_dump(exclude_unset=True)


@cache
def _ollama(client: Any) -> Any:
    return import_module("ollama").Client(_HOST, transport=client._transport)


def ollama_chat(pieces: Iterable[bytes]) -> Iterator[Any]:
    for part in _ollama(answering("httpx", pieces, NDJSON)).chat(model="-", messages=_MESSAGES, stream=True):
        yield part.model_dump(exclude_unset=True)


def _sdk_of(parse: Callable[..., Any], package: str, summary: str, dialect: str) -> Library:
    return Library(parse, (package,), package, f"the {package} SDK, {summary}", (dialect,))


SDKS = {
    "openai-chat": _sdk_of(openai_chat, "openai", "chat.completions.create", "openai-chat"),
    "openai-chat-async": _sdk_of(openai_chat_async, "openai", "the same in async", "openai-chat"),
    "openai-responses": _sdk_of(openai_responses, "openai", "responses.create", "openai-responses"),
    "anthropic-events": _sdk_of(anthropic_events, "anthropic", "messages.create", "anthropic"),
    "anthropic-text": _sdk_of(anthropic_text, "anthropic", "messages.stream, its text_stream", "anthropic"),
    "groq-chat": _sdk_of(groq_chat, "groq", "chat.completions.create", "openai-chat"),
    "cohere-chat": _sdk_of(cohere_chat, "cohere", "chat_stream of its second API", "cohere"),
    "ollama-chat": _sdk_of(ollama_chat, "ollama", "chat", "ollama"),
}
