"""A capture recorded anew: its own request, to its own upstream, in place of the old file once that went well.

Secrets are not in captures: each header that is covered there comes from the environment, STREAMDOCTOR_HEADER_ and its
name in capitals with `_` for `-`. Rule: the old file stays unless a whole response with a status of 2xx came.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from streamdoctor.capture.file import SUFFIX, load
from streamdoctor.capture.model import SENT, Capture
from streamdoctor.errors import UsageError
from streamdoctor.record.asking import Request, build_request
from streamdoctor.record.fetch import Fetch
from streamdoctor.record.store import Recorded
from streamdoctor.stream.http1 import BodyData, RequestHead, RequestReader

VARIABLE = "STREAMDOCTOR_HEADER_"
_OURS = ("host", "content-length", "transfer-encoding", "connection", "expect")


def record_again(path: Path, environ: Mapping[str, str]) -> Recorded:
    """Asks once more and replaces `path`. Raises UsageError where that cannot be, or did not go well; CaptureError."""
    if not path.name.endswith(SUFFIX):
        raise UsageError(f"{path} is packed: only a plain {SUFFIX} is recorded anew")
    request = request_of(load(path), path, environ)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".recording-") as folder:
        done = asyncio.run(Fetch(request, out=folder, on_data=lambda data: None).run())
        if done.path is None or done.cause != "complete" or done.status is None or not 200 <= done.status < 300:
            why = f"status {done.status}" if done.cause == "complete" else done.message or done.cause
            raise UsageError(f"{path} stays as it was: {request.upstream.url} answered with {why}")
        os.replace(done.path, path)
    return done


def request_of(capture: Capture, path: Path, environ: Mapping[str, str]) -> Request:
    """The request in a capture, as it would be sent again. Raises UsageError where something is missing."""
    reader = RequestReader()
    events = reader.feed(capture.data(SENT))
    head = next((event for event in events if isinstance(event, RequestHead)), None)
    if head is None or capture.header.upstream is None:
        raise UsageError(f"{path} holds no request, or not where it went: it cannot be recorded anew")
    body = b"".join(event.data for event in events if isinstance(event, BodyData))
    headers = list(_headers(head, capture.header.redacted, path, environ))
    target = head.target if head.target.startswith("/") else "/"
    return build_request(capture.header.upstream.rstrip("/") + target, head.method, headers, body or None)


def _headers(head: RequestHead, redacted: tuple[str, ...], path: Path, environ: Mapping[str, str]) -> Iterator[str]:
    missing = []
    for name, value in head.headers:
        if name in _OURS:
            continue
        if name in redacted or "****" in value:
            variable = VARIABLE + name.upper().replace("-", "_")
            value = environ.get(variable, "")
            if not value:
                missing.append(variable)
        yield f"{name}: {value}"
    if missing:
        raise UsageError(
            f"{path} keeps no secrets: to record it anew, set {' and '.join(missing)}",
            hint="to the whole value of the header, for instance 'Bearer KEY'",
        )
