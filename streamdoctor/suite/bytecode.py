"""What the code of a function reaches and writes to, by its instructions.

Conditions (a), (b) and (e) of a proof (JUDGING). A world (`suite.reach`) is told each thing that code names, and which
attributes it writes. Names that code makes up as it runs cannot be seen here: then every write is possible.
"""

from __future__ import annotations

import builtins
import dis
import importlib
import re
import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from streamdoctor.suite.identity import may_be_equal_values
from streamdoctor.suite.listed import (
    NAMING,
    REFUSED_ATTRIBUTES,
    REFUSED_BUILTINS,
    WRITABLE_NAMES,
    WRITING_ATTRIBUTES,
    WRITING_BUILTINS,
    trusted_module,
)
from streamdoctor.suite.places import MISSING

MORE = ": what comes out may depend on more than the bytes"

_WORDS = re.compile(r"\w+")
_ATTRIBUTE = ("LOAD_ATTR", "LOAD_METHOD")
_LOADS = (*_ATTRIBUTE, "LOAD_SUPER_ATTR", "LOAD_SUPER_METHOD")
_COPIES = ("COPY", "DUP_TOP")
_STORES = ("STORE_ATTR", "DELETE_ATTR")
_SILENT = ("CACHE", "PUSH_NULL", "EXTENDED_ARG", "NOP")
_VIEWS = frozenset({"keys", "items"})
_SETS = ("BUILD_SET", "SET_ADD", "SET_UPDATE")
_OF_DATACLASS = "__dataclass_builtins_object__"

Instructions = Sequence[dis.Instruction]


@dataclass
class Writes:
    """The attributes that code may write: `names` of anything, `others` of what is not the instance whose method it is;
    `anything` where their names cannot be known. `read` are all that it names."""

    names: set[str] = field(default_factory=set)
    others: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    anything: bool = False


class Hears(Protocol):
    """The world, as far as code is read for it."""

    sets: bool
    writes: Writes

    def visit(self, value: Any, name: str) -> None: ...
    def refuse(self, why: str) -> None: ...
    def assume(self, words: str) -> None: ...
    def note_global(self, space: dict[str, Any], name: str) -> None: ...


class CodeReader:
    """Reads one function and the code inside it. `method`: is its first argument an instance of the class it is in?"""

    def __init__(self, world: Hears, function: types.FunctionType, *, method: bool) -> None:
        self._world, self._function, self._where = world, function, function.__qualname__
        self._method = method
        self._modules: dict[str, Any] = {}
        """Modules by the local names that they were imported under."""

    def read(self) -> None:
        self._read(self._function.__code__, frozenset(self._function.__code__.co_freevars), method=self._method)

    def _read(self, code: types.CodeType, outer: frozenset[str], *, method: bool) -> None:
        """`outer`: the closure variables that outlive a call."""
        instructions = [one for one in dis.get_instructions(code) if one.opname not in _SILENT]
        self._import(instructions)
        own = code.co_varnames[0] if method and code.co_argcount and not _stored(instructions, code) else None
        for at, one in enumerate(instructions):
            self._one(instructions, at, outer, own)
            if one.opname == "IS_OP" and may_be_equal_values(self._function, instructions[:at]):
                self._world.assume(f"{self._where} tells no equal values apart with `is`")
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                self._read(constant, outer & frozenset(constant.co_freevars), method=False)
            else:
                self._constant(constant)

    def _one(self, instructions: Instructions, at: int, outer: frozenset[str], own: str | None) -> None:
        one, before = instructions[at], instructions[:at]
        following = iter(instructions[at + 1 :])
        name, world = one.argval, self._world
        if one.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            self._global(name, following)
        elif one.opname.startswith(("LOAD_FAST", "LOAD_DEREF")) and _last(name) in self._modules:
            self._attribute(self._modules[_last(name)], _last(name), following)
        elif one.opname in ("STORE_GLOBAL", "DELETE_GLOBAL"):
            world.refuse(f"hidden state in module global {name}, written by {self._where}")
        elif one.opname in ("STORE_DEREF", "DELETE_DEREF") and name in outer:
            world.refuse(f"hidden state in closure variable {name}, written by {self._where}")
        elif one.opname in _STORES:
            self._store(name, before, own)
        elif one.opname in _LOADS:
            self._load(name, before)
        elif one.opname in _SETS or _orders_by_hash(one, self._function.__code__, following):
            world.sets = True

    def _store(self, name: str, before: Instructions, own: str | None) -> None:
        writes = self._world.writes
        writes.names.add(name)
        if own is None or _owner(before, name) != own:
            writes.others.add(name)
        if name.startswith("__") and name.endswith("__"):
            writes.anything = True
            if name not in WRITABLE_NAMES:
                self._world.refuse(f"{self._where} writes {name}{MORE}")

    def _load(self, name: str, before: Instructions) -> None:
        self._world.writes.read.add(name)
        if name in NAMING:
            self._assume_names()
        if name in REFUSED_ATTRIBUTES:
            self._world.refuse(f"{name} reached from {self._where}{MORE}")
        if name in WRITING_ATTRIBUTES and before[-1].argval != _OF_DATACLASS and not self._frozen():
            self._world.writes.anything = True

    def _assume_names(self) -> None:
        self._world.assume(f"{self._where} asks getattr() for nothing that leads out of the parser")

    def _frozen(self) -> bool:
        """Is this what a frozen dataclass got to refuse writes with?"""
        generated = self._function.__code__.co_filename == "<string>"
        return generated and self._function.__name__ in ("__setattr__", "__delattr__")

    def _constant(self, constant: Any) -> None:
        """A name that code may hand to getattr() or its like."""
        if isinstance(constant, tuple | frozenset):
            for part in constant:
                self._constant(part)
        elif isinstance(constant, str):
            for word in REFUSED_ATTRIBUTES.intersection(_WORDS.findall(constant)):
                self._world.refuse(f"{word} named in {self._where}{MORE}")
            writes = self._world.writes
            writes.read.add(constant)
            writes.anything = writes.anything or constant in WRITING_ATTRIBUTES

    def _global(self, name: str, following: Iterator[dis.Instruction]) -> None:
        space = self._function.__globals__
        if name in NAMING and name != "getattr":
            self._assume_names()
        if name in space:
            self._world.note_global(space, name)
            self._attribute(space[name], f"module global {name}", following)
            return
        writes = self._world.writes
        writes.anything = writes.anything or name in WRITING_BUILTINS
        if name == "getattr" and not _of_a_constant(following):
            self._assume_names()
        if name not in REFUSED_BUILTINS:
            self._world.visit(_builtin(self._function, name), f"function {self._where}")
        elif (name, self._function.__name__) != ("hash", "__hash__"):
            self._world.refuse(f"{name}() reached from {self._where}{MORE}")

    def _attribute(self, value: Any, path: str, following: Iterator[dis.Instruction]) -> None:
        """Visits `value`; of a module, the attribute that code goes on to."""
        while issubclass(type(value), types.ModuleType):
            attribute = next(following, None)
            if attribute is None or attribute.opname not in _ATTRIBUTE:
                self._world.refuse(f"module {value.__name__} used as a value in {self._where}")
                return
            if trusted_module(value.__name__):
                self._world.visit(value, path)
            elif attribute.argval not in vars(value):
                made = f"{value.__name__}.{attribute.argval}, which is made when it is asked for"
                self._world.refuse(f"{made}, in {self._where}")
            value = vars(value).get(attribute.argval, MISSING)
            path = f"{path}.{attribute.argval}"
        self._world.visit(value, f"{path} in {self._where}")

    # --- imports inside a function

    def _import(self, instructions: Instructions) -> None:
        module: Any = None
        value: Any = None
        for one in instructions:
            if one.opname == "IMPORT_NAME":
                value = module = self._imported(one.argval)
            elif one.opname == "IMPORT_FROM" and module is not None:
                value = vars(module).get(one.argval, MISSING)
                self._world.visit(value, f"an import in {self._where}")
            elif one.opname in ("STORE_FAST", "STORE_DEREF") and issubclass(type(value), types.ModuleType):
                self._modules[one.argval] = value
                value = None
            elif one.opname not in ("SWAP", "ROT_TWO"):
                value = None

    def _imported(self, name: str) -> Any:
        if not trusted_module(name):
            self._world.refuse(f"module {name} imported by {self._where}{MORE}")
            return None
        module = importlib.import_module(name)
        self._world.visit(module, f"an import in {self._where}")
        return module


