"""Free ports, which stay free until the process that gets one binds it."""

import socket
from pathlib import Path

import pytest

from booking_rush.server.runtime import ports
from booking_rush.server.runtime.ports import PortBusyError, free_port

TAKEN_BY_THE_KERNEL = Path("/proc/sys/net/ipv4/ip_local_port_range")


def test_a_free_port_is_none_that_the_kernel_gives_to_others_meanwhile() -> None:
    first, last = map(int, TAKEN_BY_THE_KERNEL.read_text().split())
    assert free_port() not in range(first, last + 1)


def test_a_port_in_use_is_not_free(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    monkeypatch.setattr(ports, "PORTS", range(port, port + 1))
    with socket.create_server(("127.0.0.1", port)), pytest.raises(PortBusyError):
        free_port()
    assert free_port() == port
