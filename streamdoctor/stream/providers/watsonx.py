"""IBM watsonx text generation: SSE with ids and `event: message`.

No marker: it ends with a `stop_reason` other than "not_finished", which every earlier event carries.
Source: IBM watsonx.ai REST reference, /ml/v1/text/generation_stream.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamdoctor.stream.providers.base import JSONDialect, Meaning, mappings, named, one_line, texts

_GOING_ON = "not_finished"


class Watsonx(JSONDialect):
    """`results[].generated_text`."""

    name = "watsonx"
    title = "watsonx text generation"
    ends = frozenset({"stop_reason"})
    definite = False

    def owns(self, document: Mapping[str, Any], kind: str) -> bool:
        return any("generated_text" in result for result in mappings(document.get("results")))

    def mean(self, document: Mapping[str, Any], kind: str) -> Meaning:
        results = mappings(document.get("results"))
        reasons = (named(result.get("stop_reason")) for result in results)
        finish = next((reason for reason in reasons if reason not in (None, _GOING_ON)), None)
        counts = {
            key: it[key] for it in results for key in ("input_token_count", "generated_token_count") if it.get(key)
        }
        return Meaning(
            text=texts((0, result.get("generated_text")) for result in results),
            signal="stop_reason" if finish else None,
            error=next((one_line(error) for error in mappings(document.get("errors"))), None),
            finish=finish,
            usage=counts or None,
        )
