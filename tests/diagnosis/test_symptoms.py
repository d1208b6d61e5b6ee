"""Each fault of an upstream is found at its place, and what looks like it is not."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from streamdoctor.capture.model import RECEIVED, SENT, Capture, End, Header, Read
from streamdoctor.diagnosis.rules import RULES
from streamdoctor.diagnosis.symptoms.evidence import Symptom
from streamdoctor.diagnosis.symptoms.find import find_symptoms
from streamdoctor.rephrasings.probes import PROBES
from streamdoctor.stream.aws_eventstream import write_message
from streamdoctor.stream.layers import read_layers
from tests.diagnosis.patients import DONE, MS, SSE, anthropic, capture, chat, codes, delta, event, symptoms

WORDS = ["The", " capital", " of", " France", " is", " Paris", "."]
ERROR = {"error": {"message": "out of memory", "type": "server_error", "code": 500}}


def numbered(*numbers: int) -> list[bytes]:
    kinds = ["response.created", *["response.output_text.delta"] * (len(numbers) - 2), "response.completed"]
    documents = [
        {"type": kind, "sequence_number": number, "output_index": 0, "content_index": 0, "delta": f"w{place}"}
        for place, (kind, number) in enumerate(zip(kinds, numbers, strict=True))
    ]
    return [event(document, str(document["type"])) for document in documents]


def perplexity(*told: str) -> list[bytes]:
    """Each piece beside the text so far, as it is told; the last one ends it."""
    joined = ""
    chunks = []
    for text in told:
        piece = text.removeprefix(joined)
        joined += piece
        choice = {"index": 0, "delta": {"content": piece}, "message": {"content": text}}
        chunks.append(event({"id": "p", "citations": [], "choices": [choice]}))
    last = {"index": 0, "delta": {}, "finish_reason": "stop"}
    return [*chunks, event({"id": "p", "citations": [], "choices": [last], "object": "chat.completion.done"})]


def frames(*, damage: bool = False) -> bytes:
    kinds = ["messageStart", "contentBlockDelta", "messageStop"]
    data = bytearray()
    for kind in kinds:
        message = bytearray(write_message({":event-type": kind, ":message-type": "event"}, b'{"delta":{"text":"a"}}'))
        if damage and kind == "contentBlockDelta":
            message[-1] ^= 0xFF
        data += message
    return bytes(data)


def unanswered(cause: str) -> Capture:
    header = Header("2026-01-01T00:00:00Z", "test")
    return Capture(header, (Read(0, SENT, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"),), End(0, cause, "upstream"))


def _unflushed() -> Capture:
    packer = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
    head = packer.compress(b"")
    body = b"".join(chat(*(f"word {n} " for n in range(40))))
    rest = packer.compress(body) + packer.flush()
    return capture([head, rest] if head else [rest[:10], rest[10:]], gaps=[1, 3000], headers=SSE + GZIP)


def _chunked(framing: bytes) -> Capture:
    return capture([framing], headers=SSE + "Transfer-Encoding: chunked\r\n", framing="chunked")


GZIP = "Content-Encoding: gzip\r\n"
ANSWER = b"".join(chat(*WORDS))

SICK: dict[str, Callable[[], Capture]] = {
    "SD601": lambda: capture(chat(*WORDS)[:-1]),
    "SD602": lambda: capture(chat(*WORDS)[:-3], cause="reset"),
    "SD603": lambda: capture(chat(*WORDS), cause="eof"),
    "SD604": lambda: capture(chat(*WORDS)[:-3], cause="client-closed", side="downstream"),
    "SD605": lambda: unanswered("refused"),
    "SD606": lambda: capture([*chat(*WORDS)[:-1], b"data: [DONE]\n"]),
    "SD607": lambda: capture(
        [json.dumps(ERROR).encode()], status="429 Too Many Requests", headers="Content-Type: application/json\r\n"
    ),
    "SD608": lambda: capture([]),
    "SD609": lambda: capture([b"<!DOCTYPE html><html><body>Bad gateway</body></html>"]),
    "SD610": lambda: capture([*chat(*WORDS)[:-2], event(ERROR)]),
    "SD611": lambda: capture([*chat(*WORDS)[:-2], event(ERROR), DONE]),
    "SD612": lambda: capture([*chat(*WORDS)[:-2], b'error: {"code":500,"message":"failed to decode"}\n\n']),
    "SD613": lambda: capture([*chat(*WORDS), delta(" And more.")]),
    "SD620": lambda: capture([*anthropic(*WORDS)[:-1], *anthropic(*WORDS)]),
    "SD621": lambda: capture([event("a", identity="1"), event("b", identity="2"), event("b", identity="2")]),
    "SD622": lambda: capture(numbered(0, 1, 2, 5, 6)),
    "SD623": lambda: capture(perplexity("It", "It is", "It is so", "It is")),
    "SD624": lambda: capture(chat(*(" ".join(["the", "cat", "sat", "on", "a", "mat"][:n]) for n in range(1, 7)))),
    "SD630": lambda: capture(chat(*WORDS), gaps=[20] * 4 + [7000] + [20] * 5),
    "SD631": lambda: capture([b"".join(chat(*(f"w{n} " for n in range(40))))], gaps=3000),
    "SD632": lambda: _buffered(600),
    "SD633": _unflushed,
    "SD634": lambda: capture(chat(*WORDS), after=4000),
    "SD640": lambda: capture([*chat(*WORDS)[:2], 'data: {"x":"caf\xe9"}\n\n'.encode("latin-1"), *chat(*WORDS)[2:]]),
    "SD641": lambda: capture(chat("Sao Paulo, caf\ufffd\ufffd", " au lait")),
    "SD642": lambda: capture([b"".join(chat(*WORDS)).replace(b" Paris", rb" \ud83d")]),
    "SD643": lambda: capture([b"data: a\0b\n\n"]),
    "SD644": lambda: capture([b"data:\n\n" * 200]),
    "SD650": lambda: capture(chat(*WORDS), headers="Content-Type: text/html\r\n"),
    "SD651": lambda: capture(chat(*WORDS), headers="Content-Type: text/event-stream; charset=ISO-8859-1\r\n"),
    "SD652": lambda: _chunked(b"%x\r\n%s\r\nzz\r\nrest" % (len(ANSWER), ANSWER)),
    "SD653": lambda: capture([gzip.compress(ANSWER)[:-40] + b"\0" * 40], headers=SSE + GZIP),
    "SD654": lambda: capture([frames(damage=True)], headers="Content-Type: application/vnd.amazon.eventstream\r\n"),
    "SD655": lambda: _chunked(b"%x\n%s\r\n0\r\n\r\n" % (len(ANSWER), ANSWER)),
}


def _buffered(gap: int, size: int = 600) -> Capture:
    body = b"".join(chat(*(f"w{n} " for n in range(60))))
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return capture(pieces, gaps=gap)


LIMITED = {"SD656"}
"""Shown with a smaller limit below."""


def one(held: Capture, rule: str) -> Symptom:
    found = [symptom for symptom in symptoms(held) if symptom.rule == rule]
    assert len(found) == 1, [symptom.rule for symptom in symptoms(held)]
    return found[0]


COMPANIONS = {
    "SD606": {"SD601"},  # the event that is discarded is the terminal signal
    "SD611": {"SD610"},
}
"""What else is said of these patients; of all others nothing."""


@pytest.mark.parametrize("rule", SICK)
def test_nothing_else_is_said_of_a_patient(rule: str) -> None:
    assert set(codes(SICK[rule]())) - {rule} == COMPANIONS.get(rule, set())


@pytest.mark.parametrize("rule", SICK)
def test_each_fault_is_found_once_in_one_sentence(rule: str) -> None:
    symptom = one(SICK[rule](), rule)
    assert symptom.summary == symptom.summary.strip().rstrip(".") and "\n" not in symptom.summary
    assert 10 < len(symptom.summary) < 240


def test_there_is_a_patient_for_each_rule_of_the_upstream() -> None:
    assert [*SICK, *LIMITED] == [code for code in RULES if code.startswith("SD6")]


@pytest.mark.parametrize("rule", SICK)
def test_a_symptom_stands_where_its_event_is(rule: str) -> None:
    for symptom in symptoms(SICK[rule]()):
        assert symptom.offset is None or symptom.offset >= 0
        assert symptom.event is None or symptom.offset is not None


def test_a_healthy_stream_has_none() -> None:
    assert codes(capture(chat(*WORDS))) == []
    assert codes(capture(anthropic(*WORDS))) == []
    assert codes(capture(numbered(0, 1, 2, 3))) == []
    assert codes(capture(perplexity("It", "It is", "It is so", "It is so."))) == []
    assert codes(capture([frames()], headers="Content-Type: application/vnd.amazon.eventstream\r\n")) == []


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.dialect)
def test_no_probe_of_ours_has_any(probe: object) -> None:
    kinds = {
        "ndjson": "application/x-ndjson", "json-array": "application/json",
        "aws-eventstream": "application/vnd.amazon.eventstream",
    }  # fmt: skip
    from streamdoctor.stream.providers import by_name

    framing = by_name(probe.dialect).framing  # type: ignore[attr-defined]
    head = f"Content-Type: {kinds.get(framing, 'text/event-stream')}\r\n"
    assert codes(capture([probe.body], headers=head)) == []  # type: ignore[attr-defined]


# -- endings


def test_a_death_and_a_departure_are_told_apart() -> None:
    cut = chat(*WORDS)[:-3]
    assert codes(capture(cut, cause="eof")) == ["SD602"]
    assert codes(capture(cut, cause="recorder-stopped", side=None)) == ["SD604"]
    assert codes(capture(cut, cause="unknown", imported=True)) == ["SD601"]
    assert codes(capture(chat(*WORDS), cause="client-closed", side="downstream")) == []
    assert codes(replace(capture(cut), end=None)) == ["SD604"]


def test_a_plain_stream_may_be_left_but_not_die() -> None:
    news = [event("a"), event("b")]
    assert codes(capture(news)) == []
    assert codes(capture(news, cause="client-closed", side="downstream")) == []
    assert codes(capture(news, cause="reset")) == ["SD602"]


def test_the_sentence_about_a_missing_end_names_what_was_awaited() -> None:
    assert "[DONE] never came" in one(capture(chat(*WORDS)[:-1]), "SD601").summary
    assert "message_stop" in one(capture(anthropic(*WORDS)[:-1], cause="reset"), "SD602").summary


def test_an_event_cut_at_the_end_is_told_with_the_cause() -> None:
    held = capture([*chat(*WORDS)[:3], delta("half")[:-20]], cause="eof")
    assert codes(held) == ["SD602", "SD606"]
    assert "inside an event" in one(held, "SD606").summary
    assert "[DONE], lacks its blank line" in one(SICK["SD606"](), "SD606").summary


def test_a_body_that_is_not_to_come_is_not_missed() -> None:
    assert codes(capture([], status="204 No Content", framing="none")) == []
    assert codes(capture([], cause="reset")) == ["SD602"]


def test_what_a_body_is_instead_of_a_stream() -> None:
    kinds = {b"<html>x": "an HTML page", b"\x89PNG\0\0": "binary data", b"Service unavailable": "plain text"}
    for body, name in kinds.items():
        assert name in one(capture([body], headers="Content-Type: text/plain\r\n"), "SD609").summary


# -- errors


def test_an_error_tells_its_place_and_its_time() -> None:
    pieces = chat(*WORDS)[:-2]
    found = one(capture([*pieces, event(ERROR)]), "SD610")
    assert (found.event, found.offset) == (9, len(b"".join(pieces)))
    assert found.ns == (5 + 20 * 9) * MS
    assert "out of memory" in found.summary and "status is 200" in found.summary


def test_an_import_says_nothing_of_a_status_that_it_made_up() -> None:
    held = capture([*chat(*WORDS)[:-2], event(ERROR)], cause="unknown", imported=True)
    assert "status" not in one(held, "SD610").summary
    assert one(held, "SD610").ns is None
    assert codes(capture(chat(*WORDS), headers="Content-Type: x/y\r\n", cause="unknown", imported=True)) == []


def test_errors_in_every_shape() -> None:
    start = chat(*WORDS)[:-2]
    assert codes(capture([*start, event({"error": ERROR["error"]}, "error")])) == ["SD610"]
    assert codes(capture([*start, event({"object": "error", "message": "busy"})])) == ["SD610"]
    assert codes(capture([*start, b'{\n "error": {"message": "busy"}\n}\n'])) == ["SD612"]
    assert codes(capture([*start, b'error: {"message":"busy"}\n\n', DONE])) == ["SD612", "SD611"]
    line = b'{"message":{"content":"a"},"done":false}\n{"error":"busy"}\n'
    assert codes(capture([line], headers="Content-Type: application/x-ndjson\r\n")) == ["SD610"]


def test_an_error_document_is_no_error_in_a_stream() -> None:
    document = json.dumps(ERROR).encode()
    assert codes(capture([document], status="401 Unauthorized", headers="Content-Type: application/json\r\n")) == [
        "SD607"
    ]
    assert "out of memory" in one(SICK["SD607"](), "SD607").summary


def test_what_may_follow_the_end_is_not_told() -> None:
    assert codes(capture([*anthropic(*WORDS), event("[DONE]", "data")])) == []
    usage = event({"candidates": [], "usageMetadata": {"totalTokenCount": 3}})
    last = event({"candidates": [{"content": {"parts": [{"text": "x"}]}, "finishReason": "STOP"}]})
    assert codes(capture([last, usage])) == []


# -- repetition


@pytest.mark.parametrize("cut", [3, 4, 6])
def test_an_answer_sent_again_from_its_start(cut: int) -> None:
    pieces = chat(*WORDS)
    found = one(capture([*pieces[:cut], *pieces]), "SD620")
    assert found.event == cut + 1


def test_a_second_answer_under_another_id() -> None:
    first = [delta(None, "c1", role=True), delta("The", "c1"), delta(" cap", "c1")]
    second = [delta(None, "c2", role=True), delta("Paris", "c2"), delta(None, "c2", finish="stop"), DONE]
    assert one(capture([*first, *second]), "SD620").event == 4


def test_an_id_for_each_chunk_is_no_second_answer() -> None:
    pieces = [delta(word, f"c{n}", role=True) for n, word in enumerate(WORDS)]
    assert codes(capture([*pieces, DONE])) == []


def test_text_that_begins_again_in_the_middle_of_a_word() -> None:
    start = ["The capital", " of France is Par"]
    again = ["The capital", " of France is Paris", "."]
    assert one(capture(chat(*start, *again)), "SD620").event == 4


@pytest.mark.parametrize(
    "texts",
    [
        ["ha "] * 60,
        ["The quick brown fox jumps. ", "The quick brown fox jumps. "],
        ["row ", "row ", "row your boat, gently down the stream. "] * 2,
        ["1", "2", "1", "2", "1", "2", "1", "2"],
        ["0"] * 100,
    ],
)
def test_an_answer_that_repeats_itself_is_no_restart(texts: list[str]) -> None:
    assert codes(capture(chat(*texts))) == []
    assert codes(capture([event(text) for text in texts])) == []


def test_a_beat_of_equal_events_is_no_restart() -> None:
    assert codes(capture([event("tick"), event("tock"), event("ping")] * 30)) == []


def test_a_text_told_only_in_pieces_twice_is_not_called_changed() -> None:
    chunks = [
        event({"choices": [{"index": 0, "delta": {"content": w}, "message": {"content": w, "graph_data": {}}}]})
        for w in WORDS
    ]
    assert "SD623" not in codes(capture([*chunks, DONE]))


def test_the_whole_text_at_the_end_has_to_be_its_pieces() -> None:
    def said(whole: str) -> Capture:
        documents: list[dict[str, object]] = [
            {"type": "response.output_text.delta", "delta": "Par"},
            {"type": "response.output_text.delta", "delta": "is"},
            {"type": "response.output_text.done", "text": whole},
            {"type": "response.completed", "response": {}},
        ]
        return capture([event(document, str(document["type"])) for document in documents])

    assert codes(said("Paris")) == []
    assert codes(said("Paris, France")) == ["SD623"]


# -- pace


def test_a_stall_tells_when_it_began_and_after_which_event() -> None:
    found = one(SICK["SD630"](), "SD630")
    assert found.ns == (5 + 4 * 20) * MS
    assert "7.0 s" in found.summary and "after event 4 of 10" in found.summary


def test_a_gap_is_a_stall_above_five_seconds_only() -> None:
    pieces = chat(*WORDS)
    assert codes(capture(pieces, gaps=[20] * 4 + [5000] + [20] * 5)) == []
    assert codes(capture(pieces, gaps=[20] * 4 + [5001] + [20] * 5)) == ["SD630"]


def test_a_gap_while_we_held_the_upstream_is_not_its_stall() -> None:
    held = capture(
        chat(*WORDS),
        gaps=[20] * 4 + [9000] + [20] * 5,
        marks=[(100, "downstream-paused"), (8000, "downstream-resumed")],
    )
    assert codes(held) == []


def test_silence_until_somebody_gives_up_is_a_stall() -> None:
    assert codes(capture(chat(*WORDS)[:-3], cause="timeout", after=30_000)) == ["SD602", "SD630"]


def test_all_at_once_needs_many_events_and_a_wait() -> None:
    body = b"".join(chat(*(f"w{n} " for n in range(40))))
    assert codes(capture([body], gaps=30)) == []
    assert codes(capture([b"".join(chat("short", " answer"))], gaps=3000)) == []
    assert codes(capture(chat(*(f"w{n} " for n in range(40))), gaps=[3000] + [2] * 42)) == []


def test_batches_that_a_writer_made_or_nobody_feels_are_not_told() -> None:
    body = [b"".join(delta(f"w{n}-{k} ") for n in range(10)) for k in range(5)]
    assert codes(capture([*body, DONE], gaps=600)) == []
    assert codes(_buffered(5)) == []
    found = one(_buffered(600), "SD632")
    assert "cut inside events" in found.summary


def test_a_compressor_that_is_flushed_is_not_blamed() -> None:
    packer = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
    pieces = [packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH) for piece in chat(*WORDS)]
    assert codes(capture([*pieces, packer.flush()], headers=SSE + GZIP)) == []
    assert "gzip" in one(_unflushed(), "SD633").summary


def test_times_that_were_not_recorded_are_not_judged() -> None:
    body = b"".join(chat(*(f"w{n} " for n in range(40))))
    assert codes(capture([body], gaps=9000, imported=True, cause="unknown")) == []


# -- characters


def test_a_code_point_cut_by_the_end() -> None:
    body = b"".join(chat("café")[:2])
    held = capture([body[: body.index("é".encode()) + 1]], cause="eof")
    assert "ends inside a code point" in one(held, "SD640").summary


def test_halves_that_meet_are_told_from_halves_that_do_not() -> None:
    split = capture([b"".join(chat("xA", "By")).replace(b"xA", rb"x\ud83d").replace(b"By", rb"\ude00y")])
    assert "once the next piece has come" in one(split, "SD642").summary
    assert "never comes" in one(SICK["SD642"](), "SD642").summary
    pair = capture([b"".join(chat("xA")).replace(b"xA", rb"x\ud83d\ude00")])
    assert codes(pair) == []


def test_some_empty_events_are_nobodys_fault() -> None:
    assert codes(capture([b"data:\n\n" * 50])) == []
    assert codes(capture([b"data:\n\n" * 200 + b"data: x\n\n" * 300])) == []


def test_only_so_many_events_are_looked_at_and_it_is_said() -> None:
    held = capture(chat(*WORDS))
    reads = [(read.ns, read.data) for read in held.reads(RECEIVED)]
    cut = find_symptoms(held, read_layers([], reads, most_events=4))
    assert [(found.rule, found.offset) for found in cut] == [("SD656", len(b"".join(chat(*WORDS)[:4])))]
    assert "more than 4 events" in cut[0].summary
    assert find_symptoms(held, read_layers([], reads, most_events=10)) == ()


def test_only_so_many_bytes_are_looked_at_and_it_is_said() -> None:
    held = capture(chat(*WORDS))
    reads = [(read.ns, read.data) for read in held.reads(RECEIVED)]
    whole = len(b"".join(chat(*WORDS)))
    layers = read_layers([], reads, most_bytes=whole - 1)
    cut = find_symptoms(held, layers)
    assert [(found.rule, found.offset) for found in cut] == [("SD656", whole - 1)], cut
    assert f"more than {whole - 1:,} bytes" in cut[0].summary
    assert layers.body is layers.decoded and len(layers.decoded) == whole
    assert layers.reading is not None and layers.reading.complete is None
    assert find_symptoms(held, read_layers([], reads, most_bytes=whole)) == ()


def test_a_refusal_in_json_is_no_stream_of_its_api() -> None:
    refusal = b'{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}'
    assert "invalid x-api-key" in one(capture([refusal]), "SD609").summary
    assert codes(capture([refusal])) == ["SD609"]


def test_a_text_that_is_no_stream_is_told_whatever_its_content_type() -> None:
    assert "plain text" in one(capture([b"Service unavailable, try again"]), "SD609").summary
    assert "plain text" in one(capture([b"a" * 100_000]), "SD609").summary
    assert codes(capture([b": ping\n\nretry: 3000\n\nevent: ready\n\n"])) == []


# -- transport


def test_a_compressed_body_that_was_cut_is_told_by_who_cut_it() -> None:
    packer = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
    sent = packer.compress(b"".join(chat(*WORDS)[:4])) + packer.flush(zlib.Z_SYNC_FLUSH)
    assert codes(capture([sent], headers=SSE + GZIP, cause="eof")) == ["SD602"]
    assert codes(capture([sent], headers=SSE + GZIP)) == ["SD653"]


@pytest.mark.parametrize("kind", ["text/event-stream", "text/event-stream;charset=UTF-8", "TEXT/Event-Stream"])
def test_a_right_content_type(kind: str) -> None:
    assert codes(capture(chat(*WORDS), headers=f"Content-Type: {kind}\r\n")) == []


def test_a_missing_or_wrong_content_type() -> None:
    assert "no Content-Type" in one(capture(chat(*WORDS), headers="X-A: b\r\n"), "SD650").summary
    assert codes(capture(chat(*WORDS), headers="Content-Type: application/json\r\n")) == ["SD650"]


def test_one_line_of_json_may_be_application_json() -> None:
    line = b'{"message":{"content":"a"},"done":true}\n'
    assert codes(capture([line], headers="Content-Type: application/json\r\n")) == []


def test_broken_chunks_are_told_by_their_byte_on_the_wire() -> None:
    held = SICK["SD652"]()
    found = one(held, "SD652")
    wire = held.data(RECEIVED)
    assert (found.layer, found.offset) == ("http", wire.index(b"zz\r\n"))


def test_many_broken_frames_are_one_finding() -> None:
    held = capture([frames(damage=True) * 50], headers="Content-Type: application/vnd.amazon.eventstream\r\n")
    assert one(held, "SD654").count == 50
