"""The world around a parser: everything outside the instance that its code can reach, held to stay as it is.

JUDGING, conditions (a), (b) and (e) of a proof: classes, functions, defaults, closures and the module globals that code
names are visited; what they hold that can change is a *place*, whose contents are noted and compared again. Code that
reaches what depends on more than its arguments is refused by name. Cost: one visit; a quick look at an edge, an exact
one now and then.
"""

from __future__ import annotations

import enum
import functools
import sys
import types
import typing
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from streamdoctor.suite.alive import strangers
from streamdoctor.suite.bytecode import MORE, CodeReader, Writes
from streamdoctor.suite.listed import (
    ATOMS,
    BUFFERS,
    CODERS,
    MAPPINGS,
    MUTABLE,
    OPAQUE,
    REFUSED_BUILTINS,
    REFUSED_FUNCTIONS,
    SEQUENCES,
    SPEAKING_MODULES,
    UNREAD_CLASS_ATTRIBUTES,
    is_plain,
    slots_of,
    standard_class,
    trusted_module,
)
from streamdoctor.suite.places import (
    MISSING,
    WRAPPED,
    Names,
    Place,
    cells_of,
    class_parts,
    contents,
    contents_of,
    defaults,
    dict_of,
    first_change,
    function_parts,
    globals_reader,
    module_parts,
    object_parts,
    parts_of,
    trusted_globals,
    wrapper_parts,
)
from streamdoctor.suite.quick import Quick

NATIVE = (
    types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType, types.MethodWrapperType,
    types.ClassMethodDescriptorType,
)  # fmt: skip

