"""The kernel tells what the other end of a connection has read, byte by byte; of others it tells nothing."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator

import pytest

from streamdoctor.replay.server_peer import PeerKernel

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sock_diag is Linux")


@pytest.fixture
def kernel() -> Iterator[PeerKernel]:
    kernel = PeerKernel()
    kernel.open()
    yield kernel
    kernel.close()


def _listener(host: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, 0), family=family, dualstack_ipv6=host == "::")
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")


@pytest.mark.parametrize(
    ("host", "to"), [("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("::", "127.0.0.1"), ("::", "::1")]
)
def test_it_counts_what_the_program_read_not_what_arrived(kernel: PeerKernel, host: str, to: str) -> None:
    with _listener(host) as listener, socket.create_connection((to, listener.getsockname()[1])) as client:
        ours, _ = listener.accept()
        with ours:
            assert kernel.read_by_peer(ours) == 0
            ours.sendall(b"0123456789")
            assert kernel.read_by_peer(ours) == 0
            assert client.recv(4) == b"0123"
            assert kernel.read_by_peer(ours) == 4
            client.sendall(b"the other way does not count")
            assert client.recv(99) == b"456789"
            assert kernel.read_by_peer(ours) == 10
            client.shutdown(socket.SHUT_WR)
            assert kernel.read_by_peer(ours) == 10


def test_of_a_socket_that_is_gone_nothing_is_known(kernel: PeerKernel) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        ours, _ = listener.accept()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
        assert kernel.read_by_peer(ours) is None
        ours.close()
        assert kernel.read_by_peer(ours) is None


def test_a_kernel_that_was_not_opened_knows_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        ours, _ = listener.accept()
        assert PeerKernel().read_by_peer(ours) is None
        client.close()
        ours.close()
