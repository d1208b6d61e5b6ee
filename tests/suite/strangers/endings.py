"""One mistake each: about the end, about time, about memory."""

import json

from sse import Core, Event, Incomplete, chunks, delta

# --- endings


def stops_before_finish_text(pieces):
    for e in chunks(pieces):
        if e.data == "[DONE]":
            return
        d = json.loads(e.data)
        if d.get("choices") and d["choices"][0]["finish_reason"]:
            return
        yield e.data
    raise Incomplete


def stops_at_finish_json(pieces):
    for e in chunks(pieces):
        if e.data == "[DONE]":
            return
        d = json.loads(e.data)
        yield d
        if d.get("choices") and d["choices"][0]["finish_reason"]:
            return
    raise Incomplete


def ignores_done_text(pieces):
    for e in chunks(pieces):
        if e.data != "[DONE]":
            yield from delta(e)


def ignores_done_json(pieces):
    for e in chunks(pieces):
        if e.data != "[DONE]":
            yield json.loads(e.data)


def ignores_done_data(pieces):
    for e in chunks(pieces):
        if e.data != "[DONE]":
            yield e.data


class IgnoresDoneFeed(Core):
    done = False

    def feed(self, piece):
        out = []
        for e in self.push(piece):
            if e.data != "[DONE]":
                out += delta(e)
        return out

    def close(self):
        self.done = True


def no_marker_ok_text(pieces):
    for e in chunks(pieces):
        if e.data == "[DONE]":
            return
        yield from delta(e)


def no_marker_ok_data(pieces):
    for e in chunks(pieces):
        if e.data == "[DONE]":
            return
        yield e.data


def no_marker_ok_json(pieces):
    for e in chunks(pieces):
        if e.data == "[DONE]":
            return
        yield json.loads(e.data)


def swallows(pieces):
    it = iter(pieces)
    core = Core()
    while True:
        try:
            piece = next(it)
        except StopIteration:
            raise Incomplete from None
        except ConnectionError:
            return
        for e in core.push(piece):
            if e.data == "[DONE]":
                return
            yield from delta(e)


def catches_all_goes_on(pieces):
    it = iter(pieces)
    core = Core()
    bad = 0
    while bad < 5:
        try:
            piece = next(it)
        except BaseException:
            bad += 1
            continue
        for e in core.push(piece):
            if e.data == "[DONE]":
                return
            yield from delta(e)


def asks_once_more(pieces):
    """drains after [DONE]"""
    over = False
    for e in chunks(pieces):
        if e.data == "[DONE]":
            over = True
        if not over:
            yield from delta(e)
    if not over:
        raise Incomplete


# --- late
def lookahead_piece(pieces):
    core = Core()
    held = None
    for piece in pieces:
        if held is not None:
            for e in core.push(held):
                yield e.data
        held = piece
    if held is not None:
        for e in core.push(held):
            yield e.data


def lookahead_event(pieces):
    held = None
    for e in chunks(pieces):
        if held is not None:
            yield held.data
        held = e
    if held is not None:
        yield held.data


def flush_at_end(pieces):
    yield from [e.data for e in chunks(pieces)]


def batches_of_3(pieces):
    out = []
    for e in chunks(pieces):
        out.append(e.data)
        if len(out) == 3:
            yield from out
            out = []
    yield from out


def holds_128(pieces):
    buf = b""
    core = Core()
    for p in pieces:
        buf += p
        while len(buf) >= 128:
            for e in core.push(buf[:128]):
                yield e.data
            buf = buf[128:]
    for e in core.push(buf):
        yield e.data


# --- end of stream
def half_at_end(pieces):
    core = Core()
    for p in pieces:
        for e in core.push(p):
            yield e.data
    if core.line.startswith("data:"):
        core.take(core.line)
    e = core.dispatch()
    if e:
        yield e.data


def whole_at_end(pieces):
    core = Core()
    for p in pieces:
        for e in core.push(p):
            yield e.data
    e = core.dispatch()
    if e:
        yield e.data


# --- memory
class SharedList:
    out = []  # noqa: RUF012 - the mistake

    def __init__(self):
        self.core = Core()

    def feed(self, piece):
        for e in self.core.push(piece):
            self.out.append(e.data)
        return self.out


class SharedBuffer(Core):
    data_shared = []  # noqa: RUF012 - the mistake

    def __init__(self):
        super().__init__()
        self.data = SharedBuffer.data_shared

    def take(self, line):
        if not line:
            out = Event("\n".join(self.data), self.event or "message", self.id) if self.data else None
            self.data.clear()
            self.event = ""
            return out
        return super().take(line)

    def feed(self, piece):
        return [e.data for e in self.push(piece)]


class ReturnsGrowingList:
    def __init__(self):
        self.core = Core()
        self.out = []

    def feed(self, piece):
        for e in self.core.push(piece):
            self.out.append(e.data)
        return self.out


class ReusedItem:
    def __init__(self):
        self.core = Core()
        self.one = Event("", "", "")

    def feed(self, piece):
        out = []
        for e in self.core.push(piece):
            self.one.data, self.one.event, self.one.id = e.data, e.event, e.id
            out.append(self.one)
        return out


_state = {"buffer": ""}


def module_state(pieces):
    for p in pieces:
        _state["buffer"] += p.decode("utf-8", "surrogateescape")
        *blocks, _state["buffer"] = _state["buffer"].split("\n\n")
        for b in blocks:
            if b.startswith("data: "):
                yield b[6:].encode("utf-8", "surrogateescape").decode()
