"""`streamdoctor explain`: what a rule means, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

import click

from streamdoctor.diagnosis.rule import Rule
from streamdoctor.diagnosis.rules import RULES
from streamdoctor.errors import UsageError
from streamdoctor.report.rules import all_rules_lines, list_lines, rule_lines
from streamdoctor.visible import safe_text


@click.command("explain")
@click.argument("rules", nargs=-1, metavar="[CODE|NAME]...")
@click.option("--all", "everything", is_flag=True, help="Every rule.")
def command(rules: tuple[str, ...], everything: bool) -> None:
    """What a rule means: what users see, why it happens, how to mend it.

    Rules are named by code (SD401, sd401), name (broken-character) or kind (corrupted); with none, all are listed.
    """
    if everything and rules:
        raise UsageError("--all explains every rule: name none beside it")
    for line in _lines(rules, everything):
        click.echo(line)


def _lines(names: tuple[str, ...], everything: bool) -> Iterator[str]:
    if everything:
        yield from all_rules_lines(RULES.values())
    elif not names:
        yield from list_lines(RULES.values())
    asked = [rule for name in names for rule in of_kind(name) or [find_rule(name)]]
    for number, rule in enumerate(asked):
        yield from [""] if number else []
        yield from rule_lines(rule)


def of_kind(name: str) -> list[Rule]:
    """The rules of that kind, such as `truncated`, which stands before every finding; none where it is no kind, or the
    name of a rule too."""
    wanted = name.strip().lower()
    own = any(wanted == rule.name.lower() for rule in RULES.values())
    return [] if own else [rule for rule in RULES.values() if rule.kind == wanted]


def find_rule(name: str) -> Rule:
    """The rule of that code or name, in any case. Raises UsageError, with what comes near it."""
    wanted = name.strip().lower()
    known = {key.lower(): rule for rule in RULES.values() for key in (rule.code, rule.name)}
    if wanted in known:
        return known[wanted]
    near = get_close_matches(wanted, known, n=3, cutoff=0.6)
    found = list(dict.fromkeys(f"{known[key].code} ({known[key].name})" for key in near))
    hint = f"did you mean {' or '.join(found)}?" if found else "streamdoctor explain lists them all"
    raise UsageError(f"there is no rule {safe_text(name)!r}", hint=hint)
