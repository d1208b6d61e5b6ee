"""Correct parsers of another design."""

import codecs
import json
from collections import namedtuple

from sse import Core, Event, Incomplete, chunks, delta


def flushing_consumer(pieces):
    core = Core()
    for piece in pieces:
        for e in core.push(piece):
            if e.data == "[DONE]":
                return
            yield e.data
    if core.line:
        core.take(core.line)
    e = core.dispatch()
    if e and e.data == "[DONE]":
        return
    raise Incomplete


def flushing_text_consumer(pieces):
    core = Core()
    for piece in pieces:
        for e in core.push(piece):
            if e.data == "[DONE]":
                return
            yield from delta(e)
    if core.line:
        core.take(core.line)
    e = core.dispatch()
    if e and e.data == "[DONE]":
        return
    raise Incomplete


def raises_on_error(pieces):
    for e in chunks(pieces):
        if e.data == "[DONE]":
            return
        d = json.loads(e.data)
        if "error" in d:
            raise RuntimeError(d["error"]["message"])
        yield from delta(e)
    raise Incomplete


def returns_on_error(pieces):
    for e in chunks(pieces):
        if e.data == "[DONE]":
            return
        d = json.loads(e.data)
        yield d
        if "error" in d:
            return
    raise Incomplete


def line_consumer(pieces):
    """Text by lines: no events at all"""
    dec = codecs.getincrementaldecoder("utf-8-sig")("replace")
    buf = ""
    for p in pieces:
        buf += dec.decode(p)
        while "\n" in buf:
            line, _, buf = buf.partition("\n")
            line = line.rstrip("\r")
            if line.startswith("data:"):
                data = line[5:].strip()
                if data == "[DONE]":
                    return
                yield from delta(Event(data, "", ""))
    raise Incomplete


def lines_out(pieces):
    dec = codecs.getincrementaldecoder("utf-8-sig")("replace")
    buf = ""
    for p in pieces:
        buf += dec.decode(p)
        while "\n" in buf:
            line, _, buf = buf.partition("\n")
            yield line.removesuffix("\r")


def mixed(pieces):
    for e in chunks(pieces):
        try:
            yield json.loads(e.data)
        except ValueError:
            yield e.data


Named = namedtuple("Named", "event data id")


def named(pieces):
    for e in chunks(pieces):
        yield Named(e.event, e.data, e.id)


class Obj:
    def __init__(self, e):
        self.data, self.type = e.data, None if e.event == "message" else e.event


def no_ids(pieces):
    for e in chunks(pieces):
        yield Obj(e)


class JsonObj:
    def __init__(self, e):
        self.data = json.loads(e.data)
        self.event = e.event


def data_is_json(pieces):
    for e in chunks(pieces):
        if e.data == "[DONE]":
            return
        yield JsonObj(e)
    raise Incomplete


def dict_data_is_json(pieces):
    for e in chunks(pieces):
        if e.data == "[DONE]":
            return
        yield {"event": e.event, "data": json.loads(e.data)}
    raise Incomplete


def own_ids(pieces):
    core = Core()
    for p in pieces:
        for e in core.push(p):
            yield e
            core.id = ""


class NextStream:
    def __init__(self, pieces):
        self.it = chunks(pieces)

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.it).data


class Both:
    def __init__(self, pieces):
        self.pieces = pieces
        self.core = Core()

    def __iter__(self):
        return (e.data for e in chunks(self.pieces))

    async def __aiter__(self):
        async for p in self.pieces:
            for e in self.core.push(p):
                yield e.data


async def coro(pieces):
    async def inner():
        core = Core()
        async for p in pieces:
            for e in core.push(p):
                yield e.data

    return inner()


def factory():
    class F(Core):
        def feed(self, piece):
            return tuple(self.push(piece))

    return F()


class DoneMethod(Core):
    over = False

    def feed(self, piece):
        out = []
        for e in self.push(piece):
            if e.data == "[DONE]":
                self.over = True
                break
            out.append(e.data)
        return out

    def done(self):
        return self.over

    def close(self):
        if not self.over:
            raise Incomplete


class SingleOrNone(Core):
    """feed by byte is common for text: returns '' or a delta"""

    over = False

    def feed(self, piece):
        out = ""
        for e in self.push(piece):
            if e.data == "[DONE]":
                self.over = True
                break
            out += "".join(delta(e))
        return out

    @property
    def done(self):
        return self.over

    def close(self):
        if not self.over:
            raise Incomplete


def empties(pieces):
    """hands out every delta, the empty ones too"""
    for e in chunks(pieces):
        if e.data == "[DONE]":
            return
        d = json.loads(e.data)
        for c in d.get("choices") or []:
            yield c.get("delta", {}).get("content") or ""
    raise Incomplete


def char_by_char(pieces):
    for e in chunks(pieces):
        if e.data == "[DONE]":
            return
        for t in delta(e):
            yield from t
    raise Incomplete


def text_bytes(pieces):
    for e in chunks(pieces):
        if e.data == "[DONE]":
            return
        for t in delta(e):
            yield t.encode()
    raise Incomplete


def drops_ping(pieces):
    for e in chunks(pieces):
        if e.event != "ping":
            yield e


def drops_ping_json(pieces):
    for e in chunks(pieces):
        if e.event != "ping":
            yield json.loads(e.data)


def early(pieces):
    """Hands out at the end of the data line: right where events have one data line"""
    dec = codecs.getincrementaldecoder("utf-8-sig")("replace")
    buf = ""
    for p in pieces:
        buf += dec.decode(p)
        while "\n" in buf:
            line, _, buf = buf.partition("\n")
            line = line.removesuffix("\r")
            if line.startswith("data:"):
                yield line[5:].removeprefix(" ")


def late_cr(pieces):
    """waits for what follows a CR, flushes at the end"""
    codecs.getincrementaldecoder("utf-8-sig")("replace")
    core = Core()
    held = b""
    for p in pieces:
        p = held + p
        held = b""
        if p.endswith(b"\r"):
            p, held = p[:-1], b"\r"
        for e in core.push(p):
            yield e.data
    for e in core.push(held):
        yield e.data


def chunk_reader(pieces):
    """a file-like wrapper"""

    class Reader:
        def __init__(s):
            s.it = iter(pieces)
            s.buf = b""

        def readline(s):
            while b"\n" not in s.buf:
                p = next(s.it, None)
                if p is None:
                    out, s.buf = s.buf, b""
                    return out
                s.buf += p
            line, _, s.buf = s.buf.partition(b"\n")
            return line + b"\n"

    r = Reader()
    core = Core()
    while line := r.readline():
        for e in core.push(line):
            yield e.data
