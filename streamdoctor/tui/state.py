"""What the TUI remembers of a working folder, in `.streamdoctor/tui.json` there.

Rule: a file that is missing, damaged or of another version costs a default, never an error.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from streamdoctor.report.json import results_of

FOLDER = Path(".streamdoctor")
_FILE, _RESULTS = "tui.json", "last.json"


@dataclass
class State:
    """`saved` tells a state that was kept from the default; `at` names the capture under the cursor. Empty tuples of
    axes stand for the default of `check`."""

    saved: bool = False
    theme: str = ""
    place: str = "captures"
    at: str = ""
    filter: str = ""
    inverted: bool = False
    sort: str = "name"
    parsers: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    rephrasings: tuple[str, ...] = ()
    upstream: str = ""
    listen: str = "127.0.0.1:8085"


def load(folder: Path = FOLDER) -> State:
    """What was saved last; the default for what was not."""
    try:
        saved = json.loads((folder / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return State()
    if not isinstance(saved, dict):
        return State()
    default = State()
    return State(**{f.name: _like(getattr(default, f.name), saved.get(f.name)) for f in fields(State)})


def _like(default: Any, value: Any) -> Any:
    """`value` where it is of the type of `default`, else that."""
    if isinstance(default, tuple):
        return tuple(value) if isinstance(value, list) and all(isinstance(v, str) for v in value) else default
    return value if type(value) is type(default) else default


def save(state: State, folder: Path = FOLDER) -> None:
    """Keeps `state` for the next time."""
    _keep(_FILE, {**asdict(state), "saved": True}, folder)


def save_results(document: dict[str, Any], folder: Path = FOLDER) -> None:
    """Keeps the results of a check where `check` keeps its own, for `replay ID`."""
    if document["results"]:
        _keep(_RESULTS, document, folder)


def _keep(name: str, what: Any, folder: Path) -> None:
    """git ignores it by itself. A folder that cannot be written is left alone."""
    try:
        folder.mkdir(exist_ok=True)
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")
        (folder / name).write_text(json.dumps(what, indent=1), encoding="utf-8")
    except OSError:
        return


def last_results(folder: Path = FOLDER) -> dict[str, Any] | None:
    """What the last `check` here found, in its JSON (DESIGN section 8); None where there is none."""
    return results_in(folder / _RESULTS)


def results_in(path: Path) -> dict[str, Any] | None:
    """The results of a check in a file; None where the file is none."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(document, dict) or document.get("schema") != "streamdoctor.check/1":
        return None
    try:
        results_of(document)
    except (KeyError, TypeError, ValueError):
        return None
    return document
