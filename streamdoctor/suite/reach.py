"""The world around a parser: everything outside the instance that its code can reach, held to stay as it is.

JUDGING, conditions (a), (b) and (e) of a proof: classes, functions, defaults, closures and the module globals that code
names are visited; what they hold that can change is a *place*, whose contents are noted and compared again. Code that
reaches what depends on more than its arguments is refused by name. Cost: one visit; a quick look at an edge, an exact
one now and then.
"""

from __future__ import annotations

import builtins
import dis
import enum
import functools
import importlib
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

from streamdoctor.suite.identity import may_be_equal_values
from streamdoctor.suite.listed import (
    ATOMS,
    BUFFERS,
    CODERS,
    MAPPINGS,
    MUTABLE,
    OPAQUE,
    REFUSED_ATTRIBUTES,
    REFUSED_BUILTINS,
    REFUSED_FUNCTIONS,
    SEQUENCES,
    SPEAKING_MODULES,
    UNREAD_CLASS_ATTRIBUTES,
    is_plain,
    standard_module,
    trusted_module,
)
from streamdoctor.suite.places import (
    MISSING,
    Names,
    Place,
    Quick,
    class_parts,
    contents,
    contents_of,
    defaults,
    first_change,
    function_parts,
    globals_reader,
    module_parts,
    parts_of,
)

NATIVE = (
    types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType, types.MethodWrapperType,
    types.ClassMethodDescriptorType,
)  # fmt: skip
_ATTRIBUTE = ("LOAD_ATTR", "LOAD_METHOD")
_VIEWS = frozenset({"keys", "items"})
_SETS = ("BUILD_SET", "SET_ADD", "SET_UPDATE")

_MORE = ": what comes out may depend on more than the bytes"


class Refused(Exception):
    """No proof can be given, and why: the place by name."""


