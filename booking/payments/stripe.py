"""Stripe as a `PaymentProvider`: payment intents that the buyer's page pays.

A try to pay is one payment intent, made under the idempotency key `pay:{booking}:{attempt}`. Stripe
answers a repeat with the first answer for 24 h at least, and refuses one with other facts
(https://docs.stripe.com/api/idempotent_requests). So whoever asks for an intent makes it: one that
Stripe has never seen is made and then cancelled, and nobody else can make it anew. What is older
than its key is known by the client secret, which names the intent, and else searched for.

Stripe knows no deadline of ours: the saga cancels what is overdue, and what captures before that
is told as captured. The calls are tested for their shapes against stripe-mock, no more.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar
from urllib.parse import urlencode
from uuid import UUID

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
    PaymentNotification,
    PaymentRefusedError,
    ProviderUnavailableError,
    Word,
)
from booking_rush.booking.payments.signatures import verify

log = logging.getLogger(__name__)

T = TypeVar("T")

URL = "https://api.stripe.com"
SIGNATURE = "stripe-signature"
PATIENCE = Timeouts(total_s=8.0, connect_s=2.0)
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
KEY_LIVES_S = 20 * 3600  # Stripe says 24 h at least; clocks differ
INTENTS = "/v1/payment_intents"

# Refusals that no repeat changes are Stripe's own, with these types. Any other 4xx is no word on
# the charge: a proxy's 404, say, or a key that was used with other facts.
REFUSING = frozenset({400, 402, 404})
FINAL = frozenset({"invalid_request_error", "card_error"})
# Of a refund these are no refusal for good: money comes in again, and so does the right key.
PASSING = frozenset({"balance_insufficient", "insufficient_funds", "resource_missing"})

# ISO 4217 knows no hundredths of these, and Stripe counts in them all the same; of the ariary it
# is the other way round (https://docs.stripe.com/currencies).
HUNDREDFOLD = frozenset({"ISK", "UGX"})
UNCOUNTED = frozenset({"MGA"})

# A card that is declined leaves its intent open, to be tried again: that is no word of ours.
# Nor is `charge.refunded`: it comes while a refund is pending, too, which may yet fail.
WORDS: dict[str, Word] = {"succeeded": "charged", "canceled": "cancelled"}
EVENTS: dict[str, Word] = {
    "payment_intent.succeeded": "charged",
    "payment_intent.canceled": "cancelled",
    "refund.created": "refunded",
    "refund.updated": "refunded",
}


class _Intent(msgspec.Struct, frozen=True):
    id: str
    amount: int = 0
    status: str = ""
    client_secret: str | None = None


class _Refund(msgspec.Struct, frozen=True):
    id: str
    amount: int
    status: str | None = None


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


class _Object(msgspec.Struct, frozen=True):
    """What an event is about: an intent or a refund."""

    id: str
    metadata: dict[str, str] | None = None
    payment_intent: str | None = None
    status: str | None = None


class _Data(msgspec.Struct, frozen=True):
    object: msgspec.Raw


class _Event(msgspec.Struct, frozen=True):
    type: str
    data: _Data


class Stripe:
    """Stripe's API, a `PaymentProvider`; nothing is retried here."""

    name: str = "stripe"
    methods: frozenset[str] = frozenset({"stripe"})  # the buyer chooses among Stripe's there

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
        """Make an intent that the buyer's page pays, with the client secret that is returned.

        Past its deadline it is cancelled instead.

        Raises:
            BankAwayError: it may have been made, and may not.
            PaymentRefusedError: there is no such intent, and will not be.
        """
        if payment.pay_until_ms <= self._clock() * 1000:
            await self.cancel(payment)
            return ""
        if payment.client_secret:
            return payment.client_secret
        return (await self._find(payment)).client_secret or ""

    async def cancel(self, payment: Payment) -> None:
        """Let an intent capture no more, seen before or not.

        Without an idempotency key: Stripe would repeat its no to an intent that is in processing.

        Raises:
            BankAwayError: it may have been heard, and may not; or it cannot be cancelled yet.
        """
        try:
            intent = await self._find(payment)
        except PaymentRefusedError:
            return  # nothing is there that could capture
        try:
            form = {"cancellation_reason": "abandoned"}
            await self._call(_Intent, "POST", f"{INTENTS}/{intent.id}/cancel", form)
        except PaymentRefusedError as why:
            if (await self._look(_Intent, f"{INTENTS}/{intent.id}")).status not in WORDS:
                raise NotYetPossibleError(f"it cannot be cancelled yet: {why}") from why

    async def refund(self, payment: Payment) -> None:
        """Give the money of a captured intent back, once.

        Raises:
            BankAwayError: it may have been heard, and may not.
            PaymentRefusedError: that intent has captured nothing, or Stripe cannot.
        """
        intent = await self._find(payment)
        form = {"payment_intent": intent.id, **_metadata(payment)}
        try:
            await self._call(_Refund, "POST", "/v1/refunds", form, key=f"refund:{payment.key}")
        except PaymentRefusedError as why:
            if why.code in PASSING:  # another key, or another day: the money must still go back
                log.error("refund refused for now booking=%s why=%s", payment.booking, why)
                raise NotYetPossibleError(str(why)) from why
            if why.code != "charge_already_refunded":
                raise

    async def ask(self, payment: Payment) -> list[PaymentNotification]:
        """Everything that has been told, or should have been, about this try; oldest first.

        Raises:
            BankAwayError: nothing is known.
        """
        try:
            intent = await self._find(payment)
        except PaymentRefusedError:
            return [_told(payment.key, payment.booking, payment.attempt, "declined")]
        intent = await self._look(_Intent, f"{INTENTS}/{intent.id}")
        word = WORDS.get(intent.status)
        words: list[Word] = [word] if word else []
        if word == "charged" and await self._given_back(intent.id) >= intent.amount:
            words.append("refunded")
        return [_told(intent.id, payment.booking, payment.attempt, word) for word in words]

    def read(
        self, headers: Mapping[str, str], body: bytes, *, now: float
    ) -> PaymentNotification | None:
        """The word of a webhook; None: of another kind, or of no payment of ours.

        Raises:
            BadSignature: not Stripe's, or more than five minutes old.
            ValueError: signed, and not understood.
        """
        verify(SIGNATURE, self._secrets, headers, body, now=now)
        event = msgspec.json.decode(body, type=_Event)
        word = EVENTS.get(event.type)
        if word is None:
            return None
        about = msgspec.json.decode(event.data.object, type=_Object)
        known = _of_metadata(about.metadata or {})
        if known is None:
            return None
        if word != "refunded":
            return _told(about.id, *known, word)
        if about.status != "succeeded" or about.payment_intent is None:
            return None
        return _told(about.payment_intent, *known, word)

    async def _find(self, payment: Payment) -> _Intent:
        """The payment's intent, made if there is none; perhaps as it was when it was made."""
        if payment.client_secret:
            return _Intent(payment.client_secret.partition("_secret_")[0])
        if self._clock() - _made_s(payment) > KEY_LIVES_S:
            found = await self._look(_Intents, f"{INTENTS}/search", {"query": _query(payment)})
            if found.data:
                return found.data[0]
        form = {
            "amount": str(_amount(payment)),
            "currency": payment.currency.lower(),
            "automatic_payment_methods[enabled]": "true",
            **_metadata(payment),
        }
        return await self._call(_Intent, "POST", INTENTS, form, key=payment.key)

    async def _given_back(self, intent: str) -> int:
        params = {"payment_intent": intent, "limit": "100"}
        found = await self._look(_Refunds, "/v1/refunds", params)
        return sum(refund.amount for refund in found.data if refund.status == "succeeded")

    async def _look(self, kind: type[T], path: str, params: dict[str, str] | None = None) -> T:
        """Read something; that it is not there says nothing about a charge."""
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
            headers |= FORM
            body = urlencode(form).encode()
        url = f"{self._base_url}{path}{'?' if params else ''}{urlencode(params or {})}"
        try:
            answer = await self._http.ask(HttpRequest(method, url, headers, body, PATIENCE))
        except NoResponseError as error:
            raise ProviderUnavailableError(str(error)) from error
        if answer.status != 200:
            raise _error(answer)
        return _decoded(answer, kind)


