"""Cassettes of VCR (vcrpy, pytest-recording): bodies only, no times. JSON; YAML where PyYAML is installed."""

from __future__ import annotations

import json
from base64 import b64decode
from importlib import import_module
from typing import Any

from streamdoctor.capture.convert.bodies import Kept, chosen, from_kept
from streamdoctor.errors import CaptureError, UsageError


def from_vcr(data: bytes, started: str, entry: int | None = None) -> bytes:
    """The capture of interaction number `entry` (from 1), else of the only one that may be a stream.

    `started` is the time of the import, RFC 3339. Raises CaptureError for what is no cassette, UsageError where an
    entry has to be named or YAML cannot be read here.
    """
    try:
        interactions = _document(data)["interactions"]
        found = [_kept(interaction) for interaction in interactions]
        types = [dict((n.lower(), v) for n, v in kept.response_headers).get("content-type", "") for kept in found]
        kept = found[chosen([kept.url for kept in found], types, entry)]
        return from_kept(kept, started, "VCR", ("started", "times"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CaptureError(f"this is no cassette of VCR: {type(error).__name__}: {error}") from None


def _document(data: bytes) -> Any:
    text = data.decode("utf-8")
    try:
        return json.loads(text)
    except ValueError:
        if "interactions:" not in text:
            raise
    try:
        yaml = import_module("yaml")
    except ImportError:
        raise UsageError("this cassette is YAML, and PyYAML is not installed", hint="pip install pyyaml") from None
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None


def _kept(interaction: dict[str, Any]) -> Kept:
    request, response = interaction["request"], interaction["response"]
    return Kept(
        method=str(request["method"]),
        url=str(request["uri"]),
        request_headers=_fields(request.get("headers") or {}),
        request_body=_body(request.get("body")),
        status=int(response["status"]["code"]),
        response_headers=_fields(response.get("headers") or {}),
        body=_body(response.get("body")),
    )


def _fields(headers: dict[str, Any]) -> list[tuple[str, str]]:
    listed = [(name, value if isinstance(value, list) else [value]) for name, value in headers.items()]
    return [(str(name), str(value)) for name, values in listed for value in values]


def _body(body: Any) -> bytes:
    if isinstance(body, dict):
        if "base64_string" in body:
            return b64decode(body["base64_string"], validate=True)
        body = body.get("string")
    if body is None or isinstance(body, bytes):
        return body or b""
    if not isinstance(body, str):
        raise ValueError(f"a body is {type(body).__name__}")
    return body.encode("utf-8")
