"""The registry: every rule says what it should, no code is used without an entry, and none stands there unused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import streamdoctor
from streamdoctor.diagnosis.rule import SEVERITIES, Rule
from streamdoctor.diagnosis.rules import RULES

PACKAGE = Path(streamdoctor.__file__).parent
REGISTRY = {"rules.py", "upstream_rules.py", "harness_rules.py"}
KINDS = {
    "1": {"truncated"},
    "2": {"duplicated", "invented"},
    "3": {"hung", "delayed", "slow"},
    "4": {"corrupted", "reordered"},
    "5": {"accepts-incomplete", "non-strict"},
    "7": {"crashed"},
    "9": {"harness"},
}
"""DESIGN section 6. SD6xx are told by whose fault they are, so any kind may come of them."""

every_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)


def used() -> dict[str, set[str]]:
    """Every code in the package outside the registry, and the files that name it."""
    found: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        if path.name not in REGISTRY:
            for code in re.findall(r"\bSD\d{3}\b", path.read_text(encoding="utf-8")):
                found.setdefault(code, set()).add(path.name)
    return found


@every_rule
def test_a_rule_is_documented_in_whole_sentences(rule: Rule) -> None:
    assert re.fullmatch(r"SD\d{3}", rule.code)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.name)
    assert rule.severity in SEVERITIES
    for text in (rule.seen, rule.why, rule.mend):
        assert len(text) > 10
        assert text[0].isupper() and text.endswith(".")


@every_rule
def test_a_code_stands_in_the_hundred_of_its_kind(rule: Rule) -> None:
    hundred = rule.code[2]
    assert hundred == "6" or rule.kind in KINDS[hundred]


@every_rule
def test_what_is_not_strict_is_no_error(rule: Rule) -> None:
    assert rule.kind != "non-strict" or rule.severity != "error"


def test_no_two_rules_share_a_name_and_they_stand_in_order() -> None:
    assert len({rule.name for rule in RULES.values()}) == len(RULES)
    assert list(RULES) == sorted(RULES)
    assert all(rule.code == code for code, rule in RULES.items())


def test_every_code_that_is_used_is_in_the_registry() -> None:
    assert {code: files for code, files in used().items() if code not in RULES} == {}


def test_every_rule_is_used_somewhere() -> None:
    found = used()
    assert [code for code in RULES if code not in found] == []
