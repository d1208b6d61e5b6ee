"""A capture in memory as the bytes of a file, in version 1 of the format (DESIGN section 4). Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from streamdoctor.capture.format import encode_end, encode_header, encode_mark, encode_read
from streamdoctor.capture.model import RECEIVED, SENT, Capture, Direction, End, Header, Mark, Read, Record
from streamdoctor.capture.redact import Rules, mask_head, spellings


def packed(capture: Capture) -> bytes:
    """The whole file; counts and digests in the end record are those of what is written."""
    lines = [encode_header(capture.header)]
    for record in capture.records:
        if isinstance(record, Mark):
            lines.append(encode_mark(record.ns, record.name, record.details))
        else:
            lines.append(encode_read(record.ns, record.direction, record.data))
    if capture.end is not None:
        lines.append(encode_end(replace(capture.end, details={**capture.end.details, **_counts(capture)})))
    return b"".join(lines)


def _counts(capture: Capture) -> dict[str, Any]:
    ways: tuple[Direction, ...] = (SENT, RECEIVED)
    return {
        "reads": {way: len(capture.reads(way)) for way in ways},
        "bytes": {way: len(capture.data(way)) for way in ways},
        "sha256": {RECEIVED: hashlib.sha256(capture.data(RECEIVED)).hexdigest()},
    }


def imported(
    records: Sequence[Read],
    *,
    started: str,
    recorder: str,
    cause: str,
    fidelity: str,
    upstream: str | None = None,
    framing: str | None = None,
    side: str | None = None,
    synthesised: Sequence[str] = (),
) -> bytes:
    """The file of what another tool kept, secrets covered; `synthesised` names what was made up."""
    records, redacted = _redacted(records)
    header = Header(
        started=started,
        recorder=recorder,
        upstream=upstream,
        via="import",
        fidelity=fidelity,  # type: ignore[arg-type]
        redacted=redacted,
        extra={"synthesised": list(synthesised)} if synthesised else {},
    )
    in_order: tuple[Record, ...] = tuple(sorted(records, key=lambda read: read.ns))
    last = in_order[-1].ns if in_order else 0
    side = side or (None if cause == "unknown" else "upstream")
    return packed(Capture(header, in_order, End(last, cause, side, framing)))


def _redacted(records: Sequence[Read]) -> tuple[list[Read], tuple[str, ...]]:
    """The reads with the secrets of both heads covered wherever they stand (DESIGN section 9), and their names."""
    joined = {way: b"".join(read.data for read in records if read.direction == way) for way in (SENT, RECEIVED)}
    names: list[str] = []
    values: frozenset[bytes] = frozenset()
    for way, data in joined.items():
        end = data.find(b"\r\n\r\n") + 4 if b"\r\n\r\n" in data else 0
        head = mask_head(data[:end], Rules(), values)
        names += [name for name in head.names if name not in names]
        values |= head.values
        joined[way] = head.data + data[end:]
    for secret in spellings(values):
        joined = {way: data.replace(secret, b"*" * len(secret)) for way, data in joined.items()}
    at = dict.fromkeys(joined, 0)
    masked = []
    for read in records:
        start = at[read.direction]
        at[read.direction] = start + len(read.data)
        masked.append(replace(read, data=joined[read.direction][start : start + len(read.data)]))
    return masked, tuple(names)
