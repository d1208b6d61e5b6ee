"""Wire bytes and foreign text made safe to print: one line, no control, no bidirectional trick, no lone surrogate.

Everything that came from a wire, a file name or a parser passes through here before it reaches a terminal or a page.
"""

from __future__ import annotations

import json
import re
from typing import Any

# C0, DEL, C1, soft hyphen, zero-width and bidirectional controls (not the joiners: emoji and scripts need them), line
# and paragraph separators, BOM, surrogates, interlinear annotations, noncharacters, tags: what a terminal would act on
# or hide.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff"
    "\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
)
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\"}


def _escape(match: re.Match[str]) -> str:
    char = match.group()
    if char in _SHORT:
        return _SHORT[char]
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def safe_text(text: str) -> str:
    """`text` on one line, with everything a terminal would act on escaped as Python writes it."""
    return _UNSAFE.sub(_escape, text)


def safe_bytes(data: bytes) -> str:
    """`data` as text where it is UTF-8, `\\xNN` where it is not, and safe to print either way."""
    parts: list[str] = []
    for char in data.decode("utf-8", "surrogateescape"):
        code = ord(char)
        parts.append(f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else safe_text(char))
    return "".join(parts)


def safe_json(document: Any) -> str:
    """JSON to be read and compared by people: letters as they are, what an editor or terminal would act on escaped."""
    text = json.dumps(document, indent=1, ensure_ascii=False)
    return _UNSAFE.sub(lambda match: match[0] if match[0] == "\n" else json.dumps(match[0])[1:-1], text) + "\n"


def shorten(text: str, width: int) -> str:
    """`text` in at most `width` characters, cut in the middle with the number of characters left out."""
    if len(text) <= width:
        return text
    note = f"…{len(text) - width}…"
    keep = max(width - len(note), 2)
    return text[: (keep + 1) // 2] + note + text[len(text) - keep // 2 :]
