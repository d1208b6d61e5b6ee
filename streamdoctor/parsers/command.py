"""A parser in any language: a command that reads frames and writes JSON lines (DESIGN section 5).

In: a piece is its length as u32, big-endian, then its bytes; length 0 is the end of the stream, 0xFFFFFFFF a reset.
Out, a JSON object a line: {"event": ITEM}, {"ask": true} before each read of a frame, {"done": true} when it is over by
itself or with the stream, {"error": "what was wrong"} (and "at": "file:line", if it knows that). A process that asks
once more after "done" or "error" is given the next case; another is ended, and started anew. One that never asks is
judged on content only.
"""

from __future__ import annotations

import json
import os
import resource
import select
import shlex
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple

from streamdoctor.errors import UsageError
from streamdoctor.parsers.shapes import Unfit
from streamdoctor.visible import safe_text, shorten

PREFIX = "$ "
"""A reference that begins so is a command."""
SHIMS = {"node": Path(__file__).parent / "shims" / "node.mjs"}
"""What runs parsers of another language. In a command `shim:node` stands for its path, wherever this is installed."""
PROTOCOL = 'a line is {"event": ...}, {"ask": true}, {"done": true} or {"error": "..."}'

END, RESET = 0, 0xFFFFFFFF
_LENGTH = 4
_TRY_SECONDS = 20.0
_POLL = 0.05
_MOST_ERRORS = 1 << 20
"""Bytes on stderr that are kept from one case to the next."""
_BUSY = 0.05
"""A process that used more than this share of the waiting time computes."""


class Answer(NamedTuple):
    """What a command said at last, after its events: `detail` of an error, and where that was; or how its process
    ended."""

    kind: Literal["ask", "done", "error", "exit", "spinning", "blocked"]
    detail: str = ""
    where: str | None = None


@dataclass(frozen=True)
class Patience:
    """Seconds between two answers: of the command's CPU time, and of waiting while it uses none."""

    cpu: float = 5.0
    wall: float = 15.0

    @property
    def shorter(self) -> Patience:
        """With one that has not said a word in a longer time already."""
        return Patience(self.cpu / 5, self.wall / 5)

    @staticmethod
    def of(seconds: float) -> Patience:
        """For a time limit of so many seconds a case: less than our own child has."""
        return Patience(seconds, 3 * seconds)


@dataclass
class Command:
    """The command of `ref`; `asks` tells whether it takes frames in lockstep, `mute` that it does not answer, `spoke`
    that it wrote a line at all."""

    ref: str
    words: list[str]
    asks: bool = True
    mute: bool = False
    spoke: bool = False
    patience: Patience = field(default_factory=Patience)
    _process: Process | None = None

    @staticmethod
    def of(ref: str) -> Command:
        """Tries the command on a stream that ends at once. Raises UsageError where it cannot be started."""
        made = Command(ref, words_of(ref))
        process = made.process()
        said: list[Any] = []
        try:
            first = process.answer(said.append, Patience(_TRY_SECONDS, _TRY_SECONDS), until_end=True)
        finally:
            made.drop()
        made.asks = first.kind == "ask"
        made.spoke = process.spoke
        made.mute = first.kind in ("spinning", "blocked") and not said
        if first.kind == "error" or (first.kind == "exit" and first.detail):
            hint = None if first.kind == "exit" and ": " in first.detail else PROTOCOL
            raise UsageError(f"parser {ref!r} does not start: {safe_text(first.detail)}", hint=hint)
        return made

    def answer(self, process: Process, collect: Callable[[Any], None]) -> Answer:
        """What `process` says next, after its events."""
        answer = process.answer(collect, self.patience.shorter if self.mute else self.patience)
        self.spoke = self.spoke or process.spoke
        if answer.kind == "exit" and not answer.detail and not self.spoke:
            hint = f"{PROTOCOL}; for a JavaScript module it is `node shim:node FILE:EXPORT`"
            raise Unfit(f"parser {self.ref!r} ended with exit code 0 without a word about its first stream", hint=hint)
        self.mute = self.mute and answer.kind in ("spinning", "blocked")
        return answer

    def process(self) -> Process:
        """One for the next case: the last one, where it asks for more, or a new one."""
        if self._process is not None and not self._process.asks_again(self.patience):
            self.drop()
        if self._process is None:
            self._process = Process(self.ref, self.words)
        return self._process

    def drop(self) -> None:
        """Ends the process: the next case gets a new one."""
        if self._process is not None:
            self._process.end()
            self._process = None


def ref_of(command: str) -> str:
    """The reference for a command: the same on every machine, so far as it is ours."""
    for name, path in SHIMS.items():
        command = command.replace(str(path), f"shim:{name}")
    return PREFIX + command


