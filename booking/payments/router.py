"""A provider of payments behind a breaker: while it does not answer, it is left alone.

Who asks then is told at once that it is away, and asks again later, as conduct does with whatever
is away. Nothing is asked twice here, and nothing waits.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from booking_rush.booking.payments.provider import (
    NotYetPossibleError,
    Payment,
    PaymentNotification,
    PaymentRefusedError,
    Payments,
    ProviderUnavailableError,
)
from booking_rush.circuit_breaker import BreakerState, CircuitBreaker

log = logging.getLogger(__name__)

T = TypeVar("T")


class Guarded:
    """One provider behind one breaker; implements `Payments`.

    Calls that are on their way when it opens are waited for. The probe is one call: whoever asks
    beside it is refused. A probe that is cancelled says nothing, and the next one comes later.
    """

    def __init__(
        self, behind: Payments, breaker: CircuitBreaker, clock: Callable[[], float]
    ) -> None:
        self.behind = behind
        self.provider = behind.provider
        self.methods = behind.methods
        self._breaker = breaker
        self._clock = clock

    def state(self) -> BreakerState:
        """How the breaker stands."""
        return self._breaker.state(self._clock())

    async def charge(self, payment: Payment) -> str:
        """Ask for the money, unless nobody answers."""
        return await self._call(self.behind.charge, payment)

    async def cancel(self, payment: Payment) -> None:
        """Let a charge capture no more, unless nobody answers."""
        await self._call(self.behind.cancel, payment)

    async def refund(self, payment: Payment) -> None:
        """Give the money of a captured charge back, unless nobody answers."""
        await self._call(self.behind.refund, payment)

    async def ask(self, payment: Payment) -> list[PaymentNotification]:
        """Everything that has been told about this try, unless nobody answers."""
        return await self._call(self.behind.ask, payment)

    def read(
        self, headers: Mapping[str, str], body: bytes, *, now: float
    ) -> PaymentNotification | None:
        """The word of a webhook: reading it asks nobody."""
        return self.behind.read(headers, body, now=now)

    async def _call(self, asking: Callable[[Payment], Awaitable[T]], payment: Payment) -> T:
        if not self._breaker.allows(self._clock()):
            raise ProviderUnavailableError(f"{self.provider} is left alone: the breaker is open")
        try:
            answer = await asking(payment)
        except (PaymentRefusedError, NotYetPossibleError):
            self._worked()
            raise
        except ProviderUnavailableError as why:
            self._failed(why)
            raise
        self._worked()
        return answer

    def _worked(self) -> None:
        if self.state() != "closed":
            log.info("answers again provider=%s", self.provider)
        self._breaker.worked()

    def _failed(self, why: ProviderUnavailableError) -> None:
        was_closed = self.state() == "closed"
        self._breaker.failed(self._clock())
        if was_closed and self.state() != "closed":
            log.warning("left alone for a while provider=%s why=%s", self.provider, why)


class Providers:
    """Providers by name, and which of them new checkouts are paid by; implements `Payments`."""

    def __init__(self, known: Mapping[str, Guarded], provider: str) -> None:
        assert provider in known, provider
        self._known = known
        self.provider = provider
        self.methods = known[provider].methods

    def named(self, provider: str) -> Guarded | None:
        """The provider of a name; None: we know none."""
        return self._known.get(provider)

    def states(self) -> dict[str, BreakerState]:
        """How each one's breaker stands."""
        return {name: one.state() for name, one in self._known.items()}

    async def charge(self, payment: Payment) -> str:
        """Ask the payment's provider for the money."""
        return await self._of(payment).charge(payment)

    async def cancel(self, payment: Payment) -> None:
        """Let a charge capture no more."""
        await self._of(payment).cancel(payment)

    async def refund(self, payment: Payment) -> None:
        """Give the money of a captured charge back, once."""
        await self._of(payment).refund(payment)

    async def ask(self, payment: Payment) -> list[PaymentNotification]:
        """Everything that has been told, or should have been, about this try; oldest first."""
        return await self._of(payment).ask(payment)

    def read(
        self, headers: Mapping[str, str], body: bytes, *, now: float
    ) -> PaymentNotification | None:
        """The word of a webhook of the provider of new checkouts; others are read by name."""
        return self._known[self.provider].read(headers, body, now=now)

    def _of(self, payment: Payment) -> Guarded:
        found = self.named(payment.provider)
        if found is None:
            raise ProviderUnavailableError(f"{payment.provider} is not set up here any more")
        return found
