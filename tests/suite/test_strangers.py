"""Parsers that the judge has never seen: correct ones in every shape and form are clean, and one mistake is not.

The strangers stand in files outside the package (`strangers/`); a mistake is one text put in the place of another.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from streamdoctor.cli import cli
from streamdoctor.suite.cases import Axes
from tests.suite.lab import (
    ANTHROPIC,
    AS_RECORDED,
    CHATS,
    OLLAMA,
    PLAIN,
    RESPONSES,
    STRANGERS,
    capture,
    captures,
    judged,
    kinds,
    told,
)

SPLITS = Axes(splits=("whole", "bytes", "events", "boundaries", "random:seed=0,runs=5"))
ENDINGS = Axes(splits=("whole", "fixed:7"), faults=("keep-open", "no-marker", "resend@e2"))
FORMS = ("text", "raw", "record", "fields")
DECODERS = [f"{shape}_{form}" for shape in ("feed", "sync", "async") for form in FORMS]
CONSUMERS = [f"{shape}_{form}_consumer" for shape in ("feed", "sync", "async") for form in (*FORMS, "parsed", "delta")]


def mostly_slow(names: Iterable[str], quick: str) -> list[object]:
    """Parameters: those whose name begins with one of `quick` in every run, the rest in the slow one."""
    first = tuple(quick.split())
    return [name if name.startswith(first) else pytest.param(name, marks=pytest.mark.slow) for name in names]


def ref(file: str, name: str) -> str:
    return f"{STRANGERS / file}.py:{name}"


def verdicts(
    names: Sequence[str], streams: Sequence[str], axes: Axes = SPLITS
) -> tuple[set[str], dict[str, list[str]]]:
    results = judged(names, streams, axes)
    return {result.verdict for result in results}, told(results)


# --- correct


@pytest.mark.parametrize("axes", [SPLITS, ENDINGS], ids=["splits", "endings"])
@pytest.mark.parametrize("name", mostly_slow(CONSUMERS, "feed sync_parsed async_delta"))
def test_a_correct_consumer_is_clean_on_every_chat(tmp_path: Path, name: str, axes: Axes) -> None:
    seen, why = verdicts([ref("sse", name)], captures(tmp_path, CHATS), axes)
    assert "pass" in seen and seen <= {"pass", "skipped"}, why


@pytest.mark.parametrize("name", mostly_slow(DECODERS, "feed sync async_record"))
def test_a_correct_decoder_is_clean_on_everything(tmp_path: Path, name: str) -> None:
    streams = [*captures(tmp_path, {**CHATS, **PLAIN}), capture(tmp_path, "anthropic", ANTHROPIC)]
    seen, why = verdicts([ref("sse", name)], streams)
    assert seen == {"pass"}, why


@pytest.mark.slow
def test_all_of_them_are_clean_on_the_probes_with_the_default_cases() -> None:
    names = [ref("sse", name) for name in (*DECODERS[::2], *CONSUMERS[::2])]
    results = judged(names, ["probe:openai-chat", "probe:cohere"])
    assert {result.verdict for result in results} <= {"pass", "skipped"}, told(results)
    assert {result.role for result in results if not result.skipped} == {"parser", "consumer"}


@pytest.mark.parametrize(
    ("file", "name", "stream"),
    [
        ("apis", "anthropic_text", "anthropic"),
        ("apis", "anthropic_events", "anthropic"),
        ("apis", "AnthropicFeed", "anthropic"),
        ("apis", "ollama_parsed", "ollama"),
        ("apis", "ollama_text", "ollama"),
        ("apis", "ollama_async", "ollama"),
        ("designs", "drops_ping", "anthropic"),
        ("designs", "drops_ping_json", "anthropic"),
    ],
)
def test_a_correct_parser_of_another_api_is_clean(tmp_path: Path, file: str, name: str, stream: str) -> None:
    body, kind = {"anthropic": (ANTHROPIC, "text/event-stream"), "ollama": (OLLAMA, "application/x-ndjson")}[stream]
    seen, why = verdicts([ref(file, name)], [capture(tmp_path, stream, body, kind)], AS_RECORDED)
    assert seen == {"pass"}, why


DESIGNS = (
    "flushing_consumer flushing_text_consumer raises_on_error returns_on_error mixed named no_ids own_ids data_is_json "
    "dict_data_is_json NextStream Both coro factory DoneMethod SingleOrNone empties char_by_char text_bytes"
)
CONCURRENT = (
    "threaded_consumer a_wait_for a_prefetch a_next_task a_to_thread a_sleep0 a_drain a_task_group threaded AFeed"
)


@pytest.mark.parametrize(
    "name",
    mostly_slow(
        [*(f"designs.py:{name}" for name in DESIGNS.split()), *(f"awaiting.py:{name}" for name in CONCURRENT.split())],
        "designs.py:named designs.py:NextStream designs.py:coro designs.py:DoneMethod designs.py:text_bytes",
    ),
)
def test_other_designs_are_no_mistakes(tmp_path: Path, name: str) -> None:
    wanted = {name: CHATS[name] for name in ("chat", "chat-comments", "chat-error", "chat-no-final-blank")}
    seen, why = verdicts([f"{STRANGERS}/{name}"], captures(tmp_path, wanted), AS_RECORDED)
    assert seen == {"pass"}, why


@pytest.mark.parametrize("name", ["ignores_done_json", "ignores_done_data", "no_marker_ok_json", "no_marker_ok_data"])
def test_a_marker_of_another_api_may_be_swallowed(tmp_path: Path, name: str) -> None:
    seen, why = verdicts([ref("endings", name)], [capture(tmp_path, "responses", RESPONSES)], AS_RECORDED)
    assert seen == {"pass"}, why


def test_what_waits_for_lf_after_a_lone_cr_is_not_strict(tmp_path: Path) -> None:
    seen, why = verdicts([ref("designs", "late_cr")], captures(tmp_path, PLAIN), AS_RECORDED)
    assert seen == {"pass", "non-strict"}, why


# --- one mistake

CUT = {"chat": CHATS["chat"]}
MISTAKES = {
    "decodes each piece": ("self.decoder.decode(piece)", "piece.decode()", CUT, {"crashed"}),
    "decodes each piece with U+FFFD": (
        "self.decoder.decode(piece)",
        'piece.decode("utf-8", "replace")',
        CUT,
        {"corrupted"},
    ),
    "decodes each piece without errors": (
        "self.decoder.decode(piece)",
        'piece.decode("utf-8", "ignore")',
        CUT,
        {"corrupted"},
    ),
    "another encoding": (
        'getincrementaldecoder("utf-8-sig")("replace")',
        'getincrementaldecoder("latin-1")()',
        CUT,
        {"corrupted"},
    ),
    "does not know the BOM": ('"utf-8-sig"', '"utf-8"', {"chat": CHATS["chat-bom"]}, {"truncated"}),
    "no carry-over": ("for char in text:", 'self.line = ""\n        for char in text:', CUT, {"truncated"}),
    "splitlines": (
        'char in "\\r\\n":',
        'char in "\\r\\n\\x0b\\x0c\\x85\\u2028\\u2029":',
        {"chat": CHATS["chat-line-separators"]},
        {"truncated"},
    ),
    "needs the space": (
        'value = value.removeprefix(" ")',
        'if not value.startswith(" "):\n            return None\n        value = value[1:]',
        {"chat": CHATS["chat-fields"]},
        {"truncated"},
    ),
    "strips data": ('value.removeprefix(" ")', "value.strip()", {"plain": PLAIN["plain"]}, {"corrupted"}),
    "keeps the space": ('value.removeprefix(" ")', "value", {"plain": PLAIN["plain"]}, {"corrupted"}),
    "LF only": ('char in "\\r\\n":', 'char == "\\n":', {"chat": CHATS["chat-crlf"]}, {"truncated"}),
    "no CRLF": (
        'if char == "\\n" and self.after_cr:',
        "if False:",
        {"plain": PLAIN["plain-everything"]},
        {"corrupted"},
    ),
    "CR|LF cut ends two lines": (
        "for char in text:",
        "self.after_cr = False\n        for char in text:",
        {"plain": PLAIN["plain-everything"]},
        {"corrupted"},
    ),
    "no join of data lines": ('"\\n".join(data)', '"".join(data)', {"chat": CHATS["chat-fields"]}, {"corrupted"}),
    "the last data line wins": (
        "self.data.append(value)",
        "self.data = [value]",
        {"chat": CHATS["chat-fields"]},
        {"corrupted"},
    ),
    "an event for each data line": (
        "self.data.append(value)\n",
        "return Event(value, self.event, self.id)\n",
        {"plain": PLAIN["plain-everything"]},
        {"corrupted"},
    ),
    "a phantom for each comment": (" if data else None", "", {"chat": CHATS["chat-comments"]}, {"invented"}),
    "a phantom once there is an id": (
        " if data else None",
        " if data or self.id else None",
        {"plain": PLAIN["plain-ids"]},
        {"invented"},
    ),
    "the event name is kept": (
        'self.data, self.event = [], ""\n        return',
        "self.data = []\n        return",
        {"plain": PLAIN["plain-ids"]},
        {"corrupted"},
    ),
    "raises without a colon": (
        'name, _, value = line.partition(":")',
        'name, value = line.split(":", 1)',
        {"plain": PLAIN["plain-everything"]},
        {"crashed"},
    ),
    "splits at every colon": (
        'name, _, value = line.partition(":")',
        'name, value = [*line.split(":"), ""][:2]',
        CUT,
        {"truncated"},
    ),
    "data is never cleared": (
        'self.data, self.event = [], ""\n        return',
        'self.event = ""\n        return',
        CUT,
        {"duplicated"},
    ),
    "an empty data line is lost": (
        "self.data.append(value)",
        "value and self.data.append(value)",
        {"plain": PLAIN["plain-everything"]},
        {"truncated"},
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("name", mostly_slow(["sync_record", "feed_fields", "async_record"], "sync_record"))
def test_one_mistake_is_convicted_of_its_kind(tmp_path: Path, mistake: str, name: str) -> None:
    old, new, bodies, expected = MISTAKES[mistake]
    source = (STRANGERS / "sse.py").read_text(encoding="utf-8")
    assert source.count(old) == 1
    file = tmp_path / "theirs.py"
    file.write_text(source.replace(old, new), encoding="utf-8")
    results = judged(f"{file}:{name}", captures(tmp_path, bodies), SPLITS)
    assert kinds(results) == expected, told(results)


ENDS = {
    "ignores_done_text": {"hung", "accepts-incomplete"},
    "ignores_done_json": {"hung", "non-strict"},
    "ignores_done_data": {"hung", "accepts-incomplete"},
    "IgnoresDoneFeed": {"hung", "accepts-incomplete"},
    "asks_once_more": {"hung"},
    "no_marker_ok_text": {"accepts-incomplete"},
    "no_marker_ok_data": {"accepts-incomplete"},
    "no_marker_ok_json": {"non-strict"},
    "swallows": {"accepts-incomplete"},
    "catches_all_goes_on": {"duplicated", "accepts-incomplete"},
    "lookahead_piece": {"delayed", "truncated"},
    "lookahead_event": {"delayed", "truncated"},
    "flush_at_end": {"delayed", "truncated"},
    "batches_of_3": {"delayed"},
    "holds_128": {"delayed", "truncated"},
    "ReturnsGrowingList": {"duplicated", "invented"},
    "ReusedItem": {"corrupted"},
    "SharedList": {"invented"},
    "half_at_end": set(),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ENDS)
def test_a_mistake_about_end_time_or_memory(tmp_path: Path, name: str) -> None:
    results = judged(ref("endings", name), captures(tmp_path, CUT), AS_RECORDED)
    assert kinds(results) == ENDS[name], told(results)


@pytest.mark.parametrize(
    ("name", "kind"), [("half_at_end", "invented"), ("whole_at_end", None), ("no_marker_ok_text", "accepts-incomplete")]
)
def test_a_stream_that_was_torn(tmp_path: Path, name: str, kind: str | None) -> None:
    torn = captures(tmp_path, {"torn": CHATS["chat-torn"]})
    assert kinds(judged(ref("endings", name), torn, SPLITS)) == ({kind} if kind else set())


@pytest.mark.parametrize(
    ("name", "body"), [("SharedBuffer", PLAIN["plain-no-final-blank"]), ("module_state", CHATS["chat-torn"])]
)
def test_state_that_outlives_a_stream_shows_on_the_next(tmp_path: Path, name: str, body: bytes) -> None:
    (result,) = judged(ref("endings", name), captures(tmp_path, {"torn": body}))
    assert result.verdict == "fail"
    assert "only after other streams" in str(told([result]))
    commands = {found.reproduce for found in result.findings if found.finding.summary.endswith("same process)")}
    assert len(commands) == 1
    again = CliRunner().invoke(cli, [*shlex.split(commands.pop())[1:], "--json", str(tmp_path / "again.json")])
    assert again.exit_code == 1, again.output
    assert "only after other streams" in (tmp_path / "again.json").read_text()


def test_what_reads_another_api_only_is_left_out(tmp_path: Path) -> None:
    (result,) = judged(ref("apis", "ollama_text"), [capture(tmp_path, "chat", CHATS["chat"])])
    assert result.verdict == "skipped"
    assert "it speaks ollama" in (result.note or "")


ASYNC = {
    "a_lookahead_wait": {"delayed", "truncated"},
    "a_flush_timer": {"delayed"},
    "a_drain_forever": {"hung"},
    "a_waits_event": {"hung"},
    "a_prefetch_leaks": {"hung"},
    "a_catches": {"accepts-incomplete"},
    "a_cancels_self": {"crashed"},
    "a_system_exit": {"crashed"},
    "a_ki": {"crashed"},
    "threaded_ignores_done": {"hung", "accepts-incomplete"},
    "threaded_swallows": {"accepts-incomplete"},
}


@pytest.mark.parametrize("name", ASYNC)
def test_a_mistake_with_tasks_or_threads(tmp_path: Path, name: str) -> None:
    results = judged(ref("awaiting", name), captures(tmp_path, CUT), AS_RECORDED)
    assert kinds(results) == ASYNC[name], told(results)
