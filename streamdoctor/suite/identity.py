"""`is` in code: may it tell equal values apart? Which of two equal strings a parser holds can depend on how it was fed.

A state is known again by the values of its strings, bytes and numbers, not by which objects these are.
"""

from __future__ import annotations

import builtins
import dis
import types
from collections.abc import Sequence
from typing import Any

from streamdoctor.suite.listed import ATOMS
from streamdoctor.suite.places import MISSING, closure_value

_SINGLE = frozenset({type(None), bool, type(...)})


def may_be_equal_values(function: types.FunctionType, before: Sequence[dis.Instruction]) -> bool:
    """Of an `is` after the instructions `before`: may both sides be values of which there can be two that are equal?
    Not so where the right one is None, True, False, a class, or another known object that is no such value."""
    names: list[str] = []
    for one in reversed(before):
        if one.opname == "LOAD_CONST":
            return type(one.argval) not in _SINGLE
        if one.opname == "LOAD_GLOBAL":
            return _is_value(_resolved(function, [one.argval, *reversed(names)]))
        if one.opname.startswith("LOAD_DEREF") and not names:
            return _is_value(closure_value(function, one.argval))
        if one.opname not in ("LOAD_ATTR", "LOAD_METHOD"):
            break
        names.append(one.argval)
    return names[:1] != ["__class__"]


def _resolved(function: types.FunctionType, names: list[str]) -> Any:
    value = function.__globals__.get(names[0], getattr(builtins, names[0], MISSING))
    for name in names[1:]:
        value = vars(value).get(name, MISSING) if hasattr(value, "__dict__") else MISSING
    return value


def _is_value(value: Any) -> bool:
    return value is MISSING or (type(value) in ATOMS and type(value) not in _SINGLE)
