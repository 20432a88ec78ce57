"""Requests to Stripe, checked by its own API description, and the meaning of its responses.

stripe-mock checks the shape of requests; responses are written here by hand. Whether Stripe keeps
its promises, of idempotency above all, is not tested.
"""

import json
import time
import uuid
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest

from booking_rush.booking.holds.holds import uuid7
from booking_rush.booking.payments.http_client import (
    AiohttpClient,
    HttpRequest,
    HttpResponse,
    open_http,
)
from booking_rush.booking.payments.provider import (
    Payment,
    PaymentNotification,
    PaymentProvider,
    PaymentRefusedError,
    ProviderUnavailableError,
)
from booking_rush.booking.payments.stripe import Stripe
from tests.support.fake_http import HandWrittenHttp, form_of, path_of, query_of

KEY = "sk_test_123"  # as stripe-mock wants one to look
SECRETS = ("whsec_new", "whsec_old")
HOUR_MS = 3_600_000


def new_payment(*, age_ms: int = 0, lasts_ms: int = 60_000, secret: str = "") -> Payment:
    now = time.time_ns() // 1_000_000
    booking = uuid7(now - age_ms, uuid.uuid4().bytes[:10])
    return Payment(booking, 1, 6500, "EUR", "stripe", now + lasts_ms, "stripe", secret)


def intent_form(payment: Payment) -> dict[str, str]:
    return {
        "amount": "6500",
        "currency": "eur",
        "metadata[booking]": str(payment.booking),
        "metadata[attempt]": "1",
        "automatic_payment_methods[enabled]": "true",
    }


# Checked by stripe-mock


class StripeMock:
    """Stripe played by stripe-mock, and every request that was sent to it."""

    def __init__(self, http: AiohttpClient, url: str) -> None:
        self.requests: list[HttpRequest] = []
        self.stripe = Stripe(self, KEY, SECRETS, url)
        self._http = http

    async def send(self, request: HttpRequest) -> HttpResponse:
        assert request.headers["Authorization"] == f"Bearer {KEY}"
        self.requests.append(request)
        return await self._http.send(request)

    def lines(self) -> list[tuple[str, str, str]]:
        return [
            (one.method, path_of(one), one.headers.get("Idempotency-Key", ""))
            for one in self.requests
        ]


@pytest.fixture
async def mock(stripe_url: str) -> AsyncGenerator[StripeMock]:
    async with open_http(connections=4) as http:
        yield StripeMock(http, stripe_url)


async def test_stripe_is_a_provider_of_payments(mock: StripeMock) -> None:
    provider: PaymentProvider = mock.stripe

    assert provider.name == "stripe"
    assert provider.methods == {"stripe"}


async def test_a_charge_is_an_intent_that_the_page_pays(mock: StripeMock) -> None:
    payment = new_payment()

    secret = await mock.stripe.charge(payment)

    assert secret.startswith("pi_")
    assert "_secret_" in secret
    assert mock.lines() == [("POST", "/v1/payment_intents", payment.key)]
    assert form_of(mock.requests[0]) == intent_form(payment)


async def test_a_charge_that_is_written_down_is_not_asked_again(mock: StripeMock) -> None:
    assert await mock.stripe.charge(new_payment(secret="pi_1_secret_2")) == "pi_1_secret_2"
    assert mock.requests == []


async def test_a_charge_past_its_deadline_is_cancelled(mock: StripeMock) -> None:
    assert await mock.stripe.charge(new_payment(lasts_ms=-1)) == ""
    assert path_of(mock.requests[-1]).endswith("/cancel")


async def test_what_stripe_has_never_seen_is_made_and_cancelled(mock: StripeMock) -> None:
    payment = new_payment()

    await mock.stripe.cancel(payment)

    [made, (method, path, key)] = mock.lines()
    assert made == ("POST", "/v1/payment_intents", payment.key)
    assert (method, path.split("/")[2], path.split("/")[4], key) == (
        "POST", "payment_intents", "cancel", "",
    )  # fmt: skip
    assert form_of(mock.requests[0]) == intent_form(payment)


async def test_a_refund_says_whose_it_is(mock: StripeMock) -> None:
    payment = new_payment(secret="pi_7_secret_8")

    await mock.stripe.refund(payment)

    assert mock.lines() == [("POST", "/v1/refunds", f"refund:{payment.key}")]
    assert form_of(mock.requests[0]) == {
        "payment_intent": "pi_7",
        "metadata[booking]": str(payment.booking),
        "metadata[attempt]": "1",
    }


