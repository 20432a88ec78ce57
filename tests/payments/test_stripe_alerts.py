"""Alerts of Stripe: refunds in part and disputes are shown to operators, and move no booking."""

import json
import time
import uuid
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from prometheus_client import REGISTRY
from redis.asyncio import Redis

from booking_rush.booking.payments.provider import PaymentAlert
from booking_rush.booking.payments.signatures import sign
from booking_rush.booking.payments.stripe_events import read_event
from booking_rush.booking.saga.retention import RULES, Retention
from booking_rush.postgres import Pool
from tests.support.clients import Frame, Visitor, until
from tests.support.world import World, open_world, settings_for

SECRET = "whsec_new"
BOOKING = uuid.UUID("3b9b7a1e-0000-7000-8000-000000000000")
METADATA = {"booking": str(BOOKING), "attempt": "1"}
CHARGE: Frame = {
    "id": "ch_1",
    "payment_intent": "pi_1",
    "status": "succeeded",
    "amount": 6500,
    "currency": "eur",
}
DISPUTE: Frame = {
    "id": "dp_1",
    "payment_intent": "pi_1",
    "amount": 6500,
    "currency": "eur",
    "metadata": {},
}


def event(kind: str, **about: Any) -> bytes:
    return json.dumps({"id": "evt_1", "type": kind, "data": {"object": about}}).encode()


def refunded(amount: int, **about: Any) -> bytes:
    fields = {**CHARGE, "amount_refunded": amount, "metadata": METADATA, **about}
    return event("charge.refunded", **fields)


@pytest.mark.parametrize(
    ("body", "alert"),
    [
        (
            refunded(2500),
            PaymentAlert(
                "ch_1:2500", "refunded_in_part", "pi_1", 2500, "EUR", "succeeded", BOOKING, 1
            ),
        ),
        (
            event("charge.dispute.created", status="needs_response", **DISPUTE),
            PaymentAlert(
                "dp_1:disputed", "disputed", "pi_1", 6500, "EUR", "needs_response", None, 0
            ),
        ),
        (
            event("charge.dispute.closed", status="lost", **DISPUTE),
            PaymentAlert(
                "dp_1:dispute_closed", "dispute_closed", "pi_1", 6500, "EUR", "lost", None, 0
            ),
        ),
        (
            event("charge.dispute.created", status="lost", **DISPUTE | {"currency": "isk"}),
            PaymentAlert("dp_1:disputed", "disputed", "pi_1", 65, "ISK", "lost", None, 0),
        ),
        (event("charge.dispute.created", id="dp_1", metadata={}), None),
    ],
)
def test_what_is_done_at_stripe_by_hand_is_an_alert(
    body: bytes, alert: PaymentAlert | None
) -> None:
    assert read_event(body) == alert


@pytest.fixture
async def world(
    redis: Redis, pool: Pool, redis_url: str, postgres_url: str, stripe_url: str
) -> AsyncGenerator[World]:
    settings = settings_for(
        redis_url,
        postgres_url,
        payments="stripe",
        stripe_key="sk_test_123",
        stripe_webhook_secrets=SECRET,
        stripe_url=stripe_url,
    )
    async with open_world(redis, pool, settings) as world:
        yield world


async def post(world: World, body: bytes) -> None:
    """Post a webhook as Stripe does."""
    headers = {"Stripe-Signature": sign(SECRET, body, at_s=int(time.time()))}
    http = await world.clients.http()
    answer = await http.post("/api/v1/payments/stripe/webhook", content=body, headers=headers)
    assert answer.status_code == 200, answer.text


async def confirmed(world: World, pool: Pool) -> tuple[Visitor, str]:
    """Buy a seat that Stripe charges by the intent `pi_1`. Return the visitor and the booking."""
    await world.event()
    ada = await world.visitor()
    hold = (await ada.hold("k", await ada.admitted(), seats=["stalls.A-1"])).json()["hold"]["id"]
    await ada.check_out(hold, "stripe")
    charged = "SELECT count(*) FROM outbox WHERE kind = 'charge' AND done_at IS NOT NULL"
    await until(lambda: pool.fetchval(charged))
    await pool.execute("UPDATE payments SET client_secret = 'pi_1_secret_2'")
    metadata = {"booking": hold, "attempt": "1"}
    await post(world, event("payment_intent.succeeded", id="pi_1", metadata=metadata))
    await ada.booked(hold, "confirmed")
    return ada, hold


def counted(kind: str) -> float:
    labels = {"provider": "stripe", "kind": kind}
    return REGISTRY.get_sample_value("rush_payment_alerts_total", labels) or 0


async def test_operators_are_shown_an_alert_once_and_the_booking_stays(
    world: World, pool: Pool
) -> None:
    ada, hold = await confirmed(world, pool)
    before = counted("disputed")
    part = refunded(2500, metadata={"booking": hold, "attempt": "1"})
    opened = event("charge.dispute.created", status="needs_response", **DISPUTE)
    closed = event("charge.dispute.closed", status="lost", **DISPUTE)
    elsewhere = event("charge.dispute.created", **DISPUTE | {"payment_intent": "pi_of_others"})

    for body in (part, opened, opened, closed, part, elsewhere):
        await post(world, body)
    await pool.execute("UPDATE inbox SET at = now() - interval '400 days'")
    await Retention(pool, "a test").delete(next(rule for rule in RULES if rule.name == "inbox"))
    for body in (part, opened, closed):  # years later
        await post(world, body)

    journal = (await (await world.operator()).get("/api/v1/admin/audit")).json()["entries"]
    alerts = [entry for entry in journal if entry["who"] == "stripe"]
    assert [(entry["what"], entry["event"]) for entry in alerts] == [
        ("payment_dispute_closed", "demo"),
        ("payment_disputed", "demo"),
        ("payment_refunded_in_part", "demo"),
    ]
    assert alerts[-1]["detail"] == {
        "booking": hold,
        "attempt": 1,
        "amount": 2500,
        "currency": "EUR",
        "status": "succeeded",
        "payment": "pi_1",
    }
    assert counted("disputed") == before + 1
    assert (await ada.booking(hold))["state"] == "confirmed"
