"""The pytest plugin: captures as parameters, a fake upstream as a fixture, `*.case.json` files as tests.

Nothing of ours is imported before a test uses it. See README, section "Use it from tests".
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from streamdoctor.capture.model import Capture
    from streamdoctor.suite.results import Result
    from streamdoctor.testing import replay_server as ReplayServer

CASE_SUFFIX = ".case.json"
_CAPTURE_SUFFIXES = (".capture.jsonl", ".capture.jsonl.gz", ".capture.jsonl.zst")
_MARKER = (
    "streamdoctor(*globs, splits=None, rephrase=None, faults=None, prove=False): which captures the fixture `capture` "
    "takes, and how `check_parser` cuts, rephrases and breaks them in this test"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("streamdoctor", "streamdoctor: regression tests for stream parsers")
    group.addoption(
        "--streamdoctor-splits",
        action="append",
        metavar="NAME",
        help="How check_parser cuts, whatever the tests say. Repeatable.",
    )
    group.addoption("--streamdoctor-seed", type=int, metavar="N", help="For random splits, whatever the tests say.")
    group.addoption(
        "--streamdoctor-record",
        action="store_true",
        help="Record each capture that a test uses anew, from its upstream. Refused where CI is set.",
    )
    parser.addini("streamdoctor_captures", "Folders or globs of the captures for the fixture `capture`.", "args", [])


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", _MARKER)
    if config.getoption("--streamdoctor-record") and os.environ.get("CI"):
        raise pytest.UsageError("--streamdoctor-record: captures are not recorded where CI is set")


# --- captures


class CaptureFile:
    """A capture of the fixture: a path to give to `check_parser`, `pieces` or `replay_server`, and what is in it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __fspath__(self) -> str:
        return str(self.path)

    def __str__(self) -> str:
        return str(self.path)

    def load(self) -> Capture:
        """Its reads, marks and end."""
        from streamdoctor.testing import load

        return load(self.path)

    def pieces(self, split: str = "recorded", *, seed: int = 0) -> list[bytes]:
        """Its decoded body, cut."""
        from streamdoctor.testing import pieces

        return pieces(self.path, split, seed=seed)

    def check(self, parser: Any, **options: Any) -> list[Result]:
        """`check_parser(parser, this capture, ...)`."""
        from streamdoctor.testing import check_parser

        __tracebackhide__ = True
        return check_parser(parser, self.path, **options)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "capture" not in metafunc.fixturenames:
        return
    globs = [glob for mark in metafunc.definition.iter_markers("streamdoctor") for glob in mark.args]
    paths = _captures(metafunc.config, globs)
    metafunc.parametrize("capture", paths, indirect=True, ids=[_short(path) for path in paths])


def _captures(config: pytest.Config, globs: list[str]) -> list[Path]:
    folders = config.getini("streamdoctor_captures")
    if not folders:
        raise pytest.UsageError("the fixture `capture` wants `streamdoctor_captures = FOLDER` in the ini file")
    found = sorted({path for folder in folders for path in _inside(config.rootpath, folder)})
    if not found:
        raise pytest.UsageError(f"streamdoctor_captures = {' '.join(folders)}: there is no capture")
    chosen = [path for path in found if not globs or any(path.match(glob) or _matches(path, glob) for glob in globs)]
    if not chosen:
        raise pytest.UsageError(f"streamdoctor({', '.join(map(repr, globs))}): no capture is called like that")
    return chosen


def _inside(root: Path, folder: str) -> Iterable[Path]:
    path = root / folder
    inside = path.rglob("*") if path.is_dir() else root.glob(folder)
    return (one for one in inside if one.name.endswith(_CAPTURE_SUFFIXES))


def _matches(path: Path, glob: str) -> bool:
    return Path(_short(path)).match(glob)


def _short(path: Path) -> str:
    return path.name.partition(".capture.jsonl")[0]


@pytest.fixture
def capture(request: pytest.FixtureRequest) -> CaptureFile:
    """Each capture of the folder in the ini option `streamdoctor_captures`, one a test."""
    path: Path = request.param
    if request.config.getoption("--streamdoctor-record"):
        _record_again(request.config, path)
    return CaptureFile(Path(os.path.relpath(path)) if path.is_relative_to(Path.cwd()) else path)


