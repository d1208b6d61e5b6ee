"""What to paste so that a client finds a server: the base-URL variables of the SDKs that ask for these paths. Pure.

To add one: the end of the paths that an SDK asks for, and the variable that holds what stands before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from streamdoctor.visible import safe_text

_VARIABLES = (
    (re.compile(r"(.*?)/(?:chat/completions|completions|responses|embeddings)"), "OPENAI_BASE_URL"),
    (re.compile(r"(.*?)/v1/messages"), "ANTHROPIC_BASE_URL"),
    (re.compile(r"(.*?)/api/(?:chat|generate)"), "OLLAMA_HOST"),
    (re.compile(r"(.*?)/v[12]/chat"), "CO_API_URL"),
    (re.compile(r"(.*?)/v1(?:beta|alpha)?\d*/models/[^/]+:\w+"), "GOOGLE_GEMINI_BASE_URL"),
    (re.compile(r"(.*?)/model/[^/]+/(?:converse|invoke)[\w-]*"), "AWS_ENDPOINT_URL_BEDROCK_RUNTIME"),
)


def base_urls(url: str, paths: Iterable[str]) -> dict[str, list[str]]:
    """For each SDK that asks for one of `paths` on the server at `url`: its variable, and all that this may be, in the
    order of the paths."""
    found: dict[str, list[str]] = {}
    for path in paths:
        for pattern, name in _VARIABLES:
            if match := pattern.fullmatch(path):
                urls = found.setdefault(name, [])
                urls += [one for one in [f"{url}{match[1]}"] if one not in urls]
                break
    return found


def base_url_lines(url: str, captures: Sequence[tuple[str, str]]) -> list[str]:
    """`NAME=URL`, a line each; `captures` are their paths and names, which stand behind a URL that is not the only one
    of its variable."""
    lines = []
    for variable, urls in base_urls(url, [path for path, _ in captures]).items():
        for one in urls:
            asked = [name for path, name in captures if base_urls(url, [path]).get(variable) == [one]]
            more = f" and {len(asked) - 1} more" if len(asked) > 1 else ""
            lines.append(f"{variable}={one}" + (f"  # {safe_text(asked[0])}{more}" if len(urls) > 1 else ""))
    return lines
