"""Stripe's webhooks: signatures, meanings, and a booking that one of them confirms."""

import hashlib
import hmac
import json
import time
import uuid
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from redis.asyncio import Redis

from booking_rush.booking.payments.http_client import HttpRequest, HttpResponse, open_http
from booking_rush.booking.payments.practice_bank import PracticeBank
from booking_rush.booking.payments.provider import (
    BadSignature,
    Payment,
    PaymentNotification,
    ProviderUnavailableError,
)
from booking_rush.booking.payments.router import PaymentRouter
from booking_rush.booking.payments.signatures import sign
from booking_rush.booking.payments.stripe import Stripe
from booking_rush.postgres import Pool
from booking_rush.server.runtime.settings import Settings, SettingsError, read
from tests.support.clients import Frame, code_of, until
from tests.support.fake_http import HandWrittenHttp, UnusedHttp
from tests.support.payment_providers import CALLS
from tests.support.servers import stripe_mock
from tests.support.world import World, open_world, settings_for

OLD, NEW = "whsec_old", "whsec_new"
NOW = 1_800_000_000
BOOKING = uuid.UUID("3b9b7a1e-0000-7000-8000-000000000000")
METADATA = {"booking": str(BOOKING), "attempt": "1"}
HOOK = "/api/v1/payments/stripe/webhook"


def event(kind: str, **about: Any) -> bytes:
    """Return an event in Stripe's format, with more members than the adapter reads."""
    return json.dumps(
        {
            "id": "evt_1",
            "object": "event",
            "api_version": "2025-01-27.acacia",
            "livemode": False,
            "type": kind,
            "data": {"object": {"metadata": METADATA, "livemode": False, **about}},
        }
    ).encode()


def paid(**about: Any) -> bytes:
    return event("payment_intent.succeeded", **{"id": "pi_1", "status": "succeeded"} | about)


def signed(body: bytes, secret: str = NEW, *, at_s: int = NOW) -> dict[str, str]:
    return {"Stripe-Signature": sign(secret, body, at_s=at_s)}


@pytest.fixture
def stripe() -> Stripe:
    return Stripe(UnusedHttp(), "sk_test_123", (NEW, OLD))


@pytest.mark.parametrize("attempt", ["0", "-1", "2147483648", "9" * 40, "1e3", "one", ""])
async def test_a_payment_of_another_system_is_none_of_ours(stripe: Stripe, attempt: str) -> None:
    """It has metadata of the same names, and a number that no row of ours can have."""
    body = paid(metadata={"booking": str(BOOKING), "attempt": attempt})
    assert stripe.read_webhook(signed(body), body, now=NOW) is None


