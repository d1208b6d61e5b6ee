"""HAR 1.2, to and from. Beside its own fields an entry of ours has `_chunks`: every read, with its time.

A HAR of another tool holds the body only: its capture has fidelity `body`, and made-up heads.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from streamdoctor import __version__
from streamdoctor.capture.convert.bodies import chosen
from streamdoctor.capture.convert.packing import imported
from streamdoctor.capture.model import RECEIVED, SENT, Capture, Direction, Read
from streamdoctor.errors import CaptureError
from streamdoctor.stream.layers import Layers


def to_har(capture: Capture, layers: Layers) -> bytes:
    """One entry. Times in it are milliseconds, but for `_chunks`, whose `ns` count from the first request byte."""
    entry = {
        "startedDateTime": capture.header.started,
        "time": _ms(capture.end.ns if capture.end else 0),
        "request": _request(capture, layers),
        "response": _response(capture, layers),
        "cache": {},
        "timings": {"send": 0, "wait": _ms(layers.first_byte or 0), "receive": _ms(_receiving(capture, layers))},
        "_cause": capture.cause,
        "_framing": capture.end.framing if capture.end else None,
        "_side": capture.end.side if capture.end else None,
        "_fidelity": capture.header.fidelity,
    }
    creator = {"name": "streamdoctor", "version": __version__}
    document = {"log": {"version": "1.2", "creator": creator, "entries": [entry]}}
    return (json.dumps(document, indent=1) + "\n").encode("ascii")


def _ms(ns: int) -> float:
    return ns / 1_000_000


def _receiving(capture: Capture, layers: Layers) -> int:
    return capture.end.ns - layers.first_byte if capture.end and layers.first_byte is not None else 0


def _request(capture: Capture, layers: Layers) -> dict[str, Any]:
    head = layers.request
    target = head.target if head else "/"
    request: dict[str, Any] = {
        "method": head.method if head else "GET",
        "url": (capture.header.upstream or "http://unknown").rstrip("/") + target,
        "httpVersion": "HTTP/1.1",
        "headers": _headers(head.headers if head else ()),
        "queryString": [{"name": n, "value": v} for n, v in parse_qsl(urlsplit(target).query, keep_blank_values=True)],
        "cookies": [],
        "headersSize": head.end - head.start if head else -1,
        "bodySize": len(layers.request_body),
        "_chunks": list(_chunks(capture, SENT)),
    }
    if layers.request_body:
        kind = dict(head.headers).get("content-type", "") if head else ""
        request["postData"] = {"mimeType": kind, "text": layers.request_body.decode("utf-8", "replace")}
    return request


def _response(capture: Capture, layers: Layers) -> dict[str, Any]:
    head = layers.response
    content: dict[str, Any] = {"size": len(layers.decoded), "mimeType": layers.content_type or ""}
    try:
        content["text"] = layers.decoded.decode("utf-8")
    except UnicodeDecodeError:
        content |= {"text": b64encode(layers.decoded).decode("ascii"), "encoding": "base64"}
    return {
        "status": head.status if head else 0,
        "statusText": "",
        "httpVersion": "HTTP/1.1",
        "headers": _headers(head.headers if head else ()),
        "cookies": [],
        "content": content,
        "redirectURL": "",
        "headersSize": head.end - head.start if head else -1,
        "bodySize": len(layers.body),
        "_chunks": list(_chunks(capture, RECEIVED)),
    }


def _headers(headers: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


def _chunks(capture: Capture, way: Direction) -> Iterator[dict[str, Any]]:
    for read in capture.reads(way):
        yield {"ns": read.ns, "b64": b64encode(read.data).decode("ascii")}


# --- from


def from_har(data: bytes, started: str, entry: int | None = None) -> bytes:
    """The capture of entry number `entry` (from 1), else of the only one that may be a stream.

    Raises CaptureError for what is no HAR, UsageError where an entry has to be named.
    """
    try:
        entries = json.loads(data)["log"]["entries"]
        types = [str(each["response"].get("content", {}).get("mimeType", "")) for each in entries]
        found = entries[chosen([str(each["request"]["url"]) for each in entries], types, entry)]
        return _from_entry(found, str(found.get("startedDateTime") or started))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise CaptureError(f"this is no HAR: {type(error).__name__}: {error}") from None


def _from_entry(entry: dict[str, Any], started: str) -> bytes:
    datetime.fromisoformat(started.replace("Z", "+00:00"))
    request, response = entry["request"], entry["response"]
    parts = urlsplit(str(request["url"]))
    upstream = f"{parts.scheme}://{parts.netloc}"
    if response.get("_chunks"):
        reads = [*_reads(request.get("_chunks", ()), SENT), *_reads(response["_chunks"], RECEIVED)]
        cause, framing = str(entry.get("_cause", "unknown")), entry.get("_framing")
        fidelity = str(entry.get("_fidelity", "read"))
        return imported(
            reads,
            started=started,
            recorder=f"streamdoctor {__version__}",
            cause=cause,
            fidelity=fidelity,
            upstream=upstream,
            framing=framing,
            side=entry.get("_side"),
        )
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    reads = [Read(0, SENT, _made_up_request(request, target, parts.netloc)), *_made_up_response(response, entry)]
    return imported(
        reads,
        started=started,
        recorder=f"streamdoctor {__version__}",
        cause="unknown",
        fidelity="body",
        upstream=upstream,
        synthesised=("request-head", "response-head"),
    )


def _reads(chunks: Sequence[dict[str, Any]], way: Direction) -> list[Read]:
    return [Read(int(chunk["ns"]), way, b64decode(chunk["b64"], validate=True)) for chunk in chunks]


def _made_up_request(request: dict[str, Any], target: str, host: str) -> bytes:
    body = str(request.get("postData", {}).get("text", "")).encode("utf-8", "replace")
    lines = [f"{request['method']} {target} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}", "", ""]
    head = "\r\n".join(lines)
    if not head.replace("\r\n", "").isprintable():
        raise ValueError("its request cannot stand in a head")
    return head.encode("latin-1", "replace") + body


def _made_up_response(response: dict[str, Any], entry: dict[str, Any]) -> list[Read]:
    content = response["content"]
    text = str(content.get("text", ""))
    body = b64decode(text, validate=True) if content.get("encoding") == "base64" else text.encode("utf-8", "replace")
    mime = str(content.get("mimeType", "")) or "application/octet-stream"
    head = f"HTTP/1.1 {int(response['status'])} \r\nContent-Type: {mime}\r\n\r\n"
    if not mime.isprintable():
        raise ValueError("its media type cannot stand in a head")
    ns = round(float(entry.get("time") or 0) * 1_000_000)
    reads = [Read(ns, RECEIVED, head.encode("latin-1", "replace"))]
    return [*reads, Read(ns, RECEIVED, body)] if body else reads
