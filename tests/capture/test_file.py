"""The writer loses nothing that it wrote; the reader takes what is there and says what is not."""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamdoctor.capture.file import SUFFIX, CaptureWriter, expand, load, parse
from streamdoctor.capture.model import End, Header, Mark, Read
from streamdoctor.errors import CaptureError, UsageError

HEADER = Header("2026-11-22T16:00:00.123456Z", "streamdoctor test", upstream="http://h")
directions = st.sampled_from([">", "<"])
reads = st.tuples(st.integers(0, 10**12), directions, st.binary(max_size=50))


def write(path: Path, *records: tuple[int, str, bytes], end: bool = True) -> Path:
    writer = CaptureWriter(path, HEADER)
    for ns, direction, data in records:
        writer.read(ns, direction, data)  # type: ignore[arg-type]
    if end:
        writer.end(99, "complete", "upstream", "chunked")
    writer.close()
    return path


@given(st.lists(reads, max_size=12), st.booleans())
def test_what_is_written_is_what_is_read(records: list[tuple[int, str, bytes]], together: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{SUFFIX}"
        writer = CaptureWriter(path, HEADER)
        if together:
            writer.reads(records)  # type: ignore[arg-type]
        else:
            for ns, direction, data in records:
                writer.read(ns, direction, data)  # type: ignore[arg-type]
        writer.mark(3, "upstream-connected", {"address": "h"})
        writer.end(4, "eof", "upstream", None, {"message": "m"})
        assert writer.closed
        capture = load(path)
    assert capture.header == HEADER and capture.warnings == ()
    assert capture.records == (*(Read(*one) for one in records), Mark(3, "upstream-connected", {"address": "h"}))
    assert capture.end is not None and (capture.end.cause, capture.end.side) == ("eof", "upstream")
    for way in (">", "<"):
        data = b"".join(part for _, direction, part in records if direction == way)
        assert capture.end.details["bytes"][way] == len(data) == len(capture.data(way))  # type: ignore[arg-type]
        assert capture.end.details["sha256"][way] == hashlib.sha256(data).hexdigest()
        assert capture.end.details["reads"][way] == sum(direction == way for _, direction, _ in records)


@given(st.lists(reads, min_size=1, max_size=6), st.data())
def test_a_file_torn_anywhere_gives_its_whole_records(
    records: list[tuple[int, str, bytes]], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        whole = write(Path(folder) / "a", *records).read_bytes()
    cut = data.draw(st.integers(whole.index(b"\n") + 1, len(whole) - 2))
    lines = whole[:cut].count(b"\n") + (whole[cut : cut + 1] == b"\n") - 1
    capture = parse(whole[:cut])
    assert capture.records == tuple(Read(*one) for one in records)[:lines]
    assert capture.end is None and capture.cause == "recorder-stopped"
    torn = not whole[: cut + 1].endswith(b"\n") and not whole[:cut].endswith(b"\n")
    assert len(capture.warnings) == 1 + torn and ("torn" in capture.warnings[0]) == torn


def test_captures_are_for_their_owner_only_and_never_overwritten(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        path = write(tmp_path / "a")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        CaptureWriter(path, HEADER)


def test_every_read_is_in_the_file_at_once(tmp_path: Path) -> None:
    writer = CaptureWriter(tmp_path / "a", HEADER)
    assert load(writer.path).records == ()
    writer.read(1, "<", b"abc")
    assert load(writer.path).records == (Read(1, "<", b"abc"),)
    writer.close()


@pytest.mark.parametrize(("room", "ended"), [(0, False), (10, False), (100, True)])
def test_a_short_write_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int, ended: bool) -> None:
    """A disk with `room` bytes left: the file keeps whole records, and says why it ends where a line still fits."""
    writer = CaptureWriter(tmp_path / "a", HEADER)
    writer.read(5, "<", b"kept")
    limit = os.stat(writer.path).st_size + room
    real = os.write

    def write(descriptor: int, data: bytes) -> int:
        left = limit - os.fstat(descriptor).st_size
        if left <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data[:left])

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(OSError, match="No space left"):
        writer.read(6, "<", b"lost" * 100)
    assert writer.closed
    capture = load(writer.path)
    assert capture.records == (Read(5, "<", b"kept"),)
    assert not any("torn" in warning for warning in capture.warnings)
    assert (capture.end is not None) == ended
    if capture.end:
        assert capture.end.cause == "disk-full" and capture.end.side == "recorder"


def test_where_not_even_the_header_fits_there_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(descriptor: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(OSError, match="No space left"):
        CaptureWriter(tmp_path / "a", HEADER)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("data", "message", "line"),
    [
        (b"", "empty", None),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "not a streamdoctor capture", 1),
        (b'{"streamdoctor":"capture"', "not one whole line", 1),
        (b'{"streamdoctor":"capture","version":9}\n', "needs a newer streamdoctor", 1),
        (b'{"streamdoctor":"capture","version":1,"started":"","recorder":""}\nrubbish\n[1,"<","a"]\n', "not JSON", 2),
        (b'{"streamdoctor":"capture","version":1,"started":"","recorder":""}\n[1,"<","\\udc80"]\n', "surrogate", 2),
    ],
)
def test_what_is_no_capture_is_refused_in_one_line(tmp_path: Path, data: bytes, message: str, line: int | None) -> None:
    path = tmp_path / "it.capture.jsonl"
    path.write_bytes(data)
    with pytest.raises(CaptureError, match=message) as raised:
        load(path)
    assert raised.value.line == line and str(raised.value).startswith(str(path)) and "\n" not in str(raised.value)


