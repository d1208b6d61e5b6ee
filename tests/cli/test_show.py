"""`show` on hostile captures, on its own corpus and on a terminal: bounded, clear, never a traceback."""

from __future__ import annotations

import gzip
import json
import resource
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from streamdoctor.capture.convert.raw import from_raw
from streamdoctor.capture.format import encode_end, encode_header, encode_read
from streamdoctor.capture.model import RECEIVED, SENT, End, Header
from tests.cli.conftest import Run
from tests.corpus import needs_corpus, recorded

SSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
HEAD = SSE + b"\r\n"
PAGE = b"<!doctype html>\n<html><body>502 Bad Gateway</body></html>\n"
DEEP = b'data: {"a":' + b"[" * 50_000 + b"\n\n"


def write(path: Path, head: bytes, pieces: Iterable[bytes]) -> Path:
    lines = [encode_header(Header("2026-01-01T00:00:00Z", "test"))]
    lines += [encode_read(0, SENT, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"), encode_read(1000, RECEIVED, head)]
    lines += [encode_read(2000 + n, RECEIVED, piece) for n, piece in enumerate(pieces)]
    path.write_bytes(b"".join([*lines, encode_end(End(10**9, "complete", "upstream", "close"))]))
    return path


@pytest.mark.parametrize(
    ("head", "body", "rules"),
    [
        (HEAD, PAGE, ["SD609"]),
        (HEAD, b"\0" * 100_000, ["SD609"]),
        pytest.param(HEAD, b"data: " + b"a" * 1_000_000, ["SD606"], marks=pytest.mark.slow),
        pytest.param(HEAD, b"b" * 1_000_000, ["SD609"], marks=pytest.mark.slow),
        pytest.param(HEAD, b"data:\n\n" * 20_000, ["SD644"], marks=pytest.mark.slow),
        (HEAD, b"data: \xff\xfe\xc3\n\n" * 100, ["SD640"]),
        (HEAD, bytes(range(256)) * 40, ["SD609"]),
        (HEAD, DEEP, []),
        (HEAD, b"data: {\"a\":\"\\ud800\"}\n\n", []),
        (HEAD, b"data: [DONE]\n\n" * 2000, []),
        (HEAD, b"id: \xf0\x9f\nevent: \xff\ndata\n\n:\xed\xa0\x80\n\n", ["SD640"]),
        (SSE + b"Content-Encoding: gzip\r\n\r\n", b"not gzip at all", ["SD653"]),
        (SSE + b"Content-Encoding: nonsense\r\n\r\n", b"data: a\n\n", ["SD653"]),
        (SSE + b"Transfer-Encoding: chunked\r\n\r\n", b"fffffffffffffffff\r\n", ["SD609", "SD652"]),
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.amazon.eventstream\r\n\r\n", b"\xff" * 5000, ["SD609"]),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01", b"\xfc" * 500, ["SD605"]),
    ],
)  # fmt: skip
def test_hostile_bytes_give_a_clear_finding(
    run: Run, tmp_path: Path, head: bytes, body: bytes, rules: list[str]
) -> None:
    pieces = [body[at : at + 65_536] for at in range(0, len(body), 65_536)]
    path = write(tmp_path / "hostile.capture.jsonl", head, pieces)
    done = run("show", path)
    assert (done.code, done.err) == (0, "")
    assert [code for code in rules if f" {code} " not in done.out] == []
    assert max(map(len, done.out.splitlines())) < 500
    document = json.loads(run("show", "--json", "-", path).out)
    assert [found["rule"] for found in document["findings"]] == rules
    for option in ("--events", "--reads", "--text", "--summary"):
        assert run("show", option, path).code == 0


@pytest.mark.slow
def test_a_bomb_costs_no_more_than_its_limit(tmp_path: Path) -> None:
    """100 kB that unpack to 100 MB and to 14 million events, in a process that may have 1.5 GB."""
    packed = gzip.compress(b"data:\n\n" * 11_000_000, 9)
    assert len(packed) < 200_000
    path = write(tmp_path / "bomb.capture.jsonl", SSE + b"Content-Encoding: gzip\r\n\r\n", [packed])

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (1536 << 20, 1536 << 20))

    words = [sys.executable, "-m", "streamdoctor", "show", "--json", "-", str(path)]
    done = subprocess.run(words, capture_output=True, text=True, preexec_fn=limit)
    assert (done.returncode, done.stderr) == (0, "")
    rules = [found["rule"] for found in json.loads(done.stdout)["findings"]]
    assert "SD656" in rules


