"""A bank that is away is left alone, probed once, and asked for everything again; the tests' clock.

The practice bank is the real one, on its bad days; requests are counted where they leave us.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
import pytest
from redis.asyncio import Redis

from booking_rush.booking.messaging import dead_letters, outbox
from booking_rush.booking.messaging.outbox import Envelope
from booking_rush.booking.payments.http_client import HttpRequest, HttpResponse
from booking_rush.booking.payments.provider import (
    BadSignature,
    NotYetPossibleError,
    Payment,
    PaymentRefusedError,
    ProviderUnavailableError,
)
from booking_rush.booking.payments.router import Guarded, Providers
from booking_rush.booking.payments.stripe import Stripe
from booking_rush.booking.saga.conductor import Conductor
from booking_rush.booking.saga.orders import ORDERS, OrderContext, OrderData
from booking_rush.booking.saga.state_machine import Message
from booking_rush.booking.saga.watchdog import Watchdog
from booking_rush.circuit_breaker import CircuitBreaker
from booking_rush.lua.client.program import Program
from booking_rush.postgres import Pool
from booking_rush.queue.event_registry import EventRegistry
from booking_rush.server.processes.duties import DUTIES
from booking_rush.server.runtime.metrics import exposition
from booking_rush.server.runtime.ports import free_port
from tests.support.clients import Visitor, until
from tests.support.fake_http import Hand
from tests.support.payment_providers import FAILURES_MAX, OPEN_S, Guard, guard_of
from tests.support.practice_bank import NEW, ServedBank, payment
from tests.support.store_agreement import is_quiet
from tests.support.world import World, open_world, settings_for


@pytest.fixture
async def to_close() -> AsyncGenerator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
async def guard(practice_bank: ServedBank, to_close: AsyncExitStack) -> Guard:
    return await guard_of(practice_bank.payments.base_url, NEW, to_close)


AWAY = ["its port is closed", "it fails"]


@pytest.mark.parametrize("how", AWAY)
async def test_a_bank_that_is_away_is_asked_no_more(guard: Guard, how: str) -> None:
    await guard.goes_away(how)
    await guard.fails()

    one = payment()
    for asking in all_of(guard.payments):
        with pytest.raises(ProviderUnavailableError, match="the breaker is open"):
            await asking(one)

    assert (guard.payments.state(), len(guard.asked)) == ("open", FAILURES_MAX)


def all_of(payments: Guarded) -> list[Callable[[Payment], Awaitable[object]]]:
    return [payments.charge, payments.cancel, payments.refund, payments.ask]


@pytest.mark.parametrize("how", AWAY)
async def test_one_call_is_the_probe_however_many_ask(
    guard: Guard, practice_bank: ServedBank, how: str
) -> None:
    await guard.goes_away(how)
    await guard.fails()
    guard.passes()
    assert guard.payments.state() == "half_open"

    many = [payment() for _ in range(20)]
    found = await asyncio.gather(*map(guard.payments.charge, many), return_exceptions=True)

    assert len(guard.asked) == FAILURES_MAX + 1
    assert [type(one) for one in found] == [ProviderUnavailableError] * 20
    assert guard.payments.state() == "open"

    await guard.comes_back()
    guard.passes()
    found = await asyncio.gather(*map(guard.payments.charge, many), return_exceptions=True)
    assert len(guard.asked) == FAILURES_MAX + 2
    assert [one for one in found if one == ""] == [""]
    assert guard.payments.state() == "closed"
    await asyncio.gather(*map(guard.payments.charge, many))
    assert await practice_bank.totals(*many) == [(6500, 0)] * 20


async def test_a_probe_that_is_cancelled_is_followed_by_another(guard: Guard) -> None:
    await guard.goes_away("it fails")
    await guard.fails()
    await guard.turn(latency_ms=60_000)
    guard.passes()

    probe = asyncio.create_task(guard.payments.charge(payment()))
    await until(lambda: len(guard.asked) == FAILURES_MAX + 1)
    probe.cancel()
    await asyncio.wait([probe])
    await guard.turn()
    await guard.fails(1)
    assert len(guard.asked) == FAILURES_MAX + 1

    guard.passes()
    await guard.payments.charge(payment())
    assert guard.payments.state() == "closed"


async def test_what_the_bank_refuses_does_not_open_it(guard: Guard) -> None:
    for _ in range(FAILURES_MAX + 1):
        with pytest.raises(PaymentRefusedError):
            await guard.payments.charge(payment("nonsense"))
        with pytest.raises(PaymentRefusedError):
            await guard.payments.refund(payment())
    assert guard.payments.state() == "closed"

    await guard.turn(failure_rate=1)
    await guard.fails(FAILURES_MAX - 1)
    await guard.turn()
    with pytest.raises(PaymentRefusedError):
        await guard.payments.charge(payment("nonsense"))
    await guard.turn(failure_rate=1)
    await guard.fails(FAILURES_MAX - 1)
    assert guard.payments.state() == "closed"


async def test_a_payment_that_must_wait_keeps_no_other_from_the_bank() -> None:
    """Stripe answers: this intent cannot be cancelled yet. It may say so for a long time."""

    async def answer(question: HttpRequest) -> HttpResponse:
        if question.url.endswith("/cancel"):
            error = {"type": "invalid_request_error", "code": "payment_intent_unexpected_state"}
            return HttpResponse(400, orjson.dumps({"error": error}))
        return HttpResponse(200, b'{"id": "pi_1", "status": "processing"}')

    stripe = Stripe(Hand(answer), "sk_test_123", (NEW,), clock=lambda: 0.0)
    guarded = Guarded(stripe, CircuitBreaker(FAILURES_MAX, OPEN_S), lambda: 0.0)
    for _ in range(FAILURES_MAX + 1):
        with pytest.raises(NotYetPossibleError):
            await guarded.cancel(payment())
    assert guarded.state() == "closed"


async def test_webhooks_are_read_while_nobody_is_asked(guard: Guard) -> None:
    await guard.goes_away("it fails")
    await guard.fails()

    with pytest.raises(BadSignature):
        guard.payments.read({}, b"{}", now=0)


# The whole way


@dataclass
class Sale:
    """A house on sale, and a conductor in the test's hands."""

    world: World
    guard: Guard
    conductor: Conductor
    pool: Pool

    async def sells(self) -> str:
        """Somebody new begins to pay for a place; the booking."""
        visitor: Visitor = await self.world.visitor()
        token = await visitor.admitted()
        answer = await visitor.hold("one", token, section="floor", quantity=1)
        hold = str(answer.json()["hold"]["id"])
        assert (await visitor.check_out(hold)).status_code == 202
        return hold

    async def works_until(self, condition: Callable[[], Any]) -> None:
        """Conduct, without the pauses between tries, until something is so."""

        async def is_so() -> bool:
            await self.pool.execute("UPDATE outbox SET due_at = now() WHERE done_at IS NULL")
            await self.conductor.run_once()
            return bool(await condition())

        await until(is_so)

    async def were_tried(self, times: int) -> bool:
        """Whether the charge of every booking that is being paid came to nothing so often."""
        rows = await self.pool.fetch("SELECT tries FROM outbox WHERE kind = 'charge'")
        return all(row["tries"] >= times for row in rows)

    async def states(self) -> list[str]:
        rows = await self.pool.fetch("SELECT state FROM bookings ORDER BY id")
        return [row["state"] for row in rows]


