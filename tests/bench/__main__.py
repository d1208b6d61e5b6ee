"""`python -m tests.bench NAME [OPTION]...`: the benches, one module each, with a `main(words)`."""

from __future__ import annotations

import sys
from importlib import import_module

BENCHES = {
    "check": "all chunkings beside feeding them, planted bugs beside Hypothesis, cases a second beside parsing",
    "explore": "proofs: steps a second, and seconds a certificate, beside feeding chunkings from scratch",
    "record": "recording: throughput, exchanges a second, latency, memory, beside mitmproxy",
    "report": "the HTML report: seconds to write it, and to open it in headless Chromium",
    "serve": "playing: how far from their recorded times pieces arrive, and how many a second stay apart",
    "tui": "the terminal interface: a capture of 1,000,000 reads, and a key while 10,000 cases are checked",
}


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in BENCHES:
        raise SystemExit("\n".join(f"python -m tests.bench {name}  {words}" for name, words in BENCHES.items()))
    import_module(f"tests.bench.{sys.argv[1]}").main(sys.argv[2:])


if __name__ == "__main__":
    main()
