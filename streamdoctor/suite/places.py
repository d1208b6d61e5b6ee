"""Places: what can change outside a parser, read by label, noted, and compared with what it was.

Contents are compared by identity, immutable built-ins by type and value; no code of the parser's runs.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import Any, NamedTuple

from streamdoctor.suite.listed import ATOMS, MUTABLE, UNREAD_CLASS_ATTRIBUTES, slots_of


class _Missing:
    """Stands for an empty cell or a name that is not bound."""


MISSING = _Missing()


class Place(NamedTuple):
    """Something outside the instance that can change: `read` gives its contents by label, `name` words a label."""

    owner: Any
    read: Callable[[], dict[Any, Any]]
    name: Callable[[Any], str]


class Names(NamedTuple):
    """Stands for those names in `space`, the globals of a module, that code uses."""

    space: dict[str, Any]


class Quick:
    """All data that is seen fast, side by side with what it was: containers, cells, and bindings that hold data."""

    def __init__(self, places: list[Place], noted: list[dict[Any, Any]]) -> None:
        self._live: list[Any] = []
        self._saved: list[Any] = []
        self._bindings: list[tuple[Callable[[Any], Any], Any, Any]] = []
        for place, contents in zip(places, noted, strict=True):
            owner = place.owner
            if type(owner) in MUTABLE:
                self._live.append(owner)
                self._saved.append(owner.copy())
            elif isinstance(owner, types.CellType):
                if type(contents[""]) in ATOMS:
                    self._live.append(owner)
                    self._saved.append(types.CellType(contents[""]))
            else:
                self._bind(owner, contents)

    def _bind(self, owner: Any, contents: dict[Any, Any]) -> None:
        """A class, the globals of a module, or an object: the names that hold data now."""
        space: Any = owner.space if isinstance(owner, Names) else getattr(owner, "__dict__", None)
        names = [
            name
            for name, value in contents.items()
            if name not in UNREAD_CLASS_ATTRIBUTES and (type(value) in ATOMS or type(value) in MUTABLE)
        ]
        names = [name for name in names if space is not None and name in space]
        if names:
            get = itemgetter(*names)
            self._bindings.append((get, space, get(space)))

    def same(self) -> bool:
        try:
            if self._live != self._saved:
                return False
            for get, space, saved in self._bindings:
                if get(space) != saved:
                    return False
        except Exception:
            return False
        return True


def parts_of(value: Any) -> dict[str, Any]:
    """The attributes and slots of a plain object, read without running code of its own."""
    parts = {d.__name__: _slot(d, value) for d in slots_of(type(value))}
    return {**parts, **dict_of(value)}


def dict_of(value: Any) -> dict[str, Any]:
    """The `__dict__` of an object, whatever its class says; empty where it has none."""
    for cls in type(value).__mro__:
        found = vars(cls).get("__dict__")
        if type(found) is types.GetSetDescriptorType:
            return found.__get__(value)  # type: ignore[no-any-return]
    return {}


def module_parts(module: types.ModuleType) -> dict[str, Any]:
    """What stands in a module, but for what importing it wrote there and modules inside it."""
    return {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("__") and type(value) is not types.ModuleType
    }


def _slot(descriptor: Any, value: Any) -> Any:
    try:
        return descriptor.__get__(value)
    except AttributeError:
        return MISSING


def same_value(a: Any, b: Any) -> bool:
    """The same object, or equal immutable built-ins of one type."""
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if type(a) is float:
        return bool(a.hex() == b.hex())
    if type(a) is tuple:
        return len(a) == len(b) and all(map(same_value, a, b))
    return type(a) in ATOMS and bool(a == b)


def first_change(before: dict[Any, Any], after: dict[Any, Any]) -> Any:
    if list(before) != list(after):
        return next(iter([*(after.keys() - before.keys()), *(before.keys() - after.keys()), *after]))
    return next((label for label in before if not same_value(before[label], after[label])), MISSING)


def contents(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return MISSING


def contents_of(value: Any) -> dict[Any, Any]:
    if isinstance(value, bytearray):
        return {0: bytes(value)}
    if isinstance(value, dict):
        return {i: part for i, pair in enumerate(value.items()) for part in [pair]}
    return dict(enumerate(value))


def class_parts(cls: type) -> dict[str, Any]:
    """What stands in a class, and what it is called and derived from; annotations with what they hold."""
    annotations = vars(cls).get("__annotations__") or {}
    names = {"__name__": cls.__name__, "__qualname__": cls.__qualname__, "__bases__": cls.__bases__}
    return {**vars(cls), **names, "__annotations__": tuple(annotations.items())}


def function_parts(function: types.FunctionType) -> dict[str, Any]:
    return {
        "name": (function.__name__, function.__qualname__),
        "docstring": function.__doc__,
        "code": function.__code__,
        "default argument": function.__defaults__,
        "keyword default": tuple((function.__kwdefaults__ or {}).items()),
        "closure": function.__closure__,
        "attribute": tuple(function.__dict__),
    }


def defaults(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    values = function.__defaults__ or ()
    count = function.__code__.co_argcount
    yield from zip(function.__code__.co_varnames[count - len(values) : count], values, strict=True)
    yield from (function.__kwdefaults__ or {}).items()


def globals_reader(space: dict[str, Any], names: list[str]) -> Callable[[], dict[Any, Any]]:
    return lambda: {name: space.get(name, MISSING) for name in names}
