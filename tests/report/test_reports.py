"""Every report of the registry: what it says, what it must not say, and that foreign text stays inert in it."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import click
import pytest

from streamdoctor.report.causes import causes
from streamdoctor.report.junit import junit_text
from streamdoctor.report.markdown import MOST, code, markdown_text
from streamdoctor.report.model import CheckReport
from streamdoctor.report.reports import REPORTS
from streamdoctor.report.text import MOST_FULL, check_lines
from streamdoctor.suite.results import Proof, Result
from tests.report.results import HOSTILE, found, result

STARTED = "2026-11-22T16:00:00Z"
README = Path(__file__).parents[2] / "README.md"


def report(*results: Result, **others: object) -> CheckReport:
    return CheckReport(list(results), started=STARTED, version="0.1", **others)  # type: ignore[arg-type]


def hostile() -> CheckReport:
    bad = found(expected=HOSTILE, actual=HOSTILE, summary=HOSTILE, reproduce=HOSTILE, case="0000000h")
    return report(
        result(bad, capture=HOSTILE, parser=HOSTILE),
        result(capture=HOSTILE + "2", parser=HOSTILE, skipped=True, note=HOSTILE),
        result(capture=HOSTILE + "3", parser=HOSTILE, error=True, note=HOSTILE),
    )


def test_one_cause_on_many_captures_is_one_entry() -> None:
    results = [result(found(summary=f"loses {n} items"), capture=f"{n}.capture.jsonl") for n in range(1, 31)]
    text = click.unstyle("\n".join(check_lines(results)))
    assert text.count("SD404") == 1
    assert "SD404 corrupted: loses N items" in text
    assert "on 30 of 30: 1.capture.jsonl, 2.capture.jsonl, 3.capture.jsonl and 27 more" in text
    assert "30 results from 300 cases: 30 fail" in text
    assert len(text.splitlines()) < 15


def test_a_number_that_is_the_same_on_all_captures_is_told() -> None:
    words = [f"raises ValueError in step {step} at mine.py:12" for step in (1, 7)]
    results = [result(found(summary=one), capture=f"{one[-30]}.capture.jsonl") for one in words]
    assert causes(results)[0].title == "raises ValueError in step N at mine.py:12"
    assert causes(results[1:])[0].title == words[1]


def test_many_causes_are_a_page() -> None:
    rules = ("SD101", "SD102", "SD103", "SD404", "SD402", "SD501")
    pairs = [(rule, name) for rule in rules for name in ("as-is", "crlf", "cr", "bom", "ids")]
    wrong = [found(rule, rephrase=name, case=f"{i:08x}", summary=name) for i, (rule, name) in enumerate(pairs)]
    lines = list(check_lines([result(*wrong)]))
    assert sum("mend:" in line for line in lines) == MOST_FULL
    assert any("(replay 0000001" in line for line in lines)
    assert len(lines) < 66


def test_what_is_known_stands_apart() -> None:
    results = [result(found(known=True)), result(found(), capture="b.capture.jsonl")]
    new, known = causes(results)
    assert (new.known, known.known) == (False, True)
    assert "known: SD404" in "\n".join(check_lines(results))


def test_long_texts_are_shown_where_they_differ() -> None:
    text = "\n".join(check_lines([result(found(expected="a" * 500 + "right", actual="a" * 500 + "wrong"))]))
    assert re.search("expected “…480…a{20}right”, got “…480…a{20}wrong”", text)


@pytest.mark.parametrize("name", REPORTS)
def test_foreign_text_is_inert(name: str) -> None:
    text = REPORTS[name].render(hostile())
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\ufffe]", text)
    assert text.endswith("\n")


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_of_nothing_is_a_report(name: str) -> None:
    assert REPORTS[name].render(report())


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_is_documented(name: str) -> None:
    assert f"| `{name}` | {REPORTS[name].summary} |" in README.read_text(encoding="utf-8")


# --- JUnit


def test_junit_is_well_formed_whatever_is_in_it() -> None:
    root = ElementTree.fromstring(junit_text(hostile()))
    (suite,) = root
    assert [len(suite.findall(f"testcase/{kind}")) for kind in ("failure", "skipped", "error")] == [1, 1, 1]
    assert "\\ufffe" in (suite.find("testcase/failure").text or "")  # type: ignore[union-attr]


def test_junit_counts_what_fails_only() -> None:
    soft, known = found("SD511"), found(known=True)
    made = report(result(found()), result(soft, capture="b"), result(known, capture="c"), result(capture="d"))
    root = ElementTree.fromstring(junit_text(made))
    assert (root.get("tests"), root.get("failures"), root.get("time")) == ("4", "1", "1.000")
    failure = root.find("testsuite/testcase/failure")
    assert failure is not None
    assert (failure.get("type"), failure.get("message")) == ("corrupted", "SD404 corrupted: hands out something else")
    assert "expected “12”, got “12!”" in (failure.text or "")
    assert [bool(case.findall("system-out")) for case in root.iter("testcase")] == [False, True, True, False]


def test_junit_validates_against_the_common_schema() -> None:
    etree = pytest.importorskip("lxml.etree", reason="lxml is not installed: the schema is not checked")
    schema = etree.XMLSchema(etree.parse(Path(__file__).with_name("junit.xsd")))
    for made in (hostile(), report(), report(result(found()), result(parser="other"))):
        schema.assertValid(etree.fromstring(junit_text(made).encode()))


# --- Markdown


def test_markdown_tells_verdicts_and_causes() -> None:
    text = markdown_text(report(result(found()), result(parser="b"), result(parser="b", capture="b")))
    assert text.startswith("### streamdoctor: failed\n")
    assert "| parser | fail | pass |" in text
    assert "| `b` |  | 2 |" in text
    assert "<details><summary>SD404 corrupted&#58; hands out" in text or "SD404 corrupted: hands out" in text


def test_a_comment_tells_proofs_and_refusals() -> None:
    proof = Proof("2^51", 52, 53, 1378, ())
    text = markdown_text(report(result(proof=proof), result(parser="b", proof_refused="hidden state in x")))
    assert "<summary>1 proof of all chunkings, 1 refused</summary>" in text
    assert "proof: all 2^51 ways" in text and "no proof: hidden state in x" in text
    assert "proof" not in markdown_text(report(result()))
    many = markdown_text(report(*(result(capture=f"{n}", proof=proof) for n in range(40))))
    assert "40 proofs" in many and "28 more found no room here." in many


def test_markdown_quotes_foreign_text_in_code_that_it_cannot_leave() -> None:
    assert code("a`b``c", cell=False) == "```a`b``c```"
    assert code("a|b", cell=True) == "`a\\|b`"
    outside = re.sub(r"(`+)text\n.*?\n\1", "", markdown_text(hostile()), flags=re.DOTALL)
    outside = re.sub(r"(`+)[^`].*?\1", "", outside)
    assert "<img" not in outside and "@x" not in outside


def test_markdown_fits_a_comment() -> None:
    wrong = [found(summary="x" * 300, case=f"{n:08x}", cuts=()) for n in range(1)]
    many = [result(*wrong, parser=f"p{n}" * 40) for n in range(500)]
    text = markdown_text(report(*many))
    assert len(text) < MOST + 2_000
    assert re.search(r"\d+ causes more found no room here", text)
