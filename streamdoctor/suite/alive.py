"""What a stranger's modules made before the parser was: objects that code may hold on to in ways that nobody names.

Condition (b) of a proof. An object in a docstring, in an annotation, or used as the name of an attribute, is not found
by a look at what code reaches; the collector of garbage knows it. Cost: some 50 milliseconds a proof.
"""

from __future__ import annotations

import gc
import sys
import types
from collections.abc import Iterator
from typing import Any

from streamdoctor.suite.listed import standard_module

_HEAP = 1 << 9
_INSTALLED = ("/site-packages/", "/dist-packages/")


def strangers(*, before_the_fork: bool) -> Iterator[Any]:
    """Every class that is neither of the standard library, nor ours, nor of an installed package, and its instances.
    What was there before this process was forked counts if the parser was there as well."""
    if before_the_fork:
        gc.unfreeze()
    gc.collect()
    theirs: dict[type, bool] = {}
    for value in gc.get_objects():
        cls = type(value)
        if issubclass(cls, types.ModuleType):
            continue
        kind = value if issubclass(cls, type) else cls
        if kind not in theirs:
            theirs[kind] = bool(kind.__flags__ & _HEAP) and _is_theirs(kind)
        if theirs[kind]:
            yield value


def _is_theirs(cls: type) -> bool:
    module = cls.__module__ if isinstance(cls.__module__, str) else ""
    if module.partition(".")[0] == "streamdoctor" or standard_module(module):
        return False
    file = getattr(sys.modules.get(module), "__file__", None) or ""
    return not any(part in file.replace("\\", "/") for part in _INSTALLED)