def _owner(before: Instructions, name: str) -> Any:
    """The variable whose attribute is written; None where it is no variable. `x.a += 1` loads x first, and the value
    last."""
    loads = before[-1:]
    if before[-1].opname in ("SWAP", "ROT_TWO"):
        copied = [at for at, one in enumerate(before) if one.opname in _ATTRIBUTE and one.argval == name]
        loads = before[copied[-1] - 2 : copied[-1] - 1] if copied and before[copied[-1] - 1].opname in _COPIES else ()
    return _last(loads[0].argval) if loads and loads[0].opname.startswith("LOAD_FAST") else None


def _of_a_constant(following: Iterator[dis.Instruction]) -> bool:
    """Is the name that getattr() is asked for a constant, with at most a default behind it? Then it was looked at."""
    loaded = next(following, None)
    if loaded is None or not loaded.opname.startswith("LOAD_") or isinstance(loaded.argval, tuple):
        return False
    after = [one.opname for one in following if one.opname not in (*_ATTRIBUTE, "PRECALL")][:3]
    called = after[1:2] == ["CALL"] or (after[1:2] != [] and after[1].startswith("LOAD_") and after[2:] == ["CALL"])
    return after[:1] == ["LOAD_CONST"] and called


def _stored(instructions: Instructions, code: types.CodeType) -> bool:
    """Is the first argument given another value?"""
    return any(one.opname.startswith("STORE_FAST") and code.co_varnames[0] in _all(one.argval) for one in instructions)


def _all(names: Any) -> tuple[Any, ...]:
    return names if isinstance(names, tuple) else (names,)


def _last(names: Any) -> Any:
    """Of an instruction that loads two variables at once, the one on top."""
    return _all(names)[-1]


def _orders_by_hash(one: dis.Instruction, code: types.CodeType, following: Iterator[dis.Instruction]) -> bool:
    """A frozen set that is not only asked what it contains, or the difference of two views of dicts."""
    if one.opname == "LOAD_CONST" and isinstance(one.argval, frozenset):
        after = next(following, None)
        return after is None or after.opname != "CONTAINS_OP"
    views = not _VIEWS.isdisjoint(code.co_names)
    return views and one.opname == "BINARY_OP" and one.argrepr.rstrip("=") in ("&", "|", "^", "-")


def _builtin(function: types.FunctionType, name: str) -> Any:
    own: dict[str, Any] = getattr(function, "__builtins__", {})
    return own.get(name, getattr(builtins, name, MISSING))
