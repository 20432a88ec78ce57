"""Undo of rules, and rules for a time: they go back, unless they were changed since."""

import pytest

from booking_rush.booking.catalogue.timed_rules import put_back_due
from booking_rush.booking.recording.event_scheduler import EventScheduler
from booking_rush.postgres import Pool
from tests.admin.undoing import A, is_told_as_refused, last_entry, undo_last
from tests.support.clients import code_of, until
from tests.support.world import World


async def test_rules_are_undone_unless_they_were_changed_since(world: World) -> None:
    await world.event()
    operator = await world.operator()
    await operator.patch(f"{A}/rules", json={"rate_per_second": 7})
    first = await last_entry(operator)

    undone = await undo_last(operator)
    await operator.patch(f"{A}/rules", json={"rate_per_second": 8})
    second = await last_entry(operator)
    await operator.patch(f"{A}/rules", json={"rate_per_second": 9})
    refused = await operator.post(f"{A}/undo", json={"entry": second["id"]})

    assert undone.json()["event"]["rules"]["rate_per_second"] == 500
    assert (first["what"], first["before"]) == ("rules", {"rate_per_second": 500})
    assert code_of(refused) == "not_undoable"
    assert await is_told_as_refused(operator, second["id"])
    assert not await is_told_as_refused(operator, second["id"] + 1)


@pytest.mark.parametrize("is_undone", [False, True])
async def test_rules_go_back_when_others_were_changed_since(
    world: World, pool: Pool, is_undone: bool
) -> None:
    await world.event()
    operator = await world.operator()
    timed = {"rate_per_second": 7, "pass_seconds": 20}
    await operator.patch(f"{A}/rules?for=600", json=timed)
    await operator.patch(f"{A}/rules", json={"pass_seconds": 30, "hold_seconds": 99})
    if is_undone:
        await undo_last(operator)

    await pool.execute("UPDATE timed_rules SET until = now()")

    assert await put_back_due(pool) == ["demo"]
    rules = (await operator.get(A)).json()["event"]["rules"]
    assert rules["rate_per_second"] == 500
    assert rules["pass_seconds"] == (300 if is_undone else 30)
    assert (await last_entry(operator))["detail"].keys() == (
        timed.keys() if is_undone else {"rate_per_second"}
    )


async def test_rules_set_for_a_time_end_with_their_undo(world: World, pool: Pool) -> None:
    await world.event()
    operator = await world.operator()
    await operator.patch(f"{A}/rules?for=600", json={"rate_per_second": 7})
    first = await last_entry(operator)
    await operator.patch(f"{A}/rules?for=600", json={"rate_per_second": 9})

    again = (await undo_last(operator)).json()["event"]
    undone = await operator.post(f"{A}/undo", json={"entry": first["id"]})

    assert again["rules"]["rate_per_second"] == 7
    assert again["timed_rules"]["before"] == {"rate_per_second": 500}
    assert undone.json()["event"]["rules"]["rate_per_second"] == 500
    assert "timed_rules" not in undone.json()["event"]


@pytest.mark.parametrize("is_timed", [False, True])
async def test_a_change_of_lanes_goes_back(world: World, pool: Pool, is_timed: bool) -> None:
    await world.event()
    operator = await world.operator()
    await operator.patch(f"{A}/rules{'?for=600' if is_timed else ''}", json={"lanes": {"vip": 5}})

    await pool.execute("UPDATE timed_rules SET until = now()")
    if is_timed:
        assert await put_back_due(pool) == ["demo"]
    else:
        assert (await undo_last(operator)).status_code == 200

    assert (await operator.get(A)).json()["event"]["rules"]["lanes"] == {"main": 1}


async def test_the_order_by_which_people_joined_does_not_go_back(world: World, pool: Pool) -> None:
    await world.event(state="scheduled")
    operator = await world.operator()
    await operator.patch(f"{A}/rules?for=600", json={"fairness": "windows"})
    changed = await last_entry(operator)
    assert changed["undoable"]
    await operator.post(f"{A}/open")

    assert await is_told_as_refused(operator, changed["id"])
    refused = await operator.post(f"{A}/undo", json={"entry": changed["id"]})
    await pool.execute("UPDATE timed_rules SET until = now()")
    gone_back = await put_back_due(pool)

    assert (refused.status_code, code_of(refused), gone_back) == (409, "not_undoable", [])
    assert (await operator.get(A)).json()["event"]["rules"]["fairness"] == "windows"


async def test_rules_go_back_by_themselves_unless_they_are_kept(world: World, pool: Pool) -> None:
    await world.event()
    operator = await world.operator()

    set_for = await operator.patch(f"{A}/rules?for=600", json={"rate_per_second": 7})
    await operator.patch(f"{A}/rules?for=600", json={"rate_per_second": 9, "active_max": 3})
    timed = (await operator.get(A)).json()["event"]["timed_rules"]
    await pool.execute("UPDATE timed_rules SET until = now()")
    services = world.services
    scheduler = EventScheduler(pool, services.redis, services.rooms.events)
    await scheduler.run_once()

    assert set_for.json()["rules"]["rate_per_second"] == 7
    assert timed["before"] == {"rate_per_second": 500, "active_max": 5000}
    event = (await operator.get(A)).json()["event"]
    assert (event["rules"]["rate_per_second"], event["rules"]["active_max"]) == (500, 5000)
    assert "timed_rules" not in event
    entry = await last_entry(operator)
    assert (entry["who"], entry["what"]) == ("clock", "rules")
    batcher = services.rooms.batcher("demo")
    room = await services.rooms.room("demo")
    assert await until(lambda: room.row.version >= 4 and batcher.gate.is_open)


async def test_rules_that_are_kept_stay(world: World, pool: Pool) -> None:
    await world.event()
    operator = await world.operator()
    await operator.patch(f"{A}/rules?for=600", json={"rate_per_second": 7})

    kept = await operator.post(f"{A}/rules/keep")

    assert kept.json()["rules"]["rate_per_second"] == 7
    assert await put_back_due(pool) == []
    assert code_of(await operator.post(f"{A}/rules/keep")) == "nothing_to_keep"


@pytest.mark.parametrize(
    "seconds", ["0", "-1", "x", "86401", "0864001", f"000001{'9' * 20}", f"000001{'9' * 400}", ""]
)
async def test_a_time_that_cannot_be_is_refused(world: World, seconds: str) -> None:
    await world.event()
    operator = await world.operator()

    answer = await operator.patch(f"{A}/rules?for={seconds}", json={"rate_per_second": 7})

    assert code_of(answer) == "invalid_request"
    assert (await operator.get(A)).json()["event"]["rules"]["rate_per_second"] == 500
