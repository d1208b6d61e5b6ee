"""The README's examples are run, and what they print is what stands there.

`python -m tests.test_readme` writes the outputs anew.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from streamdoctor.faults.plans import FAULTS
from streamdoctor.rephrasings.catalogue import REPHRASINGS, Rephrasing
from streamdoctor.splits.strategies import STRATEGIES

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
FRAMINGS = {"sse": "SSE", "ndjson": "NDJSON"}
BLOCK = re.compile(r"```console\n\$ (streamdoctor [^\n]*)\n(.*?)```", re.DOTALL)


def run(command: str, folder: Path) -> str:
    """What `command` prints in a folder that has the captures and a body to import."""
    if not (folder / "captures").exists():
        (folder / "captures").symlink_to(ROOT / "captures")
        (folder / "body.sse").write_bytes(b"data: hello\n\ndata: world\n\n")
    words = [sys.executable, "-m", "streamdoctor", *shlex.split(command)[1:]]
    done = subprocess.run(words, capture_output=True, text=True, cwd=folder, env={**os.environ, "NO_COLOR": "1"})
    return "\n".join(line.rstrip() for line in (done.stdout + done.stderr).splitlines()) + "\n"


def examples() -> list[tuple[str, str]]:
    return BLOCK.findall(README.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("command", "output"), examples(), ids=[" ".join(c.split()[1:3]) for c, _ in examples()])
def test_an_example_prints_what_the_readme_says(command: str, output: str, tmp_path: Path) -> None:
    assert run(command, tmp_path) == output


def test_there_is_an_example_of_each_command() -> None:
    text = README.read_text(encoding="utf-8")
    listed = subprocess.run([sys.executable, "-m", "streamdoctor", "--help"], capture_output=True, text=True).stdout
    commands = re.findall(r"^  ([a-z]+)  ", listed.partition("Commands:")[2], re.MULTILINE)
    assert len(commands) >= 6
    assert [name for name in commands if f"streamdoctor {name}" not in text] == []


def table(heading: str) -> list[str]:
    """The rows of the README's table whose first column is called so."""
    rows = README.read_text(encoding="utf-8").partition(f"\n| `{heading}` |")[2].partition("\n\n")[0]
    return rows.splitlines()[2:]


def row(name: str, *words: str) -> str:
    return f"| {' | '.join(word.replace('|', chr(92) + '|') for word in (f'`{name}`', *words))} |"


def framings(rephrasing: Rephrasing) -> str:
    return ", ".join(FRAMINGS[framing] for framing in rephrasing.bodies) or "any framing"


def test_its_table_of_splits_is_the_registry() -> None:
    assert table("--split") == [row(split.example or name, split.summary) for name, split in STRATEGIES.items()]


def test_its_table_of_rephrasings_is_the_registry() -> None:
    assert table("--rephrase") == [row(name, one.summary, framings(one)) for name, one in REPHRASINGS.items()]


def test_its_table_of_faults_is_the_registry() -> None:
    assert table("--fault") == [row(fault.form, fault.summary) for fault in FAULTS.values()]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        text = README.read_text(encoding="utf-8")
        filled = BLOCK.sub(lambda m: f"```console\n$ {m[1]}\n{run(m[1], Path(folder))}```", text)
        README.write_text(filled, encoding="utf-8")


if __name__ == "__main__":
    main()
