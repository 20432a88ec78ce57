"""Slot map of a Redis Cluster: which primary has which of the 16,384 slots."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot
from redis.exceptions import ClusterDownError


class Address(NamedTuple):
    """Address of one node."""

    host: str
    port: int


class SlotRange(NamedTuple):
    """Slots from first to last, their primary, and its replicas."""

    first: int
    last: int
    primary: Address
    replicas: tuple[Address, ...]


Ranges = tuple[SlotRange, ...]  # in the order of their slots


class SlotMap:
    """Primary of each slot, as the ranges say; `moved` corrects a single slot."""

    def __init__(self, ranges: Ranges) -> None:
        self.ranges = ranges
        self.is_corrected = False
        self._primaries: list[Address | None] = [None] * REDIS_CLUSTER_HASH_SLOTS
        for one in ranges:
            self._primaries[one.first : one.last + 1] = [one.primary] * (one.last - one.first + 1)

    @property
    def primaries(self) -> list[Address]:
        """Return every primary that has a slot, each once."""
        corrected = (one for one in self._primaries if one is not None) if self.is_corrected else ()
        return list(dict.fromkeys((*(one.primary for one in self.ranges), *corrected)))

    @property
    def nodes(self) -> set[Address]:
        """Return every node that the ranges name, replicas too."""
        return {node for one in self.ranges for node in (one.primary, *one.replicas)}

    def primary_of(self, key: bytes) -> Address:
        """Return the primary of a key's slot; of one that no node has any, which will say so.

        Raises:
            ClusterDownError: the map is empty.
        """
        address = self._primaries[key_slot(key)]
        if address is not None:
            return address
        if not self.ranges:
            raise ClusterDownError("no node has a slot")
        return self.ranges[0].primary

    def moved(self, slot: int, address: Address) -> None:
        """Note that a slot has another primary, as a node's `MOVED` says."""
        self._primaries[slot] = address
        self.is_corrected = True


def ranges_of(reply: Sequence[Any], asked: Address) -> Ranges:
    """Return the ranges of a reply to `CLUSTER SLOTS`; a node without a host is the one asked."""

    def address(node: Sequence[Any]) -> Address:
        host = node[0].decode() if node[0] else ""
        return Address(asked.host if host in ("", "?") else host, int(node[1]))

    found = [
        SlotRange(int(one[0]), int(one[1]), address(one[2]), tuple(sorted(map(address, one[3:]))))
        for one in reply
    ]
    return tuple(sorted(found))


def agreed(answers: Sequence[Ranges], known: Ranges) -> Ranges:
    """Return the ranges that most nodes name; of equally many those that are known already.

    A primary that was cut off or stopped, and goes on, names itself still: it is outvoted.
    """
    votes = Counter(answers)
    return max(votes, key=lambda ranges: (votes[ranges], ranges == known))
