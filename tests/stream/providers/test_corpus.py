"""Recorded bodies of real APIs: provider, completeness and text, whatever the order of keys, wherever they are cut.

Where the index and we differ, a rule says why, by what stands in the body.
"""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from streamdoctor.stream.aws_eventstream import Message, read_message, write_message
from streamdoctor.stream.event import Event
from streamdoctor.stream.providers import Meaning, Provider, assemble, completeness, guess_framing, recognise
from streamdoctor.stream.reading import DECODERS
from tests.corpus import Recorded, needs_corpus, recorded

FAMILY = {
    "anthropic-messages": "anthropic",
    "openai-chat": "openai-chat",
    "openai-completions": "openai-completions",
    "openai-responses": "openai-responses",
    "openai-assistants": "openai-assistants",
    "openai-transcription": "openai-transcription",
    "bedrock-converse": "bedrock-converse",
    "bedrock-invoke": "bedrock-invoke",
    "cohere-v1-chat": "cohere-v1",
    "cohere-v2-chat": "cohere",
    "gemini-generate": "gemini",
    "gemini-interactions": "gemini-interactions",
    "ollama-chat": "ollama",
    "ollama-generate": "ollama",
    "watsonx-text-stream": "watsonx",
    "writer-chat": "writer",
    # streams of no API with a terminal signal of its own
    "anthropic-batch-results": "ndjson",
    "bedrock-agent": "aws-eventstream",
    "mcp-streamable-http": "sse",
}
WITHOUT_DONE = {"perplexity": "perplexity", "gpustack": "gpustack"}

pytestmark = needs_corpus
every_body = pytest.mark.parametrize("one", recorded(), ids=lambda one: one.name)


class Read:
    """A body, read without its name or its content type."""

    def __init__(self, body: bytes, content_type: str | None = None) -> None:
        self.framing = guess_framing(content_type, body)
        assert self.framing is not None
        decoder = DECODERS[self.framing]()
        self.events: list[Event] = [*decoder.feed(body), *decoder.close()]
        self.closed: bool | None = getattr(decoder, "closed", None)
        self.problems = decoder.problems
        self.provider: Provider = recognise(self.framing, self.events)
        self.meanings: list[Meaning] = [self.provider.read(event) for event in self.events]

    @property
    def completeness(self) -> tuple[bool | None, str | None]:
        return completeness(self.provider, self.meanings, closed=self.closed)


def _family(one: Recorded, read: Read) -> str:
    """The dialect that the index's api amounts to."""
    api, host = one.about["api"], one.about["provider"]
    if api == "openai-chat" and host in WITHOUT_DONE:
        return WITHOUT_DONE[host]
    if api == "gemini-generate" and read.framing == "json-array":
        return "gemini-array"
    if host == "writer" and api == "openai-completions":
        return "sse"  # bare {"value": ...}: no shape that only one API has
    return FAMILY[api]


def _expected_end(one: Recorded, read: Read) -> str:
    """What the index's marks say; the rules below where it names none."""
    marks = one.about["terminal_markers"]
    if one.about["errors_seen"]:
        return "error"
    if read.provider.name == "gemini-array":
        return "closing bracket"
    if marks != ["none"]:
        return "signal"
    if not read.provider.has_signal:
        return "dialect without a signal"
    if read.provider.name in ("bedrock-invoke", "watsonx") and one.about["finish_reasons"]:
        return "reason in the last event"
    return "nothing"


COMPLETE = {
    "signal": True,
    "closing bracket": True,
    "reason in the last event": True,
    "dialect without a signal": None,
    "error": False,
    "nothing": False,
}


@every_body
def test_provider(one: Recorded) -> None:
    read = Read(one.body)
    assert read.provider.name == _family(one, read)
    assert read.problems == []
    assert len(read.events) == one.about["events"]


@every_body
def test_completeness(one: Recorded) -> None:
    read = Read(one.body, one.about["content_type"])
    complete, ended_by = read.completeness
    assert complete is COMPLETE[_expected_end(one, read)]
    assert (ended_by is not None) is (complete is True or bool(one.about["errors_seen"]))


