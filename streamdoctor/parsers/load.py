"""From a name on the command line to a parser: `package.module:name`, `path/to/file.py:name`, or a built-in name.

Loading runs the stranger's code, so it happens in the child that will run it. Whatever goes wrong is a UsageError that
says what and where.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, NoReturn

from streamdoctor.errors import UsageError
from streamdoctor.parsers.command import PREFIX, Command, words_of
from streamdoctor.parsers.libraries.decoders import DECODERS
from streamdoctor.parsers.libraries.library import Library
from streamdoctor.parsers.libraries.sdks import SDKS
from streamdoctor.parsers.reference import reference
from streamdoctor.parsers.shapes import Shape, find_shape
from streamdoctor.parsers.specimens import SPECIMENS, Specimen

FORMS = "package.module:name, path/to/file.py:name, or a built-in name (`streamdoctor parsers` lists them)"


Shapes = Callable[[str], Shape]
"""A parser, as a function from a framing to its shape."""


class Builtin(NamedTuple):
    """A parser that can be called by name: `load` imports what it takes and gives its shape by framing; one line on
    what it is; `dialects` are those that it is made for, None for any; `install` says what it takes where it is not
    installed here."""

    load: Callable[[], Shapes]
    summary: str
    kind: str
    dialects: tuple[str, ...] | None = None
    install: str | None = None


def _specimen(specimen: Specimen) -> Builtin:
    return Builtin(lambda: _always(find_shape(specimen.parser)), specimen.summary, "specimen")


def _library(name: str, library: Library) -> Builtin:
    missing = None if library.installed else f"pip install {library.install}"
    return Builtin(lambda: _always(library.shape(name)), library.summary, "library", library.dialects, missing)


def _always(shape: Shape) -> Shapes:
    return lambda framing: shape


OURS: dict[str, Builtin] = {
    "reference": Builtin(lambda: reference, "our own decoders, by the specification of each framing", "reference"),
    **{name: _specimen(specimen) for name, specimen in SPECIMENS.items()},
}
BUILTINS = OURS | {name: _library(name, library) for name, library in (DECODERS | SDKS).items()}


_LENT: dict[str, Any] = {}
"""Parsers that were given themselves, by the name that stands for each while it is on trial."""


@contextmanager
def lend(parser: Any) -> Iterator[str]:
    """A reference for `parser`, which is one already or the thing itself; good inside the `with` and in its forks."""
    if isinstance(parser, str):
        yield parser
        return
    ref = _name_of(parser)
    _LENT[ref] = parser
    try:
        yield ref
    finally:
        del _LENT[ref]


def _name_of(parser: Any) -> str:
    """`path/to/file.py:name`, which a shell can give as well; a description where it has no name of its own."""
    name = getattr(parser, "__qualname__", "") or type(parser).__qualname__
    path = getattr(inspect.getmodule(parser), "__file__", None)
    if path is None or not hasattr(parser, "__qualname__") or "<" in name:
        return f"({name})"
    shown = os.path.relpath(path)
    return f"{path if shown.startswith(os.pardir) else shown}:{name}"


def is_lent(ref: str) -> bool:
    """Is it an object of this process, or of the one that it was forked from?"""
    return ref in _LENT


def validate(ref: str) -> None:
    """Raises UsageError for what can be seen to be wrong without running anything."""
    if ref in _LENT:
        return
    if ref.startswith(PREFIX):
        words_of(ref)
        return
    module, colon, name = ref.rpartition(":")
    if not colon:
        if ref not in BUILTINS and _is_file(ref):
            _name_one_of(ref)
        if ref not in BUILTINS:
            near = get_close_matches(ref, BUILTINS, 1)
            raise UsageError(f"unknown parser {ref!r}", hint=f"did you mean {near[0]}?" if near else f"it is {FORMS}")
        if BUILTINS[ref].install is not None:
            raise UsageError(f"parser {ref!r} is not installed here", hint=BUILTINS[ref].install)
        return
    if not module or not name:
        raise UsageError(f"{ref!r} names no parser", hint=f"it is {FORMS}")
    if not _is_file(module) and Path(module).is_file():
        raise UsageError(f"parser {ref!r}: {module} is no Python file", hint="its name has to end in .py")
    if _is_file(module) and not Path(module).is_file():
        raise UsageError(f"parser {ref!r}: there is no file {module}")


def _name_one_of(file: str) -> NoReturn:
    """Raises UsageError with what a file without a name behind it defines. Runs nothing."""
    try:
        tree = ast.parse(Path(file).read_bytes())
    except FileNotFoundError:
        raise UsageError(f"parser {file!r}: there is no file {file}", hint=f"it is {FORMS}") from None
    except (OSError, SyntaxError, ValueError) as error:
        raise UsageError(f"parser {file!r} cannot be read as Python: {error}") from None
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    names = [one.name for one in tree.body if isinstance(one, kinds) and not one.name.startswith("_")]
    hint = (
        f"name one: {', '.join(f'{file}:{name}' for name in names[:8])}" if names else "it defines no class or function"
    )
    raise UsageError(f"parser {file!r} names a file, and nothing in it", hint=hint)


def builtin(ref: str) -> Builtin | None:
    """What is known of a parser that the package brings; None for a stranger's."""
    return BUILTINS.get(ref)


