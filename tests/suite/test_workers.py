"""A child runs a job under a watchdog: what it said arrives, and how it ended is told."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Any

import pytest

from streamdoctor.suite.workers import Beat, Emit, Ending, Job, Limits, Message, run_child

LIMITS = Limits(cpu=0.2, wall=0.4)


def ran(job: Job, limits: Limits = LIMITS) -> tuple[Ending, list[Message]]:
    said: list[Message] = []
    return run_child(job, said.append, limits), said


def test_what_a_child_says_arrives_in_order() -> None:
    def job(emit: Emit, beat: Beat) -> None:
        for number in range(2000):
            beat(0, number)
            emit({"t": "n", "number": number, "text": "é\n" * 50})

    ending, said = ran(job)
    assert ending == Ending("done", (0, 1999))
    assert [message["number"] for message in said] == list(range(2000))


def spins() -> None:
    while True:
        pass


@pytest.mark.parametrize(
    ("act", "how", "detail"),
    [
        (spins, "spinning", "CPU time"),
        (lambda: time.sleep(60), "blocked", "no progress"),
        (lambda: os._exit(3), "died", "exit code 3"),
        (lambda: os._exit(0), "died", "exit code 0"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "died", "SIGKILL"),
        (lambda: os.kill(os.getpid(), signal.SIGSEGV), "died", "SIGSEGV"),
    ],
)
def test_how_a_child_ends_and_where_it_was(act: Any, how: str, detail: str) -> None:
    def job(emit: Emit, beat: Beat) -> None:
        for number in range(3):
            beat(0, number)
        emit({"t": "first"})
        beat(4, 7)
        act()
        emit({"t": "never"})

    ending, said = ran(job)
    assert (ending.how, ending.at) == (how, (4, 7))
    assert detail in ending.detail
    assert [message["t"] for message in said] == ["first"], "nothing said before is lost"
    if how in ("spinning", "blocked") or "SEGV" in detail:
        assert ending.trace[0].file == "test_workers.py" and not ending.trace[0].ours
        assert ending.entered is not None and ending.entered.function == "job"


def test_a_beat_is_progress() -> None:
    def job(emit: Emit, beat: Beat) -> None:
        for number in range(12):
            beat(0, number)
            until = time.process_time() + 0.05
            while time.process_time() < until:
                pass

    assert ran(job, Limits(cpu=0.2, wall=60))[0].how == "done", "0.6 s of CPU time in all, 0.05 s a case"


def test_loading_and_the_first_run_may_take_longer() -> None:
    def job(emit: Emit, beat: Beat) -> None:
        for number in range(3):
            beat(0, number)
            until = time.process_time() + 0.3
            while time.process_time() < until:
                pass

    ending, _ = ran(job, Limits(cpu=0.2, wall=60))
    assert (ending.how, ending.at) == ("spinning", (0, 2))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the CPU time of another process is known on Linux only")
def test_who_works_is_not_called_waiting_however_short_the_wait() -> None:
    def job(emit: Emit, beat: Beat) -> None:
        beat(0, 0)
        spins()

    assert ran(job, Limits(cpu=0.5, wall=0.1))[0].how == "spinning"


def test_a_job_that_raises_is_a_bug_of_ours() -> None:
    def job(emit: Emit, beat: Beat) -> None:
        raise RuntimeError("our mistake")

    ending, said = ran(job)
    assert ending.how == "done"
    assert [message["t"] for message in said] == ["bug"]
    assert "our mistake" in said[0]["message"]


def test_the_terminal_and_stdin_are_out_of_reach(capfd: pytest.CaptureFixture[str]) -> None:
    def job(emit: Emit, beat: Beat) -> None:
        print("to stdout", flush=True)
        print("to stderr", file=sys.stderr, flush=True)
        os.write(1, b"to fd 1")
        emit({"t": "read", "text": sys.stdin.read()})

    assert ran(job)[1] == [{"t": "read", "text": ""}]
    assert capfd.readouterr() == ("", "")


def test_a_process_left_behind_holds_nothing_up() -> None:
    def job(emit: Emit, beat: Beat) -> None:
        if os.fork() == 0:
            time.sleep(5)
            os._exit(0)
        emit({"t": "left"})

    started = time.monotonic()
    ending, said = ran(job, Limits(cpu=5, wall=60))
    assert ending.how == "done"
    assert [message["t"] for message in said] == ["left"]
    assert time.monotonic() - started < 4


def test_where_the_listener_raises_the_child_is_not_left_behind() -> None:
    def job(emit: Emit, beat: Beat) -> None:
        emit({"t": "pid", "pid": os.getpid()})
        time.sleep(60)

    pids: list[int] = []

    def receive(message: Message) -> None:
        pids.append(message["pid"])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_child(job, receive, LIMITS)
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)