@every_body
def test_finish_reasons_and_errors(one: Recorded) -> None:
    read = Read(one.body)
    found = assemble(read.meanings)
    assert bool(found.errors) is bool(one.about["errors_seen"])
    if one.about["finish_reasons"] and read.provider.name != "ndjson":
        assert found.finishes[-1] in one.about["finish_reasons"]


@every_body
def test_a_body_cut_before_its_signal_is_never_complete(one: Recorded) -> None:
    read = Read(one.body, one.about["content_type"])
    if read.completeness[0] is not True:
        return
    first = next(at for at, it in enumerate(read.meanings) if it.signal in read.provider.ends)
    end = read.events[first].end if read.framing != "json-array" else one.body.rindex(b"]") + 1
    last = len(one.body[:end].rstrip(b"\r\n")) - 1 if read.framing == "ndjson" else end - 1
    last -= read.framing == "sse" and one.body[:end].endswith(b"\r\n")
    cuts = {read.events[first].start, last, *random.Random(7).choices(range(1, last), k=12)}
    for cut in sorted(cuts - {0}):
        part = one.body[:cut]
        if guess_framing(one.about["content_type"], part) is not None:
            assert Read(part, one.about["content_type"]).completeness[0] in (False, None), cut


@every_body
def test_the_order_of_keys_changes_nothing(one: Recorded) -> None:
    body = one.body
    read, shuffled = Read(body), Read(_shuffled(body, Read(body)))
    assert shuffled.provider.name == read.provider.name
    assert shuffled.completeness == read.completeness
    ours, theirs = assemble(read.meanings), assemble(shuffled.meanings)
    assert (ours.texts, ours.finishes, ours.errors) == (theirs.texts, theirs.finishes, theirs.errors)
    assert [(it.name, it.id) for it in ours.tool_calls] == [(it.name, it.id) for it in theirs.tool_calls]


@every_body
def test_tool_arguments_are_json(one: Recorded) -> None:
    read = Read(one.body)
    for call in assemble(read.meanings).tool_calls:
        if read.provider.name != "openai-assistants":  # the code interpreter's input is a program
            json.loads(call.arguments or "{}")


@every_body
def test_the_whole_text_that_some_apis_restate_is_the_text_we_put_together(one: Recorded) -> None:
    read = Read(one.body)
    restated = [text for event in read.events if (text := _restated(read.provider, event)) is not None]
    if restated:
        assert assemble(read.meanings).texts.get(0, "") == "".join(restated)


def _restated(provider: Provider, event: Event) -> str | None:
    """The whole text in events that tell it at the end."""
    try:
        document = json.loads(event.data)
    except ValueError:
        return None
    if provider.name == "openai-responses" and document["type"] in (
        "response.output_text.done",
        "response.refusal.done",
    ):
        return str(document.get("text", document.get("refusal")))
    if provider.name == "openai-transcription" and document["type"] == "transcript.text.done":
        return str(document["text"])
    if provider.name == "perplexity" and document["object"] == "chat.completion.done":
        return str(document["choices"][0]["message"]["content"])
    if provider.name == "cohere-v1" and document["is_finished"]:
        return str(document["response"]["text"])
    return None


def _shuffled(body: bytes, read: Read) -> bytes:
    """The same body with the keys of every JSON object in another order."""
    rng = random.Random(3)
    parts = []
    last = 0
    for event in read.events:
        source = body[event.start : event.end]
        parts += [body[last : event.start], _with(source, event, _shuffle_text(event.data, rng))]
        last = event.end
    return b"".join([*parts, body[last:]])


def _with(source: bytes, event: Event, data: str) -> bytes:
    message = read_message(source)
    if isinstance(message, Message):
        return write_message({name: str(value) for name, value in message.headers.items()}, data.encode())
    return source.replace(event.data.encode(), data.encode())


def _shuffle_text(text: str, rng: random.Random) -> str:
    try:
        return json.dumps(_shuffle(json.loads(text), rng), ensure_ascii=False)
    except ValueError:
        return text


def _shuffle(value: Any, rng: random.Random) -> Any:
    if isinstance(value, list):
        return [_shuffle(item, rng) for item in value]
    if isinstance(value, dict):
        names = rng.sample(list(value), len(value))
        return {name: _shuffle(value[name], rng) for name in names}
    return value