def words_of(ref: str) -> list[str]:
    """The words of the command in `ref`. Raises UsageError where there is none, or a quote is not closed."""
    try:
        words = shlex.split(ref.removeprefix(PREFIX))
    except ValueError as error:
        raise UsageError(f"parser {ref!r} is no command: {error}") from None
    if not words:
        raise UsageError("--command wants a command", hint="for instance --command 'node parser.mjs'")
    shims = {f"shim:{name}": str(path) for name, path in SHIMS.items()}
    return [shims.get(word, word) for word in words]


class Process:
    """One running command."""

    def __init__(self, ref: str, words: list[str]) -> None:
        self._ref = ref
        self._errors: IO[bytes] = tempfile.TemporaryFile("a+b")  # noqa: SIM115 - it lives as long as the process
        try:
            self._process = subprocess.Popen(
                words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                bufsize=0,
                start_new_session=True,
                preexec_fn=_as_its_own_program,
            )
        except OSError as error:
            self._errors.close()
            raise UsageError(f"parser {ref!r} cannot be started: {words[0]}: {error.strerror}") from None
        self._buffer = b""
        self.spoke = False
        """It wrote a line of the protocol."""
        self._asked: Answer | None = None
        """What it said ahead, between two cases."""

    def send(self, piece: bytes) -> None:
        """A piece; where the process is gone, its answer will tell."""
        self._write(len(piece).to_bytes(_LENGTH, "big") + piece)

    def send_end(self, mark: int = END) -> None:
        """END or RESET."""
        self._write(mark.to_bytes(_LENGTH, "big"))

    def _write(self, data: bytes) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            left = memoryview(data)
            while left:
                left = left[self._process.stdin.write(left) or 0 :]

    def asks_again(self, patience: Patience) -> bool:
        """After a case: does it want another? Then it has asked for its first frame."""
        if os.fstat(self._errors.fileno()).st_size > _MOST_ERRORS:
            self._errors.truncate(0)
        if self._asked is None:
            self._asked = self.answer(lambda event: None, patience)
        return self._asked.kind == "ask"

    def answer(self, collect: Callable[[Any], None], patience: Patience, *, until_end: bool = False) -> Answer:
        """Hands its events to `collect` until it says something else. `until_end`: its input is closed before that.

        Raises UsageError for a line that is none of the protocol.
        """
        if until_end:
            self.send_end()
            self._close_input()
        if self._asked is not None:
            asked, self._asked = self._asked, None
            return asked
        while True:
            line = self._line(patience)
            if isinstance(line, Answer):
                return line
            message = self._parse(line)
            self.spoke = True
            if "event" in message:
                collect(message["event"])
            elif message.get("ask") is True:
                return Answer("ask")
            elif message.get("done") is True:
                return Answer("done")
            else:
                return Answer("error", str(message["error"]), _place(message.get("at")))

    def _parse(self, line: bytes) -> dict[str, Any]:
        with suppress(ValueError, RecursionError):
            message = json.loads(line)
            if isinstance(message, dict) and not {"event", "ask", "done", "error"}.isdisjoint(message):
                return message
        shown = shorten(safe_text(line.decode("utf-8", "replace")), 80)
        hint = f"{PROTOCOL}; what else there is to say goes to stderr"
        raise Unfit(f"parser {self._ref!r} wrote a line that says nothing: {shown}", hint=hint)

    def _line(self, patience: Patience) -> bytes | Answer:
        """The next line, or how the process ended or does not answer."""
        assert self._process.stdout is not None
        since, used = time.monotonic(), self._cpu()
        while b"\n" not in self._buffer:
            ready, _, _ = select.select([self._process.stdout], [], [], _POLL)
            if ready:
                data = os.read(self._process.stdout.fileno(), 1 << 16)
                if not data:
                    return self._exit()
                self._buffer += data
                continue
            waited, spent = time.monotonic() - since, self._cpu() - used
            if spent > patience.cpu:
                return Answer("spinning")
            if waited > patience.wall and spent < waited * _BUSY:
                return Answer("blocked")
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def _cpu(self) -> float:
        try:
            return time.clock_gettime((~self._process.pid << 3) | 2)
        except OSError:
            return 0.0

    def _exit(self) -> Answer:
        """`detail` is empty for an exit code of 0."""
        code = self._process.wait()
        if code == 0:
            return Answer("exit")
        self._errors.seek(max(self._errors.seek(0, os.SEEK_END) - 4096, 0))
        lines = [line.strip() for line in self._errors.read().decode("utf-8", "replace").splitlines() if line.strip()]
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return Answer("exit", f"{how}: {lines[-1]}" if lines else how)

    def _close_input(self) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()

    def end(self) -> None:
        """Ends it, whatever it does."""
        self._close_input()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._errors.close()


def _place(told: Any) -> str | None:
    """As the command tells it, on one line."""
    return shorten(safe_text(told), 80) if isinstance(told, str) and told else None


def _as_its_own_program() -> None:
    """Before it becomes the command: the memory limit of our child is not its own, but the end of our child is."""
    from streamdoctor.parsers.parentage import end_with_parent

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    end_with_parent()
