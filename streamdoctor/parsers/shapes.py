"""The shapes of parsers, found by looking: DESIGN section 5.

An object with `feed` (and `close`), a function from an iterable of bytes to an iterator, and both again in async.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from streamdoctor.errors import UsageError

Kind = Literal["feed", "sync", "async", "look", "command"]
"""`look`: a plain function, whose result alone tells whether it is async; `command`: a program of its own."""


class Unfit(UsageError):
    """It is no parser after all, which shows only when it runs."""


ADAPTER = """\
class Adapter:                      # or: def parse(pieces): for piece in pieces: yield ...
    def __init__(self): self.parser = YourParser()
    def feed(self, piece): return self.parser.push(piece)       # bytes in, an iterable of items out
    def close(self): return self.parser.finish()                # what the end of the stream completes
    # items: str, bytes, a mapping, or an object with .data (.event or .type, .id)"""


COMMAND_ADAPTER = """\
// a command writes {"event": ITEM}: a string, or an object with data (and type, id); for `node shim:node FILE:Adapter`
export class Adapter {                         // or: export async function* parse(pieces) { for await (... of pieces) }
  parser = new YourParser();
  feed(piece) { return this.parser.push(piece); }               // a Uint8Array in, an iterable of items out
  close() { return this.parser.finish(); }                      // what the end of the stream completes
}"""


@dataclass(frozen=True)
class Shape:
    """How to start the parser: `make()` for kind "feed", `make(source)` for the others; a `Command` for "command"."""

    kind: Kind
    make: Any


def find_shape(target: Any) -> Shape:
    """The shape of `target`. Raises UsageError where it has none."""
    if not callable(target):
        raise UsageError(f"a {type(target).__name__} is no parser: it cannot be called", hint=ADAPTER)
    needed, optional = _positional(target)
    if needed and inspect.isclass(target) and hasattr(target, "feed"):
        raise UsageError(f"{target.__qualname__} has `feed`, but cannot be made without arguments", hint=ADAPTER)
    if needed > 1:
        raise UsageError(f"a parser takes no argument or one, the stream; this takes {needed}", hint=ADAPTER)
    if needed == 1:
        return Shape(_flavour(target), target)
    if hasattr(target, "feed") or hasattr(target(), "feed"):
        return Shape("feed", target)
    if optional:
        return Shape(_flavour(target), target)
    raise UsageError("what it makes has no `feed`, and it takes no stream", hint=ADAPTER)


def _positional(target: Callable[..., Any]) -> tuple[int, int]:
    """How many positional arguments `target` needs, and how many more it takes; one where it does not say."""
    try:
        parameters = inspect.signature(target).parameters.values()
    except (TypeError, ValueError):
        return 1, 0
    if any(p.kind is p.KEYWORD_ONLY and p.default is p.empty for p in parameters):
        raise UsageError("it needs a keyword argument", hint=ADAPTER)
    fixed = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    needed = sum(p.default is p.empty for p in fixed)
    return needed, len(fixed) - needed + any(p.kind is p.VAR_POSITIONAL for p in parameters)


def _flavour(target: Any) -> Kind:
    if inspect.isclass(target) and hasattr(target, "__aiter__") and not hasattr(target, "__iter__"):
        return "async"
    for function in (target, vars(type(target)).get("__call__")):
        if inspect.isasyncgenfunction(function) or inspect.iscoroutinefunction(function):
            return "async"
        if inspect.isgeneratorfunction(function):
            return "sync"
    return "look"
