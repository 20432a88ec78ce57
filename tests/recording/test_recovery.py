"""Recovery: Redis is emptied, rewound or replaced, and visitors keep the places they were sent."""

import asyncio
import shutil
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from booking_rush.booking.catalogue.catalogue import Catalogue
from booking_rush.lua.client.connection import connect
from booking_rush.lua.keys import epoch_key
from booking_rush.postgres import Pool
from booking_rush.server.runtime.ports import free_port
from booking_rush.tasks import cancel_and_wait
from tests.support.clients import until, until_ready
from tests.support.crowds.waiting_crowd import Crowd, crowd_at
from tests.support.outages import BrokenStore, flush, rewind
from tests.support.servers.processes import Process, log_tails, running
from tests.support.servers.stores import Store
from tests.support.world import new_event, settings_for

WAITING = 1200  # more than two pages of what is loaded
SOCKETS = 40
PATIENCE_S = 120.0  # a look of everybody takes 5 s, and four times as long beside other tests


class RecoveringSale:
    """A crowd, and the processes it talks to: two serve, two record and a tend."""

    def __init__(self, crowd: Crowd, processes: dict[str, Process], store: Store, pool: Pool):
        self.crowd = crowd
        self.processes = processes
        self.store = store
        self.pool = pool

    async def epoch(self) -> int:
        return int(await self.pool.fetchval("SELECT epoch FROM recorded"))

    def violations(self) -> list[str]:
        """Return the crowd's violations, and what the processes logged of a mistake of ours."""
        logs = {name: process.log.read_text() for name, process in self.processes.items()}
        mistakes = [f"{name}: {text[at:][:4000]}" for name, text in logs.items()
                    if (at := text.find("Traceback")) >= 0]  # fmt: skip
        found = self.crowd.violations()
        return found and found + mistakes

    async def is_back(self) -> None:
        """Wait until every visitor finds the place they were sent, whichever process they ask.

        Raises:
            AssertionError: with the visitors who do not, their last answers, and the logs.
        """
        await until(lambda: _is_open(self), within_s=PATIENCE_S)
        self.crowd.expect_places_again()
        try:
            await until(self.crowd.all_find_places, within_s=PATIENCE_S)
        except AssertionError:
            missing = self.crowd.missing()
            heard = Counter(visitor.answer[:300] for visitor in missing).most_common(3)
            said = log_tails({name: process.log for name, process in self.processes.items()})
            lost = f"{len(missing)} of {len(self.crowd.visitors)} do not hear of their place"
            raise AssertionError(f"{lost}: {heard} {self.crowd.violations()[:3]}{said}") from None


@asynccontextmanager
async def recovering_sale(stores: BrokenStore, **rules: float) -> AsyncGenerator[RecoveringSale]:
    catalogue = Catalogue(stores.pool)
    await catalogue.create(new_event(rules=rules), who="tests")
    await catalogue.act("demo", "open", who="tests")
    settings = settings_for(stores.redis.url, stores.postgres_url, bind=f"127.0.0.1:{free_port()}")
    base = f"http://{settings.bind}"
    duties = {
        "record_1": "work record",
        "record_2": "work record",
        "tend": "work tend",
        "serve_1": "serve --shared",
        "serve_2": "serve --shared",
    }
    async with AsyncExitStack() as stack:
        processes = stack.enter_context(running(settings, stores.folder, **duties))
        await until_ready(base, within_s=PATIENCE_S)
        crowd = await stack.enter_async_context(crowd_at(base, "demo"))
        yield RecoveringSale(crowd, processes, stores.redis, stores.pool)


async def gather_crowd(crowd: Crowd) -> list[asyncio.Task[None]]:
    """Let 1,200 visitors wait, some of them on sockets, while others join and look."""
    visitors = [crowd.new_visitor() for _ in range(WAITING)]
    for at in range(0, WAITING, 100):
        await asyncio.gather(*(crowd.join(visitor) for visitor in visitors[at : at + 100]))
    tasks = [asyncio.create_task(crowd.stay_connected(visitor)) for visitor in visitors[:SOCKETS]]
    tasks += [
        asyncio.create_task(crowd.stay_connected(crowd.new_visitor())) for _ in range(SOCKETS)
    ]
    tasks += [asyncio.create_task(crowd.keep_joining()) for _ in range(4)]
    tasks += [asyncio.create_task(crowd.keep_finding_places()) for _ in range(3)]
    return tasks


def replace(store: Store) -> None:
    """Put another Redis, empty, at the same address."""
    data = Path(store.child.argv[store.child.argv.index("--dir") + 1])
    store.kill()
    shutil.rmtree(data)
    data.mkdir()
    store.start()


