"""The rules SD6xx: the upstream's own faults, seen in a capture with no parser at all.

The kind says what a reader who trusts such a stream is left with. The tens: 60x how it ended, 61x errors and the end
marker, 62x repetition, 63x pace, 64x characters, 65x HTTP and framing.
"""

from __future__ import annotations

from streamdoctor.diagnosis.rule import Rule

_SSE = "WHATWG HTML section 9.2.6"
_HTTP = "RFC 9112 section 8"

UPSTREAM: tuple[Rule, ...] = (
    Rule(
        "SD601", "no-terminal-signal", "truncated",
        "The answer stops mid-sentence and looks finished.",
        "The upstream, or a proxy that made a clean end of a broken one, ended the body before the terminal signal.",
        "Treat a stream without its terminal signal as cut off, however clean its HTTP end; see the upstream's log.",
    ),
    Rule(
        "SD602", "died-before-end", "truncated",
        "The answer stops mid-sentence, with a network error or with none.",
        "The upstream crashed, was killed, or ran into a time limit; or something between closed the connection.",
        "Pass the error of the transport on; ask again only if nothing was shown yet, or leave out what was.",
        _HTTP,
    ),
    Rule(
        "SD603", "died-after-end", "non-strict",
        "The answer is whole, yet a strict client raises at its end.",
        "The upstream closed the connection after the terminal signal without the end that HTTP asks for.",
        "Stop at the terminal signal and ignore what the transport does afterwards; have the server end its chunks.",
        _HTTP, "warning",
    ),
    Rule(
        "SD604", "left-early", "truncated",
        "The capture is not whole, and that is not the upstream's doing.",
        "The client hung up, or the recorder was stopped, before the stream was over.",
        "Read the stream to its terminal signal, or leave this capture out of what is judged by completeness.",
        "", "note",
    ),
    Rule(
        "SD605", "no-response", "truncated",
        "No answer at all.",
        "The upstream refused the connection, its name is unknown, TLS failed, or it closed before the head was whole.",
        "Look at the cause named; nothing can be said of a stream that never began.",
    ),
    Rule(
        "SD606", "cut-event", "truncated",
        "The last piece of the answer is missing, though its bytes came.",
        "The body ends inside an event, or without the blank line that ends it: a conforming parser discards it.",
        "Have the server write the blank line after every event, the last one included.",
        _SSE,
    ),
    Rule(
        "SD607", "refused", "truncated",
        "An error instead of an answer.",
        "The status says that there is no stream: wrong key, wrong model, too many requests, overload.",
        "Look at the status before the body is parsed as a stream.",
        "RFC 9110 section 15",
    ),
    Rule(
        "SD608", "empty-body", "truncated",
        "An empty answer.",
        "The status promises a stream, and not one byte of it came.",
        "Treat a stream without events as an error; look at the upstream's log.",
    ),
    Rule(
        "SD609", "not-a-stream", "truncated",
        "An empty answer, or a parser's error about the first character.",
        "The body is something else: an HTML page of a proxy or a login, plain text, one JSON document.",
        "Check the content type before parsing; look at who answered: often not the upstream, but a gateway.",
    ),
    Rule(
        "SD610", "error-in-stream", "truncated",
        "The answer breaks off, although the status was 200.",
        "The upstream failed after it had begun to answer: the status was sent already, so the error came as an event.",
        "Look for the API's error in every event, and raise it; do not skip events of unknown shape.",
    ),
    Rule(
        "SD611", "end-after-error", "accepts-incomplete",
        "A failed answer is kept as a finished one.",
        "The server sends its end marker after every stream, failed ones included.",
        "Remember that an error came: the marker after it proves nothing.",
        "", "warning",
    ),
    Rule(
        "SD612", "error-outside-events", "truncated",
        "The answer breaks off, and the parser has seen no error at all.",
        "The error came where no event is: a field called error, or JSON without data: before it. A conforming parser"
        " must drop both.",
        "Read the raw lines for it beside the parser; treat the missing terminal signal as the error that it is.",
        _SSE,
    ),
    Rule(
        "SD613", "after-end", "non-strict",
        "Nothing, or a little something after the answer was over.",
        "The upstream goes on after its terminal signal: usage, pings, another answer.",
        "Stop at the terminal signal; read on only for what you know to follow it.",
        "", "warning",
    ),
    Rule(
        "SD620", "started-again", "duplicated",
        "The answer begins twice: ParParis is the capital.",
        "Somebody before you asked again after a failure, and put the second attempt behind the first in one stream.",
        "Switch that retry off, or begin anew when the opening event comes again.",
    ),
    Rule(
        "SD621", "event-repeated", "duplicated",
        "A word comes twice.",
        "One event was sent twice: it bears the id or the number of one that came before.",
        "Leave out events whose id or sequence number was seen.",
    ),
    Rule(
        "SD622", "number-skipped", "truncated",
        "Words are missing in the middle.",
        "The upstream numbers its events, and a number is missing: something between lost an event.",
        "Look at what stands between; treat the answer as incomplete.",
    ),
    Rule(
        "SD623", "retold-differently", "corrupted",
        "The text changes, shrinks or jumps when the whole of it is told again.",
        "The API tells the text twice, in pieces and whole, and the two do not agree.",
        "Decide for one of the two; the whole text at the end is the upstream's last word.",
        "", "warning",
    ),
    Rule(
        "SD624", "cumulative", "duplicated",
        "The The cat The cat sat: each piece repeats all before it.",
        "The upstream sends the text so far where the API has pieces of it.",
        "Take only what is new in each piece, or have the upstream send differences.",
    ),
    Rule(
        "SD630", "stall", "delayed",
        "The answer stands still for seconds.",
        "The upstream waits, is overloaded or paused; or a proxy holds bytes back.",
        "Set the read time-out above the gaps that you accept; ask for keep-alive comments; show that it is waiting.",
        "", "warning",
    ),
    Rule(
        "SD631", "all-at-once", "delayed",
        "Nothing for seconds, then the whole answer at once.",
        "A proxy or a framework collects the whole body before it passes it on.",
        "Switch buffering off: proxy_buffering off or X-Accel-Buffering: no (nginx), flush after each event.",
        "", "warning",
    ),
    Rule(
        "SD632", "in-batches", "delayed",
        "The answer comes in jerks.",
        "A buffer is filled before it is passed on: reads end inside events, several events come in each.",
        "Switch buffering off, or make the buffer smaller than an event; flush after each event.",
        "", "warning",
    ),
    Rule(
        "SD633", "held-by-compression", "delayed",
        "The answer comes in jerks or all at once, and only when it is compressed.",
        "The compressor is not flushed after each event.",
        "Flush it after each event, or do not compress event streams (exclude text/event-stream).",
        "", "warning",
    ),
    Rule(
        "SD634", "open-after-end", "delayed",
        "Everything is there, and the spinner stays.",
        "The upstream keeps the response open after its terminal signal.",
        "Stop at the terminal signal instead of waiting for the end of the body.",
        "", "warning",
    ),
    Rule(
        "SD640", "not-utf-8", "corrupted",
        "U+FFFD where letters should be, or a UnicodeDecodeError.",
        "The upstream sends another encoding, or cuts its output inside a code point.",
        "Have the upstream send whole UTF-8; decode with replacement where a stack trace is worse than a wrong letter.",
        "Encoding Standard section 4.1",
    ),
    Rule(
        "SD641", "broken-before-sent", "corrupted",
        "U+FFFD where letters should be; the bytes are valid.",
        "Somebody before you decoded pieces that ended inside a code point, and sent the replacement character on.",
        "Nothing mends it here: the letter is gone. Use an incremental decoder where it was decoded.",
        "", "warning",
    ),
    Rule(
        "SD642", "lone-surrogate", "corrupted",
        "An emoji is missing, or writing the answer to a file raises UnicodeEncodeError.",
        "JSON escapes like \\ud83d stand for half a character: the text was cut between UTF-16 units.",
        "Join the pieces before they are encoded; have the upstream cut between characters.",
        "RFC 8259 section 8.2", "warning",
    ),
    Rule(
        "SD643", "nul-bytes", "corrupted",
        "The text ends early in some places, or ids are ignored.",
        "The body holds NUL bytes: padding, binary data, or another encoding such as UTF-16.",
        "Look at what wrote them; C code takes NUL for the end of the text, SSE ignores an id that holds one.",
        _SSE, "warning",
    ),
    Rule(
        "SD644", "empty-events", "invented",
        "A parser's error about empty JSON, or many calls for nothing.",
        "Most events carry no data: lines `data:` used to keep the connection alive.",
        "Skip events without data before they are parsed as JSON; use comments to keep alive.",
        _SSE, "warning",
    ),
    Rule(
        "SD650", "content-type", "non-strict",
        "EventSource refuses the stream; a proxy buffers it; a client parses it as something else.",
        "The Content-Type header is missing, or names another format than the body has.",
        "Send text/event-stream, application/x-ndjson, application/json or application/vnd.amazon.eventstream.",
        "WHATWG HTML section 9.2.3", "warning",
    ),
    Rule(
        "SD651", "charset", "corrupted",
        "Letters beyond ASCII are wrong in clients that believe the header.",
        "The Content-Type names another charset, but event streams and JSON are UTF-8 always.",
        "Send charset=utf-8, or none.",
        "WHATWG HTML section 9.2.5; RFC 8259 section 8.1", "warning",
    ),
    Rule(
        "SD652", "http-framing", "corrupted",
        "Clients raise in the middle, or chunk sizes show up in the text.",
        "The HTTP framing is broken: chunk sizes, lengths or line ends that make no sense.",
        "Find who writes the framing by hand, and leave it to an HTTP library.",
        "RFC 9112 sections 6 and 7.1",
    ),
    Rule(
        "SD653", "content-coding", "truncated",
        "The answer breaks off, or is not readable at all.",
        "The compressed body is damaged, cut, of an unknown coding, or far larger unpacked than is sane.",
        "Ask for Accept-Encoding: identity to see the plain body; look at who compresses.",
        "RFC 9110 section 8.4",
    ),
    Rule(
        "SD654", "event-framing", "corrupted",
        "Events are lost, or the parser raises.",
        "The framing of the events is broken: a wrong checksum, a bracket too many, a line without end.",
        "Look at the bytes at the offset; bytes lost or added in between are the usual cause.",
    ),
    Rule(
        "SD655", "http-oddity", "non-strict",
        "Nothing in lenient clients; strict ones refuse the response.",
        "The HTTP framing could be read, but is not as the specification has it: a bare LF, two lengths, an odd head.",
        "Find who writes the framing by hand, and leave it to an HTTP library.",
        "RFC 9112 sections 2.2, 6 and 7.1", "warning",
    ),
    Rule(
        "SD656", "endless", "truncated",
        "Memory runs out, or a tool stops reading.",
        "There is more than anybody looks at: a loop in the upstream, an endless line, or a feed that never ends.",
        "Set a limit of your own; what is said of this capture is said of its first part.",
        "", "note",
    ),
)  # fmt: skip
