"""A parser's state as a value: frozen into exact built-in types, compared, and made anew from it.

JUDGING, conditions (c) and (d) of a proof. A frozen state is one flat tuple: type tags, immutables by value, containers
in the order of their iteration, mutables numbered at their first visit, so that aliasing shows; what lies outside the
parser (code, shared objects) is held by identity. Never repr, hash, pickle or deepcopy; no code of the parser's runs.
Cost: about 0.1 microseconds a value.
"""

from __future__ import annotations

import enum
import functools
import types
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator
from typing import Any

from streamdoctor.suite.listed import ATOMS, BUFFERS, CODERS, slots_of
from streamdoctor.suite.places import MISSING, dict_of, parts_of
from streamdoctor.suite.reach import Refused, World
from streamdoctor.suite.sorts import described, labelled_parts, likeness, sort_of, told_apart

Key = tuple[Any, ...]
"""A frozen state."""

FLAT: frozenset[type] = ATOMS - {float}
_STR = frozenset({str})
_new = object.__new__


class _Box:
    """Stands for an object outside the parser; equal to itself only."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class _Unfreezable(Exception):
    """There is something in it that cannot be frozen; `Freezer.explain` says what."""


_REF, _CODE, _METHOD, _BOUND, _PARTIAL, _FLAG, _UNSET = (
    _Box(name) for name in ("ref", "code", "method", "bound", "partial", "flag", "-")
)


class Freezer:
    """Freezes and thaws in one world. Cost goal: 2 microseconds for a parser of a dozen plain attributes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._boxes: dict[int, _Box] = {}
        self._sets: dict[tuple[Any, ...], Any] = {}
        """A pattern of each set: a copy keeps its order, where one made of the same elements may not."""
        self._coders: dict[Any, Any] = {}
        """One of each likeness: they keep nothing from one call to the next."""
        self._writers: dict[type, Callable[[Any, list[Any], dict[int, int]], None]] = {
            float: _put_float,
            bytearray: self._put_bytearray,
            list: self._put_sequence,
            deque: self._put_sequence,
            set: self._put_set,
            frozenset: self._put_set,
            tuple: self._put_fixed,
            dict: self._put_mapping,
            OrderedDict: self._put_mapping,
            defaultdict: self._put_mapping,
            types.MethodType: self._put_method,
            types.BuiltinFunctionType: self._put_native,
            functools.partial: self._put_partial,
            **dict.fromkeys(CODERS, self._put_coder),
            **dict.fromkeys(BUFFERS, self._put_buffer),
        }

    def freeze(self, value: Any) -> Key:
        """Raises Refused, with the attribute path, for what cannot be frozen."""
        try:
            return self._frozen(value)
        except _Unfreezable:
            self.explain(value)  # after which new code that is harmless is known
        try:
            return self._frozen(value)
        except _Unfreezable:
            raise Refused("its state cannot be frozen") from None

    def _frozen(self, value: Any) -> Key:
        out: list[Any] = []
        try:
            self._put(value, out, {})
        except RecursionError:
            raise Refused("its state is nested too deeply") from None
        return tuple(out)

    def thaw(self, key: Key) -> Any:
        return self._get(iter(key), [])

    def explain(self, value: Any, path: str = "parser") -> None:
        """Has the world admit all code in `value`. Raises Refused where it will not, or for what cannot be frozen."""
        self._explain(value, path, {})

    # --- writing

    def _put(self, value: Any, out: list[Any], memo: dict[int, int]) -> None:
        kind = type(value)
        if kind in FLAT:
            out.append(kind)
            out.append(value)
            return
        writer = self._writers.get(kind)
        if writer is None:
            writer = self._writers[kind] = self._writer_for(value)
        writer(value, out, memo)

    def _writer_for(self, value: Any) -> Callable[[Any, list[Any], dict[int, int]], None]:
        kind = sort_of(value)
        if kind == "flag":
            self._check_known(type(value))
            return self._put_flag
        if kind == "code" or (kind == "native" and not self._world.by_name):
            return self._put_code
        if kind == "tuple":
            self._check_known(type(value))
            return self._put_named
        if kind == "instance":
            self._check_known(type(value))
            slots = slots_of(type(value))
            return lambda v, out, memo: self._put_instance(v, out, memo, slots)
        raise _Unfreezable

    def _check_known(self, cls: type) -> None:
        if not self._world.knows(cls):
            raise _Unfreezable

    def _first(self, value: Any, out: list[Any], memo: dict[int, int]) -> bool:
        """Is this mutable seen for the first time? If not, a reference to it is all there is to write."""
        if id(value) in memo:
            out += (_REF, memo[id(value)])
            return False
        if id(value) in self._world.shared:
            out += (_CODE, self._box(value))
            return False
        memo[id(value)] = len(memo)
        return True

    def _box(self, value: Any) -> _Box:
        box = self._boxes.get(id(value))
        if box is None:
            box = self._boxes[id(value)] = _Box(value)
        return box

    def _put_bytearray(self, value: bytearray, out: list[Any], memo: dict[int, int]) -> None:
        if self._first(value, out, memo):
            out += (bytearray, bytes(value))

    def _put_sequence(self, value: Any, out: list[Any], memo: dict[int, int]) -> None:
        if self._first(value, out, memo):
            out += (type(value), len(value))
            if type(value) is deque:
                out.append(value.maxlen)
            for part in value:
                self._put(part, out, memo)

    def _put_set(self, value: Any, out: list[Any], memo: dict[int, int]) -> None:
        self._world.sets = True
        if type(value) is frozenset or self._first(value, out, memo):
            self._put_fixed(value, out, memo)
            if ATOMS.issuperset(map(type, value)):
                self._sets.setdefault((type(value), *map(told_apart, value)), value.copy())

    def _put_fixed(self, value: Any, out: list[Any], memo: dict[int, int]) -> None:
        out += (type(value), len(value))
        for part in value:
            self._put(part, out, memo)

    def _put_named(self, value: Any, out: list[Any], memo: dict[int, int]) -> None:
        out += (tuple, self._box(type(value)), len(value))
        for part in tuple.__iter__(value):
            self._put(part, out, memo)

    def _put_mapping(self, value: dict[Any, Any], out: list[Any], memo: dict[int, int]) -> None:
        if self._first(value, out, memo):
            if type(value) is OrderedDict and value.__dict__:
                raise _Unfreezable
            out += (type(value), len(value))
            if type(value) is defaultdict:
                self._put(value.default_factory, out, memo)
            for name, part in value.items():
                self._put(name, out, memo)
                self._put(part, out, memo)

    def _put_instance(self, value: Any, out: list[Any], memo: dict[int, int], slots: list[Any]) -> None:
        if not self._first(value, out, memo):
            return
        attributes = dict_of(value)
        if (attributes and type(attributes) is not dict) or not _STR.issuperset(map(type, attributes)):
            raise _Unfreezable
        out += (self._box(type(value)), tuple(attributes))
        for part in attributes.values():
            self._put(part, out, memo)
        for slot in slots:
            try:
                part = slot.__get__(value)
            except AttributeError:
                out.append(_UNSET)
            else:
                self._put(part, out, memo)

    def _put_flag(self, value: enum.Flag, out: list[Any], memo: dict[int, int]) -> None:
        out += (_FLAG, self._box(type(value)), value.value)

    def _put_method(self, value: types.MethodType, out: list[Any], memo: dict[int, int]) -> None:
        out.append(_METHOD)
        self._put(value.__func__, out, memo)
        self._put(value.__self__, out, memo)

    def _put_native(self, value: Any, out: list[Any], memo: dict[int, int]) -> None:
        if sort_of(value) == "code":
            self._put_code(value, out, memo)
            return
        out += (_BOUND, value.__name__)
        self._put(value.__self__, out, memo)

    def _put_partial(self, value: functools.partial[Any], out: list[Any], memo: dict[int, int]) -> None:
        if value.__dict__:
            raise _Unfreezable
        out.append(_PARTIAL)
        for part in (value.func, value.args, value.keywords):
            self._put(part, out, memo)

    def _put_coder(self, value: Any, out: list[Any], memo: dict[int, int]) -> None:
        self._put_code(self._one_of(value), out, memo)

    def _one_of(self, value: Any) -> Any:
        unread = CODERS.get(type(value))
        if unread is None:
            return value
        parts = {name: likeness(part) for name, part in parts_of(value).items() if name not in unread and part != {}}
        return self._coders.setdefault((type(value), tuple(parts.items())), value)

    def _put_buffer(self, value: Any, out: list[Any], memo: dict[int, int]) -> None:
        if self._first(value, out, memo):
            try:
                *state, attributes = value.__getstate__()
            except ValueError:  # it is closed
                raise _Unfreezable from None
            if attributes or state[1] in (None, ""):  # what translates line ends holds a CR back
                raise _Unfreezable
            out += (type(value), tuple(state))

    def _put_code(self, value: Any, out: list[Any], memo: dict[int, int]) -> None:
        if self._world.by_name and not self._world.knows(value):
            raise _Unfreezable
        out += (_CODE, self._box(value))

    # --- reading

    def _get(self, rest: Iterator[Any], memo: list[Any]) -> Any:
        tag = next(rest)
        if tag in FLAT:
            return next(rest)
        reader = _READERS.get(tag)
        return reader(self, tag, rest, memo) if reader is not None else self._get_instance(tag.value, rest, memo)

    def _get_bytearray(self, tag: Any, rest: Iterator[Any], memo: list[Any]) -> bytearray:
        memo.append(bytearray(next(rest)))
        return memo[-1]  # type: ignore[no-any-return]

    def _get_buffer(self, tag: Any, rest: Iterator[Any], memo: list[Any]) -> Any:
        made = tag()
        made.__setstate__((*next(rest), None))
        memo.append(made)
        return made

    def _get_sequence(self, tag: Any, rest: Iterator[Any], memo: list[Any]) -> Any:
        count = next(rest)
        made: Any = deque(maxlen=next(rest)) if tag is deque else tag()
        memo.append(made)
        for _ in range(count):
            made.append(self._get(rest, memo))
        return made

    def _get_set(self, tag: Any, rest: Iterator[Any], memo: list[Any]) -> Any:
        at = len(memo)
        if tag is set:
            memo.append(None)
        parts = [self._get(rest, memo) for _ in range(next(rest))]
        flat = ATOMS.issuperset(map(type, parts))
        pattern = self._sets.get((tag, *map(told_apart, parts))) if flat else None
        made = tag(parts) if pattern is None else pattern.copy()
        if tag is set:
            memo[at] = made
        return made

    def _get_fixed(self, tag: Any, rest: Iterator[Any], memo: list[Any]) -> Any:
        first = next(rest)
        count = next(rest) if isinstance(first, _Box) else first
        parts = [self._get(rest, memo) for _ in range(count)]
        return tuple.__new__(first.value, parts) if isinstance(first, _Box) else tag(parts)

    def _get_mapping(self, tag: Any, rest: Iterator[Any], memo: list[Any]) -> Any:
        count = next(rest)
        made: Any = tag()
        memo.append(made)
        if tag is defaultdict:
            made.default_factory = self._get(rest, memo)
        for _ in range(count):
            name = self._get(rest, memo)
            made[name] = self._get(rest, memo)
        return made

    def _get_instance(self, cls: type, rest: Iterator[Any], memo: list[Any]) -> Any:
        made: Any = _new(cls)
        memo.append(made)
        attributes = dict_of(made)
        for name in next(rest):
            attributes[name] = self._get(rest, memo)
        for slot in slots_of(cls):
            part = self._get(rest, memo)
            if part is not MISSING:
                slot.__set__(made, part)
        return made

    def _get_flag(self, tag: Any, rest: Iterator[Any], memo: list[Any]) -> Any:
        return next(rest).value(next(rest))

    def _get_method(self, tag: Any, rest: Iterator[Any], memo: list[Any]) -> Any:
        function = self._get(rest, memo)
        return types.MethodType(function, self._get(rest, memo))

    def _get_bound(self, tag: Any, rest: Iterator[Any], memo: list[Any]) -> Any:
        name = next(rest)
        return getattr(self._get(rest, memo), name)

    def _get_partial(self, tag: Any, rest: Iterator[Any], memo: list[Any]) -> Any:
        function, args, keywords = (self._get(rest, memo) for _ in range(3))
        return functools.partial(function, *args, **keywords)

    # --- explaining

    def _explain(self, value: Any, path: str, seen: dict[int, Any]) -> None:
        if type(value) is float and value != value:
            raise Refused(f"a NaN at {path}, which equals nothing")
        if type(value) in ATOMS or id(value) in seen or id(value) in self._world.shared:
            return
        seen[id(value)] = value
        kind = sort_of(value)
        self._world.sets = self._world.sets or issubclass(type(value), set | frozenset)
        if kind == "native" and self._world.by_name:
            raise Refused(f"{described(value)} at {path} (add snapshot()/restore())")
        if kind == "code":
            self._world.admit(self._one_of(value), path)
        if kind in ("instance", "tuple", "flag"):
            self._world.admit(type(value), path)
        for name, part in labelled_parts(value, kind):
            self._explain(part, f"{path}{name}", seen)


def _put_float(value: float, out: list[Any], memo: dict[int, int]) -> None:
    if value != value:  # no other is equal to it, and it may be held twice
        raise _Unfreezable
    out += (float, value.hex())


_READERS: dict[Any, Callable[[Freezer, Any, Iterator[Any], list[Any]], Any]] = {
    float: lambda freezer, tag, rest, memo: float.fromhex(next(rest)),
    bytearray: Freezer._get_bytearray,
    **dict.fromkeys(BUFFERS, Freezer._get_buffer),
    list: Freezer._get_sequence,
    deque: Freezer._get_sequence,
    set: Freezer._get_set,
    frozenset: Freezer._get_set,
    tuple: Freezer._get_fixed,
    dict: Freezer._get_mapping,
    OrderedDict: Freezer._get_mapping,
    defaultdict: Freezer._get_mapping,
    _REF: lambda freezer, tag, rest, memo: memo[next(rest)],
    _CODE: lambda freezer, tag, rest, memo: next(rest).value,
    _UNSET: lambda freezer, tag, rest, memo: MISSING,
    _FLAG: Freezer._get_flag,
    _METHOD: Freezer._get_method,
    _BOUND: Freezer._get_bound,
    _PARTIAL: Freezer._get_partial,
}
