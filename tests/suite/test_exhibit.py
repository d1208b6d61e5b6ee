"""What is gathered for the page: the right bytes and steps, bounded, whatever becomes of the parser's process."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamdoctor.suite import exhibit
from streamdoctor.suite.cases import Axes
from streamdoctor.suite.check import check
from streamdoctor.suite.examine import Options
from streamdoctor.suite.exhibit import Exhibit, Wanted, gather
from streamdoctor.suite.results import Found, Result
from streamdoctor.suite.subjects import Subject, find
from streamdoctor.suite.workers import Limits
from tests.report.results import found, result

EMOJI = str(Path(__file__).parents[2] / "captures" / "llama-chat-emoji-japanese.capture.jsonl")
LIMITS = Limits(2, 8)


def findings(ref: str, subject: Subject, *splits: str) -> tuple[Options, list[tuple[Result, Found]]]:
    options = Options(Axes(splits))
    (made,) = check([ref], [subject], options, LIMITS)
    return options, [(made, one) for one in made.findings]


def gathered(ref: str, name: str, *splits: str) -> tuple[Found, Exhibit]:
    """The worst finding of `ref`, and what is shown of it."""
    subject = find(name)
    options, wrong = findings(ref, subject, *splits)
    made = gather([Wanted(*one, subject) for one in wrong], options, LIMITS)
    return wrong[0][1], made[wrong[0][1].case]


def shown_of(ref: str, name: str, cuts: tuple[int, ...]) -> Exhibit:
    """What is shown of `ref` under `cuts`, whatever is wrong with it."""
    one = Wanted(result(parser=ref), found(cuts=cuts), find(name))
    (made,) = gather([one], Options(), LIMITS).values()
    return made


def test_the_bytes_round_a_cut_and_the_step_that_goes_wrong() -> None:
    worst, shown = gathered("decodes-each-piece", EMOJI, "cuts:1259")
    assert worst.cuts == (1259,)
    (window,) = shown.windows
    assert window.cuts == ((1259, "utf8"),)
    assert window.data[1259 - window.start - 1 :][:2] == "é".encode()
    step = next(step for step in shown.steps if step.number == shown.focus)
    assert (step.start, step.end) == (1259, 30_924)
    assert step.out.startswith("\ufffd\ufffd is open") and step.due.startswith("é is open")
    assert step.piece.startswith("\\xa9")
    assert [one.out for one in shown.steps if one.number < step.number] == ["The caf"]
    assert (shown.end, shown.pieces, shown.steps_in_all) == ("finished", 2, 3)
    assert shown.piece_sizes == {1259: 1, 29_665: 1}


def test_what_raises_is_shown_where_it_raises() -> None:
    _, shown = gathered("finally-works", EMOJI, "cuts:1259")
    assert (shown.focus, shown.end.partition(" at ")[0]) == (1, "raised in step 1")


def test_recorded_times_are_there_where_the_capture_keeps_them() -> None:
    _, shown = gathered("decodes-each-piece", EMOJI, "cuts:1259")
    assert shown.arrivals[-1][0] == 30_924
    assert sum(size * count for size, count in shown.read_sizes.items()) == 30_924
    probed = shown_of("decodes-each-piece", "probe:openai-chat", (9,))
    assert (probed.arrivals, probed.read_sizes) == ((), {})


def test_it_is_bounded_however_many_pieces_there_are() -> None:
    shown = shown_of("parses-each-piece", EMOJI, tuple(range(1, 30_924)))
    assert shown.pieces == 30_924
    assert max(map(len, (shown.steps, shown.cuts, shown.events, shown.arrivals))) <= 401
    assert sum(len(window.data) for window in shown.windows) < 1_000
    assert shown.steps[-1].number == shown.steps_in_all


@pytest.mark.slow
def test_one_that_ends_its_process_is_shown_without_steps(tmp_path: Path) -> None:
    (tmp_path / "dies.py").write_text(
        "import os\n"
        "def parse(pieces):\n"
        "    for number, piece in enumerate(pieces):\n"
        "        if number == 3: os._exit(3)\n"
        "        yield piece.decode()\n"
    )
    worst, shown = gathered(f"{tmp_path}/dies.py:parse", "probe:sse", "bytes")
    assert worst.finding.rule == "SD703"
    assert (shown.steps, shown.focus) == ((), None)
    assert shown.windows and shown.cuts


def test_there_are_no_more_than_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exhibit, "MOST", 1)
    subject = find("probe:openai-chat")
    wanted = [Wanted(result(parser="reference"), found(case=f"{n:08x}"), subject) for n in range(3)]
    assert len(gather(wanted, Options(), LIMITS)) == 1