def prepare(ref: str) -> None:
    """Imports a published library here, once, so that none of the children to come has to. Runs no stranger's code."""
    found = BUILTINS.get(ref)
    if found is not None and found.install is None:
        found.load()


def load(ref: str) -> Shapes:
    """The parser that `ref` names. Runs the stranger's code."""
    validate(ref)
    if ref in BUILTINS:
        return BUILTINS[ref].load()
    if ref.startswith(PREFIX):
        return _always(Shape("command", Command.of(ref)))
    target = _LENT[ref] if ref in _LENT else _imported(ref)
    try:
        shape = find_shape(target)
    except UsageError as error:
        raise UsageError(f"parser {ref!r}: {error}", hint=error.hint) from None
    except Exception as error:
        raise UsageError(f"parser {ref!r} cannot be made: {_told(error)}") from None
    return _always(shape)


def _imported(ref: str) -> Any:
    module, _, name = ref.rpartition(":")
    target: Any = _import_file(ref, Path(module)) if _is_file(module) else _import_module(ref, module)
    for part in name.split("."):
        target = _attribute(ref, target, part)
    return target


def _is_file(module: str) -> bool:
    return module.endswith(".py") or os.sep in module


def _import_file(ref: str, path: Path) -> ModuleType:
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    spec = importlib.util.spec_from_file_location(f"streamdoctor_trial_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise UsageError(f"parser {ref!r}: {path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module
    return _guarded(ref, lambda: (spec.loader.exec_module(module), module)[1])  # type: ignore[union-attr]


def _import_module(ref: str, name: str) -> ModuleType:
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    return _guarded(ref, lambda: importlib.import_module(name))


def _guarded(ref: str, importing: Callable[[], ModuleType]) -> ModuleType:
    try:
        return importing()
    except (Exception, SystemExit) as error:
        raise UsageError(f"parser {ref!r} cannot be imported: {_told(error)}") from None


def _told(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "importlib" not in frame.filename and frame.filename != __file__]
    where = f" ({own[-1].filename}:{own[-1].lineno})" if own else ""
    return f"{type(error).__name__}: {error}{where}"


def _attribute(ref: str, target: Any, part: str) -> Any:
    try:
        return getattr(target, part)
    except AttributeError:
        own = [name for name in dir(target) if not name.startswith("_")]
        near = get_close_matches(part, own, 3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(own[:12])}" if own else None
        raise UsageError(f"parser {ref!r}: there is no {part!r} in it", hint=hint) from None
