"""What sort of value stands in a parser's state: how it is frozen, what it is made of, and what it is called."""

from __future__ import annotations

import enum
import functools
import types
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from streamdoctor.suite.listed import ATOMS, BUFFERS, MUTABLE, OPAQUE, is_plain, standard_class
from streamdoctor.suite.places import MISSING, parts_of
from streamdoctor.suite.reach import NATIVE


def sort_of(value: Any) -> str:
    """How a value of a parser's state is frozen: as `code` (by identity), `instance`, `buffer`, a built-in, or not."""
    cls = type(value)
    if cls in MUTABLE or cls in (tuple, frozenset):
        return "container"
    if cls in BUFFERS:
        return "buffer"
    if cls in (types.MethodType, functools.partial):
        return "bound"
    if issubclass(type(value), types.BuiltinFunctionType):
        owner = value.__self__
        return "code" if owner is None or isinstance(owner, type | types.ModuleType) else "bound"
    if issubclass(type(value), enum.Flag):
        return "flag"
    if cls in OPAQUE or (cls.__module__ == "typing" and standard_class(cls)) or issubclass(type(value), _CODE_TYPES):
        return "code"
    if issubclass(type(value), tuple):
        whole = cls.__basicsize__ == tuple.__basicsize__ and not cls.__dictoffset__
        return "tuple" if whole and vars(tuple)["__eq__"] is cls.__eq__ else "native"
    return "instance" if is_plain(cls) and not hasattr(cls, "__next__") else "native"


_CODE_TYPES = (type, types.FunctionType, types.ModuleType, enum.Enum, property, staticmethod, classmethod, *NATIVE)


def labelled_parts(value: Any, kind: str) -> Iterator[tuple[str, Any]]:
    """What a value of that sort holds, each part with what its path goes on with: `.rest`, `[2]`, ` (bound to)`."""
    if kind == "instance":
        yield from ((f".{name}", part) for name, part in parts_of(value).items() if part is not MISSING)
    elif issubclass(type(value), dict):
        if type(value) is defaultdict:
            yield " (default)", value.default_factory
        yield from ((" (a key)", name) for name in value)
        yield from ((f"[{name!r}]" if type(name) in (str, int) else "[...]", part) for name, part in value.items())
    elif kind in ("container", "tuple") and not issubclass(type(value), bytearray):
        yield from ((f"[{i}]", part) for i, part in enumerate(value))
    elif issubclass(type(value), types.MethodType):
        yield from (("", value.__func__), (" (bound to)", value.__self__))
    elif issubclass(type(value), functools.partial):
        yield from (("", value.func), (" (arguments)", value.args), (" (keywords)", value.keywords))
    elif kind == "bound":
        yield " (bound to)", value.__self__


def described(value: Any) -> str:
    """What cannot be frozen, in the words of a refusal."""
    cls = type(value)
    if issubclass(type(value), types.GeneratorType | types.CoroutineType | types.AsyncGeneratorType):
        return f"a {cls.__name__}, whose frame cannot be frozen,"
    if hasattr(cls, "__next__"):
        return f"an iterator, {cls.__qualname__},"
    bases = [base for base in cls.__mro__[1:-1] if not base.__flags__ & 1 << 9]
    if bases:
        return f"{cls.__qualname__}, a subclass of the built-in {bases[0].__name__},"
    return f"a native object of type {cls.__qualname__}"


def likeness(part: Any) -> Any:
    """Equal for what does the same: an atom by its value, a method of a built-in by its owner, all else by identity."""
    if type(part) in ATOMS:
        return told_apart(part)
    return (id(part.__self__), part.__name__) if type(part) is types.BuiltinFunctionType else id(part)


def told_apart(part: Any) -> tuple[type, Any]:
    """An atom so that nothing equals it but what is the same: 1 is not 1.0, 0.0 not -0.0."""
    return type(part), part.hex() if type(part) is float else part
