"""Stripe as a payment provider: payment intents that the buyer's page pays.

An attempt is one payment intent, created under the idempotency key `pay:{booking}:{attempt}`.
Stripe answers a repeat with the first response for at least 24 h, and refuses one with other
parameters (https://docs.stripe.com/api/idempotent_requests). So each method finds an intent by
creating it: one that Stripe has never seen is created and then cancelled, and cannot be created
again. An intent older than its key is found by its client secret, or else by a search.

Stripe has no payment deadline: the saga cancels overdue intents; one that captures before that is
charged. Requests are tested against stripe-mock for their shapes only.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar
from urllib.parse import urlencode

import msgspec

from booking_rush.booking.payments.http_client import (
    HttpClient,
    HttpRequest,
    HttpResponse,
    NoResponseError,
    Timeouts,
)
from booking_rush.booking.payments.provider import (
    NotYetPossibleError,
    Payment,
    PaymentAlert,
    PaymentEvent,
    PaymentNotification,
    PaymentRefusedError,
    ProviderUnavailableError,
)
from booking_rush.booking.payments.signatures import verify
from booking_rush.booking.payments.stripe_events import (
    ZERO_DECIMAL_IN_HUNDREDTHS,
    notification,
    read_event,
)
from booking_rush.text import Line, OptionalLine, as_line

log = logging.getLogger(__name__)
T = TypeVar("T")

URL = "https://api.stripe.com"
SIGNATURE_HEADER = "stripe-signature"
TIMEOUTS = Timeouts(total_s=8.0, connect_s=2.0)
FORM_HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}
IDEMPOTENCY_KEY_S = 20 * 3600  # Stripe says 24 h at least; clocks differ
INTENTS = "/v1/payment_intents"

# Only Stripe's own errors of these types are final. Any other 4xx says nothing about the charge: a
# proxy's 404, say, or an idempotency key that was used with other parameters.
REFUSAL_STATUSES = frozenset({400, 402, 404})
REFUSAL_TYPES = frozenset({"invalid_request_error", "card_error"})
# A refund may still succeed after these: the balance recovers, or the right API key is set again.
REFUND_LATER = frozenset({"balance_insufficient", "insufficient_funds", "resource_missing"})

# The ariary has a minor unit in ISO 4217, and none at Stripe (https://docs.stripe.com/currencies).
UNSUPPORTED_CURRENCIES = frozenset({"MGA"})

INTENT_EVENTS: dict[str, PaymentEvent] = {"succeeded": "charged", "canceled": "cancelled"}


class _Intent(msgspec.Struct, frozen=True):
    id: Line
    amount: int = 0
    status: OptionalLine = ""
    client_secret: Line | None = None


class _Refund(msgspec.Struct, frozen=True):
    id: Line
    amount: int
    status: OptionalLine | None = None


class _Intents(msgspec.Struct, frozen=True):
    data: list[_Intent]


class _Refunds(msgspec.Struct, frozen=True):
    data: list[_Refund]


class _Problem(msgspec.Struct, frozen=True):
    type: str = ""
    code: str = ""
    message: str = ""


class _Failure(msgspec.Struct, frozen=True):
    error: _Problem = _Problem()


class Stripe:
    """Stripe's API, a `PaymentProvider`; nothing is retried here."""

    name: str = "stripe"
    methods: frozenset[str] = frozenset({"stripe"})  # cards, wallets: the buyer chooses on the page

    def __init__(
        self,
        http: HttpClient,
        key: str,
        secrets: Sequence[str],
        base_url: str = URL,
        clock: Callable[[], float] = time.time,
    ) -> None:
        assert key, "Stripe answers nobody without a key"
        assert all(secrets), "an empty secret would let anybody sign"
        self._http = http
        self._key = key
        self._secrets = tuple(secrets)
        self._base_url = base_url.rstrip("/")
        self._clock = clock

    async def charge(self, payment: Payment) -> str:
        """Create an intent, or cancel it if the payment's deadline has passed.

        Return the client secret with which the buyer's page pays, or "" after a cancellation.

        Raises:
            ProviderUnavailableError: the intent may have been created, or not.
            PaymentRefusedError: there is no such intent, and never will be.
        """
        if payment.pay_until_ms <= self._clock() * 1000:
            await self.cancel(payment)
            return ""
        if payment.client_secret:
            return payment.client_secret
        return (await self._find_or_create(payment)).client_secret or ""

    async def cancel(self, payment: Payment) -> None:
        """Cancel an intent, whether Stripe knows it or not.

        It is sent without an idempotency key: Stripe would repeat a refusal that it gave while
        the intent was processing.

        Raises:
            ProviderUnavailableError: it may be cancelled, or not; or it cannot be cancelled yet.
        """
        try:
            intent = await self._find_or_create(payment)
        except PaymentRefusedError:
            return  # no intent exists that could capture
        try:
            form = {"cancellation_reason": "abandoned"}
            await self._call(_Intent, "POST", f"{INTENTS}/{intent.id}/cancel", form)
        except PaymentRefusedError as why:
            now = await self._read(_Intent, f"{INTENTS}/{intent.id}")
            if now.status not in INTENT_EVENTS:
                raise NotYetPossibleError(f"it cannot be cancelled yet: {why}") from why

    async def refund(self, payment: Payment) -> None:
        """Refund a captured intent, once however often it is requested.

        Raises:
            ProviderUnavailableError: Stripe may have received the request, or cannot refund now.
            PaymentRefusedError: that intent has captured nothing, or can never be refunded.
        """
        intent = await self._find_or_create(payment)
        form = {"payment_intent": intent.id, **_metadata(payment)}
        try:
            await self._call(_Refund, "POST", "/v1/refunds", form, key=f"refund:{payment.key}")
        except PaymentRefusedError as why:
            if why.code in REFUND_LATER:
                log.error("refund refused for now booking=%s why=%s", payment.booking, why)
                raise NotYetPossibleError(str(why)) from why
            if why.code != "charge_already_refunded":
                raise

    async def list_notifications(self, payment: Payment) -> list[PaymentNotification]:
        """Return every notification of this attempt, oldest first, lost webhooks included.

        Raises:
            ProviderUnavailableError: Stripe did not answer as agreed.
        """
        try:
            intent = await self._find_or_create(payment)
        except PaymentRefusedError:
            return [notification(payment.key, payment.booking, payment.attempt, "declined")]
        intent = await self._read(_Intent, f"{INTENTS}/{intent.id}")
        kind = INTENT_EVENTS.get(intent.status)
        kinds: list[PaymentEvent] = [kind] if kind else []
        if kind == "charged" and await self._refunded_amount(intent.id) >= intent.amount:
            kinds.append("refunded")
        return [notification(intent.id, payment.booking, payment.attempt, kind) for kind in kinds]

    def read_webhook(
        self, headers: Mapping[str, str], body: bytes, *, now: float
    ) -> PaymentNotification | PaymentAlert | None:
        """Verify a webhook, and return what it says, or None: nothing, or of no payment of ours.

        Raises:
            BadSignature: Stripe did not sign it, or not within five minutes of `now`.
            ValueError: it is signed, and its body is malformed.
        """
        verify(SIGNATURE_HEADER, self._secrets, headers, body, now=now)
        return read_event(body)

    async def _find_or_create(self, payment: Payment) -> _Intent:
        """Return the payment's intent, perhaps as it was when it was created."""
        if payment.client_secret:
            return _Intent(payment.client_secret.partition("_secret_")[0])
        if self._clock() - _created_s(payment) > IDEMPOTENCY_KEY_S:
            params = {"query": _search_query(payment)}
            found = await self._read(_Intents, f"{INTENTS}/search", params)
            if found.data:
                return found.data[0]
        form = {
            "amount": str(_amount(payment)),
            "currency": payment.currency.lower(),
            "automatic_payment_methods[enabled]": "true",
            **_metadata(payment),
        }
        return await self._call(_Intent, "POST", INTENTS, form, key=payment.key)

    async def _refunded_amount(self, intent: str) -> int:
        params = {"payment_intent": intent, "limit": "100"}
        found = await self._read(_Refunds, "/v1/refunds", params)
        return sum(refund.amount for refund in found.data if refund.status == "succeeded")

    async def _read(self, kind: type[T], path: str, params: dict[str, str] | None = None) -> T:
        """Send a GET request; a 404 says nothing about a charge, so it is not final."""
        try:
            return await self._call(kind, "GET", path, params=params)
        except PaymentRefusedError as why:
            raise NotYetPossibleError(str(why)) from why

    async def _call(
        self,
        kind: type[T],
        method: str,
        path: str,
        form: dict[str, str] | None = None,
        *,
        params: dict[str, str] | None = None,
        key: str = "",
    ) -> T:
        headers = {"Authorization": f"Bearer {self._key}"}
        if key:
            headers["Idempotency-Key"] = key
        body = None
        if form is not None:
            headers |= FORM_HEADERS
            body = urlencode(form).encode()
        url = f"{self._base_url}{path}{'?' if params else ''}{urlencode(params or {})}"
        try:
            response = await self._http.send(HttpRequest(method, url, headers, body, TIMEOUTS))
        except NoResponseError as error:
            raise ProviderUnavailableError(str(error)) from error
        if response.status != 200:
            raise _error_of(response)
        return _decoded(response, kind)


