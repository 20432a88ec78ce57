"""Metrics of what is sold, and the end of an event's series."""

import pytest

from booking_rush.booking.holds.bookings import Sales
from booking_rush.postgres import Pool
from booking_rush.server.processes import exports
from booking_rush.server.processes.exports import SalesExport
from booking_rush.server.runtime.metrics import exposition
from tests.support.world import World


def series(*parts: str) -> list[str]:
    """The lines of `/metrics` that have all of these parts."""
    lines = exposition().decode().splitlines()
    return [line for line in lines if all(part in line for part in parts)]


def value(name: str, **labels: str) -> float:
    """The value of the one series of a name with these labels."""
    [line] = series(f"{name}{{", *(f'{label}="{text}"' for label, text in labels.items()))
    return float(line.rpartition(" ")[2])


async def test_revenue_is_a_series_by_event_currency_and_state(world: World) -> None:
    await world.event("hall")
    ada, bob = await world.visitor(), await world.visitor()
    sales = SalesExport(world.services.pool)
    bought = [
        await visitor.buys("hall", section="floor", quantity=count)
        for visitor, count in ((ada, 2), (bob, 1))
    ]
    await sales.export()
    assert value("rush_revenue", event="hall", currency="EUR", state="confirmed") == 3 * 4500
    assert value("rush_bookings", event="hall", state="confirmed") == 2

    await bob.http.post(f"/api/v1/bookings/{bought[1]}/cancel")
    await bob.booked(bought[1], "refunded")
    await sales.export()
    assert value("rush_revenue", event="hall", currency="EUR", state="confirmed") == 2 * 4500
    assert value("rush_revenue", event="hall", currency="EUR", state="refunded") == 4500
    assert value("rush_bookings", event="hall", state="refunded") == 1


async def test_the_series_of_an_event_end_with_it_and_come_back_with_it(world: World) -> None:
    await world.event("barn")
    await world.event("shed")
    events, pool = world.services.rooms.events, world.services.pool
    sales = SalesExport(pool)
    await (await world.visitor()).buys("barn", section="floor", quantity=1)
    await sales.export()
    for event in ("barn", "shed"):
        await world.services.rooms.stats_of(event)
        assert series("rush_waiting{", f'event="{event}"')

    await pool.execute("UPDATE events SET state = 'closed', archived_at = now() WHERE id = 'barn'")
    await events.refresh("barn")
    await sales.export()
    await world.services.rooms.stats_of("barn")  # whoever asks for them begins no series
    assert series('event="barn"') == []
    assert series("rush_waiting{", 'event="shed"')

    await pool.execute("UPDATE events SET archived_at = NULL WHERE id = 'barn'")
    await events.refresh("barn")
    assert series("rush_waiting{", 'event="barn"')


async def test_refusals_are_counted_by_route_and_code(world: World) -> None:
    await world.event("cave")
    visitor = await world.visitor()
    await visitor.hold("one", "no pass", "cave", section="floor", quantity=1)

    assert value("rush_refusals_total", route="/api/v1/events/{event}/holds", code="pass_invalid")


async def test_sales_that_take_long_to_count_are_counted_seldom(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    counted: list[float] = []

    async def count_for_two_seconds(_: Pool) -> list[Sales]:
        nonlocal now
        counted.append(now)
        now += 2
        return []

    monkeypatch.setattr(exports, "sales", count_for_two_seconds)
    sales = SalesExport(pool, lambda: now)
    for at in (1000.0, 1100.0, 1199.0, 1200.0):
        now = at
        await sales.run_once()

    assert counted == [1000.0, 1200.0]


async def test_how_full_batches_and_write_buffers_are_is_exported(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.event(state="paused")
    rooms = world.services.rooms
    visitor = await world.visitor()
    await visitor.join()
    await rooms.export_saturation()
    assert plain("rush_batches_total") >= 1
    assert plain("rush_batch_commands_total") >= plain("rush_batches_total")
    assert (plain("rush_batch_queue"), plain("rush_sockets_behind")) == (0, 0)

    async with visitor.socket():
        [subscriber] = (await rooms.room("demo")).subscribers()
        monkeypatch.setattr(subscriber, "behind", lambda: True)
        await rooms.export_saturation()

    assert plain("rush_sockets_behind") == 1


def plain(name: str) -> float:
    """Return the value of a series without labels."""
    [line] = [line for line in series(name) if line.startswith(f"{name} ")]
    return float(line.rpartition(" ")[2])
