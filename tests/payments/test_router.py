"""The payment router: an unavailable bank is not called, is probed once, and then gets every retry.

The practice bank is the real one with injected faults, the breaker's clock is the test's, and
requests are counted at the HTTP client.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
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
    PaymentRefusedError,
    ProviderUnavailableError,
)
from booking_rush.booking.payments.router import PaymentRouter
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
from tests.support.fake_http import HandWrittenHttp
from tests.support.payment_providers import (
    CALLS,
    FAILURES_MAX,
    OPEN_S,
    GuardedBank,
    cancel,
    open_guarded_bank,
    refund,
)
from tests.support.practice_bank import NEW, ServedBank, payment
from tests.support.store_agreement import is_quiet
from tests.support.world import World, open_world, settings_for


@pytest.fixture
async def to_close() -> AsyncGenerator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
async def guarded(practice_bank: ServedBank, to_close: AsyncExitStack) -> GuardedBank:
    return await open_guarded_bank(practice_bank.payments.base_url, NEW, to_close)


OUTAGES = ["its port is closed", "it fails"]


@pytest.mark.parametrize("how", OUTAGES)
async def test_a_bank_that_is_away_is_asked_no_more(guarded: GuardedBank, how: str) -> None:
    await guarded.goes_away(how)
    await guarded.fails()

    one = payment()
    for call in CALLS:
        with pytest.raises(ProviderUnavailableError, match="the breaker is open"):
            await call(guarded.payments, one)

    assert (guarded.state(), len(guarded.sent)) == ("open", FAILURES_MAX)


@pytest.mark.parametrize("how", OUTAGES)
async def test_one_call_is_the_probe_however_many_ask(
    guarded: GuardedBank, practice_bank: ServedBank, how: str
) -> None:
    await guarded.goes_away(how)
    await guarded.fails()
    guarded.passes()
    assert guarded.state() == "half_open"

    many = [payment() for _ in range(20)]
    found = await asyncio.gather(*map(guarded.charge, many), return_exceptions=True)

    assert len(guarded.sent) == FAILURES_MAX + 1
    assert [type(one) for one in found] == [ProviderUnavailableError] * 20
    assert guarded.state() == "open"

    await guarded.comes_back()
    guarded.passes()
    found = await asyncio.gather(*map(guarded.charge, many), return_exceptions=True)
    assert len(guarded.sent) == FAILURES_MAX + 2
    assert [one for one in found if one == ""] == [""]
    assert guarded.state() == "closed"
    await asyncio.gather(*map(guarded.charge, many))
    assert await practice_bank.totals(*many) == [(6500, 0)] * 20


async def test_a_probe_that_is_cancelled_is_followed_by_another(guarded: GuardedBank) -> None:
    await guarded.goes_away("it fails")
    await guarded.fails()
    await guarded.turn(latency_ms=60_000)
    guarded.passes()

    probe = asyncio.create_task(guarded.charge(payment()))
    await until(lambda: len(guarded.sent) == FAILURES_MAX + 1)
    probe.cancel()
    await asyncio.wait([probe])
    await guarded.turn()
    await guarded.fails(1)
    assert len(guarded.sent) == FAILURES_MAX + 1

    guarded.passes()
    await guarded.charge(payment())
    assert guarded.state() == "closed"


async def test_what_the_bank_refuses_does_not_open_it(guarded: GuardedBank) -> None:
    for _ in range(FAILURES_MAX + 1):
        with pytest.raises(PaymentRefusedError):
            await guarded.charge(payment("nonsense"))
        with pytest.raises(PaymentRefusedError):
            await refund(guarded.payments, payment())
    assert guarded.state() == "closed"

    await guarded.turn(failure_rate=1)
    await guarded.fails(FAILURES_MAX - 1)
    await guarded.turn()
    with pytest.raises(PaymentRefusedError):
        await guarded.charge(payment("nonsense"))
    await guarded.turn(failure_rate=1)
    await guarded.fails(FAILURES_MAX - 1)
    assert guarded.state() == "closed"


async def test_a_payment_that_must_wait_keeps_no_other_from_the_bank() -> None:
    """Stripe may answer for a long time that an intent cannot be cancelled yet."""

    async def answer(request: HttpRequest) -> HttpResponse:
        if request.url.endswith("/cancel"):
            error = {"type": "invalid_request_error", "code": "payment_intent_unexpected_state"}
            return HttpResponse(400, orjson.dumps({"error": error}))
        return HttpResponse(200, b'{"id": "pi_1", "status": "processing"}')

    stripe = Stripe(HandWrittenHttp(answer), "sk_test_123", (NEW,), clock=lambda: 0.0)
    payments = PaymentRouter(
        [stripe], "stripe", lambda: CircuitBreaker(FAILURES_MAX, OPEN_S), lambda: 0.0
    )
    for _ in range(FAILURES_MAX + 1):
        with pytest.raises(NotYetPossibleError):
            await cancel(payments, payment()._replace(provider="stripe"))
    assert payments.states() == {"stripe": "closed"}


async def test_webhooks_are_read_while_nobody_is_asked(guarded: GuardedBank) -> None:
    await guarded.goes_away("it fails")
    await guarded.fails()

    with pytest.raises(BadSignature):
        guarded.bank.read_webhook({}, b"{}", now=0)


# With the saga


@dataclass
class Sale:
    """An event on sale, and a conductor that the test runs."""

    world: World
    guarded: GuardedBank
    conductor: Conductor
    pool: Pool

    async def sells(self) -> str:
        """Check out a place for a new visitor. Return the booking's id."""
        visitor: Visitor = await self.world.visitor()
        token = await visitor.admitted()
        answer = await visitor.hold("one", token, section="floor", quantity=1)
        hold = str(answer.json()["hold"]["id"])
        assert (await visitor.check_out(hold)).status_code == 202
        return hold

    async def works_until(self, condition: Callable[[], Any]) -> None:
        """Run the conductor, without the pauses between tries, until the condition holds."""

        async def is_so() -> bool:
            await self.pool.execute("UPDATE outbox SET due_at = now() WHERE done_at IS NULL")
            await self.conductor.run_once()
            return bool(await condition())

        await until(is_so)

    async def were_tried(self, times: int) -> bool:
        """Return whether each order to charge has failed so many times."""
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
    guarded = await open_guarded_bank(world.bank, settings.webhook_secrets[0], to_close)
    registry = EventRegistry(pool, Program(redis))
    conductor = Conductor(pool, registry, guarded.payments, "tests", tries_max=2)
    return Sale(world, guarded, conductor, pool)


