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
from booking_rush.server.runtime.metrics import ACTIVE, OUTBOX_AGE, PLACES, WAITING

log = logging.getLogger(__name__)

KEPT = timedelta(hours=1)


class RoomRegistry:
    """Rooms by event. The methods named `…_once` are run for ever by the server."""

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

    async def news_once(self) -> int:
        """Hear ticks and news until the connection is lost.

        Raises:
            RedisError: it was lost.
        """
        for room in self.every():  # what was told while nobody heard
            room.look_up(room.subscribers())
            room.seats.invalidate()
        async for event, item in pubsub.subscribe(self._redis):
            if event in self._rooms:
                await self._on_news(self._rooms[event], item)
        return 0

    async def gates_once(self) -> int:
        """Judge the gates by Postgres and Redis; 0, so that the loop pauses."""
        await self.events.run_once()
        return 0

    async def positions_once(self) -> int:
        """Tell who waits where they are; 0, so that the loop pauses."""
        for room in self.every():
            await room.send_positions()
        return 0

    async def seats_once(self) -> int:
        """Tell watchers what changed; 0, so that the loop pauses."""
        for room in self.every():
            await room.seats.flush()
        return 0

    async def bookings_once(self) -> int:
        """Read again what guests wait for; 0, so that the loop pauses."""
        for room in self.every():
            await room.send_bookings()
        return 0

    async def messages_once(self) -> int:
        """Tell what other processes were told; 0, so that the loop pauses."""
        for said in await self.broadcasts.read_new():
            self._on_said(said.event, {"audience": said.audience, "message": said.message})
        oldest = (datetime.now(UTC) - KEPT).isoformat()
        for room in self.every():
            for audience in [a for a, m in room.messages.items() if str(m["at"]) < oldest]:
                del room.messages[audience]
        return 0

    async def sockets_once(self) -> int:
        """Report how many sockets are here, where there are any; 0, so that the loop pauses."""
        for room in self.every():
            if room.subscribers():
                try:
                    await self.stats(room)
                except Refusal:
                    continue
        return 0

    async def _on_news(self, room: Room, item: pubsub.AnyNews) -> None:
        if isinstance(item, pubsub.Broadcast):
            self._on_said(room.row.id, orjson.loads(item.message))
        elif (
            isinstance(item, pubsub.RulesChanged | pubsub.Tick) and item.version > room.row.version
        ):
            await self.events.refresh()
        room.on_news(item)

    def _on_said(self, event: str, said: dict[str, Any]) -> None:
        room, audience, message = self._rooms.get(event), said["audience"], said["message"]
        if room is None:
            return
        had = room.messages.get(audience)
        if had is None or (had["at"], had["id"]) < (message["at"], message["id"]):
            room.on_message(message, audience)

    def _on_change(self, row: EventRecord) -> None:
        room = self._room_of(row)
        room.on_row(row)
        room.on_gate()

    def _room_of(self, row: EventRecord) -> Room:
        if row.id not in self._rooms:
            batcher = self.events.batcher(row.id)
            self._rooms[row.id] = Room(row, batcher, self._signer, self._pool, self._methods)
        return self._rooms[row.id]
