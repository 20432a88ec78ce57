"""Statistics of a line are counted in Postgres by pages, and are those that Redis counts."""

import pytest

from booking_rush.booking.catalogue import line_statistics as counting
from booking_rush.booking.catalogue.line_statistics import LineStatistics, line_statistics
from booking_rush.lua.events.commands import ReportSockets
from booking_rush.lua.line.commands import AdmitVisitor, JoinLine
from tests.support.recorded_event import EVENT, RecordedEvent


@pytest.mark.parametrize("page", [1, 3, 7, 1000])
async def test_pages_of_any_size_count_the_same(
    recorded_event: RecordedEvent, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(counting, "PAGE", page)
    await recorded_event.pool.execute(
        """
        INSERT INTO places (event, lane, number, visitor, state, joined_ms, wave, admitted_ms,
            until_ms, reason)
        SELECT $1, lane, n, lane || n, 'ended', 0, n % 3, n * 100, 0, ''
        FROM generate_series(1, 7) AS n, unnest(array['main', 'late']) AS lane
        """,
        EVENT,
    )
    async with recorded_event.pool.acquire() as connection:
        found = await line_statistics(connection, EVENT)

    assert found == LineStatistics(14, 10, 2, {0: 2, 4: 2, 8: 2, 9: 2, 11: 2})


async def test_redis_counts_the_same(recorded_event: RecordedEvent) -> None:
    for visitor in ("ada", "bob", "cyd"):
        await recorded_event.ask(JoinLine(visitor))
    await recorded_event.ask(AdmitVisitor("bob", "a test"))
    await recorded_event.record()
    stats = await recorded_event.ask(ReportSockets("a process", 0))
    async with recorded_event.pool.acquire() as connection:
        counted = await line_statistics(connection, EVENT)

    assert (counted.joined, counted.admitted) == (stats.joined, stats.admitted) == (3, 1)
    assert sorted(counted.waits.items()) == [tuple(pair) for pair in stats.waits]
