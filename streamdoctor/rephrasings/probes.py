"""The plainest stream of each dialect: what calibration, `check` without captures and rephrasings start from.

Rules: ASCII, LF line ends, one choice, each event's exact bytes on their own, the terminal signal last where there is
one (all of it, where an API always sends more than one event of it). `after` is what a consumer must not read any more
and a parser still hands on: one more event with visible text. Nothing can follow the end of a JSON array: there `after`
is empty.
"""

from __future__ import annotations

import base64
import json
from typing import NamedTuple

from streamdoctor.stream.aws_eventstream import write_message


class Probe(NamedTuple):
    """A stream of one dialect, event by event; the body is the events joined."""

    dialect: str
    events: tuple[bytes, ...]
    after: bytes

    @property
    def body(self) -> bytes:
        return b"".join(self.events)


def _data(*payloads: str) -> tuple[bytes, ...]:
    """SSE events that have data only."""
    return tuple(f"data: {payload}\n\n".encode() for payload in payloads)


def _named(*payloads: tuple[str, str]) -> tuple[bytes, ...]:
    """SSE events with a name."""
    return tuple(f"event: {name}\ndata: {payload}\n\n".encode() for name, payload in payloads)


def _lines(*payloads: str) -> tuple[bytes, ...]:
    return tuple(f"{payload}\n".encode() for payload in payloads)


def _probe(dialect: str, events: tuple[bytes, ...]) -> Probe:
    """The last of `events` is the one that comes after the end."""
    return Probe(dialect, events[:-1], events[-1])


def _chat(delta: str, finish: str = "null") -> str:
    return (
        '{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m",'
        f'"choices":[{{"index":0,"delta":{delta},"finish_reason":{finish}}}]}}'
    )


def _completion(text: str, finish: str = "null") -> str:
    return (
        '{"id":"c1","object":"text_completion","created":1,"model":"m",'
        f'"choices":[{{"index":0,"text":"{text}","logprobs":null,"finish_reason":{finish}}}]}}'
    )


def _response_delta(number: int, text: str) -> tuple[str, str]:
    kind = "response.output_text.delta"
    place = '"item_id":"i1","output_index":0,"content_index":0'
    return kind, f'{{"type":"{kind}","sequence_number":{number},{place},"delta":"{text}"}}'


def _response(number: int, status: str) -> tuple[str, str]:
    kind = "response.created" if status == "in_progress" else f"response.{status}"
    response = f'{{"id":"r1","object":"response","status":"{status}"}}'
    return kind, f'{{"type":"{kind}","sequence_number":{number},"response":{response}}}'


def _block_delta(text: str) -> tuple[str, str]:
    kind = "content_block_delta"
    return kind, f'{{"type":"{kind}","index":0,"delta":{{"type":"text_delta","text":"{text}"}}}}'


def _ollama(text: str, rest: str = '"done":false') -> str:
    return f'{{"model":"m","created_at":"t","message":{{"role":"assistant","content":"{text}"}},{rest}}}'


_STOP = ',"finishReason":"STOP"'


def _gemini(text: str, rest: str = "") -> str:
    content = f'{{"parts":[{{"text":"{text}"}}],"role":"model"}}'
    return f'{{"candidates":[{{"content":{content}{rest},"index":0}}],"modelVersion":"m"}}'


def _step(number: int, event: str, rest: str) -> tuple[str, str]:
    return f"step.{event}", f'{{"index":{number},{rest}"event_type":"step.{event}"}}'


def _interaction(event: str, status: str) -> tuple[str, str]:
    kind = f"interaction.{event}"
    interaction = f'{{"id":"i1","status":"{status}","object":"interaction"}}'
    return kind, f'{{"interaction":{interaction},"event_type":"{kind}"}}'


def _cohere(text: str) -> tuple[str, str]:
    message = f'{{"content":{{"text":"{text}"}}}}'
    return "content-delta", f'{{"type":"content-delta","index":0,"delta":{{"message":{message}}}}}'


def _cohere_v1(text: str) -> str:
    return f'{{"is_finished":false,"event_type":"text-generation","text":"{text}"}}'


def _token(number: int, text: str, ended: str = "null") -> str:
    return f'{{"index":{number},"token":{{"id":{number},"text":"{text}","special":false}},"generated_text":{ended}}}'


def _llama_cpp(text: str, stop: str = "false") -> str:
    return f'{{"index":0,"content":"{text}","stop":{stop}}}'


def _watsonx(text: str, reason: str = "not_finished") -> str:
    return f'{{"model_id":"m","results":[{{"generated_text":"{text}","stop_reason":"{reason}"}}]}}'


