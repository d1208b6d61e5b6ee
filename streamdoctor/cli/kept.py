"""The last results, kept in `.streamdoctor/last.json` here: `check` writes them, case ids find them."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import click

from streamdoctor.errors import UsageError

FOLDER = Path(".streamdoctor")
_ID = re.compile("[0-9a-f]{8}")


def keep(document: object) -> None:
    """Keeps the results of a run; git ignores them by themselves. Where that fails it is said, and nothing else."""
    try:
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / ".gitignore").write_text("*\n", encoding="utf-8")
        (FOLDER / "last.json").write_text(json.dumps(document, indent=1), encoding="utf-8")
    except OSError as error:
        click.echo(f"the results could not be kept in {FOLDER}: {error.strerror}", err=True)


def is_case_id(name: str) -> bool:
    """Is `name` a case id, and no file?"""
    return _ID.fullmatch(name) is not None and not Path(name).exists()


def arguments_of(case: str) -> list[str]:
    """What to give `replay` for the case with this id. Raises UsageError where the last run has none such."""
    try:
        document = json.loads((FOLDER / "last.json").read_text(encoding="utf-8"))
        findings = [finding for result in document["results"] for finding in result["findings"]]
        known = {finding["case"]: finding["reproduce"] for finding in findings}
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageError(f"case {case}: no results are kept here", hint="run `streamdoctor check` here first") from None
    if case not in known:
        listed = ", ".join(known) or "none"
        raise UsageError(f"case {case} is not in the last results", hint=f"those have: {listed}")
    return shlex.split(known[case])[2:]
