"""The error that each API itself sends in the middle of a stream, under HTTP 200. Pure.

One table, dialect by dialect; a property holds that the provider reads an error in each. Dialects without a terminal
signal have none: nobody could tell it from data. Sources: those of the provider's own file in stream/providers; where
no API of that shape was seen to fail in mid-stream, the error object of its other answers.
"""

from __future__ import annotations

import json

from streamdoctor.faults.keep_alive import line_end
from streamdoctor.stream.aws_eventstream import write_message
from streamdoctor.stream.reading import Reading

_SAID = "The server had an error while processing your request"
_OPENAI = {"error": {"message": _SAID, "type": "server_error", "param": None, "code": None}}
_GOOGLE = {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}


def _json(document: object) -> str:
    return json.dumps(document, separators=(",", ":"))


def _data(document: object) -> bytes:
    return f"data: {_json(document)}\n\n".encode()


def _named(name: str, data: str) -> bytes:
    return f"event: {name}\ndata: {data}\n\n".encode()


def _line(document: object) -> bytes:
    return f"{_json(document)}\n".encode()


def _exception(name: str) -> bytes:
    headers = {":exception-type": name, ":content-type": "application/json", ":message-type": "exception"}
    return write_message(headers, _json({"message": _SAID}).encode())


ERROR_EVENTS: dict[str, bytes] = {
    "openai-chat": _data(_OPENAI),
    "openai-completions": _data(_OPENAI),
    "openai-responses": _named(
        "error",
        _json({"type": "error", "code": "server_error", "message": _SAID, "param": None, "sequence_number": 9}),
    ),
    "openai-assistants": _named("error", _json(_OPENAI["error"])),
    "openai-transcription": _data(_OPENAI),
    "anthropic": _named(
        "error", _json({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})
    ),
    "ollama": _line({"error": "an error was encountered while running the model"}),
    "gemini": _data(_GOOGLE),
    "gemini-array": f"{_json(_GOOGLE)}\n]".encode(),
    "gemini-interactions": _named("error", _json({"event_type": "error", **_GOOGLE})),
    "cohere": _named("message-end", _json({"type": "message-end", "delta": {"finish_reason": "ERROR"}})),
    "cohere-v1": _line({"is_finished": True, "event_type": "stream-end", "finish_reason": "ERROR"}),
    "bedrock-converse": _exception("modelStreamErrorException"),
    "bedrock-invoke": _exception("modelStreamErrorException"),
    "tgi": _data({"error": "Request failed during generation", "error_type": "generation"}),
    "llama-cpp": _data({"error": {"code": 500, "message": _SAID, "type": "server_error"}}),
    "watsonx": _data({"errors": [{"code": "downstream_request_failed", "message": _SAID}], "status_code": 500}),
    "replicate": _named("error", _SAID),
    "perplexity": _data(_OPENAI),
    "writer": _data(_OPENAI),
    "gpustack": _data(_OPENAI),
}


def error_event(reading: Reading) -> bytes | None:
    """The error of this dialect, with the line ends of this body; None where the dialect has none."""
    error = ERROR_EVENTS.get(reading.provider.name)
    if error is None or reading.provider.framing not in ("sse", "ndjson"):
        return error
    return error.replace(b"\n", line_end(reading.body))
