"""What a proof trusts, and what it refuses by name: modules, builtins and native types. Tables only.

A trusted module's functions depend on their arguments alone, or keep caches that do not show. Everything else of the
standard library, and every native function or object that is not listed, is refused.
"""

from __future__ import annotations

import codecs
import collections
import functools
import io
import json
import logging
import operator
import re
import struct
import sys
import types
from typing import Any


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TRUSTED_MODULES = _words(
    """
    _codecs _collections _collections_abc _functools _json _operator _sre _struct _typing abc base64 binascii codecs
    collections collections.abc contextlib copy dataclasses encodings enum functools html html.entities itertools json
    json.decoder json.encoder json.scanner keyword math numbers operator re re._compiler reprlib string struct
    textwrap types typing unicodedata zlib
    """
)
SPEAKING_MODULES = _words("logging warnings")
"""Trusted, which is told, to change nothing that comes out."""

REFUSED_BUILTINS = _words("id hash open input exec eval compile globals __import__ breakpoint exit quit help")
REFUSED_ATTRIBUTES = _words(
    """
    __subclasses__ __globals__ __builtins__ __closure__ cell_contents __code__ f_locals f_globals f_back gi_frame
    __reduce__ __reduce_ex__ __sizeof__ __alloc__ __hash__ __repr__ tb_frame __traceback__ __getattribute__ get_field
    get_type_hints ForwardRef evaluate_forward_ref _value2member_map_ _member_map_ __subclasshook__
    """
)
"""Ways round what code names: through frames, code objects, the list of all classes, hashes, addresses and sizes."""

WRITABLE_NAMES = _words("__class__ __dict__ __cause__ __context__ __suppress_context__ __notes__")
"""The only names with two underscores on both sides that code may write: what the others do is the interpreter's."""
NAMING = _words("getattr attrgetter methodcaller")
"""What may be given a name that is made up as code runs."""

WRITING_ATTRIBUTES = _words("__dict__ __setattr__ __delattr__ __set__ __delete__ __setstate__ __annotations__")
WRITING_BUILTINS = _words("setattr delattr vars")
"""With these, code may write attributes whose names do not stand in it."""

REFUSED_FUNCTIONS = {id(functools.lru_cache): "functools.lru_cache", id(functools.cache): "functools.cache",
                     id(codecs.open): "codecs.open", id(operator.is_): "operator.is_",
                     id(operator.is_not): "operator.is_not", id(codecs.register): "codecs.register",
                     id(codecs.register_error): "codecs.register_error"}  # fmt: skip

ATOMS: frozenset[type] = frozenset({type(None), bool, int, str, bytes, float, type(...)})
"""Immutable built-ins, compared by type and value."""

OPAQUE: frozenset[type] = frozenset(
    {
        re.Pattern, struct.Struct, json.JSONDecoder, json.JSONEncoder, types.GenericAlias, types.UnionType, slice,
        types.MemberDescriptorType, types.GetSetDescriptorType, type(NotImplemented), codecs.CodecInfo, complex, range,
        type(vars(collections.namedtuple("_Probe", "x"))["x"]), types.CodeType, logging.Logger, logging.RootLogger,
    }
)  # fmt: skip
"""Objects that never change in a way that shows: compared by identity."""

CODERS: dict[type, frozenset[str]] = {json.JSONDecoder: _words("scan_once"), json.JSONEncoder: frozenset()}
"""Opaque, but whoever calls their hooks: what is made alike is one. Attributes that are not looked into."""

BUFFERS: frozenset[type] = frozenset({io.BytesIO, io.StringIO})
"""Native objects whose whole state their `__getstate__` gives."""

SEQUENCES: frozenset[type] = frozenset({list, set, frozenset, tuple, collections.deque})
MAPPINGS: frozenset[type] = frozenset({dict, collections.OrderedDict, collections.defaultdict, types.MappingProxyType})
MUTABLE: frozenset[type] = frozenset(
    {list, set, collections.deque, bytearray, dict, collections.OrderedDict, collections.defaultdict}
)
"""Built-ins that change, frozen with their contents in the order of iteration."""

UNREAD_CLASS_ATTRIBUTES = _words(
    """
    __module__ __qualname__ __doc__ __dict__ __weakref__ __annotations__ __orig_bases__ __parameters__ __match_args__
    __slots__ __abstractmethods__ _abc_impl __dataclass_fields__ __dataclass_params__ __static_attributes__
    __firstlineno__ __type_params__ __annotate__ __annotations_cache__ _is_protocol __protocol_attrs__
    _field_defaults __non_callable_proto_members__ _is_runtime_protocol
    """
)
"""What stands in every class and steers nothing: held to stay the same object, not looked into."""


def trusted_module(name: str) -> bool:
    return name in TRUSTED_MODULES or name in SPEAKING_MODULES or name.startswith("encodings.")


def standard_module(name: str) -> bool:
    return name.partition(".")[0] in sys.stdlib_module_names


def standard_class(cls: type) -> bool:
    """Is this the very class of that name in the standard library?"""
    if not standard_module(cls.__module__):
        return False
    found: Any = sys.modules.get(cls.__module__)
    for part in cls.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is cls or not cls.__flags__ & 1 << 9


def is_plain(cls: type) -> bool:
    """Does all that an instance of `cls` holds stand in its `__dict__` and its slots?"""
    known = _PLAIN.get(cls)
    if known is None:
        known = _PLAIN[cls] = _look_plain(cls)
    return known


_PLAIN: dict[type, bool] = {}
_SLOTS: dict[type, list[Any]] = {}


def _look_plain(cls: type) -> bool:
    heap = all(base is object or _heap(base) for base in cls.__mro__)
    return heap and cls.__basicsize__ == _size(cls) and _slots_stand(cls)


def slots_of(cls: type) -> list[Any]:
    """The descriptors of the slots of `cls`, the oldest class first."""
    known = _SLOTS.get(cls)
    if known is None:
        found = [vars(base) for base in reversed(cls.__mro__)]
        known = _SLOTS[cls] = [v for names in found for v in names.values() if type(v) is types.MemberDescriptorType]
    return known


def _slots_stand(cls: type) -> bool:
    """Is every descriptor of a slot where its class put it? Others hide a slot, or show one twice."""
    slots = [(base, name, v) for base in cls.__mro__ for name, v in vars(base).items()]
    return all(
        v.__objclass__ is base and v.__name__ == name
        for base, name, v in slots
        if type(v) is types.MemberDescriptorType
    )


def _heap(cls: type) -> bool:
    return bool(cls.__flags__ & 1 << 9) and cls.__itemsize__ == 0


def _size(cls: type) -> int:
    """The size of an instance that has nothing but the slots, dict and weak references of `cls`."""
    names = [f"s{i}" for i in range(len(slots_of(cls)))]
    names += ["__dict__"] if cls.__dictoffset__ else []
    names += ["__weakref__"] if cls.__weakrefoffset__ else []
    return type("Control", (), {"__slots__": tuple(names)}).__basicsize__