def restart(store: Store) -> None:
    """Restart Redis with all its data: its run id is another, so it must be loaded."""
    store.stop()
    store.start()


@pytest.mark.parametrize("fault", [flush, rewind, replace, restart])
async def test_nobody_loses_what_they_were_told(
    fault: Callable[[Store], None], broken_store: BrokenStore
) -> None:
    rules = {"rate_per_second": 20, "active_max": 30, "claim_seconds": 600, "pass_seconds": 3600}
    async with recovering_sale(broken_store, **rules) as sale:
        tasks = await gather_crowd(sale.crowd)
        try:
            await asyncio.to_thread(fault, broken_store.redis)
            await until(lambda: _epoch_is(sale, 2), within_s=PATIENCE_S)
            await sale.is_back()
            more = len(sale.crowd.visitors)
            await until(lambda: len(sale.crowd.visitors) > more + 50, within_s=PATIENCE_S)
        finally:
            await cancel_and_wait(tasks)

        assert sale.violations() == []
        await assert_order_is_kept(broken_store.pool)


async def test_one_recorder_is_stopped_in_the_middle_of_bringing_back(
    broken_store: BrokenStore,
) -> None:
    """The holder of the lease stops for ten seconds while it loads; the other one takes over."""
    rules = {"rate_per_second": 20, "active_max": 30, "claim_seconds": 600, "pass_seconds": 3600}
    async with recovering_sale(broken_store, **rules) as sale:
        tasks = await gather_crowd(sale.crowd)
        try:
            stopped = await _stop_while_loading(sale)
            await sale.is_back()
            reached = await sale.epoch()
            await asyncio.sleep(max(0, stopped + 10 - time.monotonic()))
            for name in ("record_1", "record_2"):
                sale.processes[name].resume()
            await sale.is_back()
        finally:
            await cancel_and_wait(tasks)

        assert reached >= 3  # the stopped one counted 2, the other had to count on
        assert sale.violations() == []
        await assert_order_is_kept(broken_store.pool)


async def _stop_while_loading(sale: RecoveringSale) -> float:
    """Empty Redis, and stop the recorder that has begun to load. Return when that was."""
    async with connect(sale.store.url) as redis:
        await redis.flushall()
        while await sale.epoch() < 2:
            await asyncio.sleep(0.001)
        holder = await sale.pool.fetchval("SELECT holder FROM recorded")
        for name in ("record_1", "record_2"):
            if str(holder).endswith(f"/{sale.processes[name].pid}"):
                sale.processes[name].pause()
        stopped = time.monotonic()
        if await redis.get(epoch_key("demo")) not in (None, b"1:closed"):
            await redis.flushall()  # it was faster than we: the loss comes again
    return stopped


async def _epoch_is(sale: RecoveringSale, epoch: int) -> bool:
    return await sale.epoch() >= epoch


async def _is_open(sale: RecoveringSale) -> bool:
    return await sale.crowd.event_state() == "open"


async def assert_order_is_kept(pool: Pool) -> None:
    """Assert that visitors were admitted in the order of their numbers, wave by wave."""
    rows = await pool.fetch("SELECT number, wave FROM places WHERE wave > 0 ORDER BY number")
    waves = [row["wave"] for row in rows]
    assert waves == sorted(waves)
    waiting = await pool.fetchval("SELECT min(number) FROM places WHERE state = 'waiting'")
    assert waiting is None or all(row["number"] < waiting for row in rows)


async def test_rebuilding_by_hand_keeps_everybody(broken_store: BrokenStore) -> None:
    async with recovering_sale(broken_store, rate_per_second=0) as sale:
        visitors = [sale.crowd.new_visitor() for _ in range(20)]
        await asyncio.gather(*(sale.crowd.join(visitor) for visitor in visitors))
        settings = settings_for(broken_store.redis.url, broken_store.postgres_url)

        with running(settings, broken_store.folder, rebuild="rebuild demo") as processes:
            await until(lambda: not processes["rebuild"].is_running(), within_s=PATIENCE_S)
            said = processes["rebuild"].log.read_text()

        assert "demo is back in epoch " in said
        await sale.is_back()
        assert sale.violations() == []


async def test_redis_that_counts_further_than_postgres_is_brought_back_from_there(
    broken_store: BrokenStore,
) -> None:
    """Postgres was restored from a backup: it decides, and counts on from the epoch of Redis."""
    async with recovering_sale(broken_store, rate_per_second=0) as sale:
        visitor = sale.crowd.new_visitor()
        await sale.crowd.join(visitor)
        async with connect(broken_store.redis.url) as redis:
            await redis.set(epoch_key("demo"), "7:0123456789abcdef")

        await until(lambda: _epoch_is(sale, 8), within_s=PATIENCE_S)
        await sale.is_back()

        assert sale.violations() == []