@pytest.fixture
async def sale(
    redis: Redis, pool: Pool, redis_url: str, postgres_url: str, to_close: AsyncExitStack
) -> Sale:
    settings = settings_for(redis_url, postgres_url)
    world = await to_close.enter_async_context(open_world(redis, pool, settings, duties=False))
    for duty in ("record", "tend"):
        await to_close.enter_async_context(DUTIES[duty](settings, pool, redis))
    await world.event()
    guard = await guard_of(world.bank, settings.webhook_secrets[0], to_close)
    registry = EventRegistry(pool, Program(redis))
    providers = Providers({"bank": guard.payments}, "bank")
    conductor = Conductor(pool, registry, providers, "tests", tries_max=2)
    return Sale(world, guard, conductor, pool)


@pytest.mark.parametrize("how", AWAY)
async def test_when_the_bank_comes_back_every_booking_is_confirmed(sale: Sale, how: str) -> None:
    """More tries come to nothing than a message that breaks may have."""
    guard = sale.guard
    await guard.goes_away(how)
    await sale.sells()
    await sale.works_until(lambda: sale.were_tried(FAILURES_MAX))
    for _ in range(3):
        await sale.sells()
    await sale.works_until(lambda: sale.were_tried(3 * FAILURES_MAX))
    assert len(guard.asked) == FAILURES_MAX

    guard.passes()
    await sale.works_until(lambda: sale.were_tried(5 * FAILURES_MAX))
    assert len(guard.asked) == FAILURES_MAX + 1
    assert await sale.states() == ["paying"] * 4

    await guard.comes_back()
    guard.passes()

    async def all_confirmed() -> bool:
        return await sale.states() == ["confirmed"] * 4

    await sale.works_until(all_confirmed)
    assert guard.payments.state() == "closed"
    assert await dead_letters.list_(sale.pool) == []


