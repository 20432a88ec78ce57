"""Tracks consumed but unsettled records by booking, and the offset that is safe to commit. Pure.

The offset of a partition may be committed only up to the first record that is not settled.
"""

import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple
from uuid import UUID

from booking_rush.booking.messaging.outbox import Envelope

Partition = tuple[str, int]  # topic, number
Part = tuple[str, str]  # lane, event


class _Tracked(NamedTuple):
    """An unsettled envelope, where it stands, and the how-manieth it was to arrive."""

    envelope: Envelope
    part: Part
    arrival: int


class OffsetTracker:
    """Unsettled envelopes by lane, event and booking; a record delivered twice is one envelope."""

    def __init__(self) -> None:
        self._offsets: dict[Partition, dict[int, bool]] = {}  # whether each is settled
        self._positions: dict[UUID, list[tuple[Partition, int]]] = {}
        self._tracked: dict[UUID, _Tracked] = {}  # by envelope, in order of arrival
        self._parts: dict[Part, dict[UUID, None]] = {}  # envelopes, in order of arrival
        self._of_booking = Counter[UUID]()
        self._of_topic = Counter[str]()
        self._due_at: dict[UUID, float] = {}
        self._arrivals = itertools.count()

    def __len__(self) -> int:
        return len(self._positions)

    def count(self, topic: str) -> int:
        """Return the number of unsettled envelopes of `orders` or `messages`."""
        return self._of_topic[topic]

    def add(
        self, partition: Partition, offset: int, envelope: Envelope | None, lane: str = ""
    ) -> None:
        """Track a consumed record; `None` if there is nothing to handle in it."""
        self._offsets.setdefault(partition, {})[offset] = envelope is None
        if envelope is None:
            return
        if envelope.id in self._positions:
            self._positions[envelope.id].append((partition, offset))
            return
        self._positions[envelope.id] = [(partition, offset)]
        part = (lane, envelope.event)
        self._tracked[envelope.id] = _Tracked(envelope, part, next(self._arrivals))
        self._parts.setdefault(part, {})[envelope.id] = None
        self._of_booking[envelope.booking] += 1
        self._of_topic[envelope.topic] += 1

    def ready(
        self, now: float, most: int, busy: Collection[UUID] = (), full: Collection[str] = ()
    ) -> list[Envelope]:
        """Return at most `most` envelopes of each lane that is not full, oldest first.

        They are of bookings that are due and not busy, and shared out fairly between events.
        """
        events = Counter(lane for lane, _ in self._parts)
        found: list[_Tracked] = []
        room = dict.fromkeys(events, most)
        for (lane, _), ids in self._parts.items():
            if lane in full:
                continue
            share = min(room[lane], max(1, most // events[lane]))
            some = list(itertools.islice(self._due(ids, now, busy), share))
            room[lane] -= len(some)
            found += some
        found.sort(key=lambda one: one.arrival)
        return [one.envelope for one in found]

    def _due(self, ids: Iterable[UUID], now: float, busy: Collection[UUID]) -> Iterator["_Tracked"]:
        for id_ in ids:
            tracked = self._tracked[id_]
            booking = tracked.envelope.booking
            if booking not in busy and self._due_at.get(booking, 0.0) <= now:
                yield tracked

    def settle(self, envelopes: Iterable[Envelope]) -> None:
        """Settle envelopes that are handled or rejected."""
        for envelope in envelopes:
            for partition, offset in self._positions.pop(envelope.id, ()):
                if offset in self._offsets.get(partition, {}):
                    self._offsets[partition][offset] = True
            self._remove(envelope.id)

    def retry_at(self, envelope: Envelope, due_at: float) -> None:
        """Count a failure of an envelope, and delay its booking until then."""
        tracked = self._tracked.get(envelope.id)
        if tracked is not None:
            counted = envelope._replace(tries=envelope.tries + 1)
            self._tracked[envelope.id] = tracked._replace(envelope=counted)
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
        for id_, positions in list(self._positions.items()):
            left = [one for one in positions if one[0] not in partitions]
            if left:
                self._positions[id_] = left
            else:
                del self._positions[id_]
                self._remove(id_)

    def _remove(self, id_: UUID) -> None:
        tracked = self._tracked.pop(id_, None)
        if tracked is None:
            return
        envelope, part, _ = tracked
        del self._parts[part][id_]
        if not self._parts[part]:
            del self._parts[part]
        self._of_topic[envelope.topic] -= 1
        self._of_booking[envelope.booking] -= 1
        if not self._of_booking[envelope.booking]:
            del self._of_booking[envelope.booking]
            self._due_at.pop(envelope.booking, None)