async def test_an_open_intent_has_no_word(mock: StripeMock) -> None:
    payment = new_payment()

    assert await mock.stripe.list_notifications(payment) == []

    assert [line[0] for line in mock.lines()] == ["POST", "GET"]
    assert mock.requests[0].headers["Idempotency-Key"] == payment.key


async def test_what_is_older_than_its_key_is_searched_for_first(mock: StripeMock) -> None:
    payment = new_payment(age_ms=21 * HOUR_MS)

    await mock.stripe.refund(payment)

    assert [line[:2] for line in mock.lines()] == [
        ("GET", "/v1/payment_intents/search"),
        ("POST", "/v1/refunds"),
    ]
    assert query_of(mock.requests[0])["query"] == (
        f"metadata['booking']:'{payment.booking}' AND metadata['attempt']:'1'"
    )


async def test_a_list_of_refunds_is_read_as_stripe_writes_it(stripe_url: str) -> None:
    """The intent is written by hand, for stripe-mock never has a succeeded one."""
    async with open_http(connections=1) as real:

        async def answer(request: HttpRequest) -> HttpResponse:
            if path_of(request).startswith("/v1/payment_intents/"):
                return HttpResponse(200, json.dumps(intent("succeeded", amount=100)).encode())
            assert query_of(request) == {"payment_intent": "pi_1", "limit": "100"}
            found = await real.send(request)
            assert found.status == 200, found.body
            return found

        stripe = Stripe(HandWrittenHttp(answer), KEY, SECRETS, stripe_url)
        found = await stripe.list_notifications(new_payment(secret="pi_1_secret_2"))
    assert [one.kind for one in found] == ["charged", "refunded"]


@pytest.mark.parametrize(("currency", "amount"), [("JPY", "6500"), ("ISK", "650000")])
async def test_amounts_are_in_stripes_units(mock: StripeMock, currency: str, amount: str) -> None:
    await mock.stripe.charge(new_payment()._replace(currency=currency))
    assert form_of(mock.requests[0])["amount"] == amount


# Responses written by hand

Answers = Callable[[str, str], tuple[int, Any]]


def intent(status: str, *, amount: int = 6500) -> dict[str, Any]:
    return {"id": "pi_1", "amount": amount, "status": status, "client_secret": "pi_1_secret_2"}


def failure(kind: str, code: str = "") -> dict[str, Any]:
    return {"error": {"type": kind, "code": code, "message": "said by hand"}}


def stripe_with(answers: Answers) -> Stripe:
    async def answer(request: HttpRequest) -> HttpResponse:
        status, body = answers(request.method, path_of(request))
        return HttpResponse(status, body if isinstance(body, bytes) else json.dumps(body).encode())

    return Stripe(HandWrittenHttp(answer), KEY, SECRETS, "http://stripe.test")


def always(status: int, body: Any) -> Stripe:
    return stripe_with(lambda method, path: (status, body))


REFUSED: list[tuple[int, Any]] = [
    (400, failure("invalid_request_error", "amount_too_small")),
    (402, failure("card_error", "card_declined")),
    (404, failure("invalid_request_error", "resource_missing")),
]
UNAVAILABLE: list[tuple[int, Any]] = [
    (400, failure("idempotency_error")),  # made already, with other facts: it may be paid
    (400, b"<html>a proxy</html>"),
    (404, {}),
    (401, failure("invalid_request_error", "api_key_expired")),
    (403, failure("invalid_request_error")),
    (409, failure("invalid_request_error", "idempotency_key_in_use")),
    (429, failure("invalid_request_error", "rate_limit")),
    (500, failure("api_error")),
    (503, b""),
    (302, b""),
    (200, b"not JSON"),
    (200, b"[" * 100_000),
    (200, {"object": "no intent"}),
]


@pytest.mark.parametrize(("status", "body"), REFUSED)
async def test_a_refusal_of_stripes_is_for_good(status: int, body: Any) -> None:
    stripe, payment = always(status, body), new_payment()

    for asking in [stripe.charge] if status == 404 else [stripe.charge, stripe.refund]:
        with pytest.raises(PaymentRefusedError, match="said by hand") as caught:
            await asking(payment)
        assert caught.value.code == body["error"]["code"]


