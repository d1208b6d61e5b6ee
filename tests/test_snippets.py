"""The snippets for CI in the README, run as they stand: green for a right parser, red for a wrong one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CAPTURE = ROOT / "captures" / "llama-chat-emoji-japanese.capture.jsonl"

PROJECT = """
[project]
name = "my-package"
version = "1"
[build-system]
requires = ["setuptools>=64"]
build-backend = "setuptools.build_meta"
[tool.setuptools]
packages = ["my_package"]
"""
RIGHT = r"""
import re

class Parser:
    def __init__(self):
        self.rest, self.data, self.first, self.after_cr = b"", [], True, False

    def feed(self, piece):
        if self.after_cr and piece[:1] == b"\n":
            piece = piece[1:]
        self.after_cr = piece[-1:] == b"\r"
        *lines, self.rest = re.split(rb"\r\n|\r|\n", self.rest + piece)
        for line in lines:
            if self.first:
                line, self.first = line.removeprefix(b"\xef\xbb\xbf"), False
            name, _, value = line.partition(b":")
            if name == b"data":
                self.data.append(value.removeprefix(b" "))
            elif not line and self.data:
                data, self.data = b"\n".join(self.data), []
                yield data.decode("utf-8", "replace")
"""
WRONG = (
    RIGHT
    + r"""
class Wrong(Parser):
    def feed(self, piece):
        return super().feed(piece.decode("utf-8", "replace").encode())

Parser = Wrong
"""
)


def steps(title: str) -> list[str]:
    """The commands of the YAML block that opens with `title`: after `run:`, or in the list after `script:`."""
    block = next(block for block in re.findall(r"```yaml\n(.*?)```", README, re.S) if block.startswith(f"# {title}"))
    found = re.findall(r"^- run: (.+)$", block, re.M) + re.findall(r"^    - (.+)$", block, re.M)
    assert len(found) == 2, found
    return found


class Job:
    """A machine of a CI service: an environment of its own, and a package index that knows this checkout."""

    def __init__(self, folder: Path) -> None:
        self.folder, packages = folder / "project", folder / "packages"
        self._run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(packages), str(ROOT))
        self._run(sys.executable, "-m", "venv", str(folder / "venv"))
        path = f"{folder / 'venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
        own = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
        self.env = {**own, "PATH": path, "PIP_FIND_LINKS": str(packages), "CI": "true"}
        (self.folder / "my_package").mkdir(parents=True)
        (self.folder / "captures").mkdir()
        (self.folder / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
        shutil.copy(CAPTURE, self.folder / "captures")

    def __call__(self, commands: list[str], parser: str) -> subprocess.CompletedProcess[str]:
        """The last command that was run: as a service does, none after one that failed."""
        (self.folder / "my_package" / "sse.py").write_text(parser, encoding="utf-8")
        for command in commands:
            done = subprocess.run(
                ["bash", "-e", "-c", command],
                cwd=self.folder,
                env=self.env,
                text=True,
                capture_output=True,
                check=False,
            )
            if done.returncode:
                break
        return done

    def _run(self, *words: str) -> None:
        subprocess.run(words, check=True, capture_output=True)


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    return Job(tmp_path_factory.mktemp("job"))


@pytest.mark.slow
def test_github_is_green_for_a_right_parser_and_annotates_a_wrong_one(job: Job) -> None:
    good = job(steps("GitHub Actions"), RIGHT)
    assert good.returncode == 0, good.stdout + good.stderr
    assert "::error" not in good.stdout
    bad = job(steps("GitHub Actions"), WRONG)
    assert bad.returncode == 1, bad.stdout + bad.stderr
    assert re.search(r"^::error .*SD401", bad.stdout, re.M), bad.stdout
    assert "SD401" in (job.folder / "streamdoctor.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_gitlab_is_green_for_a_right_parser_and_reports_a_wrong_one(job: Job) -> None:
    good = job(steps("GitLab"), RIGHT)
    assert good.returncode == 0, good.stdout + good.stderr
    assert "<failure" not in (job.folder / "report.xml").read_text(encoding="utf-8")
    bad = job(steps("GitLab"), WRONG)
    assert bad.returncode == 1, bad.stdout + bad.stderr
    assert "SD401" in bad.stdout
    assert "<failure" in (job.folder / "report.xml").read_text(encoding="utf-8")
