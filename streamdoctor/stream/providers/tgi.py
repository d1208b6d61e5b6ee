"""Hugging Face text-generation-inference, /generate_stream (its chat route is OpenAI chat completions).

No marker: the last event has `generated_text`. Errors come as `{"error", "error_type"}` inside a 200.
Source: text-generation-inference router/src/server.rs and lib.rs (StreamResponse, ErrorResponse).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamdoctor.stream.providers.base import JSONDialect, Meaning, mapping, named, one_line, texts


class TGI(JSONDialect):
    """`token.text`, special tokens left out."""

    name = "tgi"
    title = "TGI generate_stream"
    ends = frozenset({"generated_text"})

    def owns(self, document: Mapping[str, Any], kind: str) -> bool:
        if isinstance(document.get("token"), dict):
            return "generated_text" in document or "text" in document["token"]
        return "error_type" in document and isinstance(document.get("error"), str)

    def mean(self, document: Mapping[str, Any], kind: str) -> Meaning:
        token = mapping(document.get("token"))
        details = mapping(document.get("details"))
        ended = isinstance(document.get("generated_text"), str)
        return Meaning(
            text=() if token.get("special") is True else texts([(0, token.get("text"))]),
            signal="generated_text" if ended else None,
            error=one_line(document.get("error")),
            finish=(named(details.get("finish_reason")) or "generated_text") if ended else None,
            usage={"generated_tokens": details["generated_tokens"]} if "generated_tokens" in details else None,
        )
