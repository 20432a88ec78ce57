"""A whole sale over Kafka with stores and processes of its own, each of which a test may break."""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from booking_rush.booking.holds.holds import uuid7
from booking_rush.lua.client.connection import connect
from booking_rush.migrations.migrate import migrate
from booking_rush.postgres import Pool, open_pool
from tests.support.clients import until
from tests.support.crowds.buyers import Buyer, BuyerProfile, HoldRequest
from tests.support.crowds.checker import Evidence
from tests.support.crowds.evidence import SETTLED_S, evidence_of, fetchval_retrying
from tests.support.crowds.sale_event import DUTIES, running_sale, seated, standing
from tests.support.servers.processes import Process, log_tails
from tests.support.servers.stores import Store, kafka_store, postgres_store, redis_store

ON_KAFKA = {**DUTIES, "relay": "work relay"}
ROWS, SEATS = 32, 25
FLOOR = 100_000
RULES = {
    "rate_per_second": 1000,
    "active_max": 20_000,
    "claim_seconds": 60,
    "hold_seconds": 5,
    "payment_seconds": 20,
}
BUYERS_MAX = 400  # at a time: more are not started, so that clients do not starve the servers
PATIENCE_S = 20.0  # of a buyer, who then leaves, whatever state the booking is in
STALL_S = 120.0  # without progress, and the sale has stalled, however slow the machine
STATEMENT_MS = 60_000  # a Postgres that was killed has lost its statistics, and plans badly


def any_hold_request(rng: random.Random) -> HoldRequest:
    """Choose named seats, which are scarce, standing places, which are not, or both."""
    quantity = rng.randint(1, 3)
    if rng.random() < 0.4:
        row, first = rng.randrange(ROWS), rng.randint(1, SEATS - quantity)
        seats = [f"stalls.R{row}-{first + n}" for n in range(quantity)]
        if rng.random() < 0.3:
            return {"seats": seats, "standing": {"section": "floor", "quantity": rng.randint(1, 2)}}
        return {"seats": seats}
    return {"section": "floor", "quantity": quantity}


PROFILE = BuyerProfile(
    any_hold_request,
    tries=4,
    releases=0.05,
    abandons=0.03,
    cancels=0.2,
    methods=("ok",) * 14 + ("declined", "declined", "slow", "late", "lost"),
)