@pytest.mark.parametrize(("status", "body"), REFUSED)
async def test_what_stripe_refuses_to_make_can_never_capture(status: int, body: Any) -> None:
    stripe, payment = always(status, body), new_payment()

    await stripe.cancel(payment)

    [found] = await stripe.list_notifications(payment)
    assert (found.booking, found.attempt, found.kind) == (payment.booking, 1, "declined")


@pytest.mark.parametrize(("status", "body"), UNAVAILABLE)
async def test_any_other_answer_is_no_word(status: int, body: Any) -> None:
    stripe, payment = always(status, body), new_payment()

    for asking in (stripe.charge, stripe.cancel, stripe.refund, stripe.list_notifications):
        with pytest.raises(ProviderUnavailableError):
            await asking(payment)


async def test_a_stripe_that_is_not_there_is_away() -> None:
    async with open_http(connections=1) as http:
        stripe = Stripe(http, KEY, SECRETS, "http://127.0.0.1:1")
        for asking in (stripe.charge, stripe.cancel, stripe.refund, stripe.list_notifications):
            with pytest.raises(ProviderUnavailableError):
                await asking(new_payment())


async def test_an_intent_that_is_not_found_may_have_been_paid() -> None:
    """Its id is known, so it existed: perhaps the API key is another account's now."""
    stripe, known = always(*REFUSED[2]), new_payment(secret="pi_1_secret_2")

    for asking in (stripe.cancel, stripe.list_notifications, stripe.refund):
        with pytest.raises(ProviderUnavailableError):
            await asking(known)


@pytest.mark.parametrize("status", ["succeeded", "canceled", "processing", "requires_capture"])
async def test_a_cancel_is_done_when_nothing_can_change_any_more(status: str) -> None:
    def answers(method: str, path: str) -> tuple[int, Any]:
        if path.endswith("/cancel"):
            return 400, failure("invalid_request_error", "payment_intent_unexpected_state")
        return 200, intent(status)

    if status in ("succeeded", "canceled"):
        await stripe_with(answers).cancel(new_payment())
    else:
        with pytest.raises(ProviderUnavailableError, match="cannot be cancelled yet"):
            await stripe_with(answers).cancel(new_payment())


async def test_what_was_refunded_before_is_refunded() -> None:
    def answers(method: str, path: str) -> tuple[int, Any]:
        if path == "/v1/refunds":
            return 400, failure("invalid_request_error", "charge_already_refunded")
        return 200, intent("succeeded")

    await stripe_with(answers).refund(new_payment())


@pytest.mark.parametrize(
    ("status", "refunds", "kinds"),
    [
        ("requires_payment_method", [], []),
        ("processing", [], []),
        ("canceled", [], ["cancelled"]),
        ("succeeded", [], ["charged"]),
        ("succeeded", [(6499, "succeeded")], ["charged"]),
        ("succeeded", [(6500, "pending")], ["charged"]),
        ("succeeded", [(6500, "failed"), (6500, "succeeded")], ["charged", "refunded"]),
        ("succeeded", [(500, "succeeded"), (6000, "succeeded")], ["charged", "refunded"]),
    ],
)
async def test_asked_stripe_says_what_its_webhooks_say(
    status: str, refunds: list[tuple[int, str]], kinds: list[str]
) -> None:
    """A repeat returns the intent as it was created, so its status is read again."""

    def answers(method: str, path: str) -> tuple[int, Any]:
        if path == "/v1/refunds":
            found = [{"id": "re_1", "amount": amount, "status": how} for amount, how in refunds]
            return 200, {"data": found}
        return 200, intent("requires_payment_method" if method == "POST" else status)

    payment = new_payment()
    assert await stripe_with(answers).list_notifications(payment) == [
        PaymentNotification(f"pi_1:{kind}", payment.booking, 1, kind)  # type: ignore[arg-type]
        for kind in kinds
    ]


async def test_a_search_that_finds_nothing_makes_the_intent() -> None:
    paths: list[str] = []

    def answers(method: str, path: str) -> tuple[int, Any]:
        paths.append(path)
        return 200, {"data": []} if path.endswith("/search") else intent("requires_payment_method")

    await stripe_with(answers).cancel(new_payment(age_ms=21 * HOUR_MS))
    assert paths == [f"/v1/payment_intents{end}" for end in ("/search", "", "/pi_1/cancel")]
