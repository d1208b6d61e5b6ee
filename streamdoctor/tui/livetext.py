"""The words of one stream while it comes: the text that its events carry, as far as its bytes are there.

Rule: wire bytes in, text out, in one pass; the provider is recognised from the first events, as `show` does it.
"""

from __future__ import annotations

from streamdoctor.stream.coding import CodingDecoder
from streamdoctor.stream.event import Decoder, Event
from streamdoctor.stream.http1 import BodyData, HTTPEvent, ResponseHead, ResponseReader
from streamdoctor.stream.http1_head import listed
from streamdoctor.stream.providers import Provider, guess_framing, recognise
from streamdoctor.stream.reading import DECODERS

MOST_TEXT = 200_000
_ENOUGH = 8
"""After so many events the provider is settled."""


class LiveText:
    """`text` is what the first choice said so far."""

    def __init__(self, method: str) -> None:
        self.text = ""
        self._http = ResponseReader(method or None)
        self._coding = CodingDecoder(None)
        self._type: str | None = None
        self._framing: str | None = None
        self._decoder: Decoder | None = None
        self._provider: Provider | None = None
        self._first: list[Event] = []

    def feed(self, data: bytes) -> None:
        """Takes bytes of the response, as they stand on the wire."""
        if len(self.text) < MOST_TEXT:
            for part in self._http.feed(data):
                self._take(part)

    def _take(self, part: HTTPEvent) -> None:
        if isinstance(part, ResponseHead):
            self._coding = CodingDecoder(", ".join(listed(part.headers, "content-encoding")))
            self._type = next(iter(listed(part.headers, "content-type")), None)
        elif isinstance(part, BodyData):
            self._read(self._coding.feed(part.data))

    def _read(self, body: bytes) -> None:
        if self._decoder is None:
            self._framing = guess_framing(self._type, body)
            if self._framing is None:
                return
            self._decoder = DECODERS[self._framing]()
        events = self._decoder.feed(body)
        if events:
            self._understand(events)

    def _understand(self, events: list[Event]) -> None:
        assert self._framing is not None
        if len(self._first) < _ENOUGH:
            self._first += events
            self._provider = recognise(self._framing, self._first)
            self.text, events = "", self._first
        assert self._provider is not None
        deltas = (delta for event in events for delta in self._provider.read(event).text)
        self.text += "".join(delta.text for delta in deltas if delta.choice == 0)
