"""What to paste so that a client finds a server: the base-URL variables of the SDKs that ask for these paths. Pure.

To add one: the end of the paths that an SDK asks for, and the variable that holds what stands before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_VARIABLES = (
    (re.compile(r"(.*?)/(?:chat/completions|completions|responses|embeddings)"), "OPENAI_BASE_URL"),
    (re.compile(r"(.*?)/v1/messages"), "ANTHROPIC_BASE_URL"),
    (re.compile(r"(.*?)/api/(?:chat|generate)"), "OLLAMA_HOST"),
    (re.compile(r"(.*?)/v[12]/chat"), "CO_API_URL"),
    (re.compile(r"(.*?)/v1(?:beta|alpha)?\d*/models/[^/]+:\w+"), "GOOGLE_GEMINI_BASE_URL"),
    (re.compile(r"(.*?)/model/[^/]+/(?:converse|invoke)[\w-]*"), "AWS_ENDPOINT_URL_BEDROCK_RUNTIME"),
)


def base_url_lines(url: str, paths: Iterable[str]) -> list[str]:
    """`NAME=URL` for each SDK that asks for one of `paths` on the server at `url`, a line each."""
    lines = []
    for path in paths:
        for pattern, name in _VARIABLES:
            if found := pattern.fullmatch(path):
                lines.append(f"{name}={url}{found[1]}")
                break
    return list(dict.fromkeys(lines))
