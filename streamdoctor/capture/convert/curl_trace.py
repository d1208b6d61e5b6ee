"""What `curl --trace FILE --trace-time` wrote: every recv of the body with its time, chunk framing included.

Header lines come one by one; they are joined to one read. Without --trace-time all times are 0, and said to be made up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from streamdoctor.capture.convert.packing import imported
from streamdoctor.capture.model import RECEIVED, SENT, Direction, Read
from streamdoctor.errors import CaptureError
from streamdoctor.stream.layers import read_layers

_TITLE = re.compile(
    r"(?:(\d\d):(\d\d):(\d\d)\.(\d{6}) )?(?:\[[\w-]+\] )?"
    r"(?:== Info: (.*)|(=>|<=) (Send|Recv) (header|data|SSL data), (\d+) bytes.*)"
)
_HEX = re.compile(r"[0-9a-f]{4,}: ((?:[0-9a-f]{2} ){1,16})")
_CONNECTED = re.compile(r"Connected to (\S+) \(.*\) port (\d+)|Established connection to (\S+) \(.* port (\d+)\)")
_DAY = 24 * 3600 * 10**9


class _Block(NamedTuple):
    ns: int | None
    direction: Direction
    header: bool
    data: bytes


def from_curl_trace(data: bytes, started: str) -> bytes:
    """The capture of the first exchange. Raises CaptureError, with the line, for what is no trace."""
    blocks, infos = _parse(data.decode("utf-8", "surrogateescape").split("\n"))
    if not any(block.direction == RECEIVED for block in blocks):
        raise CaptureError(
            "this trace of curl holds no response", hint="it is what `curl --trace FILE --trace-time` writes"
        )
    timed = all(block.ns is not None for block in blocks)
    reads = list(_reads(blocks))
    sent, received = ([(read.ns, read.data) for read in reads if read.direction == way] for way in (SENT, RECEIVED))
    layers = read_layers(sent, received)
    return imported(
        reads,
        started=started,
        recorder="curl --trace",
        cause=_cause(infos, layers.framing),
        fidelity="read",
        upstream=_upstream(infos),
        framing=layers.framing,
        synthesised=("started",) if timed else ("started", "times"),
    )


def _parse(lines: list[str]) -> tuple[list[_Block], list[str]]:
    blocks: list[_Block] = []
    infos: list[str] = []
    size, taking = 0, False
    for number, line in enumerate(lines, 1):
        title = _TITLE.fullmatch(line.rstrip("\r"))
        if title is not None:
            if taking and size:
                raise CaptureError(f"{size} bytes are missing before this line", line=number)
            taking = title[5] is None and title[8] != "SSL data"
            size = int(title[9]) if taking else 0
            if taking:
                way: Direction = SENT if title[6] == "=>" else RECEIVED
                blocks.append(_Block(_ns(title), way, title[8] == "header", b""))
            elif title[5] is not None:
                infos.append(title[5])
        elif line and taking and size:
            size -= _take(blocks, line, number)
        elif line and not taking and not _HEX.match(line):
            raise CaptureError("this is no line of a trace of curl", line=number)
    return blocks, infos


def _take(blocks: list[_Block], line: str, number: int) -> int:
    found = _HEX.match(line)
    if found is None:
        raise CaptureError("this is no line of hexadecimal bytes", line=number)
    data = bytes.fromhex(found[1])
    blocks[-1] = blocks[-1]._replace(data=blocks[-1].data + data)
    return len(data)


def _ns(title: re.Match[str]) -> int | None:
    if title[1] is None:
        return None
    return ((int(title[1]) * 60 + int(title[2])) * 60 + int(title[3])) * 10**9 + int(title[4]) * 1000


def _reads(blocks: list[_Block]) -> Iterator[Read]:
    """Counted from the first byte sent; headers that follow each other are one read; a day may end in between."""
    first = next((block.ns for block in blocks if block.ns is not None), 0) or 0
    held: _Block | None = None
    for block in blocks:
        if held is not None and held.header and block.header and held.direction == block.direction:
            held = block._replace(data=held.data + block.data)
            continue
        if held is not None:
            yield Read(_since(held, first), held.direction, held.data)
        held = block
    if held is not None:
        yield Read(_since(held, first), held.direction, held.data)


def _since(block: _Block, first: int) -> int:
    return 0 if block.ns is None else (block.ns - first) % _DAY


def _upstream(infos: list[str]) -> str | None:
    secure = any(info.startswith(("SSL connection using", "TLSv1")) for info in infos)
    for info in infos:
        found = _CONNECTED.match(info)
        if found:
            host, port = found[1] or found[3], found[2] or found[4]
            return f"{'https' if secure else 'http'}://{host}:{port}"
    return None


def _cause(infos: list[str], framing: str | None) -> str:
    text = "\n".join(infos)
    if "Connection reset" in text:
        return "reset"
    if "outstanding" in text or "transfer closed" in text:
        return "eof"
    return "complete" if framing else "unknown"
