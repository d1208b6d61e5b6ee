"""A bare response body as a capture: nothing is known of reads, times, the request or the end, and it says so."""

from __future__ import annotations

from streamdoctor import __version__
from streamdoctor.capture.format import encode_end, encode_header, encode_read
from streamdoctor.capture.model import RECEIVED, End, Header
from streamdoctor.errors import UsageError


def from_raw(body: bytes, content_type: str, started: str) -> bytes:
    """The file, whole. The response head is made up (`synthesised`); the times are all 0; the cause is unknown.

    `started` is the time of the import, RFC 3339. Raises UsageError for a content type that no header can hold.
    """
    if not content_type.isprintable() or not content_type.isascii() or "/" not in content_type:
        raise UsageError(
            f"--content-type {content_type!r} is no media type", hint="for instance --content-type text/event-stream"
        )
    header = Header(
        started=started,
        recorder=f"streamdoctor {__version__}",
        via="import",
        fidelity="body",
        extra={"synthesised": ["response-head"]},
    )
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\n\r\n".encode("ascii")
    lines = [encode_header(header), encode_read(0, RECEIVED, head)]
    if body:
        lines.append(encode_read(0, RECEIVED, body))
    return b"".join((*lines, encode_end(End(0, "unknown"))))
