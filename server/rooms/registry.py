"""Rooms of this process, one an event, and the loops that keep what they were sent up to date."""

import logging
import math
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError

from booking_rush.booking.joining.joining import JoinChecks
from booking_rush.booking.joining.preferences import Preferences
from booking_rush.booking.seats import archived_event
from booking_rush.errors import Refusal
from booking_rush.lua.client import pubsub
from booking_rush.lua.client.program import Program
from booking_rush.lua.events.commands import PublishBroadcast, ReportSockets, Stats
from booking_rush.postgres import UNAVAILABLE, Pool
from booking_rush.queue.archived_event import EventBatcher
from booking_rush.queue.event_registry import EventRecord, EventRegistry
from booking_rush.queue.keys.signer import Signer
from booking_rush.server.rooms.broadcasts import SHOWN_FOR, Broadcast, Broadcasts
from booking_rush.server.rooms.room import Room
from booking_rush.server.runtime.loops import EachAlone, Loop
from booking_rush.server.runtime.metrics import (
    ACTIVE,
    ADMITTED,
    BATCH_QUEUE,
    BATCHED,
    BATCHES,
    BEHIND,
    CALIBRATION,
    JOINED,
    OUTBOX_AGE,
    PLACES,
    RECOVERIES,
    UNKNOWN_NEWS,
    WAITING,
    WAITS,
    WAITS_S,
    end_series,
    resume_series,
)

log = logging.getLogger(__name__)

OF_ROWS = frozenset({pubsub.Tick, pubsub.RulesChanged, pubsub.Broadcast})


