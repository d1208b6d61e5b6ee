"""Published decoders before the judge: it finds the faults that they are known for, and no other.

httpx-sse 0.4.3, openai 3.54 and anthropic 2.12 hand out a phantom once there was an id and then a comment; none of
them, nor sseclient-py 1.9 or ld-eventsource 1.7, takes a byte order mark away; httpx waits for what follows a CR;
sseclient-py hands on what lacks its end. On streams as they are recorded from live APIs all are clean.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from streamdoctor.capture.convert.raw import from_raw
from streamdoctor.capture.file import SUFFIX
from streamdoctor.errors import UsageError
from streamdoctor.parsers.load import BUILTINS, validate
from streamdoctor.rephrasings.catalogue import REPHRASINGS
from streamdoctor.suite.cases import Axes
from streamdoctor.suite.check import check
from streamdoctor.suite.examine import Options
from streamdoctor.suite.subjects import from_probe
from tests.corpus import needs_corpus, recorded
from tests.suite.lab import CHATS, PLAIN, captures, judged, told

AXES = Axes(splits=("whole", "bytes", "boundaries", "fixed:7"))
FEW = Axes(splits=("events", "fixed:97"))
LIBRARIES = ("httpx-sse", "httpx-sse-async", "openai-sse", "anthropic-sse", "sseclient-py", "ld-eventsource")
PROBED = {
    "httpx-lines": {"openai-chat": ("lines", "parser"), "ollama": ("data", "parser")},
    "requests-lines": {"openai-chat": ("lines", "parser"), "ollama": ("data", "parser")},
    "aiohttp-lines": {"openai-chat": ("lines", "parser"), "ollama": ("data", "parser")},
    "openai-chat": {"openai-chat": ("json", "consumer")},
    "openai-chat-async": {"openai-chat": ("json", "consumer")},
    "openai-responses": {"openai-responses": ("json", "parser")},
    "anthropic-events": {"anthropic": ("json", "parser")},
    "anthropic-text": {"anthropic": ("text", "consumer")},
    "groq-chat": {"openai-chat": ("json", "consumer")},
    "cohere-chat": {"cohere": ("json", "consumer")},
    "ollama-chat": {"ollama": ("json", "parser")},
}
"""Level and role on the plain probes."""


def ref(name: str) -> str:
    if BUILTINS[name].install is not None:
        pytest.skip(f"takes {BUILTINS[name].install}")
    return name


def rules(name: str, folder: Path, *wanted: str) -> dict[str, set[str]]:
    """The rules broken, by stream; streams without one are left out."""
    results = judged(ref(name), captures(folder, {key: {**CHATS, **PLAIN}[key] for key in wanted}), AXES)
    assert not any(result.skipped or result.error for result in results), told(results)
    found = {Path(r.subject).name.partition(".")[0]: {f.finding.rule for f in r.findings} for r in results}
    return {stream: codes for stream, codes in found.items() if codes}


CLEAN = ("chat", "chat-crlf", "chat-error", "chat-line-separators", "plain")


@pytest.mark.slow
@pytest.mark.parametrize("name", LIBRARIES)
def test_what_users_send_is_read_well(tmp_path: Path, name: str) -> None:
    assert rules(name, tmp_path, *CLEAN) == {}


@pytest.mark.parametrize("name", ["httpx-sse", "httpx-sse-async", "openai-sse", "anthropic-sse"])
def test_the_phantom_after_an_id(tmp_path: Path, name: str) -> None:
    expected = {"chat-comments": {"SD202"}, "plain-ids": {"SD202"}}
    assert rules(name, tmp_path, "chat-comments", "plain-ids", "chat-fields") == expected


@pytest.mark.parametrize("name", LIBRARIES)
def test_the_byte_order_mark_eats_the_first_event(tmp_path: Path, name: str) -> None:
    assert rules(name, tmp_path, "chat-bom") == {"chat-bom": {"SD103"}}


def test_httpx_waits_for_what_follows_a_lone_cr(tmp_path: Path) -> None:
    assert rules("httpx-sse", tmp_path, "plain-cr") == {"plain-cr": {"SD512"}}


def test_sseclient_hands_on_what_lacks_its_end(tmp_path: Path) -> None:
    found = rules("sseclient-py", tmp_path, "plain-no-final-blank", "chat-torn")
    assert found == {"plain-no-final-blank": {"SD511"}, "chat-torn": {"SD204"}}


def test_the_chat_of_openai_takes_any_clean_end(tmp_path: Path) -> None:
    axes = Axes(splits=("whole",), faults=("keep-open", "no-marker", "resend@e2"))
    (result,) = judged(ref("openai-chat"), captures(tmp_path, {"chat": CHATS["chat"]}), axes)
    assert (result.level, result.role, result.verdict) == ("json", "consumer", "non-strict"), told([result])


@needs_corpus
@pytest.mark.parametrize("name", LIBRARIES)
def test_what_was_recorded_from_live_apis_is_read_well(tmp_path: Path, name: str) -> None:
    paths: list[str] = []
    for one in recorded():
        if one.about["framing"] == "sse" and len(one.body) <= 20_000:
            path = tmp_path / f"{one.name}{SUFFIX}"
            path.write_bytes(from_raw(one.body, "text/event-stream", "2026-11-22T16:00:00Z"))
            paths.append(str(path))
    results = judged(ref(name), paths, FEW)
    assert {result.verdict for result in results} == {"pass"}, told(results)


@pytest.mark.parametrize("name", PROBED)
def test_what_each_library_speaks_and_whether_it_decides_the_end(name: str) -> None:
    subjects = [from_probe(dialect) for dialect in PROBED[name]]
    results = check([ref(name)], subjects, Options(Axes(splits=("whole", "events", "fixed:7"))))
    assert {r.dialect: (r.level, r.role) for r in results} == PROBED[name]
    assert {r.verdict for r in results} == {"pass"}, told(results)


@pytest.mark.parametrize(("name", "dialect"), [("groq-chat", "openai-chat"), ("anthropic-text", "anthropic")])
def test_two_sdks_read_on_after_the_terminal_signal(name: str, dialect: str) -> None:
    (result,) = check([ref(name)], [from_probe(dialect)], Options(Axes(faults=("keep-open",))))
    assert [found.finding.rule for found in result.findings] == ["SD301"], told([result])


def test_requests_takes_a_cut_crlf_for_two_line_ends(tmp_path: Path) -> None:
    assert rules("requests-lines", tmp_path, "chat-crlf") == {"chat-crlf": {"SD202"}}


BOM, FIRST = {"bom": {"SD103", "SD403"}}, {"bom": {"SD103"}}
PHANTOM = {"ids": {"SD202"}, "retry-field": {"SD202"}}
HELD = {"mixed-ends": {"SD310", "SD311"}}
FATAL = {"ids": {"SD701"}, "retry-field": {"SD701"}}
CONFIRMED: dict[str, dict[str, set[str]]] = {
    "reference": {},
    "httpx-sse": BOM | PHANTOM,
    "httpx-sse-async": BOM | PHANTOM,
    "openai-sse": BOM | PHANTOM,
    "anthropic-sse": BOM | PHANTOM | HELD,
    "ld-eventsource": BOM,
    "sseclient-py": BOM | {"mixed-ends": {"SD402"}},
    "httpx-lines": {"bom": {"SD404"}, "line-separators": {"SD102"}},
    "requests-lines": {"bom": {"SD404"}, "crlf": {"SD202"}, "mixed-ends": {"SD202"}},
    "aiohttp-lines": {"bom": {"SD404"}, "cr": {"SD103"}, "mixed-ends": {"SD103"}, "big-event": {"SD701"}},
    "openai-chat": FIRST | FATAL,
    "openai-chat-async": FIRST | FATAL,
    "openai-responses": FATAL,
    "anthropic-events": FIRST | HELD,
    "anthropic-text": {"mixed-ends": {"SD311"}},
    "groq-chat": FIRST | FATAL | HELD,
    "cohere-chat": {},
    "ollama-chat": {"line-separators": {"SD701"}},
}
"""Faults that were looked up in the source of each, by rephrasing.

