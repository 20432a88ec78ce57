"""Series for the console: a point of every open event each ten seconds, acts and the funnel."""

import pytest

from booking_rush.booking import series
from booking_rush.booking.series import SeriesWriter
from booking_rush.server.app import V1
from tests.support.clients import until
from tests.support.world import World, held


async def test_a_point_is_written_once_in_ten_seconds_by_however_many(world: World) -> None:
    await world.event()
    now = await world.services.pool.fetchval("SELECT extract(epoch FROM now())::float8")
    times = [now - 20, now - 10, now]
    pool, events = world.services.pool, world.services.rooms.events
    writers = [SeriesWriter(pool, events, lambda: times[0]) for _ in range(2)]
    while times:
        assert [await writer.run_once() for writer in writers] == [1, 1]
        assert [await writer.run_once() for writer in writers] == [0, 0]
        del times[0]

    points = await series.points(world.services.pool, "demo", 60)
    assert len(points) == 3
    assert points[0]["free"] > 0


async def test_closed_events_have_no_points(world: World) -> None:
    await world.event(state="closed")
    writer = SeriesWriter(world.services.pool, world.services.rooms.events)

    assert await writer.run_once() == 0


async def test_the_console_reads_points_acts_and_the_funnel(world: World) -> None:
    await world.event()
    visitor, hold = await held(world, seats=["stalls.A-1"])
    await visitor.check_out(hold)
    await visitor.booked(hold, "confirmed")

    async def is_sold() -> bool:
        return (await world.services.rooms.stats_of("demo")).sold == 1

    await until(is_sold)
    await SeriesWriter(world.services.pool, world.services.rooms.events).run_once()
    operator = await world.operator()
    await operator.post(f"{V1}/admin/events/demo/pause")

    found = (await operator.get(f"{V1}/admin/events/demo/series?minutes=5")).json()

    assert [point["sold"] for point in found["series"]] == [1]
    assert found["acts"][-1]["what"] == "pause"
    assert found["funnel"] == {"held": 1, "paid": 1, "refunded": 0}


async def test_a_day_comes_in_few_points(world: World) -> None:
    await world.event()
    await world.services.pool.execute(
        """
        INSERT INTO series SELECT 'demo', now() - n * interval '10 s', 1, 1, 0, n, n, 0, 0, 0, 1, 0
        FROM generate_series(1, 8600) AS n
        """
    )

    points = await series.points(world.services.pool, "demo", series.MINUTES_MAX)

    assert series.POINTS_MAX - 5 <= len(points) <= series.POINTS_MAX
    assert points == sorted(points, key=lambda point: point["at"])


@pytest.mark.parametrize("minutes", ["0", "4", "1441", "-5", "5.5", "x", "9" * 19, "0000599", ""])
async def test_other_minutes_are_refused(world: World, minutes: str) -> None:
    await world.event()
    operator = await world.operator()

    answer = await operator.get(f"{V1}/admin/events/demo/series?minutes={minutes}")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "minutes"
