"""The calendar of events: what opens one that is due, or drawn, while a test runs."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from booking_rush.booking.recording.event_scheduler import EventScheduler
from booking_rush.lua.client.program import Program
from booking_rush.queue.event_registry import EventRegistry
from booking_rush.server.runtime.loops import forever
from booking_rush.tasks import cancel_and_wait
from tests.support.world import World


@asynccontextmanager
async def calendar(world: World) -> AsyncGenerator[None]:
    """The schedule of events, as the record duty applies it."""
    services = world.services
    events = EventRegistry(services.pool, Program(services.redis))
    scheduler = EventScheduler(services.pool, services.redis, events)
    task = asyncio.create_task(forever("calendar", scheduler.run_once, idle_s=0.05))
    yield
    await cancel_and_wait([task])
