"""Correct parsers for one API each: Anthropic's messages, Ollama's lines."""

import codecs
import json

from sse import Core, Incomplete


def anthropic_text(pieces):
    core = Core()
    for piece in pieces:
        for event in core.push(piece):
            document = json.loads(event.data)
            if document["type"] == "message_stop":
                return
            if document["type"] == "error":
                raise RuntimeError(document["error"]["message"])
            if document["type"] == "content_block_delta":
                yield document["delta"]["text"]
    raise Incomplete


def anthropic_events(pieces):
    """As the SDK does: pings are swallowed, all else is handed on, the signal too."""
    core = Core()
    for piece in pieces:
        for event in core.push(piece):
            if event.event != "ping":
                yield json.loads(event.data)


class AnthropicFeed(Core):
    done = False

    def feed(self, piece):
        out = []
        for event in self.push(piece):
            out.append(event)
            if event.event == "message_stop":
                self.done = True
                break
        return out

    def close(self):
        if not self.done:
            raise Incomplete


def lines(pieces):
    decoder = codecs.getincrementaldecoder("utf-8")()
    buffer = ""
    for piece in pieces:
        buffer += decoder.decode(piece)
        *whole, buffer = buffer.split("\n")
        yield from filter(str.strip, whole)
    if buffer.strip():
        yield buffer


def ollama_parsed(pieces):
    for line in lines(pieces):
        yield json.loads(line)


def ollama_text(pieces):
    for line in lines(pieces):
        document = json.loads(line)
        yield document["message"]["content"]
        if document["done"]:
            return
    raise Incomplete


async def ollama_async(pieces):
    buffer = b""
    async for piece in pieces:
        buffer += piece
        *whole, buffer = buffer.split(b"\n")
        for line in whole:
            document = json.loads(line)
            yield document
            if document["done"]:
                return
    raise Incomplete
