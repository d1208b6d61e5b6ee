"""Runs one case through a command in another language: frames go out, JSON lines come in, a transcript comes of it.

In lockstep: a piece goes once the command has asked for it, so that what it says before it asks again belongs to that
step. One that never asks gets everything at once: then no item belongs to a step for certain, and no ending is judged.
"""

from __future__ import annotations

import re

from streamdoctor.errors import IncompleteStream
from streamdoctor.parsers.command import RESET, Answer, Command, Process
from streamdoctor.replay.source import Script, StillOpen
from streamdoctor.replay.transcript import Raised, Transcript

_NAMED = re.compile(r"((?:[A-Za-z_][\w.]*)?(?:Error|Exception|Exit)|exit code \d+|signal \d+)(?:: )?(.*)", re.S)


def run_command(command: Command, script: Script) -> Transcript:
    """The transcript of one case. Raises UsageError for a line that is none of the protocol."""
    process = command.process()
    try:
        return _in_lockstep(command, process, script) if command.asks else _at_once(command, process, script)
    except BaseException:
        command.drop()
        raise


def _in_lockstep(command: Command, process: Process, script: Script) -> Transcript:
    ended = False
    while (answer := command.answer(process, script.collect)).kind == "ask":
        if ended:
            return script.transcript(finished=True)  # it asks for the next case without a word on this one
        try:
            ended = _hand_over(process, script)
        except StillOpen:
            command.drop()
            return script.transcript()
    if answer.kind not in ("done", "error"):
        command.drop()
    return _over(answer, script)


def _hand_over(process: Process, script: Script) -> bool:
    """One frame; True after the end of the stream."""
    try:
        piece = script.next()
    except (ConnectionResetError, IncompleteStream):
        process.send_end(RESET)
        return False
    if piece is None:
        process.send_end()
        return True
    process.send(piece)
    return False


def _at_once(command: Command, process: Process, script: Script) -> Transcript:
    """Everything it will ever get, before anything it says is looked at."""
    script.threaded = True
    while script.acts[script.step] != "open" and not _hand_over(process, script) and not script.reset_seen:
        continue
    answer = command.answer(process, script.collect)
    command.drop()
    return _over(answer, script, can_end=False)


def _over(answer: Answer, script: Script, *, can_end: bool = True) -> Transcript:
    if answer.kind in ("spinning", "blocked"):
        return script.transcript(stuck=answer.kind, can_end=can_end)
    if answer.detail:
        found = _NAMED.match(answer.detail)
        name, message = (found[1], found[2]) if found else ("Error", answer.detail)
        return script.transcript(raised=Raised(script.step, name, message[:500], answer.where), can_end=can_end)
    return script.transcript(finished=True, can_end=can_end)
