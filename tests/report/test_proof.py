"""A proof, or why there is none, in sentences."""

from __future__ import annotations

from streamdoctor.report.proof import proof_lines
from streamdoctor.report.text import check_lines
from streamdoctor.suite.results import Coverage, Proof, Result
from tests.report.results import result


def told(proof: Proof | None = None, refused: str | None = None) -> list[str]:
    one = result()
    one.proof, one.proof_refused = proof, refused
    return [line.strip() for line in proof_lines(one)]


def test_an_exact_number_of_ways_stands_before_them_and_one_that_is_near_behind() -> None:
    exact = told(Proof("2^51", 52, 53, 1378, ()))
    assert (
        exact[0]
        == "proof: all 2^51 ways to cut this body into pieces of 1 to 52 bytes were covered: every one is right"
    )
    near = told(Proof("about 2^30923", 64, 30_925, 1_977_120, ()))
    assert near[0].endswith("into pieces of 1 to 64 bytes were covered (about 2^30923): every one is right")
    assert near[2] == "by 30,925 states and 1,977,120 steps, and random chunkings in a second process"


def test_what_is_assumed_is_a_list_of_sentences() -> None:
    *_, last = told(Proof("2^1", 2, 3, 3, ("A.snapshot() and restore() tell the whole state",)))
    assert last == (
        "assumed: A.snapshot() and restore() tell the whole state; "
        "the interpreter and its standard library keep nothing that changes what comes out"
    )


def test_a_refusal_says_why_then_what_was_searched_then_what_that_found() -> None:
    searched = "every single cut (9), 200 random chunkings"
    assert told(refused=f"hidden state in N; searched instead: {searched}; found wrong: SD101") == [
        "no proof: hidden state in N",
        f"searched instead: {searched}",
        "found wrong: SD101",
    ]


def test_what_was_disproved_is_not_said_to_lack_a_proof() -> None:
    assert told(refused="disproved: with a cut at byte 17 it is wrong (SD401)") == [
        "disproved: with a cut at byte 17 it is wrong (SD401)"
    ]


def test_where_all_chunkings_were_covered_no_place_was_never_cut() -> None:
    def lines(one: Result) -> str:
        one.coverage = Coverage({"utf8": 3}, (), ())
        return "\n".join(check_lines([one]))

    assert "no case cuts inside: utf8 3" in lines(result())
    assert "no case cuts" not in lines(result(proof=Proof("2^1", 2, 3, 3, ())))
