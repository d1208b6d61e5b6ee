"""Capture files on disk: a writer that never loses what it wrote, a reader that takes what is there.

The writer appends with O_APPEND, one `write` a call or a batch, and keeps only whole records: what a short write (a
full disk) left of one is taken back. The reader forgives what a crash leaves (a torn last line, no end record, a torn
.gz) and says so; it refuses what would make it lie (a damaged line in the middle, an unknown version).
"""

from __future__ import annotations

import errno
import hashlib
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from streamdoctor.capture import format as v1
from streamdoctor.capture.model import Capture, Direction, End, Header, Record
from streamdoctor.errors import CaptureError, UsageError

SUFFIX = ".capture.jsonl"
SUFFIXES = (SUFFIX, SUFFIX + ".gz", SUFFIX + ".zst")
_MAX_SIZE = 512 << 20
"""Bytes of a file, unpacked, that are read: what is longer is taken as if it were torn there."""
_STEP = 1 << 10
"""Bytes of zstd data that are unpacked at once; they may become 32 MiB."""


class CaptureWriter:
    """Writes one capture: header at once, then reads and marks, then the end. Not for use by several threads.

    A `batched` one keeps records in memory until `flush` or `end`, and writes them in one system call.

    Raises OSError from the system, with the file cut back to its last whole record, and an end record that says
    "disk-full" where it still fits; after that the writer is closed.
    """

    def __init__(self, path: str | os.PathLike[str], header: Header, *, batched: bool = False) -> None:
        self.path = path if isinstance(path, Path) else Path(path)
        self._batched = batched
        self._pending: list[bytes] = []
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self.last_ns = 0
        """The time of the last read."""
        self._size = 0
        self._counts = {">": [0, 0], "<": [0, 0]}
        self._digests = {">": hashlib.sha256(), "<": hashlib.sha256()}
        self._write(v1.encode_header(header))

    @property
    def closed(self) -> bool:
        return self._fd < 0

    def read(self, ns: int, direction: Direction, data: bytes) -> None:
        """One read, as it arrived at `ns` nanoseconds."""
        self.reads(((ns, direction, data),))

    def reads(self, reads: Iterable[tuple[int, Direction, bytes]]) -> None:
        """Several reads in one system call."""
        lines: list[bytes] = []
        for ns, direction, data in reads:
            count = self._counts[direction]
            count[0] += 1
            count[1] += len(data)
            self._digests[direction].update(data)
            lines.append(v1.encode_read(ns, direction, data))
            self.last_ns = ns
        self._write(b"".join(lines))

    def mark(self, ns: int, name: str, details: Mapping[str, Any] | None = None) -> None:
        self._write(v1.encode_mark(ns, name, details))

    def end(
        self,
        ns: int,
        cause: str,
        side: str | None = None,
        framing: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """Writes the last record, with the counts and digests of what is stored, and closes the file."""
        totals: dict[str, Any] = {
            "reads": {way: count[0] for way, count in self._counts.items()},
            "bytes": {way: count[1] for way, count in self._counts.items()},
            "sha256": {way: digest.hexdigest() for way, digest in self._digests.items()},
        }
        self._write(v1.encode_end(End(ns, cause, side, framing, {**totals, **(details or {})})))
        self.flush()
        self.close()

    def close(self) -> None:
        """Closes the file as it is. Harmless when closed already."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _write(self, lines: bytes) -> None:
        if self._fd < 0:
            raise ValueError(f"{self.path} is closed")
        self._pending.append(lines)
        if not self._batched:
            self.flush()

    def flush(self) -> None:
        """Writes what is kept in memory."""
        if not self._pending:
            return
        lines = self._pending[0] if len(self._pending) == 1 else b"".join(self._pending)
        self._pending.clear()
        written = 0
        try:
            while written < len(lines):
                more = os.write(self._fd, lines[written:] if written else lines)
                if not more:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                written += more
        except OSError as error:
            self._size += lines.rfind(b"\n", 0, written) + 1
            self._take_back(error)
            raise
        self._size += written

    def _take_back(self, error: OSError) -> None:
        """Keeps whole records only, and says why there are no more, where a short line still finds room."""
        cause = "disk-full" if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) else "recorder-stopped"
        last = v1.encode_end(End(self.last_ns, cause, "recorder", None, {"message": error.strerror}))
        try:
            os.ftruncate(self._fd, self._size)
            if self._size == 0:
                self.path.unlink()  # not even the header fitted
            elif os.write(self._fd, last) < len(last):
                os.ftruncate(self._fd, self._size)
        except OSError:
            pass  # nothing more fits: the file ends with its last whole record
        finally:
            self.close()


def load(path: str | os.PathLike[str], most: int | None = None) -> Capture:
    """The capture in the file at `path`, plain, .gz or .zst, whole or torn; `most` takes so many bytes of the file, as
    if it were torn there.

    Raises CaptureError, with the path in its message, for anything that is no capture, and for a file that cannot be
    read.
    """
    shown = os.fspath(path)
    try:
        data, warnings = _contents(Path(path), most)
        return parse(data, warnings)
    except CaptureError as error:
        where = f"{shown}:{error.line}" if error.line else shown
        raise CaptureError(f"{where}: {error}", line=error.line, byte=error.byte, hint=error.hint) from None


def parse(data: bytes, warnings: Iterable[str] = ()) -> Capture:
    """The capture in the bytes of a plain file."""
    if not data:
        raise CaptureError("the file is empty", hint="was the recorder stopped before anything came?")
    notes = list(warnings)
    lines = v1.split_lines(data)
    number, first, whole = next(lines)
    if not whole:
        raise CaptureError("this is not a streamdoctor capture: it has not one whole line", line=number)
    header = v1.decode_header(first)
    records, end = _records(lines, notes)
    if end is None:
        notes.append("there is no end record: the recorder died or is still at work")
    return Capture(header, tuple(records), end, tuple(notes))


def _records(lines: Iterator[tuple[int, bytes, bool]], notes: list[str]) -> tuple[list[Record], End | None]:
    records: list[Record] = []
    end: End | None = None
    for number, line, whole in lines:
        if end is not None:
            notes.append(f"line {number} stands after the end record: it and what follows were left out")
            break
        if not line.strip():
            continue
        try:
            record = v1.decode_record(line, number)
        except CaptureError:
            if whole:
                raise
            notes.append(f"line {number} is torn ({len(line)} bytes): it was left out")
            break
        if isinstance(record, End):
            end = record
        else:
            records.append(record)
    return records, end


def _contents(path: Path, most: int | None) -> tuple[bytes, list[str]]:
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            data = file.read(-1 if most is None and size <= _MAX_SIZE else most or _MAX_SIZE)
    except FileNotFoundError:
        raise CaptureError("there is no such file") from None
    except IsADirectoryError:
        raise CaptureError("this is a folder, not a capture") from None
    except OSError as error:
        raise CaptureError(f"cannot be read: {error.strerror}") from None
    if data.startswith(b"\x1f\x8b"):
        return _gunzip(data)
    if data.startswith(b"\x28\xb5\x2f\xfd"):
        return _unzstd(data)
    if most is None and size > _MAX_SIZE:
        return data, [f"the file is over {_MAX_SIZE:,} bytes long: the rest was left out"]
    return data, []


def _gunzip(data: bytes) -> tuple[bytes, list[str]]:
    parts: list[bytes] = []
    total = 0
    while data:
        inflater = zlib.decompressobj(wbits=31)
        try:
            parts.append(inflater.decompress(data, _MAX_SIZE - total))
        except zlib.error as error:
            return b"".join(parts), [f"the gzip data is damaged ({error}): what came before was read"]
        total += len(parts[-1])
        if total >= _MAX_SIZE:
            return b"".join(parts), [_too_long()]
        if not inflater.eof:
            return b"".join(parts), ["the gzip data is torn: what was there was read"]
        data = inflater.unused_data
    return b"".join(parts), []


def _too_long() -> str:
    return f"the file unpacks to over {_MAX_SIZE:,} bytes: the rest was left out"


def _unzstd(data: bytes) -> tuple[bytes, list[str]]:
    try:
        import zstandard
    except ImportError:
        raise UsageError(
            "this capture is packed with zstd, which is not installed",
            hint="pip install 'streamdoctor-lab[zstd]'",
        ) from None
    inflater = zstandard.ZstdDecompressor().decompressobj()
    unpacked = bytearray()
    try:
        for at in range(0, len(data), _STEP):
            unpacked += inflater.decompress(data[at : at + _STEP])
            if len(unpacked) > _MAX_SIZE:
                return bytes(unpacked[:_MAX_SIZE]), [_too_long()]
    except zstandard.ZstdError as error:
        raise CaptureError(f"the zstd data is damaged: {error}") from None
    return bytes(unpacked), [] if inflater.eof else ["the zstd data is torn: what was there was read"]


def create(path: Path, data: bytes) -> None:
    """Writes a new file that only its owner can read. Raises UsageError where there is one, or it cannot be."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(data)
    except FileExistsError:
        raise UsageError(f"{path} exists already", hint="name another file with -o") from None
    except FileNotFoundError:
        raise UsageError(f"{path} cannot be written: there is no folder {path.parent}", hint="make it first") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None


def expand(paths: Iterable[str]) -> list[Path]:
    """The capture files that `paths` name: files as they are, folders by what lies in them, sorted by name.

    Raises CaptureError for a path that is not there, UsageError for a folder that holds no capture.
    """
    found: list[Path] = []
    for name in paths:
        path = Path(name)
        if not path.is_dir():
            if not path.exists():
                raise CaptureError(f"{name}: there is no such file or folder")
            found.append(path)
            continue
        inside = sorted(p for p in path.rglob("*") if p.name.endswith(SUFFIXES) and p.is_file())
        if not inside:
            raise UsageError(f"{name}: no capture in this folder", hint=f"captures end in {SUFFIX}")
        found.extend(inside)
    return found
