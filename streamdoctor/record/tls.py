"""TLS to the upstream over memory, so its three endings stay apart: close_notify, FIN without it, RST.

Sans-IO: bytes of the wire in, plain bytes out, one TLS record a piece; the caller moves what `outgoing` gives. The
loop's own TLS cannot tell a missing close_notify from a clean end (RFC 8446 section 6.1, RFC 9112 section 9.8).
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from streamdoctor.errors import UsageError

_RECORD = 16 << 10


def client_context(ca: str | None = None, insecure: bool = False) -> ssl.SSLContext:
    """Trusts what the system trusts, and the certificates in the file `ca`; with `insecure`, anyone.

    Raises UsageError for a file that holds no certificates.
    """
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    if ca is not None:
        try:
            context.load_verify_locations(cafile=ca)
        except (OSError, ssl.SSLError) as error:
            why = error.strerror if not isinstance(error, ssl.SSLError) else "it holds no certificates in PEM form"
            raise UsageError(f"--ca {ca}: {why}") from None
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class TLSClient:
    """One connection. `feed` raises ssl.SSLError for what is no TLS, or no certificate to trust."""

    def __init__(self, context: ssl.SSLContext, server_name: str) -> None:
        self.established = False
        self.closed = False
        """The peer said close_notify: what it sent is whole."""
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name)
        self._notified = False

    def start(self) -> None:
        """Begins the handshake; its first flight is in `outgoing`."""
        self._shake_hands()

    def _shake_hands(self) -> None:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return
        self.established = True

    def feed(self, data: bytes) -> list[bytes]:
        """The plain pieces that `data` completes, each from one record."""
        self._incoming.write(data)
        if not self.established:
            self._shake_hands()
        pieces: list[bytes] = []
        while self.established and not self.closed:
            try:
                piece = self._tls.read(_RECORD)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLZeroReturnError:
                piece = b""
            if piece:
                pieces.append(piece)
            else:
                self.closed = True
        return pieces

    def seal(self, data: bytes) -> None:
        """Encrypts `data` into `outgoing`; drops it once we said close_notify."""
        left = memoryview(b"" if self._notified else data)
        while left:
            left = left[self._tls.write(left) :]  # one record at a time

    def notify(self) -> None:
        """Says close_notify, once, or answers the peer's."""
        if self._notified or not self.established:
            return
        self._notified = True
        with suppress(ssl.SSLError):  # it waits for the peer's answer, which comes or does not
            self._tls.unwrap()

    def outgoing(self) -> bytes:
        """What is to be sent now."""
        return self._outgoing.read()

    def details(self) -> Mapping[str, Any]:
        return {"tls": self._tls.version(), "alpn": self._tls.selected_alpn_protocol()}


def reason(error: ssl.SSLError) -> str:
    """What went wrong, for someone who does not know TLS."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if error.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"):
        return "it does not speak TLS (is it http:// instead of https://?)"
    return (error.reason or str(error)).replace("_", " ").lower()
