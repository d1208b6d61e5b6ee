"""The error of an API in each of its shapes, in one line, and what it does to completeness."""

from __future__ import annotations

from typing import Any

import pytest

from streamdoctor.stream.providers import Meaning, by_name, completeness
from tests.stream.providers.events import chunk, meanings_of

OPENAI_ERROR = {"error": {"message": "The server had\nan error", "type": "server_error", "code": None}}

ERRORS: list[tuple[str, Any, str]] = [
    ("openai-chat", OPENAI_ERROR, "The server had an error (server_error)"),
    ("openai-chat", {"error": "overloaded"}, "overloaded"),
    ("openai-chat", ("error", {"error": {"message": "no", "code": "tool_use_failed"}}), "no (tool_use_failed)"),
    ("openai-chat", ("error", {"oops": 1}), '{"oops":1}'),
    ("openai-chat", {**chunk({}), "error": {"code": 400, "message": "limit"}}, "limit (400)"),
    ("openai-chat", chunk({}, error={"message": "cut", "code": 502}, finish_reason="error"), "cut (502)"),
    ("openai-chat", {"object": "error", "message": "old vLLM", "type": "BadRequest"}, "old vLLM (BadRequest)"),
    ("openai-chat", chunk({}, finish_reason="insufficient_system_resource"), "insufficient_system_resource"),
    ("openai-chat", chunk({}, finish_reason="error"), "error"),
    ("openai-responses", {"type": "error", "message": "bad", "code": "x", "sequence_number": 3}, "bad (error, x)"),
    ("openai-responses", {"type": "response.failed", "response": {"error": {"message": "m", "code": "c"}}}, "m (c)"),
    ("openai-responses", {"type": "response.failed", "response": {}}, "response.failed"),
    (
        "anthropic",
        ("error", {"type": "error", "error": {"type": "overloaded_error", "message": "O"}}),
        "O (overloaded_error)",
    ),
    ("anthropic", ("error", {"error": {"message": "type in the name only"}}), "type in the name only"),
    ("gemini", {"error": {"code": 503, "message": "later", "status": "UNAVAILABLE"}}, "later (503, UNAVAILABLE)"),
    ("gemini-interactions", ("error", {"event_type": "error", "error": {"message": "m"}}), "m"),
    ("cohere", {"type": "message-end", "delta": {"finish_reason": "TIMEOUT"}}, "TIMEOUT"),
    ("cohere", {"type": "message-end", "delta": {"finish_reason": "ERROR", "error": "why"}}, "why"),
    ("cohere-v1", {"is_finished": True, "finish_reason": "ERROR_TOXIC"}, "ERROR_TOXIC"),
    ("ollama", {"error": "an error was encountered"}, "an error was encountered"),
    ("tgi", {"error": "Request failed", "error_type": "generation"}, "Request failed"),
    ("llama-cpp", {"error": {"code": 500, "message": "m", "type": "server_error"}}, "m (server_error, 500)"),
    ("bedrock-converse", ("exception:throttlingException", {"message": "slow down"}), "throttlingException: slow down"),
    ("bedrock-converse", ("exception:modelTimeoutException", ""), "modelTimeoutException"),
    ("bedrock-invoke", ("error:Internal", "not json"), "Internal: not json"),
    ("replicate", ("error", "it broke"), "it broke"),
    ("replicate", ("done", '{"reason": "canceled"}'), "canceled"),
    ("openai-assistants", ("thread.run.failed", {"last_error": {"message": "m", "code": "rate"}}), "m (rate)"),
]


@pytest.mark.parametrize(("dialect", "event", "said"), ERRORS, ids=lambda it: it if isinstance(it, str) else "")
def test_errors_in_one_line(dialect: str, event: Any, said: str) -> None:
    (meaning,) = meanings_of(dialect, event)
    assert meaning.error == said


@pytest.mark.parametrize(("dialect", "event", "said"), ERRORS, ids=lambda it: it if isinstance(it, str) else "")
def test_a_stream_with_an_error_in_place_of_its_end_is_not_complete(dialect: str, event: Any, said: str) -> None:
    provider = by_name(dialect)
    after = Meaning(signal=min(provider.ends))
    assert completeness(provider, meanings_of(dialect, event))[0] is False
    assert completeness(provider, [*meanings_of(dialect, event), after])[0] is False
    assert completeness(provider, [after, Meaning(error="too late")]) == (True, after.signal)