def _thread_delta(text: str) -> tuple[str, str]:
    part = f'{{"index":0,"type":"text","text":{{"value":"{text}"}}}}'
    delta = f'{{"content":[{part}]}}'
    return "thread.message.delta", f'{{"id":"m1","object":"thread.message.delta","delta":{delta}}}'


def _run(status: str) -> tuple[str, str]:
    return f"thread.run.{status}", f'{{"id":"r1","object":"thread.run","status":"{status}"}}'


def _perplexity(whole: str, delta: str, rest: str = '"object":"chat.completion.chunk"', finish: str = "") -> str:
    choice = f'"index":0,"message":{{"content":"{whole}"}},"delta":{{"content":"{delta}"}}{finish}'
    return f'{{"id":"p1","model":"m","citations":[],{rest},"choices":[{{{choice}}}]}}'


def _writer(content: str, finish: str = "null") -> str:
    message = f'{{"content":{content},"role":"assistant","graph_data":null}}'
    choice = f'{{"index":0,"finish_reason":{finish},"message":{message},"delta":{message}}}'
    return f'{{"id":"w1","object":"chat.completion.chunk","choices":[{choice}],"usage":null}}'


def _gpustack(content: str, finish: str = "null", usage: str = "null") -> str:
    choice = f'{{"delta":{{"content":"{content}"}},"finish_reason":{finish},"index":0}}'
    return f'{{"choices":[{choice}],"id":"g1","object":"chat.completion.chunk","usage":{usage}}}'


def _messages(*events: tuple[str, str]) -> tuple[bytes, ...]:
    """AWS messages with an event type and a JSON payload."""
    return tuple(
        write_message(
            {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}, payload.encode()
        )
        for kind, payload in events
    )


def _converse(text: str) -> tuple[str, str]:
    return "contentBlockDelta", f'{{"contentBlockIndex":0,"delta":{{"text":"{text}"}}}}'


def _chunk(payload: str) -> tuple[str, str]:
    """A model's own event as Bedrock's invoke wraps it."""
    return "chunk", json.dumps({"bytes": base64.b64encode(payload.encode()).decode()})


