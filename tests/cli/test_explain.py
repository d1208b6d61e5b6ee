"""`explain`: by code, by name, all of it; what is unknown is answered with what comes near."""

from __future__ import annotations

import pytest

from streamdoctor.diagnosis.rules import RULES
from tests.cli.conftest import Run


@pytest.mark.parametrize("name", ["SD401", "sd401", "broken-character", "Broken-Character"])
def test_a_rule_by_code_or_name(run: Run, name: str) -> None:
    done = run("explain", name)
    assert done.code == 0
    assert done.out.startswith("SD401 broken-character: corrupted, error\n")
    assert "incremental decoder" in done.out


def test_several_rules(run: Run) -> None:
    done = run("explain", "SD601", "SD610")
    assert [line.split()[0] for line in done.out.splitlines() if line.startswith("SD")] == ["SD601", "SD610"]


def test_a_kind_stands_for_all_its_rules(run: Run) -> None:
    done = run("explain", "Truncated")
    assert done.code == 0
    assert all(code in done.out for code in ("SD101", "SD102", "SD103")) and "SD201" not in done.out


def test_all_of_them(run: Run) -> None:
    done = run("explain", "--all")
    assert done.code == 0
    assert [code for code in RULES if f"\n{code} " not in done.out] == []


def test_none_named_lists_them(run: Run) -> None:
    done = run("explain")
    assert (done.code, len(done.out.splitlines())) == (0, len(RULES))


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("broken-charcter", "SD401 (broken-character)"),
        ("SD6100", "SD610 (error-in-stream)"),
        ("qqqqqqqq", "streamdoctor explain lists them all"),
        ("\x1b[31m", "streamdoctor explain lists them all"),
    ],
)
def test_what_is_unknown(run: Run, name: str, near: str) -> None:
    done = run("explain", "SD601", name)
    assert (done.code, done.out) == (2, "")
    assert near in done.err
    assert "\x1b" not in done.err and "Traceback" not in done.err


def test_all_and_a_name_contradict(run: Run) -> None:
    assert run("explain", "--all", "SD601").code == 2
