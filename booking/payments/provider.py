"""What money is asked of, and what it answers: one port, two implementations.

Every question may be asked again: a charge is known by its key, `pay:{booking}:{attempt}`, and
a refund by `refund:{payment}`. Answers come by webhook, or to a question when none came.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple, Protocol
from uuid import UUID

import asyncpg

from booking_rush.errors import Refusal

METHODS = frozenset({"ok", "declined", "slow", "late", "lost"})  # of the practice bank

Word = Literal["charged", "declined", "cancelled", "refunded"]


class ProviderUnavailableError(Exception):
    """The provider did not answer, or not as agreed: ask the same again later."""


class NotYetPossibleError(ProviderUnavailableError):
    """The provider did answer: of this payment not now. It is there for all others."""


class PaymentRefusedError(Exception):
    """The provider refuses for good: a charge never captures, a refund never comes."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code


class BadSignature(Refusal):
    """That webhook is not signed by the provider, or too old."""

    code, status = "bad_signature", 401


class Payment(NamedTuple):
    """One try to pay a booking; amounts in minor units, the deadline in ms since 1970."""

    booking: UUID
    attempt: int
    amount: int
    currency: str
    method: str
    pay_until_ms: int
    provider: str
    client_secret: str = ""  # what charging it gave, once that is written down

    def __repr__(self) -> str:
        """Without the client secret: this may be logged."""
        return f"Payment({self.key} {self.amount} {self.currency} {self.provider})"

    @property
    def key(self) -> str:
        """What the provider knows this charge by, however often it is asked."""
        return f"pay:{self.booking}:{self.attempt}"


class PaymentNotification(NamedTuple):
    """A provider's word on one try to pay; `id` is the same however often it is told."""

    id: str
    booking: UUID
    attempt: int
    word: Word


class PaymentProvider(Protocol):
    """A provider of payments. Every method may raise BankAwayError."""

    name: str
    methods: frozenset[str]

    async def charge(self, payment: Payment) -> str:
        """Ask for the money; the answer is told later. After `pay_until_ms` it never captures.

        What the buyer's page pays with; empty: nothing is left to do there.

        Raises:
            PaymentRefusedError: it is not taken up, and will never capture.
        """
        ...

    async def cancel(self, payment: Payment) -> None:
        """Let a charge capture no more, seen before or not; the answer is told later."""
        ...

    async def refund(self, payment: Payment) -> None:
        """Give the money of a captured charge back, once; the answer is told later."""
        ...

    async def ask(self, payment: Payment) -> list[PaymentNotification]:
        """Everything that has been told, or should have been, about this try; oldest first."""
        ...

    def read(
        self, headers: Mapping[str, str], body: bytes, *, now: float
    ) -> PaymentNotification | None:
        """The word of a webhook; None: nothing that concerns us.

        Raises:
            BadSignature: not the provider's, or more than five minutes old.
            ValueError: signed, and not understood.
        """
        ...


PAYMENT = ", ".join(Payment._fields)


def payment_of(row: asyncpg.Record) -> Payment:
    """A row of PAYMENT."""
    return Payment(**{name: row[name] for name in Payment._fields})