@pytest.mark.parametrize("how", OUTAGES)
async def test_when_the_bank_comes_back_every_booking_is_confirmed(sale: Sale, how: str) -> None:
    """Unavailability is no failure: there are more tries than a broken message may have."""
    guarded = sale.guarded
    await guarded.goes_away(how)
    await sale.sells()
    await sale.works_until(lambda: sale.were_tried(FAILURES_MAX))
    for _ in range(3):
        await sale.sells()
    await sale.works_until(lambda: sale.were_tried(3 * FAILURES_MAX))
    assert len(guarded.sent) == FAILURES_MAX

    guarded.passes()
    await sale.works_until(lambda: sale.were_tried(5 * FAILURES_MAX))
    assert len(guarded.sent) == FAILURES_MAX + 1
    assert await sale.states() == ["paying"] * 4

    await guarded.comes_back()
    guarded.passes()

    async def all_confirmed() -> bool:
        return await sale.states() == ["confirmed"] * 4

    await sale.works_until(all_confirmed)
    assert guarded.state() == "closed"
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

    await sale.guarded.goes_away("it fails")
    await sale.sells()
    await sale.works_until(lambda: sale.were_tried(10))
    monkeypatch.setitem(ORDERS, "charge", breaks_once)
    await sale.guarded.comes_back()
    sale.guarded.passes()

    await sale.works_until(lambda: is_quiet(sale.pool))

    assert (len(broken), await sale.states()) == (1, ["confirmed"])


async def test_what_breaks_is_tried_so_often_and_parked(sale: Sale) -> None:
    strange = outbox.order(UUID(await sale.sells()), "demo", "juggle", 1, 99)
    async with sale.pool.acquire() as connection, connection.transaction():
        await outbox.enqueue(connection, [strange])

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
    watchdog = Watchdog(sale.pool, sale.guarded.payments, "tests", still_s=30)
    for stood_s, found in ((29, 0), (31, 1), (31, 0)):
        await sale.pool.execute(STOOD, stood_s)
        assert await watchdog.resend_stalled() == found


STOOD = """
    UPDATE bookings SET state = 'paying', changed_at = now() - make_interval(secs => $1)
"""


# Metrics


def gauge(service: str) -> float | None:
    """Return the state of a breaker in /metrics, or None."""
    for line in exposition().decode().splitlines():
        name, _, value = line.rpartition(" ")
        if name == f'rush_breaker{{service="{service}"}}':
            return float(value)
    return None


async def test_operators_see_that_the_bank_is_left_alone(
    redis: Redis, pool: Pool, redis_url: str, postgres_url: str
) -> None:
    """By the duty's settings, one failure opens the breaker, for longer than the test runs."""
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
