"""The folder of captures: one file an exchange, opened as it begins.

Rules: what one turn of the event loop brings is written at its end, a file in one system call, so a kill costs no more
than the last read. Names come from time, host and path, hold nothing but a-z 0-9 . _ -, and never collide. The first
failure ends recording, with one sentence, and never touches relaying.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from streamdoctor import __version__
from streamdoctor.capture.file import SUFFIX, CaptureWriter
from streamdoctor.capture.model import Direction, Header
from streamdoctor.errors import UsageError
from streamdoctor.record.commands import Close, Keep, Note, Open
from streamdoctor.record.sessions import Attempt, Sessions

_LONGEST_PATH = 60
_MOST_TRIES = 1000


Spectator = Callable[["Recording", Open | Keep | Note | Close], None]
"""Hears of each record of an exchange when it was stored."""


@dataclass(slots=True)
class Recording:
    """One exchange under way. `path` is None where it is relayed without being recorded."""

    opened: Open
    attempt: Attempt
    writer: CaptureWriter | None = None
    path: Path | None = None
    reads: dict[Direction, int] = field(default_factory=lambda: {">": 0, "<": 0})
    bytes: dict[Direction, int] = field(default_factory=lambda: {">": 0, "<": 0})


@dataclass(frozen=True, slots=True)
class Recorded:
    """One finished exchange. `path` is None where it was relayed but could not be recorded.

    `reads` and `size` count what the upstream sent; times are nanoseconds since the first request byte.
    """

    path: Path | None
    method: str
    target: str
    status: int | None
    cause: str
    side: str | None
    framing: str | None
    message: str | None
    reads: int
    size: int
    sent: int
    first_ns: int | None
    ns: int
    session: str
    attempt: int


class Store:
    """Opens captures in `folder`, which it makes; `trouble` is told, once, why recording stopped."""

    def __init__(
        self, folder: Path, upstream: str, host: str, trouble: Callable[[str], None], via: str = "proxy"
    ) -> None:
        self.failure: str | None = None
        self._folder = folder
        self._upstream = upstream
        self._host = slug(host, _LONGEST_PATH)
        self._trouble = trouble
        self._via = via
        self._sessions = Sessions()
        self._open: dict[int, Recording] = {}
        self._unwritten: dict[int, Recording] = {}

    def prepare(self) -> None:
        """Makes the folder and tries to write in it. Raises UsageError where that cannot be."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self._folder):
                pass
        except OSError as error:
            raise UsageError(f"cannot write to the folder {self._folder}: {error.strerror}") from None

    def open(self, connection: str, opened: Open) -> Recording:
        """Begins the recording of an exchange."""
        started = datetime.now(UTC).isoformat(timespec="microseconds").removesuffix("+00:00")
        day, _, time = started.replace("-", "").replace(":", "").partition("T")
        session = f"{day}T{time.replace('.', '')}{connection}x{opened.exchange}"
        attempt = self._sessions.begin(opened.request, session)
        recording = Recording(opened, attempt)
        if self.failure is None:
            header = self._header(connection, started, recording)
            try:
                recording.writer = self._create(f"{day}-{time}", opened.target, header)
            except OSError as error:
                self._fail(error)
            else:
                recording.path = recording.writer.path
                self._open[id(recording)] = recording
                self._write_soon(recording)
        return recording

    def _header(self, connection: str, started: str, recording: Recording) -> Header:
        return Header(
            started=f"{started}Z",
            recorder=f"streamdoctor {__version__}",
            upstream=self._upstream,
            via=self._via,
            connection=connection,
            exchange=recording.opened.exchange,
            session=recording.attempt.session,
            attempt=recording.attempt.number,
            redacted=recording.opened.redacted,
        )

    def _create(self, stamp: str, target: str, header: Header) -> CaptureWriter:
        """A new file, by O_EXCL: of two recorders that want a name, the second takes the next one."""
        path = slug(re.sub(r"^[a-z]+://[^/]*", "", target).partition("?")[0], _LONGEST_PATH)
        name = "-".join(part for part in (stamp, self._host, path) if part)
        for number in range(1, _MOST_TRIES):
            again = f"-{number}" if number > 1 else ""
            try:
                return CaptureWriter(self._folder / f"{name}{again}{SUFFIX}", header, batched=True)
            except FileExistsError:
                continue
        raise FileExistsError(17, "too many captures of the same name", name)

    def keep(self, recording: Recording, record: Keep) -> None:
        recording.reads[record.direction] += 1
        recording.bytes[record.direction] += len(record.data)
        if recording.writer:
            recording.writer.read(record.ns, record.direction, record.data)
            self._write_soon(recording)

    def note(self, recording: Recording, record: Note) -> None:
        if recording.writer:
            recording.writer.mark(record.ns, record.mark, record.details)
            self._write_soon(recording)

    def close(self, recording: Recording, record: Close) -> None:
        """Writes the end record, and remembers how the attempt went."""
        recording.attempt.ended = True
        recording.attempt.failed = record.cause != "complete" or (record.status or 500) >= 400
        if recording.writer:
            end = (record.ns, record.cause, record.side, record.framing, record.details)
            self._try(recording, recording.writer.end, *end)
            self._forget(recording)

    def _write_soon(self, recording: Recording) -> None:
        """At the end of this turn of the loop: before anything else is read."""
        if not self._unwritten:
            asyncio.get_running_loop().call_soon(self._write)
        self._unwritten[id(recording)] = recording

    def _write(self) -> None:
        unwritten, self._unwritten = self._unwritten, {}
        for recording in unwritten.values():
            if recording.writer:
                self._try(recording, recording.writer.flush)

    def _try(self, recording: Recording, write: Callable[..., None], *what: Any) -> None:
        try:
            write(*what)
        except OSError as error:
            if recording.path and not recording.path.exists():
                recording.path = None  # not even the header found room
            self._forget(recording)
            self._fail(error)

    def _forget(self, recording: Recording) -> None:
        recording.writer = None
        self._open.pop(id(recording), None)

    def _fail(self, error: OSError) -> None:
        """Recording is over; what is open gets an end that says so, where it can be written."""
        self.failure = f"recording stopped: {error.strerror or error} ({self._folder}); relaying goes on"
        details: Mapping[str, Any] = {"message": "another capture could not be written"}
        for recording in list(self._open.values()):
            if recording.writer:
                try:
                    recording.writer.end(recording.writer.last_ns, "recorder-stopped", "recorder", None, details)
                except OSError:
                    recording.writer.close()
            self._forget(recording)
        self._trouble(self.failure)


