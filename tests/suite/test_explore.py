"""All chunkings at once: right parsers get a certificate that is true, wrong ones their fewest cuts, and whatever hides
state is refused by the name of the place."""

from __future__ import annotations

import os
import sys
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from itertools import combinations, islice, pairwise
from operator import sub
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamdoctor.cli.check import command
from streamdoctor.errors import ExitCode
from streamdoctor.faults.plans import Plan
from streamdoctor.parsers.calibrate import Calibration
from streamdoctor.parsers.levels import Level, View, expected
from streamdoctor.splits.strategies import Cuts
from streamdoctor.stream.providers import by_name
from streamdoctor.stream.reading import read_body
from streamdoctor.stream.sse import SSEDecoder
from streamdoctor.suite import explore
from streamdoctor.suite.cases import Axes
from streamdoctor.suite.check import check
from streamdoctor.suite.examine import Examiner, Options
from streamdoctor.suite.expectation import WRONG as WRONG_ITEM
from streamdoctor.suite.expectation import Expectation
from streamdoctor.suite.explore import Judged, Walk, chunkings, cut_words
from streamdoctor.suite.prove import Outcome, prove
from streamdoctor.suite.prover import Task
from streamdoctor.suite.results import Proof, Result, exit_code
from streamdoctor.suite.search import Search
from streamdoctor.suite.second import random_chunkings
from streamdoctor.suite.states import ALL_CONDITIONS, Conditions, States
from streamdoctor.suite.subjects import Subject, find
from streamdoctor.suite.workers import Limits
from tests.suite.lab import capture

PROVABLE = Path(__file__).parent / "strangers" / "provable.py"
BODY = "data: Grüße\n\n: c\n\ndata: zwei 世界\n\ndata: x\n\n".encode()
MIXED = "\ufeffid: 1\r\ndata: é\r\rdata: a\ndata: b\r\n\r\n: c\n\nevent: e\ndata\n\n".encode()
LIMITS = Limits(cpu=2.0, wall=8.0)


def subject(body: bytes, dialect: str = "sse") -> Subject:
    return Subject(None, "test", read_body(body, by_name(dialect)))


def asked(ref: str, body: bytes = BODY, level: Level = "data", longest: int | None = None, **more: Any) -> Task:
    calibration = Calibration("sse", View(level), "parser", True)
    return Task(ref, subject(body), calibration, Options(), LIMITS, longest, **more)


def outcome(name: str, **more: Any) -> Outcome:
    return prove(asked(f"{PROVABLE}:{name}", **more))


@pytest.fixture(scope="module")
def strangers() -> ModuleType:
    spec = spec_from_file_location("provable", PROVABLE)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.modules["provable"] = module
    spec.loader.exec_module(module)
    return module


# --- certificates


def test_the_reference_is_right_however_it_is_cut() -> None:
    found = prove(asked("reference", MIXED, "event"))
    assert found.refused is None and found.found == []
    assert found.proof == Proof(
        f"2^{len(MIXED) - 1}", len(MIXED), len(MIXED) + 1, len(MIXED) * (len(MIXED) + 1) // 2, ()
    )


@pytest.mark.parametrize(
    ("dialect", "body"),
    [
        ("ndjson", b'{"a":1}\r\n\n{"b":"\xc3\xa9"}\n{"c":3}'),
        pytest.param("json-array", b'[{"a":1},\r\n{"b":[2,"]"]}\n]', marks=pytest.mark.slow),
    ],
)
def test_the_other_references_too(dialect: str, body: bytes) -> None:
    task = replace(
        asked("reference"),
        subject=subject(body, dialect),
        calibration=Calibration(dialect, View("data"), "parser", True),
    )
    found = prove(task)
    assert found.proof is not None and found.proof.chunkings == f"2^{len(body) - 1}", found


def correct() -> tuple[str, ...]:
    return ("Lines", "Buffer", "Incremental", "Nested", "Slots", "Switching", "Saves", "Same", "Logs", "Buffers")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name == "Switching" else name for name in correct()]
)
def test_correct_parsers_get_a_certificate_wherever_they_keep_their_state(name: str, strangers: ModuleType) -> None:
    assert name in strangers.CORRECT and len(correct()) == len(strangers.CORRECT)
    found = outcome(name)
    assert found.proof is not None and found.proof.chunkings == f"2^{len(BODY) - 1}", found.refused
    assert found.proof.states == len(BODY) + 1