PROBES: tuple[Probe, ...] = (
    _probe("sse", _data("Hello", "world", "and", "goodbye", "again")),
    _probe("ndjson", _lines('{"n":1,"word":"Hello"}', '{"n":2,"word":"world"}', '{"n":3}', '{"n":4}', '{"n":5}')),
    _probe(
        "openai-chat",
        _data(
            _chat('{"role":"assistant","content":""}'),
            _chat('{"content":"Hello"}'),
            _chat('{"content":" world"}'),
            _chat("{}", '"stop"'),
            "[DONE]",
            _chat('{"content":" again"}'),
        ),
    ),
    _probe(
        "openai-completions",
        _data(
            _completion("Hello"),
            _completion(" world"),
            _completion("", '"stop"'),
            "[DONE]",
            _completion(" again"),
        ),
    ),
    _probe(
        "openai-responses",
        _named(
            _response(0, "in_progress"),
            _response_delta(1, "Hello"),
            _response_delta(2, " world"),
            _response(3, "completed"),
            _response_delta(4, " again"),
        ),
    ),
    _probe(
        "anthropic",
        _named(
            (
                "message_start",
                '{"type":"message_start","message":{"id":"m1","type":"message","role":"assistant","model":"m",'
                '"content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}}',
            ),
            (
                "content_block_start",
                '{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}',
            ),
            _block_delta("Hello"),
            ("content_block_stop", '{"type":"content_block_stop","index":0}'),
            (
                "message_delta",
                '{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},'
                '"usage":{"output_tokens":2}}',
            ),
            ("message_stop", '{"type":"message_stop"}'),
            _block_delta(" again"),
        ),
    ),
    _probe(
        "ollama",
        _lines(
            _ollama("Hello"),
            _ollama(" world"),
            _ollama("!"),
            _ollama("", '"done":true,"done_reason":"stop","prompt_eval_count":1,"eval_count":3'),
            _ollama(" again"),
        ),
    ),
    _probe(
        "gemini",
        _data(
            _gemini("Hello"),
            _gemini(" world"),
            _gemini("!"),
            _gemini("", _STOP),
            _gemini(" again"),
        ),
    ),
    Probe(
        "gemini-array",
        (
            f"[{_gemini('Hello')}".encode(),
            f",\n{_gemini(' world')}".encode(),
            f",\n{_gemini('!')}".encode(),
            f",\n{_gemini('', _STOP)}\n]".encode(),
        ),
        b"",
    ),
    _probe(
        "gemini-interactions",
        _named(
            _interaction("created", "in_progress"),
            _step(0, "delta", '"delta":{"text":"Hello","type":"text"},'),
            _step(0, "delta", '"delta":{"text":" world","type":"text"},'),
            _interaction("completed", "completed"),
            ("done", "[DONE]"),
            _step(0, "delta", '"delta":{"text":" again","type":"text"},'),
        ),
    ),
    _probe(
        "cohere",
        (
            *_named(
                ("message-start", '{"id":"c1","type":"message-start","delta":{"message":{"role":"assistant"}}}'),
                _cohere("Hello"),
                _cohere(" world"),
                ("message-end", '{"type":"message-end","delta":{"finish_reason":"COMPLETE"}}'),
            ),
            *_data("[DONE]"),
            *_named(_cohere(" again")),
        ),
    ),
    _probe(
        "cohere-v1",
        _lines(
            '{"is_finished":false,"event_type":"stream-start","generation_id":"g1"}',
            _cohere_v1("Hello"),
            _cohere_v1(" world"),
            '{"is_finished":true,"event_type":"stream-end","finish_reason":"COMPLETE"}',
            _cohere_v1(" again"),
        ),
    ),
    _probe(
        "bedrock-converse",
        _messages(
            ("messageStart", '{"role":"assistant"}'),
            _converse("Hello"),
            _converse(" world"),
            ("contentBlockStop", '{"contentBlockIndex":0}'),
            ("messageStop", '{"stopReason":"end_turn"}'),
            ("metadata", '{"usage":{"inputTokens":1,"outputTokens":2,"totalTokens":3}}'),
            _converse(" again"),
        ),
    ),
    _probe(
        "bedrock-invoke",
        _messages(
            _chunk(_block_delta("Hello")[1]),
            _chunk(_block_delta(" world")[1]),
            _chunk('{"type":"message_delta","delta":{"stop_reason":"end_turn"}}'),
            _chunk('{"type":"message_stop"}'),
            _chunk(_block_delta(" again")[1]),
        ),
    ),
    _probe(
        "tgi",
        _data(
            _token(1, "Hello"),
            _token(2, " world"),
            _token(3, "!"),
            _token(4, "", '"Hello world!"'),
            _token(5, " again"),
        ),
    ),
    _probe(
        "llama-cpp",
        _data(_llama_cpp("Hello"), _llama_cpp(" world"), _llama_cpp("!"), _llama_cpp("", "true"), _llama_cpp(" again")),
    ),
    _probe(
        "watsonx",
        _data(_watsonx("Hello"), _watsonx(" world"), _watsonx("!"), _watsonx("", "eos_token"), _watsonx(" again")),
    ),
    _probe(
        "replicate",
        _named(("output", "Hello"), ("output", " world"), ("output", "!"), ("done", "{}"), ("output", " again")),
    ),
    _probe(
        "openai-assistants",
        _named(
            _run("created"),
            _thread_delta("Hello"),
            _thread_delta(" world"),
            _run("completed"),
            ("done", "[DONE]"),
            _thread_delta(" again"),
        ),
    ),
    _probe(
        "openai-transcription",
        _data(
            '{"type":"transcript.text.delta","delta":"Hello"}',
            '{"type":"transcript.text.delta","delta":" world"}',
            '{"type":"transcript.text.done","text":"Hello world"}',
            "[DONE]",
            '{"type":"transcript.text.delta","delta":" again"}',
        ),
    ),
    _probe(
        "perplexity",
        _data(
            _perplexity("Hello", "Hello"),
            _perplexity("Hello world", " world"),
            _perplexity("Hello world!", "!"),
            _perplexity("Hello world!", "", '"object":"chat.completion.done"', ',"finish_reason":"stop"'),
            _perplexity("Hello world! again", " again"),
        ),
    ),
    _probe(
        "writer",
        _data(
            _writer("null"),
            _writer('"Hello"'),
            _writer('" world"'),
            _writer("null", '"stop"'),
            '{"id":"w1","object":"chat.completion.chunk","choices":[],"usage":{"total_tokens":3}}',
            _writer('" again"'),
        ),
    ),
    _probe(
        "gpustack",
        _data(
            _gpustack("Hello"),
            _gpustack(" world"),
            _gpustack("!"),
            _gpustack("", '"stop"', '{"tokens_per_second":1,"time_per_output_token_ms":1}'),
            _gpustack(" again"),
        ),
    ),
)

_BY_DIALECT = {probe.dialect: probe for probe in PROBES}


def probe_for(dialect: str) -> Probe | None:
    """The probe of a dialect; None where a dialect has none."""
    return _BY_DIALECT.get(dialect)
