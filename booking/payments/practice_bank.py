"""The practice bank as a payment provider: requests over HTTP, notifications by webhook.

A webhook carries `Bank-Signature`; the bank signs with the first of its secrets. On the wire, the
kind of a notification is its `word`.
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
    ATTEMPT_MAX,
    METHODS,
    Payment,
    PaymentEvent,
    PaymentNotification,
    PaymentRefusedError,
    ProviderUnavailableError,
)
from booking_rush.booking.payments.signatures import verify
from booking_rush.text import Line, as_line

T = TypeVar("T")

SIGNATURE_HEADER = "bank-signature"
CONNECT_S = 1.0
JSON = {"Content-Type": "application/json"}
CHARGE_FIELDS = ("booking", "attempt", "amount", "currency", "method", "pay_until_ms")

# The bank's refusals that no repeat changes. Any other error says nothing about the charge: a
# proxy's 404, say, must not end a payment that the bank may have captured.
NEVER_CHARGED = frozenset({"unknown_method", "invalid_request"})
NEVER_REFUNDED = frozenset({"unknown_charge", "not_captured"})


class Webhook(msgspec.Struct, frozen=True):
    """The body of a webhook."""

    id: Line
    booking: UUID
    attempt: Annotated[int, msgspec.Meta(ge=1, le=ATTEMPT_MAX)]
    kind: PaymentEvent = msgspec.field(name="word")


class _Notification(msgspec.Struct, frozen=True):
    id: Line
    kind: PaymentEvent = msgspec.field(name="word")


class _Charge(msgspec.Struct, frozen=True):
    notifications: list[_Notification] = msgspec.field(name="words")


class _Problem(msgspec.Struct, frozen=True):
    code: str
    detail: str = ""


class PracticeBank:
    """The practice bank's HTTP API, a `PaymentProvider`; nothing is retried here."""

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
        self._timeouts = Timeouts(total_s=timeout_s, connect_s=min(timeout_s, CONNECT_S))

    async def charge(self, payment: Payment) -> str:
        """Request a charge, which never captures after `pay_until_ms`; its result is notified.

        Return an empty client secret: the buyer's page has nothing left to do.

        Raises:
            ProviderUnavailableError: the bank may have received the request, or not.
            PaymentRefusedError: the charge will never capture, and nothing will be notified.
        """
        fields = {name: getattr(payment, name) for name in CHARGE_FIELDS}
        await self._post("/charges", NEVER_CHARGED, {"key": payment.key, **fields})
        return ""

    async def cancel(self, payment: Payment) -> None:
        """Cancel a charge, whether the bank knows it or not; the result is notified.

        Raises:
            ProviderUnavailableError: the bank may have received the request, or not.
        """
        await self._post(f"/charges/{payment.key}/cancel", frozenset())

    async def refund(self, payment: Payment) -> None:
        """Refund a captured charge, once however often it is requested; the result is notified.

        Raises:
            ProviderUnavailableError: the bank may have received the request, or not.
            PaymentRefusedError: that charge has captured nothing.
        """
        body = {"key": f"refund:{payment.key}", "charge": payment.key}
        await self._post("/refunds", NEVER_REFUNDED, body)

    async def list_notifications(self, payment: Payment) -> list[PaymentNotification]:
        """Return every notification of this attempt, oldest first, lost webhooks included.

        Raises:
            ProviderUnavailableError: the bank did not answer as agreed.
        """
        response = await self._send("GET", f"/charges/{payment.key}")
        if response.status == 404 and _problem(response).code == "unknown_charge":
            return []
        if response.status != 200:
            raise ProviderUnavailableError(f"the bank answered {response.status}")
        return [
            PaymentNotification(one.id, payment.booking, payment.attempt, one.kind)
            for one in _decoded(response, _Charge).notifications
        ]

    def read_webhook(
        self, headers: Mapping[str, str], body: bytes, *, now: float
    ) -> PaymentNotification | None:
        """Verify a webhook, and return its notification; never None.

        Raises:
            BadSignature: the bank did not sign it, or not within five minutes of `now`.
            ValueError: it is signed, and its body is malformed.
        """
        verify(SIGNATURE_HEADER, self._secrets, headers, body, now=now)
        webhook = msgspec.json.decode(body, type=Webhook)
        return PaymentNotification(webhook.id, webhook.booking, webhook.attempt, webhook.kind)

    async def _post(
        self, path: str, refusals: frozenset[str], body: dict[str, Any] | None = None
    ) -> None:
        """Send a POST request, and raise what its response means.

        Raises:
            PaymentRefusedError: the bank answered with one of the codes in `refusals`.
            ProviderUnavailableError: it answered with another error, or not at all.
        """
        response = await self._send("POST", path, body)
        if response.is_success:
            return
        problem = _problem(response)
        if response.is_client_error and problem.code in refusals:
            raise PaymentRefusedError(problem.code, as_line(problem.detail))
        status = f"{response.status} {problem.code}".rstrip()
        raise ProviderUnavailableError(f"the bank answered {status}")

    async def _send(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> HttpResponse:
        encoded = None if body is None else msgspec.json.encode(body)
        request = HttpRequest(method, f"{self.base_url}{path}", JSON, encoded, self._timeouts)
        try:
            return await self._http.send(request)
        except NoResponseError as error:
            raise ProviderUnavailableError(str(error)) from error


def _problem(response: HttpResponse) -> _Problem:
    """Return the problem in the bank's response; its code is empty if the bank sent none."""
    try:
        return _decoded(response, _Problem)
    except ProviderUnavailableError:
        return _Problem("")


def _decoded(response: HttpResponse, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(response.body, type=kind)
    except (ValueError, RecursionError) as error:
        raise ProviderUnavailableError(f"the bank's answer is not as agreed: {error}") from error
