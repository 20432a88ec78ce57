"""Draws while their processes are killed: the order is the seed's, as if nobody had been."""

from contextlib import AsyncExitStack

import httpx

from booking_rush.booking.catalogue.catalogue import Catalogue
from booking_rush.lua.client.connection import connect
from booking_rush.lua.keys import key
from booking_rush.postgres import Pool
from booking_rush.queue.lottery.draw import LOTTERY, Draw
from booking_rush.server.auth.visitor_tokens import VisitorTokens
from booking_rush.server.runtime.ports import free_port
from tests.support.clients import until, until_ready
from tests.support.outages import BrokenStore
from tests.support.servers.processes import log_tails, running
from tests.support.store_agreement import journal_mistakes
from tests.support.world import SECRET, new_event, settings_for

MANY = 300  # of whom four are drawn a tick: for longer than a machine stands still
PATIENCE_S = 90.0
RECORDED = "SELECT count(*) FROM places WHERE number > 0 AND index_ > 0"
QUEUE = "/api/v1/events/demo/queue"


async def join(client: httpx.AsyncClient) -> list[str]:
    """Join the lobby, one after the other. Return the visitors in this order."""
    tokens = VisitorTokens(SECRET)
    visitors = [tokens.issue() for _ in range(MANY)]
    for visitor in visitors:
        headers = {"Authorization": f"Bearer {visitor.token}"}

        async def joined(headers: dict[str, str] = headers) -> httpx.Response | None:
            answer = await client.post(QUEUE, headers=headers)
            return answer if answer.status_code != 503 else None  # a slow machine asks again

        answer: httpx.Response = await until(joined)
        assert answer.json()["place"]["state"] == "lobby", answer.text
    return [visitor.visitor for visitor in visitors]


async def recorded(pool: Pool, count: int) -> bool:
    found: int = await pool.fetchval(RECORDED)
    return found >= count


async def given(url: str, count: int) -> bool:
    """Return whether Redis has drawn so many, whatever Postgres has of them."""
    async with connect(url) as redis:
        return int(await redis.hget(key("demo", 1, "lane", "main"), "drawn") or 0) >= count


async def is_open(pool: Pool) -> bool:
    return bool(await pool.fetchval("SELECT state = 'open' FROM events"))


async def test_tend_and_record_are_killed_in_the_middle_of_a_draw(
    broken_store: BrokenStore,
) -> None:
    pool, url = broken_store.pool, broken_store.redis.url
    rules = {"fairness": "lottery", "active_max": 0}
    await Catalogue(pool).create(new_event(rules=rules), who="tests")
    settings = settings_for(url, broken_store.postgres_url, bind=f"127.0.0.1:{free_port()}")
    base = f"http://{settings.bind}"
    tend = "-m tests.faults.mutants slow_draw work tend"
    async with AsyncExitStack() as stack:
        processes = stack.enter_context(
            running(settings, broken_store.folder, record="work record", tend=tend, serve="serve")
        )
        await until_ready(base, within_s=PATIENCE_S)
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=base, timeout=30))
        visitors = await join(client)
        await Catalogue(pool).act("demo", "open", who="tests")

        await until(lambda: recorded(pool, MANY // 5), within_s=PATIENCE_S)
        processes["tend"].kill()
        assert not await recorded(pool, MANY)
        processes["tend"].start()
        await until(lambda: recorded(pool, MANY // 3), within_s=PATIENCE_S)
        processes["record"].kill()
        before: int = await pool.fetchval(RECORDED)
        await until(lambda: given(url, before + 30), within_s=PATIENCE_S)
        processes["tend"].kill()
        assert await pool.fetchval("SELECT state FROM events") == "drawing"
        assert await pool.fetchval(RECORDED) == before < MANY
        for name in ("record", "tend"):
            processes[name].start()
        try:
            await until(lambda: is_open(pool), within_s=PATIENCE_S)
        except AssertionError:
            logs = {name: process.log for name, process in processes.items()}
            raise AssertionError(log_tails(logs)) from None

    await assert_order_is_the_seeds(pool, visitors)


async def assert_order_is_the_seeds(pool: Pool, visitors: list[str]) -> None:
    rows = await pool.fetch("SELECT visitor, index_, number FROM places")
    assert {row["visitor"]: row["index_"] for row in rows} == {
        visitor: index for index, visitor in enumerate(visitors, 1)
    }
    seed = await pool.fetchval("SELECT lottery_seed FROM events")
    draw = Draw("main", LOTTERY, 1, MANY)
    assert {row["number"] for row in rows} == set(range(1, MANY + 1))
    assert all(row["number"] == draw.number(seed, row["index_"]) for row in rows)
    assert await pool.fetchval("SELECT count(*) FROM draws") == 1
    assert await journal_mistakes(pool, "demo") == []
