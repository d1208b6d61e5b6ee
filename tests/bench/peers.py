"""What stands in the measured path: nothing, a bare pump, our recorder, mitmproxy that streams and stores."""

from __future__ import annotations

import os
import re
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

_PATIENCE = 30.0
# Streams every body and keeps it. mitmproxy has an option for that since version 12.
_STREAM = """
from mitmproxy import ctx

def responseheaders(flow):
    flow.response.stream = True
    if "store_streamed_bodies" not in ctx.options:
        kept = flow.kept = []
        flow.response.stream = lambda data: (kept.append(data), data)[1]

def response(flow):
    if hasattr(flow, "kept"):
        flow.response.data.content = b"".join(flow.kept)
        del flow.kept
"""


class Peer(NamedTuple):
    """A path to measure: where clients come, the process in between, the folder in which it stores."""

    name: str
    port: int
    pid: int | None
    folder: Path | None

    def stored(self) -> int:
        """Bytes on disk."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file()) if self.folder else 0

    def until_stored(self, size: int) -> None:
        """Returns when `size` bytes are on disk, but for what a buffered file may keep back for later."""
        size -= 64 << 10
        if self.folder is not None:
            _wait(lambda: self.stored() >= size, f"{self.name} stored only {self.stored()} of {size} bytes")

    def memory(self, peak: bool = False) -> int:
        """Bytes of memory that the process has, or had at its peak."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(rf"^Vm{'HWM' if peak else 'RSS'}:\s+(\d+) kB", status, re.MULTILINE)
        return int(found[1]) * 1024 if found else 0

    def cpu(self) -> float:
        """Seconds of CPU time that the process has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _wait(condition: Callable[[], bool], complaint: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(complaint)
        time.sleep(0.002)


@contextmanager
def _process(*words: str, **options: object) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(words, stdin=subprocess.PIPE, **options)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


@contextmanager
def side(*words: str) -> Iterator[tuple[int, int]]:
    """The upstream or the pump: its port and its pid."""
    with _process(sys.executable, "-m", "tests.bench.sides", *words, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline()), process.pid


@contextmanager
def direct(upstream: int) -> Iterator[Peer]:
    yield Peer("direct", upstream, None, None)


@contextmanager
def pump(upstream: int) -> Iterator[Peer]:
    with side("pump", str(upstream)) as (port, pid):
        yield Peer("pump", port, pid, None)


@contextmanager
def ours(upstream: int) -> Iterator[Peer]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        words = (sys.executable, "-m", "streamdoctor", "record", "--listen", "127.0.0.1:0", "--out", folder)
        log = Path(folder, "..").resolve() / f"{Path(folder).name}.log"
        try:
            with (
                log.open("wb") as told,
                _process(
                    *words, "--upstream", f"http://127.0.0.1:{upstream}", stdout=subprocess.DEVNULL, stderr=told
                ) as process,
            ):
                _wait(lambda: b"recording http" in log.read_bytes(), "the recorder does not start")
                found = re.search(rb"recording http://127\.0\.0\.1:(\d+)", log.read_bytes())
                assert found
                yield Peer("ours", int(found[1]), process.pid, Path(folder))
        finally:
            log.unlink()


@contextmanager
def mitmproxy(upstream: int, mitmdump: str) -> Iterator[Peer]:
    """A free port is chosen here: mitmdump tells of none."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, tempfile.TemporaryDirectory() as other:
        Path(other, "stream.py").write_text(_STREAM)
        words = (
            mitmdump, "-q", "--mode", f"reverse:http://127.0.0.1:{upstream}", "--listen-host", "127.0.0.1", "-p",
            str(port), "-w", f"{folder}/flows", "-s", f"{other}/stream.py", "--set", "store_streamed_bodies=true",
            "--set", f"confdir={other}", "--set", "connection_strategy=lazy",
        )  # fmt: skip
        with _process(*words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            _wait(lambda: _listens(port), "mitmdump does not start")
            yield Peer("mitmproxy", port, process.pid, Path(folder))


def _listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def find_mitmdump() -> str | None:
    beside = Path(sys.executable).with_name("mitmdump")
    return str(beside) if beside.exists() else shutil.which("mitmdump")


def mitmproxy_version(mitmdump: str) -> str:
    done = subprocess.run([mitmdump, "--version"], capture_output=True, text=True)
    return done.stdout.partition("\n")[0].strip()


def allow_many_files() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
