"""The port of payment providers: requests that may be repeated, and notifications of results.

Every request is idempotent: a charge is known by its key, `pay:{booking}:{attempt}`, a refund by
`refund:{that key}`. Results come as notifications: by webhook, or from `list_notifications` when
no webhook came.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple, Protocol
from uuid import UUID

import asyncpg

from booking_rush.errors import Refusal

METHODS = frozenset({"ok", "declined", "slow", "late", "lost"})  # of the practice bank

ATTEMPT_MAX = 2**31 - 1  # as Postgres counts them

# `changed`: something was done to it at the provider's, by hand; reconcile asks what.
PaymentEvent = Literal["charged", "declined", "cancelled", "refunded", "changed"]

AlertKind = Literal["refunded_in_part", "disputed", "dispute_closed"]


class ProviderUnavailableError(Exception):
    """The provider did not answer, or not as agreed: repeat the request later."""


class NotYetPossibleError(ProviderUnavailableError):
    """The provider answered that this request is not possible yet; others may be."""


class PaymentRefusedError(Exception):
    """A final refusal: the charge never captures, or the refund never happens."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code


class BadSignature(Refusal):
    """That webhook is not signed by the provider, or too old."""

    code, status = "bad_signature", 401


class Payment(NamedTuple):
    """One attempt to pay a booking: amount in minor units, deadline in ms since 1970."""

    booking: UUID
    attempt: int
    amount: int
    currency: str
    method: str
    pay_until_ms: int
    provider: str
    client_secret: str = ""  # what `charge` returned, once it is saved

    def __repr__(self) -> str:
        """Return a text for logs, without the client secret."""
        return f"Payment({self.key} {self.amount} {self.currency} {self.provider})"

    @property
    def key(self) -> str:
        """Return the idempotency key of this attempt's charge."""
        return f"pay:{self.booking}:{self.attempt}"


class PaymentNotification(NamedTuple):
    """A result of one attempt; a provider that repeats it repeats its `id`."""

    id: str
    booking: UUID
    attempt: int
    kind: PaymentEvent


class PaymentAlert(NamedTuple):
    """Something that was done to a payment at its provider's and moves no booking, for operators.

    A provider that repeats it repeats its `id`. `payment` is the provider's own id of it, by which
    it is found where `booking` is unknown. The amount is in minor units.
    """

    id: str
    kind: AlertKind
    payment: str
    amount: int
    currency: str
    status: str
    booking: UUID | None
    attempt: int


class PaymentProvider(Protocol):
    """A payment provider. Each request may raise `ProviderUnavailableError`."""

    name: str
    methods: frozenset[str]

    async def charge(self, payment: Payment) -> str:
        """Request a charge, which never captures after `pay_until_ms`; its result is notified.

        Return the client secret with which the buyer's page pays, or "" if it need not pay.

        Raises:
            PaymentRefusedError: the charge is not accepted, and will never capture.
        """
        ...

    async def cancel(self, payment: Payment) -> None:
        """Cancel a charge, whether the provider knows it or not; the result is notified."""
        ...

    async def refund(self, payment: Payment) -> None:
        """Refund a captured charge, once however often it is requested; the result is notified.

        Raises:
            PaymentRefusedError: that charge has captured nothing.
        """
        ...

    async def list_notifications(self, payment: Payment) -> list[PaymentNotification]:
        """Return every notification of this attempt, oldest first, lost webhooks included."""
        ...

    def read_webhook(
        self, headers: Mapping[str, str], body: bytes, *, now: float
    ) -> PaymentNotification | PaymentAlert | None:
        """Verify a webhook, and return what it says, or None if it is of no payment of ours.

        Raises:
            BadSignature: the provider did not sign it, or not within five minutes of `now`.
            ValueError: it is signed, and its body is malformed.
        """
        ...


PAYMENT = ", ".join(Payment._fields)


def payment_of(row: asyncpg.Record) -> Payment:
    """Return the payment of a row with the columns PAYMENT."""
    return Payment(**{name: row[name] for name in Payment._fields})
