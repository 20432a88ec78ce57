"""A sale with what operators and faults do to it follows, to both verifiers, to its last entry."""

import httpx

from booking_rush.booking.catalogue.timed_rules import put_back_due
from booking_rush.booking.history import journal
from booking_rush.booking.recording.event_scheduler import EventScheduler
from booking_rush.postgres import Pool
from tests.history.verifiers import found_in_members, mistake_in_entries
from tests.support.clients import Visitor, until
from tests.support.store_agreement import journal_mistakes
from tests.support.world import World

A = "/api/v1/admin/events/demo"
RULES = {"rate_per_second": 50, "active_max": 3, "claim_seconds": 1, "late_seconds": 600}
ENTERED = "SELECT count(*) FROM journal WHERE what = $1 OR starts_with(why, $1)"


async def has_entered(pool: Pool, what: str, *, times: int = 1) -> None:
    """Wait until the journal has so many entries of a kind, or whose reason begins so."""

    async def found() -> bool:
        return bool(await pool.fetchval(ENTERED, what) >= times)

    await until(found)


async def post(operator: httpx.AsyncClient, *actions: str) -> None:
    for action in actions:
        answer = await operator.post(f"{A}/{action}")
        assert answer.status_code == 200, (action, answer.text)


async def undo(operator: httpx.AsyncClient) -> None:
    """Undo the last act."""
    last, *_ = (await operator.get("/api/v1/admin/audit")).json()["entries"]
    answer = await operator.post(f"{A}/undo", json={"entry": last["id"]})
    assert answer.status_code == 200, answer.text


async def gone(world: World, operator: httpx.AsyncClient, visitor: Visitor) -> None:
    """Let an operator remove a visitor, and put the place back."""
    assert (await operator.delete(f"{A}/visitors/{visitor.id}")).status_code == 204
    await has_entered(world.services.pool, "removed")
    await undo(operator)
    await has_entered(world.services.pool, "put back")


async def change_rules(world: World, operator: httpx.AsyncClient) -> None:
    """Change rules for good, for a time, and back."""
    pool, services = world.services.pool, world.services
    for query, rules in (
        ("", {"rate_per_second": 20, "active_max": 4}),
        ("", {"lanes": {"press": 3}, "queue_from": 2}),
    ):
        answer = await operator.patch(f"{A}/rules{query}", json=rules)
        assert answer.status_code == 200, answer.text
    await undo(operator)
    await operator.patch(f"{A}/rules?for=600", json={"rate_per_second": 0})
    await pool.execute("UPDATE timed_rules SET until = now()")
    assert await put_back_due(pool) == ["demo"]
    await EventScheduler(pool, services.redis, services.rooms.events).run_once()


async def test_a_sale_with_all_that_is_done_to_it_follows(world: World) -> None:
    await world.event(state="scheduled", rules=RULES)
    pool, operator = world.services.pool, await world.operator()
    visitors = [await world.visitor() for _ in range(9)]
    for visitor in visitors:
        await visitor.join()
    await post(operator, "open")
    await has_entered(pool, "late")
    await visitors[0].join()  # heard of again
    await has_entered(pool, "admitted", times=4)
    await post(operator, "pause", "resume", "stop", "continue")
    await change_rules(world, operator)
    await gone(world, operator, visitors[8])
    await post(operator, "drain")
    await undo(operator)
    await post(operator, "stop", "close")
    await has_entered(pool, "removed", times=2)
    await undo(operator)
    await post(operator, "continue")
    await world.services.redis.flushall()
    await has_entered(pool, "recovered", times=2)
    batcher = world.services.rooms.batcher("demo")
    await until(lambda: batcher.gate.is_open)
    told = await pool.fetchval(ENTERED, "in force")
    await operator.patch(f"{A}/rules", json={"active_max": 2})
    await has_entered(pool, "in force", times=told + 1)
    await post(operator, "close")

    async def agree() -> bool:
        return await journal_mistakes(pool, "demo") == []

    await until(agree)
    found = await journal.read(pool, "demo", after=0, limit=10_000)
    assert mistake_in_entries(found.entries) == found_in_members(found.entries) == ""