def _told(intent: str, booking: UUID, attempt: int, word: Word) -> PaymentNotification:
    return PaymentNotification(f"{intent}:{word}", booking, attempt, word)


def _amount(payment: Payment) -> int:
    """In Stripe's smallest unit, which is nearly always the currency's own."""
    if payment.currency in UNCOUNTED:
        raise PaymentRefusedError("currency", f"{payment.currency} is not charged here")
    return payment.amount * (100 if payment.currency in HUNDREDFOLD else 1)


def _metadata(payment: Payment) -> dict[str, str]:
    """Whose an intent or a refund is; Stripe gives it to the intent's charge, too."""
    return {
        "metadata[booking]": str(payment.booking),
        "metadata[attempt]": str(payment.attempt),
    }


def _of_metadata(metadata: Mapping[str, str]) -> tuple[UUID, int] | None:
    """The booking and the attempt; None: somebody else's."""
    try:
        return UUID(metadata["booking"]), int(metadata["attempt"])
    except (KeyError, ValueError):
        return None


def _query(payment: Payment) -> str:
    return f"metadata['booking']:'{payment.booking}' AND metadata['attempt']:'{payment.attempt}'"


def _made_s(payment: Payment) -> float:
    """When the hold was made, which its id says: no intent of it is older."""
    return (payment.booking.int >> 80) / 1000


def _error(answer: HttpResponse) -> PaymentRefusedError | ProviderUnavailableError:
    try:
        problem = _decoded(answer, _Failure).error
    except ProviderUnavailableError:
        problem = _Problem()
    code = problem.code or problem.type
    if answer.status in (401, 403):
        log.error("Stripe refuses RUSH_STRIPE_KEY status=%d code=%s", answer.status, code)
    if answer.status in REFUSING and problem.type in FINAL:
        return PaymentRefusedError(code, problem.message)
    return ProviderUnavailableError(f"Stripe answered {answer.status} {code}".rstrip())


def _decoded(answer: HttpResponse, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (ValueError, RecursionError) as error:
        raise ProviderUnavailableError(f"Stripe's answer is not as agreed: {error}") from error
