"""A proof over all chunkings, as the parent sees it: asked of a watched child, and what came of it.

A certificate is given only where the child says so after every condition held; whatever else happens, it is refused and
why. A child that hangs or dies on an edge is run once more up to there, so that the chunking can be named.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from streamdoctor.diagnosis.judge import Finding
from streamdoctor.splits.strategies import Cuts
from streamdoctor.suite.explore import ANNOUNCED, cut_words
from streamdoctor.suite.prover import Task, prover
from streamdoctor.suite.results import Proof
from streamdoctor.suite.workers import Ending, Message, run_child

_TRIES = 4


@dataclass
class Outcome:
    """`proof`, or why it was `refused`; `found` are chunkings that are wrong or not strict; `deadly` is one on which
    the child hung or died."""

    proof: Proof | None = None
    refused: str | None = None
    found: list[tuple[Cuts, Finding]] = field(default_factory=list)
    deadly: tuple[Cuts, Ending] | None = None
    interrupted: bool = False


def prove(task: Task, progress: Callable[[str], None] = lambda words: None) -> Outcome:
    """Walks all chunkings of one body through one parser."""
    for _ in range(_TRIES):
        run = _Run(task, progress)
        ending = run.run()
        if ending is None or ending.how == "done":
            return run.outcome()
        if ending.at[1] in (ANNOUNCED, task.suspect):
            run.deadly = (run.running, ending)
            return run.outcome()
        task = replace(task, suspect=ending.at[1])
    return Outcome(refused="it hangs or dies, and not twice in the same place")


class _Run:
    """One child, and what it told."""

    def __init__(self, task: Task, progress: Callable[[str], None]) -> None:
        self.task, self.progress = task, progress
        self.running: Cuts = ()
        self.deadly: tuple[Cuts, Ending] | None = None
        self._said: dict[str, Message] = {}
        self._found: list[tuple[Cuts, Finding]] = []
        self._interrupted = False

    def run(self) -> Ending | None:
        """None where it was interrupted."""
        try:
            return run_child(prover(self.task), self._receive, self.task.limits)
        except KeyboardInterrupt:
            self._interrupted = True
            return None

    def outcome(self) -> Outcome:
        proof = self._proof()
        refused = None if proof else self._why()
        return Outcome(proof, refused, self._found, self.deadly, self._interrupted)

    def _receive(self, message: Message) -> None:
        kind = message["t"]
        self._said[kind] = message
        if kind == "running":
            self.running = tuple(message["cuts"])
        elif kind == "found":
            self._found.append((tuple(message["cuts"]), Finding(*message["finding"])))
        elif kind == "progress":
            self.progress(self._far(message))

    def _proof(self) -> Proof | None:
        said = self._said.get("proof")
        if said is None or self.deadly is not None:
            return None
        return Proof(said["chunkings"], self.task.longest, said["states"], said["steps"], tuple(said["assumed"]))

    def _why(self) -> str:
        if self._interrupted:
            return f"interrupted {self._far(self._said.get('progress'))}; {self._so_far()}"
        if self.deadly is not None:
            cuts, ending = self.deadly
            return f"disproved: with {cut_words(cuts)} it does not return ({ending.detail})"
        if "wrong" in self._said:
            return self._disproved(self._said["wrong"])
        if "refused" in self._said:
            return f"{self._said['refused']['why']}; searched instead: {self._searched()}"
        lines = str(self._said.get("bug", {}).get("message", "the child said nothing")).strip().splitlines()
        return f"streamdoctor itself failed: {lines[-1]}"

    def _disproved(self, wrong: Message) -> str:
        cuts = tuple(wrong["cuts"])
        fewest = "; no chunking with fewer cuts is wrong" if wrong["fewest"] and cuts else ""
        return f"disproved: with {cut_words(cuts)} it is wrong ({wrong['rule']}){fewest}"

    def _searched(self) -> str:
        said = self._said.get("searched")
        words = said["words"] if said is not None else ""
        return f"{words or 'until enough was found'}; {self._so_far()}"

    def _so_far(self) -> str:
        wrong = [finding for _, finding in self._found if finding.kind != "non-strict"]
        return f"found wrong: {', '.join(f.rule for f in wrong)}" if wrong else "nothing wrong in these"

    def _far(self, message: Message | None) -> str:
        if message is None:
            return "before the first step"
        size = len(self.task.subject.reading.body)
        return f"at byte {message['offset']:,} of {size:,}, after {message['steps']:,} steps"
