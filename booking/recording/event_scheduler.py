"""The event scheduler: opens, closes and stops events and puts rules back, and tells Redis."""

import logging
import time

from redis.asyncio import Redis
from redis.exceptions import RedisError

from booking_rush.booking.catalogue import sale_stops, timed_rules
from booking_rush.booking.catalogue.catalogue import Catalogue
from booking_rush.booking.catalogue.rows import Event
from booking_rush.booking.seats import inventory
from booking_rush.errors import Refusal
from booking_rush.lua.client.epoch_gate import EpochGate
from booking_rush.lua.client.program import MoveFailedError
from booking_rush.lua.events.commands import AddSections, SetRules
from booking_rush.lua.keys import key
from booking_rush.postgres import Pool
from booking_rush.queue.event_registry import EventRegistry

log = logging.getLogger(__name__)

EVERY_S = 0.5


async def push_to_redis(registry: EventRegistry, event: Event) -> bool:
    """Send an event's sections, state and rules to Redis. Return False to be called again later."""
    batcher = registry.batcher(event.id)
    try:
        for section in event.sections:
            await batcher.do(AddSections([inventory.empty_inventory(section)]))
        await batcher.do(SetRules(event.version, event.state, event.numbers(), event.rules.lanes))
    except Refusal as refusal:
        log.info("rules later event=%s version=%d why=%s", event.id, event.version, refusal.code)
        return False
    except MoveFailedError as error:  # that event's data are broken, and no other's
        log.error("rules not taken event=%s why=%s", event.id, error)
        return False
    return True


class EventScheduler:
    """Schedules every event, beside others: Postgres lets one of them change a state.

    Redis ignores a version that is older than its own.
    """

    def __init__(self, pool: Pool, redis: Redis, registry: EventRegistry) -> None:
        self._catalogue = Catalogue(pool)
        self._pool = pool
        self._redis = redis
        self._registry = registry
        self._next_at = 0.0

    async def run_once(self) -> int:
        """Apply the schedule, and push events of which Redis has an older version.

        Return how many were pushed.
        """
        await self._registry.run_once()
        if time.monotonic() < self._next_at:
            return 0
        self._next_at = time.monotonic() + EVERY_S
        due = [
            *await self._catalogue.apply_schedule(),
            *await timed_rules.put_back_due(self._pool),
            *await sale_stops.follow_bank(self._pool),
        ]
        if due:
            await self._registry.refresh()
        behind = await self._behind()
        return sum([await self._push(event) for event in behind])

    async def _push(self, event: str) -> bool:
        return await push_to_redis(self._registry, await self._catalogue.event(event))

    async def _behind(self) -> list[str]:
        """Return the ids of events of which Redis has an older version than Postgres."""
        rows = [row for row in self._registry.live if self._gate(row.id).is_open]
        pipeline = self._redis.pipeline(transaction=False)
        for row in rows:
            pipeline.hget(key(row.id, self._gate(row.id).epoch, "rules"), "version")
        try:
            versions = await pipeline.execute(raise_on_error=False) if rows else []
        except RedisError as error:
            log.info("versions unknown why=%s", type(error).__name__)
            return []
        return [
            row.id
            for row, version in zip(rows, versions, strict=True)
            if _number_of(version) < row.version
        ]

    def _gate(self, event: str) -> EpochGate:
        return self._registry.batcher(event).gate


def _number_of(version: bytes | Exception | None) -> int:
    """Return the version that Redis has, 0 for none, or for a value that is none."""
    return int(version) if isinstance(version, bytes) and version.isdigit() else 0