class Book:
    """The recordings of one connection; performs what concerns them, and tells `finished` of each that ended."""

    def __init__(
        self,
        store: Store,
        connection: str,
        finished: Callable[[Recorded], None],
        spectator: Spectator | None = None,
    ) -> None:
        self._store = store
        self._spectator = spectator
        self._connection = connection
        self._finished = finished
        self._recordings: dict[int, Recording] = {}

    def open(self, command: Open) -> None:
        recording = self._recordings[command.exchange] = self._store.open(self._connection, command)
        if self._spectator:
            self._spectator(recording, command)

    def keep(self, command: Keep) -> None:
        recording = self._recordings[command.exchange]
        self._store.keep(recording, command)
        if self._spectator:
            self._spectator(recording, command)

    def note(self, command: Note) -> None:
        recording = self._recordings[command.exchange]
        self._store.note(recording, command)
        if self._spectator:
            self._spectator(recording, command)

    def close(self, command: Close) -> None:
        recording = self._recordings.pop(command.exchange)
        self._store.close(recording, command)
        if self._spectator:
            self._spectator(recording, command)
        self._finished(_recorded(recording, command))


def _recorded(recording: Recording, end: Close) -> Recorded:
    message = end.details.get("message")
    return Recorded(
        path=recording.path,
        method=recording.opened.method,
        target=recording.opened.target,
        status=end.status,
        cause=end.cause,
        side=end.side,
        framing=end.framing,
        message=message if isinstance(message, str) else None,
        reads=recording.reads["<"],
        size=recording.bytes["<"],
        sent=recording.bytes[">"],
        first_ns=end.first_ns,
        ns=end.ns,
        session=recording.attempt.session,
        attempt=recording.attempt.number,
    )


def slug(text: str, most: int) -> str:
    """`text` fit for a file name on any system: lower case, a-z 0-9 . _ -, at most `most` characters."""
    return re.sub(r"-*\.[.-]*", ".", re.sub(r"[^a-z0-9._]+", "-", text.lower()))[:most].strip("-._")
