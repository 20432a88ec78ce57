"""Bounds of open sockets by address in one process: the next one is closed with 1013."""

from collections import Counter

from booking_rush.errors import Busy
from booking_rush.queue.join_checks.address_blocks import client_block


class SocketBounds:
    """Sockets that are open by address; at most `most` of one, or any number for 0."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: Counter[str] = Counter()

    def add(self, address: str) -> None:
        """Count a socket of an address, until it is removed.

        Raises:
            Busy: as many are open already.
        """
        block = client_block(address)
        if self._most and self._open[block] >= self._most:
            raise Busy(f"{self._most} sockets of this address are open")
        self._open[block] += 1

    def remove(self, address: str) -> None:
        """Count a socket of an address no more."""
        block = client_block(address)
        self._open[block] -= 1
        if not self._open[block]:
            del self._open[block]