def test_a_missing_file_and_a_folder_are_no_captures(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="no such file"):
        load(tmp_path / "x")
    with pytest.raises(CaptureError, match="folder"):
        load(tmp_path)


def test_what_stands_after_the_end_is_left_out_and_told(tmp_path: Path) -> None:
    data = write(tmp_path / "a", (1, "<", b"a")).read_bytes()
    capture = parse(data + b'[9,"<","more"]\n')
    assert capture.records == (Read(1, "<", b"a"),) and isinstance(capture.end, End)
    assert len(capture.warnings) == 1 and "after the end record" in capture.warnings[0]


@given(st.integers(1, 10_000))
def test_a_packed_capture_may_be_torn(cut: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        records = [(n, "<", os.urandom(20)) for n in range(20)]
        path = write(Path(folder) / "a", *records)
        packed = gzip.compress(path.read_bytes())
        torn = Path(folder) / f"b{SUFFIX}.gz"
        torn.write_bytes(packed[: min(cut, len(packed))])
        try:
            capture = load(torn)
        except CaptureError as error:
            assert "empty" in str(error) or "whole line" in str(error) or "not JSON" in str(error)
            return
    assert capture.records == tuple(Read(*one) for one in records)[: len(capture.records)]  # type: ignore[arg-type]
    assert bool(capture.warnings) == (cut < len(packed))


def test_several_members_of_a_gzip_file_are_one_capture(tmp_path: Path) -> None:
    data = write(tmp_path / "a", (1, "<", b"a")).read_bytes()
    path = tmp_path / f"b{SUFFIX}.gz"
    path.write_bytes(gzip.compress(data[:50]) + gzip.compress(data[50:]))
    assert load(path) == parse(data)


def test_a_folder_stands_for_the_captures_in_it(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    paths = [write(tmp_path / "sub" / f"a{SUFFIX}"), write(tmp_path / f"b{SUFFIX}")]
    (tmp_path / "README.md").write_text("no capture")
    assert expand([str(tmp_path)]) == sorted(paths)
    with pytest.raises(UsageError, match="no capture in this folder"):
        expand([_empty(tmp_path)])
    with pytest.raises(CaptureError, match="no such file or folder"):
        expand([str(tmp_path / "missing")])


def _empty(folder: Path) -> str:
    (folder / "empty").mkdir()
    return str(folder / "empty")


def test_a_batch_is_one_write_and_a_torn_one_keeps_its_whole_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.capture.jsonl"
    writes: list[int] = []
    real = os.write

    def write(fd: int, data: bytes) -> int:
        writes.append(len(data))
        return real(fd, data)

    monkeypatch.setattr(os, "write", write)
    writer = CaptureWriter(path, HEADER, batched=True)
    writer.read(1, ">", b"one")
    assert writes == []
    writer.flush()
    writer.flush()
    assert len(writes) == 1
    writer.read(2, "<", b"two")
    writer.read(3, "<", b"three" * 100)

    def full(fd: int, data: bytes) -> int:
        monkeypatch.setattr(os, "write", refuse)
        return real(fd, data[:100])

    def refuse(fd: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        writer.flush()
    capture = load(path)
    assert [read.data for read in capture.records if isinstance(read, Read)] == [b"one", b"two"]
    assert writer.closed and not any("torn" in warning for warning in capture.warnings)


def zstd(data: bytes) -> bytes:
    packed: bytes = pytest.importorskip("zstandard", reason="needs zstandard").ZstdCompressor().compress(data)
    return packed


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd], ids=["plain", "gzip", "zstd"])
def test_of_a_huge_file_the_beginning_is_read(
    pack: Callable[[bytes], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / f"a{SUFFIX}", *[(n, "<", b"data: x\n\n") for n in range(100)])
    path.write_bytes(pack(path.read_bytes()))
    assert len(load(path).records) == 100
    monkeypatch.setattr("streamdoctor.capture.file._MAX_SIZE", 500)
    held = load(path)
    assert 5 < len(held.records) < 30 and held.end is None
    assert any("over 500 bytes" in warning for warning in held.warnings)