bom: none takes the mark away, so the first field of the stream has another name. ids, retry-field: a block without data
is handed out once there was an id, and an SDK then parses its empty text as JSON. mixed-ends: three wait for two line
ends of one kind (`endswith`), so that events are held back or merged; readers of lines know LF and CRLF only, or take a
cut CRLF for two ends. line-separators: httpx, and ollama over it, end a line at U+2028. big-event: aiohttp's reader has
a limit of 64 KiB a line.
"""

ENDS = {"anthropic-text": {"SD301", "SD501"}, "groq-chat": {"SD301"}}
"""Faults of consumers: two read on where a stream is over, and words that stop anywhere are taken for all."""


DIALECTS = ("sse", "ndjson", "openai-chat", "openai-responses", "anthropic", "cohere", "ollama")
"""One of each way in which events are named, end and are framed; the others give the same, and take a minute more."""


@pytest.mark.slow
@pytest.mark.parametrize("name", CONFIRMED)
def test_confirmed_faults_are_found_and_no_other_in_any_wording(name: str) -> None:
    subjects = [from_probe(dialect) for dialect in DIALECTS]
    results = check([ref(name)], subjects, Options(Axes(rephrasings=tuple(REPHRASINGS))))
    failures = [f for r in results for f in r.findings if f.finding.kind != "non-strict"]
    worded = {(f.rephrase, f.finding.rule) for f in failures if f.fault is None}
    assert worded == {(rephrase, rule) for rephrase, rules in CONFIRMED[name].items() for rule in rules}, told(results)
    assert {f.finding.rule for f in failures if f.fault is not None} == ENDS.get(name, set()), told(results)
    assert any(result.cases for result in results)


def test_a_library_that_is_not_there_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BUILTINS, "cohere-chat", BUILTINS["cohere-chat"]._replace(install="pip install cohere"))
    with pytest.raises(UsageError, match="not installed") as raised:
        validate("cohere-chat")
    assert raised.value.hint == "pip install cohere"
