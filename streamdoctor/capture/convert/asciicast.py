"""The text of a stream as a terminal recording, asciicast v2: to share how an answer came."""

from __future__ import annotations

import json
from datetime import datetime

from streamdoctor.capture.model import Capture
from streamdoctor.stream.layers import Layers
from streamdoctor.visible import safe_text

_SIZE = {"width": 100, "height": 30}


def to_asciicast(capture: Capture, layers: Layers) -> bytes:
    """A line for each event that brought text, at the time its last byte arrived. No wire byte comes out raw."""
    reading = layers.reading
    started = datetime.fromisoformat(capture.header.started.replace("Z", "+00:00"))
    title = f"{layers.request.method} {layers.request.target}" if layers.request else "a stream"
    head = {"version": 2, **_SIZE, "timestamp": int(started.timestamp()), "title": safe_text(title)}
    lines = [json.dumps(head)]
    for index, meaning in enumerate(reading.meanings if reading else ()):
        assert reading is not None
        text = "".join(delta.text for delta in meaning.text)
        if text:
            shown = "\r\n".join(map(safe_text, text.split("\n")))
            seconds = layers.time_of(reading.dues[index]) / 1e9
            lines.append(json.dumps([round(seconds, 6), "o", shown], ensure_ascii=False))
    return ("\n".join(lines) + "\n").encode("utf-8")
