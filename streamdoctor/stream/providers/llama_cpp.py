"""llama.cpp's own /completion (its /v1 routes are OpenAI's): SSE without names that ends with `"stop": true`.

Errors come as `{"error": {...}}`, in older builds as an `error:` line, which no event carries.
Source: llama.cpp tools/server/README.md and server-task.cpp.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamdoctor.stream.providers.base import JSONDialect, Meaning, integer, mapping, named, one_line, texts


class LlamaCpp(JSONDialect):
    """`content`, by `index`."""

    name = "llama-cpp"
    title = "llama.cpp /completion"
    ends = frozenset({"stop:true"})

    def owns(self, document: Mapping[str, Any], kind: str) -> bool:
        return isinstance(document.get("content"), str) and isinstance(document.get("stop"), bool)

    def mean(self, document: Mapping[str, Any], kind: str) -> Meaning:
        ended = document.get("stop") is True
        return Meaning(
            text=texts([(integer(document.get("index")), document.get("content"))]),
            signal="stop:true" if ended else None,
            error=one_line(document.get("error")),
            finish=(named(document.get("stop_type")) or "stop") if ended else None,
            usage=(mapping(document.get("timings")) or None) if ended else None,
        )
