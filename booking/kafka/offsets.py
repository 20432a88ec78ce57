"""Tracks consumed but unsettled records by booking, and the offset that is safe to commit. Pure.

The offset of a partition may be committed only up to the first record that is not settled.
"""

from collections.abc import Collection, Iterable
from uuid import UUID

from booking_rush.booking.messaging.outbox import Envelope

Partition = tuple[str, int]  # topic, number


class OffsetTracker:
    """Unsettled envelopes by booking, in order; a record delivered twice is one envelope."""

    def __init__(self) -> None:
        self._offsets: dict[Partition, dict[int, bool]] = {}  # whether each is settled
        self._positions: dict[UUID, list[tuple[Partition, int]]] = {}
        self._queues: dict[UUID, dict[UUID, Envelope]] = {}
        self._due_at: dict[UUID, float] = {}

    def __len__(self) -> int:
        return len(self._positions)

    def add(self, partition: Partition, offset: int, envelope: Envelope | None) -> None:
        """Track a consumed record; `None` if there is nothing to handle in it."""
        self._offsets.setdefault(partition, {})[offset] = envelope is None
        if envelope is None:
            return
        if envelope.id in self._positions:
            self._positions[envelope.id].append((partition, offset))
            return
        self._positions[envelope.id] = [(partition, offset)]
        self._queues.setdefault(envelope.booking, {})[envelope.id] = envelope

    def ready(self, now: float, most: int, busy: Collection[UUID] = ()) -> list[Envelope]:
        """Return at most `most` envelopes of bookings that are due and not busy, oldest first."""
        found: list[Envelope] = []
        for booking, queue in self._queues.items():
            if self._due_at.get(booking, 0.0) <= now and booking not in busy:
                found += queue.values()
                if len(found) >= most:
                    break
        return found[:most]

    def settle(self, envelopes: Iterable[Envelope]) -> None:
        """Settle envelopes that are handled or rejected."""
        for envelope in envelopes:
            for partition, offset in self._positions.pop(envelope.id, ()):
                if offset in self._offsets.get(partition, {}):
                    self._offsets[partition][offset] = True
            self._remove(envelope.booking, envelope.id)

    def retry_at(self, envelope: Envelope, due_at: float) -> None:
        """Count a failure of an envelope, and delay its booking until then."""
        queue = self._queues.get(envelope.booking, {})
        if envelope.id in queue:
            queue[envelope.id] = envelope._replace(tries=envelope.tries + 1)
            self._due_at[envelope.booking] = due_at

    def committable(self) -> dict[Partition, int]:
        """Return the next offset to consume of each partition where it has advanced.

        Settled offsets before it are forgotten, so each advance is returned once.
        """
        found: dict[Partition, int] = {}
        for partition, offsets in self._offsets.items():
            while offsets and offsets[first := next(iter(offsets))]:
                del offsets[first]
                found[partition] = first + 1
        return found

    def revoke(self, partitions: Collection[Partition]) -> None:
        """Forget partitions that are assigned to another worker now."""
        for partition in partitions:
            self._offsets.pop(partition, None)
        for booking, queue in list(self._queues.items()):
            for id_ in list(queue):
                left = [one for one in self._positions[id_] if one[0] not in partitions]
                if left:
                    self._positions[id_] = left
                else:
                    del self._positions[id_]
                    self._remove(booking, id_)

    def _remove(self, booking: UUID, id_: UUID) -> None:
        queue = self._queues.get(booking)
        if queue is None:
            return
        queue.pop(id_, None)
        if not queue:
            del self._queues[booking]
            self._due_at.pop(booking, None)
