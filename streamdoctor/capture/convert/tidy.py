"""A capture made quiet for `git diff`: what changes at every recording is covered, at equal length.

Times are whole milliseconds; dates and ids in heads and bodies become stars, numbers of seconds ones and zeros. Reads
keep their borders. What is compressed stays as it is.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import accumulate, pairwise

from streamdoctor.capture.model import RECEIVED, SENT, Capture, Direction, Mark, Read, Record

STARTED = "2000-01-01T00:00:00.000000Z"

_MS = 1_000_000
_HEADERS = re.compile(
    rb"(?im)^(?:date|x-request-id|request-id|cf-ray|x-amzn-requestid|openai-processing-ms|set-cookie|etag|last-modified):"
    rb"[ \t]*([^\r\n]+)"
)
_IDS = re.compile(
    rb'"(?:id|request_id|response_id|item_id|message_id|generation_id|system_fingerprint|created_at|obfuscation)"'
    rb'\s*:\s*"([^"\\]*)"'
)
_NUMBERS = re.compile(
    rb'"(?:created|created_at|completed_at|total_duration|load_duration|prompt_eval_duration|eval_duration)"\s*:\s*(\d+)'
)


def tidied(capture: Capture) -> Capture:
    """The same exchange; nothing in it names a moment."""
    header = replace(capture.header, started=STARTED, session=None, connection=None)
    data = {way: _reads(capture, way) for way in (SENT, RECEIVED)}
    records: list[Record] = []
    for record in capture.records:
        ns = record.ns // _MS * _MS
        if isinstance(record, Mark):
            records.append(replace(record, ns=ns))
        else:
            records.append(Read(ns, record.direction, data[record.direction].pop(0)))
    end = capture.end and replace(capture.end, ns=capture.end.ns // _MS * _MS)
    return replace(capture, header=header, records=tuple(records), end=end)


def _reads(capture: Capture, way: Direction) -> list[bytes]:
    """The data of each read of one direction, covered as a whole and cut as it was."""
    covered = _NUMBERS.sub(_zeros, _IDS.sub(_stars, _HEADERS.sub(_stars, capture.data(way))))
    edges = [0, *accumulate(len(read.data) for read in capture.reads(way))]
    return [covered[start:end] for start, end in pairwise(edges)]


def _stars(match: re.Match[bytes]) -> bytes:
    start, end = match.start(1) - match.start(), match.end(1) - match.start()
    return match[0][:start] + b"*" * (end - start) + match[0][end:]


def _zeros(match: re.Match[bytes]) -> bytes:
    return match[0][: match.start(1) - match.start()] + b"1" + b"0" * (len(match[1]) - 1)
