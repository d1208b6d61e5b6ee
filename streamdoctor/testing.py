"""For tests: `check_parser`, `load`, `pieces`, `replay_server`, and strategies for Hypothesis. Needs no pytest.

This is the public API of the package: names, arguments and their meaning stay as they are.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from streamdoctor.capture.file import expand
from streamdoctor.capture.file import load as load_file
from streamdoctor.capture.model import Capture
from streamdoctor.errors import UsageError
from streamdoctor.faults.plans import Plan
from streamdoctor.parsers.load import lend, validate
from streamdoctor.rephrasings.probes import PROBES
from streamdoctor.report.failure import failure_text
from streamdoctor.splits import strategies
from streamdoctor.suite.cases import Axes
from streamdoctor.suite.check import check
from streamdoctor.suite.examine import Options
from streamdoctor.suite.expected import dispute
from streamdoctor.suite.results import Result, worth_telling
from streamdoctor.suite.subjects import Subject, find, from_probe, of_capture
from streamdoctor.suite.workers import Limits
from streamdoctor.visible import safe_text

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from streamdoctor.diagnosis.judge import AtEof
    from streamdoctor.parsers.calibrate import Role
    from streamdoctor.parsers.levels import Level
    from streamdoctor.replay.server import Played, ReplayServer
    from streamdoctor.replay.server_framing import Framing

__all__ = [
    "NothingThere",
    "check_case",
    "check_parser",
    "chunkings",
    "defaults",
    "event_streams",
    "load",
    "pieces",
    "replay_server",
]

Names = str | Iterable[str] | None
"""A name of the command line, several, or None for its default."""
Given = str | PathLike[str] | Capture


class NothingThere(AssertionError):
    """Nothing was judged, whatever the parser does: a capture holds no stream, or no case that was asked for applies to
    it. Where the plugin chose the capture, it skips the test instead."""


def check_parser(
    parser: Any,
    captures: Given | Iterable[Given] | None = None,
    *,
    split: Names = None,
    rephrase: Names = None,
    fault: Names = None,
    prove: bool = False,
    dialect: str | None = None,
    level: Level | None = None,
    role: Role | None = None,
    at_eof: AtEof = "either",
    seed: int = 0,
) -> list[Result]:
    """Runs `parser` over `captures`, cut in every way, as `streamdoctor check` does; raises where it is wrong.

    `parser` is the class or function itself, or a reference (`package.module:name`, `path/to/file.py:name`, a built-in
    name). `captures` are files, folders, `probe:DIALECT`, or captures that `load` gave; None: the probes of all
    dialects that the parser speaks. `split`, `rephrase` and `fault` take the names of the command line, one or several;
    None is its default. With `prove` all chunkings are covered at once, in pieces of up to 64 bytes, and a refused
    proof is a failure too.

    Raises AssertionError for a `fail` or `hung`, with kind, difference, advice and how to see it again, where nothing
    could be judged (NothingThere, if that is not the parser's doing), and for a capture that does not mean what its
    `NAME.expected.json` says; UsageError for unknown names; CaptureError for unreadable files. Returns the results.
    """
    __tracebackhide__ = True
    said = _DEFAULTS.get()
    split, fault = (said.get("split") if split is None else split), (said.get("fault") if fault is None else fault)
    rephrase, prove = (said.get("rephrase") if rephrase is None else rephrase), prove or bool(said.get("prove"))
    axes = Axes(_names(split), _names(fault), seed or said.get("seed", 0), _names(rephrase))
    axes.validate()
    subjects = _subjects(captures, dialect)
    if disputed := [why for subject in subjects if (why := dispute(subject)) is not None]:
        raise AssertionError("nothing was judged: " + safe_text("; ".join(disputed)))
    longest = 64 if prove else None
    options = Options(axes, level, role, at_eof, dialect, prove, longest, unasked=captures is None)
    with lend(parser) as ref:
        validate(ref)
        results = check([ref], subjects, options, Limits())
    if captures is None:
        results = worth_telling(results)
    _assert_right(results, subjects, prove)
    return results


_DEFAULTS: ContextVar[dict[str, Any]] = ContextVar("streamdoctor defaults", default={})  # noqa: B039 - never changed


@contextmanager
def defaults(**options: Any) -> Iterator[None]:
    """Inside the `with`, what `check_parser` takes for `split`, `rephrase`, `fault`, `prove` and `seed` where it is
    given nothing else."""
    token = _DEFAULTS.set({**_DEFAULTS.get(), **options})
    try:
        yield
    finally:
        _DEFAULTS.reset(token)


def check_case(path: str | PathLike[str], parser: Any = None) -> list[Result]:
    """Runs a case that `streamdoctor minimise` wrote (`NAME.case.json`, its capture beside it); `parser` stands for the
    one that is named in it. Raises AssertionError as long as the parser fails there, or does the same once more."""
    __tracebackhide__ = True
    case = json.loads(Path(path).read_text(encoding="utf-8"))
    results = check_parser(
        case["parser"] if parser is None else parser,
        Path(path).parent / case["capture"],
        split=case["split"],
        fault=case.get("fault"),
        dialect=case.get("dialect"),
        level=case.get("level"),
        role=case.get("role"),
        at_eof=case.get("at_eof") or "either",
    )
    again = [found for result in results for found in result.findings if found.finding.rule == case["rule"]]
    if again:
        raise AssertionError(f"{case['rule']} {again[0].kind}, still: {safe_text(again[0].finding.summary)}")
    return results


def _assert_right(results: Sequence[Result], subjects: Sequence[Subject], prove: bool) -> None:
    __tracebackhide__ = True
    if any(result.verdict in ("fail", "hung") for result in results):
        raise AssertionError(failure_text(results, subjects))
    unjudged = [result for result in results if result.verdict == "error"]
    if unjudged or all(result.verdict == "skipped" for result in results):
        why = "; ".join(dict.fromkeys(safe_text(r.note or "no reason is known") for r in unjudged or results))
        nothing = not unjudged and all(result.nothing_there for result in results)
        raise (NothingThere if nothing else AssertionError)(f"nothing was judged: {why}")
    refused = [result for result in results if prove and not result.skipped and result.proof is None]
    if refused:
        why = "\n".join(f"  {safe_text(f'{result.subject}: {result.proof_refused}')}" for result in refused)
        raise AssertionError(f"nothing is wrong, but there is no proof:\n{why}")


def _names(given: Names) -> tuple[str, ...]:
    return () if given is None else (given,) if isinstance(given, str) else tuple(given)


def _subjects(captures: Given | Iterable[Given] | None, dialect: str | None) -> list[Subject]:
    if captures is None:
        return [from_probe(probe.dialect) for probe in PROBES]
    given = [captures] if isinstance(captures, str | PathLike | Capture) else list(captures)
    subjects: list[Subject] = []
    for one in given:
        if isinstance(one, Capture):
            subjects.append(of_capture(one, dialect))
        elif str(one).startswith("probe:"):
            subjects.append(find(str(one), dialect))
        else:
            subjects += [find(str(path), dialect) for path in expand([str(one)])]
    if not subjects:
        raise UsageError("there is nothing to check", hint="captures=None checks the probes")
    return subjects


def load(capture: str | Path) -> Capture:
    """The capture file `capture` (plain, `.gz` or `.zst`): its reads, marks and end; times in nanoseconds since the
    first request byte. Raises CaptureError, with the line, for what is no capture."""
    return load_file(capture)


def pieces(capture: Given, split: str = "recorded", *, seed: int = 0) -> list[bytes]:
    """The decoded body of `capture`, cut by `split`: of a split with several runs, the first.

    Raises UsageError for an unknown split, and for `recorded` where the capture does not keep the reads.
    """
    (subject,) = _subjects(capture, None)
    if len(strategies.expand([split])) > 1:
        raise UsageError(f"split {split!r} is several", hint="for instance 'bytes'")
    run = next(strategies.runs(split, subject.material(Plan(None, subject.reading.body)), seed), None)
    if run is None:
        raise UsageError(f"the split {split} does not apply here: this capture keeps no reads")
    return strategies.pieces(subject.reading.body, run.cuts)


# --- a fake upstream


@dataclass
class replay_server:
    """A context manager, sync and async alike: a server on loopback that plays captures to any number of clients.

    `url` is its base URL, without a final slash; each request gets the capture of its method and path, of several the
    next one. `speed` 1 keeps the recorded times, 0 does not wait; `split`, `framing` (recorded, chunk-per-piece,
    length, close) and `fault` are those of `streamdoctor serve`. `played` lists the requests that are over.
    """

    captures: Given | Iterable[Given]
    split: str = "recorded"
    fault: Names = None
    framing: Framing = "recorded"
    speed: float = 0
    seed: int = 0
    cors: bool = False
    played: list[Played] = field(default_factory=list, init=False)
    _server: ReplayServer = field(init=False, repr=False)
    _loop: asyncio.AbstractEventLoop | None = field(default=None, init=False, repr=False)
    _thread: threading.Thread | None = field(default=None, init=False, repr=False)
    _entered: int = field(default=0, init=False, repr=False)

    def __post_init__(self) -> None:
        from streamdoctor.replay.server import ReplayServer
        from streamdoctor.replay.server_plan import Options as PlayOptions

        options = PlayOptions(self.split, _names(self.fault), self.framing, self.seed)
        options.validate()
        given = [self.captures] if isinstance(self.captures, str | PathLike | Capture) else list(self.captures)
        loaded = [
            capture
            for one in given
            for capture in ([one] if isinstance(one, Capture) else map(load_file, expand([str(one)])))
        ]
        self._server = ReplayServer(
            loaded, speed=self.speed, options=options, cors=self.cors, on_played=self.played.append
        )

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`, once it runs."""
        return self._server.url

    @property
    def base_urls(self) -> dict[str, str]:
        """The base-URL variables of the SDKs that ask for the paths that are played, such as OPENAI_BASE_URL; where
        several would do, that of the first capture."""
        from streamdoctor.replay.server_urls import base_urls

        found = base_urls(self.url, [programme.path for programme in self._server.programmes])
        return {name: urls[0] for name, urls in found.items()}

    async def __aenter__(self) -> Self:
        await self._server.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._server.stop()

    def __enter__(self) -> Self:
        """Starts it in a thread of its own. One that runs already (the fixture gives such) may be entered as well."""
        self._entered += 1
        if self._entered > 1:
            return self
        loop = self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=loop.run_forever, name="streamdoctor replay server", daemon=True)
        self._thread.start()
        try:
            self._call(self._server.start)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._entered -= 1
        if self._entered:
            return
        try:
            self._call(self._server.stop)
        finally:
            self._end()

    def _call(self, work: Callable[[], Any]) -> None:
        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(work(), self._loop).result()

    def _end(self) -> None:
        assert self._loop is not None and self._thread is not None
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