def _amount(payment: Payment) -> int:
    """Return the amount in Stripe's smallest unit, nearly always the currency's minor unit."""
    if payment.currency in UNSUPPORTED_CURRENCIES:
        raise PaymentRefusedError("currency", f"{payment.currency} is not charged here")
    return payment.amount * (100 if payment.currency in ZERO_DECIMAL_IN_HUNDREDTHS else 1)


def _metadata(payment: Payment) -> dict[str, str]:
    """Return the form fields that name an intent's or a refund's attempt."""
    return {"metadata[booking]": str(payment.booking), "metadata[attempt]": str(payment.attempt)}


def _search_query(payment: Payment) -> str:
    return f"metadata['booking']:'{payment.booking}' AND metadata['attempt']:'{payment.attempt}'"


def _created_s(payment: Payment) -> float:
    """Return the time in the hold's id (UUIDv7), before which no intent of it exists."""
    return (payment.booking.int >> 80) / 1000


def _error_of(response: HttpResponse) -> PaymentRefusedError | ProviderUnavailableError:
    try:
        problem = _decoded(response, _Failure).error
    except ProviderUnavailableError:
        problem = _Problem()
    code = as_line(problem.code or problem.type)
    if response.status in (401, 403):
        log.error("Stripe refuses RUSH_STRIPE_KEY status=%d code=%s", response.status, code)
    if response.status in REFUSAL_STATUSES and problem.type in REFUSAL_TYPES:
        return PaymentRefusedError(code, as_line(problem.message))
    return ProviderUnavailableError(f"Stripe answered {response.status} {code}".rstrip())


def _decoded(response: HttpResponse, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(response.body, type=kind)
    except (ValueError, RecursionError) as error:
        raise ProviderUnavailableError(f"Stripe's answer is not as agreed: {error}") from error
