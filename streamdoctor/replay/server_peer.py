"""How much of what we sent the client has read: it tells when the next piece will be read alone.

Rule: asked of the kernel by `sock_diag` (Linux 4.1, no privilege, 10 µs), for the other end of a connection within this
machine; of any other peer nothing is known. See sock_diag(7), linux/inet_diag.h, linux/tcp.h.
"""

from __future__ import annotations

import socket
import struct
import sys
from contextlib import suppress
from typing import Any

_SOCK_DIAG = 4
_BY_FAMILY = 20
_IS_REQUEST = 1
_TCP_INFO = 2
_LISTEN = 10
_ANY = struct.pack("=III", 0, 0xFFFFFFFF, 0xFFFFFFFF)
"""Any interface, any socket cookie."""
_HEADER = struct.Struct("=IHHII")
_MESSAGE = struct.Struct("=BBBB48xIIIII")
"""inet_diag_msg: family, state, two of timers; the ends; expiry, bytes not read, bytes not taken, owner, inode."""
_ATTRIBUTE = struct.Struct("=HH")
_BYTES_RECEIVED_AT = 128
"""In tcp_info."""


class PeerKernel:
    """Asks the kernel of this machine about the other ends of connections, between `open` and `close`."""

    def __init__(self) -> None:
        self._netlink: socket.socket | None = None

    def open(self) -> None:
        if sys.platform == "linux":
            with suppress(OSError):
                self._netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG)
                self._netlink.setblocking(False)
                self._netlink.connect((0, 0))

    def read_by_peer(self, sock: socket.socket) -> int | None:
        """How many bytes the program at the other end of `sock` has read; None where that cannot be known."""
        if self._netlink is None:
            return None
        try:
            self._netlink.send(_question(sock))
            return _answer(self._netlink.recv(1 << 16))
        except OSError:
            return None

    def close(self) -> None:
        if self._netlink is not None:
            self._netlink.close()
            self._netlink = None


def _question(sock: socket.socket) -> bytes:
    """Asks for the one TCP socket whose own end is the peer of `sock`."""
    family, theirs, ours = sock.family, sock.getpeername(), sock.getsockname()
    hosts = [end[0].partition("%")[0] for end in (theirs, ours)]
    if hosts[1].startswith("::ffff:"):  # IPv4 that comes through an IPv6 socket
        family, hosts = socket.AF_INET, [host.removeprefix("::ffff:") for host in hosts]
    body = struct.pack("=BBBxI", family, socket.IPPROTO_TCP, 1 << (_TCP_INFO - 1), 0xFFFFFFFF)
    body += struct.pack("!HH", theirs[1], ours[1])
    body += b"".join(socket.inet_pton(family, host).ljust(16, b"\0") for host in hosts) + _ANY
    return _HEADER.pack(_HEADER.size + len(body), _BY_FAMILY, _IS_REQUEST, 0, 0) + body


def _answer(data: bytes) -> int | None:
    """Bytes that arrived less those that wait; None for an error, which says that there is no such socket here."""
    size, kind, *_ = _HEADER.unpack_from(data)
    if kind != _BY_FAMILY:
        return None
    fields: tuple[Any, ...] = _MESSAGE.unpack_from(data, _HEADER.size)
    state, unread = fields[1], fields[5]
    at = _HEADER.size + _MESSAGE.size
    while state != _LISTEN and at + _ATTRIBUTE.size <= size:
        length, name = _ATTRIBUTE.unpack_from(data, at)
        if name == _TCP_INFO and length >= _ATTRIBUTE.size + _BYTES_RECEIVED_AT + 8:
            received = struct.unpack_from("=Q", data, at + _ATTRIBUTE.size + _BYTES_RECEIVED_AT)[0]
            return int(received) - int(unread)
        at += max(length + 3 & ~3, _ATTRIBUTE.size)
    return None
