"""Tasks at once: what they tell arrives, errors come through, nothing outlives its parent; results are the same."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from streamdoctor.errors import HarnessError, UsageError
from streamdoctor.report.json import check_document
from streamdoctor.suite.cases import Axes
from streamdoctor.suite.check import check
from streamdoctor.suite.examine import Options
from streamdoctor.suite.jobs import run_all
from streamdoctor.suite.results import Result
from streamdoctor.suite.subjects import find, from_probe
from streamdoctor.suite.workers import Limits
from tests.suite.lab import CHATS, PLAIN, STRANGERS, captures


def told(tasks: list[Callable[[Any], None]], jobs: int) -> list[tuple[int, Any]]:
    messages: list[tuple[int, Any]] = []
    run_all(tasks, jobs, lambda number, message: messages.append((number, message)))
    return messages


def counting(number: int) -> Callable[[Any], None]:
    def task(tell: Any) -> None:
        for step in range(200):
            tell((number, step, "é" * step))

    return task


@pytest.mark.parametrize("jobs", [1, 2, 7])
def test_what_tasks_tell_arrives_in_order(jobs: int) -> None:
    messages = told([counting(number) for number in range(5)], jobs)
    assert [m for n, m in messages if n == 3] == [(3, step, "é" * step) for step in range(200)]
    assert len(messages) == 1000


def test_an_error_of_ours_comes_through_and_ends_the_others() -> None:
    def fails(tell: Any) -> None:
        raise UsageError("no such thing", hint="try another")

    def sleeps(tell: Any) -> None:
        time.sleep(60)

    with pytest.raises(UsageError, match="no such thing") as raised:
        told([sleeps, fails], 2)
    assert raised.value.hint == "try another"


def test_any_other_error_is_our_bug() -> None:
    def breaks(tell: Any) -> None:
        raise KeyError("nothing")

    with pytest.raises(HarnessError, match="KeyError"):
        told([breaks, breaks], 2)


def test_an_interrupt_gives_what_is_known() -> None:
    def known(tell: Any) -> None:
        try:
            tell("known")
            time.sleep(60)
        except KeyboardInterrupt:
            tell("so far")

    messages: list[Any] = []

    def receive(number: int, message: Any) -> None:
        messages.append(message)
        if messages.count("known") == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_all([known, known], 2, receive)
    assert messages.count("known") == 2
    assert messages.count("so far") >= 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent is gone")
def test_nothing_outlives_a_parent_that_is_killed() -> None:
    script = (
        "import os, time\n"
        "from streamdoctor.suite.jobs import run_all\n"
        "from streamdoctor.suite.workers import Limits, run_child\n"
        "def job(emit, beat):\n    emit({'t': 'pid', 'pid': os.getpid()}); time.sleep(60)\n"
        "def task(tell):\n    run_child(job, lambda message: tell((os.getpid(), message['pid'])), Limits(60, 60))\n"
        "run_all([task, task], 2, lambda number, message: print(*message, flush=True))\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pids = [int(word) for _ in range(2) for word in parent.stdout.readline().split()]
        watched = [os.pidfd_open(pid) for pid in pids]
        parent.send_signal(signal.SIGKILL)
    for descriptor in watched:
        assert select.select([descriptor], [], [], 10)[0], "a child lives on"
        os.close(descriptor)
    assert len(pids) == 4


def document(results: list[Result]) -> Any:
    for result in results:
        result.seconds = 0.0
    return json.loads(json.dumps(check_document(results, 0)))


@pytest.mark.slow
def test_results_are_the_same_for_any_number_of_jobs(tmp_path: Any) -> None:
    bodies = {name: {**CHATS, **PLAIN}[name] for name in ("plain", "plain-ids", "chat", "chat-crlf", "chat-bom")}
    subjects = [find(path) for path in captures(tmp_path, bodies)] + [from_probe("ollama")]
    refs = ["reference", "finally-works", f"{STRANGERS / 'misbehaving.py'}:spins", "splits-lines-everywhere"]
    options = Options(Axes(splits=("whole", "boundaries")))
    limits = Limits(0.3, 1.0)
    one, three, nine = (document(check(refs, subjects, options, limits, jobs=jobs)) for jobs in (1, 3, 9))
    assert one == three == nine
    assert {result["verdict"] for result in one["results"]} >= {"pass", "fail", "hung"}


def test_two_runs_say_the_same_byte_for_byte() -> None:
    """Times aside; in processes whose hashes differ."""
    words = [sys.executable, "-m", "streamdoctor", "check", "probe:sse", "--parser", "reference", "--json", "-"]
    words += ["--parser", f"{STRANGERS / 'families.py'}:WantsASpace", "--rephrase", "no-space", "--split", "random"]

    def said(hashes: str) -> bytes:
        env = {**os.environ, "PYTHONHASHSEED": hashes}
        done = subprocess.run(words, env=env, capture_output=True, check=False)
        assert done.returncode == 1, done.stderr
        return re.sub(rb'"seconds": *[\d.e-]+', b"", done.stdout)

    first = said("1")
    assert first == said("2")
    assert b'"minimal"' in first and b'"seconds"' not in first


def test_each_result_is_told_as_it_comes_and_as_it_stays() -> None:
    heard: list[tuple[str, str, bool]] = []
    results = check(
        ["reference", "finally-works"],
        [from_probe("openai-chat"), from_probe("sse")],
        Options(Axes(splits=("whole",), rephrasings=("bom",))),
        jobs=2,
        done=lambda result, final: heard.append((result.parser, result.verdict, final)),
    )
    assert {(p, v) for p, v, final in heard if final} == {(r.parser, r.verdict) for r in results}
    assert ("finally-works", "fail", False) in heard
