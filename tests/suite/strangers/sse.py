"""Correct parsers, as somebody else would write them: three shapes, every form of item."""

import codecs
import json
from dataclasses import dataclass


class Incomplete(Exception):
    """The stream ended before its terminal signal."""


@dataclass
class Event:
    data: str
    event: str
    id: str


class Core:
    """Bytes in, events out, character by character."""

    def __init__(self):
        self.decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self.line = ""
        self.after_cr = False
        self.data, self.event, self.id = [], "", ""

    def push(self, piece):
        for line in self.lines(self.decoder.decode(piece)):
            event = self.take(line)
            if event is not None:
                yield event

    def lines(self, text):
        for char in text:
            if char == "\n" and self.after_cr:
                self.after_cr = False
                continue
            self.after_cr = char == "\r"
            if char in "\r\n":
                line, self.line = self.line, ""
                yield line
            else:
                self.line += char

    def take(self, line):
        if not line:
            return self.dispatch()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self.data.append(value)
        elif name == "event":
            self.event = value
        elif name == "id" and "\0" not in value:
            self.id = value
        return None

    def dispatch(self):
        data, event = self.data, self.event
        self.data, self.event = [], ""
        return Event("\n".join(data), event or "message", self.id) if data else None


def chunks(pieces):
    """The events of a stream."""
    core = Core()
    for piece in pieces:
        yield from core.push(piece)


# what becomes of an event: form(event) gives the items


def text(event):
    yield event.data


def raw(event):
    yield event.data.encode()


def record(event):
    yield event


def fields(event):
    yield {"event": event.event, "data": event.data, "id": event.id}


def parsed(event):
    yield json.loads(event.data)


def delta(event):
    for choice in json.loads(event.data).get("choices") or []:
        content = choice.get("delta", {}).get("content")
        if content:
            yield content


# decoders: everything comes out, the terminal signal too


def feeder(form):
    class Feeder(Core):
        def feed(self, piece):
            return [item for event in self.push(piece) for item in form(event)]

    return Feeder


def decoder(form):
    def parse(pieces):
        core = Core()
        for piece in pieces:
            for event in core.push(piece):
                yield from form(event)

    return parse


def async_decoder(form):
    async def parse(pieces):
        core = Core()
        async for piece in pieces:
            for event in core.push(piece):
                for item in form(event):
                    yield item

    return parse


# consumers: they stop at [DONE], and raise when it never came


def feeding_consumer(form):
    class Consumer(Core):
        done = False

        def feed(self, piece):
            out = []
            for event in self.push(piece):
                if event.data == "[DONE]":
                    self.done = True
                    break
                out += form(event)
            return out

        def close(self):
            if not self.done:
                raise Incomplete

    return Consumer


def consumer(form):
    def parse(pieces):
        core = Core()
        for piece in pieces:
            for event in core.push(piece):
                if event.data == "[DONE]":
                    return
                yield from form(event)
        raise Incomplete

    return parse


def async_consumer(form):
    async def parse(pieces):
        core = Core()
        async for piece in pieces:
            for event in core.push(piece):
                if event.data == "[DONE]":
                    return
                for item in form(event):
                    yield item
        raise Incomplete

    return parse


FORMS = {"text": text, "raw": raw, "record": record, "fields": fields, "parsed": parsed, "delta": delta}
for _name, _form in FORMS.items():
    if _name not in ("parsed", "delta"):
        for _shape, _make in {"feed": feeder, "sync": decoder, "async": async_decoder}.items():
            globals()[f"{_shape}_{_name}"] = _make(_form)
    for _shape, _make in {"feed": feeding_consumer, "sync": consumer, "async": async_consumer}.items():
        globals()[f"{_shape}_{_name}_consumer"] = _make(_form)
