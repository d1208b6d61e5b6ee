"""The HTML report of many results: how long to write, how large, how long to open. `report [RESULTS]`, default 5,000.

The page is opened in headless Chromium, beside a page with nothing but the same text in one `pre`.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

from streamdoctor.report.html import html_text
from streamdoctor.report.model import CheckReport
from streamdoctor.suite.results import Result
from tests.report.browser import CHROMIUM, browser
from tests.report.results import found, result

PARSERS = 25


def main(words: Sequence[str]) -> None:
    """Prints a line a measurement."""
    text = _timed("written", lambda: html_text(CheckReport(results(int(words[0]) if words else 5_000))))
    print(f"size      {len(text) / 1e6:.1f} MB")
    if CHROMIUM is None:
        raise SystemExit("Chromium is not installed")
    with tempfile.TemporaryDirectory() as folder, browser() as chromium:
        for name, content in (("opened", text), ("as text", f"<pre>{escape(text)}</pre>")):
            path = Path(folder) / f"{name}.html"
            path.write_text(content, encoding="utf-8")
            seconds = sorted(chromium.open(path.as_uri()) for _ in range(5))
            print(f"{name:9} {seconds[2]:.2f} s (median of 5)")


def results(count: int) -> list[Result]:
    """Every second one fails, in one of eight ways."""
    rules = ("SD101", "SD102", "SD103", "SD402", "SD404", "SD501", "SD310", "SD511")
    return [
        result(
            *([found(rules[n % len(rules)], case=f"{n:08x}", summary=f"loses {n} items")] if n % 2 else []),
            capture=f"captures/{n // PARSERS}.capture.jsonl",
            parser=f"parser-{n % PARSERS}",
        )
        for n in range(count)
    ]


def _timed(name: str, work: Callable[[], str]) -> str:
    started = time.perf_counter()
    made = work()
    print(f"{name:9} {time.perf_counter() - started:.2f} s")
    return made