async def test_what_waited_for_the_bank_may_break_as_often_as_anything(
    sale: Sale, monkeypatch: pytest.MonkeyPatch
) -> None:
    charge, broken = ORDERS["charge"], list[Envelope]()

    async def breaks_once(
        means: OrderContext, order: Envelope, papers: OrderData
    ) -> Message | None:
        if broken:
            return await charge(means, order, papers)
        broken.append(order)
        raise ZeroDivisionError

    await sale.guard.goes_away("it fails")
    await sale.sells()
    await sale.works_until(lambda: sale.were_tried(10))
    monkeypatch.setitem(ORDERS, "charge", breaks_once)
    await sale.guard.comes_back()
    sale.guard.passes()

    await sale.works_until(lambda: is_quiet(sale.pool))

    assert (len(broken), await sale.states()) == (1, ["confirmed"])


async def test_what_breaks_is_tried_so_often_and_parked(sale: Sale) -> None:
    strange = outbox.order(UUID(await sale.sells()), "demo", "juggle", 1, 99)
    async with sale.pool.acquire() as connection, connection.transaction():
        await outbox.put(connection, [strange])

    async def is_parked() -> bool:
        return len(await dead_letters.list_(sale.pool)) == 1

    await sale.works_until(is_parked)

    [found] = await dead_letters.list_(sale.pool)
    assert (found.id, found.reason) == (strange.id, "broken")
    tries = await sale.pool.fetchval("SELECT tries FROM outbox WHERE id = $1", strange.id)
    assert tries == 1, "the second one parks it"


async def test_a_booking_that_stands_is_ordered_again(sale: Sale) -> None:
    await sale.sells()
    await sale.works_until(lambda: is_quiet(sale.pool))
    watch = Watchdog(sale.pool, sale.guard.payments, "tests", still_s=30)
    for stood_s, found in ((29, 0), (31, 1), (31, 0)):
        await sale.pool.execute(STOOD, stood_s)
        assert await watch.resend_stalled() == found


STOOD = """
    UPDATE bookings SET state = 'paying', changed_at = now() - make_interval(secs => $1)
"""


# What operators see


def gauge(service: str) -> float | None:
    """What /metrics says of a breaker."""
    for line in exposition().decode().splitlines():
        name, _, value = line.rpartition(" ")
        if name == f'rush_breaker{{service="{service}"}}':
            return float(value)
    return None


async def test_operators_see_that_the_bank_is_left_alone(
    redis: Redis, pool: Pool, redis_url: str, postgres_url: str
) -> None:
    """The duty is made of its settings alone: one failure opens it, and nothing closes it."""
    settings = settings_for(
        redis_url,
        postgres_url,
        bank_url=f"http://127.0.0.1:{free_port()}",
        breaker_failures_max=1,
        breaker_open_seconds=600.0,
    )
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(open_world(redis, pool, settings, duties=False))
        for duty in ("record", "tend", "conduct"):
            await stack.enter_async_context(DUTIES[duty](settings, pool, redis))
        await world.event()
        await until(lambda: gauge("bank") == 0)
        visitor = await world.visitor()
        token = await visitor.admitted()
        answer = await visitor.hold("one", token, section="floor", quantity=1)
        await visitor.check_out(answer.json()["hold"]["id"])

        await until(lambda: gauge("bank") == 2)
