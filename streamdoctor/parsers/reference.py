"""The reference as a parser on trial: our own decoders, behind the same shape as a stranger's, one a framing."""

from __future__ import annotations

from streamdoctor.parsers.shapes import Shape
from streamdoctor.stream.reading import DECODERS


def reference(framing: str) -> Shape:
    """The reference decoder of `framing`, as an object with `feed` and `close`."""
    return Shape("feed", DECODERS[framing])
