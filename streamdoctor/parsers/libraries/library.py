"""One published library as a parser on trial: the function that reads a stream through it, and what must be installed.

Rule: the library reads through the seam that is nearest to the wire; the adapter adds nothing and hides nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

from streamdoctor.errors import UsageError
from streamdoctor.parsers.shapes import Shape, find_shape


class Library(NamedTuple):
    """`parse` is a function from pieces to items; `modules` are what it imports, `install` what brings them; `dialects`
    those that it is made for, None where it has to read any stream of its framing.
    """

    parse: Callable[..., Any]
    modules: tuple[str, ...]
    install: str
    summary: str
    dialects: tuple[str, ...] | None = None

    @property
    def installed(self) -> bool:
        """Can all modules be found? None of them is imported for that."""
        return all(find_spec(module.partition(".")[0]) is not None for module in self.modules)

    def shape(self, name: str) -> Shape:
        """Imports the library. Raises UsageError where it cannot be imported."""
        try:
            for module in self.modules:
                import_module(module)
        except Exception as error:
            raise UsageError(f"parser {name!r} cannot be imported: {type(error).__name__}: {error}") from None
        return find_shape(self.parse)