class World:
    """Visit everything, seal, then ask whether it changed. `by_name=False` refuses nothing, for testing the rest."""

    def __init__(self, *, by_name: bool = True) -> None:
        self.by_name = by_name
        self.sets = False
        """Can order depend on hashes?"""
        self.assumed: list[str] = []
        """What a proof would have to take on trust, in words."""
        self.sealed = False
        self.shared: dict[int, Any] = {}
        """Every mutable object out here, by identity: one world of them for all states of the parser."""
        self._known: dict[int, Any] = {}
        self._places: list[Place] = []
        self._globals: dict[int, tuple[dict[str, Any], list[str]]] = {}

    # --- visiting

    def admit(self, value: Any, path: str) -> None:
        """For code that stands in the parser's state at `path`. Raises Refused for what was not there at the start."""
        if id(value) in self._known:
            return
        before = len(self._places)
        self.visit(value, path)
        if self.sealed and len(self._places) > before and self.by_name:
            raise Refused(f"{_titled(value)} at {path} was made while the parser ran")

    def knows(self, value: Any) -> bool:
        return id(value) in self._known

    def visit(self, value: Any, name: str) -> None:
        """Notes `value`, found at `name`, and all that it reaches. Raises Refused."""
        if type(value) in ATOMS or id(value) in self._known:
            return
        self.sets = self.sets or value is set or value is frozenset or issubclass(type(value), set | frozenset)
        self._known[id(value)] = value
        for kinds, visit in _VISITS:
            if issubclass(type(value), kinds):
                getattr(self, visit)(value, name)
                return
        self._visit_object(value, name)

    def _refuse(self, why: str) -> None:
        if self.by_name:
            raise Refused(why)

    def _assume(self, words: str) -> None:
        if words not in self.assumed:
            self.assumed.append(words)

    def _visit_class(self, cls: type, name: str) -> None:
        if _is_standard(cls):
            if cls.__module__ != "builtins" and cls not in BUFFERS and not trusted_module(cls.__module__):
                self._refuse(f"{cls.__module__}.{cls.__qualname__} reached from {name}{_MORE}")
            return
        self.visit(type(cls), f"the metaclass of {cls.__qualname__}")
        for base in cls.__mro__[1:]:
            self.visit(base, f"class {cls.__qualname__}")
        self._place(cls, lambda: class_parts(cls), lambda label: f"class attribute {cls.__qualname__}.{label}")
        for label, value in list(vars(cls).items()):
            self._visit_member(cls, label, value)

    def _visit_member(self, cls: type, label: str, value: Any) -> None:
        if label == "__del__":
            self._refuse(f"{cls.__qualname__}.__del__ runs whenever a copy is dropped")
        if label in ("__dict__", "__class__") and type(value) is not types.GetSetDescriptorType:
            self._refuse(f"{cls.__qualname__} has a {label} of its own")
        if label not in UNREAD_CLASS_ATTRIBUTES:
            self.visit(value, f"class attribute {cls.__qualname__}.{label}")

    def _visit_function(self, function: types.FunctionType, name: str) -> None:
        sets = self.sets
        self._visit_function_parts(function, name)
        if _trusted_globals(function):
            self.sets = sets

    def _visit_function_parts(self, function: types.FunctionType, name: str) -> None:
        where = function.__qualname__
        cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
        self._place(function, lambda: function_parts(function), lambda label: f"{label} of function {where}")
        if function.__dict__:
            self._place(function.__dict__, function.__dict__.copy, lambda label: f"attribute {label} of {where}")
        for variable, cell in cells.items():
            if _trusted_globals(function):
                self.visit(contents(cell), f"closure variable {variable} of {where}")
            else:
                self._visit_cell(cell, f"closure variable {variable} of {where}")
        for parameter, value in defaults(function):
            self.visit(value, f"default argument {parameter} of {where}")
        for value in function.__dict__.values():
            self.visit(value, f"an attribute of {where}")
        if not _trusted_globals(function):
            self._visit_code(function, function.__code__, frozenset(cells))
        elif id(function) in REFUSED_FUNCTIONS:
            self._refuse(f"{REFUSED_FUNCTIONS[id(function)]} reached from {name}{_MORE}")

    def _visit_cell(self, cell: types.CellType, name: str) -> None:
        if id(cell) not in self._known:
            self._known[id(cell)] = cell
            self._place(cell, lambda: {"": contents(cell)}, lambda label: name)
            self.visit(contents(cell), name)

    def _visit_wrapped(self, value: Any, name: str) -> None:
        self.visit(value.__func__, name)

    def _visit_method(self, value: types.MethodType, name: str) -> None:
        self.visit(value.__func__, name)
        self.visit(value.__self__, f"what {value.__func__.__qualname__} is bound to")

    def _visit_property(self, value: property, name: str) -> None:
        for part in (value.fget, value.fset, value.fdel):
            self.visit(part, name)

    def _visit_cached(self, value: functools.cached_property[Any], name: str) -> None:
        self.visit(value.func, name)

    def _visit_partial(self, value: functools.partial[Any], name: str) -> None:
        for part in (value.func, *value.args, *value.keywords.values()):
            self.visit(part, name)

    def _visit_native(self, value: Any, name: str) -> None:
        owner = getattr(value, "__self__", None) if issubclass(type(value), types.BuiltinFunctionType) else None
        if id(value) in REFUSED_FUNCTIONS:
            self._refuse(f"{REFUSED_FUNCTIONS[id(value)]} reached from {name}{_MORE}")
        elif owner is None or isinstance(owner, types.ModuleType):
            module = owner.__name__ if owner is not None else _module_of(value)
            if module == "builtins" and value.__name__ in REFUSED_BUILTINS:
                self._refuse(f"{value.__name__}() reached from {name}{_MORE}")
            elif module != "builtins" and not trusted_module(module):
                self._refuse(f"native {module}.{value.__name__} reached from {name}{_MORE}")
        else:
            self.visit(owner, f"the owner of {name}")

    def _visit_module(self, module: types.ModuleType, name: str) -> None:
        if not trusted_module(module.__name__):
            self._refuse(f"module {module.__name__} reached from {name}{_MORE}")
        if module.__name__ in SPEAKING_MODULES:
            self._assume(f"{module.__name__} changes nothing that comes out")
        self._places.append(Place(None, lambda: module_parts(module), lambda label: f"{module.__name__}.{label}"))

    def _visit_container(self, value: Any, name: str) -> None:
        if type(value) in MUTABLE:
            self._place(value, lambda: contents_of(value), lambda label: name)
        if issubclass(type(value), bytearray):
            return
        if type(value) not in MAPPINGS and type(value) not in SEQUENCES and not issubclass(type(value), tuple):
            self._refuse(f"a subclass of a built-in, {type(value).__qualname__}, at {name}")
        if issubclass(type(value), tuple):
            self.visit(type(value), name)
        for part in [*value, *(value.values() if hasattr(value, "values") else ())]:
            self.visit(part, name)

    def _visit_object(self, value: Any, name: str) -> None:
        cls = type(value)
        if cls in CODERS:
            self._visit_parts(value, name, unread=CODERS[cls])
        elif cls in OPAQUE or cls.__module__ == "typing" or value is MISSING:
            if cls.__module__ in SPEAKING_MODULES:
                self._assume(f"{cls.__module__} changes nothing that comes out")
        elif hasattr(cls, "__next__") or hasattr(cls, "__anext__"):
            self._refuse(f"an iterator, {cls.__qualname__}, at {name}")
        elif not is_plain(cls) and not issubclass(type(value), enum.Enum):
            self._refuse(f"a native object of type {cls.__qualname__} at {name}")
        else:
            self.visit(cls, name)
            self._visit_parts(value, name)

    def _visit_parts(self, value: Any, name: str, unread: frozenset[str] = frozenset()) -> None:
        self._place(value, lambda: parts_of(value), lambda label: f"attribute {label} of {name}")
        for label, part in parts_of(value).items():
            if label not in unread:
                self.visit(part, f"attribute {label} of {name}")

    # --- what code names

    def _visit_code(self, function: types.FunctionType, code: types.CodeType, outer: frozenset[str]) -> None:
        """`outer`: the closure variables that outlive a call."""
        instructions = list(dis.get_instructions(code))
        for at, one in enumerate(instructions):
            following = (i for i in instructions[at + 1 :] if i.opname not in ("CACHE", "PUSH_NULL"))
            self._visit_instruction(function, one, following, outer)
            if one.opname == "IS_OP" and may_be_equal_values(function, instructions[:at]):
                self._assume(f"{function.__qualname__} tells no equal values apart with `is`")
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                self._visit_code(function, constant, outer & frozenset(constant.co_freevars))

    def _visit_instruction(
        self,
        function: types.FunctionType,
        one: dis.Instruction,
        following: Iterator[dis.Instruction],
        outer: frozenset[str],
    ) -> None:
        where, name = function.__qualname__, one.argval
        if one.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            self._visit_global(function, name, following)
        elif one.opname in ("STORE_GLOBAL", "DELETE_GLOBAL"):
            self._refuse(f"hidden state in module global {name}, written by {where}")
        elif one.opname in ("STORE_DEREF", "DELETE_DEREF") and name in outer:
            self._refuse(f"hidden state in closure variable {name}, written by {where}")
        elif one.opname == "IMPORT_NAME":
            self._visit_import(name, where)
        elif one.opname in _ATTRIBUTE and name in REFUSED_ATTRIBUTES:
            self._refuse(f"{name} reached from {where}{_MORE}")
        elif one.opname in _SETS or _orders_by_hash(one, function.__code__, following):
            self.sets = True

    def _visit_global(self, function: types.FunctionType, name: str, following: Iterator[dis.Instruction]) -> None:
        where = function.__qualname__
        space = function.__globals__
        if name not in space:
            value = _builtin(function, name)
            if name not in REFUSED_BUILTINS or (name == "hash" and function.__name__ == "__hash__"):
                self.visit(value, f"function {where}")
            else:
                self._refuse(f"{name}() reached from {where}{_MORE}")
            return
        names = self._globals.setdefault(id(space), (space, []))[1]
        if name not in names:
            names.append(name)
        value = space[name]
        path = f"module global {name}"
        while issubclass(type(value), types.ModuleType):
            attribute = next(following, None)
            if attribute is None or attribute.opname not in _ATTRIBUTE:
                self._refuse(f"module {value.__name__} used as a value in {where}")
                return
            if trusted_module(value.__name__):
                self.visit(value, path)
            elif attribute.argval not in vars(value):
                self._refuse(f"{value.__name__}.{attribute.argval}, which is made when it is asked for, in {where}")
            value = vars(value).get(attribute.argval, MISSING)
            path = f"{path}.{attribute.argval}"
        self.visit(value, f"{path} in {where}")

    def _visit_import(self, module: str, where: str) -> None:
        if not trusted_module(module):
            self._refuse(f"module {module} imported by {where}{_MORE}")
        elif module:
            self.visit(importlib.import_module(module), f"an import in {where}")

    # --- has it changed?

    def _place(self, owner: Any, read: Callable[[], dict[Any, Any]], name: Callable[[Any], str]) -> None:
        self._places.append(Place(owner, read, name))
        self.shared[id(owner)] = owner

    def seal(self) -> None:
        """From here on nothing may change."""
        for space, names in self._globals.values():
            read = globals_reader(space, names)
            self._places.append(Place(Names(space), read, lambda label: f"module global {label}"))
        self._noted = [place.read() for place in self._places]
        self.sealed = True
        self.quick = Quick(self._places, self._noted)
        """A fast look at the data out here, which equal values of another type escape."""
        self.simple = any(type(value) in (list, bytearray) for value in self.shared.values())

    def changed(self) -> str | None:
        """The name of a place that is not as it was when sealed; None where all is."""
        for place, noted in zip(self._places, self._noted, strict=True):
            now = place.read()
            label = first_change(noted, now)
            if label is not MISSING:
                return place.name(label)
        return None


