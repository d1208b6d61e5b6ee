"""Recording, measured in one run: direct, a bare pump, ours, mitmproxy that streams and stores; as ratios beside the
budgets (DESIGN section 10). Clients, upstream and what stands between them share the machine: read the ratios only.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import socket
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from tests.bench import peers
from tests.bench.peers import Peer
from tests.bench.sides import EVENT

MB = 1_000_000
_STAMP = re.compile(rb'"t":(\d{20})')


class Budget(NamedTuple):
    """What ours must hold beside a peer: `holds(ours, peer)`."""

    words: str
    peer: str
    holds: Callable[[float, float], bool]


class Figure(NamedTuple):
    """One thing measured: a number a peer, and the budget. `better` is "more" or "less"."""

    title: str
    unit: str
    better: str
    budget: Budget | None = None


# -- what is measured: each gives one number a title


def _request(port: int, path: str) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", port))
    sock.settimeout(120)
    sock.sendall(f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
    return sock


def _bulk(peer: Peer, path: str, size: int) -> float:
    """MB of body a second, until the client has them and they are on disk."""
    before = peer.stored()
    start = time.perf_counter()
    with _request(peer.port, path) as sock:
        buffer = memoryview(bytearray(1 << 20))
        tail = b""
        got = 0
        while got < size or (path.startswith("/chunks") and not tail.endswith(b"\r\n0\r\n\r\n")):
            count = sock.recv_into(buffer)
            if not count:
                raise SystemExit(f"{peer.name} ended {path} after {got} bytes")
            got += count
            tail = (tail + bytes(buffer[max(count - 8, 0) : count]))[-8:]
        peer.until_stored(before + size)
    return size / MB / (time.perf_counter() - start)


def bulk(peer: Peer, scale: float) -> dict[str, float]:
    size = int(100 * MB * scale)
    found = {"length": _bulk(peer, f"/length/{size}", size)}
    if peer.pid:
        found["peak"] = peer.memory(peak=True) / (1 << 20)
    found["chunks4k"] = _bulk(peer, f"/chunks/4096/{size}", size)
    found["chunks180"] = _bulk(peer, f"/chunks/{EVENT}/{size}", size)
    return found


def events(peer: Peer, scale: float) -> dict[str, float]:
    count = int(20_000 * scale)
    cpu = peer.cpu() if peer.pid else 0
    found = {"events": _bulk(peer, f"/events/{count}", count * EVENT) * MB / EVENT}
    if peer.pid:
        found["event_cpu"] = (peer.cpu() - cpu) / count * 1e6
    return found


class _Asking(asyncio.Protocol):
    """Asks for the next small exchange as soon as it has the last."""

    def __init__(self, left: list[int], done: asyncio.Event) -> None:
        self.left, self.done, self.got = left, done, 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.body = 0
        self._ask()

    def _ask(self) -> None:
        if self.left[0] <= 0:
            self.done.set()
            return
        self.left[0] -= 1
        self.held = b""
        self.transport.write(b"GET /small HTTP/1.1\r\nHost: bench\r\n\r\n")

    def data_received(self, data: bytes) -> None:
        self.held += data
        at = self.held.find(b"\r\n\r\n")
        if at >= 0 and len(self.held) >= at + 4 + EVENT:
            self._ask()


def small(peer: Peer, scale: float) -> dict[str, float]:
    count = int(4_000 * scale)
    cpu = peer.cpu() if peer.pid else 0
    found = {"small": asyncio.run(_ask_small(peer.port, count))}
    if peer.pid:
        found["small_cpu"] = (peer.cpu() - cpu) / count * 1e6
    return found


async def _ask_small(port: int, count: int) -> float:
    """Exchanges a second, over eight connections."""
    left, loop = [count], asyncio.get_running_loop()
    dones = [asyncio.Event() for _ in range(8)]
    start = time.perf_counter()
    ends = [await loop.create_connection(partial(_Asking, left, done), "127.0.0.1", port) for done in dones]
    for done in dones:
        await done.wait()
    seconds = time.perf_counter() - start
    for transport, _ in ends:
        transport.abort()
    return count / seconds


class _Timed(asyncio.Protocol):
    """Notes when each event left the upstream and when it came."""

    def __init__(self, path: str, over: asyncio.Event) -> None:
        self.path, self.over = path, over
        self.times: list[tuple[int, int]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(f"GET {self.path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        self.times += [(int(stamp), now) for stamp in _STAMP.findall(data)]
        if data.endswith(b"0\r\n\r\n"):
            self.over.set()


async def _paced(port: int, streams: int, path: str, gap: float) -> list[list[tuple[int, int]]]:
    """All streams at once, their beginnings spread over one gap."""
    loop = asyncio.get_running_loop()
    ends = []
    for _ in range(streams):
        over = asyncio.Event()
        ends.append((await loop.create_connection(partial(_Timed, path, over), "127.0.0.1", port), over))
        await asyncio.sleep(gap / streams)
    for (transport, _), over in ends:
        await asyncio.wait_for(over.wait(), 60)
        transport.close()
    return [protocol.times for (_, protocol), _ in ends]


def latency(peer: Peer, scale: float) -> dict[str, float]:
    (times,) = asyncio.run(_paced(peer.port, 1, f"/paced/{int(300 * scale)}/10", 0.0))
    return {"latency": statistics.median(came - left for left, came in times) / 1e6}


def gaps(peer: Peer, scale: float) -> dict[str, float]:
    count = max(int(200 * scale), 10)
    found = asyncio.run(_paced(peer.port, count, "/paced/100/30", 0.03))
    errors = [abs((b[1] - a[1]) - (b[0] - a[0])) for times in found for a, b in pairwise(times)]
    return {"gaps": statistics.quantiles(errors, n=20)[18] / 1e6}


def held(peer: Peer, scale: float) -> dict[str, float]:
    """KiB of memory a stream that is open and silent."""
    if not peer.pid:
        return {}
    count = int(1000 * scale)
    before = peer.memory()
    socks = [_request(peer.port, "/hold") for _ in range(count)]
    for sock in socks:
        got = b""
        while not got.endswith(b"\n\n\r\n"):
            got += sock.recv(4096)
    grown = peer.memory(peak=True) - before
    for sock in socks:
        sock.close()
    return {"held": grown / count / 1024}


MEASURES = {"bulk": bulk, "events": events, "small": small, "latency": latency, "gaps": gaps, "held": held}

FIGURES = {
    "length": Figure("100 MB, Content-Length, until on disk", "MB/s", "more",
                     Budget(">= 0.7 x mitmproxy", "mitmproxy", lambda o, p: o >= 0.7 * p)),
    "peak": Figure("peak memory of it", "MiB", "less", Budget("<= 64 MiB", "ours", lambda o, _: o <= 64)),
    "chunks4k": Figure("100 MB in chunks of 4 KiB", "MB/s", "more",
                       Budget(">= 2 x mitmproxy", "mitmproxy", lambda o, p: o >= 2 * p)),
    "chunks180": Figure("100 MB in chunks of 180 B", "MB/s", "more",
                        Budget(">= 10 x mitmproxy", "mitmproxy", lambda o, p: o >= 10 * p)),
    "events": Figure("20,000 events of 180 B, a write each", "events/s", "more"),
    "event_cpu": Figure("CPU time an event", "us", "less"),
    "small": Figure("small exchanges, one capture each", "/s", "more",
                    Budget(">= 5 x mitmproxy", "mitmproxy", lambda o, p: o >= 5 * p)),
    "small_cpu": Figure("CPU time an exchange", "us", "less"),
    "latency": Figure("a piece on its way, p50", "ms", "less",
                      Budget("<= direct + 0.1 ms", "direct", lambda o, p: o <= p + 0.1)),
    "gaps": Figure("200 streams of 30 ms gaps: error, p95", "ms", "less",
                   Budget("<= 2 x direct or 0.5 ms", "direct", lambda o, p: o <= max(2 * p, 0.5))),
    "held": Figure("memory a stream, 1,000 open", "KiB", "less",
                   Budget("<= 128 KiB, both directions", "ours", lambda o, _: o <= 128)),
}  # fmt: skip


# -- the run


def paths(upstream: int, wanted: Sequence[str], mitmdump: str | None) -> Iterator[AbstractContextManager[Peer]]:
    if "direct" in wanted:
        yield peers.direct(upstream)
    if "pump" in wanted:
        yield peers.pump(upstream)
    if "ours" in wanted:
        yield peers.ours(upstream)
    if "mitmproxy" in wanted and mitmdump:
        yield peers.mitmproxy(upstream, mitmdump)


def measure(arguments: argparse.Namespace, mitmdump: str | None) -> dict[str, dict[str, float]]:
    """Numbers by title and peer. Each measure has processes of its own; the best of its rounds counts."""
    found: dict[str, dict[str, float]] = {}
    for name in arguments.only or MEASURES:
        for _ in range(arguments.rounds):
            with peers.side("upstream") as (upstream, _):
                for path in paths(upstream, arguments.peers, mitmdump):
                    with path as peer:
                        for title, number in MEASURES[name](peer, arguments.scale).items():
                            _note(found.setdefault(title, {}), peer.name, number, FIGURES[title].better)
    return found


def _note(numbers: dict[str, float], peer: str, number: float, better: str) -> None:
    choose = max if better == "more" else min
    numbers[peer] = choose(numbers.get(peer, number), number)


def lines(found: dict[str, dict[str, float]], names: Sequence[str]) -> Iterator[str]:
    """A table: numbers, the ratio of ours to mitmproxy, the budget and whether it is held."""
    yield f"{'':38} {'':8}" + "".join(f"{name:>11}" for name in names) + f"{'ours/mitm':>11}  budget"
    for title, figure in FIGURES.items():
        if title not in found:
            continue
        numbers = found[title]
        cells = "".join(f"{_number(numbers.get(name)):>11}" for name in names)
        yield f"{figure.title:38} {figure.unit:8}{cells}{_ratio(numbers):>11}  {_verdict(figure, numbers)}".rstrip()


def _number(number: float | None) -> str:
    return "-" if number is None else f"{number:,.2f}" if number < 10 else f"{number:,.0f}"


def _ratio(numbers: dict[str, float]) -> str:
    ours, mitm = numbers.get("ours"), numbers.get("mitmproxy")
    return f"{ours / mitm:.2f} x" if ours is not None and mitm else "-"


def _verdict(figure: Figure, numbers: dict[str, float]) -> str:
    budget = figure.budget
    if budget is None or "ours" not in numbers:
        return ""
    if budget.peer not in numbers:
        return f"{budget.words}: not compared"
    return f"{budget.words}: {'held' if budget.holds(numbers['ours'], numbers[budget.peer]) else 'MISSED'}"


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench record", description=__doc__)
    parser.add_argument("--only", action="append", choices=MEASURES)
    parser.add_argument("--peers", type=lambda text: text.split(","), default=["direct", "pump", "ours", "mitmproxy"])
    parser.add_argument("--scale", type=float, default=1.0, help="a fraction of the sizes and counts")
    parser.add_argument("--rounds", type=int, default=1, help="of each measure; the best counts")
    parser.add_argument("--mitmdump", default=peers.find_mitmdump(), help="default: beside Python, then in PATH")
    arguments = parser.parse_args(words)
    peers.allow_many_files()
    if arguments.mitmdump and "mitmproxy" in arguments.peers:
        print(
            f"compared with {peers.mitmproxy_version(arguments.mitmdump)}, streaming every body and storing it",
            flush=True,
        )
    elif "mitmproxy" in arguments.peers:
        print("mitmdump was not found: nothing to compare with (pip install '.[bench]', or --mitmdump PATH)")
    found = measure(arguments, arguments.mitmdump)
    for line in lines(found, [name for name in arguments.peers if any(name in numbers for numbers in found.values())]):
        print(line)


if __name__ == "__main__":
    main()
