"""Results made of a few words each, for reports."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from streamdoctor.diagnosis.trial import Finding
from streamdoctor.suite.results import Found, Result

HOSTILE = "</script><img src=x onerror=alert(1)>\x1b[31m\u202e\x00\ufffe`|@x ]]> ::error::%0A\n"


def found(rule: str = "SD404", *, case: str = "00000001", **others: Any) -> Found:
    """A finding of `rule`; words of the finding and fields of the rest by name."""
    words = {"oracle": "reference", "at": 7, "expected": "12", "actual": "12!", "summary": "hands out something else"}
    for name in words:
        words[name] = others.pop(name, words[name])
    minimal = {"body_b64": b64encode(b"data: 12\r\r").decode(), "cuts": [9], "fault": None}
    fields = {
        "rephrase": "as-is",
        "split": "bytes",
        "cuts": (9,),
        "fault": None,
        "boundary": "cr-lf",
        "minimal": minimal,
    }
    fields |= {"reproduce": "streamdoctor replay a --parser p --split cuts:9"} | others
    return Found(Finding(rule, **words), case, **fields)  # type: ignore[arg-type]


def result(*findings: Found, capture: str = "a.capture.jsonl", parser: str = "mine", **others: Any) -> Result:
    fields = {"level": "data", "role": "consumer", "cases": 10, "seconds": 0.25} | others
    return Result(capture, None, parser, "sse", findings=list(findings), **fields)