_VISITS: tuple[tuple[Any, str], ...] = (
    (type, "_visit_class"),
    (types.FunctionType, "_visit_function"),
    (NATIVE, "_visit_native"),
    ((staticmethod, classmethod), "_visit_wrapped"),
    (types.MethodType, "_visit_method"),
    (property, "_visit_property"),
    (functools.cached_property, "_visit_cached"),
    (functools.partial, "_visit_partial"),
    (types.ModuleType, "_visit_module"),
    ((enum.Enum, types.GenericAlias), "_visit_object"),
    ((list, tuple, set, frozenset, dict, bytearray, types.MappingProxyType), "_visit_container"),
    (tuple(SEQUENCES), "_visit_container"),
)


def _orders_by_hash(one: dis.Instruction, code: types.CodeType, following: Iterator[dis.Instruction]) -> bool:
    """A frozen set that is not only asked what it contains, or the difference of two views of dicts."""
    if one.opname == "LOAD_CONST" and isinstance(one.argval, frozenset):
        after = next(following, None)
        return after is None or after.opname != "CONTAINS_OP"
    views = not _VIEWS.isdisjoint(code.co_names)
    return views and one.opname == "BINARY_OP" and one.argrepr.rstrip("=") in ("&", "|", "^", "-")


def _trusted_globals(function: types.FunctionType) -> bool:
    """Does the function really stand in a module that is trusted?"""
    name = function.__globals__.get("__name__", "")
    return trusted_module(name) and getattr(sys.modules.get(name), "__dict__", None) is function.__globals__


def _is_standard(cls: type) -> bool:
    """Is this the very class of that name in the standard library?"""
    if not standard_module(cls.__module__):
        return False
    found: Any = sys.modules.get(cls.__module__)
    for part in cls.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is cls or not cls.__flags__ & 1 << 9


def _module_of(value: Any) -> str:
    cls = getattr(value, "__objclass__", None)
    return (cls.__module__ if cls is not None else getattr(value, "__module__", None)) or "builtins"


def _builtin(function: types.FunctionType, name: str) -> Any:
    own: dict[str, Any] = getattr(function, "__builtins__", {})
    return own.get(name, getattr(builtins, name, MISSING))


def _titled(value: Any) -> str:
    return f"{type(value).__name__} {getattr(value, '__qualname__', '')}".strip()