# --- Hypothesis


def chunkings(data: bytes) -> SearchStrategy[list[bytes]]:
    """A Hypothesis strategy of lists of pieces that make up `data`; no piece is empty. Shrinks to the fewest
    cuts. Raises UsageError where Hypothesis is not installed."""
    st = _strategies()
    cuts = st.lists(st.integers(1, max(len(data) - 1, 1)), max_size=64 if len(data) > 1 else 0)
    # A set is made of them here: lists that are unique themselves shrink less well.
    made: SearchStrategy[list[bytes]] = cuts.map(lambda at: strategies.pieces(data, tuple(sorted(set(at)))))
    return made


def event_streams(dialect: str) -> SearchStrategy[bytes]:
    """A Hypothesis strategy of bodies in `dialect`, each whole and with its terminal signal: the events of its probe,
    repeated, left out and rephrased. Shrinks to the plain probe's shortest. Raises UsageError for an unknown dialect.
    """
    from streamdoctor.rephrasings.catalogue import REPHRASINGS, rephrase
    from streamdoctor.stream.providers import by_name
    from streamdoctor.stream.reading import read_body

    st = _strategies()
    provider = by_name(dialect)
    probe = next((probe for probe in PROBES if probe.dialect == provider.name), None)
    if probe is None:
        raise UsageError(f"there is no probe of {dialect}")
    names = [name for name in REPHRASINGS if name not in ("big-event", "no-final-blank-line", "no-final-newline")]

    def body(inner: list[bytes], names: list[str]) -> bytes:
        made = b"".join([*probe.events[:1], *inner, *probe.events[-_tail(probe.events, provider) :]])
        for name in names:
            made = rephrase(name, read_body(made, provider)) or made
        return made

    inner = probe.events[1 : len(probe.events) - _tail(probe.events, provider)]
    middle = st.lists(st.sampled_from(inner), max_size=20) if inner else st.just([])
    made: SearchStrategy[bytes] = st.builds(body, middle, st.lists(st.sampled_from(names), unique=True, max_size=3))
    return made


def _tail(events: Sequence[bytes], provider: Any) -> int:
    """How many of the last events are the end: from the first with a finish reason or a signal on."""
    from streamdoctor.stream.reading import read_body

    reading = read_body(b"".join(events), provider)
    ends = [i for i, meaning in enumerate(reading.meanings) if meaning.signal or meaning.finish]
    return max(len(events) - ends[0], 1) if ends and len(reading.events) == len(events) else 1


def _strategies() -> Any:
    try:
        from hypothesis import strategies as found
    except ImportError:
        raise UsageError("this takes Hypothesis, which is not installed", hint="pip install hypothesis") from None
    return found
