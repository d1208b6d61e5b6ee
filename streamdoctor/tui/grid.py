"""What is known of parsers on captures, cell by cell, and the check that fills it in.

Rules: a cell keeps its last verdict until a new one comes; stopping leaves what is known. The work is in another
process (`desk`), started and stopped here, told on through `changed`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from streamdoctor.report.json import results_of
from streamdoctor.suite.results import Result
from streamdoctor.tui import desk
from streamdoctor.tui.desk import Check

Cell = tuple[str, str]
"""Subject, parser."""

Work = Callable[[Check], AsyncGenerator[dict[str, Any], None]]

WRONG = ("hung", "fail")


@dataclass
class Grid:
    """`told` are results in the JSON of `check`, `results` the same as objects."""

    subjects: list[str] = field(default_factory=list)
    parsers: list[str] = field(default_factory=list)
    told: dict[Cell, Mapping[str, Any]] = field(default_factory=dict)
    results: dict[Cell, Result] = field(default_factory=dict)
    seed: int = 0

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Grid:
        grid = cls()
        grid.take(document)
        return grid

    def take(self, document: Mapping[str, Any]) -> None:
        """The results of a whole check. Raises KeyError, TypeError or ValueError for what is none."""
        self.seed = int(document.get("seed", 0))
        for told, result in zip(document["results"], results_of(document), strict=True):
            self._put(told, result)

    def put(self, told: Mapping[str, Any]) -> Cell:
        """One result, in the place of what was known."""
        return self._put(told, results_of({"results": [told]})[0])

    def _put(self, told: Mapping[str, Any], result: Result) -> Cell:
        cell = (result.subject, result.parser)
        self.add(*cell)
        self.told[cell], self.results[cell] = told, result
        return cell

    def add(self, subject: str, parser: str) -> None:
        if subject not in self.subjects:
            self.subjects.append(subject)
        if parser not in self.parsers:
            self.parsers.append(parser)

    def ask(self, request: Check) -> None:
        """The rows and columns of a check to come: its own, in its order, and no others."""
        self.subjects, self.parsers = list(request.subjects), list(request.parsers)
        kept = {(subject, parser) for subject in self.subjects for parser in self.parsers}
        self.told = {cell: told for cell, told in self.told.items() if cell in kept}
        self.results = {cell: result for cell, result in self.results.items() if cell in kept}

    def cells(self) -> Iterator[tuple[int, int]]:
        """(row, column) of every cell, row by row."""
        yield from ((row, column) for row in range(len(self.subjects)) for column in range(len(self.parsers)))

    def at(self, row: int, column: int) -> Result | None:
        if row < len(self.subjects) and column < len(self.parsers):
            return self.results.get((self.subjects[row], self.parsers[column]))
        return None

    def wrong(self) -> list[tuple[int, int]]:
        """(row, column) of every cell in which something fails or hangs."""
        found = ((place, self.at(*place)) for place in self.cells())
        return [place for place, result in found if result is not None and result.verdict in WRONG]

    def document(self) -> dict[str, Any]:
        """Everything known, as `check --json` writes it."""
        cells = ((subject, parser) for subject in self.subjects for parser in self.parsers)
        return {
            "schema": "streamdoctor.check/1",
            "seed": self.seed,
            "results": [self.told[cell] for cell in cells if cell in self.told],
        }


@dataclass
class Checking:
    """One check under way, or over. `now` is what is being judged; `troubles` are what could not be."""

    grid: Grid
    changed: Callable[[], None]
    total: int = 0
    running: bool = False
    stopped: bool = False
    now: Cell | None = None
    troubles: list[str] = field(default_factory=list)
    pending: set[Cell] = field(default_factory=set)

    @property
    def done(self) -> int:
        return self.total - len(self.pending)

    async def run(self, request: Check, work: Work = desk.check) -> None:
        """Checks, and fills in the grid as results come. Cancelling stops the work."""
        self.grid.ask(request)
        self.grid.seed = request.seed
        self.total, self.running, self.stopped = request.pairs, True, False
        self.troubles.clear()
        self.pending = {(subject, parser) for subject in request.subjects for parser in request.parsers}
        finished = False
        try:
            async with aclosing(work(request)) as messages:
                async for message in messages:
                    finished = message["t"] == "end"
                    self._take(message)
                    self.changed()
        finally:
            self.stopped = not finished
            self.running, self.now = False, None
            self.pending.clear()
            self.changed()

    def _take(self, message: dict[str, Any]) -> None:
        if message["t"] == "judging":
            self.now = (message["subject"], message["parser"])
        elif message["t"] == "result":
            self.pending.discard(self.grid.put(message["result"]))
        elif message["t"] == "trouble":
            self._trouble(message)

    def _trouble(self, message: dict[str, Any]) -> None:
        """What concerns a parser or a subject as a whole is settled for all its cells."""
        concerned = {message["parser"], message["subject"]} - {None}
        self.pending = {cell for cell in self.pending if not concerned & set(cell)}
        said = message["message"] + (f" ({message['hint']})" if message["hint"] else "")
        if said not in self.troubles:
            self.troubles.append(said)