@pytest.mark.slow
def test_what_was_assumed_is_said() -> None:
    saves, sets = outcome("Saves").proof, outcome("Switching").proof
    assert saves is not None and saves.assumed == ("Saves.snapshot() and restore() tell the whole state",)
    logs = outcome("Logs").proof
    assert logs is not None and logs.assumed == ("logging changes nothing that comes out",)
    assert sets is not None and sets.assumed == ("the order of a set changes nothing (right under 8 hash seeds)",)


def test_pieces_may_be_bounded() -> None:
    found = outcome("Lines", longest=5)
    assert found.proof is not None and found.proof.max_piece == 5
    assert found.proof.steps == 5 * len(BODY) - 10


@pytest.mark.parametrize("longest", [None, 5])
def test_in_order_and_in_strides_it_is_the_same_proof(longest: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """In order where the states of all nodes find no room at once."""
    in_strides = outcome("Lines", longest=longest)
    monkeypatch.setattr(explore, "_MOST_BYTES", 20_000)
    monkeypatch.setattr(explore, "in_two", None)
    assert outcome("Lines", longest=longest) == in_strides
    assert in_strides.proof is not None


def test_a_node_that_was_left_keeps_its_path_and_no_state() -> None:
    body = b"data: abc\n\n"
    reading = read_body(body, by_name("sse"))
    expectation = Expectation(View("event"), expected(View("event"), reading), body)
    walk = Walk(States(SSEDecoder, ALL_CONDITIONS), expectation, body, 2, lambda cuts: Judged([], "end", ()))
    walk.run(in_order=True)
    (last,) = walk._at[len(body)]
    parent = last.parent
    assert parent is not None and (parent.key, parent.plain) == (None, None)
    assert len(last.cuts(len(body), len(body))) == 5


def test_an_empty_body_has_one_chunking() -> None:
    found = prove(asked("reference", b"", "event"))
    assert found.proof is not None and found.proof.chunkings == "2^0"


@pytest.mark.parametrize("size", range(1, 9))
@pytest.mark.parametrize("longest", range(1, 9))
def test_chunkings_are_counted_right(size: int, longest: int) -> None:
    def count(rest: int) -> int:
        return 1 if rest == 0 else sum(count(rest - n) for n in range(1, min(longest, rest) + 1))

    told = chunkings(size, longest)
    power = float(told.removeprefix("about ").removeprefix("2^"))
    assert abs(2**power - count(size)) <= 0.05 * count(size)
    assert told.startswith("about") or 2 ** int(power) == count(size)


def test_a_number_that_is_nearly_a_power_has_no_decimals() -> None:
    assert chunkings(30_924, 64) == "about 2^30923"


def test_a_search_that_leaves_cuts_out_says_how_far_apart_they_are() -> None:
    body = b"data: " + b"x" * 30_000 + b"\n\n"
    search = Search(subject(body).material(Plan(None, body)), 64, 0)
    cuts = [cuts[0] for cuts in islice(search, len(search.singles))]
    assert len(set(map(sub, cuts[1:], cuts))) == 1
    assert search.words.startswith(f"single cuts {cuts[1] - cuts[0]} bytes apart ({len(cuts):,}), all pairs of the")


@pytest.mark.parametrize(
    ("cuts", "words"),
    [
        ((), "no cut at all"),
        ((1234,), "a cut at byte 1,234"),
        ((6, 9), "cuts at bytes 6, 9"),
        (tuple(range(1, 10)), "9 cuts"),
    ],
)
def test_cuts_in_words(cuts: Cuts, words: str) -> None:
    assert cut_words(cuts) == words


@given(st.integers(0, 200), st.integers(1, 300), st.integers(0, 9))
@settings(max_examples=30)
def test_random_chunkings_keep_to_the_longest_piece(size: int, longest: int, seed: int) -> None:
    runs = list(random_chunkings(size, longest, seed, 6))
    for cuts in runs:
        edges = [0, *cuts, size]
        assert all(0 < b - a <= max(longest, 1) for a, b in pairwise(edges))
    assert len(runs) == (6 if size else 0)


# --- traps


def hidden() -> list[str]:
    text = PROVABLE.read_text()
    return [line.split('"')[1] for line in text[text.index("HIDDEN = {") :].splitlines() if line.startswith('    "')]


@pytest.mark.parametrize("name", hidden())
def test_hidden_state_is_refused_by_the_name_of_the_place(name: str, strangers: ModuleType) -> None:
    body = BODY if name != "Counts" else b"data: " + b"x" * 200 + b"\n\n"
    found = outcome(name, body=body)
    assert found.proof is None
    assert strangers.HIDDEN[name] in (found.refused or "")


def test_what_another_module_makes_when_it_is_asked_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "settings_of_its_own.py").write_text("def __getattr__(name): return 1\n")
    (tmp_path / "asks.py").write_text(
        "import settings_of_its_own\n"
        "class Parser:\n"
        "    def feed(self, data): return [data] if settings_of_its_own.limit else []\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    found = prove(asked(f"{tmp_path}/asks.py:Parser"))
    assert found.proof is None and "settings_of_its_own.limit" in (found.refused or "")


@pytest.mark.parametrize(
    ("question", "assumed"),
    [
        ("self.rest is data", True),
        ("self.rest is self.last", True),
        ("self.rest is WORD", True),
        ("type(data) is bytes", False),
        ("self.last is None", False),
        ("self.__class__ is type(self).__mro__[0]", True),
        ("type(self) is self.__class__", False),
        ("self.last is not MARK", False),
    ],
)
def test_that_is_tells_nothing_apart_is_assumed_where_it_could(question: str, assumed: bool, tmp_path: Path) -> None:
    (tmp_path / "likeness.py").write_text(
        "WORD, MARK = b'', object()\n"
        "class Parser:\n"
        "    def __init__(self): self.rest, self.last = b'', None\n"
        "    def feed(self, data):\n"
        f"        if {question}: pass\n"
        "        *lines, self.rest = (self.rest + data).split(b'\\n')\n"
        "        return [line[6:].decode() for line in lines if line[:6] == b'data: ']\n"
    )
    found = prove(asked(f"{tmp_path}/likeness.py:Parser"))
    words = "Parser.feed tells no equal values apart with `is`"
    assert found.proof is not None and found.proof.assumed == ((words,) if assumed else ())


@pytest.mark.parametrize(
    ("asked_for", "assumed"),
    [("'rest'", False), ("'rest', None", False), ("'re' + data[:0].decode() + 'st'", True), ("name", True)],
)
def test_that_getattr_leads_nowhere_is_assumed_where_its_name_is_made_up(
    asked_for: str, assumed: bool, tmp_path: Path
) -> None:
    (tmp_path / "asking.py").write_text(
        "class Parser:\n"
        "    def __init__(self): self.rest = b''\n"
        "    def feed(self, data):\n"
        "        name = 'rest'\n"
        f"        *lines, self.rest = (getattr(self, {asked_for}) + data).split(b'\\n')\n"
        "        return [line[6:].decode() for line in lines if line[:6] == b'data: ']\n"
    )
    found = prove(asked(f"{tmp_path}/asking.py:Parser"))
    words = "Parser.feed asks getattr() for nothing that leads out of the parser"
    assert found.proof is not None and found.proof.assumed == ((words,) if assumed else ())


def test_a_refusal_says_what_was_searched_instead_and_no_more() -> None:
    found = outcome("UsesTime")
    assert found.refused is not None and "time.monotonic" in found.refused
    assert f"every single cut ({len(BODY) - 1})" in found.refused
    assert found.refused.endswith("200 random chunkings; nothing wrong in these")


def test_a_generator_is_searched_and_what_is_found_is_told(tmp_path: Path) -> None:
    (tmp_path / "decodes.py").write_text(
        "def parse(pieces):\n"
        "    text = ''\n"
        "    for piece in pieces:\n"
        "        *lines, text = (text + piece.decode(errors='replace')).split('\\n')\n"
        "        yield from (line[6:] for line in lines if line[:6] == 'data: ')\n"
    )
    found = prove(asked(f"{tmp_path}/decodes.py:parse"))
    assert found.proof is None and "a generator's frame cannot be frozen" in (found.refused or "")
    assert [(len(cuts), finding.rule) for cuts, finding in found.found] == [(1, "SD401")]
    assert (found.refused or "").endswith("found wrong: SD401")


BLIND = Conditions(by_name=False, world=False, second=False)


def test_without_any_condition_hidden_state_would_be_certified() -> None:
    assert outcome("ClassAttribute", conditions=BLIND).proof is not None


def test_the_check_after_the_walk_refuses_on_its_own() -> None:
    found = outcome("ClassAttribute", conditions=replace(BLIND, world=True))
    assert found.proof is None and "class attribute ClassAttribute.fed" in (found.refused or "")


def test_the_second_process_refuses_on_its_own() -> None:
    found = outcome("ClassAttribute", conditions=replace(BLIND, second=True))
    assert found.proof is None and "wrong in a second process (PYTHONHASHSEED=" in (found.refused or "")


def test_order_by_hash_is_caught_in_a_process_with_another_seed(tmp_path: Path) -> None:
    names = [f"name{i}" for i in range(12)]
    order = list(set(names))
    (tmp_path / "ordered.py").write_text(
        "class Parser:\n"
        "    def __init__(self): self.rest = b''\n"
        "    def feed(self, data):\n"
        "        *lines, self.rest = (self.rest + data).split(b'\\n')\n"
        f"        good = list(set({names!r})) == {order!r}\n"
        "        return [line[6:].decode() if good else '?' for line in lines if line[:6] == b'data: ']\n"
    )
    found = prove(asked(f"{tmp_path}/ordered.py:Parser"))
    assert found.proof is None and "in a second process" in (found.refused or "")


# --- wrong parsers

SECRET = b"data: abcdefghijklmnopqrstuvwxyz0123456789\n\ndata: second\n\n"
WRONG = """
class Parser:
    # Wrong only if all of these offsets are cut.
    cuts = {cuts}
    def __init__(self):
        self.rest, self.at, self.hit = b"", 0, ()
    def feed(self, data):
        if self.at in self.cuts:
            self.hit += (self.at,)
        self.at += len(data)
        *lines, self.rest = (self.rest + data).split(b"\\n")
        bad = self.hit == self.cuts
        return [line[6:].decode()[bad:] for line in lines if line[:6] == b"data: "]
    def close(self):
        return []
"""


def planted(folder: Path, cuts: Cuts) -> str:
    (folder / "planted.py").write_text(WRONG.format(cuts=cuts))
    return f"{folder}/planted.py:Parser"


@pytest.mark.parametrize("cuts", [(17,), (13, 29), (11, 23, 37), (10, 11, 12)])
def test_the_fewest_cuts_are_found_where_no_class_names_them(cuts: Cuts, tmp_path: Path) -> None:
    found = prove(asked(planted(tmp_path, cuts), SECRET))
    assert found.proof is None and [c for c, _ in found.found] == [cuts]
    assert "no chunking with fewer cuts is wrong" in (found.refused or "")
    boundaries = asked("reference", SECRET).subject.material(Plan(None, SECRET)).boundaries
    assert {boundaries.at(cut) for cut in cuts} == {"other"}


@pytest.mark.parametrize("cuts", [(17,), (13, 29), (11, 23, 37)])
def test_what_is_planted_is_made_small_with_its_cuts_and_single_cuts_find_the_first_only(
    cuts: Cuts, tmp_path: Path
) -> None:
    ref, stream = planted(tmp_path, cuts), [find(capture(tmp_path, "secret", SECRET))]
    (proved,) = check([ref], stream, Options(Axes(("whole",)), prove=True))
    (found,) = proved.findings
    assert (found.cuts, proved.proof) == (cuts, None)
    assert found.minimal is not None and tuple(found.minimal["cuts"]) == cuts
    assert len(b64decode(found.minimal["body_b64"])) < 60
    (singly,) = check([ref], stream, Options(Axes(("every-cut",))))
    assert [one.cuts for one in singly.findings] == ([cuts] if len(cuts) == 1 else [])


def test_with_short_pieces_the_fewest_are_not_claimed(tmp_path: Path) -> None:
    found = prove(asked(planted(tmp_path, (13, 29)), SECRET, longest=8))
    cuts, finding = found.found[0]
    assert {13, 29} <= set(cuts) and finding.kind == "corrupted"
    assert "fewer cuts" not in (found.refused or "")


FORGETS = """
class Forgets(Parser):
    # Wrong as its base is, and in no other state afterwards.
    def feed(self, data):
        texts = super().feed(data)
        self.hit = () if texts else self.hit
        return [Event(text) for text in texts]

class Event(tuple):
    def __new__(cls, data):
        made = super().__new__(cls)
        made.data = data
        return made
"""


def test_an_item_is_not_known_again_by_less_than_all_that_it_holds(tmp_path: Path) -> None:
    file = Path(planted(tmp_path, (11, 23, 37)).removesuffix(":Parser"))
    file.write_text(file.read_text() + FORGETS)
    task = asked(f"{file}:Forgets", SECRET, conditions=Conditions(second=False))
    assert [cuts for cuts, _ in prove(task).found] == [(11, 23, 37)]


@pytest.mark.parametrize("item", [None, (), 0, object(), ["second"]])
def test_what_comes_out_before_the_right_item_was_ever_seen_is_wrong(item: Any) -> None:
    reading, view = subject(SECRET).reading, View("data")
    assert Expectation(view, expected(view, reading), SECRET).take([item], 0) == WRONG_ITEM


@pytest.mark.slow
@given(st.sets(st.integers(1, 12), min_size=1, max_size=3))
@settings(max_examples=8, deadline=None)
def test_the_walk_finds_what_trying_every_chunking_finds(where: set[int]) -> None:
    """On a body so short that all its chunkings can be tried."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        body = b"data: abcde\n\n"
        task = asked(planted(Path(folder), tuple(sorted(where))), body)
        examiner = Examiner(task.ref, task.options)
        brute = next((cuts for cuts in all_chunkings(len(body)) if wrong(examiner, task, cuts)), None)
        found = prove(task)
        assert (found.proof is None) == (brute is not None)
        if brute is not None:
            assert len(found.found[0][0]) == len(brute)


def all_chunkings(size: int) -> Iterator[Cuts]:
    for count in range(size):
        yield from combinations(range(1, size), count)


def wrong(examiner: Examiner, task: Task, cuts: Cuts) -> bool:
    plan = Plan(None, task.subject.reading.body)
    found = examiner.findings(task.subject, task.calibration, plan, cuts, True)
    return any(finding.kind != "non-strict" for finding in found)


LATE = """
class Parser:
    def __init__(self): self.rest, self.ready = b"", []
    def feed(self, data):
        out, self.ready = self.ready, []
        *lines, self.rest = (self.rest + data).split(b"\\n")
        new = [line[6:].decode() for line in lines if line[:6] == b"data: "]
        if len(data) == 7: self.ready = new
        else: out = out + new
        return out
    def close(self): return self.ready
"""


def test_an_event_that_is_late_in_some_chunkings_is_found(tmp_path: Path) -> None:
    (tmp_path / "late.py").write_text(LATE)
    found = prove(asked(f"{tmp_path}/late.py:Parser", SECRET))
    assert found.proof is None and [f.kind for _, f in found.found] == ["delayed"]
    assert len(found.found[0][0]) <= 2


ENDS = """
class Parser:
    done = False
    def __init__(self): self.rest, self.ends = b"", 0
    def feed(self, data):
        *lines, self.rest = (self.rest + data).split(b"\\n")
        self.ends += 1
        if {when}: {what}
        return [line[6:].decode() for line in lines if line[:6] == b"data: "]
    def close(self):
        if {closing}: return ["extra"]
"""


@pytest.mark.parametrize(
    ("when", "what", "closing", "kind"),
    [
        ("data == b'abc'", "raise KeyError(1)", "False", "crashed"),
        ("data == b'abc'", "self.done = True", "False", "truncated"),
        ("False", "pass", "self.ends == 3", "invented"),
        ("data == b'abc'", "import os; os._exit(3)", "False", "crashed"),
    ],
)
def test_crashes_early_ends_and_the_close_are_judged(
    when: str, what: str, closing: str, kind: str, tmp_path: Path
) -> None:
    (tmp_path / "ends.py").write_text(ENDS.format(when=when, what=what, closing=closing))
    found = prove(
        asked(f"{tmp_path}/ends.py:Parser", b"data: abc\n\ndata: d\n\n", conditions=Conditions(by_name=False))
    )
    assert found.proof is None and (found.refused or "").startswith("disproved")
    if found.deadly is not None:
        cuts, ending = found.deadly
        assert ending.how == "died" and cuts == (6, 9)
    else:
        assert [f.kind for _, f in found.found] == [kind] and len(found.found[0][0]) == 2


@pytest.mark.slow
def test_a_loop_on_one_edge_is_named_with_its_cuts(tmp_path: Path) -> None:
    (tmp_path / "loops.py").write_text(
        ENDS.format(when="data == b'abc'", what="[0 for _ in iter(int, 1)]", closing="False")
    )
    task = replace(asked(f"{tmp_path}/loops.py:Parser", b"data: abc\n\ndata: d\n\n"), limits=Limits(0.3, 2.0))
    found = prove(task)
    assert found.deadly is not None and found.proof is None
    cuts, ending = found.deadly
    assert cuts == (6, 9) and ending.how == "spinning"


def test_a_lone_cr_that_waits_is_not_strict_and_can_be_proved(tmp_path: Path) -> None:
    (tmp_path / "waits.py").write_text(
        "class Parser:\n"
        "    def __init__(self): self.rest = b''\n"
        "    def feed(self, data, end=False):\n"
        "        text = self.rest + data\n"
        "        keep = text.endswith(b'\\r') and not end\n"
        "        text = text[:-1] if keep else text\n"
        "        *lines, rest = text.replace(b'\\r\\n', b'\\n').replace(b'\\r', b'\\n').split(b'\\n')\n"
        "        self.rest = rest + b'\\r' * keep\n"
        "        return [line[6:].decode() for line in lines if line[:6] == b'data: ']\n"
        "    def close(self): return self.feed(b'', True)\n"
    )
    found = prove(asked(f"{tmp_path}/waits.py:Parser", b"data: a\r\rdata: b\r\n\r\ndata: c\r\r", "lines"))
    assert found.proof is None or {f.rule for _, f in found.found} <= {"SD512"}
    found = prove(asked(f"{tmp_path}/waits.py:Parser", b"data: a\r\r"))
    assert found.proof is not None, found.refused


# --- for the user


def result(**more: Any) -> Result:
    return Result("a", None, "p", "sse", **more)


def test_an_interrupt_gives_what_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    from streamdoctor.suite import prove as module

    def interrupted(job: Callable[..., None], receive: Callable[[dict[str, Any]], None], limits: Limits) -> None:
        receive({"t": "progress", "offset": 7, "states": 8, "steps": 99})
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "run_child", interrupted)
    found = prove(asked("reference"))
    assert found.interrupted and found.proof is None
    assert found.refused == f"interrupted at byte 7 of {len(BODY)}, after 99 steps; nothing wrong in these"
    assert exit_code([result(interrupted=True)]) is ExitCode.INTERRUPTED


def test_check_prints_the_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    monkeypatch.chdir(tmp_path)
    words = [
        "probe:sse",
        "--parser",
        "reference",
        "--split",
        "whole",
        "--prove",
        "--max-piece",
        "all",
        "--json",
        "o.json",
    ]
    told = CliRunner().invoke(command, words)
    assert told.exit_code == 0, told.output
    assert "proof: all 2^" in told.output and "assumed:" in told.output
    assert '"chunkings": "2^' in Path("o.json").read_text() and os.listdir()


@pytest.mark.parametrize("value", ["0", "-1", "x", "1.5", ""])
def test_a_longest_piece_that_is_none_is_a_usage_error(value: str) -> None:
    from click.testing import CliRunner

    told = CliRunner().invoke(command, ["probe:sse", "-p", "reference", "--prove", "--max-piece", value])
    assert told.exit_code != 0 and "--max-piece wants" in str(told.exception)
