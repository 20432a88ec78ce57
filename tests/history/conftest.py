"""Fixtures of the tests of the journal."""

import pytest
from redis.asyncio import Redis

from booking_rush.postgres import Pool
from tests.support.recorded_event import RecordedEvent


@pytest.fixture
async def recorded_event(pool: Pool, redis: Redis) -> RecordedEvent:
    return await RecordedEvent(pool, redis).begin()
