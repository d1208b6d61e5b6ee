"""The families of bugs that published libraries had, one mistake each in an otherwise right parser."""

import codecs
import json
import re


class Event:
    def __init__(self, data, event, id):
        self.data, self.event, self.id = data, event, id


class Right:
    """Bytes in, events out: every step that a mistake is made in is a method."""

    ends = re.compile("\r\n|\n|\r")

    def __init__(self):
        self.decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self.parts, self.after_cr = [], False
        self.data, self.event, self.id = [], "", ""

    def feed(self, piece):
        events = [self.take(line) for line in self.lines(self.decode(piece))]
        return [event for event in events if event is not None]

    def close(self):
        return []

    def decode(self, piece):
        return self.decoder.decode(piece)

    def lines(self, text):
        if self.after_cr and text:
            text, self.after_cr = text.removeprefix("\n"), False
        *ended, rest = self.ends.split(text)
        self.after_cr = text.endswith("\r")
        for line in ended:
            line, self.parts = "".join([*self.parts, line]), []
            yield line
        self.parts.append(rest)

    def take(self, line):
        if not line:
            return self.dispatch()
        name, _, value = line.partition(":")
        self.field(name, self.value(value))
        return None

    def value(self, value):
        return value.removeprefix(" ")

    def field(self, name, value):
        if name == "data":
            self.data.append(value)
        elif name == "event":
            self.event = value
        elif name == "id":
            self.id = value

    def dispatch(self):
        data, event = self.data, self.event
        self.data, self.event = [], ""
        return self.made("\n".join(data), event or "message") if data else None

    def made(self, data, event):
        return Event(data, event, self.id)


SEPARATORS = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"


# a line separator taken for a line end: raises, loses the tail, drops the event, deletes the character


class LosesTheTail(Right):
    ends = re.compile(f"\r\n|\n|\r|[{SEPARATORS}]")


class Raises(LosesTheTail):
    def field(self, name, value):
        if name not in ("data", "event", "id", "retry"):
            raise ValueError(f"unknown field {name!r}")
        super().field(name, value)


class DropsTheEvent(Right):
    def made(self, data, event):
        return super().made(data, event) if data.isprintable() or not set(data) & set(SEPARATORS) else None


class DeletesTheCharacter(Right):
    def decode(self, piece):
        return super().decode(piece).translate(dict.fromkeys(map(ord, SEPARATORS)))


# a code point cut by a piece


class DecodesWithReplacement(Right):
    def decode(self, piece):
        return piece.decode("utf-8", "replace").removeprefix("\ufeff")


class DecodesStrictly(Right):
    def decode(self, piece):
        return piece.decode("utf-8").removeprefix("\ufeff")


class DecodesAndLoses(Right):
    def decode(self, piece):
        return piece.decode("utf-8", "ignore").removeprefix("\ufeff")


# line ends


class CutCRLF(Right):
    """CR and LF of two pieces are two ends: the first ends the line, the second dispatches before its time."""

    def feed(self, piece):
        self.after_cr = False
        return super().feed(piece)


class KnowsNoCR(Right):
    ends = re.compile("\r\n|\n")


class KnowsNoCRLF(Right):
    ends = re.compile("\n")


class StrictAndKnowsNoCRLF(KnowsNoCRLF):
    """Two mistakes at once."""

    def decode(self, piece):
        return piece.decode("utf-8").removeprefix("\ufeff")


class TwoOfAKind(Right):
    """Looks for two line ends of one kind; the two of an event may differ."""

    def __init__(self):
        super().__init__()
        self.text = ""

    def lines(self, text):
        blank = re.compile("\r\n\r\n|\n\n|\r\r")
        *events, self.text = blank.split(self.text + text)
        for event in events:
            yield from [line for line in self.ends.split(event) if line]
            yield ""


class LosesTheLastCR(Right):
    """A lone CR may be half of a CRLF: the line is held until the next character."""

    held = ""

    def lines(self, text):
        text, self.held = self.held + text, ""
        if text.endswith("\r"):
            text, self.held = text[:-1], "\r"
        yield from super().lines(text)


class WaitsForTheNext(LosesTheLastCR):
    def close(self):
        return [event for line in Right.lines(self, self.held) if (event := self.take(line))]


# the end of the stream


class FlushesRaw(Right):
    def close(self):
        return [Event("\n".join([*self.data, "".join(self.parts)]), "message", self.id)] if self.data else []


class FlushesWhole(Right):
    def close(self):
        line = "".join(self.parts)
        return [event for event in (self.take(line) if line else None, self.dispatch()) if event is not None]


# a comment, an unexpected field, an empty line