_BOUND = (types.BuiltinFunctionType, types.MethodWrapperType)
_HEAP = 1 << 9
_GIVEN_A_CLASS = frozenset({"__new__", "__init_subclass__", "__class_getitem__"})
_ANNOTATING = frozenset({"__annotate__", "__annotate_func__"} if sys.version_info >= (3, 14) else ())
"""Functions that the compiler writes."""
_TYPE_VARIABLES = frozenset({typing.TypeVar, typing.ParamSpec})
_MADE_OF = ("start", "stop", "step", "format", "__args__", "__origin__", "__supertype__")
"""Attributes of opaque objects."""


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
        self.writes = Writes()
        """What the code that was read may write to."""
        self.sealed = False
        self.shared: dict[int, Any] = {}
        """Every mutable object out here, by identity: one world of them for all states of the parser."""
        self._known: dict[int, Any] = {}
        self._places: list[Place] = []
        self._globals: dict[int, tuple[dict[str, Any], list[str]]] = {}
        self._standard: set[int] = set()
        self._unread: set[str] = set()
        self._methods: set[int] = set()
        """Functions whose first argument is an instance of the class that they stand in."""

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

    def refuse(self, why: str) -> None:
        """Raises Refused, unless nothing is to be refused by name."""
        if self.by_name:
            raise Refused(why)

    def assume(self, words: str) -> None:
        """What a proof takes on trust."""
        if words not in self.assumed:
            self.assumed.append(words)

    def _visit_class(self, cls: type, name: str) -> None:
        if standard_class(cls):
            if cls.__module__ != "builtins" and cls not in BUFFERS and not trusted_module(cls.__module__):
                self.refuse(f"{cls.__module__}.{cls.__qualname__} reached from {name}{MORE}")
            self._visit_standard_class(cls)
            return
        self.visit(type(cls), f"the metaclass of {cls.__qualname__}")
        for base in cls.__mro__[1:]:
            self.visit(base, f"class {cls.__qualname__}")
        self._watch_class(cls)
        if not issubclass(cls, type):
            members = ((label, value) for label, value in vars(cls).items() if label not in _GIVEN_A_CLASS)
            self._methods |= {id(value) for _, value in members if type(value) is types.FunctionType}
        for label, value in list(vars(cls).items()):
            self._visit_member(cls, label, value)

    def _visit_standard_class(self, cls: type) -> None:
        """It is trusted as it was made: what was written to it is looked at, and watched."""
        for base in cls.__mro__:
            if base.__flags__ & _HEAP and id(base) not in self._standard:
                self._standard.add(id(base))
                self._watch_class(base)
                for label, value in vars(base).items():
                    if type(value) is types.FunctionType and not trusted_globals(value):
                        self.visit(value, f"class attribute {base.__qualname__}.{label}")

    def _watch_class(self, cls: type) -> None:
        self._place(cls, lambda: class_parts(cls), lambda label: f"class attribute {cls.__qualname__}.{label}")

    def _visit_member(self, cls: type, label: str, value: Any) -> None:
        if label == "__del__":
            self.refuse(f"{cls.__qualname__}.__del__ runs whenever a copy is dropped")
        if label == "__subclasshook__":
            self.refuse(f"{cls.__qualname__} has a __subclasshook__ of its own, whose answers are kept")
        if label in ("__dict__", "__class__") and type(value) is not types.GetSetDescriptorType:
            self.refuse(f"{cls.__qualname__} has a {label} of its own")
        if label == "_value2member_map_" and issubclass(cls, enum.Flag):
            return  # each combination of members is kept in it, once asked for
        path = f"class attribute {cls.__qualname__}.{label}"
        if label not in UNREAD_CLASS_ATTRIBUTES or (type(value) is types.FunctionType and label not in _ANNOTATING):
            self.visit(value, path)
        else:
            self._watch_contents(value, path, label)

    def _watch_contents(self, value: Any, path: str, label: str) -> None:
        """Of what steers nothing by itself: a container in it is looked at fast only where code names `label`."""
        if type(value) in MUTABLE and id(value) not in self.shared:
            self._places.append(Place(None, lambda: contents_of(value), lambda _: path))
            self.shared[id(value)] = value
            self._unread.add(label)
            for part in () if isinstance(value, bytearray) else contents_of(value).values():
                self._watch_contents(part, path, label)
        elif type(value) is tuple:
            for part in value:
                self._watch_contents(part, path, label)

    def _visit_function(self, function: types.FunctionType, name: str) -> None:
        sets = self.sets
        self._visit_function_parts(function, name)
        if trusted_globals(function):
            self.sets = sets

    def _visit_function_parts(self, function: types.FunctionType, name: str) -> None:
        where = function.__qualname__
        cells = cells_of(function)
        self._place(function, lambda: function_parts(function), lambda label: f"{label} of function {where}")
        if function.__dict__:
            self._place(function.__dict__, function.__dict__.copy, lambda label: f"attribute {label} of {where}")
        for variable, cell in cells.items():
            if trusted_globals(function):
                self.visit(contents(cell), f"closure variable {variable} of {where}")
            else:
                self._visit_cell(cell, f"closure variable {variable} of {where}")
        for parameter, value in defaults(function):
            self.visit(value, f"default argument {parameter} of {where}")
        for value in function.__dict__.values():
            self.visit(value, f"an attribute of {where}")
        if not trusted_globals(function):
            CodeReader(self, function, method=id(function) in self._methods).read()
        elif id(function) in REFUSED_FUNCTIONS:
            self.refuse(f"{REFUSED_FUNCTIONS[id(function)]} reached from {name}{MORE}")

    def _visit_cell(self, cell: types.CellType, name: str) -> None:
        if id(cell) not in self._known:
            self._known[id(cell)] = cell
            self._place(cell, lambda: {"": contents(cell)}, lambda label: name)
            self.visit(contents(cell), name)

    def _visit_wrapped(self, value: Any, name: str) -> None:
        """A descriptor or a partial. One of a class of its own does what that says."""
        if not standard_class(type(value)):
            self.refuse(f"a subclass of a built-in, {type(value).__qualname__}, at {name}")
        self._place(value, lambda: wrapper_parts(value), lambda label: f"{label} of {name}")
        for label, part in wrapper_parts(value).items():
            if label in WRAPPED:
                self._visit_part(part, name)
            else:
                self._watch_contents(part, name, label)

    def _visit_part(self, part: Any, name: str) -> None:
        for one in part if type(part) is tuple else part.values() if type(part) is dict else (part,):
            self.visit(one, name)

    def _visit_method(self, value: types.MethodType, name: str) -> None:
        self.visit(value.__func__, name)
        self.visit(value.__self__, f"what {value.__func__.__qualname__} is bound to")

    def _visit_native(self, value: Any, name: str) -> None:
        owner = getattr(value, "__self__", None) if issubclass(type(value), _BOUND) else None
        if id(value) in REFUSED_FUNCTIONS:
            self.refuse(f"{REFUSED_FUNCTIONS[id(value)]} reached from {name}{MORE}")
        elif owner is None or isinstance(owner, types.ModuleType):
            module = owner.__name__ if owner is not None else _module_of(value)
            if module == "builtins" and value.__name__ in REFUSED_BUILTINS:
                self.refuse(f"{value.__name__}() reached from {name}{MORE}")
            elif module != "builtins" and not trusted_module(module):
                self.refuse(f"native {module}.{value.__name__} reached from {name}{MORE}")
        else:
            self.visit(owner, f"the owner of {name}")

    def _visit_module(self, module: types.ModuleType, name: str) -> None:
        if not trusted_module(module.__name__):
            self.refuse(f"module {module.__name__} reached from {name}{MORE}")
        if module.__name__ in SPEAKING_MODULES:
            self.assume(f"{module.__name__} changes nothing that comes out")
        self._place(module, lambda: module_parts(module), lambda label: f"{module.__name__}.{label}")

    def _visit_container(self, value: Any, name: str) -> None:
        if type(value) in MUTABLE or type(value) is types.MappingProxyType:
            self._place(value, lambda: contents_of(value), lambda label: name)
        if issubclass(type(value), bytearray):
            return
        if (beside := dict_of(value)) or type(value).__dictoffset__:
            self._place(beside, lambda: {**dict_of(value)}, lambda label: f"attribute {label} of {name}")
        if type(value) is defaultdict:
            self.visit(value.default_factory, f"the factory of {name}")
        if type(value) not in MAPPINGS and type(value) not in SEQUENCES and not issubclass(type(value), tuple):
            self.refuse(f"a subclass of a built-in, {type(value).__qualname__}, at {name}")
        if issubclass(type(value), tuple):
            self.visit(type(value), name)
        for part in [*value, *(value.values() if hasattr(value, "values") else ()), *beside.values()]:
            if issubclass(type(part), types.ModuleType):
                self.refuse(f"module {part.__name__} held in {name}{MORE}")
            self.visit(part, name)

    def _visit_object(self, value: Any, name: str) -> None:
        cls = type(value)
        if cls in CODERS:
            self._visit_parts(value, name, unread=CODERS[cls])
        elif cls in OPAQUE or (cls.__module__ == "typing" and standard_class(cls)) or value is MISSING:
            self._visit_opaque(value, name)
        elif hasattr(cls, "__next__") or hasattr(cls, "__anext__"):
            self.refuse(f"an iterator, {cls.__qualname__}, at {name}")
        elif not is_plain(cls) and not issubclass(type(value), enum.Enum):
            self.refuse(f"a native object of type {cls.__qualname__} at {name}")
        else:
            self.visit(cls, name)
            self._visit_parts(value, name)

    def _visit_opaque(self, value: Any, name: str) -> None:
        """What it is made of, and what was written beside it."""
        if type(value).__module__ in SPEAKING_MODULES:
            self.assume(f"{type(value).__module__} changes nothing that comes out")
            return
        made_of = [label for label in _MADE_OF if hasattr(type(value), label) or label in dict_of(value)]
        if not made_of and not type(value).__dictoffset__ and type(value) not in _TYPE_VARIABLES:
            return
        self._place(value, lambda: self._opaque_parts(value, made_of), lambda label: f"{label} of {name}")
        for label in made_of:
            self._visit_part(getattr(value, label), name)
        for label, part in dict_of(value).items():
            self._watch_contents(part, name, label)

    def _opaque_parts(self, value: Any, made_of: list[str]) -> dict[str, Any]:
        """Where no `__dict__` shows what was written beside it, what any code writes is asked for."""
        written = self.writes.others if type(value) in _TYPE_VARIABLES else ()
        asked = {label: getattr(value, label, MISSING) for label in (*made_of, *sorted(written))}
        return {**asked, **dict_of(value)}

    def _visit_parts(self, value: Any, name: str, unread: frozenset[str] = frozenset()) -> None:
        self._place(value, lambda: object_parts(value), lambda label: f"attribute {label} of {name}")
        for label, part in parts_of(value).items():
            if label not in unread:
                self.visit(part, f"attribute {label} of {name}")

    def watch_what_is_alive(self, *, before_the_fork: bool) -> None:
        """Before the first parser is made: what was made until then is none of its state, wherever it is held."""
        for value in strangers(before_the_fork=before_the_fork):
            if id(value) in self.shared:
                continue
            if issubclass(type(value), type):
                self._watch_class(value)
            elif type(value).__dictoffset__ or slots_of(type(value)):
                name = f"an object of class {type(value).__qualname__} that was there before"
                self._place(value, functools.partial(object_parts, value), functools.partial(_attribute_of, name))

    def note_global(self, space: dict[str, Any], name: str) -> None:
        """A global that code names: whether it is bound anew is looked at once all are known."""
        names = self._globals.setdefault(id(space), (space, []))[1]
        if name not in names:
            names.append(name)

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
        self.writes.anything |= not self.writes.read.isdisjoint(self._unread)
        quick = Quick(self._places, self._noted, self.writes)
        self.untouched: Callable[[], bool] = (lambda: not self.changed()) if self.writes.anything else quick.same
        """A fast look, unless code may write what it does not name."""
        shared = any(type(value) in (list, bytearray) for value in self.shared.values())
        self.simple = not shared and not self.writes.anything
        """May a state be taken for what its attributes hold? Not where they may hold what lies out here too, or have
        names that are no plain words."""

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
    ((property, functools.cached_property, functools.partial), "_visit_wrapped"),
    (types.ModuleType, "_visit_module"),
    ((enum.Enum, types.GenericAlias), "_visit_object"),
    ((list, tuple, set, frozenset, dict, bytearray, types.MappingProxyType), "_visit_container"),
    (tuple(SEQUENCES), "_visit_container"),
)


def _module_of(value: Any) -> str:
    cls = getattr(value, "__objclass__", None)
    return (cls.__module__ if cls is not None else getattr(value, "__module__", None)) or "builtins"


def _attribute_of(name: str, label: Any) -> str:
    return f"attribute {label} of {name}"


def _titled(value: Any) -> str:
    return f"{type(value).__name__} {getattr(value, '__qualname__', '')}".strip()
