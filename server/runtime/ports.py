"""Listening sockets and free ports."""

import socket

from booking_rush.server.runtime.settings import Settings


class PortBusyError(Exception):
    """Something listens there already."""


def listen(settings: Settings, *, alone: bool) -> socket.socket:
    """A socket on the address of the settings; `alone`, nobody else may listen there.

    With SO_REUSEPORT each process has a queue of its own, and the kernel spreads connections.

    Raises:
        PortBusyError: the address is taken, or is none.
    """
    host, port = settings.address
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if not alone:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise PortBusyError(f"cannot listen on {settings.bind}: {error.strerror}") from error
    return listener


def free_port() -> int:
    """A port of this machine that nobody listens on just now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
