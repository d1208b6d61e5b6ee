"""Places: what can change outside a parser, read by label, noted, and compared with what it was.

Contents are compared by identity, immutable built-ins by type and value; no code of the parser's runs.
"""

from __future__ import annotations

import abc
import sys
import types
from collections import defaultdict
from collections.abc import Callable, Iterator
from operator import is_
from typing import Any, NamedTuple

from streamdoctor.suite.listed import ATOMS, slots_of, trusted_module

_dump = vars(abc)["_get_dump"]


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


_WRITTEN_BY_IMPORT = frozenset({"__builtins__", "__cached__", "__file__", "__loader__", "__path__", "__spec__"})


def module_parts(module: types.ModuleType) -> dict[str, Any]:
    """What stands in a module, but for what importing it wrote there and modules inside it."""
    names = {
        name: value
        for name, value in vars(module).items()
        if name not in _WRITTEN_BY_IMPORT and type(value) is not types.ModuleType
    }
    return {**names, "its class": type(module)}


def object_parts(value: Any) -> dict[str, Any]:
    """Of a plain object, and its class, which may be written to."""
    return {**parts_of(value), "its class": type(value)}


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
    """The label of the first part that is not as it was; MISSING where all are."""
    if [*before] == [*after] and all(map(is_, before.values(), after.values())):
        return MISSING
    if list(before) != list(after):
        return next(iter([*(after.keys() - before.keys()), *(before.keys() - after.keys()), *after]))
    return next((label for label in before if not same_value(before[label], after[label])), MISSING)


def contents(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return MISSING


def contents_of(value: Any) -> dict[Any, Any]:
    """What a container holds, in its order."""
    if isinstance(value, bytearray):
        return {0: bytes(value)}
    if isinstance(value, dict | types.MappingProxyType):
        pairs = {i: part for i, pair in enumerate(value.items()) for part in [pair]}
        return {**pairs, "default": value.default_factory} if isinstance(value, defaultdict) else pairs
    return dict(enumerate(value))


WRAPPED = ("fget", "fset", "fdel", "__func__", "func", "args", "keywords")
"""Attributes of descriptors and partials that are called, or handed on."""


def wrapper_parts(value: Any) -> dict[str, Any]:
    """What a descriptor or a partial holds, with what was written beside it."""
    parts = {name: getattr(value, name) for name in (*WRAPPED, "__doc__") if hasattr(type(value), name)}
    return {**parts, **dict_of(value)}


def class_parts(cls: type) -> dict[str, Any]:
    """What stands in a class, and what it is called and derived from."""
    names = {"__name__": cls.__name__, "__qualname__": cls.__qualname__, "__bases__": cls.__bases__, "class": type(cls)}
    registered = {"register()": len(_dump(cls)[0])} if "_abc_impl" in vars(cls) else {}
    return {**vars(cls), **names, **registered}


def function_parts(function: types.FunctionType) -> dict[str, Any]:
    return {
        "name": function.__name__,
        "qualified name": function.__qualname__,
        "module": function.__module__,
        "docstring": function.__doc__,
        "annotations": tuple(function.__annotations__.items()) if sys.version_info < (3, 14) else (),
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


def cells_of(function: types.FunctionType) -> dict[str, types.CellType]:
    return dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))


def closure_value(function: types.FunctionType, name: str) -> Any:
    """What a closure variable holds; MISSING where there is none."""
    cell = cells_of(function).get(name)
    return MISSING if cell is None else contents(cell)


def trusted_globals(function: types.FunctionType) -> bool:
    """Does the function really stand in a module that is trusted?"""
    name = function.__globals__.get("__name__", "")
    return trusted_module(name) and getattr(sys.modules.get(name), "__dict__", None) is function.__globals__
