"""What captures are made of, and what can be made of them. To add a format: a file beside this one, an entry here."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from streamdoctor.capture.convert.asciicast import to_asciicast
from streamdoctor.capture.convert.curl_trace import from_curl_trace
from streamdoctor.capture.convert.har import from_har, to_har
from streamdoctor.capture.convert.mitmproxy import from_mitmproxy
from streamdoctor.capture.convert.packing import packed
from streamdoctor.capture.convert.raw import from_raw
from streamdoctor.capture.convert.vcr import from_vcr
from streamdoctor.capture.model import Capture
from streamdoctor.errors import UsageError
from streamdoctor.stream.layers import Layers


class Given(NamedTuple):
    """What a user says of a file: its media type, which entry; `started` is the time of the import, RFC 3339."""

    started: str
    content_type: str | None = None
    entry: int | None = None


class Import(NamedTuple):
    read: Callable[[bytes, Given], bytes]
    summary: str


class Export(NamedTuple):
    write: Callable[[Capture, Layers], bytes]
    ending: str
    summary: str


def _raw(data: bytes, given: Given) -> bytes:
    if given.content_type is None:
        raise UsageError("a bare body wants its media type", hint="for instance --content-type text/event-stream")
    return from_raw(data, given.content_type, given.started)


IMPORTS = {
    "raw": Import(_raw, "a bare body, with --content-type"),
    "har": Import(lambda data, given: from_har(data, given.started, given.entry), "one entry of a HAR"),
    "curl": Import(
        lambda data, given: from_curl_trace(data, given.started), "what curl --trace FILE --trace-time wrote"
    ),
    "mitmproxy": Import(lambda data, given: from_mitmproxy(data, given.entry), "a flow that mitmdump -w wrote"),
    "vcr": Import(
        lambda data, given: from_vcr(data, given.started, given.entry), "an interaction of a cassette of VCR"
    ),
}
EXPORTS = {
    "raw": Export(lambda capture, layers: layers.decoded, ".body", "the decoded body"),
    "wire": Export(lambda capture, layers: capture.data("<"), ".wire", "the response as it came, head and framing too"),
    "har": Export(to_har, ".har", "HAR 1.2, with every read in `_chunks`"),
    "asciicast": Export(to_asciicast, ".cast", "its text as a terminal recording"),
    "capture": Export(
        lambda capture, layers: packed(capture), ".capture.jsonl", "a capture: --tidy, or packed .gz, .zst"
    ),
}
