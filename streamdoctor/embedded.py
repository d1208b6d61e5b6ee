"""The captures that the package carries: the `captures/` of the repository, taken in when it is built."""

from __future__ import annotations

from pathlib import Path

from streamdoctor.capture.file import SUFFIX
from streamdoctor.errors import HarnessError

_FOLDERS = (Path(__file__).parent / "captures", Path(__file__).parent.parent / "captures")
"""In an installed package, and in a checkout."""


def embedded_capture(name: str) -> Path:
    """The file of the capture `name`."""
    for folder in _FOLDERS:
        path = folder / f"{name}{SUFFIX}"
        if path.is_file():
            return path
    raise HarnessError(f"the capture {name} is missing from this installation")
