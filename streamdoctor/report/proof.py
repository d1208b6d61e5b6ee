"""A proof over all chunkings in words, or why there is none. Pure: what it covers, what it took, what was assumed."""

from __future__ import annotations

from collections.abc import Iterator

from streamdoctor.rephrasings.catalogue import AS_IS
from streamdoctor.report.words import plural
from streamdoctor.suite.results import Proof, Result
from streamdoctor.visible import safe_text


def proof_lines(result: Result) -> Iterator[str]:
    """Nothing where no proof was asked for."""
    if result.proof is not None:
        for proof in (result.proof, *result.more_proofs):
            yield from _certificate(result, proof)
    elif result.proof_refused is not None:
        yield from _refusal(result.proof_refused)


def _certificate(result: Result, proof: Proof) -> Iterator[str]:
    soft = sorted({f.finding.rule for f in result.findings if f.kind == "non-strict" and f.fault is None})
    right = f"right, or at worst non-strict ({', '.join(soft)})" if soft else "right"
    about = proof.chunkings.startswith("about ")
    exact, near = ("", f" ({proof.chunkings})") if about else (f"{proof.chunkings} ", "")
    pieces = f"pieces of 1 to {plural(proof.max_piece, 'byte')}"
    body = "this body" if proof.rephrase == AS_IS else f"this body, rephrased {proof.rephrase},"
    yield f"      proof: all {exact}ways to cut {body} into {pieces} were covered{near}: every one is {right}"
    yield "          covered: these bytes, each event in the piece that completes it, the clean end; no faults"
    work = f"{plural(proof.states, 'state')} and {plural(proof.steps, 'step')}"
    yield f"          by {work}, and random chunkings in a second process"
    beside = "the interpreter and its standard library keep nothing that changes what comes out"
    yield f"          assumed: {'; '.join([*map(safe_text, proof.assumed), beside])}"


def _refusal(why: str) -> Iterator[str]:
    """The reason, then what was searched instead, and what that found."""
    reason, _, instead = why.partition("; searched instead: ")
    yield f"      {'' if reason.startswith('disproved: ') else 'no proof: '}{safe_text(reason)}"
    if instead:
        searched, _, found = instead.rpartition("; ")
        yield f"          searched instead: {safe_text(searched)}"
        yield f"          {safe_text(found)}"