@dataclass
class SaleRun:
    """A sale that goes on over Kafka: its address, processes, stores and buyers."""

    base: str
    bank: str
    pool: Pool
    processes: dict[str, Process]
    stores: dict[str, Store]
    buyers: list[Buyer] = field(default_factory=list[Buyer])

    @property
    def kafka(self) -> str:
        """The broker's address."""
        return self.stores["broker"].url

    async def kill_and_restart(self, names: Sequence[str]) -> float:
        """Kill, restart, and wait until bookings are confirmed again. Return the seconds."""
        began = time.monotonic()
        for name in names:
            self.kill(name)
        await self.start(*names)
        await self.wait_confirmed()
        return time.monotonic() - began

    def kill(self, name: str) -> None:
        """Send SIGKILL to a duty or a store."""
        (self.stores.get(name) or self.processes[name]).kill()

    async def start(self, *names: str) -> None:
        """Restart what was killed: stores, until they are ready, then duties, until they work.

        A duty that ends because a store is away is restarted, as a supervisor would.
        """
        earlier = {name: self._starts(name) for name in names if name in self.processes}
        for name in names:
            if name in self.stores:
                await asyncio.to_thread(self.stores[name].start)

        def work() -> bool:
            self.restart_ended()
            return all(self._starts(name) > before for name, before in earlier.items())

        await self._until(work, f"one of {', '.join(earlier)} does not work", STALL_S)

    def restart_ended(self) -> None:
        """Restart every duty that has ended."""
        for process in self.processes.values():
            if not process.is_running():
                process.start()

    def _starts(self, name: str) -> int:
        """Return how often a duty has started, from its log."""
        return (
            self.processes[name].log.read_bytes().count(f" {name.split('_')[0]} works\n".encode())
        )

    async def wait_confirmed(self, more: int = 5) -> None:
        """Wait until more bookings are confirmed."""
        await self.wait_for_growth("SELECT count(*) FROM states WHERE state = 'confirmed'", more)

    async def wait_for_rate(self, rate: float) -> int:
        """Wait until `rate` bookings were made within one second. Return how many they were."""
        made = 0

        async def is_fast() -> bool:
            nonlocal made
            self.restart_ended()
            ago = uuid7(int(time.time() * 1000) - 1000, bytes(10))
            since = "SELECT count(*) FROM bookings WHERE id > $1"
            made = int(await fetchval_retrying(self.pool, since, ago))
            return made >= rate

        await self._until(is_fast, f"it never sells {rate:g} a second", STALL_S)
        return made

    async def wait_for_growth(self, count: str, more: int, *, within_s: float = STALL_S) -> None:
        """Wait until a count in Postgres has grown by `more`."""
        before: int = await fetchval_retrying(self.pool, count)

        async def grown() -> bool:
            self.restart_ended()
            return int(await fetchval_retrying(self.pool, count)) >= before + more

        await self._until(grown, "the sale stands still", within_s)

    async def _until(self, condition: Callable[[], Any], otherwise: str, within_s: float) -> None:
        try:
            await until(condition, within_s=within_s)
        except AssertionError:
            raise AssertionError(f"{otherwise}: {self.log_tails()}") from None

    def log_tails(self) -> str:
        """Return the end of each log, for the message of a failure."""
        logs = {name: process.log for name, process in self.processes.items()}
        logs |= {name: store.child.log for name, store in self.stores.items()}
        return log_tails(logs)

    async def inject_faults(self, **faults: float) -> None:
        """Set the bank's fault settings; a restart of the bank resets them."""
        async with httpx.AsyncClient(base_url=self.bank) as client:

            async def is_set() -> bool:
                try:
                    return (await client.put("/dials", json=faults)).is_success
                except httpx.TransportError:
                    return False

            await until(is_set)

    @asynccontextmanager
    async def buyers_arrive(
        self, seed: int, *, rate: float, profile: BuyerProfile = PROFILE
    ) -> AsyncGenerator[None]:
        """Start `rate` buyers a second while the block lasts; then wait until all are done.

        Raises:
            ExceptionGroup: a buyer failed; that ends the block at once.
        """
        over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._arrive(over, random.Random(seed), rate, profile))
            yield
            over.set()

    async def evidence(self, *, dead: int = 0, patience_s: float = SETTLED_S) -> Evidence:
        """Wait until the sale is settled. Return everything that was seen of it."""
        async with connect(self.stores["redis"].url) as redis:
            return await evidence_of(
                self.buyers, self.pool, redis, self.kafka, dead=dead, patience_s=patience_s
            )

    async def _arrive(
        self, over: asyncio.Event, rng: random.Random, rate: float, profile: BuyerProfile
    ) -> None:
        """Start buyers at random intervals, `rate` a second on average."""
        limits = httpx.Limits(max_connections=20, keepalive_expiry=1)
        due = time.monotonic()
        living = set[asyncio.Task[None]]()
        async with (
            httpx.AsyncClient(base_url=self.base, timeout=60, limits=limits) as http,
            asyncio.TaskGroup() as group,
        ):
            while not over.is_set():
                due = max(due + rng.expovariate(rate), time.monotonic() - 1)
                await asyncio.sleep(due - time.monotonic())
                if len(living) < BUYERS_MAX:
                    buyer = Buyer(rng.randrange(2**40), self.base, profile)
                    self.buyers.append(buyer)
                    task = group.create_task(_buy(buyer, http))
                    living.add(task)
                    task.add_done_callback(living.discard)


async def _buy(buyer: Buyer, http: httpx.AsyncClient) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE_S):
            await buyer.run(http)


@asynccontextmanager
async def run_sale(
    folder: Path,
    *,
    disks: Mapping[str, Path] | None = None,
    duties: Mapping[str, str] = ON_KAFKA,
    rules: Mapping[str, float] | None = None,
    sections: Sequence[Mapping[str, object]] = (),
    **settings: Any,
) -> AsyncGenerator[SaleRun]:
    """Run a sale on stores of its own; `disks` names the data folders that are not in `folder`."""
    event = {
        "sections": list(sections) or [seated(ROWS, SEATS), standing(FLOOR)],
        "rules": {**RULES, **(rules or {})},
    }
    with ExitStack() as stack:
        data = disks or {}
        made = {
            "redis": redis_store(folder),
            "postgres": postgres_store(folder, data.get("postgres")),
            "broker": kafka_store(folder, data.get("broker")),
        }
        stores = {
            name: await asyncio.to_thread(stack.enter_context, store)
            for name, store in made.items()
        }
        redis, postgres, broker = stores.values()
        connection = await asyncpg.connect(postgres.url)
        await migrate(connection)
        await connection.close()
        on_kafka = {
            "kafka_bootstrap": broker.url, "kafka_instance": "conduct", "kafka_session_seconds": 3,
        }  # fmt: skip
        async with (
            open_pool(postgres.url, size=10, statement_ms=STATEMENT_MS) as pool,
            running_sale(
                redis.url, postgres.url, pool, folder,
                duties=duties, settings={**on_kafka, **settings}, **event,
            ) as sale,
        ):  # fmt: skip
            yield SaleRun(sale.base, sale.settings.bank_url, pool, sale.processes, stores)