class RoomRegistry:
    """Rooms by event, and the loops that the server runs over them."""

    def __init__(
        self,
        pool: Pool,
        redis: Redis,
        program: Program,
        signer: Signer,
        methods: frozenset[str],
        checks: JoinChecks,
    ) -> None:
        self.events = EventRegistry(pool, program, self._on_change)
        self.broadcasts = Broadcasts(pool)
        self._pool = pool
        self._redis = redis
        self._signer = signer
        self._methods = methods
        self._checks = checks
        self._preferences = Preferences(redis)
        self._rooms: dict[str, Room] = {}
        self._final: dict[str, Stats] = {}  # statistics of archived events
        self._process = uuid.uuid4().hex[:12]

    async def room(self, event: str) -> Room:
        """Return the room of an event; of a new one, once it is loaded into Redis.

        Raises:
            UnknownEvent: there is no such event.
            Busy: it is new, and is not loaded yet.
        """
        return self._room_of(await self.events.loaded(event))

    def batcher(self, event: str) -> EventBatcher:
        """Return the batcher of an event."""
        return self.events.batcher(event)

    def every(self) -> list[Room]:
        """Return every room."""
        return list(self._rooms.values())

    async def stats(self, room: Room) -> Stats:
        """Report this process's sockets to Redis. Return the event's statistics.

        Raises:
            Recovering, TryAgain, Busy: Redis cannot say just now.
        """
        stats = await self._stats(room)
        if not room.row.archived:
            _export(room.row.id, stats, room.places.forecast.calibration.members())
        return stats

    async def stats_of(self, event: str) -> Stats:
        """Return the statistics of an event by its id.

        Raises:
            UnknownEvent, Recovering, TryAgain, Busy: there are none just now.
        """
        return await self.stats(await self.room(event))

    async def _stats(self, room: Room) -> Stats:
        """Return the event's statistics; those of an archived event are final, and read once."""
        event, sockets = room.row.id, len(room.subscribers())
        if not self.batcher(event).is_archived:
            self._final.pop(event, None)
            return await self.batcher(event).do(ReportSockets(self._process, sockets))
        if event not in self._final:
            self._final[event] = await archived_event.statistics(self._pool, event)
        return self._final[event]

    async def publish(self, broadcast: Broadcast) -> None:
        """Publish a broadcast in Redis; processes that miss it read it from Postgres within 1 s."""
        body = orjson.dumps({"audience": broadcast.audience, "message": broadcast.message})
        try:
            await self.batcher(broadcast.event).do(PublishBroadcast(body.decode()))
        except Refusal as refusal:
            log.info("announced later event=%s why=%s", broadcast.event, refusal.code)

    def loops(self) -> list[Loop]:
        """Return the loops that keep the rooms true, for the server to run for ever."""
        return [
            Loop("hear", self._receive_news, 0.05, math.inf),  # it ends with its connection alone
            Loop("gates", self._judge_gates, 0.05),
            Loop("bans", self._apply_bans, 0.4),
            self._loop("positions", lambda room: room.places.send_positions(), 0.25),
            self._loop("seats", lambda room: room.seats.flush(), 0.1),
            self._loop("stock", lambda room: room.send_stock(), 1.0),
            self._loop("bookings", lambda room: room.send_bookings(), 5.0),
            Loop("messages", self._send_broadcasts, 0.7),
            self._loop("sockets", self._report_sockets, 1.0),
            Loop("saturation", self.export_saturation, 5.0),
            Loop("figures", EachAlone("figures", self._quiet, self._report_sockets).run_once, 10.0),
        ]

    def _loop(self, name: str, work: Callable[[Room], Awaitable[Any]], idle_s: float) -> Loop:
        """Return a loop over the rooms that have a subscriber."""
        return Loop(name, EachAlone(name, self._occupied, work).run_once, idle_s)

    async def _receive_news(self) -> None:
        """Apply ticks and news until the connection to Redis is lost.

        Raises:
            RedisError: it was lost.
        """
        for missed in self.every():  # what was published while nobody was subscribed
            missed.invalidate()
        async for event, batch in pubsub.subscribe(self._redis, UNKNOWN_NEWS.inc):
            if (room := self._rooms.get(event)) is not None:
                await self._apply(room, batch)

    async def _apply(self, room: Room, batch: Iterable[pubsub.AnyNews]) -> None:
        """Apply the news of a batch in their order. One that fails is lost to its room alone."""
        for news in batch:
            try:
                if type(news) in OF_ROWS:
                    await self._apply_to_rows(room, news)
                room.apply(news)
            except Exception:
                log.exception("news not applied event=%s", room.row.id)
                room.invalidate()

    async def _judge_gates(self) -> None:
        """Compare the epochs of Postgres and Redis; a gate opens or shuts by them."""
        await self.events.run_once()

    async def _apply_bans(self) -> None:
        """Read new bans of blocks, and remove the places of subscribers here that are in them."""
        for ban in await self._checks.bans.read_new():
            if ban.block and ban.event in self._rooms:
                await self._rooms[ban.event].remove_banned(ban)

    def _occupied(self) -> dict[str, Room]:
        """Return the rooms that have a subscriber, by event."""
        return {event: room for event, room in self._rooms.items() if room.is_occupied}

    def _quiet(self) -> dict[str, Room]:
        """Return the rooms of live events that nobody here is subscribed to, by event.

        Their figures move all the same, and so must their metrics.
        """
        live = {row.id for row in self.events.live}
        return {e: room for e, room in self._rooms.items() if e in live and not room.is_occupied}

    async def _send_broadcasts(self) -> None:
        """Send broadcasts that Redis did not carry, and drop those that are too old to repeat."""
        for broadcast in await self.broadcasts.read_new():
            self._send_broadcast(broadcast)
        await self.broadcasts.save_counts()
        oldest = (datetime.now(UTC) - SHOWN_FOR).isoformat()
        for room in self.every():
            room.drop_broadcasts(oldest)

    async def _report_sockets(self, room: Room) -> None:
        """Report the number of a room's sockets."""
        with suppress(Refusal):
            await self.stats(room)

    async def export_saturation(self) -> None:
        """Export what waits in front of Redis and in write buffers, and how full batches are."""
        batchers = [self.batcher(event) for event in self._rooms]
        BATCH_QUEUE.set(sum(batcher.waiting for batcher in batchers))
        for batches, commands in (batcher.take_counts() for batcher in batchers):
            BATCHES.inc(batches)
            BATCHED.inc(commands)
        subscribers = (one for room in self.every() for one in room.subscribers())
        BEHIND.set(sum(one.behind() for one in subscribers))

    async def _apply_to_rows(self, room: Room, news: pubsub.AnyNews) -> None:
        """Send a broadcast, or read the event's row again where a news is of a later version."""
        match news:
            case pubsub.Broadcast():
                body = orjson.loads(news.message)
                self._send_broadcast(Broadcast(room.row.id, body["audience"], body["message"]))
            case pubsub.RulesChanged() | pubsub.Tick() if news.version > room.row.version:
                await self._refresh(room)
            case _:
                pass

    async def _refresh(self, room: Room) -> None:
        """Read the rows of events; where a store is away the loop of the gates reads them later.

        The subscription must not end by it: all that was published meanwhile would be lost.
        """
        try:
            await self.events.refresh(room.row.id)
        except (RedisError, *UNAVAILABLE) as why:
            log.info("rules later event=%s why=%s", room.row.id, type(why).__name__)

    def _send_broadcast(self, broadcast: Broadcast) -> None:
        """Send a broadcast, unless it or a newer one was sent to its audience before."""
        room, message = self._rooms.get(broadcast.event), broadcast.message
        if room is None:
            return
        last = room.broadcasts.get(broadcast.audience)
        if last is None or (last["at"], last["id"]) < (message["at"], message["id"]):
            pages = room.send_broadcast(message, broadcast.audience)
            self.broadcasts.count(message["id"], pages)

    def _on_change(self, row: EventRecord) -> None:
        """Apply an event whose row or gate has changed."""
        (end_series if row.archived else resume_series)(row.id)
        room = self._room_of(row)
        room.apply_row(row)
        room.apply_gate()

    def _room_of(self, row: EventRecord) -> Room:
        if row.id not in self._rooms:
            batcher = self.events.batcher(row.id)
            self._rooms[row.id] = Room(
                row,
                batcher,
                self._signer,
                self._pool,
                self._methods,
                self._checks,
                self._preferences,
            )
        return self._rooms[row.id]


def _export(event: str, stats: Stats, calibration: Mapping[str, float | None]) -> None:
    """Export an event's statistics as metrics."""
    RECOVERIES.labels(event)  # from 0 on: Prometheus sees no growth in what begins with 1
    visitors = ((WAITING, stats.waiting), (ACTIVE, stats.active), (JOINED, stats.joined))
    for gauge, count in (*visitors, (ADMITTED, stats.admitted)):
        gauge.labels(event).set(count)
    for state in ("free", "held", "paying", "sold"):
        PLACES.labels(event, state).set(getattr(stats, state))
    OUTBOX_AGE.labels(event).set(stats.outbox_age_ms / 1000)
    for band in ("p50", "p90"):
        if (share := calibration[band]) is not None:
            CALIBRATION.labels(event, band).set(share)
    ends = [(0.1 * 2 ** ((bucket + 1) / 4), count) for bucket, count in stats.waits]
    for bound_s in WAITS_S:
        le = "+Inf" if bound_s == math.inf else str(bound_s)
        WAITS.labels(event, le).set(sum(count for end_s, count in ends if end_s <= bound_s))