_RECORDED = pytest.StashKey[set[Path]]()


def _record_again(config: pytest.Config, path: Path) -> None:
    """Once a session."""
    from streamdoctor.errors import StreamdoctorError
    from streamdoctor.record.again import record_again

    known = config.stash.setdefault(_RECORDED, set())
    if path not in known:
        known.add(path)
        try:
            record_again(path, os.environ)
        except StreamdoctorError as error:
            pytest.fail(f"{error}\n  {error.hint}" if error.hint else str(error), pytrace=False)


@pytest.fixture
def replay_server(request: pytest.FixtureRequest) -> Iterator[Callable[..., ReplayServer]]:
    """A function that starts a fake upstream, on loopback until the test ends: `replay_server(capture, speed=1).url`.
    Arguments are those of `streamdoctor.testing.replay_server`."""
    from streamdoctor.testing import replay_server as start

    with ExitStack() as running:
        yield lambda *args, **options: running.enter_context(start(*args, **options))


# --- how tests are marked


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    options = _marked(item)
    chosen = "capture" in getattr(item, "fixturenames", ())
    if not options and not chosen:
        return (yield)
    from streamdoctor.testing import NothingThere, defaults

    try:
        with defaults(**options):
            return (yield)
    except NothingThere as nothing:
        if not chosen:
            raise
        pytest.skip(str(nothing))


def _marked(item: pytest.Item) -> dict[str, Any]:
    """What the marker says, and what the command line says instead."""
    options: dict[str, Any] = {}
    for mark in reversed(list(item.iter_markers("streamdoctor"))):
        unknown = mark.kwargs.keys() - {"splits", "rephrase", "faults", "prove"}
        if unknown:
            raise pytest.UsageError(f"streamdoctor({', '.join(sorted(unknown))}=...): there is no such option")
        names = {"splits": "split", "rephrase": "rephrase", "faults": "fault", "prove": "prove"}
        options |= {names[name]: value for name, value in mark.kwargs.items()}
    splits, seed = item.config.getoption("--streamdoctor-splits"), item.config.getoption("--streamdoctor-seed")
    if splits is not None:
        options["split"] = splits
    if seed is not None:
        options["seed"] = seed
    return options


# --- cases


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    return CaseFile.from_parent(parent, path=file_path) if file_path.name.endswith(CASE_SUFFIX) else None


class CaseFile(pytest.File):
    """One `NAME.case.json`, as `streamdoctor minimise` writes it."""

    def collect(self) -> Iterator[pytest.Item]:
        try:
            case = json.loads(self.path.read_text(encoding="utf-8"))
            if case["schema"] != "streamdoctor.case/1":
                raise ValueError(f"its schema is {case['schema']}: that needs another streamdoctor")
            needed = {name: case[name] for name in ("capture", "parser", "split", "rule", "summary")}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise self.CollectError(f"{self.path}: this is no case of streamdoctor: {error!r}") from None
        name = self.path.name.removesuffix(CASE_SUFFIX)
        yield CaseItem.from_parent(self, name=name, case={**case, **needed})


class CaseItem(pytest.Item):
    """Fails as long as the parser still does what the case shows."""

    def __init__(self, *, case: dict[str, Any], **more: Any) -> None:
        super().__init__(**more)
        self.case = case

    def runtest(self) -> None:
        from streamdoctor.testing import check_case

        check_case(self.path, self._parser())

    def _parser(self) -> str:
        """The reference, with a file where it is: seen from here, from the root, or beside the case."""
        ref = str(self.case["parser"])
        file, colon, name = ref.rpartition(":")
        if colon and file.endswith(".py") and not Path(file).is_file():
            for folder in (self.config.rootpath, self.path.parent):
                if (folder / file).is_file():
                    return f"{folder / file}:{name}"
        return ref

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        from streamdoctor.errors import StreamdoctorError

        if excinfo.errisinstance(AssertionError):
            return str(excinfo.value)
        if isinstance(excinfo.value, StreamdoctorError):
            return f"{excinfo.value}" + (f"\n  {excinfo.value.hint}" if excinfo.value.hint else "")
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, f"{self.case['rule']}: {self.case['summary']}"
