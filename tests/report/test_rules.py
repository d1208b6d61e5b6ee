"""Rules as text: whole, and no wider than 80 columns."""

from __future__ import annotations

from streamdoctor.diagnosis.rules import RULES
from streamdoctor.report.rules import HUNDREDS, all_rules_lines, list_lines, rule_lines


def test_all_of_a_rule_is_told() -> None:
    for rule in RULES.values():
        text = " ".join(" ".join(rule_lines(rule)).split())
        for part in (rule.code, rule.name, rule.kind, rule.severity, rule.seen, rule.why, rule.mend, rule.spec):
            assert " ".join(part.split()) in text


def test_nothing_is_wider_than_eighty_columns() -> None:
    lines = [*all_rules_lines(RULES.values()), *list_lines(RULES.values())]
    assert [line for line in lines if len(line) > 80] == []


def test_each_hundred_has_its_heading_once() -> None:
    lines = list(all_rules_lines(RULES.values()))
    assert [line[2] for line in lines if line[3:6] == "xx "] == list(HUNDREDS)
    assert {code[2] for code in RULES} == set(HUNDREDS)
