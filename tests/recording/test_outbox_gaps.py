"""An outbox that was trimmed beyond a Postgres that was put back: said aloud, recorded on."""

import pytest
from redis.asyncio import Redis

from booking_rush.lua.line.commands import JoinLine
from booking_rush.postgres import Pool
from tests.support.recorded_event import EVENT, RecordedEvent


@pytest.mark.parametrize(("trimmed", "gaps"), [(True, 1), (False, 0)])
async def test_entries_that_nobody_has_any_more_are_an_alarm(
    recorded_event: RecordedEvent, pool: Pool, redis: Redis, trimmed: bool, gaps: int
) -> None:
    await recorded_event.ask(JoinLine("ada"))
    await recorded_event.record()
    backup = await pool.fetchval("SELECT last FROM recorded")
    for n in range(20):
        await recorded_event.ask(JoinLine(f"v{n}"))
    await recorded_event.record()
    await pool.execute("DELETE FROM places WHERE number > 1")
    await pool.execute("UPDATE recorded SET last = $1, holder = ''", backup)
    if trimmed:
        await redis.xtrim(f"{{{EVENT}}}:1:outbox", maxlen=5, approximate=False)

    recorder = recorded_event.recorder("heir")
    while not await recorded_event.is_recorded():
        await recorder.run_once()

    assert recorder.gaps == gaps
    assert len(await recorded_event.places()) == (6 if trimmed else 21)
