"""Writes the tables of captures/README.md: what is measured comes from the captures, the words stand here.

python captures/recipes/readme.py
"""

from __future__ import annotations

import re
import subprocess
import sys
from json import loads
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1]
README = FOLDER / "README.md"
FIRST, AFTER = "## Language models", "## How they were recorded"

WORDS = {
    "Language models": {
        "llama-chat-ascii": (
            "a short answer, plain ASCII; the demo streams it",
            "one read holds the first two events, one holds the last event, `[DONE]` and the end of the body",
        ),
        "llama-chat-emoji-japanese": (
            "Japanese, Arabic, Devanagari, combining marks, emoji with joiners, skin tones and flags",
            "a family of emoji comes one code point an event; the joiners are events of their own",
        ),
        "llama-chat-two-choices": (
            "`n=2`: two answers at once",
            "the deltas of choices 0 and 1 take turns, and choice 1 comes first; "
            "the last chunk, `0\\r\\n` and its `\\r\\n` are reads of their own",
        ),
        "llama-chat-keep-alive-comments": (
            "a slow answer with `--sse-ping-interval 1`",
            "three comments `:` before the first event, one in the middle; gaps of 2 s",
        ),
        "llama-chat-error-after-200": (
            "the server fails in the middle",
            '`data: {"error":...}` after 19 deltas, no finish reason, no `[DONE]`, a clean HTTP end',
        ),
        "llama-chat-killed": (
            "`kill -9` of the server",
            "FIN after a whole chunk and a whole event, without `0\\r\\n\\r\\n`",
        ),
        "llama-chat-client-gone": (
            "the client hangs up",
            "one more event had arrived after the client left",
        ),
        "llama-responses": (
            "a short answer",
            "no `[DONE]`; the whole text comes again four times, in the `.done` events and in `response.completed`",
        ),
        "llama-responses-emoji-first": (
            "an answer that begins with an emoji",
            "the server sends `response.created` and `response.in_progress` again before every further delta",
        ),
        "llama-anthropic-messages": (
            "a short answer",
            "`event:` lines; ends by `message_stop`; no `ping` events, which the real API sends",
        ),
    },
    "Mocked APIs (aimock)": {
        "aimock-chat-big-events": (
            "300 numbered lines in three deltas, then usage",
            "two events of 12,337 and 12,338 bytes, and more events after them",
        ),
        "aimock-chat-line-separators": (
            "U+2028, U+2029 and U+0085 raw inside JSON strings",
            "none of them ends a line in SSE or JSON; `splitlines()` thinks so",
        ),
        "aimock-chat-lone-surrogates": (
            "a fairy tale with emoji",
            "one emoji is cut into `\\ud83c` and `\\udff0`, in two events: only the joined text is valid Unicode",
        ),
        "aimock-chat-tool-calls": (
            "two tool calls, their arguments in pieces",
            "no text at all; quotes and an emoji inside arguments; `content` is null",
        ),
        "aimock-chat-until-close": (
            "the same API to an HTTP/1.0 client",
            "neither chunks nor a length: the end of the connection is the end of the body",
        ),
        "aimock-openrouter-processing": (
            "an answer",
            "begins with the comment `: OPENROUTER PROCESSING`; usage comes in an event with `choices: []`",
        ),
        "aimock-gemini": (
            "an answer with emoji, Japanese and a combining mark",
            "no terminal event: the last one has `finishReason`. LF line ends, where the real API sends CRLF",
        ),
        "aimock-ollama-ndjson": (
            "the same answer",
            'one JSON object a line; the last has `"done":true`',
        ),
        "aimock-bedrock-converse": (
            "an answer",
            "binary AWS event stream frames with checksums; `metadata` comes after `messageStop`",
        ),
    },
    "Proxies and web frameworks": {
        "nginx-aimock-japanese": (
            "nginx with 1 kB buffers",
            "reads and chunks end where a buffer ended: inside characters and inside JSON; events come in batches",
        ),
        "nginx-aimock-killed-clean-end": (
            "nginx with defaults; the server behind it is killed",
            "the wire does not say so: nginx adds `0\\r\\n\\r\\n`. Reads of 4 kB, half a second apart",
        ),
        "nginx-starlette-log-crlf": (
            "a log of 360 lines through nginx with 1 kB buffers",
            "CRLF; two reads end between CR and LF, one inside `°`, three inside a field name",
        ),
        "starlette-chat-crlf-pings": (
            "a chat app on sse-starlette",
            "CRLF; comments `: ping - TIME`, two of them in one silence; raw UTF-8",
        ),
        "starlette-app-events": (
            "events of an app",
            "CRLF; `id:` before `event:`; `retry:` after `data:`; data of several lines with an empty one; "
            "empty data; two more spaces after the colon; comments after an `id:`",
        ),
        "better-sse-app-events": (
            "events of better-sse",
            "no space after the colon; a block with `retry:` alone; ids that are UUIDs; comments `:` after an `id:`",
        ),
        "express-chat-gzip": (
            "express with compression",
            "gzip, flushed after every event: the bytes on the wire show no text and no line ends",
        ),
        "node-chat-reset": (
            "`socket.resetAndDestroy()` in the middle",
            "a real RST",
        ),
    },
}
"""By heading and capture: what it is, and what is odd in it."""

HEAD = """\
| capture | dialect | what it is | complete | ends | reads, bytes, events | `show` finds | odd in it |
|---|---|---|---|---|---|---|---|
"""


def shown() -> dict[str, dict[str, Any]]:
    """What `streamdoctor show` says of each capture, by name."""
    words = [sys.executable, "-m", "streamdoctor", "show", str(FOLDER), "--json", "-"]
    documents = loads(subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout)
    return {Path(one["capture"]).name.removesuffix(".capture.jsonl"): one for one in documents}


def row(name: str, of: dict[str, Any], what: str, odd: str) -> str:
    whole = {True: "yes", False: "**no**", None: "-"}[of["complete"]]
    size = f"{of['reads']:,}, {of['bytes']:,}, {of['events']:,}"
    found = ", ".join(dict.fromkeys(finding["rule"] for finding in of["findings"])) or "-"
    cells = (f"`{name}`", of["provider"], what, whole, of["cause"], size, found, odd)
    return f"| {' | '.join(cells)} |\n"


def tables(captures: dict[str, dict[str, Any]]) -> str:
    """Raises KeyError for a capture without words, or words without a capture."""
    left = set(captures)
    text = ""
    for heading, rows in WORDS.items():
        text += f"## {heading}\n\n{HEAD}"
        text += "".join(row(name, captures[name], *words) for name, words in rows.items()) + "\n"
        left -= rows.keys()
    if left:
        raise KeyError(f"no words for {', '.join(sorted(left))}: enter them in WORDS")
    return text


def written(text: str, captures: dict[str, dict[str, Any]]) -> str:
    """`text` of the README with its tables anew. Raises ValueError where it has no room for them."""
    new, times = re.subn(f"{FIRST}.*?(?={AFTER})", lambda _: tables(captures), text, flags=re.DOTALL)
    if times != 1:
        raise ValueError(f"the tables go between {FIRST!r} and {AFTER!r}, which stand there {times} times")
    return new


if __name__ == "__main__":
    README.write_text(written(README.read_text(encoding="utf-8"), shown()), encoding="utf-8")
