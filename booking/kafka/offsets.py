"""Pure: what a worker has taken from a log and not settled, and how far it may say it has read.

An offset may be told as read only when everything before it in its part is settled, too.
"""

from collections.abc import Collection, Iterable
from uuid import UUID

from booking_rush.booking.messaging.outbox import Envelope

Part = tuple[str, int]  # topic, and which part of it


class OffsetTracker:
    """Envelopes by booking, in their order; one that comes again while it is here is the same."""

    def __init__(self) -> None:
        self._offsets: dict[Part, dict[int, bool]] = {}
        self._places: dict[UUID, list[tuple[Part, int]]] = {}
        self._queues: dict[UUID, dict[UUID, Envelope]] = {}
        self._until: dict[UUID, float] = {}

    def __len__(self) -> int:
        return len(self._places)

    def add(self, part: Part, offset: int, envelope: Envelope | None) -> None:
        """Take what was read; `None`: nothing that is to be handled."""
        self._offsets.setdefault(part, {})[offset] = envelope is None
        if envelope is None:
            return
        if envelope.id in self._places:
            self._places[envelope.id].append((part, offset))
            return
        self._places[envelope.id] = [(part, offset)]
        self._queues.setdefault(envelope.booking, {})[envelope.id] = envelope

    def ready(self, now: float, most: int, busy: Collection[UUID] = ()) -> list[Envelope]:
        """What may be handled: all of each booking that need not wait, oldest bookings first."""
        found: list[Envelope] = []
        for booking, queue in self._queues.items():
            if self._until.get(booking, 0.0) <= now and booking not in busy:
                found += queue.values()
                if len(found) >= most:
                    break
        return found[:most]

    def settle(self, envelopes: Iterable[Envelope]) -> None:
        """These are handled, or given up."""
        for one in envelopes:
            for part, offset in self._places.pop(one.id, ()):
                if offset in self._offsets.get(part, {}):
                    self._offsets[part][offset] = True
            self._take_out(one.booking, one.id)

    def wait(self, envelope: Envelope, until: float) -> None:
        """It failed once more: nothing of its booking is handed over before then."""
        queue = self._queues.get(envelope.booking, {})
        if envelope.id in queue:
            queue[envelope.id] = envelope._replace(tries=envelope.tries + 1)
            self._until[envelope.booking] = until

    def read_up_to(self) -> dict[Part, int]:
        """By part: the offset that is to be read next, where that has moved."""
        found: dict[Part, int] = {}
        for part, offsets in self._offsets.items():
            while offsets and offsets[first := next(iter(offsets))]:
                del offsets[first]
                found[part] = first + 1
        return found

    def drop(self, parts: Collection[Part]) -> None:
        """Forget parts that are somebody else's now."""
        for part in parts:
            self._offsets.pop(part, None)
        for booking, queue in list(self._queues.items()):
            for id_ in list(queue):
                left = [place for place in self._places[id_] if place[0] not in parts]
                if left:
                    self._places[id_] = left
                else:
                    del self._places[id_]
                    self._take_out(booking, id_)

    def _take_out(self, booking: UUID, id_: UUID) -> None:
        queue = self._queues.get(booking)
        if queue is None:
            return
        queue.pop(id_, None)
        if not queue:
            del self._queues[booking]
            self._until.pop(booking, None)