async def test_a_webhook_is_read_with_any_secret_of_ours(stripe: Stripe) -> None:
    body = paid()
    by_hand = hmac.new(OLD.encode(), f"{NOW}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"STRIPE-SIGNATURE": f"t={NOW},v1={by_hand},v0=of-a-test"}

    received = stripe.read_webhook(headers, body, now=NOW + 300)

    assert received == PaymentNotification("pi_1:charged", BOOKING, 1, "charged")
    assert received == stripe.read_webhook(signed(body, at_s=NOW + 300), body, now=NOW)


async def test_stripe_signs_with_both_secrets_while_they_are_rotated(stripe: Stripe) -> None:
    body = paid()
    ours = sign(NEW, body, at_s=NOW).partition(",")[2]
    headers = {"Stripe-Signature": f"{sign('a secret to come', body, at_s=NOW)},{ours}"}

    assert stripe.read_webhook(headers, body, now=NOW) is not None


GOOD = signed(paid())["Stripe-Signature"]


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, paid()),
        ({"Bank-Signature": GOOD}, paid()),
        ({"Stripe-Signature": ""}, paid()),
        ({"Stripe-Signature": f"t={NOW}"}, paid()),
        ({"Stripe-Signature": f"t={NOW},v1="}, paid()),
        ({"Stripe-Signature": f"t={NOW},v1=ü"}, paid()),
        ({"Stripe-Signature": GOOD.replace("v1", "v0")}, paid()),
        ({"Stripe-Signature": f"t={NOW},{GOOD}"}, paid()),
        ({"Stripe-Signature": GOOD.replace(str(NOW), str(NOW + 1))}, paid()),
        (signed(paid(), "whsec_of_a_stranger"), paid()),
        (signed(paid(), ""), paid()),
        (signed(paid()), paid() + b" "),
        (signed(paid()), paid(id="pi_2")),
        (signed(paid(), at_s=NOW - 301), paid()),
        (signed(paid(), at_s=NOW + 301), paid()),
    ],
)
async def test_a_strangers_webhook_is_refused(
    stripe: Stripe, headers: Mapping[str, str], body: bytes
) -> None:
    with pytest.raises(BadSignature):
        stripe.read_webhook(headers, body, now=NOW)


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff", b"[]", b"{}", b'{"type":"payment_intent.succeeded"}', paid(id=7)],
)
async def test_what_is_signed_and_no_event_is_said_to_be_none(stripe: Stripe, body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        stripe.read_webhook(signed(body), body, now=NOW)


CHARGE = {"id": "ch_1", "payment_intent": "pi_1", "status": "succeeded"}
REFUND = {"id": "re_1", "payment_intent": "pi_1"}


@pytest.mark.parametrize(
    ("body", "id_"),
    [
        (paid(), "pi_1:charged"),
        (event("payment_intent.canceled", id="pi_1", status="canceled"), "pi_1:cancelled"),
        (event("charge.refunded", refunded=True, **CHARGE), "pi_1:changed"),  # perhaps pending
        (event("refund.failed", status="failed", **REFUND), "pi_1:changed"),
        (event("refund.created", status="succeeded", **REFUND), "pi_1:refunded"),
        (event("refund.updated", status="succeeded", **REFUND), "pi_1:refunded"),
        (event("refund.created", status="pending", **REFUND), None),
        (event("refund.updated", status="failed", **REFUND), None),
        (event("refund.updated", status="succeeded", id="re_1", payment_intent=None), None),
        (event("payment_intent.payment_failed", id="pi_1"), None),
        (event("payment_intent.created", id="pi_1"), None),
        (event("charge.succeeded", **CHARGE), None),
        (event("account.updated", metadata=[7]), None),
        (paid(metadata=None), None),
        (paid(metadata={}), None),
        (paid(metadata={"booking": "of another shop", "attempt": "1"}), None),
        (paid(metadata=METADATA | {"attempt": "first"}), None),
    ],
)
async def test_what_an_event_says(stripe: Stripe, body: bytes, id_: str | None) -> None:
    """A declined card is no notification: its intent may be paid with another card."""
    received = stripe.read_webhook(signed(body), body, now=NOW)
    assert (received and received.id) == id_
    assert received is None or (received.booking, received.attempt) == (BOOKING, 1)


async def test_a_webhook_and_an_answer_of_one_fact_are_one_word() -> None:
    async def answer(request: HttpRequest) -> HttpResponse:
        found: Frame = {"id": "pi_1", "amount": 6500, "status": "succeeded"}
        if urlsplit(request.url).path == "/v1/refunds":
            found = {"data": [{"id": "re_1", "amount": 6500, "status": "succeeded"}]}
        return HttpResponse(200, json.dumps(found).encode())

    payment = Payment(BOOKING, 1, 6500, "EUR", "stripe", 0, "stripe", "pi_1_secret_2")
    stripe = Stripe(HandWrittenHttp(answer), "sk_test_123", (NEW,))
    bodies = [paid(), event("refund.updated", status="succeeded", **REFUND)]
    received = [stripe.read_webhook(signed(body), body, now=NOW) for body in bodies]
    assert await stripe.list_notifications(payment) == received


# Providers


async def test_each_payment_goes_on_where_it_began(stripe: Stripe) -> None:
    async with open_http(connections=1) as http:
        bank = PracticeBank(http, "http://127.0.0.1:1", (NEW,))
        both = PaymentRouter([bank, stripe], "stripe", clock=lambda: 0.0)
        former = Payment(BOOKING, 1, 6500, "EUR", "ok", 0, "bank")

        assert (both.default, both.methods) == ("stripe", stripe.methods)
        assert (both.named("bank"), both.named("other")) == (bank, None)
        assert both.named(both.default) is stripe
        assert stripe.read_webhook(signed(paid()), paid(), now=NOW) is not None
        for call in CALLS:
            with pytest.raises(ProviderUnavailableError, match="ClientConnector"):
                await call(both, former)
            with pytest.raises(ProviderUnavailableError, match="not set up here"):
                await call(both, former._replace(provider="other"))


def test_stripe_is_set_up_whole_or_not_at_all() -> None:
    whole = {"RUSH_STRIPE_KEY": "sk_test_123", "RUSH_STRIPE_WEBHOOK_SECRETS": f"{NEW}, {OLD}"}

    assert read({"RUSH_PAYMENTS": "stripe", **whole}).stripe_secrets == [NEW, OLD]
    assert read(whole).payments == "bank"
    for name in whole:
        for others in ({"RUSH_PAYMENTS": "stripe"}, {}):
            with pytest.raises(SettingsError, match=f"{name} is not set"):
                read(others | {other: value for other, value in whole.items() if other != name})
    read({"RUSH_PAYMENTS": "stripe", **whole}).require_payments()
    with pytest.raises(SettingsError, match="RUSH_STRIPE_KEY"):
        read({"RUSH_PAYMENTS": "stripe"}).require_payments()
    with pytest.raises(SettingsError, match="RUSH_PAYMENTS"):
        read({"RUSH_PAYMENTS": "cash"})


# A whole sale that is paid by Stripe


@pytest.fixture
def settings(redis_url: str, postgres_url: str, stripe_url: str) -> Settings:
    return settings_for(
        redis_url,
        postgres_url,
        payments="stripe",
        stripe_key="sk_test_123",
        stripe_webhook_secrets=f"{NEW},{OLD}",
        stripe_url=stripe_url,
    )


@pytest.fixture
async def world(redis: Redis, pool: Pool, settings: Settings) -> AsyncGenerator[World]:
    async with open_world(redis, pool, settings) as world:
        yield world


async def post_webhook(
    world: World, booking: str, body: bytes, secret: str = NEW
) -> httpx.Response:
    http = await world.clients.http()
    headers = signed(body, secret, at_s=int(time.time()))
    return await http.post(HOOK, content=body, headers=headers)


async def test_a_booking_is_paid_by_stripe(world: World, pool: Pool) -> None:
    await world.event()
    ada = await world.visitor()
    hold = (await ada.hold("k", await ada.admitted(), seats=["stalls.A-1"])).json()["hold"]["id"]
    assert code_of(await ada.check_out(hold, "ok")) == "invalid_request"
    assert (await ada.check_out(hold, "stripe")).status_code == 202
    asked = await until(lambda: pool.fetchrow("SELECT provider, method FROM payments"))
    assert tuple(asked) == ("stripe", "stripe")

    body = paid(metadata={"booking": hold, "attempt": "1"})
    assert code_of(await post_webhook(world, hold, body, "whsec_of_a_stranger")) == "bad_signature"
    assert code_of(await post_webhook(world, hold, b"{}")) == "invalid_request"
    ignored = event("payment_intent.payment_failed", id="pi_1")
    assert (await post_webhook(world, hold, ignored)).status_code == 200
    assert (await ada.booking(hold))["state"] == "paying"
    for secret in (OLD, NEW):
        assert (await post_webhook(world, hold, body, secret)).status_code == 200

    found = await ada.booked(hold, "confirmed")
    assert found["payment"] == {"provider": "stripe"}
    enqueued = "SELECT count(*) FROM outbox WHERE kind = 'charged'"
    assert await pool.fetchval(enqueued) == 1


async def test_only_its_visitor_is_shown_what_a_booking_is_paid_with(
    world: World, pool: Pool
) -> None:
    await world.event()
    ada = await world.visitor()
    hold = (await ada.hold("k", await ada.admitted(), seats=["stalls.A-1"])).json()["hold"]["id"]
    await ada.check_out(hold, "stripe")
    done = "SELECT count(*) FROM outbox WHERE kind = 'charge' AND done_at IS NOT NULL"
    await until(lambda: pool.fetchval(done))
    await pool.execute("UPDATE payments SET client_secret = 'pi_1_secret_2'")
    whole: Frame = {"provider": "stripe", "client_secret": "pi_1_secret_2"}

    assert (await ada.booking(hold))["payment"] == whole
    [listed] = (await ada.http.get("/api/v1/bookings")).json()["bookings"]
    assert listed["payment"] == whole
    operator = await world.operator()
    for kind in ("application/json", "text/csv"):
        page = "/api/v1/admin/events/demo/bookings"
        answer = await operator.get(page, headers={"Accept": kind})
        assert answer.headers["content-type"].startswith(kind)
        assert hold in answer.text
        assert "_secret_" not in answer.text

    await post_webhook(world, hold, paid(metadata={"booking": hold, "attempt": "1"}))
    assert (await ada.booked(hold, "confirmed"))["payment"] == {"provider": "stripe"}


async def test_a_page_is_told_what_to_pay_with_between_two_steps(world: World, pool: Pool) -> None:
    await world.event()
    ada = await world.visitor()
    hold = (await ada.hold("k", await ada.admitted(), seats=["stalls.A-1"])).json()["hold"]["id"]
    async with ada.socket() as socket:
        reply = await socket.ask("hold.checkout", hold=hold, payment_method="stripe")
        payment: Frame = reply["booking"]["payment"]
        while "client_secret" not in payment:
            payment = (await socket.until("booking.updated"))["booking"]["payment"]
        saved = await pool.fetchval("SELECT client_secret FROM payments")
        assert payment["client_secret"] == saved
        assert saved.startswith("pi_")


async def test_a_word_of_one_provider_pays_nothing_at_another(world: World, pool: Pool) -> None:
    """The practice bank has no accounts: a client of it could confirm Stripe's bookings."""
    await world.event()
    ada = await world.visitor()
    hold = (await ada.hold("k", await ada.admitted(), seats=["stalls.A-1"])).json()["hold"]["id"]
    await ada.check_out(hold, "stripe")
    body = json.dumps({"id": "1", "booking": hold, "attempt": 1, "word": "charged"}).encode()
    [secret] = world.services.settings.webhook_secrets
    http = await world.clients.http()
    headers = {"Bank-Signature": sign(secret, body, at_s=int(time.time()))}

    answer = await http.post("/api/v1/payments/bank/webhook", content=body, headers=headers)

    assert answer.status_code == 200
    assert await pool.fetchval("SELECT count(*) FROM outbox WHERE kind = 'charged'") == 0


async def test_a_provider_that_is_not_there_tells_nothing(world: World) -> None:
    http = await world.clients.http()
    for name in ("paypal", "Stripe", "bank%00"):
        answer = await http.post(f"/api/v1/payments/{name}/webhook", content=b"{}")
        assert code_of(answer) == "not_found"
    assert code_of(await http.post("/api/v1/payments/bank/webhook", content=b"{}")) == (
        "bad_signature"
    )


def test_without_go_it_is_said_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(stripe_mock, "CACHE", tmp_path)
    monkeypatch.setenv("PATH", "")

    with pytest.raises(pytest.fail.Exception, match="no Go"):
        stripe_mock.binary()
