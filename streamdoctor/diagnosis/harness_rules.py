"""The rules SD9xx: why something could not be judged. No parser and no upstream is accused by them."""

from __future__ import annotations

from streamdoctor.diagnosis.rule import Rule

HARNESS: tuple[Rule, ...] = (
    Rule(
        "SD901", "left-out", "harness",
        "A result says error instead of pass or fail, and that it was left out.",
        "The parser hung on every stream so far, the plainest included: waiting for the same again is of no use.",
        "Mend what hangs first: `streamdoctor replay probe:DIALECT` shows where it rests; then check again.",
    ),
    Rule(
        "SD902", "our-own-failure", "harness",
        "A result says error, and that streamdoctor itself failed.",
        "An exception in the code around the parser: ours, whatever the parser did.",
        "Report it with the command and the last line of the message; the verdicts of other parsers stand.",
    ),
    Rule(
        "SD903", "not-as-expected", "harness",
        "A result says error, and that the capture does not mean what NAME.expected.json says.",
        "The capture was recorded anew or edited, or streamdoctor now reads it in another way.",
        "Look at the capture with `streamdoctor show`; if it is right, accept it with `check --update` and review the "
        "difference. Until then no parser is judged on it.",
    ),
)  # fmt: skip
