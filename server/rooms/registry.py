"""Every event's room in this process, and the loops that keep them true."""

import logging
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from redis.asyncio import Redis

from booking_rush.errors import Refusal
from booking_rush.lua.client import pubsub
from booking_rush.lua.client.batcher import Batcher
from booking_rush.lua.client.program import Program
from booking_rush.lua.events.commands import PublishBroadcast, ReportSockets, Stats
from booking_rush.postgres import Pool
from booking_rush.queue.event_registry import EventRecord, EventRegistry
from booking_rush.queue.signer import Signer
from booking_rush.server.rooms.broadcasts import Broadcast, Broadcasts
from booking_rush.server.rooms.room import Room
from booking_rush.server.runtime.loops import Loop
from booking_rush.server.runtime.metrics import ACTIVE, OUTBOX_AGE, PLACES, WAITING

log = logging.getLogger(__name__)

KEPT = timedelta(hours=1)


class RoomRegistry:
    """Rooms by event, and the loops that the server runs over them."""

    def __init__(
        self,
        pool: Pool,
        redis: Redis,
        program: Program,
        signer: Signer,
        methods: frozenset[str],
    ) -> None:
        self.events = EventRegistry(pool, program, self._on_change)
        self.broadcasts = Broadcasts(pool)
        self._pool = pool
        self._redis = redis
        self._signer = signer
        self._methods = methods
        self._rooms: dict[str, Room] = {}
        self._process = uuid.uuid4().hex[:12]

    async def room(self, event: str) -> Room:
        """The room of an event.

        Raises:
            UnknownEvent: there is no such event.
        """
        return self._room_of(await self.events.row(event))

    def batcher(self, event: str) -> Batcher:
        """The event's batcher."""
        return self.events.batcher(event)

    def every(self) -> list[Room]:
        """Every room that there is."""
        return list(self._rooms.values())

    async def stats(self, room: Room) -> Stats:
        """The event's figures; this process's sockets are counted in them.

        Raises:
            Recovering, TryAgain, Busy: Redis cannot say just now.
        """
        command = ReportSockets(self._process, len(room.subscribers()))
        stats = await self.batcher(room.row.id).do(command)
        WAITING.labels(room.row.id).set(stats.waiting)
        ACTIVE.labels(room.row.id).set(stats.active)
        for state in ("free", "held", "paying", "sold"):
            PLACES.labels(room.row.id, state).set(getattr(stats, state))
        OUTBOX_AGE.labels(room.row.id).set(stats.outbox_age_ms / 1000)
        return stats

    async def publish(self, said: Broadcast) -> None:
        """Tell a new message at once; processes that miss it read it within a second."""
        body = orjson.dumps({"audience": said.audience, "message": said.message})
        try:
            await self.batcher(said.event).do(PublishBroadcast(body.decode()))
        except Refusal as refusal:
            log.info("announced later event=%s why=%s", said.event, refusal.code)

    def loops(self) -> list[Loop]:
        """Return the loops that keep the rooms true, for the server to run for ever."""
        return [
            Loop("hear", self._receive_news, 0.05),
            Loop("gates", self._judge_gates, 0.05),
            Loop("positions", self._send_positions, 0.25),
            Loop("seats", self._send_seats, 0.1),
            Loop("bookings", self._send_bookings, 5.0),
            Loop("messages", self._send_broadcasts, 0.7),
            Loop("sockets", self._report_sockets, 1.0),
        ]

    async def _receive_news(self) -> None:
        """Apply ticks and news until the connection to Redis is lost.

        Raises:
            RedisError: it was lost.
        """
        for room in self.every():  # what was published while nobody was subscribed
            room.invalidate()
        async for event, item in pubsub.subscribe(self._redis):
            if event in self._rooms:
                await self._on_news(self._rooms[event], item)

    async def _judge_gates(self) -> None:
        """Compare the epochs of Postgres and Redis; a gate opens or shuts by them."""
        await self.events.run_once()

    async def _send_positions(self) -> None:
        for room in self.every():
            await room.places.send_positions()

    async def _send_seats(self) -> None:
        for room in self.every():
            await room.seats.flush()

    async def _send_bookings(self) -> None:
        for room in self.every():
            await room.send_bookings()

    async def _send_broadcasts(self) -> None:
        """Send broadcasts that Redis did not carry, and drop those that are too old to repeat."""
        for said in await self.broadcasts.read_new():
            self._on_said(said.event, {"audience": said.audience, "message": said.message})
        oldest = (datetime.now(UTC) - KEPT).isoformat()
        for room in self.every():
            for audience in [a for a, m in room.broadcasts.items() if str(m["at"]) < oldest]:
                del room.broadcasts[audience]

    async def _report_sockets(self) -> None:
        """Report the number of sockets of each room that has any."""
        for room in self.every():
            if room.subscribers():
                try:
                    await self.stats(room)
                except Refusal:
                    continue

    async def _on_news(self, room: Room, item: pubsub.AnyNews) -> None:
        if isinstance(item, pubsub.Broadcast):
            self._on_said(room.row.id, orjson.loads(item.message))
        elif (
            isinstance(item, pubsub.RulesChanged | pubsub.Tick) and item.version > room.row.version
        ):
            await self.events.refresh()
        room.apply(item)

    def _on_said(self, event: str, said: dict[str, Any]) -> None:
        room, audience, message = self._rooms.get(event), said["audience"], said["message"]
        if room is None:
            return
        had = room.broadcasts.get(audience)
        if had is None or (had["at"], had["id"]) < (message["at"], message["id"]):
            room.send_broadcast(message, audience)

    def _on_change(self, row: EventRecord) -> None:
        room = self._room_of(row)
        room.apply_row(row)
        room.apply_gate()

    def _room_of(self, row: EventRecord) -> Room:
        if row.id not in self._rooms:
            batcher = self.events.batcher(row.id)
            self._rooms[row.id] = Room(row, batcher, self._signer, self._pool, self._methods)
        return self._rooms[row.id]
