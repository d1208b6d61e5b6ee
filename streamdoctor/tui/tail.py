"""Captures while they are written: the files of a folder, read on as they grow, whoever records them.

Rules: files are only read, whole records only, and only what is new; times are those of the capture. What is seen of an
exchange is what the recorder's own live table shows (`record.watch`). Runs in a thread, one call at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from streamdoctor.capture import format as v1
from streamdoctor.capture.model import RECEIVED, End, Header, Mark, Read
from streamdoctor.errors import CaptureError
from streamdoctor.record.commands import Close, Keep, Note, Open
from streamdoctor.record.sessions import Attempt
from streamdoctor.record.store import Recording
from streamdoctor.record.watch import Seen, Watch
from streamdoctor.stream.http1 import RequestReader
from streamdoctor.stream.http1_head import RequestHead
from streamdoctor.tui.library import Stamp, stamps
from streamdoctor.tui.livetext import LiveText

MOST_READS = 200_000
"""Reads that are kept of one exchange for looking at; their bytes stay in the file."""
_SHOWN = 200
_COLUMNS = 24
_FIRST_SLOT = 10_000_000


class Arrived(NamedTuple):
    """One read of the response: its time, how long nothing came before it, its size, its first bytes."""

    ns: int
    gap: int
    size: int
    start: bytes


class Pulse:
    """Bytes over time in a fixed number of slots, which get twice as long when time outgrows them."""

    def __init__(self) -> None:
        self.slots = [0] * _COLUMNS
        self._slot = _FIRST_SLOT

    def add(self, ns: int, size: int) -> None:
        while ns >= self._slot * _COLUMNS:
            pairs = zip(self.slots[::2], self.slots[1::2], strict=True)
            self.slots = [left + right for left, right in pairs] + [0] * (_COLUMNS // 2)
            self._slot *= 2
        self.slots[ns // self._slot] += size


@dataclass
class Tail:
    """One capture file. `trouble` says why it is not read on."""

    path: Path
    watch: Watch
    stamp: Stamp = (0, 0, 0)
    seen: Seen | None = None
    header: Header | None = None
    arrived: list[Arrived] = field(default_factory=list)
    pulse: Pulse = field(default_factory=Pulse)
    words: LiveText | None = None
    trouble: str | None = None
    _at: int = 0
    _line: int = 0
    _recording: Recording | None = None
    _request: RequestReader = field(default_factory=RequestReader)

    @property
    def open(self) -> bool:
        return self.trouble is None and (self.seen is None or self.seen.closed is None)

    def replaced(self, stamp: Stamp) -> bool:
        """Is it another file by now, or less than was read?"""
        return self.stamp != stamp and bool(self._at) and (stamp[0] != self.stamp[0] or stamp[1] < self._at)

    def read_on(self, now: int, wall: int) -> None:
        """Takes what was written since. `now` is monotonic, `wall` the time of day, both in nanoseconds."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._at)
                new = file.read()
            whole = new[: new.rfind(b"\n") + 1]
            self._at += len(whole)
            for line in whole.split(b"\n")[:-1]:
                self._line += 1
                self._take(line, now, wall)
        except CaptureError as error:
            self.trouble = f"line {self._line}: {error}"
        except OSError as error:
            self.trouble = error.strerror or str(error)

    def follow(self) -> None:
        """From now on its words are kept too, those that came already included."""
        if self.words is not None or self.trouble or self.seen is None:
            return
        self.words = LiveText(self.seen.method)
        try:
            with self.path.open("rb") as file:
                lines = file.read(self._at).split(b"\n")[1:-1]
        except OSError:
            return  # the next look finds it gone
        for number, line in enumerate(lines, 2):
            record = v1.decode_record(line, number) if line.strip() else None
            if isinstance(record, Read) and record.direction == RECEIVED:
                self.words.feed(record.data)

    def _take(self, line: bytes, now: int, wall: int) -> None:
        if self._recording is None:
            self.header = v1.decode_header(line)
            self._open(self.header, now, wall)
            return
        if not line.strip():
            return
        record = v1.decode_record(line, self._line)
        if isinstance(record, Read):
            self._read(record, now)
        elif isinstance(record, Mark):
            self.watch.hear(now, self._recording, Note(0, record.ns, record.name, record.details))
        else:
            self._end(record, now)

    def _open(self, header: Header, now: int, wall: int) -> None:
        opened = Open(header.exchange, "", "", header.redacted, None)
        self._recording = Recording(opened, Attempt(header.session or "", header.attempt))
        begun = now - max(wall - _nanoseconds(header.started), 0)
        self.watch.hear(begun, self._recording, opened)
        self.seen = self.watch.open[id(self._recording)]

    def _read(self, read: Read, now: int) -> None:
        assert self.seen is not None and self._recording is not None
        self.watch.hear(now, self._recording, Keep(0, read.ns, read.direction, read.data))
        if read.direction == RECEIVED:
            before = self.arrived[-1].ns if self.arrived else 0
            if len(self.arrived) < MOST_READS:
                self.arrived.append(Arrived(read.ns, read.ns - before, len(read.data), read.data[:_SHOWN]))
            if self.words is not None:
                self.words.feed(read.data)
            self.pulse.add(read.ns, len(read.data))
        elif not self.seen.method:
            head = next((e for e in self._request.feed(read.data) if isinstance(e, RequestHead)), None)
            if head is not None:
                self.seen.method, self.seen.target = head.method, head.target

    def _end(self, end: End, now: int) -> None:
        assert self.seen is not None and self._recording is not None
        if self.seen.closed is None:
            told = (self.seen.status, self.seen.first_ns)
            close = Close(0, end.ns, end.cause, end.side, end.framing, end.details, *told)
            self.watch.hear(now, self._recording, close)


def _nanoseconds(started: str) -> int:
    try:
        return int(datetime.fromisoformat(started).timestamp() * 1e6) * 1000
    except ValueError:
        return 1 << 63


class Tails:
    """The captures of `folder` that were not there, or not whole, at the first look. The newest stand last."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.watch = Watch()
        self.tails: dict[Path, Tail] = {}
        self._old: dict[Path, Stamp] | None = None

    def look(self, now: int, wall: int) -> bool:
        """Reads what is new; True if there was anything."""
        found = stamps(self.folder) if self.folder.is_dir() else {}
        if self._old is None:
            self._old = found
            return False
        changed = False
        for path in sorted(found):
            if self._old.get(path) == found[path]:
                continue
            tail = self.tails.get(path)
            if tail is None or tail.replaced(found[path]):
                tail = self.tails[path] = Tail(path, self.watch)
            if tail.open and tail.stamp != found[path]:
                tail.stamp = found[path]
                tail.read_on(now, wall)
                changed = True
        return self._miss(found) or changed

    def _miss(self, found: dict[Path, Stamp]) -> bool:
        gone = [tail for path, tail in self.tails.items() if path not in found and tail.trouble is None]
        for tail in gone:
            tail.trouble = "its file is gone"
        return bool(gone)