def test_text_comes_out_whole_where_a_surrogate_is_alone(run: Run, tmp_path: Path) -> None:
    body = b'data: {"choices":[{"index":0,"delta":{"content":"a\\ud83d"}}]}\n\ndata: [DONE]\n\n'
    path = write(tmp_path / "lone.capture.jsonl", HEAD, [body])
    assert run("show", "--text", path).out == "a\\ud83d\n"
    assert json.loads(run("show", "--json", "-", path).out)["text"] == "a\ud83d"


# -- the corpus: one command, a table


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every recorded body as a capture, under a name that tells nothing."""
    made = tmp_path_factory.mktemp("corpus")
    for number, one in enumerate(recorded()):
        kind = one.about["content_type"] or "application/octet-stream"
        (made / f"{number:03}.capture.jsonl").write_bytes(from_raw(one.body, kind, "2026-01-01T00:00:00Z"))
    return made


@needs_corpus
def test_the_corpus_has_no_finding_that_nobody_can_justify(run: Run, folder: Path) -> None:
    documents = json.loads(run("show", "--json", "-", folder).out)
    assert len(documents) == len(recorded())
    found = {}
    for document, one in zip(documents, recorded(), strict=True):
        expected = _justified(one.about, one.body)
        rules = [finding["rule"] for finding in document["findings"]]
        if rules != expected:
            found[one.name] = (rules, expected)
    assert found == {}


def _justified(about: dict[str, object], body: bytes) -> list[str]:
    """By what the index tells of a body and what stands in it: refusals, and one answer that a guardrail replaced."""
    if about["status"] != 200:
        return ["SD610"] if about["api"] == "ollama-chat" else ["SD609"]
    if about["terminal_markers"] == ["none"] and about["api"] == "bedrock-invoke" and not about["finish_reasons"]:
        return ["SD601"]
    return []


@needs_corpus
def test_one_command_prints_the_table_of_providers_and_endings(run: Run, folder: Path) -> None:
    done = run("show", "--summary", folder)
    lines = done.out.splitlines()
    head, *rows = lines[: lines.index("")]
    assert head.split() == ["provider", "complete", "incomplete", "error", "not", "told", "captures"]
    table = {row[: len("openai-transcription")].strip(): [int(n) for n in row.split()[-5:]] for row in rows}
    assert table["all"] == [sum(column) for column in zip(*(v for k, v in table.items() if k != "all"), strict=True)]
    assert table["all"][-1] == len(recorded())
    errors = sum(bool(one.about["errors_seen"]) for one in recorded())
    assert table["all"][2] == errors


@needs_corpus
def test_a_third_of_a_body_is_never_complete(run: Run, tmp_path: Path) -> None:
    for number, one in enumerate(recorded()[::6]):
        kind = one.about["content_type"] or "application/octet-stream"
        for name, body in (("a", one.body), ("b", one.body[: len(one.body) // 3])):
            (tmp_path / f"{number:03}-{name}.capture.jsonl").write_bytes(from_raw(body, kind, "2026-01-01T00:00:00Z"))
    documents = json.loads(run("show", "--json", "-", tmp_path).out)
    states = Counter((a["complete"], b["complete"]) for a, b in zip(documents[::2], documents[1::2], strict=True))
    assert states[True, True] == 0
    assert states[True, False] > 10
