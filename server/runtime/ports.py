"""Listening sockets and free ports of this machine, and how many connections its limits allow."""

import resource
import socket
import sys
from functools import cache

from booking_rush.server.runtime.settings import Settings

FILES_SPARE = 64  # descriptors for stores, files and health checks


class PortBusyError(Exception):
    """The address is in use, or is none of this machine."""


def listen(settings: Settings, *, alone: bool) -> socket.socket:
    """Return a socket bound to the address of the settings.

    Unless `alone`, other processes may bind it, too: with SO_REUSEPORT each has a queue of its
    own, and the kernel spreads connections over them.

    Raises:
        PortBusyError: the address is in use, or is none of this machine.
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
    """Return a port of 127.0.0.1 on which no process listens just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def url_of(address: tuple[str, int]) -> str:
    """Return the URL of a server at an address; of an IPv6 host, in brackets."""
    host, port = address
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


@cache
def connections_max(spare: int = FILES_SPARE, part: float = 0.1) -> int:
    """Return how many connections the limit of open files allows.

    So many descriptors are left free, and at least this part of the limit.
    """
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return sys.maxsize
    return max(1, files - max(spare, int(files * part)))
