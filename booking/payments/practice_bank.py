"""The practice bank as money is asked of it: `PaymentProvider` over HTTP, told by webhooks.

A webhook carries `Bank-Signature`; the bank signs with the first of its secrets.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar
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
    METHODS,
    Payment,
    PaymentNotification,
    PaymentRefusedError,
    ProviderUnavailableError,
    Word,
)
from booking_rush.booking.payments.signatures import verify

T = TypeVar("T")

SIGNATURE = "bank-signature"
CONNECT_S = 1.0
JSON = {"Content-Type": "application/json"}
CHARGE = ("booking", "attempt", "amount", "currency", "method", "pay_until_ms")

# The bank's refusals that no repeat changes. Any other answer than a good one is no word on the
# charge: a proxy's 404, say, must not end a payment that the bank may have captured.
NEVER_CHARGED = frozenset({"unknown_method", "invalid_request"})
NEVER_REFUNDED = frozenset({"unknown_charge", "not_captured"})


class Webhook(msgspec.Struct, frozen=True):
    """A word as it travels: the body of a webhook."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    booking: UUID
    attempt: Annotated[int, msgspec.Meta(ge=1)]
    word: Word


class _Word(msgspec.Struct, frozen=True):
    id: str
    word: Word


class _Charge(msgspec.Struct, frozen=True):
    words: list[_Word]


class _Problem(msgspec.Struct, frozen=True):
    code: str
    detail: str = ""


class PracticeBank:
    """The practice bank over HTTP, a `PaymentProvider`; nothing is retried here."""

    name: str = "bank"
    methods: frozenset[str] = METHODS

    def __init__(
        self,
        http: HttpClient,
        base_url: str,
        secrets: Sequence[str],
        *,
        timeout_s: float = 2.0,
    ) -> None:
        assert all(secrets), "an empty secret would let anybody sign"
        self._http = http
        self.base_url = base_url.rstrip("/")
        self._secrets = tuple(secrets)
        self._patience = Timeouts(total_s=timeout_s, connect_s=min(timeout_s, CONNECT_S))

    async def charge(self, payment: Payment) -> str:
        """Ask for the money; the answer is told later. After `pay_until_ms` it never captures.

        The buyer's page need do nothing.

        Raises:
            BankAwayError: it may have been heard, and may not.
            PaymentRefusedError: it can never capture, and nothing will be told.
        """
        told = {name: getattr(payment, name) for name in CHARGE}
        await self._post("/charges", NEVER_CHARGED, {"key": payment.key, **told})
        return ""

    async def cancel(self, payment: Payment) -> None:
        """Let a charge capture no more, seen before or not; the answer is told later.

        Raises:
            BankAwayError: it may have been heard, and may not.
        """
        await self._post(f"/charges/{payment.key}/cancel", frozenset())

    async def refund(self, payment: Payment) -> None:
        """Give the money of a captured charge back, once; the answer is told later.

        Raises:
            BankAwayError: it may have been heard, and may not.
            PaymentRefusedError: that charge has captured nothing.
        """
        body = {"key": f"refund:{payment.key}", "charge": payment.key}
        await self._post("/refunds", NEVER_REFUNDED, body)

    async def ask(self, payment: Payment) -> list[PaymentNotification]:
        """Everything that has been told, or should have been, about this try; oldest first.

        Raises:
            BankAwayError: nothing is known.
        """
        answer = await self._send("GET", f"/charges/{payment.key}")
        if answer.status == 404 and _problem(answer).code == "unknown_charge":
            return []
        if answer.status != 200:
            raise ProviderUnavailableError(f"the bank answered {answer.status}")
        words = _decoded(answer, _Charge).words
        return [
            PaymentNotification(word.id, payment.booking, payment.attempt, word.word)
            for word in words
        ]

    def read(
        self, headers: Mapping[str, str], body: bytes, *, now: float
    ) -> PaymentNotification | None:
        """The word of a webhook; it always concerns us.

        Raises:
            BadSignature: not the bank's, or more than five minutes old.
            ValueError: signed, and not understood.
        """
        verify(SIGNATURE, self._secrets, headers, body, now=now)
        webhook = msgspec.json.decode(body, type=Webhook)
        return PaymentNotification(webhook.id, webhook.booking, webhook.attempt, webhook.word)

    async def _post(
        self, path: str, refusals: frozenset[str], body: dict[str, Any] | None = None
    ) -> None:
        answer = await self._send("POST", path, body)
        if answer.is_good:
            return
        problem = _problem(answer)
        if answer.is_refusal and problem.code in refusals:
            raise PaymentRefusedError(problem.code, problem.detail)
        raise ProviderUnavailableError(f"the bank answered {answer.status} {problem.code}".rstrip())

    async def _send(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> HttpResponse:
        encoded = None if body is None else msgspec.json.encode(body)
        question = HttpRequest(method, f"{self.base_url}{path}", JSON, encoded, self._patience)
        try:
            return await self._http.ask(question)
        except NoResponseError as error:
            raise ProviderUnavailableError(str(error)) from error


def _problem(answer: HttpResponse) -> _Problem:
    """What the bank refuses with; of an answer that is no refusal of the bank's, an empty code."""
    try:
        return _decoded(answer, _Problem)
    except ProviderUnavailableError:
        return _Problem("")


def _decoded(answer: HttpResponse, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (ValueError, RecursionError) as error:
        raise ProviderUnavailableError(f"the bank's answer is not as agreed: {error}") from error