class CommentsAreData(Right):
    def take(self, line):
        return super().take(line.removeprefix(": ") if line.startswith(": ") else line) or (
            self.made(line[1:], "message") if line.startswith(":") else None
        )


class FieldsAreFatal(Right):
    def field(self, name, value):
        if name not in ("", "data", "event", "id", "retry"):
            raise KeyError(name)
        super().field(name, value)


class BlankMakesAnEvent(Right):
    def dispatch(self):
        data, self.data = self.data, []
        event, self.event = self.event, ""
        return self.made("\n".join(data), event or "message")


class WantsASpace(Right):
    def take(self, line):
        return super().take(line if not line or ": " in line or line.startswith(":") else "")


class StripsAll(Right):
    def value(self, value):
        return value.strip()


# sizes


class LimitOf128K(Right):
    limit = 1 << 17

    def field(self, name, value):
        if len(value) <= self.limit:
            super().field(name, value)


class LimitOf512K(LimitOf128K):
    limit = 1 << 19


class LimitOf1M(LimitOf128K):
    limit = 1_000_000

    def field(self, name, value):
        if len(value) > self.limit:
            raise ValueError("line too long")
        super().field(name, value)


# a byte order mark


class BOMIsText(Right):
    def __init__(self):
        super().__init__()
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")


class BOMInTheFirstPiece(BOMIsText):
    """Takes it away where the first piece holds all of it."""

    first = True

    def decode(self, piece):
        piece = piece.removeprefix(codecs.BOM_UTF8) if self.first else piece
        self.first = False
        return super().decode(piece)


# a reconnect


def again(make, pieces):
    """Asks again after a lost connection; `make` gives the parser that goes on."""
    parser = make(None)
    for _ in range(3):
        try:
            for piece in pieces:
                yield from parser.feed(piece)
            return
        except ConnectionError:
            parser = make(parser)


def once(pieces):
    parser = Right()
    for piece in pieces:
        yield from parser.feed(piece)


def glues(pieces):
    return again(lambda old: old or Right(), pieces)


def sends_again(pieces):
    return again(lambda old: Right(), pieces)


# the terminal signal: consumers of text


class Incomplete(Exception):
    pass


def text(pieces, make=Right, signal="[DONE]", obeyed=True):
    parser, over = make(), False
    for piece in pieces:
        for event in parser.feed(piece):
            over = over or event.data == signal
            if over and obeyed:
                return
            if not over:
                yield json.loads(event.data)["choices"][0]["delta"].get("content") or ""
    if not over:
        raise Incomplete


def right_text(pieces):
    return text(pieces)


def wants_the_signal_as_it_is(pieces):
    class Marked(Right):
        def value(self, value):
            return value if value == " [DONE]" else super().value(value)

    return text(pieces, Marked, " [DONE]")


def does_not_obey_the_signal(pieces):
    return text(pieces, obeyed=False)


# held back


class Holds(Right):
    size = 128

    def __init__(self):
        super().__init__()
        self.held = b""

    def feed(self, piece):
        self.held += piece
        whole = len(self.held) // self.size * self.size
        ready, self.held = self.held[:whole], self.held[whole:]
        return super().feed(ready) if ready else []

    def close(self):
        return super().feed(self.held)


class Holds512(Holds):
    size = 512


# reads taken for something


class AReadIsAnEvent(Right):
    def feed(self, piece):
        self.data, self.parts = [], []
        return super().feed(piece)


class TwoReadsAtMost(Right):
    """A line over three reads loses the first of them."""

    def lines(self, text):
        self.parts = self.parts[-1:]
        yield from super().lines(text)


class ARecordIsARead(Right):
    """NDJSON of which each read is parsed by itself."""

    def feed(self, piece):
        items = []
        for line in piece.split(b"\n"):
            try:
                items.append(json.loads(line))
            except ValueError:
                continue
        return items


class Records(Right):
    def feed(self, piece):
        self.parts.append(piece)
        if b"\n" not in piece:
            return []
        *lines, rest = b"".join(self.parts).split(b"\n")
        self.parts = [rest]
        return [json.loads(line) for line in lines if line.strip()]

    def close(self):
        rest = b"".join(self.parts)
        return [json.loads(rest)] if rest.strip() else []


# several data lines


class EachLineIsJSON(Right):
    """Parses a data line as soon as it is there."""

    def field(self, name, value):
        if name == "data" and value.startswith("{"):
            json.loads(value)
        super().field(name, value)


class LastLineWins(Right):
    def field(self, name, value):
        if name == "data":
            self.data = []
        super().field(name, value)


class FirstEmptyLineIsNone(Right):
    def field(self, name, value):
        if name != "data" or value or self.data:
            super().field(name, value)
